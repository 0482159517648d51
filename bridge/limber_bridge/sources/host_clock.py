"""The host's time: as steady as the monotonic clock, as correct as the wall clock.

Durations and order come from the steady clock, which cannot be set and which continues while the
machine is suspended. UTC is the steady clock plus an offset that follows the wall clock. When the
wall clock is set, the offset follows at once and the step is reported.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

STEP_THRESHOLD_US: Final = 1_000_000
"""From this difference to the wall clock on, the clock was set, and UTC follows at once."""
READING_MAX_US: Final = 50_000
"""Longest time between two readings that count as simultaneous; chosen: far below a clock step.

A busy machine may suspend the process between the two readings, and both clocks go on meanwhile.
"""
READING_ATTEMPTS: Final = 5
MAX_SLEW_RATE: Final = 500e-6
"""s per s: smaller differences are corrected this slowly, as NTP does, to keep durations true."""


@dataclass(frozen=True, slots=True)
class HostClockStep:
    """The wall clock was set."""

    time: int
    """us UTC after the step."""
    offset: int
    """us by which the clock was changed; negative if it was set back."""


# Linux's monotonic clock stops while the machine is suspended; sensors do not.
_boot_time_ns = partial(
    time.clock_gettime_ns, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
)


class HostClock:
    """UTC in us that does not jump when the wall clock is adjusted slightly."""

    def __init__(
        self, wall: Callable[[], int] = time.time_ns, monotonic: Callable[[], int] = _boot_time_ns
    ) -> None:
        """Start with the wall clock's time; both functions return ns."""
        self._wall = wall
        self._monotonic = monotonic
        self._corrected_at, first = self._read_both()
        self._utc_offset = first - self._corrected_at
        self._steps: list[HostClockStep] = []

    @property
    def utc_offset(self) -> int:
        """UTC minus the steady clock in us, as of the last call of `now`."""
        return self._utc_offset

    def steady(self) -> int:
        """Return the steady clock in us; its origin is arbitrary, and it never goes back."""
        return self._monotonic() // 1000

    def now(self) -> int:
        """Return UTC in us since 1970.

        It goes back only when the wall clock was set back by `STEP_THRESHOLD_US` or more.
        """
        steady, wall = self._read_both()
        error = wall - (steady + self._utc_offset)
        max_slew = int((steady - self._corrected_at) * MAX_SLEW_RATE)
        if abs(error) >= STEP_THRESHOLD_US:
            self._corrected_at = steady
            self._utc_offset += error
            self._steps.append(HostClockStep(steady + self._utc_offset, error))
        elif max_slew:
            # Wait until the correction is at least 1 us: frequent calls would round it to nothing.
            self._corrected_at = steady
            self._utc_offset += max(-max_slew, min(max_slew, error))
        return steady + self._utc_offset

    def _read_both(self) -> tuple[int, int]:
        """Return the steady clock and the wall clock at one moment, in us.

        If the process is interrupted between the readings each time, the closest pair is returned.
        """
        readings = []
        for _ in range(READING_ATTEMPTS):
            steady = self.steady()
            wall = self._wall() // 1000
            apart = self.steady() - steady
            readings.append((apart, steady, wall))
            if apart <= READING_MAX_US:
                break
        _, steady, wall = min(readings)
        return steady, wall

    def take_steps(self) -> list[HostClockStep]:
        """Return the steps since the last call, in order."""
        steps = self._steps
        self._steps = []
        return steps
