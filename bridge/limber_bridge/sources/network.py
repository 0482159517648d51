"""Receive the frames of sensors over UDP and TCP; all sensors share one port.

The memory for received data is limited, for each address and in total.
"""

import asyncio
import ipaddress
import logging
import socket
import struct
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, override

import voluptuous as vol

from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.validators import signing_key, whole_number
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.frames import MAGIC, MAX_FRAME_BYTES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Source,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)

LOG: Final = logging.getLogger(__name__)

MAX_QUEUED_FRAMES: Final = 4096
"""Datagrams beyond this many waiting frames are discarded and counted, so that a flood does not
fill the memory."""
MAX_BAD_FRAMES_IN_A_ROW: Final = 10
"""A TCP connection is closed after this many, so that the device connects again and starts in
step."""
MAX_CONNECTIONS: Final = 64
"""Open TCP connections, or two for each sensor if that is more."""
MAX_CONNECTIONS_PER_ADDRESS: Final = 4
"""Of these, from one address; or two for each sensor if that is more."""
IDLE_TIMEOUT_S: Final = 10.0
"""A TCP connection is closed after this time without a frame: a working sensor connects again, and
connections of sensors that lost their power do not pile up."""
FRAMES_PER_SENSOR_HZ: Final = 250
"""Frames per second and sensor that one address may send: the fastest EMG, one sample a frame."""
BURST_CAPACITY_S: Final = 4
"""Time at that rate whose frames may arrive at once, after a pause of the network."""
THROTTLE_DELAY_S: Final = 0.1
"""Pause between two frames of a TCP connection that sends faster than that."""
MAX_TRACKED_ADDRESSES: Final = 1024
"""Addresses with a rate limit of their own; all others share one."""
RECEIVE_BUFFER_BYTES: Final = 4 * 2**20
"""Size requested for the kernel's receive buffer; the kernel grants up to rmem_max."""
REPORT_INTERVAL_S: Final = 1.0
"""Time between two reports of what was discarded."""
SO_MEMINFO: Final = 55
"""Linux socket option: nine u32 about a socket's memory; the last counts dropped datagrams."""


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


class RateLimiter:
    """Limits the frames of each address: a token bucket that fills at a rate and holds a burst."""

    def __init__(self, rate: float) -> None:
        """Start with full buckets; `rate` is in frames per second."""
        self._rate = rate
        self._capacity = rate * BURST_CAPACITY_S
        self._buckets: dict[str, tuple[float, int]] = {}
        """By address: frames left, and when (us) that was computed."""

    def allow_frame(self, address: str, now: int) -> bool:
        """Return whether an address may send one more frame at `now` (us), and count it."""
        if address not in self._buckets and len(self._buckets) >= MAX_TRACKED_ADDRESSES:
            address = "others"
        left, updated = self._buckets.get(address, (self._capacity, now))
        left = min(self._capacity, left + (now - updated) * self._rate / SECOND)
        self._buckets[address] = (max(0.0, left - 1), now)
        return left >= 1


class ReceivedFrame(NamedTuple):
    """The bytes of a frame, not decoded yet."""

    data: bytes
    arrived: int
    """us on the host's steady clock."""
    sender: str
    """IP address."""


