"""Brokers that do not accept everything: small packets, no retained messages, QoS 0 only."""

import asyncio
import json
import shutil
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from devtools.processes import LOOPBACK, Program, free_port
from limber_bridge.config.loader import load_config
from limber_bridge.config.model import Broker as MqttBroker
from limber_bridge.config.model import Config
from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.bridge import Bridge
from limber_bridge.daemon.broker_limits import SizeLimit
from limber_bridge.daemon.mqtt_events import ConnackAccepted, ConnectionClosed, Protocol
from limber_bridge.daemon.paho_client import ClientOptions, PahoClient
from limber_bridge.protocol.encoding import PAGE_MAX_BYTES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.storage.journal import Journal
from tests.bridge.conftest import mosquitto
from tests.bridge.examples import night, settings
from tests.bridge.listener import Listener
from tests.bridge.test_bridge_health import running
from tests.bridge.test_check_and_run import comes_true
from tests.bridge.test_mqtt_client import ClientUnderTest

pytestmark = pytest.mark.real_time

SENSOR = "{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration}"
NIGHTS = 120
SIZES = st.integers(1, 100_000)
STATUS, INFO, STATE = (f"limber/bedroom/{name}" for name in ("status", "info", "anna/state"))


@hypothesis_settings(deadline=None)
@given(
    sizes=st.lists(st.tuples(st.sampled_from(["accept", "refuse", "break_off"]), SIZES)),
    announced=st.none() | SIZES,
)
def test_a_page_is_never_larger_than_what_is_known_to_be_refused(
    sizes: list[tuple[str, int]], announced: int | None
) -> None:
    """Refusals count until a message of the size of one is accepted: the broker was changed."""
    known = SizeLimit(announced)
    refused: set[int] = set()
    for what, size in sizes:
        known = getattr(known, what)(size)
        if what == "accept":
            refused = set() if size >= min(refused, default=size + 1) else refused
        else:
            refused.add(size)
    bounds = {*refused, announced or PAGE_MAX_BYTES}
    assert 1 <= known.page_bytes <= PAGE_MAX_BYTES
    assert all(known.page_bytes < bound or bound == 1 for bound in bounds - {PAGE_MAX_BYTES})


@pytest.mark.parametrize(
    ("disconnect", "too_large"),
    [
        ("e0068b041f000178", False),  # server shutting down, with a text
        ("e00689041f000178", False),  # server busy, with a text
        ("e00695041f000178", True),  # packet too large, with a text
        ("e0018b", True),  # paho does not read a reason without properties
        ("", True),
    ],
)
async def test_the_size_of_a_message_is_not_blamed_for_what_has_another_reason(
    disconnect: str, too_large: bool
) -> None:
    """A message that counts as too large would not be sent any more."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(bytes.fromhex("2003000000"))
        await reader.readexactly(8000)
        writer.write(bytes.fromhex(disconnect))
        writer.close()

    events: asyncio.Queue[object] = asyncio.Queue()
    async with asyncio.timeout(60.0), await asyncio.start_server(hang_up, LOOPBACK, 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = PahoClient(
            ClientOptions(MqttBroker(LOOPBACK, port, None, None, None, "limber"), "limber-test"),
            events.put_nowait,
        )
        client.open(Protocol.MQTT_5)
        while not isinstance(await events.get(), ConnackAccepted):
            pass
        client.publish(STATE, bytes(8000), retain=True)
        while not isinstance(event := await events.get(), ConnectionClosed):
            pass
        assert (event.too_large is not None) == too_large
        assert (client.sizes.maximum is not None) == too_large
        client.close()
        await client.wait_closed(10.0)


async def test_a_size_that_was_accepted_is_blamed_only_the_second_time() -> None:
    """A broker that is started again just after a state did not refuse the state."""
    connections = 0

    async def read_publish(reader: asyncio.StreamReader) -> bytes:
        """Return the packet identifier of a message of 8,000 bytes."""
        await reader.readexactly(3)
        topic = int.from_bytes(await reader.readexactly(2))
        await reader.readexactly(topic)
        identifier = await reader.readexactly(2)
        await reader.readexactly(8000)
        return identifier

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read(1024)
        writer.write(bytes.fromhex("2003000000"))
        if connections == 1:
            writer.write(b"\x40\x02" + await read_publish(reader))
            await reader.readexactly(1)
            await reader.readexactly(4000)
        else:
            await reader.readexactly(4000)
        writer.close()

    events: asyncio.Queue[object] = asyncio.Queue()

    async def next_of[T](kind: type[T]) -> T:
        while not isinstance(event := await events.get(), kind):
            pass
        return event

    async with asyncio.timeout(60.0), await asyncio.start_server(serve, LOOPBACK, 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = PahoClient(
            ClientOptions(MqttBroker(LOOPBACK, port, None, None, None, "limber"), "limber-test"),
            events.put_nowait,
        )
        client.open(Protocol.MQTT_5)
        await next_of(ConnackAccepted)
        client.publish(STATE, bytes(8000), retain=True)
        while client.pending:  # noqa: ASYNC110 - the client has no event for it
            await asyncio.sleep(0.01)
        client.publish(STATE, bytes(8100), retain=True)
        assert (await next_of(ConnectionClosed)).too_large is None
        # paho sends what is unanswered again on the next connection, or the bridge does.
        await next_of(ConnackAccepted)
        client.publish(STATE, bytes(8100), retain=True)
        assert (await next_of(ConnectionClosed)).too_large is not None
        client.close()
        await client.wait_closed(10.0)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with more nights than a message can carry."""
    path = tmp_path_factory.mktemp("nights") / "limber.db"
    with Journal(path) as journal:
        for number in range(NIGHTS):
            journal.save_night(night(date(2026, 7, 1) + timedelta(days=number)))
    return path


