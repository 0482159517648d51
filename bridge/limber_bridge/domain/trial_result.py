"""What a personal trial has shown, by the schedule as it was drawn. Pure.

Nights are compared by what was planned, whatever was done (intention to treat): who leaves out what
is hard on a bad evening would otherwise make the factor look good. The difference is compared with
those that the same nights show under other schedules of the same procedure, so that neither a
distribution nor independent nights are assumed. docs/science.md#personal-trials
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np

from limber_bridge.detection.events import Factor
from limber_bridge.detection.signal import Flags, Floats
from limber_bridge.domain.factor_effects import (
    MIN_NIGHTS,
    MIN_WEEKEND_NIGHTS,
    OUTCOMES,
    ComparedNight,
    Outcome,
    compared_value,
    factor_name,
    shown_effect,
)
from limber_bridge.domain.randomization_test import Difference, compare_nights
from limber_bridge.domain.trial import Trial, TrialPlan, TrialStatus
from limber_bridge.domain.trial_schedule import (
    Design,
    assigned_nights,
    design_of,
    draw_schedules,
)

OTHER_SCHEDULES: Final = 1999
"""Schedules that are drawn to compare with. chosen: p is then exact to half a percent near 5 %, and
takes some hundredths of a second."""
TRIAL_TAIL: Final = 0.04
"""Error at each end, of the verdict and of the interval, which therefore covers 92 %. chosen: below
the usual 5 % by a margin, so that fewer than 5 % of 2,000 simulated trials without an effect show
one (docs/accuracy.md#personal-trials)."""
EARLY_TAIL: Final = 0.01
FINAL_TAIL: Final = TRIAL_TAIL - EARLY_TAIL
"""Error of a trial with an early look, at that look and at the end: together no more than without
it, however the two depend on each other (Bonferroni). chosen: little is spent on the early look,
so that the end finds almost as much as without it."""


class TrialVerdict(StrEnum):
    """What a trial has shown."""

    LOWER = "lower"
    """The outcome is lower on nights with the factor."""
    HIGHER = "higher"
    """The outcome is higher on nights with the factor."""
    NO_DIFFERENCE = "no_difference"
    """No difference was seen."""
    TOO_FEW = "too_few"
    """Too few nights were measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """How the nights with the factor differ from those without it."""

    verdict: TrialVerdict
    effect: float | None
    """Relative change for a ratio (-0.3: 30 % less), else the difference in the unit of the
    outcome; None: nothing can be compared."""
    low: float | None
    high: float | None
    """Limits of the interval of `effect` that belongs to the error that was allowed."""
    p: float | None
    """Probability of a difference at least as large in this direction if the factor changes
    nothing."""
    nights_with: int
    nights_without: int
    """Nights that were measured and compared."""
    at_early_look: bool = False

    @property
    def decided(self) -> bool:
        """Whether a difference was seen."""
        return self.verdict in {TrialVerdict.LOWER, TrialVerdict.HIGHER}


def tail_of(trial: Trial) -> float:
    """Return the error that a trial allows at each end, at the early look or at its end."""
    if trial.ended_early:
        return EARLY_TAIL
    return FINAL_TAIL if trial.plan.options.early_look else TRIAL_TAIL


def trial_result(
    trial: Trial, nights: Iterable[ComparedNight], others: Flags | None = None
) -> TrialResult:
    """Return what a trial that is over has shown.

    `nights`: those that were measured, in any order; others than those of the trial are ignored.
    `others`: schedules to compare with; None: `OTHER_SCHEDULES` are drawn from the trial's seed.
    """
    plan = trial.plan
    design = design_of(plan.options, plan.start)
    with_factor = assigned_nights(plan)
    values = outcome_values(plan, design, nights, trial.end)
    known = np.isfinite(values)
    tail = tail_of(trial)
    if others is None:
        others = other_schedules(design, plan.seed)
    strata = make_trial_strata(design, known)
    difference = compare_nights(values, with_factor, others, strata, tail=tail)
    counts = (int((known & with_factor).sum()), int((known & ~with_factor).sum()))
    outcome = outcome_of(plan)
    return TrialResult(
        verdict=_verdict(difference, min(counts), tail),
        effect=None if difference is None else shown_effect(outcome, difference.effect),
        low=None if difference is None else shown_effect(outcome, difference.low),
        high=None if difference is None else shown_effect(outcome, difference.high),
        p=None if difference is None else min(difference.p_lower, difference.p_higher),
        nights_with=counts[0],
        nights_without=counts[1],
        at_early_look=trial.ended_early,
    )


@lru_cache(maxsize=8)
def other_schedules(design: Design, seed: int) -> Flags:
    """Return schedules that could have been drawn as well; remembered, as it takes some time."""
    return draw_schedules(design, np.random.default_rng([seed, 1]), OTHER_SCHEDULES)


def factor_on_trial(trials: Iterable[Trial]) -> str | None:
    """Return the name of the factor of the trial that is running; None: no trial is.

    Nothing is said about it meanwhile, not even by a comparison of all nights: who sees how it goes
    may do, or feel, something else.
    """
    running = next((one for one in trials if one.status is TrialStatus.RUNNING), None)
    if running is None:
        return None
    return factor_name(Factor(0, running.plan.options.factor, running.plan.options.name))


def outcome_of(plan: TrialPlan) -> Outcome:
    """Return the outcome that a trial compares."""
    return next(one for one in OUTCOMES if one.name == plan.options.outcome)


def outcome_values(
    plan: TrialPlan, design: Design, nights: Iterable[ComparedNight], last: date
) -> Floats:
    """Return the outcome of each night as it is compared; NaN where it is unknown or left out."""
    outcome = outcome_of(plan)
    by_date = {night.date: night for night in nights if night.date <= last}
    days = [plan.start + timedelta(days=number) for number in range(design.nights)]
    values = np.array([compared_value(outcome, by_date.get(day)) for day in days])
    values[~design.compared] = math.nan
    return values


def make_trial_strata(design: Design, known: Flags) -> Flags:
    """Return which nights are compared with each other, one row for each stratum.

    They do not depend on the schedule. Weekends are kept apart where both kinds are known often
    enough, because missing nights may leave more of them on one side.
    """
    weekend = design.weekend
    kinds = np.stack((weekend, ~weekend))
    if (kinds & known).sum(axis=1).min() < MIN_WEEKEND_NIGHTS:
        return np.ones((1, design.nights), np.bool_)
    return kinds


def _verdict(difference: Difference | None, fewest: int, tail: float) -> TrialVerdict:
    """Return what the comparison shows; `fewest`: known nights of the rarer kind."""
    if difference is None or difference.low is None or fewest < MIN_NIGHTS:
        return TrialVerdict.TOO_FEW
    if difference.p_lower <= tail:
        return TrialVerdict.LOWER
    if difference.p_higher <= tail:
        return TrialVerdict.HIGHER
    return TrialVerdict.NO_DIFFERENCE
