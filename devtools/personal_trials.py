"""Invented personal trials, to measure how often a trial errs and how often it finds an effect.

The nights are those of `devtools.factor_nights`: their spread is that of docs/science.md, and each
night resembles the one before. The trials are drawn and judged by the code of the bridge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np

from devtools.factor_nights import (
    DRIFT_END,
    FIRST,
    HOURS_IN_BED,
    REDUCTION,
    SEED,
    WEEKEND_FACTOR,
    draw_indices,
)
from limber_bridge.detection.events import FactorKind
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import Flags, Floats
from limber_bridge.domain.factor_effects import ComparedNight
from limber_bridge.domain.trial import Trial, TrialOptions, TrialPlan
from limber_bridge.domain.trial_result import TrialResult, TrialVerdict, trial_result
from limber_bridge.domain.trial_schedule import (
    DESIGN,
    arms_of,
    draw_schedules,
    make_design,
)

TRIALS: Final = 2000
"""Invented trials in each row."""
POOL: Final = 10_000
OTHERS: Final = 399
"""Schedules that each trial is compared with, out of a pool. Fewer than the bridge draws, to save
time: the error stays the same, and a little less is found."""
MISSING: Final = 0.15
"""Share of nights that are not measured."""
NOT_FOLLOWED: Final = 0.2
"""Share of nights on which the other thing is done."""
BUILD_UP_NIGHTS: Final = 1.5
"""Time constant with which a slow factor builds up and wears off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A kind of trial, and what happens in it."""

    name: str
    weeks: int = 8
    washout_nights: int = 0
    early_look: bool = False
    missing: float = 0.0
    not_followed: float = 0.0
    drift: float = 1.0
    """Share of the index that is left at the end, whatever is done."""
    slow: bool = False
    """Whether the factor builds up and wears off slowly."""

    @property
    def options(self) -> TrialOptions:
        """What the person chooses."""
        return TrialOptions(
            factor=FactorKind.STRETCHING,
            weeks=self.weeks,
            washout_nights=self.washout_nights,
            early_look=self.early_look,
        )


SCENARIOS: Final = (
    Scenario(name="8 weeks"),
    Scenario(name="6 weeks", weeks=6),
    Scenario(name="4 weeks", weeks=4),
    Scenario(name="2 weeks", weeks=2),
    Scenario(name="8 weeks, early look", early_look=True),
    Scenario(name="8 weeks, 15 % of nights missing", missing=MISSING),
    Scenario(name="8 weeks, 20 % of nights not as planned", not_followed=NOT_FOLLOWED),
    Scenario(name="8 weeks, index halves meanwhile", drift=DRIFT_END),
    Scenario(name="8 weeks, slow factor without wash-out", slow=True),
    Scenario(name="8 weeks, slow factor, 1 wash-out night", washout_nights=1, slow=True),
    Scenario(name="8 weeks, slow factor, 3 wash-out nights", washout_nights=3, slow=True),
    Scenario(
        name="8 weeks, slow factor, 3 wash-out nights, 15 % missing, 20 % not as"
        " planned, index halves",
        washout_nights=3,
        missing=MISSING,
        not_followed=NOT_FOLLOWED,
        drift=DRIFT_END,
        slow=True,
    ),
)


def personal_trials() -> Iterator[str]:
    """Yield how often trials say that something helps."""
    yield (
        "| trial | no effect: said to be lower | 30 % less: found | 30 % less: said to be higher |"
        " 30 % less: interval right |"
    )
    yield "|---|---|---|---|---|"
    for number, scenario in enumerate(SCENARIOS):
        rng = np.random.default_rng([SEED, number])
        without = run_trials(rng, scenario, 0.0)
        reduced = run_trials(rng, scenario, REDUCTION)
        yield (
            f"| {scenario.name} | {share(without, TrialVerdict.LOWER)} |"
            f" {share(reduced, TrialVerdict.LOWER)} | {share(reduced, TrialVerdict.HIGHER)} |"
            f" {coverage(reduced)} |"
        )


def share(results: Sequence[TrialResult], verdict: TrialVerdict) -> str:
    """Return in how many of the trials a verdict is given."""
    return f"{100 * sum(one.verdict is verdict for one in results) / len(results):.1f} %"


def coverage(results: Sequence[TrialResult]) -> str:
    """Return in how many of the trials with an interval it contains the true reduction."""
    known = [
        one.low <= -REDUCTION <= one.high
        for one in results
        if one.low is not None and one.high is not None
    ]
    return f"{100 * sum(known) / len(known):.0f} %"


def run_trials(rng: np.random.Generator, scenario: Scenario, reduction: float) -> list[TrialResult]:
    """Return what the trials of a scenario have shown."""
    design = make_design(scenario.options, FIRST)
    schedules = draw_schedules(design, rng, TRIALS)
    pool = draw_schedules(design, rng, POOL)
    results = []
    for schedule in schedules:
        plan = TrialPlan(
            id="trial-1",
            options=scenario.options,
            start=FIRST,
            seed=SEED,
            design=DESIGN,
            schedule=arms_of(design, schedule),
        )
        nights = draw_trial_nights(rng, scenario, schedule, design.weekend, reduction)
        others = pool[rng.choice(POOL, OTHERS, replace=False)]
        results.append(judged(Trial(plan=plan), nights, others))
    return results


def judged(trial: Trial, nights: Sequence[ComparedNight], others: Flags) -> TrialResult:
    """Return what the bridge says at the end of a trial, which may be its early look."""
    if trial.plan.options.early_look:
        trial = replace(trial, looked=True)
        early = trial_result(trial.finish(trial.plan.half), nights, others)
        if early.decided:
            return early
    return trial_result(trial.finish(trial.plan.end), nights, others)


def draw_trial_nights(
    rng: np.random.Generator,
    scenario: Scenario,
    schedule: Flags,
    weekend: Flags,
    reduction: float,
) -> list[ComparedNight]:
    """Return the measured nights of a person who takes part in a trial."""
    days = len(schedule)
    done = schedule ^ (rng.random(days) < scenario.not_followed)
    acting = built_up(done) if scenario.slow else done.astype(np.float64)
    index = draw_indices(rng, days) * np.where(weekend, WEEKEND_FACTOR, 1.0)
    index *= scenario.drift ** np.linspace(0, 1, days) * (1 - reduction * acting)
    counted = rng.poisson(index * HOURS_IN_BED) / HOURS_IN_BED
    measured = rng.random(days) >= scenario.missing
    return [
        ComparedNight(FIRST + timedelta(days=day), Measures(plm_index=float(value)), cramp=None)
        for day, value in enumerate(counted)
        if measured[day]
    ]


def built_up(done: Flags) -> Floats:
    """Return how much of the effect of a slow factor there is in each night, 0 to 1."""
    acting = np.zeros(len(done))
    level = 0.0
    for day, with_factor in enumerate(done):
        level += (float(with_factor) - level) * (1 - np.exp(-1 / BUILD_UP_NIGHTS))
        acting[day] = level
    return acting
