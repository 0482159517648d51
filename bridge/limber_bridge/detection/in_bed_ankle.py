"""Judge from a sensor at the ankle whether a person is in bed.

People leave a bed on foot, so this detects walking. Walking also shows the direction of gravity
in a standing leg. A leg that only points that way may hang from the edge of the bed. All rules and
values are chosen; docs/science.md#in-bed-at-the-ankle.
"""

from dataclasses import replace
from typing import Final

from limber_bridge.detection.bed_state import AnkleState, BedState, GravityDirection, Verdict
from limber_bridge.detection.epochs import EPOCH_US, Epoch
from limber_bridge.detection.gait import Gait
from limber_bridge.detection.geometry import angle_degrees
from limber_bridge.detection.signal import MINUTE

WALKING_MIN_SHARE: Final = 0.5
"""Share of an epoch with a level of walking from which the leg walks or is shaken as hard."""
STRIDING_MIN_SHARE: Final = 0.9
"""Share of an epoch with a level of striding from which the leg strides. Chosen: strong evidence;
a kick does not last."""
WALKING_HALF_EPOCHS: Final = 36
"""Number of half epochs that count as walking: 3 min of shaking in total. Chosen: people rub and
stretch their legs in bed for some time."""
HALF_EPOCHS_SHAKEN: Final = 2
"""Half epochs of walking that an epoch of shaking counts."""
HALF_EPOCHS_STRIDING: Final = 6
"""Half epochs of walking that an epoch of striding counts."""
HALF_EPOCHS_GAIT: Final = 9
"""Half epochs of walking for an epoch of clear gait, or for one of faint gait in a direction across
both in which the leg lay last."""
HALF_EPOCHS_GAIT_UPRIGHT: Final = 18
"""The same for clear gait in a direction in which the leg may stand. Chosen: two such epochs are
walking, together or with the leg upright in between."""
HALF_EPOCHS_FAINT_STANDING: Final = 12
"""The same for faint gait in the direction of standing. Chosen: a walk of 15 s and the one back
have three such epochs."""
HALF_EPOCHS_FAINT: Final = 4
"""The same for faint gait in a direction across only one of them. Chosen: even rubbing of a leg
that was turned may also last a minute."""

SAME_DIRECTION_MAX_DEGREES: Final = 35.0
"""Angle up to which a leg points as while standing, or as it lay. Chosen: a leg neither stands nor
lies at exactly the same angle each time."""
STANDS_MAX_DEGREES: Final = 20.0
"""Largest angle between the directions of a leg in two walks.

Chosen: a bent leg on the mattress is less steep, by 20 to 50 degrees.
"""
UNCHANGED_MAX_DEGREES: Final = 1.0
"""Angle up to which a leg lies as it lay before. Chosen: the noise of common sensors."""
ACROSS_DEGREES: Final = 45.0
"""A leg may stand in a direction that is at least this far from one in which it lay, and from the
opposite one. Chosen: a standing leg is upright, and a lying one horizontal."""

RECENT_STEP_US: Final = MINUTE
"""Time after a step within which a single epoch of walking is accepted."""
LYING_AFTER_US: Final = MINUTE
"""Stillness after which a leg has lain in a direction. Chosen: a person who sits on the edge of the
bed gets up sooner."""
LYING_UPRIGHT_AFTER_US: Final = 5 * MINUTE
"""The same for a leg that points as while standing."""
STANDING_STILL_US: Final = 3 * MINUTE
"""Time from the first such epoch in which an upright leg may stand still before it walks again.
Chosen: people stretch a leg against the wall for a minute or two."""
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
    if epoch.walking_share < WALKING_MIN_SHARE and epoch.gait is Gait.NONE:
        return judge_without_walking(bed, epoch, points_as_standing=points_as_standing)

    # A person known to be in bed, whose leg is shaken in the direction in which it lay, kicks.
    lying = state.lying.get(epoch.sensor)
    points_as_lying = lying is not None and points_alike(lying, epoch.mean)
    if lying is not None and upright is not None and points_as_standing:
        points_as_lying = angle_degrees(lying, epoch.mean) < angle_degrees(upright, epoch.mean)
    lies_down = bed.in_bed is False and bed.pending is not None and bed.pending.in_bed
    lies = points_as_lying and (bed.in_bed is True or lies_down)

    # In the direction of standing the swing of a walking leg is a step, and so is any shaking soon
    # after a step. Other shaking may be a leg that is rubbed on the edge of the bed.
    stepped_recently = (
        state.last_step is not None and epoch.start - state.last_step <= RECENT_STEP_US
    )
    is_step = points_as_standing and not lies and (epoch.gait is Gait.CLEAR or stepped_recently)

    # In any other direction evidence adds up, as long as the direction stays the same.
    half_epochs = state.shaken_half_epochs
    since = state.shaking_since
    direction = state.shaking_direction
    if direction is None or not points_alike(direction, epoch.mean):
        half_epochs = 0
        since = epoch.start
        direction = epoch.mean
    half_epochs += half_epochs_of(state, epoch, lies=lies)
    if not is_step and half_epochs < WALKING_HALF_EPOCHS:
        # Not walking yet: a leg in bed, unless it points as while standing.
        shaken = replace(
            state,
            shaken_half_epochs=half_epochs,
            shaking_since=since,
            shaking_direction=direction,
        )
        return shaken, Verdict(None if points_as_standing and not lies else True)

    # It walks, so this is how the leg stands.
    standing = state.standing
    if epoch.gait is Gait.CLEAR or not is_step:
        standing = {**standing, epoch.sensor: epoch.mean}
    walking = replace(
        state,
        standing=standing,
        shaken_half_epochs=0,
        shaking_since=since,
        shaking_direction=None,
        last_step=epoch.start + EPOCH_US,
        standing_since=None,
    )
    return walking, Verdict(in_bed=False, since=None if is_step else since)


