"""Rhythmic trains: high-frequency leg movements, alternating leg muscle activation, rhythmic feet
(reference 1.6).

They are no leg movements, whether they come as one burst that swings, as bursts with rests between
them, or as both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from limber_bridge.detection.events import RhythmicTrain, Twitch, UnilateralMovement
from limber_bridge.detection.signal import SECOND, Floats

SHORTEST_TRAIN: Final = 5 * SECOND
"""us. Trains of rhythmic feet last 10 to 15 s (science reference 1.6); a leg movement of several
bursts lasts less [D]."""
LONG: Final = 8 * SECOND
"""us. One leg movement in two hundred lasts longer (a median of 2 to 3 s: science reference 10):
what lasts so long and swings at all is a train. Of a shorter one the beats have to be told from the
jerks of a movement [D]."""
LONGEST: Final = 30.0
"""s. A burst that lasts longer, twice as long as trains of rhythmic feet do, has to rest between
its beats to be one: legs are rubbed and stretched evenly as well [D]."""
FEWEST_BEATS: Final = 4
FEWEST_BURSTS: Final = 3
"""Bursts with rests between them that make a train, if there are enough beats in them [D]."""
SLOWEST_BEAT: Final = 10 / 3
"""s; high-frequency leg movements are at least four at 0.3 to 4 Hz (Yang and Winkelman 2010,
science reference 1.6)."""
FASTEST_BEAT: Final = 0.25
"""s; likewise."""
LONGEST_BEAT: Final = SECOND
"""us; what lasts longer is a movement of its own, unless it is several such beats that run
together. Bursts of rhythmic feet last 0.3 to 0.7 s (reference 1.6)."""
BEAT_HIGH: Final = 0.6
BEAT_LOW: Final = 0.35
"""Shares of the level's 90th percentile between which it has to swing for a beat [D]."""
UNEVEN: Final = 0.35
"""Spread of the times between beats, as a share of their mean, up to which they are a rhythm [D].
"""
JERKY: Final = 0.2
"""The same for one burst of less than `LONG`: the jerks of a movement follow each other less evenly
[D]."""
ALIKE: Final = 0.5
"""How much each beat of a long burst is like the next, at least (autocorrelation; noise of ten
seconds reaches 0.3 by chance) [D]."""
GOES_ON: Final = 1.5
"""Times the usual time between beats within which a beat that begins belongs to the train before it
[D]."""


@dataclass(slots=True)
class Stroke:
    """One movement or twitch of what may be a train."""

    onset: int
    end: int
    shaking: Sequence[Floats]
    """Its level, piece by piece."""
    rate: float
    """Hz; of the level."""
    known: list[int] | None = None

    @property
    def beats(self) -> list[int]:
        """When (us) it beats: at its onset, and where it has rested in between; none if it is too
        long for a beat.
        """
        if self.known is None:
            self.known = [self.onset] if self.end - self.onset <= LONGEST_BEAT else self._several()
        return self.known

    def _several(self) -> list[int]:
        lasts = self.end - self.onset
        later = rises(np.concatenate(self.shaking).tolist())[1:] if lasts < LONG else []
        if not later or lasts > LONGEST_BEAT * (1 + len(later)):
            return []
        return [self.onset, *(self.onset + round(index * SECOND / self.rate) for index in later)]


