"""`limber rescore`: the scoring rules on movements that someone else marked (contracts, section
1.2).
"""

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
from limber_bridge.offline.score_json import Report, document, series_entries
from limber_bridge.recordings.annotations import (
    Staging,
    read_movements,
    read_respiratory,
    read_stages,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What was marked in one night."""

    name: str
    parts: Sequence[UnilateralMovement]
    staging: Staging | None = None
    respiratory: Sequence[Span] | None = None

    @property
    def end(self) -> int:
        """Time (us) of the end of whatever comes last."""
        staged = self.staging.whole[-1][1] if self.staging is not None else 0
        return max([staged, *(part.end for part in self.parts)])

    @property
    def in_bed(self) -> tuple[Span, ...] | None:
        """The staged time, and what was marked before or after it; None without stages."""
        if self.staging is None:
            return None
        return ((min([self.staging.whole[0][0], *(part.onset for part in self.parts)]), self.end),)

    @property
    def asleep(self) -> tuple[Span, ...] | None:
        """By the stages; None without."""
        return None if self.staging is None else self.staging.stages.asleep


def read(movements: Path, stages: Path | None, respiratory: Path | None) -> Marks:
    """Read the files of one night; UnreadableRecordingError or OSError."""
    return Marks(
        name=movements.name,
        parts=read_movements(movements),
        staging=None if stages is None else read_stages(stages),
        respiratory=None if respiratory is None else read_respiratory(respiratory),
    )


def rescored(marks: Marks, rules: RuleSet) -> dict[str, Any]:
    """Return the JSON object of a marked night.

    Besides what a scored recording has, it says of each movement whether it lies at a respiratory
    event, which series are left without those, and how many PLM hang on the unsettled rule for
    short intervals (science reference 1.3).
    """
    scoring = score_movements(marks.parts, rules, asleep=marks.asleep)
    unbreathing = None
    if marks.respiratory is not None:
        unbreathing = score_movements(
            marks.parts, rules, asleep=marks.asleep, respiratory=marks.respiratory
        )
    facts = ScoringInput(
        scoring=scoring,
        rules=rules,
        in_bed=marks.in_bed,
        asleep=marks.asleep,
        stages=None if marks.staging is None else marks.staging.stages,
        non_respiratory=unbreathing,
    )
    night = NightScore(scoring, marks.in_bed, marks.asleep, (), compute_measures(facts))
    told = None if marks.staging is None else "stages"
    report = Report(
        recording=marks.name,
        start=None,
        duration=marks.end / SECOND,
        rules=rules,
        night=night,
        methods={"in_bed": told, "asleep": told},
    )
    return (
        document(report)
        | unsettled(marks, rules, scoring)
        | breathing(marks, rules, scoring, unbreathing)
    )


def unsettled(marks: Marks, rules: RuleSet, scoring: Scoring) -> dict[str, Any]:
    """Return what hangs on whether a movement after a short interval may begin a series; nothing
    under AASM.
    """
    if not rules.scores_wake:
        return {}
    other = score_movements(
        marks.parts,
        replace(rules, short_interval_starts_series=not rules.short_interval_starts_series),
        asleep=marks.asleep,
    )
    difference = abs(len(other.periodic) - len(scoring.periodic))
    return {
        "short_interval_starts": rules.short_interval_starts_series,
        "plm_unsettled": difference,
    }


def breathing(
    marks: Marks, rules: RuleSet, scoring: Scoring, unbreathing: Scoring | None
) -> dict[str, Any]:
    """Return which movements lie at respiratory events and the series without them; nothing without
    such events.
    """
    if unbreathing is None or marks.respiratory is None:
        return {}
    at_events = flags(scoring.movements, rules, marks.respiratory)
    return {"respiratory": at_events, "series_nr": series_entries(unbreathing.series, 0)}


def flags(movements: Iterable[Movement], rules: RuleSet, respiratory: Sequence[Span]) -> list[bool]:
    """Return for each movement whether it lies at a respiratory event."""
    return [is_respiratory(movement, rules, respiratory) for movement in movements]
