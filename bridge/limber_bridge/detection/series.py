"""Build periodic series, movement by movement (docs/science.md#periodic-series)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from limber_bridge.detection.events import Movement, PositionChange, Series
from limber_bridge.detection.rules import RuleSet


@dataclass(frozen=True, slots=True)
class _PreviousMovement:
    """The movement before the current one."""

    onset: int
    """us."""
    candidate: bool


class SeriesScorer:
    """Follows movements in order of onset.

    Reports each series twice: when it has enough movements, and when it has ended.
    """

    def __init__(self, rules: RuleSet) -> None:
        """Start without a movement."""
        self._rules = rules
        self._previous: _PreviousMovement | None = None
        self._series: Series | None = None

    def add_event(self, event: Movement | PositionChange) -> Iterator[Series]:
        """Yield the series that a movement confirms or ends.

        A movement earlier than the previous one, from a sensor that delivers late, is ignored.
        """
        if self._previous is not None and event.onset < self._previous.onset:
            return
        match event:
            case Movement(candidate=True):
                yield from self._add_candidate(event)
            case Movement() if self._rules.discards_longer:
                return
            # A position change ends a series only if it is longer than a candidate may be;
            # otherwise it leaves the series as it is.
            case PositionChange() if (
                self._rules.discards_longer or event.duration <= self._rules.max_candidate_duration
            ):
                return
            case _:
                yield from self._end_series()
        is_candidate = isinstance(event, Movement) and event.candidate
        self._previous = _PreviousMovement(event.onset, is_candidate)

    def advance_to(self, horizon: int) -> Iterator[Series]:
        """Yield the series that has ended, given that no further movement begins before `horizon`.

        `horizon` is in us. A movement at `horizon` or later may still be added.
        """
        if self._previous is None:
            return
        if horizon - self._previous.onset > self._rules.max_interval:
            yield from self._end_series()

    def _add_candidate(self, movement: Movement) -> Iterator[Series]:
        """Continue the series with a movement, or end it and begin the next."""
        interval = None if self._previous is None else movement.onset - self._previous.onset
        if self._series is not None and interval is not None and self._continues(interval):
            yield from self._extend(self._series, movement)
            return
        yield from self._end_series()
        if interval is None or self._begins(interval):
            self._series = Series(movement.onset, movement.end, movement.onset, 1, ended=False)

    def _continues(self, interval: int) -> bool:
        """Return whether a candidate after this interval (us) belongs to the series before it."""
        return self._rules.min_interval <= interval <= self._rules.max_interval

    def _begins(self, interval: int) -> bool:
        """Return whether a candidate after this interval (us) may be the first of a series."""
        return interval >= self._rules.min_interval or self._rules.short_interval_starts_series

    def _extend(self, series: Series, movement: Movement) -> Iterator[Series]:
        """Add a movement; yield the series if this makes it long enough."""
        self._series = replace(
            series,
            end=max(series.end, movement.end),
            last=movement.onset,
            movements=series.movements + 1,
        )
        if self._series.movements == self._rules.min_series_length:
            yield self._series

    def _end_series(self) -> Iterator[Series]:
        """Forget the current series; yield it if it is long enough."""
        series = self._series
        self._series = None
        if series is not None and series.movements >= self._rules.min_series_length:
            yield replace(series, ended=True)
