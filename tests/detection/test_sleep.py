"""Sleep, estimated from the movements in bed."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import BedTransition, Event
from limber_bridge.detection.signal import HOUR, MINUTE
from limber_bridge.detection.sleep import asleep_spans
from limber_bridge.detection.sleep_model import (
    CHANGES_PER_HOUR,
    FIRST_EPOCH,
    LIKELIHOODS,
    Seen,
    sleep_probabilities,
)
from tests.detection.night_events import kick, turn

TO_BED = BedTransition(0, True)
FALLS_ASLEEP = 1.5
"""Minutes until a person who lies still is asleep."""


def minutes(spans: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(round(begin / MINUTE, 2), round(end / MINUTE, 2)) for begin, end in spans]


def test_turning_over_and_a_long_movement_are_no_awakening() -> None:
    events: list[Event] = [TO_BED, turn(20), kick(22, 12.0), kick(30), kick(40, 40.0)]
    assert minutes(asleep_spans(events, HOUR)) == [(FALLS_ASLEEP, 60.0)]


def test_turns_one_after_the_other_are_wakefulness() -> None:
    turns = [turn(minute) for minute in range(20, 32)]
    assert minutes(asleep_spans([TO_BED, *turns], HOUR)) == [(FALLS_ASLEEP, 20.0), (32.0, 60.0)]


def test_long_irregular_movements_are_wakefulness_without_any_turn() -> None:
    """EMG shows no turns."""
    fidgets = [kick(at, 7.0) for at in (20, 20.4, 22, 22.7, 23, 25, 26.5, 27, 29)]
    spans = minutes(asleep_spans([TO_BED, *fidgets], HOUR))
    assert spans == [(FALLS_ASLEEP, 20.0), (30.0, 60.0)]


def test_leg_movements_at_a_bed_may_last_longer_as_the_time_in_which_a_leg_is_held_counts() -> None:
    held = [kick(at, 6.0, side=None) for at in (20, 20.4, 22, 22.7, 23, 25, 26.5, 27, 29)]
    assert minutes(asleep_spans([TO_BED, *held], HOUR)) == [(FALLS_ASLEEP, 60.0)]


@pytest.mark.parametrize("interval", [0.25, 0.4, 0.6, 1.0])
def test_periodic_leg_movements_are_no_wakefulness(interval: float) -> None:
    periodic = [kick(20 + interval * number) for number in range(30)]
    assert minutes(asleep_spans([TO_BED, *periodic], HOUR)) == [(FALLS_ASLEEP, 60.0)]


def test_a_person_who_goes_to_bed_is_awake_until_restlessness_ends() -> None:
    turns = [turn(minute) for minute in (0.5, 2, 3, 5, 6.5, 9)]
    ((begin, end),) = minutes(asleep_spans([TO_BED, *turns], HOUR))
    assert 6.5 < begin < 12
    assert end == 60.0


def test_a_gap_is_no_sleep_and_no_wakefulness() -> None:
    gap = (21 * MINUTE, 40 * MINUTE)
    assert minutes(asleep_spans([TO_BED], HOUR, [gap])) == [(FALLS_ASLEEP, 21.0), (40.0, 60.0)]
    short = (21 * MINUTE, round(21.9 * MINUTE))
    assert minutes(asleep_spans([TO_BED], HOUR, [short])) == [(FALLS_ASLEEP, 60.0)]


def test_sleep_lies_within_the_time_in_bed() -> None:
    events = [BedTransition(10 * MINUTE + 7, True), BedTransition(50 * MINUTE - 7, False)]
    ((begin, end),) = asleep_spans(events, HOUR)
    assert 11 * MINUTE < begin < 13 * MINUTE
    assert end == 50 * MINUTE - 7
    assert asleep_spans([], HOUR) == []


@given(st.lists(st.sampled_from([None, *map(Seen, range(16))]), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_probabilities_are_those_of_all_possible_courses(seen: list[Seen | None]) -> None:
    """The sum over every sequence of states, which the algorithm avoids."""
    weights = [0.0] * len(seen)
    total = 0.0
    for course in itertools.product(range(4), repeat=len(seen)):
        chance = FIRST_EPOCH[course[0]]
        for before, after in itertools.pairwise(course):
            rates = CHANGES_PER_HOUR[before]
            chance *= rates[after] / 120 if before != after else 1 - sum(rates) / 120
        for state, one in zip(course, seen, strict=True):
            chance *= LIKELIHOODS[one][state]
        total += chance
        for index, state in enumerate(course):
            weights[index] += chance if state < 2 else 0.0
    expected = [weight / total for weight in weights]
    assert sleep_probabilities(seen) == pytest.approx(expected, abs=1e-9)


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0.5, 30), st.booleans()), max_size=40),
)
@settings(max_examples=40, deadline=None)
def test_sleep_does_not_depend_on_the_order_of_events(
    moves: list[tuple[float, float, bool]],
) -> None:
    """A restart returns the events of a night in another order."""
    events: list[Event] = [
        TO_BED,
        *(turn(at, length) if turned else kick(at, length) for at, length, turned in moves),
    ]
    spans = asleep_spans(events, 2 * HOUR)
    assert asleep_spans(events[::-1], 2 * HOUR) == spans
    assert all(0 <= begin < end <= 2 * HOUR for begin, end in spans)
