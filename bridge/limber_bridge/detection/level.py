"""Samples -> the movement level, in frames of 25 to 50 ms: the one file that knows filters.

Law: frames are counted in whole samples from the start of an unbroken run, and every sum is made in the same order, so
that a level does not depend, to the last bit, on how the signal was cut into blocks.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from limber_bridge.detection.continuity import Run
from limber_bridge.detection.signal import SECOND, Floats, Quantity, Times

if TYPE_CHECKING:
    from limber_bridge.detection.bandpass import Bandpass

FRAME_RATE: Final = 20
"""Hz, the least. A frame of at most 50 ms is a tenth of the shortest leg movement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRule:
    """How one quantity becomes a level."""

    band: tuple[float, float] | None
    """Hz. The signal is filtered to it at its own rate, and the level is its RMS (EMG). None: samples are averaged into
    frames, and the level is the RMS of how far the frames lie from their own mean within the window: so gravity, tare
    and drift go out without the ringing of a high-pass, which lengthened every movement by about a second."""
    window: float
    """s. It lengthens every movement by itself, which is taken off again (science reference, 3.2)."""
    slowest: float
    """Hz. A slower signal supports no duration of 0.5 s: it gets no level at all."""


LEVELS: Final = {
    # Reference 4.2: at 25 Hz a sample is 40 ms; below about 10 Hz a duration of 0.5 s cannot be judged.
    Quantity.ACCELERATION: LevelRule(band=None, window=0.3, slowest=10.0),
    Quantity.LOAD: LevelRule(band=None, window=0.3, slowest=10.0),
    # Reference 3.1: leg EMG is read in 10 to 100 Hz. 3.2: RMS over 0.05 to 0.15 s.
    Quantity.EMG: LevelRule(band=(10.0, 100.0), window=0.15, slowest=50.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """What a run of samples becomes."""

    times: Times
    """us, shape (n,): start of each frame."""
    level: Floats | None
    """Shape (n,): over the frame and those before it within the window, all axes together, in the unit of the quantity.
    None where the signal is too slow."""
    mean: Floats
    """Shape (axes, n): the plain average of each frame, so gravity or load; for EMG its energy."""
    rate: float
    """Hz, nominal: frames a second."""
    fresh: bool
    """Nothing before it belongs to it."""


def samples_per_frame(rate: float) -> int:
    """Return how many samples of a signal of `rate` Hz make a frame."""
    return max(1, int(rate / FRAME_RATE))


def window_frames(rule: LevelRule, frame_rate: float) -> int:
    """Return over how many frames the level reaches."""
    return max(2, round(rule.window * frame_rate))


def lengthening(rule: LevelRule, frame_rate: float) -> int:
    """Return by how much (us) the window puts off the end of every movement."""
    return round((window_frames(rule, frame_rate) - 1) * SECOND / frame_rate)


class Level:
    """Turns the runs of one sensor into frames."""

    def __init__(self, quantity: Quantity) -> None:
        """Begin for one quantity; the rate comes with the first run, which is fresh."""
        self._rule = LEVELS[quantity]

    def feed(self, run: Run) -> Frames:
        """Return the frames that the run completes."""
        if run.fresh:
            self._begin(run)
        folded = self._fold.feed(run.samples if self._band is None else np.square(self._band.feed(run.samples)))
        times = self._times(run, folded.shape[1])
        level = None if run.rate < self._rule.slowest else self._level(folded)
        return Frames(times, level, folded, run.rate / self._width, run.fresh)

    def _begin(self, run: Run) -> None:
        self._width = samples_per_frame(run.rate)
        self._reach = window_frames(self._rule, run.rate / self._width) - 1
        self._fold = Fold(self._width)
        self._past: Floats | None = None
        self._next, self._time = run.first, 0
        self._band = None if self._rule.band is None else bandpass(self._rule.band, run)

    def _times(self, run: Run, count: int) -> Times:
        """Return the start of each completed frame; one that an earlier run began keeps the time it had there."""
        starts = self._next + self._width * np.arange(count + 1)
        times = run.clock.at_all(starts)
        if starts[0] < run.first:
            times[0] = self._time
        self._next, self._time = int(starts[-1]), int(times[-1])
        return times[:-1]

    def _level(self, folded: Floats) -> Floats:
        """Return the level of each frame; what lies before the first one is taken to be like it."""
        if not folded.shape[1]:
            return np.empty(0)
        if self._past is None:
            quiet = folded[:, :1] if self._band is None else np.zeros((1, 1))
            self._past = np.repeat(quiet, self._reach, axis=1)
        joined = np.concatenate([self._past, folded], axis=1)
        self._past = joined[:, joined.shape[1] - self._reach :].copy()
        width = self._reach + 1
        if self._band is not None:
            level: Floats = np.sqrt(moving_mean(joined[0], width))
            return level
        variance = np.zeros(folded.shape[1])
        for axis in joined:
            variance += moving_mean(axis * axis, width) - np.square(moving_mean(axis, width))
        spread: Floats = np.sqrt(np.maximum(variance, 0.0))
        return spread


def bandpass(band: tuple[float, float], run: Run) -> Bandpass:
    """Return a filter that begins with a run. It is imported here, as it makes a process twice as large."""
    from limber_bridge.detection.bandpass import Bandpass  # noqa: PLC0415

    return Bandpass(band, run.rate, run.samples[:, :1])


class Fold:
    """Averages every `width` consecutive samples of any number of axes."""

    def __init__(self, width: int) -> None:
        """Begin with nothing."""
        self._width = width
        self._rest: Floats | None = None

    def feed(self, samples: Floats) -> Floats:
        """Return the averages (axes, n) that the samples complete; the rest waits for more."""
        if self._width == 1:
            return samples
        if self._rest is not None and self._rest.shape[1]:
            samples = np.concatenate([self._rest, samples], axis=1)
        whole = samples.shape[1] // self._width * self._width
        self._rest = samples[:, whole:].copy()
        # One addition for each sample of a frame: always in the same order, whatever the block.
        total = samples[:, 0 : whole : self._width].copy()
        for position in range(1, self._width):
            total += samples[:, position : whole : self._width]
        total /= self._width
        return total


def moving_mean(values: Floats, width: int) -> Floats:
    """Return the means of every `width` consecutive values, each added in the same order."""
    count = len(values) - width + 1
    total = values[width - 1 :].copy()
    for start in range(width - 1):
        total += values[start : start + count]
    total /= width
    return total
