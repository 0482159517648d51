"""Deleting a night or everything of a person for good, with the pages of a running bridge."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final, cast

import pytest

from devtools.processes import free_port
from limber_bridge.config.loader import load_config
from limber_bridge.daemon.deleter import Deleter, StoredRecords
from limber_bridge.daemon.publisher import Publisher
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.storage import deletion
from limber_bridge.storage.backups import backup_folder, find_backups, saved_path
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_reader import open_journal_reader
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.raw_recorder import RawRecorder, raw_store_for
from tests.bridge.conftest import Broker
from tests.bridge.examples import local, settings
from tests.bridge.listener import Listener
from tests.bridge.web_client import TIMEOUT_S, Browser, serving_pages
from tests.bridge.web_nights import LEGS, NIGHT, NOTE, fill_journal, write_raw_signal

PAGE: Final = f"/nights/anna/{NIGHT}/delete"
PERSON: Final = "/your-data/anna/delete"
MARK: Final = NOTE.encode()
OTHER: Final = Label("moment-1", local("2026-11-22T03:00"), cramp=True)
"""About another night."""


@pytest.fixture
async def filled(tmp_path: Path, template: Path) -> Path:
    """A folder with a journal of three nights, and with every kind of copy of it."""
    await asyncio.to_thread(fill_journal, tmp_path, template, 3)
    with Journal(tmp_path / "limber.db") as journal:
        journal.save_label("anna", OTHER)
        journal.save_label("anna", Label("moment-2", local("2026-11-23T03:00"), cramp=True))
    path = tmp_path / "limber.db"
    folder = backup_folder(path)
    folder.mkdir()
    for copy in (
        folder / "limber-2026-11-20.db",
        folder / ".limber-2026-11-21.db.part",
        path.with_name("limber.db.schema-9"),
        path.with_name(".limber.db.schema-9.part"),
        path.with_name(".limber.db.part"),
        path.with_name("limber-saved.db"),
        path.with_name(".limber-saved.db.part"),
        path.with_name("limber.db.damaged-20261101T080000"),
        path.with_name("limber.db.damaged-20261101T080000-wal"),
        path.with_name("limber.db.unreadable-20261102T080000-2"),
    ):
        shutil.copyfile(path, copy)
    return tmp_path


def files_with(mark: bytes, folder: Path) -> list[str]:
    """The files below a folder that contain some bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.name for path in files if mark in path.read_bytes())


async def until_backed_up(folder: Path) -> None:
    """Wait until the bridge has made the backup of today."""
    await until(
        lambda: any("2026-11-20" not in one.name for one in find_backups(folder / "limber.db"))
    )


async def until(met: Callable[[], bool]) -> None:
    """Wait for a condition of files, which have no event."""
    async with asyncio.timeout(TIMEOUT_S):
        while not met():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)


async def post(browser: Browser, path: str, form: dict[str, str] | None = None) -> str:
    """Open a confirmation, confirm it, and return the page that follows."""
    await browser.get(path)
    return (await browser.follow(await browser.post(path, form or {}))).text


