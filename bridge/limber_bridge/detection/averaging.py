"""Averages of consecutive values, equal to the last bit however a signal is cut into blocks."""

import numpy as np

from limber_bridge.detection.signal import Floats


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
        if self._waiting is not None and self._waiting.shape[1]:
            samples = np.concatenate([self._waiting, samples], axis=1)
        complete = samples.shape[1] // self._width * self._width
        self._waiting = samples[:, complete:].copy()
        if not complete:
            return samples[:, :0]
        blocks = samples[:, :complete].reshape(len(samples), -1, self._width)
        if self._squared:
            energy: Floats = np.einsum("abs,abs->ab", blocks, blocks) / self._width
            return energy
        # Add up sample by sample: `sum` may choose another order for another number of blocks.
        total: Floats = blocks[:, :, 0] + blocks[:, :, 1]
        for position in range(2, self._width):
            np.add(total, blocks[:, :, position], out=total)
        total /= self._width
        return total


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
    total: Floats = pairs[:, :count].copy()
    for start in range(2, width - 1, 2):
        total += pairs[:, start : start + count]
    if width % 2:
        total += rows[:, width - 1 :]
    total /= width
    return total
