"""Remember the movements at a bed, from which a stay in it follows where nothing else shows it.

All values are chosen; docs/science.md#bed-movement.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from limber_bridge.detection.bed_state import BedMovement, BedMovementState
from limber_bridge.detection.epochs import EPOCH_US, Epoch
from limber_bridge.detection.signal import MINUTE
from limber_bridge.detection.spans import Span

MOVEMENTS_KEPT_US: Final = 41 * MINUTE
"""Time for which movements are remembered. Chosen: a minute more than the longest wait below."""
STAY_MAX_PAUSE_US: Final = 10 * MINUTE
"""Longest time without movement within one stay in bed that only movement shows."""
STAY_BELIEVED_AFTER_US: Final = 20 * MINUTE
"""Time with movements after which a person is in bed, if the sensor feels no breath. Chosen: other
people walk about in the room."""
LARGE_MOVEMENT_SHARE: Final = 1 / 4
"""Share of the highest envelope from which a movement is large.

Large movements enter and leave the bed; steps in the room shake it less.
"""


def with_movement(state: BedMovementState, epoch: Epoch) -> BedMovementState:
    """Return the state with the movements of one more epoch, without those that are too old."""
    movements = tuple(
        one for one in state.movements if epoch.start - one.start <= MOVEMENTS_KEPT_US
    )
    end = epoch.start + EPOCH_US
    if epoch.onsets:
        movements = (*movements, BedMovement(epoch.start, end, epoch.peak))
    elif movements and movements[-1].end == epoch.start:
        # Nothing began, but the last movement may go on.
        last = movements[-1]
        if epoch.peak > last.peak * LARGE_MOVEMENT_SHARE:
            longer = BedMovement(last.start, end, max(last.peak, epoch.peak))
            movements = (*movements[:-1], longer)
    return state if movements == state.movements else replace(state, movements=movements)


def large_movements(movements: Sequence[BedMovement]) -> Span:
    """Return the start of the first and the end of the last large movement."""
    threshold = max(one.peak for one in movements) * LARGE_MOVEMENT_SHARE
    large = [one for one in movements if one.peak >= threshold]
    return large[0].start, large[-1].end
