"""Open SQLite files that hold the only copy of something, and migrate their schema.

Invariants: what was committed survives a power cut; a file is checked before it is used.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from limber_bridge.storage.integrity import check_integrity, file_exists, fsync, raise_damage

SQLITE_HEADER: Final = b"SQLite format 3\0"
PRIVATE_MODE: Final = 0o600


class SchemaError(Exception):
    """A database is of a newer version or of another program; the text says what to do."""


def open_to_write(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Open or create a database, check it, and migrate it to the current schema.

    The connection may be used from any thread, one at a time. `migrations` are scripts in order: a
    file at schema version n gets those after the n-th, each in a transaction of its own. Raises
    sqlite3.Error, OSError, SchemaError or DamagedDatabaseError.
    """
    if file_exists(path) and not has_sqlite_header(path):
        raise SchemaError(
            "not a journal but a file of another program; move the file away to start a new journal"
        )
    make_private(path)
    database = sqlite3.connect(path, autocommit=True, check_same_thread=False)
    try:
        with raise_damage():
            database.execute("PRAGMA journal_mode = WAL")
            # With NORMAL the last commits can be missing after a power cut.
            database.execute("PRAGMA synchronous = FULL")
        with raise_damage():
            version = database.execute("PRAGMA user_version").fetchone()[0]
        # A migration writes through the indexes, which would hide that an index is out of date.
        check_integrity(database, full=0 < version < len(migrations))
        with raise_damage():
            for number in range(schema_version(database, migrations), len(migrations)):
                database.executescript(
                    f"BEGIN;{migrations[number]};PRAGMA user_version = {number + 1};COMMIT;"
                )
    except BaseException:
        database.close()
        raise
    return database


def create_database(path: Path, migrations: Sequence[str]) -> None:
    """Create a database that is complete or not there at all; sqlite3.Error or OSError.

    A power cut during the first write would otherwise leave a file that looks like one of another
    program.
    """
    part = path.with_name(f".{path.name}.part")
    for suffix in ("", "-wal", "-shm"):
        part.with_name(part.name + suffix).unlink(missing_ok=True)
    with closing(open_to_write(part, migrations)) as database:
        busy, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    log = part.with_name(part.name + "-wal")
    if busy or (file_exists(log) and log.stat().st_size):
        # The file alone would be incomplete.
        raise OSError(errno.EIO, "the new database could not be completed")
    fsync(part)
    part.replace(path)
    fsync(path.parent)


def make_private(path: Path) -> None:
    """Create a file if it does not exist, and make it readable by its owner only.

    SQLite gives its other files (`-wal`, `-shm`) the same permissions. Where that is not possible
    nothing changes: SQLite then reports whether the file can be used.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE))
        path.chmod(path.stat().st_mode & ~0o077)


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Commit everything that is done inside, or nothing; sqlite3.Error.

    The context manager of sqlite3.Connection fails after SQLite has already rolled back because the
    disk is full.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")


def open_to_read(path: Path, *, written_here: bool = False) -> sqlite3.Connection:
    """Open a database read-only, also on a disk that cannot be written; sqlite3.Error or OSError.

    `written_here`: this process writes the database. Otherwise a `-wal` file beside the database
    shows that it is being written, or was not closed; without one it is opened as immutable, which
    leaves no files behind.
    """
    log = path.with_name(path.name + "-wal")
    if written_here or file_exists(log):
        try:
            return connect_by_uri(path, "mode=ro")
        except sqlite3.Error:
            # Locks are not available on a disk that cannot be written; an empty log adds nothing.
            if written_here or log.stat().st_size:
                raise
    return connect_by_uri(path, "mode=ro&immutable=1")


def connect_by_uri(path: Path, parameters: str) -> sqlite3.Connection:
    """Open a database with parameters of SQLite's URI file names; sqlite3.Error."""
    # A question mark or a hash in the path would end it.
    escaped = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    database = sqlite3.connect(
        f"file:{escaped}?{parameters}", uri=True, autocommit=True, check_same_thread=False
    )
    try:
        database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database


def has_sqlite_header(path: Path) -> bool:
    """Return whether a file starts like a database, or is empty as before the first commit."""
    with path.open("rb") as file:
        return file.read(len(SQLITE_HEADER)) in (SQLITE_HEADER, b"")


def schema_version(database: sqlite3.Connection, migrations: Sequence[str]) -> int:
    """Return how many of the migrations a database has had.

    Raises SchemaError for a database of a newer version or of another program.
    """
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise SchemaError(
            f"written by a newer Limber (schema {version}, this one reads up to"
            f" {len(migrations)}); update the bridge"
        )
    if not version and database.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise SchemaError("a database of another program; use another path")
    return version
