"""A browser without a screen, for tests of the web pages over real connections."""

import asyncio
import http.client
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from devtools.processes import LOOPBACK, free_port
from limber_bridge.config.loader import load_config
from limber_bridge.daemon.bridge import Bridge
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.storage.journal import Journal
from limber_bridge.web.serving import serve_bridge
from tests.bridge.examples import settings

TIMEOUT_S: Final = 60.0
TOKEN: Final = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
ANKLE: Final = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that was read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The page."""
        return self.body.decode("utf-8")

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self.headers["Location"]


@dataclass
class Browser:
    """Send requests as a browser does: with its cookies, and the token of the last page."""

    port: int
    host: str = ""
    address: str = LOOPBACK
    """Address of this machine from which the browser asks."""
    headers: dict[str, str] = field(default_factory=dict)
    """Added to every request."""
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    @property
    def origin(self) -> str:
        """Host and port, as in the address of a page."""
        return self.host or f"localhost:{self.port}"

    async def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """Open a page."""
        return await self._send(method, path, None, headers)

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> Reply:
        """Send a form with the token of the last page."""
        body = urlencode({"csrf": self.token} | dict(form))
        given = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://{self.origin}",
        } | headers
        return await self._send("POST", path, body.encode("ascii"), given)

    async def send(
        self, method: str, path: str, query: Mapping[str, str], form: Mapping[str, str]
    ) -> Reply:
        """Send a request with a query, and a form if it is a POST."""
        address = f"{path}?{urlencode(query)}" if query else path
        return await (self.post(address, form) if method == "POST" else self.get(address))

    async def follow(self, reply: Reply) -> Reply:
        """Open the page to which a redirect leads."""
        assert reply.status == 303, reply.text
        return await self.get(reply.location)

    async def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        all_headers = {"Host": self.origin} | self.headers | dict(headers)
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            all_headers["Cookie"] = "; ".join(pairs)
        reply = await asyncio.to_thread(self._exchange, method, path, body, all_headers)
        for cookie in reply.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        found = TOKEN.search(reply.body.decode("utf-8", "replace"))
        if found is not None:
            self.token = found[1]
        return reply

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        connection = http.client.HTTPConnection(
            LOOPBACK, self.port, timeout=TIMEOUT_S, source_address=(self.address, 0)
        )
        with closing(connection):
            connection.request(method, path, body, headers=dict(headers))
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())


@asynccontextmanager
async def serving_pages(
    folder: Path,
    *,
    address: str = LOOPBACK,
    ingress_proxy: str = "",
    sensors: str = ANKLE,
    broker_port: int | None = None,
) -> AsyncIterator[Browser]:
    """Run a bridge and its pages, without a broker by default; yield a browser on this machine."""
    port = free_port()
    path = folder / "limber.yaml"
    more = f"network: {{address: 127.0.0.1, port: {free_port()}}}\n"
    more += f"web: {{address: '{address}', port: {port}}}\n"
    path.write_text(settings(sensors, port=broker_port or free_port(), more=more))
    config = load_config(path)
    assert config.web is not None
    endpoint = config.web
    with Journal(config.journal) as journal:
        bridge = Bridge(
            config,
            journal,
            HostClock(),
            http_server=lambda access: serve_bridge(endpoint, access, ingress_proxy=ingress_proxy),
        )
        running = asyncio.create_task(bridge.run())
        try:
            await until_listening(port)
            yield Browser(port)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def until_listening(port: int) -> None:
    """Wait until a server accepts connections."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            writer.close()
            return


def path_of(address: str) -> str:
    """Return the path of an address without its query."""
    return urlsplit(address).path
