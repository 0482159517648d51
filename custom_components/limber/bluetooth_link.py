"""The Bluetooth connection to one sensor, through Home Assistant's adapters and proxies.

What is to be done is data from the bridge: characteristics to subscribe to, and what to write to
them. The module knows no kind of sensor. Bluetooth itself is imported only when a sensor is
relayed, so that an installation without it loads Limber nevertheless.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import HomeAssistant, callback

from .relay_sender import CONNECTED, DISCONNECTED, RelaySender
from .wire_info import Relay, RelayReply, RelayWrite

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.backends.device import BLEDevice

_LOGGER: Final = logging.getLogger(__name__)

FIRST_RETRY_S: Final = 5.0
LAST_RETRY_S: Final = 300.0
"""Longest time between two attempts. Chosen: sensors are off by day, and each attempt occupies the
radio."""
READ_INTERVAL_S: Final = 600.0
"""How often the battery is read."""
STOP_TIMEOUT_S: Final = 3.0
"""Longest time for stopping the stream. Chosen: Home Assistant waits ten seconds for an entry to
unload."""


class LinkState(StrEnum):
    """How far the connection to a sensor is."""

    NO_BLUETOOTH = "no_bluetooth"
    NOT_FOUND = "not_found"
    CONNECTING = "connecting"
    STREAMING = "streaming"
    FAILED = "failed"


class LinkLostError(Exception):
    """The connection cannot be used any more; the text says why."""


def link_errors() -> tuple[type[Exception], ...]:
    """Return what bleak raises when a link fails at any step.

    KeyError and AssertionError come from the state of a link that was lost in the middle of a call.
    """
    from bleak.exc import BleakError  # noqa: PLC0415 - optional

    return BleakError, TimeoutError, LinkLostError, EOFError, OSError, KeyError, AssertionError


def first_error(error: BaseException) -> BaseException:
    """Return an exception, or the first one of a group of groups."""
    return first_error(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


class Replies:
    """Waits for the replies to what was written."""

    def __init__(self) -> None:
        """Start without a reply that is waited for."""
        self._awaited: list[tuple[RelayReply, asyncio.Future[None]]] = []

    @contextmanager
    def expecting(self, reply: RelayReply) -> Iterator[asyncio.Future[None]]:
        """Yield what is done when a reply has arrived."""
        entry = (reply, asyncio.get_running_loop().create_future())
        self._awaited.append(entry)
        try:
            yield entry[1]
        finally:
            self._awaited.remove(entry)

    def process_notification(self, characteristic: str, value: bytes) -> bool:
        """Return whether a notification is a reply that is waited for."""
        is_reply = False
        for reply, replied in self._awaited:
            if reply.characteristic == characteristic and value.startswith(
                bytes.fromhex(reply.prefix)
            ):
                is_reply = True
                if not replied.done():
                    replied.set_result(None)
        return is_reply


class SensorLink:
    """Connects to one sensor, again and again, and passes its notifications on."""

    def __init__(
        self,
        hass: HomeAssistant,
        name: str,
        relay: Relay,
        address: str,
        sender: RelaySender,
        on_change: Callable[[], None],
    ) -> None:
        """Start disconnected; `on_change` is called when the state changes."""
        self._hass = hass
        self._name = name
        self._relay = relay
        self._address = address
        self.sender = sender
        """Sends what the sensor notifies."""
        self._on_change = on_change
        self._heard = asyncio.Event()
        """A notification on a characteristic that was subscribed to."""
        self._replies = Replies()
        self.state = LinkState.NOT_FOUND
        """How far the connection is."""
        self.error: str | None = None
        """Why the last connection ended; for diagnostics."""
        self._logged: set[type[BaseException]] = set()
        """Classes of unexpected exceptions that were logged."""
        self.connections = 0
        """How often a stream was started."""

    async def run(self) -> None:
        """Connect and stream until cancelled; a connection that fails is tried again later."""
        retry = FIRST_RETRY_S
        while True:
            connections = self.connections
            # Adapters and proxies raise exceptions of their own: none may end the relay.
            (error,) = await asyncio.gather(self._attempt(), return_exceptions=True)
            if error is not None:
                self._note_failure(first_error(error))
            if self.connections > connections:
                retry = FIRST_RETRY_S
            await asyncio.sleep(retry)
            retry = min(2 * retry, LAST_RETRY_S)

    async def _attempt(self) -> None:
        """Connect once and stream, if the sensor is in range; raise the reason for the end."""
        device = self._find_device()
        if device is not None:
            self._set_state(LinkState.CONNECTING)
            await self._connect_and_stream(device)

    def _note_failure(self, error: BaseException) -> None:
        """Note why a connection ended; log an unexpected exception once, as only its text helps."""
        self.error = str(error) or type(error).__name__
        if isinstance(error, link_errors()) or type(error) in self._logged:
            _LOGGER.debug("%s: %s", self._name, self.error)
        else:
            self._logged.add(type(error))
            _LOGGER.error(
                "%s: the connection failed in an unexpected way, and is tried again",
                self._name,
                exc_info=error,
            )
        self._set_state(LinkState.FAILED)

    def _find_device(self) -> BLEDevice | None:
        """Return the sensor if it is in range of an adapter or proxy that can connect to it."""
        if "bluetooth" not in self._hass.config.components:
            self._set_state(LinkState.NO_BLUETOOTH)
            return None
        from homeassistant.components import bluetooth  # noqa: PLC0415 - optional

        device = bluetooth.async_ble_device_from_address(
            self._hass, self._address, connectable=True
        )
        if device is None:
            self._set_state(LinkState.NOT_FOUND)
        return device

    async def _connect_and_stream(self, device: BLEDevice) -> None:
        """Connect once, and stream until the connection is lost; raise why."""
        from bleak_retry_connector import (  # noqa: PLC0415 - optional
            BleakClientWithServiceCache,
            establish_connection,
        )

        gone = asyncio.Event()
        client = await establish_connection(
            BleakClientWithServiceCache,
            device,
            self._name,
            disconnected_callback=lambda _client: gone.set(),
            ble_device_callback=lambda: self._find_device() or device,
        )
        try:
            await self._stream(client, gone)
        finally:
            await self._close(client)

    async def _stream(self, client: BleakClient, gone: asyncio.Event) -> None:
        """Start the stream and pass it on; LinkLostError when it ends, and what bleak raises."""
        for characteristic in self._relay.subscribe:
            await client.start_notify(characteristic, self._handle_notification)
        # The bridge must know it before the first notification of the stream.
        self.sender.add(CONNECTED)
        await self._set_connection_parameters(client)
        await self._write_all(client, self._relay.start)
        self.connections += 1
        self.error = None
        self._set_state(LinkState.STREAMING)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._read_regularly(client))
            await self._watch(gone)
            reading.cancel()
        raise LinkLostError("disconnected" if gone.is_set() else "no data")

    async def _watch(self, gone: asyncio.Event) -> None:
        """Return when the sensor disconnects, or has sent nothing for too long."""
        while not gone.is_set():
            self._heard.clear()
            heard = asyncio.ensure_future(self._heard.wait())
            lost = asyncio.ensure_future(gone.wait())
            try:
                done, _ = await asyncio.wait(
                    {heard, lost},
                    timeout=self._relay.silence,
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                heard.cancel()
                lost.cancel()
            if not done:
                return

    async def _close(self, client: BleakClient) -> None:
        """Try to stop the stream, and disconnect in any case."""
        self.sender.add(DISCONNECTED)
        try:
            with suppress(*link_errors()):
                if client.is_connected:
                    async with asyncio.timeout(STOP_TIMEOUT_S):
                        await self._write_all(client, self._relay.stop)
        finally:
            with suppress(*link_errors()):
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await client.disconnect()

    # --- What the profile asks for ---

    async def _set_connection_parameters(self, client: BleakClient) -> None:
        """Ask for the connection interval that the sensor needs, where that is possible."""
        parameters = self._relay.connection_parameters
        set_parameters: Any = getattr(client, "set_connection_params", None)
        if parameters is not None and set_parameters is not None:
            await set_parameters(
                parameters.min_interval,
                parameters.max_interval,
                parameters.latency,
                parameters.timeout,
            )

    async def _write_all(self, client: BleakClient, writes: Sequence[RelayWrite]) -> None:
        """Write what the profile says, in order; LinkLostError if a reply is missing."""
        for write in writes:
            data = bytes.fromhex(write.data)
            if write.reply is None:
                await client.write_gatt_char(write.characteristic, data, response=write.response)
                continue
            with self._replies.expecting(write.reply) as replied:
                await client.write_gatt_char(write.characteristic, data, response=write.response)
                try:
                    async with asyncio.timeout(write.timeout):
                        await replied
                except TimeoutError as error:
                    raise LinkLostError(f"no reply to {write.data}") from error

    async def _read_regularly(self, client: BleakClient) -> None:
        """Read what is not notified, such as the battery; skip what a sensor does not have."""
        while True:
            for characteristic in self._relay.read:
                with suppress(*link_errors()):
                    value = await client.read_gatt_char(characteristic)
                    self.sender.add(characteristic, bytes(value))
            await asyncio.sleep(READ_INTERVAL_S)

    @callback
    def _handle_notification(
        self, characteristic: BleakGATTCharacteristic, value: bytearray
    ) -> None:
        """Pass a notification on, and note that the sensor is alive."""
        uuid = characteristic.uuid.lower()
        is_reply = self._replies.process_notification(uuid, bytes(value))
        self.sender.add(uuid, bytes(value), opens=is_reply)
        self._heard.set()

    def _set_state(self, state: LinkState) -> None:
        if state is not self.state:
            self.state = state
            self._on_change()
