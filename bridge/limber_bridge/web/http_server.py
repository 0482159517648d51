"""The HTTP server of the bridge.

`GET /health` is the health of the bridge, for a person, a monitor or a container's health check.
`POST /ingest/<sensor id>/<secret>` takes what phones send. Every other request is for a page
(`limber_bridge.web.site`).

A client cannot hold resources for long: the number and the duration of connections are limited, and
so is what a sensor may post. A visitor who may see the pages has connections of their own, of any
duration.
"""

import asyncio
import ipaddress
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, override

from aiohttp import web

from limber_bridge.config.model import HttpEndpoint
from limber_bridge.protocol.encoding import encode
from limber_bridge.protocol.health_messages import HealthReport, WaitingReport
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.inbox import UNKNOWN_SENSOR, Delivery, Inbox
from limber_bridge.sources.phone.messages import MAX_BODY_BYTES
from limber_bridge.sources.rate_limiter import RateLimiter
from limber_bridge.web.request_checks import is_local_name

LOG: Final = logging.getLogger(__name__)

CONNECTIONS_MAX: Final = 32
"""Connections at a time; with one more, the oldest one that has not shown a secret is closed.
Chosen: monitors need one or two, a phone a few, and each costs a file descriptor."""
CONNECTIONS_MAX_PER_ADDRESS: Final = 8
"""Connections of one address at a time; with one more, the oldest one of this address is closed, so
that a single device cannot take the places of all others. Chosen: a phone opens one after another.
"""
CONNECTION_MAX_S: Final = 10.0
"""Duration after which a connection is closed in any state. Chosen: a response takes milliseconds,
and a phone needs about a second for the largest message.
"""
PAGE_CONNECTIONS_MAX: Final = 64
"""Connections at a time of those who may see the pages. Chosen: ten live pages and downloads."""
SHUTDOWN_S: Final = 1.0
"""Time for open requests to end when the bridge stops."""
POSTS_PER_SENSOR_HZ: Final = 250
"""Posts per second of one sensor; the burst that is allowed as well is that of network sensors.
Chosen: phones send one per second, and a backlog of ten minutes may come at once."""
REFUSED_BODY_S: Final = 1.0
"""How long the rest of a refused post is read. A connection that is closed while data arrive is
reset, and the client would not see the response. Chosen: a post of a phone takes less, and a client
without the secret should not hold a connection."""
STATUS_FOR_THE_PERSON: Final = 499
"""HTTP status with which Sensor Logger shows the text of the response to the person (PUSHING.md of
https://github.com/tszheichoi/awesome-sensor-logger)."""
WARNING_INTERVAL_S: Final = 600.0
"""Time between two warnings about posts with a wrong address. Chosen: strangers cannot fill the
log."""
MALFORMED_REQUESTS_LOG: Final = logging.getLogger(f"{__name__}.malformed_requests")
"""Where aiohttp logs malformed requests. It is silent, because strangers could fill the log."""
MALFORMED_REQUESTS_LOG.setLevel(logging.CRITICAL)

type Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
type CrashPage = Callable[[web.BaseRequest], web.Response]
"""Returns the page that says that something failed."""