def half_epochs_of(state: AnkleState, epoch: Epoch, *, lies: bool) -> int:
    """Return how many half epochs of walking an epoch of shaking counts."""
    strides = epoch.striding_share >= STRIDING_MIN_SHARE
    shaken = HALF_EPOCHS_STRIDING if strides else HALF_EPOCHS_SHAKEN
    if lies:
        # A leg that is shaken in its lying position is mostly rubbed, however evenly or hard.
        return shaken if epoch.gait is Gait.CLEAR else 0
    match epoch.gait:
        case Gait.CLEAR:
            return HALF_EPOCHS_GAIT_UPRIGHT if may_stand(state, epoch) else HALF_EPOCHS_GAIT
        case Gait.FAINT:
            return max(shaken, half_epochs_of_faint_gait(state, epoch))
        case Gait.NONE:
            return shaken


def half_epochs_of_faint_gait(state: AnkleState, epoch: Epoch) -> int:
    """Return how many half epochs of walking an epoch of faint gait counts."""
    if stands(state, epoch):
        return HALF_EPOCHS_FAINT_STANDING
    across = [is_across(direction, epoch) for direction in lying_directions(state, epoch)]
    if all(across):
        return HALF_EPOCHS_GAIT
    return HALF_EPOCHS_FAINT if any(across) else 0


def stands(state: AnkleState, epoch: Epoch) -> bool:
    """Return whether a leg points just as it did while walking."""
    upright = state.standing.get(epoch.sensor)
    return upright is not None and angle_degrees(upright, epoch.mean) <= STANDS_MAX_DEGREES


def judge_without_walking(
    bed: BedState, epoch: Epoch, *, points_as_standing: bool
) -> tuple[AnkleState, Verdict]:
    """Judge an epoch without walking: the leg lies, or stands for a while after it walked."""
    state = with_lying_direction(
        bed.ankle, epoch, LYING_UPRIGHT_AFTER_US if points_as_standing else LYING_AFTER_US
    )
    half_epochs = state.shaken_half_epochs
    if not may_stand_still(state, epoch):
        half_epochs = max(0, half_epochs - 1)
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
    if (bed.in_bed is True) if bed.pending is None else bed.pending.in_bed:
        # The leg of a person in bed may hang from its edge, and that of a person who has just lain
        # down may be bent.
        return state, Verdict(None)
    if epoch.start - standing_since < UPRIGHT_MAX_US:
        return state, Verdict(in_bed=False, since=since)
    # What was taken for standing is how this person sleeps.
    others = {
        sensor: direction for sensor, direction in state.standing.items() if sensor != epoch.sensor
    }
    return replace(state, standing=others, standing_since=None), Verdict(in_bed=True, since=since)


def may_stand_still(state: AnkleState, epoch: Epoch) -> bool:
    """Return whether a leg that was shaken recently is still upright, if it was upright then.

    A person who stands still between two short walks is not in bed in between.
    """
    direction = state.shaking_direction
    since = state.shaking_since
    if direction is None or since is None or epoch.start - since > STANDING_STILL_US:
        return False
    return points_alike(direction, epoch.mean) and may_stand(state, epoch)


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


def may_stand(state: AnkleState, epoch: Epoch) -> bool:
    """Return whether a leg may stand that points as in this epoch, judged by how it lay before.

    Gravity acts across a lying leg, whichever way it is turned, and along a standing leg. One of
    the two last directions may be that of a bent leg, so it is enough if one of them is across.
    """
    lain = lying_directions(state, epoch)
    return not lain or any(is_across(direction, epoch) for direction in lain)


def lying_directions(state: AnkleState, epoch: Epoch) -> list[GravityDirection]:
    """Return the last directions, at most two, in which the leg of an epoch lay."""
    directions = (state.lying.get(epoch.sensor), state.lying_before.get(epoch.sensor))
    return [one for one in directions if one is not None and any(one)]


def is_across(direction: GravityDirection, epoch: Epoch) -> bool:
    """Return whether a leg that lay in a direction may stand in an epoch."""
    return ACROSS_DEGREES <= angle_degrees(direction, epoch.mean) <= 180 - ACROSS_DEGREES


def points_alike(first: GravityDirection, second: GravityDirection) -> bool:
    """Return whether two directions are about the same."""
    return angle_degrees(first, second) <= SAME_DIRECTION_MAX_DEGREES
