"""The page on which a person takes data along and deletes them."""

import asyncio
import csv
import http.client
import io
import json
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from aiohttp import web

from devtools.processes import LOOPBACK, free_port
from limber_bridge.config.loader import load_config
from limber_bridge.config.model import HttpEndpoint
from limber_bridge.detection.measures import Measures
from limber_bridge.offline.archive import archive_parts, trials_document
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_reader import open_journal_reader
from limber_bridge.web.http_server import LimitedServer, serving
from limber_bridge.web.routes import page
from limber_bridge.web.site import Site, make_services
from limber_bridge.web.visit import Visit
from tests.bridge.trial_home import trial_home
from tests.bridge.web_client import Browser, serving_pages
from tests.bridge.web_nights import LEGS, NIGHT, NOTE, fill_journal, write_raw_signal


@pytest.fixture
async def filled(tmp_path: Path, template: Path) -> Path:
    """A folder with a journal that holds some nights."""
    await asyncio.to_thread(fill_journal, tmp_path, template, 3)
    return tmp_path


def opened(content: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return archive


def test_the_archive_says_nothing_of_the_plan_of_a_running_trial() -> None:
    with trial_home() as home:
        home.ask("start_trial", factor="stretching", weeks=2)
        (running,) = json.loads(trials_document(home.journal, home.monitor.sleeper))
        assert not {"schedule", "seed"} & running.keys()
        home.ask("stop_trial")
        (stopped,) = json.loads(trials_document(home.journal, home.monitor.sleeper))
    assert len(stopped["schedule"]) == 14


async def test_the_archive_of_a_person_has_everything_of_them(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        raw = await asyncio.to_thread(write_raw_signal, filled)
        assert "/your-data/anna/everything.zip" in (await browser.get("/your-data")).text
        reply = await browser.get("/your-data/anna/everything.zip")
        assert (await browser.get("/your-data/ben/everything.zip")).status == 404
    assert reply.headers["Content-Type"] == "application/zip"
    archive = opened(reply.body)
    assert archive.namelist() == [
        "README.txt",
        "anna/nights.csv",
        "anna/cramp-answers.csv",
        "anna/diary.csv",
        "anna/trials.json",
        "anna/settings.json",
        f"anna/nights/{NIGHT}.json",
        f"anna/nights/{NIGHT}.csv",
        f"anna/signal/{raw.name}",
    ]
    rows = list(csv.DictReader(io.StringIO(archive.read("anna/nights.csv").decode())))
    assert [row["night"] for row in rows] == ["2026-11-21", "2026-11-22", "2026-11-23"]
    assert {field.name for field in fields(Measures)} <= rows[0].keys()
    events = archive.read(f"anna/nights/{NIGHT}.csv").decode()
    assert NOTE in events
    assert json.loads(archive.read(f"anna/nights/{NIGHT}.json"))["night"] == str(NIGHT)


async def test_the_archive_of_the_bridge_has_the_journal_but_no_secret(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        archive = opened((await browser.get("/your-data/everything.zip")).body)
    assert "limber.yaml" not in archive.namelist()
    (filled / "copy").mkdir()
    archive.extract("limber.db", filled / "copy")
    with open_journal_reader(filled / "copy/limber.db") as reader:
        assert len(reader.nights("anna")) == 3
        assert len(reader.events("anna", NIGHT)) > 100


async def test_an_archive_that_cannot_be_made_says_why(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        (filled / "limber.db").rename(filled / "away.db")
        reply = await browser.get("/your-data/everything.zip")
        (filled / "away.db").rename(filled / "limber.db")
    assert reply.status == 503
    assert "The archive could not be made" in reply.text


async def test_to_head_a_download_sends_its_headers_only(filled: Path) -> None:
    async with serving_pages(filled, sensors=LEGS) as browser:
        for path in ("/your-data/everything.zip", f"/nights/anna/{NIGHT}/download/csv"):
            reader, writer = await asyncio.open_connection(LOOPBACK, browser.port)
            writer.write(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            assert head.startswith(b"HTTP/1.1 200")
            assert b"attachment" in head
            assert body == b""


async def test_a_download_that_fails_in_the_middle_breaks_off(tmp_path: Path) -> None:
    """The part is not taken for the whole, and no page for a part of it."""

    async def fail(visit: Visit) -> web.StreamResponse:
        response = visit.download("x.zip", "application/zip")
        await response.prepare(visit.request)
        await response.write(b"a part")
        raise JournalError("damaged")

    endpoint = HttpEndpoint(LOOPBACK, free_port())
    services = make_services(endpoint, tmp_path, None, None)
    site = Site(services, [page("/x", fail, needs_bridge=False)])
    async with serving(endpoint, LimitedServer(site.handle, site.crash_page)):
        with pytest.raises(http.client.IncompleteRead) as raised:
            await Browser(endpoint.port).get("/x")
    services.workers.close()
    assert raised.value.partial == b"a part"


def test_an_archive_comes_in_small_parts_and_leaves_nothing_behind(
    tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_journal(tmp_path, template, 400)
    (tmp_path / "limber.yaml").write_text((template / "limber.yaml").read_text())
    with closing(sqlite3.connect(tmp_path / "limber.db")) as database:
        # Random bytes, which cannot be compressed.
        database.execute("CREATE TABLE filler AS SELECT randomblob(20000000) AS bytes")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    config = load_config(tmp_path / "limber.yaml")
    sizes = [len(part) for part in archive_parts(config, config.sleepers, "", with_journal=True)]
    assert sum(sizes) > 20_000_000
    assert max(sizes) < 1_000_000
    abandoned = archive_parts(config, config.sleepers, "", with_journal=True)
    next(abandoned)
    abandoned.close()
    assert list(temporary.iterdir()) == []
