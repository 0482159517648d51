"""The host's time: steady like the monotonic clock, true like the clock on the wall."""

import time
from collections.abc import Callable
from typing import Final

STEP: Final = 1_000_000
"""us; a difference to the wall clock as large as this is taken over at once: somebody set the clock."""
SLEW: Final = 500e-6
"""Smaller differences are made up at 0.5 ms a second, as NTP does, so that no duration is bent."""


class HostClock:
    """UTC in us that does not jump when the wall clock is nudged."""

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Begin with the wall clock; both clocks give ns."""
        self._wall, self._monotonic = wall, monotonic
        self._at = monotonic() // 1000
        self._now = wall() // 1000

    def now(self) -> int:
        """Return the time in us since 1970. It goes back only when somebody set the clock back by a second or more."""
        at = self._monotonic() // 1000
        passed, self._at = at - self._at, at
        self._now += passed
        behind = self._wall() // 1000 - self._now
        if abs(behind) >= STEP:
            self._now += behind
        else:
            most = int(passed * SLEW)
            self._now += max(-most, min(most, behind))
        return self._now
