"""Compare nights of two kinds by other assignments of the kinds to the same nights. Pure.

The question is whether nights with a factor differ from nights without it. The difference is
compared with the differences that the same nights show under other assignments: those that a
randomized schedule could have drawn, or, without such a schedule, the observed one moved along
the calendar. No distribution of the outcome is assumed.

Sources: Edgington and Onghena, Randomization Tests, 4th edition, 2007 (the test and its inversion);
Harris, Nonsense correlations in neuroscience, bioRxiv 2020 (moving a series keeps the dependence
between neighbouring nights, but fails where both series drift, which strata have to prevent).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Flags, Floats

TAIL: Final = 0.05
"""Error allowed at each end of the interval, which therefore covers 90 %. chosen: the question has
a direction (does it help?), and 5 % of false "helps" is the usual limit."""
SMALLEST_PRECISION: Final = 1e-6
"""A smaller one is 0 with the error of arithmetic: no stratum has nights of both kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How nights with a factor differ from nights without it."""

    effect: float
    """Mean with minus mean without, within strata, in the unit of the outcome."""
    low: float | None
    high: float | None
    """Limits of the interval, of 90 % by default; None: too few assignments."""
    p_lower: float
    """Probability of a difference as low as this one, or lower, if the factor changes nothing."""
    p_higher: float
    """The same for one as high, or higher."""
    information: float
    """See `Comparison`; a quarter of the nights if half of them had the factor."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Nights of two kinds, without the differences between their strata.

    Arrays have one value for each known night; assignments have one row each.
    """

    values: Floats
    """The outcome, minus its mean in the stratum of the night."""
    used: Floats
    """The assignment that was used: 1 with the factor and 0 without it, minus the mean in the
    stratum."""
    strata: Floats
    """For each stratum (row), 1 for its nights and 0 for others."""

    @property
    def information(self) -> float:
        """How much the nights tell about the effect, in nights.

        The variance of the effect is that of a night divided by this.
        """
        return float(self.used @ self.used)

    @property
    def effect(self) -> float:
        """Mean difference within strata (least squares)."""
        return float(self.used @ self.values) / self.information

    def limits(self, others: Flags) -> Floats:
        """Return the true effect at which each other assignment would show as much as the one used.

        The assignments are compared by their effect divided by its standard error, because one that
        coincides with a stratum estimates less precisely. If the factor adds `d` to each night with
        it, that is linear in `d` for each assignment; two of them are equal at one value.
        """
        centred = centre(others.astype(np.float64), self.strata)
        precision = np.sqrt(np.einsum("ij,ij->i", centred, centred))
        usable = precision > SMALLEST_PRECISION
        scaled = centred[usable] / precision[usable, np.newaxis]
        own_precision = math.sqrt(self.information)
        differences = own_precision * self.effect - scaled @ self.values
        return np.asarray(differences / (own_precision - scaled @ self.used))


def centre(rows: Floats, strata: Floats) -> Floats:
    """Return values minus their mean in each stratum; the last axis is that of the nights."""
    sizes = strata.sum(axis=1)
    return np.asarray(rows - (rows @ strata.T / sizes) @ strata)


def make_comparison(outcome: Floats, with_factor: Flags, strata: Flags) -> Comparison | None:
    """Return the comparison of the known nights.

    `outcome`: one value for each night of the calendar, NaN where it is unknown; `with_factor`: of
    the same length; `strata`: one row for each kind of night, such as weekends; every night is in
    one of them. None if no stratum has known nights of both kinds.
    """
    known = np.isfinite(outcome)
    rows = strata[:, known].astype(np.float64)
    rows = rows[rows.any(axis=1)]
    used = centre(with_factor[known].astype(np.float64), rows)
    comparison = Comparison(centre(outcome[known], rows), used, rows)
    return comparison if comparison.information > SMALLEST_PRECISION**2 else None


def compare_nights(
    outcome: Floats, with_factor: Flags, others: Flags, strata: Flags, *, tail: float = TAIL
) -> Difference | None:
    """Compare the nights with a factor with those without it, within strata.

    `others`: other assignments, one in each row; `tail`: error allowed at each end of the interval;
    see `make_comparison` for the rest. Assignments that no stratum can compare are left out.
    """
    comparison = make_comparison(outcome, with_factor, strata)
    if comparison is None:
        return None
    known = np.isfinite(outcome)
    chosen = with_factor[known]
    alternatives = others[:, known]
    # The assignment that was used is one of those that were possible.
    is_used = (alternatives == chosen).all(axis=1)
    used = 1 + int(is_used.sum())
    limits = comparison.limits(alternatives[~is_used])
    low, high = interval(limits, used, tail)
    return Difference(
        effect=comparison.effect,
        low=low,
        high=high,
        p_lower=(used + int(np.count_nonzero(limits >= 0))) / (used + len(limits)),
        p_higher=(used + int(np.count_nonzero(limits <= 0))) / (used + len(limits)),
        information=comparison.information,
    )


def interval(limits: Floats, used: int, tail: float) -> tuple[float | None, float | None]:
    """Return the true effects that the test would not reject at `tail` on either side.

    `used`: how many of the possible assignments are the one that was used. None: too few others.
    """
    rank = math.floor(tail * (len(limits) + used)) - used + 1
    if rank < 1:
        return None, None
    ordered = np.sort(limits)
    return float(ordered[rank - 1]), float(ordered[-rank])


def moved_assignments(with_factor: Flags) -> Flags:
    """Return an assignment moved along the calendar by each number of nights, the end to the begin.

    One row for each move, without the one that changes nothing.
    """
    length = len(with_factor)
    places = (np.arange(length)[np.newaxis, :] - np.arange(1, length)[:, np.newaxis]) % length
    return np.asarray(with_factor[places])
