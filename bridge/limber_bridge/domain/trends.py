"""Means and spread over several nights, as a single night says little. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from statistics import fmean, stdev
from typing import Final

from limber_bridge.domain.nights import Night

AVERAGING_PERIODS_DAYS: Final = (7, 30)
"""Days over which nights are averaged."""
DECIMALS: Final = 4
"""Decimal places of means and standard deviations. chosen: more than any measure deserves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightAverages:
    """Means and standard deviations of several nights."""

    nights: int
    """Number of nights; days without one are left out."""
    mean: Mapping[str, float]
    """By measure, over the nights in which it is known."""
    sd: Mapping[str, float]
    """Standard deviation between nights (n - 1), where at least two nights know the measure."""


def average_nights(nights: Iterable[Night], last: date, days: int) -> NightAverages | None:
    """Return the averages of the nights of `days` days up to `last`; None if there are none."""
    found = [
        asdict(night.measures)
        for night in nights
        if last - timedelta(days=days) < night.date <= last
    ]
    if not found:
        return None
    known = {
        key: [one[key] for one in found if isinstance(one[key], int | float)] for key in found[0]
    }
    return NightAverages(
        nights=len(found),
        mean={key: round(fmean(values), DECIMALS) for key, values in known.items() if values},
        sd={
            key: round(stdev(values), DECIMALS) for key, values in known.items() if len(values) > 1
        },
    )
