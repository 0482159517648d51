"""Damaged journals: indexes are repaired, other damage is set aside once, and rows are not lost."""

import sqlite3
from contextlib import closing
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from limber_bridge.detection.events import Event, PositionChange
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage import integrity
from limber_bridge.storage.backups import list_backups
from limber_bridge.storage.integrity import DamagedDatabaseError, check_integrity, repair_indexes
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_file import probe_journal
from limber_bridge.storage.journal_upkeep import run_upkeep
from limber_bridge.storage.restore import SleeperSensors, restore_sleepers
from tests.bridge.damage import (
    PAGE_BYTES,
    damage_table,
    index_names,
    page_bytes,
    pages_of,
    replace_page,
)
from tests.bridge.examples import config, local
from tests.bridge.examples import night as example_night
from tests.contract import persisted

NIGHT = date(2026, 11, 22)
AT = local("2026-11-21T23:00")
ROWS = 900
INDEX_LEAF = 0x0A
"""First byte of a leaf page of an index (SQLite, "Database File Format")."""


def write(journal: Journal, first: int, last: int) -> None:
    """Write events in an order in which index pages change all over the file."""
    numbers = (number * 7919 % ROWS for number in range(first, last))
    events: list[tuple[date, Event]] = [
        (NIGHT, PositionChange(AT + number * 10**6, AT + number * 10**6 + 7)) for number in numbers
    ]
    journal.append("anna", events, persisted.PIPELINE_STATE)


