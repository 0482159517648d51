"""The file of a journal: its lock, its backups, and what happens when it is damaged or missing.

Invariants: a damaged file is repaired or kept, never deleted; a file that was never a journal is
not changed; a file that cannot be read now is neither damaged nor missing.
"""

import logging
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from limber_bridge.storage.disk_faults import DiskFault, disk_fault_of
from limber_bridge.storage.file_access import access_remedy
from limber_bridge.storage.integrity import (
    DAMAGE_CODES,
    DamagedDatabaseError,
    check_integrity,
    confirm_damage,
    copy_database,
    file_exists,
    fsync,
    is_damage,
    raise_damage,
    repair_indexes,
)
from limber_bridge.storage.journal_errors import (
    DamagedJournalError,
    JournalError,
    JournalWriteError,
)
from limber_bridge.storage.journal_lock import lock_journal, mark_lock, was_opened_before
from limber_bridge.storage.schema import MIGRATIONS
from limber_bridge.storage.sqlite import (
    PRIVATE_MODE,
    SchemaError,
    create_database,
    has_sqlite_header,
    open_to_read,
    open_to_write,
    schema_version,
)

LOG: Final = logging.getLogger(__name__)

MIN_FREE_BYTES: Final = 50_000_000
"""Bytes. chosen: with less free space a journal has no room for the next weeks."""
DATABASE_SUFFIXES: Final = ("", "-wal", "-shm")
"""Of the files that SQLite keeps for one database."""


