"""The copy of the journal in a backup of Home Assistant."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limber_bridge.cli import main
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage.backups import saved_path
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_upkeep import run_upkeep
from limber_bridge.supervisor.saved_journal import (
    discard_saved_journal,
    place_saved_journal,
    save_journal,
)
from tests.bridge.examples import night

FIRST = date(2026, 11, 1)


def dates(path: Path) -> list[date]:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT night FROM night ORDER BY night")
        return [date.fromisoformat(row[0]) for row in rows]


def test_without_a_journal_there_is_nothing_to_save(tmp_path: Path) -> None:
    assert save_journal(tmp_path / "limber.db") is None
    assert list(tmp_path.iterdir()) == []


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None
)
@given(before=st.integers(0, 4), after=st.integers(0, 3))
def test_the_copy_holds_what_was_written_before_it(
    tmp_path_factory: pytest.TempPathFactory, before: int, after: int
) -> None:
    path = tmp_path_factory.mktemp("data") / "limber.db"
    written = [FIRST + timedelta(days=number) for number in range(before + after)]
    with Journal(path) as journal:
        for day in written[:before]:
            journal.save_night(night(day))
        saved = save_journal(path)
        assert saved is not None
        for day in written[before:]:
            journal.save_night(night(day))
    assert dates(saved) == written[:before]
    assert dates(path) == written
    assert saved.stat().st_mode & 0o777 == 0o600


def test_a_second_backup_replaces_a_copy_that_was_left(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    saved_path(path).write_text("left by a backup that was interrupted")
    with Journal(path) as journal:
        journal.save_night(night(FIRST))
        save_journal(path)
    assert dates(saved_path(path)) == [FIRST]
    discard_saved_journal(path)
    discard_saved_journal(path)
    assert not saved_path(path).exists()


def test_a_restored_copy_becomes_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        journal.save_night(night(FIRST))
        save_journal(path)
    restored = tmp_path / "restored" / "limber.db"
    restored.parent.mkdir()
    saved_path(path).rename(saved_path(restored))
    place_saved_journal(restored)
    with Journal(restored) as journal:
        assert not journal.notices
    assert dates(restored) == [FIRST]


def test_a_copy_beside_a_journal_is_deleted(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        save_journal(path)
        journal.save_night(night(FIRST))
    place_saved_journal(path)
    assert dates(path) == [FIRST]
    assert not saved_path(path).exists()


def test_a_journal_that_was_lost_continues_from_its_own_backups(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    with Journal(path) as journal:
        save_journal(path)
        journal.save_night(night(FIRST))
        run_upkeep(journal, FIRST, RetentionLimits(None, 1000, 7, 7, 2000))
    path.unlink()
    place_saved_journal(path)
    assert saved_path(path).exists()
    with Journal(path) as journal:
        assert journal.notices
    assert dates(path) == [FIRST]


def test_a_file_that_is_no_journal_fails_the_backup_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "limber.db"
    path.write_bytes(b"a picture" * 1000)
    with pytest.raises(JournalError):
        save_journal(path)
    missing = str(tmp_path / "limber.yaml")
    assert main(["app", "backup", "--config", missing, "--journal", str(path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not saved_path(path).exists()


def test_a_backup_works_while_limber_yaml_has_an_error(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    Journal(path).close()
    broken = tmp_path / "limber.yaml"
    broken.write_text("bridge: [")
    arguments = ["--config", str(broken), "--journal", str(path)]
    assert main(["app", "backup", *arguments]) == 0
    assert saved_path(path).exists()
    assert main(["app", "backup-done", *arguments]) == 0
    assert not saved_path(path).exists()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("bridge: {time_zone: !env_var NOT_SET_HERE, journal: other.db}\n", "other.db"),
        ("bridge: {id: home}\n", "limber.db"),
        ("bridge: {journal: [1]}\n", "first.db"),
        ("bridge: 7\n", "first.db"),
        ("- a list\n", "first.db"),
        ("", "first.db"),
    ],
)
def test_the_journal_of_limber_yaml_is_saved_whatever_else_the_file_lacks(
    tmp_path: Path, text: str, name: str
) -> None:
    config = tmp_path / "limber.yaml"
    config.write_text(text)
    Journal(tmp_path / name).close()
    arguments = ["--config", str(config), "--journal", str(tmp_path / "first.db")]
    assert main(["app", "backup", *arguments]) == 0
    assert saved_path(tmp_path / name).exists()