class LimitedConnection(web.RequestHandler):
    """One connection of a limited server."""

    def __init__(self, server: LimitedServer, **options: Any) -> None:  # noqa: ANN401 - aiohttp's
        """Start; `server` limits the connection."""
        super().__init__(server, **options)
        self._limits = server

    def note_secret(self) -> None:
        """Note that the client knows a secret: it does not give way to others."""
        self._limits.note_secret(self)

    def lift_limits(self) -> None:
        """Give the connection any time; HTTPServiceUnavailable if there are too many of these."""
        self._limits.lift(self)

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request whose handler raised an unexpected exception, and log that."""
        crash_page = self._limits.crash_page
        if status != 500 or crash_page is None:
            return super().handle_error(request, status, exc, message)
        if isinstance(exc, ConnectionError) and has_hung_up(request):
            raise exc
        LOG.error("a web page failed: %s %s", request.method, request.path, exc_info=exc)
        if request.writer.output_size > 0:
            # A part was sent: the client sees that the connection ended early.
            raise ConnectionError
        response = crash_page(request)
        response.force_close()
        return response


class LimitedServer(web.Server):
    """Limit the number and the duration of connections."""

    def __init__(
        self, handler: Handler, crash_page: CrashPage | None = None, *, proxy: str = ""
    ) -> None:
        """Start without connections; `handler` answers one request of each.

        `crash_page` answers where that fails; `proxy`: address of a proxy whose connections are of
        many clients.
        """
        super().__init__(
            handler,
            access_log=None,
            logger=MALFORMED_REQUESTS_LOG,
            lingering_time=0.0,
            keepalive_timeout=0.0,
        )
        self.crash_page = crash_page
        """Answers requests whose handler failed; None: without a page."""
        self._proxy = proxy
        self._addresses: dict[web.RequestHandler, str] = {}
        """Remote address of each open connection whose duration is limited."""
        self._timers: dict[web.RequestHandler, asyncio.TimerHandle] = {}
        """When each of these is closed."""
        self.stop_listening: Callable[[], Awaitable[None]] | None = None
        """Accepts no more connections; those that are open go on. None where it never listened."""
        self._lifted: set[web.RequestHandler] = set()
        """Open connections of any duration."""
        self._with_secret: set[web.RequestHandler] = set()
        """Open connections whose client has shown a secret."""

    @override
    def __call__(self) -> LimitedConnection:
        """Return the protocol of a new connection."""
        return LimitedConnection(self, loop=self._loop, **self._kwargs)

    def lift(self, handler: web.RequestHandler) -> None:
        """Lift the limits of a connection; HTTPServiceUnavailable if too many are lifted."""
        if handler in self._lifted or handler not in self._addresses:
            return
        if len(self._lifted) >= PAGE_CONNECTIONS_MAX:
            raise web.HTTPServiceUnavailable
        self._lifted.add(handler)
        self._addresses.pop(handler)
        self._timers.pop(handler).cancel()

    @override
    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Accept a connection for a limited time; if there are too many, one is closed at once."""
        super().connection_made(handler, transport)
        address = remote_address(transport)
        rivals = self._rivals(address)
        self._addresses[handler] = address
        if rivals:
            oldest = next((one for one in rivals if one not in self._with_secret), handler)
            self._addresses.pop(oldest)
            oldest.force_close()
        loop = asyncio.get_running_loop()
        self._timers[handler] = loop.call_later(CONNECTION_MAX_S, handler.force_close)

    def note_secret(self, handler: web.RequestHandler) -> None:
        """Note that the client of a connection has shown a secret."""
        if handler in self._addresses:
            self._with_secret.add(handler)

    def _rivals(self, address: str) -> list[web.RequestHandler]:
        """Return the connections of which one must be closed for another one of an address.

        The oldest comes first; none while there is room.
        """
        of_address = [one for one, other in self._addresses.items() if other == address]
        if address != self._proxy and len(of_address) >= CONNECTIONS_MAX_PER_ADDRESS:
            return of_address
        return list(self._addresses) if len(self._addresses) >= CONNECTIONS_MAX else []

    @override
    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Forget a connection that has ended."""
        super().connection_lost(handler, exc)
        self._addresses.pop(handler, None)
        self._lifted.discard(handler)
        self._with_secret.discard(handler)
        timer = self._timers.pop(handler, None)
        if timer is not None:
            timer.cancel()


class Ingest:
    """Pass what phones post to the sources."""

    def __init__(self, inbox: Inbox, host_clock: HostClock) -> None:
        """Start; nothing is passed on before a source registers with the inbox."""
        self._inbox = inbox
        self._host_clock = host_clock
        self._limiter = RateLimiter(POSTS_PER_SENSOR_HZ)
        self._warned_at: float | None = None

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer `POST /ingest/<sensor id>/<secret>`."""
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ("POST",))
        sensor, secret = sensor_and_secret(request.path)
        # A sensor without a secret takes messages from elsewhere; HTTP is closed to it.
        if sensor is None or not secret or not self._inbox.admits(sensor, secret):
            self._warn_unauthorized(request)
            return await send_without_body(request, refused(UNKNOWN_SENSOR.text))
        if isinstance(request.protocol, LimitedConnection):
            request.protocol.note_secret()
        arrived = self._host_clock.steady()
        if not self._limiter.allow(sensor, arrived):
            too_many = web.Response(text="too many posts from this sensor\n", status=429)
            return await send_without_body(request, too_many)
        body = await read_body(request)
        if body is None:
            return refused(
                f"The message is larger than {MAX_BODY_BYTES // 2**20} MB: choose a shorter batch "
                "period in the settings of the push."
            )
        # Arrival is the time of the first bytes: a slow upload says nothing of the phone's clock.
        refusal = self._inbox.deliver(sensor, Delivery(body, arrived, secret))
        return accepted() if refusal is None else refused(refusal.text)

    def _warn_unauthorized(self, request: web.BaseRequest) -> None:
        now = asyncio.get_running_loop().time()
        if self._warned_at is None or now - self._warned_at >= WARNING_INTERVAL_S:
            self._warned_at = now
            LOG.warning(
                "a post from %s to /ingest was refused: no sensor with `source: phone` has this id "
                "and secret; compare the address in the app with limber.yaml",
                request.remote,
            )


