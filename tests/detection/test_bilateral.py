"""Movements of two legs combined, as they happen and for a whole night at once."""

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.bed_motion import BedMotion
from limber_bridge.detection.bilateral import BilateralCombiner
from limber_bridge.detection.body_movement import BodyMovementJudge
from limber_bridge.detection.events import Movement, PositionChange, Series, UnilateralMovement
from limber_bridge.detection.limb_motion import LimbMotion
from limber_bridge.detection.pipeline import parts_of
from limber_bridge.detection.rules import AASM, RULE_SETS, WASM_2016
from limber_bridge.detection.scoring import combine_legs, find_series
from limber_bridge.detection.series import SeriesScorer
from limber_bridge.detection.signal import LATEST_TIME, SECOND, Side

SIDES = (Side.LEFT, Side.RIGHT)


def movement(
    side: Side | None, onset: float, duration: float, *, turned: bool = False
) -> UnilateralMovement:
    return UnilateralMovement(
        side, round(onset * SECOND), round((onset + duration) * SECOND), turned=turned
    )


@st.composite
def one_leg(draw: st.DrawFn, side: Side) -> list[UnilateralMovement]:
    """Return movements of one leg, at least 0.5 s apart; a grid of 0.1 s hits the limits."""
    movements = []
    time = 0
    for _ in range(draw(st.integers(0, 15))):
        time += draw(st.sampled_from([5, 6, 10, 45, 50, 95, 100, 105, 300, 895, 900, 905]))
        duration = draw(st.sampled_from([3, 5, 10, 20, 99, 100, 101, 151]))
        movements.append(
            movement(side, time / 10, duration / 10, turned=draw(st.integers(0, 9)) == 0)
        )
        time += duration
    return movements


