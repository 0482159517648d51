"""Compare nights with and without what the sleeper logged: stretching, magnesium, alcohol. Pure.

The nights were not drawn by lot, so a difference is no proof: a person who takes a warm bath on
restless evenings has more movements on nights with a bath. The texts made from this must not say
that a factor caused anything.

How a comparison is made (docs/science.md#nights-with-and-without-a-factor): an index by its
logarithm, because it varies in proportion to itself; only with nights of the same weeks, and of
the same part of the week; the difference against those that the same diary shows when it is moved
along the calendar, because neighbouring nights resemble each other and so do the days of a diary.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import numpy as np

from limber_bridge.detection.events import Factor, FactorKind
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import Flags, Floats
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.randomization_test import (
    TAIL,
    Difference,
    compare_nights,
    moved_assignments,
)

MAX_NIGHTS: Final = 365
"""Nights that are compared at most. chosen: a year; older habits say little about today's."""
MAX_FACTORS: Final = 30
"""Factors that are compared: those of the most nights. chosen: no one reads more, and a client that
logs a new name every day must not keep the computer busy."""
NIGHTS_BEFORE_FIRST_LOG: Final = 28
"""Earlier nights count as nights without a factor only this long before the first entry of the
diary. chosen: four weeks; before that, the sleeper may have done the same without logging it."""
MIN_NIGHTS: Final = 5
"""Nights with, and nights without, below which nothing is concluded. chosen."""
MIN_PERIODS: Final = 3
"""Separate periods with a factor below which it cannot be distinguished from other changes at
that time. chosen."""
DETECTION_QUANTILES: Final = 1.645 + 0.842
"""Sum of the normal quantiles for an error of 5 % (`TAIL`) and a power of 80 %."""
TOGETHER_SHARE: Final = 0.5
"""Two factors whose nights are correlated at least this much are said to be logged together.
chosen."""
WEEKEND: Final = frozenset((5, 6))
"""Weekdays (Monday is 0) on which the nights of Friday and Saturday end."""
MIN_WEEKEND_NIGHTS: Final = 4
"""With fewer known nights of either kind in a stratum on average, weekends are not kept apart.
chosen."""
STRATUM_NIGHTS: Final = 28
"""About how many successive nights are compared with each other. chosen: four weeks; moved diaries
alone take a common drift for an effect (Harris 2020)."""


class Verdict(StrEnum):
    """What the comparison of nights with and without a factor shows."""

    LOWER = "lower"
    """The outcome is lower on nights with the factor."""
    HIGHER = "higher"
    """The outcome is higher on nights with the factor."""
    NO_DIFFERENCE = "no_difference"
    """There are enough nights, and no difference was seen."""
    TOO_EARLY = "too_early"
    """There are too few nights."""
    TOO_FEW_PERIODS = "too_few_periods"
    """All nights with the factor are in one or two periods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A figure of a night that is compared."""

    name: str
    """Key of the measure."""
    is_ratio: bool
    """Whether nights are compared by their ratio (indices), else by their difference."""
    value: Callable[[ComparedNight], float | None]
    change_to_find: float
    """Change, as it is compared, that the number of nights should be able to show."""


