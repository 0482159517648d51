"""Sends a night as a file. The file is written outside of the data of the bridge, then deleted."""

import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final

from aiohttp import web

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.offline.export import load_night, write_export
from limber_bridge.storage.journal_reader import open_journal_reader
from limber_bridge.web.visit import Visit

CONTENT_TYPES: Final = {
    "edf": "application/octet-stream",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
CHUNK_BYTES: Final = 256 * 1024
"""Bytes that are read and sent at a time; chosen: memory stays small for any file."""


def write_temporary_export(config: Config, sleeper: Sleeper, day: date, format_: str) -> BinaryIO:
    """Return an open file with a night that no other program can open; it is deleted when closed.

    Raises NightNotFoundError, JournalError and OSError.
    """
    with tempfile.TemporaryDirectory(prefix="limber-") as folder:
        path = Path(folder) / f"night.{format_}"
        with open_journal_reader(config.journal) as record:
            exported = load_night(config, record, sleeper, day)
        write_export(exported, config, path)
        return path.open("rb")


async def send_file(
    visit: Visit, file: BinaryIO, name: str, content_type: str
) -> web.StreamResponse:
    """Send an open file in parts, and close it; to HEAD, only its headers."""
    workers = visit.services.workers
    response = visit.download(name, content_type)
    try:
        if visit.request.method == "HEAD":
            return response
        await response.prepare(visit.request)
        while chunk := await workers.read(file.read, CHUNK_BYTES):
            await response.write(chunk)
        await response.write_eof()
    finally:
        with suppress(OSError):
            file.close()
    return response
