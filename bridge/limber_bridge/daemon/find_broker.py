"""Find the MQTT broker of a home, and try one: for the set-up in the browser."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from limber_bridge.config.model import Broker
from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.broker_probe import (
    ProbeDisconnectedError,
    open_probe,
    probe_options,
)
from limber_bridge.daemon.check_broker import connection_failure, subscription_refusal
from limber_bridge.daemon.mqtt_events import ConnackAccepted, ConnectionClosed, Protocol
from limber_bridge.domain.foreign_text import printable
from limber_bridge.protocol.encoding import Topics

SERVICE: Final = "_mqtt._tcp.local."
"""Name under which brokers announce themselves (mosquitto and others, by Avahi)."""
USUAL_HOSTS: Final = ("localhost", "homeassistant.local", "core-mosquitto")
"""Where the broker of a Home Assistant usually runs; the last is its name inside the apps."""
USUAL_PORT: Final = 1883
CONNECT_TIMEOUT_S: Final = 2.0
INFO_TIMEOUT_MS: Final = 1000
TRY_TIMEOUT_S: Final = 6.0
"""For each answer of a broker that is tried; chosen: a person waits for it."""
SHOWN_MAX: Final = 8
"""Brokers that are offered at most. Chosen: a home has one; anyone may announce any number."""


@dataclass(frozen=True, slots=True)
class FoundBroker:
    """A broker that accepts connections, or announces itself."""

    host: str
    port: int


async def find_brokers(seconds: float) -> list[FoundBroker]:
    """Return the brokers that answer within about this time, the likeliest first."""
    usual = list(usual_brokers())
    async with asyncio.TaskGroup() as group:
        answers = [group.create_task(accepts_connections(one)) for one in usual]
        announced = group.create_task(announced_brokers(seconds))
    open_ones = [one for one, answered in zip(usual, answers, strict=True) if answered.result()]
    return list(dict.fromkeys((*open_ones, *announced.result())))[:SHOWN_MAX]


def usual_brokers() -> Iterator[FoundBroker]:
    """Yield where to look: first what the Supervisor says, where there is one."""
    given = os.environ.get("LIMBER_MQTT_HOST", "")
    port = os.environ.get("LIMBER_MQTT_PORT", "")
    if given:
        yield FoundBroker(given, int(port) if port.isdecimal() else USUAL_PORT)
    for host in USUAL_HOSTS:
        yield FoundBroker(host, USUAL_PORT)


async def accepts_connections(broker: FoundBroker) -> bool:
    """Return whether something listens there."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, writer = await asyncio.open_connection(broker.host, broker.port)
        writer.close()
        return True
    return False


async def announced_brokers(seconds: float) -> list[FoundBroker]:
    """Return the brokers that announce themselves by multicast DNS; none where that fails."""
    names: list[str] = []

    def note(
        zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        del zeroconf, service_type
        if state_change is ServiceStateChange.Added and len(names) < SHOWN_MAX:
            names.append(name)

    try:
        async with AsyncZeroconf() as searching:
            browser = AsyncServiceBrowser(searching.zeroconf, SERVICE, handlers=[note])
            await asyncio.sleep(seconds)
            found = [await described(searching, name) for name in names]
            await browser.async_cancel()
    except OSError:
        # No network, or multicast is not allowed.
        return []
    return [one for one in found if one is not None]


async def described(searching: AsyncZeroconf, name: str) -> FoundBroker | None:
    """Return where an announced broker is; None if it does not say."""
    info = AsyncServiceInfo(SERVICE, name)
    if not await info.async_request(searching.zeroconf, INFO_TIMEOUT_MS) or not info.port:
        return None
    addresses = info.parsed_addresses()
    return FoundBroker(printable(addresses[0], 64), info.port) if addresses else None


async def try_broker(broker: Broker, bridge: str) -> str | None:
    """Connect to a broker and subscribe as the bridge does; return what it refuses, if anything.

    Nothing is published.
    """
    failure: str | None = problems.NO_ANSWER
    for protocol in Protocol:
        async with open_probe(probe_options(broker, bridge), TRY_TIMEOUT_S) as probe:
            answer = await probe.connect(protocol)
            if isinstance(answer, ConnackAccepted):
                topics = Topics(broker.base_topic, bridge)
                try:
                    return await subscription_refusal(probe, topics)
                except TimeoutError, ProbeDisconnectedError:
                    return problems.nothing_delivered(topics)
        if isinstance(answer, ConnectionClosed):
            failure = problems.CLOSES_BEFORE_ANSWER
        final = connection_failure(answer, protocol)
        if final is not None:
            return final
    return failure
