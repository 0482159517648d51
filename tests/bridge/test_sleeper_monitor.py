"""The monitor of one sleeper: nights, restarts, labels, and what is published live."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limber_bridge.config.model import Config
from limber_bridge.daemon.changes import (
    Change,
    FiledEvent,
    NothingToEndError,
    PlayedRecordingError,
)
from limber_bridge.daemon.relay_requests import RelayHandler
from limber_bridge.daemon.requests import RequestHandler
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import (
    BedTransition,
    ClockStep,
    Cramp,
    Event,
    Gap,
    Method,
    Movement,
    Series,
)
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.domain.nights import Night
from limber_bridge.protocol.messages import EndNightRequest, Refusal
from limber_bridge.sources.inbox import Inbox
from limber_bridge.sources.source_api import Ended, FrameError, Reason, Samples
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.restore import RestoredState
from tests.bridge.examples import config, local
from tests.detection.signals import ankle, turned

MINUTE = 60 * SECOND
LIVE = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
CELLS = "{id: 2, source: network, placement: bed, quantity: load}"
PLAYED = (
    "{id: 1, source: recording, path: x.csv, placement: ankle, side: left, quantity: acceleration}"
)
LISTEN = "network: {address: 127.0.0.1, port: 1}\n"


@dataclass
class Driver:
    """Drives the monitor of one sleeper, with a time that the test sets."""

    config: Config
    now: int
    restored: RestoredState = field(default_factory=RestoredState)
    events: list[FiledEvent] = field(default_factory=list)
    finished: list[Night] = field(default_factory=list)
    number: int = 0
    labels: list[Label] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.monitor = SleeperMonitor(self.config.sleepers[0], self.config, self.restored, self.now)

    def apply(self, change: Change) -> None:
        self.events += change.events
        self.finished += change.finished
        self.labels += change.labels

    def send_ankle(self, signal: np.ndarray, block_s: float = 0.5) -> None:
        """Deliver the signal of an ankle sensor of 50 Hz in blocks, each as soon as it is full."""
        size = round(50 * block_s)
        for begin in range(0, signal.shape[1], size):
            samples = signal[:, begin : begin + size]
            clock = SampleClock(self.number, self.now, 50.0)
            self.now += round(samples.shape[1] / 50 * SECOND)
            self.apply(
                self.monitor.process_arrival(
                    1, Samples(1, SampleBlock(self.number, samples, clock, 50.0)), self.now
                )
            )
            self.number += samples.shape[1]
            self.apply(self.monitor.advance_to(self.now))

    def send_load(self, kilograms: float, minutes: float) -> None:
        """Deliver a constant load from bed of 1 Hz, a minute at a time."""
        for _ in range(round(minutes)):
            clock = SampleClock(self.number, self.now, 1.0)
            self.now += MINUTE
            samples = np.full((1, 60), kilograms)
            self.apply(
                self.monitor.process_arrival(
                    2, Samples(2, SampleBlock(self.number, samples, clock, 1.0)), self.now
                )
            )
            self.number += 60
            self.apply(self.monitor.advance_to(self.now))

    def send_error(self, reason: Reason) -> None:
        """Deliver the error of a frame."""
        self.apply(self.monitor.process_arrival(1, FrameError(1, reason, "x"), self.now))

    def pass_time(self, minutes: float) -> None:
        """Let time pass without a sample."""
        for _ in range(round(minutes)):
            self.now += MINUTE
            self.apply(self.monitor.advance_to(self.now))

    def report_bed(self, minutes: float, *, in_bed: bool) -> None:
        """Report each minute what a sensor in Home Assistant has shown from now on."""
        since = self.now
        for _ in range(round(minutes)):
            self.apply(self.monitor.add_bed_report(self.now, self.now - since, in_bed=in_bed))
            for _ in range(6):
                self.now += 10 * SECOND
                self.apply(self.monitor.advance_to(self.now))

    def live_events[E: Event](self, kind: type[E]) -> list[E]:
        return [
            filed.event for filed in self.events if filed.live and isinstance(filed.event, kind)
        ]

    def restart(self) -> Driver:
        """Continue with what the journal would hold."""
        nights: dict[date, dict[str, Event]] = {}
        for filed in self.events:
            nights.setdefault(filed.night, {})[
                str(filed.event.onset) + type(filed.event).__name__
            ] = filed.event
        done = {night.date: night for night in self.finished}
        restored = RestoredState(
            self.monitor.pipeline_state,
            {day: list(events.values()) for day, events in nights.items()},
            done,
        )
        return Driver(self.config, self.now, restored, self.events, self.finished)


@pytest.fixture
def sleeper(tmp_path: Path) -> Driver:
    return Driver(config(tmp_path, LIVE, more=LISTEN), local("2026-11-21T22:00"))


@pytest.fixture
def bed(tmp_path: Path) -> Driver:
    return Driver(config(tmp_path, CELLS, more=LISTEN), local("2026-11-21T22:00"))


KICKS = [(5.0 + 12 * number, 2.0) for number in range(6)]


def test_movements_and_a_series_are_published_live(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(*KICKS, length=80))
    assert len(sleeper.live_events(Movement)) == 6
    assert [event.ended for event in sleeper.live_events(Series)] == [False]
    state = sleeper.monitor.state(sleeper.now)
    assert (state.tonight.measures.movements, state.tonight.measures.plm) == (6, 6)
    assert state.tonight.night == date(2026, 11, 22)
    assert state.in_bed is None
    assert state.tonight.measures.time_in_bed_h is None


def test_a_movement_is_published_as_soon_as_it_can_be_known(sleeper: Driver) -> None:
    """It ends after 0.5 s at rest, and is found one frame (50 ms) and one block (0.5 s) later."""
    sleeper.send_ankle(ankle((5.0, 2.0), length=7.0 + 0.5 + 0.5 + 0.1))
    assert len(sleeper.live_events(Movement)) == 1


def test_a_signal_fault_is_a_problem_while_it_lasts(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle((5.0, 2.0), length=60.0))
    sleeper.send_ankle(ankle(length=7230.0), block_s=10.0)
    assert sleeper.monitor.state(sleeper.now).sensors["1"].problem == "not_worn"
    sleeper.send_ankle(ankle((5.0, 2.0), length=30.0))
    assert sleeper.monitor.state(sleeper.now).sensors["1"].problem is None


@pytest.mark.parametrize("cut", [4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 9.0])
def test_a_movement_at_a_crash_is_stored_or_covered_by_the_gap(sleeper: Driver, cut: float) -> None:
    started = sleeper.now
    sleeper.send_ankle(ankle((5.0, 2.0), length=cut))
    restarted = sleeper.restart()
    restarted.now += 3 * SECOND
    restarted.send_ankle(ankle(length=5))
    spans = [
        (filed.event.onset, filed.event.end)
        for filed in restarted.events
        if isinstance(filed.event, Movement | Gap)
    ]
    kick = started + 5 * SECOND, started + 7 * SECOND
    near = SECOND // 4
    assert any(begin <= kick[0] + near and end >= kick[1] - near for begin, end in spans)


def test_a_restart_continues_the_night_and_its_series(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(*KICKS, length=38))
    restarted = sleeper.restart()
    restarted.now += 2 * SECOND
    restarted.send_ankle(ankle(*[(onset - 40, 2.0) for onset, _ in KICKS if onset > 40], length=40))
    assert restarted.monitor.state(restarted.now).tonight.measures.movements == 6
    assert restarted.monitor.state(restarted.now).tonight.measures.plm == 6


def test_bed_transitions_are_published_after_the_first_known_state(bed: Driver) -> None:
    bed.send_load(45, 5)
    assert bed.live_events(BedTransition) == []
    bed.send_load(120, 5)
    # The state before was unknown, so this is the first known state and not a transition.
    assert bed.monitor.state(bed.now).in_bed is True
    assert bed.live_events(BedTransition) == []
    bed.send_load(45, 5)
    bed.send_load(120, 5)
    assert [event.in_bed for event in bed.live_events(BedTransition)] == [False, True]


def test_a_silent_sensor_makes_in_bed_unknown(bed: Driver) -> None:
    bed.send_load(45, 2)
    bed.send_load(120, 5)
    bed.pass_time(1)
    state = bed.monitor.state(bed.now)
    assert state.in_bed is None
    assert not state.sensors["2"].connected
    assert state.sensors["2"].problem == "silent"
    assert state.tonight.measures.time_in_bed_h == pytest.approx(5 / 60, abs=0.01)


def test_reports_say_when_the_sleeper_went_to_bed_and_got_up(bed: Driver) -> None:
    """The load cells deliver nothing."""
    bed.report_bed(30, in_bed=False)
    bed.report_bed(8 * 60, in_bed=True)
    state = bed.monitor.state(bed.now)
    assert (state.in_bed, state.methods.in_bed) == (True, Method.EXTERNAL)
    bed.report_bed(61, in_bed=False)
    assert [event.in_bed for event in bed.live_events(BedTransition)] == [True, False]
    (night,) = bed.finished
    assert night.measures.time_in_bed_h == pytest.approx(8.0, abs=0.01)
    measures = night.measures
    assert (measures.movements, measures.sleep_h, measures.cramps_possible) == (None, None, None)
    assert night.in_bed_method is Method.EXTERNAL
    bed.pass_time(6)
    assert bed.monitor.state(bed.now).in_bed is None


def test_reports_and_load_cells_never_count_twice(bed: Driver) -> None:
    """Home Assistant is away for a while; the load cells go on."""
    bed.send_load(45, 5)
    bed.send_load(120, 5)
    bed.report_bed(5, in_bed=True)
    bed.send_load(120, 30)
    bed.report_bed(5, in_bed=True)
    restarted = bed.restart()
    restarted.report_bed(5, in_bed=True)
    assert [event.in_bed for event in restarted.live_events(BedTransition)] == []
    transitions = [one.event for one in restarted.events if isinstance(one.event, BedTransition)]
    assert [event.in_bed for event in transitions] == [True]


def test_time_in_bed_goes_on_with_reports_when_the_sensor_of_the_bridge_fails(bed: Driver) -> None:
    bed.send_load(45, 30)
    bed.report_bed(1, in_bed=True)
    bed.send_load(120, 4)
    bed.report_bed(4 * 60, in_bed=True)
    bed.report_bed(61, in_bed=False)
    tonight = bed.monitor.state(bed.now).tonight.measures
    assert tonight.time_in_bed_h == pytest.approx(4.08, abs=0.02)
    # Load cells as slow as these show no movements, so nothing is known of sleep.
    assert tonight.sleep_h is None


def test_reports_during_a_pause_count_as_little_as_samples(bed: Driver) -> None:
    bed.report_bed(5, in_bed=False)
    bed.apply(bed.monitor.set_paused(bed.now, paused=True))
    bed.report_bed(5, in_bed=True)
    assert bed.live_events(BedTransition) == []
    assert bed.monitor.state(bed.now).in_bed is None
    bed.apply(bed.monitor.set_paused(bed.now, paused=False))
    begin = bed.now
    bed.report_bed(5, in_bed=True)
    (event,) = bed.live_events(BedTransition)
    assert begin <= event.onset <= begin + 10 * SECOND


def test_reports_are_refused_where_recordings_are_played(tmp_path: Path) -> None:
    played = Driver(config(tmp_path, PLAYED), local("2026-11-21T22:00"))
    with pytest.raises(PlayedRecordingError, match="play recordings"):
        played.monitor.add_bed_report(played.now, 0, in_bed=True)


def test_a_night_is_finished_an_hour_after_getting_up(bed: Driver) -> None:
    bed.send_load(45, 30)
    bed.send_load(120, 8 * 60)
    assert bed.finished == []
    bed.send_load(45, 59)
    assert bed.finished == []
    bed.send_load(45, 2)
    (night,) = bed.finished
    assert (night.date, night.revision) == (date(2026, 11, 22), 1)
    assert night.measures.time_in_bed_h == pytest.approx(8.0, abs=0.02)
    assert night.start == pytest.approx(local("2026-11-21T22:30"), abs=20 * SECOND)
    assert night.end == pytest.approx(local("2026-11-22T06:30"), abs=20 * SECOND)
    assert night.measures.movements is None


def test_later_events_revise_the_night_under_the_same_date(bed: Driver) -> None:
    bed.send_load(45, 30)
    bed.send_load(120, 7 * 60)
    bed.send_load(45, 70)
    bed.send_load(120, 60)
    bed.send_load(45, 30)
    assert [(night.date, night.revision) for night in bed.finished] == [(date(2026, 11, 22), 1)]
    bed.send_load(45, 40)
    first, second = bed.finished
    assert (second.date, second.revision) == (first.date, 2)
    assert second.measures.time_in_bed_h == pytest.approx(8.0, abs=0.02)


def test_a_night_in_progress_at_noon_is_finished_and_the_next_starts_in_bed(
    bed: Driver,
) -> None:
    bed.send_load(45, 30)
    bed.send_load(120, 14 * 60)
    (night,) = bed.finished
    assert (night.date, night.end) == (date(2026, 11, 22), None)
    assert night.measures.time_in_bed_h == pytest.approx(13.5, abs=0.02)
    assert bed.monitor.state(bed.now).tonight.night == date(2026, 11, 23)
    assert bed.monitor.state(bed.now).tonight.measures.time_in_bed_h == pytest.approx(0.5, abs=0.02)
    assert bed.live_events(BedTransition) == []


def test_a_night_is_finished_after_a_restart_if_the_bridge_was_off_at_noon(bed: Driver) -> None:
    bed.send_load(45, 30)
    bed.send_load(120, 8 * 60)
    bed.now = local("2026-11-22T15:00")
    restarted = bed.restart()
    restarted.pass_time(1)
    (night,) = restarted.finished
    assert (night.date, night.revision) == (date(2026, 11, 22), 1)


def test_a_restart_does_not_finish_a_night_twice(bed: Driver) -> None:
    bed.send_load(45, 30)
    bed.send_load(120, 8 * 60)
    bed.send_load(45, 70)
    restarted = bed.restart()
    restarted.pass_time(5)
    restarted.send_load(45, 5)
    assert [night.revision for night in restarted.finished] == [1]


def test_an_empty_bed_makes_no_night(bed: Driver) -> None:
    bed.send_load(45, 10)
    bed.send_load(120, 1)
    empty = Driver(
        bed.config,
        local("2026-11-22T13:00"),
        RestoredState(pipeline_state=bed.monitor.pipeline_state),
    )
    empty.send_load(45, 24 * 60)
    assert empty.finished == []


def test_a_night_can_be_ended_on_request(bed: Driver) -> None:
    with pytest.raises(NothingToEndError):
        bed.monitor.end_night()
    bed.send_load(45, 2)
    bed.send_load(120, 60)
    bed.apply(bed.monitor.end_night())
    assert [night.revision for night in bed.finished] == [1]


@pytest.mark.parametrize("killed", [False, True], ids=["on all night", "off until noon is over"])
def test_a_night_ended_too_early_is_revised_with_everything_in_it(
    sleeper: Driver, *, killed: bool
) -> None:
    """Ended by mistake after 24 min: later movements count under the same date once it is over."""
    kicks = [(15.0 + 30 * number, 2.0) for number in range(47)]
    length = 24 * 60.0
    sleeper.send_ankle(ankle(*kicks, length=length), block_s=5.0)
    sleeper.apply(sleeper.monitor.end_night())
    (early,) = sleeper.finished
    assert (early.date, early.revision, early.measures.movements) == (date(2026, 11, 22), 1, 47)
    sleeper.send_ankle(ankle(*kicks, length=length, seed=1), block_s=5.0)
    state = sleeper.monitor.state(sleeper.now)
    assert (state.tonight.night, state.tonight.measures.movements) == (date(2026, 11, 22), 94)
    assert state.last_night is not None
    assert (state.last_night.revision, state.last_night.measures.movements) == (1, 47)
    restarted = sleeper.restart()
    if killed:
        restarted.now = local("2026-11-22T14:00")
        restarted = restarted.restart()
    restarted.pass_time(15 * 60)
    late = restarted.finished[-1]
    assert [(night.date, night.revision) for night in restarted.finished] == [
        (early.date, 1),
        (early.date, 2),
    ]
    assert (late.measures.movements, late.start) == (94, early.start)
    assert (late.measures.time_in_bed_h or 0) == pytest.approx(
        2 * (early.measures.time_in_bed_h or 0), abs=0.1
    )


def test_going_to_bed_just_before_noon_starts_the_next_night_in_bed(sleeper: Driver) -> None:
    """The state is known five minutes later, when the next night has begun."""
    sleeper.now = local("2026-11-22T11:57")
    sleeper.send_ankle(ankle(*[(20.0 + 15 * number, 2.0) for number in range(58)], length=900))
    tonight = sleeper.monitor.state(sleeper.now).tonight
    assert tonight.night == date(2026, 11, 23)
    assert tonight.measures.time_in_bed_h == pytest.approx(0.2, abs=0.01)


async def test_ending_the_next_night_finishes_the_one_that_is_over_first(
    bed: Driver, tmp_path: Path
) -> None:
    """The request comes in the first second after noon, before the next tick."""
    bed.send_load(45, 30)
    bed.send_load(120, 13 * 60 + 29)
    bed.now = local("2026-11-22T12:00") + 1000

    async def apply(_watch: SleeperMonitor, change: Change) -> None:
        bed.apply(change)

    with Journal(tmp_path / "limber.db") as journal:
        handler = RequestHandler(
            {"anna": bed.monitor},
            journal,
            JournalWriter(journal),
            lambda: bed.now,
            apply,
            RelayHandler(bed.config, Inbox()),
        )
        answer = await handler.answer(
            EndNightRequest(v=1, id="x", reply_to="limber/bedroom/response/me", sleeper="anna"), 0
        )
    assert isinstance(answer, Refusal)
    assert answer.error == "nothing_to_end"
    assert [night.date for night in bed.finished] == [date(2026, 11, 22)]


def test_the_end_of_a_recording_finishes_its_night(tmp_path: Path) -> None:
    played = Driver(config(tmp_path, PLAYED), local("2026-11-22T15:00"))
    signal = ankle(*[(30.0 + 25 * number, 2.0) for number in range(20)], length=700)
    start = local("2026-11-20T23:00")
    block = SampleBlock(0, signal, SampleClock(0, start, 50.0), 50.0)
    played.apply(played.monitor.process_arrival(1, Samples(1, block), played.now))
    played.apply(played.monitor.process_arrival(1, Ended(1), played.now))
    (night,) = played.finished
    assert (night.date, night.measures.plm) == (date(2026, 11, 21), 20)
    assert played.monitor.state(played.now).sensors["1"].problem == "ended"


def test_the_health_of_a_sensor_counts_lost_samples_and_refused_frames(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(length=5))
    sleeper.number += 25
    sleeper.now += SECOND // 2
    with_gaps = ankle(length=5)
    with_gaps[:, :10] = np.nan
    sleeper.send_ankle(with_gaps)
    sleeper.send_error(Reason.WRONG_KEY)
    sleeper.send_error(Reason.SATURATED)
    health = sleeper.monitor.state(sleeper.now).sensors["1"]
    assert (health.lost, health.refused, health.problem) == (35, 1, "saturated")
    assert health.quality == round(100 * (500 - 10) / 525)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 3999), max_size=4, unique=True))
def test_restarts_at_any_time_give_the_same_count(tmp_path: Path, at: list[int]) -> None:
    """80 s with six kicks, restarted at any sample; each restart loses 0.4 s at rest."""
    driver = Driver(config(tmp_path, LIVE, more=LISTEN), local("2026-11-21T22:00"))
    signal = ankle(*KICKS, length=80)
    begin = 0
    for stop in [*sorted(at), signal.shape[1]]:
        quiet = next(
            (round(on * 50) for on, last in KICKS if on * 50 - 60 < stop < (on + last) * 50 + 60),
            None,
        )
        stop = stop if quiet is None else max(begin, quiet - 100)  # noqa: PLW2901 - out of the kick
        driver.send_ankle(signal[:, begin:stop])
        begin = min(stop + (0 if stop == signal.shape[1] else 20), signal.shape[1])
        driver.now += 20 * SECOND // 50
        driver = driver.restart() if stop < signal.shape[1] else driver
    assert driver.monitor.state(driver.now).tonight.measures.movements == 6


def test_the_next_day_is_another_night(bed: Driver) -> None:
    for _ in range(2):
        bed.send_load(45, 60)
        bed.send_load(120, 8 * 60)
        bed.send_load(45, 15 * 60)
    assert [(night.date, night.revision) for night in bed.finished] == [
        (date(2026, 11, 22), 1),
        (date(2026, 11, 22) + timedelta(days=1), 1),
    ]


def test_a_sensor_switched_off_in_bed_is_not_in_bed_all_day(sleeper: Driver) -> None:
    """Off for 16 hours: they are in no night's time in bed."""
    sleeper.send_ankle(ankle(*KICKS, length=600))
    sleeper.pass_time(16 * 60)
    sleeper.number += 16 * 3600 * 50
    sleeper.send_ankle(ankle(*KICKS, length=1200, seed=2), block_s=5.0)
    assert sleeper.monitor.state(sleeper.now).tonight.night == date(2026, 11, 23)
    assert sleeper.monitor.state(sleeper.now).tonight.measures.time_in_bed_h == pytest.approx(
        1200 / 3600, abs=0.01
    )
    gaps = [filed for filed in sleeper.events if isinstance(filed.event, Gap)]
    assert [filed.night for filed in gaps] == [date(2026, 11, 22), date(2026, 11, 23)]


