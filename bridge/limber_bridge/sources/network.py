"""Receive the frames of sensors over UDP and TCP; all sensors share one port.

A frame is verified when it arrives. What it may use up then depends on what it proves, so that
strangers take nothing from sensors that sign their frames (docs/security.md#sensors).
"""

import asyncio
import ipaddress
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.validators import signing_key, whole_number
from limber_bridge.sources.connection_slots import Connection, ConnectionSlots
from limber_bridge.sources.datagram_port import KernelDrops, datagram_port
from limber_bridge.sources.frame_intake import FrameIntake
from limber_bridge.sources.frame_queue import ReceivedFrame
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.frames import MAX_FRAME_BYTES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Source,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)
from limber_bridge.sources.standing import Judge, Standing

LOG: Final = logging.getLogger(__name__)

MAX_BAD_FRAMES_IN_A_ROW: Final = 10
"""A TCP connection is closed after this many frames of no sensor, so that the device connects again
and starts in step."""
THROTTLE_DELAY_S: Final = 0.1
"""Pause between two frames of a TCP connection that sends faster than its budget."""
REPORT_INTERVAL_S: Final = 1.0
"""Time between two reports of what was discarded."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """The section `network` of limber.yaml."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """The keys that only network sensors have."""

    key: bytes | None = field(repr=False)
    """Secret shared with the sensor, for HMAC-SHA-256; None: the frames are not signed."""


def listen_address(value: object) -> str:
    """Check an IP address of this machine."""
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError as error:
        raise vol.Invalid(
            "write an IP address of this machine, or 0.0.0.0 to listen on all networks"
        ) from error


SENSOR_SCHEMA: Final = vol.Schema({vol.Optional("key"): signing_key})
SECTION_SCHEMA: Final = vol.Schema(
    {
        vol.Required(
            "address", msg="write `address: 0.0.0.0` to listen on all networks"
        ): listen_address,
        vol.Optional("port", default=47800): whole_number(1, 65535),
    }
)


def make_options(values: Mapping[str, Any], folder: Path) -> NetworkOptions:
    """Return the options of a network sensor."""
    del folder
    return NetworkOptions(values.get("key"))


def make_settings(values: Mapping[str, Any]) -> ListenAddress:
    """Return the address and port to listen on."""
    return ListenAddress(**values)


def lacks_key(options: NetworkOptions, listen: ListenAddress) -> bool:
    """Return whether any device in the network can send for a sensor."""
    return options.key is None and not ipaddress.ip_address(listen.address).is_loopback


class StreamReader:
    """Reads the frames of TCP connections, each preceded by its length as u16.

    A full queue slows the sender down; no frame of a sensor is discarded.
    """

    def __init__(self, host_clock: HostClock, intake: FrameIntake, sensors: int) -> None:
        """Start without connections, and with limits for this number of sensors."""
        self._host_clock = host_clock
        self._intake = intake
        self._slots = ConnectionSlots(sensors)
        self._refused = 0

    def set_sensors(self, sensors: int) -> None:
        """Set the limits for a number of sensors; open connections stay open."""
        self._slots.set_sensors(sensors)

    async def handle_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Read a connection until it ends, or delivers no frames of a sensor."""
        address = str(writer.get_extra_info("peername")[0])
        now = self._host_clock.steady()
        connection = self._slots.admit(address, writer.transport.abort, now)
        if connection is None:
            self._refused += 1
            writer.close()
            return
        try:
            await self._read_frames(reader, connection)
        except asyncio.IncompleteReadError, ConnectionError, TimeoutError:
            pass  # The sensor closed the connection or lost its power; it will connect again.
        finally:
            self._slots.release(connection)
            writer.close()

    def take_errors(self) -> Iterator[FrameError]:
        """Yield how many connections were refused since the last call."""
        if self._refused:
            detail = (
                f"{self._refused} connections refused: at most {self._slots.limit} may be open, "
                f"{self._slots.limit_per_address} from one address"
            )
            self._refused = 0
            yield FrameError(None, Reason.OVERLOADED, detail)

    async def _read_frames(self, reader: asyncio.StreamReader, connection: Connection) -> None:
        bad_frames = 0
        while bad_frames < MAX_BAD_FRAMES_IN_A_ROW:
            async with asyncio.timeout(self._time_left(connection)):
                length = int.from_bytes(await reader.readexactly(2), "little")
                possible = length <= MAX_FRAME_BYTES
                data = await reader.readexactly(length) if possible else b""
            frame = self._intake.receive(data, connection.address)
            if not possible:
                # The lengths are read at the wrong places; that does not correct itself.
                bad_frames = MAX_BAD_FRAMES_IN_A_ROW
            elif frame.claim.standing is Standing.STRANGER:
                bad_frames += 1
            else:
                bad_frames = 0
            if not await self._intake.take_streamed(frame):
                await asyncio.sleep(THROTTLE_DELAY_S)
            connection.note_frame(frame.claim.standing, self._host_clock.steady())

    def _time_left(self, connection: Connection) -> float:
        """Return the time in s until a frame of a sensor must have arrived."""
        return (connection.deadline - self._host_clock.steady()) / SECOND


