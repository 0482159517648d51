"""Correct the time of a phone: its clock may be wrong, may be set, and messages may be late; pure.

Two errors look the same at first: a message that is ten minutes old, and a clock that is ten
minutes slow. They differ in what follows: a backlog catches up with the present, a wrong clock does
not. Until that is known, `PhoneClock.offset` is None.

All times are us. "Steady" is the host's steady clock, and "continuous" is the phone's clock without
the steps by which it was set.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Times

PUNCTUAL_US: Final = SECOND
"""Lateness of a first message that shows that it is no backlog. Chosen: a phone that has set its
clock is right within a second, and a network takes less."""
CAUGHT_UP_US: Final = 5 * SECOND
"""Lateness of a message at the end of a backlog that shows that the phone's clock is right."""
SETTLING_US: Final = 10 * SECOND
"""Time for which messages must keep their lateness until it is ascribed to a wrong clock. Chosen: a
backlog of an hour is sent in less."""
WINDOW_US: Final = 60 * SECOND
"""Time after which a larger lateness that stays is believed, once the offset is known. The smallest
lateness in it gives the offset, as for the clocks of network sensors."""
CATCHING_UP_US: Final = SECOND
"""Change of the lateness over `SETTLING_US` that shows a backlog."""
MAX_STEADY_SPREAD_US: Final = 5 * SECOND
"""Largest difference between the lateness of messages that come as they are measured. Chosen: more
than a bad network delays single messages."""
STEP_US: Final = SECOND // 2
"""Smallest step of the phone's clock that is corrected; smaller ones look like lost samples."""
MAX_HIDDEN_GAP_US: Final = 2 * SECOND
"""Time without samples at a step of the clock that looks the same as a late arrival."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a message arrived, and how late it seemed."""

    at: int
    """us on the steady clock."""
    delay: int
    """us: steady clock at the arrival minus continuous time of the last sample."""


class PhoneClock:
    """Follows the clock of one phone from message to message."""

    def __init__(self, *, has_utc: bool = True) -> None:
        """Start without any knowledge of the phone; `has_utc`: its clock shows UTC."""
        self._has_utc = has_utc
        self.offset: int | None = None
        """Steady minus continuous time; None: not known yet."""
        self._correction = 0
        """Continuous time minus the phone's time."""
        self._last: int | None = None
        """Continuous time of the last sample."""
        self._arrivals: deque[Arrival] = deque()

    def correct(self, times: Times, arrived: int, interval: int) -> tuple[Times, int]:
        """Return the continuous times of one message's samples, and by how much the clock was set.

        `times` are those of the phone, `arrived` is on the steady clock, `interval` is the time
        between two samples. The step is 0 if the clock was not set.
        """
        total_step = 0
        corrected: list[Times] = []
        for part in split_at_steps(times):
            step = self._find_step(part, arrived, interval)
            self._correction -= step
            total_step += step
            corrected.append(part + self._correction)
            self._last = int(corrected[-1][-1])
        return np.concatenate(corrected), total_step

    def note_arrival(self, arrived: int, utc_offset: int) -> int | None:
        """Update the offset after a message; return how wrong the clock is if that was found out.

        `utc_offset` is UTC minus the steady clock. The result is the phone's clock minus UTC.
        """
        assert self._last is not None  # noqa: S101 - `correct` was called with samples
        self._arrivals.append(Arrival(arrived, arrived - self._last))
        if self.offset is None:
            return self._settle(arrived, utc_offset)
        while self._arrivals[0].at < arrived - WINDOW_US:
            self._arrivals.popleft()
        smallest = min(one.delay for one in self._arrivals)
        if smallest < self.offset or self._is_steadily_late(arrived, smallest):
            self.offset = smallest
        return None

    def settled_by(self) -> int | None:
        """Return when to stop waiting if no message comes (steady); None if nothing is awaited."""
        if self.offset is not None or not self._arrivals:
            return None
        return self._arrivals[-1].at + SETTLING_US

    def give_up_waiting(self, utc_offset: int) -> None:
        """Believe the phone's clock: nothing more comes, or too much would have to be kept."""
        if self.offset is None:
            self.offset = -utc_offset - self._correction

    def _settle(self, arrived: int, utc_offset: int) -> int | None:
        """Find the offset at the start, if it is clear already."""
        newest = self._arrivals[-1]
        if not self._has_utc:
            self.offset = newest.delay
            return None
        lateness = newest.delay + utc_offset + self._correction
        if lateness <= PUNCTUAL_US and len(self._arrivals) == 1:
            self.offset = newest.delay
            return -lateness if lateness < -SECOND else None
        catching_up = self._arrivals[0].delay - newest.delay > CATCHING_UP_US
        if lateness <= CAUGHT_UP_US and catching_up:
            self.give_up_waiting(utc_offset)
            return None
        earlier = [one for one in self._arrivals if one.at <= arrived - SETTLING_US]
        if not earlier:
            return None
        recent = [one for one in self._arrivals if one.at >= earlier[-1].at]
        while self._arrivals[0].at < earlier[-1].at:
            self._arrivals.popleft()
        if abs(earlier[-1].delay - newest.delay) > CATCHING_UP_US:
            return None
        self.offset = min(one.delay for one in recent)
        return -(self.offset + utc_offset + self._correction)

    def _is_steadily_late(self, arrived: int, smallest: int) -> bool:
        """Return whether all messages of a whole window were late, and do not catch up."""
        assert self.offset is not None  # noqa: S101 - the caller has checked it
        oldest = self._arrivals[0]
        largest = max(one.delay for one in self._arrivals)
        # Backlogs of several outages are late by very different times.
        return (
            arrived - oldest.at > WINDOW_US * 9 // 10
            and smallest > self.offset
            and largest - smallest <= MAX_STEADY_SPREAD_US
            and abs(oldest.delay - self._arrivals[-1].delay) <= CATCHING_UP_US
        )

    def _find_step(self, part: Times, arrived: int, interval: int) -> int:
        """Return by how much the clock was set before these samples; 0 if it was not."""
        if self._last is None:
            return 0
        first = int(part[0]) + self._correction
        last = int(part[-1]) + self._correction
        expected = self._last + interval
        back = first <= self._last - STEP_US
        # If the clock was set forward, samples seem to be from the future, after a gap.
        early = 0 if self.offset is None else last + self.offset - arrived
        forward = early > STEP_US and first - expected > early // 2
        if not back and not forward:
            return 0
        step = first - expected
        if self.offset is None:
            return step
        # Without a gap, the step is the difference of the times; with one, the arrival shows it.
        by_arrival = last + self.offset - arrived
        hidden_gap = step - by_arrival
        return step if hidden_gap < MAX_HIDDEN_GAP_US else by_arrival


def split_at_steps(times: Times) -> list[Times]:
    """Return the times of one message in parts, cut where they jump by `STEP_US` or more."""
    jumps = np.flatnonzero(np.abs(np.diff(times)) >= STEP_US) + 1
    return np.split(times, jumps)
