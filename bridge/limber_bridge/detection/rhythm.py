"""Rhythmic trains: high-frequency leg movements, alternating leg muscle activation, rhythmic feet (reference 1.6).

They are no leg movements, whether they come as one burst that swings or as bursts with rests between them.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from limber_bridge.detection.events import Part, Rhythm, Twitch
from limber_bridge.detection.signal import SECOND

SHORTEST_TRAIN: Final = 5 * SECOND
"""us. Trains of rhythmic feet last 10 to 15 s (science reference 1.6); a leg movement of several bursts lasts less [D].
"""
FEWEST_BEATS: Final = 4
SLOWEST_BEAT: Final = 10 / 3
"""s; high-frequency leg movements are at least four at 0.3 to 4 Hz (Yang and Winkelman 2010, science reference 1.6)."""
LONGEST_BEAT: Final = SECOND
"""us; what lasts longer is a movement of its own. Bursts of rhythmic feet last 0.3 to 0.7 s (reference 1.6)."""
BEAT_HIGH: Final = 0.6
BEAT_LOW: Final = 0.35
"""Shares of the level's 90th percentile between which it has to swing for a beat [D]."""
UNEVEN: Final = 0.35
"""Spread of the times between beats, as a share of their mean, up to which they are a rhythm [D]."""


class Train:
    """Follows what one leg does, and sees when it does it in an even beat."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._beats: list[Part | Twitch] = []

    def take(self, beat: Part | Twitch) -> Rhythm | None:
        """Take in the next movement or twitch; return the train that it makes or goes on with."""
        if beat.end - beat.onset > LONGEST_BEAT:
            self._beats.clear()
            return None
        last = self._beats[-1] if self._beats else None
        if last is not None and beat.onset - last.onset > SLOWEST_BEAT * SECOND:
            self._beats.clear()
        self._beats.append(beat)
        if not even([(later.onset - earlier.onset) / SECOND for earlier, later in pairwise(self._beats)]):
            # A beat that comes out of time may be the first of another train.
            self._beats = self._beats[-FEWEST_BEATS + 1 :]
            return None
        return Rhythm(beat.side, self._beats[0].onset, beat.end, len(self._beats))


def beats(levels: Sequence[float], rate: float) -> int:
    """Return how many even bursts a level (frames, `rate` a second) swings through; 0 where it has no rhythm."""
    usual = sorted(levels)[9 * len(levels) // 10]
    rises: list[int] = []
    resting = True
    for index, level in enumerate(levels):
        if resting and level >= BEAT_HIGH * usual:
            rises.append(index)
        resting = level <= BEAT_LOW * usual or (resting and level < BEAT_HIGH * usual)
    return len(rises) if even([(later - earlier) / rate for earlier, later in pairwise(rises)]) else 0


def even(periods: Sequence[float]) -> bool:
    """Return whether these times between beats (s) are a rhythm."""
    if len(periods) < FEWEST_BEATS - 1:
        return False
    found = np.array(periods)
    return bool(found.std() <= UNEVEN * found.mean() and found.max() <= SLOWEST_BEAT)
