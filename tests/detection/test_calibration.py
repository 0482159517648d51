"""Calibration and sensitivity: what is learned and detected after a user sets them."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import BedTransition, Certainty, Cramp, Event, Movement
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)
from tests.detection.signals import (
    LEFT,
    LOAD,
    RATE,
    TIBIALIS,
    ankle,
    block,
    cut,
    emg,
    movements,
    turned,
)

LENGTH = 300.0
CALF = Sensor(6, Quantity.EMG, Placement.CALF, Side.LEFT)

type Action = Callable[[Pipeline], list[Event]]


def do_nothing(_: Pipeline) -> list[Event]:
    return []


def calibrate(pipeline: Pipeline) -> list[Event]:
    return pipeline.calibrate()


def double_sensitivity(pipeline: Pipeline) -> list[Event]:
    pipeline.set_sensitivity(2.0)
    return []


def process_all(pipeline: Pipeline, number: int, blocks: Iterable[SampleBlock]) -> list[Event]:
    return [event for one in blocks for event in pipeline.process(number, one)]


def events_with_action(
    sensor: Sensor, signal: Floats, at: int, action: Action, rate: float = RATE
) -> list[Event]:
    """Return the events of a signal; the action is done after sample number `at`."""
    before, after = block(signal, rate=rate).split(at)
    pipeline = Pipeline([sensor])
    events = process_all(pipeline, sensor.id, [before]) + action(pipeline)
    return events + process_all(pipeline, sensor.id, [after]) + pipeline.finish()


def lively_ankle() -> Floats:
    """Return an ankle with weak and strong kicks, a turn, and more noise for a while."""
    signal = turned(
        ankle((20.0, 2.0), (45.0, 1.5), (70.0, 3.0), (130.0, 2.0), length=LENGTH), 180.0, 40.0
    )
    signal += ankle(
        (95.0, 2.0), (160.0, 2.0), (230.0, 2.0), length=LENGTH, size=0.008, noise=0.001, seed=3
    ) - [
        [0.0],
        [1.0],
        [0.0],
    ]
    return signal


@pytest.mark.parametrize("action", [calibrate, double_sensitivity])
@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, round(LENGTH * RATE) - 1),
    st.lists(st.integers(1, round(LENGTH * RATE) - 1), max_size=30),
)
def test_any_split_before_and_after_the_action(action: Action, at: int, cuts: list[int]) -> None:
    signal = lively_ankle()
    before, after = block(signal).split(at)
    pipeline = Pipeline([LEFT])
    events = (
        process_all(pipeline, 1, cut(before, cuts))
        + action(pipeline)
        + process_all(pipeline, 1, cut(after, cuts))
    )
    assert sorted(map(repr, events + pipeline.finish())) == sorted(
        map(repr, events_with_action(LEFT, signal, at, action))
    )


def test_calibration_forgets_noise_that_has_ended() -> None:
    """The bed shakes for a minute; after calibration, a weak kick 10 s later is found."""
    signal = ankle((75.0, 2.0), length=120.0, noise=0.0005, size=0.012)
    signal[:, : round(62 * RATE)] += np.random.default_rng(9).normal(
        0.0, 0.008, (3, round(62 * RATE))
    )
    at = round(65 * RATE)
    assert movements(events_with_action(LEFT, signal, at, do_nothing)) == []
    (kick,) = movements(events_with_action(LEFT, signal, at, calibrate))
    assert kick.onset / SECOND == pytest.approx(75.0, abs=0.1)


def test_calibration_removes_the_noise_from_the_state_at_once() -> None:
    """A bridge that is killed right afterwards does not restore it."""
    pipeline = Pipeline([LEFT])
    pipeline.process(1, block(ankle(length=90.0)))
    known = [pipeline.state.sensors[1].noise]
    pipeline.calibrate()
    known.append(pipeline.state.sensors[1].noise)
    assert [len(noise) for noise in known] == [6, 0]


def test_calibration_reports_an_open_movement_with_the_duration_seen_so_far() -> None:
    pipeline = Pipeline([LEFT])
    assert movements(pipeline.process(1, block(ankle((20.0, 5.0), length=23.0)))) == []
    (kick,) = movements(pipeline.calibrate() + pipeline.advance_to(60 * SECOND))
    assert kick.duration / SECOND == pytest.approx(3.0, abs=0.1)


def test_calibration_is_possible_before_the_first_sample() -> None:
    pipeline = Pipeline([LEFT, LOAD, CALF])
    assert pipeline.calibrate() == []
    assert movements(
        pipeline.process(1, block(ankle((20.0, 2.0), length=30.0))) + pipeline.finish()
    )


def test_emg_learns_its_resting_level_again() -> None:
    """A muscle is tense at first, and its level is taken for rest."""
    rng = np.random.default_rng(4)
    signal = rng.normal(0.0, 1.0, (1, 120 * 250))
    signal[:, : 62 * 250] *= 8.0
    signal[:, 75 * 250 : 77 * 250] *= 12.0
    found = [
        movements(events_with_action(TIBIALIS, signal, 65 * 250, action, 250.0))
        for action in (do_nothing, calibrate)
    ]
    assert [len(kicks) for kicks in found] == [0, 1]


def load_block(*loads: tuple[float, float], start: int = 0) -> SampleBlock:
    """Return load cells of 1 Hz; each pair is a load in kg and its duration in s."""
    samples = np.concatenate([np.full(round(seconds), load) for load, seconds in loads])[None, :]
    return SampleBlock(start, samples, SampleClock(0, 0, 1.0), 1.0)


def transitions(events: Iterable[Event]) -> list[tuple[bool, int]]:
    return [
        (event.in_bed, event.onset // SECOND)
        for event in events
        if isinstance(event, BedTransition)
    ]


def test_the_load_at_calibration_is_that_of_the_empty_bed() -> None:
    pipeline = Pipeline([LOAD])
    assert transitions(pipeline.process(5, load_block((45.0, 100)))) == []
    pipeline.calibrate()
    found = pipeline.process(5, load_block((45.0, 60), (115.0, 60), (45.0, 60), start=100))
    assert transitions(found) == [(False, 100), (True, 160), (False, 220)]


def test_calibration_empties_a_bed_that_has_become_heavier() -> None:
    """A new mattress looks like a person in bed until then."""
    pipeline = Pipeline([LOAD])
    pipeline.process(5, load_block((45.0, 60), (115.0, 60), (45.0, 60)))
    assert transitions(pipeline.process(5, load_block((60.0, 120), start=180))) == [(True, 180)]
    pipeline.calibrate()
    assert transitions(pipeline.process(5, load_block((60.0, 60), (130.0, 60), start=300))) == [
        (False, 300),
        (True, 360),
    ]
    assert pipeline.state.bed.load.tare_at is None


def test_the_tare_is_kept_over_a_restart() -> None:
    pipeline = Pipeline([LOAD])
    pipeline.process(5, load_block((45.0, 100)))
    pipeline.calibrate()
    again = Pipeline([LOAD], state=pipeline.state)
    assert transitions(again.process(5, load_block((45.0, 60), (115.0, 60), start=100))) == [
        (False, 100),
        (True, 160),
    ]


def test_load_cells_that_return_after_calibration_may_carry_a_person() -> None:
    pipeline = Pipeline([LOAD])
    pipeline.process(5, load_block((45.0, 60), (115.0, 60), (45.0, 60)))
    pipeline.calibrate()
    assert transitions(pipeline.process(5, load_block((115.0, 60), start=400))) == [(True, 400)]


def cramp_signals() -> tuple[SampleBlock, SampleBlock]:
    """Return an ankle that moves 40 s after the calf became tense, and the calf; both for 4 min."""
    rng = np.random.default_rng(5)
    calf = rng.normal(0.0, 3.0, (1, 240 * 250))
    calf[:, 100 * 250 : 200 * 250] *= 12.0
    return block(ankle((140.0, 20.0), length=240.0)), block(calf, rate=250.0)


def test_calibration_ends_a_cramp_and_forgets_the_baseline_of_the_calf() -> None:
    leg, calf = cramp_signals()
    pipeline = Pipeline([LEFT, CALF])
    events = process_all(pipeline, 1, [leg.split(round(170 * RATE))[0]]) + process_all(
        pipeline, 6, [calf.split(170 * 250)[0]]
    )
    (lasting,) = [event for event in events if isinstance(event, Cramp)]
    assert (lasting.certainty, lasting.end) == (Certainty.PROBABLE, None)
    assert len(pipeline.state.calf_baseline) > 100
    (over,) = [event for event in pipeline.calibrate() if isinstance(event, Cramp)]
    assert over.onset == lasting.onset
    assert over.end is not None
    assert over.end / SECOND == pytest.approx(170.0, abs=1.0)
    assert len(pipeline.state.calf_baseline) < 3


FAINT = 0.0034
"""g; amplitude of a movement whose level is between half the threshold of the rule and all of
it."""


@pytest.mark.parametrize(("sensitivity", "found"), [(0.5, 1), (1.0, 2), (2.0, 3)])
def test_sensitivity_divides_the_threshold(sensitivity: float, found: int) -> None:
    """Movements of at least half the threshold of the rule, the threshold, and twice of it."""
    signal = ankle(length=120.0, noise=0.0003)
    for onset, size in ((40.0, 1.0), (60.0, 2.0), (80.0, 4.0)):
        signal += ankle((onset, 2.0), length=120.0, noise=0.0, size=FAINT * size) - [
            [0.0],
            [1.0],
            [0.0],
        ]
    pipeline = Pipeline([LEFT])
    pipeline.set_sensitivity(sensitivity)
    assert len(movements(pipeline.process(1, block(signal)) + pipeline.finish())) == found


def test_a_sensitivity_of_one_is_the_rule_itself() -> None:
    signal = lively_ankle()

    def found(*sensitivities: float) -> list[Event]:
        pipeline = Pipeline([LEFT])
        for sensitivity in sensitivities:
            pipeline.set_sensitivity(sensitivity)
        return pipeline.process(1, block(signal)) + pipeline.finish()

    assert found(1.0) == found(2.0, 0.5, 1.0) == found()
    assert found(2.0) != found()


def test_sensitivity_does_not_change_the_thresholds_of_emg() -> None:
    signal = block(emg((20, 2), (40, 2), length=60, size=6.0), rate=250.0)

    def found(sensitivity: float) -> list[Movement]:
        pipeline = Pipeline([TIBIALIS])
        pipeline.set_sensitivity(sensitivity)
        return movements(pipeline.process(3, signal) + pipeline.finish())

    assert found(2.0) == found(1.0) == found(0.5)
