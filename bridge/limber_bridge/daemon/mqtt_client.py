"""The bridge's client of the MQTT broker: publishes, receives, and stays connected.

What must not be lost is in the journal: a message that was published may still never reach anyone.
A connection counts as live only while the bridge receives its own heartbeat over it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, assert_never

from limber_bridge.config.model import Broker
from limber_bridge.daemon.connection_report import ConnectionReport
from limber_bridge.daemon.mqtt_connection import (
    DEFAULT_TIMING,
    Connection,
    ConnectionSettings,
    Phase,
    Timing,
    process_event,
)
from limber_bridge.daemon.mqtt_events import (
    Action,
    BeginSession,
    ClearProblem,
    CloseClient,
    ConnectionEvent,
    Delivery,
    LogWarning,
    MessageReceived,
    OpenClient,
    PublishAgain,
    PublishStatus,
    RaiseProblem,
    ReportConnected,
    ReportDisconnected,
    ReportFailure,
    StartRequested,
    StatusReceived,
    StopRequested,
)
from limber_bridge.daemon.mqtt_permissions import needed_subscriptions
from limber_bridge.daemon.paho_client import PahoClient, bridge_options
from limber_bridge.protocol.encoding import OFFLINE, ONLINE, Topics
from limber_bridge.protocol.health_messages import ConnectionHealth, Problem

HOME_ASSISTANT: Final = "homeassistant/status"
"""Topic on which Home Assistant publishes `online` when its MQTT integration has started
(https://www.home-assistant.io/integrations/mqtt/#birth-and-last-will-messages)."""
DELIVERY_TIMEOUT_S: Final = 5.0
"""Time for the broker to answer a message that something waits for. Chosen: see
`mqtt_connection.Timing.connack_timeout_s`."""


class MqttClient:
    """Stay connected to the broker while the bridge runs.

    The state machine of `mqtt_connection` decides, a `PahoClient` talks to the broker, and a
    `ConnectionReport` keeps what a person should know. To be used on one event loop.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        on_message: Callable[[str, bytes], None],
        on_connected: Callable[[], None],
        now: Callable[[], int],
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        """Prepare a client that is not connected; to be called where an event loop runs.

        `on_message` receives the topic and the payload of every message. `on_connected` is called
        after each connection, once the subscriptions are requested, and has everything retained
        published. `now` returns UTC in us.
        """
        self._settings = ConnectionSettings(topics, timing)
        self._on_message = on_message
        self._on_connected = on_connected
        self._now = now
        self._clients = 0
        """Clients that were made so far."""
        self._make_client(broker, topics)
        self._connection = Connection()
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = asyncio.Event()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the connection now, for a person."""
        return self._report.problems(self._connection.phase)

    @property
    def health(self) -> ConnectionHealth:
        """The health of the connection."""
        return self._report.health(self._connection, self._paho.pending, self._paho.dropped)

    def start(self) -> None:
        """Begin to connect; the client connects again and again until it is stopped."""
        self._stopped.clear()
        self._process(StartRequested())

    async def stop(self) -> None:
        """Publish that the bridge is offline, disconnect, and end the client."""
        if self._connection.phase is Phase.STOPPED:
            return
        self._process(StopRequested())
        await self._stopped.wait()
        await self._paho.wait_closed(self._settings.timing.farewell_s)

    async def reconnect(self, broker: Broker, topics: Topics) -> None:
        """Leave the broker in order, and connect to another one, or in another way."""
        await self.stop()
        self._settings = ConnectionSettings(topics, self._settings.timing)
        self._make_client(broker, topics)
        self._connection = Connection()
        self.start()

    def set_topics(self, topics: Topics) -> None:
        """Listen for the sensors that send over the broker now."""
        before = needed_subscriptions(self._settings.topics)
        self._settings = ConnectionSettings(topics, self._settings.timing)
        if self._connection.phase is Phase.CONNECTED:
            for topic in sorted(needed_subscriptions(topics) - before):
                self._paho.subscribe(topic)

    def _make_client(self, broker: Broker, topics: Topics) -> None:
        """Prepare a client of paho; what an earlier one still reports is ignored."""
        options = bridge_options(broker, topics)
        self._clients += 1
        self._paho = PahoClient(options, partial(self._receive, self._clients))
        self._report = ConnectionReport(options.address, self._now)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Publish a message if there is a connection; what is not retained expires soon."""
        if self._connection.phase is Phase.CONNECTED:
            self._paho.publish(topic, payload, retain=retain)

    @property
    def page_bytes(self) -> int:
        """Bytes of nights or events in a response that the broker probably accepts."""
        return self._paho.sizes.page_bytes

    async def deliver(self, topic: str, payload: bytes) -> Delivery:
        """Publish a message that is not retained; return what became of it."""
        if self._connection.phase is not Phase.CONNECTED:
            return Delivery.LOST
        delivered: asyncio.Future[Delivery] = asyncio.get_running_loop().create_future()

        def note(delivery: Delivery) -> None:
            if not delivered.done():
                delivered.set_result(delivery)

        self._paho.publish(topic, payload, retain=False, on_delivery=note)
        try:
            return await asyncio.wait_for(delivered, DELIVERY_TIMEOUT_S)
        except TimeoutError:
            return Delivery.LOST

    def announce_online(self, retained: Iterable[str], earlier: Iterable[str]) -> None:
        """Publish `online` after everything that is retained was published.

        `retained` are the topics published now, `earlier` those that the bridge once retained:
        topics that are no longer published are cleared first.
        """
        for topic in sorted(set(earlier) - set(retained)):
            self.publish(topic, b"", retain=True)
        self.publish(self._settings.topics.status, ONLINE, retain=True)

    def _process(self, event: ConnectionEvent) -> None:
        """Let the state machine handle an event, and execute its actions."""
        now = asyncio.get_running_loop().time()
        self._connection, actions = process_event(self._connection, event, self._settings, now)
        for action in actions:
            self._execute(action)
        self._set_timer()
        if self._connection.phase is Phase.STOPPED:
            self._stopped.set()

    def _set_timer(self) -> None:
        """Have the state machine asked again when its next event is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wakeup = self._connection.next_wakeup
        if wakeup is not None:
            self._timer = asyncio.get_running_loop().call_at(wakeup, self._process_due_event)

    def _process_due_event(self) -> None:
        """Process the event that is due, if the timer was not early."""
        event = self._connection.due_event(asyncio.get_running_loop().time())
        if event is None:
            self._set_timer()
        else:
            self._process(event)

    def _execute(self, action: Action) -> None:
        """Execute an action of the state machine."""
        match action:
            case OpenClient(protocol, limits):
                self._paho.open(protocol, limits)
            case CloseClient():
                self._paho.close()
            case BeginSession():
                self._begin_session()
            case PublishAgain():
                self._on_connected()
            case PublishStatus(online):
                payload = ONLINE if online else OFFLINE
                self._paho.publish(self._settings.topics.status, payload, retain=True)
            case _:
                self._execute_report(action)

    def _execute_report(
        self,
        action: ReportConnected
        | ReportDisconnected
        | ReportFailure
        | LogWarning
        | RaiseProblem
        | ClearProblem,
    ) -> None:
        """Execute an action that only reports."""
        match action:
            case ReportConnected(protocol):
                self._report.note_connected(protocol)
            case ReportDisconnected(reason, log_return):
                self._report.note_disconnected(reason, log_return=log_return)
            case ReportFailure(text):
                self._report.note_failure(text)
            case LogWarning(text, once=True):
                self._report.log_once(logging.WARNING, text)
            case LogWarning(text):
                self._report.log_warning(text)
            case RaiseProblem(key, text):
                self._report.raise_problem(key, text)
            case ClearProblem(key, text):
                self._report.clear_problem(key, text)
            case _:
                assert_never(action)

    def _begin_session(self) -> None:
        """Subscribe, and have everything retained published."""
        # Without the right to this topic only a restart of Home Assistant goes unnoticed, and
        # state is retained: the broker may refuse it.
        self._paho.subscribe(HOME_ASSISTANT)
        for topic in sorted(needed_subscriptions(self._settings.topics)):
            self._paho.subscribe(topic)
        self._on_connected()

    def _receive(self, client: int, event: ConnectionEvent | MessageReceived) -> None:
        """Process what a client of paho reports."""
        if client != self._clients:
            return
        if isinstance(event, MessageReceived):
            self._route(event)
        else:
            self._process(event)

    def _route(self, message: MessageReceived) -> None:
        """Pass a message on, unless it is the own status or a retained request."""
        topics = self._settings.topics
        if message.topic == topics.status:
            online = message.payload == ONLINE
            self._process(StatusReceived(online=online, retained=message.retained))
        elif message.retained and topics.sender_of(message.topic) is not None:
            self._report.log_once(
                logging.ERROR,
                f"a retained message on {message.topic} was ignored; clear the topic, and let the "
                "sensor publish without the retain flag",
            )
        elif message.retained and message.topic == topics.request:
            # A request that the broker repeats after every connection would be executed each time.
            self._report.log_once(
                logging.ERROR,
                f"a retained request on {message.topic} was ignored; clear the topic, and publish "
                "requests without the retain flag",
            )
        else:
            self._on_message(message.topic, message.payload)
