"""The checks of the broker: connects, and sends a request to itself.

A broker may accept a subscription or a message and still deliver nothing, so only a message that
comes back shows that the bridge's user has the rights it needs.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from limber_bridge.config.model import Broker, Config
from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.bridge_topics import bridge_topics
from limber_bridge.daemon.check_result import CheckResult, failed, passed
from limber_bridge.daemon.mqtt_events import (
    ConnackAccepted,
    ConnackRefused,
    ConnectFailed,
    ConnectionClosed,
    ConnectionEvent,
    MessageReceived,
    Protocol,
    PublishAccepted,
    PublishRefused,
    SubscriptionGranted,
    SubscriptionRefused,
)
from limber_bridge.daemon.mqtt_permissions import needed_subscriptions
from limber_bridge.daemon.paho_client import ClientOptions, PahoClient
from limber_bridge.protocol.encoding import ONLINE, Topics
from limber_bridge.protocol.messages import PROTOCOL

BROKER_TIMEOUT_S: Final = 10.0
"""For each answer of the broker. Chosen: longer than a broker on a slow network needs."""
CLOSE_TIMEOUT_S: Final = 2.0
"""For the client to disconnect. Chosen: the check is over, and the user waits."""
AFTER_ALL_NIGHTS: Final = "9999-12-31"
"""A date that no night reaches: a running bridge responds to the check with an empty list."""


type ConnectAnswer = ConnackAccepted | ConnackRefused | ConnectFailed | ConnectionClosed
CONNECT_ANSWERS: Final[tuple[type[ConnectAnswer], ...]] = (
    ConnackAccepted,
    ConnackRefused,
    ConnectFailed,
    ConnectionClosed,
)
"""How an attempt to connect can end."""


class ProbeDisconnectedError(Exception):
    """The broker closed the connection while an answer was awaited."""


class BrokerProbe:
    """A connection to the broker whose events are awaited one after the other."""

    def __init__(self, broker: Broker, client_id: str, timeout_s: float) -> None:
        """Prepare; nothing is connected before `connect`. `timeout_s`: for each answer."""
        self._timeout_s = timeout_s
        self._events: asyncio.Queue[ConnectionEvent | MessageReceived] = asyncio.Queue()
        self._paho = PahoClient(ClientOptions(broker, client_id), self._receive)
        self.retained: dict[str, bytes] = {}
        """The retained messages received so far, by topic."""

    async def connect(self, protocol: Protocol) -> ConnectAnswer | None:
        """Connect; return how the broker answered, None if it did not."""
        self._paho.open(protocol)
        try:
            return await self.expect(*CONNECT_ANSWERS)
        except TimeoutError:
            return None

    async def expect[Kind: ConnectionEvent | MessageReceived](self, *kinds: type[Kind]) -> Kind:
        """Return the next event of these kinds, and drop others.

        TimeoutError if none comes in time; ProbeDisconnectedError if the connection ends.
        """
        async with asyncio.timeout(self._timeout_s):
            while True:
                event = await self._events.get()
                if isinstance(event, kinds):
                    return event
                if isinstance(event, ConnectionClosed):
                    raise ProbeDisconnectedError

    def subscribe(self, topic: str) -> None:
        """Subscribe to a topic."""
        self._paho.subscribe(topic)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish a message that is not retained."""
        self._paho.publish(topic, payload, retain=False)

    async def close(self) -> None:
        """Disconnect."""
        self._paho.close()
        await self._paho.wait_closed(CLOSE_TIMEOUT_S)

    def _receive(self, event: ConnectionEvent | MessageReceived) -> None:
        if isinstance(event, MessageReceived) and event.retained:
            self.retained[event.topic] = event.payload
        self._events.put_nowait(event)


@asynccontextmanager
async def open_probe(
    broker: Broker, bridge: str, timeout_s: float = BROKER_TIMEOUT_S
) -> AsyncIterator[BrokerProbe]:
    """Provide a probe with a client id of its own, and close it at the end."""
    probe = BrokerProbe(broker, f"limber-{bridge}-check-{secrets.token_hex(4)}", timeout_s)
    try:
        yield probe
    finally:
        await probe.close()


async def check_broker(
    config: Config, *, bridge_running: bool = False, timeout_s: float = BROKER_TIMEOUT_S
) -> AsyncIterator[CheckResult]:
    """Yield whether the broker can be used.

    `bridge_running`: a bridge uses the journal of this configuration. `timeout_s`: for each answer.
    """
    broker = config.broker
    topics = bridge_topics(config)
    failure = failed(problems.NO_ANSWER)
    for protocol in Protocol:
        async with open_probe(broker, config.bridge, timeout_s) as probe:
            answer = await probe.connect(protocol)
            if isinstance(answer, ConnackAccepted):
                yield passed(f"broker {broker.host}:{broker.port}: connected with {protocol.value}")
                yield await check_permissions(probe, topics, config.sleepers[0].id)
                if probe.retained.get(topics.status) == ONLINE and not bridge_running:
                    yield failed(problems.same_id_online(topics.bridge))
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


async def check_permissions(probe: BrokerProbe, topics: Topics, sleeper: str) -> CheckResult:
    """Check that everything is allowed that the bridge does."""
    try:
        refusal = (
            await subscription_refusal(probe, topics)
            or await publish_refusal(probe, topics, sleeper)
            or await delivery_refusal(probe, topics, sleeper)
        )
    except TimeoutError, ProbeDisconnectedError:
        refusal = problems.nothing_delivered(topics)
    if refusal is not None:
        return failed(refusal)
    return passed(f"broker: messages below {topics.root}/ are accepted and delivered")


async def subscription_refusal(probe: BrokerProbe, topics: Topics) -> str | None:
    """Subscribe to what the bridge needs; return what the broker refuses."""
    for topic in sorted(needed_subscriptions(topics)):
        probe.subscribe(topic)
        answer = await probe.expect(SubscriptionGranted, SubscriptionRefused)
        if isinstance(answer, SubscriptionRefused):
            return problems.subscription_refused(topics, topic, answer.reason)
    return None


async def publish_refusal(probe: BrokerProbe, topics: Topics, sleeper: str) -> str | None:
    """Publish to topics that no client reads; return what the broker refuses."""
    for topic in (f"{topics.root}/check", f"{topics.root}/{sleeper}/check"):
        probe.publish(topic, b"")
        answer = await probe.expect(PublishAccepted, PublishRefused)
        if isinstance(answer, PublishRefused):
            return problems.publish_refused(topics, topic, answer.reason)
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
