"""What happened to a sleeper: the records of `event`, and of the response to `events`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from .json_decoding import Name


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
    certainty: Name
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

    factor: Name
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepEvent(BaseEvent):
    """The sleeper was asleep from `start` to `end`, as far as it can be estimated."""

    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChangeEvent(BaseEvent):
    """The sleeper turned over from `start` to `end`."""

    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEvent(BaseEvent):
    """A personal trial has started or ended."""

    trial: str
    """Id of the trial."""
    factor: Name
    name: Name | None = None
    phase: Literal["started", "finished", "stopped"]


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
    | SleepEvent
    | PositionChangeEvent
    | TrialEvent
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
    "sleep": SleepEvent,
    "position_change": PositionChangeEvent,
    "trial": TrialEvent,
}
"""By `kind`."""
