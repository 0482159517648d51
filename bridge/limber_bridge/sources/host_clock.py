"""The host's time: steady like the monotonic clock, true like the clock on the wall.

Law: durations and order come from the steady clock, which knows no correction and goes on while the
machine sleeps; UTC is that clock and an offset, which follows the wall clock. A step of the wall
clock is taken over at once, and told.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

STEP: Final = 1_000_000
"""us; a difference to the wall clock as large as this is taken over at once: somebody set the
clock."""
SLEW: Final = 500e-6
"""Smaller differences are made up at 0.5 ms a second, as NTP does, so that no duration is bent."""


@dataclass(frozen=True, slots=True)
class Step:
    """The wall clock was set."""

    at: int
    """us, UTC: the time that it was set to."""
    by: int
    """us; negative: it was set back."""


# Linux's monotonic clock stands still while the machine is suspended; sensors do not.
_steady = partial(time.clock_gettime_ns, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class HostClock:
    """UTC in us that does not jump when the wall clock is nudged."""

    def __init__(
        self, wall: Callable[[], int] = time.time_ns, monotonic: Callable[[], int] = _steady
    ) -> None:
        """Begin with the wall clock; both clocks give ns."""
        self._wall = wall
        self._monotonic = monotonic
        self._at = monotonic() // 1000
        self._offset = wall() // 1000 - self._at
        self._steps: list[Step] = []

    @property
    def offset(self) -> int:
        """What is to be added to the steady clock for UTC, in us, as it was when the time was asked
        for last.
        """
        return self._offset

    def steady(self) -> int:
        """Return the time in us since some moment; it never goes back and never jumps."""
        return self._monotonic() // 1000

    def now(self) -> int:
        """Return the time in us since 1970. It goes back only when somebody set the clock back by a
        second or more.
        """
        at = self.steady()
        behind = self._wall() // 1000 - (at + self._offset)
        most = int((at - self._at) * SLEW)
        if abs(behind) >= STEP:
            self._at = at
            self._offset += behind
            self._steps.append(Step(at + self._offset, behind))
        elif most:
            # Only once it is a microsecond: whoever asks often would round all of it away.
            self._at = at
            self._offset += max(-most, min(most, behind))
        return at + self._offset

    def steps(self) -> list[Step]:
        """Return the steps since this was asked last, in order."""
        steps = self._steps
        self._steps = []
        return steps
