"""One sleeper as it happens: nights, restarts, what is told."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limber_bridge.config.model import Config
from limber_bridge.daemon.changes import Change, FiledEvent, NothingToEndError
from limber_bridge.daemon.requests import RequestHandler
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import (
    BedTransition,
    ClockStep,
    Cramp,
    Event,
    Gap,
    Movement,
    Series,
)
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.domain.nights import Night
from limber_bridge.protocol.messages import EndNightRequest, Refusal
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
class Evening:
    """A watch whose time we make."""

    config: Config
    now: int
    kept: RestoredState = field(default_factory=RestoredState)
    events: list[FiledEvent] = field(default_factory=list)
    finished: list[Night] = field(default_factory=list)
    number: int = 0
    labels: list[Label] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = SleeperMonitor(self.config.sleepers[0], self.config, self.kept, self.now)

    def take(self, change: Change) -> None:
        self.events += change.events
        self.finished += change.finished
        self.labels += change.labels

    def lie(self, signal: np.ndarray) -> None:
        """Let an ankle of 50 Hz deliver, in real time."""
        for begin in range(0, signal.shape[1], 25):
            samples = signal[:, begin : begin + 25]
            clock = SampleClock(self.number, self.now, 50.0)
            self.now += round(samples.shape[1] / 50 * SECOND)
            self.take(
                self.watch.process_arrival(
                    1, Samples(1, SampleBlock(self.number, samples, clock, 50.0)), self.now
                )
            )
            self.number += samples.shape[1]
            self.take(self.watch.advance_to(self.now))

    def weigh(self, kilograms: float, minutes: float) -> None:
        """Let load cells of 1 Hz deliver, a minute at a time."""
        for _ in range(round(minutes)):
            clock = SampleClock(self.number, self.now, 1.0)
            self.now += MINUTE
            samples = np.full((1, 60), kilograms)
            self.take(
                self.watch.process_arrival(
                    2, Samples(2, SampleBlock(self.number, samples, clock, 1.0)), self.now
                )
            )
            self.number += 60
            self.take(self.watch.advance_to(self.now))

    def wait(self, minutes: float) -> None:
        """Let time pass without a sample."""
        for _ in range(round(minutes)):
            self.now += MINUTE
            self.take(self.watch.advance_to(self.now))

    def told(self, kind: type[Event]) -> list[Event]:
        return [
            filed.event for filed in self.events if filed.live and isinstance(filed.event, kind)
        ]

    def restart(self) -> Evening:
        """Go on with what the journal would have kept."""
        nights: dict[date, dict[str, Event]] = {}
        for filed in self.events:
            nights.setdefault(filed.night, {})[
                str(filed.event.onset) + type(filed.event).__name__
            ] = filed.event
        done = {night.date: night for night in self.finished}
        last = self.finished[-1] if self.finished else None
        kept = RestoredState(
            self.watch.pipeline_state,
            {day: list(events.values()) for day, events in nights.items()},
            done,
            last,
        )
        return Evening(self.config, self.now, kept, self.events, self.finished)


@pytest.fixture
def legs(tmp_path: Path) -> Evening:
    return Evening(config(tmp_path, LIVE, more=LISTEN), local("2026-11-21T22:00"))


@pytest.fixture
def cells(tmp_path: Path) -> Evening:
    return Evening(config(tmp_path, CELLS, more=LISTEN), local("2026-11-21T22:00"))


KICKS = [(5.0 + 12 * number, 2.0) for number in range(6)]


def test_movements_are_told_as_they_happen(legs: Evening) -> None:
    legs.lie(ankle(*KICKS, length=80))
    assert len(legs.told(Movement)) == 6
    assert [event.ended for event in legs.told(Series) if isinstance(event, Series)] == [False]
    state = legs.watch.state(legs.now)
    assert (state.tonight.measures.movements, state.tonight.measures.plm) == (6, 6)
    assert state.tonight.night == date(2026, 11, 22)
    assert state.in_bed is None
    assert state.tonight.measures.time_in_bed_h is None


def test_a_movement_is_told_as_soon_as_it_can_be_known(legs: Evening) -> None:
    """0.5 s of quiet end it, at most a frame of 50 ms and a block of 0.5 s later it is there."""
    legs.lie(ankle((5.0, 2.0), length=7.0 + 0.5 + 0.5 + 0.1))
    assert len(legs.told(Movement)) == 1


def test_what_is_wrong_with_a_signal_is_a_problem_as_long_as_it_lasts(legs: Evening) -> None:
    legs.lie(ankle((5.0, 2.0), length=60.0))
    quiet = ankle(length=7230.0)
    legs.lie(quiet)
    assert legs.watch.state(legs.now).sensors["1"].problem == "not_worn"
    legs.lie(ankle((5.0, 2.0), length=30.0))
    assert legs.watch.state(legs.now).sensors["1"].problem is None


@pytest.mark.parametrize("cut", [4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 9.0])
def test_a_movement_cut_by_a_crash_is_there_or_lies_in_the_gap(legs: Evening, cut: float) -> None:
    begun = legs.now
    legs.lie(ankle((5.0, 2.0), length=cut))
    again = legs.restart()
    again.now += 3 * SECOND
    again.lie(ankle(length=5))
    spans = [
        (filed.event.onset, filed.event.end)
        for filed in again.events
        if isinstance(filed.event, Movement | Gap)
    ]
    kick = begun + 5 * SECOND, begun + 7 * SECOND
    near = SECOND // 4
    assert any(begin <= kick[0] + near and end >= kick[1] - near for begin, end in spans)


def test_a_restart_goes_on_where_it_was(legs: Evening) -> None:
    legs.lie(ankle(*KICKS, length=38))
    again = legs.restart()
    again.now += 2 * SECOND
    again.lie(ankle(*[(onset - 40, 2.0) for onset, _ in KICKS if onset > 40], length=40))
    assert again.watch.state(again.now).tonight.measures.movements == 6
    assert again.watch.state(again.now).tonight.measures.plm == 6


def test_in_bed_and_out_again_are_told_once_it_is_known(cells: Evening) -> None:
    cells.weigh(45, 5)
    assert cells.told(BedTransition) == []
    cells.weigh(120, 5)
    # Before, nobody knew: this is no going to bed, only the first word on it.
    assert cells.watch.state(cells.now).in_bed is True
    assert cells.told(BedTransition) == []
    cells.weigh(45, 5)
    cells.weigh(120, 5)
    assert [
        event.in_bed for event in cells.told(BedTransition) if isinstance(event, BedTransition)
    ] == [False, True]


def test_a_silent_sensor_is_unknown_and_not_out_of_bed(cells: Evening) -> None:
    cells.weigh(45, 2)
    cells.weigh(120, 5)
    cells.wait(1)
    state = cells.watch.state(cells.now)
    assert state.in_bed is None
    assert not state.sensors["2"].connected
    assert state.sensors["2"].problem == "silent"
    assert state.tonight.measures.time_in_bed_h == pytest.approx(5 / 60, abs=0.01)


def test_a_night_is_finished_an_hour_after_getting_up(cells: Evening) -> None:
    cells.weigh(45, 30)
    cells.weigh(120, 8 * 60)
    assert cells.finished == []
    cells.weigh(45, 59)
    assert cells.finished == []
    cells.weigh(45, 2)
    (night,) = cells.finished
    assert (night.date, night.revision) == (date(2026, 11, 22), 1)
    assert night.measures.time_in_bed_h == pytest.approx(8.0, abs=0.02)
    assert night.start == pytest.approx(local("2026-11-21T22:30"), abs=20 * SECOND)
    assert night.end == pytest.approx(local("2026-11-22T06:30"), abs=20 * SECOND)
    assert night.measures.movements is None


def test_what_comes_later_revises_the_night_under_the_same_date(cells: Evening) -> None:
    cells.weigh(45, 30)
    cells.weigh(120, 7 * 60)
    cells.weigh(45, 70)
    cells.weigh(120, 60)
    cells.weigh(45, 30)
    assert [(night.date, night.revision) for night in cells.finished] == [(date(2026, 11, 22), 1)]
    cells.weigh(45, 40)
    first, second = cells.finished
    assert (second.date, second.revision) == (first.date, 2)
    assert second.measures.time_in_bed_h == pytest.approx(8.0, abs=0.02)


def test_a_night_that_never_ends_is_finished_at_noon_and_goes_on_in_the_next(
    cells: Evening,
) -> None:
    cells.weigh(45, 30)
    cells.weigh(120, 14 * 60)
    (night,) = cells.finished
    assert (night.date, night.end) == (date(2026, 11, 22), None)
    assert night.measures.time_in_bed_h == pytest.approx(13.5, abs=0.02)
    assert cells.watch.state(cells.now).tonight.night == date(2026, 11, 23)
    assert cells.watch.state(cells.now).tonight.measures.time_in_bed_h == pytest.approx(
        0.5, abs=0.02
    )
    assert cells.told(BedTransition) == []


def test_a_bridge_that_was_off_at_noon_finishes_the_night_when_it_is_back(cells: Evening) -> None:
    cells.weigh(45, 30)
    cells.weigh(120, 8 * 60)
    cells.now = local("2026-11-22T15:00")
    again = cells.restart()
    again.wait(1)
    (night,) = again.finished
    assert (night.date, night.revision) == (date(2026, 11, 22), 1)


def test_a_restart_does_not_finish_a_night_twice(cells: Evening) -> None:
    cells.weigh(45, 30)
    cells.weigh(120, 8 * 60)
    cells.weigh(45, 70)
    again = cells.restart()
    again.wait(5)
    again.weigh(45, 5)
    assert [night.revision for night in again.finished] == [1]


def test_an_empty_bed_makes_no_night(cells: Evening) -> None:
    cells.weigh(45, 10)
    cells.weigh(120, 1)
    empty = Evening(
        cells.config,
        local("2026-11-22T13:00"),
        RestoredState(pipeline_state=cells.watch.pipeline_state),
    )
    empty.weigh(45, 24 * 60)
    assert empty.finished == []


def test_a_night_is_ended_when_somebody_wants_it(cells: Evening) -> None:
    with pytest.raises(NothingToEndError):
        cells.watch.end_night()
    cells.weigh(45, 2)
    cells.weigh(120, 60)
    cells.take(cells.watch.end_night())
    assert [night.revision for night in cells.finished] == [1]


@pytest.mark.parametrize("killed", [False, True], ids=["on all night", "off until noon is over"])
def test_a_night_that_was_ended_too_early_is_revised_with_all_of_it(
    legs: Evening, *, killed: bool
) -> None:
    """By mistake, 24 min after going to bed: what is kicked afterwards counts under the same date,
    once it is over."""
    kicks = [(15.0 + 30 * number, 2.0) for number in range(47)]
    length = 24 * 60.0
    legs.lie(ankle(*kicks, length=length))
    legs.take(legs.watch.end_night())
    (early,) = legs.finished
    assert (early.date, early.revision, early.measures.movements) == (date(2026, 11, 22), 1, 47)
    legs.lie(ankle(*kicks, length=length, seed=1))
    state = legs.watch.state(legs.now)
    assert (state.tonight.night, state.tonight.measures.movements) == (date(2026, 11, 22), 94)
    assert state.last_night is not None
    assert (state.last_night.revision, state.last_night.measures.movements) == (1, 47)
    again = legs.restart()
    if killed:
        again.now = local("2026-11-22T14:00")
        again = again.restart()
    again.wait(15 * 60)
    late = again.finished[-1]
    assert [(night.date, night.revision) for night in again.finished] == [
        (early.date, 1),
        (early.date, 2),
    ]
    assert (late.measures.movements, late.start) == (94, early.start)
    assert (late.measures.time_in_bed_h or 0) == pytest.approx(
        2 * (early.measures.time_in_bed_h or 0), abs=0.1
    )


def test_who_goes_to_bed_in_the_last_minutes_of_a_night_is_in_bed_in_the_next(
    legs: Evening,
) -> None:
    """An ankle is believed after five minutes, when the night has turned."""
    legs.now = local("2026-11-22T11:57")
    legs.lie(ankle(*[(20.0 + 15 * number, 2.0) for number in range(58)], length=900))
    tonight = legs.watch.state(legs.now).tonight
    assert tonight.night == date(2026, 11, 23)
    assert tonight.measures.time_in_bed_h == pytest.approx(0.2, abs=0.01)


async def test_a_night_that_is_over_is_not_lost_to_who_ends_the_next_one(
    cells: Evening, tmp_path: Path
) -> None:
    """Asked for in the very second after noon, before the next tick."""
    cells.weigh(45, 30)
    cells.weigh(120, 13 * 60 + 29)
    cells.now = local("2026-11-22T12:00") + 1000

    async def apply(_watch: SleeperMonitor, change: Change) -> None:
        cells.take(change)

    with Journal(tmp_path / "limber.db") as journal:
        questions = RequestHandler(
            {"anna": cells.watch}, journal, JournalWriter(journal), lambda: cells.now, apply
        )
        answer = await questions.answer(
            EndNightRequest(v=1, id="x", reply_to="limber/bedroom/response/me", sleeper="anna")
        )
    assert isinstance(answer, Refusal)
    assert answer.error == "nothing_to_end"
    assert [night.date for night in cells.finished] == [date(2026, 11, 22)]


def test_a_recording_is_a_night_when_it_is_over(tmp_path: Path) -> None:
    played = Evening(config(tmp_path, PLAYED), local("2026-11-22T15:00"))
    signal = ankle(*[(30.0 + 25 * number, 2.0) for number in range(20)], length=700)
    start = local("2026-11-20T23:00")
    block = SampleBlock(0, signal, SampleClock(0, start, 50.0), 50.0)
    played.take(played.watch.process_arrival(1, Samples(1, block), played.now))
    played.take(played.watch.process_arrival(1, Ended(1), played.now))
    (night,) = played.finished
    assert (night.date, night.measures.plm) == (date(2026, 11, 21), 20)
    assert played.watch.state(played.now).sensors["1"].problem == "ended"


def test_health_counts_what_is_lost_and_refused(legs: Evening) -> None:
    legs.lie(ankle(length=5))
    legs.number += 25
    legs.now += SECOND // 2
    holed = ankle(length=5)
    holed[:, :10] = np.nan
    legs.lie(holed)
    legs.take(legs.watch.process_arrival(1, FrameError(1, Reason.WRONG_KEY, "x"), legs.now))
    legs.take(legs.watch.process_arrival(1, FrameError(1, Reason.SATURATED, "x"), legs.now))
    health = legs.watch.state(legs.now).sensors["1"]
    assert (health.lost, health.refused, health.problem) == (35, 1, "saturated")
    assert health.quality == round(100 * (500 - 10) / 525)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 3999), max_size=4, unique=True))
def test_any_restarts_count_the_same(tmp_path: Path, at: list[int]) -> None:
    """Killed at any samples of a minute and a quarter with six kicks; each time two seconds are
    lost in the quiet."""
    evening = Evening(config(tmp_path, LIVE, more=LISTEN), local("2026-11-21T22:00"))
    signal = ankle(*KICKS, length=80)
    begin = 0
    for stop in [*sorted(at), signal.shape[1]]:
        quiet = next(
            (round(on * 50) for on, last in KICKS if on * 50 - 60 < stop < (on + last) * 50 + 60),
            None,
        )
        stop = stop if quiet is None else max(begin, quiet - 100)  # noqa: PLW2901 - moved out of the kick
        evening.lie(signal[:, begin:stop])
        begin = min(stop + (0 if stop == signal.shape[1] else 20), signal.shape[1])
        evening.now += 20 * SECOND // 50
        evening = evening.restart() if stop < signal.shape[1] else evening
    assert evening.watch.state(evening.now).tonight.measures.movements == 6


def test_the_day_after_is_another_night(cells: Evening) -> None:
    for _ in range(2):
        cells.weigh(45, 60)
        cells.weigh(120, 8 * 60)
        cells.weigh(45, 15 * 60)
    assert [(night.date, night.revision) for night in cells.finished] == [
        (date(2026, 11, 22), 1),
        (date(2026, 11, 22) + timedelta(days=1), 1),
    ]


def test_a_sensor_switched_off_in_bed_is_not_in_bed_all_day(legs: Evening) -> None:
    """Off at half past six and on again the next evening: the hours between belong to no night."""
    legs.lie(ankle(*KICKS, length=600))
    legs.wait(16 * 60)
    legs.number += 16 * 3600 * 50
    legs.lie(ankle(*KICKS, length=1200, seed=2))
    assert legs.watch.state(legs.now).tonight.night == date(2026, 11, 23)
    assert legs.watch.state(legs.now).tonight.measures.time_in_bed_h == pytest.approx(
        1200 / 3600, abs=0.01
    )
    gaps = [filed for filed in legs.events if isinstance(filed.event, Gap)]
    assert [filed.night for filed in gaps] == [date(2026, 11, 22), date(2026, 11, 23)]


def cramped(legs: Evening, *kicks: tuple[float, float]) -> int:
    """Let somebody go to bed, sleep, kick, and get up after half an hour; return when they went
    (us)."""
    began = legs.now
    signal = turned(ankle((90.0, 1.0), (100.0, 1.0), *kicks, length=1400), 61.0, 90.0)
    signal[:, : 60 * 50] += ankle((0.0, 60.0), length=60.0, size=0.8)
    up = round((kicks[-1][0] + kicks[-1][1] + 2) * 50)
    signal = turned(signal, up / 50 - 1, -90.0)
    signal[:, up : up + 90 * 50] += ankle((0.0, 90.0), length=90.0, size=0.8)
    legs.lie(signal)
    return began


def thresholds(evening: Evening) -> tuple[float, int]:
    """The threshold for possible cramps, and from how many labels."""
    state = evening.watch.state(evening.now)
    return state.cramp_thresholds["possible"], state.cramp_labels


def test_labels_move_the_threshold_at_once_and_at_the_next_start(legs: Evening) -> None:
    cramped(legs, (1000.0, 35.0))
    (cramp,) = legs.told(Cramp)
    assert isinstance(cramp, Cramp)
    assert cramp.strength == pytest.approx(2.5, abs=0.2)
    said: list[Label] = []
    for number in range(3):
        label = Label(f"cramp-{number}", number, cramp=False, about=replace(cramp, onset=number))
        said += legs.watch.add_label(label).labels
    own, count = thresholds(legs)
    assert (own > 2.3, count) == (True, 3)
    again = Evening(legs.config, legs.now, RestoredState(labels=said))
    assert thresholds(again) == (own, 3)
    for evening in (legs, again):
        told = len(evening.told(Cramp))
        cramped(evening, (1000.0, 30.0))
        assert len(evening.told(Cramp)) == told
        evening.watch.reset_labels()
        assert thresholds(evening) == (1.0, 0)
        cramped(evening, (1000.0, 30.0))
        assert len(evening.told(Cramp)) == told + 1


def test_a_moment_is_explained_once_it_is_known_what_followed(legs: Evening) -> None:
    """Nothing is told of 9 s of movement. Who says that it was a cramp, says so before anything can
    be known of it."""
    began = legs.now
    label = Label(f"moment-{began + 1080 * SECOND}", began + 1080 * SECOND, cramp=True)
    legs.take(legs.watch.add_label(label))
    cramped(legs, (1000.0, 9.0))
    assert legs.told(Cramp) == []
    assert legs.labels == [label]
    legs.wait(5)
    (explained,) = legs.labels[1:]
    assert (explained.id, explained.about is not None) == (label.id, True)
    assert explained.about is not None
    assert (explained.about.onset - began) / SECOND == pytest.approx(1000.0, abs=1.0)
    assert explained.about.strength == pytest.approx(0.7, abs=0.2)
    assert thresholds(legs) == (1.0, 1)


def test_a_clock_set_back_stops_nothing(legs: Evening) -> None:
    legs.lie(ankle(*KICKS, length=100))
    legs.now -= 60 * MINUTE
    before = len(legs.events)
    legs.lie(ankle(*KICKS, length=200, seed=2))
    again = [filed.event for filed in legs.events[before:] if isinstance(filed.event, Series)]
    assert [series.movements for series in again if not series.ended] == [4]
    assert legs.watch.state(legs.now).sensors["1"].connected
    legs.wait(1)
    assert not legs.watch.state(legs.now).sensors["1"].connected


def test_trouble_that_is_over_is_no_trouble_because_the_clock_was_set_back(legs: Evening) -> None:
    legs.lie(ankle(length=2))
    legs.take(legs.watch.process_arrival(1, FrameError(1, Reason.WRONG_KEY, "x"), legs.now))
    holed = ankle(length=10)
    holed[:, ::2] = np.nan
    legs.lie(holed)
    legs.now -= 14 * 60 * MINUTE
    legs.lie(ankle(length=70))
    health = legs.watch.state(legs.now).sensors["1"]
    assert (health.problem, health.quality) == (None, 100)


def test_a_clock_that_was_set_back_while_nobody_looked_is_told_and_measures_nothing(
    legs: Evening,
) -> None:
    legs.lie(ankle(*KICKS, length=100))
    legs.now -= 60 * MINUTE
    again = legs.restart()
    before = len(again.events)
    again.take(again.watch.resume_at(again.now))
    (step,) = [filed.event for filed in again.events[before:]]
    assert isinstance(step, ClockStep)
    assert step.onset == again.now
    assert step.by / SECOND == pytest.approx(-3600, abs=1)
    again.lie(ankle(*KICKS, length=100, seed=2))
    assert again.watch.clock.measured_until <= again.now
    assert again.watch.state(again.now).tonight.measures.movements == 12


def test_who_looks_again_in_time_tells_of_no_clock(legs: Evening) -> None:
    legs.lie(ankle(length=10))
    legs.now += 5 * SECOND
    assert not legs.restart().watch.resume_at(legs.now)


def test_what_is_open_is_kept_when_we_are_stopped(legs: Evening) -> None:
    legs.lie(ankle((5.0, 9.0), length=8.0))
    assert legs.told(Movement) == []
    legs.take(legs.watch.interrupt(legs.now))
    (movement,) = legs.told(Movement)
    assert isinstance(movement, Movement)
    assert movement.duration / SECOND == pytest.approx(3.0, abs=0.1)


def test_a_movement_cut_by_a_crash_lies_in_a_gap(legs: Evening) -> None:
    legs.lie(ankle((60.0, 9.0), length=62.0))
    crashed = legs.restart()
    crashed.now += 5 * SECOND
    crashed.lie(ankle(length=20.0))
    (gap,) = [filed.event for filed in crashed.events if isinstance(filed.event, Gap)]
    assert (gap.onset - local("2026-11-21T22:00")) / SECOND == pytest.approx(60.0, abs=0.1)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0, 5.0])
def test_large_frames_of_two_legs_are_one_movement(tmp_path: Path, seconds: float) -> None:
    """A sensor that sends seldom is not late, so the other leg waits for it."""
    right = "{id: 3, source: network, placement: ankle, side: right, quantity: acceleration}"
    evening = Evening(config(tmp_path, f"{LIVE}\n{right}", more=LISTEN), local("2026-11-21T22:00"))
    signals = {1: ankle(*KICKS, length=100), 3: ankle(*KICKS, length=100, seed=2)}
    size = round(50 * seconds)
    for begin in range(0, 5000, size):
        clock = SampleClock(begin, evening.now, 50.0)
        evening.now += round(size / 50 * SECOND)
        for sensor, signal in signals.items():
            block = SampleBlock(begin, signal[:, begin : begin + size], clock, 50.0)
            evening.take(evening.watch.process_arrival(sensor, Samples(sensor, block), evening.now))
            evening.take(evening.watch.advance_to(evening.now))
    assert [event.bilateral for event in evening.told(Movement) if isinstance(event, Movement)] == [
        True
    ] * 6


def test_a_recording_played_again_is_the_same_night_and_no_second_one(tmp_path: Path) -> None:
    start = local("2026-11-21T01:00")
    played = Evening(config(tmp_path, PLAYED), local("2026-11-22T13:00"))
    signal = SampleBlock(0, ankle(*KICKS, length=100), SampleClock(0, start, 50.0), 50.0)
    first = [
        played.watch.process_arrival(1, Samples(1, signal), played.now),
        played.watch.process_arrival(1, Ended(1), played.now),
    ]
    (night,) = [night for change in first for night in change.finished]
    again = Evening(
        played.config, played.now, RestoredState(finished={night.date: night}, last=night)
    )
    second = [
        again.watch.process_arrival(1, Samples(1, signal), again.now),
        again.watch.process_arrival(1, Ended(1), again.now),
    ]
    assert [night for change in second for night in change.finished] == []
    assert [day for change in second for day in change.replaced_nights] == [night.date]


def test_a_clock_set_back_while_the_leg_moves_loses_nothing_afterwards(legs: Evening) -> None:
    legs.lie(ankle(*KICKS, (95.0, 9.0), length=100))
    legs.now -= 60 * MINUTE
    legs.lie(ankle(*[(20.0 + 15 * number, 2.0) for number in range(10)], length=200, seed=2))
    later = [event for event in legs.told(Movement) if event.onset < local("2026-11-21T21:30")]
    assert len(later) == 10
