"""Rhythmic trains are not leg movements, with or without pauses between the beats."""

import numpy as np
import pytest

from limber_bridge.detection.events import Event, RhythmicTrain, event_id
from limber_bridge.detection.night_score import NightScore, score_night
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import SECOND, Floats
from tests.detection.signals import LEFT, RIGHT, ankle, block

LENGTH = 240.0
PERIODIC = [(20.0, 2.0), (45.0, 2.0), (160.0, 2.0), (185.0, 2.0), (210.0, 2.0)]


def beats(onset: float, period: float, count: int) -> list[tuple[float, float]]:
    return [(onset + period * number, min(0.6, period / 2)) for number in range(count)]


def scored(*legs: Floats) -> tuple[list[Event], NightScore]:
    sensors = [LEFT, RIGHT][: len(legs)]
    detector = Pipeline(sensors)
    events = [
        event
        for sensor, leg in zip(sensors, legs, strict=True)
        for event in detector.process(sensor.id, block(leg))
    ]
    events = list({event_id(event): event for event in events + detector.finish()}.values())
    return events, score_night(events, WASM_2016, detector.coverage(0, round(LENGTH * SECOND)))


@pytest.mark.parametrize("period", [0.7, 0.9, 1.4, 2.2, 3.2])
def test_a_train_is_one_event_and_not_a_leg_movement(period: float) -> None:
    train = beats(80.0, period, 14)
    events, night = scored(ankle(*PERIODIC, *train, length=LENGTH))
    (found,) = [event for event in events if isinstance(event, RhythmicTrain)]
    assert found.onset / SECOND == pytest.approx(80.0, abs=0.2)
    assert found.end / SECOND == pytest.approx(sum(train[-1]), abs=0.4)
    assert (night.measures.movements, night.measures.rhythmic_trains) == (5, 1)


def test_alternating_legs_make_two_trains() -> None:
    left = beats(80.0, 1.6, 8)
    right = beats(80.8, 1.6, 8)
    _, night = scored(ankle(*PERIODIC, *left, length=LENGTH), ankle(*right, length=LENGTH, seed=3))
    assert (night.measures.movements, night.measures.rhythmic_trains) == (5, 2)


@pytest.mark.parametrize(
    "kicks",
    [
        beats(80.0, 2.0, 3),
        [(80.0, 0.6), (81.5, 0.6), (85.5, 0.6), (87.0, 0.6), (91.0, 0.6)],
        beats(80.0, 5.0, 6),
        [(80.0 + 3 * number, 1.6) for number in range(6)],
    ],
    ids=["too few", "uneven", "too slow", "too long"],
)
def test_kicks_without_a_rhythm_are_leg_movements(kicks: list[tuple[float, float]]) -> None:
    _, night = scored(ankle(*PERIODIC, *kicks, length=LENGTH))
    assert (night.measures.movements, night.measures.rhythmic_trains) == (5 + len(kicks), 0)


@pytest.mark.parametrize("period", [0.35, 0.45, 0.6])
def test_beats_without_pauses_are_a_train(period: float) -> None:
    """At this pace the envelope hardly falls between them."""
    _, night = scored(
        ankle(
            *PERIODIC, *[(onset, period / 2) for onset, _ in beats(80.0, period, 30)], length=LENGTH
        )
    )
    assert (night.measures.movements, night.measures.rhythmic_trains) == (5, 1)


def test_a_train_in_which_some_beats_run_together_begins_with_the_first() -> None:
    train = [(80.0 + 1.1 * number, 0.75 if number % 3 == 0 else 0.4) for number in range(14)]
    events, night = scored(ankle(*PERIODIC, *train, length=LENGTH))
    assert {event.onset // SECOND for event in events if isinstance(event, RhythmicTrain)} == {80}
    assert (night.measures.movements, night.measures.rhythmic_trains) == (5, 1)


def test_a_beat_that_follows_a_train_in_time_continues_it() -> None:
    train = [*beats(80.0, 0.6, 15), (89.4, 0.6)]
    events, night = scored(ankle(*PERIODIC, *train, length=LENGTH))
    last = max(event.end for event in events if isinstance(event, RhythmicTrain))
    assert last / SECOND == pytest.approx(90.0, abs=0.4)
    assert (night.measures.movements, night.measures.rhythmic_trains) == (5, 1)


@pytest.mark.parametrize(
    ("train", "after"),
    [
        (beats(80.0, 0.6, 15), [(89.4, 1.5)]),
        (beats(80.0, 1.5, 5), [(88.2, 3.0)]),
        (
            [(80.0 + number, 0.4) for number in range(4)],
            [(84.3 + 3 * number, 2.0) for number in range(8)],
        ),
        (beats(80.0, 1.0, 8), [(89.0, 4.0), (94.5, 4.0), (100.0, 4.0), (106.0, 4.0)]),
    ],
)
def test_a_longer_movement_ends_a_train(
    train: list[tuple[float, float]], after: list[tuple[float, float]]
) -> None:
    _, night = scored(ankle(*PERIODIC, *train, *after, length=LENGTH))
    assert (night.measures.movements, night.measures.rhythmic_trains) == (5 + len(after), 1)


@pytest.mark.parametrize("rest", [0.8, 2.0, 3.0])
def test_a_movement_before_a_train_without_pauses_is_not_part_of_it(rest: float) -> None:
    kicks = [(77.0 - rest, 3.0), *[(80.0 + 0.6 * number, 0.3) for number in range(20)]]
    events, night = scored(ankle(*PERIODIC, *kicks, length=LENGTH))
    assert {
        round(event.onset / SECOND, 1) for event in events if isinstance(event, RhythmicTrain)
    } == {80.0}
    assert (night.measures.movements, night.measures.rhythmic_trains) == (6, 1)


@pytest.mark.parametrize("seed", range(5))
def test_a_movement_of_several_jerks_is_not_a_train(seed: int) -> None:
    rng = np.random.default_rng(seed)
    jerks = [(onset, 0.3) for onset in 80.0 + np.cumsum(rng.uniform(0.35, 0.75, 10))]
    _, night = scored(ankle(*PERIODIC, *jerks, length=LENGTH))
    assert (night.measures.movements, night.measures.rhythmic_trains) == (6, 0)


def test_movements_of_two_jerks_each_are_not_a_train() -> None:
    """A person who stretches: all jerks together are even by chance."""
    jerks = [(80.0 + 3 * number + shift, 0.9) for number in range(4) for shift in (0.0, 1.3)]
    _, night = scored(ankle(*PERIODIC, *jerks, length=LENGTH))
    assert (night.measures.movements, night.measures.rhythmic_trains) == (9, 0)


def test_a_train_does_not_interrupt_a_series() -> None:
    kicks = [(20.0 + 25 * number, 2.0) for number in range(8)]
    _, night = scored(ankle(*kicks, *beats(84.0, 1.5, 5), length=LENGTH))
    assert night.measures.plm == len(kicks)
