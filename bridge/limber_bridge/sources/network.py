"""Sensors that send frames over UDP or TCP, several of them to one port, told apart by their id.

Law: whatever strangers send, what is kept of it is bounded, by address and in all.
"""

import asyncio
import ipaddress
import socket
import struct
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, override

import voluptuous as vol

from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.validators import whole_number
from limber_bridge.sources.clock_sync import ClockSync
from limber_bridge.sources.frames import LARGEST, MAGIC, Frame, InvalidFrameError, is_signed, parse
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.replay_guard import ReplayGuard, read_of
from limber_bridge.sources.source_api import (
    Arrival,
    FrameError,
    Reason,
    Samples,
    Source,
    SourceLostError,
    SourceRequest,
)

QUEUE: Final = 4096
"""Frames that may wait; more are thrown away and counted, so that no flood fills the memory."""
PATIENCE: Final = 10
"""Bad frames in a row after which a TCP connection is closed: the device begins anew in step."""
CONNECTIONS: Final = 64
"""TCP connections at a time, or two for each sensor if that is more."""
CONNECTIONS_EACH: Final = 4
"""Of one address, or two for each sensor."""
IDLE: Final = 10.0
"""s without a frame after which a connection is closed: a sensor that is there calls again, and
those of sensors that lost their power do not pile up."""
FRAMES: Final = 250
"""Frames a second for each sensor that one address may send: as many as the fastest EMG has
samples."""
BURST: Final = 4
"""s of frames at that rate that may come at once, after a pause of the network."""
SLOWED: Final = 0.1
"""s between two frames over TCP beyond that."""
PEERS: Final = 1024
"""Addresses that are told apart; all others count as one."""
BUFFER: Final = 4 * 2**20
"""Bytes that the kernel may hold for us while we are busy; it gives as much as it is allowed to
(rmem_max)."""
LOOK: Final = 1.0
"""s between two looks at what was thrown away."""
SO_MEMINFO: Final = 55
"""Linux: what a socket takes, as u32s; the ninth counts the datagrams that found no room."""


