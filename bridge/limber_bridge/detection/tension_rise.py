"""Find the slow rise of a calf's tension that precedes a natural nocturnal cramp.

The tension rises without movement for 41 s (SD 11) until the sleeper wakes, from rest to two to six
times the level at rest (Chaney and Sherman). Voluntary contraction and the contraction of a leg
movement reach their level within two seconds, and begin together with movement;
docs/science.md#rise-of-tension.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.cramp_bins import BIN_US
from limber_bridge.detection.signal import SECOND

RISE_RATIO: Final = 1.7
"""Multiple of the level at rest that a rise keeps. Chaney and Sherman: 2 to 6 times. Chosen lower,
because the last seconds of a rise and the scatter of its bins reduce the level at its end."""
RISE_EXCESS_UV: Final = 2.0
"""A rise ends at least this far above rest. WASM 2016: up to 2 uV above it a muscle is at rest."""
KEPT_BINS: Final = 5 * SECOND // BIN_US
"""Number of bins for one level: 5 s. Chosen: beats of a foot and single jerks do not change it."""
KEPT_MIN_BINS: Final = 7
"""Number of these bins that reach the level. Chosen: a cramp is sustained, and bursts are not."""
FOOT_SHARE: Final = 0.25
"""Share of the rise at its foot. Chosen: the tension is above the scatter of the level at rest."""
SHOULDER_SHARE: Final = 0.75
"""Share of the rise at its shoulder. Chosen: as far from the top as the foot is from rest."""
FOOT_MAX_RATIO: Final = 1.4
"""Highest multiple of the level at rest at the foot of a strong rise. Chosen: the calf of a
standing person is above it."""
CLIMB_MIN_US: Final = 4 * SECOND
"""Shortest time from the foot to the shoulder. Chosen: half of a linear rise of 8 s, three standard
deviations below the mean of Chaney and Sherman; a muscle that is tensed at once takes a second."""
RISE_MIN_US: Final = 12 * SECOND
"""Shortest time from the foot to the response. Chosen: longer than a candidate of one leg."""
RISE_MAX_US: Final = 90 * SECOND
"""Longest time from the foot to the response. Chosen: four standard deviations above the mean of
Chaney and Sherman; electrodes that dry or slip take longer."""
STILL_BEFORE_US: Final = 10 * SECOND
"""Time before a rise in which nothing moves either. Chosen: after a movement or a step the calf may
be tense without a cramp."""
STILL_MAX_MOVING_BINS: Final = 2 * SECOND // BIN_US
"""Number of bins with movement that are allowed before the response. Chosen: a kick of the other
leg."""
MEASURED_MIN_SHARE: Final = 0.8
"""Share of that time in which the calf must have been measured."""
HISTORY_US: Final = RISE_MAX_US + STILL_BEFORE_US + RISE_MAX_US // 2
"""Time for which bins are kept: the longest rise, its extrapolated beginning, and what precedes it.
"""


@dataclass(frozen=True, slots=True)
class TensionRise:
    """A rise of the tension of a calf up to the present."""

    onset: int
    """us; where the line through its foot and its shoulder leaves the level at rest."""
    rest: float
    """uV."""
    top: float
    """uV; level at its end."""

    @property
    def strength(self) -> float:
        """By how much it exceeds the rule; docs/science.md#cramp-strength."""
        return self.top / risen_level(self.rest)


class TensionHistory:
    """Remembers the tension of a calf in the last minutes."""

    def __init__(self) -> None:
        """Start without bins."""
        self._still: deque[tuple[int, float]] = deque()
        """Start (us) and level (uV) of each bin in which nothing moved."""
        self._moving: deque[int] = deque()
        """Starts (us) of the bins in which something moved."""

    def add_bin(self, start: int, level: float, *, moves: bool) -> None:
        """Add the next bin, which starts at a time (us) and has a level (uV)."""
        # During a movement the calf is active as well, which is not the tension of a cramp.
        if moves:
            self._moving.append(start)
        else:
            self._still.append((start, level))
        while self._moving and self._moving[0] < start - HISTORY_US:
            self._moving.popleft()
        while self._still and self._still[0][0] < start - HISTORY_US:
            self._still.popleft()

    def clear(self) -> None:
        """Forget all bins."""
        self._still.clear()
        self._moving.clear()

    def rise_before(self, response: int, rest: float) -> TensionRise | None:
        """Return the rise from a level at rest (uV) that ends where a response begins (us)."""
        if not self._was_still(response - RISE_MIN_US - STILL_BEFORE_US, response):
            return None
        levels = [level for _, level in self._still]
        # Check the top first: it is cheap, and before most movements the calf was at rest.
        top = kept_level(levels[-KEPT_BINS:])
        if top < risen_level(rest):
            return None
        climb = self._last_climb(levels, rest, top)
        if climb is None:
            return None
        foot, shoulder = climb
        onset = foot - round((shoulder - foot) * share_below_foot(rest, top) / BIN_US) * BIN_US
        if shoulder - foot < CLIMB_MIN_US or not RISE_MIN_US <= response - foot <= RISE_MAX_US:
            return None
        if not self._was_still(onset - STILL_BEFORE_US, response):
            return None
        return TensionRise(onset, rest, top)

    def _was_still(self, begin: int, end: int) -> bool:
        """Return whether the calf was measured from a time to another (us) and nothing moved."""
        moving = sum(begin <= start < end for start in self._moving)
        still = sum(begin <= start < end for start, _ in self._still)
        enough = MEASURED_MIN_SHARE * (end - begin) / BIN_US
        return moving <= STILL_MAX_MOVING_BINS and still >= enough

    def _last_climb(
        self, levels: Sequence[float], rest: float, top: float
    ) -> tuple[int, int] | None:
        """Return when (us) the level last left its foot, and when it then reached its shoulder."""
        foot_level = foot_of(rest, top)
        shoulder_level = rest + SHOULDER_SHARE * (top - rest)
        shoulder = len(levels)
        # Backwards from the response, as everything after the foot belongs to the rise.
        for end in range(len(levels), KEPT_BINS - 1, -1):
            level = kept_level(levels[end - KEPT_BINS : end])
            if level >= shoulder_level:
                shoulder = end
            if level <= foot_level:
                return self._middle(end), self._middle(shoulder)
        return None

    def _middle(self, end: int) -> int:
        """Return the time (us) of the middle of the bins that give one level."""
        return self._still[end - 1][0] - (KEPT_BINS // 2 - 1) * BIN_US


def foot_of(rest: float, top: float) -> float:
    """Return the level (uV) at the foot of a rise."""
    return min(rest + FOOT_SHARE * (top - rest), FOOT_MAX_RATIO * rest)


def share_below_foot(rest: float, top: float) -> float:
    """Return the time of a rise up to its foot, relative to that from foot to shoulder."""
    below = foot_of(rest, top) - rest
    return below / (SHOULDER_SHARE * (top - rest) - below)


def kept_level(levels: Sequence[float]) -> float:
    """Return the level (uV) that most of some bins reach; 0 for too few of them."""
    if len(levels) < KEPT_MIN_BINS:
        return 0.0
    return sorted(levels, reverse=True)[KEPT_MIN_BINS - 1]


def risen_level(rest: float) -> float:
    """Return the level (uV) that a rise from a level at rest reaches."""
    return max(RISE_RATIO * rest, rest + RISE_EXCESS_UV)
