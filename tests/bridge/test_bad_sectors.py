"""A place of the disk that is lost for good is distinguished from reads that fail for a while."""

import errno
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devtools.fault_shim import FaultControl
from devtools.processes import free_port, start
from limber_bridge.detection.events import event_id
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage import bad_sectors, journal_file, journal_writer
from limber_bridge.storage.bad_sectors import (
    LOST_AFTER_S,
    MIN_ATTEMPTS,
    BadSectorWatch,
    find_unreadable,
)
from limber_bridge.storage.disk_faults import DiskFault
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_upkeep import run_upkeep
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.sqlite import open_to_write
from tests.bridge.conftest import StartBridge
from tests.bridge.running_bridge import listen_on, wait_for
from tests.bridge.test_bridge_health import health, web_on
from tests.bridge.test_journal_writer import NIGHT, batch, until
from tests.required_programs import need

PATH = Path("limber.db")


@dataclass(slots=True)
class Disk:
    """A disk whose attempts to read are given: an offset that fails, None, or an error."""

    now: float = 0.0
    answer: int | OSError | None = None
    asked: list[int | None] = field(default_factory=list)

    def read(self, _: Path, likely: int | None = None) -> int | None:
        self.asked.append(likely)
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(bad_sectors, "find_unreadable", disk.read)
    return disk


def test_a_place_that_fails_for_ten_minutes_is_lost(disk: Disk) -> None:
    watch = BadSectorWatch(lambda: disk.now)
    disk.answer = 8192
    found = []
    while disk.now <= LOST_AFTER_S:
        found.append(watch.is_lost(PATH))
        disk.now += 2.0
    assert found == [*[False] * (len(found) - 1), True]
    assert disk.asked == [None, *[8192] * (len(found) - 1)]


def test_few_attempts_do_not_decide(disk: Disk) -> None:
    watch = BadSectorWatch(lambda: disk.now)
    disk.answer = 0
    for attempt in range(1, MIN_ATTEMPTS + 1):
        assert watch.is_lost(PATH) is (attempt == MIN_ATTEMPTS)
        disk.now += LOST_AFTER_S


ANSWERS = st.sampled_from(
    [4096, 4096, 4096, 8192, None, OSError(errno.EIO, "all"), OSError(errno.EMFILE, "files")]
)


