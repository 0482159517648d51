"""The movements of a night in each hour of the clock. Pure."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.scoring_input import begun_within
from limber_bridge.detection.signal import HOUR
from limber_bridge.detection.spans import Span, intersect_spans, merge_spans, subtract_spans
from limber_bridge.domain.nights import MovementHours, to_local, to_us


def movement_hours(score: NightScore, zone: ZoneInfo) -> MovementHours:
    """Return the movements in bed of a night in each hour of a local clock.

    Their sum is the measure `movements`. Nothing is known of an hour that begins before 1970, which
    no record can hold: the clock was never set.
    """
    onsets = [one.onset for one in begun_within(score.scoring.movements, score.in_bed)]
    measured = measured_spans(score, onsets)
    if score.measures.movements is None or not measured:
        return MovementHours()
    local = to_local(measured[0][0], zone)
    start = to_us(local.replace(minute=0, second=0, microsecond=0, fold=local.fold))
    if start < 0:
        return MovementHours()
    number = -(-(measured[-1][1] - start) // HOUR)
    counts = []
    for begin in range(start, start + number * HOUR, HOUR):
        span = (begin, begin + HOUR)
        count = sum(begin <= onset < begin + HOUR for onset in onsets)
        counts.append(count if count or intersect_spans([span], measured) else None)
    return MovementHours(start, tuple(counts))


def measured_spans(score: NightScore, onsets: Sequence[int]) -> list[Span]:
    """Return the times (us) in bed that were measured, in order.

    Where it is not known when the sleeper was in bed, they reach from the first movement to the
    last one. A movement was measured where it began, even in a gap: a clock that was set back says
    that nothing of a time counts in which something was measured.
    """
    in_bed = score.in_bed
    if in_bed is None:
        in_bed = ((min(onsets), max(onsets) + 1),) if onsets else ()
    pieces = [piece for span in in_bed for piece in subtract_spans(span, score.gaps)]
    return merge_spans([*pieces, *((onset, onset + 1) for onset in onsets)])
