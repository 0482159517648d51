"""Samples -> the movement level, in frames of 25 to 50 ms: the one file that knows filters.

A limb moves in two ways: it shakes, and it is held away from where it rested. The level of a
movement sensor is both together, so that a foot that is bent, held and let go is one movement and
not two twitches.

Law: frames are counted in whole samples from the start of an unbroken run, and every sum is made in
the same order, so that a level does not depend, to the last bit, on how the signal was cut into
blocks.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from limber_bridge.detection.continuity import Run
from limber_bridge.detection.ecg_artifact import EcgArtifactFilter
from limber_bridge.detection.signal import SECOND, Floats, Quantity, Times

if TYPE_CHECKING:
    from limber_bridge.detection.bandpass import Bandpass

FRAME_RATE: Final = 20
"""Hz, the least. A frame of at most 50 ms is a tenth of the shortest leg movement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeRule:
    """How one quantity becomes a level."""

    band: tuple[float, float] | None
    """Hz. The signal is filtered to it at its own rate, and the level is its RMS (EMG). None:
    samples are averaged into frames, and the level is the RMS distance of the window's frames from
    where the limb rested some seconds ago: so gravity, tare and drift go out without the ringing of
    a high-pass, which lengthened every movement by a second."""
    window: float
    """s. It lengthens every movement by itself, which is taken off again (science reference, 3.2).
    """
    slowest: float
    """Hz. A slower signal supports no duration of 0.5 s: it gets no level at all."""


LEVELS: Final = {
    # Reference 4.2: at 25 Hz a sample is 40 ms; below about 10 Hz a duration of 0.5 s cannot be
    # judged.
    Quantity.ACCELERATION: EnvelopeRule(band=None, window=0.3, slowest=10.0),
    Quantity.LOAD: EnvelopeRule(band=None, window=0.3, slowest=10.0),
    # Reference 3.1: leg EMG is read in 10 to 100 Hz. 3.2: RMS over 0.05 to 0.15 s.
    Quantity.EMG: EnvelopeRule(band=(10.0, 100.0), window=0.15, slowest=50.0),
}