def send_cramp(sleeper: Driver, *kicks: tuple[float, float]) -> int:
    """Deliver going to bed, sleep, kicks and getting up; return the start (us)."""
    began = sleeper.now
    signal = turned(ankle((90.0, 1.0), (100.0, 1.0), *kicks, length=1400), 61.0, 90.0)
    signal[:, : 60 * 50] += ankle((0.0, 60.0), length=60.0, size=0.8)
    up = round((kicks[-1][0] + kicks[-1][1] + 2) * 50)
    signal = turned(signal, up / 50 - 1, -90.0)
    signal[:, up : up + 90 * 50] += ankle((0.0, 90.0), length=90.0, size=0.8)
    sleeper.send_ankle(signal, block_s=5.0)
    return began


def thresholds(driver: Driver) -> tuple[float, int]:
    """The threshold of possible cramps, and the number of labels."""
    state = driver.monitor.state(driver.now)
    return state.cramp_thresholds["possible"], state.cramp_labels


def test_labels_move_the_threshold_at_once_and_after_a_restart(sleeper: Driver) -> None:
    send_cramp(sleeper, (1000.0, 35.0))
    (cramp,) = sleeper.live_events(Cramp)
    assert cramp.strength == pytest.approx(2.5, abs=0.2)
    labels: list[Label] = []
    for number in range(3):
        label = Label(f"cramp-{number}", number, cramp=False, about=replace(cramp, onset=number))
        labels += sleeper.monitor.add_label(label).labels
    own, count = thresholds(sleeper)
    assert (own > 2.3, count) == (True, 3)
    restarted = Driver(sleeper.config, sleeper.now, RestoredState(labels=labels))
    assert thresholds(restarted) == (own, 3)
    for driver in (sleeper, restarted):
        before = len(driver.live_events(Cramp))
        send_cramp(driver, (1000.0, 30.0))
        assert len(driver.live_events(Cramp)) == before
        driver.monitor.reset_labels()
        assert thresholds(driver) == (1.0, 0)
        send_cramp(driver, (1000.0, 30.0))
        assert len(driver.live_events(Cramp)) == before + 1


