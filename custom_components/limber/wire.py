"""Payloads of protocol version 1 -> typed messages.

Law: pure. What comes in is checked whole before anything of it is used; unknown keys are ignored,
another protocol version is refused. What each field means stands in docs/protocol.md; `contract/`
holds a message of every kind.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, datetime
from typing import Any, Final

import voluptuous as vol

PROTOCOL: Final = 1


class MalformedMessageError(Exception):
    """A payload is not what it should be."""


class OtherVersionError(Exception):
    """A payload is of another version of the protocol."""

    def __init__(self, version: int) -> None:
        """Note the version of the payload."""
        super().__init__(f"protocol {version}, not {PROTOCOL}")
        self.version = version

    @property
    def bridge_is_older(self) -> bool:
        """Whether it is the bridge that has to be updated."""
        return self.version < PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """A sensor of a sleeper."""

    id: int
    placement: str
    side: str | None
    quantity: str
    rate: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleeper:
    """Who is watched by which sensors."""

    id: str
    name: str
    sensors: tuple[Sensor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What a bridge is."""

    bridge: str
    name: str
    software: str
    time_zone: str
    rules: str
    sleepers: tuple[Sleeper, ...]
    commands: tuple[str, ...] = ("nights", "events", "end_night", "label", "reset_labels")
    """What it can be asked; one that does not tell can be asked this much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The figures of a night; None: the signals do not support it."""

    time_in_bed_h: float | None = None
    sleep_h: float | None = None
    movements: int | None = None
    candidates: int | None = None
    plm: int | None = None
    plm_left: int | None = None
    plm_right: int | None = None
    plm_index: float | None = None
    plms_index: float | None = None
    plmw_index: float | None = None
    periodicity_index: float | None = None
    series_count: int | None = None
    imi_mean: float | None = None
    longest_quiet_h: float | None = None
    cramps_possible: int | None = None
    cramps_probable: int | None = None

    @property
    def cramps(self) -> int | None:
        """Cramps of either certainty; None where none could be seen."""
        known = [
            count for count in (self.cramps_possible, self.cramps_probable) if count is not None
        ]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """What the estimates rest on."""

    in_bed: str | None
    asleep: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cramp:
    """A cramp in progress."""

    start: datetime
    certainty: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """The night that is not over yet."""

    night: date
    measures: Measures
    start: datetime | None = None
    """Went to bed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A finished night."""

    night: date
    revision: int
    start: datetime | None
    end: datetime | None
    rules: str
    methods: Methods
    measures: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Several nights seen together."""

    nights: int
    mean: Mapping[str, float]
    """By measure."""
    sd: Mapping[str, float]
    """Between nights, by measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHealth:
    """How a bridge's journal does."""

    problem: str | None = None
    message: str | None = None
    """For a person, with what to do."""
    warning: str | None = None
    unconfigured_sleepers: tuple[str, ...] = ()
    """Ids of sleepers with nights in the journal who are not in the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorHealth:
    """How a sensor does."""

    connected: bool
    last_sample: datetime | None
    rate: float | None
    battery: int | None
    lost: int
    problem: str | None
    quality: int | None = None
    refused: int = 0
    error_counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a bridge itself."""

    key: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnection:
    """A time that a bridge was without the broker."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeHealth:
    """How a bridge itself does."""

    problems: tuple[Problem, ...]
    last_disconnect: Disconnection | None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything that is true now of one sleeper."""

    time: datetime
    in_bed: bool | None
    asleep: bool | None
    cramp: Cramp | None
    tonight: Tonight
    last_night: Night | None
    methods: Methods
    sensors: Mapping[int, SensorHealth]
    bridge: BridgeHealth | None = None
    """The same for all its sleepers; None from one that does not tell."""
    averages: Mapping[int, Spread | None] = field(default_factory=dict)
    """By number of days."""
    recording: bool = True
    journal: JournalHealth = field(default_factory=JournalHealth)
    paused: bool = False
    calibrating: bool = False
    sensitivity: float | None = None
    """None from a bridge that knows of none."""
    cramp_labels: int = 0

    @property
    def delivers(self) -> bool:
        """Whether any sensor does."""
        return any(health.connected for health in self.sensors.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementEvent:
    """A leg movement has ended."""

    id: str
    night: date
    start: datetime
    known_at: datetime | None = None
    """When it could be known at the earliest."""
    end: datetime
    duration: float
    side: str | None
    peak: float
    grade: str
    candidate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesEvent:
    """A periodic series was confirmed, or has ended."""

    id: str
    night: date
    start: datetime
    known_at: datetime | None = None
    """When it could be known at the earliest."""
    end: datetime
    movements: int
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CrampEvent:
    """Something like a cramp began, or has ended."""

    id: str
    night: date
    start: datetime
    known_at: datetime | None = None
    """When it could be known at the earliest."""
    end: datetime | None
    certainty: str
    reason: str
    strength: float | None = None
    """1.0 just meets the rule."""
    label: bool | None = None
    """What the sleeper said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEvent:
    """Something was done or taken that may matter for the night."""

    id: str
    night: date
    start: datetime
    known_at: datetime | None = None
    """When it could be known at the earliest."""
    factor: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BedEvent:
    """Went to bed, or left it."""

    id: str
    night: date
    start: datetime
    known_at: datetime | None = None
    """When it could be known at the earliest."""
    in_bed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NightEvent:
    """A night was finished, or revised."""

    id: str
    night: date
    start: datetime
    known_at: datetime | None = None
    """When it could be known at the earliest."""
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapEvent:
    """A sensor measured nothing."""

    id: str
    night: date
    start: datetime
    known_at: datetime | None = None
    """When it could be known at the earliest."""
    end: datetime
    sensor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStepEvent:
    """The clock of the bridge's machine was set, to `start`."""

    id: str
    night: date
    start: datetime
    known_at: datetime | None = None
    """When it could be known at the earliest."""
    offset: float
    """s; negative: it was set back."""


type Event = (
    MovementEvent
    | SeriesEvent
    | CrampEvent
    | FactorEvent
    | BedEvent
    | NightEvent
    | GapEvent
    | ClockStepEvent
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NightsResponse:
    """A page of nights, oldest first; ask again after `next`."""

    id: str
    nights: tuple[Night, ...]
    next: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsResponse:
    """A page of events; ask again after `next`."""

    id: str
    events: tuple[Event, ...]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command was carried out."""

    id: str
    event: str | None = None
    """Under which it was filed, where it is one that is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A question was not answered."""

    id: str | None
    error: str
    message: str


type Response = NightsResponse | EventsResponse | Done | Refusal


def moment(value: object) -> datetime:
    """Check a time of day: ISO 8601 with a zone."""
    if not isinstance(value, str):
        raise vol.Invalid("expected a time")
    parsed = datetime.fromisoformat(value)
    if parsed.tzinfo is None:
        raise vol.Invalid("expected a time with a zone")
    return parsed


def day(value: object) -> date:
    """Check a date: ISO 8601."""
    if not isinstance(value, str):
        raise vol.Invalid("expected a date")
    return date.fromisoformat(value)


def number(value: object) -> float:
    """Check a finite number; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise vol.Invalid("expected a number")
    return value


def whole(value: object) -> int:
    """Check a whole number; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise vol.Invalid("expected a whole number")
    return value


GRADES: Final = ("mild", "moderate", "strong")

type Check = Callable[[Any], Any]


def maybe(check: Check) -> Check:
    """Return a check that lets null pass."""
    schema = vol.Schema(check)
    return lambda value: None if value is None else schema(value)


def each(check: Check) -> Check:
    """Return a check for a list."""
    schema = vol.Schema([check])
    return lambda value: tuple(schema(value))


def record[T](cls: type[T], **checks: Check) -> Callable[[Any], T]:
    """Return a check that makes a record of an object whose keys pass these checks; other keys are
    ignored.

    A field with a default may be missing.
    """
    optional = {
        one.name
        for one in fields(cls)  # type: ignore[arg-type]
        if one.default is not MISSING or one.default_factory is not MISSING
    }
    keys = {
        (vol.Optional if name in optional else vol.Required)(name): check
        for name, check in checks.items()
    }
    schema = vol.Schema(keys, extra=vol.REMOVE_EXTRA)
    return lambda value: cls(**schema(value))


SENSOR: Final = record(
    Sensor, id=whole, placement=str, side=maybe(str), quantity=str, rate=maybe(number), source=str
)
SLEEPER: Final = record(Sleeper, id=str, name=str, sensors=each(SENSOR))
INFO: Final = record(
    Info, bridge=str, name=str, software=str, time_zone=str, rules=str, sleepers=each(SLEEPER), commands=each(str)
)  # fmt: skip
MEASURES: Final = record(
    Measures,
    **dict.fromkeys(
        (
            "movements",
            "candidates",
            "plm",
            "plm_left",
            "plm_right",
            "series_count",
            "cramps_possible",
            "cramps_probable",
        ),
        maybe(whole),
    ),
    **dict.fromkeys(
        (
            "time_in_bed_h",
            "sleep_h",
            "plm_index",
            "plms_index",
            "plmw_index",
            "periodicity_index",
            "imi_mean",
            "longest_quiet_h",
        ),
        maybe(number),
    ),
)
METHODS: Final = record(Methods, in_bed=maybe(str), asleep=maybe(str))
NIGHT: Final = record(
    Night, night=day, revision=whole, start=maybe(moment), end=maybe(moment), rules=str, methods=METHODS,
    measures=MEASURES,
)  # fmt: skip
HEALTH: Final = record(
    SensorHealth, connected=bool, last_sample=maybe(moment), rate=maybe(number), battery=maybe(whole), quality=maybe(whole),
    lost=whole, refused=whole, problem=maybe(str), error_counts=vol.Schema({str: whole}),
)  # fmt: skip
DISCONNECTION: Final = record(Disconnection, start=moment, end=moment, reason=str)
BRIDGE: Final = vol.All(
    vol.Schema(
        {
            vol.Required("problems"): each(record(Problem, key=str, message=str)),
            vol.Required("broker"): vol.Schema(
                {vol.Required("last_disconnect"): maybe(DISCONNECTION)}, extra=vol.REMOVE_EXTRA
            ),
        },
        extra=vol.REMOVE_EXTRA,
    ),
    lambda value: BridgeHealth(
        problems=value["problems"], last_disconnect=value["broker"]["last_disconnect"]
    ),
)
SPREAD: Final = record(
    Spread, nights=whole, mean=vol.Schema({str: number}), sd=vol.Schema({str: number})
)  # fmt: skip
RECORD: Final = record(
    JournalHealth,
    problem=maybe(str),
    message=maybe(str),
    warning=maybe(str),
    unconfigured_sleepers=each(str),
)
STATE: Final = record(
    State, time=moment, in_bed=maybe(bool), asleep=maybe(bool),
    cramp=maybe(record(Cramp, start=moment, certainty=str, reason=str)),
    tonight=record(Tonight, night=day, measures=MEASURES, start=maybe(moment)), last_night=maybe(NIGHT),
    methods=METHODS, sensors=vol.Schema({vol.Coerce(int): HEALTH}), bridge=maybe(BRIDGE),
    averages=vol.Schema({vol.Coerce(int): maybe(SPREAD)}), recording=bool, journal=RECORD, paused=bool, calibrating=bool,
    sensitivity=maybe(number), cramp_labels=whole,
)  # fmt: skip


def happening[T](cls: type[T], **checks: Check) -> Callable[[Any], T]:
    """Return a check for an event: what all of them have, and these."""
    return record(cls, id=str, night=day, start=moment, known_at=maybe(moment), **checks)


EVENTS: Final[Mapping[str, Callable[[Any], Event]]] = {
    "movement": happening(
        MovementEvent,
        end=moment,
        duration=number,
        side=maybe(str),
        peak=number,
        grade=vol.In(GRADES),
        candidate=bool,
    ),
    "series": happening(SeriesEvent, end=moment, movements=whole, ended=bool),
    "cramp": happening(
        CrampEvent,
        end=maybe(moment),
        certainty=str,
        reason=str,
        strength=maybe(number),
        label=maybe(bool),
    ),
    "factor": happening(FactorEvent, factor=str, note=maybe(str)),
    "bed": happening(BedEvent, in_bed=bool),
    "night": happening(NightEvent, revision=whole),
    "gap": happening(GapEvent, end=moment, sensor=whole),
    "clock_step": happening(ClockStepEvent, offset=number),
}


def parse_info(payload: str) -> Info:
    """Return what a bridge says of itself. All parsers raise MalformedMessageError or
    OtherVersionError.
    """
    return checked(INFO, opened(payload))


def parse_state(payload: str) -> State:
    """Return everything that is true now of a sleeper."""
    return checked(STATE, opened(payload))


def parse_event(payload: str) -> Event | None:
    """Return what just happened; None for a kind that is not known yet, which a newer bridge may
    send.
    """
    values = opened(payload)
    check = EVENTS.get(str(values.get("kind")))
    return None if check is None else checked(check, values)


def parse_response(payload: str) -> Response:
    """Return the answer to a question."""
    values = opened(payload)
    if values.get("ok") is not True:
        return checked(record(Refusal, id=maybe(str), error=str, message=str), values)
    if "nights" in values:
        return checked(record(NightsResponse, id=str, nights=each(NIGHT), next=maybe(day)), values)
    if "events" in values:
        known = [
            event for event in checked(list_of_any, values["events"]) if event_kind(event) in EVENTS
        ]
        events = tuple(checked(EVENTS[event_kind(event)], event) for event in known)
        return checked(
            record(EventsResponse, id=str, events=lambda _: events, next=maybe(whole)), values
        )
    return checked(record(Done, id=str, event=maybe(str)), values)


def list_of_any(value: object) -> list[Any]:
    """Check a list, whatever is in it."""
    if not isinstance(value, list):
        raise vol.Invalid("expected a list")
    return value


def event_kind(value: object) -> str:
    """Return the kind of an event that is not checked yet."""
    return str(value.get("kind")) if isinstance(value, dict) else ""


def opened(payload: str) -> dict[str, Any]:
    """Return the object in a payload, if it is of our version."""
    try:
        values = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MalformedMessageError(f"no JSON: {error}") from error
    if not isinstance(values, dict):
        raise MalformedMessageError("no object")
    version = values.get("v")
    if isinstance(version, bool) or not isinstance(version, int):
        raise MalformedMessageError("no version `v`")
    if version != PROTOCOL:
        raise OtherVersionError(version)
    return values


def checked[T](check: Callable[[Any], T], values: object) -> T:
    """Return what a check makes of values."""
    try:
        return check(values)
    except (vol.Invalid, ValueError, TypeError, OverflowError) as error:
        raise MalformedMessageError(str(error)) from error


def encode_request(command: str, sleeper: str, key: str, reply_to: str, **rest: str | float) -> str:
    """Return the payload of a question."""
    return json.dumps(
        {"v": PROTOCOL, "id": key, "reply_to": reply_to, "command": command, "sleeper": sleeper}
        | rest
    )
