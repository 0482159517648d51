"""Number the samples of a phone and lay them on an even grid, as for recordings in tables; pure."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, Times
from limber_bridge.recordings.even_grid import measure_rate, sample_steps, split_into_blocks

RATE_WINDOW_US: Final = 10 * SECOND
"""Time over which the rate is measured. Chosen: the jitter of single samples is negligible in it.
"""
MAX_RATE_CHANGE: Final = 0.1
"""Relative change of the rate after which the filters are designed for the new one. Chosen: larger
than the tolerance of any phone, smaller than a step of the app's setting."""


class Numbering:
    """Gives samples numbers that leave room for lost ones, and measures the rate."""

    def __init__(self, rate: float, first: int = 0) -> None:
        """Start with the measured rate in Hz, and the number of the first sample."""
        self._nominal = nominal_rate(rate)
        self._rate = rate
        self._last_number = first - 1
        self._last_time: int | None = None
        self._recent: Times = np.empty(0, np.int64)
        """Times (us) of the last samples, for the rate."""

    @property
    def rate(self) -> float:
        """The measured rate in Hz."""
        return self._rate

    @property
    def next_number(self) -> int:
        """The number after that of the last sample."""
        return self._last_number + 1

    def change_rate(self, rate: float) -> None:
        """Continue with a recording whose rate in Hz was measured."""
        self._recent = np.empty(0, np.int64)
        self._set_rate(rate)

    def process_points(self, times: Times, values: Floats) -> Iterator[SampleBlock]:
        """Yield the blocks of samples whose times (us) increase; others are left out.

        `values` has the shape (3, n), in g.
        """
        last = times[0] - 1 if self._last_time is None else self._last_time
        later = times > np.maximum.accumulate(np.concatenate([[last], times]))[:-1]
        times = times[later]
        values = values[:, later]
        if not len(times):
            return
        self._measure_rate(times)
        numbers = self._number(times)
        # A new run of blocks starts after every gap.
        starts = (np.flatnonzero(np.diff(numbers) > 1) + 1).tolist()
        for begin, end in zip([0, *starts], [*starts, len(numbers)], strict=True):
            yield from split_into_blocks(
                numbers[begin:end],
                values[:, begin:end],
                times[begin:end],
                self._rate,
                nominal=self._nominal,
            )

    def _number(self, times: Times) -> Times:
        """Return the numbers of the next samples, and remember the last."""
        # The first sample of all gets the number 0, as if it were one interval after another.
        before = times[0] - 1 if self._last_time is None else self._last_time
        stamps = np.concatenate([[before], times])
        numbers: Times = self._last_number + np.cumsum(sample_steps(stamps, self._rate))
        self._last_number = int(numbers[-1])
        self._last_time = int(times[-1])
        return numbers

    def _measure_rate(self, times: Times) -> None:
        recent = np.concatenate([self._recent, times])
        self._recent = recent[recent > recent[-1] - RATE_WINDOW_US]
        span = self._recent[-1] - self._recent[0]
        if len(self._recent) < 3 or span < RATE_WINDOW_US / 2:
            return
        self._set_rate(measure_rate(self._recent))

    def _set_rate(self, rate: float) -> None:
        self._rate = rate
        if abs(self._rate / self._nominal - 1) > MAX_RATE_CHANGE:
            self._nominal = nominal_rate(self._rate)


def nominal_rate(rate: float) -> float:
    """Return the rate in Hz for which filters are designed: without the digits that vary."""
    return float(round(rate)) if rate >= 10 else round(rate, 1)
