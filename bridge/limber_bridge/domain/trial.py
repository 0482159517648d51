"""A personal trial: one person, one factor, a schedule drawn at random. Pure.

The plan is drawn once and never changes: it belongs to dates, so neither a restart nor a clock that
was set changes which night has what. What is known of the nights only decides the result, which
`domain.trial_result` computes. docs/science.md#personal-trials has the design and its sources.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Self

from limber_bridge.detection.events import FactorKind

MIN_WEEKS: Final = 2
MAX_WEEKS: Final = 8
MAX_WASHOUT_NIGHTS: Final = 7
EARLY_LOOK_MIN_WEEKS: Final = 6
"""Shortest trial with an early look. chosen: half of a shorter one has too few nights."""
NAME_MAX_CHARACTERS: Final = 40
"""Length of the name of another factor. chosen: it fits into a table of the report."""
DEFAULT_OUTCOME: Final = "plm_index"
TRIAL_OUTCOMES: Final = (
    "plm_index", "movement_index", "cramp", "sleep_h", "evening_symptoms", "sleep_quality",
)  # fmt: skip
"""What a trial may compare."""
HIGHER_IS_BETTER: Final = frozenset(("sleep_h", "sleep_quality"))
"""Outcomes of which more is an improvement."""
SLOW_FACTORS: Final[Mapping[FactorKind, int]] = {FactorKind.MAGNESIUM: 3, FactorKind.MEDICINE: 3}
"""Default wash-out nights of factors that act for days. chosen: see docs/science.md#wash-out."""
ASKED_NIGHTS: Final = 7
"""Past nights of which a person is still asked what was done. chosen: a week; memory fades."""


class Arm(StrEnum):
    """What the plan says for a night."""

    WITH = "with"
    WITHOUT = "without"
    WASHOUT = "washout"
    """Without the factor; the night is not compared, as the factor may still act."""


class TrialStatus(StrEnum):
    """Whether a trial is over."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    """A person has stopped it."""


class Phase(StrEnum):
    """What has just become of a trial."""

    STARTED = "started"
    FINISHED = "finished"
    STOPPED = "stopped"


class TrialError(Exception):
    """A trial cannot be started, stopped or answered; the text says why and what to do."""


class TrialRunningError(TrialError):
    """Another trial is running."""


class NoTrialError(TrialError):
    """No trial is running."""


class UnplannedNightError(TrialError):
    """A night is not one of the trial, or has not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOptions:
    """What a person chooses."""

    factor: FactorKind
    name: str | None = None
    """Name of another factor; None for all others."""
    weeks: int
    outcome: str = DEFAULT_OUTCOME
    washout_nights: int
    early_look: bool = False

    @property
    def nights(self) -> int:
        """Number of nights of the whole trial."""
        return 7 * self.weeks


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """What was chosen and drawn when a trial started; it never changes."""

    id: str
    options: TrialOptions
    start: date
    """Date of the first night."""
    seed: int
    """From which the schedule was drawn."""
    design: int
    """Version of the procedure that drew it (`trial_schedule.DESIGN`)."""
    schedule: tuple[Arm, ...]
    """What is planned for each night."""

    @property
    def end(self) -> date:
        """Date of the last night."""
        return self.start + timedelta(days=len(self.schedule) - 1)

    @property
    def half(self) -> date:
        """Date of the last night before the early look."""
        return self.start + timedelta(days=len(self.schedule) // 2 - 1)

    def arm(self, night: date) -> Arm | None:
        """Return what is planned for a night; None if the trial does not include it."""
        return self.schedule[self.number(night) - 1] if self.start <= night <= self.end else None

    def number(self, night: date) -> int:
        """Return the number of a night; that of the first one is 1."""
        return (night - self.start).days + 1


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """What a person says was done in the evening before a night."""

    done: bool
    logged: int | None = None
    """Onset (us) of the factor that this has logged; it stays the same if the answer changes, so
    that the factor counts once. None: nothing was ever logged for this answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A trial and what has become of it."""

    plan: TrialPlan
    answers: Mapping[date, TrialAnswer] = field(default_factory=dict)
    """By night, at most one each."""
    looked: bool = False
    """Whether the early look was taken; it is taken once."""
    last_night: date | None = None
    """Last night that counts, once the trial is over; before the start if none does."""
    stopped: bool = False
    """Whether a person has stopped it."""

    @property
    def id(self) -> str:
        """Its id."""
        return self.plan.id

    @property
    def status(self) -> TrialStatus:
        """Whether it is over."""
        if self.last_night is None:
            return TrialStatus.RUNNING
        return TrialStatus.STOPPED if self.stopped else TrialStatus.FINISHED

    @property
    def ended_early(self) -> bool:
        """Whether it finished with the early look."""
        return self.status is TrialStatus.FINISHED and self.last_night == self.plan.half

    @property
    def end(self) -> date:
        """Last night that counts, or is planned to."""
        return self.plan.end if self.last_night is None else self.last_night

    def includes(self, night: date) -> bool:
        """Return whether a night belongs to the trial."""
        return self.plan.start <= night <= self.end

    @property
    def followed(self) -> int:
        """Number of nights of which the answer is what was planned."""
        return sum(
            answer.done is (self.plan.arm(night) is Arm.WITH)
            for night, answer in self.answers.items()
        )

    def question(self, last_over: date) -> date | None:
        """Return the oldest of the last past nights without an answer; None: all have one.

        `last_over`: the last night whose middle is over, so that it can be asked about in the
        morning.
        """
        past = (last_over - timedelta(days=days) for days in range(ASKED_NIGHTS - 1, -1, -1))
        asked = (night for night in past if self.includes(night) and night not in self.answers)
        return next(asked, None)

    def answered_night(self, night: date | None, last_over: date, tonight: date) -> date:
        """Return the night that an answer is about; UnplannedNightError.

        `night`: the one that was given; None: that of `question`, else tonight.
        """
        meant = night or self.question(last_over) or tonight
        if not self.includes(meant) or meant > tonight:
            last = min(self.end, tonight)
            raise UnplannedNightError(
                f"the night of {meant} cannot be answered; this trial can be answered for nights"
                f" from {self.plan.start} to {last}"
                if last >= self.plan.start
                else f"this trial begins with the night of {self.plan.start}"
            )
        return meant

    def answer(self, night: date, answer: TrialAnswer) -> Self:
        """Return the trial with what was done in a night, in place of an earlier answer."""
        return replace(self, answers={**self.answers, night: answer})

    def without_night(self, night: date) -> Self:
        """Return the trial without what a person said about a night."""
        answers = {day: answer for day, answer in self.answers.items() if day != night}
        return replace(self, answers=answers)

    def stop(self, last_night: date) -> Self:
        """Return the trial, stopped by a person."""
        return replace(self, stopped=True, last_night=min(last_night, self.plan.end))

    def finish(self, last_night: date) -> Self:
        """Return the trial, over after a night."""
        return replace(self, last_night=last_night)


@dataclass(frozen=True, slots=True)
class TrialPhase:
    """What has just become of a trial, and when."""

    trial: Trial
    phase: Phase
    at: int
    """us."""
