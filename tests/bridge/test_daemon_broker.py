"""`limber run` and its broker: without one, after a restart of it, and with one that refuses."""

import os
import time
from pathlib import Path

import pytest

from devtools.broker import wait_for_port
from devtools.processes import free_port, start
from limber_bridge.storage.journal import Journal
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import (
    ANKLE,
    EVENT,
    INFO,
    STATE,
    has_movements,
    listen_on,
    online,
    played,
    wait_for,
)
from tests.required_programs import need

pytestmark = pytest.mark.real_time


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
