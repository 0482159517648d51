"""A night's events -> its measures (science reference, section 7).

Law: a measure whose signals are missing, or whose denominator is 0, is None, never 0. Hours leave
gaps out.
"""

import math
import statistics
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from limber_bridge.detection.events import (
    Certainty,
    Cramp,
    Movement,
)
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.scoring import Scoring, within
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.spans import Span, subtract_spans

HOUR: Final = 3600 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The figures of a night; each is defined at the function of its name. None: the signals do not
    support it.

    Hours are h, durations and intervals s, counts are movements, indices are movements per hour,
    shares 0 to 1.
    """

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


@dataclass(frozen=True, slots=True)
class Stages:
    """Sleep as a technician saw it; spans in us."""

    nrem: tuple[Span, ...]
    rem: tuple[Span, ...]

    @property
    def asleep(self) -> tuple[Span, ...]:
        """All of it, in order of time."""
        return tuple(sorted(self.nrem + self.rem))


@dataclass(frozen=True, kw_only=True)
class ScoringInput:
    """What the measures of a night are made of. It has no slots, so that each list is made once."""

    scoring: Scoring
    rules: RuleSet
    in_bed: tuple[Span, ...] | None
    asleep: tuple[Span, ...] | None
    gaps: tuple[Span, ...] = ()
    """Times (us) in which nothing measured."""
    blind: tuple[Span, ...] = ()
    """Times (us) in which no sensor that counts movements measured."""
    moves: bool = True
    """False where no sensor could count movements at any time."""
    stages: Stages | None = None
    without_breathing: Scoring | None = None
    """The same night without the movements at respiratory events; None where breathing was not
    measured."""
    twitches: int | None = None
    rhythmic: int | None = None
    cramps: tuple[Cramp, ...] = ()
    certainties: Collection[Certainty] = ()
    """What the sensors allow to say of cramps."""

    @cached_property
    def movements(self) -> list[Movement]:
        """LM in bed, or at any time where that is not known."""
        return counted(self.scoring.movements, self.in_bed)

    @cached_property
    def candidates(self) -> list[Movement]:
        """CLM among them."""
        return counted(self.scoring.candidates, self.in_bed)

    @cached_property
    def periodic(self) -> list[Movement]:
        """PLM among those."""
        return counted(self.scoring.periodic, self.in_bed)

    @cached_property
    def intervals(self) -> list[int]:
        """All intervals (us) that are defined: between one CLM in bed and the next, no other LM in
        between (1.2, 4).
        """
        return [
            later.onset - earlier.onset
            for earlier, later in pairwise(self.scoring.movements)
            if earlier.candidate
            and later.candidate
            and len(counted([earlier, later], self.in_bed)) == 2
        ]

    @cached_property
    def lengths(self) -> list[int]:
        """PLM in bed of each series that has any."""
        found = [
            sum(one.onset <= move.onset <= one.last for move in self.periodic)
            for one in self.scoring.series
        ]
        return [length for length in found if length]


def compute_measures(night: ScoringInput) -> Measures:
    """Return all measures of a scored night; without sensors that see legs move, those of bed and
    cramps only.
    """
    known = MEASURES if night.moves else {key: MEASURES[key] for key in LEGLESS}
    return Measures(**{key: measure(night) for key, measure in known.items()})


def round_measures(measures: Measures, places: int = 4) -> Measures:
    """Return measures with no more digits than they are worth."""
    values: dict[str, Any] = {
        field.name: getattr(measures, field.name) for field in fields(measures)
    }
    digits: dict[str, Any] = {
        key: round(value, places) for key, value in values.items() if isinstance(value, float)
    }
    return replace(measures, **digits)


def time_in_bed_h(night: ScoringInput) -> float | None:
    """Hours in bed."""
    return hours(night.in_bed, night.gaps)


def sleep_h(night: ScoringInput) -> float | None:
    """Hours of sleep within it: by stages where there are any, else estimated."""
    return hours(night.asleep, night.gaps)


def seen_bed_h(night: ScoringInput) -> float | None:
    """Hours in bed in which movements were counted: what indices are divided by."""
    return hours(night.in_bed, night.blind)


def seen_sleep_h(night: ScoringInput) -> float | None:
    """Likewise of sleep."""
    return hours(night.asleep, night.blind)


def seen_wake_h(night: ScoringInput) -> float | None:
    """Likewise awake in bed."""
    bed = seen_bed_h(night)
    sleep = seen_sleep_h(night)
    return None if bed is None or sleep is None else bed - sleep


def movements(night: ScoringInput) -> int:
    """Count the LM."""
    return len(night.movements)


def candidates(night: ScoringInput) -> int:
    """Count the CLM."""
    return len(night.candidates)


def plm(night: ScoringInput) -> int:
    """Count the PLM: CLM that belong to a series."""
    return len(night.periodic)


def plm_index(night: ScoringInput) -> float | None:
    """PLM per hour in bed: the honest one, as sleep is only estimated (7, no. 3)."""
    return per_hour(len(night.periodic), seen_bed_h(night))


def plms_index(night: ScoringInput) -> float | None:
    """PLM with their onset in sleep, per hour of it (7, no. 1)."""
    return in_sleep(night, night.periodic)


def plmw_index(night: ScoringInput) -> float | None:
    """PLM with their onset awake in bed, per hour of that (7, no. 2); None under rules that do not
    score wake.
    """
    return awake(night, night.periodic)


def clms_index(night: ScoringInput) -> float | None:
    """CLM with their onset in sleep, per hour of it (7, no. 4)."""
    return in_sleep(night, night.candidates)


def movement_index(night: ScoringInput) -> float | None:
    """LM per hour in bed (7, no. 4)."""
    return per_hour(len(night.movements), seen_bed_h(night))


def periodicity_index(night: ScoringInput) -> float | None:
    """PLM / CLM (7, no. 5; as in SOMAS, other definitions are in use)."""
    return len(night.periodic) / len(night.candidates) if night.candidates else None


def plms_arousal_index(night: ScoringInput) -> None:
    """PLMS with an arousal per hour of sleep (7, no. 6): no sensor of ours sees arousals, so it is
    never known.
    """
    del night


def plm_nr(night: ScoringInput) -> int | None:
    """PLM without the movements at respiratory events (7, no. 7)."""
    unbreathing = without_breathing(night)
    return None if unbreathing is None else len(unbreathing)


def plms_nr_index(night: ScoringInput) -> float | None:
    """Likewise `plms_index`."""
    unbreathing = without_breathing(night)
    return None if unbreathing is None else in_sleep(night, unbreathing)


def plmw_nr_index(night: ScoringInput) -> float | None:
    """Likewise `plmw_index`."""
    unbreathing = without_breathing(night)
    return None if unbreathing is None else awake(night, unbreathing)


def short_interval_index(night: ScoringInput) -> float | None:
    """LM less than 10 s after the one before, with their onset in sleep, per hour of it (7, no. 8;
    1.6).
    """
    return in_sleep(night, short_intervals(night))


def isolated_index(night: ScoringInput) -> float | None:
    """LM neither in a series nor short-interval, with their onset in sleep, per hour of it (7, no.
    8; 1.6).
    """
    others = {move.onset for move in night.periodic} | {
        move.onset for move in short_intervals(night)
    }
    return in_sleep(night, [move for move in night.movements if move.onset not in others])


def clm_duration_mean(night: ScoringInput) -> float | None:
    """Mean duration of the CLM (7, no. 9)."""
    return average(durations(night.candidates))


def clm_duration_median(night: ScoringInput) -> float | None:
    """Median duration of the CLM (7, no. 9)."""
    return middle(durations(night.candidates))


def plm_duration_mean(night: ScoringInput) -> float | None:
    """Mean duration of the PLM (7, no. 9)."""
    return average(durations(night.periodic))


def plm_duration_median(night: ScoringInput) -> float | None:
    """Median duration of the PLM (7, no. 9)."""
    return middle(durations(night.periodic))


def imi_mean(night: ScoringInput) -> float | None:
    """Mean of the intervals of 10 to 90 s [D]: those whose logarithms are averaged in 7, no. 10."""
    return average(periodic_intervals(night))


def imi_median(night: ScoringInput) -> float | None:
    """Median of all defined intervals (7, no. 10)."""
    return middle([interval / SECOND for interval in night.intervals])


def imi_ln_mean(night: ScoringInput) -> float | None:
    """Mean of ln(interval in s) over the intervals of 10 to 90 s (7, no. 10)."""
    return average(logarithms(night))


def imi_ln_sd(night: ScoringInput) -> float | None:
    """Their standard deviation (n - 1)."""
    found = logarithms(night)
    return statistics.stdev(found) if len(found) > 1 else None


def imi_share_short(night: ScoringInput) -> float | None:
    """Share of the intervals below 10 s (7, no. 10)."""
    return share(night.intervals, lambda interval: interval < PERIODIC[0])


def imi_share_periodic(night: ScoringInput) -> float | None:
    """Share of the intervals of 10 to 90 s."""
    return share(night.intervals, lambda interval: PERIODIC[0] <= interval <= PERIODIC[1])


def imi_share_long(night: ScoringInput) -> float | None:
    """Share of the intervals above 90 s."""
    return share(night.intervals, lambda interval: interval > PERIODIC[1])


def series_count(night: ScoringInput) -> int:
    """Count the periodic series with PLM in bed (7, no. 11)."""
    return len(night.lengths)


def series_length_median(night: ScoringInput) -> float | None:
    """PLM in the median series."""
    return middle(night.lengths)


def series_length_max(night: ScoringInput) -> int | None:
    """PLM in the longest series."""
    return max(night.lengths, default=None)


def series_duration_max(night: ScoringInput) -> float | None:
    """From the first onset to the last offset of the series, with PLM in bed, that lasts longest."""
    known = (
        one
        for one in night.scoring.series
        if any(one.onset <= move.onset <= one.last for move in night.periodic)
    )
    return max(((one.end - one.onset) / SECOND for one in known), default=None)


def plm_by_hour(night: ScoringInput) -> tuple[int, ...] | None:
    """PLM in each hour since going to bed, the last one not whole (7, no. 12)."""
    if not night.in_bed:
        return None
    begin = night.in_bed[0][0]
    end = night.in_bed[-1][1]
    return tuple(histogram(night, [*range(begin, end, HOUR), end]))


def plm_by_third(night: ScoringInput) -> tuple[int, ...] | None:
    """PLM in each third of the time from going to bed to getting up (7, no. 12)."""
    if not night.in_bed:
        return None
    begin = night.in_bed[0][0]
    end = night.in_bed[-1][1]
    return tuple(histogram(night, [begin + (end - begin) * third // 3 for third in range(4)]))


def plm_left(night: ScoringInput) -> int:
    """PLM of the left leg alone (7, no. 12)."""
    return sum(move.side == "left" for move in night.periodic)


def plm_right(night: ScoringInput) -> int:
    """PLM of the right leg alone."""
    return sum(move.side == "right" for move in night.periodic)


def plm_both(night: ScoringInput) -> int:
    """PLM of both legs."""
    return sum(move.side == "both" for move in night.periodic)


def plms_nrem_index(night: ScoringInput) -> float | None:
    """PLM with their onset in NREM sleep, per hour of it (7, no. 12); None without stages."""
    return None if night.stages is None else in_stage(night, night.stages.nrem)


def plms_rem_index(night: ScoringInput) -> float | None:
    """PLM with their onset in REM sleep, per hour of it; None without stages."""
    return None if night.stages is None else in_stage(night, night.stages.rem)


def longest_quiet_h(night: ScoringInput) -> float | None:
    """Longest time in bed that was measured and held no LM [D]."""
    if night.in_bed is None:
        return None
    moving = [(move.onset, move.end) for move in night.scoring.movements]
    stirred = sorted([*moving, *night.blind])
    quiet = (piece for span in night.in_bed for piece in subtract_spans(span, stirred))
    return max(((end - begin) / HOUR for begin, end in quiet), default=None)


def twitches(night: ScoringInput) -> int | None:
    """Movements shorter than 0.5 s, which are no LM; None where only marks were given."""
    return night.twitches


def rhythmic_trains(night: ScoringInput) -> int | None:
    """Rhythmic trains (HFT, ALMA, rhythmic feet: 1.6), which are no LM either."""
    return night.rhythmic


def cramps_possible(night: ScoringInput) -> int | None:
    """Count the possible cramps: something moved like one (5.2)."""
    return cramps_of(night, Certainty.POSSIBLE)


def cramps_probable(night: ScoringInput) -> int | None:
    """Count the probable cramps: the calf's EMG looked like one (5.2)."""
    return cramps_of(night, Certainty.PROBABLE)


