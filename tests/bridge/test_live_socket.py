"""The WebSocket of a live page, over real connections to a running bridge."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import aiohttp
import numpy as np
import pytest
from aiohttp import WSMsgType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.network_sensor import AnkleSensor
from devtools.processes import LOOPBACK
from limber_bridge.daemon.live_view import READERS_MAX
from limber_bridge.web.live_socket import COMMAND_INTERVAL_S, COMMAND_MAX_BYTES, parse_command
from tests.bridge.feet import Foot, accelerations
from tests.bridge.listener import PATIENCE_S
from tests.bridge.web_client import Browser, serving_pages

pytestmark = pytest.mark.real_time

PASSWORD: Final = "a long enough password"  # noqa: S105 - of a test
BLOCK: Final = 5
"""Samples in a frame: ten frames a second."""


@asynccontextmanager
async def serving_foot(folder: Path) -> AsyncIterator[Browser]:
    """Run a bridge and its pages, and a foot that sends in real time."""
    async with serving_pages(folder) as browser:
        port = int((folder / "limber.yaml").read_text().split("127.0.0.1, port: ")[1].split("}")[0])
        sending = asyncio.create_task(send_foot(port))
        try:
            yield browser
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def send_foot(port: int) -> None:
    """Send the frames of a foot, again and again."""
    sensor = AnkleSensor()
    signal = accelerations(Foot())
    loop = asyncio.get_running_loop()
    started = loop.time()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        number = 0
        while True:
            begin = number * BLOCK % (signal.shape[1] - BLOCK)
            out.sendto(sensor.frame(signal[:, begin : begin + BLOCK]), (LOOPBACK, port))
            number += 1
            await asyncio.sleep(max(0.0, started + number * BLOCK / sensor.rate - loop.time()))


@asynccontextmanager
async def connected(
    browser: Browser, path: str = "/live/1", origin: str | None = None
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open a WebSocket as a page of the bridge does."""
    headers = {"Origin": f"http://{browser.origin}" if origin is None else origin}
    address = f"http://{browser.origin}{path}"
    async with (
        aiohttp.ClientSession(cookies=browser.cookies) as session,
        asyncio.timeout(PATIENCE_S),
        session.ws_connect(address, headers=headers) as page,
    ):
        yield page


async def test_a_page_receives_the_signal(tmp_path: Path) -> None:
    async with serving_foot(tmp_path) as browser, connected(browser) as page:
        message = await page.receive_json()
        times: list[int] = message["times"]
        while len(times) < 30:
            message = await page.receive_json()
            times += message["times"]
        assert times == sorted(times)
        assert message["link"]["connected"] is True
        assert message["gravity"] is not None


async def test_a_live_page_ends_with_the_session(tmp_path: Path) -> None:
    async with serving_foot(tmp_path) as browser:
        await browser.get("/first-use")
        await browser.post("/first-use", {"password": PASSWORD, "repeated": PASSWORD})
        async with connected(browser) as page:
            await page.receive_json()
            await browser.get("/nights/anna")
            assert (await browser.post("/sign-out", {})).status == 303
            while (await page.receive()).type is WSMsgType.TEXT:
                pass
            assert page.closed


async def test_a_page_shows_a_simulated_sensor(tmp_path: Path) -> None:
    """Its sleeper lives in the time of the simulation."""
    simulated = (
        "{id: 1, source: simulated, placement: ankle, side: left, quantity: acceleration, "
        "head_start: 21.95}"
    )
    async with (
        serving_pages(tmp_path, sensors=simulated) as browser,
        connected(browser) as page,
    ):
        while not (await page.receive_json())["levels"]:
            pass


async def test_a_page_begins_and_stops_a_check(tmp_path: Path) -> None:
    async with serving_foot(tmp_path) as browser, connected(browser) as page:
        await page.send_json({"do": "start"})
        message = await page.receive_json()
        while message["check"] is None or message["check"]["elapsed"] < 500:
            message = await page.receive_json()
        assert message["check"]["step"] == "settle"
        assert message["check"]["verdict"] is None
        await page.send_json({"do": "stop"})
        while message["check"] is not None:
            message = await page.receive_json()


async def test_two_pages_see_the_same_check(tmp_path: Path) -> None:
    """A phone at the bed and a computer, say."""
    async with (
        serving_foot(tmp_path) as browser,
        connected(browser) as one,
        connected(browser) as two,
    ):
        await one.send_json({"do": "start"})
        while (await two.receive_json())["check"] is None:
            pass


@pytest.mark.parametrize(
    "origin", ["http://example.org", "https://localhost:1", "null", "http://127.0.0.1:1"]
)
async def test_a_page_from_elsewhere_is_refused(tmp_path: Path, origin: str) -> None:
    """Browsers let any page open a WebSocket to any address, and send the cookies along."""
    async with serving_pages(tmp_path) as browser:
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            async with connected(browser, origin=origin):
                pass
        assert error.value.status == 403


