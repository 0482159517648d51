"""Check SQLite databases for damage, and repair damaged indexes.

An index holds nothing that its table does not hold. So while the tables are whole, every index can
be built again, and no row is lost.

A page that cannot be read now says nothing about the file: that is an error of the disk, not
damage.
"""

import errno
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

type RowIds = NDArray[np.int64]

FULL_CHECK_MAX_BYTES: Final = 64_000_000
"""Bytes. chosen: `integrity_check`, which also compares indexes with tables, reads 65 MB/s on a
desktop machine, `quick_check` four times as much. Larger files get the quick check at each start.
"""

DAMAGE_CODES: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""Primary result codes of a damaged file."""
REBUILD_DAMAGE_CODES: Final = (*DAMAGE_CODES, sqlite3.SQLITE_CONSTRAINT)
"""While indexes are rebuilt, a constraint fails if a table page was replaced by an older one, so
that a row is there twice. Elsewhere a failed constraint is a program fault, not damage."""


READ_ERROR: Final = re.compile(r"unable to get the page\. error code=(\d+)")
"""How a check of SQLite reports a page that it could not read, with the result code."""
READ_SIZE: Final = 2**20
"""Bytes that are read at once. chosen."""


_descriptors: Final[dict[tuple[int, int], int]] = {}
"""Of files that were read by `kept_descriptor`, by device and inode."""


class DamagedDatabaseError(Exception):
    """A database is damaged; the text is what SQLite says about it."""


@contextmanager
def raise_damage(codes: Sequence[int] = DAMAGE_CODES) -> Iterator[None]:
    """Raise DamagedDatabaseError for an sqlite3.Error inside that says the file is damaged."""
    try:
        yield
    except sqlite3.Error as error:
        if is_damage(error, codes):
            raise DamagedDatabaseError(str(error)) from error
        raise


def is_damage(error: sqlite3.Error, codes: Sequence[int] = DAMAGE_CODES) -> bool:
    """Return whether an error says that the database file is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in codes


def check_integrity(database: sqlite3.Connection, *, full: bool = False) -> None:
    """Raise DamagedDatabaseError if a database is damaged.

    `full`: also compare the indexes of a large file with their tables.
    Raises sqlite3.Error or OSError if it cannot be checked.
    """
    with raise_damage():
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        page_size = database.execute("PRAGMA page_size").fetchone()[0]
        full = full or pages * page_size <= FULL_CHECK_MAX_BYTES
        (answer,) = database.execute(
            f"PRAGMA {'integrity_check' if full else 'quick_check'}(1)"
        ).fetchone()
    raise_read_error(answer)
    if answer != "ok":
        raise DamagedDatabaseError(" ".join(answer.split()))


def raise_read_error(answer: str) -> None:
    """Raise OSError where the answer of a check says that a page could not be read."""
    found = READ_ERROR.search(answer)
    if found is not None and int(found[1]) & 0xFF not in DAMAGE_CODES:
        raise OSError(errno.EIO, f"a page could not be read (SQLite code {found[1]})")


def confirm_damage[T](path: Path, action: Callable[[], T]) -> T:
    """Return what an action on a database returns; DamagedDatabaseError only if it is certain.

    A read that fails looks like damage to SQLite in some places. So where the action finds damage,
    every byte of the database is read, and the action is run again. Raises OSError where a byte
    cannot be read now, and what the action raises.
    """
    try:
        return action()
    except DamagedDatabaseError:
        for file in (path, path.with_name(path.name + "-wal")):
            if file_exists(file):
                read_whole_file(file)
    return action()


def read_whole_file(path: Path) -> None:
    """Read every byte of a file of a database; OSError."""
    descriptor = kept_descriptor(path)
    offset = 0
    while data := os.pread(descriptor, READ_SIZE, offset):
        offset += len(data)


