"""The connection to the broker as a state machine: events in, actions out; pure.

It knows neither paho nor asyncio nor a clock: `paho_client` makes events of paho's callbacks, and
`mqtt_client` passes them in with the time and executes the actions. Times are seconds on a steady
clock.

    STOPPED ── StartRequested ──► CONNECTING ◄─────────────────┬──────────────────┐
                                    │    ▲                     │                  │
                         SocketOpened    ConnectionClosed   ConnectionClosed      │
                                    ▼    │                     │                  │
                             AWAITING_CONNACK ── refused ──► REFUSED         60 s are over
                                    │                                             │
                                accepted                                          │
                                    ▼                                             │
                                CONNECTED ── ConnectionClosed, taken over ──► RESTING
                                    │    └── ConnectionClosed ──► CONNECTING
                              StopRequested
                                    ▼
                                STOPPING ── delivered, closed, or 2 s are over ──► STOPPED

A client is replaced by a new one, which leads to CONNECTING, in three cases: MQTT 3.1.1 is tried
because the broker refuses MQTT 5, closes the connection or is silent; MQTT 5 is tried again; or the
heartbeat did not come back. After a connection was closed, paho connects again by itself.
StopRequested leads from every phase but CONNECTED directly to STOPPED. `TRANSITIONS` has a row for
every pair of phase and event.

MQTT 5: https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, Final

from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.broker_limits import NO_LIMITS, limit_reports
from limber_bridge.daemon.mqtt_events import (
    Action,
    AllDelivered,
    BeginSession,
    BrokerLimits,
    ClearProblem,
    ClientEnded,
    CloseClient,
    ConnackAccepted,
    ConnackRefused,
    ConnectFailed,
    ConnectionClosed,
    ConnectionEvent,
    DeadlinePassed,
    HeartbeatDue,
    LogWarning,
    MessageTooLarge,
    OpenClient,
    Protocol,
    PublishAccepted,
    PublishAgain,
    PublishRefused,
    PublishStatus,
    RaiseProblem,
    ReportConnected,
    ReportDisconnected,
    ReportFailure,
    SocketOpened,
    StartRequested,
    StatusReceived,
    StopRequested,
    SubscriptionGranted,
    SubscriptionRefused,
)
from limber_bridge.daemon.mqtt_permissions import Permissions
from limber_bridge.protocol.encoding import Topics

HANG_UPS_BEFORE_FALLBACK: Final = 3
"""Connections in MQTT 5 that the broker closes without an answer before MQTT 3.1.1 is tried.
Chosen: one or two may be a broker that is just starting."""
RECONNECT_DELAY_MIN_S: Final = 1
RECONNECT_DELAY_MAX_S: Final = 30
"""Shortest and longest delay between two attempts to reach the broker. Chosen: a broker that
restarts is found at once, and one that is away for long costs nothing."""
BREAKS_MAX: Final = 5
"""Connections that are counted to lengthen the delay. Chosen: it is at its longest then."""
BRIEF_CONNECTION_S: Final = 5.0
"""A connection that ends sooner may have been taken over. Chosen: another bridge connects again
after 1 to 2 s."""
SHORT_CONNECTIONS_SUSPECT: Final = 3
"""Connections in a row that end early before a takeover is suspected. Chosen: a network that fails
three times in the same seconds is rare."""
RETURN_MARGIN_S: Final = 15.0
"""Time beyond `Timing.rest_s` in which a connection ends if the other bridge returns after its
rest. Chosen: longer than it needs to connect."""
RESTS_UNTIL_TRUSTED: Final = 3
"""Rests that a connection must last until the takeover counts as over. Chosen: the other bridge has
tried at least twice in that time."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the connection waits for what, in seconds."""

    heartbeat_interval_s: float = 60.0
    """Between two publications of the bridge's own status. Chosen: a broken connection is found
    within minutes and the traffic is negligible."""
    heartbeat_timeout_s: float = 180.0
    """Without the own status from the broker after which the client is replaced, whatever it
    reports about itself. Chosen: three heartbeats."""
    connack_timeout_s: float = 5.0
    """For the broker to answer CONNECT. Some brokers never answer MQTT 5 (amqtt, with a last will).
    """
    rest_s: float = 60.0
    """After a session was taken over. Chosen: two bridges that disconnect each other would do
    nothing else without it."""
    farewell_s: float = 2.0
    """For the broker to confirm the status `offline`, and for a client to end. Chosen: a service
    manager that waits for the process waits no longer than it must."""