def test_a_label_for_a_moment_finds_its_cramp_once_enough_is_known(sleeper: Driver) -> None:
    """9 s of movement are no cramp by the rule, and the label is given before they are known."""
    began = sleeper.now
    label = Label(f"moment-{began + 1080 * SECOND}", began + 1080 * SECOND, cramp=True)
    sleeper.apply(sleeper.monitor.add_label(label))
    send_cramp(sleeper, (1000.0, 9.0))
    assert sleeper.live_events(Cramp) == []
    assert sleeper.labels == [label]
    sleeper.pass_time(5)
    (found,) = sleeper.labels[1:]
    assert (found.id, found.about is not None) == (label.id, True)
    assert found.about is not None
    assert (found.about.onset - began) / SECOND == pytest.approx(1000.0, abs=1.0)
    assert found.about.strength == pytest.approx(0.7, abs=0.2)
    assert thresholds(sleeper) == (1.0, 1)


def test_detection_continues_after_the_clock_is_set_back(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(*KICKS, length=100))
    sleeper.now -= 60 * MINUTE
    before = len(sleeper.events)
    sleeper.send_ankle(ankle(*KICKS, length=200, seed=2))
    later = [filed.event for filed in sleeper.events[before:]]
    series = [event for event in later if isinstance(event, Series)]
    assert [one.movements for one in series if not one.ended] == [4]
    assert sleeper.monitor.state(sleeper.now).sensors["1"].connected
    sleeper.pass_time(1)
    assert not sleeper.monitor.state(sleeper.now).sensors["1"].connected