async def test_a_stranger_is_refused(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        await browser.get("/access")
        form = {"password": PASSWORD, "repeated": PASSWORD}
        assert (await browser.post("/access", form)).status == 303
        async with connected(browser) as page:
            assert (await page.receive()).type is WSMsgType.TEXT
        browser.cookies.clear()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with connected(browser):
                pass


@pytest.mark.parametrize("path", ["/live/2", "/live/x", "/live/-1", "/live/1e0", "/live/٣"])
async def test_an_unknown_sensor_is_not_found(tmp_path: Path, path: str) -> None:
    async with serving_pages(tmp_path) as browser:
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            async with connected(browser, path):
                pass
        assert error.value.status == 404


async def test_the_address_without_a_websocket_says_what_it_is_for(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        reply = await browser.get("/live/1", Origin=f"http://{browser.origin}")
        assert reply.status == 400


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "start",
        "[]",
        '{"do": "erase"}',
        '{"do": "start", "sensor": 2}',
        '{"do": 1}',
        "{" * 100,
        "\x00",
    ],
)
async def test_anything_else_ends_the_connection(tmp_path: Path, sent: str) -> None:
    async with serving_pages(tmp_path) as browser, connected(browser) as page:
        await page.send_str(sent)
        while (await page.receive()).type is WSMsgType.TEXT:
            pass
        assert page.close_code == 1008


async def test_binary_and_long_messages_end_the_connection(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        async with connected(browser) as page:
            await page.send_bytes(b'{"do": "start"}')
            while (await page.receive()).type is WSMsgType.TEXT:
                pass
            assert page.close_code == 1008
        async with connected(browser) as page:
            await page.send_str(" " * (COMMAND_MAX_BYTES + 1))
            while (await page.receive()).type is WSMsgType.TEXT:
                pass
            assert page.close_code == 1009
        async with connected(browser) as page:
            assert (await page.receive()).type is WSMsgType.TEXT


async def test_commands_that_come_too_fast_end_the_connection(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser, connected(browser) as page:
        for _ in range(3):
            await page.send_json({"do": "start"})
        while (await page.receive()).type is WSMsgType.TEXT:
            pass
        assert page.close_code == 1008
        assert COMMAND_INTERVAL_S > 0


async def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        async with AsyncExitStack() as pages:
            for _ in range(READERS_MAX):
                await pages.enter_async_context(connected(browser))
            with pytest.raises(aiohttp.WSServerHandshakeError) as error:
                async with connected(browser):
                    pass
            assert error.value.status == 503
        async with connected(browser) as page:
            assert (await page.receive()).type is WSMsgType.TEXT


async def test_a_page_that_does_not_read_is_dropped(tmp_path: Path) -> None:
    """What waits for it is bounded, and the others go on."""
    async with serving_foot(tmp_path) as browser, connected(browser) as quick:
        slow = await slow_page(browser.port)
        with slow:
            async with asyncio.timeout(PATIENCE_S):
                while not await is_reset(slow):
                    await quick.receive_json()
        assert (await quick.receive()).type is WSMsgType.TEXT


async def test_random_bytes_after_the_handshake_raise_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Any frame, whole or torn, masked or not, ends at most its own connection."""
    rng = np.random.default_rng(20261129)
    async with serving_pages(tmp_path) as browser:
        for _ in range(40):
            raw = await slow_page(browser.port)
            with raw, suppress(ConnectionError):
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(raw, random_frame(rng))
                # Half of them are left open until the client goes away.
                if rng.random() < 0.5:
                    await loop.sock_recv(raw, 4096)
        async with connected(browser) as page:
            assert (await page.receive()).type is WSMsgType.TEXT
    assert "a web page failed" not in caplog.text


def random_frame(rng: np.random.Generator) -> bytes:
    """Return the bytes of a WebSocket frame with random flags, length and content."""
    first = (
        int(rng.integers(256)) if rng.random() < 0.3 else int(rng.choice([0x81, 0x82, 0x88, 0x89]))
    )
    length = int(rng.choice([0, 1, 12, 125, 126, 127]))
    body = rng.bytes(int(rng.integers(200)))
    if rng.random() < 0.5:
        body = json.dumps({"do": "start"}).encode() if rng.random() < 0.5 else b"{" * 60
        length = len(body)
    mask = 0x80 if rng.random() < 0.8 else 0
    return bytes([first, mask | length]) + (bytes(4) if mask else b"") + body


async def slow_page(port: int) -> socket.socket:
    """Open a WebSocket with little room for what arrives, and read nothing after the handshake."""
    slow = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(slow, (LOOPBACK, port))
    head = (
        f"GET /live/1 HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    await loop.sock_sendall(slow, head.encode("ascii"))
    answer = await loop.sock_recv(slow, 12)
    assert answer == b"HTTP/1.1 101"
    return slow


async def is_reset(connection: socket.socket) -> bool:
    """Return whether the other side has ended a connection, without reading from it."""
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.text() | st.binary() | st.dictionaries(st.text(), st.text()).map(json.dumps))
def test_any_message_is_a_command_or_none(data: str | bytes) -> None:
    kind = WSMsgType.BINARY if isinstance(data, bytes) else WSMsgType.TEXT
    command = parse_command(aiohttp.WSMessage(kind, data, None))
    assert command is None or command.do in {"start", "stop"}


async def test_the_bridge_stops_while_a_page_is_open(tmp_path: Path) -> None:
    """It does not wait for the page, which hears that the connection has ended."""
    async with AsyncExitStack() as stack:
        async with serving_pages(tmp_path) as browser:
            page = await stack.enter_async_context(connected(browser))
            assert (await page.receive()).type is WSMsgType.TEXT
        while (await page.receive()).type is WSMsgType.TEXT:
            pass
        assert page.closed