DEFAULT_TIMING: Final = Timing()


class Phase(Enum):
    """What the connection is doing."""

    STOPPED = auto()
    """There is no client: not started, or stopped for good."""
    CONNECTING = auto()
    """paho tries to open a connection, again and again."""
    AWAITING_CONNACK = auto()
    """A connection is open, and the broker has not answered CONNECT yet."""
    REFUSED = auto()
    """The broker refused CONNECT and is about to close the connection."""
    CONNECTED = auto()
    """The broker accepted CONNECT."""
    RESTING = auto()
    """Another client with our id took over; there is no client until the rest is over."""
    STOPPING = auto()
    """The status `offline` is on its way to the broker."""


class Fallback(Enum):
    """Why MQTT 3.1.1 is used instead of MQTT 5."""

    NONE = auto()
    """It is not: MQTT 5 is spoken."""
    GUESSED = auto()
    """The broker was silent or hung up. A slow network explains that as well, so MQTT 5 is tried
    again with the next client."""
    STATED = auto()
    """The broker said that it does not support MQTT 5."""


@dataclass(frozen=True, slots=True)
class ShortConnections:
    """How many connections in a row ended early, and may have been taken over."""

    brief: int = 0
    """Ended within `BRIEF_CONNECTION_S`."""
    within_rest: int = 0
    """Ended before the other bridge would have rested and returned."""

    def after(self, lasted_s: float, rest_s: float) -> ShortConnections:
        """Return the counts after a connection that lasted this long."""
        # Another bridge waits for its reconnect delay as well: what ends at once is the network.
        possible = lasted_s > RECONNECT_DELAY_MIN_S / 2
        brief = possible and lasted_s < BRIEF_CONNECTION_S
        within_rest = possible and lasted_s < rest_s + RETURN_MARGIN_S
        return ShortConnections(
            brief=self.brief + 1 if brief else 0,
            within_rest=self.within_rest + 1 if within_rest else 0,
        )


@dataclass(frozen=True, slots=True)
class Connection:
    """The state of the connection."""

    phase: Phase = Phase.STOPPED
    deadline: float | None = None
    """When the phase has lasted too long; None where it may last."""
    next_heartbeat: float | None = None
    """None where no heartbeat is due: stopped or stopping."""
    fallback: Fallback = Fallback.NONE
    hang_ups: int = 0
    """Connections in MQTT 5 that were closed without an answer, since the last one that was not."""
    silent_since: float = 0.0
    """When the own status last came from the broker, or the client was opened since then."""
    connected_at: float | None = None
    """When the last connection was accepted; None if there was none yet."""
    short: ShortConnections = ShortConnections()
    permissions: Permissions = field(default_factory=Permissions)
    """What the broker refused last."""
    limits: BrokerLimits = NO_LIMITS
    """What the broker does not support, as far as is known."""
    breaks: int = 0
    """Connections in a row that ended by an error of the client or by a message too large."""

    @property
    def protocol(self) -> Protocol:
        """Return the protocol that is spoken."""
        return Protocol.MQTT_5 if self.fallback is Fallback.NONE else Protocol.MQTT_3_1_1

    def connected_s(self, now: float) -> float:
        """Return for how long the connection has lasted, or had lasted when it ended now."""
        return 0.0 if self.connected_at is None else now - self.connected_at

    @property
    def next_wakeup(self) -> float | None:
        """Return when `due_event` has to be asked next; None if only another event changes that."""
        times = [time for time in (self.deadline, self.next_heartbeat) if time is not None]
        return min(times, default=None)

    def due_event(self, now: float) -> DeadlinePassed | HeartbeatDue | None:
        """Return the event that is due by now, if any. After it, another may be due."""
        if self.deadline is not None and now >= self.deadline:
            return DeadlinePassed()
        if self.next_heartbeat is not None and now >= self.next_heartbeat:
            return HeartbeatDue()
        return None


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """What the transitions depend on besides the connection."""

    topics: Topics
    timing: Timing = DEFAULT_TIMING


