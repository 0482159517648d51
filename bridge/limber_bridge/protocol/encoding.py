"""Encode events and nights as MQTT messages, and parse requests; pure functions.

Every request gets a response or a refusal. Only a request without a usable reply topic raises
`MalformedMessageError`, because a refusal could not be sent anywhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import msgspec

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import (
    Awakening,
    BedTransition,
    ClockStep,
    Cramp,
    Event,
    Factor,
    Gap,
    Method,
    Movement,
    PlacementCheck,
    PositionChange,
    RhythmicTrain,
    Series,
    SignalFault,
    Twitch,
    event_id,
)
from limber_bridge.detection.measures import round_measures
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.detection.spans import Span
from limber_bridge.domain.nights import Import, Night, to_utc
from limber_bridge.protocol.event_messages import (
    AwakeningMessage,
    BedMessage,
    ClockStepMessage,
    CrampMessage,
    EventMessage,
    FactorMessage,
    GapMessage,
    MovementMessage,
    NightFinishedMessage,
    PositionChangeMessage,
    SeriesMessage,
    SleepMessage,
)
from limber_bridge.protocol.messages import (
    EventsResponse,
    ImportInfo,
    Message,
    Methods,
    NightMessage,
    NightsResponse,
    Refusal,
)
from limber_bridge.protocol.request_messages import EventsRequest, NightsRequest, Request
from limber_bridge.protocol.trend_messages import TrendNight, TrendRequest, TrendResponse
from limber_bridge.protocol.version import PROTOCOL

PAGE_MAX_BYTES: Final = 32_000
"""Approximate size of a response; chosen: brokers and clients may drop larger messages silently."""
CERTAINTY_REPORTED: Final = "reported"
"""Certainty of a cramp that only the sleeper reported."""
REPORTED_REASON: Final = "reported by the sleeper"
REPORTED_NUMBER_OFFSET: Final = 4 * 10**15
"""Added to the time (us) of a reported cramp to number it among the events of a night.

The sum is above every event number in a journal, and exact as a JSON number until 2128.
"""
SLEEP_NUMBER_OFFSET: Final = 2 * 10**15
"""Added to the begin (us) of a time asleep to number it after the measured events of a night, and
before the reported cramps of that night."""
ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
CLIENT_PATTERN: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""Last level of a reply topic; a topic that the broker refuses would end the connection."""
COMMANDS: Final = (
    "nights", "events", "end_night", "label", "reset_labels", "pause", "calibrate", "set", "log",
    "bed", "relay", "diary", "trend", "effects", "report", "start_trial", "stop_trial",
    "answer_trial", "trials",
)  # fmt: skip
"""Commands of requests; the tags of `Request`."""


class _Envelope(msgspec.Struct, frozen=True):
    """Hold the fields that a request needs to get any response."""

    reply_to: str
    v: Any = None
    id: Any = None
    command: Any = None


class MalformedMessageError(Exception):
    """A request that cannot even be refused; the text says why."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Build the topics of one bridge."""

    base: str
    bridge: str
    senders: tuple[int, ...] = ()
    """Ids of the sensors that send over the broker."""

    @property
    def root(self) -> str:
        """Return the prefix of all topics of the bridge."""
        return f"{self.base}/{self.bridge}"

    @property
    def status(self) -> str:
        """Return the topic of the bridge's availability: retained, and the last will."""
        return f"{self.root}/status"

    @property
    def info(self) -> str:
        """Return the topic of the bridge's description: retained."""
        return f"{self.root}/info"

    @property
    def request(self) -> str:
        """Return the topic on which clients send requests."""
        return f"{self.root}/request"

    @property
    def responses(self) -> str:
        """Return the prefix of all reply topics, with its final slash."""
        return f"{self.root}/response/"

    def ingest(self, sensor: int) -> str:
        """Return the topic on which a sensor sends."""
        return f"{self.root}/ingest/{sensor}"

    def sender_of(self, topic: str) -> int | None:
        """Return the id of the sensor that sends on a topic; None for any other topic."""
        return next((sensor for sensor in self.senders if topic == self.ingest(sensor)), None)

    def state(self, sleeper: str) -> str:
        """Return the topic of a sleeper's state: retained."""
        return f"{self.root}/{sleeper}/state"

    def event(self, sleeper: str) -> str:
        """Return the topic of a sleeper's events: never retained."""
        return f"{self.root}/{sleeper}/event"

    def is_response(self, topic: str) -> bool:
        """Return whether a topic is a reply topic of exactly one client of this bridge."""
        client = topic.removeprefix(self.responses)
        return client != topic and CLIENT_PATTERN.fullmatch(client) is not None


def encode(message: Message) -> bytes:
    """Encode a message as its JSON payload."""
    return msgspec.json.encode(message)


