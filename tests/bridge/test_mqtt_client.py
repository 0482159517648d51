"""The MQTT client and `limber check` with a real broker, and what can be wrong with it."""

import asyncio
import signal
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from devtools.processes import LOOPBACK, free_port
from limber_bridge.config.loader import load_config
from limber_bridge.config.model import Broker as BrokerSettings
from limber_bridge.config.model import Config
from limber_bridge.daemon.broker_problems import (
    HEARTBEAT_LOST,
    NO_HEARTBEAT,
    NOT_CONNECTED,
    PUBLISH_REFUSED,
    SESSION_TAKEN_OVER,
)
from limber_bridge.daemon.check_broker import check_broker
from limber_bridge.daemon.check_result import CheckResult
from limber_bridge.daemon.mqtt_client import MqttClient
from limber_bridge.daemon.mqtt_connection import Fallback, Phase, Timing
from limber_bridge.daemon.paho_client import error_text
from limber_bridge.protocol.encoding import Topics
from tests.bridge.certificates import write_certificates
from tests.bridge.conftest import Broker, StartBridge, mosquitto
from tests.bridge.examples import config, settings
from tests.bridge.listener import Listener, Message
from tests.bridge.running_bridge import (
    ANKLE,
    EVENT,
    INFO,
    STATE,
    STATUS,
    has_movements,
    listen_on,
    online,
    played,
    wait_for,
)
from tests.bridge.test_bridge_health import health, web_on
from tests.required_programs import need

pytestmark = pytest.mark.real_time

TOPICS = Topics("limber", "bedroom")
QUICK = Timing(heartbeat_interval_s=0.05, heartbeat_timeout_s=0.8)
SIMULATED = "{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration}"
WAIT_S = 60.0


