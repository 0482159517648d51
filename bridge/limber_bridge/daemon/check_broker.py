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
from limber_bridge.daemon.check_result import CheckResult, failed, note, passed
from limber_bridge.daemon.mqtt_events import (
    BrokerLimits,
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
from limber_bridge.protocol.encoding import ONLINE, PAGE_MAX_BYTES, Topics
from limber_bridge.protocol.version import PROTOCOL

AFTER_ALL_NIGHTS: Final = "9999-12-31"
"""A date that no night reaches: a running bridge responds to the check with an empty list."""
STATE_BYTES: Final = 5_000
STATE_BYTES_PER_SENSOR: Final = 500
INFO_BYTES: Final = 1_000
INFO_BYTES_PER_SENSOR: Final = 1_500
"""About the longest state and description that a bridge publishes. Chosen: from those of
`script/demo` in its last night, rounded up."""


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
                for missing in missing_features(answer.limits):
                    yield failed(missing)
                if bridge_running:
                    yield await check_beside_bridge(probe, config)
                else:
                    by_bridge = (protocol, answer.limits)
                    yield await check_as_bridge(probe, by_bridge, config, published)
                return
        if isinstance(answer, ConnectionClosed):
            failure = failed(problems.CLOSES_BEFORE_ANSWER)
        final = connection_failure(answer, protocol)
        if final is not None:
            yield failed(final)
            return
    yield failure


def missing_features(limits: BrokerLimits) -> list[str]:
    """Return what a bridge must do without at a broker, as a bridge says it."""
    missing = []
    if not limits.retain:
        missing.append(problems.NOT_RETAINED)
    if not limits.qos:
        missing.append(problems.ONLY_QOS_0)
    return missing


def state_bytes(config: Config) -> int:
    """Return about how long the longest description or state of a bridge is."""
    sensors = [len(sleeper.sensors) for sleeper in config.sleepers]
    state = STATE_BYTES + STATE_BYTES_PER_SENSOR * max(sensors)
    return max(state, INFO_BYTES + INFO_BYTES_PER_SENSOR * sum(sensors))


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
            or await page_refusal(probe, topics, state_bytes(config))
            or await delivery_refusal(probe, topics, config.sleepers[0].id)
        )
    except TimeoutError, ProbeDisconnectedError:
        refusal = problems.nothing_delivered(topics)
    return permissions_result(topics, refusal, probe.page_bytes)


async def check_as_bridge(
    probe: BrokerProbe,
    by_bridge: tuple[Protocol, BrokerLimits],
    config: Config,
    published: frozenset[str],
) -> CheckResult:
    """Connect as the bridge does, unless it is online elsewhere, and do what it does.

    `by_bridge`: the protocol that a bridge would use with this broker, and its limits.
    """
    protocol, limits = by_bridge
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
        answer = await bridge.connect(protocol, limits)
        if isinstance(answer, ConnackAccepted):
            refusal = await bridge_refusal(bridge, limits, config, published)
        else:
            refusal = connection_failure(answer, protocol) or problems.CLOSES_BEFORE_ANSWER
        page_bytes = bridge.page_bytes
    if isinstance(answer, ConnackAccepted):
        await restore_status(probe, topics, status)
    return permissions_result(topics, refusal, page_bytes)


async def bridge_refusal(
    bridge: BrokerProbe, limits: BrokerLimits, config: Config, published: frozenset[str]
) -> str | None:
    """Do what the bridge does when it starts; return what the broker refuses."""
    topics = bridge_topics(config)
    sleepers = [sleeper.id for sleeper in config.sleepers]
    size = state_bytes(config)
    try:
        refusal = (
            await subscription_refusal(bridge, topics)
            or await publishing_refusal(bridge, topics, sleepers, published, size)
            or await delivery_refusal(bridge, topics, sleepers[0])
        )
        if refusal is None and limits.retain:
            refusal = await retained_refusal(bridge, topics)
    except TimeoutError, ProbeDisconnectedError:
        return problems.nothing_delivered(topics)
    return refusal


def permissions_result(topics: Topics, refusal: str | None, page_bytes: int) -> CheckResult:
    """Return the result of what the broker refuses, if it does.

    `page_bytes`: of a page of nights that a bridge would send with this broker.
    """
    if refusal is not None:
        return failed(refusal)
    if page_bytes < PAGE_MAX_BYTES:
        return note(problems.smaller_responses(PAGE_MAX_BYTES, None))
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