@dataclass(frozen=True, slots=True)
class Listen:
    """The section `network` of limber.yaml."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Options:
    """What a network sensor may have besides what every sensor has."""

    key: bytes | None = field(repr=False)
    """Shared with the sensor, for HMAC-SHA-256; None: frames are not signed."""


def key(value: object) -> bytes:
    """Check a key: at least 8 characters, as UTF-8."""
    if not isinstance(value, str) or len(value) < 8:
        raise vol.Invalid("write 8 or more characters in quotes, the same as in the sensor")
    return value.encode()


KEYS: Final = vol.Schema({vol.Optional("key"): key})


def address(value: object) -> str:
    """Check an address of this machine."""
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError as error:
        mend = "write an IP address of this machine, or 0.0.0.0 to hear sensors on every network"
        raise vol.Invalid(mend) from error


SECTION: Final = vol.Schema(
    {
        vol.Required(
            "address", msg="write `address: 0.0.0.0` to hear sensors on every network"
        ): address,
        vol.Optional("port", default=47800): whole_number(1, 65535),
    }
)


def options(values: Mapping[str, Any], folder: Path) -> Options:
    """Return the options of a network sensor."""
    del folder
    return Options(values.get("key"))


def settings(values: Mapping[str, Any]) -> Listen:
    """Return where to listen."""
    return Listen(**values)


class FrameRouter:
    """Sorts frames by sensor. Pure: bytes and their time of arrival in, arrivals out."""

    def __init__(self, request: SourceRequest) -> None:
        """Begin for the sensors asked for."""
        self._streams = {wanted.sensor.id: ClockSync(wanted.sensor) for wanted in request.sensors}
        self._keys: dict[int, bytes | None] = {
            wanted.sensor.id: wanted.options.key for wanted in request.sensors
        }
        signed = [number for number, key in self._keys.items() if key is not None]
        self._seen = {number: ReplayGuard(request.read.get(number, ())) for number in signed}

    def take(
        self, data: bytes, arrived: int, offset: int = 0, sender: str = ""
    ) -> Iterator[Arrival]:
        """Yield what one frame brings that arrived at a time (us) of the host's steady clock; with
        `offset` it is UTC.

        `sender` is the address that it came from: for a person, where nothing else says whose it
        is. Of a sensor that has no key any frame is believed; of one that has, each counts once.
        """
        try:
            frame = parse(data)
        except InvalidFrameError as error:
            known = error.sensor if error.sensor in self._streams else None
            origin = f" (from {sender})" if known is None and sender else ""
            yield FrameError(known, error.reason, f"{error}{origin}")
            return
        stream = self._streams.get(frame.sensor)
        if stream is None:
            detail = f"sensor {frame.sensor} sends, but limber.yaml does not know it: add it under `sensors`"
            yield FrameError(None, Reason.UNKNOWN_SENSOR, detail)
        elif not is_signed(data, frame, self._keys[frame.sensor]):
            yield FrameError(frame.sensor, Reason.WRONG_KEY, self._key_detail(frame.sensor))
        elif frame.sensor in self._seen and not self._seen[frame.sensor].admits(frame):
            detail = "a signed frame came again, or too late; a sensor must send another boot id each time it starts"
            yield FrameError(frame.sensor, Reason.REPEATED, detail)
        else:
            yield from self._noted(frame, stream.take(frame, arrived, offset))

    def _noted(self, frame: Frame, arrivals: Iterator[Arrival]) -> Iterator[Arrival]:
        """Yield arrivals, those of a signed frame with how far it was read."""
        seen = self._seen.get(frame.sensor)
        for arrival in arrivals:
            if seen is not None and isinstance(arrival, Samples):
                read = read_of(frame)
                seen.note(read)
                yield replace(arrival, read=read)
            else:
                yield arrival

    def _key_detail(self, sensor: int) -> str:
        if self._keys[sensor] is None:
            return "its frames are signed: write its `key` into limber.yaml"
        return (
            "its frames are not signed with the `key` in limber.yaml: write the same key into both"
        )


class Budgets:
    """How much each address may still send: a bucket that fills at a rate and holds a burst."""

    def __init__(self, rate: float) -> None:
        """Begin with full buckets; `rate` in frames a second."""
        self._rate = rate
        self._left: dict[str, tuple[float, int]] = {}

    def allows(self, address: str, now: int) -> bool:
        """Return whether one more frame may come from an address at a time (us), and count it."""
        if address not in self._left and len(self._left) >= PEERS:
            address = "others"
        left, at = self._left.get(address, (self._rate * BURST, now))
        left = min(self._rate * BURST, left + (now - at) * self._rate / SECOND)
        self._left[address] = (max(0.0, left - 1), now)
        return left >= 1


class Receiver(asyncio.DatagramProtocol):
    """Takes frames off the network and keeps them, with their time of arrival, until somebody reads
    them.
    """

    def __init__(self, host: HostClock, sensors: int) -> None:
        """Begin with nothing; there are so many sensors."""
        self._host = host
        self._inbox: asyncio.Queue[tuple[bytes, int, str]] = asyncio.Queue(2 * QUEUE)
        self._budgets = Budgets(FRAMES * sensors)
        self._most = max(CONNECTIONS, 2 * sensors)
        self._most_each = max(CONNECTIONS_EACH, 2 * sensors)
        self._connections: Counter[str] = Counter()
        self._shed = self._turned_away = self._overflowed = 0
        self._socket: socket.socket | None = None

    async def next(self) -> tuple[bytes, int, str] | None:
        """Wait for the next frame, when (us, steady) and from where it came; None if there is none
        for `LOOK` s.
        """
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        try:
            async with asyncio.timeout(LOOK):
                return await self._inbox.get()
        except TimeoutError:
            return None

    def waiting(self) -> int:
        """Return how many frames wait to be read."""
        return self._inbox.qsize()

    def trouble(self) -> Iterator[FrameError]:
        """Yield what was thrown away since this was asked last."""
        shed = self._shed + self._lost_in_kernel()
        self._shed = 0
        if shed:
            yield FrameError(
                None,
                Reason.OVERLOADED,
                f"{shed} frames were thrown away: more came than can be read",
            )
        away = self._turned_away
        self._turned_away = 0
        if away:
            limit = f"{self._most} may be open, {self._most_each} from one address"
            yield FrameError(None, Reason.OVERLOADED, f"{away} connections turned away: {limit}")

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """UDP: the port is open."""
        self._socket = transport.get_extra_info("socket")
        assert self._socket is not None  # noqa: S101 - as a datagram transport has one
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """UDP: a datagram is a frame."""
        arrived = self._host.steady()
        if self._inbox.qsize() < QUEUE and self._budgets.allows(addr[0], arrived):
            # What is longer is no frame: nothing more of it has to be kept.
            self._inbox.put_nowait((data[: LARGEST + 1], arrived, addr[0]))
        else:
            self._shed += 1

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """TCP: each frame behind its length (u16). A full inbox slows the sender down; nothing is
        thrown away.
        """
        address = str(writer.get_extra_info("peername")[0])
        self._connections[address] += 1
        try:
            if (
                self._connections.total() <= self._most
                and self._connections[address] <= self._most_each
            ):
                await self._read(reader, address)
            else:
                self._turned_away += 1
        except asyncio.IncompleteReadError, ConnectionError, TimeoutError:
            pass  # It hung up, or lost its power and will never do so; it will call again.
        finally:
            self._connections -= Counter({address: 1})
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, address: str) -> None:
        bad = 0
        while bad < PATIENCE:
            async with asyncio.timeout(IDLE):
                length = int.from_bytes(await reader.readexactly(2), "little")
                # A longer one is out of step for good.
                data = await reader.readexactly(length) if length <= LARGEST else b""
            bad = 0 if data.startswith(MAGIC) else bad + 1 if length <= LARGEST else PATIENCE
            if not self._budgets.allows(address, self._host.steady()):
                await asyncio.sleep(SLOWED)
            await self._inbox.put((data, self._host.steady(), address))

    def _lost_in_kernel(self) -> int:
        """Return how many datagrams found no room in the kernel since this was asked last, where it
        tells.
        """
        with suppress(OSError, struct.error, AttributeError):
            counts = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36)  # type: ignore[union-attr]
            overflowed = struct.unpack("9I", counts)[8]
            lost = overflowed - self._overflowed
            self._overflowed = overflowed
            return int(lost)
        return 0


async def run(request: SourceRequest) -> AsyncGenerator[Arrival]:
    """Deliver what the sensors send, until closed. SourceLostError if the port cannot be had."""
    desk = FrameRouter(request)
    listen = request.settings
    receiver = Receiver(request.host, len(request.sensors))
    request.queues["network"] = receiver.waiting
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as opened:
        try:
            udp, _ = await loop.create_datagram_endpoint(
                lambda: receiver, local_addr=(listen.address, listen.port)
            )
            opened.callback(udp.close)
            tcp = await asyncio.start_server(
                receiver.connected, listen.address, listen.port, limit=2 * LARGEST
            )
            opened.callback(tcp.close_clients)
            opened.callback(tcp.close)
        except OSError as error:
            where = f"{listen.address}:{listen.port}"
            mend = "another limber may be running; else choose another `network` address or port"
            raise SourceLostError(
                f"cannot listen on {where} ({error.strerror or error}): {mend}"
            ) from error
        looked = loop.time()
        while True:
            frame = await receiver.next()
            if frame is not None:
                data, arrived, sender = frame
                for arrival in desk.take(data, arrived, request.host.offset, sender):
                    yield arrival
            if loop.time() - looked >= LOOK:
                looked = loop.time()
                for trouble in receiver.trouble():
                    yield trouble


SOURCE: Final = Source(
    keys=KEYS,
    options=options,
    section=SECTION,
    settings=settings,
    needs="add a section `network:` with `address: 0.0.0.0` and `port: 47800`",
    run=run,
    together=True,
    listens=True,
)