def kept_descriptor(path: Path) -> int:
    """Open a file of a database for reading; OSError.

    Closing the file would release the locks that SQLite holds on it in this process, so it stays
    open, once for each file.
    """
    status = path.stat()
    key = (status.st_dev, status.st_ino)
    if key not in _descriptors:
        _descriptors[key] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return _descriptors[key]


def file_exists(path: Path) -> bool:
    """Return whether a file exists; OSError where that cannot be found out.

    `Path.exists` returns False for a file that cannot be examined at the moment.
    """
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def repair_indexes(path: Path) -> str:
    """Rebuild the indexes of a damaged database whose tables are whole; return what was done.

    `REINDEX` is tried first, and committed only if the database is sound afterwards. Where it is
    not enough (an index points to pages that belong to something else, or pages are lost) the
    tables are copied into a new file. Raises DamagedDatabaseError where a table is damaged, and
    sqlite3.Error or OSError where the disk cannot be written.
    """
    with raise_damage(REBUILD_DAMAGE_CODES):
        with closing(sqlite3.connect(path, autocommit=True)) as database:
            check_tables(database)
            if reindex(database):
                return "its indexes were rebuilt"
        rebuild(path)
    return "it was rebuilt from its tables"


def reindex(database: sqlite3.Connection) -> bool:
    """Rebuild all indexes; return whether that left the database sound, and nothing changed if not.

    Raises sqlite3.Error or OSError where the disk cannot be read or written.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        database.execute("REINDEX")
        (answer,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        raise_read_error(answer)
        if answer == "ok":
            database.execute("COMMIT")
            return True
    except sqlite3.Error as error:
        if not is_damage(error, REBUILD_DAMAGE_CODES):
            raise
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
    return False


def rebuild(path: Path) -> None:
    """Replace a database by a copy that is made from its tables alone.

    Raises DamagedDatabaseError, sqlite3.Error or OSError; the database is then unchanged.
    """
    part = path.with_name(f".{path.name}.rebuilt")
    part.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(path, autocommit=True)) as database:
            rows = count_rows(database)
            copy_tables(database, part)
        with closing(sqlite3.connect(part, autocommit=True)) as rebuilt:
            check_integrity(rebuilt)
            if count_rows(rebuilt) != rows:
                raise DamagedDatabaseError("rows are missing after a rebuild")
        log = path.with_name(path.name + "-wal")
        if file_exists(log) and log.stat().st_size:
            # The log belongs to the damaged file and must not be applied to another one.
            raise DamagedDatabaseError("its write-ahead log cannot be emptied")
        part.chmod(path.stat().st_mode & 0o777)
        fsync(part)
        part.replace(path)
        fsync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def copy_tables(database: sqlite3.Connection, target: Path) -> None:
    """Copy all rows into a new file by reading the tables alone, and make the indexes from them.

    `VACUUM INTO` would copy the pages of the indexes as well. Raises sqlite3.Error.
    """
    version = database.execute("PRAGMA user_version").fetchone()[0]
    schema = database.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type = 'index'"
    ).fetchall()
    database.execute("ATTACH ? AS rebuilt", (str(target),))
    with closing(sqlite3.connect(target, autocommit=True)) as empty:
        for _, _, statement in schema:
            empty.execute(statement)
        empty.execute(f"PRAGMA user_version = {version}")
    for type_, name, _ in schema:
        if type_ == "table":
            # Without ORDER BY, SQLite copies the pages of the indexes from one file to the other.
            database.execute(
                f'INSERT INTO rebuilt."{name}"'  # noqa: S608 - a name from the schema
                f' SELECT * FROM main."{name}" NOT INDEXED ORDER BY rowid'
            )
    database.execute("DETACH rebuilt")


def count_rows(database: sqlite3.Connection) -> dict[str, int]:
    """Return the number of rows of each table, counted in the table itself."""
    return {
        table: database.execute(f'SELECT count(*) FROM "{table}" NOT INDEXED').fetchone()[0]  # noqa: S608 - names from the schema
        for table in table_names(database)
    }


def check_tables(database: sqlite3.Connection) -> None:
    """Raise DamagedDatabaseError if a table cannot be read, or has lost rows that its indexes show.

    A table page that was replaced by an older one looks like damaged indexes to SQLite. Building
    the indexes again would then hide that rows are missing.
    """
    for table in table_names(database):
        for _ in database.execute(f'SELECT * FROM "{table}" NOT INDEXED'):  # noqa: S608 - a name from the schema
            pass
        rows = row_ids(database, table, "NOT INDEXED")
        assert rows is not None  # noqa: S101 - only an index may be unreadable
        indexes = [
            row_ids(database, table, f'INDEXED BY "{index}"')
            for _, index, *_ in database.execute(f'PRAGMA index_list("{table}")').fetchall()
        ]
        if is_complete(rows, [found for found in indexes if found is not None]):
            continue
        if not any(has_newest_keys(database, table, key) for key in unique_keys(database, table)):
            raise DamagedDatabaseError(f"rows of table {table} are missing")


def table_names(database: sqlite3.Connection) -> list[str]:
    """Return the names of all tables."""
    return [
        name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    ]


def row_ids(database: sqlite3.Connection, table: str, access: str) -> RowIds | None:
    """Return the ids of the rows of a table, sorted, as the table or an index of it shows them.

    None where an index cannot be read; DamagedDatabaseError where the table cannot.
    """
    try:
        found = database.execute(f'SELECT rowid FROM "{table}" {access}')  # noqa: S608 - names from the schema
        return np.unique(np.fromiter((row for (row,) in found), np.int64))
    except sqlite3.Error as error:
        if access == "NOT INDEXED" or not is_damage(error):
            raise
        return None


def is_complete(table: RowIds, indexes: Sequence[RowIds]) -> bool:
    """Return whether a table has all its rows, as far as its indexes show.

    If an index agrees with the table, another one that shows more rows is out of date. If the only
    index disagrees, the one with more rows is taken to be right.
    """
    surplus = [len(np.setdiff1d(index, table, assume_unique=True)) for index in indexes]
    if not any(surplus):
        return True
    if any(np.array_equal(index, table) for index in indexes):
        return True
    return len(indexes) == 1 and len(table) >= len(indexes[0])


def unique_keys(database: sqlite3.Connection, table: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the unique indexes of a table, each with the columns of its key."""
    for _, index, unique, *_ in database.execute(f'PRAGMA index_list("{table}")').fetchall():
        if unique:
            columns = database.execute(f'PRAGMA index_info("{index}")').fetchall()
            yield index, [name for _, _, name in columns]


