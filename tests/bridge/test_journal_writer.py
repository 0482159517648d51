"""Writing from the event loop: full, slow, read-only and failing disks."""

import asyncio
import os
import resource
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import override

import pytest

from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage import journal_upkeep as upkeep_module
from limber_bridge.storage import journal_writer as module
from limber_bridge.storage.backups import list_backups
from limber_bridge.storage.disk_faults import DiskFault
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_reader import open_journal_reader
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.schema import MIGRATIONS
from tests.bridge.damage import damage_table
from tests.bridge.examples import kick, local, night
from tests.bridge.test_journal import night_0

pytestmark = pytest.mark.real_time

NIGHT = date(2026, 11, 22)
AT = local("2026-11-21T23:00")


def batch(number: int) -> JournalBatch:
    """Return a batch with one movement."""
    return JournalBatch(
        "anna", events=((NIGHT, kick(AT + number * 5_000_000)),), pipeline_state=PipelineState({})
    )


@contextmanager
def full_disk() -> Iterator[None]:
    """Simulate a full disk: no file of this process can grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def until(met: Callable[[], object]) -> None:
    """Wait until a condition is met."""
    end = time.monotonic() + 60
    while not met():
        assert time.monotonic() < end, "condition not met in time"
        await asyncio.sleep(0.01)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time until a failed disk is tried again."""
    monkeypatch.setattr(module, "RETRY_AFTER_S", 0.05)


async def test_a_batch_is_in_the_journal_when_write_returns(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "limber.db") as journal,
        open_journal_reader(tmp_path / "limber.db") as reader,
    ):
        recorder = JournalWriter(journal)
        for number in range(20):
            await recorder.write(batch(number))
            assert len(reader.events("anna", NIGHT)) == number + 1
        assert recorder.status.healthy
        await recorder.close()


@pytest.mark.usefixtures("quick")
async def test_a_full_disk_delays_nothing_and_everything_is_written_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        recorder = JournalWriter(journal)
        await recorder.write(batch(0))
        with full_disk():
            for number in range(1, 300):
                await recorder.write(batch(number))
            await recorder.write(JournalBatch("anna", nights=(night(NIGHT),)))
            recording = recorder.status
            assert (recording.healthy, recording.fault, recording.pending) == (
                False,
                DiskFault.DISK_ERROR,
                299,
            )
            assert [one.date for one in recorder.pending_nights("anna")] == [NIGHT]
            assert journal.nights("anna") == []
        await until(lambda: recorder.status.healthy)
        assert len(journal.events("anna", NIGHT)) == 300
        assert journal.nights("anna") == [night(NIGHT)]
        assert recorder.pending_nights("anna") == []
        await recorder.close()
    assert caplog.text.count("NOT RECORDING") == 1
    assert caplog.text.count("recording again") == 1


class SlowJournal(Journal):
    """A journal whose writes take a given time."""

    delay = 0.0

    @override
    def write(self, pages: Iterable[JournalBatch]) -> None:
        time.sleep(self.delay)
        super().write(pages)


async def test_a_slow_disk_delays_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOW_AFTER_S", 0.1)
    with SlowJournal(tmp_path / "limber.db") as journal:
        recorder = JournalWriter(journal)
        journal.delay = 0.6
        began = time.monotonic()
        for number in range(50):
            await recorder.write(batch(number))
        assert time.monotonic() - began < 0.5
        assert (recorder.status.healthy, recorder.status.fault) == (False, DiskFault.SLOW)
        journal.delay = 0.0
        await until(lambda: recorder.status.healthy)
        assert len(journal.events("anna", NIGHT)) == 50
        await recorder.close()


@pytest.mark.usefixtures("quick")
async def test_pending_events_are_limited_and_lost_ones_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_PENDING_EVENTS", 10)
    with Journal(tmp_path / "limber.db") as journal:
        recorder = JournalWriter(journal)
        with full_disk():
            for number in range(25):
                await recorder.write(batch(number))
            assert (recorder.status.pending, recorder.status.lost) == (10, 15)
        await until(lambda: recorder.status.healthy)
        assert [event.onset for event in journal.events("anna", NIGHT)] == [
            AT + n * 5_000_000 for n in range(15, 25)
        ]
        assert recorder.status.lost == 15
        await recorder.close()
    assert caplog.text.count("the oldest are lost") == 1


