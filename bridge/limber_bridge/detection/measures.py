"""Compute the measures of a night (docs/science.md#measures).

Invariant: a measure whose signals are missing, or whose denominator is 0, is None, never 0.
"""

import math
import statistics
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, Final

from limber_bridge.detection.events import Certainty, Movement
from limber_bridge.detection.scoring_input import ScoringInput, begun_within, hours
from limber_bridge.detection.signal import HOUR, LATEST_TIME, SECOND, Side
from limber_bridge.detection.spans import Span, subtract_spans

PERIODIC_INTERVAL_MIN: Final = 10 * SECOND
PERIODIC_INTERVAL_MAX: Final = 90 * SECOND
"""us, both included. Statistics of intervals use these limits under every set of rules, so that
nights can be compared (SOMAS; docs/science.md#intervals)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The figures of a night, each as `MEASURES` defines it; None: the signals do not show it."""

    time_in_bed_h: float | None = None
    sleep_h: float | None = None
    movements: int | None = None
    candidates: int | None = None
    plm: int | None = None
    plm_index: float | None = None
    plms_index: float | None = None
    plmw_index: float | None = None
    clms_index: float | None = None
    movement_index: float | None = None
    periodicity_index: float | None = None
    plms_arousal_index: float | None = None
    plm_nr: int | None = None
    plms_nr_index: float | None = None
    plmw_nr_index: float | None = None
    short_interval_index: float | None = None
    isolated_index: float | None = None
    clm_duration_mean: float | None = None
    clm_duration_median: float | None = None
    plm_duration_mean: float | None = None
    plm_duration_median: float | None = None
    imi_mean: float | None = None
    imi_median: float | None = None
    imi_ln_mean: float | None = None
    imi_ln_sd: float | None = None
    imi_share_short: float | None = None
    imi_share_periodic: float | None = None
    imi_share_long: float | None = None
    series_count: int | None = None
    series_length_median: float | None = None
    series_length_max: int | None = None
    series_duration_max: float | None = None
    plm_by_hour: tuple[int, ...] | None = None
    plm_by_third: tuple[int, ...] | None = None
    plm_left: int | None = None
    plm_right: int | None = None
    plm_both: int | None = None
    plms_nrem_index: float | None = None
    plms_rem_index: float | None = None
    longest_quiet_h: float | None = None
    twitches: int | None = None
    rhythmic_trains: int | None = None
    cramps_possible: int | None = None
    cramps_probable: int | None = None


def compute_measures(night: ScoringInput) -> Measures:
    """Return all measures that the signals of a night show."""
    return Measures(
        **{
            name: measure.compute(night)
            for name, measure in MEASURES.items()
            if night.shows_movements or not measure.needs_movements
        }
    )


def round_measures(measures: Measures, places: int = 4) -> Measures:
    """Return measures rounded to a number of decimal places."""
    values = {field.name: getattr(measures, field.name) for field in fields(measures)}
    rounded: dict[str, Any] = {
        name: round(value, places) for name, value in values.items() if isinstance(value, float)
    }
    return replace(measures, **rounded)


def per_hour(count: int, denominator_h: float | None) -> float | None:
    """Return an index; None if the hours are not known, or 0."""
    return count / denominator_h if denominator_h else None


def sleep_index(night: ScoringInput, movements: Iterable[Movement] | None) -> float | None:
    """Return how many movements begin in sleep, per hour of sleep."""
    if night.asleep is None or movements is None:
        return None
    return per_hour(len(begun_within(movements, night.asleep)), night.counted_sleep_h)


def wake_index(night: ScoringInput, movements: Sequence[Movement] | None) -> float | None:
    """Return how many movements begin awake in bed, per hour awake in bed.

    None under rules that do not score wakefulness.
    """
    if night.asleep is None or movements is None or not night.rules.scores_wake:
        return None
    # All movements here are in bed, so those not in sleep are in wakefulness, unless unknown.
    asleep_or_unknown = begun_within(movements, (*night.asleep, *night.unstaged))
    awake = len(movements) - len(asleep_or_unknown)
    return per_hour(awake, night.counted_wake_h)


