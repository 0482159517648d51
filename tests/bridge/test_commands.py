"""Commands to a running bridge through a real broker: pause, calibrate, set, log."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import free_port
from limber_bridge.domain.nights import to_us
from limber_bridge.offline.simulate import SimulateOptions, simulate_night
from limber_bridge.simulation.plan import NightSpec
from limber_bridge.storage.raw_format import read_raw_file
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import NETWORK_SENSOR, listens_elsewhere
from tests.bridge.listener import Listener, Message
from tests.bridge.running_bridge import (
    ANKLE,
    EVENT,
    INFO,
    PLAYED,
    STATE,
    has_movements,
    listen_on,
    online,
    played,
    wait_for,
)
from tests.bridge.test_bridge_health import health, web_on

pytestmark = pytest.mark.real_time

SIMULATED = (
    "{{id: 1, source: simulated, placement: ankle, side: left, quantity: acceleration, "
    "speed: {speed}, seed: 3}}"
)


def has_fields(**wanted: object) -> Callable[[Message], bool]:
    """Return a check for a state with these fields."""
    return lambda one: one.topic == STATE and {key: one.json[key] for key in wanted} == wanted


def movements(message: Message) -> Any:
    return message.json["tonight"]["measures"]["movements"]


def events(listener: Listener, kind: str) -> list[Any]:
    """Return the live events of a kind."""
    return [one.json for one in listener.heard if one.topic == EVENT and one.json["kind"] == kind]


def test_the_bridge_lists_the_commands_it_knows(broker: Broker, start_bridge: StartBridge) -> None:
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        commands = listener.on(INFO).json["commands"]
        assert commands == [
            "nights",
            "events",
            "end_night",
            "label",
            "reset_labels",
            "pause",
            "calibrate",
            "set",
            "log",
            "bed",
            "relay",
            "diary",
            "trend",
            "effects",
            "report",
            "start_trial",
            "stop_trial",
            "answer_trial",
            "trials",
        ]
        listener.wait(online)
        for command in commands:
            assert listener.request(command=command).get("error") != "unknown_command"


class Sleeper:
    """A sleeper with a sensor that sends in real time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sensor = AnkleSensor()
        self.began = time.monotonic()

    def send(self, seconds: float) -> None:
        """Kick for 1.5 s every 4 s; what the sensor measured since the last call is lost."""
        late = round(2 * (time.monotonic() - self.began)) / 2 - 0.5
        self.sensor.sequence = max(self.sensor.sequence, round(late * self.sensor.rate))
        end = self.sensor.sequence + round(seconds * self.sensor.rate)
        kicks = [(3.0 + 4.0 * number, 1.5) for number in range(50)]
        while self.sensor.sequence < end:
            at = self.sensor.sequence / self.sensor.rate
            time.sleep(max(0.0, self.began + at + 0.5 - time.monotonic()))
            send(self.port, self.sensor.frame(leg(at, 0.5, kicks)))


@pytest.mark.takes(18)
def test_a_pause_survives_a_restart_and_is_a_gap(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    with Listener(broker.port) as listener:
        bridge = start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online)
        sleeper = Sleeper(port)
        sleeper.send(5.5)
        listener.wait(has_movements(1))
        assert listener.request(command="pause", paused=True)["ok"] is True
        paused = listener.wait(has_fields(paused=True, in_bed=None, asleep=None))
        assert movements(paused) == 1
        sleeper.send(4)
        assert listener.request(command="pause", paused=True)["ok"] is True

        bridge.kill()
        since = len(listener.heard)
        again = start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online, since=since)
        sleeper.send(1)
        still = listener.wait(
            lambda one: has_fields(paused=True)(one) and one.json["sensors"]["1"]["connected"],
            since=since,
        )
        assert (movements(still), listener.on(STATE, since=since).json["paused"]) == (1, True)

        assert listener.request(command="pause", paused=False)["ok"] is True
        listener.wait(has_fields(paused=False), since=since)
        sleeper.send(7)
        listener.wait(has_movements(2), since=since)
        (gap,) = events(listener, "gap")
        lasted = datetime.fromisoformat(gap["end"]) - datetime.fromisoformat(gap["start"])
        assert lasted.total_seconds() > 4.9
        answered = listener.request(command="events", night=gap["night"])["events"]
        assert [event["kind"] for event in answered][:3] == ["movement", "gap", "movement"]
        again.stop()
    # The raw signal of a pause is not recorded.
    (signal,) = read_raw_file(tmp_path / f"limber-raw/anna-{gap['night']}.db").signals
    times = [
        one.clock.time_of(index) for one in signal.blocks for index in range(one.first, one.end)
    ]
    begin, end = (to_us(datetime.fromisoformat(gap[key])) for key in ("start", "end"))
    assert [time for time in times if begin + 100_000 < time < end - 100_000] == []
    assert min(times) < begin < end < max(times)


