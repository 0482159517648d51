"""Breath and heartbeat show a person in bed, even if nothing else moves."""

from collections.abc import Iterable
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import BedTransition, Event
from limber_bridge.detection.pipeline import Pipeline, PipelineState
from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, SampleClock
from tests.detection.signals import BED, RATE, block, cut, turned

MINUTE = 60.0
CAME = 10 * MINUTE
LEFT = 50 * MINUTE
LENGTH = 70 * MINUTE


def bed(
    *, breath: float = 0.0, heart: float = 0.0, steps: float = 0.0, noise: float = 0.0005
) -> Floats:
    """Return 70 min at a bed: a person comes, kicks now and then, and leaves."""
    rng = np.random.default_rng(0)
    times = np.arange(round(LENGTH * RATE)) / RATE
    signal = rng.normal(0.0, noise, (3, len(times)))
    signal[2] += 1.0
    lies = (times >= CAME) & (times < LEFT)
    beat = 1.1 * times + 0.03 * np.sin(2 * np.pi * 0.1 * times)
    signal[0] += (
        lies * breath * np.sin(2 * np.pi * (0.25 * times + 0.05 * np.sin(2 * np.pi * times / 50)))
    )
    signal[2] += lies * heart * np.exp(-(beat % 1) / 0.1) * np.sin(2 * np.pi * 5 * (beat % 1))
    kicks = [(onset, 2.0, 0.02) for onset in np.arange(CAME + 60, LEFT - 60, 40.0)]
    walks = [
        (onset, 0.3, steps)
        for onset in rng.uniform(0, LENGTH, 300)
        if not CAME - 5 < onset < LEFT + 5
    ]
    for onset, lasts, size in [(CAME, 5.0, 0.15), (LEFT - 5, 5.0, 0.15), *kicks, *walks]:
        moving = (times >= onset) & (times < onset + lasts)
        signal[:, moving] += size * rng.normal(0.0, 1.0, (3, int(moving.sum())))
    return signal


def found(blocks: Iterable[SampleBlock]) -> list[Event]:
    detector = Pipeline([BED])
    events = [event for piece in blocks for event in detector.process(BED.id, piece)]
    return events + detector.finish()


def beds(events: Iterable[Event]) -> list[tuple[float, bool]]:
    return [
        (event.onset / SECOND, event.in_bed) for event in events if isinstance(event, BedTransition)
    ]


def bed_changes(signal: Floats) -> list[tuple[float, bool]]:
    return beds(found([block(signal)]))


def slowed(signal: Floats, at: float) -> list[SampleBlock]:
    """Return blocks of half the rate from a time (s) on."""
    half = round(at * RATE)
    clock = SampleClock(half, round(at * SECOND), RATE / 2)
    return [block(signal[:, :half]), SampleBlock(half, signal[:, half::2], clock, RATE / 2)]


FELT = {
    "breath": {"breath": 0.0006},
    "heart": {"heart": 0.005},
    "breath, steps in the room": {"breath": 0.0006, "steps": 0.004},
}


@pytest.mark.parametrize("felt", FELT.values(), ids=list(FELT))
def test_a_person_who_is_no_longer_felt_has_left_the_bed(felt: dict[str, float]) -> None:
    (came, here), (left, still) = bed_changes(bed(**felt))
    assert (here, still) == (True, False)
    assert came == pytest.approx(CAME, abs=20)
    assert left == pytest.approx(LEFT, abs=20)


def test_a_sensor_too_noisy_for_breath_uses_movement() -> None:
    ((came, here),) = bed_changes(bed(breath=0.0006, noise=0.006))
    assert here
    assert came == pytest.approx(CAME, abs=20)


AWAY = bed(breath=0.0006)
"""A person who comes after 10 min and leaves after 50."""
ASLEEP = AWAY[:, : round(45 * MINUTE * RATE)]
"""A person who comes after 10 min and is still there."""


