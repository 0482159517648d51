"""Calibration and sensitivity: what is learned and detected afterwards."""

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

type Command = Callable[[Pipeline], list[Event]]


def nothing(_: Pipeline) -> list[Event]:
    return []


def calibrate(detector: Pipeline) -> list[Event]:
    return detector.calibrate()


def sense_more(detector: Pipeline) -> list[Event]:
    detector.set_sensitivity(2.0)
    return []


def fed(detector: Pipeline, number: int, blocks: Iterable[SampleBlock]) -> list[Event]:
    return [event for one in blocks for event in detector.process(number, one)]


def events_with(
    sensor: Sensor, signal: Floats, at: int, order: Command, rate: float = RATE
) -> list[Event]:
    """Return the events of a signal with a command after sample number `at`."""
    before, after = block(signal, rate=rate).split(at)
    detector = Pipeline([sensor])
    events = fed(detector, sensor.id, [before]) + order(detector)
    return events + fed(detector, sensor.id, [after]) + detector.finish()


def lively() -> Floats:
    """Return an ankle with faint and strong kicks and a turn, which is noisier for a while."""
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


@pytest.mark.parametrize("order", [calibrate, sense_more])
@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, round(LENGTH * RATE) - 1),
    st.lists(st.integers(1, round(LENGTH * RATE) - 1), max_size=30),
)
def test_any_split_around_a_command_gives_the_same_events(
    order: Command, at: int, cuts: list[int]
) -> None:
    """The command comes after a sample, however the samples around it were cut into blocks."""
    signal = lively()
    before, after = block(signal).split(at)
    detector = Pipeline([LEFT])
    events = (
        fed(detector, 1, cut(before, cuts)) + order(detector) + fed(detector, 1, cut(after, cuts))
    )
    assert sorted(map(repr, events + detector.finish())) == sorted(
        map(repr, events_with(LEFT, signal, at, order))
    )


def test_calibration_forgets_noise_that_is_over() -> None:
    """After a minute of a shaking bed, calibration makes a faint kick 10 s later detectable."""
    signal = ankle((75.0, 2.0), length=120.0, noise=0.0005, size=0.012)
    signal[:, : round(62 * RATE)] += np.random.default_rng(9).normal(
        0.0, 0.008, (3, round(62 * RATE))
    )
    at = round(65 * RATE)
    assert movements(events_with(LEFT, signal, at, nothing)) == []
    (kick,) = movements(events_with(LEFT, signal, at, calibrate))
    assert kick.onset / SECOND == pytest.approx(75.0, abs=0.1)


def test_calibration_removes_the_noise_from_the_state_at_once() -> None:
    """So a restart right afterwards does not bring it back."""
    detector = Pipeline([LEFT])
    detector.process(1, block(ankle(length=90.0)))
    known = [detector.state.sensors[1].noise]
    detector.calibrate()
    known.append(detector.state.sensors[1].noise)
    assert [len(noise) for noise in known] == [6, 0]


def test_calibration_keeps_an_open_movement_as_far_as_it_was_seen() -> None:
    detector = Pipeline([LEFT])
    assert movements(detector.process(1, block(ankle((20.0, 5.0), length=23.0)))) == []
    (kick,) = movements(detector.calibrate() + detector.advance_to(60 * SECOND))
    assert kick.duration / SECOND == pytest.approx(3.0, abs=0.1)


def test_calibration_works_before_the_first_sample() -> None:
    detector = Pipeline([LEFT, LOAD, CALF])
    assert detector.calibrate() == []
    assert movements(
        detector.process(1, block(ankle((20.0, 2.0), length=30.0))) + detector.finish()
    )


def test_calibration_learns_the_resting_emg_again() -> None:
    """The muscle was tense at first, and that was taken for rest."""
    rng = np.random.default_rng(4)
    signal = rng.normal(0.0, 1.0, (1, 120 * 250))
    signal[:, : 62 * 250] *= 8.0
    signal[:, 75 * 250 : 77 * 250] *= 12.0
    found = [
        movements(events_with(TIBIALIS, signal, 65 * 250, order, 250.0))
        for order in (nothing, calibrate)
    ]
    assert [len(kicks) for kicks in found] == [0, 1]


def weighed(*loads: tuple[float, float], start: int = 0) -> SampleBlock:
    """Return a load signal of 1 Hz, given as (kg, seconds) pieces."""
    samples = np.concatenate([np.full(round(seconds), load) for load, seconds in loads])[None, :]
    return SampleBlock(start, samples, SampleClock(0, 0, 1.0), 1.0)


