"""Frames of one sensor -> pieces of equal length on the clock of the samples.

Law: a piece is handed on when it is complete, whole and at once, however the frames came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats, Times

NOT_BEGUN: Final = -(2**62)


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Complete pieces, one after the other."""

    starts: list[int]
    """us; whole multiples of the length."""
    rows: Floats
    """Shape (rows, n): the frames of all of them."""
    bounds: Times
    """Where in `rows` each piece begins."""

    def mean(self) -> list[list[float]]:
        """Return the mean of every row, a list for each piece: each added up by itself."""
        lengths = np.diff([*self.bounds, self.rows.shape[1]])
        means: list[list[float]] = (
            np.add.reduceat(self.rows, self.bounds, axis=1) / lengths
        ).T.tolist()
        return means

    def highest(self, row: int) -> list[float]:
        """Return the highest value of one row in each piece."""
        highest: list[float] = np.maximum.reduceat(self.rows[row], self.bounds).tolist()
        return highest

    def shares(self, highest: Sequence[float], least: float) -> list[float]:
        """Return in which share of each piece its last row, whose `highest` values are known,
        reaches a value.
        """
        ends = [*self.bounds.tolist()[1:], self.rows.shape[1]]
        return [
            np.count_nonzero(self.rows[-1, begin:end] >= least) / (end - begin)
            if peak >= least
            else 0.0
            for begin, end, peak in zip(self.bounds.tolist(), ends, highest, strict=True)
        ]


class Cut:
    """Cuts frames into pieces."""

    def __init__(self, length: int) -> None:
        """Begin; pieces last `length` us."""
        self._length = length
        self._number = NOT_BEGUN
        self._numbers: list[Times] = []
        self._rows: list[Floats] = []

    def feed(self, times: Times, rows: Floats) -> Pieces | None:
        """Return the pieces that the frames (times in us, rows (rows, n)) complete; None where
        there are none.
        """
        if not len(times):
            return None
        # The clock of a sensor is corrected now and then, by less than a piece: never back into the
        # one before.
        numbers = np.maximum.accumulate(np.maximum(times // self._length, self._number))
        self._numbers.append(numbers)
        self._rows.append(rows)
        before = self._number
        self._number = int(numbers[-1])
        complete = self._number > (before if before != NOT_BEGUN else int(numbers[0]))
        return self._pieces(self._number) if complete else None

    def finish(self) -> Pieces | None:
        """Return the piece that had begun."""
        pieces = self._pieces(None) if self._number != NOT_BEGUN else None
        self._number = NOT_BEGUN
        self._numbers = []
        self._rows = []
        return pieces

    def _pieces(self, kept: int | None) -> Pieces:
        """Return the pieces so far but number `kept`, which stays."""
        numbers = np.concatenate(self._numbers)
        rows = np.concatenate(self._rows, axis=1)
        count = len(numbers) if kept is None else int(np.searchsorted(numbers, kept))
        # Copies: views would keep the whole night in memory.
        self._numbers = [numbers[count:].copy()]
        self._rows = [rows[:, count:].copy()]
        bounds = np.flatnonzero(np.diff(numbers[:count], prepend=numbers[0] - 1))
        return Pieces((numbers[bounds] * self._length).tolist(), rows[:, :count], bounds)
