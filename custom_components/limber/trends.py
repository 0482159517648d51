"""What is usual for a sleeper, learnt from the finished nights of the last weeks.

Law: pure. A night that was not measured is unknown: it is no quiet night, it ends a row of restless
ones, and an older one does not stand for it.
"""

import cmath
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from statistics import median
from typing import Final

from .wire import Night

LEARNT_FROM: Final = 14
"""Nights: two weeks follow a change of habits and outlive a weekend [D]."""
AT_LEAST: Final = 3
"""Nights that it takes to call anything usual [D]."""
LONGEST: Final = timedelta(hours=14)
"""From the first time in bed to the last: whoever was in bed for a nap before has begun no night
then [D]."""
DAY: Final = timedelta(days=1)
NOON: Final = time(12)
ROUND: Final = 24 * 60
"""Minutes of the clock on the wall."""
OVER: Final = 5
"""Local hour from which on the night of a date may be finished (contracts, section 4)."""


def usual_bedtime(nights: Sequence[Night], zone: tzinfo) -> time | None:
    """Return the local time at which the sleeper mostly goes to bed; None after too few nights.

    The median, so that one late night changes little.
    """
    begun = [night for night in nights[-LEARNT_FROM:] if night.start is not None]
    starts = [
        night.start.astimezone(zone)
        for night in begun
        if night.start is not None and not has_a_nap(night)
    ]
    if len(starts) < AT_LEAST:
        return None
    minutes = round(middle([start.hour * 60 + start.minute for start in starts]))
    return (datetime.combine(nights[-1].night, time()) + timedelta(minutes=minutes)).time()


def middle(minutes: Sequence[int]) -> float:
    """Return the median of minutes of the day, cut open where they are not: around midnight and
    around noon alike.
    """
    mean = (
        cmath.phase(sum(cmath.rect(1, math.tau * one / ROUND) for one in minutes))
        / math.tau
        * ROUND
    )
    return mean + median((one - mean + ROUND / 2) % ROUND - ROUND / 2 for one in minutes)


def has_a_nap(night: Night) -> bool:
    """Return whether a night began with a nap."""
    return night.start is not None and night.end is not None and night.end - night.start > LONGEST


def following(at: time, now: datetime, zone: tzinfo) -> datetime:
    """Return when it is that time on the clock on the wall after `now`."""
    today = now.astimezone(zone).date()
    days = (datetime.combine(today + number * DAY, at, zone) for number in range(3))
    return next(moment for moment in days if moment > now)


def last_expected(tonight: date, now: datetime) -> date:
    """Return the date of the night that people mean by "last night"; `now` is local, `tonight` that
    of the bridge.

    In the morning it is the one that ends, else the one before.
    """
    return tonight if now.date() == tonight and now.hour >= OVER else tonight - DAY


def stands_for_last_night(day: date, today: date) -> bool:
    """Return whether a night can be the last one: of today, or of yesterday while today's is not
    over.
    """
    return today - day <= DAY


def is_restless(night: Night, limit: float) -> bool | None:
    """Return whether a night's PLM index lies above a limit; None where it is not known."""
    index = night.measures.plm_index
    return None if index is None else index > limit


def in_a_row(indices: Mapping[date, float | None], limit: float) -> int:
    """Return how many of the last nights lie above a limit, one directly after the other."""
    count = 0
    following_day = None
    for day in sorted(indices, reverse=True):
        index = indices[day]
        if (
            index is None
            or index <= limit
            or (following_day is not None and following_day - day != DAY)
        ):
            break
        count = count + 1
        following_day = day
    return count


def restless_in_a_row(nights: Sequence[Night], limit: float) -> int:
    """Return how many of the last nights were restless, one directly after the other."""
    return in_a_row({night.night: night.measures.plm_index for night in nights}, limit)