class ClientUnderTest:
    """An `MqttClient`, and how often it has connected."""

    def __init__(self, port: int, timing: Timing = QUICK) -> None:
        self.connections = 0
        broker = BrokerSettings(LOOPBACK, port, None, None, None, "limber")
        self.client = MqttClient(
            broker,
            TOPICS,
            on_message=lambda *_: None,
            on_connected=self._count_connection,
            now=lambda: time.time_ns() // 1000,
            timing=timing,
        )

    @property
    def keys(self) -> set[str]:
        """The keys of all problems but that there is no connection."""
        return {problem.key for problem in self.client.problems} - {NOT_CONNECTED}

    @property
    def connected(self) -> bool:
        return self.client.health.connected

    @property
    def resting(self) -> bool:
        return self.client._connection.phase is Phase.RESTING

    async def until(self, met: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_S
        while not met():
            assert time.monotonic() < end, "not in time"
            await asyncio.sleep(0.01)

    def _count_connection(self) -> None:
        self.connections += 1
        self.client.announce_online([TOPICS.status], [])


@asynccontextmanager
async def connected_client(port: int, timing: Timing = QUICK) -> AsyncIterator[ClientUnderTest]:
    """A client that has connected once."""
    tested = ClientUnderTest(port, timing)
    tested.client.start()
    try:
        await tested.until(lambda: tested.connections == 1)
        yield tested
    finally:
        await tested.client.stop()


@contextmanager
def restricted_broker(folder: Path, port: int, *rights: str) -> Iterator[Callable[..., None]]:
    """A broker with an access list; yields a function that replaces the list."""
    access_list = folder / "acl"
    access_list.write_text("".join(f"topic {right}\n" for right in rights))
    program = mosquitto(folder, port, "allow_anonymous true", f"acl_file {access_list}")

    def allow(*rights: str) -> None:
        access_list.write_text("".join(f"topic {right}\n" for right in rights))
        program.process.send_signal(signal.SIGHUP)

    try:
        yield allow
    finally:
        program.stop()


async def check(config: Config, *, bridge_running: bool = False) -> list[CheckResult]:
    """The results of `limber check` on the broker, with a second for each answer."""
    results = check_broker(config, bridge_running=bridge_running, timeout_s=1.0)
    return [result async for result in results]


class Valve:
    """A way to a broker that can be shut: connections stay open, and carry nothing any more."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._broker_port = port
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, LOOPBACK, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.shut()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    def shut(self) -> None:
        """Let nothing more through the connections of now."""
        for task in self._tasks:
            task.cancel()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_broker, to_broker = await asyncio.open_connection(LOOPBACK, self._broker_port)
        self._writers += [writer, to_broker]
        for source, target in ((reader, to_broker), (from_broker, writer)):
            self._tasks.add(asyncio.create_task(self._copy(source, target)))

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(4096):
                target.write(data)
            target.close()


async def test_a_connection_that_is_open_and_carries_nothing_is_replaced(broker: Broker) -> None:
    async with Valve(broker.port) as valve, connected_client(valve.port) as tested:
        valve.shut()
        await tested.until(lambda: tested.connections == 2)
        await tested.until(lambda: not tested.client.problems)
        last = tested.client.health.last_disconnect
        assert last is not None
        assert last.reason == NO_HEARTBEAT
        assert tested.client.health.disconnects == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_client_whose_thread_ended_is_replaced(broker: Broker) -> None:
    """paho's thread ends at an exception in a callback, and still reports that it is connected."""

    def broken(*_: object) -> None:
        raise RuntimeError("a bug in a callback")

    async with connected_client(broker.port) as tested:
        assert tested.client._paho._client is not None
        tested.client._paho._client.on_publish = broken
        await tested.until(lambda: tested.connections == 2)
        await tested.until(lambda: not tested.client.problems)


async def test_a_broker_that_was_only_slow_is_asked_in_mqtt_5_again(broker: Broker) -> None:
    """A silent broker is asked in both versions in turns, and neither is settled by a guess."""
    timing = Timing(connack_timeout_s=0.3)
    tested = ClientUnderTest(broker.port, timing)
    broker.program.process.send_signal(signal.SIGSTOP)
    tested.client.start()
    try:
        for protocol in ("MQTT 3.1.1", "MQTT 5", "MQTT 3.1.1"):
            await tested.until(lambda name=protocol: tested.client.health.protocol == name)  # type: ignore[misc]
        broker.program.process.send_signal(signal.SIGCONT)
        await tested.until(lambda: tested.connected)
        broker.program.kill()
        await tested.until(lambda: not tested.connected)
        tested.client._settings = replace(tested.client._settings, timing=Timing())
        broker.start()
        await tested.until(lambda: tested.connected)
        assert tested.client.health.protocol == "MQTT 5"
    finally:
        broker.program.process.send_signal(signal.SIGCONT)
        await tested.client.stop()


async def test_a_response_that_was_refused_is_no_problem_for_ever(tmp_path: Path) -> None:
    """A client whose response was refused may never ask again; any response shows the right."""
    port = free_port()
    rights = (f"readwrite {TOPICS.status}", f"read {TOPICS.request}")
    with restricted_broker(tmp_path, port, *rights) as allow:
        async with connected_client(port) as tested:
            for number in range(20):
                tested.client.publish(f"{TOPICS.responses}{number}", b"{}", retain=False)
            await tested.until(lambda: PUBLISH_REFUSED in tested.keys)
            await tested.until(lambda: not tested.client.health.pending)
            (problem,) = tested.client.problems
            assert f"messages to {TOPICS.responses}#: Not authorized" in problem.message
            allow("readwrite limber/bedroom/#")

            def accepted() -> bool:
                tested.client.publish(f"{TOPICS.responses}another", b"{}", retain=False)
                return not tested.client.problems

            await tested.until(accepted)


async def test_a_connection_that_only_carries_heartbeats_stays(broker: Broker) -> None:
    """For twice the time after which one without heartbeats is replaced."""
    heartbeats = round(2 * QUICK.heartbeat_timeout_s / QUICK.heartbeat_interval_s)
    with Listener(broker.port, STATUS) as listener:
        async with connected_client(broker.port) as tested:
            await tested.until(lambda: len(listener.heard) >= heartbeats)
            assert (tested.connections, tested.client.problems) == (1, ())


async def test_a_broker_that_delivers_nothing_is_a_problem(tmp_path: Path) -> None:
    """In either version no error says that the right to read is missing: nothing is delivered."""
    port = free_port()
    with restricted_broker(tmp_path, port, "write limber/bedroom/#") as allow:
        async with connected_client(port) as tested:
            await tested.until(lambda: HEARTBEAT_LOST in tested.keys)
            allow("readwrite limber/bedroom/#")
            await tested.until(lambda: tested.connected and not tested.client.problems)


def problems(message: Message) -> dict[str, str]:
    if message.topic != STATE or not message.payload:
        return {}
    return {one["key"]: one["message"] for one in message.json["bridge"]["problems"]}


def test_a_refused_topic_is_in_the_state_until_it_is_accepted(
    tmp_path: Path, start_bridge: StartBridge
) -> None:
    port = free_port()
    published = ("status", "info", "anna/state", "request")
    rights = ["read #", *(f"readwrite limber/bedroom/{name}" for name in published)]
    with restricted_broker(tmp_path, port, *rights) as allow, Listener(port) as listener:
        bridge = start_bridge(played(tmp_path, seconds=3600, speed=30), port)
        refused = listener.wait(lambda one: PUBLISH_REFUSED in problems(one))
        assert problems(refused)[PUBLISH_REFUSED] == (
            f"the broker refuses messages to {EVENT}: Not authorized; "
            "allow the bridge's user to publish to limber/bedroom/#"
        )
        allow("readwrite #")
        listener.wait(lambda one: one.topic == EVENT)
        since = len(listener.heard)
        listener.wait(lambda one: one.topic == STATE and not problems(one), since=since)
        log = bridge.log.read_text()
        assert log.count("refuses messages to") == 1
        assert log.count("accepts messages on all topics again") == 1


async def test_check_names_what_the_broker_refuses_to_accept(tmp_path: Path) -> None:
    port = free_port()
    with restricted_broker(tmp_path, port, "read #"):
        connected, permissions = await check(config(tmp_path, SIMULATED, port=port))
    assert not connected.failed
    assert permissions.failed
    assert permissions.message == (
        "the broker refuses messages to limber/bedroom/info: Not authorized; "
        "allow the bridge's user to publish to limber/bedroom/#"
    )


async def test_check_names_what_the_broker_does_not_deliver(tmp_path: Path) -> None:
    port = free_port()
    with restricted_broker(tmp_path, port, "write #"):
        connected, permissions = await check(config(tmp_path, SIMULATED, port=port))
    assert not connected.failed
    assert permissions.failed
    assert permissions.message == (
        "the broker accepts messages but delivers none; allow the bridge's user to subscribe to "
        "limber/bedroom/request and limber/bedroom/status"
    )


@pytest.mark.parametrize("fallback", [Fallback.NONE, Fallback.STATED], ids=["5", "3.1.1"])
async def test_two_bridges_with_one_id_leave_each_other_alone(
    broker: Broker, caplog: pytest.LogCaptureFixture, fallback: Fallback
) -> None:
    """The one that is disconnected rests, and both report why until it is over."""
    timing = Timing(heartbeat_interval_s=0.2, heartbeat_timeout_s=60.0, rest_s=1.0)
    one = ClientUnderTest(broker.port, timing)
    other = ClientUnderTest(broker.port, timing)
    for each in (one, other):
        each.client._connection = replace(each.client._connection, fallback=fallback)
        each.client.start()
    try:
        await one.until(lambda: one.resting or other.resting)
        resting, winner = (one, other) if one.resting else (other, one)
        assert resting.keys == {SESSION_TAKEN_OVER}
        (problem,) = resting.client.problems
        assert "another bridge with the id `bedroom` " in problem.message
        assert "give each bridge its own `id`, or stop one" in problem.message
        assert not resting.connected
        connections = one.connections + other.connections
        await resting.until(lambda: not resting.resting)
        assert one.connections + other.connections - connections <= 1
        # When the rest is over, the other one is disconnected.
        await winner.until(lambda: winner.keys == {SESSION_TAKEN_OVER})
        await winner.client.stop()
        await resting.until(lambda: resting.connected)
        last = resting.client.health.last_disconnect
        assert last is not None
        assert "another bridge" in last.reason
        assert resting.keys == {SESSION_TAKEN_OVER}
        await resting.until(lambda: not resting.keys)
        assert caplog.text.count("give each bridge its own `id`") <= 2
    finally:
        await one.client.stop()
        await other.client.stop()


async def test_a_client_that_rests_can_be_stopped(broker: Broker) -> None:
    one = ClientUnderTest(broker.port)
    other = ClientUnderTest(broker.port)
    one.client.start()
    other.client.start()
    await one.until(lambda: one.resting or other.resting)
    await one.client.stop()
    await other.client.stop()


async def test_check_finds_a_bridge_with_the_same_id(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(SIMULATED, broker.port)
        listener.wait(online)
    same = config(tmp_path, SIMULATED, port=broker.port)
    *_, result = await check(same)
    assert result.failed
    assert result.message.startswith(
        "another bridge with the id `bedroom` is online, and it does not use this journal; give"
    )
    assert not any(result.failed for result in await check(same, bridge_running=True))
    assert not any(result.failed for result in await check(replace(same, bridge="kitchen")))


def test_why_there_was_no_connection_is_published_with_the_next_one(
    tmp_path: Path, start_bridge: StartBridge
) -> None:
    port = free_port()
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    program = mosquitto(tmp_path, port, f"password_file {passwords}", "allow_anonymous false")
    text = settings(ANKLE, port=port, more=listen_on(free_port()))
    try:
        bridge = start_bridge(
            text.replace(f"port: {port}}}", f"port: {port}, user: limber, password: hush-hush}}")
        )
        wait_for(lambda: "refuses the connection: Not authorized" in bridge.log.read_text())
        subprocess.run(
            [need("mosquitto_passwd"), "-b", passwords, "limber", "hush-hush"], check=True
        )
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "connected to the broker" in bridge.log.read_text())
        with Listener(port, user="limber", password="hush-hush") as listener:
            absence = listener.on(STATE).json["bridge"]["broker"]["last_disconnect"]
        assert absence["reason"].startswith(
            "the broker refuses the connection: Not authorized; check `user`"
        )
        assert absence["start"] < absence["end"]
        assert "hush-hush" not in bridge.log.read_text()
    finally:
        program.stop()


async def test_a_broker_that_requires_a_client_certificate(tmp_path: Path) -> None:
    port = free_port()
    write_certificates(tmp_path)
    files = (
        f"cafile {tmp_path}/authority.pem",
        f"certfile {tmp_path}/broker.pem",
        f"keyfile {tmp_path}/broker.key",
    )
    required = ("require_certificate true", "use_identity_as_username true")
    program = mosquitto(tmp_path, port, *files, *required)
    own = ", client_certificate: bridge.pem, client_key: bridge.key"
    try:
        with_own = tls_config(tmp_path, port, f"ca_certificate: authority.pem{own}")
        results = await check(with_own)
        assert not any(result.failed for result in results)
        without = tls_config(tmp_path, port, "ca_certificate: authority.pem")
        (result,) = await check(without)
        assert result.failed
        assert result.message.endswith(
            "whether it requires `tls`, or a client certificate under `tls`"
        )
        connected = asyncio.Event()
        client = MqttClient(
            with_own.broker, TOPICS, lambda *_: None, connected.set, lambda: time.time_ns() // 1000
        )
        client.start()
        async with asyncio.timeout(WAIT_S):
            await connected.wait()
        await client.stop()
    finally:
        program.stop()


def tls_config(folder: Path, port: int, tls: str) -> Config:
    """A configuration with these settings under `tls`."""
    text = settings(SIMULATED, port=port).replace(
        f"port: {port}}}", f"port: {port}, tls: {{{tls}}}}}"
    )
    (folder / "limber.yaml").write_text(text)
    return load_config(folder / "limber.yaml")


def test_retained_topics_of_a_removed_sleeper_are_cleared(
    broker: Broker, start_bridge: StartBridge
) -> None:
    sensor = ANKLE.replace("network", "simulated")
    bob = f"sleepers:\n  - {{id: bob, name: Bob, sensors: [{sensor}]}}\n"
    two = settings(SIMULATED, port=broker.port).replace("sleepers:\n", bob)
    with Listener(broker.port) as listener:
        bridge = start_bridge(two)
        listener.wait(online)
        listener.on("limber/bedroom/bob/state")
        bridge.stop()
        since = len(listener.heard)
        start_bridge(settings(SIMULATED, port=broker.port))
        gone = listener.wait(
            lambda one: one.topic == "limber/bedroom/bob/state" and not one.payload, since=since
        )
        assert gone.payload == b""
        listener.wait(online, since=since)
    with Listener(broker.port) as late:
        late.on(INFO)
        late.on(STATUS)
        assert "limber/bedroom/bob/state" not in {message.topic for message in late.heard}


def test_a_broker_that_hangs_loses_nothing_of_the_recording(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    """A stopped process keeps its connections open: messages wait, and the recording goes on."""
    web = free_port()
    with Listener(broker.port) as listener:
        bridge = start_bridge(played(tmp_path, seconds=600, speed=20), broker.port, web_on(web))
        listener.wait(online)
    broker.program.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: health(web)["bridge"]["broker"]["pending"] >= 3)
    broker.program.process.send_signal(signal.SIGCONT)
    wait_for(lambda: not health(web)["bridge"]["broker"]["pending"])
    with Listener(broker.port) as listener:
        tonight = listener.wait(has_movements(1)).json["tonight"]
        events = listener.request(command="events", night=tonight["night"])["events"]
    movements = [event for event in events if event["kind"] == "movement"]
    assert len(movements) >= tonight["measures"]["movements"]
    assert bridge.runs


def test_the_text_of_an_error_has_no_error_numbers() -> None:
    assert error_text(ConnectionRefusedError(111, "Connection refused")) == "Connection refused"
    assert error_text(ssl.SSLError(1, "handshake failed")) == "handshake failed"
    assert error_text(TimeoutError("timed out")) == "timed out"
