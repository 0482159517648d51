"""Sleep, estimated from the movements in bed."""

from limber_bridge.detection.events import BedTransition, Event
from limber_bridge.detection.signal import HOUR, MINUTE, SECOND
from limber_bridge.detection.sleep import asleep_spans
from tests.detection.night_events import kick, turn

TO_BED = BedTransition(0, True)


def minutes(spans: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(round(begin / MINUTE, 2), round(end / MINUTE, 2)) for begin, end in spans]


def test_five_minutes_without_movement_but_leg_movements_are_sleep() -> None:
    events: list[Event] = [TO_BED, kick(4), turn(12), kick(14, 40.0), kick(30)]
    assert minutes(asleep_spans(events, 60 * MINUTE)) == [(0.0, 12.0), (14.67, 60.0)]


def test_a_turn_does_not_separate_sleep_from_a_shorter_stretch_of_it() -> None:
    """Three still minutes beside a long stretch are sleep; two such stretches in a row are not."""
    turns = [turn(minute) for minute in (10, 13, 16, 40, 43, 46, 49)]
    awake = [kick(9, 50.0), kick(49.5, 60.0)]
    spans = asleep_spans([TO_BED, *awake, *turns], 52 * MINUTE)
    assert [(round(begin / MINUTE), round(end / MINUTE)) for begin, end in spans] == [
        (0, 9),
        (13, 43),
    ]


def test_turning_over_is_sleep_and_being_restless_is_not() -> None:
    assert asleep_spans([TO_BED, turn(20), kick(22, 12.0)], HOUR) == [(0, HOUR)]
    restless = [turn(minute) for minute in range(20, 32, 2)]
    assert asleep_spans([TO_BED, *restless], HOUR) == [
        (0, 20 * MINUTE),
        (30 * MINUTE + 5 * SECOND, HOUR),
    ]


def test_many_turns_between_two_stretches_of_sleep_are_wakefulness() -> None:
    """With 25 s of movement in 8 min; two turns in the same time are sleep."""
    turns = [turn(minute) for minute in (20, 21.9, 24, 26, 28)]
    assert asleep_spans([TO_BED, *turns], HOUR) == [
        (0, 20 * MINUTE),
        (28 * MINUTE + 5 * SECOND, HOUR),
    ]
    assert asleep_spans([TO_BED, turns[0], turns[-1]], HOUR) == [(0, HOUR)]


def test_a_gap_does_not_count_as_stillness() -> None:
    turns = [turn(20, 1.0), turn(41, 1.0)]
    events: list[Event] = [TO_BED, *turns, BedTransition(42 * MINUTE, False)]
    assert asleep_spans(events, HOUR, [(21 * MINUTE, 40 * MINUTE)]) == [(0, 20 * MINUTE)]
