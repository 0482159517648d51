"""Keep one sensor connected: find it, connect, start its stream, and watch its data.

What counts is data, not the link: connections that look alive and deliver nothing are common. Each
of the steps may fail at any time; then the connection is closed and everything begins again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
from bleak_retry_connector import BleakClientWithServiceCache, establish_connection
from dbus_fast import DBusError

from limber_bridge.sources.bluetooth.decoder import SensorDecoder
from limber_bridge.sources.bluetooth.notifications import Notification
from limber_bridge.sources.bluetooth.options import BluetoothOptions
from limber_bridge.sources.bluetooth.profiles import BATTERY_LEVEL, Command, Reply
from limber_bridge.sources.bluetooth.scanner import Advertiser
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import FrameError, Reason, SourceEvent

LOG: Final = logging.getLogger(__name__)

SILENCE_TIMEOUT_S: Final = 10.0
"""Time without a sample after which a connection is made again, the same as for other sources."""
REPLY_TIMEOUT_S: Final = 5.0
"""Time for the reply to a command; sensors reply within tenths of a second."""
STOP_TIMEOUT_S: Final = 3.0
"""Time for stopping the stream. A sensor whose stream is not stopped empties its battery."""
BATTERY_INTERVAL_S: Final = 600.0
"""Time between two readings of the battery; it lasts for many hours."""
CONNECT_ATTEMPTS: Final = 2
MAX_QUEUED_NOTIFICATIONS: Final = 2048
"""Notifications beyond this many are discarded and counted."""
LINK_ERRORS: Final = (
    BleakError,
    DBusError,
    TimeoutError,
    OSError,
    EOFError,
    KeyError,
    AssertionError,
)
"""What bleak raises when a link fails at any step. The last two come from the state of a link that
was lost in the middle of a call."""
PAIRING_CODES: Final = (
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
)


class LinkError(Exception):
    """The link to a sensor failed; the text says why, and what the person can do."""

    def __init__(self, detail: str, *, lasting: bool = False) -> None:
        """Store the text. `lasting`: it will happen again until the person does something."""
        super().__init__(detail)
        self.lasting = lasting


class SensorLink:
    """One connection to one sensor, from connecting to closing."""

    def __init__(
        self,
        options: BluetoothOptions,
        decoder: SensorDecoder,
        host_clock: HostClock,
        deliver: Callable[[SourceEvent], Awaitable[None]],
    ) -> None:
        """Start without a connection."""
        self._options = options
        self._profile = options.profile
        self._decoder = decoder
        self._host_clock = host_clock
        self._deliver = deliver
        self._queue: asyncio.Queue[Notification | None] = asyncio.Queue()
        """None: the link was lost."""
        self._discarded = 0

    async def connect(self, advertiser: Advertiser) -> BleakClient:
        """Connect, subscribe and start the stream; LinkError if any of it fails.

        The caller must `close` the client that it gets.
        """
        try:
            client = await establish_connection(
                BleakClientWithServiceCache,
                advertiser.device,
                self._options.label,
                disconnected_callback=lambda _: self._queue.put_nowait(None),
                max_attempts=CONNECT_ATTEMPTS,
            )
        except LINK_ERRORS as error:
            raise LinkError(
                f"cannot connect to {self._options.label} ({error}): bring it closer to the "
                "adapter, and close other programs and phone apps that use it"
            ) from error
        self._decoder.start_connection()
        self._decoder.signal_strength = advertiser.signal_strength
        try:
            await self._start(client)
        except BaseException:
            await self.close(client)
            raise
        return client

    async def watch(self, client: BleakClient) -> None:
        """Deliver what arrives until the link fails, which raises LinkError."""
        loop = asyncio.get_running_loop()
        silent_at = loop.time() + SILENCE_TIMEOUT_S
        battery_at = loop.time()
        while True:
            if loop.time() >= battery_at:
                battery_at = loop.time() + BATTERY_INTERVAL_S
                await self._read_battery(client)
            notification = await self._next_notification(min(silent_at, battery_at))
            if notification is not None and await self._process(notification):
                silent_at = loop.time() + SILENCE_TIMEOUT_S
            elif loop.time() >= silent_at:
                raise LinkError(
                    f"{self._options.label} is connected and sends nothing: "
                    f"{self._profile.instruction}"
                )

    async def close(self, client: BleakClient) -> None:
        """Stop the stream and disconnect.

        Disconnecting is needed even where the sensor ended the connection: bleak closes its socket
        to D-Bus only then.
        """
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                for command in self._profile.stop:
                    if not client.is_connected:
                        break
                    await self._write(client, command)
        except (LinkError, *LINK_ERRORS) as error:
            LOG.debug("%s: the stream could not be stopped: %s", self._options.label, error)
        finally:
            with suppress(*LINK_ERRORS):
                await client.disconnect()

    async def _start(self, client: BleakClient) -> None:
        """Subscribe, and send the commands that start the stream."""
        needed = {*self._profile.subscribe}
        needed.update(command.characteristic for command in self._profile.start)
        try:
            for uuid in sorted(needed):
                # bleak raises an error instead of None where the link was lost by now.
                if client.services.get_characteristic(uuid) is None:
                    await self._forget_services(client)
                    raise LinkError(
                        f"{self._options.label} has no characteristic {uuid}: "
                        f"{self._profile.missing_characteristic}, or correct `device` in "
                        "limber.yaml",
                        lasting=True,
                    )
            for uuid in self._profile.subscribe:
                await client.start_notify(uuid, self._take_notification)
            for command in self._profile.start:
                await self._write(client, command)
                if command.reply is not None:
                    await self._await_reply(command.reply)
        except LINK_ERRORS as error:
            raise self._start_error(error) from error

    def _start_error(self, error: Exception) -> LinkError:
        if isinstance(error, BleakGATTProtocolError) and error.code in PAIRING_CODES:
            return LinkError(
                f"{self._options.label} requires pairing: run `bluetoothctl pair "
                f"{self._options.address or 'ADDRESS'}`, and remove it from the phone",
                lasting=True,
            )
        return LinkError(
            f"{self._options.label} refused the command that starts its stream ({error}): "
            f"{self._profile.instruction}"
        )

    @staticmethod
    async def _forget_services(client: BleakClient) -> None:
        """Make BlueZ ask for the services again, as they change with the firmware."""
        if isinstance(client, BleakClientWithServiceCache):
            with suppress(*LINK_ERRORS):
                await client.clear_cache()

    @staticmethod
    async def _write(client: BleakClient, command: Command) -> None:
        await client.write_gatt_char(
            command.characteristic, command.data, response=command.with_response
        )

    async def _await_reply(self, reply: Reply) -> None:
        """Process what arrives until the reply to a command; LinkError if it does not come."""
        deadline = asyncio.get_running_loop().time() + REPLY_TIMEOUT_S
        while True:
            notification = await self._next_notification(deadline)
            if notification is None:
                raise LinkError(
                    f"{self._options.label} does not reply to a command: switch it off and on"
                )
            await self._process(notification)
            if notification.characteristic == reply.characteristic and notification.data.startswith(
                reply.prefix
            ):
                return

    def _take_notification(self, sender: BleakGATTCharacteristic, data: bytearray) -> None:
        """Queue a notification with the time of its arrival."""
        if self._queue.qsize() >= MAX_QUEUED_NOTIFICATIONS:
            self._discarded += 1
            return
        arrived = self._host_clock.steady()
        self._queue.put_nowait(Notification(sender.uuid.lower(), bytes(data), arrived))

    async def _next_notification(self, deadline: float) -> Notification | None:
        """Return the next notification, None after the deadline; LinkError if the link is lost."""
        try:
            async with asyncio.timeout_at(deadline):
                notification = await self._queue.get()
        except TimeoutError:
            return None
        if notification is None:
            raise LinkError(f"the connection to {self._options.label} was lost")
        return notification

    async def _process(self, notification: Notification) -> bool:
        """Deliver what a notification says; return whether there were samples, of any kind.

        Samples that are refused for another reason than their format show that the link works.

        LinkError if the sensor says that it does not stream.
        """
        await self._report_discarded()
        is_alive = False
        for event in self._decoder.decode(notification, self._host_clock.utc_offset):
            if isinstance(event, FrameError) and event.reason is Reason.LINK_FAILED:
                raise LinkError(f"{self._options.label}: {event.detail}", lasting=True)
            malformed = isinstance(event, FrameError) and event.reason is Reason.MALFORMED
            is_alive = is_alive or not malformed
            await self._deliver(event)
        return is_alive

    async def _report_discarded(self) -> None:
        if not self._discarded:
            return
        detail = f"{self._discarded} notifications discarded: more arrived than can be processed"
        self._discarded = 0
        await self._deliver(FrameError(self._decoder.sensor, Reason.OVERLOADED, detail))

    async def _read_battery(self, client: BleakClient) -> None:
        """Read the charge; a sensor without a battery service has none to show."""
        try:
            if client.services.get_characteristic(BATTERY_LEVEL) is None:
                return
            async with asyncio.timeout(REPLY_TIMEOUT_S):
                data = await client.read_gatt_char(BATTERY_LEVEL)
        except LINK_ERRORS as error:
            LOG.debug("%s: battery: %s", self._options.label, error)
            return
        arrived = self._host_clock.steady()
        await self._process(Notification(BATTERY_LEVEL, bytes(data), arrived))
