"""Announce the bridge by multicast DNS, so that Home Assistant discovers it under any base topic.

The announcement says where the bridge is on the broker, and nothing secret:
docs/protocol.md#7-announcement. The bridge runs without it where multicast is not possible.
"""

import asyncio
import ipaddress
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from zeroconf import Error as ZeroconfError
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from limber_bridge import __version__
from limber_bridge.config.model import Config, HttpEndpoint
from limber_bridge.daemon.page_address import HOST_VARIABLE, own_address
from limber_bridge.protocol.version import PROTOCOL

LOG: Final = logging.getLogger(__name__)

SERVICE: Final = "_limber._tcp.local."
"""Type of the service (RFC 6763, 4.1.2)."""
RETRY_S: Final = 60.0
"""s until a failed announcement is tried again, or the address of the machine is looked up again.
chosen: a network that comes up late, or another address, is noticed within a minute."""

CONNECTION_POLL_S: Final = 0.5
"""s between two looks whether the bridge is connected to its broker."""

type Announce = Callable[[Announcement], Coroutine[None, None, None]]
"""Announces a bridge in one way; where that fails, it logs one line and does not raise."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a bridge says about itself."""

    bridge: str
    base_topic: str
    instance: str | None
    """None if the journal has none yet."""
    endpoint: HttpEndpoint | None
    """Where its pages are; None if they are switched off."""

    def fields(self) -> dict[str, str]:
        """Return the fields: those of the TXT record, and of a message to the Supervisor."""
        instance = {} if self.instance is None else {"instance": self.instance}
        return {
            "v": str(PROTOCOL),
            "bridge": self.bridge,
            "base_topic": self.base_topic,
            "version": __version__,
        } | instance


def announcement_of(config: Config, instance: str | None) -> Announcement:
    """Return what a bridge with this configuration announces."""
    return Announcement(config.bridge, config.broker.base_topic, instance, config.web)


async def announce_by_multicast(announced: Announcement) -> None:
    """Announce a bridge until cancelled; nothing happens where others cannot reach its pages.

    A failure is logged once, and tried again every `RETRY_S`.
    """
    logged = False
    while (endpoint := announced.endpoint) is not None and is_wanted(endpoint):
        try:
            address = announced_address(endpoint)
            async with multicast(announced, address, [address]):
                while announced_address(endpoint) == address:  # noqa: ASYNC110 - no one tells
                    await asyncio.sleep(RETRY_S)
        except (OSError, RuntimeError, ValueError, ZeroconfError) as error:
            level = logging.DEBUG if logged else logging.WARNING
            LOG.log(
                level,
                "the bridge is not announced by multicast DNS (%s): Home Assistant discovers it "
                "over MQTT; `announce: false` under `web` switches this off",
                str(error) or type(error).__name__,
            )
            logged = True
            await asyncio.sleep(RETRY_S)


def is_wanted(endpoint: HttpEndpoint) -> bool:
    """Return whether a bridge is announced that serves its pages there.

    In a container with the name of another machine, multicast reaches no one in the home, and
    Home Assistant hears of the bridge from the Supervisor.
    """
    in_container = bool(os.environ.get(HOST_VARIABLE))
    loopback = ipaddress.ip_address(endpoint.address).is_loopback
    return endpoint.announce and not loopback and not in_container


def announced_address(endpoint: HttpEndpoint) -> str:
    """Return the address under which others reach the pages; OSError without a network."""
    if not ipaddress.ip_address(endpoint.address).is_unspecified:
        return endpoint.address
    address = own_address()
    if address is None:
        raise OSError("there is no network")
    return address


@asynccontextmanager
async def multicast(
    announced: Announcement, address: str, interfaces: Sequence[str]
) -> AsyncIterator[None]:
    """Announce a bridge while the context is entered, and say goodbye at its end.

    `interfaces`: their addresses. Raises OSError, RuntimeError, ValueError (a field is too long
    for a TXT record) or an error of zeroconf.
    """
    endpoint = announced.endpoint
    if endpoint is None:
        raise ValueError("the pages are switched off")
    check_own_address(address)
    info = AsyncServiceInfo(
        SERVICE,
        f"{announced.bridge}.{SERVICE}",
        port=endpoint.port,
        properties=announced.fields(),
        # A host name of its own: that of the machine may belong to another responder.
        server=f"limber-{announced.bridge.replace('_', '-')}.local.",
        parsed_addresses=[address],
    )
    is_v4 = ipaddress.ip_address(address).version == 4
    version = IPVersion.V4Only if is_v4 else IPVersion.V6Only
    async with AsyncZeroconf(interfaces=list(interfaces), ip_version=version) as zeroconf:
        # Another bridge may have this id: it gets a number behind its name.
        sent = await zeroconf.async_register_service(info, allow_name_change=True)
        await sent
        LOG.info("announced by multicast DNS at %s", address)
        yield


def check_own_address(address: str) -> None:
    """Raise OSError if this machine does not have the address."""
    # zeroconf would leave its sockets open until they are collected.
    version = ipaddress.ip_address(address).version
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))


class Announcer:
    """Announces the bridge that runs, in one or more ways."""

    def __init__(self, ways: Sequence[Announce], is_connected: Callable[[], bool]) -> None:
        """Start without an announcement; `is_connected`: whether the bridge is on its broker."""
        self._ways = ways
        self._is_connected = is_connected
        self._announced: Announcement | None = None
        self._task: asyncio.Task[None] | None = None

    async def announce(self, announced: Announcement) -> None:
        """Announce a bridge instead of what was announced before, if that differs."""
        if announced == self._announced:
            return
        await self.stop()
        self._announced = announced
        self._task = asyncio.create_task(self._announce(announced))

    async def stop(self) -> None:
        """Announce nothing any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._task = None
        self._announced = None

    async def _announce(self, announced: Announcement) -> None:
        # Home Assistant looks for the bridge on the broker as soon as it hears of it.
        while not self._is_connected():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(CONNECTION_POLL_S)
        async with asyncio.TaskGroup() as group:
            for way in self._ways:
                group.create_task(way(announced))
