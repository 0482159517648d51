"""SQLite files that hold the only copy of something: how they are opened, brought up to date, and
what ails a disk.

Law: what was committed outlives a power cut; a file is never used before it was looked through.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

MAGIC: Final = b"SQLite format 3\0"
ROOM: Final = 1_000_000
"""Bytes; a disk with less is full for our purposes, whatever the error says."""


class DiskFault(StrEnum):
    """Why a disk does not take what is to be written."""

    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    DISK_ERROR = "disk_error"
    SLOW = "slow"


REMEDIES: Final = {
    DiskFault.DISK_FULL: "the disk is full; make room on it",
    DiskFault.READ_ONLY: "it is read-only; let the bridge's user write there, or see why the disk is (dmesg)",
    DiskFault.DISK_ERROR: "the disk reports errors; look at it (dmesg), and replace it if they stay",
    DiskFault.SLOW: "the disk does not answer in time; see what else uses it, or replace it",
}
"""What a person can do about each."""
BY_ERRNO: Final = {
    errno.ENOSPC: DiskFault.DISK_FULL, errno.EDQUOT: DiskFault.DISK_FULL, errno.EFBIG: DiskFault.DISK_FULL,
    errno.EROFS: DiskFault.READ_ONLY, errno.EIO: DiskFault.DISK_ERROR,
}  # fmt: skip
BY_CODE: Final = {
    sqlite3.SQLITE_FULL: DiskFault.DISK_FULL, sqlite3.SQLITE_READONLY: DiskFault.READ_ONLY,
    sqlite3.SQLITE_PERM: DiskFault.READ_ONLY, sqlite3.SQLITE_IOERR: DiskFault.DISK_ERROR,
    sqlite3.SQLITE_CANTOPEN: DiskFault.DISK_ERROR, sqlite3.SQLITE_BUSY: DiskFault.SLOW, sqlite3.SQLITE_LOCKED: DiskFault.SLOW,
}  # fmt: skip
"""By the primary result code."""


class SchemaError(Exception):
    """A database that is not for this program; the text says whose it is and what to do."""


class DamagedError(Exception):
    """A database that cannot be trusted; the text is what SQLite says of it."""


def disk_fault_of(error: sqlite3.Error | OSError, folder: Path) -> DiskFault | None:
    """Return what ails the disk under a folder, by an error met there; None for an error of another
    kind.
    """
    if isinstance(error, OSError):
        found = BY_ERRNO.get(error.errno or 0)
    else:
        # An error of the sqlite3 module itself has no code.
        code = getattr(error, "sqlite_errorcode", None)
        found = None if code is None else BY_CODE.get(code & 0xFF)
    if found is not DiskFault.DISK_ERROR:
        return found
    # SQLite calls many things an input/output error: the disk itself knows better.
    try:
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return DiskFault.READ_ONLY
        return DiskFault.DISK_FULL if shutil.disk_usage(folder).free < ROOM else found
    except OSError:
        return found


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error says that the file itself is spoilt."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def open_to_write(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Open a database, or begin one, and bring its layout up to date; it is for use from any
    thread, one at a time.

    `migrations` are scripts in order: a file that knows the first n of them gets the others, each
    whole or not at all. Raises sqlite3.Error, OSError, SchemaError or DamagedError.
    """
    if path.exists() and not has_sqlite_header(path):
        raise SchemaError(
            "no journal, but a file of some other program; move the file away to begin a new journal"
        )
    keep_private(path)
    database = sqlite3.connect(path, autocommit=True, check_same_thread=False)
    try:
        with sound():
            database.execute("PRAGMA journal_mode = WAL")
            # FULL: after a power cut NORMAL may miss the last commits, and nobody else has them.
            database.execute("PRAGMA synchronous = FULL")
        look_through(database)
        for number in range(version_of(database, migrations), len(migrations)):
            database.executescript(
                f"BEGIN;{migrations[number]};PRAGMA user_version = {number + 1};COMMIT;"
            )
    except sqlite3.Error, SchemaError, DamagedError:
        database.close()
        raise
    return database


def keep_private(path: Path) -> None:
    """See that nobody but us reads the file at a path, begun if it is not there; SQLite gives its
    other files the same.

    Where that cannot be done it stays as it is: whether it can be used at all is for SQLite to say.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(path.stat().st_mode & ~0o077)


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside, or nothing of it; sqlite3.Error.

    Not the connection's own: that one rolls back what a full disk has rolled back already, and
    fails of it.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")


def open_to_read(path: Path, *, beside: bool = False) -> sqlite3.Connection:
    """Open a database only to read it, also on a disk that cannot be written; sqlite3.Error or
    OSError.

    `beside`: this process writes it. Else whoever writes is known by the log (`-wal`) beside the
    file; without one it was closed in good order, and is read without leaving a trace.
    """
    log = path.with_name(path.name + "-wal")
    if beside or log.exists():
        try:
            return read_by(path, "mode=ro")
        except sqlite3.Error:
            # Locks cannot be had on a disk that cannot be written; an empty log has nothing to add.
            if beside or log.stat().st_size:
                raise
    return read_by(path, "mode=ro&immutable=1")


def read_by(path: Path, way: str) -> sqlite3.Connection:
    """Open a database in one of the ways of SQLite's addresses; sqlite3.Error."""
    # A question mark or a hash in the path would end it.
    escaped = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    database = sqlite3.connect(
        f"file:{escaped}?{way}", uri=True, autocommit=True, check_same_thread=False
    )
    try:
        database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database


def has_sqlite_header(path: Path) -> bool:
    """Return whether a file is a database by its first bytes, or empty, as SQLite leaves it before
    the first commit.
    """
    with path.open("rb") as file:
        return file.read(len(MAGIC)) in (MAGIC, b"")


@contextmanager
def sound() -> Iterator[None]:
    """Raise DamagedError for an sqlite3.Error inside that says that the file is spoilt."""
    try:
        yield
    except sqlite3.Error as error:
        if is_damage(error):
            raise DamagedError(str(error)) from error
        raise


def look_through(database: sqlite3.Connection) -> None:
    """Look whether a database is sound; DamagedError if not, sqlite3.Error if that cannot be told."""
    with sound():
        (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise DamagedError(" ".join(answer.split()))


def version_of(database: sqlite3.Connection, migrations: Sequence[str]) -> int:
    """Return how many of the migrations a database knows; SchemaError where it is newer, or no
    database of ours.
    """
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        known = len(migrations)
        raise SchemaError(
            f"written by a newer limber (schema {version}, this one knows {known}); update the bridge"
        )
    if not version and database.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise SchemaError("a database of some other program; write another path")
    return version


def copy(database: sqlite3.Connection, target: Path) -> None:
    """Copy a database, as it is at this moment, into a file that is there whole or not at all.

    Raises sqlite3.Error or OSError.
    """
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        database.execute("VACUUM INTO ?", (str(part),))
        part.chmod(0o600)
        fsync(part)
        part.replace(target)
        fsync(target.parent)
    finally:
        part.unlink(missing_ok=True)


def fsync(path: Path) -> None:
    """Have a file or a folder outlive a power cut; OSError."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