def parse_request(payload: bytes, topics: Topics) -> tuple[str, Request | Refusal]:
    """Parse a request; return its reply topic and the request, or the refusal to send.

    Raises MalformedMessageError if there is no reply topic to send a refusal to.
    """
    if len(payload) > PAGE_MAX_BYTES:
        raise MalformedMessageError(f"malformed request: {len(payload)} bytes")
    try:
        envelope = msgspec.json.decode(payload, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessageError(f"malformed request: {error}") from error
    if not topics.is_response(envelope.reply_to):
        reply_to = envelope.reply_to[:80]
        raise MalformedMessageError(
            f"malformed request: reply_to {reply_to!r} is not below {topics.responses}"
        )
    key = envelope.id if isinstance(envelope.id, str) else None
    refusal = check_envelope(envelope, key)
    if refusal is not None:
        return envelope.reply_to, refusal
    try:
        return envelope.reply_to, msgspec.json.decode(payload, type=Request)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Decoding the envelope checked none of the other fields.
        message = f"{error}; section 5 of docs/protocol.md describes each request"
        return envelope.reply_to, Refusal(id=key, error="malformed", message=message)


def check_envelope(envelope: _Envelope, key: str | None) -> Refusal | None:
    """Return a refusal for a request of an unknown version or command; None if both are known."""
    if not isinstance(envelope.v, int) or key is None:
        message = f"write `v`: {PROTOCOL}, and `id`: any text"
        return Refusal(id=key, error="malformed", message=message)
    if envelope.v != PROTOCOL:
        older = "client" if envelope.v < PROTOCOL else "bridge"
        message = f"protocol {envelope.v} is not {PROTOCOL}: update the {older}"
        return Refusal(id=key, error="unsupported_version", message=message)
    if envelope.command not in COMMANDS:
        message = f"this bridge accepts {', '.join(COMMANDS)}; for newer commands, update it"
        return Refusal(id=key, error="unknown_command", message=message)
    return None


def encode_event(event: Event, night: date, known_at: int | None = None) -> EventMessage | None:
    """Encode an event of a night; return None for an event that is not published.

    `known_at` is the earliest time (us) at which the event could be known; None in responses.
    """
    message = _encode_untimed(event, night)
    if message is None or known_at is None:
        return message
    return replace(message, known_at=to_utc(known_at))


def encode_stored_event(event: Event, night: date) -> EventMessage | None:
    """Encode an event of a night for a response; return None for an event that clients do not get.

    Responses have more kinds of events than are published.
    """
    if isinstance(event, PositionChange):
        return PositionChangeMessage(
            id=event_id(event),
            kind="position_change",
            night=night,
            start=to_utc(event.onset),
            end=to_utc(event.end),
        )
    return encode_event(event, night)


def encode_sleep(span: Span, night: date) -> SleepMessage:
    """Encode a time (us) asleep."""
    begin, end = span
    return SleepMessage(
        id=f"sleep-{begin}", kind="sleep", night=night, start=to_utc(begin), end=to_utc(end)
    )


def _encode_untimed(event: Event, night: date) -> EventMessage | None:
    """Encode an event without `known_at`; return None for an event that is not published."""
    match event:
        case Movement():
            return _encode_movement(event, night)
        case Series():
            return _encode_series(event, night)
        case Cramp():
            return encode_cramp(event, night)
        case BedTransition() | Gap() | ClockStep() | Factor() | Awakening():
            return _encode_other(event, night)
        case PositionChange() | Twitch() | RhythmicTrain() | SignalFault() | PlacementCheck():
            return None


def _encode_other(
    event: BedTransition | Gap | ClockStep | Factor | Awakening, night: date
) -> EventMessage:
    """Encode an event that is not about a movement or a cramp."""
    match event:
        case BedTransition():
            return BedMessage(
                id=event_id(event),
                kind="bed",
                night=night,
                start=to_utc(event.onset),
                in_bed=event.in_bed,
            )
        case Gap():
            return GapMessage(
                id=event_id(event),
                kind="gap",
                night=night,
                start=to_utc(event.onset),
                end=to_utc(event.end),
                sensor=event.sensor,
            )
        case ClockStep():
            return ClockStepMessage(
                id=event_id(event),
                kind="clock_step",
                night=night,
                start=to_utc(event.onset),
                offset=event.by / SECOND,
            )
        case Awakening():
            return AwakeningMessage(
                id=event_id(event), kind="awakening", night=night, start=to_utc(event.onset)
            )
        case Factor():
            return FactorMessage(
                id=event_id(event),
                kind="factor",
                night=night,
                start=to_utc(event.onset),
                factor=event.factor,
                note=event.note,
            )


def _encode_movement(event: Movement, night: date) -> MovementMessage:
    return MovementMessage(
        id=event_id(event),
        kind="movement",
        night=night,
        start=to_utc(event.onset),
        end=to_utc(event.end),
        duration=event.duration / SECOND,
        side=event.side,
        peak=round(event.peak, 4),
        grade=event.grade,
        candidate=event.candidate,
    )


def _encode_series(event: Series, night: date) -> SeriesMessage:
    phase = "ended" if event.ended else "confirmed"
    return SeriesMessage(
        id=f"{event_id(event)}-{phase}",
        kind="series",
        night=night,
        start=to_utc(event.onset),
        end=to_utc(event.end),
        movements=event.movements,
        ended=event.ended,
    )


def encode_cramp(event: Cramp, night: date, *, label: bool | None = None) -> CrampMessage:
    """Encode a cramp that was recognized; `label`: what the sleeper said of it."""
    phase = "started" if event.end is None else "ended"
    return CrampMessage(
        id=f"{event_id(event)}-{phase}",
        kind="cramp",
        night=night,
        start=to_utc(event.onset),
        end=None if event.end is None else to_utc(event.end),
        certainty=event.certainty,
        reason=event.reason,
        strength=None if event.strength is None else round(event.strength, 2),
        label=label,
    )


def add_label(message: EventMessage, event: Event, labels: Mapping[str, bool]) -> EventMessage:
    """Return a cramp's message with the sleeper's label; other messages as they are.

    `labels` maps ids of events to whether the sleeper called them a cramp.
    """
    if not isinstance(message, CrampMessage):
        return message
    return replace(message, label=labels.get(event_id(event)))


def encode_reported_cramp(label: Label, night: date) -> CrampMessage:
    """Encode a cramp that the sleeper reported and no sensor recognized."""
    return CrampMessage(
        id=label.id,
        kind="cramp",
        night=night,
        start=to_utc(label.time),
        end=None,
        certainty=CERTAINTY_REPORTED,
        reason=REPORTED_REASON,
        strength=None,
        label=True,
    )


def strip_phase(message_id: str) -> str:
    """Return the id of an event from the id of its message, which may end in the event's phase."""
    return message_id.removesuffix("-started").removesuffix("-ended")


def encode_night_finished(night: Night, finished_at: int) -> NightFinishedMessage:
    """Encode the event that a night was finished or revised, at `finished_at` (us)."""
    return NightFinishedMessage(
        id=f"night-{night.date}-{night.revision}",
        kind="night",
        night=night.date,
        start=to_utc(finished_at),
        revision=night.revision,
    )


def encode_night(night: Night) -> NightMessage:
    """Encode a finished night."""
    return NightMessage(
        night=night.date,
        revision=night.revision,
        start=None if night.start is None else to_utc(night.start),
        end=None if night.end is None else to_utc(night.end),
        rules=night.rules,
        sensitivity=night.sensitivity,
        methods=encode_methods(night.in_bed_method),
        measures=round_measures(night.measures),
        imported=encode_import(night.imported),
    )


def encode_import(imported: Import | None) -> ImportInfo | None:
    """Encode where an imported night comes from."""
    if imported is None:
        return None
    return ImportInfo(
        recording=imported.recording, batch=imported.batch, time=to_utc(imported.time)
    )


def encode_methods(in_bed: Method | None) -> Methods:
    """Return the methods of a night; sleep is only estimated where `in_bed` is."""
    return Methods(in_bed=in_bed, asleep=None if in_bed is None else ASLEEP_METHOD)


def nights_response(
    request: NightsRequest, nights: list[Night], *, more: bool, max_bytes: int = PAGE_MAX_BYTES
) -> NightsResponse:
    """Return a page with the first nights that fit; `more`: others follow these."""
    page = fit_page([encode_night(night) for night in nights], max_bytes)
    more = more or len(page) < len(nights)
    return NightsResponse(
        id=request.id, nights=tuple(page), next=page[-1].night if more and page else None
    )


def events_response(
    request: EventsRequest,
    entries: list[tuple[int, EventMessage]],
    *,
    more: bool,
    max_bytes: int = PAGE_MAX_BYTES,
) -> EventsResponse:
    """Return a page with the first numbered events that fit; `more`: others follow these."""
    page = fit_page([message for _, message in entries], max_bytes)
    more = more or len(page) < len(entries)
    return EventsResponse(
        id=request.id,
        events=tuple(page),
        next=entries[len(page) - 1][0] if more and page else None,
    )


def trend_response(
    request: TrendRequest, nights: list[TrendNight], *, more: bool, max_bytes: int
) -> TrendResponse:
    """Return a page with the first nights that fit; `more`: others follow these."""
    page = fit_page(nights, max_bytes)
    more = more or len(page) < len(nights)
    return TrendResponse(
        id=request.id, trend=tuple(page), next=page[-1].night if more and page else None
    )


def fit_page[M](messages: list[M], max_bytes: int) -> list[M]:
    """Return the first messages that fit into some bytes, at least one."""
    page: list[M] = []
    size = 0
    for message in messages:
        size += len(msgspec.json.encode(message)) + 1
        if page and size > max_bytes:
            break
        page.append(message)
    return page
