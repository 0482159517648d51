"""The events of one night -> its score: what was measured when, what the rules make of it, and the
measures.

Law: what was not measured is left out of every denominator and is never "nothing moved".
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from limber_bridge.detection.events import (
    BedTransition,
    Certainty,
    Cramp,
    Event,
    Gap,
    Movement,
    PositionChange,
    RhythmicTrain,
    Twitch,
    UnilateralMovement,
)
from limber_bridge.detection.in_bed import UNKNOWN_AFTER_US
from limber_bridge.detection.measures import Measures, ScoringInput, compute_measures
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.scoring import Scoring, score_movements, within
from limber_bridge.detection.sleep import asleep_spans, in_bed_spans
from limber_bridge.detection.spans import (
    Span,
    intersect_spans,
    merge_spans,
    subtract_spans,
)


@dataclass(frozen=True, slots=True)
class NightScore:
    """A night seen as a whole."""

    scoring: Scoring
    in_bed: tuple[Span, ...] | None
    """None: no sensor could tell."""
    asleep: tuple[Span, ...] | None
    gaps: tuple[Span, ...]
    """Times (us) in which no sensor measured."""
    measures: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was measured by whom."""

    begin: int
    """us; when the night began."""
    until: int
    """us; how far the signals have been read."""
    seen: Mapping[int, Span | None]
    """From when until when (us) each of the sleeper's sensors was heard at all; None: never."""
    movers: Collection[int]
    """Those of them whose movements count and that are fast enough for any."""
    certainties: Collection[Certainty] = ()
    """What they allow to say of cramps."""


def score_night(events: Sequence[Event], rules: RuleSet, coverage: Coverage) -> NightScore:
    """Score the events of one night."""
    absent = absences(events, coverage)
    gaps = shared(absent.values())
    bed_known = any(isinstance(event, BedTransition) for event in events)
    # After a long time without a signal nobody is in bed until somebody says so anew.
    told = [
        *events,
        *(
            BedTransition(begin, in_bed=False)
            for begin, end in gaps
            if end - begin > UNKNOWN_AFTER_US
        ),
    ]
    in_bed = tuple(in_bed_spans(told, coverage.until)) if bed_known else None
    asleep = tuple(asleep_spans(told, coverage.until, gaps)) if bed_known else None
    # Where sleep is not known, all time counts as sleep (science reference 1.4, 3).
    trains = [event for event in events if isinstance(event, RhythmicTrain)]
    scoring = score_movements(outside(parts_of(events), trains), rules, asleep=asleep)
    blind = shared(absent[mover] for mover in coverage.movers)
    moves = measured(blind, coverage) if coverage.movers else False
    facts = ScoringInput(
        scoring=scoring,
        rules=rules,
        in_bed=in_bed,
        asleep=asleep,
        gaps=gaps,
        blind=blind,
        moves=moves,
        twitches=sum(isinstance(event, Twitch) and inside(event.onset, in_bed) for event in events),
        rhythmic=len(
            {(event.onset, event.side) for event in trains if inside(event.onset, in_bed)}
        ),
        cramps=tuple(event for event in events if isinstance(event, Cramp)),
        certainties=coverage.certainties,
    )
    return NightScore(scoring, in_bed, asleep, gaps, compute_measures(facts))


def inside(time: int, in_bed: Iterable[Span] | None) -> bool:
    """Return whether a time counts: it lies in bed, or nobody knows."""
    return in_bed is None or within(time, in_bed)


def outside(
    parts: Iterable[UnilateralMovement], trains: Collection[RhythmicTrain]
) -> list[UnilateralMovement]:
    """Return the movements that are no beat of a rhythmic train of their leg."""
    return [
        part
        for part in parts
        if part.turned
        or not any(one.side == part.side and one.onset <= part.onset < one.end for one in trains)
    ]


def absences(events: Iterable[Event], coverage: Coverage) -> dict[int, list[Span]]:
    """Return when (us) each sensor did not measure: its gaps, the time before its first sample and
    after its last.
    """
    found: dict[int, list[Span]] = {}
    for sensor, span in coverage.seen.items():
        begin, end = span or (coverage.until, coverage.until)
        found[sensor] = [(coverage.begin, begin), (max(coverage.begin, end), coverage.until)]
    for event in events:
        if isinstance(event, Gap) and event.sensor in found:
            found[event.sensor].append((event.onset, event.end))
    return {
        sensor: merge_spans(span for span in spans if span[0] < span[1])
        for sensor, spans in found.items()
    }


def shared(lists: Iterable[Sequence[Span]]) -> tuple[Span, ...]:
    """Return the times that lie in a span of every list; none where there is no list."""
    common: Sequence[Span] | None = None
    for spans in lists:
        common = spans if common is None else intersect_spans(common, spans)
    return tuple(common or ())


def measured(absent: Sequence[Span], coverage: Coverage) -> bool:
    """Return whether anything is left of the night."""
    return any(True for _ in subtract_spans((coverage.begin, coverage.until), absent))


def parts_of(events: Iterable[Event]) -> list[UnilateralMovement]:
    """Return the movements of each leg as they were before the legs were combined."""
    parts: list[UnilateralMovement] = []
    for event in events:
        match event:
            case Movement():
                parts += event.parts
            case PositionChange():
                parts.append(UnilateralMovement(None, event.onset, event.end, turned=True))
            case _:
                pass
    return parts