type Result = tuple[Connection, tuple[Action, ...]]
type Transition = Callable[[Connection, Any, ConnectionSettings, float], Result]
"""Takes the connection, the event, the settings and the time; returns the new connection, and the
actions in the order of their execution."""


def process_event(
    connection: Connection, event: ConnectionEvent, settings: ConnectionSettings, now: float
) -> Result:
    """Return the connection after an event, and the actions to execute in this order."""
    transition = TRANSITIONS[connection.phase, type(event)]
    return transition(connection, event, settings, now)


def _ignore(
    connection: Connection, _event: ConnectionEvent, _settings: ConnectionSettings, _now: float
) -> Result:
    """Change nothing: the event cannot occur in this phase, or is too late to matter."""
    return connection, ()


def _start(
    connection: Connection, _event: StartRequested, settings: ConnectionSettings, now: float
) -> Result:
    """Open the first client."""
    heartbeat = now + settings.timing.heartbeat_interval_s
    return _open_client(replace(connection, next_heartbeat=heartbeat), now)


def _open_client(connection: Connection, now: float) -> Result:
    """Open a client that speaks the connection's protocol."""
    opened = replace(connection, phase=Phase.CONNECTING, deadline=None, silent_since=now)
    return opened, (OpenClient(opened.protocol, opened.limits),)


def _open_next_client(connection: Connection, now: float) -> Result:
    """Open another client; MQTT 5 is tried again if it was only guessed that it does not work.

    The broker may have been started again with other limits.
    """
    connection = replace(connection, limits=NO_LIMITS)
    if connection.fallback is Fallback.GUESSED:
        connection = replace(connection, fallback=Fallback.NONE, hang_ups=0)
    return _open_client(connection, now)


def _fall_back(connection: Connection, fallback: Fallback, why: str, now: float) -> Result:
    """Open a client that speaks MQTT 3.1.1: paho would repeat MQTT 5 for ever."""
    opened, actions = _open_client(replace(connection, fallback=fallback), now)
    return opened, (LogWarning(f"{why}; continuing with MQTT 3.1.1", once=True), *actions)


def _stop(
    connection: Connection,
    _event: StopRequested | AllDelivered | ConnectionClosed | ClientEnded,
    _settings: ConnectionSettings,
    _now: float,
) -> Result:
    """Close the client for good."""
    stopped = replace(connection, phase=Phase.STOPPED, deadline=None, next_heartbeat=None)
    return stopped, (CloseClient(),)


def _stop_resting(
    connection: Connection, _event: StopRequested, _settings: ConnectionSettings, _now: float
) -> Result:
    """Stop for good where there is no client."""
    return replace(connection, phase=Phase.STOPPED, deadline=None, next_heartbeat=None), ()


def _say_farewell(
    connection: Connection, _event: StopRequested, settings: ConnectionSettings, now: float
) -> Result:
    """Publish `offline`, and wait for the broker to confirm it before the client is closed."""
    deadline = now + settings.timing.farewell_s
    stopping = replace(connection, phase=Phase.STOPPING, deadline=deadline, next_heartbeat=None)
    return stopping, (PublishStatus(online=False),)


def _stop_late(
    connection: Connection, _event: DeadlinePassed, _settings: ConnectionSettings, _now: float
) -> Result:
    """Close the client although the broker did not confirm `offline`."""
    stopped = replace(connection, phase=Phase.STOPPED, deadline=None)
    return stopped, (LogWarning(problems.FAREWELL_NOT_DELIVERED), CloseClient())


def _await_connack(
    connection: Connection, _event: SocketOpened, settings: ConnectionSettings, now: float
) -> Result:
    """Give the broker time to answer CONNECT."""
    deadline = now + settings.timing.connack_timeout_s
    return replace(connection, phase=Phase.AWAITING_CONNACK, deadline=deadline), ()


def _reconnect_unnoticed(
    connection: Connection, event: SocketOpened, settings: ConnectionSettings, now: float
) -> Result:
    """Handle a new connection where the end of the previous one was not reported."""
    awaiting, _ = _await_connack(connection, event, settings, now)
    return awaiting, (ReportDisconnected(problems.CONNECTION_BROKE),)


