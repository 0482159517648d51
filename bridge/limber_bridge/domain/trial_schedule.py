"""Draw the schedule of a personal trial, and the other schedules that could have been drawn. Pure.

Both come from the same procedure, which is what makes the randomization test valid. A factor whose
effect is gone by the next evening is drawn night by night, in blocks of two weeks. A slow one is
drawn by periods, the first nights of which are not compared. docs/science.md#personal-trials
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Flags
from limber_bridge.domain.factor_effects import MIN_NIGHTS, WEEKEND
from limber_bridge.domain.trial import Arm, TrialError, TrialOptions, TrialPlan

DESIGN: Final = 1
"""Version of the procedure. A trial keeps its schedule; the version says what it is compared with.
"""
BLOCK_NIGHTS: Final = 14
MAX_RUN: Final = 3
"""Nights in a row with the same plan, at most. chosen: changes often, so that a slow change of the
person is the same on both sides, and cannot be predicted for more than a night or two."""
LEAST_PERIOD: Final = 5
COMPARED_OF_PERIOD: Final = 3
"""Nights of a period of a slow factor, and of these that are compared, where there are enough
periods. chosen: of periods of 4 to 8 nights that were simulated, these find most."""
MIN_PERIODS: Final = 8
"""Periods of a slow factor. chosen: 8 can be drawn in 62 ways; fewer could never show anything."""
MAX_DRAWS: Final = 200
"""Rounds of candidates. Chosen: some of ten candidates are accepted; this never fails."""


@dataclass(frozen=True, slots=True)
class Design:
    """What of a trial determines which schedules can be drawn."""

    start: date
    nights: int
    washout_nights: int
    period: int
    """Nights of a period of a slow factor; 0: drawn night by night."""

    @property
    def weekend(self) -> Flags:
        """For each night: whether it is that of a Friday or Saturday."""
        days = (self.start + timedelta(days=number) for number in range(self.nights))
        return np.array([day.weekday() in WEEKEND for day in days])

    @property
    def periods(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """For each night: the number of its period; the last one takes the nights that remain."""
        count = self.nights // self.period
        return np.asarray(np.minimum(np.arange(self.nights) // self.period, count - 1))

    @property
    def compared(self) -> Flags:
        """For each night: whether it is compared, the same in every schedule."""
        if not self.period:
            return np.ones(self.nights, np.bool_)
        periods = self.periods
        return np.asarray(np.arange(self.nights) - periods * self.period >= self.washout_nights)


def design_of(options: TrialOptions, start: date) -> Design:
    """Return the design of a trial, whether it could show anything or not."""
    if not options.washout_nights:
        return Design(start, options.nights, 0, 0)
    wanted = max(LEAST_PERIOD, options.washout_nights + COMPARED_OF_PERIOD)
    period = max(min(wanted, options.nights // MIN_PERIODS), options.washout_nights + 1)
    return Design(start, options.nights, options.washout_nights, period)


def make_design(options: TrialOptions, start: date) -> Design:
    """Return the design of a trial; TrialError where it could not show anything."""
    design = design_of(options, start)
    enough = not design.period or options.nights // design.period >= MIN_PERIODS
    if not enough or design.compared.sum() < 2 * MIN_NIGHTS:
        raise TrialError(
            f"{options.weeks} weeks with {options.washout_nights} wash-out nights after each change"
            " leave too few nights to compare; choose more weeks or fewer wash-out nights"
        )
    return design


def draw_plan(id_: str, options: TrialOptions, start: date, seed: int) -> TrialPlan:
    """Draw the schedule of a trial; TrialError."""
    design = make_design(options, start)
    (assigned,) = draw_schedules(design, np.random.default_rng(seed), 1)
    return TrialPlan(
        id=id_,
        options=options,
        start=start,
        seed=seed,
        design=DESIGN,
        schedule=arms_of(design, assigned),
    )


def draw_schedules(design: Design, rng: np.random.Generator, count: int) -> Flags:
    """Draw schedules: one row each, True for each night with the factor."""
    draw = draw_periods if design.period else draw_nights
    found: list[Flags] = []
    missing = count
    for _ in range(MAX_DRAWS):
        drawn = draw(design, rng, 4 * missing + 64)[:missing]
        found.append(drawn)
        missing -= len(drawn)
        if not missing:
            return np.concatenate(found)
    raise AssertionError


def draw_nights(design: Design, rng: np.random.Generator, count: int) -> Flags:
    """Draw candidates night by night, and return those without long runs.

    Each week has the factor on one of the two weekend nights, and each block of two weeks on five
    of the ten other nights.
    """
    weekend = design.weekend
    schedules = np.zeros((count, design.nights), np.bool_)
    for begin in range(0, design.nights, 7):
        (nights,) = np.nonzero(weekend[begin : begin + 7])
        schedules[:, begin + nights] = shuffled(rng, count, (True, False))
    for begin in range(0, design.nights, BLOCK_NIGHTS):
        (nights,) = np.nonzero(~weekend[begin : begin + BLOCK_NIGHTS])
        few = len(nights) // 2
        rest = len(nights) - 2 * few
        kinds = shuffled(rng, count, (True,) * few + (False,) * few + (True,) * rest)
        if rest:
            # A single week has five of these nights: two or three with the factor, by lot.
            kinds ^= rng.random((count, 1)) < 0.5
        schedules[:, begin + nights] = kinds
    return schedules[longest_runs(schedules) <= MAX_RUN]


def draw_periods(design: Design, rng: np.random.Generator, count: int) -> Flags:
    """Draw candidates by periods, half of them with the factor."""
    periods = design.periods
    number = int(periods[-1]) + 1
    few = number // 2
    kinds = shuffled(rng, count, (True,) * few + (False,) * few + (True,) * (number - 2 * few))
    if number % 2:
        kinds ^= rng.random((count, 1)) < 0.5
    kinds = kinds[longest_runs(kinds) <= MAX_RUN]
    return kinds[:, periods]


def shuffled(rng: np.random.Generator, count: int, kinds: tuple[bool, ...]) -> Flags:
    """Return the same kinds in random order, once for each row."""
    return rng.permuted(np.tile(np.array(kinds), (count, 1)), axis=1)


def longest_runs(schedules: Flags) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return for each row the largest number of equal values in a row."""
    longest = np.ones(len(schedules), np.int64)
    run = np.ones(len(schedules), np.int64)
    for number in range(1, schedules.shape[1]):
        run = np.where(schedules[:, number] == schedules[:, number - 1], run + 1, 1)
        longest = np.maximum(longest, run)
    return longest


def arms_of(design: Design, assigned: Flags) -> tuple[Arm, ...]:
    """Return what a schedule says for each night.

    After a period with a slow factor, the nights without it that are not compared are wash-out.
    """
    arms = [Arm.WITH if one else Arm.WITHOUT for one in assigned]
    for number, compared in enumerate(design.compared):
        before = number - number % design.period - 1 if design.period else -1
        if not compared and arms[number] is Arm.WITHOUT and before >= 0 and assigned[before]:
            arms[number] = Arm.WASHOUT
    return tuple(arms)


def assigned_nights(plan: TrialPlan) -> Flags:
    """Return for each night of a plan whether it has the factor."""
    return np.array([arm is Arm.WITH for arm in plan.schedule])
