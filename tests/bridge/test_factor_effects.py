"""Nights with and without what was logged: what is said, and what must not change it."""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.detection.events import Factor, FactorKind
from limber_bridge.detection.measures import Measures
from limber_bridge.detection.signal import Flags, Floats
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.factor_effects import (
    MAX_FACTORS,
    ComparedNight,
    FactorEffect,
    Verdict,
    compare_factors,
    factor_name,
    most_logged,
)
from limber_bridge.domain.randomization_test import compare_nights, moved_assignments

FIRST = date(2026, 1, 5)
MAGNESIUM = Factor(0, FactorKind.MAGNESIUM)
Diary = Mapping[date, tuple[Factor, ...]]


def calendar(days: int) -> list[date]:
    return [FIRST + timedelta(days=number) for number in range(days)]


def nights_of(indices: Floats) -> list[ComparedNight]:
    """Return nights with these PLM indices; NaN: not recorded."""
    return [
        ComparedNight(day, Measures(plm_index=float(index)), cramp=None)
        for day, index in zip(calendar(len(indices)), indices, strict=True)
        if np.isfinite(index)
    ]


def diary_of(logged: Flags, factor: Factor = MAGNESIUM) -> Diary:
    return {
        day: (factor,) for day, is_on in zip(calendar(len(logged)), logged, strict=True) if is_on
    }


def only(effects: list[FactorEffect]) -> FactorEffect:
    (effect,) = [one for one in effects if one.outcome == "plm_index"]
    return effect


def person(rng: np.random.Generator, days: int) -> Floats:
    """Return the indices of a person whose nights vary by half and resemble the night before."""
    value = rng.normal()
    values = []
    for _ in range(days):
        value = 0.4 * value + np.sqrt(1 - 0.4**2) * rng.normal()
        values.append(15 * np.exp(0.5 * value))
    return np.array(values)


def periods(rng: np.random.Generator, days: int) -> Flags:
    """Return a diary of periods of 2 to 9 days."""
    logged: list[bool] = []
    while len(logged) < days:
        logged += [len(logged) == 0 or not logged[-1]] * int(rng.integers(2, 10))
    return np.array(logged[:days])


def test_fewer_movements_on_nights_with_a_factor_are_found_with_an_interval() -> None:
    rng = np.random.default_rng(1)
    logged = rng.random(120) < 0.4
    effect = only(
        compare_factors(nights_of(person(rng, 120) * np.where(logged, 0.6, 1)), diary_of(logged))
    )
    assert effect.verdict is Verdict.LOWER
    assert effect.low is not None
    assert effect.high is not None
    assert effect.effect is not None
    assert effect.low < -0.38 < effect.high < 0
    assert (effect.nights_with, effect.nights_without) == (int(logged.sum()), int((~logged).sum()))


@pytest.mark.parametrize("shape", ["by night", "by period", "by weekday"])
def test_a_factor_without_an_effect_is_rarely_said_to_have_one(shape: str) -> None:
    # The limit is 5 % for each direction; with 200 people, 12 % for both is 5 standard errors away.
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(200):
        logged = {
            "by night": lambda: rng.random(60) < 0.4,
            "by period": lambda: periods(rng, 60),
            "by weekday": lambda: (
                np.array([day.weekday() in {4, 5} for day in calendar(60)]) ^ (rng.random(60) < 0.1)
            ),
        }[shape]()
        # More movements at weekends, whatever was logged.
        weekend = np.array([1.4 if day.weekday() in {5, 6} else 1.0 for day in calendar(60)])
        effect = only(compare_factors(nights_of(person(rng, 60) * weekend), diary_of(logged)))
        found += effect.verdict in {Verdict.LOWER, Verdict.HIGHER}
    assert found <= 200 * 0.17


def test_the_interval_contains_the_true_effect_in_nine_of_ten_cases() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        logged = rng.random(80) < 0.5
        indices = np.expm1(np.log1p(person(rng, 80)) + np.log(0.7) * logged)
        effect = only(compare_factors(nights_of(np.maximum(indices, 0)), diary_of(logged)))
        assert effect.low is not None
        assert effect.high is not None
        covered += effect.low <= -0.3 <= effect.high
    assert 0.83 <= covered / 200 <= 0.97


def test_what_was_logged_in_one_period_is_not_told_from_other_changes() -> None:
    rng = np.random.default_rng(5)
    logged = np.arange(60) >= 30
    effect = only(
        compare_factors(nights_of(person(rng, 60) * np.where(logged, 0.3, 1)), diary_of(logged))
    )
    assert effect.verdict is Verdict.TOO_FEW_PERIODS


def test_what_was_logged_at_every_weekend_is_not_told_from_weekends() -> None:
    rng = np.random.default_rng(5)
    logged = np.array([day.weekday() in {5, 6} for day in calendar(70)])
    effect = only(
        compare_factors(nights_of(person(rng, 70) * np.where(logged, 0.3, 1)), diary_of(logged))
    )
    assert effect.verdict not in {Verdict.LOWER, Verdict.HIGHER}


def test_too_few_nights_are_counted() -> None:
    rng = np.random.default_rng(5)
    logged = np.arange(20) % 7 == 0
    effect = only(compare_factors(nights_of(person(rng, 20)), diary_of(logged)))
    assert effect.verdict is Verdict.TOO_EARLY
    assert effect.more_with == 2
    assert effect.more_without == 0


