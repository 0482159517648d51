"""Split numbered samples into unbroken runs and the holes between them.

A short hole is bridged by a straight line, so that a lost packet does not look like a jerk. A
longer one is never filled: after it, filters start again (docs/science.md#sampling-and-gaps).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, SampleClock

MAX_BRIDGED_S: Final = 0.5
"""s, included. Chosen: the shortest leg movement; docs/science.md#sampling-and-gaps."""
MAX_BRIDGED_INTERVALS: Final = 3
"""Sample intervals that are bridged however long they last. Chosen: tolerance for slow sensors."""

FEW_VALUES: Final = 4096
"""Up to this number of values, testing each one costs less than guarding their sum against
overflow. Chosen: a live sensor sends a few dozen at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Consecutive samples without a hole, ready for a filter."""

    first: int
    """Number of the first sample."""
    samples: Floats
    """Shape (axes, n), all finite."""
    clock: SampleClock
    rate: float
    """Hz, nominal."""
    fresh: bool
    """Whether the run does not continue the one before it: filters start again."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A time without a valid sample that is too long to be bridged."""

    onset: int
    """us; time of the last valid sample before it."""
    end: int
    """us; time of the first valid sample after it."""


class Continuity:
    """Follows the sample numbers and the clock of one sensor."""

    __slots__ = ("_last_index", "_last_sample", "_last_time", "_rate")

    def __init__(self, last_time: int | None = None) -> None:
        """Start a stream.

        `last_time` is the time (us) of the last valid sample before a restart; the hole since then
        is reported with the first block. None: there was none.
        """
        self._last_index: int | None = None
        self._last_sample: Floats | None = None
        self._last_time = last_time
        self._rate = 0.0

    def process_block(self, block: SampleBlock) -> Iterator[Run | Hole]:
        """Yield the runs and holes of a block in order of time.

        Samples whose numbers were seen before are dropped.
        """
        if self._last_index is not None and block.first <= self._last_index:
            seen = self._last_index + 1 - block.first
            block = block.split(min(seen, block.samples.shape[1]))[1]
        if is_complete(block.samples):
            yield from self._process_valid(block)
            return
        valid = np.isfinite(block.samples).all(axis=0)
        # Valid stretches begin and end where the flag changes.
        edges = np.flatnonzero(np.diff(valid, prepend=False, append=False))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            yield from self._process_valid(block.split(end)[0].split(begin)[1])

    def _process_valid(self, block: SampleBlock) -> Iterator[Run | Hole]:
        """Yield a block of valid samples as a run, after the hole before it if there is one."""
        if not block.samples.shape[1]:
            return
        first = block.first
        samples = block.samples
        fresh = self._breaks_off_before(block)
        if fresh:
            begin = block.clock.time_of(first)
            # Without this test a clock that was set back, or a new nominal rate, would be a hole.
            if self._last_time is not None and begin - self._last_time > MAX_BRIDGED_S * SECOND:
                yield Hole(self._last_time, begin)
        elif (
            self._last_index is not None
            and self._last_sample is not None
            and first > self._last_index + 1
        ):
            bridge = interpolate(self._last_sample, samples[:, :1], first - self._last_index)
            samples = np.concatenate([bridge, samples], axis=1)
            first = self._last_index + 1
        self._last_index = block.end - 1
        self._rate = block.rate
        # A copy: a view would keep the whole block in memory.
        self._last_sample = block.samples[:, -1:].copy()
        self._last_time = block.clock.time_of(block.end - 1)
        yield Run(first, samples, block.clock, block.rate, fresh)

    def _breaks_off_before(self, block: SampleBlock) -> bool:
        """Return whether filters must start again with this block."""
        if self._last_index is None or self._last_time is None or block.rate != self._rate:
            return True
        intervals = block.first - self._last_index
        # A device that paused, or a clock that was set, shows in the time but not in the numbers.
        expected = intervals * SECOND / block.clock.rate
        jump = block.clock.time_of(block.first) - self._last_time - expected
        if abs(jump) > MAX_BRIDGED_S * SECOND:
            return True
        return intervals > MAX_BRIDGED_INTERVALS and intervals / block.rate > MAX_BRIDGED_S


def is_complete(samples: Floats) -> bool:
    """Return whether all samples are finite."""
    if samples.size <= FEW_VALUES:
        return bool(np.logical_and.reduce(np.isfinite(samples), axis=None))
    # A sum is finite only if all values are. That is cheaper than a test of each sample.
    with np.errstate(invalid="ignore"):
        return math.isfinite(samples.sum())


def interpolate(before: Floats, after: Floats, intervals: int) -> Floats:
    """Return the `intervals` - 1 samples on the straight line between two columns."""
    steps = np.arange(1, intervals) / intervals
    return before + (after - before) * steps
