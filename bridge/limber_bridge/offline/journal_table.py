"""The table of `limber nights`: the nights in the journal, and those that are only in the diary."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.nights import Night, to_local
from limber_bridge.offline.export import ListedNight
from limber_bridge.offline.noted_nights import NotedNight

TABLE_HEADER: Final = (
    "sleeper",
    "night",
    "from-to",
    "in bed h",
    "asleep h",
    "movements",
    "PLM",
    "PLM /h",
    "revision",
    "stored",
)
DIARY_HEADER: Final = "diary"
"""Column that is left out if no night is in the diary."""
LEFT_ALIGNED_COLUMNS: Final = frozenset((0, 1, 2, TABLE_HEADER.index("stored"), len(TABLE_HEADER)))
UNKNOWN: Final = "-"


def format_nights(
    config: Config, nights: Sequence[ListedNight], noted: Mapping[str, Sequence[NotedNight]]
) -> str:
    """Return nights as a table for a reader; empty without a night.

    `noted` are the nights in the diary, by sleeper; those that were not measured get a row, too.
    """
    found: dict[tuple[str, date], tuple[str, ...]] = {}
    for sleeper, of_sleeper in noted.items():
        rows = {one.date: measured_row(one, config) for one in nights if one.sleeper == sleeper}
        rows |= {
            one.diary.night: unmeasured_row(sleeper, one) for one in of_sleeper if not one.measured
        }
        diary = {one.diary.night: written_diary(one.diary) for one in of_sleeper}
        found |= {(sleeper, day): (*rows[day], diary.get(day, "")) for day in sorted(rows)}
    if not found:
        return ""
    table = [(*TABLE_HEADER, DIARY_HEADER), *found.values()]
    if not any(cells[-1] for cells in found.values()):
        table = [cells[:-1] for cells in table]
    return aligned(table)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as lines whose columns are aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in LEFT_ALIGNED_COLUMNS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def measured_row(one: ListedNight, config: Config) -> tuple[str, ...]:
    """Return the row of a night that was measured; `UNKNOWN` where a value is unknown."""
    stored = ["measures"] if one.night is not None else []
    stored += ["events"] if one.dropped is None else []
    stored += ["signal"] if one.signal else []
    if one.night is None:
        return row_without_measures(one.sleeper, one.date, "not finished", ", ".join(stored))
    measures = one.night.measures
    values = (
        measures.time_in_bed_h,
        measures.sleep_h,
        measures.movements,
        measures.plm,
        measures.plm_index,
    )
    return (
        one.sleeper,
        str(one.date),
        from_to(one.night, config),
        *map(format_value, values),
        str(one.night.revision),
        ", ".join(stored),
    )


def unmeasured_row(sleeper: str, one: NotedNight) -> tuple[str, ...]:
    """Return the row of a night that is only in the diary."""
    status = "not measured" if one.over else "not measured yet"
    return row_without_measures(sleeper, one.diary.night, status, UNKNOWN)


def row_without_measures(sleeper: str, day: date, status: str, stored: str) -> tuple[str, ...]:
    """Return the row of a night of which no measure is known."""
    unknown = [UNKNOWN] * (len(TABLE_HEADER) - 4)
    return (sleeper, str(day), status, *unknown, stored)


def from_to(night: Night, config: Config) -> str:
    """Return when the sleeper went to bed and got up, on the clock of the bridge."""
    return "-".join(
        "?" if moment is None else f"{to_local(moment, config.calendar.zone):%H:%M}"
        for moment in (night.start, night.end)
    )


def written_diary(entry: DiaryEntry) -> str:
    """Return what the sleeper says of a night, in words."""
    parts = []
    if entry.evening_symptoms is not None:
        parts.append(f"symptoms {entry.evening_symptoms}/10")
    if entry.sleep_quality is not None:
        parts.append(f"sleep quality {entry.sleep_quality}/10")
    if entry.cramp is not None:
        parts.append("cramp" if entry.cramp else "no cramp")
    if entry.cramp_pain is not None:
        parts.append(f"pain {entry.cramp_pain}/10")
    return ", ".join(parts)


def format_value(value: float | None) -> str:
    """Return a measure with one decimal, a count without."""
    if value is None:
        return UNKNOWN
    return str(value) if isinstance(value, int) else f"{value:.1f}"
