"""`GET /health`: the health of the bridge, for a person, a monitor or a container's health check.

A client cannot hold resources for long: the number and the duration of connections are limited, and
every request but this one is refused.
"""

import asyncio
import ipaddress
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, override

from aiohttp import web

from limber_bridge.config.model import HealthEndpoint
from limber_bridge.protocol.encoding import encode
from limber_bridge.protocol.messages import HealthReport

LOG: Final = logging.getLogger(__name__)

CONNECTIONS_MAX: Final = 32
"""Connections at a time; further ones are closed at once. Chosen: monitors need one or two, and
each costs a file descriptor."""
CONNECTION_MAX_S: Final = 10.0
"""Duration after which a connection is closed in any state. Chosen: a response takes milliseconds.
"""
SHUTDOWN_S: Final = 1.0
"""Time for open requests to end when the bridge stops."""
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
"""Names under which a client on this machine asks. A page from elsewhere that is open in a browser
here asks under its own name, even where that resolves to this machine (DNS rebinding)."""
MALFORMED_REQUESTS_LOG: Final = logging.getLogger(f"{__name__}.malformed_requests")
"""Where aiohttp logs malformed requests. It is silent, because strangers could fill the log."""
MALFORMED_REQUESTS_LOG.setLevel(logging.CRITICAL)


class HealthServer(web.Server):
    """Limit the number and the duration of connections."""

    @override
    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Accept a connection for a limited time, or close it at once if there are too many."""
        super().connection_made(handler, transport)
        if len(self.connections) > CONNECTIONS_MAX:
            handler.force_close()
        else:
            asyncio.get_running_loop().call_later(CONNECTION_MAX_S, handler.force_close)


@asynccontextmanager
async def serve_health(
    endpoint: HealthEndpoint, report: Callable[[], HealthReport]
) -> AsyncIterator[str]:
    """Answer `GET /health` while the context is entered.

    Yields why that is not possible, or an empty text: the bridge runs without it.
    """
    server = health_server(endpoint, report)
    runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    problem = ""
    try:
        await web.TCPSite(runner, endpoint.address, endpoint.port).start()
    except OSError as error:
        # asyncio wraps the address and the number of the error around its text.
        reason = os.strerror(error.errno) if error.errno else str(error)
        problem = (
            f"cannot listen on {endpoint.address}:{endpoint.port} ({reason}); "
            "choose another address or port under `web`"
        )
        LOG.warning("%s", problem)
    try:
        yield problem
    finally:
        await runner.cleanup()


def health_server(endpoint: HealthEndpoint, report: Callable[[], HealthReport]) -> HealthServer:
    """Return a server that answers one request per connection and ignores its body."""
    return HealthServer(
        request_handler(endpoint, report),
        access_log=None,
        logger=MALFORMED_REQUESTS_LOG,
        lingering_time=0.0,
        keepalive_timeout=0.0,
    )


def request_handler(
    endpoint: HealthEndpoint, report: Callable[[], HealthReport]
) -> Callable[[web.BaseRequest], Awaitable[web.Response]]:
    """Return the function that answers a request."""
    local_only = ipaddress.ip_address(endpoint.address).is_loopback

    async def handle(request: web.BaseRequest) -> web.Response:
        host = host_without_port(request.headers.get("Host", "localhost"))
        if local_only and host not in LOCAL_NAMES:
            raise web.HTTPForbidden(text="use the name localhost in the address\n")
        if request.path != "/health":
            raise web.HTTPNotFound
        if request.method not in ("GET", "HEAD"):
            raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))
        return health_response(report())

    return handle


def health_response(report: HealthReport) -> web.Response:
    """Return a health report as a response; its status is 503 if the bridge has stalled."""
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
    }
    return web.Response(
        body=encode(report),
        status=200 if report.live else 503,
        content_type="application/json",
        headers=headers,
    )


def host_without_port(host: str) -> str:
    """Return the name in a Host header, without the port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
