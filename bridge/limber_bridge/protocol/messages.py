"""Define the messages of protocol version 1, described in docs/protocol.md.

Each class is the schema of one JSON object: its fields are the keys. `contract/` holds an example
of every message. Times of day are UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from limber_bridge.detection.events import Certainty, FactorKind, Grade, Method
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import Placement, Quantity, Side
from limber_bridge.domain.settings import DEFAULT_SENSITIVITY, MAX_SENSITIVITY, MIN_SENSITIVITY
from limber_bridge.domain.trends import NightAverages

PROTOCOL: Final = 1
"""Protocol version: the value of `v` in every message."""
NOTE_MAX_CHARACTERS: Final = 200
"""Chosen: a sentence or two about a factor, short enough for a notification."""
LAST_NIGHTS_MAX: Final = 1000
"""Largest value of `last` in a `nights` request; chosen: almost three years of nights."""


RELAY_MAX_NOTIFICATIONS: Final = 64
"""Notifications in a `relay` request; chosen: some seconds of a fast sensor."""
RELAY_MAX_NUMBER: Final = 2**53 - 1
"""Largest number that JSON holds exactly everywhere."""
RELAY_MAX_BYTES: Final = 600
"""Chosen: a Bluetooth attribute has at most 512 bytes."""
RELAY_MAX_AGE_MS: Final = 600_000
"""Chosen: ten minutes; clients keep less."""
SIGNAL_STRENGTH_DBM: Final = (-127, 20)
"""What Bluetooth can report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorInfo:
    """Describe a configured sensor."""

    id: int
    placement: Placement
    side: Side | None
    quantity: Quantity
    rate: float | None
    """Nominal rate in Hz; null until the sensor's first frame."""
    source: str
    relay: Mapping[str, Any] | None = None
    """What a client must do to relay the sensor: docs/protocol.md; null if it is not relayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SleeperInfo:
    """Describe a sleeper and the sensors that measure them."""

    id: str
    name: str
    sensors: tuple[SensorInfo, ...]
    imports: int = 0
    """How often a night was imported from a recording, or an import undone. When it changes, a
    client requests all nights again."""
    removed_nights: tuple[date, ...] = ()
    """Dates of imported nights whose import was undone and that had replaced no other night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """Describe the bridge; published retained on `<base>/<bridge>/info`."""

    v: int = PROTOCOL
    bridge: str
    name: str
    software: str
    """Version of the bridge's software."""
    time_zone: str
    rules: str
    sleepers: tuple[SleeperInfo, ...]
    commands: tuple[str, ...]
    """Commands that this bridge accepts in requests; an older bridge lists fewer."""


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
class Methods:
    """Name the methods behind the estimates of `in_bed` and `asleep`."""

    in_bed: Method | None
    asleep: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveCramp:
    """Describe a cramp in progress."""

    start: datetime
    certainty: Certainty
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """Describe the current night, which is not finished yet."""

    night: date
    start: datetime | None
    """When the sleeper went to bed; null before that, or if it is unknown."""
    end: datetime | None
    """When the sleeper last left the bed; null while they are in it."""
    measures: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportInfo:
    """Describe where an imported night comes from."""

    recording: str
    """Name of the file."""
    batch: str
    """Id of the import, for `limber import --undo`."""
    time: datetime
    """When it was imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightMessage:
    """Describe a finished night."""

    night: date
    revision: int
    start: datetime | None
    end: datetime | None
    rules: str
    sensitivity: float
    """Sensitivity when the night ended: see `State`."""
    methods: Methods
    measures: Measures
    imported: ImportInfo | None = None
    """Null: the sensors of the bridge measured the night."""


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
class State:
    """Hold everything that is true of a sleeper now.

    Published retained on `<base>/<bridge>/<sleeper>/state`.
    """

    v: int = PROTOCOL
    time: datetime
    in_bed: bool | None
    asleep: bool | None
    cramp: ActiveCramp | None
    cramp_thresholds: Mapping[str, float]
    """Personal threshold of each certainty: the strength at which a cramp is reported."""
    cramp_labels: int
    """Number of labels that the thresholds were learned from."""
    tonight: Tonight
    last_night: NightMessage | None
    averages: Mapping[str, NightAverages | None]
    """By number of days, `7` and `30`: the finished nights of that period up to the last one."""
    methods: Methods
    sensors: Mapping[str, SensorHealth]
    """By sensor id."""
    recording: bool = True
    """Whether events are written to the journal; if not, they stay in memory while there is room.
    """
    journal: JournalHealth = field(default_factory=JournalHealth)
    bridge: BridgeHealth | None = None
    """The same for all sleepers of a bridge."""
    paused: bool = False
    """Whether measuring is paused."""
    calibrating: bool = False
    """Whether a calibration was started within the last minute."""
    sensitivity: float = DEFAULT_SENSITIVITY
    """Divisor of the movement threshold, except for EMG; 1.0 is the threshold of the rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _EventBase:
    """Hold the fields of every event."""

    v: int = PROTOCOL
    id: str
    kind: str
    night: date
    start: datetime
    known_at: datetime | None = None
    """Earliest time at which the event could be known, by which a reader judges whether it is late.

    Null in responses and for nights.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementMessage(_EventBase):
    """Report the end of a leg movement."""

    end: datetime
    duration: float
    side: str | None
    peak: float
    grade: Grade
    candidate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesMessage(_EventBase):
    """Report that a periodic series was confirmed or has ended."""

    end: datetime
    movements: int
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CrampMessage(_EventBase):
    """Report that a suspected cramp began or has ended."""

    end: datetime | None
    certainty: Certainty | Literal["reported"]
    """`reported`: the sleeper reported it and no sensor recognized it."""
    reason: str
    strength: float | None
    """Strength relative to the rule: 1.0 just meets it."""
    label: bool | None = None
    """The sleeper's own label: true for a cramp, false for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwakeningMessage(_EventBase):
    """Report that the sleeper has suddenly woken up, with vigorous movement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BedMessage(_EventBase):
    """Report that the sleeper went to bed or left it."""

    in_bed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NightFinishedMessage(_EventBase):
    """Report that a night was finished or revised."""

    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapMessage(_EventBase):
    """Report a period in which a sensor measured nothing."""

    end: datetime
    sensor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStepMessage(_EventBase):
    """Report that the host's clock was set to `start`."""

    offset: float
    """Size of the step in s; negative if the clock was set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorMessage(_EventBase):
    """Report something that the sleeper did or took."""

    factor: FactorKind
    note: str | None


type EventMessage = (
    MovementMessage
    | SeriesMessage
    | CrampMessage
    | AwakeningMessage
    | BedMessage
    | NightFinishedMessage
    | GapMessage
    | ClockStepMessage
    | FactorMessage
)


def check_not_before_1970(time: datetime | None) -> None:
    """Raise ValueError for a time before 1970, which can only be a mistake."""
    if time is not None and time < datetime(1970, 1, 1, tzinfo=UTC):
        raise ValueError("`time` before 1970")


class NightsRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="nights"):
    """Request the nights that finished after a date, or only the `last` ones of them."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    after: date | None = None
    last: Annotated[int, msgspec.Meta(ge=1, le=LAST_NIGHTS_MAX)] | None = None


class EventsRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="events"):
    """Request the events of a night; `after` is `next` of the previous page."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    night: date
    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0


class EndNightRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="end_night"
):
    """End the current night now."""

    v: int
    id: str
    reply_to: str
    sleeper: str


class LabelRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="label"):
    """Label an event, or the event at a time, as a cramp or not; without both, the time is now."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    cramp: bool
    event: str | None = None
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for contradictory or impossible values."""
        if self.event is not None and self.time is not None:
            raise ValueError("`event` or `time`, not both")
        check_not_before_1970(self.time)


class ResetLabelsRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="reset_labels"
):
    """Delete all labels of a sleeper and the thresholds that were learned from them."""

    v: int
    id: str
    reply_to: str
    sleeper: str


class PauseRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="pause"):
    """Pause measuring, or resume it."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    paused: bool


class CalibrateRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="calibrate"
):
    """Learn the noise of a quiet minute, and the weight of the empty bed from load cells."""

    v: int
    id: str
    reply_to: str
    sleeper: str


class SetRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="set"):
    """Set the sensitivity of movement detection."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    sensitivity: float

    def __post_init__(self) -> None:
        """Raise ValueError for a sensitivity that would count noise, or nothing."""
        if not MIN_SENSITIVITY <= self.sensitivity <= MAX_SENSITIVITY:
            raise ValueError(
                f"`sensitivity` must be a number from {MIN_SENSITIVITY} to {MAX_SENSITIVITY};"
                f" {DEFAULT_SENSITIVITY} is the threshold of the scoring rules"
            )


class LogRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="log"):
    """Log something that the sleeper did or took, at a time or now."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    factor: FactorKind
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=NOTE_MAX_CHARACTERS)] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for an impossible time."""
        check_not_before_1970(self.time)


class BedRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="bed"):
    """Report whether the sleeper is in bed, as a sensor of the client shows it."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    in_bed: bool
    since: Annotated[datetime, msgspec.Meta(tz=True)]
    """Since when it is so, by the clock of the client."""
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    """When the request was sent, by the same clock: so the clocks need not agree."""

    def __post_init__(self) -> None:
        """Raise ValueError for impossible times."""
        check_not_before_1970(self.since)
        if self.since > self.time:
            raise ValueError("`since` after `time`")


