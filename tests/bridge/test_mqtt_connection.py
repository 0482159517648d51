"""The state machine of the connection to the broker, without a broker and without a clock."""

from dataclasses import dataclass, field
from typing import Any, override

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.broker_limits import NO_LIMITS, limit_reports
from limber_bridge.daemon.mqtt_connection import (
    _ROWS,
    HANG_UPS_BEFORE_FALLBACK,
    RESTS_UNTIL_TRUSTED,
    TRANSITIONS,
    Connection,
    ConnectionSettings,
    Fallback,
    Phase,
    Timing,
    process_event,
)
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
from limber_bridge.daemon.mqtt_permissions import needed_subscriptions
from limber_bridge.protocol.encoding import Topics

TOPICS = Topics("limber", "bedroom")
SETTINGS = ConnectionSettings(TOPICS)
TIMING = SETTINGS.timing
ECHO = StatusReceived(online=True, retained=False)
LOST = ConnectionClosed("Keep alive timeout")
TAKEN_OVER = ConnectionClosed("Session taken over", taken_over=True)
EVENT_TOPIC = TOPICS.event("anna")


@dataclass
class Simulation:
    """A connection in simulated time, and what its actions have done."""

    now: float = 1000.0
    connection: Connection = field(default_factory=Connection)
    actions: list[Action] = field(default_factory=list)
    client: Protocol | None = None
    connected: bool = False
    problems: dict[str, str] = field(default_factory=dict)

    def process(self, *events: ConnectionEvent) -> list[Action]:
        """Process events now; returns the actions of all of them."""
        begun = len(self.actions)
        for event in events:
            self.connection, actions = process_event(self.connection, event, SETTINGS, self.now)
            for action in actions:
                self._execute(action)
        return self.actions[begun:]

    def advance(self, seconds: float, *, echo: bool = False) -> list[Action]:
        """Let time pass and process every event that falls due; `echo`: each heartbeat returns."""
        begun = len(self.actions)
        end = self.now + seconds
        for _ in range(10 + round(2 * seconds / TIMING.heartbeat_interval_s)):
            wakeup = self.connection.next_wakeup
            if wakeup is None or wakeup > end:
                break
            self.now = max(self.now, wakeup)
            event = self.connection.due_event(self.now)
            assert event is not None
            if PublishStatus(online=True) in self.process(event) and echo:
                self.process(ECHO)
        else:
            pytest.fail("more events are due than time allows")
        self.now = end
        return self.actions[begun:]

    def connect(self) -> None:
        """Have the broker accept the connection and everything that the bridge needs."""
        self.process(SocketOpened(), ConnackAccepted())
        self.process(*(SubscriptionGranted(topic) for topic in needed_subscriptions(TOPICS)), ECHO)

    def _execute(self, action: Action) -> None:
        self.actions.append(action)
        match action:
            case OpenClient(protocol):
                self.client = protocol
            case CloseClient():
                assert self.client is not None
                self.client = None
                # A stop is no disconnect.
                self.connected &= self.connection.phase is not Phase.STOPPED
            case PublishStatus():
                assert self.client is not None
            case BeginSession():
                assert self.connection.phase is Phase.CONNECTED
            case _:
                self._report(action)

    def _report(self, action: Action) -> None:
        match action:
            case ReportConnected():
                assert not self.connected
                self.connected = True
            case ReportDisconnected():
                assert self.connected
                self.connected = False
            case RaiseProblem(key, text):
                self.problems[key] = text
            case ClearProblem(key):
                self.problems.pop(key, None)
            case _:
                pass


@pytest.fixture
def simulation() -> Simulation:
    """A connection that was started."""
    started = Simulation()
    started.process(StartRequested())
    return started


def test_every_event_has_exactly_one_transition_in_every_phase() -> None:
    pairs = [(phase, event) for event, phases, _ in _ROWS for phase in phases]
    events = ConnectionEvent.__value__.__args__
    assert len(pairs) == len(set(pairs)) == len(TRANSITIONS) == len(Phase) * len(events)
    assert {event for _, event in pairs} == set(events)


def test_a_connection_subscribes_and_publishes_heartbeats(simulation: Simulation) -> None:
    assert simulation.client is Protocol.MQTT_5
    simulation.process(SocketOpened())
    assert simulation.process(ConnackAccepted()) == [
        ReportConnected(Protocol.MQTT_5),
        *limit_reports(NO_LIMITS),
        BeginSession(),
    ]
    heartbeats = simulation.advance(10 * TIMING.heartbeat_interval_s, echo=True)
    assert heartbeats.count(PublishStatus(online=True)) == 10
    assert simulation.connection.phase is Phase.CONNECTED
    assert not simulation.problems


