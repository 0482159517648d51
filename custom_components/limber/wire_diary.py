"""What sleepers say about their evenings and nights, and what that shows. Pure."""

from dataclasses import dataclass
from datetime import date, datetime

from .json_decoding import Name, Rating
from .wire_trials import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """The diary of a night; None: not answered."""

    night: date
    evening_symptoms: Rating | None = None
    """Complaints of the legs in the evening: 0 none, 10 the worst imaginable."""
    sleep_quality: Rating | None = None
    """0: slept as badly as never before, 10: slept perfectly."""
    cramp: bool | None = None
    """Whether the sleeper remembers a cramp."""
    cramp_pain: Rating | None = None
    """0 none, 10 the worst imaginable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentDiary:
    """The two nights that are asked about; in the morning they are the same night."""

    tonight: Diary
    """Of the night that began or begins this evening."""
    last_night: Diary
    """Of the night that ended last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendCramp:
    """A cramp of a past night."""

    id: str
    start: datetime
    certainty: Name
    label: bool | None = None
    """Whether the sleeper called it a cramp; None without a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendFactor:
    """Something that the sleeper logged for a past night."""

    factor: Name
    start: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialNight:
    """What the plan of a trial said for a past night, and what was done."""

    trial: str
    """Id of the trial."""
    assigned: Plan
    done: bool | None = None
    """Whether the sleeper did what is tried; None: not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendNight:
    """A night of a long period, with what was logged for it."""

    night: date
    hours_start: datetime | None = None
    """Start of the first of the hours; None: nothing was measured, or the events were deleted."""
    movements_by_hour: tuple[int | None, ...] = ()
    """By clock hour of the bridge's time zone; None: nothing was measured in bed in that hour."""
    cramps: tuple[TrendCramp, ...] = ()
    factors: tuple[TrendFactor, ...] = ()
    diary: Diary | None = None
    trial: TrialNight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEffect:
    """How nights with a factor differ from nights without it in one figure."""

    factor: Name
    outcome: Name
    verdict: Name
    """`lower`, `higher`, `no_difference`, `too_early` or `too_few_periods`."""
    effect: float | None = None
    """Relative change of an index (-0.3: 30 % less), else the difference in the unit of the
    outcome; None: nothing can be compared."""
    low: float | None = None
    high: float | None = None
    """Limits of the 90 % interval of `effect`; None: too few nights."""
    nights_with: int
    nights_without: int
    more_with: int = 0
    """About how many more nights with the factor are needed; 0 where none are."""
    more_without: int = 0
    together_with: tuple[Name, ...] = ()
    """Other factors that were mostly logged for the same nights."""
