"""Level -> movements of one sensor: two thresholds on its own noise floor, hold, morphology, posture.

Law: what is decided at a frame rests on that frame and those before it, never on where a block happened to end.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Self

import numpy as np

from limber_bridge.detection.events import Grade, Part, Rhythm, Twitch
from limber_bridge.detection.level import LEVELS, Frames, lengthening, window_frames
from limber_bridge.detection.noise import Noise, NoiseFloor, Thresholds
from limber_bridge.detection.signal import SECOND, Floats, Quantity, Side, Times


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementRule:
    """When the level of one quantity is a movement."""

    thresholds: Thresholds
    turn: float | None
    """Degrees: a limb that rests in another direction afterwards has changed its posture. None: it cannot be seen."""
    moderate: float
    strong: float
    """Peaks from here on are graded so, milder ones are `mild`; in the unit of the quantity."""

    def grade(self, peak: float) -> Grade:
        """Return how strong a movement with such a peak is."""
        if peak >= self.strong:
            return Grade.STRONG
        return Grade.MODERATE if peak >= self.moderate else Grade.MILD


RULES: Final = {
    # Science reference 4.2: 5 to 10 mg and 2 to 5 mg above the floor at the least. Turn: 4.3, after van Hees 2015.
    # Grades [D], nothing is published: 50 mg moves a blanket, 250 mg wakes a partner.
    Quantity.ACCELERATION: MovementRule(
        thresholds=Thresholds(on=0.005, off=0.0025, on_spreads=4.0, off_spreads=2.0, noisiest=0.05),
        turn=5.0,
        moderate=0.05,
        strong=0.25,
    ),
    # Science reference 1.1: onset 8 uV, end 2 uV above resting, whatever the noise. Grades [D], after the levels of
    # reference 3.1: co-activation in another task about 31 uV, voluntary contraction 72 uV and more.
    Quantity.EMG: MovementRule(
        thresholds=Thresholds(on=8.0, off=2.0, on_spreads=0.0, off_spreads=0.0, noisiest=50.0),
        turn=None,
        moderate=25.0,
        strong=75.0,
    ),
    # [D]: no source gives thresholds for load cells. A foot weighs about a kilogram.
    Quantity.LOAD: MovementRule(
        thresholds=Thresholds(on=0.2, off=0.1, on_spreads=4.0, off_spreads=2.0, noisiest=1.0),
        turn=None,
        moderate=2.0,
        strong=10.0,
    ),
}

HOLD: Final = 0.5
"""s of quiet that end a movement (WASM 2016 and AASM alike)."""
THERE_AND_BACK: Final = 10 * SECOND
"""us; a limb that turned and is back within this time made one movement and was held in between. 10 s is the longest
candidate movement of one leg (WASM 2016)."""
SHORTEST: Final = SECOND // 2
"""us; what is shorter is a twitch and no leg movement (WASM 2016 and AASM alike)."""
SHORTEST_TRAIN: Final = 5 * SECOND
"""us. Trains of rhythmic feet last 10 to 15 s (science reference 1.6); a leg movement of several bursts lasts less [D].
"""
FEWEST_BEATS: Final = 4
SLOWEST_BEAT: Final = 10 / 3
"""s; high-frequency leg movements are at least four at 0.3 to 4 Hz (Yang and Winkelman 2010, science reference 1.6)."""
BEAT_HIGH: Final = 0.6
BEAT_LOW: Final = 0.35
"""Shares of the level's 90th percentile between which it has to swing for a beat [D]."""
UNEVEN: Final = 0.35
"""Spread of the times between beats, as a share of their mean, up to which they are a rhythm [D]."""
JUDGED: Final = 60.0
"""s; the morphology of a movement is judged on so much of it."""


type Found = Part | Twitch | Rhythm
type Direction = tuple[float, ...]
"""Acceleration of a limb at rest in g, one value for each axis: where gravity points."""


