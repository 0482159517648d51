"""Judge from load cells whether a person is in bed."""

from dataclasses import replace
from typing import Final

from limber_bridge.detection.bed_state import BedMovementState, BedState, LoadState, Verdict
from limber_bridge.detection.bed_stay import (
    STAY_BELIEVED_AFTER_US,
    STAY_MAX_PAUSE_US,
    with_movement,
)
from limber_bridge.detection.epochs import Epoch
from limber_bridge.detection.signal import MINUTE

PERSON_KG: Final = 20.0
"""Change of load that shows that a person came or went; docs/science.md#load-cells."""
EMPTY_TRACKING: Final = 0.05
"""Share of the difference by which the empty load follows the cells in each epoch.

Chosen: load cells drift over hours, and a person is not taken for drift;
docs/science.md#load-cells.
"""
TARE_WINDOW_US: Final = MINUTE
"""Time within which an epoch may serve as the tare. Chosen: a person may be on cells that come
back later."""


def judge_load(bed: BedState, epoch: Epoch) -> tuple[LoadState, BedMovementState, Verdict]:
    """Return what the cells have shown after one more epoch, and what the epoch says."""
    state = bed.load
    (load,) = epoch.mean
    if state.tare_at is not None and epoch.start >= state.tare_at:
        in_time = epoch.start < state.tare_at + TARE_WINDOW_US
        state = LoadState(empty_kg=load) if in_time else replace(state, tare_at=None)
    if state.empty_kg is None:
        # The empty bed is the lower one of two loads that differ by a person.
        lowest, highest = state.range_kg or (load, load)
        lowest = min(lowest, load)
        highest = max(highest, load)
        if highest - lowest < PERSON_KG:
            movements, verdict = judge_unchanged(bed, epoch)
            return replace(state, range_kg=(lowest, highest)), movements, verdict
        state = LoadState(empty_kg=lowest, tare_at=state.tare_at)
    empty = state.empty_kg if state.empty_kg is not None else load
    # Half a person is the border in both directions.
    if load - empty > PERSON_KG / 2:
        return state, bed.bed_movement, Verdict(in_bed=True)
    tracked = empty + EMPTY_TRACKING * (load - empty)
    return replace(state, empty_kg=tracked), bed.bed_movement, Verdict(in_bed=False)


def judge_unchanged(bed: BedState, epoch: Epoch) -> tuple[BedMovementState, Verdict]:
    """Judge an epoch before any person has come or gone: what moves for long is a person in bed.

    That person has been there since the first epoch, as the load has not changed since.
    """
    state = with_movement(bed.bed_movement, epoch)
    movements = state.movements
    if bed.in_bed is not None:
        return state, Verdict(None)
    if movements and epoch.start - movements[-1].end > STAY_MAX_PAUSE_US:
        return replace(state, movements=()), Verdict(None)
    if len(movements) < 2 or epoch.start - movements[0].start < STAY_BELIEVED_AFTER_US:
        return state, Verdict(None)
    verdict = Verdict(in_bed=True, since=bed.earliest_change, certain=True)
    return replace(state, movements=()), verdict
