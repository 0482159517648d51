"""Movements -> periodic series, movement by movement (science reference 1.2, steps 4 to 7, and 1.4,
steps 4 and 5).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from limber_bridge.detection.events import Movement, PositionChange, Series
from limber_bridge.detection.rules import RuleSet


@dataclass(frozen=True, slots=True)
class _Before:
    """The movement before the one that is looked at."""

    onset: int
    candidate: bool


class SeriesScorer:
    """Follows movements in order of onset and tells series when they are confirmed and when they
    end.
    """

    def __init__(self, rules: RuleSet) -> None:
        """Begin with nothing."""
        self._rules = rules
        self._before: _Before | None = None
        self._series: Series | None = None

    def feed(self, event: Movement | PositionChange) -> Iterator[Series]:
        """Yield what the event makes known. One that lies before those already seen (a late
        sensor's) changes nothing.

        A change of posture counts as a nonCLM if it is longer than a candidate may be, and is not
        there otherwise (contracts, section 1.1).
        """
        if self._before is not None and event.onset < self._before.onset:
            return
        match event:
            case Movement(candidate=True):
                yield from self._candidate(event)
            case Movement() if self._rules.discards_longer:
                return
            case PositionChange() if (
                self._rules.discards_longer or event.duration <= self._rules.max_candidate_duration
            ):
                return
            case _:
                yield from self._end()
        self._before = _Before(event.onset, isinstance(event, Movement) and event.candidate)

    def advance(self, horizon: int) -> Iterator[Series]:
        """Yield the series that ends because no movement with an onset before `horizon` (us) is to
        come.
        """
        if self._before is not None and horizon - self._before.onset > self._rules.max_interval:
            yield from self._end()

    def _candidate(self, movement: Movement) -> Iterator[Series]:
        interval = None if self._before is None else movement.onset - self._before.onset
        if self._series is not None and interval is not None and self._continues(interval):
            yield from self._grow(self._series, movement)
            return
        yield from self._end()
        if interval is None or self._starts(interval):
            self._series = Series(movement.onset, movement.end, movement.onset, 1, ended=False)

    def _continues(self, interval: int) -> bool:
        return self._rules.min_interval <= interval <= self._rules.max_interval

    def _starts(self, interval: int) -> bool:
        return interval >= self._rules.min_interval or self._rules.short_interval_starts_series

    def _grow(self, series: Series, movement: Movement) -> Iterator[Series]:
        end = max(series.end, movement.end)
        self._series = replace(series, end=end, last=movement.onset, movements=series.movements + 1)
        if self._series.movements == self._rules.min_series_length:
            yield self._series

    def _end(self) -> Iterator[Series]:
        series = self._series
        self._series = None
        if series is not None and series.movements >= self._rules.min_series_length:
            yield replace(series, ended=True)