@cache
def stay() -> list[tuple[float, bool]]:
    """Return the changes of that person, if no part of the signal is lost."""
    return bed_changes(ASLEEP)


def holed(signal: Floats, holes: list[tuple[float, float]], *, begin: float, end: float) -> Floats:
    """Return a signal with holes, each given by its onset (s after `begin`) and its length (s)."""
    result = signal.copy()
    for onset, lasts in holes:
        result[:, round((begin + onset) * RATE) : round(min(end, begin + onset + lasts) * RATE)] = (
            np.nan
        )
    return result


def regular(every: float, kept: float) -> list[tuple[float, float]]:
    """Return holes that keep `kept` s of each `every` s, for a quarter of an hour."""
    return [(onset + kept, every - kept) for onset in np.arange(0, 15 * MINUTE, every).tolist()]


REGULAR = st.builds(
    regular, st.sampled_from([2.0, 5.0, 10.0, 20.0, 60.0]), st.floats(0.02, 60.0)
).map(lambda holes: [hole for hole in holes if hole[1] > 0])
RANDOM = st.lists(st.tuples(st.floats(0, 15 * MINUTE), st.floats(0.02, 90.0)), max_size=60)


@pytest.mark.filterwarnings("error")
@settings(max_examples=25, deadline=None)
@given(REGULAR | RANDOM)
@example(regular(10.0, 0.04))
@example(regular(10.0, 0.1))
@example(regular(10.0, 0.5))
@example(regular(10.0, 1.0))
@example(regular(5.0, 4.4))
def test_a_person_stays_in_bed_whatever_part_of_the_signal_is_lost(
    holes: list[tuple[float, float]],
) -> None:
    assert bed_changes(holed(ASLEEP, holes, begin=25 * MINUTE, end=40 * MINUTE)) == stay()
    ((came, here),) = stay()
    assert here
    assert came == pytest.approx(CAME, abs=20)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("still", [20.0, 19.5, 8.5])
def test_a_sensor_that_repeats_one_value_does_not_end_the_stay_in_bed(still: float) -> None:
    """It repeats it for `still` s of every 20 s. Getting up afterwards is detected as usual."""
    signal = AWAY.copy()
    times = np.arange(signal.shape[1]) / RATE
    frozen = (times > 25 * MINUTE) & (times < 40 * MINUTE) & (times % 20 < still)
    signal[:, frozen] = signal[:, [round(25 * MINUTE * RATE)]]
    (_, here), (left, still_here) = bed_changes(signal)
    assert (here, still_here) == (True, False)
    assert left == pytest.approx(LEFT, abs=20)


def test_a_change_of_rate_is_not_getting_up() -> None:
    """25 Hz from the middle of an epoch."""
    assert [here for _, here in beds(found(slowed(ASLEEP, 30.1 * MINUTE)))] == [True]


def eventful() -> Floats:
    """Return a bed with short and long holes, a rhythmic foot and one tilt."""
    signal = bed(breath=0.0006, steps=0.004)[:, : round(60 * MINUTE * RATE)]
    times = np.arange(signal.shape[1]) / RATE
    drums = (times > 30 * MINUTE) & (times < 30 * MINUTE + 12) & (times % 0.66 < 0.35)
    signal[0] += 0.1 * drums * np.sin(2 * np.pi * 6.0 * times)
    signal = turned(signal[[0, 2, 1]], 28 * MINUTE, 30.0)
    holes = [(0, 0.3), (60, 5.0), (400, 0.7), (720, 200.0), (940.2, 1.5), (1000, 0.7)]
    return holed(signal, holes, begin=20 * MINUTE, end=45 * MINUTE)


BLOCKS = slowed(eventful(), 40.1 * MINUTE)


@cache
def whole() -> list[str]:
    """Return the events of the blocks, in order."""
    return sorted(map(repr, found(BLOCKS)))


