"""Cut the frames of one sensor into bins of equal length, aligned to the clock of the samples.

A bin is returned once, when it is complete, however the frames were cut into blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats, Times

NO_BIN: Final = -(2**62)
"""Number of the current bin before the first frame; smaller than any real number."""


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Complete bins, in order."""

    starts: list[int]
    """us; whole multiples of the length of a bin."""
    rows: Floats
    """Shape (rows, n): the frames of all bins."""
    bounds: Times
    """Column of `rows` at which each bin begins."""

    def means(self) -> list[list[float]]:
        """Return the mean of every row, one list for each bin."""
        counts = np.diff([*self.bounds, self.rows.shape[1]])
        # `reduceat` adds up each bin on its own, so its neighbors do not change the rounding.
        sums = np.add.reduceat(self.rows, self.bounds, axis=1)
        means: list[list[float]] = (sums / counts).T.tolist()
        return means

    def peaks(self, row: int) -> list[float]:
        """Return the highest value of one row in each bin."""
        peaks: list[float] = np.maximum.reduceat(self.rows[row], self.bounds).tolist()
        return peaks

    def shares_at_least(self, threshold: float, peaks: Sequence[float]) -> list[float]:
        """Return for each bin the share of its frames whose last row reaches a threshold.

        `peaks` are the highest values of that row: most bins need no second look.
        """
        begins = self.bounds.tolist()
        ends = [*begins[1:], self.rows.shape[1]]
        return [
            np.count_nonzero(self.rows[-1, begin:end] >= threshold) / (end - begin)
            if peak >= threshold
            else 0.0
            for begin, end, peak in zip(begins, ends, peaks, strict=True)
        ]


class Binner:
    """Collects frames and returns the bins that they complete."""

    def __init__(self, length: int) -> None:
        """Start without frames; each bin is `length` us long."""
        self._length = length
        self._current = NO_BIN
        self._oldest = NO_BIN
        """Number of the bin of the first frame that is kept."""
        self._times: list[Times] = []
        self._rows: list[Sequence[Floats]] = []

    def process_frames(self, times: Times, rows: Sequence[Floats]) -> Bins | None:
        """Return the bins that the frames complete, or None.

        `times` are the starts of the frames in us, shape (n,); `rows` are arrays of shape
        (any, n), which are stacked in this order.
        """
        if not len(times):
            return None
        self._times.append(times)
        self._rows.append(rows)
        previous = self._current
        # Frames of a block are in order of time, so the last one is in the latest bin.
        self._current = max(previous, int(times[-1]) // self._length)
        if previous == NO_BIN:
            previous = int(times[0]) // self._length
        return self._take_before(self._current) if self._current > previous else None

    def finish(self) -> Bins | None:
        """Return the bin that has begun, or None, and start again."""
        bins = self._take_before(None) if self._current != NO_BIN else None
        self._current = NO_BIN
        self._oldest = NO_BIN
        self._times = []
        self._rows = []
        return bins

    def _take_before(self, kept: int | None) -> Bins:
        """Remove and return the bins before the one numbered `kept`, or all of them."""
        times = np.concatenate(self._times)
        groups = [np.concatenate(parts, axis=1) for parts in zip(*self._rows, strict=True)]
        rows = np.concatenate(groups)
        # The clock of a sensor is corrected now and then, by less than a bin. A frame whose time
        # falls back into the previous bin stays in the current one.
        numbers = np.maximum.accumulate(np.maximum(times // self._length, self._oldest))
        count = len(numbers) if kept is None else int(np.searchsorted(numbers, kept))
        # Copies: a view would keep the signal of the whole night in memory.
        self._times = [times[count:].copy()]
        self._rows = [[group[:, count:].copy() for group in groups]]
        self._oldest = NO_BIN if kept is None else kept
        bounds = np.flatnonzero(np.diff(numbers[:count], prepend=numbers[0] - 1))
        return Bins((numbers[bounds] * self._length).tolist(), rows[:, :count], bounds)
