"""The messages of protocol version 1 (contracts, section 3; every kind stands in `contract/`).

The classes are the format: their fields are the keys of the JSON, in these units. Times of day are
UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

import msgspec

from limber_bridge.detection.events import Certainty, FactorKind, Grade, Method
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import Placement, Quantity, Side
from limber_bridge.domain.trends import NightAverages
from limber_bridge.domain.settings import MAX_SENSITIVITY, MIN_SENSITIVITY, DEFAULT_SENSITIVITY

PROTOCOL: Final = 1
LONGEST_NOTE: Final = 200
"""Characters."""
MOST_NIGHTS: Final = 1000
"""That can be asked for by their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorInfo:
    """What a sensor is."""

    id: int
    place: Placement
    side: Side | None
    quantity: Quantity
    rate: float | None
    """Hz, nominal; null until its first frame."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SleeperInfo:
    """Who is watched by which sensors."""

    id: str
    name: str
    sensors: tuple[SensorInfo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """`<base>/<bridge>/info`, retained: what this bridge is."""

    v: int = PROTOCOL
    bridge: str
    name: str
    software: str
    time_zone: str
    rules: str
    sleepers: tuple[SleeperInfo, ...]
    commands: tuple[str, ...]
    """What can be asked: by these names a client tells what an older bridge cannot do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorHealth:
    """How a sensor does."""

    connected: bool
    """Samples came within the last ten seconds."""
    last_sample: datetime | None
    rate: float | None
    """Hz, as measured over the last minute or so."""
    battery: int | None
    """Percent."""
    quality: int | None
    """Percent of the samples of the last minute that came and were good."""
    lost: int
    """Samples that never came or were unusable, since the bridge started."""
    refused: int
    """Frames that were refused, since the bridge started."""
    problem: str | None
    """What is wrong with it now, as a word: see docs/protocol.md."""
    trouble: Mapping[str, int]
    """How often each kind of trouble was seen, since the bridge started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """What the estimates rest on."""

    in_bed: Method | None
    asleep: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveCramp:
    """A cramp in progress."""

    start: datetime
    certainty: Certainty
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """The night that is not over yet."""

    night: date
    start: datetime | None
    """Went to bed; null before, and where that is not known."""
    end: datetime | None
    """Left the bed for the last time so far; null while in it."""
    measures: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class NightMessage:
    """A finished night."""

    night: date
    revision: int
    start: datetime | None
    end: datetime | None
    rules: str
    sensitivity: float
    """As it was set when the night ended: see `State`."""
    methods: Methods
    measures: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHealth:
    """How the bridge's record does."""

    problem: str | None = None
    """Why nothing is recorded just now, as a word: see docs/protocol.md."""
    detail: str | None = None
    """The same for a person, with what to do."""
    held: int = 0
    """Events that wait in the bridge's memory."""
    lost: int = 0
    """Events that are in no journal, since the bridge started: more waited than can be held."""
    notice: str | None = None
    """What a person has to know of it: that it was damaged and set aside when the bridge started.
    """
    signal: str | None = None
    """Why the raw signal is not kept just now, though it is wanted, as a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with the bridge itself."""

    key: str
    """A word: see docs/protocol.md."""
    text: str
    """For a person: what it is and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnection:
    """A time without the broker."""

    start: datetime
    end: datetime
    reason: str
    """For a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionHealth:
    """How the connection to the broker does."""

    connected: bool
    protocol: str
    """`MQTT 5` or `MQTT 3.1.1`."""
    since: datetime
    """When it was made or lost."""
    absences: int
    """How often it was lost, since the bridge started."""
    absence: Disconnection | None
    """The last time without it, once that is over: what kept the bridge away is told when it can
    be."""
    waiting: int
    """Messages that the broker has not acknowledged."""
    dropped: int
    """Messages that were not sent as too many waited, since the bridge started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessHealth:
    """What the bridge takes of its machine; null where the machine does not tell."""

    memory: float | None
    """MB that it holds."""
    descriptors: int | None
    """Files and sockets that are open."""
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChange:
    """Somebody set the host's clock."""

    time: datetime
    """The time that it was set to."""
    by: float
    """s; negative: it was set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeHealth:
    """How the bridge itself does."""

    started: datetime
    uptime: float
    """s, suspensions of the machine included."""
    broker: ConnectionHealth
    process: ProcessHealth
    queues: Mapping[str, int]
    """What waits: `jobs` for the detection."""
    clock: ClockChange | None
    """The last one since the bridge started."""
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`GET /health`: what is well and what is not."""

    v: int = PROTOCOL
    well: bool
    """Whether nothing is wrong with the bridge, its record, the broker and the sensors."""
    alive: bool
    """Whether the detection goes on; if not, only a restart helps, and the HTTP status is 503."""
    time: datetime
    software: str
    recording: bool
    journal: JournalHealth
    bridge: BridgeHealth
    sleepers: Mapping[str, Mapping[str, SensorHealth]]
    """By sleeper and sensor id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`<base>/<bridge>/<sleeper>/state`, retained: everything that is true now."""

    v: int = PROTOCOL
    time: datetime
    in_bed: bool | None
    asleep: bool | None
    cramp: ActiveCramp | None
    cramp_thresholds: Mapping[str, float]
    """The sleeper's own, by certainty: strength from which on a cramp is told."""
    cramp_labels: int
    """From how many labels they were learnt."""
    tonight: Tonight
    last_night: NightMessage | None
    means: Mapping[str, NightAverages | None]
    """By number of days, `7` and `30`: the finished nights of so many days, up to the last one."""
    methods: Methods
    sensors: Mapping[str, SensorHealth]
    """By sensor id."""
    recording: bool = True
    """Whether what happens is kept; if not, it is only told live, and kept later if memory lasts.
    """
    journal: JournalHealth = field(default_factory=JournalHealth)
    bridge: BridgeHealth | None = None
    """The same for all sleepers of a bridge."""
    paused: bool = False
    """Somebody wants nothing to be measured, until it is taken back."""
    calibrating: bool = False
    """Somebody said that all is quiet, within the last minute."""
    sensitivity: float = DEFAULT_SENSITIVITY
    """What the threshold of movement is divided by, but in EMG; 1.0: the rule as it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Happened:
    """What every event has in common."""

    v: int = PROTOCOL
    id: str
    kind: str
    night: date
    start: datetime
    known: datetime | None = None
    """When it could be known at the earliest: what judges whether it is late. Null in answers, and
    for nights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementMessage(_Happened):
    """A leg movement has ended."""

    end: datetime
    duration: float
    side: str | None
    peak: float
    grade: Grade
    candidate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesMessage(_Happened):
    """A periodic series was confirmed, or has ended."""

    end: datetime
    movements: int
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CrampMessage(_Happened):
    """Something like a cramp began, or has ended."""

    end: datetime | None
    certainty: Certainty | Literal["reported"]
    """`reported`: only somebody said so, nothing was recognised."""
    reason: str
    strength: float | None
    """How far beyond the rule it lies: 1.0 just meets it."""
    label: bool | None = None
    """What the sleeper said of it: a cramp, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BedMessage(_Happened):
    """Went to bed, or left it."""

    in_bed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NightDone(_Happened):
    """A night was finished, or revised."""

    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapMessage(_Happened):
    """A sensor measured nothing."""

    end: datetime
    sensor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMessage(_Happened):
    """The host's clock was set, to `start`."""

    by: float
    """s; negative: it was set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorMessage(_Happened):
    """Somebody said that the sleeper did or took something."""

    factor: FactorKind
    note: str | None


type EventMessage = (
    MovementMessage
    | SeriesMessage
    | CrampMessage
    | BedMessage
    | NightDone
    | GapMessage
    | ClockMessage
    | FactorMessage
)


def refuse_long_ago(time: datetime | None) -> None:
    """Raise ValueError for a time at which nobody had a bridge."""
    if time is not None and time < datetime(1970, 1, 1, tzinfo=UTC):
        raise ValueError("`time` before 1970")


class NightsRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="nights"):
    """The nights that were finished after a date are asked for, or of those only the last ones."""

    v: int
    id: str
    reply: str
    sleeper: str
    after: date | None = None
    last: Annotated[int, msgspec.Meta(ge=1, le=MOST_NIGHTS)] | None = None


class EventsRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="events"):
    """What happened in a night is asked for; `after` is `next` of the page before."""

    v: int
    id: str
    reply: str
    sleeper: str
    night: date
    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0


class EndNightRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="end_night"):
    """Tonight shall end now."""

    v: int
    id: str
    reply: str
    sleeper: str


class LabelRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="label"):
    """Something was a cramp or was none: an event, or what was at a time; with neither, what is
    now.
    """

    v: int
    id: str
    reply: str
    sleeper: str
    cramp: bool
    event: str | None = None
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.event is not None and self.time is not None:
            raise ValueError("`event` or `time`, not both")
        refuse_long_ago(self.time)


class ResetLabelsRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="reset_labels"
):
    """A person's labels shall be forgotten, and with them the thresholds that were learnt from
    them.
    """

    v: int
    id: str
    reply: str
    sleeper: str


class PauseRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="pause"):
    """Nothing shall be measured any more, or again."""

    v: int
    id: str
    reply: str
    sleeper: str
    paused: bool


class CalibrateRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="calibrate"):
    """All is quiet for a minute from now on, and the bed is empty where cells weigh it: learn that."""

    v: int
    id: str
    reply: str
    sleeper: str


class SetRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="set"):
    """The threshold of movement shall be divided by something else."""

    v: int
    id: str
    reply: str
    sleeper: str
    sensitivity: float

    def __post_init__(self) -> None:
        """Refuse what would count noise, or nothing."""
        if not MIN_SENSITIVITY <= self.sensitivity <= MAX_SENSITIVITY:
            raise ValueError(
                f"`sensitivity` is a number from {MIN_SENSITIVITY} to {MAX_SENSITIVITY}; {DEFAULT_SENSITIVITY} is the rule as it is written"
            )


class LogRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="log"):
    """The sleeper did or took something, at a time or now."""

    v: int
    id: str
    reply: str
    sleeper: str
    factor: FactorKind
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        refuse_long_ago(self.time)


type Command = EndNightRequest | ResetLabelsRequest | PauseRequest | CalibrateRequest | SetRequest
"""What is answered with no more than that it is done."""
type Ask = NightsRequest | EventsRequest | LabelRequest | LogRequest | Command


@dataclass(frozen=True, slots=True, kw_only=True)
class NightsResponse:
    """A page of nights, oldest first."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    nights: tuple[NightMessage, ...]
    next: date | None
    """Ask again with `after` set to this; null: there are no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsResponse:
    """A page of events, in order of arrival."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    events: tuple[EventMessage, ...]
    next: int | None
    """As in `NightsResponse`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneResponse:
    """A command was carried out."""

    v: int = PROTOCOL
    id: str
    ok: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelResponse:
    """A label was kept."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    event: str
    """Under which it was filed: a label for this id takes its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogResponse:
    """A factor was kept."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    event: str
    """Its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A question could not be answered."""

    v: int = PROTOCOL
    id: str | None
    ok: bool = False
    error: str
    """A word: `version`, `unknown_question`, `malformed`, `unknown_sleeper`, `nothing_to_end`,
    `nothing_to_calibrate`, `unknown_event`, `time_ahead`, `forgotten`, `unreadable`."""
    message: str
    """For a person: what to do."""


type Answer = NightsResponse | EventsResponse | DoneResponse | LabelResponse | LogResponse | Refusal


type Message = Info | State | EventMessage | Answer | Report