def stage_index(night: ScoringInput, stage: Sequence[Span]) -> float | None:
    """Return how many PLM begin in a stage of sleep, per hour of that stage."""
    return per_hour(len(begun_within(night.periodic, stage)), hours(stage, night.movement_gaps))


def plms_nrem_index(night: ScoringInput) -> float | None:
    """Return how many PLM begin in NREM sleep, per hour of NREM sleep; None without stages."""
    return None if night.stages is None else stage_index(night, night.stages.nrem)


def plms_rem_index(night: ScoringInput) -> float | None:
    """Return how many PLM begin in REM sleep, per hour of REM sleep; None without stages."""
    return None if night.stages is None else stage_index(night, night.stages.rem)


def periodicity_index(night: ScoringInput) -> float | None:
    """Return PLM / CLM, from 0 to 1; None without a CLM."""
    return len(night.periodic) / len(night.candidates) if night.candidates else None


def non_respiratory_count(night: ScoringInput) -> int | None:
    """Return the number of PLM without those at respiratory events; None: not known."""
    movements = night.periodic_non_respiratory
    return None if movements is None else len(movements)


def short_interval_movements(night: ScoringInput) -> list[Movement]:
    """Return the LM that begin less than 10 s after the LM before."""
    return [
        later
        for earlier, later in pairwise(night.movements)
        if later.onset - earlier.onset < PERIODIC_INTERVAL_MIN
    ]


def isolated_movements(night: ScoringInput) -> list[Movement]:
    """Return the LM that are neither periodic nor follow after a short interval."""
    others = {one.onset for one in night.periodic}
    others |= {one.onset for one in short_interval_movements(night)}
    return [one for one in night.movements if one.onset not in others]


def durations_s(movements: Iterable[Movement]) -> list[float]:
    """Return the durations of movements in s."""
    return [movement.duration / SECOND for movement in movements]


def periodic_intervals_s(night: ScoringInput) -> list[float]:
    """Return the intervals of 10 to 90 s, in s."""
    return [
        interval / SECOND
        for interval in night.intervals
        if PERIODIC_INTERVAL_MIN <= interval <= PERIODIC_INTERVAL_MAX
    ]


def log_intervals(night: ScoringInput) -> list[float]:
    """Return the natural logarithms of the intervals of 10 to 90 s, each in s.

    Intervals are distributed about log-normally, so their logarithms are averaged.
    """
    return [math.log(interval) for interval in periodic_intervals_s(night)]


def interval_share(night: ScoringInput, least: int, most: int) -> float | None:
    """Return the share of the intervals from `least` to `most` (us, both included)."""
    if not night.intervals:
        return None
    return sum(least <= one <= most for one in night.intervals) / len(night.intervals)


def longest_series_s(night: ScoringInput) -> float | None:
    """Return the duration (s) of the longest series that has PLM in bed."""
    durations = [
        (series.end - series.onset) / SECOND
        for series in night.scoring.series
        if any(series.onset <= one.onset <= series.last for one in night.periodic)
    ]
    return max(durations, default=None)


def plm_by_hour(night: ScoringInput) -> tuple[int, ...] | None:
    """Return the number of PLM in each hour since going to bed; the last hour may be shorter."""
    if not night.in_bed:
        return None
    begin = night.in_bed[0][0]
    end = night.in_bed[-1][1]
    return plm_between(night, [*range(begin, end, HOUR), end])