def test_a_simulated_sleeper_can_be_paused(broker: Broker, start_bridge: StartBridge) -> None:
    web_port = free_port()

    def sampled() -> datetime:
        """Return the time of the last sample, measured or not."""
        return datetime.fromisoformat(health(web_port)["sleepers"]["anna"]["1"]["last_sample"])

    with Listener(broker.port) as listener:
        start_bridge(SIMULATED.format(speed=300), broker.port, web_on(web_port))
        listener.wait(has_movements(10))
        assert listener.request(command="pause", paused=True)["ok"] is True
        paused = listener.wait(has_fields(paused=True))
        since = len(listener.heard)
        started = sampled()
        wait_for(lambda: sampled() > started + timedelta(minutes=3))
        assert listener.request(command="pause", paused=False)["ok"] is True
        gap = listener.wait(
            lambda one: one.topic == EVENT and one.json["kind"] == "gap", since=since
        ).json
        more = listener.wait(has_movements(movements(paused) + 1), since=since)
        inside = [
            one for one in events(listener, "movement") if gap["start"] < one["start"] < gap["end"]
        ]
        assert (more.json["paused"], inside) == (False, [])


@pytest.mark.takes(20)
def test_a_sensor_of_home_assistant_shows_whether_the_sleeper_is_in_bed(
    broker: Broker, start_bridge: StartBridge
) -> None:
    """The clock of the client is an hour ahead, which changes nothing."""
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        ahead = datetime.now(UTC) + timedelta(hours=1)
        since = ahead - timedelta(minutes=3)
        answer = listener.request(
            command="bed", in_bed=True, since=since.isoformat(), time=ahead.isoformat()
        )
        assert answer["ok"] is True
        state = listener.wait(has_fields(in_bed=True), patience=60.0).json
        assert state["methods"]["in_bed"] == "external"
        start = datetime.fromisoformat(state["tonight"]["start"])
        assert abs(start - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_bed_request_is_refused_where_recordings_are_played(
    broker: Broker, start_bridge: StartBridge, tmp_path: Path
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(played(tmp_path, seconds=600.0, speed=10.0), broker.port)
        listener.wait(online)
        now = datetime.now(UTC).isoformat()
        answer = listener.request(command="bed", in_bed=True, since=now, time=now)
        assert (answer["ok"], answer["error"]) == (False, "played_recording")


def test_a_calibration_that_cannot_start_is_refused_with_the_remedy(
    broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online)
        refused = listener.request(command="calibrate")
        assert (refused["ok"], refused["error"]) == (False, "nothing_to_calibrate")
        assert (
            "no sensor of anna delivers samples; put it on, check its power and its network"
            in refused["message"]
        )
        Sleeper(port).send(1)
        listener.wait(lambda one: one.topic == STATE and one.json["sensors"]["1"]["connected"])
        assert listener.request(command="calibrate")["ok"] is True
        listener.wait(has_fields(calibrating=True))
        listener.request(command="pause", paused=True)
        assert listener.request(command="calibrate")["error"] == "nothing_to_calibrate"


def test_a_calibration_ends_after_a_minute(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(played(tmp_path, seconds=3600, speed=20), broker.port)
        listener.wait(has_movements(3))
        assert listener.request(command="calibrate")["ok"] is True
        listener.wait(has_fields(calibrating=True))
        since = len(listener.heard)
        over = listener.wait(has_fields(calibrating=False), since=since)
        listener.wait(has_movements(movements(over) + 2), since=since)


def test_a_sensitivity_survives_a_restart_and_is_part_of_the_night(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    sensors = played(tmp_path, seconds=3600, speed=20)
    with Listener(broker.port) as listener:
        bridge = start_bridge(sensors, broker.port)
        assert listener.on(STATE).json["sensitivity"] == 1.0
        refused = listener.request(command="set", sensitivity=2.5)
        assert refused["error"] == "malformed"
        assert (
            "`sensitivity` must be a number from 0.5 to 2.0; "
            "1.0 is the threshold of the scoring rules"
        ) in refused["message"]
        assert listener.request(command="set", sensitivity=1.5)["ok"] is True
        listener.wait(has_fields(sensitivity=1.5))
        bridge.kill()
        since = len(listener.heard)
        start_bridge(sensors, broker.port)
        assert listener.on(STATE, since=since).json["sensitivity"] == 1.5
        listener.wait(has_movements(2), since=since)
        assert listener.request(command="end_night")["ok"] is True
        (night,) = listener.request(command="nights", last=1)["nights"]
        assert night["sensitivity"] == 1.5


def test_two_medicines_at_the_same_time_are_both_kept(
    broker: Broker, start_bridge: StartBridge
) -> None:
    """Also where no time is given, and the second request comes within a moment."""
    notes = ["iron", "pramipexole", None]
    at = {"time": "2026-11-20T23:30:00+01:00"}
    with Listener(broker.port) as listener:
        start_bridge(NETWORK_SENSOR, broker.port, listens_elsewhere())
        listener.wait(lambda one: one.topic.endswith("/status") and one.payload == b"online")
        for _ in range(2):
            for note in notes:
                listener.request(command="log", factor="medicine", note=note, **at)
        kept = listener.request(command="events", night="2026-11-21")["events"]
        now = [
            listener.request(command="log", factor="medicine", note=note)["event"] for note in notes
        ]
    assert [one["note"] for one in kept] == notes
    assert len({one["id"] for one in kept}) == len(notes)
    assert len(set(now)) == len(notes)


def test_a_factor_is_published_stored_and_returned(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    sensors = played(tmp_path, seconds=3600, speed=20)
    with Listener(broker.port) as listener:
        bridge = start_bridge(sensors, broker.port)
        night = listener.wait(has_movements(1)).json["tonight"]["night"]
        before = listener.request(command="log", factor="stretching")
        assert (before["ok"], before["event"].split("-")[2]) == (True, "stretching")
        live = listener.wait(lambda one: one.topic == EVENT and one.json["kind"] == "factor").json
        assert (live["id"], live["night"], live["factor"], live["note"]) == (
            before["event"],
            night,
            "stretching",
            None,
        )
        assert abs(datetime.fromisoformat(live["known_at"]) - datetime.now(UTC)) < timedelta(
            seconds=30
        )

        for _ in range(2):
            response = listener.request(
                command="log", factor="warm_bath", time="2026-11-20T23:30:00+01:00", note="warm"
            )
            assert response["event"] == "factor-1795213800000000-warm_bath"
        (bath,) = listener.request(command="events", night="2026-11-21")["events"]
        assert (bath["start"], bath["note"], bath["known_at"]) == (
            "2026-11-20T22:30:00Z",
            "warm",
            None,
        )
        assert (
            listener.request(command="log", factor="water", time="2026-11-20T11:59:00+01:00")["ok"]
            is True
        )
        assert [
            one["factor"]
            for one in listener.request(command="events", night="2026-11-20")["events"]
        ] == ["water"]
        assert listener.request(command="nights")["nights"] == []

        bridge.kill()
        since = len(listener.heard)
        start_bridge(sensors, broker.port)
        listener.wait(has_movements(2), since=since)
        kinds = [one["kind"] for one in listener.request(command="events", night=night)["events"]]
        assert kinds.count("factor") == 1


def test_an_impossible_factor_is_refused(broker: Broker, start_bridge: StartBridge) -> None:
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        refused = listener.request(command="log", factor="water", time=ahead)
        assert (refused["error"], refused["message"]) == (
            "time_in_future",
            f"`time` {ahead} is in the future; give the time when it happened",
        )
        assert listener.request(command="log", factor="yoga")["error"] == "malformed"
        assert (
            listener.request(command="log", factor="water", time="2026-11-20T22:10:00")["error"]
            == "malformed"
        )
        assert (
            listener.request(command="log", factor="water", sleeper="bob")["error"]
            == "unknown_sleeper"
        )
        assert listener.request(command="pause")["error"] == "malformed"
        assert (
            listener.request(command="pause", paused=True, sleeper="bob")["error"]
            == "unknown_sleeper"
        )
        assert [one for one in listener.heard if one.topic == EVENT] == []


ANKLE_FIGURES = (
    "time_in_bed_h", "sleep_h", "movements", "candidates", "plm", "plm_index", "plms_index",
    "plmw_index", "periodicity_index", "series_count", "longest_quiet_h", "imi_mean", "imi_median",
    "cramps_possible",
)  # fmt: skip
"""The figures that one ankle sensor supports."""


@pytest.mark.parametrize("calf", [False, True], ids=["ankle", "ankle and calf"])
def test_a_night_has_all_figures_that_its_sensors_support(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge, *, calf: bool
) -> None:
    """In the state: tonight and last night. Probable cramps need EMG of the calf."""
    spec = NightSpec(hours=1.0, plm_index=40, cramps=1)
    sensors = PLAYED.format(path=tmp_path / "night.csv", speed=100_000)
    simulate_night(
        SimulateOptions(out=tmp_path / "night.csv", spec=spec, seed=2, sensor="ankle", calf=calf)
    )
    if calf:
        sensors += "\n" + sensors.replace("id: 1", "id: 2").replace("ankle", "calf").replace(
            "acceleration", "emg"
        )
    figures = (*ANKLE_FIGURES, "cramps_probable") if calf else ANKLE_FIGURES
    with Listener(broker.port) as listener:
        start_bridge(sensors, broker.port)
        state = listener.wait(
            lambda one: one.topic == STATE and one.json["last_night"] is not None, patience=60
        ).json
        for night in (state["tonight"], state["last_night"]):
            assert {
                key for key in figures if not isinstance(night["measures"][key], int | float)
            } == set()
            assert 10 < night["measures"]["imi_mean"] < 90
            assert night["start"] < night["end"]
        assert (state["last_night"]["measures"]["cramps_probable"] is None) is not calf


def test_tonight_starts_when_the_sleeper_goes_to_bed(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    with Listener(broker.port) as listener:
        start_bridge(SIMULATED.format(speed=100), broker.port)
        first = listener.on(STATE).json["tonight"]
        assert (first["start"], first["end"]) == (None, None)
        lying = listener.wait(has_fields(in_bed=True), patience=60).json["tonight"]
        assert lying["start"] is not None
        assert lying["end"] is None


def test_the_last_nights_can_be_requested(broker: Broker, start_bridge: StartBridge) -> None:
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, listen_on(free_port()))
        listener.wait(online)
        answer = listener.request(command="nights", last=7)
        assert (answer["ok"], answer["nights"], answer["next"]) == (True, [], None)
        assert listener.request(command="nights", last=0)["error"] == "malformed"