class Receiver:
    """Receives frames over UDP and TCP, and queues them with their time of arrival."""

    def __init__(self, host_clock: HostClock, judge: Judge, sensors: int) -> None:
        """Start with an empty queue, and limits for this number of sensors.

        `judge` says what the sender of a frame has proven.
        """
        self._intake = FrameIntake(host_clock, judge)
        self._streams = StreamReader(host_clock, self._intake, sensors)
        self._kernel_drops: KernelDrops | None = None

    async def next_frame(self) -> ReceivedFrame | None:
        """Wait for the next frame; None if none arrives within `REPORT_INTERVAL_S`."""
        return await self._intake.next_frame(REPORT_INTERVAL_S)

    def queue_size(self) -> int:
        """Return how many frames are waiting."""
        return len(self._intake)

    def set_sensors(self, sensors: int) -> None:
        """Set the limits for a number of sensors."""
        self._streams.set_sensors(sensors)

    def take_datagram(self, data: bytes, address: str) -> None:
        """Queue a datagram, which is one frame, if it is within its limits."""
        self._intake.take_datagram(self._intake.receive(data, address))

    def take_overload_errors(self) -> Iterator[FrameError]:
        """Yield what was discarded or refused since the last call."""
        yield from self._intake.take_errors()
        yield from self._streams.take_errors()
        dropped = 0 if self._kernel_drops is None else self._kernel_drops.take()
        if dropped:
            detail = (
                f"{dropped} datagrams dropped by the system: more arrived than can be read; use "
                "TCP for sensors that can send it"
            )
            yield FrameError(None, Reason.OVERLOADED, detail)

    @asynccontextmanager
    async def listening(self, listen: ListenAddress) -> AsyncIterator[None]:
        """Receive while the context is entered; OSError if a port is not available."""
        with datagram_port(listen.address, listen.port, self.take_datagram) as drops:
            self._kernel_drops = drops
            # Started in a second step: a cancellation while it starts would leave its socket open.
            tcp = await asyncio.start_server(
                self._streams.handle_connection,
                listen.address,
                listen.port,
                limit=2 * MAX_FRAME_BYTES,
                start_serving=False,
            )
            try:
                await tcp.start_serving()
                yield
            finally:
                tcp.close()
                tcp.close_clients()


async def run(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
    """Yield what the sensors send, until closed; SourceLostError if the port is not available."""
    router = FrameRouter(request)
    receiver = Receiver(request.host_clock, router.judge, len(request.sensors))
    request.queue_sizes["network"] = receiver.queue_size
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        await open_port(receiver, request.settings, stack)
        listen = request.settings
        LOG.info("listening for sensors on %s:%s (UDP and TCP)", listen.address, listen.port)
        reported_at = loop.time()
        while True:
            frame = await receiver.next_frame()
            changes = request.changes.take()
            if changes:
                router.change(changes)
                receiver.set_sensors(router.sensors)
            if frame is not None:
                utc_offset = request.host_clock.utc_offset
                for event in router.route_frame(
                    frame.data, frame.arrived, utc_offset, frame.sender
                ):
                    if isinstance(event, FrameError) and event.reason is Reason.UNKNOWN_SENSOR:
                        request.note_unknown(frame)
                    yield event
            if loop.time() - reported_at >= REPORT_INTERVAL_S:
                reported_at = loop.time()
                for error in receiver.take_overload_errors():
                    yield error


async def open_port(receiver: Receiver, listen: ListenAddress, stack: AsyncExitStack) -> None:
    """Open the UDP and the TCP port until `stack` closes; SourceLostError if that fails."""
    try:
        await stack.enter_async_context(receiver.listening(listen))
    except OSError as error:
        raise SourceLostError(
            f"cannot listen on {listen.address}:{listen.port} ({error.strerror or error}): "
            "stop the other program that uses the port (perhaps another limber), or change "
            "`network` in limber.yaml"
        ) from error


SOURCE: Final = Source(
    sensor_schema=SENSOR_SCHEMA,
    make_options=make_options,
    section_schema=SECTION_SCHEMA,
    make_settings=make_settings,
    missing_section_help="add a section `network:` with `address: 0.0.0.0` and `port: 47800`",
    run=run,
    shared=True,
    changeable=True,
    listens=True,
    lacks_key=lacks_key,
)
