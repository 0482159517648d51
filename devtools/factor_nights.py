"""Invented diaries and nights of a person, to measure how often a comparison errs.

The spread between the nights of the person is that of docs/science.md.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Final

import numpy as np

from limber_bridge.detection.events import Factor, FactorKind
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import Flags, Floats
from limber_bridge.domain.factor_effects import (
    WEEKEND,
    ComparedNight,
    FactorEffect,
    Verdict,
    compare_factors,
)

PEOPLE: Final = 1000
"""Invented people in each row."""
SEED: Final = 20261129
FIRST: Final = date(2026, 1, 5)
MEDIAN_INDEX: Final = 10.5
LOG_SPREAD: Final = 0.5
"""Standard deviation of ln(index) between nights."""
CARRY_OVER: Final = 0.3
"""Correlation of a night with the next one."""
WEEKEND_FACTOR: Final = 1.2
HOURS_IN_BED: Final = 7.0
DAYS: Final = (30, 56, 120)
DIARIES: Final = ("some evenings", "periods", "weekends", "more and more")
REDUCTION: Final = 0.3
DRIFT_END: Final = 0.5
"""Share of the index that is left at the end of the nights with a drift."""


def factor_comparisons() -> Iterator[str]:
    """Yield how often a factor is said to go with a difference."""
    yield (
        "| nights | logged | no effect: said to be lower | no effect, index halves meanwhile |"
        " 30 % less: found | 30 % less: interval right |"
    )
    yield "|---|---|---|---|---|---|"
    for days, diary in product(DAYS, DIARIES):
        rng = np.random.default_rng([SEED, days, DIARIES.index(diary)])
        without = [compared(rng, days, diary, reduction=0.0) for _ in range(PEOPLE)]
        drifting = [
            compared(rng, days, diary, reduction=0.0, drift=DRIFT_END) for _ in range(PEOPLE)
        ]
        reduced = [compared(rng, days, diary, reduction=REDUCTION) for _ in range(PEOPLE)]
        yield (
            f"| {days} | {diary} | {share(without)} | {share(drifting)} | {share(reduced)} |"
            f" {coverage(reduced)} |"
        )


def share(effects: list[FactorEffect | None]) -> str:
    """Return in how many of the cases the index is said to be lower."""
    counts = Counter(None if effect is None else effect.verdict for effect in effects)
    return f"{100 * counts[Verdict.LOWER] / len(effects):.1f} %"


def coverage(effects: list[FactorEffect | None]) -> str:
    """Return in how many of the cases with an interval it contains the true reduction."""
    known = [
        effect.low <= -REDUCTION <= effect.high
        for effect in effects
        if effect is not None and effect.low is not None and effect.high is not None
    ]
    return f"{100 * sum(known) / len(known):.0f} %" if known else "-"


def compared(
    rng: np.random.Generator, days: int, diary: str, *, reduction: float, drift: float = 1.0
) -> FactorEffect | None:
    """Return what is said about one invented person; None: nothing was logged."""
    dates = [FIRST + timedelta(days=number) for number in range(days)]
    weekend = np.array([day.weekday() in WEEKEND for day in dates])
    logged = draw_diary(rng, weekend, diary)
    index = draw_indices(rng, days) * np.where(weekend, WEEKEND_FACTOR, 1.0)
    index *= drift ** np.linspace(0, 1, days) * np.where(logged, 1 - reduction, 1.0)
    counted = rng.poisson(index * HOURS_IN_BED) / HOURS_IN_BED
    nights = [
        ComparedNight(day, Measures(plm_index=float(value)), cramp=None)
        for day, value in zip(dates, counted, strict=True)
    ]
    magnesium = Factor(0, FactorKind.MAGNESIUM)
    diary_of = {day: (magnesium,) for day, on in zip(dates, logged, strict=True) if on}
    effects = compare_factors(nights, diary_of)
    return next((effect for effect in effects if effect.outcome == "plm_index"), None)


def draw_indices(rng: np.random.Generator, days: int) -> Floats:
    """Return a PLM index for each night."""
    values = np.zeros(days)
    value = rng.normal()
    for day in range(days):
        value = CARRY_OVER * value + np.sqrt(1 - CARRY_OVER**2) * rng.normal()
        values[day] = value
    return MEDIAN_INDEX * np.exp(LOG_SPREAD * values)


def draw_diary(rng: np.random.Generator, weekend: Flags, diary: str) -> Flags:
    """Return on which evenings something was logged."""
    days = len(weekend)
    match diary:
        case "some evenings":
            return rng.random(days) < 0.4
        case "weekends":
            return weekend ^ (rng.random(days) < 0.1)
        case "more and more":
            return rng.random(days) < np.linspace(0.1, 0.9, days)
        case _:
            lengths = rng.integers(3, 15, days)
            kinds = np.arange(days) % 2 == rng.integers(2)
            return np.asarray(np.repeat(kinds, lengths)[:days])
