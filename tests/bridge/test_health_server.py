"""`GET /health` over real connections: what is answered, what is refused, and the limits."""

import asyncio
import http.client
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from devtools.processes import LOOPBACK, free_port
from limber_bridge.config.model import HealthEndpoint
from limber_bridge.domain.nights import to_utc
from limber_bridge.protocol.messages import HealthReport, JournalHealth
from limber_bridge.web import health_server
from limber_bridge.web.health_server import CONNECTIONS_MAX, serve_health
from tests.contract.messages import AT, BRIDGE, CONNECTED

TIMEOUT_S: Final = 10.0
REPORT: Final = HealthReport(
    healthy=True,
    live=True,
    time=to_utc(AT),
    software="1",
    recording=True,
    journal=JournalHealth(),
    bridge=BRIDGE,
    sleepers={"anna": {"1": CONNECTED}},
)


@asynccontextmanager
async def serving(report: HealthReport = REPORT) -> AsyncIterator[int]:
    """A server of one report; yields its port."""
    port = free_port()
    async with serve_health(HealthEndpoint(LOOPBACK, port), lambda: report) as problem:
        assert problem == ""
        yield port


async def request(
    port: int, path: str = "/health", *, host: str = "localhost", method: str = "GET"
) -> tuple[int, bytes]:
    """The status and the body of the response to a request."""

    def respond() -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)) as connection:
            connection.request(method, path, headers={"Host": host})
            response = connection.getresponse()
            return response.status, response.read()

    return await asyncio.to_thread(respond)


async def test_the_report_is_json_and_is_not_stored() -> None:
    async with serving() as port:
        status, body = await request(port)
        assert (status, json.loads(body)["v"]) == (200, 1)
        assert await request(port, method="HEAD") == (200, b"")


async def test_a_bridge_that_has_stalled_answers_503() -> None:
    async with serving(replace(REPORT, live=False)) as port:
        status, body = await request(port)
    assert (status, json.loads(body)["live"]) == (503, False)


async def test_other_paths_and_methods_are_refused() -> None:
    async with serving() as port:
        assert (await request(port, "/"))[0] == 404
        assert (await request(port, "/health/../limber.yaml"))[0] == 404
        assert (await request(port, method="POST"))[0] == 405


async def test_only_the_names_of_this_machine_are_answered() -> None:
    """A web page from elsewhere can have its own name resolve to this machine (DNS rebinding)."""
    async with serving() as port:
        assert (await request(port, host="evil.example"))[0] == 403
        assert (await request(port, host=f"127.0.0.1:{port}"))[0] == 200


async def test_connections_beyond_the_limit_are_closed_at_once() -> None:
    async with serving() as port:
        before = open_files()
        clients = [
            await asyncio.open_connection(LOOPBACK, port) for _ in range(2 * CONNECTIONS_MAX)
        ]
        async with asyncio.timeout(TIMEOUT_S):
            for reader, _ in clients[CONNECTIONS_MAX:]:
                assert await reader.read(1) == b""
        # Both ends of a connection are files of this process.
        assert open_files() - before <= 3 * CONNECTIONS_MAX
        for _, writer in clients:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        assert (await request(port))[0] == 200


async def test_a_connection_is_closed_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_server, "CONNECTION_MAX_S", 0.05)
    async with serving() as port:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"GET /health HTTP/1.1\r\n")
        async with asyncio.timeout(TIMEOUT_S):
            assert await reader.read() == b""
        writer.close()


async def test_a_port_in_use_is_named_with_a_remedy(caplog: pytest.LogCaptureFixture) -> None:
    with closing(socket.create_server((LOOPBACK, 0))) as taken:
        port = taken.getsockname()[1]
        async with serve_health(HealthEndpoint(LOOPBACK, port), lambda: REPORT) as problem:
            assert problem == (
                f"cannot listen on 127.0.0.1:{port} (Address already in use); "
                "choose another address or port under `web`"
            )
    assert problem in caplog.text


def open_files() -> int:
    return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))
