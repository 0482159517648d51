"""Numbers, dates and times as people of a language write them."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from limber_bridge.domain.nights import to_local
from limber_bridge.web.catalogue import translate

UNKNOWN: Final = "–"  # noqa: RUF001 - an en dash


def format_number(language: str, value: float | None, decimals: int = 0) -> str:
    """Return a number with decimals, or a dash where it is unknown."""
    if value is None:
        return UNKNOWN
    text = f"{value:.{decimals}f}"
    return text if language == "en" else text.replace(".", ",")


def format_date(language: str, day: date) -> str:
    """Return a date with its day of the week, for example `Mon 23 Nov 2026`."""
    weekday = translate(language, "common.weekdays").split()[day.weekday()]
    month = translate(language, "common.months").split()[day.month - 1]
    return translate(
        language, "common.date", weekday=weekday, day=day.day, month=month, year=day.year
    )


def format_clock(moment: int | None, zone: ZoneInfo) -> str:
    """Return a time (us since 1970) on a local clock, for example `23:05`."""
    return UNKNOWN if moment is None else f"{to_local(moment, zone):%H:%M}"


def format_moment(language: str, moment: datetime, zone: ZoneInfo) -> str:
    """Return a date and time of day on a local clock."""
    local = moment.astimezone(zone)
    return f"{format_date(language, local.date())}, {local:%H:%M}"


def format_duration(language: str, hours: float | None) -> str:
    """Return a duration of hours in hours and minutes, for example `7 h 05 min`.

    Half a minute is rounded up, as in the cards of Home Assistant.
    """
    if hours is None:
        return UNKNOWN
    rounded = timedelta(hours=hours) + timedelta(seconds=30)
    whole, minutes = divmod(rounded // timedelta(minutes=1), 60)
    return translate(language, "common.duration", hours=whole, minutes=f"{minutes:02d}")


def format_short_duration(language: str, seconds: float) -> str:
    """Return a duration of seconds in minutes and seconds, for example `1 min 36 s`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return translate(language, "common.seconds", seconds=rest)
    if rest == 0:
        return translate(language, "common.minutes", minutes=minutes)
    return translate(language, "common.minutes_and_seconds", minutes=minutes, seconds=rest)