def test_a_past_problem_does_not_return_when_the_clock_is_set_back(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(length=2))
    sleeper.send_error(Reason.WRONG_KEY)
    with_gaps = ankle(length=10)
    with_gaps[:, ::2] = np.nan
    sleeper.send_ankle(with_gaps)
    sleeper.now -= 14 * 60 * MINUTE
    sleeper.send_ankle(ankle(length=70))
    health = sleeper.monitor.state(sleeper.now).sensors["1"]
    assert (health.problem, health.quality) == (None, 100)


def test_a_clock_set_back_while_the_bridge_was_off_is_reported(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(*KICKS, length=100))
    sleeper.now -= 60 * MINUTE
    restarted = sleeper.restart()
    before = len(restarted.events)
    restarted.apply(restarted.monitor.resume_at(restarted.now))
    (step,) = [filed.event for filed in restarted.events[before:]]
    assert isinstance(step, ClockStep)
    assert step.onset == restarted.now
    assert step.by / SECOND == pytest.approx(-3600, abs=1)
    restarted.send_ankle(ankle(*KICKS, length=100, seed=2))
    assert restarted.monitor.clock.measured_until <= restarted.now
    assert restarted.monitor.state(restarted.now).tonight.measures.movements == 12


def test_a_normal_restart_reports_no_clock_step(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(length=10))
    sleeper.now += 5 * SECOND
    assert not sleeper.restart().monitor.resume_at(sleeper.now)


