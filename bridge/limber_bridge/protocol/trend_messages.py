"""Define the messages about many nights, described in docs/protocol.md."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final, Literal

import msgspec

from limber_bridge.detection.events import Certainty, FactorKind
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.trial import Arm
from limber_bridge.protocol.version import PROTOCOL

LAST_NIGHTS_MAX: Final = 1000
"""Largest value of `last` in a request; chosen: almost three years of nights."""

type LastNights = Annotated[int, msgspec.Meta(ge=1, le=LAST_NIGHTS_MAX)]


class TrendRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="trend"):
    """Request what is shown of many nights after a date, or only of the `last` ones of them."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    after: date | None = None
    last: LastNights | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendCramp:
    """Describe a cramp of a night; the fields are those of a `cramp` event."""

    id: str
    start: datetime
    certainty: Certainty | Literal["reported"]
    label: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendFactor:
    """Describe what was logged for a night; the fields are those of a `factor` event."""

    factor: FactorKind
    note: str | None
    start: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendTrial:
    """Describe the part of a night in a personal trial."""

    trial: str
    assigned: Arm
    done: bool | None
    """What the sleeper answered; null: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendNight:
    """Describe a night among many."""

    night: date
    hours_start: datetime | None
    """When the first of `movements_by_hour` begins: a full hour of the bridge's time zone."""
    movements_by_hour: tuple[int | None, ...]
    """Movements in bed; null: nothing was measured in bed in that hour."""
    cramps: tuple[TrendCramp, ...]
    factors: tuple[TrendFactor, ...]
    diary: DiaryEntry | None
    trial: TrendTrial | None = None
    """Null: no trial includes the night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendResponse:
    """Return a page of nights, oldest first."""

    v: int = PROTOCOL
    id: str
    ok: bool = True
    trend: tuple[TrendNight, ...]
    next: date | None
    """Value of `after` for the next page; null on the last page."""