@asynccontextmanager
async def serve_http(
    endpoint: HttpEndpoint, report: Callable[[], HealthReport], inbox: Inbox, host_clock: HostClock
) -> AsyncIterator[str]:
    """Serve the health of the bridge and take posts while the context is entered.

    Yields why that is not possible, or an empty text: the bridge runs without it.
    """
    ingest = Ingest(inbox, host_clock)
    async with serving(endpoint, limited_server(endpoint, report, ingest)) as problem:
        yield problem


@asynccontextmanager
async def serve_ingest(
    endpoint: HttpEndpoint, inbox: Inbox, host_clock: HostClock
) -> AsyncIterator[str]:
    """Do the same without the health of a bridge: for `limber check`, which has none."""
    ingest = Ingest(inbox, host_clock)
    async with serving(endpoint, limited_server(endpoint, None, ingest)) as problem:
        yield problem


@asynccontextmanager
async def serving(endpoint: HttpEndpoint, server: LimitedServer) -> AsyncIterator[str]:
    """Run a server while the context is entered; yield why that is not possible, if it is not."""
    runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    problem = ""
    site = web.TCPSite(runner, endpoint.address, endpoint.port)
    try:
        await site.start()
        server.stop_listening = site.stop
        LOG.info("listening for HTTP on %s:%s", endpoint.address, endpoint.port)
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


def limited_server(
    endpoint: HttpEndpoint, report: Callable[[], HealthReport] | None, ingest: Ingest
) -> LimitedServer:
    """Return a server that answers one request per connection."""
    return LimitedServer(request_handler(endpoint, report, ingest))


def has_hung_up(request: web.BaseRequest) -> bool:
    """Return whether the client closed the connection before it had the response."""
    return request.transport is None or request.transport.is_closing()


def remote_address(transport: asyncio.Transport) -> str:
    """Return the address of the client; empty if the connection has already ended."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if peer else ""


def request_handler(
    endpoint: HttpEndpoint,
    report: Callable[[], HealthReport | WaitingReport] | None,
    ingest: Ingest,
    pages: Handler | None = None,
) -> Handler:
    """Return the function that answers a request; without `report` there is no `/health`.

    `pages` answers every other request; None: there are no pages.
    """
    local_only = ipaddress.ip_address(endpoint.address).is_loopback

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if local_only and not is_local_name(request.headers.get("Host", "localhost")):
            raise web.HTTPForbidden(text="use the name localhost in the address\n")
        if request.path.startswith("/ingest/"):
            return await ingest.handle(request)
        if pages is not None and request.path != "/health":
            return await pages(request)
        if report is None or request.path != "/health":
            raise web.HTTPNotFound
        if request.method not in ("GET", "HEAD"):
            raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))
        return health_response(report())

    return handle


def health_response(report: HealthReport | WaitingReport) -> web.Response:
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


def accepted() -> web.Response:
    """Return the response to a message that was accepted."""
    return web.Response(text="ok\n", headers={"Connection": "close"})


def refused(text: str) -> web.Response:
    """Return the response to a message that was refused, with a text for the person."""
    return web.Response(
        text=text, status=STATUS_FOR_THE_PERSON, reason="Refused", headers={"Connection": "close"}
    )


def sensor_and_secret(path: str) -> tuple[int | None, str]:
    """Return the sensor id and the secret in `/ingest/<sensor id>/<secret>`; None without an id."""
    number, _, secret = path.removeprefix("/ingest/").rstrip("/").partition("/")
    is_id = number.isascii() and number.isdecimal() and len(number) <= 10
    return (int(number) if is_id else None), secret


async def read_body(request: web.BaseRequest) -> bytes | None:
    """Return the body of a request; None if it is too large."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            await discard_body(request)
            return None
    return bytes(body)


async def send_without_body(request: web.BaseRequest, response: web.Response) -> web.Response:
    """Send a response before the body was read; end the connection soon, whatever arrives."""
    response.force_close()
    await response.prepare(request)
    await response.write_eof()
    with suppress(TimeoutError):
        async with asyncio.timeout(REFUSED_BODY_S):
            await discard_body(request)
    return response


async def discard_body(request: web.BaseRequest) -> None:
    """Read the rest of a body without keeping it: else the client would not see the response."""
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return
