"""Events and actions of the connection to the broker, as `mqtt_connection` uses them; pure."""

from dataclasses import dataclass
from enum import Enum, auto


class Protocol(Enum):
    """A version of MQTT; the value is its name for a person."""

    MQTT_5 = "MQTT 5"
    MQTT_3_1_1 = "MQTT 3.1.1"


class Delivery(Enum):
    """What became of a message."""

    ACCEPTED = auto()
    TOO_LARGE = auto()
    """The broker refused it for its size, or it was not sent as the broker would refuse it."""
    REFUSED = auto()
    LOST = auto()
    """The connection ended before the broker answered, or too many messages were pending."""


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """What a broker supports (MQTT 5, 3.2.2.3.4 to 3.2.2.3.6)."""

    retain: bool = True
    qos: int = 1
    """The highest that the bridge may use: it needs no higher one than 1."""
    packet_bytes: int | None = None
    """Largest packet; None if it is not announced."""


@dataclass(frozen=True, slots=True)
class StartRequested:
    """The bridge starts."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """The bridge stops."""


@dataclass(frozen=True, slots=True)
class SocketOpened:
    """A TCP connection, with TLS where configured, was made, and CONNECT was sent."""


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    """No TCP connection, or no TLS session, could be made."""

    address: str
    error: str
    tls: bool


@dataclass(frozen=True, slots=True)
class ConnackAccepted:
    """The broker accepted the connection."""

    limits: BrokerLimits = BrokerLimits()


@dataclass(frozen=True, slots=True)
class ConnackRefused:
    """The broker refused the connection."""

    reason: str
    unsupported_version: bool
    no_retain: bool = False
    """It retains no messages, so it refuses a last will that is to be retained."""
    no_qos: bool = False
    """It supports QoS 0 only, so it refuses a last will with QoS 1."""


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """The connection was closed, by the broker or by the network."""

    reason: str = ""
    """Empty where the broker gives no reason."""
    taken_over: bool = False
    """The broker said that another client took over the session."""
    too_large: int | None = None
    """Bytes of the message that is probably why: the broker said so, or it was sent just before."""


@dataclass(frozen=True, slots=True)
class ClientEnded:
    """The client ended by itself, by an error: nothing more would be sent or received."""

    error: str


@dataclass(frozen=True, slots=True)
class StatusReceived:
    """The broker delivered the status topic of the bridge."""

    online: bool
    retained: bool
    """Stored by the broker earlier: proves nothing about this connection."""


@dataclass(frozen=True, slots=True)
class PublishAccepted:
    """The broker accepted a message."""

    topic: str


@dataclass(frozen=True, slots=True)
class PublishRefused:
    """The broker refused a message; only MQTT 5 has an answer for this."""

    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class MessageTooLarge:
    """A message was dropped for its size."""

    topic: str
    size: int
    """Bytes of its packet."""
    limit: int | None
    """Largest packet that the broker accepts, where that is known."""


@dataclass(frozen=True, slots=True)
class SubscriptionGranted:
    """The broker granted a subscription."""

    topic: str


@dataclass(frozen=True, slots=True)
class SubscriptionRefused:
    """The broker refused a subscription."""

    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class AllDelivered:
    """The broker has answered every message."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The time that the phase may last is over."""


@dataclass(frozen=True, slots=True)
class HeartbeatDue:
    """It is time for the next heartbeat."""


type ConnectionEvent = (
    StartRequested
    | StopRequested
    | SocketOpened
    | ConnectFailed
    | ConnackAccepted
    | ConnackRefused
    | ConnectionClosed
    | ClientEnded
    | StatusReceived
    | PublishAccepted
    | PublishRefused
    | MessageTooLarge
    | SubscriptionGranted
    | SubscriptionRefused
    | AllDelivered
    | DeadlinePassed
    | HeartbeatDue
)


@dataclass(frozen=True, slots=True)
class OpenClient:
    """Close the client, if there is one, and open another that speaks this protocol."""

    protocol: Protocol
    limits: BrokerLimits = BrokerLimits()
    """What the broker is known not to support."""


@dataclass(frozen=True, slots=True)
class CloseClient:
    """Close the client without replacing it."""


@dataclass(frozen=True, slots=True)
class BeginSession:
    """Subscribe, and have everything retained published."""


@dataclass(frozen=True, slots=True)
class PublishStatus:
    """Publish the status of the bridge, retained."""

    online: bool


@dataclass(frozen=True, slots=True)
class PublishAgain:
    """Have everything published again that would be retained, as the broker retains nothing."""


@dataclass(frozen=True, slots=True)
class ReportConnected:
    """Note that there is a connection."""

    protocol: Protocol


@dataclass(frozen=True, slots=True)
class ReportDisconnected:
    """Note that the connection was lost, and count it."""

    reason: str
    log_return: bool = True
    """Whether the next connection is worth a log line. A missing right to subscribe causes one
    every few minutes."""


@dataclass(frozen=True, slots=True)
class ReportFailure:
    """Note why there is no connection yet, and log it unless it was logged since the last one."""

    text: str


@dataclass(frozen=True, slots=True)
class LogWarning:
    """Log a warning."""

    text: str
    once: bool = False
    """Leave it out if it was logged since the last connection."""


@dataclass(frozen=True, slots=True)
class RaiseProblem:
    """Add or replace a problem of the connection; log it if it is new."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class ClearProblem:
    """Remove a problem, if it is there, and log that it is over."""

    key: str
    text: str


type Action = (
    OpenClient
    | CloseClient
    | BeginSession
    | PublishAgain
    | PublishStatus
    | ReportConnected
    | ReportDisconnected
    | ReportFailure
    | LogWarning
    | RaiseProblem
    | ClearProblem
)


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """The broker delivered a message. The state machine ignores it, as it reads no payloads."""

    topic: str
    payload: bytes
    retained: bool
    """Stored by the broker before this client subscribed."""
