"""`limber rescore`: apply the scoring rules to movements that someone else annotated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from limber_bridge.detection.events import Movement, UnilateralMovement
from limber_bridge.detection.measures import compute_measures
from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.scoring import Scoring, is_respiratory, score_movements
from limber_bridge.detection.scoring_input import ScoringInput
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.spans import Span, is_in_spans, merge_spans, subtract_spans
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.offline.score_json import ScoredNight, score_document, series_entries
from limber_bridge.recordings.annotations import read_all_annotations
from limber_bridge.recordings.stages import Hypnogram

MAX_OUTSIDE_SHARE: Final = 0.5
"""Largest share of movements outside of the staged time. chosen: a few before lights out and after
lights on are usual."""
STAGES_METHOD = "stages"
"""How "in bed" and "asleep" were determined: from the sleep stages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedNight:
    """The annotations of one night."""

    name: str
    movements: Sequence[UnilateralMovement]
    hypnogram: Hypnogram | None = None
    """None: sleep was not staged."""
    respiratory: Sequence[Span] | None = None
    """None: respiratory events were not annotated."""

    @property
    def end(self) -> int:
        """Time (us) of the end of the last epoch or movement."""
        staged_until = self.hypnogram.staged[-1][1] if self.hypnogram is not None else 0
        return max([staged_until, *(movement.end for movement in self.movements)])

    @property
    def in_bed(self) -> tuple[Span, ...] | None:
        """From the first to the last epoch or movement; None without stages."""
        if self.hypnogram is None:
            return None
        staged_from = self.hypnogram.staged[0][0]
        start = min([staged_from, *(movement.onset for movement in self.movements)])
        return ((start, self.end),)

    @property
    def asleep(self) -> tuple[Span, ...] | None:
        """Time asleep by the stages; None without stages."""
        return None if self.hypnogram is None else self.hypnogram.stages.asleep

    @property
    def unstaged(self) -> tuple[Span, ...]:
        """Time in bed that is neither sleep nor wakefulness: not scored, or missing."""
        if self.hypnogram is None or self.in_bed is None:
            return ()
        stages = self.hypnogram.stages
        known = merge_spans([*stages.asleep, *self.hypnogram.wake])
        return tuple(piece for span in self.in_bed for piece in subtract_spans(span, known))

    @property
    def perhaps_asleep(self) -> tuple[Span, ...] | None:
        """Time that is not known to be wakefulness; None without stages."""
        if self.asleep is None:
            return None
        return tuple(merge_spans([*self.asleep, *self.unstaged]))


def read_annotations(
    movements: Path, stages: Path | None, respiratory: Path | None
) -> AnnotatedNight:
    """Read the files of one night; UnreadableRecordingError or OSError."""
    found = read_all_annotations(movements, stages, respiratory)
    night = AnnotatedNight(
        name=movements.name,
        movements=found.movements,
        hypnogram=found.hypnogram,
        respiratory=found.respiratory,
    )
    check_agreement(movements, stages, night)
    return night


def check_agreement(movements: Path, stages: Path | None, night: AnnotatedNight) -> None:
    """Raise UnreadableRecordingError if most movements lie outside of the staged time."""
    if night.hypnogram is None or not night.movements:
        return
    outside = [one for one in night.movements if not is_in_spans(one.onset, night.hypnogram.staged)]
    if len(outside) > MAX_OUTSIDE_SHARE * len(night.movements):
        begin, end = night.hypnogram.staged[0]
        raise UnreadableRecordingError(
            f"{movements}: {len(outside)} of {len(night.movements)} movements lie outside of the "
            f"time staged in {stages}, {begin / SECOND:g} to {end / SECOND:g} s; count both from "
            "the same moment"
        )


def rescore_night(annotated: AnnotatedNight, rules: RuleSet) -> dict[str, Any]:
    """Return the JSON object of an annotated night.

    In addition to that of a recording it says which movements are at respiratory events, which
    series remain without those, and how many PLM depend on the open question about short intervals
    (docs/science.md#short-intervals).
    """
    scoring = score_movements(annotated.movements, rules, asleep=annotated.perhaps_asleep)
    without_respiratory = None
    if annotated.respiratory is not None:
        without_respiratory = score_movements(
            annotated.movements,
            rules,
            asleep=annotated.perhaps_asleep,
            respiratory=annotated.respiratory,
        )
    scoring_input = ScoringInput(
        scoring=scoring,
        rules=rules,
        in_bed=annotated.in_bed,
        asleep=annotated.asleep,
        unstaged=annotated.unstaged,
        stages=None if annotated.hypnogram is None else annotated.hypnogram.stages,
        non_respiratory=without_respiratory,
    )
    night = NightScore(
        scoring, annotated.in_bed, annotated.asleep, (), compute_measures(scoring_input)
    )
    method = None if annotated.hypnogram is None else STAGES_METHOD
    scored = ScoredNight(
        recording=annotated.name,
        start=None,
        duration=annotated.end / SECOND,
        rules=rules,
        night=night,
        methods={"in_bed": method, "asleep": method},
    )
    return (
        score_document(scored)
        | short_interval_fields(annotated, rules, scoring)
        | respiratory_fields(annotated, rules, scoring, without_respiratory)
    )


def short_interval_fields(
    annotated: AnnotatedNight, rules: RuleSet, scoring: Scoring
) -> dict[str, Any]:
    """Return how many PLM depend on whether a movement after a short interval may start a series.

    Empty under AASM, where this is not an open question.
    """
    if not rules.scores_wake:
        return {}
    starts = rules.short_interval_starts_series
    alternative = score_movements(
        annotated.movements,
        replace(rules, short_interval_starts_series=not starts),
        asleep=annotated.perhaps_asleep,
    )
    difference = abs(len(alternative.periodic) - len(scoring.periodic))
    return {"short_interval_starts": starts, "plm_unsettled": difference}


def respiratory_fields(
    annotated: AnnotatedNight, rules: RuleSet, scoring: Scoring, without_respiratory: Scoring | None
) -> dict[str, Any]:
    """Return which movements are at respiratory events, and the series without those movements.

    Empty if respiratory events were not annotated.
    """
    if without_respiratory is None or annotated.respiratory is None:
        return {}
    return {
        "respiratory": respiratory_flags(scoring.movements, rules, annotated.respiratory),
        "series_nr": series_entries(without_respiratory.series, 0),
    }


def respiratory_flags(
    movements: Iterable[Movement], rules: RuleSet, respiratory: Sequence[Span]
) -> list[bool]:
    """Return for each movement whether it is at a respiratory event."""
    return [is_respiratory(movement, rules, respiratory) for movement in movements]
