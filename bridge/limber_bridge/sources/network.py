"""Sensors that send frames over UDP or TCP, several of them to one port, told apart by their id."""

import asyncio
import ipaddress
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, override

import voluptuous as vol

from limber_bridge.clock import HostClock
from limber_bridge.document import whole
from limber_bridge.sources.arrival import Arrival, Reason, Request, Source, SourceLostError, Trouble
from limber_bridge.sources.frames import LARGEST, MAGIC, FrameError, is_signed, parse
from limber_bridge.sources.stream import Stream

QUEUE: Final = 4096
"""Frames that may wait; more are thrown away and counted, so that no flood fills the memory."""
PATIENCE: Final = 10
"""Bad frames in a row after which a TCP connection is closed: the device begins anew in step."""
CONNECTIONS: Final = 64
"""TCP connections at a time."""


@dataclass(frozen=True, slots=True)
class Listen:
    """The section `network` of limber.yaml."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Options:
    """What a network sensor may have besides what every sensor has."""

    key: bytes | None
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
        vol.Required("address", msg="write `address: 0.0.0.0` to hear sensors on every network"): address,
        vol.Optional("port", default=47800): whole(1, 65535),
    }
)


def options(values: Mapping[str, Any], folder: Path) -> Options:
    """Return the options of a network sensor."""
    del folder
    return Options(values.get("key"))


def settings(values: Mapping[str, Any]) -> Listen:
    """Return where to listen."""
    return Listen(**values)


class Desk:
    """Sorts frames by sensor. Pure: bytes and their time of arrival in, arrivals out."""

    def __init__(self, request: Request) -> None:
        """Begin for the sensors asked for."""
        self._streams = {wanted.sensor.id: Stream(wanted.sensor) for wanted in request.sensors}
        self._keys: dict[int, bytes | None] = {wanted.sensor.id: wanted.options.key for wanted in request.sensors}

    def take(self, data: bytes, arrived: int) -> Iterator[Arrival]:
        """Yield what one frame brings."""
        try:
            frame = parse(data)
        except FrameError as error:
            known = error.sensor if error.sensor in self._streams else None
            yield Trouble(known, error.reason, str(error))
            return
        stream = self._streams.get(frame.sensor)
        if stream is None:
            detail = f"sensor {frame.sensor} sends, but limber.yaml does not know it: add it under `sensors`"
            yield Trouble(None, Reason.UNKNOWN_SENSOR, detail)
        elif not is_signed(data, frame, self._keys[frame.sensor]):
            yield Trouble(frame.sensor, Reason.WRONG_KEY, self._key_detail(frame.sensor))
        else:
            yield from stream.take(frame, arrived)

    def _key_detail(self, sensor: int) -> str:
        if self._keys[sensor] is None:
            return "its frames are signed: write its `key` into limber.yaml"
        return "its frames are not signed with the `key` in limber.yaml: write the same key into both"


IDLE: Final = 60.0
"""s without a frame after which a connection is closed: else those of sensors that lost their power would pile up."""


class Receiver(asyncio.DatagramProtocol):
    """Takes frames off the network and keeps them, with their time of arrival, until somebody reads them."""

    def __init__(self, host: HostClock) -> None:
        """Begin with nothing."""
        self._host = host
        self._inbox: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue(2 * QUEUE)
        self._connections = 0
        self._shed = self._turned_away = 0

    async def next(self) -> tuple[bytes, int]:
        """Wait for the next frame and the time (us) at which it came."""
        return await self._inbox.get()

    def shed(self) -> int:
        """Return how many frames were thrown away since this was asked last."""
        shed, self._shed = self._shed, 0
        return shed

    def turned_away(self) -> int:
        """Return how many connections were closed at once since this was asked last."""
        turned_away, self._turned_away = self._turned_away, 0
        return turned_away

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        """UDP: a datagram is a frame."""
        if self._inbox.qsize() < QUEUE:
            self._inbox.put_nowait((data, self._host.now()))
        else:
            self._shed += 1

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """TCP: each frame behind its length (u16). A full inbox slows the sender down; nothing is thrown away."""
        self._connections += 1
        try:
            if self._connections <= CONNECTIONS:
                await self._read(reader)
            else:
                self._turned_away += 1
        except asyncio.IncompleteReadError, ConnectionError, TimeoutError:
            pass  # It hung up, or lost its power and will never do so; it will call again.
        finally:
            self._connections -= 1
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        bad = 0
        while bad < PATIENCE:
            async with asyncio.timeout(IDLE):
                length = int.from_bytes(await reader.readexactly(2), "little")
                data = await reader.readexactly(length)
            bad = 0 if length <= LARGEST and data.startswith(MAGIC) else bad + 1
            await self._inbox.put((data, self._host.now()))


async def run(request: Request) -> AsyncGenerator[Arrival]:
    """Deliver what the sensors send, until closed. SourceLostError if the port cannot be had."""
    desk, receiver, listen = Desk(request), Receiver(request.host), request.settings
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as opened:
        try:
            udp, _ = await loop.create_datagram_endpoint(lambda: receiver, local_addr=(listen.address, listen.port))
            opened.callback(udp.close)
            tcp = await asyncio.start_server(receiver.connected, listen.address, listen.port)
            opened.callback(tcp.close_clients)
            opened.callback(tcp.close)
        except OSError as error:
            where = f"{listen.address}:{listen.port}"
            mend = "another limber may be running; else choose another `network` address or port"
            raise SourceLostError(f"cannot listen on {where} ({error.strerror or error}): {mend}") from error
        while True:
            for arrival in desk.take(*await receiver.next()):
                yield arrival
            if away := receiver.turned_away():
                yield Trouble(None, Reason.OVERLOADED, f"{away} connections turned away: {CONNECTIONS} are open")
            if shed := receiver.shed():
                yield Trouble(None, Reason.OVERLOADED, f"{shed} frames were thrown away: more came than can be read")


SOURCE: Final = Source(
    keys=KEYS,
    options=options,
    section=SECTION,
    settings=settings,
    needs="add a section `network:` with `address: 0.0.0.0` and `port: 47800`",
    run=run,
    together=True,
)