async def test_a_deleted_night_is_in_no_file(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        raw = await asyncio.to_thread(write_raw_signal, filled)
        aside = raw.with_name(f"{raw.name}.damaged-1")
        shutil.copyfile(raw, aside)
        await until_backed_up(filled)
        assert len(await asyncio.to_thread(files_with, MARK, filled)) > 5
        page = (await browser.get(PAGE)).text
        for name in (raw.name, aside.name, "limber-2026-11-20.db", "limber.db.schema-9"):
            assert name in page
        assert "1 answer about a cramp" in page
        assert "The night was deleted." in await post(browser, PAGE)
        assert await asyncio.to_thread(files_with, MARK, filled) == []
        assert not raw.exists()
        assert not aside.exists()
        with open_journal_reader(saved_path(filled / "limber.db")) as saved:
            # A backup of Home Assistant that is under way still gets the other nights.
            assert len(saved.nights("anna")) == 2
        (backup,) = find_backups(filled / "limber.db")
        assert "2026-11-20" not in backup.name
        assert (await browser.get(f"/nights/anna/{NIGHT}")).status == 404
        assert (await browser.get(PAGE)).status == 404
        assert (await browser.get("/nights/anna/2026-11-22")).status == 200
    with open_journal_reader(filled / "limber.db") as reader:
        assert [one.date for one in reader.nights("anna")] == [
            date(2026, 11, 21),
            date(2026, 11, 22),
        ]
        assert reader.labels("anna") == [OTHER]
        assert reader.removed_nights("anna") == [NIGHT]


async def test_the_diary_of_a_deleted_night_is_gone_and_that_of_another_stays(filled: Path) -> None:
    other = DiaryEntry(night=NIGHT - timedelta(days=1), cramp_pain=3, cramp=True)
    with Journal(filled / "limber.db") as journal:
        noted = DiaryEntry(night=NIGHT, sleep_quality=2)
        journal.write([JournalBatch("anna", diary=(noted, other))])
    async with serving_pages(filled, sensors=LEGS) as browser:
        assert "The night was deleted." in await post(browser, PAGE)
    with open_journal_reader(filled / "limber.db") as record:
        assert record.diary("anna") == [other]


async def test_everything_of_a_person_is_deleted_once_the_name_was_written(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        page = await browser.get(PERSON)
        assert "3 nights" in page.text
        refused = await browser.post(PERSON, {"name": "Ben"})
        assert (refused.status, "enter Anna exactly" in refused.text) == (422, True)
        assert (await browser.get(f"/nights/anna/{NIGHT}")).status == 200
        assert "Everything was deleted." in await post(browser, PERSON, {"name": " anna "})
        assert "No night has been recorded yet" in (await browser.get("/nights/anna")).text
        assert await asyncio.to_thread(files_with, MARK, filled) == []
    with open_journal_reader(filled / "limber.db") as reader:
        assert reader.stored_nights("anna") == []
        assert reader.labels("anna") == []
        assert len(reader.removed_nights("anna")) == 3


async def test_a_person_who_is_not_configured_any_more_can_be_deleted(filled: Path) -> None:
    with Journal(filled / "limber.db") as journal, journal.writing() as database:
        for table in ("event", "night", "label", "pipeline_state"):
            database.execute(f"UPDATE {table} SET sleeper = 'carl'")  # noqa: S608 - constants
    async with serving_pages(filled, sensors=LEGS) as browser:
        assert "/your-data/carl/delete" in (await browser.get("/your-data")).text
        assert "Everything was deleted." in await post(
            browser, "/your-data/carl/delete", {"name": "carl"}
        )
        assert (await browser.get("/your-data/carl/delete")).status == 404
    with open_journal_reader(filled / "limber.db") as reader:
        assert reader.sleepers() == []
        assert reader.pipeline_state("carl") is None
    assert files_with(MARK, filled) == []


async def test_home_assistant_learns_of_a_deleted_night(filled: Path, broker: Broker) -> None:
    """It deletes the long-term statistics of nights that `info` names as removed."""
    with Listener(broker.port) as listener:
        async with serving_pages(filled, sensors=LEGS, broker_port=broker.port) as browser:

            def info(removed: list[str]) -> bool:
                listener.wait(
                    lambda one: (
                        one.topic == "limber/bedroom/info"
                        and one.json["sleepers"][0]["removed_nights"] == removed
                    )
                )
                return True

            def state(last: str) -> bool:
                listener.wait(
                    lambda one: (
                        one.topic == "limber/bedroom/anna/state"
                        and one.json["last_night"]["night"] == last
                    )
                )
                return True

            await asyncio.to_thread(info, [])
            await asyncio.to_thread(state, str(NIGHT))
            await post(browser, PAGE)
            await asyncio.to_thread(info, [str(NIGHT)])
            await asyncio.to_thread(state, "2026-11-22")


async def test_a_deletion_that_was_interrupted_is_completed_at_the_next_start(
    filled: Path,
) -> None:
    path = filled / "limber.db"
    deletion.note_copies(path)
    with Journal(path) as journal:
        deletion.delete_records(journal, deletion.Deletion("anna", (NIGHT,)))
    assert len(files_with(MARK, filled)) > 4
    async with serving_pages(filled, sensors=LEGS):
        await until(lambda: not deletion.note_path(path).exists())
        await until_backed_up(filled)
    assert files_with(MARK, filled) == []


async def test_the_daily_upkeep_makes_no_backup_of_what_is_being_deleted(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would delete the copies too early, and make a backup that holds the night."""
    (filled / "limber.yaml").write_text(
        settings(LEGS, port=free_port(), more="network: {address: 127.0.0.1}\n")
    )
    config = replace(load_config(filled / "limber.yaml"), sleepers=())
    loop = asyncio.get_running_loop()
    with Journal(config.journal) as journal:
        writer = JournalWriter(journal, lambda: ())
        raw = RawRecorder(raw_store_for(config.journal, config.retention), config.calendar, 0)
        now = local("2026-11-29T12:30")
        today = config.calendar.night_of(now)
        upkeeps: list[asyncio.Task[bool]] = []

        async def begin_upkeep() -> None:
            upkeeps.append(asyncio.create_task(writer.run_upkeep(today, config.retention)))
            # If nothing holds it back, it is done now.
            await asyncio.wait(upkeeps, timeout=1.0)

        def delete(of: Journal, what: deletion.Deletion) -> None:
            asyncio.run_coroutine_threadsafe(begin_upkeep(), loop).result(TIMEOUT_S)
            deletion.delete_records(of, what)

        monkeypatch.setattr("limber_bridge.daemon.deleter.delete_records", delete)
        stored = StoredRecords(journal, writer, raw)
        # No sleeper is configured, so nothing is published.
        deleter = Deleter(config, stored, {}, cast("Publisher", None), lambda: now)
        await deleter.delete("anna", NIGHT)
        await asyncio.wait(upkeeps)
        await writer.close()
        await raw.close()
    assert len(find_backups(config.journal)) == 1
    assert files_with(MARK, filled) == []


async def test_a_deletion_beside_a_backup_is_completed_once_that_has_ended(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that is being made needs the log, which holds the night."""
    monkeypatch.setattr("limber_bridge.daemon.bridge.UPKEEP_INTERVAL_S", 0.1)
    path = filled / "limber.db"
    async with serving_pages(filled, sensors=LEGS) as browser:
        await until_backed_up(filled)
        await browser.get(PAGE)
        with closing(sqlite3.connect(path, isolation_level=None)) as copying:
            copying.execute("BEGIN")
            copying.execute("SELECT count(*) FROM event").fetchone()
            reply = await browser.post(PAGE, {})
            assert (reply.status, "tried again every minute" in reply.text) == (503, True)
        await until(lambda: not deletion.note_path(path).exists())
        await until(lambda: len(find_backups(path)) == 1)
        assert await asyncio.to_thread(files_with, MARK, filled) == []


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("delete_files", OSError(30, "Read-only file system")),
        ("note_copies", OSError(30, "Read-only file system")),
        ("delete_records", JournalError("limber.db: Read-only file system")),
    ],
)
async def test_what_could_not_be_deleted_is_named_and_can_be_deleted_again(
    filled: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    async with serving_pages(filled, sensors=LEGS) as browser:
        await asyncio.to_thread(write_raw_signal, filled)
        await until_backed_up(filled)
        await browser.get(PAGE)
        monkeypatch.setattr(f"limber_bridge.daemon.deleter.{step}", fail)
        reply = await browser.post(PAGE, {})
        monkeypatch.undo()
        assert (reply.status, "Read-only file system" in reply.text) == (503, True)
        # The night is still there.
        assert "The night was deleted." in await post(browser, PAGE)
        assert await asyncio.to_thread(files_with, MARK, filled) == []


async def test_copies_that_cannot_be_deleted_are_a_problem_of_the_bridge_until_they_are(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    async with serving_pages(filled, sensors=LEGS) as browser:
        await until_backed_up(filled)
        await browser.get(PAGE)
        monkeypatch.setattr("limber_bridge.storage.deletion.delete_files", fail)
        reply = await browser.post(PAGE, {})
        monkeypatch.undo()
        assert (reply.status, "its copies still hold deleted nights" in reply.text) == (503, True)
        assert "its copies still hold deleted nights" in (await browser.get("/status")).text
        assert deletion.note_path(filled / "limber.db").exists()
    async with serving_pages(filled, sensors=LEGS):
        await until(lambda: not deletion.note_path(filled / "limber.db").exists())
        await until_backed_up(filled)
    assert files_with(MARK, filled) == []
