"""Follow the level of a calf at rest, from bins in which it was not tense."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import Final

from limber_bridge.detection.cramp_bins import BIN_US
from limber_bridge.detection.signal import SECOND

BASELINE_BINS: Final = 600 * SECOND // BIN_US
"""Number of bins, with the calf not tense, for the baseline: ten minutes. Chosen: it follows slow
changes during the night, and one movement changes it little."""
BASELINE_MIN_BINS: Final = 60 * SECOND // BIN_US
"""Bins that a baseline needs: one minute."""
RECENT_BINS: Final = 180 * SECOND // BIN_US
"""Bins that make the recent level at rest: three minutes. Chosen: the level differs between
postures, and follows them within two minutes."""
RISING_BINS: Final = 90 * SECOND // BIN_US
"""Number of the last bins, which are left out of the recent level because they may belong to a rise
(`tension_rise.RISE_MAX_US`)."""


class CalfBaseline:
    """Follows the level of a calf at rest; all levels are in uV."""

    def __init__(self, levels: Iterable[float] = ()) -> None:
        """Start with the levels of a previous run, oldest first."""
        self._levels: deque[float] = deque(levels, maxlen=BASELINE_BINS)
        # Sorted as well, as a median of 1200 levels is needed for each bin.
        self._sorted = sorted(self._levels)

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels of the last bins, oldest first."""
        return tuple(self._levels)

    @property
    def level(self) -> float | None:
        """The baseline: the median of all levels; None if too few bins are known."""
        count = len(self._sorted)
        if count < BASELINE_MIN_BINS:
            return None
        return (self._sorted[(count - 1) // 2] + self._sorted[count // 2]) / 2

    @property
    def recent_level(self) -> float | None:
        """The median of the minutes before a possible current rise; None if not known."""
        recent = list(self._levels)[-RECENT_BINS - RISING_BINS : -RISING_BINS]
        return median(recent) if len(recent) >= BASELINE_MIN_BINS else None

    def add_level(self, level: float) -> None:
        """Add the level of the next bin of a calf that is not tense."""
        # Sensors resolve tenths of a uV. Rounded values take little space when they are stored,
        # and a restart continues with exactly the same ones.
        rounded = round(level, 1)
        if len(self._levels) == BASELINE_BINS:
            del self._sorted[bisect_left(self._sorted, self._levels[0])]
        self._levels.append(rounded)
        insort(self._sorted, rounded)

    def clear(self) -> None:
        """Forget all levels."""
        self._levels.clear()
        self._sorted.clear()
