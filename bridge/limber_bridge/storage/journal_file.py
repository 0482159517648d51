"""The file of a journal: its lock, its backups, and what happens when it is damaged or missing.

Invariants: a damaged file is repaired or kept, never deleted; a file that was never a journal is
not changed; a file that cannot be read now is neither damaged nor missing.
"""

import logging
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Final

from limber_bridge.storage.backups import (
    backup_folder,
    checked_version,
    find_backups,
    is_usable_backup,
    written_order,
)
from limber_bridge.storage.bad_sectors import LOST_AFTER_S, BadSectorWatch
from limber_bridge.storage.disk_faults import DiskFault, disk_fault_of
from limber_bridge.storage.file_access import access_remedy
from limber_bridge.storage.integrity import (
    DamagedDatabaseError,
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
from limber_bridge.storage.set_aside import (
    DATABASE_SUFFIXES,
    AsideReason,
    journals_aside,
    move_aside,
    move_orphans,
    suffixed,
)
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
        """Backups whose copy turned out to be damaged, or that the disk will never return."""
        self._bad_sectors = BadSectorWatch()
        self.unreadable: list[Path] = []
        """Journals that were set aside because the disk cannot return a part of them."""

    def open(self) -> sqlite3.Connection:
        """Return the database, repaired or replaced if it was damaged, at the current schema.

        One that the disk has not been able to return for long is replaced as well. Raises
        JournalError.
        """
        try:
            database = self._open()
        except JournalWriteError as error:
            if error.fault is not DiskFault.DISK_ERROR or not self._replace_unreadable():
                raise
            database = self._open()
        self.unreadable = journals_aside(self.path, AsideReason.UNREADABLE)
        return database

    def _open(self) -> sqlite3.Connection:
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
        move_orphans(self.path)
        self._put_in_place(backup)
        self.notices.append(
            f"{self.path} was MISSING: it was moved away, or the power failed while a damaged"
            f" journal was replaced; {self._describe_replacement()}"
        )

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
            aside = move_aside(self.path, AsideReason.DAMAGED, DATABASE_SUFFIXES)
            notice = f"was DAMAGED ({damage}). The damaged file is kept as {aside}"
        else:
            for suffix in DATABASE_SUFFIXES:
                suffixed(self.path, suffix).unlink(missing_ok=True)
            notice = f"was replaced by {copied}, which is DAMAGED too ({damage})"
        self._put_in_place(backup)
        self.notices.append(
            f"{self.path} {notice}; {self._describe_replacement()}, and anything else it held is"
            " not shown"
        )

    def _replace_unreadable(self) -> bool:
        """Move a journal away that has lost a place of the disk, and continue with a backup.

        Returns False, and nothing is changed, where the place may be readable later, or the disk
        does not accept a copy of the backup. Raises JournalError.
        """
        files = [suffixed(self.path, suffix) for suffix in DATABASE_SUFFIXES[:2]]
        if not any(self._bad_sectors.is_lost(file) for file in files):
            return False
        try:
            backup = self._copy_newest_backup()
            aside = move_aside(self.path, AsideReason.UNREADABLE, DATABASE_SUFFIXES)
            self._put_in_place(backup)
        except (sqlite3.Error, OSError) as error:
            raise self.write_error(error) from error
        notice = (
            f"{self.path} has a part that the disk could not return for {LOST_AFTER_S / 60:.0f}"
            f" minutes. The file is kept as {aside}; {self._describe_replacement()}, and anything"
            " else it held is not shown. Replace the disk"
        )
        LOG.error("%s", notice)
        self.notices.append(notice)
        return True

    def _copy_newest_backup(self) -> Path | None:
        """Copy the newest sound backup beside the journal and return it; None if there is none.

        A backup that the disk will never return is passed over. Raises sqlite3.Error or OSError
        where a backup cannot be read now.
        """
        try:
            backup = self._newest_backup()
        except sqlite3.Error, OSError:
            lost = {one for one in find_backups(self.path) if self._bad_sectors.is_lost(one)}
            if lost <= self._rejected:
                raise
            self._rejected |= lost
            backup = self._newest_backup()
        if backup is not None:
            shutil.copyfile(backup, self._part)
            self._part.chmod(PRIVATE_MODE)
            fsync(self._part)
        return backup

    def _newest_backup(self) -> Path | None:
        found = [one for one in find_backups(self.path) if one not in self._rejected]
        newest_first = sorted(found, key=written_order, reverse=True)
        return next((one for one in newest_first if is_usable_backup(one)), None)

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
