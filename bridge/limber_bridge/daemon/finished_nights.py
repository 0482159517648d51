"""The finished nights of one sleeper, and averages over them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from limber_bridge.domain.nights import Night
from limber_bridge.domain.trends import AVERAGING_PERIODS_DAYS, NightAverages, average_nights


class FinishedNights:
    """Hold the latest revision of every finished night."""

    def __init__(
        self, finished: Mapping[date, Night], last: Night | None, recent: Iterable[Night]
    ) -> None:
        """Start with the nights in the journal; `recent` are those that averages may need."""
        self._finished = dict(finished)
        self._recent = {night.date: night for night in recent}
        self.last = last
        """The finished night with the latest date."""

    def __contains__(self, night: date) -> bool:
        return night in self._finished

    def __iter__(self) -> Iterator[Night]:
        return iter(self._finished.values())

    def revise(self, night: Night) -> Night | None:
        """Add the next revision of a night and return it; None where no figure has changed."""
        known = self._finished.get(night.date)
        # The sensitivity may have been set after the night, so it makes no revision by itself.
        if known is not None and replace(known, revision=0, sensitivity=night.sensitivity) == night:
            return None
        revised = replace(night, revision=1 if known is None else known.revision + 1)
        self._finished[night.date] = revised
        self._recent[night.date] = revised
        if self.last is None or night.date >= self.last.date:
            self.last = revised
        return revised

    def replace_night(self, day: date, night: Night | None) -> None:
        """Replace a night by its version in the journal; None: the journal no longer has it."""
        if night is None:
            self._finished.pop(day, None)
            self._recent.pop(day, None)
        else:
            self._finished[day] = night
            self._recent[day] = night
        self.last = max(self._finished.values(), key=lambda one: one.date, default=None)

    def averages(self) -> dict[str, NightAverages | None]:
        """Return the averages over each averaging period up to the last night, by its days."""
        return {str(days): self._average(days) for days in AVERAGING_PERIODS_DAYS}

    def drop_before(self, oldest: date) -> None:
        """Drop nights from the averages that are older than `oldest`."""
        for night in [night for night in self._recent if night < oldest]:
            del self._recent[night]

    def _average(self, days: int) -> NightAverages | None:
        return (
            None
            if self.last is None
            else average_nights(self._recent.values(), self.last.date, days)
        )
