"""Take all data along as an archive, or delete them for good."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

from aiohttp import web

from limber_bridge.config.model import Sleeper
from limber_bridge.offline.archive import archive_parts
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.web.page_errors import PageError
from limber_bridge.web.routes import Route, page
from limber_bridge.web.sleepers import named_sleeper
from limber_bridge.web.visit import Visit

YOUR_DATA: Final = "/your-data"
ZIP: Final = "application/zip"


async def show_your_data(visit: Visit) -> web.StreamResponse:
    """Show what can be taken along and deleted."""
    unconfigured = await visit.services.workers.read(visit.bridge.deleter.unconfigured)
    return visit.page(
        "your_data.html", sleepers=visit.bridge.config.sleepers, unconfigured=unconfigured
    )


async def send_everything(visit: Visit) -> web.StreamResponse:
    """Send everything that is stored, of all sleepers."""
    config = visit.bridge.config
    return await send_archive(visit, config.sleepers, config.bridge, with_journal=True)


async def send_sleeper(visit: Visit) -> web.StreamResponse:
    """Send everything that is stored of one sleeper."""
    sleeper = named_sleeper(visit)
    return await send_archive(visit, (sleeper,), sleeper.id, with_journal=False)


async def send_archive(
    visit: Visit, sleepers: Sequence[Sleeper], name: str, *, with_journal: bool
) -> web.StreamResponse:
    """Send an archive while it is made; the connection breaks off where it cannot be completed."""
    config = visit.bridge.config
    day = config.calendar.night_of(visit.bridge.host_clock.now())
    readme = visit.text("your_data.readme", bridge=config.name, date=day)
    response = visit.download(f"limber-{name}-{day}.zip", ZIP)
    if visit.request.method == "HEAD":
        return response
    read = visit.services.workers.read
    parts = archive_parts(config, sleepers, f"{readme}\n", with_journal=with_journal)
    try:
        first = await read(next_part, parts)
    except (JournalError, sqlite3.Error, OSError) as error:
        raise PageError("your_data.archive_failed", 503, reason=str(error)) from error
    try:
        await response.prepare(visit.request)
        part = first
        while part:
            await response.write(part)
            part = await read(next_part, parts)
        await response.write_eof()
    finally:
        await read(parts.close)
    return response


def next_part(parts: Iterator[bytes]) -> bytes:
    """Return the next part of an archive, empty at its end."""
    return next((part for part in parts if part), b"")


ROUTES: Final[tuple[Route, ...]] = (
    page(YOUR_DATA, show_your_data),
    page(f"{YOUR_DATA}/everything.zip", send_everything),
    page(f"{YOUR_DATA}/{{sleeper}}/everything.zip", send_sleeper),
)
