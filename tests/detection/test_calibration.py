"""Somebody says that all is quiet, or wants more or fewer movements: what is learnt and found from
there on."""

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

type Order = Callable[[Pipeline], list[Event]]


def nothing(_: Pipeline) -> list[Event]:
    return []


def calibrate(detector: Pipeline) -> list[Event]:
    return detector.calibrate()


def sense_more(detector: Pipeline) -> list[Event]:
    detector.set_sensitivity(2.0)
    return []


def fed(detector: Pipeline, number: int, blocks: Iterable[SampleBlock]) -> list[Event]:
    return [event for one in blocks for event in detector.process(number, one)]


def ordered_at(
    sensor: Sensor, signal: Floats, at: int, order: Order, rate: float = RATE
) -> list[Event]:
    """The events of a signal where something is ordered after sample number `at`."""
    before, after = block(signal, rate=rate).split(at)
    detector = Pipeline([sensor])
    events = fed(detector, sensor.id, [before]) + order(detector)
    return events + fed(detector, sensor.id, [after]) + detector.finish()


def lively() -> Floats:
    """An ankle that kicks, faintly and not, is noisier for a while, and turns."""
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
def test_any_split_around_it(order: Order, at: int, cuts: list[int]) -> None:
    """It happens after a sample: how those before and after it were cut into blocks changes
    nothing."""
    signal = lively()
    before, after = block(signal).split(at)
    detector = Pipeline([LEFT])
    events = (
        fed(detector, 1, cut(before, cuts)) + order(detector) + fed(detector, 1, cut(after, cuts))
    )
    assert sorted(map(repr, events + detector.finish())) == sorted(
        map(repr, ordered_at(LEFT, signal, at, order))
    )


def test_noise_that_is_over_is_forgotten() -> None:
    """A minute of a shaking bed; who then says that all is quiet is told of the faint kick 10 s
    later."""
    signal = ankle((75.0, 2.0), length=120.0, noise=0.0005, size=0.012)
    signal[:, : round(62 * RATE)] += np.random.default_rng(9).normal(
        0.0, 0.008, (3, round(62 * RATE))
    )
    at = round(65 * RATE)
    assert movements(ordered_at(LEFT, signal, at, nothing)) == []
    (kick,) = movements(ordered_at(LEFT, signal, at, calibrate))
    assert kick.onset / SECOND == pytest.approx(75.0, abs=0.1)


def test_what_was_learnt_is_gone_from_the_memory_at_once() -> None:
    """So a bridge that is killed right afterwards does not bring it back."""
    detector = Pipeline([LEFT])
    detector.process(1, block(ankle(length=90.0)))
    known = [detector.state.sensors[1].noise]
    detector.calibrate()
    known.append(detector.state.sensors[1].noise)
    assert [len(noise) for noise in known] == [6, 0]


def test_a_movement_that_is_open_is_kept_as_far_as_it_was_seen() -> None:
    detector = Pipeline([LEFT])
    assert movements(detector.process(1, block(ankle((20.0, 5.0), length=23.0)))) == []
    (kick,) = movements(detector.calibrate() + detector.advance_to(60 * SECOND))
    assert kick.duration / SECOND == pytest.approx(3.0, abs=0.1)


def test_it_can_be_said_before_anything_was_measured() -> None:
    detector = Pipeline([LEFT, LOAD, CALF])
    assert detector.calibrate() == []
    assert movements(
        detector.process(1, block(ankle((20.0, 2.0), length=30.0))) + detector.finish()
    )


def test_emg_learns_its_resting_level_anew() -> None:
    """A muscle that was tense at first: its level was taken for rest."""
    rng = np.random.default_rng(4)
    signal = rng.normal(0.0, 1.0, (1, 120 * 250))
    signal[:, : 62 * 250] *= 8.0
    signal[:, 75 * 250 : 77 * 250] *= 12.0
    found = [
        movements(ordered_at(TIBIALIS, signal, 65 * 250, order, 250.0))
        for order in (nothing, calibrate)
    ]
    assert [len(kicks) for kicks in found] == [0, 1]


