"""The broker: birth, last will, and messages both ways.

Law: paho's thread only hands over; nothing of ours runs in it, as an exception there would leave the process deaf.
Nothing is true because it was published: what must not be lost is in the journal.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from limber_bridge.config import Broker
from limber_bridge.wire import OFFLINE, ONLINE, Topics

LOG: Final = logging.getLogger(__name__)

KEEPALIVE: Final = 20
"""s. A link that is half open is noticed after about twice this."""
QUEUED: Final = 1000
"""Messages that may wait for the broker's word."""
FRESH: Final = 60
"""s for which an event is worth delivering; when it happened decides whether it is late, not the transport."""
UNSUPPORTED: Final = 132
UNSPECIFIED: Final = 128
"""Reason code of MQTT 5 that tells nothing."""
"""Reason code of MQTT 5: unsupported protocol version."""
CLOSES: Final = 3
"""Times a broker may just hang up on MQTT 5 before 3.1.1 is tried."""
ANSWER: Final = 5.0
"""s for a broker to answer a connection. One that chokes on MQTT 5 may say nothing at all (amqtt, seen with a last
will)."""
HOME_ASSISTANT: Final = "homeassistant/status"
"""Where Home Assistant announces itself."""


class Link:
    """The connection to the broker, for as long as the bridge runs. To be used from one event loop only."""

    def __init__(self, broker: Broker, topics: Topics, heard: Callable[[str, bytes], None]) -> None:
        """Prepare; `heard` gets the topic and the payload of every message, `greet` has to be set before `start`."""
        self._broker, self._topics, self._heard = broker, topics, heard
        self._loop = asyncio.get_running_loop()
        self._version = MQTTProtocolVersion.MQTTv5
        self._client: paho.Client | None = None
        self._closes = 0
        self._up = self._leaving = self._refused = False
        self._unanswered: asyncio.TimerHandle | None = None
        self._complained = ""
        self._flying: dict[int, str] = {}
        self._needed: set[int | None] = set()
        self._landed = asyncio.Event()
        self.greet: Callable[[], None] = lambda: None
        """Called on every connection, once questions are subscribed to: publishes everything that is retained."""

    @property
    def version(self) -> str:
        """The protocol that is spoken."""
        return "MQTT 5" if self._version == MQTTProtocolVersion.MQTTv5 else "MQTT 3.1.1"

    def start(self) -> None:
        """Begin to connect, and go on trying until stopped."""
        self._client = self._new_client()
        self._client.connect_async(self._broker.host, self._broker.port, KEEPALIVE)
        self._client.loop_start()

    async def stop(self) -> None:
        """Say good-bye and disconnect."""
        if self._client is None:
            return
        self._leaving = True
        if self._up:
            self.publish(self._topics.status, OFFLINE, retain=True)
            try:
                async with asyncio.timeout(2):
                    while self._flying:
                        self._landed.clear()
                        await self._landed.wait()
            except TimeoutError:
                LOG.warning("the broker did not take the good-bye; its last will says the same")
        self._answered()
        client, self._client = self._client, None
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Publish at QoS 1 if the broker is there; what is not retained is worth nothing to it after a minute."""
        if self._client is None or not self._up:
            return
        properties = None
        if not retain and self._version == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = FRESH
        told = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        self._flying[told.mid] = topic

    def greeted(self, retained: Iterable[str], owned: Iterable[str]) -> None:
        """Clear what was once ours and is no more, then tell that the bridge is online, last of all."""
        for topic in sorted(set(owned) - set(retained)):
            self.publish(topic, b"", retain=True)
        self.publish(self._topics.status, ONLINE, retain=True)

    def _new_client(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, f"limber-{self._topics.bridge}", protocol=self._version)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.tls is not None:
            client.tls_set_context(self._broker.tls.context())
        client.will_set(self._topics.status, OFFLINE, qos=1, retain=True)
        client.reconnect_delay_set(1, 30)
        client.max_queued_messages_set(QUEUED)
        client.on_socket_open = self._hand(self._opened)
        client.on_connect = self._hand(self._connected)
        client.on_connect_fail = self._hand(self._failed)
        client.on_disconnect = self._hand(self._disconnected)
        client.on_publish = self._hand(self._published)
        client.on_subscribe = self._hand(self._subscribed)
        client.on_message = self._hand(self._message)
        return client

    def _hand(self, method: Callable[..., None]) -> Callable[..., None]:
        """Return a callback for paho's thread that has a method called in ours."""

        def handed(client: paho.Client, _userdata: object, *values: Any) -> None:  # noqa: ANN401 - whatever paho gives
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._if_ours, client, method, values)

        return handed

    def _if_ours(self, client: paho.Client, method: Callable[..., None], values: tuple[Any, ...]) -> None:
        if client is self._client:
            method(*values)

    def _opened(self, _socket: object) -> None:
        self._answered()
        self._refused = False
        self._unanswered = self._loop.call_later(ANSWER, self._silent)

    def _answered(self) -> None:
        if self._unanswered is not None:
            self._unanswered.cancel()

    def _silent(self) -> None:
        if self._version == MQTTProtocolVersion.MQTTv5:
            self._fall_back("the broker does not answer in MQTT 5")
        else:
            self._complain("the broker does not answer; is it an MQTT broker, and does it want `tls`?")

    def _connected(self, _flags: object, reason: ReasonCode, _properties: object) -> None:
        self._answered()
        if reason.is_failure:
            self._refused = True
            if reason.value == UNSUPPORTED and self._version == MQTTProtocolVersion.MQTTv5:
                self._fall_back("the broker does not know MQTT 5")
            else:
                self._complain(
                    f"the broker refuses the connection: {reason}; check `user` and `password` under `broker`"
                )
            return
        self._up, self._closes, self._complained = True, 0, ""
        self._flying.clear()
        LOG.info("connected to the broker at %s:%d with %s", self._broker.host, self._broker.port, self.version)
        assert self._client is not None  # noqa: S101 - _if_ours has seen to it
        # Of a broker that keeps us from hearing Home Assistant start nothing is asked: state is retained.
        self._client.subscribe(HOME_ASSISTANT, qos=1)
        self._needed = {self._client.subscribe(topic, qos=1)[1] for topic in (self._topics.ask, self._topics.status)}
        self.greet()

    def _failed(self) -> None:
        self._complain(f"no broker at {self._broker.host}:{self._broker.port}; check `host` and `port` under `broker`")

    def _disconnected(self, _flags: object, reason: ReasonCode, _properties: object) -> None:
        self._answered()
        if self._up:
            LOG.warning("lost the broker%s; trying again", f" ({reason})" if reason.value != UNSPECIFIED else "")
        elif self._version == MQTTProtocolVersion.MQTTv5 and not self._refused:
            self._closes += 1
            if self._closes == CLOSES:
                self._fall_back(f"the broker hung up on MQTT 5 {CLOSES} times")
        self._up = False

    def _fall_back(self, why: str) -> None:
        """Begin anew with MQTT 3.1.1: paho would repeat version 5 for ever."""
        LOG.warning("%s; going on with MQTT 3.1.1", why)
        old, self._client = self._client, None
        self._version = MQTTProtocolVersion.MQTTv311
        if old is not None:
            old.disconnect()
            self._ending = self._loop.run_in_executor(None, old.loop_stop)
        self.start()

    def _published(self, mid: int, reason: ReasonCode, _properties: object) -> None:
        topic = self._flying.pop(mid, "")
        self._landed.set()
        if reason.is_failure:
            rights = f"let its user publish to {self._topics.root}/#"
            self._complain(f"the broker refuses what is published to {topic}: {reason}; {rights}")

    def _subscribed(self, mid: int, reasons: list[ReasonCode], _properties: object) -> None:
        if mid in self._needed and any(reason.is_failure for reason in reasons):
            rights = f"let its user subscribe to {self._topics.ask} and {self._topics.status}"
            self._complain(f"the broker refuses a subscription: {reasons[0]}; {rights}")

    def _message(self, message: paho.MQTTMessage) -> None:
        if message.topic == self._topics.status:
            # Another connection's last will, or somebody's mistake: we are here.
            if message.payload != ONLINE and self._up and not self._leaving:
                self.publish(self._topics.status, ONLINE, retain=True)
            return
        if message.retain and message.topic == self._topics.ask:
            self._complain(f"a question on {message.topic} is retained and not answered; clear it there")
            return
        self._heard(message.topic, message.payload)

    def _complain(self, text: str) -> None:
        """Log something once, until there is a connection again."""
        if text != self._complained:
            LOG.error("%s", text)
        self._complained = text
