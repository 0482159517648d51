"""Personal trials: one person compares nights with something and nights without it. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from .json_decoding import Name

type Plan = Literal["with", "without", "washout"]
"""What the plan of a trial says for a night: do it, do not do it, or do not do it and let it wear
off; nights of the last kind are not compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What a trial has shown, by the plan as it was drawn."""

    verdict: Name
    """`lower`, `higher`, `no_difference` or `too_few`."""
    effect: float | None = None
    """Relative change of an index (-0.3: 30 % less), else the difference in the unit of the
    outcome; None: nothing can be compared."""
    low: float | None = None
    high: float | None = None
    """Limits of the interval of `effect`."""
    p: float | None = None
    """How often a plan drawn by chance alone shows at least as large a difference in the same
    direction."""
    nights_with: int
    nights_without: int
    at_early_look: bool = False
    """Whether the trial ended with its look at half time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A trial that is running or has ended; a running one has no result, which would spoil it."""

    id: str
    factor: Name
    name: Name | None = None
    """What is tried, in the sleeper's words, for the factor `other`."""
    outcome: Name
    weeks: int
    washout_nights: int = 0
    """Nights after each change of the plan that are not compared."""
    early_look: bool = False
    start: date
    """The first night."""
    end: date
    """The last night."""
    stopped: date | None = None
    status: Literal["running", "finished", "stopped"]
    nights: int
    night_number: int | None = None
    """Of tonight, from 1; None: it is not one of the trial's nights."""
    answered: int = 0
    """Nights for which the sleeper said what was done."""
    followed: int = 0
    """Nights of these on which it was as planned."""
    result: TrialResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTrial:
    """What a sleeper needs to know of a trial this evening."""

    id: str
    factor: Name
    name: Name | None = None
    outcome: Name
    night_number: int | None = None
    """Of tonight, from 1."""
    nights: int
    start: date
    end: date
    tonight: Plan | None = None
    """None: before the first night."""
    question: date | None = None
    """A past night of which the sleeper has not said yet what was done."""