@dataclass(slots=True)
class Burst:
    """A movement that still lasts."""

    onset: int
    before: Direction | None
    """Mean acceleration in the quiet before it; None where too little of it was seen."""
    off: float
    """Level up to which it is quiet, as it was at the onset."""
    levels: list[float]
    peak: float = 0.0
    quiet: int = 0
    """Frames in a row, up to now, no higher than `off`."""
    quiet_since: int = 0
    """us; start of the first of them."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A movement after which the limb rests in another direction: a change of posture unless it comes back in time."""

    part: Part
    before: Direction


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Frames that are looked at together: the last ones of the past and the new ones."""

    times: Times
    level: Floats
    mean: Floats

    def followed_by(self, later: Self) -> Self:
        """Return this stretch and the next as one."""
        return type(self)(
            np.concatenate([self.times, later.times]),
            np.concatenate([self.level, later.level]),
            np.concatenate([self.mean, later.mean], axis=1),
        )

    def last(self, count: int) -> Self:
        """Return the last `count` frames, or all there are."""
        start = max(0, len(self.times) - count)
        return type(self)(self.times[start:].copy(), self.level[start:].copy(), self.mean[:, start:].copy())

    def resting(self, end: int, count: int) -> Direction | None:
        """Return the mean of the `count` frames before frame `end`; None where the stretch does not reach so far."""
        return None if end < count else tuple(self.mean[:, end - count : end].mean(axis=1).tolist())


class Movements:
    """Finds the movements of one sensor."""

    def __init__(self, quantity: Quantity, side: Side | None, noise: Sequence[Noise] = ()) -> None:
        """Begin; `noise` is what an earlier life knew of the sensor's noise."""
        self._quantity, self._side = quantity, side
        self._rule = RULES[quantity]
        self._floor = NoiseFloor(self._rule.thresholds, noise)
        self._burst: Burst | None = None
        self._turned: Turned | None = None
        self._past: Stretch | None = None
        self._seen_until = 0
        self.onsets: list[int] = []
        """Times (us) at which something of any length began, known at once. Whoever reads them clears them."""

    @property
    def noise(self) -> tuple[Noise, ...]:
        """What the noise floor rests on."""
        return self._floor.known

    @property
    def threshold(self) -> float:
        """Level from which on something moves; infinite until the noise is known."""
        return self._floor.on

    @property
    def open_onset(self) -> int | None:
        """Onset of what is not told yet: nothing earlier is to come from this sensor."""
        if self._turned is not None:
            return self._turned.part.onset
        return None if self._burst is None else self._burst.onset

    def feed(self, frames: Frames) -> list[Found]:
        """Return the movements whose end the frames make known, changes of posture among them, in order of onset."""
        if frames.level is None:
            return []
        parts: list[Found] = []
        if frames.fresh:
            parts = self.finish()
            self._begin(frames.rate)
        if not len(frames.times):
            return parts
        stretch = Stretch(frames.times, frames.level, frames.mean)
        if self._past is not None:
            stretch = self._past.followed_by(stretch)
        parts += self._told(stretch, len(stretch.times) - len(frames.times))
        self._past = stretch.last(self._kept)
        self._seen_until = int(stretch.times[-1]) + self._frame
        return parts

    def finish(self) -> list[Found]:
        """Return what was still open, with the duration that was seen: here the signal ends or breaks off."""
        burst, self._burst = self._burst, None
        parts: list[Found] = []
        if burst is not None:
            end = burst.quiet_since - self._lengthening if burst.quiet else self._seen_until
            parts += self._judged(burst, end, None)
        turned, self._turned = self._turned, None
        return parts if turned is None else [*parts, turned.part]

    def _begin(self, rate: float) -> None:
        self._rate = rate
        self._frame = round(SECOND / rate)
        self._hold = int(np.ceil(HOLD * rate))
        level = LEVELS[self._quantity]
        self._lengthening = lengthening(level, rate)
        # A low level says that it was quiet for the whole window: so much of the hold is over when it is first seen.
        self._awaited = max(1, self._hold - window_frames(level, rate) + 1)
        self._past = None
        self._begin_tick()

    def _begin_tick(self) -> None:
        self._tick = round(self._floor.tick * self._rate)
        self._ticked = 0
        self._stirred = self._burst is not None
        self._kept = max(self._tick, 2 * self._hold)

    def _told(self, stretch: Stretch, position: int) -> Iterator[Found]:
        """Yield what the frames from `position` on make known, and look at the noise once a tick."""
        while position < len(stretch.times):
            stop = min(len(stretch.times), position + self._tick - self._ticked)
            yield from self._scan(stretch, position, stop)
            self._ticked += stop - position
            position = stop
            if self._ticked == self._tick:
                self._floor.learn(stretch.level[stop - self._tick : stop], quiet=not self._stirred)
                self._begin_tick()

    def _scan(self, stretch: Stretch, position: int, stop: int) -> Iterator[Found]:
        while position < stop:
            if self._burst is None:
                position = self._wait(stretch, position, stop)
                continue
            position = self._follow(stretch, self._burst, position, stop)
            if self._burst.quiet == self._awaited:
                yield from self._close(self._burst, stretch.resting(position, self._hold))
        yield from self._expire(int(stretch.times[stop - 1]))

    def _wait(self, stretch: Stretch, position: int, stop: int) -> int:
        """Open a burst at the first frame that reaches the threshold and return where it lies; else return `stop`."""
        above = stretch.level[position:stop] >= self._floor.on
        first = int(above.argmax())
        if not above[first]:
            return stop
        position += first
        onset = int(stretch.times[position])
        # The frame before the first loud one may already hold the beginning of the movement.
        self._burst = Burst(onset, stretch.resting(position - 1, self._hold), self._floor.off, [])
        self._stirred = True
        self.onsets.append(onset)
        return position

    def _follow(self, stretch: Stretch, burst: Burst, position: int, stop: int) -> int:
        """Follow a burst frame by frame to its end, or to `stop`; return the frame after the last one read."""
        off = max(burst.off, self._floor.off)
        for index, level in enumerate(stretch.level[position:stop].tolist(), position):
            burst.peak = max(burst.peak, level)
            if len(burst.levels) < JUDGED * self._rate:
                burst.levels.append(level)
            if level > off:
                burst.quiet = 0
                continue
            if not burst.quiet:
                burst.quiet_since = int(stretch.times[index])
            burst.quiet += 1
            if burst.quiet == self._awaited:
                return index + 1
        return stop

    def _close(self, burst: Burst, after: Direction | None) -> Iterator[Found]:
        self._burst = None
        yield from self._judged(burst, burst.quiet_since - self._lengthening, after)

    def _judged(self, burst: Burst, end: int, after: Direction | None) -> Iterator[Found]:
        """Yield the burst as a movement, hold it back as a turn, or drop it for its morphology."""
        part = Part(self._side, burst.onset, max(end, burst.onset), burst.peak, self._rule.grade(burst.peak))
        turned, self._turned = self._turned, None
        if turned is not None and part.end - turned.part.onset <= THERE_AND_BACK:
            whole = turned.part.joined(part)
            if self._turns(turned.before, after):
                self._turned = Turned(whole, turned.before)
            else:
                yield replace(whole, turned=False)
            return
        if turned is not None:
            yield turned.part
        if burst.before is not None and self._turns(burst.before, after):
            self._turned = Turned(replace(part, turned=True), burst.before)
        else:
            yield from self._told_apart(part, burst)

    def _told_apart(self, part: Part, burst: Burst) -> Iterator[Found]:
        """Yield what moved and came back as what it is: a twitch, a rhythm or a leg movement."""
        beats = rhythm(burst.levels, self._rate)
        if part.duration < SHORTEST:
            yield Twitch(part.side, part.onset, part.end, part.peak)
        elif beats and part.duration >= SHORTEST_TRAIN:
            yield Rhythm(part.side, part.onset, part.end, beats)
        elif self._sustained(burst):
            yield part

    def _expire(self, now: int) -> Iterator[Found]:
        """Yield a turn that nothing can undo in time any more."""
        if self._turned is None or now <= self._turned.part.onset + THERE_AND_BACK + self._lengthening:
            return
        if self._burst is not None and self._burst.quiet:
            return
        yield self._turned.part
        self._turned = None

    def _turns(self, before: Direction, after: Direction | None) -> bool:
        """Return whether a limb that rested so before rests in another direction after."""
        if self._rule.turn is None or after is None:
            return False
        return angle(before, after) > self._rule.turn

    def _sustained(self, burst: Burst) -> bool:
        """Return whether some 0.5 s of it have a median above the quiet level (WASM 2016, computer detection)."""
        if len(burst.levels) < self._hold:
            return False
        windows = np.lib.stride_tricks.sliding_window_view(np.array(burst.levels), self._hold)
        return bool((np.median(windows, axis=1) >= burst.off).any())


def rhythm(levels: Sequence[float], rate: float) -> int:
    """Return how many even bursts a level (frames, `rate` a second) swings through; 0 where it has no rhythm."""
    usual = float(np.percentile(levels, 90))
    rises: list[int] = []
    resting = True
    for index, level in enumerate(levels):
        if resting and level >= BEAT_HIGH * usual:
            rises.append(index)
        resting = level <= BEAT_LOW * usual or (resting and level < BEAT_HIGH * usual)
    if len(rises) < FEWEST_BEATS:
        return 0
    periods = np.array([(later - earlier) / rate for earlier, later in pairwise(rises)])
    even = periods.std() <= UNEVEN * periods.mean() and periods.max() <= SLOWEST_BEAT
    return len(rises) if even else 0


def angle(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the angle between two vectors in degrees; 0 where one of them has no length."""
    size = math.hypot(*one) * math.hypot(*other)
    if size == 0.0:
        return 0.0
    return math.degrees(math.acos(max(-1.0, min(1.0, math.sumprod(one, other) / size))))
