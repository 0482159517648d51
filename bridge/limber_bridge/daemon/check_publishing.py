"""Publish what a running bridge publishes, as it does, for `limber check`.

Nothing that is retained changes: what the broker holds already is published once more, byte for
byte, and what a broker did not hold is cleared again.
"""

import json
import secrets
from typing import Final

from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.broker_probe import BrokerProbe, ProbeDisconnectedError
from limber_bridge.daemon.mqtt_client import HOME_ASSISTANT
from limber_bridge.daemon.mqtt_events import (
    MessageReceived,
    MessageTooLarge,
    PublishAccepted,
    PublishRefused,
    SubscriptionGranted,
    SubscriptionRefused,
)
from limber_bridge.daemon.mqtt_permissions import permission_topic
from limber_bridge.protocol.encoding import OFFLINE, PAGE_MAX_BYTES, Topics
from limber_bridge.protocol.version import PROTOCOL

PAGE: Final = b" " * PAGE_MAX_BYTES
"""As long as the longest response; to a topic that no client reads."""
UNKNOWN_EVENT: Final = json.dumps({"v": PROTOCOL, "kind": "check"}).encode()
"""An event of a kind that no client knows, and every client ignores."""


async def publishing_refusal(
    bridge: BrokerProbe,
    topics: Topics,
    sleepers: list[str],
    published: frozenset[str],
    state_bytes: int,
) -> str | None:
    """Publish to every topic of a bridge; return what the broker refuses.

    `published`: the retained topics of earlier runs. What is retained on them and cannot be read is
    not published again, as it would be lost. `state_bytes`: of the longest message besides
    responses. Raises TimeoutError and ProbeDisconnectedError.
    """
    retained = [topics.info, *map(topics.state, sleepers)]
    # A running bridge subscribes to this too, and may be refused.
    for topic in (HOME_ASSISTANT, *retained, topics.request):
        bridge.subscribe(topic)
        await bridge.expect(SubscriptionGranted, SubscriptionRefused)
    for topic in retained:
        payload = bridge.retained.get(topic, b"")
        if payload or topic not in published:
            refusal = await publish_refusal(bridge, topics, topic, payload, retain=True)
            if refusal is not None:
                return refusal
    for topic in map(topics.event, sleepers):
        refusal = await publish_refusal(bridge, topics, topic, UNKNOWN_EVENT)
        if refusal is not None:
            return refusal
    return await page_refusal(bridge, topics, state_bytes)


async def page_refusal(probe: BrokerProbe, topics: Topics, state_bytes: int) -> str | None:
    """Publish a response of the greatest length that a bridge would use.

    A broker may refuse long ones; a bridge then uses smaller ones. Return what the broker refuses
    if it does not even take the size of a state.
    """
    topic = f"{topics.responses}check-{secrets.token_hex(8)}"
    size = len(PAGE)
    while True:
        probe.publish(topic, PAGE[:size])
        shown = permission_topic(topic, topics)
        try:
            answer = await publish_answer(probe)
        except TimeoutError, ProbeDisconnectedError:
            return problems.publish_not_confirmed(shown, size)
        if isinstance(answer, PublishRefused):
            return problems.publish_refused(topics, shown, answer.reason)
        if isinstance(answer, PublishAccepted):
            return None
        if size <= state_bytes:
            return problems.message_too_large(topics.info, answer.size, answer.limit)
        size = max(state_bytes, min(size // 2, probe.page_bytes))


async def publish_answer(probe: BrokerProbe) -> PublishAccepted | PublishRefused | MessageTooLarge:
    """Return the answer to a message; TimeoutError, ProbeDisconnectedError."""
    kinds: tuple[type[PublishAccepted | PublishRefused | MessageTooLarge], ...]
    kinds = (PublishAccepted, PublishRefused, MessageTooLarge)
    return await probe.expect(*kinds)


async def retained_refusal(bridge: BrokerProbe, topics: Topics) -> str | None:
    """Publish the status as retained, and read it again; return what does not work."""
    refusal = await publish_refusal(bridge, topics, topics.status, OFFLINE, retain=True)
    if refusal is not None:
        return refusal
    bridge.retained.pop(topics.status, None)
    bridge.subscribe(topics.status)
    try:
        while topics.status not in bridge.retained:
            await bridge.expect(MessageReceived)
    except TimeoutError:
        return problems.nothing_retained(topics)
    return None


async def restore_status(probe: BrokerProbe, topics: Topics, status: bytes) -> None:
    """Retain the status again that was retained before; an empty one clears the topic."""
    probe.publish(topics.status, status, retain=True)
    try:
        await probe.expect(PublishAccepted, PublishRefused)
    except TimeoutError, ProbeDisconnectedError:
        # The broker has the last will then, which says the same.
        return


async def publish_refusal(
    probe: BrokerProbe, topics: Topics, topic: str, payload: bytes, *, retain: bool = False
) -> str | None:
    """Publish a message; return why the broker does not take it, if it does not."""
    probe.publish(topic, payload, retain=retain)
    shown = permission_topic(topic, topics)
    try:
        answer = await publish_answer(probe)
    except TimeoutError, ProbeDisconnectedError:
        return problems.publish_not_confirmed(shown, len(payload))
    if isinstance(answer, MessageTooLarge):
        return problems.message_too_large(topic, answer.size, answer.limit)
    if isinstance(answer, PublishRefused):
        return problems.publish_refused(topics, shown, answer.reason)
    return None
