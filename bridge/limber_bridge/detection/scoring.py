"""Score leg movements: as they happen, or those of a whole night at once.

Both ways use the same code, so that a night gives the same movements and series either way.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from limber_bridge.detection.bilateral import BilateralCombiner
from limber_bridge.detection.events import Movement, PositionChange, Series, UnilateralMovement
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.series import SeriesScorer
from limber_bridge.detection.signal import LATEST_TIME
from limber_bridge.detection.spans import Span, is_in_spans

type ScoredEvent = Movement | PositionChange | Series


class MovementScorer:
    """Combines the movements of the legs as they happen, and finds the periodic series."""

    def __init__(self, rules: RuleSet, legs: Iterable[Hashable]) -> None:
        """Start without a movement; `legs` are the keys of those that report movements."""
        self._rules = rules
        self._keys = tuple(legs)
        self.restart()

    def restart(self) -> None:
        """Forget all movements."""
        self._legs = BilateralCombiner(self._rules, self._keys)
        self._series = SeriesScorer(self._rules)

    def set_legs(self, legs: Iterable[Hashable]) -> None:
        """Go on with other legs; movements that were added so far stay."""
        self._keys = tuple(legs)
        self._legs.set_legs(self._keys)

    @property
    def emitted_until(self) -> int:
        """Time (us) before which no further movement begins."""
        return self._legs.emitted_until

    @property
    def pending_onset(self) -> int:
        """Onset (us) of the first movement that was not emitted yet; `LATEST_TIME` without one."""
        return self._legs.pending_onset

    def restore_event(self, event: Movement | PositionChange) -> None:
        """Add a movement that was emitted before a restart; those come in order of onset."""
        for _ in self._series.add_event(event):
            pass

    def add_movement(self, leg: Hashable, part: UnilateralMovement) -> None:
        """Add a movement of one leg; those of the same leg come in order of onset."""
        self._legs.add_movement(leg, part)

    def advance_legs(self, times: Mapping[Hashable, int]) -> Iterator[ScoredEvent]:
        """Yield what is certain now, given the time (us) before which each leg reports no more."""
        for leg, time in times.items():
            self._legs.advance_leg(leg, time)
        yield from self._add_to_series(self._legs.emit_final())
        # A series ends also while nothing moves.
        yield from self._series.advance_to(self._legs.emitted_until)

    def emit_movements(self) -> Iterator[ScoredEvent]:
        """Yield all movements that are left; a series that may still continue stays open."""
        yield from self._add_to_series(self._legs.emit_all())

    def finish(self) -> Iterator[ScoredEvent]:
        """Yield all movements that are left, and the end of an open series."""
        yield from self.emit_movements()
        yield from self._series.advance_to(LATEST_TIME)

    def _add_to_series(self, events: Iterable[Movement | PositionChange]) -> Iterator[ScoredEvent]:
        for event in events:
            yield event
            yield from self._series.add_event(event)


@dataclass(frozen=True, slots=True)
class Scoring:
    """The movements and series of a night under one set of rules."""

    movements: tuple[Movement, ...]
    """In order of onset."""
    membership: tuple[int | None, ...]
    """For each movement, the index of its series; None outside of all series."""
    series: tuple[Series, ...]
    """Those that are long enough, all ended."""

    @property
    def candidates(self) -> list[Movement]:
        """The candidate movements (CLM)."""
        return [movement for movement in self.movements if movement.candidate]

    @property
    def periodic(self) -> list[Movement]:
        """The periodic movements (PLM): members of a series."""
        return [
            movement
            for movement, series in zip(self.movements, self.membership, strict=True)
            if series is not None
        ]


def score_movements(
    parts: Iterable[UnilateralMovement],
    rules: RuleSet,
    *,
    asleep: Sequence[Span] | None = None,
    respiratory: Sequence[Span] = (),
) -> Scoring:
    """Score the movements of each leg, position changes included.

    `asleep` are the times of sleep in us, used where the rules leave out movements in wakefulness;
    with None, all time counts as sleep. Movements at `respiratory` events (us) are left out, too,
    before intervals are measured (docs/science.md#respiratory-events).
    """
    # The combined movement is judged, not its parts: wakefulness and respiration are properties of
    # the sleeper.
    kept = [
        event
        for event in combine_legs(parts, rules)
        if isinstance(event, PositionChange)
        or not (is_unscored_wake(event, rules, asleep) or is_respiratory(event, rules, respiratory))
    ]
    return find_series(kept, rules)


def combine_legs(
    parts: Iterable[UnilateralMovement], rules: RuleSet
) -> list[Movement | PositionChange]:
    """Return the movements of the sleeper, from those of single legs, in order of onset."""
    ordered = sorted(parts, key=lambda part: part.onset)
    combiner = BilateralCombiner(rules, {part.side for part in ordered})
    for part in ordered:
        combiner.add_movement(part.side, part)
    return list(combiner.emit_all())


def find_series(events: Iterable[Movement | PositionChange], rules: RuleSet) -> Scoring:
    """Return the movements and series among combined events, which are in order of onset."""
    scorer = SeriesScorer(rules)
    movements: list[Movement] = []
    reported: list[Series] = []
    for event in events:
        reported += scorer.add_event(event)
        if isinstance(event, Movement):
            movements.append(event)
    reported += scorer.advance_to(LATEST_TIME)
    series = tuple(one for one in reported if one.ended)
    return Scoring(tuple(movements), tuple(series_indexes(movements, series)), series)


def series_indexes(movements: Iterable[Movement], series: Sequence[Series]) -> Iterator[int | None]:
    """Yield, for each movement, the index of the series it belongs to, or None.

    Every candidate from the first to the last onset of a series is a member: one that does not fit
    would have ended the series.
    """
    index = 0
    for movement in movements:
        # Both are in order of onset, so one pass over the series is enough.
        while index < len(series) and movement.onset > series[index].last:
            index += 1
        is_member = (
            index < len(series) and movement.candidate and movement.onset >= series[index].onset
        )
        yield index if is_member else None


def is_unscored_wake(movement: Movement, rules: RuleSet, asleep: Sequence[Span] | None) -> bool:
    """Return whether the rules leave a movement out because it begins in wakefulness."""
    if asleep is None or rules.scores_wake:
        return False
    return not is_in_spans(movement.onset, asleep)


def is_respiratory(movement: Movement, rules: RuleSet, respiratory: Iterable[Span]) -> bool:
    """Return whether a movement belongs to a respiratory event.

    See docs/science.md#respiratory-events.
    """
    rule = rules.respiratory
    # Both comparisons include the limits: touching the window counts.
    return any(
        movement.onset <= end + rule.after
        and movement.end >= (begin if rule.from_event_start else end) - rule.before
        for begin, end in respiratory
    )
