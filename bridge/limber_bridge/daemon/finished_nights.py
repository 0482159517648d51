"""The finished nights of one sleeper, and averages over them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta

from limber_bridge.domain.nights import Night
from limber_bridge.domain.trends import AVERAGING_PERIODS_DAYS, NightAverages, average_nights


class FinishedNights:
    """Hold the latest revision of every finished night."""

    def __init__(
        self, finished: Mapping[date, Night], counts: Callable[[Night], bool] = lambda _: True
    ) -> None:
        """Start with the nights in the journal.

        `counts` returns whether a night can be the last one now: not where its date comes from a
        clock that was wrong.
        """
        self._finished = dict(finished)
        self._counts = counts

    def __contains__(self, night: date) -> bool:
        return night in self._finished

    def __iter__(self) -> Iterator[Night]:
        return iter(self._finished.values())

    @property
    def last(self) -> Night | None:
        """The finished night with the latest possible date."""
        # The first of them usually counts.
        newest_first = (self._finished[day] for day in sorted(self._finished, reverse=True))
        return next((night for night in newest_first if self._counts(night)), None)

    def revise(self, night: Night) -> Night | None:
        """Add the next revision of a night and return it; None where no figure has changed."""
        known = self._finished.get(night.date)
        if known is not None and has_same_figures(known, night):
            return None
        revised = replace(night, revision=1 if known is None else known.revision + 1)
        self._finished[night.date] = revised
        return revised

    def replace_night(self, day: date, night: Night | None) -> None:
        """Replace a night by its version in the journal; None: the journal no longer has it."""
        if night is None:
            self._finished.pop(day, None)
        else:
            self._finished[day] = night

    def averages(self) -> dict[str, NightAverages | None]:
        """Return the averages over each averaging period up to the last night, by its days."""
        last = self.last
        if last is None:
            return {str(days): None for days in AVERAGING_PERIODS_DAYS}
        return {str(days): self._average(last.date, days) for days in AVERAGING_PERIODS_DAYS}

    def _average(self, last: date, days: int) -> NightAverages | None:
        found = (self._finished.get(last - timedelta(days=back)) for back in range(days))
        nights = [night for night in found if night is not None and self._counts(night)]
        return average_nights(nights, last, days)


def has_same_figures(known: Night, night: Night) -> bool:
    """Return whether nothing has changed that makes a revision of a night.

    The sensitivity may have been set after the night. An older version did not store the hours.
    """
    hours = night.hours if known.hours is None else known.hours
    return replace(known, revision=0, sensitivity=night.sensitivity, hours=hours) == night
