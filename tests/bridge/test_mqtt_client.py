"""The connection to a real broker, and everything that can be wrong with it."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from devtools.processes import LOOPBACK, Program, free_port
from limber_bridge.config.model import Broker as Settings
from limber_bridge.daemon import check
from limber_bridge.daemon import mqtt_client as mqtt
from limber_bridge.daemon.mqtt_client import (
    AWAY,
    NO_ECHO,
    REFUSED_PUBLISH,
    TAKEN_OVER,
    Heartbeat,
    MqttClient,
)
from limber_bridge.protocol.encoding import Topics
from tests.bridge.certificates import write_certificates
from tests.bridge.conftest import Broker, StartBridge, mosquitto
from tests.bridge.examples import settings
from tests.bridge.listener import Listener, Message
from tests.bridge.test_daemon import (
    ANKLE,
    EVENT,
    INFO,
    STATE,
    STATUS,
    command,
    listen_on,
    online,
    played,
    wait_for,
)
from tests.required_programs import need

TOPICS = Topics("limber", "bedroom")
QUICK = Heartbeat(every=0.1, patience=0.8)
SIMULATED = "{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration}"


class Linked:
    """A link, and how often it has greeted."""

    def __init__(self, port: int, heartbeat: Heartbeat) -> None:
        self.greetings = 0
        broker = Settings(LOOPBACK, port, None, None, None, "limber")
        self.link = MqttClient(
            broker, TOPICS, lambda *_: None, lambda: time.time_ns() // 1000, heartbeat
        )
        self.link.greet = self._greet

    def _greet(self) -> None:
        self.greetings += 1
        self.link.greeted([TOPICS.status], [])

    async def until(self, met: Callable[[], bool]) -> None:
        end = time.monotonic() + 15
        while not met():
            assert time.monotonic() < end, "not in time"
            await asyncio.sleep(0.02)


@asynccontextmanager
async def linked(port: int, heartbeat: Heartbeat = QUICK) -> AsyncIterator[Linked]:
    """A link that has greeted."""
    found = Linked(port, heartbeat)
    found.link.start()
    try:
        await found.until(lambda: found.greetings == 1)
        yield found
    finally:
        await found.link.stop()


class Valve:
    """A way to a broker that can be shut: connections stay, and nothing comes through any more."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._to = port
        self._ways: set[asyncio.Task[None]] = set()
        self._ends: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.shut()
        for end in self._ends:
            end.transport.abort()
        await asyncio.sleep(0)

    def shut(self) -> None:
        """Let nothing more through what is connected now."""
        for way in self._ways:
            way.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(LOOPBACK, self._to)
        self._ends += [writer, back]
        for source, target in ((reader, back), (there, writer)):
            self._ways.add(asyncio.create_task(self._carry(source, target)))

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(4096):
                target.write(data)
            target.close()


async def test_a_connection_that_stands_and_carries_nothing_is_made_anew(broker: Broker) -> None:
    async with Valve(broker.port) as valve, linked(valve.port) as found:
        valve.shut()
        await found.until(lambda: found.greetings == 2)
        await found.until(lambda: not found.link.problems)
        assert found.link.health.last_disconnect is not None
        assert found.link.health.last_disconnect.reason == "nothing came back from it"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_client_that_died_is_made_anew(broker: Broker) -> None:
    """paho's thread ends at an exception in a callback, and the client goes on saying that it is
    connected."""

    def broken(*_: object) -> None:
        raise RuntimeError("as a bug would")

    async with linked(broker.port) as found:
        assert found.link._client is not None
        found.link._client.on_publish = broken
        await found.until(lambda: found.greetings == 2)
        await found.until(lambda: not found.link.problems)


