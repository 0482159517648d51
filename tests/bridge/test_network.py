"""The network source over real sockets."""

import asyncio
import random
import struct
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import LOOPBACK, free_port
from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor, Side
from limber_bridge.domain.nights import Calendar
from limber_bridge.sources import network
from limber_bridge.sources.frames import LARGEST
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.network import (
    BURST,
    CONNECTIONS_EACH,
    PATIENCE,
    PEERS,
    QUEUE,
    Budgets,
    FrameRouter,
    Listen,
    Options,
    Receiver,
    run,
)
from limber_bridge.sources.source_api import (
    Arrival,
    FrameError,
    Reason,
    Samples,
    SensorRequest,
    SourceLostError,
    SourceRequest,
)

SENSORS = tuple(
    SensorRequest(Sensor(number, Quantity.ACCELERATION, Placement.ANKLE, side), Options(key))
    for number, side, key in ((1, Side.LEFT, None), (2, Side.RIGHT, b"a secret key"))
)
MARK = AnkleSensor(id=99).frame(leg(0, 0.1, []))
"""From a sensor that nobody knows: when it is told, everything before it has been read."""


def request(port: int) -> SourceRequest:
    host = HostClock()
    return SourceRequest(
        SENSORS, Listen(LOOPBACK, port), Calendar(ZoneInfo("UTC")), host, host.now()
    )


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, AsyncGenerator[Arrival]]]:
    """A source that listens, and its port."""
    port = free_port()
    async with aclosing(run(request(port))) as arrivals:
        first = asyncio.ensure_future(anext(arrivals))
        while not first.done():
            send(port, MARK)
            await asyncio.sleep(0.01)
        yield port, arrivals


async def until_mark(arrivals: AsyncGenerator[Arrival]) -> list[Arrival]:
    """Everything up to the mark; marks that were left over from the beginning are no end."""
    found: list[Arrival] = []
    async with asyncio.timeout(10):
        async for arrival in arrivals:
            if isinstance(arrival, FrameError) and arrival.reason is Reason.UNKNOWN_SENSOR:
                if found:
                    return found
                continue
            found.append(arrival)
    return found


def reasons(found: list[Arrival]) -> list[tuple[int | None, Reason]]:
    return [
        (arrival.sensor, arrival.reason) for arrival in found if isinstance(arrival, FrameError)
    ]


def firsts(found: list[Arrival], sensor: int = 1) -> list[int]:
    return [one.block.first for one in found if isinstance(one, Samples) and one.sensor == sensor]


async def test_two_sensors_on_one_port_are_told_apart() -> None:
    left = AnkleSensor(id=1)
    right = AnkleSensor(id=2, key=b"a secret key", battery=41)
    async with listening() as (port, arrivals):
        for _ in range(3):
            send(port, left.frame(leg(0, 0.5, [])), right.frame(leg(0, 0.5, [])))
        send(port, MARK)
        found = await until_mark(arrivals)
    assert (firsts(found, 1), firsts(found, 2)) == ([0, 25, 50], [0, 25, 50])
    assert [one.battery for one in found if isinstance(one, Samples) and one.sensor == 2] == [
        41
    ] * 3


async def test_what_is_wrong_is_told_and_the_good_frames_around_it_are_kept() -> None:
    good = AnkleSensor(id=1)
    forged = AnkleSensor(id=2, key=b"another key")
    async with listening() as (port, arrivals):
        send(
            port,
            good.frame(leg(0, 0.5, [])),
            b"rubbish",
            b"LB" + bytes(60_000),
            forged.frame(leg(0, 0.5, [])),
        )
        send(port, good.frame(leg(0.5, 0.5, [])), MARK)
        found = await until_mark(arrivals)
    assert firsts(found) == [0, 25]
    assert reasons(found) == [
        (None, Reason.MALFORMED),
        (None, Reason.MALFORMED),
        (2, Reason.WRONG_KEY),
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_tcp_cut_anywhere_gives_the_same_frames(seed: int) -> None:
    rng = random.Random(seed)
    sensor = AnkleSensor(id=1)
    stream = b"".join(
        struct.pack("<H", len(data)) + data
        for data in (sensor.frame(leg(0, 0.5, [])) for _ in range(20))
    )
    async with listening() as (port, arrivals):
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        while stream:
            size = rng.randint(1, 300)
            writer.write(stream[:size])
            await writer.drain()
            await asyncio.sleep(0)
            stream = stream[size:]
        found: list[Arrival] = []
        async with asyncio.timeout(10):
            while len(firsts(found)) < 20:
                found.append(await anext(arrivals))
        writer.close()
    assert firsts(found) == [25 * number for number in range(20)]


async def test_tcp_that_is_out_of_step_is_closed_and_others_go_on() -> None:
    async with listening() as (port, arrivals):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write((struct.pack("<H", 40) + bytes(40)) * PATIENCE)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()
        send(port, AnkleSensor(id=1).frame(leg(0, 0.5, [])), MARK)
        found = await until_mark(arrivals)
    assert firsts(found) == [0]
    assert reasons(found) == [(None, Reason.MALFORMED)] * PATIENCE


async def test_what_is_no_frame_is_told_with_its_sender() -> None:
    async with listening() as (port, arrivals):
        send(port, b"rubbish", AnkleSensor(id=1).frame(leg(0, 0.5, []))[:-1], MARK)
        rubbish, cut = await until_mark(arrivals)
        assert isinstance(rubbish, FrameError)
        assert rubbish.detail == f"7 bytes that do not begin like a frame (from {LOOPBACK})"
        assert isinstance(cut, FrameError)
        assert (cut.sensor, "from" in cut.detail) == (1, False)
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"\x03\x00abc")
        async with asyncio.timeout(10):
            over_tcp = await anext(arrivals)
        assert isinstance(over_tcp, FrameError)
        assert over_tcp.detail.endswith(f"(from {LOOPBACK})")
        writer.close()