def _report_unreachable(
    connection: Connection, event: ConnectFailed, _settings: ConnectionSettings, _now: float
) -> Result:
    """Report why the broker cannot be reached; paho tries again by itself."""
    # A broker that was away explains why a connection was short: no other client took it over.
    waiting = replace(connection, phase=Phase.CONNECTING, deadline=None, short=ShortConnections())
    if event.tls:
        return waiting, (ReportFailure(problems.tls_failed(event.address, event.error)),)
    if connection.connected_at is not None:
        # Why the connection was lost says more than that it cannot be made again yet.
        return waiting, ()
    return waiting, (ReportFailure(problems.unreachable(event.address, event.error)),)


def _begin_session(
    connection: Connection, event: ConnackAccepted, settings: ConnectionSettings, now: float
) -> Result:
    """Subscribe, and publish what is retained."""
    connected = replace(
        connection,
        # A broker that refuses a last will for a limit announces it once it accepts another.
        limits=event.limits,
        phase=Phase.CONNECTED,
        deadline=None,
        hang_ups=0,
        silent_since=now,
        connected_at=now,
        permissions=connection.permissions.await_subscriptions(settings.topics),
    )
    reports = (ReportConnected(connection.protocol), *limit_reports(event.limits))
    return connected, (*reports, BeginSession())


def _report_refused(
    connection: Connection, event: ConnackRefused, _settings: ConnectionSettings, now: float
) -> Result:
    """Fall back to MQTT 3.1.1 if the broker says that it must be; else report the reason."""
    if event.unsupported_version and connection.protocol is Protocol.MQTT_5:
        why = "the broker does not support MQTT 5"
        return _fall_back(connection, Fallback.STATED, why, now)
    limits = replace(
        connection.limits,
        retain=connection.limits.retain and not event.no_retain,
        qos=0 if event.no_qos else connection.limits.qos,
    )
    if limits != connection.limits:
        # The bridge does what is possible without it.
        return _open_client(replace(connection, limits=limits), now)
    refused = replace(connection, phase=Phase.REFUSED, deadline=None)
    return refused, (ReportFailure(problems.connection_refused(event.reason)),)


def _report_silence(
    connection: Connection, _event: DeadlinePassed, _settings: ConnectionSettings, now: float
) -> Result:
    """Try the other protocol with a broker that does not answer CONNECT."""
    if connection.protocol is Protocol.MQTT_5:
        why = "the broker does not answer in MQTT 5"
        return _fall_back(connection, Fallback.GUESSED, why, now)
    failure = ReportFailure(problems.NO_ANSWER)
    if connection.fallback is Fallback.STATED:
        return replace(connection, deadline=None), (failure,)
    # The broker may only have been slow to answer MQTT 5.
    opened, actions = _open_next_client(connection, now)
    return opened, (failure, *actions)


def _count_hang_up(
    connection: Connection, _event: ConnectionClosed, _settings: ConnectionSettings, now: float
) -> Result:
    """Handle a broker that closes the connection without answering CONNECT."""
    waiting = replace(connection, phase=Phase.CONNECTING, deadline=None)
    if connection.protocol is Protocol.MQTT_3_1_1:
        return waiting, (ReportFailure(problems.CLOSES_BEFORE_ANSWER),)
    waiting = replace(waiting, hang_ups=connection.hang_ups + 1)
    if waiting.hang_ups < HANG_UPS_BEFORE_FALLBACK:
        return waiting, ()
    why = f"the broker closed {HANG_UPS_BEFORE_FALLBACK} connections in MQTT 5 without an answer"
    return _fall_back(waiting, Fallback.GUESSED, why, now)


def _wait_after_refusal(
    connection: Connection, _event: ConnectionClosed, _settings: ConnectionSettings, _now: float
) -> Result:
    """Wait for paho to connect again; the reason of the refusal is reported already."""
    return replace(connection, phase=Phase.CONNECTING), ()