def test_a_movement_in_progress_is_stored_when_the_bridge_stops(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle((5.0, 9.0), length=8.0))
    assert sleeper.live_events(Movement) == []
    sleeper.apply(sleeper.monitor.interrupt(sleeper.now))
    (movement,) = sleeper.live_events(Movement)
    assert movement.duration / SECOND == pytest.approx(3.0, abs=0.1)


def test_a_movement_in_progress_at_a_crash_is_covered_by_the_gap(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle((60.0, 9.0), length=62.0))
    crashed = sleeper.restart()
    crashed.now += 5 * SECOND
    crashed.send_ankle(ankle(length=20.0))
    (gap,) = [filed.event for filed in crashed.events if isinstance(filed.event, Gap)]
    assert (gap.onset - local("2026-11-21T22:00")) / SECOND == pytest.approx(60.0, abs=0.1)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0, 5.0])
def test_movements_in_large_frames_of_two_legs_are_bilateral(
    tmp_path: Path, seconds: float
) -> None:
    """A sensor that sends seldom is not late, so the other leg waits for it."""
    right = "{id: 3, source: network, placement: ankle, side: right, quantity: acceleration}"
    driver = Driver(config(tmp_path, f"{LIVE}\n{right}", more=LISTEN), local("2026-11-21T22:00"))
    signals = {1: ankle(*KICKS, length=100), 3: ankle(*KICKS, length=100, seed=2)}
    size = round(50 * seconds)
    for begin in range(0, 5000, size):
        clock = SampleClock(begin, driver.now, 50.0)
        driver.now += round(size / 50 * SECOND)
        for sensor, signal in signals.items():
            block = SampleBlock(begin, signal[:, begin : begin + size], clock, 50.0)
            driver.apply(driver.monitor.process_arrival(sensor, Samples(sensor, block), driver.now))
            driver.apply(driver.monitor.advance_to(driver.now))
    assert [event.bilateral for event in driver.live_events(Movement)] == [True] * 6


