"""Define the messages about personal trials, described in docs/protocol.md."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

import msgspec

from limber_bridge.detection.events import FactorKind
from limber_bridge.domain.trial import (
    DEFAULT_OUTCOME,
    EARLY_LOOK_MIN_WEEKS,
    MAX_WASHOUT_NIGHTS,
    MAX_WEEKS,
    MIN_WEEKS,
    NAME_MAX_CHARACTERS,
    Arm,
    TrialStatus,
)
from limber_bridge.domain.trial_result import TrialVerdict

type TrialOutcome = Literal[
    "plm_index", "movement_index", "cramp", "sleep_h", "evening_symptoms", "sleep_quality"
]


class StartTrialRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="start_trial"
):
    """Start a personal trial with the next night."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    factor: FactorKind
    name: Annotated[str, msgspec.Meta(max_length=NAME_MAX_CHARACTERS)] | None = None
    """What the factor is called; required for `other`."""
    weeks: Annotated[int, msgspec.Meta(ge=MIN_WEEKS, le=MAX_WEEKS)]
    outcome: TrialOutcome = DEFAULT_OUTCOME
    washout_nights: Annotated[int, msgspec.Meta(ge=0, le=MAX_WASHOUT_NIGHTS)] | None = None
    """Null: the default of the factor."""
    early_look: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for contradictory values."""
        named = bool(self.name and self.name.split())
        if named is not (self.factor is FactorKind.OTHER):
            raise ValueError("`name` is required for the factor `other`, and only for that one")
        if self.early_look and self.weeks < EARLY_LOOK_MIN_WEEKS:
            raise ValueError(f"`early_look` needs `weeks` of at least {EARLY_LOOK_MIN_WEEKS}")


class StopTrialRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="stop_trial"
):
    """Stop the trial that is running; its nights up to the last one are compared."""

    v: int
    id: str
    reply_to: str
    sleeper: str


class AnswerTrialRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="answer_trial"
):
    """Say what was really done before a night of the trial."""

    v: int
    id: str
    reply_to: str
    sleeper: str
    done: bool
    night: date | None = None
    """Null: the oldest of the last seven past nights without an answer, else tonight."""


class TrialsRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="trials"):
    """Request all trials, the newest first."""

    v: int
    id: str
    reply_to: str
    sleeper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResultMessage:
    """Say what a trial has shown, by the schedule as it was drawn."""

    verdict: TrialVerdict
    effect: float | None
    """Relative change of an index, else the difference in the unit of the outcome."""
    low: float | None
    high: float | None
    p: float | None
    """One-sided, in the direction of the effect."""
    nights_with: int
    nights_without: int
    at_early_look: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMessage:
    """Describe a trial, without any figure while it is running."""

    id: str
    factor: FactorKind
    name: str | None
    outcome: str
    weeks: int
    washout_nights: int
    early_look: bool
    start: date
    end: date
    """Last night, as planned or as it came."""
    stopped: date | None
    """Last night of a trial that a person has stopped."""
    status: TrialStatus
    nights: int
    """Number of nights that were planned."""
    night_number: int | None
    """Number of tonight, from 1; null before the first night and after the last one."""
    answered: int
    followed: int
    """Answers that say what was planned."""
    result: TrialResultMessage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TonightTrial:
    """Describe the trial that is running, as far as it concerns tonight."""

    id: str
    factor: FactorKind
    name: str | None
    outcome: str
    night_number: int | None
    """Number of tonight, from 1; null before the first night."""
    nights: int
    start: date
    end: date
    tonight: Arm | None
    """What is planned for tonight; null before the first night."""
    question: date | None
    """A past night whose answer is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResponse:
    """Confirm that a trial was started."""

    v: int = 1
    id: str
    ok: bool = True
    trial: TrialMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialAnswerResponse:
    """Confirm that an answer was stored."""

    v: int = 1
    id: str
    ok: bool = True
    night: date
    """The night that the answer is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsResponse:
    """Return the trials, the newest first; the oldest are left out where not all of them fit."""

    v: int = 1
    id: str
    ok: bool = True
    trials: tuple[TrialMessage, ...]
