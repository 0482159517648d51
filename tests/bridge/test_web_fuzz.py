"""Every address of the web pages, with strangers, random requests and slow clients."""

import asyncio
import io
import logging
import re
import sqlite3
import zipfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limber_bridge.web import http_server
from limber_bridge.web.pages import ROUTES
from limber_bridge.web.routes import ARGUMENT, Route
from tests.bridge.web_client import Browser, path_of, serving_pages
from tests.bridge.web_nights import CRAMP_ID, LEGS, NIGHT, fill_journal

OTHER: Final = "127.0.0.7"
ANY: Final = "0.0.0.0"  # noqa: S104 - reached over loopback
FAULT: Final = "a web page failed"
FORM: Final = (
    "POST /sign-in HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Origin: http://localhost\r\nContent-Length: 5\r\n\r\n%ff=\xff"
)
GROUP: Final = re.compile(r"\(\?P<(\w+)>\[\^/\]\+\)")
KNOWN: Final = {
    "sleeper": ["anna", "ben", "%00", "anna%2f.."],
    "night": [str(NIGHT), "2026-11-01", "9999-12-31", "0000-00-00", "%F0%9F%98%80"],
    "format": ["csv", "json", "edf", "exe"],
    "sensor": ["1", "99999999999999999999", "-1", "x"],
}
"""Arguments with which more than the first check is passed."""
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=40)
names = st.sampled_from(
    [
        *("event", "cramp", "time", "name", "password", "repeated", "current", "code"),
        *("next", "until", "nights", "paper", "language", "done", "asked"),
    ]
)
values = st.one_of(
    texts,
    st.sampled_from([CRAMP_ID, "yes", "no", "03:10", "24:00", str(NIGHT), "//x", "a" * 300]),
)
forms = st.dictionaries(names, values, max_size=4)


def address(route: Route, choose: st.DataObject) -> str:
    """Return an address of a route, with arguments that are known or random."""

    def argument(match: re.Match[str]) -> str:
        known = KNOWN.get(match[1], ["x"])
        return choose.draw(st.sampled_from([*known, "..", "%2e%2e", "a%20b"]))

    return GROUP.sub(argument, route.pattern.pattern)


def plain_address(route: Route) -> str:
    """Return an address of a route with arguments that exist."""
    return GROUP.sub(lambda match: KNOWN.get(match[1], ["x"])[0], route.pattern.pattern)


def test_no_route_has_an_argument_that_is_not_filled() -> None:
    assert not [route for route in ROUTES if ARGUMENT.search(plain_address(route))]


async def test_every_page_is_closed_to_strangers(tmp_path: Path, template: Path) -> None:
    await asyncio.to_thread(fill_journal, tmp_path, template)
    async with serving_pages(tmp_path, address=ANY, sensors=LEGS) as here:
        stranger = Browser(here.port, host=f"{OTHER}:{here.port}", address=OTHER)
        for route in ROUTES:
            path = plain_address(route)
            if route.method == "GET":
                reply = await stranger.get(path)
                allowed = {200, 303} if route.public else {303}
                assert reply.status in allowed, path
                if reply.status == 303:
                    assert path_of(reply.location) in ("/first-use", "/sign-in"), path
            else:
                reply = await stranger.post(path, {"name": "Anna", "cramp": "yes"})
                assert reply.status in ({403, 422} if route.public else {403}), path
            assert "Anna" not in reply.text
    assert not (tmp_path / "web-access.json").exists()


@pytest.fixture
async def open_browser(tmp_path: Path, template: Path) -> AsyncIterator[Browser]:
    """A browser that may see everything."""
    await asyncio.to_thread(fill_journal, tmp_path, template)
    async with serving_pages(tmp_path, sensors=LEGS) as browser:
        await browser.get("/access")
        yield browser


