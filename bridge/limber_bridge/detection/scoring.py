"""A whole night at once: combined movements and series out of marks, by the same code that follows
a night live.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from limber_bridge.detection.bilateral import BilateralCombiner
from limber_bridge.detection.events import Movement, PositionChange, Series, UnilateralMovement
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.series import SeriesScorer
from limber_bridge.detection.signal import LATEST_TIME
from limber_bridge.detection.spans import Span


@dataclass(frozen=True, slots=True)
class Scoring:
    """What the rules make of a night."""

    movements: tuple[Movement, ...]
    """In order of onset."""
    membership: tuple[int | None, ...]
    """For each movement, the index of its series."""
    series: tuple[Series, ...]
    """Those with enough movements, all ended."""

    @property
    def candidates(self) -> list[Movement]:
        """The CLM."""
        return [movement for movement in self.movements if movement.candidate]

    @property
    def periodic(self) -> list[Movement]:
        """The PLM."""
        return [
            move
            for move, series in zip(self.movements, self.membership, strict=True)
            if series is not None
        ]


def score_movements(
    parts: Iterable[UnilateralMovement],
    rules: RuleSet,
    *,
    asleep: Sequence[Span] | None = None,
    respiratory: Sequence[Span] = (),
) -> Scoring:
    """Score the movements of each leg, changes of posture among them.

    `asleep` (us) leaves out movements in wake where the rules want that; without it all time counts
    as sleep. Movements at `respiratory` events (us) are taken out first, so intervals are measured
    anew (reference 1.5).
    """
    kept = [
        event
        for event in combine_legs(parts, rules)
        if isinstance(event, PositionChange)
        or not (
            (asleep is not None and wakes(event, rules, asleep))
            or is_respiratory(event, rules, respiratory)
        )
    ]
    return find_series(kept, rules)


def combine_legs(
    parts: Iterable[UnilateralMovement], rules: RuleSet
) -> list[Movement | PositionChange]:
    """Return the movements of both legs together, in order of onset."""
    ordered = sorted(parts, key=lambda part: part.onset)
    legs = BilateralCombiner(rules, {part.side for part in ordered})
    for part in ordered:
        legs.mark(part.side, part)
    for side in {part.side for part in ordered}:
        legs.reach(side, LATEST_TIME)
    return list(legs.settle()) if ordered else []


def find_series(events: Iterable[Movement | PositionChange], rules: RuleSet) -> Scoring:
    """Return the series among combined movements in order of onset."""
    scorer = SeriesScorer(rules)
    movements: list[Movement] = []
    told: list[Series] = []
    for event in events:
        told += scorer.feed(event)
        if isinstance(event, Movement):
            movements.append(event)
    told += scorer.advance(LATEST_TIME)
    series = tuple(one for one in told if one.ended)
    return Scoring(tuple(movements), tuple(members(movements, series)), series)


def members(movements: Iterable[Movement], series: Sequence[Series]) -> Iterator[int | None]:
    """Yield, for each movement, the index of the series it belongs to.

    Between its first and its last onset every candidate is a member, as any other would have ended
    it.
    """
    index = 0
    for movement in movements:
        while index < len(series) and movement.onset > series[index].last:
            index += 1
        inside = (
            index < len(series) and movement.candidate and movement.onset >= series[index].onset
        )
        yield index if inside else None


def wakes(movement: Movement, rules: RuleSet, asleep: Sequence[Span]) -> bool:
    """Return whether a movement is out because its onset lies in wake."""
    return not rules.scores_wake and not within(movement.onset, asleep)


def within(time: int, spans: Iterable[Span]) -> bool:
    """Return whether a time lies in one of the spans; their ends are excluded."""
    return any(begin <= time < end for begin, end in spans)


def is_respiratory(movement: Movement, rules: RuleSet, respiratory: Iterable[Span]) -> bool:
    """Return whether a movement belongs to a respiratory event; touching the window counts."""
    rule = rules.respiratory
    return any(
        movement.onset <= end + rule.after
        and movement.end >= (start if rule.from_start else end) - rule.before
        for start, end in respiratory
    )
