"""Files of the journal that are missing, cannot be read now, or belong to another user."""

import errno
import os
import pwd
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from limber_bridge.detection.events import PositionChange
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage import journal as journal_module
from limber_bridge.storage import journal_file as file_module
from limber_bridge.storage.backups import is_usable_backup, list_backups
from limber_bridge.storage.integrity import DamagedDatabaseError, confirm_damage, raise_read_error
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_file import probe_journal
from limber_bridge.storage.journal_upkeep import run_upkeep
from limber_bridge.storage.set_aside import (
    DATABASE_SUFFIXES,
    AsideReason,
    journals_aside,
    move_aside,
    suffixed,
)
from tests.bridge.damage import damage_table
from tests.bridge.examples import local

NIGHT = date(2026, 11, 22)
AT = local("2026-11-21T23:00")
SERVICE_USER = 65534
"""Exists on every Debian."""


def write(path: Path, count: int = 1, *, backup: bool = True) -> None:
    """Write a journal with some events, and its backup."""
    with Journal(path) as journal:
        events = [(NIGHT, PositionChange(AT + index, AT + index + 7)) for index in range(count)]
        journal.append("anna", events, PipelineState({}))
        if backup:
            run_upkeep(journal, NIGHT, RetentionLimits())


def asides(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.damaged-*"))


def test_a_missing_journal_is_restored_from_its_backup(tmp_path: Path) -> None:
    """As after a power cut while a damaged journal is replaced."""
    path = tmp_path / "limber.db"
    write(path)
    path.unlink()
    with Journal(path) as journal:
        (notice,) = journal.notices
        assert len(journal.events("anna", NIGHT)) == 1
    assert "was MISSING" in notice
    assert "continues from its backup" in notice
    with Journal(path) as journal:
        assert journal.notices == []


def test_a_missing_journal_without_a_backup_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    write(path, backup=False)
    path.unlink()
    with Journal(path) as journal:
        (notice,) = journal.notices
    assert "was MISSING" in notice
    assert "a new journal was started" in notice


def test_the_log_of_a_missing_journal_is_not_applied_to_its_backup(tmp_path: Path) -> None:
    """Its pages belong to the file that was moved away, and would damage the other one."""
    path = tmp_path / "limber.db"
    write(path)
    database = sqlite3.connect(path, autocommit=True)
    database.execute("DELETE FROM event")
    log = path.with_name("limber.db-wal").read_bytes()
    path.rename(tmp_path / "limber.db.damaged-20261122T030000")
    with Journal(path) as journal:
        assert len(journal.events("anna", NIGHT)) == 1
    aside = tmp_path / "limber.db.damaged-20261122T030000-wal"
    assert aside.read_bytes() == log
    database.close()


def test_a_backup_that_cannot_be_read_now_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The damaged journal stays in its place until the backup can be read again."""
    path = tmp_path / "limber.db"
    write(path)
    damage_table(path)
    monkeypatch.setattr(journal_module, "OPEN_RETRY_WAITS_S", (0.0,))
    with monkeypatch.context() as failing:

        def fail(_: Path) -> bool:
            raise OSError(errno.EMFILE, "Too many open files")

        failing.setattr(file_module, "is_usable_backup", fail)
        with Journal(path) as journal:
            assert not journal.writable
            assert journal.notices == []
        assert asides(path) == []
    with Journal(path) as journal:
        assert len(journal.events("anna", NIGHT)) == 1
    assert len(asides(path)) == 1


def test_a_copy_of_a_backup_is_not_set_aside_as_well(tmp_path: Path) -> None:
    """The cause is the same: the damaged journal is set aside once."""
    path = tmp_path / "limber.db"
    write(path)
    damage_table(path)
    with Journal(path) as journal:
        journal.set_aside("found while reading")
        assert len(asides(path)) == 1
        assert "is DAMAGED too" in journal.notices[-1]
        assert list_backups(path) == [tmp_path / "limber-backups" / "limber-2026-11-22.db"]


def test_damage_that_a_second_look_does_not_find_is_none(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    write(path)
    answers: Iterator[str | None] = iter(["a read failed", None])

    def look() -> str:
        answer = next(answers)
        if answer is not None:
            raise DamagedDatabaseError(answer)
        return "sound"

    assert confirm_damage(path, look) == "sound"


def test_a_page_that_cannot_be_read_is_no_damage() -> None:
    """266 is SQLITE_IOERR_READ, 11 is SQLITE_CORRUPT."""
    with pytest.raises(OSError, match="a page could not be read"):
        raise_read_error("Tree 2 page 3: unable to get the page. error code=266")
    raise_read_error("Tree 2 page 3: unable to get the page. error code=11")


def test_a_damaged_backup_is_not_usable(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    write(path)
    (backup,) = list_backups(path)
    assert is_usable_backup(backup)
    damage_table(backup)
    assert not is_usable_backup(backup)


@contextmanager
def folder_of_all_users() -> Iterator[Path]:
    """Make a folder that every user may enter; those of pytest are private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def error_as_service_user(action: Callable[[], object]) -> str:
    """Return the JournalError that an action raises for another user, in a child process."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.setuid(SERVICE_USER)
        try:
            action()
        except JournalError as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as output:
        return output.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("locked", [True, False], ids=["with lock", "without lock"])
def test_the_owner_of_a_journal_is_named(*, locked: bool) -> None:
    """The bridge ran once as root, then as the user of the service."""
    with folder_of_all_users() as folder:
        path = folder / "limber.db"
        write(path)
        path.chmod(0o600)
        if not locked:
            (folder / "limber.db.lock").unlink()
        for action in (lambda: Journal(path).close(), lambda: probe_journal(path)):
            text = error_as_service_user(action)
            assert "belongs to the user root" in text
            assert f"chown -R {pwd.getpwuid(SERVICE_USER).pw_name}: " in text
            assert "move the file away" not in text


def test_journals_set_aside_in_the_same_second_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    for number in range(3):
        for suffix in DATABASE_SUFFIXES:
            suffixed(path, suffix).write_text(f"{number}{suffix}")
        move_aside(path, AsideReason.UNREADABLE, DATABASE_SUFFIXES)
    asides = journals_aside(path, *AsideReason)
    assert [aside.read_text() for aside in asides] == ["0", "1", "2"]
    assert [suffixed(aside, "-wal").read_text() for aside in asides] == ["0-wal", "1-wal", "2-wal"]
