"""The HTTP server over real connections: what is answered, what is refused, and the limits."""

import asyncio
import http.client
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest

from devtools.processes import LOOPBACK, free_port
from limber_bridge.config.model import HttpEndpoint
from limber_bridge.domain.nights import to_utc
from limber_bridge.protocol.health_messages import HealthReport, JournalHealth
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.inbox import Delivery, Inbox, Refusal
from limber_bridge.sources.phone.messages import MAX_BODY_BYTES
from limber_bridge.web import http_server
from limber_bridge.web.http_server import (
    CONNECTIONS_MAX,
    CONNECTIONS_MAX_PER_ADDRESS,
    serve_http,
)
from tests.contract.messages import AT, BRIDGE, CONNECTED

TIMEOUT_S: Final = 60.0
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
async def serving(report: HealthReport = REPORT, inbox: Inbox | None = None) -> AsyncIterator[int]:
    """A server of one report; yields its port."""
    port = free_port()
    async with serve_http(
        HttpEndpoint(LOOPBACK, port), lambda: report, inbox or Inbox(), HostClock()
    ) as problem:
        assert problem == ""
        yield port


async def request(
    port: int,
    path: str = "/health",
    *,
    host: str = "localhost",
    method: str = "GET",
    body: bytes | None = None,
) -> tuple[int, bytes]:
    """The status and the body of the response to a request."""

    def respond() -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)) as connection:
            connection.request(method, path, body, headers={"Host": host})
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


SECRET: Final = "AbCdEfGhIjKlMnOp_-123456"  # noqa: S105 - of a test


@dataclass
class Phone:
    """A source that keeps what is delivered to it."""

    answer: Refusal | None = None
    delivered: list[Delivery] = field(default_factory=list)

    def receive(self, delivery: Delivery) -> Refusal | None:
        self.delivered.append(delivery)
        return self.answer


async def test_a_post_is_delivered_with_its_secret_and_answered_200() -> None:
    inbox = Inbox()
    phone = Phone()
    with inbox.receiving(3, phone.receive, SECRET):
        async with serving(inbox=inbox) as port:
            before = HostClock().steady()
            assert await post(port, f"/ingest/3/{SECRET}", b"{}") == (200, b"ok\n")
    (delivery,) = phone.delivered
    assert (delivery.payload, delivery.secret) == (b"{}", SECRET)
    assert before <= delivery.arrived <= HostClock().steady()


async def test_the_text_of_a_refusal_is_sent_with_status_499() -> None:
    inbox = Inbox()
    with inbox.receiving(3, Phone(Refusal("Schwerkraft fehlt: \u00e9")).receive, SECRET):
        async with serving(inbox=inbox) as port:
            status, body = await post(port, f"/ingest/3/{SECRET}", b"{}")
    assert (status, body.decode()) == (499, "Schwerkraft fehlt: \u00e9")


@pytest.mark.parametrize(
    "path",
    [
        f"/ingest/4/{SECRET}",
        "/ingest/3/",
        "/ingest/3/wrong",
        f"/ingest/3/{SECRET[:-1]}",
        f"/ingest/3/{SECRET}x",
        f"/ingest/3/x/{SECRET}",
        f"/ingest/-3/{SECRET}",
        f"/ingest/{'9' * 50}/{SECRET}",
        "/ingest/5/",
        "/ingest/5/%00",
        "/ingest/3/%C3%A9%ED%A0%80",
    ],
)
async def test_a_wrong_address_or_secret_is_refused_with_a_text(path: str) -> None:
    """Sensor 5 has no secret: it takes messages from the broker only."""
    inbox = Inbox()
    phone = Phone()
    with inbox.receiving(3, phone.receive, SECRET), inbox.receiving(5, phone.receive):
        async with serving(inbox=inbox) as port:
            status, body = await post(port, path, b"x" * 100_000)
    assert status == 499
    assert b"compare the address with limber.yaml" in body
    assert phone.delivered == []


async def test_a_body_that_is_too_large_is_refused_with_a_text() -> None:
    inbox = Inbox()
    phone = Phone()
    with inbox.receiving(3, phone.receive, SECRET):
        async with serving(inbox=inbox) as port:
            status, body = await post(port, f"/ingest/3/{SECRET}", b" " * (MAX_BODY_BYTES + 1))
            assert (await post(port, f"/ingest/3/{SECRET}", b" " * MAX_BODY_BYTES))[0] == 200
    assert (status, b"larger than 4 MB" in body) == (499, True)


async def test_the_posts_of_a_sensor_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "POSTS_PER_SENSOR_HZ", 0.5)
    inbox = Inbox()
    phone = Phone()
    with (
        inbox.receiving(3, phone.receive, SECRET),
        inbox.receiving(4, phone.receive, SECRET),
    ):
        async with serving(inbox=inbox) as port:
            found = [(await post(port, f"/ingest/3/{SECRET}", b"{}"))[0] for _ in range(6)]
            other = (await post(port, f"/ingest/4/{SECRET}", b"{}"))[0]
    assert (found[:2], found[-1], other) == ([200, 200], 429, 200)