class Receiver(asyncio.DatagramProtocol):
    """Receives frames over UDP and TCP, and queues them with their time of arrival."""

    def __init__(self, host_clock: HostClock, sensors: int) -> None:
        """Start with an empty queue, and limits for this number of sensors."""
        self._host_clock = host_clock
        # Datagrams use half of it at most; the other half is for TCP, which can be slowed down.
        self._queue: asyncio.Queue[ReceivedFrame] = asyncio.Queue(2 * MAX_QUEUED_FRAMES)
        self._limiter = RateLimiter(FRAMES_PER_SENSOR_HZ * sensors)
        self._max_connections = max(MAX_CONNECTIONS, 2 * sensors)
        self._max_per_address = max(MAX_CONNECTIONS_PER_ADDRESS, 2 * sensors)
        self._connections: Counter[str] = Counter()
        self._discarded_frames = 0
        self._refused_connections = 0
        self._kernel_drops = 0
        self._socket: socket.socket | None = None

    async def next_frame(self) -> ReceivedFrame | None:
        """Wait for the next frame; None if none arrives within `REPORT_INTERVAL_S`."""
        if not self._queue.empty():
            return self._queue.get_nowait()
        try:
            async with asyncio.timeout(REPORT_INTERVAL_S):
                return await self._queue.get()
        except TimeoutError:
            return None

    def queue_size(self) -> int:
        """Return how many frames are waiting."""
        return self._queue.qsize()

    def take_overload_errors(self) -> Iterator[FrameError]:
        """Yield what was discarded or refused since the last call."""
        discarded = self._discarded_frames + self._new_kernel_drops()
        self._discarded_frames = 0
        if discarded:
            detail = f"{discarded} frames discarded: more arrived than can be processed"
            yield FrameError(None, Reason.OVERLOADED, detail)
        refused = self._refused_connections
        self._refused_connections = 0
        if refused:
            detail = (
                f"{refused} connections refused: at most {self._max_connections} may be open, "
                f"{self._max_per_address} from one address"
            )
            yield FrameError(None, Reason.OVERLOADED, detail)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enlarge the receive buffer of the UDP socket."""
        self._socket = transport.get_extra_info("socket")
        assert self._socket is not None  # noqa: S101 - a datagram transport has a socket
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Queue a UDP datagram, which is one frame; discard it if there are too many."""
        arrived = self._host_clock.steady()
        if self._queue.qsize() < MAX_QUEUED_FRAMES and self._limiter.allow_frame(addr[0], arrived):
            # One byte more than a frame can have is enough to see that this is not a frame.
            self._queue.put_nowait(ReceivedFrame(data[: MAX_FRAME_BYTES + 1], arrived, addr[0]))
        else:
            self._discarded_frames += 1

    async def handle_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Read the frames of a TCP connection, each preceded by its length as u16.

        A full queue slows the sender down; no frame is discarded.
        """
        address = str(writer.get_extra_info("peername")[0])
        self._connections[address] += 1
        try:
            if self._exceeds_limits(address):
                self._refused_connections += 1
            else:
                await self._read_frames(reader, address)
        except asyncio.IncompleteReadError, ConnectionError, TimeoutError:
            pass  # The sensor closed the connection or lost its power; it will connect again.
        finally:
            self._connections -= Counter({address: 1})
            writer.close()

    def _exceeds_limits(self, address: str) -> bool:
        return (
            self._connections.total() > self._max_connections
            or self._connections[address] > self._max_per_address
        )

    async def _read_frames(self, reader: asyncio.StreamReader, address: str) -> None:
        bad_frames = 0
        while bad_frames < MAX_BAD_FRAMES_IN_A_ROW:
            async with asyncio.timeout(IDLE_TIMEOUT_S):
                length = int.from_bytes(await reader.readexactly(2), "little")
                possible = length <= MAX_FRAME_BYTES
                data = await reader.readexactly(length) if possible else b""
            if not possible:
                # The lengths are read at the wrong places; that does not correct itself.
                bad_frames = MAX_BAD_FRAMES_IN_A_ROW
            elif data.startswith(MAGIC):
                bad_frames = 0
            else:
                bad_frames += 1
            if not self._limiter.allow_frame(address, self._host_clock.steady()):
                await asyncio.sleep(THROTTLE_DELAY_S)
            await self._queue.put(ReceivedFrame(data, self._host_clock.steady(), address))

    def _new_kernel_drops(self) -> int:
        """Return how many datagrams the kernel dropped since the last call; 0 if it cannot say."""
        with suppress(OSError, struct.error, AttributeError):
            memory_info = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36)  # type: ignore[union-attr]
            total = struct.unpack("9I", memory_info)[8]
            drops = total - self._kernel_drops
            self._kernel_drops = total
            return int(drops)
        return 0


async def run(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
    """Yield what the sensors send, until closed; SourceLostError if the port is not available."""
    router = FrameRouter(request)
    receiver = Receiver(request.host_clock, len(request.sensors))
    request.queue_sizes["network"] = receiver.queue_size
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        await open_port(receiver, request.settings, stack)
        listen = request.settings
        LOG.info("listening for sensors on %s:%s (UDP and TCP)", listen.address, listen.port)
        reported_at = loop.time()
        while True:
            frame = await receiver.next_frame()
            if frame is not None:
                utc_offset = request.host_clock.utc_offset
                for event in router.route_frame(
                    frame.data, frame.arrived, utc_offset, frame.sender
                ):
                    yield event
            if loop.time() - reported_at >= REPORT_INTERVAL_S:
                reported_at = loop.time()
                for error in receiver.take_overload_errors():
                    yield error


async def open_port(receiver: Receiver, listen: ListenAddress, stack: AsyncExitStack) -> None:
    """Open the UDP and the TCP port until `stack` closes; SourceLostError if that fails."""
    loop = asyncio.get_running_loop()
    try:
        udp, _ = await loop.create_datagram_endpoint(
            lambda: receiver, local_addr=(listen.address, listen.port)
        )
        stack.callback(udp.close)
        # Started in a second step: a cancellation while it starts would leave its socket open.
        tcp = await asyncio.start_server(
            receiver.handle_connection,
            listen.address,
            listen.port,
            limit=2 * MAX_FRAME_BYTES,
            start_serving=False,
        )
        stack.callback(tcp.close_clients)
        stack.callback(tcp.close)
        await tcp.start_serving()
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
    listens=True,
)