@pytest.mark.parametrize("rules", RULE_SETS)
@settings(max_examples=150, deadline=None)
@given(one_leg(Side.LEFT), one_leg(Side.RIGHT), st.randoms(use_true_random=False))
def test_movements_as_they_happen_give_what_the_whole_night_gives(
    rules: str, left: list[UnilateralMovement], right: list[UnilateralMovement], random: Random
) -> None:
    """Each movement is added when it ends, in any order of the combiner."""
    chosen = RULE_SETS[rules]
    combiner = BilateralCombiner(chosen, SIDES)
    scorer = SeriesScorer(chosen)
    waiting = {Side.LEFT: list(left), Side.RIGHT: list(right)}
    live: list[Movement | PositionChange] = []
    series: list[Series] = []
    while any(waiting.values()):
        side = random.choice([side for side in SIDES if waiting[side]])
        part = waiting[side].pop(0)
        combiner.add_movement(side, part)
        # The next movement of this leg begins at least 0.5 s after the end of this one.
        combiner.advance_leg(side, part.end + SECOND // 2)
        for event in combiner.emit_final():
            live.append(event)
            series += scorer.add_event(event)
        series += scorer.advance_to(combiner.emitted_until)
    for side in SIDES:
        combiner.advance_leg(side, LATEST_TIME)
    for event in combiner.emit_final():
        live.append(event)
        series += scorer.add_event(event)
    series += scorer.advance_to(LATEST_TIME)
    assert live == combine_legs(left + right, chosen)
    assert [one for one in series if one.ended] == list(find_series(live, chosen).series)


def test_a_movement_waits_for_the_other_leg_until_it_cannot_join_any_more() -> None:
    combiner = BilateralCombiner(WASM_2016, SIDES)
    combiner.add_movement(Side.LEFT, movement(Side.LEFT, 10, 2))
    combiner.advance_leg(Side.LEFT, 13 * SECOND)
    assert list(combiner.emit_final()) == []
    combiner.advance_leg(Side.RIGHT, round(12.4 * SECOND))
    assert list(combiner.emit_final()) == []
    combiner.advance_leg(Side.RIGHT, round(12.5 * SECOND))
    assert len(list(combiner.emit_final())) == 1


def test_a_late_movement_is_emitted_alone() -> None:
    combiner = BilateralCombiner(WASM_2016, SIDES)
    combiner.add_movement(Side.LEFT, movement(Side.LEFT, 20, 2))
    for side in SIDES:
        combiner.advance_leg(side, 30 * SECOND)
    assert len(list(combiner.emit_final())) == 1
    combiner.add_movement(Side.RIGHT, movement(Side.RIGHT, 10, 2))
    combiner.advance_leg(Side.RIGHT, 31 * SECOND)
    (late,) = combiner.emit_final()
    assert late.onset == 10 * SECOND


def test_legs_of_unknown_side_are_not_combined() -> None:
    combiner = BilateralCombiner(WASM_2016, (Side.LEFT, None))
    combiner.add_movement(Side.LEFT, movement(Side.LEFT, 10, 2))
    combiner.add_movement(None, movement(None, 11, 2))
    for leg in (Side.LEFT, None):
        combiner.advance_leg(leg, LATEST_TIME)
    assert [event.onset for event in combiner.emit_final()] == [10 * SECOND, 11 * SECOND]


def test_movements_of_the_other_leg_are_part_of_a_position_change() -> None:
    parts = [movement(Side.LEFT, 10, 3, turned=True), movement(Side.RIGHT, 11, 1)]
    assert combine_legs(parts, WASM_2016) == [PositionChange(10 * SECOND, 13 * SECOND)]


@pytest.mark.parametrize(
    ("duration", "candidate"),
    [(10.0, True), (10.000001, False)],
    ids=["exactly 10 s", "a microsecond more"],
)
def test_the_longest_candidate_of_one_leg(duration: float, candidate: bool) -> None:
    (combined,) = combine_legs([movement(Side.LEFT, 5, duration)], WASM_2016)
    assert isinstance(combined, Movement)
    assert combined.candidate is candidate


@pytest.mark.parametrize(("turning", "series"), [(10.0, [6]), (10.5, [])], ids=["10 s", "longer"])
def test_a_position_change_ends_a_series_if_it_is_longer_than_a_candidate(
    turning: float, series: list[int]
) -> None:
    parts = [movement(Side.LEFT, 20 * number, 2) for number in (1, 2, 3)]
    parts += [movement(Side.LEFT, 70, turning, turned=True)]
    parts += [movement(Side.LEFT, 60 + 30 * number, 2) for number in (1, 2, 3)]
    assert [
        one.movements for one in find_series(combine_legs(parts, WASM_2016), WASM_2016).series
    ] == series
    assert [one.movements for one in find_series(combine_legs(parts, AASM), AASM).series] == [6]


def step(onset: float, before: float, after: float) -> UnilateralMovement:
    """Return a position change of a second, from one tilt (degrees) to another."""
    rest, final_rest = (
        np.array([0.0, math.sin(math.radians(angle)), math.cos(math.radians(angle))])
        for angle in (before, after)
    )
    motion = LimbMotion(
        begin=round(onset * SECOND),
        frame_us=SECOND // 20,
        blocks=(np.linspace(rest, final_rest, 20, axis=1),),
        rest=rest,
        final_rest=final_rest,
        shaking=0.02,
        noise=0.002,
    )
    return replace(movement(Side.LEFT, onset, 1.0, turned=True), motion=motion)


def test_two_turns_in_the_same_direction_are_one_turn() -> None:
    joined = step(10, 0, 6).joined(step(11.4, 6, 12))
    assert joined.motion is not None
    assert joined.motion.turn_degrees == pytest.approx(12, abs=0.1)
    assert sum(block.shape[1] for block in joined.motion.blocks) == 48
    back = step(10, 0, 6).joined(step(11.4, 6, 0))
    assert back.motion is not None
    assert back.motion.turn_degrees == pytest.approx(6, abs=0.1)


def test_a_turn_before_a_restart_is_restored_at_a_bed() -> None:
    judge = BodyMovementJudge()
    judge.restore_movements(parts_of(PositionChange(0, 10 * SECOND), None))
    motion = BedMotion(SECOND, 0.5, 3.0)
    assert judge.is_of_body(movement(None, 10.2, 1.0), motion)
    assert not judge.is_of_body(movement(None, 20.0, 1.0), motion)