class Train:
    """Follows what one leg does, and sees when it does it in an even beat."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._strokes: list[Stroke] = []
        self._told: RhythmicTrain | None = None
        self._usual = 0.0
        """us; between the beats of that train when it was first told."""

    def take(
        self, found: UnilateralMovement | Twitch, shaking: Sequence[Floats], rate: float
    ) -> RhythmicTrain | None:
        """Take in the next movement or twitch, with its level (pieces of frames, `rate` Hz).

        Returns the train that it makes or goes on with.
        """
        stroke = Stroke(found.onset, found.end, shaking, rate)
        told = self._told
        self._told = None
        # A movement that is no beat ends the train.
        if told is not None and self._follows(told, found.onset) and stroke.beats:
            beats = told.beats + len(stroke.beats)
            return self._tell(RhythmicTrain(told.side, told.onset, max(told.end, found.end), beats))
        if self._strokes and found.onset - self._strokes[-1].end > SLOWEST_BEAT * SECOND:
            self._strokes.clear()
        self._strokes.append(stroke)
        # The beats are looked at where there may be a train: few movements are so close together.
        return self._seen(found) if len(self._strokes) >= FEWEST_BURSTS else None

    def swing(self, train: RhythmicTrain) -> RhythmicTrain:
        """Take in one burst that is a train by itself, and return it with what of it came before."""
        told = self._told
        usual = (train.end - train.onset) / train.beats
        if told is not None and self._follows(told, train.onset):
            train = RhythmicTrain(train.side, told.onset, train.end, told.beats + train.beats)
        else:
            before = self._before(train.onset, usual)
            onset = before[0].onset if before else train.onset
            train = RhythmicTrain(
                train.side, onset, train.end, sum(len(one.beats) for one in before) + train.beats
            )
        self._strokes.clear()
        self._usual = usual
        return self._tell(train)

    def _before(self, onset: int, usual: float) -> list[Stroke]:
        """Return the last strokes that beat as a train that begins does, each of whose beats takes
        `usual` us.
        """
        found: list[Stroke] = []
        for stroke in reversed(self._strokes):
            beats = [*stroke.beats, onset]
            times = [later - earlier for earlier, later in pairwise(beats)]
            if not times or min(times) * GOES_ON < usual or max(times) > GOES_ON * usual:
                break
            found.insert(0, stroke)
            onset = stroke.onset
        return found

    def _seen(self, found: UnilateralMovement | Twitch) -> RhythmicTrain | None:
        for index in reversed(range(len(self._strokes))):
            if not self._strokes[index].beats:
                del self._strokes[: index + 1]
                break
        beats = [beat for stroke in self._strokes for beat in stroke.beats]
        # Movements of several jerks each come one after the other as well, but less evenly.
        several = any(len(stroke.beats) > 1 for stroke in self._strokes)
        if not even(seconds(beats), JERKY if several else UNEVEN):
            # A beat that comes out of time may be the first of another train.
            del self._strokes[: -FEWEST_BEATS + 1]
            return None
        if len(self._strokes) < FEWEST_BURSTS:
            return None
        self._usual = (beats[-1] - beats[0]) / (len(beats) - 1)
        return self._tell(RhythmicTrain(found.side, self._strokes[0].onset, found.end, len(beats)))

    def _follows(self, told: RhythmicTrain, onset: int) -> bool:
        """Return whether what begins at a time (us) is early enough for the train before it."""
        return onset - told.end <= min(GOES_ON * self._usual, SLOWEST_BEAT * SECOND)

    def _tell(self, train: RhythmicTrain) -> RhythmicTrain:
        self._told = train
        return train


def swings(shaking: Sequence[float], sizes: Floats, rate: float, *, long: bool) -> int:
    """Return how many even beats one burst has (frames, `rate` a second); 0 where it has no rhythm.

    `shaking` is its level, `sizes` the same frame by frame, without a window. A `long` one need not
    rest between them.
    """
    found = rises(shaking)
    periods = [(later - earlier) / rate for earlier, later in pairwise(found)]
    if even(periods, UNEVEN if long else JERKY):
        return len(found)
    usual = repeats(sizes, rate) if long and len(sizes) <= LONGEST * rate else 0.0
    return round(len(sizes) / rate / usual) if usual else 0


def rises(levels: Sequence[float]) -> list[int]:
    """Return where a level swings up, each time after it was down."""
    usual = sorted(levels)[9 * len(levels) // 10]
    found: list[int] = []
    resting = True
    for index, level in enumerate(levels):
        if resting and level >= BEAT_HIGH * usual:
            found.append(index)
        resting = level <= BEAT_LOW * usual or (resting and level < BEAT_HIGH * usual)
    return found


def repeats(sizes: Floats, rate: float) -> float:
    """Return after how long (s) a signal is like itself again; 0 where it never is, or faster than
    in a train.
    """
    varied = sizes - sizes.mean()
    slowest = min(int(SLOWEST_BEAT * rate), len(varied) // FEWEST_BEATS)
    whole = float(np.dot(varied, varied))
    if slowest <= FASTEST_BEAT * rate or not whole:
        return 0.0
    # Of the products that are there, as later lags have fewer.
    alike = [
        float(np.dot(varied[lag:], varied[: len(varied) - lag]))
        / whole
        * len(varied)
        / (len(varied) - lag)
        for lag in range(slowest + 2)
    ]
    peaks = (
        lag
        for lag in range(2, slowest + 1)
        if alike[lag] >= ALIKE
        and alike[lag - 1] <= alike[lag] >= alike[lag + 1]
        and min(alike[:lag]) < alike[lag] / 2
    )
    first = next(peaks, 0) / rate
    return first if first >= FASTEST_BEAT else 0.0


def even(periods: Sequence[float], uneven: float = UNEVEN) -> bool:
    """Return whether these times between beats (s) are a rhythm."""
    if len(periods) < FEWEST_BEATS - 1:
        return False
    found = np.array(periods)
    return bool(found.std() <= uneven * found.mean() and found.max() <= SLOWEST_BEAT)


def seconds(beats: Sequence[int]) -> list[float]:
    """Return the times (s) between beats (us)."""
    return [(later - earlier) / SECOND for earlier, later in pairwise(beats)]
