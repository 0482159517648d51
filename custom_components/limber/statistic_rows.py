"""Compares the rows of a long-term statistic with the nights of a bridge. Pure.

The row of a night lies at noon of its date in the bridge's time zone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .trends import NOON
from .wire import Night

type Rows = Mapping[float, float]
"""Means of a statistic, by the Unix time of their rows in s."""

EARLIEST_NIGHT: Final = date(2020, 1, 1)
"""An earlier night is one of a clock that was not set. Chosen: before the first version."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change in the rows of a statistic."""

    written: Mapping[float, float]
    """New rows, and rows with another value."""
    deleted: frozenset[float]
    """Rows that something replaces, or that never stood for a night."""


@dataclass(frozen=True, slots=True)
class Zones:
    """The time zone of a bridge, and the one in which existing rows were written."""

    now: ZoneInfo
    before: ZoneInfo

    def noon(self, day: date) -> float:
        """Return the time of the row of a night."""
        return datetime.combine(day, NOON, self.now).timestamp()

    def date_of(self, start: float) -> date:
        """Return the night of an existing row."""
        for zone in (self.now, self.before):
            shown = datetime.fromtimestamp(start, zone)
            if shown.time() == NOON:
                return shown.date()
        return datetime.fromtimestamp(start, self.now).date()


def is_plausible(day: date, today: date) -> bool:
    """Return whether a bridge with a clock that is right can have measured a night."""
    return EARLIEST_NIGHT <= day <= today + timedelta(days=1)


def plausible_nights(nights: Sequence[Night], today: date) -> list[Night]:
    """Return the nights that a bridge with a clock that is right can have measured."""
    return [night for night in nights if is_plausible(night.night, today)]


def compare(
    existing: Rows,
    nights: Sequence[Night],
    measure: str,
    zones: Zones,
    removed: Collection[date],
    today: date,
) -> Changes:
    """Return what the nights of a bridge change in the rows of one measure.

    Rows of nights that the bridge does not know stay: its journal may be a new one. A night without
    a value removes its row.
    """
    wanted = {
        zones.noon(night.night): float(value)
        for night in nights
        if (value := getattr(night.measures, measure)) is not None
    }
    answered = {night.night for night in nights}
    deleted = {
        start
        for start in existing
        if start not in wanted and is_obsolete(zones.date_of(start), answered, removed, today)
    }
    written = {start: value for start, value in wanted.items() if existing.get(start) != value}
    return Changes(written, frozenset(deleted))


def is_obsolete(
    day: date, answered: Collection[date], removed: Collection[date], today: date
) -> bool:
    """Return whether the row of a night is to be deleted if no value takes its place."""
    return day in answered or day in removed or not is_plausible(day, today)


def last_nights(existing: Mapping[str, Rows], zones: Zones, today: date) -> dict[str, date]:
    """Return the last night with a row for each measure that has rows."""
    found: dict[str, date] = {}
    for measure, rows in existing.items():
        days = [day for start in rows if is_plausible(day := zones.date_of(start), today)]
        if days:
            found[measure] = max(days)
    return found
