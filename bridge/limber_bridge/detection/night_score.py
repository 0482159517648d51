"""Score the events of one night: what was measured when, its movements, series and measures.

Invariant: time that was not measured is left out of every denominator, and never counts as time
without movement.
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
from limber_bridge.detection.measures import Measures, compute_measures
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.scoring import Scoring, score_movements
from limber_bridge.detection.scoring_input import ScoringInput
from limber_bridge.detection.signal import Side
from limber_bridge.detection.sleep import asleep_spans, in_bed_spans
from limber_bridge.detection.spans import (
    Span,
    intersect_spans,
    is_in_spans,
    merge_spans,
    subtract_spans,
)


@dataclass(frozen=True, slots=True)
class NightScore:
    """A scored night; spans in us."""

    scoring: Scoring
    in_bed: tuple[Span, ...] | None
    """None: no sensor showed it."""
    asleep: tuple[Span, ...] | None
    """None: not known."""
    gaps: tuple[Span, ...]
    """Times in which no sensor measured."""
    measures: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which sensors measured what in a night."""

    begin: int
    """us; when the night began."""
    until: int
    """us; how far the signals have been read."""
    seen: Mapping[int, Span | None]
    """The time (us) from the first to the last sample of each sensor, by its id; None: it never
    delivered a sample."""
    movement_sensors: Collection[int]
    """Ids of the sensors whose movements count, and that are fast enough for leg movements."""
    sides: Mapping[int, Side | None] | None = None
    """The leg of each of these sensors, None: not known; None instead of the mapping: either leg
    may be any of them."""
    certainties: Collection[Certainty] = ()
    """The certainties of cramps that the sensors can show."""
    reported: Sequence[Span] = ()
    """Times (us) in which a sensor outside of the bridge reported whether the sleeper is in bed."""


def score_night(events: Sequence[Event], rules: RuleSet, coverage: Coverage) -> NightScore:
    """Score the events of one night."""
    absent = unmeasured_spans(events, coverage)
    gaps = common_spans(absent.values())
    bed_gaps = without_spans(gaps, coverage.reported)
    in_bed, asleep = bed_and_sleep(events, coverage.until, gaps, bed_gaps)
    certainties = coverage.certainties
    if coverage.reported and not was_measured(gaps, coverage):
        # Reports say nothing about sleep and cramps.
        asleep = None
        certainties = ()
    if not coverage.movement_sensors:
        # Sleep is estimated from movements, which no sensor shows.
        asleep = None
    trains = [event for event in events if isinstance(event, RhythmicTrain)]
    # Where sleep is not known, all time counts as sleep (docs/science.md#aasm).
    parts = without_train_beats(leg_movements(events), trains)
    scoring = score_movements(parts, rules, asleep=asleep)
    movement_gaps = common_spans(absent[sensor] for sensor in coverage.movement_sensors)
    scoring_input = ScoringInput(
        scoring=scoring,
        rules=rules,
        in_bed=in_bed,
        asleep=asleep,
        gaps=gaps,
        movement_gaps=movement_gaps,
        shows_movements=bool(coverage.movement_sensors) and was_measured(movement_gaps, coverage),
        sides=measured_sides(coverage, absent),
        twitches=sum(
            isinstance(event, Twitch) and is_counted(event.onset, in_bed) for event in events
        ),
        # A train is reported again with each further beat; it counts once.
        rhythmic_trains=len(
            {(event.onset, event.side) for event in trains if is_counted(event.onset, in_bed)}
        ),
        cramps=tuple(event for event in events if isinstance(event, Cramp)),
        certainties=certainties,
        bed_gaps=bed_gaps,
    )
    return NightScore(scoring, in_bed, asleep, gaps, compute_measures(scoring_input))


def bed_and_sleep(
    events: Sequence[Event], until: int, gaps: Sequence[Span], bed_gaps: Sequence[Span]
) -> tuple[tuple[Span, ...] | None, tuple[Span, ...] | None]:
    """Return the times (us) in bed and asleep; None where no event shows them.

    `gaps` are the times in which no sensor measured; in `bed_gaps` no report was valid either.
    """
    if not any(isinstance(event, BedTransition) for event in events):
        return None, None
    # After a long gap the sleeper counts as out of bed until a sensor shows otherwise
    # (docs/science.md#in-bed).
    left_in_gap = [
        BedTransition(begin, in_bed=False)
        for begin, end in bed_gaps
        if end - begin > UNKNOWN_AFTER_US
    ]
    transitions = [*events, *left_in_gap]
    return tuple(in_bed_spans(transitions, until)), tuple(asleep_spans(transitions, until, gaps))


def without_spans(spans: Sequence[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    """Return the times (us) of spans that lie in none of the others."""
    return tuple(piece for span in spans for piece in subtract_spans(span, others))


def is_counted(time: int, in_bed: Iterable[Span] | None) -> bool:
    """Return whether a time (us) lies in bed; any time does if the time in bed is not known."""
    return in_bed is None or is_in_spans(time, in_bed)


def without_train_beats(
    parts: Iterable[UnilateralMovement], trains: Collection[RhythmicTrain]
) -> list[UnilateralMovement]:
    """Return the movements that are not a beat of a rhythmic train of the same leg.

    Position changes are kept: a limb that turns has not only shaken.
    """
    return [
        part
        for part in parts
        if part.turned
        or not any(one.side == part.side and one.onset <= part.onset < one.end for one in trains)
    ]


def unmeasured_spans(events: Iterable[Event], coverage: Coverage) -> dict[int, list[Span]]:
    """Return the times (us) in which each sensor did not measure, by its id.

    These are its gaps, the time before its first sample and the time after its last.
    """
    found: dict[int, list[Span]] = {}
    for sensor, span in coverage.seen.items():
        # A sensor that never delivered is absent from the beginning to the end.
        begin, end = span or (coverage.until, coverage.until)
        found[sensor] = [(coverage.begin, begin), (max(coverage.begin, end), coverage.until)]
    for event in events:
        if isinstance(event, Gap) and event.sensor in found:
            found[event.sensor].append((event.onset, event.end))
    return {
        sensor: merge_spans(span for span in spans if span[0] < span[1])
        for sensor, spans in found.items()
    }


def common_spans(lists: Iterable[Sequence[Span]]) -> tuple[Span, ...]:
    """Return the times that lie in a span of every list; none without a list."""
    # None stands for all time, as the intersection of no lists would be.
    common: Sequence[Span] | None = None
    for spans in lists:
        common = spans if common is None else intersect_spans(common, spans)
    return tuple(common or ())


def was_measured(absent: Sequence[Span], coverage: Coverage) -> bool:
    """Return whether anything is left of the night without some times."""
    return any(True for _ in subtract_spans((coverage.begin, coverage.until), absent))


def measured_sides(coverage: Coverage, absent: Mapping[int, Sequence[Span]]) -> Collection[Side]:
    """Return the legs of which a sensor measured movements; `absent`: when each did not."""
    if coverage.sides is None:
        return tuple(Side)
    return {
        side
        for sensor in coverage.movement_sensors
        if (side := coverage.sides.get(sensor)) and was_measured(absent[sensor], coverage)
    }


def leg_movements(events: Iterable[Event]) -> list[UnilateralMovement]:
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
