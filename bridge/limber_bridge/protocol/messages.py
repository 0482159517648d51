"""Define the messages of protocol version 1, described in docs/protocol.md.

Here: a bridge, the state of a sleeper, nights, and responses. Events, health and requests have
modules of their own. Each class is the schema of one JSON object: its fields are the keys.
`contract/` holds an example of every message. Times of day are UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from limber_bridge.detection.events import Certainty, Method
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import Placement, Quantity, Side
from limber_bridge.domain.settings import DEFAULT_SENSITIVITY
from limber_bridge.domain.trends import NightAverages
from limber_bridge.protocol.diary_messages import DiaryResponse, NightDiaries
from limber_bridge.protocol.effect_messages import EffectsResponse
from limber_bridge.protocol.event_messages import EventMessage
from limber_bridge.protocol.health_messages import (
    BridgeHealth,
    HealthReport,
    JournalHealth,
    SensorHealth,
    WaitingReport,
)
from limber_bridge.protocol.report_messages import ReportResponse
from limber_bridge.protocol.trend_messages import TrendResponse
from limber_bridge.protocol.trial_messages import (
    TonightTrial,
    TrialAnswerResponse,
    TrialMessage,
    TrialResponse,
    TrialsResponse,
)
from limber_bridge.protocol.version import PROTOCOL


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
    instance: str | None = None
    """Which bridge this is, wherever it connects: 32 hexadecimal digits, drawn at its first start.
    Null where the journal could not keep it; an older bridge does not send it."""
    url: str | None = None
    """Address of the bridge's pages in the network of the home; null where others cannot reach
    them."""


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
    diary: NightDiaries | None = None
    """An older bridge sends none."""
    trial: TonightTrial | None = None
    """The trial that is running."""
    last_trial: TrialMessage | None = None
    """The newest trial that is over."""


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
    """One of the codes in docs/protocol.md#5-requests."""
    message: str
    """The error and its remedy, for a person, in English."""


type Response = (
    NightsResponse
    | EventsResponse
    | DoneResponse
    | LabelResponse
    | LogResponse
    | DiaryResponse
    | TrendResponse
    | EffectsResponse
    | ReportResponse
    | TrialResponse
    | TrialAnswerResponse
    | TrialsResponse
    | Refusal
)
type Message = Info | State | EventMessage | Response | HealthReport | WaitingReport
