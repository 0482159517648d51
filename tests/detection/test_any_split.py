"""The events do not depend on how the signals are split, delivered or interrupted."""

from functools import cache
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import Event, Gap, Movement, Series
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import AASM, RULE_SETS, WASM_2016
from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, SampleClock, Sensor
from tests.detection.signals import (
    BED,
    LEFT,
    LOAD,
    RATE,
    RIGHT,
    TIBIALIS,
    ankle,
    block,
    cut,
    detect,
    emg,
    movements,
    turned,
)

LENGTH = 400.0
KICKS = [
    (20.0, 2.0),
    (45.0, 1.5),
    (70.0, 3.0),
    (95.0, 2.0),
    (130.0, 0.3),
    (150.0, 2.0),
    (230.0, 12.0),
    (300.0, 2.0),
]
FEET = [(340.0 + 0.66 * number, 0.35) for number in range(16)]


def left() -> Floats:
    """Return an ankle that kicks, turns there and back and walks, with short and long gaps."""
    signal = turned(ankle(*KICKS, *FEET, length=LENGTH), 180.0, 40.0)
    signal = turned(signal, 260.0, 20.0, back=263.0)
    signal[:, round(45.5 * RATE) : round(45.5 * RATE) + 5] = np.nan
    signal[:, round(200 * RATE) : round(204 * RATE)] = np.nan
    signal[0, round(280 * RATE)] = np.nan
    signal[:, round(355 * RATE) :] += ankle((0.0, 45.0), length=45.0, size=0.8)
    return signal


def right() -> Floats:
    """Return the other ankle, which moves sometimes with the first and sometimes alone."""
    return ankle(
        (20.5, 2.0), (46.8, 1.0), (71.0, 1.0), (120.0, 2.0), (300.3, 4.0), length=LENGTH, seed=5
    )


def drifting(signal: Floats) -> list[SampleBlock]:
    """Return blocks whose clock is corrected every 50 s, as that of a live sensor is."""
    whole = block(signal)
    bounds = [*range(0, signal.shape[1], round(50 * RATE)), signal.shape[1]]
    clocks = [SampleClock(begin, round(begin * SECOND / 49.9), 49.9) for begin in bounds]
    return [
        SampleBlock(begin, whole.samples[:, begin:end], clock, RATE)
        for (begin, end), clock in zip(pairwise(bounds), clocks, strict=False)
    ]


SIGNALS: list[tuple[Sensor, list[SampleBlock]]] = [
    (LEFT, drifting(left())),
    (RIGHT, drifting(right())),
]
CUTS = st.lists(st.integers(1, round(LENGTH * RATE) - 1), max_size=40)


def ordered(events: list[Event]) -> list[str]:
    return sorted(map(repr, events))


@cache
def whole(rules: str) -> list[Event]:
    pipeline = Pipeline([LEFT, RIGHT], RULE_SETS[rules])
    events = [
        event
        for sensor, blocks in SIGNALS
        for one in blocks
        for event in pipeline.process(sensor.id, one)
    ]
    return events + pipeline.finish()


def pieces(cuts: list[int], sensor: int) -> list[tuple[int, SampleBlock]]:
    return [
        (sensor, piece)
        for one in dict(enumerate(SIGNALS, 1))[sensor][1]
        for piece in cut(one, cuts)
    ]


def test_the_signals_contain_every_kind_of_event() -> None:
    """Otherwise the property below would say little."""
    kinds = {type(event).__name__ for event in whole("wasm-2016")}
    assert kinds == {
        "Movement",
        "PositionChange",
        "Twitch",
        "RhythmicTrain",
        "Series",
        "BedTransition",
        "Gap",
    }


@pytest.mark.parametrize("rules", RULE_SETS)
@settings(max_examples=40, deadline=None)
@given(CUTS, CUTS, st.randoms(use_true_random=False))
def test_any_split_and_any_order_of_delivery(
    rules: str, cuts_left: list[int], cuts_right: list[int], random: Random
) -> None:
    queues = [pieces(cuts_left, 1), pieces(cuts_right, 2)]
    pipeline = Pipeline([LEFT, RIGHT], RULE_SETS[rules])
    events: list[Event] = []
    while any(queues):
        events += pipeline.process(*random.choice([queue for queue in queues if queue]).pop(0))
    assert ordered(events + pipeline.finish()) == ordered(whole(rules))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60 * 250 - 1), max_size=30))