MEASURES: Final[Mapping[str, Callable[[ScoringInput], Any]]] = {
    measure.__name__: measure
    for measure in (
        time_in_bed_h,
        sleep_h,
        movements,
        candidates,
        plm,
        plm_index,
        plms_index,
        plmw_index,
        clms_index,
        movement_index,
        periodicity_index,
        plms_arousal_index,
        plm_nr,
        plms_nr_index,
        plmw_nr_index,
        short_interval_index,
        isolated_index,
        clm_duration_mean,
        clm_duration_median,
        plm_duration_mean,
        plm_duration_median,
        imi_mean,
        imi_median,
        imi_ln_mean,
        imi_ln_sd,
        imi_share_short,
        imi_share_periodic,
        imi_share_long,
        series_count,
        series_length_median,
        series_length_max,
        series_duration_max,
        plm_by_hour,
        plm_by_third,
        plm_left,
        plm_right,
        plm_both,
        plms_nrem_index,
        plms_rem_index,
        longest_quiet_h,
        twitches,
        rhythmic_trains,
        cramps_possible,
        cramps_probable,
    )
}
"""One for each field of `Measures`."""
LEGLESS: Final = ("time_in_bed_h", "sleep_h", "cramps_possible", "cramps_probable")
"""What is left where no sensor is fast enough for leg movements."""
PERIODIC: Final = (10 * SECOND, 90 * SECOND)
"""us; interval statistics use these limits under every rule set, so that they can be compared
(SOMAS)."""