@asynccontextmanager
async def bridge_at(
    folder: Path, nights: Path, *lines: str
) -> AsyncIterator[tuple[Bridge, Listener, Program]]:
    """A bridge at a broker with some lines in its configuration, and a listener there."""
    port = free_port()
    program = await asyncio.to_thread(mosquitto, folder, port, "allow_anonymous true", *lines)
    try:
        shutil.copy(nights, folder / "limber.db")
        with Listener(port) as listener, Journal(folder / "limber.db") as journal:
            bridge = Bridge(config_at(folder, port), journal, HostClock())
            async with running(bridge):
                await asyncio.to_thread(listener.on, STATUS)
                yield bridge, listener, program
    finally:
        program.stop()


def config_at(folder: Path, port: int) -> Config:
    (folder / "limber.yaml").write_text(settings(SENSOR, port=port))
    return load_config(folder / "limber.yaml")


async def all_nights(listener: Listener) -> list[dict[str, Any]]:
    """All nights of the bridge, page by page."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        answer = await asyncio.to_thread(ask, listener, after)
        assert answer["ok"], answer
        found += answer["nights"]
        after = answer["next"]
        if after is None:
            return found


async def until(condition: Callable[[], bool]) -> None:
    assert await comes_true(condition, 60.0)


def ask(listener: Listener, after: str | None) -> Any:
    """Ask for nights with QoS 0, which every broker supports, and return the answer."""
    since = len(listener.heard)
    reply_to = "limber/bedroom/response/test"
    request = {"v": 1, "id": f"q{since}", "reply_to": reply_to, "sleeper": "anna", "after": after}
    payload = json.dumps(request | {"command": "nights"})
    listener._client.publish("limber/bedroom/request", payload)
    return listener.on(reply_to, since=since).json


def keys(bridge: Bridge) -> set[str]:
    return {problem.key for problem in bridge.health.bridge(0).problems}


@pytest.mark.parametrize("line", ["max_packet_size 20000", "message_size_limit 20000"])
async def test_all_nights_arrive_through_a_broker_with_small_messages(
    tmp_path: Path, nights: Path, caplog: pytest.LogCaptureFixture, line: str
) -> None:
    async with bridge_at(tmp_path, nights, line) as (bridge, listener, _):
        found = await all_nights(listener)
        assert len({one["night"] for one in found}) == len(found) == NIGHTS
        health = bridge.health.bridge(0)
        assert health.broker.disconnects == 0
        assert not health.problems
        assert all(len(one.payload) < 20_000 for one in listener.heard)
    assert ["smaller pages" in one.message for one in caplog.records].count(True) == 1


async def test_a_state_that_is_too_large_is_named_and_breaks_no_connection(
    tmp_path: Path, nights: Path
) -> None:
    async with bridge_at(tmp_path, nights, "message_size_limit 1500") as (bridge, listener, _):
        await until(lambda: problems.MESSAGE_TOO_LARGE in keys(bridge))
        (problem,) = bridge.health.bridge(0).problems
        assert STATE in problem.message
        assert "bytes" in problem.message
        answer = await asyncio.to_thread(listener.request, command="nights")
        assert len(answer["nights"]) >= 1
        assert bridge.health.bridge(0).broker.disconnects == 0


async def test_what_a_broker_announces_as_too_large_is_not_sent(
    tmp_path: Path, nights: Path
) -> None:
    async with bridge_at(tmp_path, nights, "max_packet_size 1500") as (bridge, listener, _):
        await until(lambda: problems.MESSAGE_TOO_LARGE in keys(bridge))
        (problem,) = bridge.health.bridge(0).problems
        assert "its limit is 1,500 bytes" in problem.message
        await all_nights(listener)
        assert bridge.health.bridge(0).broker.disconnects == 0


async def test_a_client_is_told_if_its_answer_is_too_large_in_every_size(
    tmp_path: Path, nights: Path
) -> None:
    async with bridge_at(tmp_path, nights, "max_packet_size 700") as (bridge, listener, _):
        answer = await asyncio.to_thread(listener.request, command="nights")
        assert answer["error"] == "too_large"
        assert "bytes" in answer["message"]
        assert bridge.health.bridge(0).broker.disconnects == 0


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["retain_available false"], {problems.NO_RETAIN}),
        (["max_qos 0"], {problems.NO_QOS}),
        (["retain_available false", "max_qos 0"], {problems.NO_RETAIN, problems.NO_QOS}),
    ],
)
async def test_a_bridge_works_with_a_limited_broker_and_names_what_is_missing(
    tmp_path: Path, nights: Path, lines: list[str], expected: set[str]
) -> None:
    async with bridge_at(tmp_path, nights, *lines) as (bridge, listener, _):
        assert keys(bridge) == expected
        assert len(await all_nights(listener)) == NIGHTS
        # Home Assistant connects later, and hears of the bridge by its birth message.
        since = len(listener.heard)
        listener._client.publish("homeassistant/status", "online")
        await asyncio.to_thread(listener.on, INFO, since=since)
        await asyncio.to_thread(listener.on, STATE, since=since)
        await until(lambda: bridge.health.bridge(0).broker.pending == 0)
        assert bridge.health.bridge(0).broker.disconnects == 0


async def test_the_limits_are_forgotten_with_the_broker(tmp_path: Path, nights: Path) -> None:
    async with bridge_at(tmp_path, nights, "retain_available false") as (bridge, _, broker):
        assert keys(bridge) == {problems.NO_RETAIN}
        port = int(bridge._mqtt._paho._options.broker.port)
        broker.stop()
        again = await asyncio.to_thread(mosquitto, tmp_path, port, "allow_anonymous true")
        try:
            await until(lambda: bridge.health.bridge(0).broker.connected and not keys(bridge))
            with Listener(port) as first:
                # From here on the broker has a state, whether this client came before it or after.
                await asyncio.to_thread(first.on, STATE)
            with Listener(port) as late:
                assert (await asyncio.to_thread(late.on, STATE)).retained
        finally:
            again.stop()


def connack() -> bytes:
    return bytes([0x20, 3, 0, 0, 0])


def puback(mid: int) -> bytes:
    """A PUBACK whose properties end too early."""
    return struct.pack("!BBHBB", 0x40, 5, mid, 0, 9) + b"\x1f"


async def test_a_client_that_ends_by_a_malformed_packet_is_replaced_at_once() -> None:
    """Not after the three minutes without a heartbeat that any other silence needs."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read(1000)
        writer.write(connack() + puback(1))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, LOOPBACK, port := free_port()):
        tested = ClientUnderTest(port)
        tested.client.start()
        try:
            await until(lambda: connections >= 2)
            last = tested.client.health.last_disconnect
            assert last is None or "MQTT client ended" in last.reason
        finally:
            await tested.client.stop()


def test_the_sentence_for_small_pages_names_the_limit() -> None:
    assert "20,000" in problems.smaller_responses(32_000, 20_000)
    assert "32,000" in problems.smaller_responses(32_000, None)
