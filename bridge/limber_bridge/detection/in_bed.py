"""Decide from the epochs of a sensor when a person goes to bed and gets up.

Missing data means "unknown" and never "out of bed". Each change names the method it is based on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.detection.bed_state import (
    AnkleState,
    BedMovementState,
    BedState,
    LoadState,
    PendingChange,
    Verdict,
)
from limber_bridge.detection.epochs import EPOCH_US, Epoch
from limber_bridge.detection.events import BedTransition, Method
from limber_bridge.detection.in_bed_ankle import judge_ankle
from limber_bridge.detection.in_bed_load import judge_load
from limber_bridge.detection.in_bed_movement import judge_bed_movement
from limber_bridge.detection.signal import MINUTE, SECOND, Placement, Quantity

IN_BED_METHODS: Final[Mapping[tuple[Quantity, Placement], Method]] = {
    (Quantity.LOAD, Placement.BED): Method.LOAD,
    (Quantity.ACCELERATION, Placement.ANKLE): Method.ANKLE,
    (Quantity.ACCELERATION, Placement.BED): Method.BED_MOVEMENT,
    (Quantity.EMG, Placement.TIBIALIS): Method.RECORDED,
    (Quantity.EMG, Placement.CALF): Method.RECORDED,
}
"""Method of each kind of sensor, the most reliable first; docs/science.md#in-bed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BedRule:
    """How long a change must last before it is accepted."""

    in_after: int
    """us, for going to bed."""
    out_after: int
    """us, for getting up."""
    min_onsets: int
    """Movements that going to bed needs: a sensor on a table lies still as well."""


BED_RULES: Final = {
    # Chosen, all of them, with reasons in docs/science.md#in-bed.
    Method.EXTERNAL: BedRule(in_after=20 * SECOND, out_after=20 * SECOND, min_onsets=0),
    Method.LOAD: BedRule(in_after=0, out_after=20 * SECOND, min_onsets=0),
    Method.ANKLE: BedRule(in_after=5 * MINUTE, out_after=20 * SECOND, min_onsets=2),
    Method.BED_MOVEMENT: BedRule(in_after=0, out_after=30 * MINUTE, min_onsets=0),
    Method.RECORDED: BedRule(in_after=30 * SECOND, out_after=MINUTE, min_onsets=0),
}
BRIEF_ABSENCE_MAX_US: Final = 10 * MINUTE
"""Longest absence after which a single movement shows that the leg is in bed again. Chosen: a
person who returns from a short trip soon falls asleep, and has not taken off the sensor.
"""
INTERRUPTION_US: Final = MINUTE
"""Time without an epoch after which signs begin again; docs/science.md#in-bed."""
UNKNOWN_AFTER_US: Final = 60 * MINUTE
"""Time without an epoch after which nothing is known; docs/science.md#in-bed."""
EMG_WALKING_SHARE: Final = (0.3, 0.95)
"""Lowest and highest share of an epoch in which the muscle of a walking leg works.

Chosen: a walking muscle rests in each step, and mains hum never rests;
docs/science.md#in-bed-from-emg.
"""


def process_epoch(
    state: BedState, method: Method, epoch: Epoch
) -> tuple[BedState, BedTransition | None]:
    """Return what is known after one more epoch, and the change that it makes certain, if any."""
    rule = BED_RULES[method]
    if is_interrupted(state.last_epoch, epoch.start):
        state = resumed_at(state, epoch.start)
    load, ankle, bed_movement, verdict = judge_epoch(state, method, epoch)
    last_since = verdict.since if names_time(method, epoch) else state.last_since
    since = last_since if verdict.since is None else verdict.since
    pending = pending_after(state, epoch, verdict, since)
    in_bed = state.in_bed
    earliest_change = state.earliest_change
    change = None
    if is_briefly_absent(state, pending):
        rule = replace(rule, min_onsets=min(rule.min_onsets, 1))
    if pending is not None and verdict.in_bed is not None and is_believed(pending, rule, verdict):
        in_bed = pending.in_bed
        earliest_change = pending.since
        change = BedTransition(pending.since, in_bed, method)
        pending = None
        # What looked like walking was part of the change.
        ankle = replace(ankle, shaken_half_epochs=0, shaking_direction=None)
    state = replace(
        state,
        in_bed=in_bed,
        method=method,
        last_epoch=epoch.start,
        earliest_change=earliest_change,
        pending=pending,
        last_since=last_since,
        load=load,
        ankle=ankle,
        bed_movement=bed_movement,
    )
    return state, change