def counted(found: Iterable[Movement], spans: Sequence[Span] | None) -> list[Movement]:
    """Return the movements with their onset in one of the spans; all of them where the spans are
    not known.
    """
    return [move for move in found if spans is None or within(move.onset, spans)]


def hours(spans: Iterable[Span] | None, gaps: Sequence[Span]) -> float | None:
    """Return how long the spans last together, gaps taken out; None where the spans are not known."""
    if spans is None:
        return None
    return sum(end - begin for span in spans for begin, end in subtract_spans(span, gaps)) / HOUR


def per_hour(count: int | None, denominator: float | None) -> float | None:
    """Return an index; None where either is not known or there was no time to count in."""
    return count / denominator if count is not None and denominator else None


def in_sleep(night: ScoringInput, found: Iterable[Movement]) -> float | None:
    """Return how many of the movements began in sleep, per hour of it."""
    return (
        None
        if night.asleep is None
        else per_hour(len(counted(found, night.asleep)), seen_sleep_h(night))
    )


def awake(night: ScoringInput, found: Sequence[Movement]) -> float | None:
    """Return how many of the movements began awake in bed, per hour of that."""
    if night.asleep is None or not night.rules.scores_wake:
        return None
    return per_hour(len(found) - len(counted(found, night.asleep)), seen_wake_h(night))


