"""Messages of protocol version 1: JSON payloads to typed messages, and requests to payloads. Pure.

The dataclasses of this module are the schema: the types of their fields say how a payload is
checked and converted. A field with a default may be missing, unknown keys are ignored, and a
payload is checked completely before any of it is used. docs/protocol.md explains every field.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

from .limits import (
    ID,
    MAX_ITEMS,
    MAX_NUMBER,
    MAX_PAYLOAD,
    MAX_SENSORS,
    MAX_SLEEPERS,
    MAX_TEXT,
    MAX_YEAR,
    MIN_YEAR,
    TIME_ZONE,
    clean_text,
)

PROTOCOL_VERSION: Final = 1


class MalformedMessageError(Exception):
    """A payload does not follow the protocol."""


class OtherVersionError(Exception):
    """A payload has another protocol version."""

    def __init__(self, version: int) -> None:
        """Keep the version of the payload."""
        super().__init__(f"protocol version {version} instead of {PROTOCOL_VERSION}")
        self.version = version

    @property
    def bridge_is_older(self) -> bool:
        """Whether the bridge must be updated, rather than this integration."""
        return self.version < PROTOCOL_VERSION


# --- Info ---


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReply:
    """A notification that must follow a write."""

    characteristic: str
    prefix: str
    """First bytes, in hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayWrite:
    """A value to write to a Bluetooth sensor."""

    characteristic: str
    data: str
    """In hexadecimal."""
    response: bool
    reply: RelayReply | None
    timeout: float
    """Longest time to wait for the reply (s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionParameters:
    """What a Bluetooth sensor needs of the connection, in the units of Bluetooth."""

    min_interval: int
    """1.25 ms."""
    max_interval: int
    """1.25 ms."""
    latency: int
    """Events."""
    timeout: int
    """10 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """What to do so that a Bluetooth sensor streams; UUIDs in lower case."""

    title: str
    """Of the kind of sensor."""
    address: str | None
    """Fixed in the bridge's configuration."""
    name: str | None
    """Name that the sensor advertises, fixed in the bridge's configuration."""
    name_prefixes: tuple[str, ...]
    """What sensors of this kind advertise as their name, or begin it with."""
    service_uuids: tuple[str, ...]
    """Services that sensors of this kind advertise; empty: only the name counts."""
    instruction: str
    """What the person must do, in English."""
    subscribe: tuple[str, ...]
    start: tuple[RelayWrite, ...]
    stop: tuple[RelayWrite, ...]
    read: tuple[str, ...]
    """Characteristics that are read now and then."""
    silence: float
    """Time without a notification (s) after which the connection is of no use."""
    connection_parameters: ConnectionParameters | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """A configured sensor of a sleeper."""

    id: int
    placement: str
    side: str | None
    quantity: str
    rate: float | None
    """Nominal rate (Hz)."""
    source: str
    relay: Relay | None = None
    """What to do if Home Assistant connects to it; None: the bridge reads it itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleeper:
    """A configured sleeper with their sensors."""

    id: str
    name: str
    sensors: tuple[Sensor, ...]
    imports: int = 0
    """Grows when past nights were imported into the journal, or an import was undone."""
    removed_nights: tuple[date, ...] = ()
    """Dates of imported nights whose import was undone and that had replaced no other night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """Description of a bridge."""

    bridge: str
    name: str
    software: str
    time_zone: str
    rules: str
    sleepers: tuple[Sleeper, ...]
    commands: tuple[str, ...] = ("nights", "events", "end_night", "label", "reset_labels")
    """Commands that the bridge accepts; the default applies to a bridge that does not list them."""


# --- Nights ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Measures of a night; None: the signals do not support it."""

    time_in_bed_h: float | None = None
    sleep_h: float | None = None
    movements: int | None = None
    candidates: int | None = None
    plm: int | None = None
    plm_left: int | None = None
    plm_right: int | None = None
    plm_index: float | None = None
    """Periodic movements per hour in bed."""
    plms_index: float | None = None
    """Periodic movements asleep, per hour asleep."""
    plmw_index: float | None = None
    """Periodic movements awake, per hour awake in bed."""
    periodicity_index: float | None = None
    series_count: int | None = None
    imi_mean: float | None = None
    """Mean interval between movements (s)."""
    longest_quiet_h: float | None = None
    cramps_possible: int | None = None
    cramps_probable: int | None = None

    @property
    def cramps(self) -> int | None:
        """Number of cramps of either certainty; None if no sensor can find any."""
        counts = [
            count for count in (self.cramps_possible, self.cramps_probable) if count is not None
        ]
        return sum(counts) if counts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """How `in_bed` and `asleep` are determined."""

    in_bed: str | None
    asleep: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """The night that is not finished yet."""

    night: date
    measures: Measures
    start: datetime | None = None
    """When the sleeper went to bed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Where an imported night comes from."""

    recording: str
    """Name of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A finished night."""

    night: date
    revision: int
    start: datetime | None
    """When the sleeper went to bed."""
    end: datetime | None
    """When the sleeper finally left the bed."""
    rules: str
    methods: Methods
    measures: Measures
    imported: Import | None = None
    """None: the sensors of the bridge measured the night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Mean and standard deviation of several nights, by measure."""

    nights: int
    mean: Mapping[str, float]
    sd: Mapping[str, float]


