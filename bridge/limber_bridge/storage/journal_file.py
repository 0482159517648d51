"""The file of a journal: its lock, its backups, and what happens when it is damaged.

Invariant: a damaged file is repaired or kept, never deleted; a file that was never a journal is not
changed.
"""

import fcntl
import logging
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from limber_bridge.storage.disk_faults import DiskFault, disk_fault_of
from limber_bridge.storage.integrity import (
    DamagedDatabaseError,
    check_integrity,
    copy_database,
    fsync,
    is_damage,
    raise_damage,
    repair_indexes,
)
from limber_bridge.storage.journal_errors import (
    DamagedJournalError,
    JournalError,
    JournalInUseError,
    JournalWriteError,
)
from limber_bridge.storage.schema import MIGRATIONS
from limber_bridge.storage.sqlite import (
    SchemaError,
    has_sqlite_header,
    open_to_read,
    open_to_write,
    schema_version,
)

LOG: Final = logging.getLogger(__name__)

MIN_FREE_BYTES: Final = 50_000_000
"""Bytes. chosen: with less free space a journal has no room for the next weeks."""
LOCK_MARK: Final = b"limber\n"
"""Content of the lock of a file that was opened as a journal before."""
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
        self._lock = lock_journal(path)
        self._was_journal = was_opened_before(path)

    def open(self) -> sqlite3.Connection:
        """Return the database, repaired or replaced if it was damaged, at the current schema.

        Raises JournalError.
        """
        try:
            database = self._open_or_recover()
        except SchemaError as error:
            raise JournalError(f"{self.path}: {error}") from error
        except DamagedDatabaseError as error:
            raise DamagedJournalError(f"{self.path}: damaged ({error})") from error
        except (sqlite3.Error, OSError) as error:
            raise self.write_error(error) from error
        self._mark()
        return database

    def _open_or_recover(self) -> sqlite3.Connection:
        try:
            return self._open_sound()
        except DamagedDatabaseError as error:
            damage = str(error)
        # Repaired before anything is moved away: an index holds nothing that its table does not.
        if self.repair(damage):
            with suppress(DamagedDatabaseError):
                return self._open_sound()
        self.set_aside(damage)
        try:
            return self._open_sound()
        except DamagedDatabaseError:
            # Only a copy of a backup, which is kept, so nothing has to be set aside again.
            self._delete_copy()
            return self._open_sound()

    def _open_sound(self) -> sqlite3.Connection:
        """Open the file; DamagedDatabaseError where it cannot be used as it is."""
        if self._was_journal and self._has_lost_header():
            raise DamagedDatabaseError("its header is not that of a journal")
        self._copy_before_migration()
        return open_to_write(self.path, MIGRATIONS)

    def _has_lost_header(self) -> bool:
        """Return whether a file that was a journal no longer begins like one.

        After a power cut a memory card may return zeros, or an empty file.
        """
        if not self.path.exists():
            return False
        empty = self.path.stat().st_size == 0
        return not has_sqlite_header(self.path) or (empty and bool(list_backups(self.path)))

    def _copy_before_migration(self) -> None:
        """Copy a file of an older schema before it is changed."""
        if not self.path.exists() or not self.path.stat().st_size:
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
        if not self.path.exists() or self._has_lost_header():
            return False
        try:
            done = repair_indexes(self.path)
        except DamagedDatabaseError:
            return False
        LOG.warning("%s: an index was damaged (%s): %s; no row was lost", self.path, damage, done)
        return True

    def set_aside(self, damage: str) -> None:
        """Move a damaged file away and put the newest sound backup in its place; OSError.

        Without a backup the next `open` creates a new file.
        """
        aside = self.path.with_name(f"{self.path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        part = self.path.with_name(f".{self.path.name}.part")
        backup = next((one for one in list_backups(self.path) if is_usable_backup(one)), None)
        if backup is not None:
            shutil.copyfile(backup, part)
            fsync(part)
        for suffix in DATABASE_SUFFIXES:
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + suffix).rename(
                    aside.with_name(aside.name + suffix)
                )
        if backup is not None:
            part.rename(self.path)
        fsync(self.path.parent)
        replacement = (
            "a new journal was started"
            if backup is None
            else f"the bridge continues from its backup {backup}"
        )
        self.notices.append(
            f"{self.path} was DAMAGED ({damage}). The damaged file is kept as {aside};"
            f" {replacement}, and anything else it held is not shown"
        )

    def _delete_copy(self) -> None:
        for suffix in DATABASE_SUFFIXES:
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self.notices.append(f"{self.path}: its backup was damaged too; a new journal was started")

    def write_error(self, error: sqlite3.Error | OSError) -> JournalError:
        """Return an error of the disk, or of SQLite, as an error of the journal."""
        fault = disk_fault_of(error, self.path.parent)
        if fault is not None:
            return JournalWriteError(self.path, fault, error)
        if isinstance(error, sqlite3.Error) and is_damage(error):
            return DamagedJournalError(
                f"{self.path}: damaged ({error}); restart the bridge, which repairs or replaces it"
            )
        return JournalError(f"{self.path}: {error}; move the file away to start a new journal")

    def _mark(self) -> None:
        """Note in the lock that the file was opened as a journal."""
        self._was_journal = True
        if self._lock is not None:
            with suppress(OSError):
                os.pwrite(self._lock, LOCK_MARK, 0)

    def unlock(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def lock_journal(path: Path) -> int | None:
    """Lock a journal; return the file descriptor of the lock.

    None where the disk is read-only, so that no other process writes either. Raises JournalError
    where another process has the lock, or where the folder cannot be used.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        number = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if disk_fault_of(error, path.parent) is not None:
            return None
        raise JournalError(
            f"{path}: {error.strerror}; give the bridge's user write permission for this folder"
        ) from error
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(number)
        raise JournalInUseError(
            f"{path}: another Limber bridge uses this journal; stop it first"
        ) from error
    except OSError as error:
        os.close(number)
        raise JournalError(
            f"{path}: its file system has no locks ({error.strerror}); put it on a local disk"
        ) from error
    return number


def was_opened_before(path: Path) -> bool:
    """Return whether a file was opened as a journal before, by the content of its lock."""
    try:
        return path.with_name(path.name + ".lock").read_bytes().startswith(LOCK_MARK)
    except OSError:
        return False


def backup_folder(path: Path) -> Path:
    """Return the folder for the backups of a journal."""
    return path.with_name(f"{path.stem}-backups")


def list_backups(path: Path) -> list[Path]:
    """Return the backups of a journal, the newest first."""
    return sorted(backup_folder(path).glob(f"{path.stem}-????-??-??.db"), reverse=True)


def is_usable_backup(path: Path) -> bool:
    """Return whether a backup is sound."""
    try:
        with closing(open_to_read(path)) as database:
            check_integrity(database)
            return schema_version(database, MIGRATIONS) > 0
    except sqlite3.Error, SchemaError, DamagedDatabaseError:
        return False


def probe_journal(path: Path) -> None:
    """Check whether a bridge can use a journal at a path, without changing anything there.

    Raises JournalInUseError if a bridge uses it now, and another JournalError if it cannot be used.
    """
    # The user who runs the check may not be the bridge's, so no lock is created for them.
    exists = path.with_name(path.name + ".lock").exists()
    lock = lock_journal(path) if exists else None
    try:
        writable = os.access(path.parent, os.W_OK) if not exists else lock is not None
        if not writable or (path.exists() and not os.access(path, os.W_OK)):
            raise JournalWriteError(path, DiskFault.READ_ONLY, "no write permission")
        if shutil.disk_usage(path.parent).free < MIN_FREE_BYTES:
            raise JournalWriteError(
                path, DiskFault.DISK_FULL, f"less than {MIN_FREE_BYTES // 1_000_000} MB are free"
            )
        if path.exists():
            with closing(open_to_read(path)) as database:
                check_integrity(database)
                schema_version(database, MIGRATIONS)
    except DamagedDatabaseError as error:
        raise DamagedJournalError(
            f"{path}: damaged ({error}); start the bridge, which repairs it, or sets it aside and"
            " continues from the newest backup"
        ) from error
    except (sqlite3.Error, OSError, SchemaError) as error:
        raise JournalError(f"{path}: {error}; move the file away to start a new journal") from error
    finally:
        if lock is not None:
            os.close(lock)
