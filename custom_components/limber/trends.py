"""What is usual for a sleeper, learned from the finished nights of the last weeks. Pure.

A night without a measurement is unknown: it is not a quiet night, it ends a row of restless nights,
and an older night does not replace it.
"""

import cmath
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from statistics import median, quantiles
from typing import Final

from .wire_nights import Night

BEDTIME_NIGHTS: Final = 14
"""Nights from which the usual bedtime is learned. Chosen: two weeks follow a change of habits, and
one weekend changes little."""
BEDTIME_MIN_NIGHTS: Final = 3
"""Chosen: fewer nights say nothing about what is usual."""
NIGHT_MAX_DURATION: Final = timedelta(hours=14)
"""From first going to bed to finally getting up. Chosen: a longer night began with a nap."""
USUAL_NIGHTS: Final = 30
"""Dates before a night with which it is compared. Chosen: a month follows a change of treatment."""
USUAL_MIN_NIGHTS: Final = 5
"""Chosen: the nights of one person differ too much for a range of fewer nights."""
CRAMP_DATES: Final = 7
FREQUENT_CRAMP_NIGHTS: Final = 2
"""Nights with a cramp, of the last `CRAMP_DATES`, that are a reason to ask a doctor. Chosen: twice
a week, as in docs/science.md#when-a-summary-mentions-a-doctor."""
RESTLESS_DATES: Final = 14
FREQUENT_RESTLESS_NIGHTS: Final = 10
"""The same for restless nights. Chosen: most nights of two weeks, because single nights differ
widely (Trotti 2009, docs/science.md#reference-values)."""
REMINDER_WEEKDAY: Final = 6
"""Sunday. While there is a reason to ask a doctor, this is mentioned on the first day and then once
a week: a sentence that comes every morning is not read."""
DAY: Final = timedelta(days=1)
NOON: Final = time(12)
MINUTES_PER_DAY: Final = 24 * 60
NIGHT_ENDS_FROM_HOUR: Final = 5
"""Local hour from which the night of a date may be finished: docs/protocol.md."""


def usual_bedtime(nights: Sequence[Night], zone: tzinfo) -> time | None:
    """Return the local time at which the sleeper usually goes to bed; None after too few nights.

    It is the median, so that one late night changes little. `nights`: oldest first.
    """
    starts = [
        night.start.astimezone(zone)
        for night in nights[-BEDTIME_NIGHTS:]
        if night.start is not None and not began_with_nap(night)
    ]
    if len(starts) < BEDTIME_MIN_NIGHTS:
        return None
    minutes = round(circular_median([start.hour * 60 + start.minute for start in starts]))
    midnight = datetime.combine(nights[-1].night, time())
    return (midnight + timedelta(minutes=minutes)).time()


def circular_median(minutes: Sequence[int]) -> float:
    """Return the median of times of day (minutes), which may lie on both sides of midnight."""
    # The circular mean is close enough to the median that the day can be cut open opposite to it.
    angles = (math.tau * minute / MINUTES_PER_DAY for minute in minutes)
    mean_angle = cmath.phase(sum(cmath.rect(1, angle) for angle in angles))
    mean = mean_angle / math.tau * MINUTES_PER_DAY
    half_day = MINUTES_PER_DAY / 2
    return mean + median(
        (minute - mean + half_day) % MINUTES_PER_DAY - half_day for minute in minutes
    )


def began_with_nap(night: Night) -> bool:
    """Return whether a night probably began with a nap during the day."""
    if night.start is None or night.end is None:
        return False
    return night.end - night.start > NIGHT_MAX_DURATION


def next_time(at: time, now: datetime, zone: tzinfo) -> datetime:
    """Return the next moment after `now` at which local clocks show `at`."""
    today = now.astimezone(zone).date()
    moments = (datetime.combine(today + days * DAY, at, zone) for days in range(3))
    return next(moment for moment in moments if moment > now)


def expected_last_night(tonight: date, now: datetime) -> date:
    """Return the date of the night that people call "last night".

    In the morning it is the night that has just ended, otherwise the one before. `tonight`: date of
    the unfinished night; `now`: in the bridge's time zone.
    """
    is_morning = now.date() == tonight and now.hour >= NIGHT_ENDS_FROM_HOUR
    return tonight if is_morning else tonight - DAY


def is_last_night(night: date, today: date) -> bool:
    """Return whether a night is today's, or yesterday's while today's is not finished."""
    return today - night <= DAY


def is_restless(night: Night, limit: float) -> bool | None:
    """Return whether the PLM index of a night exceeds a limit; None if it is unknown."""
    index = night.measures.plm_index
    return None if index is None else index > limit


def count_in_a_row(indices: Mapping[date, float | None], limit: float) -> int:
    """Return how many of the last nights exceed a limit, without a night missing in between."""
    count = 0
    following_night = None
    for night in sorted(indices, reverse=True):
        index = indices[night]
        if index is None or index <= limit:
            break
        if following_night is not None and following_night - night != DAY:
            break
        count += 1
        following_night = night
    return count


def restless_in_a_row(nights: Sequence[Night], limit: float) -> int:
    """Return how many of the last nights were restless, without a night missing in between."""
    return count_in_a_row({night.night: night.measures.plm_index for night in nights}, limit)


@dataclass(frozen=True, slots=True)
class UsualRange:
    """What is usual for a sleeper, per hour."""

    median: float
    low: float
    high: float
    """Limits between which eight of ten nights are."""


def usual_index(nights: Sequence[Night], before: date) -> UsualRange | None:
    """Return the usual PLM index of the nights before a date; None after too few nights."""
    indices = [
        night.measures.plm_index
        for night in nights
        if before - USUAL_NIGHTS * DAY <= night.night < before
        and night.measures.plm_index is not None
    ]
    if len(indices) < USUAL_MIN_NIGHTS:
        return None
    tenths = quantiles(indices, n=10, method="inclusive")
    return UsualRange(median(indices), tenths[0], tenths[-1])


def is_doctor_due(nights: Sequence[Night], day: date, limit: float) -> bool:
    """Return whether the summary of a night should mention a doctor.

    `limit`: PLM index above which a night is restless.
    """
    if not has_reason_for_doctor(nights, day, limit):
        return False
    return day.weekday() == REMINDER_WEEKDAY or not has_reason_for_doctor(nights, day - DAY, limit)


def has_reason_for_doctor(nights: Sequence[Night], day: date, limit: float) -> bool:
    """Return whether cramps or restless nights were frequent in the days up to a night."""
    cramps = [night for night in nights_up_to(nights, day, CRAMP_DATES) if night.measures.cramps]
    restless = [
        night for night in nights_up_to(nights, day, RESTLESS_DATES) if is_restless(night, limit)
    ]
    return len(cramps) >= FREQUENT_CRAMP_NIGHTS or len(restless) >= FREQUENT_RESTLESS_NIGHTS


def nights_up_to(nights: Sequence[Night], day: date, dates: int) -> list[Night]:
    """Return the nights of a number of dates, the last of which is `day`."""
    return [night for night in nights if day - dates * DAY < night.night <= day]
