"""A thin adapter for paho-mqtt: its callbacks become events on our event loop.

paho calls back in a thread of its own, and an exception there ends that thread: the client would
receive nothing and still report that it is connected. So a callback only hands its arguments over,
and everything else runs on the event loop. Documentation of paho:
https://eclipse.dev/paho/files/paho.mqtt.python/html/client.html
"""

import asyncio
import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from limber_bridge.config.model import Broker
from limber_bridge.daemon.broker_limits import (
    NO_LIMITS,
    REASONS_OF_SIZE,
    SUSPECT_AGE_S,
    SUSPECT_BYTES,
    SUSPECT_GROWTH,
    SizeLimit,
    packet_size,
)
from limber_bridge.daemon.mqtt_connection import RECONNECT_DELAY_MAX_S, RECONNECT_DELAY_MIN_S
from limber_bridge.daemon.mqtt_events import (
    AllDelivered,
    BrokerLimits,
    ClientEnded,
    ConnackAccepted,
    ConnackRefused,
    ConnectFailed,
    ConnectionClosed,
    ConnectionEvent,
    Delivery,
    MessageReceived,
    MessageTooLarge,
    Protocol,
    PublishAccepted,
    PublishRefused,
    SocketOpened,
    SubscriptionGranted,
    SubscriptionRefused,
)
from limber_bridge.daemon.tolerant_client import TolerantClient
from limber_bridge.protocol.encoding import OFFLINE, Topics

KEEPALIVE_S: Final = 20
"""Keep Alive of MQTT (MQTT 5, 3.1.2.10). Chosen: paho notices a half-open connection after about
twice this time."""
QUEUE_MAX_MESSAGES: Final = 4000
"""Messages that may wait for the broker. Chosen: everything that a thousand sleepers publish at
once, about 24 MB."""
EVENT_EXPIRY_S: Final = 60
"""Message Expiry Interval (MQTT 5, 3.3.2.3.3) of what is not retained. Chosen: an event that is
delivered later must not trigger anything."""
QOS: Final = 1
"""At least once (MQTT 5, 4.3.2): the broker confirms, or under MQTT 5 refuses, every message."""
REASON_UNSPECIFIED: Final = 0x80
"""Reason code "Unspecified error" (MQTT 5, 2.4); paho reports it where there is no reason."""
REASON_UNSUPPORTED_VERSION: Final = 0x84
"""Reason code "Unsupported Protocol Version" (MQTT 5, 3.2.2.2)."""
REASON_SESSION_TAKEN_OVER: Final = 0x8E
"""Reason code "Session taken over" (MQTT 5, 3.14.2.1). MQTT 3.1.1 has no such code, mosquitto
2.0.11 does not send it, and paho reports no reason that comes without properties."""
REASON_TOO_LARGE: Final = 0x95
"""Reason code "Packet too large" (MQTT 5, 3.14.2.1). mosquitto also sends it in PUBACK, for its
`message_size_limit`."""
REASON_NO_RETAIN: Final = 0x9A
"""Reason code "Retain not supported" (MQTT 5, 3.2.2.2)."""
REASON_NO_QOS: Final = 0x9B
"""Reason code "QoS not supported" (MQTT 5, 3.2.2.2)."""

_VERSIONS: Final = {
    Protocol.MQTT_5: MQTTProtocolVersion.MQTTv5,
    Protocol.MQTT_3_1_1: MQTTProtocolVersion.MQTTv311,
}


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How to connect to the broker."""

    broker: Broker
    client_id: str
    will_topic: str | None = None
    """Where the broker publishes `offline`, retained, when the connection breaks."""

    @property
    def address(self) -> str:
        """Return the broker's host and port, for a person."""
        return f"{self.broker.host}:{self.broker.port}"

    def new_client(self, protocol: Protocol, limits: BrokerLimits) -> TolerantClient:
        """Return a client that is not connected yet, for a broker with some limits."""
        broker = self.broker
        client = TolerantClient(
            CallbackAPIVersion.VERSION2, self.client_id, protocol=_VERSIONS[protocol]
        )
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls is not None:
            client.tls_set_context(broker.tls.create_context())
        if self.will_topic is not None:
            client.will_set(self.will_topic, OFFLINE, qos=limits.qos, retain=limits.retain)
        client.reconnect_delay_set(RECONNECT_DELAY_MIN_S, RECONNECT_DELAY_MAX_S)
        client.max_queued_messages_set(QUEUE_MAX_MESSAGES)
        return client


def bridge_options(broker: Broker, topics: Topics) -> ClientOptions:
    """Return how a bridge connects: `limber run`, and `limber check` in its place."""
    return ClientOptions(broker, f"limber-{topics.bridge}", will_topic=topics.status)


