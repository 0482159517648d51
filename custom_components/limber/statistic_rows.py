"""Compares the rows of a long-term statistic with the nights of a bridge. Pure.

The row of a night lies at noon of its date in the bridge's time zone. Home Assistant takes rows
only at full hours of UTC: where noon is not one, as in India, the row lies at the full hour before.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .trends import NOON
from .wire_nights import Night

type Rows = Mapping[float, float]
"""Means of a statistic, by the Unix time of their rows in s."""

ROW_GRID_S: Final = 3600
"""Rows of long-term statistics begin at full hours (recorder, `async_add_external_statistics`)."""
EARLIEST_NIGHT: Final = date(2020, 1, 1)
"""An earlier night is one of a clock that was not set. Chosen: before the first version."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change in the rows of a statistic."""

    written: Mapping[float, float]
    """New rows, and rows with another value."""
    deleted: frozenset[float]
    """Rows that something replaces, or that never stood for a night."""


def row_time(day: date, zone: ZoneInfo) -> float:
    """Return the Unix time (s) of the row of a night: the last full hour up to noon."""
    return datetime.combine(day, NOON, zone).timestamp() // ROW_GRID_S * ROW_GRID_S


def night_of_row(start: float, zone: ZoneInfo) -> date | None:
    """Return the night whose row lies at a Unix time (s) in a time zone; None if there is none."""
    day = datetime.fromtimestamp(start, zone).date()
    return day if row_time(day, zone) == start else None


@dataclass(frozen=True, slots=True)
class Zones:
    """The time zone of a bridge, and the one in which existing rows were written."""

    now: ZoneInfo
    before: ZoneInfo

    def row_time(self, day: date) -> float:
        """Return the Unix time (s) of the row of a night."""
        return row_time(day, self.now)

    def date_of(self, start: float) -> date:
        """Return the night of an existing row."""
        # A row at noon in both time zones was written in the former one.
        for zone in (self.before, self.now):
            day = night_of_row(start, zone)
            if day is not None:
                return day
        return datetime.fromtimestamp(start, self.now).date()

    def moved(self, start: float) -> float:
        """Return the time of an existing row in the present time zone of the bridge."""
        day = night_of_row(start, self.before)
        return start if day is None else self.row_time(day)


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

    Rows of nights that the bridge does not know stay, as its journal may be a new one; after a
    change of the time zone they move to noon in the new one. A night without a value removes its
    row.
    """
    wanted = {
        zones.row_time(night.night): float(value)
        for night in nights
        if (value := getattr(night.measures, measure)) is not None
    }
    answered = {night.night for night in nights}
    obsolete = {
        start for start in existing if is_obsolete(zones.date_of(start), answered, removed, today)
    }
    for start in existing.keys() - obsolete:
        moved = zones.moved(start)
        wanted.setdefault(moved, existing.get(moved, existing[start]))
    deleted = existing.keys() - wanted.keys()
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
