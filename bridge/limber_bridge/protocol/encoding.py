"""Events and nights -> MQTT messages, and questions out of them. Pure.

Law: whatever comes in is answered, refused, or named as something that cannot be answered.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import msgspec

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import (
    BedTransition,
    ClockStep,
    Cramp,
    Event,
    Factor,
    Gap,
    Method,
    Movement,
    PositionChange,
    RhythmicTrain,
    Series,
    SignalFault,
    Twitch,
    identity,
)
from limber_bridge.detection.measures import rounded
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.domain.nights import Night, to_utc
from limber_bridge.protocol.messages import (
    PROTOCOL,
    Ask,
    BedMessage,
    ClockMessage,
    CrampMessage,
    EventMessage,
    EventsRequest,
    EventsResponse,
    FactorMessage,
    GapMessage,
    Message,
    Methods,
    MovementMessage,
    NightDone,
    NightMessage,
    NightsRequest,
    NightsResponse,
    Refusal,
    SeriesMessage,
)

PAGE: Final = 32_000
"""Bytes of an answer, about: brokers and clients choke on large messages, and not always audibly.
"""
REPORTED: Final = "reported"
"""The certainty of a cramp that nothing but a person tells of."""
SAID_SO: Final = "somebody said so"
"""Its reason."""
LATER: Final = 4 * 10**15
"""What is added to the time (us) of a cramp that somebody reported for its number among the events
of a night: higher than that of any event in a journal, and exact in every JSON until 2128."""
ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
CLIENT: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What may stand for a client in its reply topic: a topic that a broker refuses would cut the
bridge off."""
QUESTIONS: Final = (
    "nights", "events", "end_night", "label", "reset_labels", "pause", "calibrate", "set", "log",
)  # fmt: skip
"""What can be asked; the tags of `Ask`."""


class _Envelope(msgspec.Struct, frozen=True):
    """What a question must have for it to be answered at all."""

    reply: str
    v: Any = None
    id: Any = None
    ask: Any = None


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
        return client != topic and CLIENT.fullmatch(client) is not None


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
    key = envelope.id if isinstance(envelope.id, str) else None
    refusal = refused(envelope, key)
    if refusal is not None:
        return envelope.reply, refusal
    try:
        return envelope.reply, msgspec.json.decode(payload, type=Ask)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # The envelope was read without looking into what else stands there.
        mend = f"{error}; section 5 of docs/protocol.md says what a question holds"
        return envelope.reply, Refusal(id=key, error="malformed", message=mend)


def refused(envelope: _Envelope, key: str | None) -> Refusal | None:
    """Return why a question is not even looked at; None if it is."""
    if not isinstance(envelope.v, int) or key is None:
        mend = f"write `v`: {PROTOCOL}, and `id`: a text of your own"
        return Refusal(id=key, error="malformed", message=mend)
    if envelope.v != PROTOCOL:
        older = "asker" if envelope.v < PROTOCOL else "bridge"
        mend = f"protocol {envelope.v} is not {PROTOCOL}: update the {older}"
        return Refusal(id=key, error="version", message=mend)
    if envelope.ask not in QUESTIONS:
        mend = f"this bridge answers {', '.join(QUESTIONS)}; if it should know more, update it"
        return Refusal(id=key, error="unknown_question", message=mend)
    return None


def event_message(event: Event, night: date, known: int | None = None) -> EventMessage | None:
    """Return an event as it is told to others; None for one that is not. `known` (us) is when it
    could be known.
    """
    message = untimed(event, night)
    return message if message is None or known is None else replace(message, known=to_utc(known))