type RelayedNotification = tuple[
    Annotated[int, msgspec.Meta(ge=0, le=RELAY_MAX_NUMBER)],
    Annotated[int, msgspec.Meta(ge=0, le=RELAY_MAX_AGE_MS)],
    Annotated[str, msgspec.Meta(min_length=1, max_length=64)],
    Annotated[bytes, msgspec.Meta(max_length=RELAY_MAX_BYTES)],
]
"""Number, which rises in each run; age in ms when the request was sent; channel: the UUID of a
characteristic, `connected` or `disconnected`; payload, in base64."""


class RelayRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="relay"):
    """Pass on what a sensor notified to the client, unparsed and in order."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    sensor: int
    run: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """Chosen at random when the client begins to number the notifications of this sensor."""
    notifications: Annotated[
        tuple[RelayedNotification, ...], msgspec.Meta(max_length=RELAY_MAX_NOTIFICATIONS)
    ]
    signal_strength: (
        Annotated[int, msgspec.Meta(ge=SIGNAL_STRENGTH_DBM[0], le=SIGNAL_STRENGTH_DBM[1])] | None
    ) = None
    """dBm; null: unknown."""


type Command = (
    EndNightRequest | ResetLabelsRequest | PauseRequest | CalibrateRequest | SetRequest | BedRequest
)
"""Requests whose response only confirms that the command was carried out."""
type Request = NightsRequest | EventsRequest | LabelRequest | LogRequest | RelayRequest | Command


@dataclass(frozen=True, slots=True, kw_only=True)
class NightsResponse:
    """Return a page of nights, oldest first."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    nights: tuple[NightMessage, ...]
    next: date | None
    """Value of `after` for the next page; null on the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsResponse:
    """Return a page of events, in order of arrival."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    events: tuple[EventMessage, ...]
    next: int | None
    """Value of `after` for the next page; null on the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneResponse:
    """Confirm that a command was carried out."""

    v: int = PROTOCOL
    id: str
    ok: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelResponse:
    """Confirm that a label was stored."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    event: str
    """Id under which the label was stored; a later label for this id replaces it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogResponse:
    """Confirm that a factor was stored."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    event: str
    """Id of the factor's event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Explain why a request was refused."""

    v: int = PROTOCOL
    id: str | None
    ok: bool = False
    error: str
    """`unsupported_version`, `unknown_command`, `malformed`, `unknown_sleeper`, `nothing_to_end`,
    `nothing_to_calibrate`, `unknown_event`, `time_in_future`, `events_deleted` or
    `journal_unreadable`."""
    message: str
    """The error and its remedy, for a person."""


type Response = (
    NightsResponse | EventsResponse | DoneResponse | LabelResponse | LogResponse | Refusal
)


type Message = Info | State | EventMessage | Response | HealthReport
