"""`limber run` as a process with a real broker: what it publishes, and what it survives."""

import asyncio
import json
import os
import resource
import subprocess
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from devtools.broker import wait_for_port
from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import free_port, start
from limber_bridge.detection.signal import Placement, Quantity, SampleBlock, SampleClock, Side
from limber_bridge.domain.recording import column_names
from limber_bridge.offline.simulate import SimulateOptions, simulate_night
from limber_bridge.recordings.csv import write_csv
from limber_bridge.simulation.plan import NightSpec
from limber_bridge.storage.journal import Journal
from tests.bridge.certificates import write_certificates
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import night as example_night
from tests.bridge.examples import settings
from tests.bridge.listener import Listener, Message
from tests.bridge.sending_devices import Device, sending
from tests.required_programs import need

ANKLE = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
PLAYED = (
    "{{id: 1, source: recording, path: {path}, speed: {speed}, placement: ankle, side: left, "
    "quantity: acceleration}}"
)
STATUS, INFO, STATE, EVENT = (
    f"limber/bedroom/{name}" for name in ("status", "info", "anna/state", "anna/event")
)


def listen_on(port: int) -> str:
    return f"network: {{address: 127.0.0.1, port: {port}}}\n"


def online(message: Message) -> bool:
    return message.topic == STATUS and message.payload == b"online"


