"""Random requests to the web pages of a running bridge, for `devtools.fuzz`."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, override

from devtools.processes import LOOPBACK, DevtoolError

FAULT: Final = "a web page failed"
ANSWER_S: Final = 0.05
"""s that the server has for the first byte of a response; chosen: a page takes some ms."""
STATUS_S: Final = 10.0
QUESTIONS: Final = 50
PAUSE_S: Final = 0.02
PATHS: Final = (
    "/",
    "/status",
    "/nights/anna?until=2026-11-20",
    "/nights/anna/2026-11-23",
    "/nights/anna/2026-11-23/download/csv",
    "/nights/anna/2026-11-23/delete",
    "/report/anna?nights=30&paper=a4",
    "/your-data/anna/everything.zip",
    "/your-data/anna/delete",
    "/sign-in?next=/status&asked=1",
    "/access?language=de",
    "/static/style.css",
    "/setup",
    "/place",
)
"""Addresses of every kind of page."""


class FaultHandler(logging.Handler):
    """Note that a page failed."""

    def __init__(self) -> None:
        """Start without a fault."""
        super().__init__(logging.ERROR)
        self.fault = ""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message of a fault."""
        if FAULT in record.getMessage():
            self.fault = self.format(record)


class RunningPages:
    """A bridge with a night, and its pages; it runs while a request is answered."""

    def __init__(self, folder: Path) -> None:
        """Start a bridge in a folder."""
        from tests.bridge.web_client import serving_pages  # noqa: PLC0415 - as all targets
        from tests.bridge.web_nights import LEGS, fill_journal  # noqa: PLC0415

        self._faults = FaultHandler()
        logging.getLogger().addHandler(self._faults)
        template = folder / "template"
        template.mkdir()
        fill_journal(folder, template)
        self._loop = asyncio.new_event_loop()
        self._stack = contextlib.AsyncExitStack()
        bridge = serving_pages(folder, sensors=LEGS)
        entered = self._stack.enter_async_context(bridge)
        self._port = self._loop.run_until_complete(entered).port

    def take(self, data: bytes) -> None:
        """Send bytes; DevtoolError if a page failed, or if the server does not respond any more."""
        answered = self._exchange(data)
        if self._faults.fault or b" 500 " in answered[:16]:
            raise DevtoolError(f"a page failed: {self._faults.fault or answered[:80]!r}")
        if len(data) % 32 == 0:
            answered = self._loop.run_until_complete(ask_status(self._port))
            if not answered.startswith(b"HTTP/1.1 200"):
                raise DevtoolError(f"no page any more, but {answered[:80]!r}")

    def _exchange(self, data: bytes) -> bytes:
        return self._loop.run_until_complete(exchange(self._port, data))


def pages(folder: Path) -> Callable[[bytes], None]:
    """Bytes to the port of a bridge with a night, over a real connection.

    No page may fail, and afterwards the server must still respond.
    """
    return RunningPages(folder).take


async def exchange(port: int, data: bytes, patience: float = ANSWER_S) -> bytes:
    """Return the response to some bytes, once the server has closed the connection.

    The end of what is sent is sent after some time (s): a server gives up what it answers then.
    """
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    answered = b""
    # It may hang up on us at any moment.
    with contextlib.suppress(OSError):
        writer.write(data)
        try:
            async with asyncio.timeout(patience):
                answered = await reader.read(1)
        except TimeoutError:
            # The request is not complete.
            writer.write_eof()
        answered += await reader.read()
    writer.close()
    return answered


async def ask_status(port: int) -> bytes:
    """Return the response to a request for a page, once earlier connections have ended."""
    answered = b""
    for _ in range(QUESTIONS):
        question = b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answered = await exchange(port, question, STATUS_S)
        if answered:
            break
        # The places of this address are taken until the server has seen them end.
        await asyncio.sleep(PAUSE_S)
    return answered


def page_seeds() -> list[bytes]:
    """Return valid requests for pages, and forms without a token."""
    head = "Host: localhost\r\nAccept-Language: de,en;q=0.5\r\nCookie: limber_language=fr\r\n"
    form = b"csrf=0&event=cramp-1&cramp=yes&time=03%3A10&password=abc&name=Anna"
    posted = (
        f"{head}Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\n\r\n"
    )
    asked = [f"GET {path} HTTP/1.1\r\n{head}\r\n".encode() for path in PATHS]
    forms = ("/nights/anna/2026-11-23/label", "/sign-in", "/your-data/anna/delete")
    return asked + [f"POST {path} HTTP/1.1\r\n{posted}".encode() + form for path in forms]
