"""Events and nights -> MQTT messages, protocol version 1 (contracts, section 3; every kind stands in `contract/`).

Law: pure. The classes are the format: their fields are the keys of the JSON, in these units. Times of day are UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Final

import msgspec

from limber_bridge.detection.events import (
    Bed,
    Certainty,
    Cramp,
    Event,
    Gap,
    Grade,
    Method,
    Movement,
    Posture,
    Series,
    identity,
)
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import SECOND, Place, Quantity, Side
from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.nights import Night, utc

PROTOCOL: Final = 1
PAGE: Final = 32_000
"""Bytes of an answer, about: brokers and clients choke on large messages, and not always audibly."""
ONLINE: Final = b"online"
OFFLINE: Final = b"offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorInfo:
    """What a sensor is."""

    id: int
    place: Place
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """What the estimates rest on."""

    in_bed: Method | None
    asleep: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrampNow:
    """A cramp in progress."""

    start: datetime
    certainty: Certainty
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """The night that is not over yet."""

    night: date
    measures: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class NightMessage:
    """A finished night."""

    night: date
    revision: int
    start: datetime | None
    end: datetime | None
    rules: str
    methods: Methods
    measures: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`<base>/<bridge>/<sleeper>/state`, retained: everything that is true now."""

    v: int = PROTOCOL
    time: datetime
    in_bed: bool | None
    asleep: bool | None
    cramp: CrampNow | None
    tonight: Tonight
    last_night: NightMessage | None
    methods: Methods
    sensors: Mapping[str, SensorHealth]
    """By sensor id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Happened:
    """What every event has in common."""

    v: int = PROTOCOL
    id: str
    kind: str
    night: date
    start: datetime


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
    certainty: Certainty
    reason: str


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


type EventMessage = MovementMessage | SeriesMessage | CrampMessage | BedMessage | NightDone | GapMessage


class AskNights(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="nights"):
    """The nights that were finished after a date are asked for."""

    v: int
    id: str
    reply: str
    sleeper: str
    after: date | None = None


class AskEvents(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="events"):
    """What happened in a night is asked for; `after` is `next` of the page before."""

    v: int
    id: str
    reply: str
    sleeper: str
    night: date
    after: int = 0


class AskEndNight(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="end_night"):
    """Tonight shall end now."""

    v: int
    id: str
    reply: str
    sleeper: str


type Ask = AskNights | AskEvents | AskEndNight


@dataclass(frozen=True, slots=True, kw_only=True)
class NightsAnswer:
    """A page of nights, oldest first."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    nights: tuple[NightMessage, ...]
    next: date | None
    """Ask again with `after` set to this; null: there are no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsAnswer:
    """A page of events, in order of arrival."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    events: tuple[EventMessage, ...]
    next: int | None
    """As in `NightsAnswer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneAnswer:
    """A command was carried out."""

    v: int = PROTOCOL
    id: str
    ok: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A question could not be answered."""

    v: int = PROTOCOL
    id: str | None
    ok: bool = False
    error: str
    """A word: `version`, `malformed`, `unknown_sleeper`, `too_late`."""
    message: str
    """For a person: what to do."""


type Answer = NightsAnswer | EventsAnswer | DoneAnswer | Refusal


class _Envelope(msgspec.Struct, frozen=True):
    """What a question must have for it to be answered at all."""

    v: int
    id: str
    reply: str


class MalformedMessageError(Exception):
    """A question that cannot be answered even with a refusal; the text says why."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one bridge."""

    base: str
    bridge: str

    @property
    def root(self) -> str:
        """What all topics of the bridge begin with."""
        return f"{self.base}/{self.bridge}"

    @property
    def status(self) -> str:
        """Retained, and the last will."""
        return f"{self.root}/status"

    @property
    def info(self) -> str:
        """Retained."""
        return f"{self.root}/info"

    @property
    def ask(self) -> str:
        """Where questions come in."""
        return f"{self.root}/ask"

    def state(self, sleeper: str) -> str:
        """Retained."""
        return f"{self.root}/{sleeper}/state"

    def event(self, sleeper: str) -> str:
        """Never retained."""
        return f"{self.root}/{sleeper}/event"

    def is_answer(self, topic: str) -> bool:
        """Return whether a reply may go to a topic: to one client of this bridge and nowhere else."""
        client = topic.removeprefix(f"{self.root}/answer/")
        return client != topic and bool(client) and not set(client) & set("/+#\0")


type Message = Info | State | EventMessage | Answer


def encode(message: Message) -> bytes:
    """Return a message as its payload."""
    return msgspec.json.encode(message)