def _handle_loss(
    connection: Connection, event: ConnectionClosed, settings: ConnectionSettings, now: float
) -> Result:
    """Connect again after a connection was lost, or rest if another client took it over."""
    if event.too_large is not None:
        text = problems.broken_by_size(event.too_large)
        return _replace_client(connection, text, settings, now)
    connection = replace(connection, breaks=0)
    lasted_s = connection.connected_s(now)
    short = connection.short.after(lasted_s, settings.timing.rest_s)
    connection = replace(connection, short=short)
    suspected = short.within_rest >= SHORT_CONNECTIONS_SUSPECT
    bridge = settings.topics.bridge
    raised: tuple[Action, ...] = ()
    if event.taken_over:
        text = problems.session_taken_over(bridge)
        raised = (RaiseProblem(problems.SESSION_TAKEN_OVER, text),)
    elif suspected:
        text = problems.session_takeover_suspected(bridge)
        raised = (RaiseProblem(problems.SESSION_TAKEN_OVER, text),)
    if event.taken_over or short.brief >= SHORT_CONNECTIONS_SUSPECT:
        resting, actions = _rest(connection, event, settings, now)
    else:
        resting, actions = _connect_again(connection, event, now)
    return resting, (*raised, *actions)


def _rest(
    connection: Connection, event: ConnectionClosed, settings: ConnectionSettings, now: float
) -> Result:
    """Leave the connection to the other client for a while."""
    bridge = settings.topics.bridge
    reason = (
        problems.same_id_connected(bridge)
        if event.taken_over
        else problems.same_id_suspected(bridge)
    )
    resting = replace(connection, phase=Phase.RESTING, deadline=now + settings.timing.rest_s)
    return resting, (ReportDisconnected(reason), CloseClient())


def _connect_again(connection: Connection, event: ConnectionClosed, now: float) -> Result:
    """Let paho connect again, or open a client in MQTT 5 if MQTT 3.1.1 was only guessed."""
    reason = event.reason or problems.CONNECTION_BROKE
    reports = (
        LogWarning(f"disconnected from the broker: {reason}; connecting again"),
        ReportDisconnected(reason),
    )
    # The last will of the client may be that for another broker.
    limited = not connection.limits.retain or not connection.limits.qos
    if connection.fallback is Fallback.GUESSED or limited:
        opened, actions = _open_next_client(connection, now)
        return opened, (*reports, *actions)
    return replace(connection, phase=Phase.CONNECTING), reports


def _replace_client(
    connection: Connection, reason: str, settings: ConnectionSettings, now: float
) -> Result:
    """Open another client soon, later after each further time: the old one would repeat the fault.

    A message that the broker does not accept would be sent again for ever.
    """
    lasted = connection.connected_s(now) > settings.timing.rest_s
    breaks = 0 if lasted else connection.breaks
    delay_s = min(RECONNECT_DELAY_MIN_S * 2**breaks, RECONNECT_DELAY_MAX_S)
    waiting = replace(
        connection, phase=Phase.RESTING, deadline=now + delay_s, breaks=min(breaks + 1, BREAKS_MAX)
    )
    if connection.phase is not Phase.CONNECTED:
        return waiting, (ReportFailure(reason), CloseClient())
    return waiting, (LogWarning(reason), ReportDisconnected(reason), CloseClient())


def _replace_ended_client(
    connection: Connection, event: ClientEnded, settings: ConnectionSettings, now: float
) -> Result:
    """Open another client in the place of one that ended by an error."""
    return _replace_client(connection, problems.client_ended(event.error), settings, now)


def _end_rest(
    connection: Connection, _event: DeadlinePassed, _settings: ConnectionSettings, now: float
) -> Result:
    """Connect again after the rest."""
    return _open_next_client(connection, now)


def _beat_unconnected(
    connection: Connection, _event: HeartbeatDue, settings: ConnectionSettings, now: float
) -> Result:
    """Replace a client that has not connected for long: its thread may have died."""
    connection = _schedule_heartbeat(connection, settings, now)
    if now - connection.silent_since < settings.timing.heartbeat_timeout_s:
        return connection, ()
    return _open_next_client(connection, now)


def _beat_connected(
    connection: Connection, _event: HeartbeatDue, settings: ConnectionSettings, now: float
) -> Result:
    """Publish the own status; replace the client if it has not come back for long."""
    connection = _schedule_heartbeat(connection, settings, now)
    cleared = _takeover_over(connection, settings, now)
    if now - connection.silent_since < settings.timing.heartbeat_timeout_s:
        again = () if connection.limits.retain else (PublishAgain(),)
        return connection, (*cleared, *again, PublishStatus(online=True))
    text = problems.heartbeat_lost(settings.topics)
    opened, actions = _open_next_client(connection, now)
    return opened, (
        *cleared,
        RaiseProblem(problems.HEARTBEAT_LOST, text),
        ReportDisconnected(problems.NO_HEARTBEAT, log_return=False),
        *actions,
    )