# --- State ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Cramp:
    """A probable cramp in progress."""

    start: datetime
    certainty: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorHealth:
    """Health of a sensor."""

    connected: bool
    last_sample: datetime | None
    rate: float | None
    """Measured rate (Hz)."""
    battery: int | None
    """Percent."""
    lost: int
    problem: str | None
    quality: int | None = None
    """Usable samples of the last minute (percent)."""
    refused: int = 0
    error_counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHealth:
    """Health of the bridge's journal."""

    problem: str | None = None
    message: str | None = None
    """The problem and its remedy, for a person."""
    warning: str | None = None
    unconfigured_sleepers: tuple[str, ...] = ()
    """Ids of sleepers with nights in the journal who are not in the bridge's configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeProblem:
    """A current problem of the bridge itself."""

    key: str
    message: str
    """The problem and its remedy, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    """A period in which the bridge had no connection to the broker."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerHealth:
    """Health of the connection between bridge and broker."""

    last_disconnect: Disconnect | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeHealth:
    """Health of the bridge itself."""

    problems: tuple[BridgeProblem, ...]
    broker: BrokerHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Current state of a sleeper."""

    time: datetime
    """When it was published."""
    in_bed: bool | None
    asleep: bool | None
    cramp: Cramp | None
    tonight: Tonight
    last_night: Night | None
    methods: Methods
    sensors: Mapping[int, SensorHealth]
    """By sensor id."""
    bridge: BridgeHealth | None = None
    """The same for all sleepers of a bridge; None from an older bridge."""
    averages: Mapping[int, Spread | None] = field(default_factory=dict)
    """By number of days."""
    recording: bool = True
    journal: JournalHealth = field(default_factory=JournalHealth)
    paused: bool = False
    calibrating: bool = False
    sensitivity: float | None = None
    """None from an older bridge."""
    cramp_labels: int = 0

    @property
    def is_live(self) -> bool:
        """Whether any sensor is connected."""
        return any(health.connected for health in self.sensors.values())


# --- Events ---


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseEvent:
    """What all events have."""

    id: str
    """Unique for a sleeper; the same if the event is published again."""
    night: date
    start: datetime
    known_at: datetime | None = None
    """The earliest time at which it could be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementEvent(BaseEvent):
    """A leg movement has ended."""

    end: datetime
    duration: float
    """Seconds."""
    side: str | None
    peak: float
    """In the signal's unit: g or uV."""
    grade: Literal["mild", "moderate", "strong"]
    candidate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesEvent(BaseEvent):
    """A periodic series was confirmed, or has ended."""

    end: datetime
    movements: int
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CrampEvent(BaseEvent):
    """A cramp began, has ended, or was reported."""

    end: datetime | None
    """None while it is in progress, and for a reported cramp."""
    certainty: str
    reason: str
    strength: float | None = None
    """1.0 just meets the rule."""
    label: bool | None = None
    """Whether the sleeper called it a cramp; None without a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwakeningEvent(BaseEvent):
    """The sleeper has suddenly woken up, with vigorous movement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEvent(BaseEvent):
    """The sleeper logged something that may matter for the night."""

    factor: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BedEvent(BaseEvent):
    """The sleeper went to bed or left it."""

    in_bed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NightEvent(BaseEvent):
    """A night was finished or revised."""

    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapEvent(BaseEvent):
    """A sensor measured nothing from `start` to `end`."""

    end: datetime
    sensor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStepEvent(BaseEvent):
    """The clock of the bridge's machine was set to `start`."""

    offset: float
    """Seconds; negative: it was set back."""


type Event = (
    MovementEvent
    | SeriesEvent
    | CrampEvent
    | AwakeningEvent
    | FactorEvent
    | BedEvent
    | NightEvent
    | GapEvent
    | ClockStepEvent
)

EVENT_TYPES: Final[Mapping[str, type[Event]]] = {
    "movement": MovementEvent,
    "series": SeriesEvent,
    "cramp": CrampEvent,
    "awakening": AwakeningEvent,
    "factor": FactorEvent,
    "bed": BedEvent,
    "night": NightEvent,
    "gap": GapEvent,
    "clock_step": ClockStepEvent,
}
"""By `kind`."""


