"""Everything that the measures of a night are computed from."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from limber_bridge.detection.events import Certainty, Cramp, Movement
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.scoring import Scoring
from limber_bridge.detection.signal import HOUR, Side
from limber_bridge.detection.spans import Span, is_in_spans, subtract_spans


@dataclass(frozen=True, slots=True)
class Stages:
    """Sleep as a technician staged it; spans in us."""

    nrem: tuple[Span, ...]
    rem: tuple[Span, ...]

    @property
    def asleep(self) -> tuple[Span, ...]:
        """Both, in order of time."""
        return tuple(sorted(self.nrem + self.rem))


@dataclass(frozen=True, kw_only=True)
class ScoringInput:
    """A scored night, and what its sensors measured; spans in us.

    It has no slots, so that its lists are computed only once.
    """

    scoring: Scoring
    rules: RuleSet
    in_bed: tuple[Span, ...] | None
    """None: not known."""
    asleep: tuple[Span, ...] | None
    """None: not known."""
    unstaged: tuple[Span, ...] = ()
    """Times in bed for which it is not known whether the person slept."""
    gaps: tuple[Span, ...] = ()
    """Times in which no sensor measured."""
    bed_gaps: tuple[Span, ...] | None = None
    """Times in which it is not known whether the person was in bed; None: as `gaps`."""
    movement_gaps: tuple[Span, ...] = ()
    """Times in which no sensor that counts movements measured."""
    shows_movements: bool = True
    """False if no sensor could show leg movements at any time."""
    sides: Collection[Side] = tuple(Side)
    """The legs of which a sensor measured movements."""
    stages: Stages | None = None
    """None: sleep was not staged."""
    non_respiratory: Scoring | None = None
    """The night without the movements at respiratory events; None: breathing was not measured."""
    twitches: int | None = None
    """In bed; None: not known."""
    rhythmic_trains: int | None = None
    """In bed; None: not known."""
    cramps: tuple[Cramp, ...] = ()
    certainties: Collection[Certainty] = ()
    """The certainties of cramps that the sensors can show."""

    @cached_property
    def movements(self) -> list[Movement]:
        """LM in bed; at any time where the time in bed is not known."""
        return begun_within(self.scoring.movements, self.in_bed)

    @cached_property
    def candidates(self) -> list[Movement]:
        """CLM in bed."""
        return begun_within(self.scoring.candidates, self.in_bed)

    @cached_property
    def periodic(self) -> list[Movement]:
        """PLM in bed."""
        return begun_within(self.scoring.periodic, self.in_bed)

    @cached_property
    def periodic_non_respiratory(self) -> list[Movement] | None:
        """PLM in bed without the movements at respiratory events; None: not known."""
        if self.non_respiratory is None:
            return None
        return begun_within(self.non_respiratory.periodic, self.in_bed)

    @cached_property
    def intervals(self) -> list[int]:
        """Intervals (us) from the onset of a CLM to that of the next (docs/science.md#intervals).

        Both are in bed, and no other LM begins in between.
        """
        return candidate_intervals(self.scoring.movements, self.in_bed)

    @cached_property
    def series_lengths(self) -> list[int]:
        """Number of PLM in bed in each series that has any."""
        # A series may reach beyond the time in bed; only its PLM in bed count.
        lengths = [
            sum(series.onset <= movement.onset <= series.last for movement in self.periodic)
            for series in self.scoring.series
        ]
        return [length for length in lengths if length]

    @cached_property
    def time_in_bed_h(self) -> float | None:
        """Hours known to be in bed; None: not known."""
        return hours(self.in_bed, self.gaps if self.bed_gaps is None else self.bed_gaps)

    @cached_property
    def counted_bed_h(self) -> float | None:
        """Hours in bed in which movements were counted; None: not known."""
        return hours(self.in_bed, self.movement_gaps)

    @cached_property
    def counted_sleep_h(self) -> float | None:
        """Hours of sleep in which movements were counted; None: not known."""
        return hours(self.asleep, self.movement_gaps)

    @cached_property
    def counted_wake_h(self) -> float | None:
        """Hours awake in bed in which movements were counted; None: not known."""
        if self.counted_bed_h is None or self.counted_sleep_h is None:
            return None
        unstaged_h = hours(self.unstaged, self.movement_gaps) or 0.0
        return self.counted_bed_h - self.counted_sleep_h - unstaged_h


def candidate_intervals(movements: Sequence[Movement], in_bed: Sequence[Span] | None) -> list[int]:
    """Return the intervals (us) from the onset of each CLM in bed to that of the next one.

    `movements` are all LM: a nonCLM in between makes the interval undefined.
    """
    return [
        later.onset - earlier.onset
        for earlier, later in pairwise(movements)
        if earlier.candidate
        and later.candidate
        and len(begun_within([earlier, later], in_bed)) == 2
    ]


def begun_within(movements: Iterable[Movement], spans: Sequence[Span] | None) -> list[Movement]:
    """Return the movements that begin in one of the spans; all of them if spans is None."""
    return [one for one in movements if spans is None or is_in_spans(one.onset, spans)]


def hours(spans: Iterable[Span] | None, gaps: Sequence[Span]) -> float | None:
    """Return how long spans last in total without the gaps, in h; None for None."""
    if spans is None:
        return None
    pieces = (piece for span in spans for piece in subtract_spans(span, gaps))
    return sum(end - begin for begin, end in pieces) / HOUR
