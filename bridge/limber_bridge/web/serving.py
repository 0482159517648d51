"""Serves everything of a running bridge over HTTP: its health, the posts of phones, the pages."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from aiohttp import web

from limber_bridge import __version__
from limber_bridge.config.model import HttpEndpoint
from limber_bridge.daemon.config_access import ConfigAccess
from limber_bridge.daemon.web_access import BridgeAccess
from limber_bridge.protocol.health_messages import WaitingReport
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.inbox import Inbox
from limber_bridge.web.http_server import Ingest, LimitedServer, request_handler, serving
from limber_bridge.web.request_checks import is_ip_address, is_loopback
from limber_bridge.web.site import Site, make_services
from limber_bridge.web.visit import Services

LOG: Final = logging.getLogger(__name__)

INGRESS_VARIABLE: Final = "LIMBER_INGRESS_PROXY"
"""Environment variable that the Home Assistant app sets: the address of the Supervisor, through
which the pages are shown inside Home Assistant."""
ALL_ADDRESSES: Final = "0.0.0.0"  # noqa: S104 - the network of the app's container


def app_endpoint(endpoint: HttpEndpoint, ingress_proxy: str) -> HttpEndpoint:
    """Return where an app listens: its container has a network of its own."""
    if ingress_proxy and is_loopback(endpoint.address):
        return replace(endpoint, address=ALL_ADDRESSES)
    return endpoint


class BridgeServer:
    """Serve HTTP for a bridge that comes and goes: before, after and while it runs."""

    def __init__(self, endpoint: HttpEndpoint, services: Services, proxy: str) -> None:
        """Start without a bridge."""
        self._endpoint = endpoint
        self._services = services
        self._site = Site(services)
        self.problem = ""
        """Why HTTP cannot be served; empty where it can."""
        self.server = LimitedServer(self._handle, self._site.crash_page, proxy=proxy)
        """Accepts the connections."""
        self.detach()
        self._site.announce(endpoint)

    def attach(self, access: BridgeAccess) -> None:
        """Serve a bridge that runs now."""
        self._services.bridge = access
        ingest = Ingest(access.inbox, access.host_clock)
        self._handler = request_handler(self._endpoint, access.report, ingest, self._site.handle)

    def detach(self) -> None:
        """Serve only what works without a bridge."""
        self._services.bridge = None
        ingest = Ingest(Inbox(), HostClock())
        self._handler = request_handler(self._endpoint, waiting_report, ingest, self._site.handle)

    async def stop_listening(self) -> None:
        """Accept no more connections, so that another server can use the port."""
        if self.server.stop_listening is not None:
            await self.server.stop_listening()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._handler(request)


def waiting_report() -> WaitingReport:
    """Return the health while no bridge runs, for monitors: the process does what it should."""
    return WaitingReport(healthy=False, live=True, software=__version__)


@asynccontextmanager
async def open_server(
    endpoint: HttpEndpoint, folder: Path, files: ConfigAccess | None, *, ingress_proxy: str = ""
) -> AsyncIterator[BridgeServer]:
    """Serve at an address while the context is entered; a bridge is attached later.

    `folder` is that of the bridge's data; `files` is None where limber.yaml cannot be changed.
    `ingress_proxy`: the value of `INGRESS_VARIABLE`.
    """
    if ingress_proxy and not is_ip_address(ingress_proxy):
        LOG.error("%s is not an IP address, and is ignored", INGRESS_VARIABLE)
        ingress_proxy = ""
    listening = app_endpoint(endpoint, ingress_proxy)
    services = make_services(listening, folder, ingress_proxy or None, None)
    services.files = files
    opened = BridgeServer(listening, services, ingress_proxy)
    try:
        async with serving(listening, opened.server) as problem:
            opened.problem = problem
            yield opened
    finally:
        services.workers.close()


@asynccontextmanager
async def serve_bridge(
    endpoint: HttpEndpoint, bridge: BridgeAccess, *, ingress_proxy: str = ""
) -> AsyncIterator[str]:
    """Serve one bridge while the context is entered; yield why that is not possible, if so."""
    folder = bridge.config.journal.parent
    async with open_server(endpoint, folder, None, ingress_proxy=ingress_proxy) as opened:
        opened.attach(bridge)
        yield opened.problem
