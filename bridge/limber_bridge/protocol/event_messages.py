"""Define the messages about events, described in docs/protocol.md."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from limber_bridge.detection.events import Certainty, FactorKind, Grade
from limber_bridge.protocol.version import PROTOCOL


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepMessage(_EventBase):
    """Describe a time asleep, as estimated; only in responses."""

    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChangeMessage(_EventBase):
    """Describe a change of the position of the body or a limb; only in responses."""

    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEventMessage(_EventBase):
    """Report that a trial was started, has finished or was stopped; only published live."""

    trial: str
    factor: FactorKind
    name: str | None
    phase: Literal["started", "finished", "stopped"]


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
    | SleepMessage
    | PositionChangeMessage
    | TrialEventMessage
)
