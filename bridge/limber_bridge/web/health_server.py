"""`GET /health`: how the bridge does, for a person, a monitor or a container's health check.

Law: nobody who asks can hold anything for long: connections are few and short, and all but one
small answer is refused.
"""

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, override

from aiohttp import web

from limber_bridge.config.model import HealthEndpoint
from limber_bridge.protocol.encoding import encode
from limber_bridge.protocol.messages import HealthReport

LOG: Final = logging.getLogger(__name__)

CONNECTIONS: Final = 32
"""At a time; more are hung up on."""
LASTS: Final = 10.0
"""s after which a connection is closed, whatever it is doing: an answer takes milliseconds."""
QUIET: Final = logging.getLogger(f"{__name__}.strangers")
"""Where aiohttp tells of requests that are none: nowhere, as strangers would fill the log."""
QUIET.setLevel(logging.CRITICAL)
LOCAL: Final = ("localhost", "127.0.0.1", "[::1]")
"""How this machine is called by whoever is on it: a page from elsewhere that a browser here was
lured to has another name, even where that leads to us."""


class HealthServer(web.Server):
    """Lets few in, and nobody stay."""

    @override
    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Take a connection, or hang up."""
        super().connection_made(handler, transport)
        if len(self.connections) > CONNECTIONS:
            handler.force_close()
        else:
            asyncio.get_running_loop().call_later(LASTS, handler.force_close)


@asynccontextmanager
async def listening(page: HealthEndpoint, report: Callable[[], HealthReport]) -> AsyncIterator[str]:
    """Answer as long as this lasts; gives what keeps us from it, or nothing: the bridge goes on
    without.
    """
    runner = web.ServerRunner(door(page, report), shutdown_timeout=1.0)
    await runner.setup()
    trouble = ""
    try:
        await web.TCPSite(runner, page.address, page.port).start()
    except OSError as error:
        where = f"{page.address}:{page.port}"
        trouble = f"cannot answer on {where} ({error.strerror or error}): choose another `web` address or port"
        LOG.warning("%s", trouble)
    try:
        yield trouble
    finally:
        await runner.cleanup()


def door(page: HealthEndpoint, report: Callable[[], HealthReport]) -> HealthServer:
    """Return what takes connections. It waits neither for a body, as nobody reads it, nor for a
    second request.
    """
    asked = answer(page, report)
    return HealthServer(
        asked, access_log=None, logger=QUIET, lingering_time=0.0, keepalive_timeout=0.0
    )


def answer(
    page: HealthEndpoint, report: Callable[[], HealthReport]
) -> Callable[[web.BaseRequest], Awaitable[web.Response]]:
    """Return what answers a request."""
    here = ipaddress.ip_address(page.address).is_loopback

    async def health(request: web.BaseRequest) -> web.Response:
        if here and named(request.headers.get("Host", "localhost")) not in LOCAL:
            raise web.HTTPForbidden(text="ask for it by the name localhost\n")
        if request.path != "/health":
            raise web.HTTPNotFound
        if request.method not in ("GET", "HEAD"):
            raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))
        found = report()
        headers = {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }
        status = 200 if found.live else 503
        return web.Response(
            body=encode(found), status=status, content_type="application/json", headers=headers
        )

    return health


def named(host: str) -> str:
    """Return the name in a Host header, without the port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