async def test_a_broker_that_was_only_slow_is_spoken_to_in_mqtt_5_again(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is silent 3.1.1 is tried, as some choke on 5; but then none of the two is believed
    for good."""
    monkeypatch.setattr(mqtt, "ANSWER", 0.3)
    found = Linked(broker.port, Heartbeat())
    broker.program.process.send_signal(signal.SIGSTOP)
    found.link.start()
    try:
        for version in ("MQTT 3.1.1", "MQTT 5", "MQTT 3.1.1"):
            await found.until(lambda version=version: found.link.version == version)  # type: ignore[misc]
        broker.program.process.send_signal(signal.SIGCONT)
        await found.until(lambda: found.link.health.connected)
        broker.program.kill()
        await found.until(lambda: not found.link.health.connected)
        monkeypatch.setattr(mqtt, "ANSWER", 5.0)
        broker.start()
        await found.until(lambda: found.link.health.connected)
        assert found.link.version == "MQTT 5"
    finally:
        broker.program.process.send_signal(signal.SIGCONT)
        await found.link.stop()


async def test_an_answer_that_was_refused_is_no_trouble_for_ever(tmp_path: Path) -> None:
    """Whoever asked for it may never come again: an answer to anybody shows that the right is
    there."""
    port = free_port()
    answers = f"{TOPICS.root}/response"
    (tmp_path / "acl").write_text(f"topic readwrite {TOPICS.status}\ntopic read {TOPICS.request}\n")
    program = mosquitto(tmp_path, port, "allow_anonymous true", f"acl_file {tmp_path}/acl")
    try:
        async with linked(port) as found:
            for number in range(20):
                found.link.publish(f"{answers}/{number}", b"{}", retain=False)
            await found.until(lambda: REFUSED_PUBLISH in {one.key for one in found.link.problems})
            await found.until(lambda: not found.link.health.pending)
            assert found.link._refused_topics == {f"{answers}/#"}
            (tmp_path / "acl").write_text("topic readwrite limber/bedroom/#\n")
            program.process.send_signal(signal.SIGHUP)

            def mended() -> bool:
                found.link.publish(f"{answers}/another", b"{}", retain=False)
                return not found.link.problems

            await found.until(mended)
    finally:
        program.stop()


async def test_a_connection_that_is_only_quiet_stays(broker: Broker) -> None:
    async with linked(broker.port) as found:
        await asyncio.sleep(3 * QUICK.patience)
        assert (found.greetings, found.link.problems) == (1, ())


async def test_a_broker_that_hands_nothing_back_is_told(tmp_path: Path) -> None:
    """Under either protocol no error tells that the right to read is missing: only the message that
    does not come."""
    (tmp_path / "acl").write_text("topic write limber/bedroom/#\n")
    port = free_port()
    program = mosquitto(tmp_path, port, "allow_anonymous true", f"acl_file {tmp_path}/acl")
    try:
        async with linked(port) as found:
            await found.until(lambda: NO_ECHO in {one.key for one in found.link.problems})
            (tmp_path / "acl").write_text("topic readwrite limber/bedroom/#\n")
            program.process.send_signal(signal.SIGHUP)
            await found.until(lambda: found.link.health.connected and not found.link.problems)
    finally:
        program.stop()


def problems(message: Message) -> dict[str, str]:
    if message.topic != STATE or not message.payload:
        return {}
    return {one["key"]: one["message"] for one in message.json["bridge"]["problems"]}


def test_a_permission_that_is_refused_is_told_where_it_can_be(
    tmp_path: Path, start_bridge: StartBridge
) -> None:
    """Events may not be published: the state says so, until they may."""
    port = free_port()
    allowed = ("status", "info", "anna/state", "request")
    everybody = "topic read #\n" + "".join(
        f"topic readwrite limber/bedroom/{name}\n" for name in allowed
    )
    (tmp_path / "acl").write_text(everybody)
    program = mosquitto(tmp_path, port, "allow_anonymous true", f"acl_file {tmp_path}/acl")
    try:
        with Listener(port) as listener:
            bridge = start_bridge(played(tmp_path, seconds=3600, speed=30), port)
            refused = listener.wait(lambda one: REFUSED_PUBLISH in problems(one))
            text = problems(refused)[REFUSED_PUBLISH]
            assert text == (
                f"the broker refuses what is published to {EVENT}: Not authorized; "
                "let its user publish to limber/bedroom/#"
            )
            (tmp_path / "acl").write_text("topic readwrite #\n")
            program.process.send_signal(signal.SIGHUP)
            listener.wait(lambda one: one.topic == EVENT)
            since = len(listener.heard)
            listener.wait(lambda one: one.topic == STATE and not problems(one), since=since)
        assert bridge.log.read_text().count("refuses what is published") == 1
        assert bridge.log.read_text().count("takes again what is published") == 1
    finally:
        program.stop()


@pytest.mark.parametrize(
    ("allowed", "said"),
    [
        (
            "read #",
            "refuses what is published to limber/bedroom/check: Not authorized; let the bridge's user publish",
        ),
        (
            "write #",
            "takes messages but does not deliver them; let the bridge's user publish to limber/bedroom/#",
        ),
    ],
)
def test_check_tells_what_the_broker_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: str, said: str
) -> None:
    monkeypatch.setattr(check, "PATIENCE", 1.0)
    (tmp_path / "acl").write_text(f"topic {allowed}\n")
    port = free_port()
    program = mosquitto(tmp_path, port, "allow_anonymous true", f"acl_file {tmp_path}/acl")
    try:
        broker = Settings(LOOPBACK, port, None, None, None, "limber")
        connected, finding = check.try_broker(broker, TOPICS, "anna")
        assert (connected.well, finding.well) == (True, False)
        assert said in finding.text
    finally:
        program.stop()


@pytest.mark.parametrize(
    "version", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311], ids=["5", "3.1.1"]
)
async def test_two_bridges_with_one_id_leave_each_other_alone(
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    version: MQTTProtocolVersion,
) -> None:
    """The one that was thrown out rests, says why, and tells it once it is there again; at last all
    is well."""
    monkeypatch.setattr(mqtt, "REST", 2.0)
    quick = Heartbeat(every=0.2, patience=60.0)
    one = Linked(broker.port, quick)
    other = Linked(broker.port, quick)
    for each in (one, other):
        each.link._version = version
        each.link.start()
    try:
        await one.until(lambda: bool(keys(one) | keys(other)))
        thrown, there = (one, other) if keys(one) else (other, one)
        assert [problem.key for problem in thrown.link.problems] == [TAKEN_OVER]
        text = thrown.link.problems[0].message
        assert "another bridge with the id `bedroom` " in text
        assert "give each an id of its own, or stop one" in text
        assert not thrown.link.health.connected
        greetings = one.greetings + other.greetings
        await asyncio.sleep(1.0)
        assert one.greetings + other.greetings - greetings <= 1
        # When the other one comes back.
        await there.until(lambda: keys(there) == {TAKEN_OVER})
        await there.link.stop()
        await thrown.until(lambda: thrown.link.health.connected)
        assert "another bridge" in thrown.link.health.last_disconnect.reason  # type: ignore[union-attr]
        assert keys(thrown) == {TAKEN_OVER}
        await thrown.until(lambda: not keys(thrown))
        assert caplog.text.count("give each an id of its own") <= 2
    finally:
        await one.link.stop()
        await other.link.stop()


def keys(linked: Linked) -> set[str]:
    return {problem.key for problem in linked.link.problems} - {AWAY}


async def test_a_bridge_that_rests_can_be_stopped(broker: Broker) -> None:
    one = Linked(broker.port, QUICK)
    other = Linked(broker.port, QUICK)
    one.link.start()
    await one.until(lambda: one.greetings == 1)
    other.link.start()
    await one.until(lambda: TAKEN_OVER in keys(one) | keys(other))
    await one.link.stop()
    await other.link.stop()


def test_check_tells_of_a_bridge_with_the_same_id(
    broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(SIMULATED, broker.port)
        listener.wait(online)
    settings_ = Settings(LOOPBACK, broker.port, None, None, None, "limber")
    *_, finding = check.try_broker(settings_, TOPICS, "anna")
    assert not finding.well
    assert (
        "another bridge with the id `bedroom` is online, and none with this journal: give each"
        in finding.text
    )
    assert all(one.well for one in check.try_broker(settings_, TOPICS, "anna", running=True))
    other = Topics("limber", "kitchen")
    assert all(one.well for one in check.try_broker(settings_, other, "anna"))


def test_what_kept_the_bridge_away_is_told_once_it_is_there(
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


def test_a_broker_that_wants_a_certificate(tmp_path: Path, start_bridge: StartBridge) -> None:
    port = free_port()
    write_certificates(tmp_path)
    files = (
        f"cafile {tmp_path}/authority.pem",
        f"certfile {tmp_path}/broker.pem",
        f"keyfile {tmp_path}/broker.key",
    )
    program = mosquitto(
        tmp_path, port, *files, "require_certificate true", "use_identity_as_username true"
    )
    text = settings(SIMULATED, port=port)
    with_own = "tls: {ca_certificate: authority.pem, client_certificate: bridge.pem, client_key: bridge.key}}"
    try:
        for tls, status, said in (
            (with_own, 0, "broker delivers what is published under limber/bedroom"),
            ("tls: {ca_certificate: authority.pem}}", 1, "or a certificate under `tls`?"),
        ):
            (tmp_path / "limber.yaml").write_text(
                text.replace(f"port: {port}}}", f"port: {port}, {tls}")
            )
            ended = command("check", cwd=tmp_path)
            assert (ended.returncode, said in ended.stdout) == (status, True), (
                ended.stdout + ended.stderr
            )
        bridge = start_bridge(text.replace(f"port: {port}}}", f"port: {port}, {with_own}"))
        wait_for(lambda: "connected to the broker" in bridge.log.read_text())
    finally:
        program.stop()


def test_topics_of_a_sleeper_who_is_gone_are_cleared(
    broker: Broker, start_bridge: StartBridge
) -> None:
    bob = f"sleepers:\n  - {{id: bob, name: Bob, sensors: [{ANKLE.replace('network', 'simulated')}]}}\n"
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


def stopped(program: Program) -> None:
    program.process.send_signal(signal.SIGSTOP)


def test_a_broker_that_hangs_is_lost_and_found(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    """A stopped process keeps its connections: the recording goes on, and all of it is there
    afterwards."""
    with Listener(broker.port) as listener:
        bridge = start_bridge(played(tmp_path, seconds=600, speed=20), broker.port)
        listener.wait(online)
    stopped(broker.program)
    time.sleep(2)
    broker.program.process.send_signal(signal.SIGCONT)
    with Listener(broker.port) as listener:
        night = listener.on(STATE).json["tonight"]["night"]
        counted = listener.on(STATE).json["tonight"]["measures"]["movements"]
        events = listener.request(command="events", night=night)["events"]
        assert len([event for event in events if event["kind"] == "movement"]) >= counted
    assert bridge.runs
