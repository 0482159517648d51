"""Read the annotations of a technician: movements of the legs and respiratory events.

docs/scoring.md describes the formats.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from limber_bridge.detection.events import UnilateralMovement
from limber_bridge.detection.signal import SECOND, Side
from limber_bridge.detection.spans import Span
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.annotation_table import Row, read_rows, read_text
from limber_bridge.recordings.annotation_xml import events_of_kind, is_xml, read_xml
from limber_bridge.recordings.clock_times import ClockTime
from limber_bridge.recordings.edf_annotations import is_edf_file, read_edf_annotations
from limber_bridge.recordings.stages import Hypnogram, read_stages

SIDES: Final = {"l": Side.LEFT, "left": Side.LEFT, "r": Side.RIGHT, "right": Side.RIGHT, "": None}
MOVEMENT_WORDS: Final = re.compile(
    r"\b(plms?|plmw|lms?|clms?|leg[\s_-]*(movement|mvt|jerk)s?|limb[\s_-]*(movement|mvt)s?)\b",
    re.IGNORECASE,
)
"""Annotations of leg movements in EDF+ and XML."""
NO_MOVEMENT_WORDS: Final = re.compile(r"\b(series|arousal|sequence)\b", re.IGNORECASE)
RESPIRATORY_WORDS: Final = ("apnea", "apnoea", "hypopnea", "hypopnoea", "rera", "respiratory event")
SIDE_WORDS: Final = re.compile(r"\b(left|right|l|r|li|re|lt|rt)\b", re.IGNORECASE)


MIN_COMPARED_MARKS: Final = 5
"""Marks from which their typical duration says something about its unit (chosen)."""
MIN_TYPICAL_DURATION_S: Final = 0.1
"""chosen: a fifth of the shortest leg movement of either rule set."""
MAX_TYPICAL_DURATION_S: Final = {True: 60.0, False: 300.0}
"""Of movements and of respiratory events. chosen: several times the usual 2 s and 20 s."""
MAX_OVERLAPPING_SHARE: Final = 0.5
"""Share of marks that may begin within the one before. chosen: few scorers overlap any."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked event; its onset is in us, or a time of the clock."""

    place: str
    """For errors."""
    onset: int | ClockTime
    duration: int
    """us."""
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class MarkFile:
    """The events in a file."""

    marks: Sequence[Mark]
    zero: ClockTime | None = None
    """Time of the clock at its time 0; None: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """The annotations of one night; times in us."""

    movements: Sequence[UnilateralMovement]
    hypnogram: Hypnogram | None
    """None: sleep was not staged."""
    respiratory: Sequence[Span] | None
    """None: respiratory events were not marked."""


def read_all_annotations(
    movements: Path, stages: Path | None, respiratory: Path | None
) -> Annotations:
    """Read the files of one night; UnreadableRecordingError or OSError.

    Times of the clock count from the first epoch, else from the first movement.
    """
    hypnogram = None if stages is None else read_stages(stages)
    found = read_marks(movements, is_movement=True)
    events = None if respiratory is None else read_marks(respiratory, is_movement=False)
    zero = clock_zero(hypnogram, found)
    return Annotations(
        movements=[
            UnilateralMovement(mark.side, *one)
            for mark, one in zip(found.marks, spans(found, zero), strict=True)
        ],
        hypnogram=hypnogram,
        respiratory=None if events is None else spans(events, zero),
    )


def clock_zero(hypnogram: Hypnogram | None, found: MarkFile) -> ClockTime | None:
    """Return the time of the clock at time 0, None if the files do not say it."""
    if hypnogram is not None:
        return hypnogram.zero
    if found.zero is not None:
        return found.zero
    times = [mark.onset for mark in found.marks if isinstance(mark.onset, ClockTime)]
    if not times:
        return None
    # The rows may be sorted by side, so the first movement is not always in the first row.
    return min(times, key=lambda time: time.since(times[0]))


def spans(found: MarkFile, zero: ClockTime | None) -> list[Span]:
    """Return when the events of a file begin and end in us; UnreadableRecordingError.

    `zero` is the time of the clock at time 0 of the night. A file that begins at another time is
    shifted.
    """
    shift = 0 if zero is None or found.zero is None else found.zero.since(zero)
    return [(begin + shift, end + shift) for begin, end in (span(one, zero) for one in found.marks)]


def span(mark: Mark, zero: ClockTime | None) -> Span:
    """Return when an event begins and ends in us; UnreadableRecordingError.

    Both are rounded before they are added, so that a duration of 0.5 s stays 0.5 s.
    """
    onset = mark.onset
    if isinstance(onset, ClockTime):
        if zero is None:
            raise UnreadableRecordingError(
                f"{mark.place}: a time of the clock, while other files of the night have seconds; "
                "write the stages with clock times, or the marks in seconds"
            )
        onset = onset.since(zero)
    return onset, onset + mark.duration


def read_marks(path: Path, *, is_movement: bool) -> MarkFile:
    """Read the movements or the respiratory events in a file of any format.

    Raises UnreadableRecordingError or OSError.
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if is_edf_file(head):
        return edf_marks(path, is_movement=is_movement)
    if is_xml(head):
        return MarkFile(tuple(xml_marks(path, is_movement=is_movement)))
    columns = ("onset", "duration", "side") if is_movement else ("onset", "duration")
    marks = [
        table_mark(row, is_movement=is_movement)
        for row in read_rows(path, read_text(path), columns)
    ]
    check_one_kind_of_time(marks)
    check_units(path, marks, is_movement=is_movement)
    return MarkFile(tuple(marks))