def has_newest_keys(database: sqlite3.Connection, table: str, key: tuple[str, list[str]]) -> bool:
    """Return whether a table has every key that an index shows, in a version at least as new.

    A row that is written again gets a higher id. If all indexes show ids that the table lacks, but
    the table has the same keys with higher ids, then the indexes are out of date. If its ids are
    lower, the table is. An index that cannot be read shows nothing: False.
    """
    index, columns = key
    try:
        shown = newest_ids(database, table, columns, f'INDEXED BY "{index}"')
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        return False
    found = newest_ids(database, table, columns, "NOT INDEXED")
    return all(row in found and found[row] >= number for row, number in shown.items())


def newest_ids(
    database: sqlite3.Connection, table: str, columns: Sequence[str], access: str
) -> dict[tuple[object, ...], int]:
    """Return the highest row id of each key, as the table or an index of it shows them."""
    names = ", ".join(f'"{name}"' for name in columns)
    newest: dict[tuple[object, ...], int] = {}
    query = f'SELECT rowid, {names} FROM "{table}" {access}'  # noqa: S608 - names from the schema
    for number, *values in database.execute(query):
        row = tuple(values)
        newest[row] = max(number, newest.get(row, number))
    return newest


def copy_database(database: sqlite3.Connection, target: Path) -> None:
    """Copy a database as it is now into a file, which is complete or not there at all.

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
    """Make a file or a folder survive a power cut; OSError."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
