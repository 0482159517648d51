"""Rhythmic trains: high-frequency leg movements, alternating activation, rhythmic feet.

They are not leg movements in the sense of the scoring rules. They come as one movement that swings,
as separate bursts, or as both; docs/science.md#rhythmic-trains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from limber_bridge.detection.events import RhythmicTrain, Twitch, UnilateralMovement
from limber_bridge.detection.signal import SECOND, Floats

TRAIN_MIN_US: Final = 5 * SECOND
"""Shortest movement that is a train by itself. Chosen: trains last 10 to 15 s (Wichniak 2001); a
leg movement with several jerks lasts less."""
LONG_MIN_US: Final = 8 * SECOND
"""Movement from which weaker evidence is enough. Chosen: one leg movement in 200 lasts longer;
docs/science.md#typical-nights."""
UNPAUSED_MAX_S: Final = 30.0
"""Longest movement that is a train without pauses between its beats. Chosen: twice as long as the
trains of Wichniak 2001; legs are rubbed and stretched evenly as well."""
BEATS_MIN: Final = 4
"""Fewest beats of a train. Yang and Winkelman 2010."""
BURSTS_MIN: Final = 3
"""Fewest separate bursts of a train. Chosen: two show no rhythm."""
BEAT_INTERVAL_MAX_S: Final = 10 / 3
"""Longest time from beat to beat: 0.3 Hz. Yang and Winkelman 2010."""
BEAT_INTERVAL_MIN_S: Final = 0.25
"""Shortest time from beat to beat without pauses: 4 Hz. Yang and Winkelman 2010."""
BEAT_MAX_US: Final = SECOND
"""Longest single beat. Chosen: bursts of rhythmic feet last 0.3 to 0.7 s (Wichniak 2001). What
lasts longer is a movement of its own, unless several beats run together in it."""
BEAT_HIGH_SHARE: Final = 0.6
"""Share of the 90th percentile of the envelope to which a beat rises."""
BEAT_LOW_SHARE: Final = 0.35
"""Share to which the envelope must have fallen before. Chosen: pauses within a beat stay above."""
VARIATION_MAX: Final = 0.35
"""Largest variation (SD / mean) of the times between beats. Chosen: a rhythm of the legs is not
exact."""
VARIATION_MAX_JERKS: Final = 0.2
"""The same where the beats may be the jerks of one leg movement. Chosen: those follow each other
less evenly."""
CORRELATION_MIN: Final = 0.5
"""Smallest autocorrelation of a long movement one beat later. Chosen: noise of 10 s reaches 0.3 by
chance (measured)."""
CONTINUES_WITHIN: Final = 1.5
"""Usual times between beats within which the next beat continues a train. Chosen: a missed beat
ends it."""


@dataclass(slots=True)
class Burst:
    """A movement or twitch that may be part of a train."""

    onset: int
    end: int
    shaking: Sequence[Floats]
    """Its shaking, block by block."""
    rate: float
    """Frames per second of the shaking."""
    known_beats: list[int] | None = None

    @property
    def beats(self) -> list[int]:
        """Times (us) of its beats: its onset, and where it paused in between.

        Empty if it is too long for a beat.
        """
        if self.known_beats is None:
            short = self.end - self.onset <= BEAT_MAX_US
            self.known_beats = [self.onset] if short else self._several_beats()
        return self.known_beats

    def _several_beats(self) -> list[int]:
        """Return the times of beats that run together, or nothing if they are too long."""
        duration = self.end - self.onset
        # On average each beat must be short enough for a beat.
        later = find_rises(np.concatenate(self.shaking).tolist())[1:]
        if duration >= LONG_MIN_US or not later or duration > BEAT_MAX_US * (1 + len(later)):
            return []
        return [self.onset, *(self.onset + round(index * SECOND / self.rate) for index in later)]


