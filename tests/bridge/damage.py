"""Damage of SQLite files, for tests."""

import sqlite3
from contextlib import closing
from pathlib import Path

PAGE_BYTES = 4096


def pages_of(path: Path, *names: str) -> list[int]:
    """Return the numbers of the pages of tables or indexes, from 1."""
    with closing(sqlite3.connect(path)) as database:
        return [
            page
            for name in names
            for (page,) in database.execute(
                "SELECT pageno FROM dbstat WHERE name = ? ORDER BY pageno", (name,)
            )
        ]


def index_names(path: Path) -> list[str]:
    """Return the names of all indexes."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name FROM sqlite_schema WHERE type = 'index'").fetchall()
    return [name for (name,) in rows]


def page_bytes(data: bytes, page: int) -> bytes:
    """Return the bytes of a page."""
    return data[(page - 1) * PAGE_BYTES : page * PAGE_BYTES]


def replace_page(path: Path, page: int, content: bytes) -> None:
    """Write a page of a database that is not open."""
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES)
        file.write(content)


def damage_table(path: Path, table: str = "event") -> None:
    """Overwrite every page of a table, so that its rows are lost."""
    for page in pages_of(path, table):
        replace_page(path, page, b"\xa5" * PAGE_BYTES)


KEY_COLUMNS = {
    "event": "id",
    "night": "night",
    "label": "id",
    "trial": "id",
    "settings": "sleeper",
    "pipeline_state": "sleeper",
}


def replace_payload(path: Path, table: str, key: str, payload: str) -> None:
    """Write the payload of a row of the journal."""
    with closing(sqlite3.connect(path, autocommit=True)) as database:
        changed = database.execute(
            f"UPDATE {table} SET payload = ? WHERE {KEY_COLUMNS[table]} = ?",  # noqa: S608 - names of this file
            (payload, key),
        )
        assert changed.rowcount == 1
