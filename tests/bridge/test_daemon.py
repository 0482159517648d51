"""`limber run` as a process with a real broker: what it publishes, and what it survives."""

import json
import resource
import time
from pathlib import Path

import pytest

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import free_port
from limber_bridge.offline.simulate import SimulateOptions, simulate_night
from limber_bridge.simulation.plan import NightSpec
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import (
    ANKLE,
    EVENT,
    INFO,
    PLAYED,
    STATE,
    STATUS,
    has_movements,
    listen_on,
    online,
    played,
    wait_for,
)

pytestmark = pytest.mark.real_time


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


@pytest.mark.takes(38)
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
        # What the device measured meanwhile is lost: at least two seconds, however quick the start.
        missed = round(2 * max(time.monotonic() - started, 18.5)) / 2
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
        # The sensor sends, so that these frames are someone else's.
        assert state["sensors"]["1"]["problem"] is None
        assert state["sensors"]["1"]["error_counts"] == {"wrong_key": 20}
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