def _takeover_over(
    connection: Connection, settings: ConnectionSettings, now: float
) -> tuple[Action, ...]:
    """Return what clears the takeover, if the connection has lasted long enough."""
    lasted_s = connection.connected_s(now)
    if lasted_s <= RESTS_UNTIL_TRUSTED * settings.timing.rest_s:
        return ()
    return (ClearProblem(problems.SESSION_TAKEN_OVER, problems.TAKEOVER_ENDED),)


def _beat_resting(
    connection: Connection, _event: HeartbeatDue, settings: ConnectionSettings, now: float
) -> Result:
    """Only schedule the next heartbeat: there is no client."""
    return _schedule_heartbeat(connection, settings, now), ()


def _schedule_heartbeat(
    connection: Connection, settings: ConnectionSettings, now: float
) -> Connection:
    """Return the connection with the next heartbeat scheduled."""
    return replace(connection, next_heartbeat=now + settings.timing.heartbeat_interval_s)


def _check_status(
    connection: Connection, event: StatusReceived, _settings: ConnectionSettings, now: float
) -> Result:
    """Take the own status from the broker as a sign of life; correct it if it is wrong."""
    actions: list[Action] = []
    if not event.retained:
        connection = replace(connection, silent_since=now)
        actions.append(ClearProblem(problems.HEARTBEAT_LOST, problems.HEARTBEAT_RETURNED))
    if not event.online:
        # The last will of an earlier connection, or a mistake of another client.
        actions.append(PublishStatus(online=True))
    return connection, tuple(actions)


def _note_publish_refused(
    connection: Connection, event: PublishRefused, settings: ConnectionSettings, _now: float
) -> Result:
    """Add a topic to those that the broker refuses."""
    refused, actions = connection.permissions.refuse_publish(
        event.topic, event.reason, settings.topics
    )
    return replace(connection, permissions=refused), actions


def _note_too_large(
    connection: Connection, event: MessageTooLarge, settings: ConnectionSettings, _now: float
) -> Result:
    """Add a topic to those with messages that are too large for the broker."""
    refused, actions = connection.permissions.refuse_size(event, settings.topics)
    return replace(connection, permissions=refused), actions


def _note_publish_accepted(
    connection: Connection, event: PublishAccepted, settings: ConnectionSettings, _now: float
) -> Result:
    """Remove a topic from those that the broker refuses."""
    accepted, actions = connection.permissions.accept_publish(event.topic, settings.topics)
    return replace(connection, permissions=accepted), actions


def _note_subscription_refused(
    connection: Connection, event: SubscriptionRefused, settings: ConnectionSettings, _now: float
) -> Result:
    """Report a subscription that the bridge needs and the broker refuses."""
    refused, actions = connection.permissions.refuse_subscription(
        event.topic, event.reason, settings.topics
    )
    return replace(connection, permissions=refused), actions


def _note_subscription_granted(
    connection: Connection, event: SubscriptionGranted, _settings: ConnectionSettings, _now: float
) -> Result:
    """Remove a topic from the subscriptions that are awaited."""
    granted, actions = connection.permissions.grant_subscription(event.topic)
    return replace(connection, permissions=granted), actions


_UNCONNECTED: Final = (Phase.CONNECTING, Phase.AWAITING_CONNACK, Phase.REFUSED)
_CLOSED: Final = (Phase.STOPPED, Phase.RESTING)
_NOT_CONNECTED: Final = (*_UNCONNECTED, *_CLOSED)
_UNLIMITED: Final = (Phase.STOPPED, Phase.CONNECTING, Phase.REFUSED, Phase.CONNECTED)
"""Phases without a deadline."""
_NOT_STOPPED: Final = tuple(phase for phase in Phase if phase is not Phase.STOPPED)

