"""The broker: birth, last will, and messages both ways.

Law: paho's thread only hands over; nothing of ours runs in it, as an exception there would leave
the process deaf. Nothing is true because it was published: what must not be lost is in the journal.
A connection is believed only as long as our own messages come back over it.
"""

import asyncio
import logging
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from limber_bridge.config.model import Broker
from limber_bridge.domain.nights import to_utc
from limber_bridge.protocol.encoding import OFFLINE, ONLINE, Topics
from limber_bridge.protocol.messages import ConnectionHealth, Disconnection, Problem

LOG: Final = logging.getLogger(__name__)

KEEPALIVE: Final = 20
"""s. A link that is half open is noticed after about twice this."""
QUEUED: Final = 4000
"""Messages that may wait for the broker's word: all that a thousand sleepers have to say at once,
24 MB or so."""
FRESH: Final = 60
"""s for which an event is worth delivering; when it happened decides whether it is late, not the
transport."""
UNSUPPORTED: Final = 132
"""Reason code of MQTT 5: unsupported protocol version."""
UNSPECIFIED: Final = 128
"""Reason code of MQTT 5 that tells nothing."""
CLOSES: Final = 3
"""Times a broker may just hang up on MQTT 5 before 3.1.1 is tried."""
ANSWER: Final = 5.0
"""s for a broker to answer a connection. One that chokes on MQTT 5 may say nothing at all (amqtt,
seen with a last will)."""
TAKEN: Final = 142
"""Reason code of MQTT 5: session taken over, by a client of the same id. 3.1.1 has no word for it,
nor has mosquitto 2.0.11 in MQTT 5, and of a reason without properties paho tells nothing."""
AGAIN: Final = (1, 30)
"""s, the shortest and the longest, between two attempts to reach the broker."""
BRIEF: Final = 5.0
"""s; a connection that breaks sooner after it stands may have been taken over."""
BRIEFS: Final = 3
"""Such connections in a row after which that is said, and the connection is left alone."""
REST: Final = 60.0
"""s until a connection that was taken over is tried again: two that throw each other out would do
nothing else."""
MARGIN: Final = 15.0
"""s beyond that within which the connection of one breaks to whom the other comes back after its
rest."""
GOOD_BYE: Final = 2.0
"""s for the broker to take a good-bye, and for a client to end."""
HOME_ASSISTANT: Final = "homeassistant/status"
"""Where Home Assistant announces itself."""
AWAY: Final = "broker_disconnected"
REFUSED_PUBLISH: Final = "broker_refuses_publish"
REFUSED_SUBSCRIPTION: Final = "broker_refuses_subscription"
NO_ECHO: Final = "broker_heartbeat_lost"
TAKEN_OVER: Final = "broker_session_taken_over"
"""What can be wrong with the connection; docs/protocol.md, section 3."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How a dead connection is told from a quiet one: our own status, published and expected back."""

    every: float = 60.0
    """s."""
    patience: float = 180.0
    """s without our own message after which the client is thrown away, whatever it says of itself.
    """


HEARTBEAT: Final = Heartbeat()