# --- Responses ---


@dataclass(frozen=True, slots=True, kw_only=True)
class NightsResponse:
    """A page of nights, oldest first."""

    id: str
    nights: tuple[Night, ...]
    next: date | None
    """Request the next page with `after` set to it; None: this is the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsResponse:
    """A page of events, in order of arrival."""

    id: str
    events: tuple[Event, ...]
    next: int | None
    """Request the next page with `after` set to it; None: this is the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command was carried out."""

    id: str
    event: str | None = None
    """Id of the label or factor that was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request was refused."""

    id: str | None
    error: str
    """Code, for programs."""
    message: str
    """Explanation, for a person."""


type Response = NightsResponse | EventsResponse | Done | Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class _EventsPage:
    """An `EventsResponse` whose events are not decoded yet."""

    id: str
    events: tuple[dict[str, Any], ...]
    next: int | None


# --- Payloads ---


def parse_info(payload: str) -> Info:
    """Parse the payload of `info`.

    Like the other parsers, raise MalformedMessageError or OtherVersionError.
    """
    info = _decode(Info, _load(payload))
    if len(info.sleepers) > MAX_SLEEPERS:
        raise _expected(f"at most {MAX_SLEEPERS} sleepers", "sleepers")
    if TIME_ZONE.fullmatch(info.time_zone) is None:
        # It becomes part of a path when the rules of the zone are read.
        raise _expected("the name of a time zone, such as Europe/Berlin", "time_zone")
    for index, sleeper in enumerate(info.sleepers):
        # Ids become parts of topics, unique ids and statistics.
        if ID.fullmatch(sleeper.id) is None:
            raise _expected("an id of letters, digits and underscores", f"sleepers[{index}].id")
        if len(sleeper.sensors) > MAX_SENSORS:
            raise _expected(f"at most {MAX_SENSORS} sensors", f"sleepers[{index}].sensors")
    return info


def parse_state(payload: str) -> State:
    """Parse the payload of a sleeper's `state`."""
    return _decode(State, _load(payload))


def parse_event(payload: str) -> Event | None:
    """Parse the payload of an event; return None for a kind that only a newer bridge knows."""
    return _decode_event(_load(payload))


def parse_response(payload: str) -> Response:
    """Parse the response to a request."""
    values = _load(payload)
    if values.get("ok") is not True:
        return _decode(Refusal, values)
    if "nights" in values:
        return _decode(NightsResponse, values)
    if "events" in values:
        page = _decode(_EventsPage, values)
        decoded = [_decode_event(event) for event in page.events]
        events = tuple(event for event in decoded if event is not None)
        return EventsResponse(id=page.id, events=events, next=page.next)
    return _decode(Done, values)


def encode_request(
    command: str, sleeper: str, request_id: str, reply_to: str, **arguments: object
) -> str:
    """Return the payload of a request."""
    request = {
        "v": PROTOCOL_VERSION,
        "id": request_id,
        "reply_to": reply_to,
        "command": command,
        "sleeper": sleeper,
    }
    return json.dumps(request | arguments)


def _load(payload: str) -> dict[str, Any]:
    """Return the JSON object in a payload of our protocol version."""
    if len(payload) > MAX_PAYLOAD:
        raise MalformedMessageError(f"longer than {MAX_PAYLOAD} characters")
    try:
        values = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MalformedMessageError(f"not JSON: {error}") from error
    if not isinstance(values, dict):
        raise MalformedMessageError("not a JSON object")
    version = values.get("v")
    if isinstance(version, bool) or not isinstance(version, int):
        raise MalformedMessageError("v: expected the protocol version")
    if version != PROTOCOL_VERSION:
        raise OtherVersionError(version)
    return values


def _decode_event(values: Mapping[str, Any]) -> Event | None:
    event_type = EVENT_TYPES.get(str(values.get("kind")))
    return None if event_type is None else _decode(event_type, values)


def _decode[T](message_type: type[T], values: object) -> T:
    decoder = _decoder_of(cast("Any", message_type))
    return cast("T", decoder(values, ""))


# --- Decoding by type ---

type Decoder = Callable[[object, str], Any]
"""Takes a JSON value and its path in the payload; returns the converted value, or raises
MalformedMessageError."""


def _expected(what: str, path: str) -> MalformedMessageError:
    return MalformedMessageError(f"{path}: expected {what}" if path else f"expected {what}")


