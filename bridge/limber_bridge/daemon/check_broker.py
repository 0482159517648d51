"""The checks of the broker: connects, and does what a running bridge does with it.

A broker may accept a subscription or a message and still deliver nothing, so only a message that
comes back shows that the bridge's user has the rights it needs. And it may accept a client that the
bridge is not: so the check also connects with the bridge's own client id and last will.
"""

import json
import secrets
from collections.abc import AsyncIterator
from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.bridge_topics import bridge_topics
from limber_bridge.daemon.broker_probe import (
    BROKER_TIMEOUT_S,
    BrokerProbe,
    ConnectAnswer,
    ProbeDisconnectedError,
    open_probe,
    probe_options,
)
from limber_bridge.daemon.check_publishing import (
    page_refusal,
    publishing_refusal,
    restore_status,
    retained_refusal,
)
from limber_bridge.daemon.check_result import CheckResult, failed, passed
from limber_bridge.daemon.mqtt_events import (
    ConnackAccepted,
    ConnackRefused,
    ConnectFailed,
    ConnectionClosed,
    MessageReceived,
    Protocol,
    PublishRefused,
    SubscriptionGranted,
    SubscriptionRefused,
)
from limber_bridge.daemon.mqtt_permissions import needed_subscriptions
from limber_bridge.daemon.paho_client import bridge_options
from limber_bridge.protocol.encoding import ONLINE, Topics
from limber_bridge.protocol.messages import PROTOCOL

AFTER_ALL_NIGHTS: Final = "9999-12-31"
"""A date that no night reaches: a running bridge responds to the check with an empty list."""


async def check_broker(
    config: Config,
    *,
    bridge_running: bool = False,
    published: frozenset[str] = frozenset(),
    timeout_s: float = BROKER_TIMEOUT_S,
) -> AsyncIterator[CheckResult]:
    """Yield whether the broker can be used.

    `bridge_running`: a bridge uses the journal of this configuration. `published`: the retained
    topics of earlier runs. `timeout_s`: for each answer.
    """
    broker = config.broker
    failure = failed(problems.NO_ANSWER)
    for protocol in Protocol:
        async with open_probe(probe_options(broker, config.bridge), timeout_s) as probe:
            answer = await probe.connect(protocol)
            if isinstance(answer, ConnackAccepted):
                yield passed(f"broker {broker.host}:{broker.port}: connected with {protocol.value}")
                if bridge_running:
                    yield await check_beside_bridge(probe, config)
                else:
                    yield await check_as_bridge(probe, protocol, config, published)
                return
        if isinstance(answer, ConnectionClosed):
            failure = failed(problems.CLOSES_BEFORE_ANSWER)
        final = connection_failure(answer, protocol)
        if final is not None:
            yield failed(final)
            return
    yield failure


def connection_failure(answer: ConnectAnswer | None, protocol: Protocol) -> str | None:
    """Return the sentence for a failure that the other protocol would not change, if it is one."""
    match answer:
        case ConnectFailed(address, error, tls=True):
            return problems.tls_failed(address, error)
        case ConnectFailed(address, error):
            return problems.unreachable(address, error)
        case ConnackRefused(unsupported_version=True) if protocol is Protocol.MQTT_5:
            return None
        case ConnackRefused(reason):
            return problems.connection_refused(reason)
        case _:
            return None


async def check_beside_bridge(probe: BrokerProbe, config: Config) -> CheckResult:
    """Check what can be checked without a change to what a running bridge publishes."""
    topics = bridge_topics(config)
    try:
        refusal = (
            await subscription_refusal(probe, topics)
            or await page_refusal(probe, topics)
            or await delivery_refusal(probe, topics, config.sleepers[0].id)
        )
    except TimeoutError, ProbeDisconnectedError:
        refusal = problems.nothing_delivered(topics)
    return permissions_result(topics, refusal)


async def check_as_bridge(
    probe: BrokerProbe, protocol: Protocol, config: Config, published: frozenset[str]
) -> CheckResult:
    """Connect as the bridge does, unless it is online elsewhere, and do what it does."""
    topics = bridge_topics(config)
    try:
        refusal = await subscription_refusal(probe, topics)
    except TimeoutError, ProbeDisconnectedError:
        refusal = problems.nothing_delivered(topics)
    if refusal is not None:
        return failed(refusal)
    status = probe.retained.get(topics.status, b"")
    if status == ONLINE:
        return failed(problems.same_id_online(topics.bridge))
    options = bridge_options(config.broker, topics)
    async with open_probe(options, probe.timeout_s) as bridge:
        answer = await bridge.connect(protocol)
        if isinstance(answer, ConnackAccepted):
            sleepers = [sleeper.id for sleeper in config.sleepers]
            refusal = await bridge_refusal(bridge, topics, sleepers, published)
        else:
            refusal = connection_failure(answer, protocol) or problems.CLOSES_BEFORE_ANSWER
    if isinstance(answer, ConnackAccepted):
        await restore_status(probe, topics, status)
    return permissions_result(topics, refusal)


async def bridge_refusal(
    bridge: BrokerProbe, topics: Topics, sleepers: list[str], published: frozenset[str]
) -> str | None:
    """Do what the bridge does when it starts; return what the broker refuses."""
    try:
        return (
            await subscription_refusal(bridge, topics)
            or await publishing_refusal(bridge, topics, sleepers, published)
            or await delivery_refusal(bridge, topics, sleepers[0])
            or await retained_refusal(bridge, topics)
        )
    except TimeoutError, ProbeDisconnectedError:
        return problems.nothing_delivered(topics)


def permissions_result(topics: Topics, refusal: str | None) -> CheckResult:
    """Return the result of what the broker refuses, if it does."""
    if refusal is not None:
        return failed(refusal)
    return passed(f"broker: messages below {topics.root}/ are accepted and delivered")


async def subscription_refusal(probe: BrokerProbe, topics: Topics) -> str | None:
    """Subscribe to what the bridge needs; return what the broker refuses.

    Afterwards the retained status has been received, if there is one.
    """
    # The status first: the answer to the next subscription comes after what is retained on it.
    for topic in sorted(needed_subscriptions(topics), key=lambda topic: topic != topics.status):
        probe.subscribe(topic)
        answer = await probe.expect(SubscriptionGranted, SubscriptionRefused)
        if isinstance(answer, SubscriptionRefused):
            return problems.subscription_refused(topics, topic, answer.reason)
    return None


async def delivery_refusal(probe: BrokerProbe, topics: Topics, sleeper: str) -> str | None:
    """Send a request that changes nothing, and receive it; return what the broker refuses."""
    key = secrets.token_hex(8)
    request = {
        "v": PROTOCOL,
        "id": key,
        "reply_to": f"{topics.responses}check-{key}",
        "command": "nights",
        "sleeper": sleeper,
        "after": AFTER_ALL_NIGHTS,
    }
    probe.publish(topics.request, json.dumps(request).encode())
    # The broker may deliver the message before it confirms it.
    while True:
        match await probe.expect(PublishRefused, MessageReceived):
            case PublishRefused(topic, reason):
                return problems.publish_refused(topics, topic, reason)
            case MessageReceived(payload=payload) if key.encode() in payload:
                return None
