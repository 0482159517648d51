"""Turns of the body at a bed sensor: they are position changes and no leg movements."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import Event, Movement, PositionChange, RhythmicTrain
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import SECOND, Floats, Sensor
from tests.detection.signals import (
    BED,
    LOAD,
    RATE,
    ankle,
    block,
    cut,
    detect,
    movements,
    slipped,
)

KICKS = [(20.0 + 12.0 * index, 1.5 + 0.1 * (index % 5)) for index in range(14)]
"""Leg movements, enough for others to be compared with them."""


def load(
    *bursts: tuple[float, float, float], length: float, shifts: tuple[tuple[float, float], ...] = ()
) -> Floats:
    """Return a load of 75 kg with bursts of (onset, duration, kg), and shifts of (time, kg)."""
    times = np.arange(round(length * RATE)) / RATE
    signal = 75.0 + np.random.default_rng(2).normal(0.0, 0.03, len(times))
    for onset, duration, size in bursts:
        moving = (times >= onset) & (times < onset + duration)
        signal[moving] += size * np.sin(2 * np.pi * 2.3 * (times[moving] - onset))
    for time, size in shifts:
        signal += size * np.clip(times - time, 0.0, 1.0)
    return signal[None, :]


def bed(
    *bursts: tuple[float, float, float], length: float, noise: float = 0.001, seed: int = 0
) -> Floats:
    """Return a bed that shakes irregularly for each (onset, duration, size in g)."""
    signal = ankle(length=length, noise=noise, seed=seed)
    rng = np.random.default_rng(seed + 1)
    times = np.arange(signal.shape[1]) / RATE
    for onset, duration, size in bursts:
        moving = (times >= onset) & (times < onset + duration)
        signal[:, moving] += size * rng.normal(0.0, 1.0, (3, int(moving.sum())))
    return signal


def changes(events: list[Event]) -> list[tuple[int, int]]:
    """Return the position changes in whole s."""
    return [
        (round(event.onset / SECOND), round(event.end / SECOND))
        for event in events
        if isinstance(event, PositionChange)
    ]


def test_a_movement_that_leaves_the_bed_tilted_is_a_turn_and_one_that_does_not_is_counted() -> None:
    shaking = bed((30.0, 4.0, 0.05), (60.0, 4.0, 0.05), length=90.0)
    events = detect((BED, block(slipped(shaking, 31.0, 0.6, lasts=2.0))))
    assert changes(events) == [(30, 34)]
    assert [round(one.onset / SECOND) for one in movements(events)] == [60]


def test_a_noisy_bed_sensor_counts_movements_that_end_where_they_began() -> None:
    for seed in range(3):
        kicks = [(20.0 * index, 2.0, 0.15) for index in range(1, 12)]
        events = detect((BED, block(bed(*kicks, length=240.0, noise=0.008, seed=seed))))
        assert len(movements(events)) == len(kicks)
        assert changes(events) == []


def test_weight_that_stays_elsewhere_is_a_turn_at_load_cells() -> None:
    signal = load((30.0, 2.4, 2.0), (60.0, 2.4, 2.0), length=90.0, shifts=((31.0, 4.0),))
    events = detect((LOAD, block(signal)))
    assert changes(events) == [(30, 32)]
    assert len(movements(events)) == 1


@pytest.mark.parametrize("sensor", [BED, LOAD])
def test_a_movement_much_larger_and_longer_than_the_others_is_a_turn(sensor: Sensor) -> None:
    """Without a change of tilt or weight, its size and duration are all there is to see."""
    unit = 0.02 if sensor is BED else 0.8
    sizes = [unit * (0.7 + 0.1 * (index % 7)) for index in range(len(KICKS))]
    bursts = [(onset, duration, size) for (onset, duration), size in zip(KICKS, sizes, strict=True)]
    # A leg is lifted and put down; a body moves all the time.
    bursts += [(220.0, 5.5, 4 * unit), (280.0, 1.5, 4 * unit)]
    bursts += [(250.0, 0.8, unit), (253.0, 0.8, unit)]
    signal = (bed if sensor is BED else load)(*bursts, length=300.0)
    events = detect((sensor, block(signal)))
    assert changes(events) == [(220, 226)]
    assert len(movements(events)) == len(KICKS) + 2


@pytest.mark.parametrize("size", [0.3, 3.0])
def test_a_bed_that_moves_slowly_all_the_time_is_a_turn_however_large(size: float) -> None:
    """A leg pushes the bed when it is lifted and put down, in as much time."""
    times = np.arange(round(90 * RATE)) / RATE
    signal = load((30.0, 0.5, size), (32.9, 0.5, size), length=90.0)
    moving = (times >= 60.0) & (times < 64.0)
    signal[0, moving] += size * np.sin(2 * np.pi * 1.2 * (times[moving] - 60.0))
    events = detect((LOAD, block(signal)))
    assert changes(events) == [(60, 64)]
    assert [(round(one.onset / SECOND), round(one.end / SECOND)) for one in movements(events)] == [
        (30, 33)
    ]


@pytest.mark.parametrize(("pause", "count"), [(0.8, 1), (2.6, 1), (3.4, 2)])
def test_a_leg_that_is_lifted_and_put_down_is_one_movement(pause: float, count: int) -> None:
    for sensor, make, size in ((BED, bed, 0.05), (LOAD, load, 2.0)):
        bursts = [(20.0 * index, 0.6, size) for index in range(1, 5)]
        bursts += [(onset + 0.6 + pause, 0.6, size) for onset, _, _ in bursts]
        events = detect((sensor, block(make(*bursts, length=110.0))))
        assert len(movements(events)) == 4 * count
        assert changes(events) == []


def test_a_much_weaker_push_after_a_leg_movement_does_not_prolong_it() -> None:
    kicks = [(20.0 * index, 1.0, 0.2) for index in range(1, 9)]
    weak = [(onset + 2.5, 0.5, 0.008) for onset, _, _ in kicks]
    events = detect((BED, block(bed(*kicks, *weak, length=200.0))))
    assert len(movements(events)) == len(kicks)
    assert all(one.end - one.onset < 1.5 * SECOND for one in movements(events))


def test_before_other_movements_are_known_only_long_ones_are_turns() -> None:
    events = detect((BED, block(bed((30.0, 4.0, 0.1), (60.0, 7.0, 0.1), length=90.0))))
    assert changes(events) == [(60, 67)]
    assert len(movements(events)) == 1


def test_moves_with_short_pauses_are_one_turn_if_they_last_longer_than_a_leg_movement() -> None:
    moves = [(30.0 + 3.5 * index, 2.2, 0.05) for index in range(4)]
    apart = [(80.0 + 6.0 * index, 2.2, 0.05) for index in range(3)]
    events = detect((BED, block(bed(*moves, *apart, length=120.0))))
    assert changes(events) == [(30, 43)]
    assert len(movements(events)) == 3


def test_a_rhythmic_train_at_a_bed_is_no_turn() -> None:
    beats = [(30.0 + 1.3 * index, 0.5) for index in range(12)]
    events = detect((BED, block(ankle(*beats, length=70.0, size=0.05))))
    assert changes(events) == []
    assert any(isinstance(event, RhythmicTrain) for event in events)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 15_000), max_size=20), st.integers(0, 14_999))
def test_turns_do_not_depend_on_blocks_and_a_restart_remembers_the_sizes(
    cuts: list[int], restart: int
) -> None:
    bursts = [(onset, duration, 0.02) for onset, duration in KICKS]
    signal = block(slipped(bed(*bursts, (250.0, 4.0, 0.1), length=300.0), 225.0, 0.5, lasts=2.0))
    whole = detect((BED, signal))
    pipeline = Pipeline([BED])
    events = [event for piece in cut(signal, cuts) for event in pipeline.process(BED.id, piece)]
    assert sorted([*events, *pipeline.finish()], key=repr) == sorted(whole, key=repr)

    # After the leg movements, a bridge that was restarted knows how large they are.
    first, second = signal.split(round(205 * RATE) + restart % 500)
    before = Pipeline([BED])
    known = [*before.process(BED.id, first), *before.interrupt()]
    after = Pipeline([BED], state=before.state, events=known)
    resumed = [*after.process(BED.id, second), *after.finish()]
    assert (250, 254) in changes(resumed)
    assert not any(isinstance(event, Movement) for event in resumed)