def test_a_connection_without_heartbeats_is_replaced(simulation: Simulation) -> None:
    simulation.connect()
    actions = simulation.advance(TIMING.heartbeat_timeout_s)
    assert actions[-2:] == [
        ReportDisconnected(problems.NO_HEARTBEAT, log_return=False),
        OpenClient(Protocol.MQTT_5),
    ]
    assert set(simulation.problems) == {problems.HEARTBEAT_LOST}
    simulation.connect()
    assert not simulation.problems


def test_a_retained_status_is_no_heartbeat(simulation: Simulation) -> None:
    simulation.process(SocketOpened(), ConnackAccepted())
    for _ in range(4):
        simulation.process(StatusReceived(online=True, retained=True))
        simulation.advance(TIMING.heartbeat_interval_s)
    assert problems.HEARTBEAT_LOST in simulation.problems


def test_a_wrong_status_is_corrected(simulation: Simulation) -> None:
    simulation.connect()
    for retained in (True, False):
        actions = simulation.process(StatusReceived(online=False, retained=retained))
        assert PublishStatus(online=True) in actions


def test_a_client_that_never_connects_is_replaced(simulation: Simulation) -> None:
    """Its thread may have ended without a report."""
    actions = simulation.advance(TIMING.heartbeat_timeout_s)
    assert actions == [OpenClient(Protocol.MQTT_5)]


def test_a_broker_that_is_silent_in_both_versions_is_asked_in_turns(
    simulation: Simulation,
) -> None:
    for protocol in (Protocol.MQTT_3_1_1, Protocol.MQTT_5, Protocol.MQTT_3_1_1):
        simulation.process(SocketOpened())
        simulation.advance(TIMING.connack_timeout_s)
        assert simulation.client is protocol
    assert ReportFailure(problems.NO_ANSWER) in simulation.actions


def test_a_broker_that_refuses_mqtt_5_is_not_asked_again(simulation: Simulation) -> None:
    refusal = ConnackRefused("Unsupported protocol version", unsupported_version=True)
    simulation.process(SocketOpened(), refusal)
    assert simulation.client is Protocol.MQTT_3_1_1
    simulation.connect()
    simulation.advance(TIMING.rest_s)
    simulation.process(LOST)
    assert simulation.connection.protocol is Protocol.MQTT_3_1_1


def test_a_silent_broker_of_mqtt_3_1_1_only_is_reported_and_awaited(
    simulation: Simulation,
) -> None:
    refusal = ConnackRefused("Unsupported protocol version", unsupported_version=True)
    simulation.process(SocketOpened(), refusal, SocketOpened())
    assert simulation.advance(TIMING.connack_timeout_s) == [ReportFailure(problems.NO_ANSWER)]
    assert simulation.advance(TIMING.heartbeat_interval_s) == []
    simulation.connect()
    assert simulation.connection.phase is Phase.CONNECTED


def test_a_broker_that_closes_connections_is_asked_in_mqtt_3_1_1(simulation: Simulation) -> None:
    for _ in range(HANG_UPS_BEFORE_FALLBACK):
        assert simulation.connection.protocol is Protocol.MQTT_5
        simulation.process(SocketOpened(), ConnectionClosed())
    assert simulation.client is Protocol.MQTT_3_1_1
    simulation.process(SocketOpened(), ConnectionClosed())
    assert simulation.actions[-1] == ReportFailure(problems.CLOSES_BEFORE_ANSWER)
    simulation.connect()
    simulation.advance(TIMING.heartbeat_interval_s, echo=True)
    simulation.process(LOST)
    assert simulation.connection.protocol is Protocol.MQTT_5, "3.1.1 was only a guess"


def test_a_refused_connection_is_reported_once_and_counts_as_no_hang_up(
    simulation: Simulation,
) -> None:
    refusal = ConnackRefused("Not authorized", unsupported_version=False)
    for _ in range(2 * HANG_UPS_BEFORE_FALLBACK):
        simulation.process(SocketOpened(), refusal, ConnectionClosed())
    assert simulation.client is Protocol.MQTT_5
    assert simulation.connection.hang_ups == 0


def test_why_a_connection_was_lost_is_not_replaced_by_that_it_cannot_be_made_again(
    simulation: Simulation,
) -> None:
    failure = ConnectFailed("127.0.0.1:1883", "Connection refused", tls=False)
    assert isinstance(simulation.process(failure)[0], ReportFailure)
    simulation.connect()
    simulation.process(LOST)
    assert simulation.process(failure) == []
    failure = ConnectFailed("127.0.0.1:1883", "certificate has expired", tls=True)
    assert "check `tls`" in simulation.process(failure)[0].text  # type: ignore[union-attr]


