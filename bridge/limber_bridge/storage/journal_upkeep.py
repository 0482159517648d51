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
from limber_bridge.storage.backups import (
    backup_folder,
    count_backups,
    find_backups,
    saved_path,
    written_order,
)
from limber_bridge.storage.deletion import delete_noted_copies, note_path
from limber_bridge.storage.disk_faults import REMEDIES, DiskFault, disk_fault_of
from limber_bridge.storage.integrity import copy_database
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError, JournalWriteError
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
        if note_path(journal.path).exists():
            # It holds what was deleted. The note stays until this is done.
            journal.empty_log()
        if saved_path(journal.path) in delete_noted_copies(journal.path):
            # A backup of Home Assistant may be under way: it must not lack the journal.
            copy_journal(journal.path, saved_path(journal.path))
    except (sqlite3.Error, OSError) as error:
        return UpkeepResult(
            (),
            f"{journal.path}: its copies still hold deleted nights, and cannot be deleted"
            f" ({error}); give the bridge's user write permission for them",
        )
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
        # Nights are not dropped for what people entered, which has limits of its own.
        measured = journal.used_bytes() * (1.0 - journal.entered_share())
        if number <= kept and measured <= limits.size * 1_000_000:
            return
        drop_events(journal, nights[number - 1])
        yield nights[number - 1]


def drop_events(journal: Journal, night: date) -> None:
    """Drop the events of a night of all sleepers, but not its factors; JournalError."""
    now = round(datetime.now(UTC).timestamp() * 1e6)
    with journal.writing() as database:
        database.execute(
            "DELETE FROM event WHERE night = ? AND kind <> 'factor'", (night.isoformat(),)
        )
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
        readable, unreadable = readable_backups(path)
        if target not in readable[:1]:
            if shutil.disk_usage(folder).free < BACKUP_FREE_FACTOR * journal.used_bytes():
                return (
                    f"{folder}: no backup of the journal, as the disk is nearly full; free some"
                    " space on it"
                )
            number_backup(journal)
            copy_journal(path, target)
            readable, unreadable = readable_backups(path)
        # The newest is never deleted, whatever the others say about the order.
        for old in [backup for backup in readable if backup != target][kept - 1 :]:
            old.unlink()
    except JournalError as error:
        return f"{folder}: no backup of the journal: {error}"
    except (sqlite3.Error, OSError) as error:
        fault = disk_fault_of(error, path.parent)
        remedy = f": {REMEDIES[fault]}" if fault else ""
        return f"{folder}: no backup of the journal ({error}){remedy}"
    if unreadable:
        names = ", ".join(backup.name for backup in unreadable)
        return f"{folder}: {names} cannot be read: {REMEDIES[DiskFault.DISK_ERROR]}"
    return None


def readable_backups(path: Path) -> tuple[list[Path], list[Path]]:
    """Return the backups of a journal, the newest first, and those that cannot be read now.

    One that cannot be read neither prevents the next backup nor is it deleted.
    """
    orders: dict[Path, tuple[int, int, int, str]] = {}
    unreadable: list[Path] = []
    for backup in find_backups(path):
        try:
            orders[backup] = written_order(backup)
        except sqlite3.Error, OSError:
            unreadable.append(backup)
    return sorted(orders, key=orders.__getitem__, reverse=True), unreadable


def number_backup(journal: Journal) -> None:
    """Give the journal the number of its next backup, higher than that of every other one.

    A journal that continues from a backup has a lower number than later backups that are damaged.
    Raises JournalError, sqlite3.Error or OSError.
    """
    readable, _ = readable_backups(journal.path)
    highest = max((written_order(backup)[0] for backup in readable), default=0)
    with journal.writing() as database:
        number = 1 + max(highest, count_backups(database))
        database.execute("UPDATE backup_count SET number = ?", (number,))


def copy_journal(path: Path, target: Path) -> None:
    """Copy a journal over a separate connection, while the bridge continues to write."""
    with closing(open_to_read(path, written_here=True)) as database:
        copy_database(database, target)