def test_any_split_of_emg(cuts: list[int]) -> None:
    signal = block(emg((10, 2), (22, 0.6), (34, 5), (46, 1), (58, 2), length=60), rate=250.0)
    pipeline = Pipeline([TIBIALIS])
    events = [event for piece in cut(signal, cuts) for event in pipeline.process(3, piece)]
    assert ordered(events + pipeline.finish()) == ordered(detect((TIBIALIS, signal)))


def long_movements_with_gaps(seed: int, rate: float) -> Floats:
    """Return a limb that kicks, jerks, slides and turns for over 10 s, mostly up to a gap."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(80 * rate)) / rate
    signal = rng.normal(0.0, 0.002, (3, len(times)))
    degrees = np.zeros(len(times))
    for onset, long in ((12.0, 12.0), (40.0, 14.0), (66.0, 20.0)):
        at = onset
        while at < onset + long:
            lasts = rng.uniform(0.1, 3.0)
            moving = (times >= at) & (times < at + lasts)
            signal[2, moving] += rng.uniform(0.01, 0.5) * np.sin(
                2 * np.pi * rng.uniform(0.8, 5.0) * times[moving]
            )
            way = rng.choice([0.0, 0.3, 1.0, 3.0, 20.0]) * rng.choice([-1.0, 1.0])
            degrees += way * np.clip((times - at) / rng.uniform(0.1, 1.5), 0, 1)
            at += lasts + rng.choice([0.2, 0.6, 1.5, 2.5])
        begin = onset + long - rng.uniform(0.0, 3.0)
        signal[:, (times >= begin) & (times < begin + rng.uniform(0.02, 3.0))] = np.nan
    signal[0] -= np.sin(np.radians(degrees))
    signal[1] += np.cos(np.radians(degrees))
    return signal


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([25.0, 31.25, 50.0, 104.0, 250.0, 500.0]),
    st.sampled_from([LEFT, BED]),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60),
)
def test_any_split_of_long_movements_that_end_in_a_gap(
    seed: int, rate: float, sensor: Sensor, cuts: list[float]
) -> None:
    signal = block(long_movements_with_gaps(seed, rate), rate=rate)
    pipeline = Pipeline([sensor])
    pieces = cut(signal, [round(share * signal.end) for share in cuts])
    events = [event for piece in pieces for event in pipeline.process(sensor.id, piece)]
    assert ordered(events + pipeline.finish()) == ordered(detect((sensor, signal)))


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([104.0, 250.0, 500.0]),
    st.lists(st.floats(0.0, 1.0), max_size=60),
)
def test_any_split_of_long_emg_that_ends_in_a_gap(
    seed: int, rate: float, cuts: list[float]
) -> None:
    rng = np.random.default_rng(seed)
    samples = emg((10, 0.4), (14, 13), (40, 1.5), (45, 15), length=60, rate=rate)
    for begin in (26.0 - rng.uniform(0.0, 3.0), 52.0, 59.0):
        samples[:, round(begin * rate) : round((begin + rng.uniform(0.02, 2.0)) * rate)] = np.nan
    signal = block(samples, rate=rate)
    pipeline = Pipeline([TIBIALIS])
    pieces = cut(signal, [round(share * signal.end) for share in cuts])
    events = [event for piece in pieces for event in pipeline.process(3, piece)]
    assert ordered(events + pipeline.finish()) == ordered(detect((TIBIALIS, signal)))


def test_sample_by_sample() -> None:
    signal = block(left()[:, : round(60 * RATE)])
    pipeline = Pipeline([LEFT])
    events = [
        event for piece in cut(signal, range(signal.end)) for event in pipeline.process(1, piece)
    ]
    assert ordered(events + pipeline.finish()) == ordered(detect((LEFT, signal)))


@settings(max_examples=40, deadline=None)
@given(st.integers(round(15 * RATE), round((LENGTH - 5) * RATE)), st.integers(1, 100))
def test_a_restart_changes_nothing_but_the_gap(at: int, lost: int) -> None:
    """A pipeline that resumes after a stop at any sample finds what one without a stop finds."""
    signal = ankle(*KICKS, length=LENGTH)
    holed = signal.copy()
    holed[:, at : at + lost] = np.nan
    unbroken = [event for event in detect((LEFT, block(holed))) if outside(event, at, at + lost)]

    before = Pipeline([LEFT])
    kept = before.process(1, block(signal[:, :at]))
    after = Pipeline([LEFT], state=before.state, events=kept)
    start = at + lost
    clock = SampleClock(0, round(start / RATE * SECOND), RATE)
    resumed = (
        kept + after.process(1, SampleBlock(0, signal[:, start:], clock, RATE)) + after.finish()
    )
    assert times([event for event in resumed if outside(event, at, start)]) == pytest.approx(
        times(unbroken), abs=0.1
    )


def outside(event: Event, begin: int, end: int) -> bool:
    """Return whether an event is a movement that is at least 1 s away from a gap."""
    if not isinstance(event, Movement):
        return False
    return event.end / SECOND < begin / RATE - 1 or event.onset / SECOND > end / RATE + 1


def times(events: list[Event]) -> list[float]:
    """Return onsets and ends in s. After a gap they may differ by a frame or two, as the frames are
    counted from its end."""
    return [time / SECOND for event in movements(events) for time in (event.onset, event.end)]


def test_a_series_does_not_end_while_a_movement_that_may_continue_it_is_open() -> None:
    """It ends 90 s after its last movement, but not before that movement is complete."""
    kicks = [(20.0 * number, 2.0) for number in range(1, 5)] + [(165.0, 9.0), (190.0, 2.0)]
    signal = block(ankle(*kicks, length=300.0))
    pipeline = Pipeline([LEFT])
    events: list[Event] = []
    for piece in cut(signal, range(0, signal.end, 25)):
        events += pipeline.process(1, piece) + pipeline.advance_to(
            piece.clock.time_of(piece.end) - SECOND
        )
    assert [event.movements for event in events if isinstance(event, Series)] == [4, 6]
    assert len(movements(events)) == 6


def test_a_sensor_that_stops_in_a_movement_does_not_delay_the_other() -> None:
    pipeline = Pipeline([LEFT, RIGHT])
    right = block(ankle((9.0, 5.0), length=11.0))
    for piece in cut(right, range(0, right.end, 25)):
        pipeline.process(2, piece)
    pipeline.process(1, block(ankle((10.0, 2.0), length=20.0)))
    (movement,) = movements(pipeline.advance_to(19 * SECOND))
    assert movement.onset / SECOND == pytest.approx(10.0, abs=0.1)


def test_a_restart_continues_a_series() -> None:
    signal = ankle(*[(20.0 * number, 2.0) for number in range(1, 8)], length=170.0)
    middle = round(72 * RATE)
    before = Pipeline([LEFT])
    kept = before.process(1, block(signal[:, :middle]))
    after = Pipeline([LEFT], state=before.state, events=kept)
    clock = SampleClock(0, round(74.0 * SECOND), RATE)
    resumed = (
        after.process(1, SampleBlock(0, signal[:, round(74 * RATE) :], clock, RATE))
        + after.finish()
    )
    (ended,) = [event for event in resumed if isinstance(event, Series) and event.ended]
    assert ended.movements == 7
    assert ended.onset / SECOND == pytest.approx(20.0, abs=0.1)
    assert [event for event in resumed if isinstance(event, Gap)] == [
        Gap(1, 71_980_000, 74_000_000)
    ]


def test_slow_load_cells_show_no_movements_in_any_split() -> None:
    times = np.arange(600)
    samples = np.where((times > 100) & (times < 400), 120.0, 50.0)[None, :]
    signal = SampleBlock(0, samples, SampleClock(0, 0, 1.0), 1.0)
    pipeline = Pipeline([LOAD])
    events = [
        event
        for piece in cut(signal, [7, 99, 100, 101, 399])
        for event in pipeline.process(5, piece)
    ]
    assert ordered(events + pipeline.finish()) == ordered(detect((LOAD, signal)))
    assert not pipeline.coverage(0, 1).movement_sensors


def test_the_rule_sets_give_different_events_on_these_signals() -> None:
    assert ordered(whole(AASM.name)) != ordered(whole(WASM_2016.name))
