"""Judge from an accelerometer at the bed whether a person is in it.

It goes by breath and heartbeat, once the sensor is known to feel them, and by movement otherwise.
All rules and values are chosen; docs/science.md#bed-movement and #breath-and-heartbeat.
"""

from dataclasses import replace
from typing import Final

from limber_bridge.detection.bed_presence import WINDOW_US, Presence
from limber_bridge.detection.bed_state import BedMovementState, BedState, Verdict
from limber_bridge.detection.bed_stay import (
    STAY_BELIEVED_AFTER_US,
    STAY_MAX_PAUSE_US,
    large_movements,
    with_movement,
)
from limber_bridge.detection.epochs import EPOCH_US, Epoch

RELIABLE_PATIENCE: Final = 2
"""Factor on the time after which a stay is believed, for a sensor that is known to feel breath."""
FELT_EPOCHS: Final = 6
"""Epochs in a row with breath or heartbeat that are certain. Each looks at the last minute."""
ABSENT_EPOCHS: Final = 18
"""Epochs in a row without breath and heartbeat that are certain."""
ABSENT_EPOCHS_FULLY_RELIABLE: Final = 12
"""The same for a sensor that has always felt the person."""
FELT_CANCELS_ABSENT: Final = 2
"""Epochs without breath that one epoch with it takes back. Chosen: a floor that shakes may look
like breath once."""
RELIABILITY_MAX: Final = 80
"""Highest reliability, in epochs."""
RELIABILITY_FEELS: Final = 40
"""Reliability from which a sensor is known to feel a person; about seven minutes in bed."""
RELIABILITY_LOSS_PER_MISS: Final = 4
"""Points taken back for each epoch in which a person was there and not felt."""


def judge_bed_movement(bed: BedState, epoch: Epoch) -> tuple[BedMovementState, Verdict]:
    """Return what the bed sensor has shown after one more epoch, and what the epoch says."""
    state = bed.bed_movement
    if epoch.presence is None:
        # A sensor that is too slow for movements sees neither them nor breath.
        return state, Verdict(None)
    state = with_presence(with_movement(state, epoch), epoch, in_bed=bed.in_bed is True)
    return judge_occupied(state, epoch) if bed.in_bed else judge_empty(state, epoch)


def with_presence(state: BedMovementState, epoch: Epoch, *, in_bed: bool) -> BedMovementState:
    """Return the state with what one more epoch felt of a person."""
    match epoch.presence:
        case Presence.FELT if in_bed:
            return with_felt_again(state)
        case Presence.FELT:
            return replace(state, streak=max(0, state.streak) + 1)
        case Presence.ABSENT | Presence.LEFT:
            missed = state.missed_epochs + 1 if in_bed else 0
            return replace(state, streak=min(0, state.streak) - 1, missed_epochs=missed)
        case _:
            return state


def with_felt_again(state: BedMovementState) -> BedMovementState:
    """Return the state after a person who is in bed was felt."""
    if state.streak >= 0:
        reliability = min(RELIABILITY_MAX, state.reliability + 1)
        return BedMovementState(state.movements, reliability, 0, state.streak + 1)
    if state.streak < -FELT_CANCELS_ABSENT:
        return replace(state, streak=state.streak + FELT_CANCELS_ABSENT)
    # The person was there all the time and was not felt.
    loss = RELIABILITY_LOSS_PER_MISS * state.missed_epochs
    return BedMovementState(state.movements, max(0, state.reliability - loss), 0, 1)


def judge_empty(state: BedMovementState, epoch: Epoch) -> tuple[BedMovementState, Verdict]:
    """Judge an epoch of a bed that is empty or not known: a person comes by being felt or moving.

    Where a person is felt, the minute that is looked at began before the first such epoch.
    """
    if state.streak >= FELT_EPOCHS:
        began = epoch.start - state.streak * EPOCH_US - WINDOW_US + EPOCH_US
        since = large_movements(state.movements)[0] if state.movements else began
        return replace(state, movements=()), Verdict(in_bed=True, since=since, certain=True)

    feels = state.reliability >= RELIABILITY_FEELS
    movements = state.movements
    nobody_felt = feels and state.streak <= -ABSENT_EPOCHS_FULLY_RELIABLE
    if nobody_felt or (movements and epoch.start - movements[-1].end > STAY_MAX_PAUSE_US):
        movements = ()
    patience = STAY_BELIEVED_AFTER_US * (RELIABLE_PATIENCE if feels else 1)
    if len(movements) > 1 and epoch.start - movements[0].start >= patience:
        verdict = Verdict(in_bed=True, since=large_movements(movements)[0], certain=True)
        return replace(state, movements=(), streak=0), verdict
    if movements is not state.movements:
        state = replace(state, movements=movements)
    # A person may have come, so the bed is not said to be empty while something moves.
    return state, Verdict(None, withdraws=True) if movements else Verdict(in_bed=False)


def judge_occupied(state: BedMovementState, epoch: Epoch) -> tuple[BedMovementState, Verdict]:
    """Judge an epoch of a bed with a person in it, who leaves by no longer being felt or moving."""
    if epoch.presence is Presence.FELT and state.streak > 0:
        # The minute in which the person was felt may end with getting up.
        recent = tuple(one for one in state.movements if epoch.start - one.end < WINDOW_US)
        return replace(state, movements=recent), Verdict(in_bed=True)

    if epoch.presence is Presence.LEFT and state.movements:
        since = large_movements(state.movements)[1]
        # Breath felt before leaving must not count as that of a person who is back.
        left = replace(state, movements=(), streak=min(state.streak, -1))
        return left, Verdict(in_bed=False, since=since, certain=True)

    fully_reliable = state.reliability >= RELIABILITY_MAX
    needed = ABSENT_EPOCHS_FULLY_RELIABLE if fully_reliable else ABSENT_EPOCHS
    if state.reliability >= RELIABILITY_FEELS and state.streak <= -needed:
        began = epoch.start + state.streak * EPOCH_US - WINDOW_US + EPOCH_US
        since = large_movements(state.movements)[1] if state.movements else began
        return replace(state, movements=()), Verdict(in_bed=False, since=since, certain=True)
    if state.reliability < RELIABILITY_FEELS:
        # Without a breath to feel, long stillness is an empty bed.
        return state, Verdict(in_bed=epoch.onsets > 0)
    return state, Verdict(in_bed=True if epoch.onsets else None)
