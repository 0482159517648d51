"""Take what phones send while `limber check` watches the sensors."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress

from limber_bridge.config.model import Config, ConfiguredSensor, HttpEndpoint
from limber_bridge.daemon.bridge_topics import bridge_topics
from limber_bridge.daemon.broker_probe import (
    ProbeDisconnectedError,
    open_probe,
    probe_options,
)
from limber_bridge.daemon.check_result import CheckResult, note
from limber_bridge.daemon.mqtt_events import ConnackAccepted, MessageReceived, Protocol
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.inbox import Delivery, Inbox

type ServePosts = Callable[[HttpEndpoint, Inbox, HostClock], AbstractAsyncContextManager[str]]
"""Takes posts at an endpoint for an inbox while its context is entered. The context is why that is
not possible, or an empty text."""


@asynccontextmanager
async def taking_messages(
    config: Config, inbox: Inbox, host_clock: HostClock, serve_posts: ServePosts
) -> AsyncIterator[None]:
    """Deliver what sensors post and publish to the inbox while the context is entered.

    What prevents it is found by the checks of the HTTP port and of the broker.
    """
    async with AsyncExitStack() as stack:
        if config.web is not None and posts(config):
            await stack.enter_async_context(serve_posts(config.web, inbox, host_clock))
        if bridge_topics(config).senders:
            task = asyncio.create_task(deliver_published(config, inbox, host_clock))
            stack.push_async_callback(cancelled, task)
        yield


def check_reachable(config: Config, endpoint: HttpEndpoint) -> Iterator[CheckResult]:
    """Yield a note if sensors post to a server that listens on this machine only."""
    if posts(config) and ipaddress.ip_address(endpoint.address).is_loopback:
        yield note(
            f"web {endpoint.address}: a phone cannot reach this address from the network; write "
            "`address: 0.0.0.0` under `web`, or use a reverse proxy"
        )


def posts(config: Config) -> bool:
    """Return whether any sensor posts over HTTP."""
    return any(SOURCES[one.source].receives_posts(one.request.options) for one in all_of(config))


def all_of(config: Config) -> Iterator[ConfiguredSensor]:
    """Yield all sensors."""
    for sleeper in config.sleepers:
        yield from sleeper.sensors


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def deliver_published(config: Config, inbox: Inbox, host_clock: HostClock) -> None:
    """Deliver what sensors publish, until cancelled or the broker is lost."""
    topics = bridge_topics(config)
    async with open_probe(probe_options(config.broker, config.bridge)) as probe:
        for protocol in Protocol:
            if isinstance(await probe.connect(protocol), ConnackAccepted):
                break
        for sensor in topics.senders:
            probe.subscribe(topics.ingest(sensor))
        while True:
            try:
                message = await probe.expect(MessageReceived)
            except TimeoutError:
                continue
            except ProbeDisconnectedError:
                return
            sensor_id = topics.sender_of(message.topic)
            if sensor_id is not None and not message.retained:
                inbox.deliver(sensor_id, Delivery(message.payload, host_clock.steady()))