def untimed(event: Event, night: date) -> EventMessage | None:
    """Return an event as it is told to those who ask for it later."""
    key = identity(event)
    start = to_utc(event.onset)
    match event:
        case Movement():
            return MovementMessage(
                id=key,
                kind="movement",
                night=night,
                start=start,
                end=to_utc(event.end),
                duration=event.duration / SECOND,
                side=event.side,
                peak=round(event.peak, 4),
                grade=event.grade,
                candidate=event.candidate,
            )
        case Series():
            phase = "ended" if event.ended else "confirmed"
            return SeriesMessage(
                id=f"{key}-{phase}",
                kind="series",
                night=night,
                start=start,
                end=to_utc(event.end),
                movements=event.movements,
                ended=event.ended,
            )
        case BedTransition():
            return BedMessage(id=key, kind="bed", night=night, start=start, in_bed=event.in_bed)
        case Cramp():
            phase, end = ("started", None) if event.end is None else ("ended", to_utc(event.end))
            return CrampMessage(
                id=f"{key}-{phase}",
                kind="cramp",
                night=night,
                start=start,
                end=end,
                certainty=event.certainty,
                reason=event.reason,
                strength=None if event.strength is None else round(event.strength, 2),
            )
        case Gap() | ClockStep() | Factor():
            return untimed_other(event, night)
        case PositionChange() | Twitch() | RhythmicTrain() | SignalFault():
            return None


def untimed_other(event: Gap | ClockStep | Factor, night: date) -> EventMessage:
    """Return what no sensor saw: a break in what was measured or in its time, and what somebody
    said.
    """
    key = identity(event)
    start = to_utc(event.onset)
    match event:
        case Gap():
            return GapMessage(
                id=key,
                kind="gap",
                night=night,
                start=start,
                end=to_utc(event.end),
                sensor=event.sensor,
            )
        case ClockStep():
            return ClockMessage(
                id=key, kind="clock", night=night, start=start, by=event.by / SECOND
            )
        case Factor():
            return FactorMessage(
                id=key,
                kind="factor",
                night=night,
                start=start,
                factor=event.factor,
                note=event.note,
            )


def labelled(message: EventMessage, event: Event, said: Mapping[str, bool]) -> EventMessage:
    """Return the message of an event with what was said of it; `said` goes by the id of the event."""
    return (
        replace(message, label=said.get(identity(event)))
        if isinstance(message, CrampMessage)
        else message
    )


def reported(label: Label, night: date) -> CrampMessage:
    """Return what somebody called a cramp though nothing was recognised: it begins at the moment
    that they named.
    """
    return CrampMessage(
        id=label.id,
        kind="cramp",
        night=night,
        start=to_utc(label.time),
        end=None,
        certainty=REPORTED,
        reason=SAID_SO,
        strength=None,
        label=True,
    )


def event_id(told: str) -> str:
    """Return the id of an event, which may be told as begun and as ended."""
    return told.removesuffix("-started").removesuffix("-ended")


def night_done(night: Night, finished_at: int) -> NightDone:
    """Return the event that tells of a finished night; `finished_at` in us."""
    return NightDone(
        id=f"night-{night.date}-{night.revision}",
        kind="night",
        night=night.date,
        start=to_utc(finished_at),
        revision=night.revision,
    )


def night_message(night: Night) -> NightMessage:
    """Return a finished night as it is told to others."""
    return NightMessage(
        night=night.date,
        revision=night.revision,
        start=None if night.start is None else to_utc(night.start),
        end=None if night.end is None else to_utc(night.end),
        rules=night.rules,
        sensitivity=night.sensitivity,
        methods=methods(night.in_bed_method),
        measures=rounded(night.measures),
    )


def methods(in_bed: Method | None) -> Methods:
    """Return what the estimates of a night rest on."""
    return Methods(in_bed=in_bed, asleep=None if in_bed is None else ASLEEP_METHOD)


def nights_answer(ask: NightsRequest, nights: list[Night], *, more: bool) -> NightsResponse:
    """Return as many of the nights as fit into a page; `more`: there are others behind them."""
    page = page_of([night_message(night) for night in nights])
    more = more or len(page) < len(nights)
    return NightsResponse(
        id=ask.id, nights=tuple(page), next=page[-1].night if more and page else None
    )


def events_answer(
    ask: EventsRequest, entries: list[tuple[int, EventMessage]], *, more: bool
) -> EventsResponse:
    """Return as many of the numbered events as fit into a page; `more`: there are others behind
    them.
    """
    page = page_of([message for _, message in entries])
    more = more or len(page) < len(entries)
    return EventsResponse(
        id=ask.id, events=tuple(page), next=entries[len(page) - 1][0] if more and page else None
    )


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
