"""Clear everything that a broker has kept of a bridge that is removed: `limber run --forget`."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.bridge_topics import bridge_topics
from limber_bridge.daemon.broker_probe import (
    BROKER_TIMEOUT_S,
    BrokerProbe,
    ProbeDisconnectedError,
    open_probe,
    probe_options,
)
from limber_bridge.daemon.check_broker import connection_failure
from limber_bridge.daemon.check_publishing import publish_refusal
from limber_bridge.daemon.mqtt_events import (
    ConnackAccepted,
    ConnectionClosed,
    MessageReceived,
    Protocol,
    SubscriptionGranted,
    SubscriptionRefused,
)
from limber_bridge.protocol.encoding import ONLINE, Topics

HEARTBEAT_WAIT_S: Final = 70.0
"""Time in which a running bridge publishes its status. Chosen: a little more than the interval of
`mqtt_connection.Timing.heartbeat_interval_s`."""
MAX_ROUNDS: Final = 20
"""Times that the broker is asked for what it still keeps. Chosen: it may deliver some messages at a
time only."""


class ForgetError(Exception):
    """Nothing, or not everything, could be cleared; the text says what to do."""


@dataclass(frozen=True, slots=True)
class ForgetOptions:
    """How patient to be, and what to tell a person meanwhile."""

    say: Callable[[str], None]
    timeout_s: float = BROKER_TIMEOUT_S
    """For each answer of the broker."""
    heartbeat_s: float = HEARTBEAT_WAIT_S
    """For a sign that the bridge runs."""


async def forget_bridge(
    config: Config, known: Iterable[str], options: ForgetOptions
) -> tuple[str, ...]:
    """Clear what is retained of a bridge that does not run; return the topics that were cleared.

    `known`: the retained topics of earlier runs, from the journal. Raises ForgetError where the
    bridge runs somewhere, or where the broker cannot be used.
    """
    topics = bridge_topics(config)
    failure = problems.NO_ANSWER
    for protocol in Protocol:
        probe_as = probe_options(config.broker, config.bridge)
        async with open_probe(probe_as, options.timeout_s) as probe:
            answer = await probe.connect(protocol)
            if isinstance(answer, ConnackAccepted):
                return await clear_all(probe, topics, known, options)
        if isinstance(answer, ConnectionClosed):
            failure = problems.CLOSES_BEFORE_ANSWER
        final = connection_failure(answer, protocol)
        if final is not None:
            raise ForgetError(final)
    raise ForgetError(failure)


async def clear_all(
    probe: BrokerProbe, topics: Topics, known: Iterable[str], options: ForgetOptions
) -> tuple[str, ...]:
    """Clear round by round, until the broker keeps nothing more; ForgetError."""
    cleared: set[str] = set()
    try:
        found = await retained_topics(probe, topics)
        await refuse_running(probe, topics, options)
        # Also what the user may not read: of this bridge, or of it under an earlier name.
        found |= {topics.status, topics.info, *known}
        for _ in range(MAX_ROUNDS):
            for topic in sorted(found - cleared):
                refusal = await publish_refusal(probe, topics, topic, b"", retain=True)
                if refusal is not None:
                    raise ForgetError(refusal)
                cleared.add(topic)
            found = await retained_topics(probe, topics)
            if found <= cleared:
                return tuple(sorted(cleared))
    except TimeoutError, ProbeDisconnectedError:
        raise ForgetError(problems.nothing_delivered(topics)) from None
    raise ForgetError(f"something publishes retained messages below {topics.root}; stop it first")


async def retained_topics(probe: BrokerProbe, topics: Topics) -> set[str]:
    """Return the topics of a bridge on which the broker keeps messages that the user may read."""
    probe.retained.clear()
    # The second one first needs everything that is retained for the first one to be on its way.
    for topic in (f"{topics.root}/#", topics.status):
        probe.subscribe(topic)
        await probe.expect(SubscriptionGranted, SubscriptionRefused)
    return {topic for topic, payload in probe.retained.items() if payload}


async def refuse_running(probe: BrokerProbe, topics: Topics, options: ForgetOptions) -> None:
    """Raise ForgetError if a bridge with this id publishes its status; wait where it may."""
    if probe.retained.get(topics.status, b"") != ONLINE:
        return
    options.say(
        f"the broker says that `{topics.bridge}` is online; waiting up to "
        f"{options.heartbeat_s:g} s for a message from it"
    )
    probe.timeout_s = options.heartbeat_s
    try:
        async with asyncio.timeout(options.heartbeat_s):
            while True:
                message = await probe.expect(MessageReceived)
                if message.topic == topics.status and not message.retained:
                    break
    except TimeoutError:
        return
    finally:
        probe.timeout_s = options.timeout_s
    if message.payload == ONLINE:
        raise ForgetError(f"the bridge `{topics.bridge}` is running; stop it first")