def is_interrupted(last_epoch: int | None, start: int) -> bool:
    """Return whether signs begin again with the epoch at `start` (us), after the last one."""
    return last_epoch is None or start - last_epoch > INTERRUPTION_US + EPOCH_US


def names_time(method: Method, epoch: Epoch) -> bool:
    """Return whether the verdict on an epoch says since when it has been so."""
    if method is Method.BED_MOVEMENT:
        return epoch.presence is not None
    return method is Method.ANKLE


def judge_epoch(
    state: BedState, method: Method, epoch: Epoch
) -> tuple[LoadState, AnkleState, BedMovementState, Verdict]:
    """Return what each kind of sensor has shown after an epoch, and what the epoch says."""
    match method:
        case Method.LOAD:
            load, bed_movement, verdict = judge_load(state, epoch)
            return load, state.ankle, bed_movement, verdict
        case Method.ANKLE:
            ankle, verdict = judge_ankle(state, epoch)
            return state.load, ankle, state.bed_movement, verdict
        case Method.BED_MOVEMENT:
            bed_movement, verdict = judge_bed_movement(state, epoch)
            return state.load, state.ankle, bed_movement, verdict
        case Method.RECORDED:
            return state.load, state.ankle, state.bed_movement, judge_recorded(epoch)
        case Method.EXTERNAL:
            raise ValueError("no sensor of the bridge reports by this method")


def pending_after(
    state: BedState, epoch: Epoch, verdict: Verdict, since: int | None
) -> PendingChange | None:
    """Return the change that is pending after an epoch.

    A change that begins with this epoch has lasted since a time (us), or since its start.
    """
    if verdict.in_bed is None:
        return None if verdict.withdraws else state.pending
    if verdict.in_bed is state.in_bed:
        return None
    pending = state.pending
    if pending is not None and pending.in_bed is verdict.in_bed:
        began = pending.since
        onsets = pending.onsets
    else:
        # No change is dated into an interruption or before the previous change.
        began = max(state.earliest_change, epoch.start if since is None else since)
        onsets = 0
    return PendingChange(verdict.in_bed, began, epoch.start + EPOCH_US, onsets + epoch.onsets)


def is_believed(pending: PendingChange, rule: BedRule, verdict: Verdict) -> bool:
    """Return whether a pending change has lasted long enough, or is certain."""
    if verdict.certain:
        return True
    lasted = pending.until - pending.since
    if not pending.in_bed:
        return lasted >= rule.out_after
    return lasted >= rule.in_after and pending.onsets >= rule.min_onsets


def is_briefly_absent(state: BedState, pending: PendingChange | None) -> bool:
    """Return whether a person who recently got up and walked may now lie down again."""
    return (
        pending is not None
        and state.in_bed is False
        and state.ankle.last_step is not None
        and pending.since - state.earliest_change <= BRIEF_ABSENCE_MAX_US
    )


def last_judged(state: BedState) -> int | None:
    """Return the start (us) of the last epoch that was judged, by a sensor or by a report."""
    reported = [state.reported[-1][1] - EPOCH_US] if state.reported else []
    measured = [] if state.last_epoch is None else [state.last_epoch]
    return max([*reported, *measured], default=None)


def resumed_at(state: BedState, start: int) -> BedState:
    """Return what is known when epochs begin, or begin again after an interruption, at a time."""
    last = last_judged(state)
    lost = last is not None and start - last > UNKNOWN_AFTER_US
    return replace(
        state.without_times(), in_bed=None if lost else state.in_bed, earliest_change=start
    )


def judge_recorded(epoch: Epoch) -> Verdict:
    """Judge an epoch of EMG: electrodes are worn in bed, unless the muscle works as in walking."""
    lowest, highest = EMG_WALKING_SHARE
    return Verdict(in_bed=not lowest <= epoch.walking_share <= highest)
