"""Define the messages about the health of the bridge, described in docs/protocol.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from limber_bridge.protocol.version import PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorHealth:
    """Report the health of a sensor."""

    connected: bool
    """Whether samples arrived within the last ten seconds."""
    last_sample: datetime | None
    rate: float | None
    """Rate in Hz, measured over about the last minute."""
    battery: int | None
    """Percent."""
    quality: int | None
    """Percent of the last minute's samples that arrived and were usable."""
    lost: int
    """Samples that never arrived or were unusable, since the bridge started."""
    refused: int
    """Frames that were refused, since the bridge started."""
    late: int = 0
    """Samples that arrived more than ten seconds after they were taken, since the bridge started.
    """
    resent: int = 0
    """Samples that a device sent again after a reconnect and that were skipped, since the bridge
    started."""
    problem: str | None
    """Current problem, one of the codes in docs/protocol.md; null if there is none."""
    error_counts: Mapping[str, int]
    """How often each problem was seen since the bridge started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHealth:
    """Report the health of the journal."""

    problem: str | None = None
    """Why nothing is recorded at the moment, one of the codes in docs/protocol.md; else null."""
    message: str | None = None
    """The problem and its remedy, for a person."""
    pending: int = 0
    """Events in memory that have not been written yet."""
    dropped: int = 0
    """Events that are in no journal because too many were pending, since the bridge started."""
    warning: str | None = None
    """What the user must know about the journal, such as that a damaged one was set aside."""
    raw_signal_problem: str | None = None
    """Why the raw signal is not recorded although it is configured, as a code; else null."""
    unconfigured_sleepers: tuple[str, ...] = ()
    """Ids of sleepers with nights in the journal who are not in the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Describe a current problem of the bridge itself."""

    key: str
    """One of the codes in docs/protocol.md."""
    message: str
    """The problem and its remedy, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnection:
    """Describe a period without a connection to the broker."""

    start: datetime
    end: datetime
    reason: str
    """For a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionHealth:
    """Report the health of the connection to the broker."""

    connected: bool
    protocol: str
    """`MQTT 5` or `MQTT 3.1.1`."""
    since: datetime
    """When the connection was made or lost."""
    disconnects: int
    """How often the connection was lost since the bridge started."""
    last_disconnect: Disconnection | None
    """The last period without a connection that has ended."""
    pending: int
    """Messages that the broker has not acknowledged yet."""
    dropped: int
    """Messages that were not sent because too many were pending, since the bridge started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessHealth:
    """Report the resources used by the process; null where the system does not report them."""

    memory: float | None
    """Resident memory in MB."""
    descriptors: int | None
    """Open files and sockets."""
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStepInfo:
    """Describe a step of the host's clock."""

    time: datetime
    """Time after the step."""
    offset: float
    """Size of the step in s; negative if the clock was set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeHealth:
    """Report the health of the bridge itself."""

    started: datetime
    uptime: float
    """Time since the start in s, including suspensions of the machine."""
    broker: ConnectionHealth
    process: ProcessHealth
    queues: Mapping[str, int]
    """Length of each queue; `jobs` waits for detection."""
    failed_requests: int
    """Requests that were refused because of a fault of the bridge, since it started."""
    last_clock_step: ClockStepInfo | None
    """The last one since the bridge started."""
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """Report the health of everything, as the body of `GET /health`."""

    v: int = PROTOCOL
    healthy: bool
    """Whether the bridge, the journal, the broker and all sensors are without a problem."""
    live: bool
    """Whether detection is running; if not, only a restart helps and the HTTP status is 503."""
    time: datetime
    software: str
    recording: bool
    journal: JournalHealth
    bridge: BridgeHealth
    sleepers: Mapping[str, Mapping[str, SensorHealth]]
    """By sleeper id and sensor id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingReport:
    """Answer `GET /health` while limber.yaml is not complete and no bridge runs."""

    v: int = PROTOCOL
    healthy: bool
    live: bool
    """Whether the process works; a restart would not help."""
    software: str
