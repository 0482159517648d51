"""Keep the journal within its limits, and back it up once a day."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage.disk_faults import REMEDIES, disk_fault_of
from limber_bridge.storage.integrity import copy_database
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalWriteError
from limber_bridge.storage.journal_file import backup_folder, list_backups
from limber_bridge.storage.sqlite import open_to_read

MIN_KEPT_NIGHTS: Final = 7
"""Nights whose events are never dropped, whatever the limits are. chosen: a week."""
BACKUP_FREE_FACTOR: Final = 3
"""Free space that a backup needs, as a multiple of the journal's size. chosen: so that a backup
does not fill the disk."""


@dataclass(frozen=True, slots=True)
class UpkeepResult:
    """What was done to keep the journal within its limits."""

    dropped: tuple[date, ...]
    """Nights whose events were dropped."""
    problem: str | None
    """What could not be done, such as the backup of today, and why."""


def run_upkeep(journal: Journal, today: date, limits: RetentionLimits) -> UpkeepResult:
    """Drop the events of the oldest nights beyond the limits, and back up the journal once a day.

    Nights and backups are counted, and ordered by their arrival, not compared with the clock, so a
    clock that was wrong for a while does no harm. Raises JournalError.
    """
    dropped: list[date] = []
    try:
        for night in drop_oldest(journal, limits):
            dropped.append(night)  # noqa: PERF402 - those before a failure were dropped
    except JournalWriteError as error:
        return UpkeepResult(tuple(dropped), str(error))
    problem = back_up(journal, today, limits.backups) if limits.backups else None
    return UpkeepResult(tuple(dropped), problem)


def drop_oldest(journal: Journal, limits: RetentionLimits) -> Iterator[date]:
    """Drop the events of nights beyond the limits, the oldest first, and yield their dates."""
    nights = journal.nights_with_events()
    kept = len(nights) if limits.nights is None else max(MIN_KEPT_NIGHTS, limits.nights)
    for number in range(len(nights), MIN_KEPT_NIGHTS, -1):
        if number <= kept and journal.used_bytes() <= limits.size * 1_000_000:
            return
        drop_events(journal, nights[number - 1])
        yield nights[number - 1]


def drop_events(journal: Journal, night: date) -> None:
    """Drop the events of a night of all sleepers; JournalError."""
    now = round(datetime.now(UTC).timestamp() * 1e6)
    with journal.writing() as database:
        database.execute("DELETE FROM event WHERE night = ?", (night.isoformat(),))
        database.execute(
            "DELETE FROM replaced_event WHERE import IN"
            " (SELECT number FROM imported_night WHERE night = ?)",
            (night.isoformat(),),
        )
        database.execute(
            "UPDATE night SET events_dropped_at = ? WHERE night = ?", (now, night.isoformat())
        )


def back_up(journal: Journal, today: date, kept: int) -> str | None:
    """Make the backup of a day and delete those beyond `kept`; return why not, None if done."""
    path = journal.path
    folder = backup_folder(path)
    target = folder / f"{path.stem}-{today}.db"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for part in folder.glob(f".{path.stem}-*.part"):
            # Left by a bridge that was killed while it copied.
            part.unlink()
        if target not in list_backups(path)[:1]:
            if shutil.disk_usage(folder).free < BACKUP_FREE_FACTOR * journal.used_bytes():
                return (
                    f"{folder}: no backup of the journal, as the disk is nearly full; free some"
                    " space on it"
                )
            copy_journal(path, target)
        for old in list_backups(path)[kept:]:
            old.unlink()
    except (sqlite3.Error, OSError) as error:
        fault = disk_fault_of(error, path.parent)
        remedy = f": {REMEDIES[fault]}" if fault else ""
        return f"{folder}: no backup of the journal ({error}){remedy}"
    return None


def copy_journal(path: Path, target: Path) -> None:
    """Copy a journal over a separate connection, while the bridge continues to write."""
    with closing(open_to_read(path, written_here=True)) as database:
        copy_database(database, target)
