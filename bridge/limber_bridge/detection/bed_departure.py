"""Find that a person has left the bed, from half a minute without breath after a movement.

Only a sensor that has felt the person in every quiet half minute for some time can show it: where
breath is not reliably felt, its absence means nothing. docs/science.md#short-trips-at-the-bed.
"""

from collections import deque
from typing import Final

import numpy as np

QUIET_RATIO: Final = 2.5
"""Highest envelope of a quiet epoch, relative to the still level. Chosen: the peaks of noise and
heartbeats are within it."""
BURST_RATIO: Final = 5.0
"""Envelope of the movement before leaving, relative to the still level. Chosen: getting up moves
the bed more than a breath or a twitch."""
BURST_MAX_AGE: Final = 6
"""Epochs from that movement to the end of the quiet half minute. Chosen: no more than half a minute
passes between getting up and the quiet."""
FELT_MIN: Final = 40
"""Quiet half minutes in a row in which the person was felt. Chosen: about seven minutes, so that a
sensor which misses one in ten is rarely trusted."""
LEVEL_MAX_SHARE: Final = 0.7
"""Strength of what is left at breathing frequencies, relative to the usual one. Chosen: uneven
breath is not felt, but it is as strong as even breath."""


class DepartureDetector:
    """Judges quiet half minutes of one sensor."""

    def __init__(self) -> None:
        """Start without knowing whether this sensor feels a person."""
        self._levels: deque[float] = deque(maxlen=FELT_MIN)
        """Strength at breathing frequencies (g) in the quiet half minutes with a person."""
        self._burst_age = BURST_MAX_AGE + 1
        """Epochs since the last large movement."""
        self._left = False

    def restart(self) -> None:
        """Begin again, as epochs are missing."""
        self._burst_age = BURST_MAX_AGE + 1
        self._left = False

    def note_peak(self, ratio: float) -> None:
        """Note the highest envelope of the next epoch, relative to the still level."""
        if ratio >= BURST_RATIO:
            self._burst_age = 0
            return
        self._burst_age += 1

    def has_left(self, *, felt: bool, level: float) -> bool:
        """Return whether a quiet half minute shows that the person has left.

        `felt`: whether breath or heartbeat were found in it; `level` (g) is its strength at
        breathing frequencies.
        """
        if felt:
            if self._left and self._burst_age > BURST_MAX_AGE:
                # No movement brought the person back: breath had only been missed.
                self._levels.clear()
            self._left = False
            self._levels.append(level)
            return False
        if self._left:
            return True
        trusted = len(self._levels) == FELT_MIN
        gone = trusted and level <= LEVEL_MAX_SHARE * float(np.median(self._levels))
        self._left = gone and self._burst_age <= BURST_MAX_AGE
        if not self._left:
            self._levels.clear()
        return self._left
