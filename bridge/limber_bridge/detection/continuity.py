"""Numbered samples with holes -> unbroken runs and gaps.

Law: a hole longer than 0.5 s, and than three sample intervals, is a gap and is never filled
(contracts, section 1.1); a shorter one is bridged by a straight line, so that a lost packet does
not look like a jerk. After a gap nothing before it is remembered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, SampleClock

LONGEST_BRIDGED: Final = 0.5
"""s, included."""
FEWEST_INTERVALS: Final = 3
"""A hole of so many sample intervals is bridged whatever it lasts: the allowance for slow sensors.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Samples without a hole, ready for a filter."""

    first: int
    samples: Floats
    """Shape (axes, n), all finite."""
    clock: SampleClock
    rate: float
    """Hz, nominal."""
    fresh: bool
    """Nothing before it belongs to it: filters start anew."""


@dataclass(frozen=True, slots=True)
class Hole:
    """No good sample between these two times (us): of the last one before and of the first one
    after.
    """

    onset: int
    end: int


class Continuity:
    """Follows the sample numbers of one sensor."""

    __slots__ = ("_last", "_rate", "_time", "_value")

    def __init__(self, until: int | None = None) -> None:
        """Begin; `until` is the time in us of the last sample of an earlier life, the hole since
        then is told.
        """
        self._last: int | None = None
        self._value: Floats | None = None
        self._time = until
        self._rate = 0.0

    def feed(self, block: SampleBlock) -> Iterator[Run | Hole]:
        """Yield what the block adds, in order of time. Samples that were seen before are dropped."""
        if self._last is not None and block.first <= self._last:
            block = block.split(min(self._last + 1 - block.first, block.samples.shape[1]))[1]
        # A sum is finite only if everything in it is: cheaper than to look at each sample.
        with np.errstate(invalid="ignore"):
            whole = np.isfinite(block.samples.sum())
        if whole:
            yield from self._piece(block)
            return
        good = np.isfinite(block.samples).all(axis=0)
        edges = np.flatnonzero(np.diff(good, prepend=False, append=False))
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            yield from self._piece(block.split(stop)[0].split(start)[1])

    def _piece(self, block: SampleBlock) -> Iterator[Run | Hole]:
        if not block.samples.shape[1]:
            return
        samples = block.samples
        first = block.first
        fresh = self._breaks(block)
        if fresh:
            onset = self._time
            end = block.clock.time_of(first)
            if onset is not None and end - onset > LONGEST_BRIDGED * SECOND:
                yield Hole(onset, end)
        elif self._last is not None and self._value is not None and first > self._last + 1:
            samples = np.concatenate(
                [bridge(self._value, samples[:, :1], first - self._last), samples], axis=1
            )
            first = self._last + 1
        self._last = block.end - 1
        self._rate = block.rate
        self._value = block.samples[:, -1:].copy()
        self._time = block.clock.time_of(block.end - 1)
        yield Run(first, samples, block.clock, block.rate, fresh)

    def _breaks(self, block: SampleBlock) -> bool:
        if self._last is None or self._time is None or block.rate != self._rate:
            return True
        intervals = block.first - self._last
        # A device that paused and a clock that was set both show in the time and not in the
        # numbers.
        jump = block.clock.time_of(block.first) - self._time - intervals * SECOND / block.clock.rate
        if abs(jump) > LONGEST_BRIDGED * SECOND:
            return True
        return intervals > FEWEST_INTERVALS and intervals / block.rate > LONGEST_BRIDGED


def bridge(before: Floats, after: Floats, intervals: int) -> Floats:
    """Return the `intervals` - 1 samples on the straight line between two columns."""
    steps = np.arange(1, intervals) / intervals
    return before + (after - before) * steps