def test_the_signal_of_the_next_test_contains_every_kind_of_event() -> None:
    """Without them that test would prove little."""
    assert {event.split("(")[0] for event in whole()} == {
        *("Movement", "PositionChange", "Twitch", "RhythmicTrain", "Series", "BedTransition"),
        "Gap",
    }


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, BLOCKS[-1].end - 1), max_size=60))
@example([*range(0, BLOCKS[-1].end, 237)])
def test_any_split_gives_the_same_events(cuts: list[int]) -> None:
    assert sorted(map(repr, found(piece for one in BLOCKS for piece in cut(one, cuts)))) == whole()


def empty(seconds: float) -> Floats:
    """Return an empty bed, with one knock at its frame at the beginning."""
    signal = np.random.default_rng(3).normal(0.0, 0.0005, (3, round(seconds * RATE)))
    signal[2] += 1.0
    signal[:, 200:230] += 0.05
    return signal


HOUR = 60 * MINUTE
BACK = ASLEEP[:, round(25 * MINUTE * RATE) :]


@cache
def before_the_outage(*, in_bed: bool) -> tuple[list[Event], PipelineState]:
    """Return the events until the sensor fails, and what the pipeline stores."""
    pipeline = Pipeline([BED])
    events = pipeline.process(BED.id, block(ASLEEP if in_bed else AWAY)) + pipeline.interrupt()
    return events, pipeline.state


@pytest.mark.parametrize("off", [0.9 * HOUR, 1.5 * HOUR, 5 * HOUR])
@pytest.mark.parametrize("before", [True, False], ids=["in bed before", "out of it before"])
@pytest.mark.parametrize("after", [True, False], ids=["in bed after", "out of it after"])
def test_a_change_during_an_outage_is_dated_after_it(
    off: float, *, before: bool, after: bool
) -> None:
    """After an outage of an hour nothing is known, so the state is reported in any case."""
    earlier, state = before_the_outage(in_bed=before)
    assert beds(earlier)[-1][1] is before
    start = (ASLEEP if before else AWAY).shape[1] / RATE + off
    second = Pipeline([BED], state=state, events=earlier)
    signal = BACK if after else empty(40 * MINUTE)
    later = second.process(BED.id, block(signal, start=round(start * SECOND))) + second.finish()
    if before is after and off < HOUR:
        assert beds(later) == []
        return
    ((onset, here),) = beds(later)
    assert here is after
    assert start <= onset <= start + 3 * MINUTE


def test_no_change_is_in_the_future_after_the_clock_was_set_back() -> None:
    at = round(10.5 * MINUTE * RATE)
    clock = 100_000 * SECOND
    detector = Pipeline([BED])
    events = detector.process(BED.id, block(ASLEEP[:, :at], start=clock))
    assert beds(events) == []
    back = clock - 7200 * SECOND
    events = (
        detector.process(BED.id, SampleBlock(at, ASLEEP[:, at:], SampleClock(0, back, RATE), RATE))
        + detector.finish()
    )
    ((came, here),) = beds(events)
    assert here
    assert 0 <= came - back / SECOND - at / RATE <= MINUTE


def test_a_bed_sensor_too_slow_for_movements_does_not_know_who_is_in_bed() -> None:
    detector = Pipeline([BED])
    events = detector.process(BED.id, block(AWAY[:, ::10], rate=RATE / 10)) + detector.finish()
    assert (beds(events), detector.in_bed) == ([], None)


def test_a_fan_is_not_a_person() -> None:
    """A fan hides the breath, so a person is found by moving. A fan alone is an empty bed."""
    times = np.arange(round(LENGTH * RATE)) / RATE
    fan = 0.002 * np.sin(2 * np.pi * 7.3 * times)
    signal = bed(steps=0.004)
    signal[2] += fan
    ((came, here),) = bed_changes(signal)
    assert here
    assert came == pytest.approx(CAME, abs=20)
    alone = empty(LENGTH)
    alone[2] += fan
    assert [here for _, here in bed_changes(alone)] == [False]