async def test_random_requests_are_answered_without_a_fault(
    open_browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    # Deleting and setting a password would end what the test is about; their own tests try them.
    routes = [
        route
        for route in ROUTES
        if not (route.method == "POST" and re.search("delete|access|first", route.pattern.pattern))
    ]

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(choose=st.data(), form=forms, query=forms, token=st.booleans())
    def ask(
        choose: st.DataObject, form: dict[str, str], query: dict[str, str], token: bool
    ) -> None:
        route = choose.draw(st.sampled_from(routes))
        browser = Browser(open_browser.port, token=open_browser.token if token else "0")
        path = address(route, choose)
        sent = browser.send(route.method, path, query, form)
        reply = asyncio.run_coroutine_threadsafe(sent, loop).result(60)
        assert reply.status != 500
        assert reply.headers["Content-Security-Policy"]

    await asyncio.to_thread(ask)
    assert FAULT not in caplog.text
    assert (await open_browser.get("/nights/anna")).status == 200


@pytest.mark.parametrize(
    "head",
    [
        "GET /nights/%ff HTTP/1.1",
        "GET //evil.example/ HTTP/1.1",
        "GET http://evil.example/status HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET /status?language=%ff%fe HTTP/1.1",
        "GET /static/%2e%2e/%2e%2e/passwords.py HTTP/1.1",
        "BREW /status HTTP/1.1",
        "GET /status HTTP/1.1\r\nCookie: limber_language=\xff; =; limber_session_1",
        "GET /status HTTP/1.1\r\nAccept-Language: ;q=x,,;;q=,de;q=nan",
        "GET /status HTTP/1.1\r\nX-Ingress-Path: /api/x\r\nX-Remote-User-Id: \xff",
        FORM,
        "POST /sign-in HTTP/1.1\r\nContent-Type: \xff\r\nContent-Length: 0",
    ],
)
async def test_odd_requests_are_answered_without_a_fault(
    open_browser: Browser, caplog: pytest.LogCaptureFixture, head: str
) -> None:
    caplog.set_level(logging.WARNING)
    reader, writer = await asyncio.open_connection("127.0.0.1", open_browser.port)
    line, _, rest = head.partition("\r\n")
    sent = f"{line}\r\nHost: localhost\r\n{rest}{'\r\n' if rest else ''}\r\n"
    writer.write(sent.encode("latin-1"))
    async with asyncio.timeout(60):
        answered = await reader.read()
    writer.close()
    assert answered.startswith(b"HTTP/1.")
    assert b" 500 " not in answered.splitlines()[0]
    assert FAULT not in caplog.text


def without_chunks(body: bytes) -> bytes:
    """Return a body that was sent in chunks (RFC 9112, 7.1)."""
    stream = io.BytesIO(body)
    parts = []
    while size := int(stream.readline(), 16):
        parts.append(stream.read(size))
        stream.readline()
    return b"".join(parts)


async def test_a_download_lasts_as_long_as_it_needs(
    tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow reader neither loses its download, nor takes memory or the places of others."""
    monkeypatch.setattr(http_server, "CONNECTION_MAX_S", 0.5)
    monkeypatch.setattr(http_server, "CONNECTIONS_MAX_PER_ADDRESS", 2)
    await asyncio.to_thread(fill_journal, tmp_path, template)
    with closing(sqlite3.connect(tmp_path / "limber.db")) as database:
        # More than the buffers of a connection hold, and it cannot be compressed.
        database.execute("CREATE TABLE filler AS SELECT randomblob(30000000) AS bytes")
    async with serving_pages(tmp_path, sensors=LEGS) as browser:
        slow = [await asyncio.open_connection("127.0.0.1", browser.port) for _ in range(2)]
        for _, writer in slow:
            writer.write(
                b"GET /your-data/everything.zip HTTP/1.1\r\nHost: localhost\r\n"
                b"Connection: close\r\n\r\n"
            )
        heads = [await reader.readuntil(b"\r\n\r\n") for reader, _ in slow]
        assert all(b" 200 " in head.splitlines()[0] for head in heads)
        await asyncio.sleep(1.0)
        # Both places of this address are free again.
        assert (await browser.get("/health")).status == 200
        for reader, writer in slow:
            archive = zipfile.ZipFile(io.BytesIO(without_chunks(await reader.read())))
            assert archive.getinfo("limber.db").file_size > 30_000_000
            writer.close()


async def test_a_client_that_hangs_up_is_no_fault(
    open_browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/status", "/your-data/everything.zip", f"/nights/anna/{NIGHT}/download/csv"):
        _, writer = await asyncio.open_connection("127.0.0.1", open_browser.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    for _ in range(5):
        assert (await open_browser.get("/status")).status == 200
    assert FAULT not in caplog.text
