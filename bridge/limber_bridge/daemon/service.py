"""`limber run`: waits until limber.yaml is complete, runs the bridge, and follows changed files.

The web pages are served all the time. A change is taken over by the running bridge where that is
possible; else the bridge is stopped in order and started again, while the pages go on.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from limber_bridge.config.loader import SetupState, check_setup
from limber_bridge.config.model import Config, HttpEndpoint
from limber_bridge.daemon.announcement import (
    Announce,
    Announcer,
    announce_by_multicast,
    announcement_of,
)
from limber_bridge.daemon.bridge import Bridge, log_journal
from limber_bridge.daemon.config_access import ConfigAccess, ReloadOutcome
from limber_bridge.daemon.systemd import ServiceManager
from limber_bridge.daemon.web_access import BridgeAccess
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.storage.journal import Journal

LOG: Final = logging.getLogger(__name__)

SETUP_ENDPOINT: Final = HttpEndpoint("127.0.0.1", 47801)
"""Where the pages are served before limber.yaml says where: the defaults of `web`."""
SETUP_STATUS: Final = "waiting for the setup in the browser"
WAYS: Final[tuple[Announce, ...]] = (announce_by_multicast,)
"""How a bridge is announced, unless the caller knows more ways."""
ALIVE_INTERVAL_S: Final = 10.0
"""Time between two notifications to systemd while no bridge runs; chosen: below `WatchdogSec`."""


class NoSetupError(Exception):
    """There is neither a configuration nor a page to make one; the text says what to do."""


class PageServer(Protocol):
    """Serves the pages, and everything else over HTTP."""

    problem: str
    """Why HTTP cannot be served; empty where it can."""

    async def stop_listening(self) -> None:
        """Accept no more connections; those that are open go on."""

    def attach(self, access: BridgeAccess) -> None:
        """Serve a bridge that runs now."""

    def detach(self) -> None:
        """Serve only what works without a bridge."""


type OpenServer = Callable[
    [HttpEndpoint, Path, ConfigAccess], AbstractAsyncContextManager[PageServer]
]
"""Serves at an address while the context is entered; the path is that of the bridge's data."""


class Serving:
    """The server of the pages, at the address that limber.yaml says now."""

    def __init__(self, files: ConfigAccess, open_server: OpenServer) -> None:
        """Start without a server."""
        self._files = files
        self._open = open_server
        self._stack = AsyncExitStack()
        self._closing: list[asyncio.Task[None]] = []
        """Servers that answer their last requests."""
        self._place: tuple[HttpEndpoint, Path] | None = None
        self._server: PageServer | None = None
        self._access: BridgeAccess | None = None

    async def serve_at(self, endpoint: HttpEndpoint | None, folder: Path) -> None:
        """Serve at an address; None serves nothing. Nothing happens if it is the same as before."""
        # Whether the address is announced does not matter to the server.
        place = None if endpoint is None else (replace(endpoint, announce=True), folder)
        if place == self._place:
            return
        if self._server is not None:
            # The new server may need the same port. What the old one answers just now goes on: it
            # may be the form that has changed the address.
            await self._server.stop_listening()
            self._closing.append(asyncio.create_task(self._stack.aclose()))
            self._stack = AsyncExitStack()
            self._server = None
        self._place = place
        if place is None:
            return
        self._server = await self._stack.enter_async_context(self._open(*place, self._files))
        if self._access is not None:
            self._server.attach(self._access)

    @property
    def problem(self) -> str:
        """Why HTTP cannot be served; empty where it can, or need not."""
        return "" if self._server is None else self._server.problem

    async def close(self) -> None:
        """Serve nothing any more."""
        await self._stack.aclose()
        await asyncio.gather(*self._closing)
        self._server = None
        self._place = None

    @asynccontextmanager
    async def attached(self, access: BridgeAccess) -> AsyncIterator[str]:
        """Serve a bridge while the context is entered; yield why HTTP cannot be served, if so."""
        self.attach(access)
        try:
            yield self.problem
        finally:
            self._access = None
            if self._server is not None:
                self._server.detach()

    def attach(self, access: BridgeAccess) -> None:
        """Serve a bridge."""
        self._access = access
        if self._server is not None:
            self._server.attach(access)

    def set_config(self, config: Config) -> None:
        """Show the pages the configuration that runs now."""
        if self._access is not None:
            self.attach(replace(self._access, config=config))