class MqttClient:
    """The connection to the broker, for as long as the bridge runs. To be used from one event loop
    only.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        heard: Callable[[str, bytes], None],
        now: Callable[[], int],
        heartbeat: Heartbeat = HEARTBEAT,
    ) -> None:
        """Prepare; `heard` gets the topic and the payload of every message, `now` gives UTC in us.

        `greet` has to be set before `start`.
        """
        self._broker = broker
        self._topics = topics
        self._heard = heard
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._version = MQTTProtocolVersion.MQTTv5
        self._client: paho.Client | None = None
        self._heartbeat = heartbeat
        self._beating: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._stood = self._loop.time()
        self._briefs = 0
        self._soon = 0
        self._echoed = self._loop.time()
        self._closes = 0
        self._guessed = False
        """MQTT 3.1.1 is spoken because nothing else came back, and not because the broker said so.
        """
        self._up = self._leaving = self._refused = self._told_up = False
        self._unanswered: asyncio.TimerHandle | None = None
        self._complained: set[str] = set()
        self._problems: dict[str, str] = {}
        self._refused_topics: set[str] = set()
        self._since = now()
        self._reason = ""
        self._absences = 0
        self._absence: Disconnection | None = None
        self._flying: dict[int, str] = {}
        self._dropped = 0
        self._needed: set[int | None] = set()
        self._landed = asyncio.Event()
        self.greet: Callable[[], None] = lambda: None
        """Called on every connection, once questions are subscribed to: publishes everything that
        is retained."""

    @property
    def version(self) -> str:
        """The protocol that is spoken."""
        return "MQTT 5" if self._version == MQTTProtocolVersion.MQTTv5 else "MQTT 3.1.1"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the connection now, for a person."""
        # Who rests has a broker, and says already why it is left alone.
        there = self._up or self._resting is not None
        away = {} if there else {AWAY: f"no broker: {self._reason or 'not connected yet'}"}
        return tuple(
            Problem(key=key, message=text) for key, text in (away | self._problems).items()
        )

    @property
    def health(self) -> ConnectionHealth:
        """How the connection does."""
        return ConnectionHealth(
            connected=self._up,
            protocol=self.version,
            since=to_utc(self._since),
            disconnects=self._absences,
            last_disconnect=self._absence,
            pending=len(self._flying),
            dropped=self._dropped,
        )

    def start(self) -> None:
        """Begin to connect, and go on trying until stopped."""
        self._begin()
        self._beating = self._loop.call_later(self._heartbeat.every, self._beat)

    async def stop(self) -> None:
        """Say good-bye and disconnect."""
        self._leaving = True
        for timer in (self._beating, self._resting):
            if timer is not None:
                timer.cancel()
        if self._client is None:
            return
        if self._up:
            self.publish(self._topics.status, OFFLINE, retain=True)
            try:
                async with asyncio.timeout(GOOD_BYE):
                    while self._flying:
                        self._landed.clear()
                        await self._landed.wait()
            except TimeoutError:
                LOG.warning("the broker did not take the good-bye; its last will says the same")
        await asyncio.to_thread(self._discard().join, GOOD_BYE)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Publish at QoS 1 if the broker is there; what is not retained is worth nothing to it
        after a minute.
        """
        if self._client is None or not self._up:
            return
        properties = None
        if not retain and self._version == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = FRESH
        told = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        if told.rc == paho.MQTT_ERR_QUEUE_SIZE:
            self._dropped += 1
        else:
            self._flying[told.mid] = topic

    def greeted(self, retained: Iterable[str], owned: Iterable[str]) -> None:
        """Clear what was once ours and is no more, then tell that the bridge is online, last of
        all.
        """
        for topic in sorted(set(owned) - set(retained)):
            self.publish(topic, b"", retain=True)
        self.publish(self._topics.status, ONLINE, retain=True)

    def _begin(self) -> None:
        """Begin with a new client."""
        self._client = self._new_client()
        self._client.connect_async(self._broker.host, self._broker.port, KEEPALIVE)
        self._client.loop_start()

    def _discard(self) -> threading.Thread:
        """Let go of the client; what is returned ends with it. A thread of its own, as paho may be
        stuck for long.
        """
        self._answered()
        old = self._client
        self._client = None
        self._up = False

        def end() -> None:
            if old is not None:
                old.disconnect()
                old.loop_stop()

        ending = threading.Thread(target=end, name="end of a connection", daemon=True)
        ending.start()
        return ending

    def _beat(self) -> None:
        """Send our own status around, and begin anew if it has not come back for long."""
        self._beating = self._loop.call_later(self._heartbeat.every, self._beat)
        if self._resting is not None:
            return
        if self._up and self._loop.time() - self._stood > 3 * REST:
            self._mended(TAKEN_OVER, "the connection to the broker is no longer taken over")
        if self._loop.time() - self._echoed < self._heartbeat.patience:
            self.publish(self._topics.status, ONLINE, retain=True)
            return
        if self._up:
            rights = (
                f"if this lasts, let its user publish to {self._topics.status} and subscribe to it"
            )
            self._trouble(
                NO_ECHO,
                f"the broker hands back nothing of what it takes; connecting anew; {rights}",
            )
            self._lost("nothing came back from it")
        self._echoed = self._loop.time()
        self._anew()

    def _anew(self) -> None:
        """Begin with another client; what was only guessed of the broker is tried again."""
        self._resting = None
        if self._guessed:
            self._version = MQTTProtocolVersion.MQTTv5
            self._guessed = False
            self._closes = 0
        self._discard()
        self._begin()

    def _new_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, f"limber-{self._topics.bridge}", protocol=self._version
        )
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.tls is not None:
            client.tls_set_context(self._broker.tls.create_context())
        client.will_set(self._topics.status, OFFLINE, qos=1, retain=True)
        client.reconnect_delay_set(*AGAIN)
        client.max_queued_messages_set(QUEUED)
        client.on_socket_open = self._hand(self._opened)
        client.on_connect = self._hand(self._connected)
        # paho calls it while it handles the error, and tells nothing of it.
        client.on_connect_fail = lambda client, data: self._hand(self._failed)(
            client, data, sys.exception()
        )
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

    def _if_ours(
        self, client: paho.Client, method: Callable[..., None], values: tuple[Any, ...]
    ) -> None:
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
            self._fall_back("the broker does not answer in MQTT 5", guessed=True)
        else:
            self._complain(
                "the broker does not answer; is it an MQTT broker, and does it want `tls`?"
            )
            if self._guessed:
                # It may only have been slow.
                self._anew()

    def _connected(self, _flags: object, reason: ReasonCode, _properties: object) -> None:
        self._answered()
        if reason.is_failure:
            self._refused = True
            if reason.value == UNSUPPORTED and self._version == MQTTProtocolVersion.MQTTv5:
                self._fall_back("the broker does not know MQTT 5", guessed=False)
            else:
                self._complain(
                    f"the broker refuses the connection: {reason}; check `user` and `password` under `broker`"
                )
            return
        self._note_up()
        assert self._client is not None  # noqa: S101 - _if_ours has seen to it
        # Of a broker that keeps us from hearing Home Assistant start nothing is asked: state is
        # retained.
        self._client.subscribe(HOME_ASSISTANT, qos=1)
        self._needed = {
            self._client.subscribe(topic, qos=1)[1]
            for topic in (self._topics.request, self._topics.status)
        }
        self.greet()

    def _note_up(self) -> None:
        """Note that there is a connection, and of which absence it is the end."""
        if self._absences or self._reason:
            self._absence = Disconnection(
                start=to_utc(self._since), end=to_utc(self._now()), reason=self._reason
            )
        self._up, self._closes, self._reason, self._since = True, 0, "", self._now()
        self._complained.clear()
        self._flying.clear()
        self._echoed = self._stood = self._loop.time()
        # A client that is made anew again and again, for want of rights, is told once.
        if not self._told_up:
            LOG.info(
                "connected to the broker at %s:%d with %s",
                self._broker.host,
                self._broker.port,
                self.version,
            )
        self._told_up = True

    def _failed(self, error: BaseException | None) -> None:
        where = f"{self._broker.host}:{self._broker.port}"
        if isinstance(error, ssl.SSLError):
            self._complain(
                f"no trust between us and the broker at {where} ({error}); check `tls` under `broker`"
            )
        elif not self._absences:
            self._complain(
                f"no broker at {where} ({error}); check `host` and `port` under `broker`"
            )

    def _disconnected(self, _flags: object, reason: ReasonCode, _properties: object) -> None:
        self._answered()
        why = str(reason) if reason.value != UNSPECIFIED else "the connection broke"
        if self._up:
            self._told_up = False
            if self._is_taken(reason):
                return
            LOG.warning("lost the broker (%s); trying again", why)
            self._lost(why)
            if self._guessed:
                self._anew()
        elif self._refused:
            return
        elif self._version == MQTTProtocolVersion.MQTTv5:
            self._closes += 1
            if self._closes == CLOSES:
                self._fall_back(f"the broker hung up on MQTT 5 {CLOSES} times", guessed=True)
        else:
            self._complain(
                "the broker hangs up before it answers; does it want `tls`, or a certificate under `tls`?"
            )

    def _is_taken(self, reason: ReasonCode) -> bool:
        """Return whether another client took over our connection; then it is left alone for a
        while.
        """
        lasted = self._loop.time() - self._stood
        # Another bridge, too, waits before it tries again: what breaks at once is the network.
        perhaps = lasted > AGAIN[0] / 2
        self._briefs = self._briefs + 1 if perhaps and lasted < BRIEF else 0
        self._soon = self._soon + 1 if perhaps and lasted < REST + MARGIN else 0
        taken = reason.value == TAKEN
        mend = "give each an id of its own, or stop one"
        why = f"another bridge with the id `{self._topics.bridge}` is connected"
        if not taken:
            why = f"each connection breaks soon, as if {why}"
        if taken or self._soon >= BRIEFS:
            self._trouble(
                TAKEN_OVER,
                f"{why}: {mend}" if taken else f"{why}: if so, {mend}; else see to the network",
            )
        if not taken and self._briefs < BRIEFS:
            return False
        self._lost(why)
        self._discard()
        self._resting = self._loop.call_later(REST, self._anew)
        return True

    def _lost(self, reason: str) -> None:
        self._up, self._since, self._reason = False, self._now(), reason
        self._absences += 1

    def _fall_back(self, why: str, *, guessed: bool) -> None:
        """Begin anew with MQTT 3.1.1: paho would repeat version 5 for ever."""
        if why not in self._complained:
            LOG.warning("%s; going on with MQTT 3.1.1", why)
        self._complained.add(why)
        self._version = MQTTProtocolVersion.MQTTv311
        self._guessed = guessed
        self._discard()
        self._begin()

    def _published(self, mid: int, reason: ReasonCode, _properties: object) -> None:
        topic = self._flying.pop(mid, "")
        if topic.startswith(self._topics.responses):
            # Whoever asked may never ask again: one right for all of them.
            topic = f"{self._topics.responses}#"
        self._landed.set()
        if reason.is_failure:
            self._refused_topics.add(topic)
            rights = f"let its user publish to {self._topics.root}/#"
            self._trouble(
                REFUSED_PUBLISH,
                f"the broker refuses what is published to {topic}: {reason}; {rights}",
            )
        elif topic in self._refused_topics:
            self._refused_topics.discard(topic)
            if not self._refused_topics:
                self._mended(REFUSED_PUBLISH, "the broker takes again what is published")

    def _subscribed(self, mid: int, reasons: list[ReasonCode], _properties: object) -> None:
        if mid not in self._needed:
            return
        self._needed.discard(mid)
        if any(reason.is_failure for reason in reasons):
            self._needed.add(None)
            rights = f"let its user subscribe to {self._topics.request} and {self._topics.status}"
            self._trouble(
                REFUSED_SUBSCRIPTION, f"the broker refuses a subscription: {reasons[0]}; {rights}"
            )
        elif not self._needed:
            self._mended(REFUSED_SUBSCRIPTION, "the broker grants the subscriptions again")

    def _message(self, message: paho.MQTTMessage) -> None:
        if message.topic == self._topics.status:
            if not message.retain:
                self._echo()
            # Another connection's last will, or somebody's mistake: we are here.
            if message.payload != ONLINE and self._up and not self._leaving:
                self.publish(self._topics.status, ONLINE, retain=True)
            return
        if message.retain and message.topic == self._topics.request:
            self._complain(
                f"a question on {message.topic} is retained and not answered; clear it there"
            )
            return
        self._heard(message.topic, message.payload)

    def _echo(self) -> None:
        self._echoed = self._loop.time()
        self._mended(NO_ECHO, "the broker hands back again what it takes")

    def _trouble(self, key: str, text: str) -> None:
        """Note what is wrong with a connection that stands, and log it when it is new."""
        if key not in self._problems:
            LOG.error("%s", text)
        self._problems[key] = text

    def _mended(self, key: str, text: str) -> None:
        if self._problems.pop(key, None) is not None:
            LOG.info("%s", text)

    def _complain(self, text: str) -> None:
        """Log once what keeps us from the broker, until there is a connection again; it is told
        then, too.
        """
        if text not in self._complained:
            LOG.error("%s", text)
        self._complained.add(text)
        if not self._up:
            self._reason = text
