"""Judge from a sensor at the ankle whether a person is in bed.

People leave a bed on foot, so this detects walking. Walking also shows the direction of gravity
in a standing leg. A leg that only points that way may hang from the edge of the bed. All rules and
values are chosen; docs/science.md#in-bed-at-the-ankle.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from limber_bridge.detection.bed_state import AnkleState, BedState, GravityDirection, Verdict
from limber_bridge.detection.epochs import EPOCH_US, Epoch
from limber_bridge.detection.geometry import angle_degrees
from limber_bridge.detection.signal import MINUTE

WALKING_MIN_SHARE: Final = 0.5
"""Share of an epoch with a level of walking from which the leg walks or is shaken as hard."""
STRIDING_MIN_SHARE: Final = 0.9
"""Share of an epoch with a level of striding from which the leg strides. Chosen: strong evidence;
a kick does not last."""
HALF_EPOCHS_SHAKEN: Final = 2
"""Half epochs of walking that an epoch of shaking counts."""
HALF_EPOCHS_STRIDING: Final = 6
"""Half epochs of walking that an epoch of striding counts."""
WALKING_HALF_EPOCHS: Final = 10
"""Half epochs (50 s in all) that are walking if the leg may stand in that direction.

Chosen: gross movements last up to 45 s; docs/science.md#gross-movements.
"""
WALKING_HALF_EPOCHS_ELSEWHERE: Final = 36
"""Half epochs (3 min in all) that are walking in any other direction.