class JournalFile:
    """The file of a journal that this process has locked."""

    def __init__(self, path: Path) -> None:
        """Lock a journal, which need not exist; JournalError where that is not possible."""
        self.path = path
        self.notices: list[str] = []
        """For the user: that the journal was damaged, and where the damaged file is."""
        self.previous_copy: Path | None = None
        """A copy of the file from before its migration to the current schema."""
        self._lock: int | None = None
        # A disk that cannot be written now may be readable; `open` tries again.
        with suppress(JournalWriteError):
            self._lock = lock_journal(path)
        self._was_journal: bool | None = None
        """Whether the file was opened as a journal before; None: not known yet."""
        self._unused_copy: Path | None = None
        """The backup of which the file is a copy, as long as nothing was written to the copy."""
        self._starting_new = False
        """Whether the file was set aside and there was no backup."""
        self._rejected: set[Path] = set()
        """Backups whose copy turned out to be damaged."""

    def open(self) -> sqlite3.Connection:
        """Return the database, repaired or replaced if it was damaged, at the current schema.

        Raises JournalError.
        """
        if self._lock is None:
            self._lock = lock_journal(self.path)
        try:
            if self._was_journal is None:
                self._was_journal = was_opened_before(self.path)
            self._restore_missing()
            database = self._open_or_recover()
        except SchemaError as error:
            raise JournalError(f"{self.path}: {error}") from error
        except DamagedDatabaseError as error:
            raise DamagedJournalError(f"{self.path}: damaged ({error})") from error
        except (sqlite3.Error, OSError) as error:
            raise self.write_error(error) from error
        self._was_journal = True
        mark_lock(self._lock)
        return database

    def note_written(self) -> None:
        """Note that the file now holds something that no backup holds."""
        self._unused_copy = None
        self._starting_new = False

    def _open_or_recover(self) -> sqlite3.Connection:
        try:
            return confirm_damage(self.path, self._open_sound)
        except DamagedDatabaseError as error:
            damage = str(error)
        # Repaired before anything is moved away: an index holds nothing that its table does not.
        if self.repair(damage):
            with suppress(DamagedDatabaseError):
                return confirm_damage(self.path, self._open_sound)
        while True:
            self.set_aside(damage)
            try:
                return confirm_damage(self.path, self._open_sound)
            except DamagedDatabaseError as error:
                if self._unused_copy is None:
                    raise
                damage = str(error)

    def _open_sound(self) -> sqlite3.Connection:
        """Open the file; DamagedDatabaseError where it cannot be used as it is."""
        if not file_exists(self.path):
            create_database(self.path, MIGRATIONS)
        if self._was_journal and self._has_lost_header():
            raise DamagedDatabaseError("its header is not that of a journal")
        self._copy_before_migration()
        return open_to_write(self.path, MIGRATIONS)

    def _has_lost_header(self) -> bool:
        """Return whether a file that was a journal no longer begins like one.

        After a power cut a memory card may return zeros, or an empty file.
        """
        if not file_exists(self.path):
            return False
        empty = self.path.stat().st_size == 0
        return not has_sqlite_header(self.path) or (empty and bool(find_backups(self.path)))

    def _restore_missing(self) -> None:
        """Put the newest sound backup in the place of a journal that is missing.

        A power cut while a damaged journal was replaced leaves none. Raises sqlite3.Error or
        OSError; nothing is changed then.
        """
        if file_exists(self.path) or self._starting_new:
            return
        backup = self._copy_newest_backup()
        if backup is None and not self._was_journal:
            return
        self._move_orphans()
        self._put_in_place(backup)
        self.notices.append(
            f"{self.path} was MISSING: it was moved away, or the power failed while a damaged"
            f" journal was replaced; {self._describe_replacement()}"
        )

    def _move_orphans(self) -> None:
        """Move the files that SQLite kept for a journal that is missing, as they hold events.

        They belong to the file that was set aside last. A new file must not get them.
        """
        found = [self._suffixed(suffix) for suffix in DATABASE_SUFFIXES[1:]]
        if not any(file_exists(path) for path in found):
            return
        asides = sorted(self.path.parent.glob(f"{self.path.name}.damaged-*[0-9]"))
        aside = asides[-1] if asides else self._free_name(damaged_name(self.path))
        if file_exists(aside.with_name(aside.name + "-wal")):
            aside = self._free_name(damaged_name(self.path))
        for suffix in DATABASE_SUFFIXES[1:]:
            with suppress(FileNotFoundError):
                self._suffixed(suffix).rename(aside.with_name(aside.name + suffix))

    def _suffixed(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _copy_before_migration(self) -> None:
        """Copy a file of an older schema before it is changed."""
        if not file_exists(self.path) or not self.path.stat().st_size:
            return
        if not has_sqlite_header(self.path):
            return
        with raise_damage(), closing(open_to_read(self.path)) as database:
            version = schema_version(database, MIGRATIONS)
            target = self.path.with_name(f"{self.path.name}.schema-{version}")
            if 0 < version < len(MIGRATIONS) and not target.exists():
                copy_database(database, target)
                self.previous_copy = target

    def repair(self, damage: str) -> bool:
        """Repair indexes where the tables are whole; return whether that was possible.

        Nothing is changed where it was not. Raises sqlite3.Error or OSError where the disk cannot
        be written.
        """
        if not file_exists(self.path) or self._has_lost_header():
            return False
        try:
            done = confirm_damage(self.path, partial(repair_indexes, self.path))
        except DamagedDatabaseError:
            return False
        LOG.warning("%s: an index was damaged (%s): %s; no row was lost", self.path, damage, done)
        return True

    def set_aside(self, damage: str) -> None:
        """Move a damaged file away and put the newest sound backup in its place.

        Without a backup the next `open` creates a new file. A copy of a backup to which nothing was
        written is deleted, as the backup is kept. Raises sqlite3.Error or OSError.
        """
        copied = self._unused_copy
        if copied is not None:
            self._rejected.add(copied)
        backup = self._copy_newest_backup()
        if copied is None:
            aside = self._free_name(damaged_name(self.path))
            for suffix in DATABASE_SUFFIXES:
                with suppress(FileNotFoundError):
                    self._suffixed(suffix).rename(aside.with_name(aside.name + suffix))
            notice = f"was DAMAGED ({damage}). The damaged file is kept as {aside}"
        else:
            for suffix in DATABASE_SUFFIXES:
                self._suffixed(suffix).unlink(missing_ok=True)
            notice = f"was replaced by {copied}, which is DAMAGED too ({damage})"
        self._put_in_place(backup)
        self.notices.append(
            f"{self.path} {notice}; {self._describe_replacement()}, and anything else it held is"
            " not shown"
        )

    def _copy_newest_backup(self) -> Path | None:
        """Copy the newest sound backup beside the journal and return it; None if there is none.

        Raises sqlite3.Error or OSError where a backup cannot be read now.
        """
        backups = [one for one in list_backups(self.path) if one not in self._rejected]
        backup = next((one for one in backups if is_usable_backup(one)), None)
        if backup is not None:
            shutil.copyfile(backup, self._part)
            self._part.chmod(PRIVATE_MODE)
            fsync(self._part)
        return backup

    @property
    def _part(self) -> Path:
        """Where the copy of a backup is made."""
        return self.path.with_name(f".{self.path.name}.part")

    def _put_in_place(self, backup: Path | None) -> None:
        """Make the copy of a backup the journal; OSError."""
        if backup is not None:
            self._part.rename(self.path)
        # Only now: a real journal must never be taken for a copy.
        self._unused_copy = backup
        self._starting_new = backup is None
        fsync(self.path.parent)

    def _describe_replacement(self) -> str:
        if self._unused_copy is None:
            return "a new journal was started"
        return (
            f"the bridge continues from its backup {self._unused_copy} (to begin a new journal,"
            f" move {backup_folder(self.path)} away, too)"
        )

    def _free_name(self, name: str) -> Path:
        """Return a path beside the journal that does not exist yet: nothing is overwritten."""
        path = self.path.with_name(name)
        number = 2
        while path.exists():
            path = self.path.with_name(f"{name}-{number}")
            number += 1
        return path

    def write_error(self, error: sqlite3.Error | OSError) -> JournalError:
        """Return an error of the disk, or of SQLite, as an error of the journal."""
        return journal_error(self.path, error)

    def unlock(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def journal_error(path: Path, error: sqlite3.Error | OSError) -> JournalError:
    """Return an error of the disk, or of SQLite, as an error of the journal at a path."""
    fault = disk_fault_of(error, path.parent)
    if fault is not None:
        remedy = access_remedy(journal_files(path))
        if remedy is not None:
            return JournalError(f"{path}: cannot be used ({error}): {remedy}")
        return JournalWriteError(path, fault, error)
    if isinstance(error, sqlite3.Error) and is_damage(error):
        return DamagedJournalError(
            f"{path}: damaged ({error}); restart the bridge, which repairs or replaces it"
        )
    return JournalError(
        f"{path}: cannot be used ({error}); nothing was changed; correct the path, or restart the"
        " bridge"
    )


def journal_files(path: Path) -> list[Path]:
    """Return the paths of all files that a bridge uses for a journal."""
    files = [path.with_name(path.name + suffix) for suffix in (*DATABASE_SUFFIXES, ".lock")]
    return [path.parent, *files, backup_folder(path)]


def damaged_name(path: Path) -> str:
    """Return the name under which a damaged journal is kept."""
    return f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}"


def backup_folder(path: Path) -> Path:
    """Return the folder for the backups of a journal."""
    return path.with_name(f"{path.stem}-backups")


def list_backups(path: Path) -> list[Path]:
    """Return the backups of a journal, the one that was written last first.

    The dates in their names may come from a clock that was wrong, so the last event in each
    decides. Raises sqlite3.Error or OSError where one cannot be read now.
    """
    return sorted(find_backups(path), key=written_order, reverse=True)


def find_backups(path: Path) -> list[Path]:
    """Return the backups of a journal in any order."""
    return list(backup_folder(path).glob(f"{path.stem}-????-??-??.db"))


def written_order(backup: Path) -> tuple[int, int, str]:
    """Return a key by which backups are in the order in which they were written.

    A damaged one comes first. Raises sqlite3.Error or OSError where it cannot be read now.
    """
    written = backup.stat().st_mtime_ns
    try:
        return confirm_damage(backup, partial(last_event_number, backup)), written, backup.name
    except DamagedDatabaseError:
        return -1, written, backup.name


def last_event_number(path: Path) -> int:
    """Return the place of the last event of a backup in the order of arrival; 0 without events.

    Raises DamagedDatabaseError, sqlite3.Error or OSError.
    """
    # SQLITE_ERROR: there is no such table.
    codes = (*DAMAGE_CODES, sqlite3.SQLITE_ERROR)
    with raise_damage(codes), closing(open_to_read(path)) as database:
        (number,) = database.execute("SELECT max(number) FROM event").fetchone()
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


def probe_journal(path: Path) -> None:
    """Check whether a bridge can use a journal at a path, without changing anything there.

    Raises JournalInUseError if a bridge uses it now, and another JournalError if it cannot be used.
    """
    # The user who runs the check may not be the bridge's, so no lock is created for them.
    exists = path.with_name(path.name + ".lock").exists()
    lock = lock_journal(path) if exists else None
    try:
        check_access(path, locked=exists)
        if shutil.disk_usage(path.parent).free < MIN_FREE_BYTES:
            raise JournalWriteError(
                path, DiskFault.DISK_FULL, f"less than {MIN_FREE_BYTES // 1_000_000} MB are free"
            )
        if file_exists(path):
            confirm_damage(path, partial(checked_version, path))
    except DamagedDatabaseError as error:
        raise DamagedJournalError(
            f"{path}: damaged ({error}); start the bridge, which repairs it, or sets it aside and"
            " continues from the newest backup"
        ) from error
    except SchemaError as error:
        raise JournalError(f"{path}: {error}") from error
    except (sqlite3.Error, OSError) as error:
        raise journal_error(path, error) from error
    finally:
        if lock is not None:
            os.close(lock)


def check_access(path: Path, *, locked: bool) -> None:
    """Raise JournalError where this user may not write a journal or its folder."""
    if not locked and not os.access(path.parent, os.W_OK):
        writable = False
    else:
        writable = not file_exists(path) or os.access(path, os.W_OK)
    if writable:
        return
    remedy = access_remedy(journal_files(path))
    if remedy is not None:
        raise JournalError(f"{path}: cannot be used: {remedy}")
    raise JournalWriteError(path, DiskFault.READ_ONLY, "no write permission")