def rows_of(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        tables = ["event", "night", "pipeline_state", "label", "retained_topic", "read_position"]
        return [
            (table, *row)
            for table in tables
            for row in database.execute(f"SELECT * FROM {table} NOT INDEXED")  # noqa: S608
        ]


class Aged:
    """A journal of 900 events, and the bytes of the same file with 600 of them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "limber.db"
        with Journal(self.path) as journal:
            write(journal, 0, 600)
            for day in range(1, 15):
                journal.save_night(example_night(date(2026, 10, day)))
        self.older = self.path.read_bytes()
        with Journal(self.path) as journal:
            write(journal, 600, ROWS)
            for day in range(1, 15):
                journal.save_night(example_night(date(2026, 11, day)))
            journal.save_topics(persisted.TOPICS)
        self.newer = self.path.read_bytes()
        self.rows = rows_of(self.path)

    def set_page(self, page: int, content: bytes) -> None:
        """Write the journal with one other page."""
        self.path.write_bytes(self.newer)
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        replace_page(self.path, page, content)


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory) -> Aged:
    return Aged(tmp_path_factory.mktemp("aged"))


def set_aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.damaged-*"))


def test_no_row_is_lost_where_a_page_of_an_index_is_out_of_date(
    aged: Aged, caplog: pytest.LogCaptureFixture
) -> None:
    """For every index page that differs: nothing is set aside, and the log says what was done."""
    pages = [
        page
        for page in pages_of(aged.path, *index_names(aged.path))
        if page * PAGE_BYTES <= len(aged.older)
        and page_bytes(aged.older, page) != page_bytes(aged.newer, page)
    ]
    assert len(pages) > 6
    for page in pages:
        caplog.clear()
        aged.set_page(page, page_bytes(aged.older, page))
        with Journal(aged.path) as journal:
            assert journal.notices == []
            assert len(journal.events("anna", NIGHT)) == ROWS
            assert len(journal.nights("anna")) == 28
            assert journal.retained_topics() == persisted.TOPICS
        assert rows_of(aged.path) == aged.rows
        (line,) = [line for line in caplog.messages if "an index was damaged" in line]
        assert "no row was lost" in line
        assert set_aside(aged.path) == []


def test_no_row_is_lost_where_all_indexes_are_out_of_date(tmp_path: Path) -> None:
    """Events that are stored again get new numbers, so that all indexes of their table disagree."""
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        write(journal, 0, ROWS)
    older = path.read_bytes()
    with closing(sqlite3.connect(path, autocommit=True)) as database:
        # As `append` does for a changed event: the row moves behind all others.
        for (number,) in database.execute("SELECT number FROM event ORDER BY number").fetchall():
            database.execute(
                "UPDATE event SET number = (SELECT max(number) + 1 FROM event) WHERE number = ?",
                (number,),
            )
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rows = rows_of(path)
    newer = path.read_bytes()
    for index in ("sqlite_autoindex_event_1", "event_by_night"):
        leaf = next(
            page
            for page in pages_of(path, index)
            if page * PAGE_BYTES <= len(older)
            and page_bytes(older, page)[0] == INDEX_LEAF == page_bytes(newer, page)[0]
        )
        replace_page(path, leaf, page_bytes(older, leaf))
    with Journal(path) as journal:
        assert journal.notices == []
        assert len(journal.events("anna", NIGHT)) == ROWS
    assert rows_of(path) == rows
    assert set_aside(path) == []


@pytest.mark.parametrize("content", [b"\0", b"\xa5"], ids=["zeros", "garbage"])
def test_no_row_is_lost_where_a_page_of_an_index_was_overwritten(
    aged: Aged, content: bytes
) -> None:
    aged.path.write_bytes(aged.newer)
    for page in pages_of(aged.path, *index_names(aged.path)):
        aged.set_page(page, content * PAGE_BYTES)
        with Journal(aged.path) as journal:
            assert journal.notices == []
        assert rows_of(aged.path) == aged.rows
    assert set_aside(aged.path) == []


def test_a_table_that_lost_rows_is_not_taken_for_a_damaged_index(
    aged: Aged, tmp_path: Path
) -> None:
    """To SQLite, an out-of-date page of a table can look like indexes with too many entries."""
    aged.path.write_bytes(aged.newer)
    refused = 0
    for number, page in enumerate(pages_of(aged.path, "event")):
        older = page_bytes(aged.older, page)
        for content in (older, b"\0" * PAGE_BYTES):
            if len(content) < PAGE_BYTES or content == page_bytes(aged.newer, page):
                continue
            path = tmp_path / f"{number}-{content == older}.db"
            path.write_bytes(aged.newer)
            replace_page(path, page, content)
            lost = lost_rows(path)
            try:
                repair_indexes(path)
            except DamagedDatabaseError:
                refused += lost
                continue
            assert not lost
    assert refused > 10


def lost_rows(path: Path) -> bool:
    """Whether the table of events cannot be read, or does not hold all events."""
    with closing(sqlite3.connect(path)) as database:
        try:
            found = database.execute("SELECT id FROM event NOT INDEXED").fetchall()
        except sqlite3.DatabaseError:
            return True
    return len(set(found)) < ROWS


def test_damage_that_only_a_read_finds_is_repaired_when_the_bridge_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In a file that is too large for the full check."""
    monkeypatch.setattr(integrity, "FULL_CHECK_MAX_BYTES", 0)
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        write(journal, 0, 50)
    older = path.read_bytes()
    (page,) = pages_of(path, "event_by_night")
    with Journal(path) as journal:
        # An event that changes gets a new row number; the number of entries stays the same.
        changed = PositionChange(AT, AT + 8)
        journal.append("anna", [(NIGHT, changed)], persisted.PIPELINE_STATE)
    replace_page(path, page, page_bytes(older, page))
    calendar = config(
        tmp_path, "{id: 1, source: simulated, placement: ankle, side: left, quantity: acceleration}"
    ).calendar
    with Journal(path) as journal:
        sleepers = {"anna": SleeperSensors(ids=[1], live=True)}
        restored = restore_sleepers(journal, sleepers, calendar, AT)
        assert len(restored["anna"].events_by_night[NIGHT]) == 50
        assert changed in restored["anna"].events_by_night[NIGHT]
        assert journal.notices == []
    assert caplog.text.count("an index was damaged") == 1
    assert set_aside(path) == []


def test_a_damaged_journal_is_set_aside_once(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        write(journal, 0, 100)
    damage_table(path)
    for number in range(5):
        with Journal(path) as journal:
            assert len(journal.notices) == int(number == 0)
            write(journal, 0, 10)
    assert len(set_aside(path)) == 1


def test_a_journal_that_is_set_aside_at_runtime_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        write(journal, 0, 100)
        journal.set_aside("simulated damage")
        assert journal.events("anna", NIGHT) == []
        write(journal, 0, 10)
        assert len(journal.events("anna", NIGHT)) == 10
        assert "simulated damage" in journal.notices[0]
    assert len(set_aside(path)) == 1


def test_damaged_backups_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        write(journal, 0, 100)
        run_upkeep(journal, NIGHT, RetentionLimits())
    (backup,) = list_backups(path)
    damage_table(backup)
    damage_table(path)
    with Journal(path) as journal:
        (notice,) = journal.notices
        assert "a new journal was started" in notice
    assert len(set_aside(path)) == 1
    assert backup.exists()


def test_the_check_names_damage_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        write(journal, 0, 100)
    damage_table(path)
    before = {one: one.read_bytes() for one in tmp_path.iterdir()}
    with pytest.raises(JournalError, match="start the bridge, which repairs it, or sets it aside"):
        probe_journal(path)
    assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_a_repair_that_does_not_succeed_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        write(journal, 0, 300)
    for page, name in product(pages_of(path, "event")[:2], ["sqlite_autoindex_event_1"]):
        replace_page(path, page, b"\xa5" * PAGE_BYTES)
        replace_page(path, pages_of(path, name)[0], b"\0" * PAGE_BYTES)
        break
    before = path.read_bytes()
    with pytest.raises(DamagedDatabaseError):
        repair_indexes(path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.glob(".*")] == []


def test_a_sound_database_passes_either_check(
    aged: Aged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "limber.db"
    path.write_bytes(aged.newer)
    with closing(sqlite3.connect(path)) as database:
        check_integrity(database)
        monkeypatch.setattr(integrity, "FULL_CHECK_MAX_BYTES", 0)
        check_integrity(database)