_ROWS: Final[tuple[tuple[type[ConnectionEvent], tuple[Phase, ...], Transition], ...]] = (
    # event                phases                                      transition
    (StartRequested,       (Phase.STOPPED,),                           _start),
    (StartRequested,       _NOT_STOPPED,                               _ignore),
    (StopRequested,        _UNCONNECTED,                               _stop),
    (StopRequested,        (Phase.RESTING,),                           _stop_resting),
    (StopRequested,        (Phase.CONNECTED,),                         _say_farewell),
    (StopRequested,        (Phase.STOPPED, Phase.STOPPING),            _ignore),
    (SocketOpened,         _UNCONNECTED,                               _await_connack),
    (SocketOpened,         (Phase.CONNECTED,),                         _reconnect_unnoticed),
    (SocketOpened,         (*_CLOSED, Phase.STOPPING),                 _ignore),
    (ConnectFailed,        _UNCONNECTED,                               _report_unreachable),
    (ConnectFailed,        (*_CLOSED, Phase.CONNECTED, Phase.STOPPING), _ignore),
    (ConnackAccepted,      _UNCONNECTED,                               _begin_session),
    (ConnackAccepted,      (*_CLOSED, Phase.CONNECTED, Phase.STOPPING), _ignore),
    (ConnackRefused,       _UNCONNECTED,                               _report_refused),
    (ConnackRefused,       (*_CLOSED, Phase.CONNECTED, Phase.STOPPING), _ignore),
    (ConnectionClosed,     (Phase.AWAITING_CONNACK,),                  _count_hang_up),
    (ConnectionClosed,     (Phase.REFUSED,),                           _wait_after_refusal),
    (ConnectionClosed,     (Phase.CONNECTED,),                         _handle_loss),
    (ConnectionClosed,     (Phase.STOPPING,),                          _stop),
    (ConnectionClosed,     (Phase.CONNECTING, *_CLOSED),               _ignore),
    (ClientEnded,          (*_UNCONNECTED, Phase.CONNECTED),           _replace_ended_client),
    (ClientEnded,          (Phase.STOPPING,),                          _stop),
    (ClientEnded,          _CLOSED,                                    _ignore),
    (StatusReceived,       (Phase.CONNECTED,),                         _check_status),
    (StatusReceived,       (*_NOT_CONNECTED, Phase.STOPPING),          _ignore),
    (PublishAccepted,      (Phase.CONNECTED,),                         _note_publish_accepted),
    (PublishAccepted,      (*_NOT_CONNECTED, Phase.STOPPING),          _ignore),
    (PublishRefused,       (Phase.CONNECTED,),                         _note_publish_refused),
    (PublishRefused,       (*_NOT_CONNECTED, Phase.STOPPING),          _ignore),
    (MessageTooLarge,      (Phase.CONNECTED,),                         _note_too_large),
    (MessageTooLarge,      (*_NOT_CONNECTED, Phase.STOPPING),          _ignore),
    (SubscriptionGranted,  (Phase.CONNECTED,),                         _note_subscription_granted),
    (SubscriptionGranted,  (*_NOT_CONNECTED, Phase.STOPPING),          _ignore),
    (SubscriptionRefused,  (Phase.CONNECTED,),                         _note_subscription_refused),
    (SubscriptionRefused,  (*_NOT_CONNECTED, Phase.STOPPING),          _ignore),
    (AllDelivered,         (Phase.STOPPING,),                          _stop),
    (AllDelivered,         (*_NOT_CONNECTED, Phase.CONNECTED),         _ignore),
    (DeadlinePassed,       (Phase.AWAITING_CONNACK,),                  _report_silence),
    (DeadlinePassed,       (Phase.RESTING,),                           _end_rest),
    (DeadlinePassed,       (Phase.STOPPING,),                          _stop_late),
    (DeadlinePassed,       _UNLIMITED,                                _ignore),
    (HeartbeatDue,         _UNCONNECTED,                               _beat_unconnected),
    (HeartbeatDue,         (Phase.CONNECTED,),                         _beat_connected),
    (HeartbeatDue,         (Phase.RESTING,),                           _beat_resting),
    (HeartbeatDue,         (Phase.STOPPED, Phase.STOPPING),            _ignore),
)  # fmt: skip

TRANSITIONS: Final[Mapping[tuple[Phase, type[ConnectionEvent]], Transition]] = {
    (phase, event): transition for event, phases, transition in _ROWS for phase in phases
}
"""The transition of every phase and event."""