async def test_a_port_that_is_taken_is_named() -> None:
    async with listening() as (port, _):
        with pytest.raises(SourceLostError, match=f"cannot listen on {LOOPBACK}:{port}"):
            await anext(run(request(port)))


def test_a_sensor_that_signs_needs_a_key_in_the_configuration() -> None:
    (trouble,) = FrameRouter(request(1)).take(
        AnkleSensor(id=1, key=b"a secret key").frame(leg(0, 0.5, [])), 0
    )
    assert isinstance(trouble, FrameError)
    assert trouble.detail == "its frames are signed: write its `key` into limber.yaml"


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, SECOND)), max_size=300), st.integers(1, 50)
)
def test_no_address_gets_more_than_its_burst_and_its_rate(
    sent: list[tuple[int, int]], rate: int
) -> None:
    budgets = Budgets(rate)
    now = 0
    taken = Counter[int]()
    for address, passed in sent:
        now += passed
        taken[address] += budgets.allows(f"10.0.0.{address}", now)
    assert all(count <= rate * (BURST + now / SECOND) + 1 for count in taken.values())


def test_addresses_beyond_those_that_are_told_apart_share() -> None:
    budgets = Budgets(1)
    for number in range(PEERS):
        assert budgets.allows(f"a{number}", 0)
    assert sum(budgets.allows(f"b{number}", 0) for number in range(PEERS)) == BURST
    assert len(budgets._left) == PEERS + 1


async def test_what_waits_is_bounded_in_number_and_size() -> None:
    """A flood of the largest datagrams, as fast as they can be handed over."""
    receiver = Receiver(HostClock(), 100)
    for number in range(3 * QUEUE):
        receiver.datagram_received(b"LB" + bytes(65_000), (f"10.0.{number % 256}.1", 1))
    assert receiver.waiting() == QUEUE
    taken = await receiver.next()
    assert taken is not None
    assert len(taken[0]) == LARGEST + 1
    (trouble,) = receiver.trouble()
    assert trouble.reason is Reason.OVERLOADED
    assert trouble.detail.startswith(f"{2 * QUEUE} frames were thrown away")


async def test_one_address_holds_few_connections_and_none_that_is_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(network, "IDLE", 1.0)
    async with listening() as (port, arrivals):
        reading = asyncio.ensure_future(until_overloaded(arrivals))
        opened = [
            await asyncio.open_connection(LOOPBACK, port) for _ in range(3 * CONNECTIONS_EACH)
        ]
        async with asyncio.timeout(10):
            for reader, writer in opened:
                assert await reader.read() == b""
                writer.close()
            detail = await reading
    most = max(CONNECTIONS_EACH, 2 * len(SENSORS))
    assert detail.endswith(f"connections turned away: 64 may be open, {most} from one address")


async def until_overloaded(arrivals: AsyncGenerator[Arrival]) -> str:
    async for arrival in arrivals:
        if isinstance(arrival, FrameError) and arrival.reason is Reason.OVERLOADED:
            return arrival.detail
    raise AssertionError("it ended")


async def test_a_length_that_makes_no_sense_ends_a_connection_at_once() -> None:
    async with listening() as (port, arrivals):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"\xff\xff")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        send(port, MARK)
        assert (None, Reason.MALFORMED) in reasons(await until_mark(arrivals))
