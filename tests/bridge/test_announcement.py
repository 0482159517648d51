"""The bridge announces itself: by multicast DNS, and to the Supervisor."""

import asyncio
import logging
import queue
import re
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from zeroconf import ServiceBrowser, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from devtools.processes import LOOPBACK, free_port, start
from limber_bridge import __version__
from limber_bridge.config.model import HttpEndpoint
from limber_bridge.daemon import announcement
from limber_bridge.daemon.announcement import (
    SERVICE,
    Announcement,
    Announcer,
    announce_by_multicast,
    announced_address,
    is_wanted,
    multicast,
)
from limber_bridge.daemon.page_address import HOST_VARIABLE
from limber_bridge.supervisor import discovery
from limber_bridge.supervisor.api import Supervisor
from limber_bridge.supervisor.discovery import send_discovery
from tests.bridge.conftest import mosquitto
from tests.bridge.examples import settings
from tests.bridge.fake_supervisor import TOKEN, FakeSupervisor
from tests.bridge.network_namespace import network_namespace
from tests.bridge.running_bridge import ANKLE
from tests.required_programs import need

pytestmark = pytest.mark.real_time

PATIENCE_S = 30.0
ADDRESS = "192.0.2.7"
"""Of another network than the loopback one (RFC 5737)."""
EVERYWHERE = HttpEndpoint("0.0.0.0", 47801)  # noqa: S104 - the setting
INSTANCE = "0123456789abcdef" * 2
BEDROOM = Announcement("bed_room", "home/legs", INSTANCE, EVERYWHERE)
FIELDS = {
    "v": "1",
    "bridge": "bed_room",
    "base_topic": "home/legs",
    "instance": INSTANCE,
    "version": __version__,
}


