"""Schedules of personal trials: balanced, drawn from a seed, and never too predictable."""

import itertools
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import FactorKind
from limber_bridge.domain.factor_effects import WEEKEND
from limber_bridge.domain.trial import Arm, TrialError, TrialOptions
from limber_bridge.domain.trial_schedule import (
    MAX_RUN,
    draw_plan,
    draw_schedules,
    longest_runs,
    make_design,
)

DATES = st.dates(date(2026, 1, 1), date(2028, 12, 31))


def options(weeks: int = 8, washout_nights: int = 0) -> TrialOptions:
    return TrialOptions(factor=FactorKind.STRETCHING, weeks=weeks, washout_nights=washout_nights)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 8), DATES, st.integers(0, 2**48 - 1))
def test_nights_are_balanced_with_both_kinds_of_weekdays(
    weeks: int, start: date, seed: int
) -> None:
    plan = draw_plan("trial-1", options(weeks), start, seed)
    assert len(plan.schedule) == 7 * weeks
    nights = [(start + timedelta(days=number), arm) for number, arm in enumerate(plan.schedule)]
    weekend = [arm is Arm.WITH for day, arm in nights if day.weekday() in WEEKEND]
    others = [arm is Arm.WITH for day, arm in nights if day.weekday() not in WEEKEND]
    assert 2 * sum(weekend) == len(weekend)
    assert abs(2 * sum(others) - len(others)) <= weeks % 2
    assert longest_runs(np.array([[arm is Arm.WITH for _, arm in nights]])) <= MAX_RUN


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 8), st.integers(1, 7), DATES, st.integers(0, 2**48 - 1))
def test_wash_out_nights_follow_each_end_of_a_period_with_the_factor(
    weeks: int, washout: int, start: date, seed: int
) -> None:
    chosen = options(weeks, washout)
    try:
        plan = draw_plan("trial-1", chosen, start, seed)
    except TrialError as error:
        assert "choose more weeks or fewer wash-out nights" in str(error)  # noqa: PT017
        return
    arms = plan.schedule
    for number, (before, arm) in enumerate(itertools.pairwise(arms), 1):
        if before is Arm.WITH and arm is not Arm.WITH:
            assert set(arms[number : number + washout]) == {Arm.WASHOUT}
            assert arms[number + washout : number + washout + 1] != (Arm.WASHOUT,)
        elif arm is Arm.WASHOUT:
            assert before is Arm.WASHOUT
    compared = make_design(chosen, start).compared
    assert all(arms[number] is not Arm.WASHOUT for number in np.flatnonzero(compared))


def test_the_same_seed_draws_the_same_plan() -> None:
    start = date(2026, 12, 1)
    assert draw_plan("a", options(), start, 5) == draw_plan("a", options(), start, 5)
    assert draw_plan("a", options(), start, 5) != draw_plan("a", options(), start, 6)


@pytest.mark.parametrize("washout", [0, 1, 2, 3])
def test_every_night_is_as_likely_with_as_without(washout: int) -> None:
    design = make_design(options(8, washout), date(2026, 12, 1))
    drawn = draw_schedules(design, np.random.default_rng(1), 4000)
    assert np.abs(drawn.mean(axis=0) - 0.5).max() < 0.04


@pytest.mark.parametrize(
    ("weeks", "washout", "enough"),
    [
        (2, 0, True),
        (4, 1, True),
        (3, 1, True),
        (2, 1, False),
        (5, 2, True),
        (4, 3, False),
        (8, 7, False),
    ],
)
def test_a_trial_that_could_show_nothing_is_refused(weeks: int, washout: int, enough: bool) -> None:
    if enough:
        make_design(options(weeks, washout), date(2026, 12, 1))
        return
    with pytest.raises(TrialError, match="too few nights to compare"):
        make_design(options(weeks, washout), date(2026, 12, 1))