def recorded(folder: Path, seconds: float) -> Path:
    """Write a recording of a leg that kicks for 2 s every 12 s, first after 4 s."""
    kicks = [(4.0 + 12.0 * number, 2.0) for number in range(round(seconds / 12))]
    block = SampleBlock(0, leg(0, seconds, kicks), SampleClock(0, 0, 50.0), 50.0)
    names = column_names(Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
    write_csv(folder / "kicks.csv", Quantity.ACCELERATION, names, [block])
    return folder / "kicks.csv"


def played(folder: Path, *, seconds: float, speed: float) -> str:
    """Return the settings of a sensor that plays such a recording."""
    return PLAYED.format(path=recorded(folder, seconds), speed=speed)


def has_movements(count: int) -> Callable[[Message], bool]:
    """Return a check for a state with at least this number of movements tonight."""
    return lambda one: (
        one.topic == STATE and (one.json["tonight"]["measures"]["movements"] or 0) >= count
    )


def test_the_start_publishes_everything_and_online_last(
    broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        topics = [
            message.topic for message in listener.heard if message.topic in (STATUS, INFO, STATE)
        ]
        assert topics == [INFO, STATE, STATUS]
    with Listener(broker.port) as late:
        assert late.on(INFO).retained
        assert late.on(INFO).json["sleepers"][0]["sensors"][0]["placement"] == "ankle"
        assert late.on(STATE).json["sensors"]["1"]["connected"] is False
        assert late.on(STATUS).payload == b"online"


def test_a_killed_bridge_is_offline_by_its_last_will(
    broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        bridge.kill()
        listener.wait(lambda one: one.topic == STATUS and one.payload == b"offline")


def test_a_stopped_bridge_publishes_offline_and_exits_with_0(
    broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        bridge.stop()
        assert bridge.process.returncode == 0
        listener.wait(lambda one: one.topic == STATUS and one.payload == b"offline")
    with Listener(broker.port, STATUS) as late:
        assert late.on(STATUS).payload == b"offline"
    assert "Traceback" not in bridge.log.read_text()


def test_a_broker_that_restarts_empty_gets_everything_again(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    """No kick is missing in the counts: there is one every 0.6 s, also while there is no broker."""
    with Listener(broker.port) as listener:
        bridge = start_bridge(played(tmp_path, seconds=600, speed=20), broker.port)
        listener.wait(has_movements(3))
    broker.program.kill()
    wait_for(lambda: "disconnected from the broker" in bridge.log.read_text())
    broker.start()
    with Listener(broker.port) as listener:
        listener.wait(online)
        assert listener.on(INFO).json["bridge"] == "bedroom"
        counted = listener.wait(has_movements(6)).json["tonight"]["measures"]["movements"]
        listener.wait(lambda one: one.topic == EVENT and one.json["kind"] == "movement")
        night = listener.on(STATE).json["tonight"]["night"]
        events = listener.request(command="events", night=night)["events"]
        assert len([event for event in events if event["kind"] == "movement"]) >= counted
    assert bridge.runs


def test_everything_is_published_again_when_home_assistant_starts(
    broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        since = len(listener.heard)
        listener.publish("homeassistant/status", "online")
        listener.on(INFO, since=since)
        listener.on(STATE, since=since)


def test_periodic_kicks_are_a_series(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(played(tmp_path, seconds=72, speed=30), broker.port)
        series = listener.wait(lambda one: one.topic == EVENT and one.json["kind"] == "series").json
        assert (series["movements"], series["ended"]) == (4, False)
        listener.wait(
            lambda one: one.topic == STATE and one.json["tonight"]["measures"]["plm"] == 6
        )
        info = listener.wait(
            lambda one: one.topic == INFO and bool(one.json["sleepers"][0]["sensors"][0]["rate"])
        )
        assert info.json["sleepers"][0]["sensors"][0]["rate"] == pytest.approx(50.0)


def test_a_killed_bridge_continues_a_series(broker: Broker, start_bridge: StartBridge) -> None:
    """In real time, as the clocks of the device and of the host go on while the bridge is off."""
    port = free_port()
    sensor = AnkleSensor()
    kicks = [(3.0, 1.5), (13.5, 1.5)]

    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online)
        started = time.monotonic()

        def send_until(second: float) -> None:
            while (at := sensor.sequence / sensor.rate) < second:
                time.sleep(max(0.0, started + at + 0.5 - time.monotonic()))
                send(port, sensor.frame(leg(at, 0.5, kicks)))

        send_until(16)
        listener.wait(has_movements(2))
        bridge.kill()
        since = len(listener.heard)
        start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online, since=since)
        # What the device measured meanwhile is lost.
        missed = round(2 * (time.monotonic() - started)) / 2
        sensor.sequence = round(missed * sensor.rate)
        third = max(24.0, missed + 1)
        kicks += [(third, 1.5), (third + 10.5, 1.5)]
        send_until(third + 13)
        state = listener.wait(has_movements(4), since=since)
        assert state.json["tonight"]["measures"]["movements"] == 4
        assert state.json["tonight"]["measures"]["plm"] == 4
        live = [one.json for one in listener.heard if one.topic == EVENT]
        assert len({event["id"] for event in live if event["kind"] == "movement"}) == 4
        night = state.json["tonight"]["night"]
        stored = listener.request(command="events", night=night)["events"]
        assert [event["kind"] for event in stored].count("gap") == 1


def test_requests_are_answered(tmp_path: Path, broker: Broker, start_bridge: StartBridge) -> None:
    with Listener(broker.port) as listener:
        start_bridge(played(tmp_path, seconds=3600, speed=10), broker.port)
        night = listener.wait(has_movements(3)).json["tonight"]["night"]
        found = listener.request(command="events", night=night)
        assert [event["kind"] for event in found["events"]][:3] == ["movement"] * 3
        assert found["next"] is None
        asked = listener.request(command="nights")
        assert (asked["ok"], asked["nights"], asked["next"]) == (True, [], None)
        assert listener.request(command="end_night")["ok"] is True
        (ended,) = listener.request(command="nights")["nights"]
        assert (ended["night"], ended["revision"]) == (night, 1)
        assert ended["measures"]["movements"] >= 3
        assert listener.request(command="nights", sleeper="bob")["error"] == "unknown_sleeper"
        assert listener.request(command="nights", v=2)["error"] == "unsupported_version"
        assert listener.request(command="dance")["error"] == "unknown_command"
        assert listener.request(command="events", night="tomorrow")["error"] == "malformed"
        assert listener.request(command="events", night=night, after=2**63)["error"] == "malformed"
        assert listener.request(command="end_night")["error"] == "nothing_to_end"


def test_a_retained_request_is_ignored(broker: Broker, start_bridge: StartBridge) -> None:
    """It would be executed again at every connection."""
    request = {
        "v": 1,
        "id": "x",
        "command": "end_night",
        "sleeper": "anna",
        "reply_to": "limber/bedroom/response/me",
    }
    with Listener(broker.port) as listener:
        listener.publish("limber/bedroom/request", json.dumps(request), retain=True)
        bridge = start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        assert listener.request(command="nights")["ok"] is True
        assert not [one for one in listener.heard if one.topic == "limber/bedroom/response/me"]
    assert "was ignored; clear the topic" in bridge.log.read_text()


def test_a_request_without_an_id_is_refused(broker: Broker, start_bridge: StartBridge) -> None:
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        reply = "limber/bedroom/response/me"
        listener.publish(
            "limber/bedroom/request",
            json.dumps({"command": "nights", "sleeper": "anna", "reply_to": reply}),
        )
        answer = listener.wait(lambda one: one.topic == reply).json
        assert (answer["ok"], answer["id"], answer["error"]) == (False, None, "malformed")


def test_a_wrong_password_does_not_cause_a_fallback_to_mqtt_3(
    tmp_path: Path, start_bridge: StartBridge
) -> None:
    need("mosquitto")
    (tmp_path / "passwords").write_text("")
    port = free_port()
    conf = tmp_path / "m.conf"
    conf.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\n"
        f"password_file {tmp_path}/passwords\nuser root\n"
    )
    mosquitto = start("broker", [need("mosquitto"), "-c", conf], tmp_path / "m.log")
    try:
        wait_for_port(mosquitto, port)
        bridge = start_bridge(ANKLE, port, listen_on(free_port()))
        wait_for(lambda: mosquitto.log.read_text().count("not authori") >= 4)
    finally:
        mosquitto.stop()
    log = bridge.log.read_text()
    assert "refuses the connection: Not authorized" in log
    assert "3.1.1" not in log


def wait_for(met: Callable[[], bool], patience: float = 30.0) -> None:
    """Wait until a condition is met."""
    until = time.monotonic() + patience
    while not met():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)


def test_responses_go_only_to_response_topics_of_the_bridge(
    broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        request = {"v": 1, "id": "x", "command": "nights", "sleeper": "anna"}
        for reply in (
            "home/door/open",
            "limber/bedroom/response/",
            "limber/bedroom/response/#",
            "limber/bedroom/status",
        ):
            listener.publish("limber/bedroom/request", json.dumps(request | {"reply_to": reply}))
        listener.publish("limber/bedroom/request", b"\xff{no json")
        # Not UTF-8 in a field that is only read after the kind of request is known; found by
        # script/fuzz.
        broken = json.dumps(
            request | {"reply_to": "limber/bedroom/response/me", "sleeper": "@"}
        ).encode()
        listener.publish("limber/bedroom/request", broken.replace(b"@", b"\xcb\xc9"))
        assert listener.request(command="nights")["ok"] is True
        assert not [one for one in listener.heard if one.topic == "home/door/open"]
    assert bridge.log.read_text().count("malformed request") == 1


def test_frame_errors_are_in_the_health_and_logged_once(
    broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    good = AnkleSensor()
    forged = AnkleSensor(key=b"not the key")
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online)
        for _ in range(20):
            send(port, good.frame(leg(0, 0.5, [])), forged.frame(leg(0, 0.5, [])), b"rubbish")
        state = listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["1"]["refused"] == 20
        ).json
        assert state["sensors"]["1"]["problem"] == "wrong_key"
        assert state["sensors"]["1"]["connected"] is True
    log = bridge.log.read_text()
    assert log.count("the sensor signs its frames: add its `key` to limber.yaml") == 1
    assert log.count("7 bytes that are not a Limber frame") == 1


@pytest.mark.parametrize("seed", [1])
def test_a_simulated_night_has_its_true_index(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge, seed: int
) -> None:
    simulate_night(
        SimulateOptions(
            out=tmp_path / "night.csv",
            spec=NightSpec(plm_index=25),
            seed=seed,
            sensor="ankle",
            rate=50.0,
        )
    )
    truth = json.loads((tmp_path / "night.truth.json").read_text())["measures"]
    with Listener(broker.port) as listener:
        start_bridge(PLAYED.format(path=tmp_path / "night.csv", speed=100_000), broker.port)
        done = listener.wait(
            lambda one: one.topic == EVENT and one.json["kind"] == "night", patience=60
        )
        since = listener.heard.index(done)
        state = listener.wait(
            lambda one: one.topic == STATE and one.json["last_night"] is not None, since=since
        ).json
    measures = state["last_night"]["measures"]
    assert measures["plm_index"] == pytest.approx(truth["plm_index"], rel=0.10)
    assert state["sensors"]["1"]["problem"] == "ended"


def test_a_broker_without_mqtt_5(tmp_path: Path, start_bridge: StartBridge) -> None:
    port = free_port()
    python = Path(need("limber")).with_name("python")
    broker = start("amqtt", [python, "-m", "devtools.broker", str(port)], tmp_path / "amqtt.log")
    try:
        wait_for_port(broker, port)
        bridge = start_bridge(ANKLE, port, listen_on(free_port()))
        end = time.monotonic() + 30
        while "connected to the broker" not in bridge.log.read_text() and time.monotonic() < end:
            time.sleep(0.05)
        log = bridge.log.read_text()
        assert "continuing with MQTT 3.1.1" in log
        assert f"127.0.0.1:{port} with MQTT 3.1.1" in log
    finally:
        broker.stop()


def test_a_refused_publication_is_logged_with_the_remedy(
    tmp_path: Path, start_bridge: StartBridge
) -> None:
    port = free_port()
    (tmp_path / "acl").write_text("topic read #\n")
    conf = tmp_path / "broker.conf"
    # Started by root it would become another user, who may not read the folder.
    user = "user root\n" if os.geteuid() == 0 else ""
    conf.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nacl_file {tmp_path}/acl\n{user}"
    )
    broker = start("mosquitto", [need("mosquitto"), "-c", conf], tmp_path / "broker.log")
    try:
        wait_for_port(broker, port)
        bridge = start_bridge(ANKLE, port, listen_on(free_port()))
        end = time.monotonic() + 60
        while "refuses messages to" not in bridge.log.read_text() and time.monotonic() < end:
            time.sleep(0.05)
        assert "allow the bridge's user to publish to limber/bedroom/#" in bridge.log.read_text()
    finally:
        broker.stop()


def test_tls_with_a_private_authority_and_a_password_from_a_file(tmp_path: Path) -> None:
    port = free_port()
    passwords = tmp_path / "passwords"
    conf = tmp_path / "broker.conf"
    write_certificates(tmp_path)
    subprocess.run(
        [need("mosquitto_passwd"), "-b", "-c", passwords, "limber", "secret"], check=True
    )
    user = "user root\n" if os.geteuid() == 0 else ""
    conf.write_text(
        f"listener {port} 127.0.0.1\npassword_file {passwords}\n"
        f"cafile {tmp_path}/authority.pem\ncertfile {tmp_path}/broker.pem\n"
        f"keyfile {tmp_path}/broker.key\n{user}"
    )
    (tmp_path / "secret").write_text("secret\n")
    (tmp_path / "secret").chmod(0o600)
    simulated = "{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration}"
    text = settings(simulated, port=port)
    secured = "user: limber, password: !file secret, tls: {ca_certificate: authority.pem}}"
    broker = start("mosquitto", [need("mosquitto"), "-c", conf], tmp_path / "broker.log")
    try:
        wait_for_port(broker, port)
        for options, status, expected in (
            (secured, 0, "broker: messages below limber/bedroom/ are accepted and delivered"),
            (
                secured.replace("!file secret", "wrong"),
                1,
                "check `user` and `password` under `broker`",
            ),
            ("tls: true}", 1, "check `tls` and `port` under `broker`"),
        ):
            (tmp_path / "limber.yaml").write_text(
                text.replace(f"port: {port}}}", f"port: {port}, {options}")
            )
            (tmp_path / "limber.yaml").chmod(0o600)
            ended = command("check", "--seconds", "1", cwd=tmp_path)
            assert (ended.returncode, expected in ended.stdout) == (status, True), (
                ended.stdout + ended.stderr
            )
    finally:
        broker.stop()


def test_a_missing_broker_is_logged_once_and_does_not_stop_the_recording(
    tmp_path: Path, start_bridge: StartBridge
) -> None:
    bridge = start_bridge(played(tmp_path, seconds=72, speed=100), free_port())
    end = time.monotonic() + 30
    while "finished" not in bridge.log.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    bridge.stop()
    assert bridge.log.read_text().count("no broker at") == 1
    with Journal(tmp_path / "limber.db") as journal:
        night = journal.last_night("anna")
    assert night is not None
    assert night.measures.movements == 6


def command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [need("limber"), *words], cwd=cwd, capture_output=True, text=True, timeout=180, check=False
    )


def test_a_wrong_configuration_exits_with_2_and_a_line_per_error(tmp_path: Path) -> None:
    text = settings(ANKLE, port=1).replace("Europe/Berlin", "Mars").replace("host:", "hots:")
    (tmp_path / "limber.yaml").write_text(text)
    for name in ("run", "check"):
        ended = command(name, cwd=tmp_path)
        assert ended.returncode == 2
        lines = ended.stderr.splitlines()
        assert len(lines) == 4
        assert all(line.startswith("limber.yaml:") for line in lines)


def test_a_second_bridge_with_the_same_journal_exits(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
    ended = command("run", cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith(
        "limber.db: another Limber bridge uses this journal; stop it first"
    )


def test_check_reports_what_works_and_what_to_do(tmp_path: Path, broker: Broker) -> None:
    simulated = "{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration}"
    text = settings(f"{ANKLE}\n{simulated}", port=broker.port, more=listen_on(free_port()))
    (tmp_path / "limber.yaml").write_text(text)
    ended = command("check", "--seconds", "1", cwd=tmp_path)
    assert ended.returncode == 1
    # On a busy machine, a note says that samples arrive late.
    lines = [line for line in ended.stdout.splitlines() if not line.startswith("note")]
    assert [line.split()[0] for line in lines] == ["ok", "ok", "ok", "ok", "ok", "FAILED", "ok"]
    assert lines[3].endswith("connected with MQTT 5")
    assert (
        "no samples in 1 s; check its power, its network, and the address it sends to" in lines[5]
    )
    assert "sensor 2 (Anna, right ankle, simulated): acceleration at 50 Hz" in lines[6]


def test_check_exits_with_0_if_everything_works(tmp_path: Path, broker: Broker) -> None:
    port = free_port()
    (tmp_path / "limber.yaml").write_text(settings(ANKLE, port=broker.port, more=listen_on(port)))

    async def sending() -> None:
        sensor = AnkleSensor()
        while True:
            send(port, sensor.frame(leg(sensor.sequence / 50, 0.1, [])))
            await asyncio.sleep(0.1)

    async def checking() -> subprocess.CompletedProcess[str]:
        sender = asyncio.create_task(sending())
        try:
            return await asyncio.to_thread(command, "check", "--seconds", "4", cwd=tmp_path)
        finally:
            sender.cancel()

    ended = asyncio.run(checking())
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "sensor 1 (Anna, left ankle, network): acceleration at " in ended.stdout
    assert "gravity 1.00 g, no loss" in ended.stdout


def test_check_asks_a_bridge_that_runs(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online)
        ended = command("check", "--seconds", "1", cwd=tmp_path)
        assert ended.returncode == 1
        assert "journal limber.db: in use by a running bridge" in ended.stdout
        assert "the running bridge receives no samples" in ended.stdout
        with sending(port, {1: Device()}):
            listener.wait(lambda one: one.topic == STATE and one.json["sensors"]["1"]["connected"])
            ended = command("check", "--seconds", "1", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "sensor 1 (Anna, left ankle, network): acceleration at" in ended.stdout


def test_check_says_what_a_bridge_that_runs_refuses_and_what_is_over(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    recording = played(tmp_path, seconds=12, speed=1000).replace("id: 1", "id: 2")
    sensors = f"{ANKLE.replace('left', 'right')}\n{recording}"
    with Listener(broker.port) as listener:
        start_bridge(sensors, broker.port, listen_on(port))
        listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["2"]["problem"] == "ended"
        )
        send(port, AnkleSensor(key=b"another key").frame(leg(0, 0.5, [])))
        listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["1"]["problem"] == "wrong_key"
        )
        lines = command("check", "--seconds", "1", cwd=tmp_path).stdout.splitlines()
        refused = (
            "the running bridge refuses its frames (wrong_key); enter the same `key` in the sensor"
        )
        assert refused in lines[-2]
        assert (
            lines[-1] == "ok      sensor 2 (Anna, left ankle, recording): the recording has ended"
        )
        broker.program.stop()
        failed = [
            line
            for line in command("check", "--seconds", "1", cwd=tmp_path).stdout.splitlines()
            if line.startswith("FAILED")
        ]
        assert len(failed) == 1
        assert "check `host` and `port` under `broker`" in failed[0]


def test_a_sleeper_who_is_only_in_the_journal_is_reported(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        journal.save_night(example_night(date(2026, 11, 20), sleeper="annika"))
        journal.save_night(example_night(date(2026, 11, 21)))
    expected = (
        "the journal contains nights of `annika`, but limber.yaml has no sleeper with this id;"
        " if an `id` was changed, change it back to see these nights again"
    )
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(free_port()))
        state = listener.on(STATE).json
        assert state["journal"]["unconfigured_sleepers"] == ["annika"]
        assert bridge.log.read_text().count(expected) == 1
    ended = command("check", "--seconds", "1", cwd=tmp_path)
    assert f"note    {expected}" in ended.stdout.splitlines()


def test_check_of_a_damaged_journal_changes_nothing(tmp_path: Path, broker: Broker) -> None:
    (tmp_path / "limber.yaml").write_text(
        settings(ANKLE.replace("network", "simulated"), port=broker.port)
    )
    Journal(tmp_path / "limber.db").close()
    data = bytearray((tmp_path / "limber.db").read_bytes())
    data[4096:8192] = b"\xa5" * 4096
    (tmp_path / "limber.db").write_bytes(data)
    ended = command("check", "--seconds", "1", cwd=tmp_path)
    assert ended.returncode == 1
    assert "start the bridge, which repairs it, or sets it aside" in ended.stdout
    assert (tmp_path / "limber.db").read_bytes() == bytes(data)


def test_a_full_disk_stops_neither_the_detection_nor_live_events(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    """Movements are published live, and are in the journal once the disk has room again."""
    with Listener(broker.port) as listener:
        bridge = start_bridge(played(tmp_path, seconds=1200, speed=20), broker.port)
        listener.wait(has_movements(2))
        resource.prlimit(bridge.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        failing = listener.wait(lambda one: one.topic == STATE and not one.json["recording"])
        assert failing.json["journal"]["problem"] == "disk_error"
        since = len(listener.heard)
        live = listener.wait(
            lambda one: one.topic == EVENT and one.json["kind"] == "movement", since=since
        ).json["id"]
        limit = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(bridge.process.pid, resource.RLIMIT_FSIZE, limit)
        since = len(listener.heard)
        state = listener.wait(
            lambda one: one.topic == STATE and one.json["recording"], since=since
        ).json
        events = listener.request(command="events", night=state["tonight"]["night"])["events"]
        assert live in [event["id"] for event in events]
    log = bridge.log.read_text()
    # The line about the failure did not fit into the log file either.
    assert log.count("recording again") == 1


def test_other_users_cannot_read_what_the_bridge_writes(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    """Journal, lock, backup and raw signal."""
    port = free_port()
    sensor = AnkleSensor()
    files = tmp_path / "limber-raw"
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online)
        for second in range(3):
            send(port, sensor.frame(leg(second / 2, 0.5, [])))
        wait_for(
            lambda: any(files.glob("anna-*.db")) and any((tmp_path / "limber-backups").glob("*.db"))
        )
        wait_for(lambda: next(files.glob("anna-*.db")).stat().st_size > 0)
        written = [
            *tmp_path.glob("limber.db*"),
            *tmp_path.glob("limber-*/*"),
            *tmp_path.glob("limber-*/"),
        ]
        modes = {path.name: oct(path.stat().st_mode & 0o077) for path in written}
    assert {"limber.db", "limber.db.lock", "limber-raw", "limber-backups"} <= set(modes)
    assert set(modes.values()) == {"0o0"}, modes


def test_check_without_a_broker(tmp_path: Path) -> None:
    (tmp_path / "limber.yaml").write_text(
        settings(ANKLE.replace("network", "simulated"), port=free_port())
    )
    ended = command("check", "--seconds", "1", cwd=tmp_path)
    assert ended.returncode == 1
    assert "check `host` and `port` under `broker`" in ended.stdout


def test_simulate_refuses_impossible_options(tmp_path: Path) -> None:
    for words in (("--hours", "99"), ("--out", "n.wav"), ("--plm-index", "-1"), ("--rate", "1")):
        ended = command("simulate", "--out", str(tmp_path / "n.csv"), *words, cwd=tmp_path)
        assert ended.returncode == 2
        assert len(ended.stderr.splitlines()) == 1
