"""The backups of a journal: where they are, their order, and whether one can be used."""

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

from limber_bridge.storage.integrity import (
    DAMAGE_CODES,
    DamagedDatabaseError,
    check_integrity,
    confirm_damage,
    raise_damage,
)
from limber_bridge.storage.schema import MIGRATIONS
from limber_bridge.storage.sqlite import SchemaError, open_to_read, schema_version


def backup_folder(path: Path) -> Path:
    """Return the folder for the backups of a journal."""
    return path.with_name(f"{path.stem}-backups")


def saved_path(path: Path) -> Path:
    """Return where the copy of a journal for a backup of Home Assistant is."""
    return path.with_name(f"{path.stem}-saved.db")


def list_backups(path: Path) -> list[Path]:
    """Return the backups of a journal, the one that was written last first.

    The dates in their names may come from a clock that was wrong, so the number in each decides.
    Raises sqlite3.Error or OSError where one cannot be read now.
    """
    return sorted(find_backups(path), key=written_order, reverse=True)


def find_backups(path: Path) -> list[Path]:
    """Return the backups of a journal in any order."""
    return list(backup_folder(path).glob(f"{path.stem}-????-??-??.db"))


def written_order(backup: Path) -> tuple[int, int, int, str]:
    """Return a key by which backups are in the order in which they were written.

    One that cannot be read as it is damaged comes first. Raises sqlite3.Error or OSError where it
    cannot be read now.
    """
    written = backup.stat().st_mtime_ns
    try:
        return (*confirm_damage(backup, partial(backup_order, backup)), written, backup.name)
    except DamagedDatabaseError:
        return -1, -1, written, backup.name


def backup_order(path: Path) -> tuple[int, int]:
    """Return the number of a backup, and the place of its last event in the order of arrival.

    Backups of an older schema have no number: 0. The last event alone is not enough, because events
    may be deleted between two backups. Raises DamagedDatabaseError, sqlite3.Error or OSError.
    """
    # SQLITE_ERROR: there is no such table.
    codes = (*DAMAGE_CODES, sqlite3.SQLITE_ERROR)
    with raise_damage(codes), closing(open_to_read(path)) as database:
        (event,) = database.execute("SELECT max(number) FROM event").fetchone()
        return count_backups(database), event or 0


def count_backups(database: sqlite3.Connection) -> int:
    """Return how many backups had been made when a journal was written; sqlite3.Error."""
    if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'backup_count'").fetchone():
        return 0
    (number,) = database.execute("SELECT max(number) FROM backup_count").fetchone()
    return number or 0


def is_usable_backup(path: Path) -> bool:
    """Return whether a backup is sound; sqlite3.Error or OSError where it cannot be read now."""
    try:
        return confirm_damage(path, partial(checked_version, path)) > 0
    except SchemaError, DamagedDatabaseError:
        return False


def checked_version(path: Path) -> int:
    """Return the schema version of a sound journal, which is not written now.

    Raises DamagedDatabaseError, SchemaError, sqlite3.Error or OSError.
    """
    with raise_damage(), closing(open_to_read(path)) as database:
        check_integrity(database)
        return schema_version(database, MIGRATIONS)