class BridgeService:
    """Run the bridge of a configuration file, for as long as the process lives."""

    def __init__(
        self, path: Path, open_server: OpenServer, ways: Sequence[Announce] = WAYS
    ) -> None:
        """Start; nothing is read or served before `run`. `ways`: how the bridge is announced."""
        self._files = ConfigAccess(path)
        self._ways = ways
        self._serving = Serving(self._files, open_server)
        self._systemd = ServiceManager()
        self._answer: Callable[[ReloadOutcome], None] = ignore
        """Answers those who wait for the reload that is under way."""

    async def run(self) -> None:
        """Run until cancelled; JournalError if the journal cannot be used; NoSetupError."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._files.request)
        try:
            state = check_setup(self._files.path)
            while True:
                await self._serve(state)
                if state.config is None:
                    state = await self._wait_for_setup(state)
                else:
                    state = await self._run_bridge(state.config)
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            await self._serving.close()

    def stop(self, running: asyncio.Future[None]) -> None:
        """Stop in order."""
        self._systemd.notify_stopping()
        running.cancel()

    async def _serve(self, state: SetupState) -> None:
        """Serve the pages where a configuration says, which may be incomplete."""
        if state.draft is None:
            await self._serving.serve_at(SETUP_ENDPOINT, self._files.path.parent)
            return
        endpoint = state.draft.web
        if state.config is None and endpoint is None:
            # Without the pages, the setup could not be completed.
            endpoint = SETUP_ENDPOINT
        await self._serving.serve_at(endpoint, state.draft.journal.parent)

    async def _wait_for_setup(self, state: SetupState) -> SetupState:
        """Wait for a file that may be complete; return what it contains. NoSetupError."""
        for line in state.errors:
            LOG.error("%s", line)
        lacking = ", ".join(state.missing) or "it has errors"
        if self._serving.problem and not state.errors:
            raise NoSetupError(
                f"{self._files.path} is not complete ({lacking}), and the page to set it up cannot "
                f"be opened: {self._serving.problem}; or end the other program that uses this port"
            )
        # A file with errors is corrected by hand; the bridge can take it over without its page.
        remedy = (
            "correct the file and restart the bridge"
            if self._serving.problem
            else "open the page of the bridge to set it up"
        )
        LOG.warning("%s is not complete (%s): %s", self._files.path, lacking, remedy)
        self._answer(ReloadOutcome(state.errors, state.missing))
        self._systemd.notify_ready()
        while True:
            self._systemd.notify_alive(SETUP_STATUS)
            with suppress(TimeoutError):
                async with asyncio.timeout(ALIVE_INTERVAL_S):
                    self._answer = await self._files.next_request()
                    return self._files.state()

    async def _run_bridge(self, config: Config) -> SetupState:
        """Run a bridge until it must start again; return the configuration to go on with."""
        for warning in config.world_readable_secrets():
            LOG.warning("%s", warning)
        with self._systemd.extending_start():
            journal = Journal(config.journal)
        with journal:
            bridge = Bridge(config, journal, HostClock(), http_server=self._serving.attached)
            log_journal(config, journal)
            running = asyncio.create_task(bridge.run())
            announcer = Announcer(self._ways, lambda: bridge.connected)

            async def announce(now: Config) -> None:
                await announcer.announce(announcement_of(now, journal.instance))

            try:
                await announce(config)
                return await self._follow(bridge, running, announce)
            finally:
                await announcer.stop()
                running.cancel()
                await asyncio.wait([running])
                if not running.cancelled():
                    # Raises what ended the bridge.
                    running.result()

    async def _follow(
        self,
        bridge: Bridge,
        running: asyncio.Task[None],
        announce: Callable[[Config], Awaitable[None]],
    ) -> SetupState:
        """Let a bridge follow changed files; return the first one that it cannot follow."""
        self._answer(ReloadOutcome())
        while True:
            request = asyncio.create_task(self._files.next_request())
            await asyncio.wait([request, running], return_when=asyncio.FIRST_COMPLETED)
            if not request.done():
                request.cancel()
                # It runs until it is cancelled or fails.
                running.result()
            answer = request.result()
            state = self._files.state()
            if state.config is None:
                for line in state.errors:
                    LOG.error("%s", line)
                LOG.error(
                    "%s cannot be used; the bridge continues with the previous configuration",
                    self._files.path,
                )
                answer(ReloadOutcome(state.errors, state.missing))
                continue
            reloading = asyncio.create_task(bridge.reload(state.config))
            await asyncio.wait([reloading, running], return_when=asyncio.FIRST_COMPLETED)
            if not reloading.done():
                reloading.cancel()
                running.result()
            restarting = reloading.result()
            if restarting:
                LOG.warning("restarting for changes of: %s", ", ".join(restarting))
                self._answer = answer_with(answer, restarting)
                return state
            LOG.info("%s was applied", self._files.path)
            self._serving.set_config(state.config)
            await self._serve(state)
            await announce(state.config)
            answer(ReloadOutcome())


def ignore(_: ReloadOutcome) -> None:
    """Do nothing with an outcome for which no page waits."""


def answer_with(
    answer: Callable[[ReloadOutcome], None], restarted: tuple[str, ...]
) -> Callable[[ReloadOutcome], None]:
    """Return a function that answers, and adds what was restarted."""
    return lambda outcome: answer(replace(outcome, restarted=restarted))


async def run_service(path: Path, open_server: OpenServer, ways: Sequence[Announce] = ()) -> None:
    """Run the bridge of a file until a signal stops it; JournalError or NoSetupError.

    `ways`: further ways to announce the bridge, besides multicast DNS.
    """
    service = BridgeService(path, open_server, (*WAYS, *ways))
    running = asyncio.ensure_future(service.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, service.stop, running)
    try:
        await running
    except asyncio.CancelledError:
        LOG.info("stopped")