def test_enough_nights_without_a_difference_are_said_to_be_enough() -> None:
    rng = np.random.default_rng(11)
    logged = rng.random(200) < 0.5
    effect = only(compare_factors(nights_of(person(rng, 200)), diary_of(logged)))
    assert effect.verdict is Verdict.NO_DIFFERENCE
    assert (effect.more_with, effect.more_without) == (0, 0)


def test_factors_of_the_same_nights_are_named_together() -> None:
    rng = np.random.default_rng(2)
    logged = rng.random(60) < 0.4
    water = Factor(0, FactorKind.WATER)
    diary = {day: (*found, water) for day, found in diary_of(logged).items()}
    effects = compare_factors(nights_of(person(rng, 60)), diary)
    assert {one.factor: one.together_with for one in effects} == {
        "magnesium": ("water",),
        "water": ("magnesium",),
    }


def test_a_name_that_a_person_gave_is_a_factor_of_its_own() -> None:
    assert factor_name(Factor(0, FactorKind.OTHER, "  Compression   Socks ")) == "compression socks"
    assert factor_name(Factor(0, FactorKind.OTHER)) == "other"
    assert factor_name(Factor(0, FactorKind.MEDICINE, "pramipexole")) == "medicine"


def test_nights_long_before_the_first_entry_do_not_count() -> None:
    rng = np.random.default_rng(2)
    logged = np.concatenate((np.zeros(100, np.bool_), rng.random(60) < 0.5))
    effect = only(compare_factors(nights_of(person(rng, 160)), diary_of(logged)))
    first = int(np.argmax(logged))
    assert effect.nights_with + effect.nights_without == 160 - first + 28


@pytest.mark.parametrize(("nights", "diary"), [([], {}), ([], diary_of(np.ones(3, np.bool_)))])
def test_without_nights_nothing_is_compared(nights: list[ComparedNight], diary: Diary) -> None:
    assert compare_factors(nights, diary) == []


@given(
    days=st.integers(1, 60),
    seed=st.integers(0, 2**32 - 1),
    missing=st.floats(0, 1),
    share=st.floats(0, 1),
)
def test_the_order_of_nights_changes_nothing_and_no_input_fails(
    days: int, seed: int, missing: float, share: float
) -> None:
    rng = np.random.default_rng(seed)
    indices = np.where(rng.random(days) < missing, np.nan, np.round(person(rng, days)))
    diary = diary_of(rng.random(days) < share)
    nights = nights_of(indices)
    expected = compare_factors(nights, diary)
    assert compare_factors(nights[::-1], dict(reversed(list(diary.items())))) == expected
    for effect in expected:
        assert 0 <= effect.nights_with + effect.nights_without <= days
        if effect.effect is not None and effect.low is not None and effect.high is not None:
            assert effect.low <= effect.high


@given(days=st.integers(20, 80), seed=st.integers(0, 2**32 - 1), added=st.floats(-5, 5, width=32))
def test_an_addition_to_each_night_with_a_factor_moves_the_interval_by_as_much(
    days: int, seed: int, added: float
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=days)
    logged = rng.random(days) < 0.5
    strata = np.ones((1, days), np.bool_)
    moved = moved_assignments(logged)
    before = compare_nights(values, logged, moved, strata)
    after = compare_nights(values + added * logged, logged, moved, strata)
    assert (before is None) == (after is None)
    if before is None or after is None:
        return
    assert after.effect == pytest.approx(before.effect + added, abs=1e-6)
    for old, new in ((before.low, after.low), (before.high, after.high)):
        assert new == (None if old is None else pytest.approx(old + added, abs=1e-6))


def rated_nights(logged: Flags) -> list[ComparedNight]:
    """Return nights that no sensor measured, with a diary that is three points better with it."""
    rng = np.random.default_rng(8)
    better = np.where(logged, 3, 0)
    return [
        ComparedNight(
            FIRST + timedelta(days=number),
            Measures(),
            cramp=bool(rng.random() < 0.2),
            diary=DiaryEntry(
                night=FIRST + timedelta(days=number),
                evening_symptoms=int(rng.integers(3, 7) - better[number]),
                sleep_quality=int(rng.integers(3, 7) + better[number]),
            ),
        )
        for number in range(len(logged))
    ]


def test_the_ratings_of_the_diary_are_compared() -> None:
    rng = np.random.default_rng(9)
    logged = rng.random(80) < 0.4
    found = {one.outcome: one for one in compare_factors(rated_nights(logged), diary_of(logged))}
    assert set(found) == {"cramp", "evening_symptoms", "sleep_quality"}
    assert found["evening_symptoms"].verdict is Verdict.LOWER
    assert found["evening_symptoms"].effect == pytest.approx(-3, abs=0.7)
    assert found["sleep_quality"].verdict is Verdict.HIGHER


def test_only_the_factors_of_the_most_nights_are_compared() -> None:
    names = [[f"f{number}" for number in range(40) if number % (day + 1) == 0] for day in range(20)]
    chosen = most_logged(names)
    assert len(chosen) == MAX_FACTORS
    assert chosen == sorted(chosen) == most_logged(reversed(names))
    assert {"f0", "f12", "f24", "f36"} <= set(chosen)