@settings(deadline=None)
@given(st.lists(st.tuples(ANSWERS, st.sampled_from([0.1, 30.0, 60.0])), max_size=80))
def test_only_a_place_that_failed_every_time_is_lost(
    steps: list[tuple[int | OSError | None, float]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk()
        patch.setattr(bad_sectors, "find_unreadable", disk.read)
        watch = BadSectorWatch(lambda: disk.now)
        since: list[float] = []
        last: int | None = None
        for answer, wait in steps:
            disk.answer = answer
            lost = watch.is_lost(PATH)
            fails = isinstance(answer, int)
            since = [*(since if answer == last else []), disk.now] if fails else []
            last = answer if isinstance(answer, int) else None
            expected = len(since) >= MIN_ATTEMPTS and disk.now - since[0] >= LOST_AFTER_S
            assert lost is expected
            disk.now += wait


def test_a_file_that_can_be_read_has_no_bad_place(tmp_path: Path) -> None:
    path = tmp_path / "limber.db"
    path.write_bytes(bytes(3_000_000))
    assert find_unreadable(path) is None
    assert not BadSectorWatch().is_lost(tmp_path / "missing.db")


async def test_a_place_that_is_lost_at_runtime_costs_nothing_of_the_current_nights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The bridge goes on in a copy of its backup, with all that it has in memory."""
    path = tmp_path / "limber.db"
    everything = [batch(number) for number in range(6)]
    monkeypatch.setattr(journal_writer, "RETRY_AFTER_S", 0.01)
    monkeypatch.setattr(bad_sectors, "LOST_AFTER_S", 0.0)
    with Journal(path) as journal:
        recorder = JournalWriter(journal, lambda: everything)
        await recorder.write(everything[0])
        assert await recorder.run_upkeep(NIGHT, RetentionLimits())
        await recorder.write(*everything[1:])
        bad = path.stat().st_ino

        def open_unless_bad(file: Path, migrations: Sequence[str]) -> sqlite3.Connection:
            if file.stat().st_ino == bad:
                raise OSError(errno.EIO, "Input/output error")
            return open_to_write(file, migrations)

        def find_bad(file: Path, _: int | None = None) -> int | None:
            return 4096 if file.stat().st_ino == bad else None

        monkeypatch.setattr(journal_file, "open_to_write", open_unless_bad)
        monkeypatch.setattr(bad_sectors, "find_unreadable", find_bad)
        journal._disconnect()
        await recorder.write(batch(6))
        assert recorder.status.fault is DiskFault.DISK_ERROR
        await until(lambda: recorder.status.healthy)
        assert len(journal.events("anna", NIGHT)) == 7
        (notice,) = journal.notices
        (kept,) = journal.unreadable_files
        await recorder.close()
    assert kept.stat().st_ino == bad
    assert kept.stat().st_mode & 0o077 == 0
    assert path.stat().st_mode & 0o077 == 0
    assert str(kept) in notice
    assert "continues from its backup" in notice
    assert notice in caplog.text


IMPATIENT = """
import sys
from limber_bridge.cli import main
from limber_bridge.storage import bad_sectors, journal_writer
bad_sectors.LOST_AFTER_S = 1.0
bad_sectors.MIN_ATTEMPTS = 6
journal_writer.RETRY_AFTER_S = 0.2
sys.exit(main(["run", "--config", sys.argv[1]]))
"""
"""`limber run`, for which a place is lost after a second."""


def test_a_bridge_that_starts_with_a_lost_place_ends_and_goes_on_after_its_restart(
    tmp_path: Path,
) -> None:
    """The disk fails for the whole process, below SQLite."""
    need("cc")
    files = tmp_path / "files"
    files.mkdir()
    journal = files / "limber.db"
    port = free_port()
    config = tmp_path / "limber.yaml"
    place = "source: simulated, placement: ankle, quantity: acceleration, hours: 1, speed: 50"
    config.write_text(
        f"bridge: {{id: bedroom, time_zone: UTC, journal: {journal}}}\n"
        f"broker: {{host: 127.0.0.1, port: 1}}\nweb: {{port: {port}}}\n"
        f"sleepers:\n  - {{id: anna, name: Anna, sensors: [{{id: 1, {place}}}]}}\n"
    )
    with Journal(journal) as written:
        written.write([batch(0)])
        assert run_upkeep(written, NIGHT, RetentionLimits()).problem is None
        written.write([batch(1)])
    before = journal.read_bytes()
    faults = FaultControl(tmp_path, files)
    faults.spoil(journal, 8192, 12_288)
    command: list[str | Path] = [sys.executable, "-c", IMPATIENT, config]
    log = tmp_path / "bridge.log"
    first = start("bridge", command, log, environment=faults.environment)
    try:
        assert first.process.wait(60) == 1
    finally:
        first.stop()
    assert "restart the bridge to continue from what it holds" in log.read_text()
    second = start("bridge", command, log, environment=faults.environment)
    try:
        wait_for(lambda: bool((health(port) or {}).get("recording")))
        problems = {one["key"] for one in health(port)["bridge"]["problems"]}
    finally:
        second.stop()
    assert "disk_error" in problems
    (kept,) = files.glob("limber.db.unreadable-*")
    assert kept.read_bytes() == before
    with Journal(journal) as continued:
        assert continued.event("anna", event_id(batch(0).events[0][1])) is not None


def test_an_unreadable_journal_that_is_kept_stays_a_problem_while_events_are_recorded(
    tmp_path: Path, start_bridge: StartBridge
) -> None:
    """Also after a restart, until someone has moved the file away."""
    kept = tmp_path / "limber.db.unreadable-20261122T030000"
    kept.write_bytes(b"half of a journal")
    with Journal(tmp_path / "limber.db") as journal:
        assert journal.unreadable_files == [kept]
        assert journal.notices == []
    port = free_port()
    ankle = "{id: 1, source: network, placement: ankle, quantity: acceleration}"
    start_bridge(ankle, 1, web_on(port) + listen_on(free_port()))
    wait_for(lambda: health(port) is not None)
    found = health(port)
    problems = {problem["key"]: problem["message"] for problem in found["bridge"]["problems"]}
    assert str(kept) in problems["disk_error"]
    assert found["recording"] is True
    assert found["journal"]["problem"] is None
