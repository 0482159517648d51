"""The network source over real sockets."""

import asyncio
import random
import struct
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from zoneinfo import ZoneInfo

import pytest

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import LOOPBACK, free_port
from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor, Side
from limber_bridge.domain.nights import Calendar
from limber_bridge.sources import connection_slots
from limber_bridge.sources.connection_slots import MAX_CONNECTIONS_PER_ADDRESS
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.network import (
    MAX_BAD_FRAMES_IN_A_ROW,
    ListenAddress,
    NetworkOptions,
    run,
)
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Samples,
    SensorRequest,
    SourceEvent,
    SourceLostError,
    SourceRequest,
)

KEY = b"6c1d0a97e2b4f853"
SENSORS = tuple(
    SensorRequest(Sensor(number, Quantity.ACCELERATION, Placement.ANKLE, side), NetworkOptions(key))
    for number, side, key in ((1, Side.LEFT, None), (2, Side.RIGHT, KEY))
)
MARK = AnkleSensor(id=99).frame(leg(0, 0.1, []))
"""A frame of a sensor that is not configured. Its error shows that all frames before it have been
processed."""


def source_request(port: int) -> SourceRequest:
    host = HostClock()
    return SourceRequest(
        SENSORS, ListenAddress(LOOPBACK, port), Calendar(ZoneInfo("UTC")), host, host.now()
    )


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, AsyncGenerator[SourceEvent]]]:
    """The port of a source that listens, and its events."""
    port = free_port()
    async with aclosing(run(source_request(port))) as events:
        first = asyncio.ensure_future(anext(events))
        while not first.done():
            send(port, MARK)
            await asyncio.sleep(0.01)
        yield port, events


async def until_mark(events: AsyncGenerator[SourceEvent]) -> list[SourceEvent]:
    """Return the events up to the mark. Marks left from `listening` come first and are skipped."""
    found: list[SourceEvent] = []
    async with asyncio.timeout(60):
        async for event in events:
            if isinstance(event, FrameError) and event.reason is Reason.UNKNOWN_SENSOR:
                if found:
                    return found
                continue
            found.append(event)
    return found


def reasons(found: list[SourceEvent]) -> list[tuple[int | None, Reason]]:
    return [(event.sensor, event.reason) for event in found if isinstance(event, FrameError)]


def firsts(found: list[SourceEvent], sensor: int = 1) -> list[int]:
    return [one.block.first for one in found if isinstance(one, Samples) and one.sensor == sensor]


async def test_two_sensors_can_share_a_port() -> None:
    left = AnkleSensor(id=1)
    right = AnkleSensor(id=2, key=KEY, battery=41)
    async with listening() as (port, events):
        for _ in range(3):
            send(port, left.frame(leg(0, 0.5, [])), right.frame(leg(0, 0.5, [])))
        send(port, MARK)
        found = await until_mark(events)
    assert (firsts(found, 1), firsts(found, 2)) == ([0, 25, 50], [0, 25, 50])
    assert [one.battery for one in found if isinstance(one, Samples) and one.sensor == 2] == [
        41
    ] * 3


async def test_bad_frames_are_reported_and_the_good_ones_around_them_are_used() -> None:
    good = AnkleSensor(id=1)
    forged = AnkleSensor(id=2, key=b"another key")
    async with listening() as (port, events):
        send(
            port,
            good.frame(leg(0, 0.5, [])),
            b"garbage",
            b"LB" + bytes(60_000),
            forged.frame(leg(0, 0.5, [])),
        )
        send(port, good.frame(leg(0.5, 0.5, [])), MARK)
        found = await until_mark(events)
    assert firsts(found) == [0, 25]
    assert reasons(found) == [
        (None, Reason.MALFORMED),
        (None, Reason.MALFORMED),
        (2, Reason.WRONG_KEY),
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_a_tcp_stream_in_any_pieces_gives_the_same_frames(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - the pieces need no secrecy
    sensor = AnkleSensor(id=1)
    stream = b"".join(
        struct.pack("<H", len(data)) + data
        for data in (sensor.frame(leg(0, 0.5, [])) for _ in range(20))
    )
    async with listening() as (port, events):
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        while stream:
            size = rng.randint(1, 300)
            writer.write(stream[:size])
            await writer.drain()
            await asyncio.sleep(0)
            stream = stream[size:]
        found: list[SourceEvent] = []
        async with asyncio.timeout(60):
            while len(firsts(found)) < 20:
                found.append(await anext(events))
        writer.close()
    assert firsts(found) == [25 * number for number in range(20)]


async def test_a_tcp_connection_with_bad_frames_is_closed_and_others_continue() -> None:
    async with listening() as (port, events):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write((struct.pack("<H", 40) + bytes(40)) * MAX_BAD_FRAMES_IN_A_ROW)
        async with asyncio.timeout(60):
            assert await reader.read() == b""
        writer.close()
        send(port, AnkleSensor(id=1).frame(leg(0, 0.5, [])), MARK)
        found = await until_mark(events)
    assert firsts(found) == [0]
    assert reasons(found) == [(None, Reason.MALFORMED)] * MAX_BAD_FRAMES_IN_A_ROW


async def test_the_error_about_an_unreadable_frame_names_its_sender() -> None:
    async with listening() as (port, events):
        send(port, b"garbage", AnkleSensor(id=1).frame(leg(0, 0.5, []))[:-1], MARK)
        unreadable, truncated = await until_mark(events)
        assert isinstance(unreadable, FrameError)
        assert unreadable.detail == f"7 bytes that are not a Limber frame (from {LOOPBACK})"
        assert isinstance(truncated, FrameError)
        assert (truncated.sensor, "from" in truncated.detail) == (1, False)
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"\x03\x00abc")
        async with asyncio.timeout(60):
            over_tcp = await anext(events)
        assert isinstance(over_tcp, FrameError)
        assert over_tcp.detail.endswith(f"(from {LOOPBACK})")
        writer.close()


async def test_a_port_in_use_is_reported() -> None:
    async with listening() as (port, _):
        with pytest.raises(SourceLostError, match=f"cannot listen on {LOOPBACK}:{port}"):
            await anext(run(source_request(port)))


def test_a_sensor_that_signs_its_frames_needs_a_key_in_the_configuration() -> None:
    (error,) = FrameRouter(source_request(1)).route_frame(
        AnkleSensor(id=1, key=KEY).frame(leg(0, 0.5, [])), 0
    )
    assert isinstance(error, FrameError)
    assert error.detail == "the sensor signs its frames: add its `key` to limber.yaml"


async def test_connections_of_an_address_are_limited_and_idle_ones_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_slots, "PROOF_LASTS_US", SECOND)
    async with listening() as (port, _):
        opened = [
            await asyncio.open_connection(LOOPBACK, port)
            for _ in range(3 * MAX_CONNECTIONS_PER_ADDRESS)
        ]
        async with asyncio.timeout(60):
            for reader, writer in opened:
                await closed(reader)
                writer.close()