def test_a_session_that_was_taken_over_rests(simulation: Simulation) -> None:
    simulation.connect()
    simulation.advance(30.0, echo=True)
    actions = simulation.process(TAKEN_OVER)
    assert actions[-1] == CloseClient()
    assert simulation.problems[problems.SESSION_TAKEN_OVER].startswith("another bridge with")
    assert simulation.advance(TIMING.rest_s - 1) == []
    assert simulation.advance(1.0) == [OpenClient(Protocol.MQTT_5)]
    simulation.connect()
    simulation.advance(RESTS_UNTIL_TRUSTED * TIMING.rest_s, echo=True)
    assert set(simulation.problems) == {problems.SESSION_TAKEN_OVER}
    simulation.advance(TIMING.heartbeat_interval_s, echo=True)
    assert not simulation.problems


@pytest.mark.parametrize(
    ("lasted_s", "phase", "suspected"),
    [
        (0.1, Phase.CONNECTING, False),
        (2.0, Phase.RESTING, True),
        (60.0, Phase.CONNECTING, True),
        (600.0, Phase.CONNECTING, False),
    ],
    ids=["broken at once", "brief", "as long as a rest", "long"],
)
def test_a_takeover_is_suspected_from_how_long_connections_last(
    simulation: Simulation, lasted_s: float, phase: Phase, suspected: bool
) -> None:
    for _ in range(3):
        simulation.connect()
        simulation.advance(lasted_s, echo=True)
        simulation.process(LOST)
    assert simulation.connection.phase is phase
    assert (problems.SESSION_TAKEN_OVER in simulation.problems) == suspected


def test_a_broker_that_is_restarted_often_is_no_takeover(simulation: Simulation) -> None:
    for _ in range(6):
        simulation.connect()
        simulation.advance(2.0)
        simulation.process(LOST, ConnectFailed("host:1883", "Connection refused", tls=False))
        assert simulation.connection.phase is Phase.CONNECTING
    assert not simulation.problems


def test_a_stop_waits_for_the_broker_but_not_for_long(simulation: Simulation) -> None:
    simulation.connect()
    assert simulation.process(StopRequested()) == [PublishStatus(online=False)]
    assert simulation.process(AllDelivered()) == [CloseClient()]
    simulation.process(StartRequested())
    simulation.connect()
    simulation.process(StopRequested())
    assert simulation.advance(TIMING.farewell_s) == [
        LogWarning(problems.FAREWELL_NOT_DELIVERED),
        CloseClient(),
    ]


def test_one_accepted_response_shows_that_all_may_be_published(simulation: Simulation) -> None:
    """A client whose response was refused may never ask again."""
    simulation.connect()
    responses = f"{TOPICS.root}/response"
    simulation.process(*(PublishRefused(f"{responses}/{n}", "Not authorized") for n in range(20)))
    assert simulation.connection.permissions.refused_topics == {f"{responses}/#"}
    simulation.process(PublishAccepted(f"{responses}/another"))
    assert not simulation.problems


def test_a_refused_topic_is_a_problem_until_the_last_is_accepted(simulation: Simulation) -> None:
    simulation.connect()
    topics = (EVENT_TOPIC, TOPICS.info)
    simulation.process(*(PublishRefused(topic, "Not authorized") for topic in topics))
    simulation.process(PublishAccepted(EVENT_TOPIC))
    assert set(simulation.problems) == {problems.PUBLISH_REFUSED}
    simulation.process(PublishAccepted(TOPICS.info))
    assert not simulation.problems


def test_a_refused_subscription_is_a_problem_only_if_it_is_needed(simulation: Simulation) -> None:
    simulation.connect()
    simulation.process(SubscriptionRefused("homeassistant/status", "Not authorized"))
    assert not simulation.problems
    simulation.process(SubscriptionRefused(TOPICS.request, "Not authorized"))
    assert set(simulation.problems) == {problems.SUBSCRIPTION_REFUSED}
    simulation.process(LOST)
    simulation.connect()
    assert not simulation.problems


