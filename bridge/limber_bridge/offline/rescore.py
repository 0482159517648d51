"""`limber rescore`: apply the scoring rules to movements that someone else annotated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from limber_bridge.detection.events import Movement, UnilateralMovement
from limber_bridge.detection.measures import compute_measures
from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.scoring import Scoring, is_respiratory, score_movements
from limber_bridge.detection.scoring_input import ScoringInput
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.spans import Span
from limber_bridge.offline.score_json import ScoredNight, score_document, series_entries
from limber_bridge.recordings.annotations import (
    Hypnogram,
    read_movements,
    read_respiratory,
    read_stages,
)

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


def read_annotations(
    movements: Path, stages: Path | None, respiratory: Path | None
) -> AnnotatedNight:
    """Read the files of one night; UnreadableRecordingError or OSError."""
    return AnnotatedNight(
        name=movements.name,
        movements=read_movements(movements),
        hypnogram=None if stages is None else read_stages(stages),
        respiratory=None if respiratory is None else read_respiratory(respiratory),
    )


def rescore_night(annotated: AnnotatedNight, rules: RuleSet) -> dict[str, Any]:
    """Return the JSON object of an annotated night.

    In addition to that of a recording it says which movements are at respiratory events, which
    series remain without those, and how many PLM depend on the open question about short intervals
    (docs/science.md#short-intervals).
    """
    scoring = score_movements(annotated.movements, rules, asleep=annotated.asleep)
    without_respiratory = None
    if annotated.respiratory is not None:
        without_respiratory = score_movements(
            annotated.movements, rules, asleep=annotated.asleep, respiratory=annotated.respiratory
        )
    scoring_input = ScoringInput(
        scoring=scoring,
        rules=rules,
        in_bed=annotated.in_bed,
        asleep=annotated.asleep,
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
        asleep=annotated.asleep,
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