def weighed(*loads: tuple[float, float], start: int = 0) -> SampleBlock:
    """Cells of 1 Hz with so many kg for so many seconds."""
    samples = np.concatenate([np.full(round(seconds), load) for load, seconds in loads])[None, :]
    return SampleBlock(start, samples, SampleClock(0, 0, 1.0), 1.0)


def beds(events: Iterable[Event]) -> list[tuple[bool, int]]:
    return [
        (event.in_bed, event.onset // SECOND)
        for event in events
        if isinstance(event, BedTransition)
    ]


def test_what_is_on_the_cells_is_the_empty_bed() -> None:
    detector = Pipeline([LOAD])
    assert beds(detector.process(5, weighed((45.0, 100)))) == []
    detector.calibrate()
    found = detector.process(5, weighed((45.0, 60), (115.0, 60), (45.0, 60), start=100))
    assert beds(found) == [(False, 100), (True, 160), (False, 220)]


def test_a_bed_that_has_become_heavier_is_empty_again() -> None:
    """A new mattress passes for somebody in bed until it is tared."""
    detector = Pipeline([LOAD])
    detector.process(5, weighed((45.0, 60), (115.0, 60), (45.0, 60)))
    assert beds(detector.process(5, weighed((60.0, 120), start=180))) == [(True, 180)]
    detector.calibrate()
    assert beds(detector.process(5, weighed((60.0, 60), (130.0, 60), start=300))) == [
        (False, 300),
        (True, 360),
    ]
    assert detector.state.bed.load.tare_at is None


def test_a_tare_outlives_a_restart() -> None:
    detector = Pipeline([LOAD])
    detector.process(5, weighed((45.0, 100)))
    detector.calibrate()
    again = Pipeline([LOAD], state=detector.state)
    assert beds(again.process(5, weighed((45.0, 60), (115.0, 60), start=100))) == [
        (False, 100),
        (True, 160),
    ]


def test_cells_that_come_back_later_may_have_somebody_on_them() -> None:
    detector = Pipeline([LOAD])
    detector.process(5, weighed((45.0, 60), (115.0, 60), (45.0, 60)))
    detector.calibrate()
    assert beds(detector.process(5, weighed((115.0, 60), start=400))) == [(True, 400)]


def cramping() -> tuple[SampleBlock, SampleBlock]:
    """An ankle that moves 40 s after the calf has become tense; both for four minutes."""
    rng = np.random.default_rng(5)
    calf = rng.normal(0.0, 3.0, (1, 240 * 250))
    calf[:, 100 * 250 : 200 * 250] *= 12.0
    return block(ankle((140.0, 20.0), length=240.0)), block(calf, rate=250.0)


def test_a_cramp_that_lasts_is_over_and_the_calf_learnt_anew() -> None:
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
"""g; a movement whose level stays below the threshold of the rule, and above half of it."""


@pytest.mark.parametrize(("sensitivity", "found"), [(0.5, 1), (1.0, 2), (2.0, 3)])
def test_sensitivity_divides_the_threshold(sensitivity: float, found: int) -> None:
    """Movements of half the threshold of the rule and more, of it, and of twice of it."""
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


def test_one_is_the_rule_as_it_is_written() -> None:
    signal = lively()

    def found(*sensitivities: float) -> list[Event]:
        detector = Pipeline([LEFT])
        for sensitivity in sensitivities:
            detector.set_sensitivity(sensitivity)
        return detector.process(1, block(signal)) + detector.finish()

    assert found(1.0) == found(2.0, 0.5, 1.0) == found()
    assert found(2.0) != found()


def test_emg_has_the_thresholds_of_the_rules_whatever_is_set() -> None:
    signal = block(emg((20, 2), (40, 2), length=60, size=6.0), rate=250.0)

    def found(sensitivity: float) -> list[Movement]:
        detector = Pipeline([TIBIALIS])
        detector.set_sensitivity(sensitivity)
        return movements(detector.process(3, signal) + detector.finish())

    assert found(2.0) == found(1.0) == found(0.5)