def test_a_broker_without_retained_messages_is_used_as_far_as_possible(
    simulation: Simulation,
) -> None:
    """The last will must not be retained; what would be retained is published every minute."""
    refused = ConnackRefused("Retain not supported", unsupported_version=False, no_retain=True)
    (opened,) = simulation.process(SocketOpened(), refused)
    assert opened == OpenClient(Protocol.MQTT_5, BrokerLimits(retain=False))
    simulation.process(SocketOpened(), ConnackAccepted(BrokerLimits(retain=False)))
    assert simulation.problems == {problems.NO_RETAIN: problems.NOT_RETAINED}
    assert PublishAgain() in simulation.advance(TIMING.heartbeat_interval_s)
    assert OpenClient(Protocol.MQTT_5) in simulation.process(LOST)
    simulation.connect()
    assert not simulation.problems


def test_both_limits_of_a_broker_are_found_one_after_the_other(simulation: Simulation) -> None:
    for refused, limits in (
        ({"no_qos": True}, BrokerLimits(qos=0)),
        ({"no_retain": True}, BrokerLimits(qos=0, retain=False)),
    ):
        event = ConnackRefused("not supported", unsupported_version=False, **refused)
        assert simulation.process(SocketOpened(), event) == [OpenClient(Protocol.MQTT_5, limits)]


def test_a_client_that_ended_is_replaced_at_once_and_later_after_each_time(
    simulation: Simulation,
) -> None:
    delays = []
    for _ in range(8):
        simulation.connect()
        simulation.process(ClientEnded("ValueError: odd packet"))
        begun = simulation.now
        wakeup = simulation.connection.deadline
        assert wakeup is not None
        delays.append(wakeup - begun)
        simulation.advance(delays[-1])
        assert simulation.client is Protocol.MQTT_5
    assert delays == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_message_that_ended_the_connection_is_not_sent_again(simulation: Simulation) -> None:
    """paho would send it again with each connection, for ever."""
    simulation.connect()
    actions = simulation.process(ConnectionClosed("", too_large=32_300))
    assert CloseClient() in actions
    (reason,) = [one.reason for one in actions if isinstance(one, ReportDisconnected)]
    assert "32,300 bytes" in reason
    assert not simulation.problems


def test_a_message_that_is_too_large_is_a_problem_until_a_smaller_one_is_accepted(
    simulation: Simulation,
) -> None:
    simulation.connect()
    simulation.process(MessageTooLarge(TOPICS.info, 45_000, 20_000))
    text = simulation.problems[problems.MESSAGE_TOO_LARGE]
    assert "45,000 bytes" in text
    assert "20,000 bytes" in text
    simulation.process(PublishAccepted(TOPICS.info))
    assert not simulation.problems


def test_smaller_pages_are_logged_once_and_are_no_problem(simulation: Simulation) -> None:
    simulation.connect()
    sizes = (32_000, 16_000, 32_000)
    event = [MessageTooLarge(f"{TOPICS.responses}test", size, None) for size in sizes]
    (logged,) = simulation.process(*event)
    assert isinstance(logged, LogWarning)
    assert "smaller pages" in logged.text
    assert not simulation.problems


REASONS = st.sampled_from(["Not authorized", "Quota exceeded"])
PUBLISHED = st.sampled_from([EVENT_TOPIC, TOPICS.info, f"{TOPICS.responses}test"])
SUBSCRIBED = st.sampled_from([*sorted(needed_subscriptions(TOPICS)), "homeassistant/status"])
SIZES = st.integers(1, 100_000)
LIMITS = st.builds(BrokerLimits, st.booleans(), st.integers(0, 1), st.none() | SIZES)
EVENTS: st.SearchStrategy[Any] = st.one_of(
    st.builds(SocketOpened),
    st.builds(ConnectFailed, st.just("host:1883"), st.just("no route"), tls=st.booleans()),
    st.builds(ConnackAccepted, LIMITS),
    st.builds(
        ConnackRefused,
        REASONS,
        unsupported_version=st.booleans(),
        no_retain=st.booleans(),
        no_qos=st.booleans(),
    ),
    st.builds(
        ConnectionClosed,
        REASONS | st.just(""),
        taken_over=st.booleans(),
        too_large=st.none() | SIZES,
    ),
    st.builds(ClientEnded, st.just("ValueError: a reason that paho does not know")),
    st.builds(MessageTooLarge, PUBLISHED, SIZES, st.none() | SIZES),
    st.builds(StatusReceived, online=st.booleans(), retained=st.booleans()),
    st.builds(PublishAccepted, PUBLISHED),
    st.builds(PublishRefused, PUBLISHED, REASONS),
    st.builds(SubscriptionGranted, SUBSCRIBED),
    st.builds(SubscriptionRefused, SUBSCRIBED, REASONS),
    st.builds(AllDelivered),
    st.builds(DeadlinePassed),
    st.builds(HeartbeatDue),
    st.builds(StartRequested),
)