def test_playing_a_recording_again_gives_no_second_night(tmp_path: Path) -> None:
    start = local("2026-11-21T01:00")
    played = Driver(config(tmp_path, PLAYED), local("2026-11-22T13:00"))
    signal = SampleBlock(0, ankle(*KICKS, length=100), SampleClock(0, start, 50.0), 50.0)
    first = [
        played.monitor.process_arrival(1, Samples(1, signal), played.now),
        played.monitor.process_arrival(1, Ended(1), played.now),
    ]
    (night,) = [night for change in first for night in change.finished]
    restarted = Driver(played.config, played.now, RestoredState(finished={night.date: night}))
    second = [
        restarted.monitor.process_arrival(1, Samples(1, signal), restarted.now),
        restarted.monitor.process_arrival(1, Ended(1), restarted.now),
    ]
    assert [night for change in second for night in change.finished] == []
    assert [day for change in second for day in change.replaced_nights] == [night.date]


def test_a_clock_set_back_during_a_movement_loses_no_later_movement(sleeper: Driver) -> None:
    sleeper.send_ankle(ankle(*KICKS, (95.0, 9.0), length=100))
    sleeper.now -= 60 * MINUTE
    kicks = [(20.0 + 15 * number, 2.0) for number in range(10)]
    sleeper.send_ankle(ankle(*kicks, length=200, seed=2))
    later = [
        event for event in sleeper.live_events(Movement) if event.onset < local("2026-11-21T21:30")
    ]
    assert len(later) == 10
