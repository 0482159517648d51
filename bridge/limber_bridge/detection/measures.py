"""A night's events -> its measures (science reference, section 7).

Law: a measure whose signals are missing, or whose denominator is 0, is None, never 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.events import Bed, Event, Gap, Movement, Part, Posture
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.score import Scoring, score, within
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.sleep import Span, asleep_spans, in_bed_spans, without

HOUR: Final = 3600 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The figures of a night. Hours are h, counts are movements, indices are movements per hour."""

    time_in_bed_h: float | None
    """In bed, gaps taken out."""
    sleep_h: float | None
    """Estimated sleep within it, gaps taken out."""
    movements: int | None
    """LM while in bed, or at any time where "in bed" is not known."""
    candidates: int | None
    """CLM among them."""
    plm: int | None
    """PLM: candidates that belong to a series."""
    plm_index: float | None
    """PLM per hour in bed: the honest one, as sleep is only estimated."""
    plms_index: float | None
    """PLM with their onset in estimated sleep, per hour of it."""
    plmw_index: float | None
    """PLM with their onset awake in bed, per hour of that; None under rules that do not score wake."""
    periodicity_index: float | None
    """PLM / CLM, 0 to 1."""
    series: int | None
    """Periodic series."""


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


def score_night(
    events: Sequence[Event], rules: RuleSet, *, until: int, sensors: Iterable[int], moves: bool = True
) -> NightScore:
    """Score the events of one night.

    `until` (us) is how far the signals have been read; `sensors` are those that belong to the sleeper, as a gap of one
    is none while another measures; `moves` is False where every sensor is too slow for leg movements.
    """
    bed_known = any(isinstance(event, Bed) for event in events)
    in_bed = tuple(in_bed_spans(events, until)) if bed_known else None
    asleep = tuple(asleep_spans(events, until)) if bed_known else None
    gaps = tuple(shared_gaps(events, sensors))
    scoring = score(parts_of(events), rules, asleep=asleep)
    return NightScore(scoring, in_bed, asleep, gaps, measures(scoring, rules, in_bed, asleep, gaps, moves=moves))


def parts_of(events: Iterable[Event]) -> list[Part]:
    """Return the movements of each leg as they were before the legs were combined."""
    parts: list[Part] = []
    for event in events:
        match event:
            case Movement():
                parts += event.parts
            case Posture():
                parts.append(Part(None, event.onset, event.end, turned=True))
            case _:
                pass
    return parts


def shared_gaps(events: Iterable[Event], sensors: Iterable[int]) -> list[Span]:
    """Return the times in which every one of the sensors had a gap, in order."""
    by_sensor: dict[int, list[Span]] = {sensor: [] for sensor in sensors}
    for event in events:
        if isinstance(event, Gap) and event.sensor in by_sensor:
            by_sensor[event.sensor].append((event.onset, event.end))
    shared: list[Span] | None = None
    for gaps in by_sensor.values():
        shared = sorted(gaps) if shared is None else overlaps(shared, sorted(gaps))
    return shared or []


def overlaps(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Return the times that lie in a span of each list."""
    pairs = ((max(a[0], b[0]), min(a[1], b[1])) for a in some for b in others)
    return [(begin, end) for begin, end in pairs if begin < end]


def hours(spans: Iterable[Span] | None, gaps: Sequence[Span]) -> float | None:
    """Return how long the spans last together, gaps taken out; None where the spans are not known."""
    if spans is None:
        return None
    return sum(end - begin for span in spans for begin, end in without(span, gaps)) / HOUR


def per_hour(count: int | None, denominator: float | None) -> float | None:
    """Return an index; None where either is not known or there was no time to count in."""
    return count / denominator if count is not None and denominator else None


def measures(
    scoring: Scoring,
    rules: RuleSet,
    in_bed: Sequence[Span] | None,
    asleep: Sequence[Span] | None,
    gaps: Sequence[Span],
    *,
    moves: bool,
) -> Measures:
    """Return the measures of a scored night; each stands under its name in `Measures`."""
    bed_hours, sleep_hours = hours(in_bed, gaps), hours(asleep, gaps)
    if not moves:
        return Measures(
            time_in_bed_h=bed_hours, sleep_h=sleep_hours, movements=None, candidates=None, plm=None, plm_index=None,
            plms_index=None, plmw_index=None, periodicity_index=None, series=None,
        )  # fmt: skip
    all_movements = counted(scoring.movements, in_bed)
    candidates = counted(scoring.candidates, in_bed)
    periodic = counted(scoring.periodic, in_bed)
    plms = None if asleep is None else len(counted(periodic, asleep))
    awake_hours = None if bed_hours is None or sleep_hours is None else bed_hours - sleep_hours
    plmw = len(periodic) - plms if plms is not None and rules.scores_wake else None
    return Measures(
        time_in_bed_h=bed_hours,
        sleep_h=sleep_hours,
        movements=len(all_movements),
        candidates=len(candidates),
        plm=len(periodic),
        plm_index=per_hour(len(periodic), bed_hours),
        plms_index=per_hour(plms, sleep_hours),
        plmw_index=per_hour(plmw, awake_hours),
        periodicity_index=len(periodic) / len(candidates) if candidates else None,
        series=sum(any(one.onset <= move.onset <= one.last for move in periodic) for one in scoring.series),
    )


def counted(movements: Iterable[Movement], spans: Sequence[Span] | None) -> list[Movement]:
    """Return the movements with their onset in one of the spans; all of them where the spans are not known."""
    return [move for move in movements if spans is None or within(move.onset, spans)]