def in_stage(night: ScoringInput, stage: Sequence[Span]) -> float | None:
    """Return the PLM that began in a stage, per hour of it."""
    return per_hour(len(counted(night.periodic, stage)), hours(stage, night.blind))


def without_breathing(night: ScoringInput) -> list[Movement] | None:
    """Return the PLM that are left without the movements at respiratory events."""
    return (
        None
        if night.without_breathing is None
        else counted(night.without_breathing.periodic, night.in_bed)
    )


def short_intervals(night: ScoringInput) -> list[Movement]:
    """Return the LM less than 10 s after the one before."""
    return [
        later
        for earlier, later in pairwise(night.movements)
        if later.onset - earlier.onset < PERIODIC[0]
    ]


def periodic_intervals(night: ScoringInput) -> list[float]:
    """Return the intervals of 10 to 90 s, in s."""
    return [one / SECOND for one in night.intervals if PERIODIC[0] <= one <= PERIODIC[1]]


def logarithms(night: ScoringInput) -> list[float]:
    """Return ln of the intervals of 10 to 90 s."""
    return [math.log(one) for one in periodic_intervals(night)]


def durations(found: Iterable[Movement]) -> list[float]:
    """Return durations in s."""
    return [move.duration / SECOND for move in found]


def histogram(night: ScoringInput, bounds: Sequence[int]) -> Iterable[int]:
    """Yield the PLM with their onset between each two bounds."""
    for begin, end in pairwise(bounds):
        yield sum(begin <= move.onset < end for move in night.periodic)


def cramps_of(night: ScoringInput, certainty: Certainty) -> int | None:
    """Return the number of cramps of one certainty; None where the sensors cannot tell."""
    if certainty not in night.certainties:
        return None
    return sum(cramp.certainty is certainty for cramp in night.cramps)


def average(values: Sequence[float]) -> float | None:
    """Return the mean; None of nothing."""
    return statistics.fmean(values) if values else None


def middle(values: Sequence[float]) -> float | None:
    """Return the median; None of nothing."""
    return statistics.median(values) if values else None


def share(values: Sequence[int], meets: Callable[[int], bool]) -> float | None:
    """Return the share of the values that meet a condition; None of nothing."""
    return sum(map(meets, values)) / len(values) if values else None