Chosen: legs are rubbed and stretched in bed for a while.
"""

SAME_DIRECTION_MAX_DEGREES: Final = 35.0
"""Angle up to which a leg points as while standing, or as it lay. Chosen: a leg neither stands nor
lies at exactly the same angle each time."""
UNCHANGED_MAX_DEGREES: Final = 1.0
"""Angle up to which a leg lies as it lay before. Chosen: the noise of common sensors."""
ACROSS_DEGREES: Final = 45.0
"""A standing leg points at least this far from how it lay, and at most this far from the line
across both directions in which it lay. Chosen: it is upright, and a lying one is horizontal."""

RECENT_STEP_US: Final = MINUTE
"""Time after a step within which a single epoch of walking is accepted."""
LYING_AFTER_US: Final = MINUTE
"""Stillness after which a leg has lain in a direction. Chosen: a person who sits on the edge of the
bed gets up sooner."""
LYING_UPRIGHT_AFTER_US: Final = 5 * MINUTE
"""The same for a leg that points as while standing."""
STANDING_MAX_US: Final = 5 * MINUTE
"""Longest time without a step before lying down. Chosen: no one stands still for longer, and people
walk from a chair to bed. So a leg that lies after a longer time has lain since its last step."""
UPRIGHT_MAX_US: Final = 20 * MINUTE
"""Time without a step after which a leg that points as while standing belongs to a person who
sleeps in that position, or to a sensor that shows no difference."""


def judge_ankle(bed: BedState, epoch: Epoch) -> tuple[AnkleState, Verdict]:
    """Return what the ankles have shown after one more epoch, and what the epoch says."""
    state = bed.ankle
    upright = state.standing.get(epoch.sensor)
    points_as_standing = upright is not None and points_alike(upright, epoch.mean)
    if epoch.walking_share < WALKING_MIN_SHARE:
        return judge_without_walking(bed, epoch, points_as_standing=points_as_standing)

    # A person known to be in bed, whose leg is shaken in the direction in which it lay, kicks.
    lying = state.lying.get(epoch.sensor)
    points_as_lying = lying is not None and points_alike(lying, epoch.mean)
    lies_down = bed.in_bed is False and bed.pending is not None and bed.pending.in_bed
    lies = points_as_lying and (bed.in_bed is True or lies_down)

    # In the direction of standing two epochs are walking, or one soon after the last step. A single
    # one may be a kick.
    stepped_recently = (
        state.last_step is not None and epoch.start - state.last_step <= RECENT_STEP_US
    )
    is_step = points_as_standing and not lies and (stepped_recently or state.shaken_half_epochs > 0)

    # In any other direction evidence adds up, as long as the direction stays the same.
    half_epochs = state.shaken_half_epochs
    since = state.shaking_since
    direction = state.shaking_direction
    if direction is None or not points_alike(direction, epoch.mean):
        half_epochs = 0
        since = epoch.start
        direction = epoch.mean
    may_stand = upright is None and not lies and lies_across(state, epoch)
    strides = epoch.striding_share >= STRIDING_MIN_SHARE
    half_epochs += HALF_EPOCHS_STRIDING if strides else HALF_EPOCHS_SHAKEN
    needed = WALKING_HALF_EPOCHS if may_stand else WALKING_HALF_EPOCHS_ELSEWHERE
    if not is_step and half_epochs < needed:
        # Not walking yet: a leg in bed, unless it points as while standing.
        shaken = replace(
            state,
            shaken_half_epochs=half_epochs,
            shaking_since=since,
            shaking_direction=direction,
        )
        return shaken, Verdict(None if points_as_standing and not lies else True)

    # It walks, so this is how the leg stands.
    walking = replace(
        state,
        standing={**state.standing, epoch.sensor: epoch.mean},
        shaken_half_epochs=0,
        shaking_since=since,
        shaking_direction=None,
        last_step=epoch.start + EPOCH_US,
        standing_since=None,
    )
    return walking, Verdict(in_bed=False, since=None if is_step else since)


def judge_without_walking(
    bed: BedState, epoch: Epoch, *, points_as_standing: bool
) -> tuple[AnkleState, Verdict]:
    """Judge an epoch without walking: the leg lies, or stands for a while after it walked."""
    state = with_lying_direction(
        bed.ankle, epoch, LYING_UPRIGHT_AFTER_US if points_as_standing else LYING_AFTER_US
    )
    half_epochs = max(0, state.shaken_half_epochs - 1)
    standing_since = None
    if points_as_standing:
        standing_since = epoch.start if state.standing_since is None else state.standing_since
    if (half_epochs, standing_since) != (state.shaken_half_epochs, state.standing_since):
        state = replace(
            state,
            shaken_half_epochs=half_epochs,
            shaking_direction=state.shaking_direction if half_epochs else None,
            standing_since=standing_since,
        )

    # Long after the last step, a leg that lies now has lain since that step.
    last_step = state.last_step
    lay_since_step = (
        bed.in_bed is False and last_step is not None and epoch.start - last_step > STANDING_MAX_US
    )
    since = last_step if lay_since_step else None
    if standing_since is None:
        return state, Verdict(in_bed=True, since=since)
    if bed.in_bed and (bed.pending is None or bed.pending.in_bed):
        # The leg of a person in bed may hang from its edge.
        return state, Verdict(None)
    if epoch.start - standing_since < UPRIGHT_MAX_US:
        return state, Verdict(in_bed=False, since=since)
    # What was taken for standing is how this person sleeps.
    others = {
        sensor: direction for sensor, direction in state.standing.items() if sensor != epoch.sensor
    }
    return replace(state, standing=others, standing_since=None), Verdict(in_bed=True, since=since)


def with_lying_direction(state: AnkleState, epoch: Epoch, still_for: int) -> AnkleState:
    """Return the state with the direction in which a leg lies, once it was still for some us."""
    if epoch.onsets:
        return state
    recent = state.recent_direction
    if recent is None or not points_alike(recent, epoch.mean):
        return replace(state, recent_direction=epoch.mean, still_since=epoch.start)
    if epoch.start - state.still_since < still_for:
        return state
    before = state.lying.get(epoch.sensor)
    turn = 180.0 if before is None else angle_degrees(before, epoch.mean)
    if turn <= UNCHANGED_MAX_DEGREES:
        return state
    lying = {**state.lying, epoch.sensor: epoch.mean}
    # Only two directions that are far from one line span the plane in which the leg lies.
    spans_plane = SAME_DIRECTION_MAX_DEGREES < turn < 180 - SAME_DIRECTION_MAX_DEGREES
    if before is None or not spans_plane:
        return replace(state, lying=lying)
    lying_before = {**state.lying_before, epoch.sensor: before}
    return replace(state, lying=lying, lying_before=lying_before)


def lies_across(state: AnkleState, epoch: Epoch) -> bool:
    """Return whether gravity is across to the directions in which the leg lay.

    Gravity is across to a lying leg whichever way it is turned, and along a standing one. So a
    standing leg points along the normal of the plane of two lying directions.
    """
    one = state.lying.get(epoch.sensor)
    other = state.lying_before.get(epoch.sensor)
    if one is None or not any(one):
        return True
    if other is None:
        return ACROSS_DEGREES <= angle_degrees(one, epoch.mean) <= 180 - ACROSS_DEGREES
    normal = angle_degrees((*np.cross(one, other),), epoch.mean)
    return min(normal, 180 - normal) <= ACROSS_DEGREES


def points_alike(first: GravityDirection, second: GravityDirection) -> bool:
    """Return whether two directions are about the same."""
    return angle_degrees(first, second) <= SAME_DIRECTION_MAX_DEGREES