def parse_ask(payload: bytes, topics: Topics) -> tuple[str, Ask | Refusal]:
    """Return the reply topic of a question and the question, or what to answer instead.

    Raises MalformedMessageError where there is nowhere to answer.
    """
    if len(payload) > PAGE:
        raise MalformedMessageError(f"a question of {len(payload)} bytes")
    try:
        envelope = msgspec.json.decode(payload, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessageError(f"a question that is none: {error}") from error
    if not topics.is_answer(envelope.reply):
        raise MalformedMessageError(f"a question with the reply topic {envelope.reply[:80]!r}")
    if envelope.v != PROTOCOL:
        older = "asker" if envelope.v < PROTOCOL else "bridge"
        return envelope.reply, Refusal(
            id=envelope.id, error="version", message=f"protocol {envelope.v} is not {PROTOCOL}: update the {older}"
        )
    try:
        return envelope.reply, msgspec.json.decode(payload, type=Ask)
    except msgspec.ValidationError as error:
        return envelope.reply, Refusal(id=envelope.id, error="malformed", message=str(error))


def event_message(event: Event, night: date) -> EventMessage | None:
    """Return an event as it is told to others; None for one that is not."""
    key, start = identity(event), utc(event.onset)
    match event:
        case Movement():
            return MovementMessage(
                id=key, kind="movement", night=night, start=start, end=utc(event.end),
                duration=event.duration / SECOND, side=event.side, peak=round(event.peak, 4), grade=event.grade,
                candidate=event.candidate,
            )  # fmt: skip
        case Series():
            phase = "ended" if event.ended else "confirmed"
            return SeriesMessage(
                id=f"{key}-{phase}", kind="series", night=night, start=start, end=utc(event.end),
                movements=event.movements, ended=event.ended,
            )  # fmt: skip
        case Bed():
            return BedMessage(id=key, kind="bed", night=night, start=start, in_bed=event.in_bed)
        case Cramp():
            phase, end = ("started", None) if event.end is None else ("ended", utc(event.end))
            return CrampMessage(
                id=f"{key}-{phase}", kind="cramp", night=night, start=start, end=end, certainty=event.certainty,
                reason=event.reason,
            )  # fmt: skip
        case Gap():
            return GapMessage(id=key, kind="gap", night=night, start=start, end=utc(event.end), sensor=event.sensor)
        case Posture():
            return None


def night_done(night: Night, finished_at: int) -> NightDone:
    """Return the event that tells of a finished night; `finished_at` in us."""
    return NightDone(
        id=f"night-{night.date}-{night.revision}", kind="night", night=night.date, start=utc(finished_at),
        revision=night.revision,
    )  # fmt: skip


def night_message(night: Night) -> NightMessage:
    """Return a finished night as it is told to others."""
    return NightMessage(
        night=night.date,
        revision=night.revision,
        start=None if night.start is None else utc(night.start),
        end=None if night.end is None else utc(night.end),
        rules=night.rules,
        methods=methods(night.in_bed_method),
        measures=rounded(night.measures),
    )


def methods(in_bed: Method | None) -> Methods:
    """Return what the estimates of a night rest on."""
    return Methods(in_bed=in_bed, asleep=None if in_bed is None else ASLEEP_METHOD)


def rounded(measures: Measures) -> Measures:
    """Return measures with no more digits than they are worth."""
    values: dict[str, Any] = {field.name: getattr(measures, field.name) for field in fields(measures)}
    digits: dict[str, Any] = {key: round(value, 4) for key, value in values.items() if isinstance(value, float)}
    return replace(measures, **digits)


def nights_answer(ask: AskNights, nights: list[Night], *, more: bool) -> NightsAnswer:
    """Return as many of the nights as fit into a page; `more`: there are others behind them."""
    page = page_of([night_message(night) for night in nights])
    more = more or len(page) < len(nights)
    return NightsAnswer(id=ask.id, nights=tuple(page), next=page[-1].night if more and page else None)


def events_answer(ask: AskEvents, entries: list[tuple[int, EventMessage]], *, more: bool) -> EventsAnswer:
    """Return as many of the numbered events as fit into a page; `more`: there are others behind them."""
    page = page_of([message for _, message in entries])
    more = more or len(page) < len(entries)
    return EventsAnswer(id=ask.id, events=tuple(page), next=entries[len(page) - 1][0] if more and page else None)


def page_of[M: (NightMessage, EventMessage)](messages: list[M]) -> list[M]:
    """Return the first messages that fit into a page, at least one."""
    page: list[M] = []
    size = 0
    for message in messages:
        size += len(msgspec.json.encode(message)) + 1
        if page and size > PAGE:
            break
        page.append(message)
    return page
