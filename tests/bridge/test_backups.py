"""Backups of the journal: one a day, whatever happened to its events and to the clock."""

import errno
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devtools.processes import free_port
from limber_bridge.detection.events import PositionChange
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage import journal_upkeep
from limber_bridge.storage.backups import (
    backup_folder,
    backup_order,
    list_backups,
    written_order,
)
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_upkeep import run_upkeep
from tests.bridge.conftest import StartBridge
from tests.bridge.damage import damage_table
from tests.bridge.examples import BERLIN
from tests.bridge.running_bridge import listen_on, wait_for
from tests.bridge.test_bridge_health import health, web_on
from tests.bridge.test_import_nights import batch_of, config, journal_of, listed, recorded
from tests.bridge.test_import_nights import run_import as run_import_command

__all__ = ["config", "recorded"]

NIGHT = date(2026, 11, 22)
CALENDAR = Calendar(BERLIN)


def add_events(journal: Journal, night: date, count: int = 5) -> None:
    begin = CALENDAR.begin(night)
    events = [(night, PositionChange(begin + one, begin + one + 1)) for one in range(count)]
    journal.append("anna", events, PipelineState({}))


def back_up_on(path: Path, days: list[date]) -> None:
    """Run the daily upkeep; each day's backup must be there, and be the newest one."""
    with Journal(path) as journal:
        for day in days:
            assert run_upkeep(journal, day, RetentionLimits()).problem is None
            assert list_backups(path)[0].name == f"limber-{day}.db"


def test_an_import_that_is_undone_stops_no_later_backup(
    config: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last events of the journal are gone then, so each new backup holds fewer of them."""
    path = config.parent / "limber.db"
    assert run_import_command(config, recorded) == 0
    assert journal_of(config) == path
    back_up_on(path, [NIGHT - timedelta(days=back) for back in range(6, -1, -1)])
    for night in listed(config, capsys):
        assert run_import_command(config, "--undo", night["night"]) == 0
    later = [NIGHT + timedelta(days=ahead) for ahead in range(1, 8)]
    back_up_on(path, later)
    names = {backup.name for backup in backup_folder(path).iterdir()}
    assert names == {f"limber-{day}.db" for day in later}


def test_a_journal_continues_from_the_backup_after_an_undone_import(
    config: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was undone does not come back with an older backup."""
    path = config.parent / "limber.db"
    assert run_import_command(config, recorded) == 0
    back_up_on(path, [NIGHT])
    assert run_import_command(config, "--undo", batch_of(listed(config, capsys)[0])) == 0
    back_up_on(path, [NIGHT + timedelta(days=1)])
    damage_table(path, "night")
    with Journal(path) as journal:
        assert journal.notices
        assert journal.nights("anna") == []


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "delete", "nothing", "continue from a backup"]),
            st.integers(-400, 400),
        ),
        min_size=1,
        max_size=14,
    )
)
def test_every_backup_is_the_newest_when_it_is_made(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Whatever happened to the events, and whatever date the clock shows."""
    path = tmp_path_factory.mktemp("backups") / "limber.db"
    for number, (step, days) in enumerate(steps):
        day = NIGHT + timedelta(days=days)
        with Journal(path) as journal:
            if step == "add":
                add_events(journal, NIGHT + timedelta(days=number))
            if step == "delete":
                for night in journal.nights_with_events()[:2]:
                    journal.delete_events("anna", night)
        if step == "continue from a backup":
            path.unlink()
        already = list_backups(path)[:1]
        back_up_on(path, [day])
        backups = list_backups(path)
        assert len(backups) <= 7
        if backups[:1] != already:
            numbers = [backup_order(backup)[0] for backup in backups]
            assert numbers == sorted(set(numbers), reverse=True)


def test_backups_of_an_older_schema_come_before_all_others(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        add_events(journal, NIGHT)
    back_up_on(path, [NIGHT])
    with closing(sqlite3.connect(list_backups(path)[0])) as older:
        older.execute("DROP TABLE backup_count")
        older.execute("UPDATE event SET number = number + 1000")
        older.commit()
    back_up_on(path, [NIGHT + timedelta(days=1)])
    assert [backup.name for backup in list_backups(path)] == [
        "limber-2026-11-23.db",
        "limber-2026-11-22.db",
    ]


def test_a_backup_that_cannot_be_read_is_named_and_prevents_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "limber.db"
    days = [NIGHT + timedelta(days=ahead) for ahead in range(9)]
    back_up_on(path, days[:1])
    (bad,) = list_backups(path)

    def read_order(backup: Path) -> tuple[int, int, int, str]:
        if backup == bad:
            raise OSError(errno.EIO, "Input/output error")
        return written_order(backup)

    monkeypatch.setattr(journal_upkeep, "written_order", read_order)
    with Journal(path) as journal:
        for day in days[1:]:
            problem = run_upkeep(journal, day, RetentionLimits()).problem
            assert problem is not None
            assert "limber-2026-11-22.db cannot be read" in problem
    names = {backup.name for backup in list_backups(path)}
    assert names == {bad.name, *(f"limber-{day}.db" for day in days[2:])}


def test_a_backup_that_cannot_be_made_is_a_problem_of_the_bridge(
    tmp_path: Path, start_bridge: StartBridge
) -> None:
    (tmp_path / "limber-backups").write_text("not a folder")
    port = free_port()
    more = web_on(port) + listen_on(free_port())
    start_bridge("{id: 1, source: network, placement: ankle, quantity: acceleration}", 1, more)
    wait_for(lambda: health(port) is not None and upkeep_problems(port) != [])
    (message,) = upkeep_problems(port)
    assert "limber-backups: no backup of the journal" in message
    assert health(port)["healthy"] is False


def upkeep_problems(port: int) -> list[str]:
    found = health(port)["bridge"]["problems"]
    return [problem["message"] for problem in found if problem["key"] == "journal_upkeep"]