HALF: Final = 0.5
"""s; where a limb rests is known in steps of this length."""
RESTING: Final = (6, 3)
"""The rest at a frame is the mean of the halves from 6 to 3 before its own: 2 s that ended 1 to 1.5
s ago [D]."""
SETTLING: Final = 3.5
"""s after a change until the rest has forgotten what was before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """What a run of samples becomes: n frames; levels over the window and all axes, in the unit of
    the quantity.
    """

    times: Times
    """us, shape (n,): start of each frame."""
    level: Floats | None
    """Shape (n,): RMS distance from the rest. None where the signal is too slow."""
    shaking: Floats
    """Shape (n,): RMS distance from the centre. For EMG the same as the level."""
    centre: Floats
    """Shape (axes, n): mean of the window."""
    rest: Floats
    """Shape (axes, n): where the limb rested; where that is not known yet, the centre. EMG shows
    neither."""
    unknown: int
    """So many frames at the beginning whose rest is not known."""
    mean: Floats
    """Shape (axes, n): the plain average of each frame, so gravity or load; for EMG its energy."""
    rate: float
    """Hz, nominal: frames a second."""
    fresh: bool
    """Nothing before it belongs to it."""
    heart: tuple[tuple[int, bool], ...] = ()
    """From when on (us) a heart beats in the EMG, or none any more."""


def samples_per_frame(rate: float) -> int:
    """Return how many samples of a signal of `rate` Hz make a frame."""
    return max(1, int(rate / FRAME_RATE))


def window_frames(rule: EnvelopeRule, frame_rate: float) -> int:
    """Return over how many frames the level reaches."""
    return max(2, round(rule.window * frame_rate))


def lengthening(rule: EnvelopeRule, frame_rate: float) -> int:
    """Return by how much (us) the window puts off the end of every movement.

    A band-pass rings on, and a movement fills the frame in which it ends but to a half on average.
    """
    rings = 0.0 if rule.band is None else 0.5
    return round((window_frames(rule, frame_rate) - 1 + rings) * SECOND / frame_rate)


class EnvelopeFilter:
    """Turns the runs of one sensor into frames."""

    def __init__(self, quantity: Quantity) -> None:
        """Begin for one quantity; the rate comes with the first run, which is fresh."""
        self._rule = LEVELS[quantity]

    def feed(self, run: Run) -> Frames:
        """Return the frames that the run completes."""
        if run.fresh:
            self._begin(run)
        folded = self._fold.feed(
            run.samples if self._band is None else self._band.feed(run.samples)
        )
        folded = folded if self._heart is None else self._heart.feed(folded)
        times = self._times(run, folded.shape[1])
        rate = run.rate / self._width
        if run.rate < self._rule.slowest or not folded.shape[1]:
            nothing = np.empty(0)
            silent = None if run.rate < self._rule.slowest else nothing
            return Frames(times, silent, nothing, folded, folded, 0, folded, rate, run.fresh)
        joined = self._joined(folded)
        if self._band is not None:
            energy: Floats = np.sqrt(moving_mean(joined, self._reach + 1)[0])
            return Frames(
                times, energy, energy, folded, folded, 0, folded, rate, run.fresh, self._beats(run)
            )
        means = moving_mean(np.concatenate((joined, squares(joined)[None])), self._reach + 1)
        centre = means[:-1]
        rest, unknown = self._rest.feed(folded, centre)
        variance = np.maximum(means[-1] - squares(centre), 0.0)
        level: Floats = np.sqrt(variance + squares(centre - rest))
        return Frames(
            times, level, np.sqrt(variance), centre, rest, unknown, folded, rate, run.fresh
        )

    def _begin(self, run: Run) -> None:
        self._width = samples_per_frame(run.rate)
        self._reach = window_frames(self._rule, run.rate / self._width) - 1
        self._fold = Fold(self._width, squared=self._rule.band is not None)
        self._rest = Rest(max(1, round(HALF * run.rate / self._width)))
        self._past: Floats | None = None
        self._next = run.first
        self._time = 0
        # Below the slowest rate there is no level, and no band that the rate could hold.
        band = self._rule.band if run.rate >= self._rule.slowest else None
        self._band = None if band is None else bandpass(band, run)
        self._heart = None if band is None else EcgArtifactFilter(run.rate / self._width)
        self._first = run.first

    def _beats(self, run: Run) -> tuple[tuple[int, bool], ...]:
        """Return when (us) the heart began to beat, or was lost."""
        if self._heart is None or not self._heart.changes:
            return ()
        changes = self._heart.changes
        self._heart.changes = []
        return tuple(
            (run.clock.time_of(self._first + frame * self._width), beating)
            for frame, beating in changes
        )

    def _times(self, run: Run, count: int) -> Times:
        """Return the start of each completed frame; one that an earlier run began keeps the time it
        had there.
        """
        starts = self._next + self._width * np.arange(count + 1)
        times: Times = run.clock.times_of(starts)
        if starts[0] < run.first:
            times[0] = self._time
        self._next = int(starts[-1])
        self._time = int(times[-1])
        completed: Times = times[:-1]
        return completed

    def _joined(self, folded: Floats) -> Floats:
        """Return frames with those before them that a window reaches; before the first all was like
        it.
        """
        if self._past is None:
            quiet = folded[:, :1] if self._band is None else np.zeros((1, 1))
            self._past = np.repeat(quiet, self._reach, axis=1)
        joined: Floats = np.concatenate([self._past, folded], axis=1)
        self._past = joined[:, joined.shape[1] - self._reach :].copy()
        return joined


class Rest:
    """Where a limb rested a while before each frame."""

    def __init__(self, half: int) -> None:
        """Begin; a half has so many frames."""
        self._half = half
        self._fold = Fold(half)
        self._known = np.empty((0, 0))
        self._first = self._frames = 0

    def feed(self, frames: Floats, centre: Floats) -> tuple[Floats, int]:
        """Return the rest at each of the next frames, and in how many of them, in the first half,
        it is the centre.
        """
        halves = self._fold.feed(frames)
        self._known = (
            halves if not self._known.size else np.concatenate([self._known, halves], axis=1)
        )
        begin = self._frames
        end = self._frames + frames.shape[1]
        first = begin // self._half
        last = (end - 1) // self._half
        self._frames = end
        if first == last and first:
            return np.repeat(self._mean(first)[:, None], end - begin, axis=1), 0
        early = [self._mean(half) for half in range(first, min(last + 1, RESTING[0]))]
        means = np.concatenate(
            [*(mean[:, None] for mean in early), self._means(first + len(early), last)], axis=1
        )
        counts = np.diff([begin, *range((first + 1) * self._half, end, self._half), end])
        rest = np.repeat(means, counts, axis=1)
        unknown = 0 if first else int(counts[0])
        rest[:, :unknown] = centre[:, :unknown]
        self._forget(last - RESTING[0])
        return rest, unknown

    def _means(self, first: int, last: int) -> Floats:
        """Return the rest in each of the halves from `first` to `last`."""
        earliest, latest = (first - ago - self._first for ago in RESTING)
        count = last - first + 1
        total = self._known[:, earliest : earliest + count].copy()
        for start in range(earliest + 1, latest + 1):
            total += self._known[:, start : start + count]
        total /= latest - earliest + 1
        return total

    def _mean(self, half: int) -> Floats:
        """Return the rest in one half; in the first ones it is less than 2 s long, and less long
        ago.
        """
        if not half:
            return np.zeros(len(self._known))
        earliest, latest = (max(0, half - ago) - self._first for ago in RESTING)
        total = self._known[:, earliest].copy()
        for index in range(earliest + 1, latest + 1):
            total += self._known[:, index]
        total /= latest - earliest + 1
        return total

    def _forget(self, first: int) -> None:
        """Let go of the halves before one."""
        if first > self._first:
            self._known = self._known[:, first - self._first :].copy()
            self._first = first


def bandpass(band: tuple[float, float], run: Run) -> Bandpass:
    """Return a filter that begins with a run. It is imported here, as it makes a process twice as
    large.
    """
    from limber_bridge.detection.bandpass import Bandpass  # noqa: PLC0415

    return Bandpass(band, run.rate, run.samples[:, :1])


class Fold:
    """Averages every `width` consecutive samples of any number of axes, or their squares."""

    def __init__(self, width: int, *, squared: bool = False) -> None:
        """Begin with nothing."""
        self._width = width
        self._squared = squared
        self._rest: Floats | None = None

    def feed(self, samples: Floats) -> Floats:
        """Return the averages (axes, n) that the samples complete; the rest waits for more."""
        if self._width == 1:
            return np.square(samples) if self._squared else samples
        if self._rest is not None and self._rest.shape[1]:
            samples = np.concatenate([self._rest, samples], axis=1)
        whole = samples.shape[1] // self._width * self._width
        self._rest = samples[:, whole:].copy()
        if not whole:
            return samples[:, :0]
        frames = samples[:, :whole].reshape(len(samples), -1, self._width)
        if self._squared:
            energy: Floats = np.einsum("afs,afs->af", frames, frames) / self._width
            return energy
        # One addition for each sample of a frame: always in the same order, whatever the block.
        total: Floats = frames[:, :, 0] + frames[:, :, 1]
        for position in range(2, self._width):
            np.add(total, frames[:, :, position], out=total)
        total /= self._width
        return total


def squares(axes: Floats) -> Floats:
    """Return the squared length of each column, axes added in their order."""
    total: Floats = np.square(axes[0])
    for axis in axes[1:]:
        total += np.square(axis)
    return total


def moving_mean(rows: Floats, width: int) -> Floats:
    """Return the means of every `width` consecutive columns, each added in the same order: pairs
    first.
    """
    count = rows.shape[1] - width + 1
    if width < 2:
        return rows.copy()
    pairs = rows[:, :-1] + rows[:, 1:]
    total: Floats = pairs[:, :count].copy()
    for start in range(2, width - 1, 2):
        total += pairs[:, start : start + count]
    if width % 2:
        total += rows[:, width - 1 :]
    total /= width
    return total