@dataclass(frozen=True, slots=True)
class ComparedNight:
    """A night that was measured, or of which the sleeper said something."""

    date: date
    measures: Measures
    """All unknown if it was not measured."""
    cramp: bool | None
    """Whether there was a cramp that the sleeper did not reject; None: unknown."""
    diary: DiaryEntry | None = None
    """What the sleeper said; None: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEffect:
    """How nights with a factor differ from nights without it in one outcome."""

    factor: str
    outcome: str
    verdict: Verdict
    effect: float | None
    """Relative change for a ratio (-0.3: 30 % less), else the difference in the unit of the
    outcome; None: nothing can be compared."""
    low: float | None
    high: float | None
    """Limits of the 90 % interval of `effect`; None: too few nights."""
    nights_with: int
    nights_without: int
    more_with: int = 0
    """About how many more nights with the factor are needed; 0 where none are."""
    more_without: int = 0
    together_with: tuple[str, ...] = ()
    """Other factors that were mostly logged for the same nights."""


def _cramp_share(night: ComparedNight) -> float | None:
    return None if night.cramp is None else float(night.cramp)


def _evening_symptoms(night: ComparedNight) -> int | None:
    return None if night.diary is None else night.diary.evening_symptoms


def _sleep_quality(night: ComparedNight) -> int | None:
    return None if night.diary is None else night.diary.sleep_quality


CHANGE_OF_RATING: Final = 2.0
"""Points of a rating from 0 to 10. Farrar 2001: about two points of pain matter to a person;
chosen: the same for other ratings."""
CHANGE_OF_INDEX: Final = -math.log(0.7)
"""30 % less. chosen: less than the spread between the nights of one person (Trotti 2009), and large
enough to matter."""
OUTCOMES: Final = (
    Outcome(
        name="plm_index",
        is_ratio=True,
        value=lambda night: night.measures.plm_index,
        change_to_find=CHANGE_OF_INDEX,
    ),
    Outcome(
        name="movement_index",
        is_ratio=True,
        value=lambda night: night.measures.movement_index,
        change_to_find=CHANGE_OF_INDEX,
    ),
    Outcome(name="cramp", is_ratio=False, value=_cramp_share, change_to_find=0.2),
    Outcome(
        name="sleep_h",
        is_ratio=False,
        value=lambda night: night.measures.sleep_h,
        change_to_find=0.5,
    ),
    Outcome(
        name="evening_symptoms",
        is_ratio=False,
        value=_evening_symptoms,
        change_to_find=CHANGE_OF_RATING,
    ),
    Outcome(
        name="sleep_quality",
        is_ratio=False,
        value=_sleep_quality,
        change_to_find=CHANGE_OF_RATING,
    ),
)
"""What is compared. The changes of cramp and sleep are chosen: a cramp in one night of five, and
half an hour."""


def factor_name(factor: Factor) -> str:
    """Return what a factor is compared under: its kind, or the name a person gave another one."""
    if factor.factor is FactorKind.OTHER and factor.note:
        return " ".join(factor.note.split()).casefold()
    return factor.factor.value


def compare_factors(
    nights: Sequence[ComparedNight], factors: Mapping[date, Iterable[Factor]]
) -> list[FactorEffect]:
    """Compare nights with and without each logged factor, in each outcome that is known.

    At most `MAX_FACTORS`. `nights`: in any order; `factors`: what was logged, by night, also for
    nights that were not measured. The result is in order of the factors' names, then of `OUTCOMES`.
    """
    logged = {day: {factor_name(one) for one in found} for day, found in factors.items()}
    calendar = _calendar([night.date for night in nights], [day for day in logged if logged[day]])
    names = most_logged(logged.get(day, ()) for day in calendar)
    diary = {name: np.array([name in logged.get(day, ()) for day in calendar]) for name in names}
    by_date = {night.date: night for night in nights}
    effects = []
    for outcome in OUTCOMES:
        values = _values(outcome, [by_date.get(day) for day in calendar])
        if np.isfinite(values).any():
            effects += [_effect(outcome, name, values, calendar, diary) for name in names]
    return sorted(effects, key=lambda effect: effect.factor)


def most_logged(logged: Iterable[Iterable[str]]) -> list[str]:
    """Return the factors of the most nights in order of their names; `logged`: by night."""
    counts = Counter(name for names in logged for name in names)
    # Of those of equally many nights, always the same ones.
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return sorted(ranked[:MAX_FACTORS])


def _calendar(measured: Sequence[date], logged: Sequence[date]) -> list[date]:
    """Return the dates that are compared, without a hole between them."""
    if not measured or not logged:
        return []
    last = max(measured)
    first = max(
        min(measured),
        min(logged) - timedelta(days=NIGHTS_BEFORE_FIRST_LOG),
        last - timedelta(days=MAX_NIGHTS - 1),
    )
    return [first + timedelta(days=days) for days in range((last - first).days + 1)]


def _values(outcome: Outcome, nights: Iterable[ComparedNight | None]) -> Floats:
    """Return the outcome of each night as it is compared; NaN where it is unknown."""
    return np.array([compared_value(outcome, night) for night in nights], np.float64)


def compared_value(outcome: Outcome, night: ComparedNight | None) -> float:
    """Return the outcome of a night as it is compared; NaN where it is unknown."""
    value = None if night is None else outcome.value(night)
    if value is None:
        return math.nan
    # An index of 0 has no logarithm; 1 per hour is within the error of the detection.
    return math.log1p(value) if outcome.is_ratio else float(value)


def _effect(
    outcome: Outcome,
    name: str,
    values: Floats,
    calendar: Sequence[date],
    diary: Mapping[str, Flags],
) -> FactorEffect:
    """Compare the nights with and without one factor in one outcome."""
    with_factor = diary[name]
    strata = make_strata(values, with_factor, calendar)
    difference = compare_nights(values, with_factor, moved_assignments(with_factor), strata)
    known = np.isfinite(values)
    counts = (int((known & with_factor).sum()), int((known & ~with_factor).sum()))
    more = nights_needed(values, with_factor, difference, outcome.change_to_find)
    verdict = _verdict(difference, with_factor, min(counts), enough=more == (0, 0))
    more_with, more_without = more if verdict is Verdict.TOO_EARLY else (0, 0)
    return FactorEffect(
        factor=name,
        outcome=outcome.name,
        verdict=verdict,
        effect=None if difference is None else shown_effect(outcome, difference.effect),
        low=None if difference is None else shown_effect(outcome, difference.low),
        high=None if difference is None else shown_effect(outcome, difference.high),
        nights_with=counts[0],
        nights_without=counts[1],
        more_with=more_with,
        more_without=more_without,
        together_with=_together(name, diary),
    )


def shown_effect(outcome: Outcome, effect: float | None) -> float | None:
    """Return an effect as it is shown: the relative change of a ratio, else the difference."""
    return math.expm1(effect) if effect is not None and outcome.is_ratio else effect


def _verdict(
    difference: Difference | None, with_factor: Flags, fewest: int, *, enough: bool
) -> Verdict:
    """Return what the comparison shows; `fewest`: known nights of the rarer kind."""
    if difference is None or fewest < MIN_NIGHTS:
        return Verdict.TOO_EARLY
    if count_periods(with_factor) < MIN_PERIODS:
        return Verdict.TOO_FEW_PERIODS
    if difference.p_lower <= TAIL:
        return Verdict.LOWER
    if difference.p_higher <= TAIL:
        return Verdict.HIGHER
    return Verdict.NO_DIFFERENCE if enough and difference.low is not None else Verdict.TOO_EARLY


def make_strata(values: Floats, with_factor: Flags, calendar: Sequence[date]) -> Flags:
    """Return which nights are compared with each other, one row for each stratum.

    Only nights of about the same `STRATUM_NIGHTS` are compared, because both the nights and the
    habits of a person drift over months, which has nothing to do with each other. Within them,
    weekends and other nights are kept apart, unless there are too few weekends, or the factor was
    logged at all weekends and on no other night: it then cannot be distinguished from them, which
    the moved diary shows, because it is the same after each week.
    """
    count = max(1, round(len(calendar) / STRATUM_NIGHTS))
    periods = np.arange(len(calendar)) * count // len(calendar)
    by_period = periods == np.arange(count)[:, np.newaxis]
    weekend = np.array([day.weekday() in WEEKEND for day in calendar])
    known = np.isfinite(values)
    kinds = [with_factor[known & stratum] for stratum in (weekend, ~weekend)]
    enough = min(len(kind) for kind in kinds) >= MIN_WEEKEND_NIGHTS * count
    if enough and not all(kind.all() or not kind.any() for kind in kinds):
        by_period = np.concatenate((by_period & weekend, by_period & ~weekend))
    return np.asarray(by_period)


def count_periods(with_factor: Flags) -> int:
    """Return in how many separate periods there are nights with a factor."""
    begins = with_factor & ~np.concatenate(([False], with_factor[:-1]))
    return int(begins.sum())


def nights_needed(
    values: Floats, with_factor: Flags, difference: Difference | None, change: float
) -> tuple[int, int]:
    """Return about how many more nights with and without a factor would show a change.

    `values` and `change`: as they are compared. The spread is that within the two kinds of nights.
    """
    known = np.isfinite(values)
    groups = [values[known & with_factor], values[known & ~with_factor]]
    counts = [len(group) for group in groups]
    if difference is None or min(counts) < MIN_NIGHTS:
        return _missing(counts, MIN_NIGHTS)
    deviations = np.concatenate([group - group.mean() for group in groups])
    variance = float(np.sum(deviations**2)) / (len(deviations) - len(groups))
    needed = variance / (change / DETECTION_QUANTILES) ** 2
    if needed <= difference.information:
        return 0, 0
    more = _missing(counts, math.ceil(2 * needed))
    if more != (0, 0):
        return more
    # Enough nights, but the factor was logged almost as the weekends come.
    growth = needed / difference.information - 1
    return math.ceil(growth * counts[0]), math.ceil(growth * counts[1])


def _missing(counts: Sequence[int], least: int) -> tuple[int, int]:
    with_, without = (max(0, least - count) for count in counts)
    return with_, without


def _together(name: str, diary: Mapping[str, Flags]) -> tuple[str, ...]:
    """Return the other factors that are mostly logged for the same nights."""
    return tuple(
        other
        for other, nights in diary.items()
        if other != name and _correlation(diary[name], nights) >= TOGETHER_SHARE
    )


def _correlation(first: Flags, second: Flags) -> float:
    """Return the correlation of two assignments (phi); 0 if one of them does not vary."""
    if first.all() or not first.any() or second.all() or not second.any():
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