def _decode_bool(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise _expected("true or false", path)
    return value


def _decode_int(value: object, path: str) -> int:
    # In Python, True is an int.
    if isinstance(value, bool) or not isinstance(value, int):
        raise _expected("a whole number", path)
    if abs(value) > MAX_NUMBER:
        raise _expected("a smaller number", path)
    return value


def _decode_float(value: object, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _expected("a number", path)
    try:
        # Python reads NaN and Infinity, although JSON has neither.
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise _expected("a finite number", path)
    if abs(value) > MAX_NUMBER:
        raise _expected("a smaller number", path)
    return value


def _decode_str(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise _expected("a text", path)
    if len(value) > MAX_TEXT:
        raise _expected(f"a text of at most {MAX_TEXT} characters", path)
    return clean_text(value)


def _decode_datetime(value: object, path: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(_decode_str(value, path))
    except ValueError as error:
        raise _expected("a time in ISO 8601", path) from error
    if parsed.tzinfo is None:
        raise _expected("a time with a time zone", path)
    # Later calculations add days and convert time zones, which fails at the ends of the calendar.
    if not MIN_YEAR <= parsed.year <= MAX_YEAR:
        raise _expected(f"a year from {MIN_YEAR} to {MAX_YEAR}", path)
    return parsed


def _decode_date(value: object, path: str) -> date:
    try:
        parsed = date.fromisoformat(_decode_str(value, path))
    except ValueError as error:
        raise _expected("a date in ISO 8601", path) from error
    if not MIN_YEAR <= parsed.year <= MAX_YEAR:
        raise _expected(f"a year from {MIN_YEAR} to {MAX_YEAR}", path)
    return parsed


def _decode_object(value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _expected("an object", path)
    return value


SCALAR_DECODERS: Final[Mapping[Any, Decoder]] = {
    bool: _decode_bool,
    int: _decode_int,
    float: _decode_float,
    str: _decode_str,
    datetime: _decode_datetime,
    date: _decode_date,
}


@cache
def _decoder_of(kind: Any) -> Decoder:  # noqa: ANN401 - any type that a field can have
    """Return the decoder for a type; it is built only once."""
    if kind in SCALAR_DECODERS:
        return SCALAR_DECODERS[kind]
    if is_dataclass(kind):
        return _dataclass_decoder(cast("type[Any]", kind))
    arguments = get_args(kind)
    match get_origin(kind):
        case origin if origin is UnionType:
            (inner,) = (argument for argument in arguments if argument is not NoneType)
            decoder = _optional_decoder(_decoder_of(inner))
        case origin if origin is tuple:
            decoder = _tuple_decoder(_decoder_of(arguments[0]))
        case origin if origin is Literal:
            decoder = _literal_decoder(arguments)
        case origin if origin is Mapping:
            decoder = _mapping_decoder(arguments[0], _decoder_of(arguments[1]))
        case _:
            # dict[str, Any] is decoded later, by its content.
            decoder = _decode_object
    return decoder


def _optional_decoder(decode: Decoder) -> Decoder:
    return lambda value, path: None if value is None else decode(value, path)


def _tuple_decoder(decode: Decoder) -> Decoder:
    def decode_tuple(value: object, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _expected("a list", path)
        if len(value) > MAX_ITEMS:
            raise _expected(f"at most {MAX_ITEMS} items", path)
        return tuple(decode(item, f"{path}[{index}]") for index, item in enumerate(value))

    return decode_tuple


def _literal_decoder(choices: tuple[object, ...]) -> Decoder:
    def decode_literal(value: object, path: str) -> object:
        if value not in choices:
            raise _expected(f"one of {', '.join(map(str, choices))}", path)
        return value

    return decode_literal


def _mapping_decoder(key_type: type[str] | type[int], decode: Decoder) -> Decoder:
    def decode_mapping(value: object, path: str) -> dict[str | int, Any]:
        decoded = {}
        if len(items := _decode_object(value, path)) > MAX_ITEMS:
            raise _expected(f"at most {MAX_ITEMS} items", path)
        for key, item in items.items():
            try:
                # Keys of JSON objects are always texts.
                decoded[key_type(key)] = decode(item, f"{path}.{key}")
            except ValueError as error:
                raise _expected(f"a whole number instead of the key {key!r}", path) from error
        return decoded

    return decode_mapping


def _dataclass_decoder(message_type: type[Any]) -> Decoder:
    types = get_type_hints(message_type)
    decoders = {one.name: _decoder_of(types[one.name]) for one in fields(message_type)}
    required = {
        one.name
        for one in fields(message_type)
        if one.default is MISSING and one.default_factory is MISSING
    }

    def decode_dataclass(value: object, path: str) -> object:
        values = _decode_object(value, path)
        prefix = f"{path}." if path else ""
        missing = sorted(required - values.keys())
        if missing:
            raise MalformedMessageError(f"{prefix}{missing[0]}: missing")
        decoded = {
            name: decode(values[name], prefix + name)
            for name, decode in decoders.items()
            if name in values
        }
        return message_type(**decoded)

    return decode_dataclass
