"""A connection to the broker for `limber check`, whose events are awaited one after the other."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from limber_bridge.config.model import Broker
from limber_bridge.daemon.broker_limits import NO_LIMITS
from limber_bridge.daemon.mqtt_events import (
    BrokerLimits,
    ConnackAccepted,
    ConnackRefused,
    ConnectFailed,
    ConnectionClosed,
    ConnectionEvent,
    MessageReceived,
    Protocol,
)
from limber_bridge.daemon.paho_client import ClientOptions, PahoClient

BROKER_TIMEOUT_S: Final = 10.0
"""For each answer of the broker. Chosen: longer than a broker on a slow network needs."""
CLOSE_TIMEOUT_S: Final = 2.0
"""For the client to disconnect. Chosen: the check is over, and the user waits."""


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

    def __init__(self, options: ClientOptions, timeout_s: float) -> None:
        """Prepare; nothing is connected before `connect`. `timeout_s`: for each answer."""
        self.timeout_s = timeout_s
        """s that the broker has for each answer."""
        self._events: asyncio.Queue[ConnectionEvent | MessageReceived] = asyncio.Queue()
        self._paho = PahoClient(options, self._receive)
        self.retained: dict[str, bytes] = {}
        """The retained messages received so far, by topic."""

    @property
    def page_bytes(self) -> int:
        """Bytes of a page that a bridge would use with this broker, as far as is known."""
        return self._paho.sizes.page_bytes

    async def connect(
        self, protocol: Protocol, limits: BrokerLimits = NO_LIMITS
    ) -> ConnectAnswer | None:
        """Connect, to a broker with some limits; return how it answered, None if it did not."""
        self._paho.open(protocol, limits)
        try:
            return await self.expect(*CONNECT_ANSWERS)
        except TimeoutError:
            return None

    async def expect[Kind: ConnectionEvent | MessageReceived](self, *kinds: type[Kind]) -> Kind:
        """Return the next event of these kinds, and drop others.

        TimeoutError if none comes in time; ProbeDisconnectedError if the connection ends.
        """
        async with asyncio.timeout(self.timeout_s):
            while True:
                event = await self._events.get()
                if isinstance(event, kinds):
                    return event
                if isinstance(event, ConnectionClosed):
                    raise ProbeDisconnectedError

    def subscribe(self, topic: str) -> None:
        """Subscribe to a topic."""
        self._paho.subscribe(topic)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish a message."""
        self._paho.publish(topic, payload, retain=retain)

    async def close(self) -> None:
        """Disconnect."""
        self._paho.close()
        await self._paho.wait_closed(CLOSE_TIMEOUT_S)

    def _receive(self, event: ConnectionEvent | MessageReceived) -> None:
        if isinstance(event, MessageReceived) and event.retained:
            self.retained[event.topic] = event.payload
        self._events.put_nowait(event)


def probe_options(broker: Broker, bridge: str) -> ClientOptions:
    """Return how to connect with a new client id, so that no other client is disconnected."""
    return ClientOptions(broker, f"limber-{bridge}-check-{secrets.token_hex(4)}")


@asynccontextmanager
async def open_probe(
    options: ClientOptions, timeout_s: float = BROKER_TIMEOUT_S
) -> AsyncIterator[BrokerProbe]:
    """Provide a probe, and close it at the end."""
    probe = BrokerProbe(options, timeout_s)
    try:
        yield probe
    finally:
        await probe.close()