@pytest.mark.usefixtures("quick")
async def test_the_limit_of_pending_events_is_for_all_sleepers_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PENDING_EVENTS", 10)
    with Journal(tmp_path / "limber.db") as journal:
        recorder = JournalWriter(journal)
        with full_disk():
            for number in range(30):
                await recorder.write(replace(batch(number), sleeper=f"sleeper {number % 5}"))
            assert (recorder.status.pending, recorder.status.lost) == (10, 20)
        await until(lambda: recorder.status.healthy)
        kept = [len(journal.events(f"sleeper {number}", NIGHT)) for number in range(5)]
        assert kept == [2] * 5
        await recorder.close()


@pytest.mark.usefixtures("quick")
async def test_a_journal_damaged_at_runtime_is_replaced_and_filled_with_all_that_is_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The new journal gets the current nights from memory; the log names the damaged file."""
    path = tmp_path / "limber.db"
    everything = [batch(number) for number in range(40)]
    with Journal(path) as journal:
        recorder = JournalWriter(journal, lambda: everything)
        await recorder.write(*everything)
        assert journal._database is not None
        journal._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with full_disk():
            await recorder.write(batch(40))
            assert not recorder.status.healthy
        damage_table(path)
        await until(lambda: recorder.status.healthy)
        assert len(journal.events("anna", NIGHT)) == 41
        (notice,) = journal.notices
        await recorder.close()
    assert notice in caplog.text
    assert "was DAMAGED" in notice


async def test_a_journal_that_could_not_be_read_is_not_overwritten(tmp_path: Path) -> None:
    """An older journal on a full disk cannot be migrated, and so cannot be read."""
    path = tmp_path / "limber.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1;")
        database.execute(
            "INSERT INTO night VALUES ('anna', ?, 3, ?)", (str(NIGHT), night_0(NIGHT, 3))
        )
        database.commit()
    with full_disk():
        journal = Journal(path)
        recorder = JournalWriter(journal)
        assert journal.nights("anna") == []
        await recorder.write(JournalBatch("anna", nights=(night(NIGHT),)))
        assert not recorder.status.healthy
    with journal:
        with pytest.raises(JournalError, match="restart the bridge to continue from what it holds"):
            await until(
                lambda: (
                    recorder._task is not None and recorder._task.done() and recorder._task.result()
                )
            )
        with pytest.raises(JournalError, match="restart the bridge to continue from what it holds"):
            await recorder.write(batch(0))
        await recorder.close()
    with Journal(path) as again:
        assert again.nights("anna") == [night(NIGHT, 3)]


async def test_failing_upkeep_is_logged_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        recorder = JournalWriter(journal)
        await recorder.write(batch(0))
        with monkeypatch.context() as patched:
            patched.setattr(upkeep_module, "BACKUP_FREE_FACTOR", 10**12)
            assert not await recorder.run_upkeep(NIGHT, RetentionLimits())
            assert not await recorder.run_upkeep(NIGHT, RetentionLimits())
            assert "the disk is nearly full" in recorder.upkeep_problem
        assert list_backups(tmp_path / "limber.db") == []
        assert await recorder.run_upkeep(NIGHT, RetentionLimits())
        assert len(list_backups(tmp_path / "limber.db")) == 1
        assert recorder.upkeep_problem == ""
        await recorder.close()
    assert caplog.text.count("no backup of the journal, as the disk is nearly full") == 1


async def test_closing_on_a_full_disk_logs_what_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        recorder = JournalWriter(journal)
        with full_disk():
            await recorder.write(batch(0))
            await recorder.close()
    assert "stopped with 1 events that could not be written" in caplog.text


@pytest.mark.usefixtures("quick")
async def test_a_journal_on_a_full_disk_is_read_and_opened_for_writing_later(
    tmp_path: Path,
) -> None:
    """The disk is full when the bridge starts."""
    with Journal(tmp_path / "limber.db") as journal:
        journal.save_night(night(NIGHT))
    with full_disk():
        journal = Journal(tmp_path / "limber.db")
        recorder = JournalWriter(journal)
        assert not journal.writable
        assert journal.nights("anna") == [night(NIGHT)]
        await recorder.write(batch(0))
        assert not recorder.status.healthy
    with journal:
        await until(lambda: recorder.status.healthy)
        assert len(journal.events("anna", NIGHT)) == 1
        await recorder.close()


@pytest.mark.usefixtures("quick")
async def test_read_positions_are_written_once_the_disk_has_space(tmp_path: Path) -> None:
    """Otherwise recorded frames could be sent again after a restart."""
    with Journal(tmp_path / "limber.db") as journal:
        recorder = JournalWriter(journal)
        with full_disk():
            for number in range(1, 6):
                starts = ((1, ReadPosition(7, 25 * number)), (1, ReadPosition(8 + number, 25)))
                await recorder.write(
                    JournalBatch("anna", read_positions=starts),
                    JournalBatch("bob", read_positions=((2, ReadPosition(7, number)),)),
                )
            assert journal.read_positions() == {}
        await until(lambda: recorder.status.healthy)
        boots = [
            ReadPosition(9, 25),
            ReadPosition(10, 25),
            ReadPosition(11, 25),
            ReadPosition(12, 25),
            ReadPosition(7, 125),
            ReadPosition(13, 25),
        ]
        assert journal.read_positions() == {1: boots, 2: [ReadPosition(7, 5)]}
        await recorder.close()


@contextmanager
def may_become_read_only(folder: Path) -> Iterator[Callable[[str], None]]:
    """Make a folder whose file system can be remounted `ro` or `rw`.

    Where mounting is not allowed, only the permissions change.
    """
    folder.mkdir()
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "limber-test", folder], capture_output=True, check=False
    ).returncode

    def remount(way: str) -> None:
        if mounted:
            subprocess.run(["mount", "-o", f"remount,{way}", folder], check=True)
        for path in [] if mounted else [folder, *folder.iterdir()]:
            path.chmod(0o500 if way == "ro" else 0o700)

    try:
        yield remount
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=False)


@pytest.mark.usefixtures("quick")
async def test_a_file_system_that_becomes_read_only_delays_nothing(tmp_path: Path) -> None:
    """Linux remounts a failing card so. A bridge that starts then can read the journal."""
    if os.geteuid() == 0 and not can_mount(tmp_path / "try"):
        pytest.skip("root ignores permissions, and mounting is not allowed here")
    with may_become_read_only(tmp_path / "disk") as remount:
        path = tmp_path / "disk" / "limber.db"
        with Journal(path) as journal:
            recorder = JournalWriter(journal)
            await recorder.write(batch(0))
            await recorder.close()
        remount("ro")
        journal = Journal(path)
        recorder = JournalWriter(journal)
        assert len(journal.events("anna", NIGHT)) == 1
        await recorder.write(batch(1))
        assert recorder.status.fault is DiskFault.READ_ONLY
        assert "give the bridge's user write permission" in (recorder.status.detail or "")
        remount("rw")
        with journal:
            await until(lambda: recorder.status.healthy)
            assert len(journal.events("anna", NIGHT)) == 2
            await recorder.close()


def can_mount(folder: Path) -> bool:
    """Whether mounting is allowed."""
    with may_become_read_only(folder):
        return folder.is_mount()


async def test_pending_batches_of_several_sleepers_stay_apart(tmp_path: Path) -> None:
    with Journal(tmp_path / "limber.db") as journal:
        recorder = JournalWriter(journal)
        with full_disk():
            await recorder.write(batch(0))
            await recorder.write(
                JournalBatch("bob", events=batch(1).events, pipeline_state=PipelineState({}))
            )
        await recorder.close()
        assert [len(journal.events(sleeper, NIGHT)) for sleeper in ("anna", "bob")] == [1, 1]