async def test_ingest_takes_posts_only_and_from_local_names_only() -> None:
    async with serving() as port:
        assert (await request(port, f"/ingest/3/{SECRET}"))[0] == 405
        assert (
            await request(port, f"/ingest/3/{SECRET}", method="POST", body=b"", host="evil.example")
        )[0] == 403


async def post(port: int, path: str, body: bytes) -> tuple[int, bytes]:
    return await request(port, path, method="POST", body=body)


async def test_with_too_many_connections_the_oldest_ones_are_closed_at_once() -> None:
    async with serving() as port:
        before = open_files()
        clients = [
            await connect_from(2 + number // CONNECTIONS_MAX_PER_ADDRESS, port)
            for number in range(2 * CONNECTIONS_MAX)
        ]
        async with asyncio.timeout(TIMEOUT_S):
            for reader, _ in clients[:CONNECTIONS_MAX]:
                assert await reader.read(1) == b""
        # Both ends of a connection are files of this process.
        assert open_files() - before <= 3 * CONNECTIONS_MAX
        for _, writer in clients:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        assert (await request(port))[0] == 200


async def test_a_client_that_holds_connections_does_not_keep_others_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_server, "CONNECTION_MAX_S", 10 * TIMEOUT_S)
    async with serving() as port:
        clients = [await connect_from(2, port) for _ in range(2 * CONNECTIONS_MAX)]
        async with asyncio.timeout(TIMEOUT_S):
            for reader, _ in clients[:-CONNECTIONS_MAX_PER_ADDRESS]:
                assert await reader.read(1) == b""
        assert (await request(port))[0] == 200
        for _, writer in clients:
            writer.close()


async def test_a_phone_that_posts_does_not_give_way_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_server, "CONNECTION_MAX_S", 10 * TIMEOUT_S)
    inbox = Inbox()
    phone = Phone()
    with inbox.receiving(3, phone.receive, SECRET):
        async with serving(inbox=inbox) as port:
            others = [await connect_from(3 + number // 8, port) for number in range(31)]
            reader, writer = await connect_from(2, port)
            # All places are taken. Half of its message arrives before others come.
            head = (
                f"POST /ingest/3/{SECRET} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
            )
            writer.write(head.encode() + b"{}")
            await until_open(port, inbox)
            others += [await connect_from(30 + number // 8, port) for number in range(64)]
            writer.write(b"{}")
            async with asyncio.timeout(TIMEOUT_S):
                assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            for _, other in (*others, (reader, writer)):
                other.close()
    assert [one.payload for one in phone.delivered] == [b"{}{}"]


async def until_open(port: int, inbox: Inbox) -> None:
    """Wait until the server has read what was sent before."""
    with inbox.receiving(4, Phone().receive, SECRET):
        assert (await request(port, f"/ingest/4/{SECRET}", method="POST", body=b"{}"))[0] == 200


async def test_a_client_whose_connections_have_ended_is_accepted_again() -> None:
    async with serving() as port:
        for _ in range(3 * CONNECTIONS_MAX_PER_ADDRESS):
            assert (await request(port))[0] == 200


async def test_a_wrong_secret_is_answered_and_closed_before_the_body_has_arrived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_server, "CONNECTION_MAX_S", 10 * TIMEOUT_S)
    async with serving() as port:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        head = "POST /ingest/3/wrong HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
        writer.write(head.encode("ascii"))
        async with asyncio.timeout(TIMEOUT_S):
            response = await reader.read()
        writer.close()
    assert response.startswith(b"HTTP/1.1 499 ")
    assert b"connection: close" in response.lower()


async def connect_from(number: int, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect from an address of this machine with this last number."""
    return await asyncio.open_connection(LOOPBACK, port, local_addr=(f"127.0.0.{number}", 0))


async def test_a_connection_is_closed_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "CONNECTION_MAX_S", 0.05)
    async with serving() as port:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"GET /health HTTP/1.1\r\n")
        async with asyncio.timeout(TIMEOUT_S):
            assert await reader.read() == b""
        writer.close()


async def test_a_port_in_use_is_named_with_a_remedy(caplog: pytest.LogCaptureFixture) -> None:
    with closing(socket.create_server((LOOPBACK, 0))) as taken:
        port = taken.getsockname()[1]
        async with serve_http(
            HttpEndpoint(LOOPBACK, port), lambda: REPORT, Inbox(), HostClock()
        ) as problem:
            assert problem == (
                f"cannot listen on 127.0.0.1:{port} (Address already in use); "
                "choose another address or port under `web`"
            )
    assert problem in caplog.text


def open_files() -> int:
    return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))
