"""Two legs to one stream of movements, live and in one go."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.bilateral import BilateralCombiner
from limber_bridge.detection.events import Movement, PositionChange, Series, UnilateralMovement
from limber_bridge.detection.rules import AASM, RULE_SETS, WASM_2016
from limber_bridge.detection.scoring import combine_legs, find_series
from limber_bridge.detection.series import SeriesScorer
from limber_bridge.detection.signal import LATEST_TIME, SECOND, Side

SIDES = (Side.LEFT, Side.RIGHT)


def mark(
    side: Side | None, onset: float, duration: float, *, turned: bool = False
) -> UnilateralMovement:
    return UnilateralMovement(
        side, round(onset * SECOND), round((onset + duration) * SECOND), turned=turned
    )


@st.composite
def one_leg(draw: st.DrawFn, side: Side) -> list[UnilateralMovement]:
    """Marks of one leg, at least half a second apart, on a grid of 0.1 s: the limits are hit often."""
    marks = []
    time = 0
    for _ in range(draw(st.integers(0, 15))):
        time += draw(st.sampled_from([5, 6, 10, 45, 50, 95, 100, 105, 300, 895, 900, 905]))
        duration = draw(st.sampled_from([3, 5, 10, 20, 99, 100, 101, 151]))
        marks.append(mark(side, time / 10, duration / 10, turned=draw(st.integers(0, 9)) == 0))
        time += duration
    return marks


@pytest.mark.parametrize("rules", RULE_SETS)
@settings(max_examples=150, deadline=None)
@given(one_leg(Side.LEFT), one_leg(Side.RIGHT), st.randoms(use_true_random=False))
def test_live_equals_batch(
    rules: str, left: list[UnilateralMovement], right: list[UnilateralMovement], random: Random
) -> None:
    """Marks told when they end, in any order of the legs, give what a scorer gives who sees the
    whole night."""
    chosen = RULE_SETS[rules]
    legs = BilateralCombiner(chosen, SIDES)
    scorer = SeriesScorer(chosen)
    waiting = {Side.LEFT: list(left), Side.RIGHT: list(right)}
    live: list[Movement | PositionChange] = []
    series: list[Series] = []
    while any(waiting.values()):
        side = random.choice([side for side in SIDES if waiting[side]])
        part = waiting[side].pop(0)
        legs.add_movement(side, part)
        # The next mark of this leg begins half a second after this one's end at the earliest.
        legs.advance_leg(side, part.end + SECOND // 2)
        for event in legs.emit_final():
            live.append(event)
            series += scorer.add_event(event)
        series += scorer.advance_to(legs.emitted_until)
    for side in SIDES:
        legs.advance_leg(side, LATEST_TIME)
    for event in legs.emit_final():
        live.append(event)
        series += scorer.add_event(event)
    series += scorer.advance_to(LATEST_TIME)
    assert live == combine_legs(left + right, chosen)
    assert [one for one in series if one.ended] == list(find_series(live, chosen).series)


def test_a_movement_waits_for_the_other_leg_no_longer_than_it_must() -> None:
    legs = BilateralCombiner(WASM_2016, SIDES)
    legs.add_movement(Side.LEFT, mark(Side.LEFT, 10, 2))
    legs.advance_leg(Side.LEFT, 13 * SECOND)
    assert list(legs.emit_final()) == []
    legs.advance_leg(Side.RIGHT, round(12.4 * SECOND))
    assert list(legs.emit_final()) == []
    legs.advance_leg(Side.RIGHT, round(12.5 * SECOND))
    assert len(list(legs.emit_final())) == 1


def test_a_late_mark_is_told_alone() -> None:
    legs = BilateralCombiner(WASM_2016, SIDES)
    legs.add_movement(Side.LEFT, mark(Side.LEFT, 20, 2))
    for side in SIDES:
        legs.advance_leg(side, 30 * SECOND)
    assert len(list(legs.emit_final())) == 1
    legs.add_movement(Side.RIGHT, mark(Side.RIGHT, 10, 2))
    legs.advance_leg(Side.RIGHT, 31 * SECOND)
    (late,) = legs.emit_final()
    assert late.onset == 10 * SECOND


def test_legs_of_unknown_side_are_not_combined() -> None:
    legs = BilateralCombiner(WASM_2016, (Side.LEFT, None))
    legs.add_movement(Side.LEFT, mark(Side.LEFT, 10, 2))
    legs.add_movement(None, mark(None, 11, 2))
    for leg in (Side.LEFT, None):
        legs.advance_leg(leg, LATEST_TIME)
    assert [event.onset for event in legs.emit_final()] == [10 * SECOND, 11 * SECOND]


def test_what_the_other_leg_does_while_the_body_turns_is_part_of_it() -> None:
    parts = [mark(Side.LEFT, 10, 3, turned=True), mark(Side.RIGHT, 11, 1)]
    assert combine_legs(parts, WASM_2016) == [PositionChange(10 * SECOND, 13 * SECOND)]


@pytest.mark.parametrize(
    ("duration", "candidate"),
    [(10.0, True), (10.000001, False)],
    ids=["exactly 10 s", "a microsecond more"],
)
def test_the_longest_candidate_of_one_leg(duration: float, candidate: bool) -> None:
    (movement,) = combine_legs([mark(Side.LEFT, 5, duration)], WASM_2016)
    assert isinstance(movement, Movement)
    assert movement.candidate is candidate


@pytest.mark.parametrize(("turning", "series"), [(10.0, [6]), (10.5, [])], ids=["10 s", "longer"])
def test_a_change_of_posture_ends_a_series_when_it_is_longer_than_a_candidate(
    turning: float, series: list[int]
) -> None:
    parts = [mark(Side.LEFT, 20 * number, 2) for number in (1, 2, 3)]
    parts += [mark(Side.LEFT, 70, turning, turned=True)]
    parts += [mark(Side.LEFT, 60 + 30 * number, 2) for number in (1, 2, 3)]
    assert [
        one.movements for one in find_series(combine_legs(parts, WASM_2016), WASM_2016).series
    ] == series
    assert [one.movements for one in find_series(combine_legs(parts, AASM), AASM).series] == [6]
