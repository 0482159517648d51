"""Messages of protocol version 1: JSON payloads to typed messages, and requests to payloads. Pure.

The dataclasses of this module and of the modules `wire_*` are the schema: the types of their
fields say how `json_decoding` checks and converts a payload. docs/protocol.md explains every field.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from .json_decoding import MalformedMessageError, Name, decode, expected
from .limits import (
    ID,
    MAX_EFFECTS,
    MAX_HOURS,
    MAX_PAYLOAD,
    MAX_REPORT_BYTES,
    MAX_SENSORS,
    MAX_SLEEPERS,
    MAX_TRIALS,
    TIME_ZONE,
    is_instance,
    is_page_url,
)
from .wire_diary import Diary, FactorEffect, TrendNight
from .wire_events import EVENT_TYPES, Event
from .wire_info import Info
from .wire_nights import Night
from .wire_state import State
from .wire_trials import Trial

PROTOCOL_VERSION: Final = 1


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
    night: date | None = None
    """The night that an answer about a trial is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request was refused."""

    id: str | None
    error: str
    """Code, for programs."""
    message: str
    """Explanation, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendResponse:
    """A page of nights with what was logged for them, oldest first."""

    id: str
    trend: tuple[TrendNight, ...]
    next: date | None
    """Request the next page with `after` set to it; None: this is the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsResponse:
    """How nights with and without each factor differ."""

    id: str
    effects: tuple[FactorEffect, ...]
    nights: int
    """Nights that were compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryResponse:
    """A diary entry was stored."""

    id: str
    night: date
    diary: Diary


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsResponse:
    """All trials of a sleeper, newest first."""

    id: str
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResponse:
    """A trial was started."""

    id: str
    trial: Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """A part of a report."""

    id: str
    """Of the report; the next page is requested with it."""
    file_name: Name
    media_type: Name
    size: int
    """Of the whole report (bytes)."""
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResponse:
    """A page of a report."""

    id: str
    report: ReportPage
    next: int | None
    """Request the next page with `after` set to it; None: this is the last page."""


type Response = (
    NightsResponse
    | EventsResponse
    | TrendResponse
    | EffectsResponse
    | DiaryResponse
    | TrialsResponse
    | TrialResponse
    | ReportResponse
    | Done
    | Refusal
)

RESPONSE_TYPES: Final[Mapping[str, type[Response]]] = {
    "trend": TrendResponse,
    # Before `nights`, which is the number of nights in this response.
    "effects": EffectsResponse,
    "nights": NightsResponse,
    "diary": DiaryResponse,
    "trials": TrialsResponse,
    "trial": TrialResponse,
    "report": ReportResponse,
}
"""By the key that only responses of that type have."""


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
    values = _load(payload)
    # What is not as it should be counts as missing: a bridge is of use without it.
    for key, is_valid in (("instance", is_instance), ("url", is_page_url)):
        value = values.get(key)
        if not isinstance(value, str) or not is_valid(value):
            values[key] = None
    info = decode(Info, values)
    if len(info.sleepers) > MAX_SLEEPERS:
        raise expected(f"at most {MAX_SLEEPERS} sleepers", "sleepers")
    if TIME_ZONE.fullmatch(info.time_zone) is None:
        # It becomes part of a path when the rules of the zone are read.
        raise expected("the name of a time zone, such as Europe/Berlin", "time_zone")
    for index, sleeper in enumerate(info.sleepers):
        # Ids become parts of topics, unique ids and statistics.
        if ID.fullmatch(sleeper.id) is None:
            raise expected("an id of letters, digits and underscores", f"sleepers[{index}].id")
        if len(sleeper.sensors) > MAX_SENSORS:
            raise expected(f"at most {MAX_SENSORS} sensors", f"sleepers[{index}].sensors")
    return info


def parse_state(payload: str) -> State:
    """Parse the payload of a sleeper's `state`."""
    return decode(State, _load(payload))


def parse_event(payload: str) -> Event | None:
    """Parse the payload of an event; return None for a kind that only a newer bridge knows."""
    return _decode_event(_load(payload))


def parse_response(payload: str) -> Response:
    """Parse the response to a request."""
    values = _load(payload)
    if values.get("ok") is not True:
        return decode(Refusal, values)
    if "events" in values:
        page = decode(_EventsPage, values)
        decoded = [_decode_event(event) for event in page.events]
        events = tuple(event for event in decoded if event is not None)
        return EventsResponse(id=page.id, events=events, next=page.next)
    kinds = (kind for key, kind in RESPONSE_TYPES.items() if key in values)
    response = decode(next(kinds, Done), values)
    _check_limits(response)
    return response


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
    return None if event_type is None else decode(event_type, values)


def _check_limits(response: Response) -> None:
    """Raise MalformedMessageError for lists that no bridge makes as long."""
    match response:
        case TrendResponse():
            for index, night in enumerate(response.trend):
                if len(night.movements_by_hour) > MAX_HOURS:
                    path = f"trend[{index}].movements_by_hour"
                    raise expected(f"at most {MAX_HOURS} hours", path)
        case EffectsResponse() if len(response.effects) > MAX_EFFECTS:
            raise expected(f"at most {MAX_EFFECTS} effects", "effects")
        case TrialsResponse() if len(response.trials) > MAX_TRIALS:
            raise expected(f"at most {MAX_TRIALS} trials", "trials")
        case ReportResponse() if not 0 < response.report.size <= MAX_REPORT_BYTES:
            raise expected(f"a report of at most {MAX_REPORT_BYTES} bytes", "report.size")
        case _:
            pass