def beds(events: Iterable[Event]) -> list[tuple[bool, int]]:
    return [
        (event.in_bed, event.onset // SECOND)
        for event in events
        if isinstance(event, BedTransition)
    ]


def test_calibration_takes_the_load_for_the_empty_bed() -> None:
    detector = Pipeline([LOAD])
    assert beds(detector.process(5, weighed((45.0, 100)))) == []
    detector.calibrate()
    found = detector.process(5, weighed((45.0, 60), (115.0, 60), (45.0, 60), start=100))
    assert beds(found) == [(False, 100), (True, 160), (False, 220)]


def test_calibration_empties_a_bed_that_has_become_heavier() -> None:
    """A new mattress looks like a person in bed until calibration."""
    detector = Pipeline([LOAD])
    detector.process(5, weighed((45.0, 60), (115.0, 60), (45.0, 60)))
    assert beds(detector.process(5, weighed((60.0, 120), start=180))) == [(True, 180)]
    detector.calibrate()
    assert beds(detector.process(5, weighed((60.0, 60), (130.0, 60), start=300))) == [
        (False, 300),
        (True, 360),
    ]
    assert detector.state.bed.load.tare_at is None


def test_a_pending_tare_is_kept_over_a_restart() -> None:
    detector = Pipeline([LOAD])
    detector.process(5, weighed((45.0, 100)))
    detector.calibrate()
    again = Pipeline([LOAD], state=detector.state)
    assert beds(again.process(5, weighed((45.0, 60), (115.0, 60), start=100))) == [
        (False, 100),
        (True, 160),
    ]


def test_load_cells_that_return_later_may_carry_a_person() -> None:
    detector = Pipeline([LOAD])
    detector.process(5, weighed((45.0, 60), (115.0, 60), (45.0, 60)))
    detector.calibrate()
    assert beds(detector.process(5, weighed((115.0, 60), start=400))) == [(True, 400)]


def cramping() -> tuple[SampleBlock, SampleBlock]:
    """Return four minutes of an ankle and a calf that is tense for 40 s before the ankle moves."""
    rng = np.random.default_rng(5)
    calf = rng.normal(0.0, 3.0, (1, 240 * 250))
    calf[:, 100 * 250 : 200 * 250] *= 12.0
    return block(ankle((140.0, 20.0), length=240.0)), block(calf, rate=250.0)


def test_calibration_ends_a_cramp_and_learns_the_calf_again() -> None:
    leg, calf = cramping()
    detector = Pipeline([LEFT, CALF])
    events = fed(detector, 1, [leg.split(round(170 * RATE))[0]]) + fed(
        detector, 6, [calf.split(170 * 250)[0]]
    )
    (lasting,) = [event for event in events if isinstance(event, Cramp)]
    assert (lasting.certainty, lasting.end) == (Certainty.PROBABLE, None)
    assert len(detector.state.calf) > 100
    (over,) = [event for event in detector.calibrate() if isinstance(event, Cramp)]
    assert over.onset == lasting.onset
    assert over.end is not None
    assert over.end / SECOND == pytest.approx(170.0, abs=1.0)
    assert len(detector.state.calf) < 3


FAINT = 0.0034
"""g; a movement whose envelope is between half the threshold of the rule and the threshold."""


@pytest.mark.parametrize(("sensitivity", "found"), [(0.5, 1), (1.0, 2), (2.0, 3)])
def test_sensitivity_divides_the_threshold(sensitivity: float, found: int) -> None:
    """Three movements: above half the threshold of the rule, above it, and above twice of it."""
    signal = ankle(length=120.0, noise=0.0003)
    for onset, size in ((40.0, 1.0), (60.0, 2.0), (80.0, 4.0)):
        signal += ankle((onset, 2.0), length=120.0, noise=0.0, size=FAINT * size) - [
            [0.0],
            [1.0],
            [0.0],
        ]
    detector = Pipeline([LEFT])
    detector.set_sensitivity(sensitivity)
    assert len(movements(detector.process(1, block(signal)) + detector.finish())) == found


def test_a_sensitivity_of_1_is_the_rule() -> None:
    signal = lively()

    def found(*sensitivities: float) -> list[Event]:
        detector = Pipeline([LEFT])
        for sensitivity in sensitivities:
            detector.set_sensitivity(sensitivity)
        return detector.process(1, block(signal)) + detector.finish()

    assert found(1.0) == found(2.0, 0.5, 1.0) == found()
    assert found(2.0) != found()


def test_sensitivity_does_not_change_emg() -> None:
    signal = block(emg((20, 2), (40, 2), length=60, size=6.0), rate=250.0)

    def found(sensitivity: float) -> list[Movement]:
        detector = Pipeline([TIBIALIS])
        detector.set_sensitivity(sensitivity)
        return movements(detector.process(3, signal) + detector.finish())

    assert found(2.0) == found(1.0) == found(0.5)