class AnyOrderOfEvents(RuleBasedStateMachine):
    """Whatever happens, in whatever order, the connection stays consistent and recovers."""

    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation()

    @rule()
    def start(self) -> None:
        self.simulation.process(StartRequested())

    @rule(event=EVENTS)
    def happen(self, event: ConnectionEvent) -> None:
        self.simulation.process(event)

    @rule(seconds=st.floats(0.0, 400.0), echo=st.booleans())
    def wait(self, seconds: float, echo: bool) -> None:
        self.simulation.advance(seconds, echo=echo)

    @rule()
    def connect(self) -> None:
        self.simulation.connect()

    @rule()
    def stop(self) -> None:
        """A stop ends in time, and with it every timer and the client."""
        self.simulation.process(StopRequested())
        self.simulation.advance(TIMING.farewell_s)
        assert self.simulation.connection.phase is Phase.STOPPED
        assert self.simulation.connection.next_wakeup is None

    @invariant()
    def there_is_a_client_exactly_where_the_phase_needs_one(self) -> None:
        closed = self.simulation.connection.phase in (Phase.STOPPED, Phase.RESTING)
        assert (self.simulation.client is None) == closed

    @invariant()
    def the_client_speaks_the_protocol_of_the_connection(self) -> None:
        client = self.simulation.client
        assert client is None or client is self.simulation.connection.protocol

    @invariant()
    def only_phases_that_end_by_time_have_a_deadline(self) -> None:
        connection = self.simulation.connection
        limited = (Phase.AWAITING_CONNACK, Phase.RESTING, Phase.STOPPING)
        assert connection.deadline is None or connection.phase in limited
        # A broker that said that it speaks MQTT 3.1.1 only may take its time after the first one.
        if connection.phase in limited and connection.fallback is not Fallback.STATED:
            assert connection.deadline is not None

    @invariant()
    def heartbeats_go_on_while_the_connection_is_wanted(self) -> None:
        connection = self.simulation.connection
        ends = connection.phase in (Phase.STOPPED, Phase.STOPPING)
        assert (connection.next_heartbeat is None) == ends

    @invariant()
    def what_is_reported_is_what_is_true(self) -> None:
        connected = self.simulation.connection.phase in (Phase.CONNECTED, Phase.STOPPING)
        assert self.simulation.connected == connected

    @invariant()
    def nothing_is_due_twice(self) -> None:
        """An event that was due and processed is not due again at the same time: no busy loop."""
        connection = self.simulation.connection
        for _ in range(2):
            event = connection.due_event(self.simulation.now)
            if event is not None:
                connection, _ = process_event(connection, event, SETTINGS, self.simulation.now)
        assert connection.due_event(self.simulation.now) is None

    @override
    def teardown(self) -> None:
        """A broker that grants everything clears every problem, whatever happened before."""
        simulation = self.simulation
        if simulation.connection.phase is Phase.STOPPING:
            simulation.advance(TIMING.farewell_s)
        if simulation.connection.phase is Phase.STOPPED:
            simulation.process(StartRequested())
        if simulation.connection.phase is Phase.RESTING:
            simulation.advance(TIMING.rest_s)
        simulation.connect()
        permissions = simulation.connection.permissions
        refused = permissions.refused_topics | permissions.oversized_topics
        simulation.process(*(PublishAccepted(topic) for topic in sorted(refused)))
        trusted_s = RESTS_UNTIL_TRUSTED * TIMING.rest_s + 2 * TIMING.heartbeat_interval_s
        simulation.advance(trusted_s, echo=True)
        assert simulation.connection.phase is Phase.CONNECTED
        assert not simulation.problems


TestAnyOrderOfEvents = AnyOrderOfEvents.TestCase
TestAnyOrderOfEvents.settings = hypothesis_settings(
    max_examples=200, stateful_step_count=40, deadline=None
)


def test_the_times_of_the_machine_come_from_its_settings() -> None:
    timing = Timing(connack_timeout_s=1.0, rest_s=7.0, farewell_s=0.5, heartbeat_interval_s=3.0)
    settings = ConnectionSettings(TOPICS, timing)
    connection = Connection()
    deadlines = []
    for event in (StartRequested(), SocketOpened(), ConnackAccepted(), TAKEN_OVER):
        connection, _ = process_event(connection, event, settings, 10.0)
        deadlines.append((connection.deadline, connection.next_heartbeat))
    assert deadlines == [(None, 13.0), (11.0, 13.0), (None, 13.0), (17.0, 13.0)]