def plm_by_third(night: ScoringInput) -> tuple[int, ...] | None:
    """Return the number of PLM in each third of the time from going to bed to getting up."""
    if not night.in_bed:
        return None
    begin = night.in_bed[0][0]
    end = night.in_bed[-1][1]
    return plm_between(night, [begin + (end - begin) * third // 3 for third in range(4)])


def plm_between(night: ScoringInput, bounds: Sequence[int]) -> tuple[int, ...]:
    """Return the number of PLM that begin between each two neighbouring times (us)."""
    return tuple(
        sum(begin <= one.onset < end for one in night.periodic) for begin, end in pairwise(bounds)
    )


def plm_on_side(night: ScoringInput, side: str, needed: Collection[Side]) -> int | None:
    """Return the number of PLM of one leg alone, or of both.

    None where there is none and not every needed leg was measured.
    """
    found = sum(movement.side == side for movement in night.periodic)
    return found if found or set(needed) <= set(night.sides) else None


def longest_quiet_h(night: ScoringInput) -> float | None:
    """Return the longest time in bed (h) that was measured and holds no LM."""
    if night.in_bed is None:
        return None
    # Time without a measurement is not quiet.
    moving = [(one.onset, one.end) for one in night.scoring.movements]
    not_quiet = sorted([*moving, *night.movement_gaps])
    quiet = (piece for span in night.in_bed for piece in subtract_spans(span, not_quiet))
    return max(((end - begin) / HOUR for begin, end in quiet), default=None)


def cramp_count(night: ScoringInput, certainty: Certainty) -> int | None:
    """Return the number of cramps of one certainty; None if the sensors cannot show them."""
    if certainty not in night.certainties:
        return None
    return sum(cramp.certainty is certainty for cramp in night.cramps)


def mean(values: Sequence[float]) -> float | None:
    """Return the mean; None without a value."""
    return statistics.fmean(values) if values else None


def median(values: Sequence[float]) -> float | None:
    """Return the median; None without a value."""
    return statistics.median(values) if values else None


def deviation(values: Sequence[float]) -> float | None:
    """Return the standard deviation (n - 1); None for less than two values."""
    return statistics.stdev(values) if len(values) > 1 else None


@dataclass(frozen=True, slots=True)
class Measure:
    """How a measure is defined."""

    name: str
    """Of the field of `Measures`."""
    definition: str
    source: str
    """Anchor in docs/science.md."""
    compute: Callable[[ScoringInput], Any]
    """Returns a value of the type of the field of `Measures`, or None."""
    needs_movements: bool = True
    """Whether it needs a sensor that shows leg movements."""


MEASURE_TABLE: Final = (
    # Times.
    Measure("time_in_bed_h", "hours in bed, without gaps", "denominators",
            lambda night: night.time_in_bed_h, needs_movements=False),
    Measure("sleep_h", "hours of sleep, staged or estimated, without gaps", "denominators",
            lambda night: hours(night.asleep, night.gaps), needs_movements=False),
    # Counts: everything in bed, or at any time where the time in bed is not known.
    Measure("movements", "LM", "leg-movement-candidates",
            lambda night: len(night.movements)),
    Measure("candidates", "CLM", "leg-movement-candidates",
            lambda night: len(night.candidates)),
    Measure("plm", "PLM: CLM in a series", "periodic-series",
            lambda night: len(night.periodic)),
    # Indices: per hour in which movements were counted.
    Measure("plm_index", "PLM / hour in bed", "indices",
            lambda night: per_hour(len(night.periodic), night.counted_bed_h)),
    Measure("plms_index", "PLM that begin in sleep / hour of sleep", "indices",
            lambda night: sleep_index(night, night.periodic)),
    Measure("plmw_index", "PLM that begin awake in bed / hour awake in bed", "indices",
            lambda night: wake_index(night, night.periodic)),
    Measure("clms_index", "CLM that begin in sleep / hour of sleep", "indices",
            lambda night: sleep_index(night, night.candidates)),
    Measure("movement_index", "LM / hour in bed", "indices",
            lambda night: per_hour(len(night.movements), night.counted_bed_h)),
    Measure("periodicity_index", "PLM / CLM, as in SOMAS", "indices",
            periodicity_index),
    Measure("plms_arousal_index", "not known: no sensor shows arousals", "indices",
            lambda _: None),
    Measure("plm_nr", "PLM without those at respiratory events", "respiratory-events",
            non_respiratory_count),
    Measure("plms_nr_index", "as plms_index, of plm_nr", "indices",
            lambda night: sleep_index(night, night.periodic_non_respiratory)),
    Measure("plmw_nr_index", "as plmw_index, of plm_nr", "indices",
            lambda night: wake_index(night, night.periodic_non_respiratory)),
    Measure("short_interval_index",
            "LM that begin in sleep, < 10 s after the LM before / hour of sleep", "indices",
            lambda night: sleep_index(night, short_interval_movements(night))),
    Measure("isolated_index",
            "LM that begin in sleep, not in a series, not short-interval / hour of sleep",
            "indices", lambda night: sleep_index(night, isolated_movements(night))),
    # Durations, s.
    Measure("clm_duration_mean", "mean duration of the CLM", "intervals",
            lambda night: mean(durations_s(night.candidates))),
    Measure("clm_duration_median", "median duration of the CLM", "intervals",
            lambda night: median(durations_s(night.candidates))),
    Measure("plm_duration_mean", "mean duration of the PLM", "intervals",
            lambda night: mean(durations_s(night.periodic))),
    Measure("plm_duration_median", "median duration of the PLM", "intervals",
            lambda night: median(durations_s(night.periodic))),
    # Intervals between candidates (inter-movement intervals), s.
    Measure("imi_mean", "mean of the intervals of 10 to 90 s", "intervals",
            lambda night: mean(periodic_intervals_s(night))),
    Measure("imi_median", "median of all intervals", "intervals",
            lambda night: median([interval / SECOND for interval in night.intervals])),
    Measure("imi_ln_mean", "mean of ln(interval), 10 to 90 s", "intervals",
            lambda night: mean(log_intervals(night))),
    Measure("imi_ln_sd", "standard deviation (n - 1) of ln(interval), 10 to 90 s", "intervals",
            lambda night: deviation(log_intervals(night))),
    Measure("imi_share_short", "share of the intervals below 10 s", "intervals",
            lambda night: interval_share(night, 0, PERIODIC_INTERVAL_MIN - 1)),
    Measure("imi_share_periodic", "share of the intervals of 10 to 90 s", "intervals",
            lambda night: interval_share(night, PERIODIC_INTERVAL_MIN, PERIODIC_INTERVAL_MAX)),
    Measure("imi_share_long", "share of the intervals above 90 s", "intervals",
            lambda night: interval_share(night, PERIODIC_INTERVAL_MAX + 1, LATEST_TIME)),
    # Series with at least one PLM in bed.
    Measure("series_count", "number of series", "series-measures",
            lambda night: len(night.series_lengths)),
    Measure("series_length_median", "PLM in the median series", "series-measures",
            lambda night: median(night.series_lengths)),
    Measure("series_length_max", "PLM in the longest series", "series-measures",
            lambda night: max(night.series_lengths, default=None)),
    Measure("series_duration_max", "s from the first onset to the last end of the longest",
            "series-measures", longest_series_s),
    # PLM by time, side and stage.
    Measure("plm_by_hour", "PLM in each hour since going to bed", "series-measures",
            plm_by_hour),
    Measure("plm_by_third", "PLM in each third of the time from going to bed to getting up",
            "series-measures", plm_by_third),
    Measure("plm_left", "PLM of the left leg alone", "series-measures",
            lambda night: plm_on_side(night, "left", (Side.LEFT,))),
    Measure("plm_right", "PLM of the right leg alone", "series-measures",
            lambda night: plm_on_side(night, "right", (Side.RIGHT,))),
    Measure("plm_both", "PLM of both legs", "series-measures",
            lambda night: plm_on_side(night, "both", tuple(Side))),
    Measure("plms_nrem_index", "PLM that begin in NREM sleep / hour of NREM sleep",
            "series-measures", plms_nrem_index),
    Measure("plms_rem_index", "PLM that begin in REM sleep / hour of REM sleep",
            "series-measures", plms_rem_index),
    # The rest.
    Measure("longest_quiet_h", "longest measured time in bed without an LM", "series-measures",
            longest_quiet_h),
    Measure("twitches", "movements shorter than 0.5 s in bed", "twitches",
            lambda night: night.twitches),
    Measure("rhythmic_trains", "rhythmic trains in bed", "rhythmic-trains",
            lambda night: night.rhythmic_trains),
    Measure("cramps_possible", "possible cramps", "possible-cramps",
            lambda night: cramp_count(night, Certainty.POSSIBLE), needs_movements=False),
    Measure("cramps_probable", "probable cramps", "probable-cramps",
            lambda night: cramp_count(night, Certainty.PROBABLE), needs_movements=False),
)  # fmt: skip
"""In the order of the fields of `Measures`."""
MEASURES: Final[Mapping[str, Measure]] = {measure.name: measure for measure in MEASURE_TABLE}
"""By name."""