class RhythmTracker:
    """Recognizes rhythmic trains in the movements and twitches of one leg."""

    def __init__(self) -> None:
        """Start without movements."""
        self._bursts: list[Burst] = []
        """The last movements that may become a train."""
        self._train: RhythmicTrain | None = None
        """The train that the next movement may continue."""
        self._beat_interval = 0.0
        """us; usual time between the beats of that train."""

    def add_movement(
        self, movement: UnilateralMovement | Twitch, shaking: Sequence[Floats], rate: float
    ) -> RhythmicTrain | None:
        """Add the next movement or twitch, and return the train that it completes or continues.

        `shaking` is given block by block, at `rate` frames per second.
        """
        burst = Burst(movement.onset, movement.end, shaking, rate)
        train = self._train
        # A movement that is not a beat ends the train.
        self._train = None
        if train is not None and self._continues(train, movement.onset) and burst.beats:
            end = max(train.end, movement.end)
            beats = train.beats + len(burst.beats)
            self._train = RhythmicTrain(train.side, train.onset, end, beats)
            return self._train
        # After a long pause a rhythm would start again.
        if self._bursts:
            pause = movement.onset - self._bursts[-1].end
            if pause > BEAT_INTERVAL_MAX_S * SECOND:
                self._bursts.clear()
        self._bursts.append(burst)
        # Few movements are that close together, so beats are seldom looked for.
        if len(self._bursts) < BURSTS_MIN:
            return None
        return self._find_train(movement)

    def add_train(self, train: RhythmicTrain) -> RhythmicTrain:
        """Add a movement that is a train by itself, and return it with what came before it."""
        before = self._train
        interval = (train.end - train.onset) / train.beats
        if before is not None and self._continues(before, train.onset):
            beats = before.beats + train.beats
            train = RhythmicTrain(train.side, before.onset, train.end, beats)
        else:
            bursts = self._bursts_before(train.onset, interval)
            onset = bursts[0].onset if bursts else train.onset
            beats = sum(len(burst.beats) for burst in bursts) + train.beats
            train = RhythmicTrain(train.side, onset, train.end, beats)
        self._bursts.clear()
        self._beat_interval = interval
        self._train = train
        return train

    def _bursts_before(self, onset: int, interval: float) -> list[Burst]:
        """Return the last bursts that beat at the pace of a train (us) up to its onset."""
        found: list[Burst] = []
        # Going back in time, as long as the pace is about the same.
        for burst in reversed(self._bursts):
            beats = [*burst.beats, onset]
            times = [later - earlier for earlier, later in pairwise(beats)]
            if (
                not times
                or min(times) * CONTINUES_WITHIN < interval
                or max(times) > CONTINUES_WITHIN * interval
            ):
                break
            found.insert(0, burst)
            onset = burst.onset
        return found

    def _find_train(self, movement: UnilateralMovement | Twitch) -> RhythmicTrain | None:
        """Return the train of the last bursts, if they are one."""
        # A burst that is not a beat separates what came before from what comes after.
        for index in reversed(range(len(self._bursts))):
            if not self._bursts[index].beats:
                del self._bursts[: index + 1]
                break
        beats = [beat for burst in self._bursts for beat in burst.beats]
        # Leg movements of several jerks each follow one another too, but less evenly.
        has_several = any(len(burst.beats) > 1 for burst in self._bursts)
        variation_max = VARIATION_MAX_JERKS if has_several else VARIATION_MAX
        if not is_even(intervals_s(beats), variation_max):
            # A beat that comes out of time may be the first one of another train.
            del self._bursts[: -BEATS_MIN + 1]
            return None
        if len(self._bursts) < BURSTS_MIN:
            return None
        self._beat_interval = (beats[-1] - beats[0]) / (len(beats) - 1)
        self._train = RhythmicTrain(movement.side, self._bursts[0].onset, movement.end, len(beats))
        return self._train

    def _continues(self, train: RhythmicTrain, onset: int) -> bool:
        """Return whether a movement with an onset (us) is early enough to continue a train."""
        longest = min(CONTINUES_WITHIN * self._beat_interval, BEAT_INTERVAL_MAX_S * SECOND)
        return onset - train.end <= longest


def count_beats(shaking: Sequence[float], sizes: Floats, rate: float, *, is_long: bool) -> int:
    """Return the number of even beats in one movement, or 0 if it has no rhythm.

    Both signals have `rate` frames per second: `shaking` over the window of the envelope, `sizes`
    frame by frame. A movement that `is_long` needs no pauses between its beats.
    """
    # Pauses between the beats are the clearest sign. Without them a long movement must repeat
    # itself.
    rises = find_rises(shaking)
    periods = [(later - earlier) / rate for earlier, later in pairwise(rises)]
    if is_even(periods, VARIATION_MAX if is_long else VARIATION_MAX_JERKS):
        return len(rises)
    if not is_long or len(sizes) > UNPAUSED_MAX_S * rate:
        return 0
    period = find_period(sizes, rate)
    return round(len(sizes) / rate / period) if period else 0


def find_rises(envelope: Sequence[float]) -> list[int]:
    """Return the frames at which an envelope rises to a beat after it was low."""
    ninetieth = sorted(envelope)[9 * len(envelope) // 10]
    high = BEAT_HIGH_SHARE * ninetieth
    low = BEAT_LOW_SHARE * ninetieth
    rises: list[int] = []
    was_low = True
    for index, level in enumerate(envelope):
        if was_low and level >= high:
            rises.append(index)
        # Between the two limits the state does not change.
        was_low = level <= low or (was_low and level < high)
    return rises


def find_period(sizes: Floats, rate: float) -> float:
    """Return the time (s) after which a signal repeats itself, or 0 if it never does.

    `sizes` has shape (n,), at `rate` frames per second. It must be no faster than a train.
    """
    # The mean has no rhythm.
    varying = sizes - sizes.mean()
    longest = min(int(BEAT_INTERVAL_MAX_S * rate), len(varying) // BEATS_MIN)
    energy = float(np.dot(varying, varying))
    if longest <= BEAT_INTERVAL_MIN_S * rate or not energy:
        return 0.0
    # Autocorrelation. Later lags have fewer products, which is made up for.
    count = len(varying)
    correlation = [
        float(np.dot(varying[lag:], varying[: count - lag])) / energy * count / (count - lag)
        for lag in range(longest + 2)
    ]
    # The first high peak, after a valley that shows that it is a repetition and not the width of
    # one beat.
    peaks = (
        lag
        for lag in range(2, longest + 1)
        if correlation[lag] >= CORRELATION_MIN
        and correlation[lag - 1] <= correlation[lag] >= correlation[lag + 1]
        and min(correlation[:lag]) < correlation[lag] / 2
    )
    period = next(peaks, 0) / rate
    return period if period >= BEAT_INTERVAL_MIN_S else 0.0


def is_even(periods: Sequence[float], variation_max: float) -> bool:
    """Return whether times between beats (s) are a rhythm."""
    if len(periods) < BEATS_MIN - 1:
        return False
    times = np.array(periods)
    return bool(times.std() <= variation_max * times.mean() and times.max() <= BEAT_INTERVAL_MAX_S)


def intervals_s(beats: Sequence[int]) -> list[float]:
    """Return the times (s) between beats (us)."""
    return [(later - earlier) / SECOND for earlier, later in pairwise(beats)]