def table_mark(row: Row, *, is_movement: bool) -> Mark:
    """Return the event in a row of a table; UnreadableRecordingError."""
    side = row.fields.get("side", "").lower() if is_movement else ""
    if side not in SIDES:
        raise UnreadableRecordingError(
            f"{row.place}: side `{printable(side)}`; write L, R, left, right, or nothing if it is "
            "unknown"
        )
    return Mark(row.place, row.time("onset"), row.duration(), SIDES[side])


def check_one_kind_of_time(marks: Sequence[Mark]) -> None:
    """Raise UnreadableRecordingError if seconds and times of the clock are mixed."""
    for mark in marks:
        if isinstance(mark.onset, ClockTime) != isinstance(marks[0].onset, ClockTime):
            raise UnreadableRecordingError(
                f"{mark.place}: seconds and times of the clock in one file; write one of them"
            )


def check_units(path: Path, marks: Sequence[Mark], *, is_movement: bool) -> None:
    """Raise UnreadableRecordingError if the times of many marks cannot be in seconds."""
    if len(marks) < MIN_COMPARED_MARKS:
        return
    typical = median(mark.duration for mark in marks) / SECOND
    longest = MAX_TYPICAL_DURATION_S[is_movement]
    if not MIN_TYPICAL_DURATION_S <= typical <= longest:
        likely = "no durations or minutes" if typical < longest else "milliseconds or samples"
        raise UnreadableRecordingError(
            f"{path}: column `duration`: most are near {typical:g} s, where events last "
            f"{MIN_TYPICAL_DURATION_S:g} to {longest:g} s; these seem to be {likely}: write seconds"
        )
    overlapping = count_overlaps(marks)
    if overlapping > MAX_OVERLAPPING_SHARE * len(marks):
        raise UnreadableRecordingError(
            f"{path}: {overlapping} of {len(marks)} events on one side begin before the one before "
            "them ends, so onset and duration have different units; write both in seconds"
        )


def count_overlaps(marks: Sequence[Mark]) -> int:
    """Return how many events in seconds begin within another one of their side."""
    count = 0
    for side in (*Side, None):
        spans_of_side = sorted(
            {
                (mark.onset, mark.onset + mark.duration)
                for mark in marks
                if mark.side is side and not isinstance(mark.onset, ClockTime)
            }
        )
        count += sum(later[0] < one[1] for one, later in pairwise(spans_of_side))
    return count


def edf_marks(path: Path, *, is_movement: bool) -> MarkFile:
    """Return the events among the annotations of an EDF+ file; UnreadableRecordingError."""
    zero, annotations = read_edf_annotations(path)
    found = [one for one in annotations if is_wanted(one.text, is_movement=is_movement)]
    if not found:
        raise no_marks(path, is_movement=is_movement)
    marks = []
    for one in found:
        place = f"{path}: annotation at {one.onset / SECOND:g} s"
        if one.duration is None:
            raise UnreadableRecordingError(
                f"{place}: `{printable(one.text)}` has no duration; export it with durations"
            )
        marks.append(Mark(place, one.onset, one.duration, side_of(one.text)))
    return MarkFile(tuple(marks), zero)


def xml_marks(path: Path, *, is_movement: bool) -> Iterator[Mark]:
    """Yield the events in an NSRR or Profusion document."""
    found = [
        event
        for event in events_of_kind(read_xml(path), ("",))
        if is_wanted(event.name, is_movement=is_movement)
    ]
    if not found:
        raise no_marks(path, is_movement=is_movement)
    for event in found:
        yield Mark(
            f"{path}: event at {event.start:g} s",
            round(event.start * SECOND),
            round(event.duration * SECOND),
            side_of(event.name),
        )


def is_wanted(text: str, *, is_movement: bool) -> bool:
    """Return whether a text names a leg movement, or a respiratory event."""
    if is_movement:
        return bool(MOVEMENT_WORDS.search(text)) and not NO_MOVEMENT_WORDS.search(text)
    return any(word in text.casefold() for word in RESPIRATORY_WORDS)


def side_of(text: str) -> Side | None:
    """Return the side that a text names; None if it names none or both."""
    sides = {
        Side.LEFT if word[0].lower() == "l" else Side.RIGHT for word in SIDE_WORDS.findall(text)
    }
    return sides.pop() if len(sides) == 1 else None


def no_marks(path: Path, *, is_movement: bool) -> UnreadableRecordingError:
    """Return the error for a file without the events that are wanted."""
    what = "leg movement" if is_movement else "apnea or hypopnea"
    return UnreadableRecordingError(
        f"{path}: no annotation of a {what}; export these annotations, or write a CSV"
    )
