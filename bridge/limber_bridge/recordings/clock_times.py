"""Times in annotations: seconds, or times of the clock."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from limber_bridge.detection.signal import HOUR, SECOND

CLOCK: Final = re.compile(
    r"(?:(\d{4})-(\d{1,2})-(\d{1,2})[T\s]+)?(\d{1,2})[:.](\d{2})[:.](\d{2})(?:[.,](\d{1,6}))?"
    r"\s*([ap])?\.?(?:m\.?)?",
    re.IGNORECASE,
)
"""An optional date, hours, minutes, seconds with a fraction, and am or pm."""
DAY: Final = 24 * HOUR
MAX_BEFORE: Final = 6 * HOUR
"""us before the first epoch or mark in which a time of the clock may lie. chosen: nights last less
than the 18 hours that are left."""


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of the clock."""

    time_of_day: int
    """us since midnight."""
    day: int | None = None
    """Number of the date; None: not stated."""

    def since(self, zero: ClockTime) -> int:
        """Return us since another time; without dates, the nearest such time over midnight."""
        elapsed = self.time_of_day - zero.time_of_day
        if self.day is not None and zero.day is not None:
            return elapsed + (self.day - zero.day) * DAY
        elapsed %= DAY
        return elapsed - DAY if elapsed > DAY - MAX_BEFORE else elapsed


def parse_clock_time(text: str) -> ClockTime | None:
    """Return a time of the clock, None for another text; ValueError for one that cannot be."""
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute, second = (int(part) for part in found.group(4, 5, 6))
    if found[8]:
        if not 1 <= hour <= 12:
            raise ValueError("hours of 1 to 12 before am or pm")
        hour = hour % 12 + (12 if found[8].lower() == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("a time from 00:00:00 to 23:59:59")
    fraction = int((found[7] or "").ljust(6, "0"))
    day = None
    if found[1]:
        day = date(int(found[1]), int(found[2]), int(found[3])).toordinal()
    return ClockTime((hour * 3600 + minute * 60 + second) * SECOND + fraction, day)