@asynccontextmanager
async def changes_on_loopback() -> AsyncIterator[
    tuple[AsyncZeroconf, asyncio.Queue[tuple[ServiceStateChange, str]]]
]:
    """Browse for bridges on the loopback interface."""
    seen: asyncio.Queue[tuple[ServiceStateChange, str]] = asyncio.Queue()

    def note(
        zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        seen.put_nowait((state_change, name))

    async with AsyncZeroconf(interfaces=[LOOPBACK]) as searching:
        browser = AsyncServiceBrowser(searching.zeroconf, SERVICE, handlers=[note])
        yield searching, seen
        await browser.async_cancel()


async def next_change(
    seen: asyncio.Queue[tuple[ServiceStateChange, str]], kind: ServiceStateChange
) -> str:
    """Wait for a change of one kind; return the name of the service."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found, name = await seen.get()
            if found is kind:
                return name


async def test_a_bridge_is_found_while_it_announces_itself() -> None:
    async with changes_on_loopback() as (searching, seen):
        async with multicast(BEDROOM, LOOPBACK, [LOOPBACK]):
            name = await next_change(seen, ServiceStateChange.Added)
            found = AsyncServiceInfo(SERVICE, name)
            assert await found.async_request(searching.zeroconf, PATIENCE_S * 1000)
        assert await next_change(seen, ServiceStateChange.Removed) == name
    assert name == f"bed_room.{SERVICE}"
    assert (found.parsed_addresses(), found.port) == ([LOOPBACK], EVERYWHERE.port)
    assert found.decoded_properties == FIELDS


def test_a_journal_without_an_instance_is_announced_without_it() -> None:
    without = Announcement("bed_room", "home/legs", None, EVERYWHERE)
    assert without.fields() == {key: FIELDS[key] for key in FIELDS if key != "instance"}


@pytest.mark.parametrize(
    ("endpoint", "host", "wanted"),
    [
        (EVERYWHERE, "", True),
        (HttpEndpoint("192.0.2.7", 1), "", True),
        (HttpEndpoint("::", 1), "", True),
        (HttpEndpoint(LOOPBACK, 1), "", False),
        (HttpEndpoint("::1", 1), "", False),
        (HttpEndpoint("0.0.0.0", 1, announce=False), "", False),  # noqa: S104 - the setting
        (EVERYWHERE, "homeassistant.local", False),
    ],
)
def test_only_a_bridge_that_others_reach_is_announced(
    monkeypatch: pytest.MonkeyPatch, endpoint: HttpEndpoint, host: str, wanted: bool
) -> None:
    monkeypatch.setenv(HOST_VARIABLE, host)
    assert is_wanted(endpoint) is wanted


@pytest.mark.parametrize("endpoint", [None, HttpEndpoint(LOOPBACK, 1)])
async def test_a_bridge_that_is_not_announced_opens_no_port(
    endpoint: HttpEndpoint | None,
) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await announce_by_multicast(Announcement("bed_room", "limber", INSTANCE, endpoint))


def test_the_address_of_the_configuration_is_announced() -> None:
    assert announced_address(HttpEndpoint("192.0.2.7", 1)) == "192.0.2.7"


async def wait_for_attempts(
    monkeypatch: pytest.MonkeyPatch, announced: Announcement, attempts: int
) -> None:
    """Announce until this many attempts have failed."""
    monkeypatch.delenv(HOST_VARIABLE, raising=False)
    monkeypatch.setattr(announcement, "RETRY_S", 0.0)
    tried = asyncio.Semaphore(0)
    real = announced_address

    def count(endpoint: HttpEndpoint) -> str:
        tried.release()
        return real(endpoint)

    monkeypatch.setattr(announcement, "announced_address", count)
    running = asyncio.create_task(announce_by_multicast(announced))
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(attempts):
            await tried.acquire()
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])


@pytest.mark.parametrize(
    "announced",
    [
        Announcement("bed_room", "limber", INSTANCE, HttpEndpoint("192.0.2.7", 1)),
        Announcement("bed_room", "l" * 300, INSTANCE, EVERYWHERE),
    ],
    ids=["an address of no interface", "a base topic that is too long for a record"],
)
async def test_a_failure_is_logged_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, announced: Announcement
) -> None:
    await wait_for_attempts(monkeypatch, announced, 4)
    warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert ["not announced by multicast DNS" in one.message for one in warnings] == [True]


async def test_an_announcement_follows_the_configuration_and_ends_with_the_bridge() -> None:
    changes: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    connected = False

    async def way(announced: Announcement) -> None:
        changes.put_nowait(("begin", announced.base_topic))
        try:
            await asyncio.Event().wait()
        finally:
            changes.put_nowait(("end", announced.base_topic))

    announcer = Announcer([way], lambda: connected)
    moved = Announcement("bed_room", "legs", INSTANCE, EVERYWHERE)
    async with asyncio.timeout(PATIENCE_S):
        await announcer.announce(BEDROOM)
        assert changes.empty()
        connected = True
        assert await changes.get() == ("begin", "home/legs")
        await announcer.announce(BEDROOM)
        await announcer.announce(moved)
        assert await changes.get() == ("end", "home/legs")
        assert await changes.get() == ("begin", "legs")
        await announcer.stop()
        assert await changes.get() == ("end", "legs")
        await announcer.stop()
    assert changes.empty()


type Seen = queue.Queue[tuple[ServiceStateChange, str]]


def browse(zeroconf: Zeroconf) -> Seen:
    """Browse for bridges in a thread."""
    seen: Seen = queue.Queue()

    def note(
        zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        seen.put((state_change, name))

    ServiceBrowser(zeroconf, SERVICE, handlers=[note])
    return seen


def wait_for_change(seen: Seen, kind: ServiceStateChange) -> str:
    """Wait for a change of one kind; return the name of the service."""
    while True:
        found, name = seen.get(timeout=PATIENCE_S)
        if found is kind:
            return name


def test_a_bridge_in_the_network_is_announced_from_its_start_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "limber.yaml"
    pages = free_port()
    more = f"network: {{address: {LOOPBACK}, port: {free_port()}}}\n"
    more += f"web: {{address: {ADDRESS}, port: {pages}}}\n"
    with ExitStack() as stack:
        network = stack.enter_context(network_namespace())
        network.add_address(ADDRESS)
        port = free_port()
        broker = network.run(mosquitto, tmp_path, port, "allow_anonymous true")
        stack.callback(broker.stop)
        zeroconf = network.run(Zeroconf, interfaces=[ADDRESS])
        stack.callback(zeroconf.close)
        seen = browse(zeroconf)
        path.write_text(settings(ANKLE, port=port, more=more))
        command: list[str | Path] = [need("limber"), "run", "--config", path]
        bridge = network.run(start, "bridge", command, tmp_path / "bridge.log")
        stack.callback(bridge.stop)
        name = f"bedroom.{SERVICE}"
        assert wait_for_change(seen, ServiceStateChange.Added) == name
        info = zeroconf.get_service_info(SERVICE, name, int(PATIENCE_S * 1000))
        assert info is not None
        assert (info.parsed_addresses(), info.port) == ([ADDRESS], pages)
        fields = info.decoded_properties
        assert (fields["v"], fields["bridge"], fields["base_topic"]) == ("1", "bedroom", "limber")
        assert re.fullmatch("[0-9a-f]{32}", fields["instance"] or "")
        # It is taken back as soon as the file says so, while the bridge goes on.
        path.write_text(path.read_text().replace("web: {", "web: {announce: false, "))
        bridge.process.send_signal(signal.SIGHUP)
        assert wait_for_change(seen, ServiceStateChange.Removed) == name
        path.write_text(path.read_text().replace("announce: false, ", ""))
        bridge.process.send_signal(signal.SIGHUP)
        assert wait_for_change(seen, ServiceStateChange.Added) == name
        bridge.stop()
        assert wait_for_change(seen, ServiceStateChange.Removed) == name
    assert bridge.log.read_text().count("listening for HTTP") == 1


# --- To the Supervisor ---


async def test_the_supervisor_is_told_where_the_bridge_is() -> None:
    with FakeSupervisor() as fake:
        await send_discovery(Supervisor(TOKEN, LOOPBACK, fake.port), BEDROOM.fields())
    assert fake.discovered == [{"service": "limber", "config": FIELDS}]


async def test_a_supervisor_that_refuses_is_logged_once_and_asked_a_few_times(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(discovery, "RETRY_S", 0.0)
    with FakeSupervisor() as fake:
        fake.offers_discovery = False
        await send_discovery(Supervisor(TOKEN, LOOPBACK, fake.port), BEDROOM.fields())
    assert fake.discovered == []
    warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert ["Apps must list services" in one.message for one in warnings] == [True]
