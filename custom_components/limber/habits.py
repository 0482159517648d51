"""What is usual for a sleeper, learnt from the finished nights of the last weeks.

Law: pure. A night that was not measured is unknown: it is no quiet night, and it ends a row of restless ones.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from statistics import median
from typing import Final

from .wire import Night

LEARNT_FROM: Final = 14
"""Nights: two weeks follow a change of habits and outlive a weekend [D]."""
AT_LEAST: Final = 3
"""Nights that it takes to call anything usual [D]."""
DAY: Final = timedelta(days=1)
NOON: Final = time(12)


def usual_bedtime(nights: Sequence[Night], zone: tzinfo) -> time | None:
    """Return the local time at which the sleeper mostly goes to bed; None after too few nights.

    The median, so that one late night changes little; counted from noon, as people go to bed around midnight.
    """
    starts = [night.start.astimezone(zone) for night in nights[-LEARNT_FROM:] if night.start is not None]
    if len(starts) < AT_LEAST:
        return None
    minutes = median((start.hour * 60 + start.minute - 12 * 60) % (24 * 60) for start in starts)
    return (datetime.combine(nights[-1].night, NOON) + timedelta(minutes=round(minutes))).time()


def following(at: time, now: datetime, zone: tzinfo) -> datetime:
    """Return when it is that time on the clock on the wall after `now`."""
    today = now.astimezone(zone).date()
    days = (datetime.combine(today + number * DAY, at, zone) for number in range(3))
    return next(moment for moment in days if moment > now)


def is_restless(night: Night, limit: float) -> bool | None:
    """Return whether a night's PLM index lies above a limit; None where it is not known."""
    index = night.measures.plm_index
    return None if index is None else index > limit


def restless_in_a_row(nights: Sequence[Night], limit: float) -> int:
    """Return how many of the last nights were restless, one directly after the other."""
    count = 0
    for night in reversed(nights):
        if not is_restless(night, limit) or (count and nights[-count].night - night.night != DAY):
            break
        count += 1
    return count