@dataclass(frozen=True, slots=True)
class PendingMessage:
    """A message that the broker has not answered yet."""

    topic: str
    size: int
    """Bytes of its packet."""
    sent: float
    """s on the clock of the event loop."""
    on_delivery: Callable[[Delivery], None] | None


class PahoClient:
    """Run one paho client at a time and pass on what happens to it.

    To be created and used on one event loop.
    """

    def __init__(
        self, options: ClientOptions, on_event: Callable[[ConnectionEvent | MessageReceived], None]
    ) -> None:
        """Prepare; there is no client before `open`. `on_event` is called on the event loop."""
        self._options = options
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._client: paho.Client | None = None
        self._closing: threading.Thread | None = None
        self._pending: dict[int, PendingMessage] = {}
        self._subscribing: dict[int, str] = {}
        self._limits = NO_LIMITS
        self.sizes = SizeLimit()
        """Which sizes of packets the broker accepts."""
        self.dropped = 0
        """Messages that were not sent because too many were pending."""

    @property
    def pending(self) -> int:
        """Return how many messages the broker has not answered yet."""
        return len(self._pending)

    def open(self, protocol: Protocol, limits: BrokerLimits = NO_LIMITS) -> None:
        """Open a client, which connects again and again; one that is open is closed.

        `limits`: what the broker is known not to support.
        """
        self.close()
        self._limits = limits
        self._client = client = self._options.new_client(protocol, limits)
        client.on_end = self._hand_over_end
        client.on_socket_open = self._hand_over(self._on_socket_open)
        client.on_connect = self._hand_over(self._on_connack)
        client.on_connect_fail = self._hand_over_error(self._on_connect_fail)
        client.on_disconnect = self._hand_over(self._on_disconnect)
        client.on_publish = self._hand_over(self._on_puback)
        client.on_subscribe = self._hand_over(self._on_suback)
        client.on_message = self._hand_over(self._on_message)
        client.connect_async(self._options.broker.host, self._options.broker.port, KEEPALIVE_S)
        client.loop_start()

    def close(self) -> None:
        """Disconnect and end the client, if there is one, without waiting for it."""
        client = self._client
        self._client = None
        self._forget_pending()
        if client is None:
            return

        def end() -> None:
            client.disconnect()
            client.loop_stop()

        # A thread of its own, because paho may be stuck in a system call for long.
        self._closing = threading.Thread(target=end, name="closing MQTT client", daemon=True)
        self._closing.start()

    async def wait_closed(self, timeout_s: float) -> None:
        """Wait until the last client that was closed has ended, but not longer than this."""
        if self._closing is not None:
            await asyncio.to_thread(self._closing.join, timeout_s)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool,
        on_delivery: Callable[[Delivery], None] | None = None,
    ) -> None:
        """Publish a message; what is not retained expires on its way.

        A message that is too large for the broker is not sent. `on_delivery` receives what became
        of the message.
        """
        client = self._client
        message = PendingMessage(topic, packet_size(topic, payload), self._loop.time(), on_delivery)
        if client is None:
            self._deliver(message, Delivery.LOST)
            return
        limit = self.sizes.maximum
        if limit is not None and message.size > limit:
            self._deliver(message, Delivery.TOO_LARGE)
            event = MessageTooLarge(topic, message.size, limit)
            # Not now: this may be in the middle of the actions of another event.
            self._loop.call_soon(self._call_if_current, client, self._on_event, (event,))
            return
        properties = None
        if not retain and client.protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = EVENT_EXPIRY_S
        sent = client.publish(
            topic,
            payload,
            qos=self._limits.qos,
            retain=retain and self._limits.retain,
            properties=properties,
        )
        if sent.rc == paho.MQTT_ERR_QUEUE_SIZE:
            self.dropped += 1
            self._deliver(message, Delivery.LOST)
        else:
            self._pending[sent.mid] = message

    def subscribe(self, topic: str) -> None:
        """Subscribe to a topic."""
        if self._client is None:
            return
        _, mid = self._client.subscribe(topic, qos=QOS)
        if mid is not None:
            self._subscribing[mid] = topic

    def _hand_over(self, callback: Callable[..., None]) -> Callable[..., None]:
        """Return a callback for paho's thread that has another one called on the event loop."""

        def in_paho_thread(client: paho.Client, _userdata: object, *values: Any) -> None:  # noqa: ANN401 - whatever paho gives
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._call_if_current, client, callback, values)

        return in_paho_thread

    def _hand_over_error(
        self, callback: Callable[..., None]
    ) -> Callable[[paho.Client, object], None]:
        """Do the same for `on_connect_fail`, which paho calls while it handles the error."""
        hand_over = self._hand_over(callback)

        def in_paho_thread(client: paho.Client, userdata: object) -> None:
            hand_over(client, userdata, sys.exception())

        return in_paho_thread

    def _hand_over_end(self, client: paho.Client, error: Exception) -> None:
        """Have the end of a client reported on the event loop; called in paho's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._call_if_current, client, self._on_end, (error,))

    def _call_if_current(
        self, client: paho.Client, callback: Callable[..., None], values: tuple[Any, ...]
    ) -> None:
        """Call back unless another client has taken the place of this one."""
        if client is self._client:
            callback(*values)

    def _on_socket_open(self, opened: socket.socket) -> None:
        # Else a message may wait 40 ms for the delayed acknowledgement of the one before.
        with contextlib.suppress(OSError):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._on_event(SocketOpened())

    def _on_connect_fail(self, error: BaseException | None) -> None:
        tls = isinstance(error, ssl.SSLError)
        self._on_event(ConnectFailed(self._options.address, error_text(error), tls=tls))

    def _on_connack(
        self, _flags: object, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._on_event(
                ConnackRefused(
                    str(reason),
                    unsupported_version=reason.value == REASON_UNSUPPORTED_VERSION,
                    no_retain=reason.value == REASON_NO_RETAIN,
                    no_qos=reason.value == REASON_NO_QOS,
                )
            )
            return
        # What an earlier connection left unanswered is sent again by paho and counts no more.
        self._forget_pending()
        self._limits = announced_limits(properties)
        self.sizes = replace(self.sizes, announced=self._limits.packet_bytes)
        self._on_event(ConnackAccepted(self._limits))

    def _on_disconnect(self, _flags: object, reason: ReasonCode, _properties: object) -> None:
        text = "" if reason.value == REASON_UNSPECIFIED else str(reason)
        taken_over = reason.value == REASON_SESSION_TAKEN_OVER
        too_large = None
        if reason.value in REASONS_OF_SIZE:
            too_large = self._suspect(said=reason.value == REASON_TOO_LARGE)
        # Otherwise the broker may have been started again, with other limits.
        self.sizes = SizeLimit() if too_large is None else self.sizes.break_off(too_large)
        self._on_event(ConnectionClosed(text, taken_over=taken_over, too_large=too_large))

    def _suspect(self, *, said: bool) -> int | None:
        """Return the size of the pending message that probably ended the connection, if one did.

        `said`: the broker said that a message was too large. MQTT 3.1.1 has no way to say so.
        """
        now = self._loop.time()
        smallest = max(SUSPECT_BYTES, self.sizes.accepted * SUSPECT_GROWTH)
        likely = [
            message.size
            for message in self._pending.values()
            if said or (message.size >= smallest and now - message.sent < SUSPECT_AGE_S)
        ]
        return max(likely, default=None)

    def _on_puback(self, mid: int, reason: ReasonCode, _properties: object) -> None:
        message = self._pending.pop(mid, None)
        if message is None:
            return
        if reason.value == REASON_TOO_LARGE:
            self.sizes = self.sizes.refuse(message.size)
            self._deliver(message, Delivery.TOO_LARGE)
            self._on_event(MessageTooLarge(message.topic, message.size, None))
        elif reason.is_failure:
            self._deliver(message, Delivery.REFUSED)
            self._on_event(PublishRefused(message.topic, str(reason)))
        else:
            self.sizes = self.sizes.accept(message.size)
            self._deliver(message, Delivery.ACCEPTED)
            self._on_event(PublishAccepted(message.topic))
        if not self._pending:
            self._on_event(AllDelivered())

    def _on_suback(self, mid: int, reasons: list[ReasonCode], _properties: object) -> None:
        topic = self._subscribing.pop(mid, None)
        if topic is None:
            return
        if reasons[0].is_failure:
            self._on_event(SubscriptionRefused(topic, str(reasons[0])))
        else:
            self._on_event(SubscriptionGranted(topic))

    def _on_end(self, error: Exception) -> None:
        self._on_event(ClientEnded(f"{type(error).__name__}: {error}"))

    def _forget_pending(self) -> None:
        """Forget what the broker has not answered."""
        pending = list(self._pending.values())
        self._pending.clear()
        self._subscribing.clear()
        for message in pending:
            self._deliver(message, Delivery.LOST)

    def _deliver(self, message: PendingMessage, delivery: Delivery) -> None:
        if message.on_delivery is not None:
            message.on_delivery(delivery)

    def _on_message(self, message: paho.MQTTMessage) -> None:
        self._on_event(MessageReceived(message.topic, message.payload, message.retain))


def announced_limits(properties: Properties | None) -> BrokerLimits:
    """Return the limits that a broker announces in CONNACK; MQTT 3.1.1 has no such properties."""
    return BrokerLimits(
        retain=bool(getattr(properties, "RetainAvailable", 1)),
        qos=min(QOS, getattr(properties, "MaximumQoS", QOS)),
        packet_bytes=getattr(properties, "MaximumPacketSize", None),
    )


def error_text(error: BaseException | None) -> str:
    """Return why a connection could not be made, without error numbers."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
