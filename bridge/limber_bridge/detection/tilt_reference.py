"""Recognize a leg that is shaken from outside: it lacks the tilt of its own movements.

A partner shakes the mattress, and with it the leg. A limb that moves by itself tilts against
gravity, but not in every position: a leg that swings level does not. A weak movement is therefore
only compared with the strong movements of the same leg; docs/science.md#shaken-from-outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.events import UnilateralMovement
from limber_bridge.detection.limb_motion import LimbMotion
from limber_bridge.detection.signal import SECOND

STRONG_MIN_G: Final = 0.05
"""Smallest peak of a movement that the leg has certainly made by itself. Chosen: the grade
*moderate*; a partner reaches an ankle with less."""
WEAK_MAX_G: Final = 0.03
"""Largest peak of a movement that may come from outside. Chosen: well below that."""
COMPARED_MOVEMENTS: Final = 8
"""Number of the last strong movements that are considered. Chosen: a few minutes of a series, in
which the leg mostly keeps its position."""
COMPARED_MIN_MOVEMENTS: Final = 5
"""Fewest of them. Chosen: fewer do not show how the leg moves."""
EXCEPTIONS_MAX: Final = 1
"""How many of them may have tilted less. Chosen: one may have been a jerk on the spot."""
STRONG_TILT_MIN_G: Final = 0.026
"""Tilt of the strong movements: 1.5 degrees. Chosen: several times the limit for a weak one."""
CLEAR_TILT_MIN_SHARE: Final = 0.5
"""Tilt, relative to the shaking, that half of the strong movements must reach. Chosen: a limb that
swings level at 2 Hz or faster stays below it."""
OWN_TILT_MIN_G: Final = 0.0105
"""Smallest tilt of a weak movement that the leg made by itself: 0.6 degrees. Chosen: a mattress
tilts a leg by some tenths of a degree while it is pressed down elsewhere."""
SAME_ONSET_US: Final = SECOND // 10
"""Largest distance between two onsets of the same movement that is detected again. Chosen: twice a
frame."""


@dataclass(frozen=True, slots=True)
class StrongTilt:
    """How far a leg tilted in a strong movement."""

    onset: int
    """us."""
    tilt: float
    """g."""
    shaking: float
    """g; highest shaking."""


class TiltReference:
    """Remembers how far one leg tilts in its strong movements."""

    def __init__(self, known: Sequence[StrongTilt] = ()) -> None:
        """Start with the tilts that a previous run knew, oldest first."""
        self.known = tuple(known)
        """They must be kept across restarts."""

    def add_movement(self, onset: int, peak: float, motion: LimbMotion) -> None:
        """Remember the tilt of a movement, if it is a strong one."""
        if peak < STRONG_MIN_G:
            return
        # Samples may be read again, and a clock may be set back: a new tilt replaces all tilts that
        # are not earlier. Twice the needed number is kept, so that enough remain.
        earlier = [one for one in self.known if one.onset < onset - SAME_ONSET_US]
        kept = earlier[1 - 2 * COMPARED_MOVEMENTS :]
        self.known = (*kept, StrongTilt(onset, motion.tilt, motion.own_shaking))

    def is_missing(self, onset: int, peak: float, motion: LimbMotion) -> bool:
        """Return whether a movement is a weak one without the tilt that the strong ones have."""
        if peak >= WEAK_MAX_G:
            return False
        earlier = [one for one in self.known if one.onset < onset - SAME_ONSET_US]
        return motion.tilt < OWN_TILT_MIN_G and mostly_tilts(earlier[-COMPARED_MOVEMENTS:])


def mostly_tilts(movements: Sequence[StrongTilt]) -> bool:
    """Return whether strong movements usually tilted the leg."""
    if len(movements) < COMPARED_MIN_MOVEMENTS:
        return False
    too_small = sum(one.tilt < STRONG_TILT_MIN_G for one in movements)
    # Even without a tilt, the mean of a strong swing is not quite zero at its beginning and end.
    clear = sum(one.tilt >= CLEAR_TILT_MIN_SHARE * one.shaking for one in movements)
    return too_small <= EXCEPTIONS_MAX and 2 * clear >= len(movements)


def lacks_tilt(part: UnilateralMovement) -> bool:
    """Return whether a leg shook weakly and without the tilt of its own movements."""
    return part.motion is not None and part.motion.lacks_tilt
