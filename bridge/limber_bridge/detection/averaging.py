"""Averages of consecutive values, equal to the last bit however a signal is cut into blocks."""

from functools import cache
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats, Times

FEW_BLOCKS: Final = 64
"""Up to this number of blocks, one call for all of them is faster than one call per position in a
block. Chosen: a live sensor completes a few blocks at a time, a recording many thousands."""
PAIRWISE_WIDTH: Final = 8
"""From this number of values on, NumPy does not add up a row in order (NumPy manual, `numpy.sum`,
notes)."""


class BlockAverager:
    """Averages each `width` consecutive samples, or their squares, for any number of axes."""

    def __init__(self, width: int, *, squared: bool = False) -> None:
        """Start without samples."""
        self._width = width
        self._squared = squared
        self._waiting: Floats | None = None

    def process_samples(self, samples: Floats) -> Floats:
        """Return the averages, shape (axes, n), that the samples (axes, m) complete."""
        if self._width == 1:
            return np.square(samples) if self._squared else samples
        waiting = self._waiting
        if waiting is None or not waiting.shape[1]:
            return self._average_and_keep(samples)
        if samples.shape[1] <= FEW_BLOCKS * self._width:
            return self._average_and_keep(np.concatenate((waiting, samples), axis=1))
        # Joining a long recording to a few samples would copy all of it.
        missing = self._width - waiting.shape[1]
        first = self._average_and_keep(np.concatenate((waiting, samples[:, :missing]), axis=1))
        return np.concatenate((first, self._average_and_keep(samples[:, missing:])), axis=1)

    def _average_and_keep(self, samples: Floats) -> Floats:
        """Return the averages of complete blocks, and keep the samples after them."""
        count = samples.shape[1] // self._width
        complete = count * self._width
        self._waiting = samples[:, complete:].copy()
        if not count:
            return samples[:, :0]
        averages = self._sum_blocks(samples[:, :complete], count)
        averages /= self._width
        return averages

    def _sum_blocks(self, samples: Floats, count: int) -> Floats:
        """Return the sums of `count` blocks of samples, or of their squares."""
        blocks = samples.reshape(len(samples), count, self._width)
        if self._squared:
            energy: Floats = np.einsum("abs,abs->ab", blocks, blocks)
            return energy
        # Add up sample by sample, because the order in `sum` may depend on the number of blocks.
        # Both ways below add the first sample last, as `reduceat` does.
        if count <= FEW_BLOCKS and self._width < PAIRWISE_WIDTH:
            few: Floats = np.add.reduceat(samples, block_starts(count, self._width), axis=1)
            return few
        if self._width == 2:
            both: Floats = blocks[:, :, 1] + blocks[:, :, 0]
            return both
        total: Floats = blocks[:, :, 1] + blocks[:, :, 2]
        for position in (*range(3, self._width), 0):
            np.add(total, blocks[:, :, position], out=total)
        return total


@cache
def block_starts(count: int, width: int) -> Times:
    """Return the index of the first sample of each of `count` blocks."""
    starts: Times = np.arange(count) * width
    return starts


def moving_mean(rows: Floats, width: int) -> Floats:
    """Return the mean of each `width` consecutive columns of an array (rows, n).

    The result has n - width + 1 columns.
    """
    if width < 2:
        return rows.copy()
    count = rows.shape[1] - width + 1
    # Adding pairs halves the number of additions. Each window adds its columns in the same order,
    # wherever it lies in the array, so a cut of the signal does not change the rounding. Running
    # sums would be faster, but carry the rounding of everything before.
    pairs = rows[:, :-1] + rows[:, 1:]
    if width < 4:
        total: Floats = pairs[:, :count].copy()
    else:
        total = pairs[:, :count] + pairs[:, 2 : 2 + count]
    for start in range(4, width - 1, 2):
        total += pairs[:, start : start + count]
    if width % 2:
        total += rows[:, width - 1 :]
    total /= width
    return total