async def closed(reader: asyncio.StreamReader) -> None:
    """Wait until the other end has closed a connection."""
    with suppress(ConnectionError):
        assert await reader.read() == b""


async def test_a_connection_without_frames_of_a_sensor_gives_way_to_a_new_one() -> None:
    sensor = AnkleSensor(id=2, key=KEY)
    stranger = AnkleSensor(id=99)
    async with listening() as (port, events):
        strangers = [
            await asyncio.open_connection(LOOPBACK, port)
            for _ in range(MAX_CONNECTIONS_PER_ADDRESS)
        ]
        for _, writer in strangers:
            writer.write(streamed(stranger.frame(leg(0, 0.5, []))))
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(streamed(sensor.frame(leg(0, 0.5, []))))
        assert firsts(await until_samples(events), 2) == [0]
        # The first gave way. So do the others, and the sensor stays.
        for reader, _ in strangers:
            more = await asyncio.open_connection(LOOPBACK, port)
            async with asyncio.timeout(60):
                await closed(reader)
            strangers = [*strangers, more]
        writer.write(streamed(sensor.frame(leg(0.5, 0.5, []))))
        assert firsts(await until_samples(events), 2) == [25]
        for one in (writer, *(opened for _, opened in strangers)):
            one.close()


async def test_frames_without_proof_do_not_keep_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_slots, "PROOF_LASTS_US", SECOND)
    forged = AnkleSensor(id=2, key=b"another key of 16")
    async with listening() as (port, events):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        reading = asyncio.ensure_future(drain(events))
        ended = asyncio.ensure_future(closed(reader))
        async with asyncio.timeout(60):
            while not ended.done():
                # Fewer than close a connection by their number within that time.
                writer.write(streamed(forged.frame(leg(0, 0.1, []))))
                await asyncio.wait([ended], timeout=0.3)
        writer.close()
        reading.cancel()
        await asyncio.wait([reading])


async def drain(events: AsyncGenerator[SourceEvent]) -> None:
    async for _ in events:
        pass


async def until_samples(events: AsyncGenerator[SourceEvent]) -> list[SourceEvent]:
    """Return the events up to the first samples."""
    found: list[SourceEvent] = []
    async with asyncio.timeout(60):
        async for event in events:
            found.append(event)
            if isinstance(event, Samples):
                break
    return found


def streamed(frame: bytes) -> bytes:
    """Return a frame as it is sent over TCP."""
    return struct.pack("<H", len(frame)) + frame


async def test_a_flood_from_the_address_of_a_sensor_takes_nothing_from_it() -> None:
    """More than the address may send before, among and after the frames of the sensor."""
    sensor = AnkleSensor(id=2, key=KEY)
    async with listening() as (port, events):
        for _ in range(20):
            send(port, *[b"x"] * 100, sensor.frame(leg(0, 0.5, [])))
        found: list[SourceEvent] = []
        async with asyncio.timeout(60):
            async for event in events:
                found.append(event)
                if firsts(found, 2)[-1:] == [19 * 25]:
                    break
    assert firsts(found, 2) == [25 * number for number in range(20)]


async def test_an_impossible_length_closes_the_connection_at_once() -> None:
    async with listening() as (port, events):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"\xff\xff")
        async with asyncio.timeout(60):
            assert await reader.read() == b""
        writer.close()
        send(port, MARK)
        assert (None, Reason.MALFORMED) in reasons(await until_mark(events))
