"""Read the sleep stages of a night, in the formats of many programs. docs/scoring.md lists them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from limber_bridge.detection.scoring_input import Stages
from limber_bridge.detection.signal import SECOND
from limber_bridge.detection.spans import Span, merge_spans
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.annotation_table import (
    MAX_TIME_S,
    Row,
    find_separator,
    read_rows,
    read_text,
)
from limber_bridge.recordings.annotation_xml import is_xml, read_xml
from limber_bridge.recordings.clock_times import ClockTime
from limber_bridge.recordings.edf_annotations import is_edf_file, read_edf_annotations
from limber_bridge.recordings.stage_words import Stage, parse_stage

EPOCH_US: Final = 30 * SECOND
"""Sleep is staged in epochs of 30 s, from time 0."""
TIME_COLUMNS: Final = ("onset", "start", "time", "start_time", "clock")
"""Columns with the start of an epoch, in s or as a clock time."""
STAGE_COLUMNS: Final = ("stage", "sleep_stage", "sleep stage", "stages", "hypnogram")
MAX_UNKNOWN_WORDS: Final = 0.5
"""Largest share of epochs whose stage is a word that is not known. chosen: with more, the file is
in another language, or no hypnogram."""


@dataclass(frozen=True, slots=True)
class Hypnogram:
    """The sleep stages of a night; spans in us."""

    stages: Stages
    wake: tuple[Span, ...]
    staged: tuple[Span, ...]
    """From the first epoch to the last."""
    notes: tuple[str, ...]
    """What was recognized, and what is not known."""
    zero: ClockTime | None = None
    """Time of the clock at time 0; None: not known."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """A time with one stage."""

    place: str
    """For errors."""
    begin: int
    """us."""
    end: int
    text: str
    is_coded: bool = False
    """Whether the format defines its numbers: 4 is NREM and 5 is REM."""


@dataclass(frozen=True, slots=True)
class EpochList:
    """The epochs of a file."""

    epochs: Sequence[Epoch]
    zero: ClockTime | None = None
    notes: tuple[str, ...] = ()


def read_stages(path: Path) -> Hypnogram:
    """Read the stages in a file; its content shows the format.

    Raises UnreadableRecordingError or OSError.
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if is_edf_file(head):
        return make_hypnogram(path, edf_epochs(path))
    if is_xml(head):
        return make_hypnogram(path, xml_epochs(path))
    return make_hypnogram(path, text_epochs(path, read_text(path)))


# --- Formats ---


def edf_epochs(path: Path) -> EpochList:
    """Return the epochs among the annotations of an EDF+ file."""
    zero, annotations = read_edf_annotations(path)
    parsed = [(one, *parse_stage(one.text)) for one in annotations]
    named = [one for one, _, has_prefix in parsed if has_prefix]
    # Without a single "Sleep stage ..." the texts are the bare words.
    chosen = named or [one for one, stage, _ in parsed if stage is not None and one.text.strip()]
    chosen.sort(key=lambda one: one.onset)
    ends = [*(one.onset for one in chosen[1:]), None]
    epochs = []
    for one, next_onset in zip(chosen, ends, strict=True):
        # An annotation without a duration lasts until the next one.
        end = one.onset + one.duration if one.duration else (next_onset or one.onset + EPOCH_US)
        if next_onset is not None and next_onset > one.onset:
            end = min(end, next_onset)
        place = f"{path}: annotation at {one.onset / SECOND:g} s"
        epochs.append(Epoch(place, one.onset, end, one.text))
    return EpochList(epochs, zero)


def xml_epochs(path: Path) -> EpochList:
    """Return the epochs in an NSRR or Profusion document."""
    found = read_xml(path)
    if found.stages:
        length = round(found.epoch_s * SECOND)
        if length <= 0:
            raise UnreadableRecordingError(f"{path}: `EpochLength` is 0; write seconds")
        return EpochList(
            [
                Epoch(f"{path}: epoch {index}", index * length, (index + 1) * length, text, True)
                for index, text in enumerate(found.stages)
            ]
        )
    return EpochList(
        [
            Epoch(
                f"{path}: event at {one.start:g} s",
                round(one.start * SECOND),
                round((one.start + one.duration) * SECOND),
                one.name,
                True,
            )
            for one in found.events
            if one.kind.startswith("stages") or parse_stage(one.name)[1]
        ]
    )


def text_epochs(path: Path, text: str) -> EpochList:
    """Return the epochs in a text: a table, or one stage a line."""
    lines = text.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise no_epochs(path)
    names = [name.strip().strip('"').lower() for name in lines[0].split(find_separator(lines[0]))]
    stage_column = next((name for name in STAGE_COLUMNS if name in names), None)
    time_column = next((name for name in TIME_COLUMNS if name in names), None)
    table = "\n".join(lines)
    if "epoch" in names and (stage_column or not time_column):
        return numbered_epochs(path, table, stage_column or "stage")
    if time_column is not None:
        return timed_epochs(path, table, time_column, stage_column or "stage", names)
    if len(names) > 1:
        raise UnreadableRecordingError(
            f"{path}: line 1: no column `epoch`; write `epoch,stage`, or one stage a line"
        )
    return EpochList(list(line_epochs(path, lines, skipped=1 if stage_column else 0)))


def line_epochs(path: Path, lines: Sequence[str], skipped: int) -> Iterator[Epoch]:
    """Yield one epoch for each line after some skipped ones and comments."""
    number = 0
    for line, text in enumerate(lines, 1):
        if line <= skipped or (number == 0 and text.lstrip().startswith("#")):
            continue
        yield Epoch(f"{path}: line {line}", number * EPOCH_US, (number + 1) * EPOCH_US, text)
        number += 1


def numbered_epochs(path: Path, text: str, stage_column: str) -> EpochList:
    """Return the epochs of a table with numbers."""
    rows = list(read_rows(path, text, ("epoch", stage_column)))
    if rows and isinstance(rows[0].time("epoch"), ClockTime):
        return timed_epochs(path, text, "epoch", stage_column, ())
    numbers = [epoch_number(row) for row in rows]
    check_unique(rows, numbers)
    numbers, notes = count_from_zero(path, numbers)
    return EpochList(
        [
            Epoch(row.place, number * EPOCH_US, (number + 1) * EPOCH_US, row.fields[stage_column])
            for row, number in zip(rows, numbers, strict=True)
        ],
        notes=notes,
    )


def epoch_number(row: Row) -> int:
    """Return the number of an epoch; UnreadableRecordingError."""
    number = row.number("epoch")
    if number < 0 or number > MAX_TIME_S / 30 or not number.is_integer():
        raise UnreadableRecordingError(
            f"{row.place}: column `epoch` is `{number:g}`; write whole numbers from 0"
        )
    return int(number)


def check_unique(rows: Iterable[Row], numbers: Sequence[int]) -> None:
    """Raise UnreadableRecordingError if a number appears twice."""
    seen: set[int] = set()
    for row, number in zip(rows, numbers, strict=True):
        if number in seen:
            raise UnreadableRecordingError(f"{row.place}: epoch {number} appears twice; remove one")
        seen.add(number)


def count_from_zero(path: Path, numbers: Sequence[int]) -> tuple[list[int], tuple[str, ...]]:
    """Return the numbers of epochs counted from 0, and a note if the file counts otherwise.

    Raises UnreadableRecordingError for numbers that are neither epochs nor their seconds.
    """
    steps = [later - earlier for earlier, later in pairwise(sorted(numbers))]
    smallest = min(steps, default=1)
    if smallest > 1 and Counter(steps)[smallest] > len(steps) / 2:
        # Most epochs are this far apart, so the column does not count them.
        if smallest != 30 or any(number % 30 for number in numbers):
            raise UnreadableRecordingError(
                f"{path}: column `epoch` grows by {smallest}; write the numbers of epochs of 30 s, "
                "or name the column `onset` if it has seconds"
            )
        note = f"{path}: column `epoch` grows by 30; read as seconds"
        return [number // 30 for number in numbers], (note,)
    if numbers and min(numbers) == 1:
        note = f"{path}: column `epoch` begins with 1; read as counted from 1"
        return [number - 1 for number in numbers], (note,)
    return list(numbers), ()


def timed_epochs(
    path: Path, text: str, time_column: str, stage_column: str, names: Sequence[str]
) -> EpochList:
    """Return the epochs of a table with the start of each, in s or as a clock time."""
    has_duration = "duration" in names
    columns = (time_column, stage_column, *(("duration",) if has_duration else ()))
    rows = list(read_rows(path, text, columns))
    times = [row.time(time_column) for row in rows]
    zero = next((time for time in times if isinstance(time, ClockTime)), None)
    begins = [elapsed(path, row, time, zero) for row, time in zip(rows, times, strict=True)]
    if any(later <= earlier for earlier, later in pairwise(begins)):
        row = next(
            row
            for row, (earlier, later) in zip(rows[1:], pairwise(begins), strict=True)
            if later <= earlier
        )
        raise UnreadableRecordingError(
            f"{row.place}: column `{time_column}` goes back; sort the epochs by time"
        )
    epochs = []
    for index, (row, begin) in enumerate(zip(rows, begins, strict=True)):
        until = begins[index + 1] if index + 1 < len(begins) else None
        length = row.duration() if has_duration else epoch_length(begins)
        end = begin + length if until is None else min(begin + length, until)
        epochs.append(Epoch(row.place, begin, end, row.fields[stage_column]))
    return EpochList(epochs, zero)


def epoch_length(begins: Sequence[int]) -> int:
    """Return the duration of epochs (us) with known starts: the usual distance, at most 60 s."""
    steps = Counter(later - earlier for earlier, later in pairwise(begins))
    usual = steps.most_common(1)[0][0] if steps else EPOCH_US
    return usual if 0 < usual <= 2 * EPOCH_US else EPOCH_US


def elapsed(path: Path, row: Row, time: int | ClockTime, zero: ClockTime | None) -> int:
    """Return a time in us; one of the clock counts from `zero`. UnreadableRecordingError."""
    if zero is None and isinstance(time, int):
        return time
    if zero is None or isinstance(time, int):
        raise UnreadableRecordingError(
            f"{row.place}: seconds and times of the clock in {path.name}; write one of them"
        )
    return time.since(zero)


# --- Stages ---


def make_hypnogram(path: Path, found: EpochList) -> Hypnogram:
    """Return the stages of a file; UnreadableRecordingError if they are not known."""
    if not found.epochs:
        raise no_epochs(path)
    stages = [parse_stage(epoch.text)[0] for epoch in found.epochs]
    stages = settle_bare_fours(found.epochs, stages)
    strange = Counter(
        epoch.text.strip()
        for epoch, stage in zip(found.epochs, stages, strict=True)
        if stage is None
    )
    if strange.total() > MAX_UNKNOWN_WORDS * len(stages):
        word = printable(strange.most_common(1)[0][0])
        raise UnreadableRecordingError(
            f"{path}: most stages are not known, such as `{word}`; write W, N1, N2, N3, R or ?"
        )
    check_overlaps(found.epochs, stages)
    spans = {stage: stage_spans(found.epochs, stages, stage) for stage in Stage}
    notes = tuple(
        f"{path}: unknown stage `{printable(word)}` counts as not scored"
        for word in sorted(strange)
    )
    staged = (min(epoch.begin for epoch in found.epochs), max(epoch.end for epoch in found.epochs))
    return Hypnogram(
        Stages(spans[Stage.NREM], spans[Stage.REM]),
        spans[Stage.WAKE],
        (staged,),
        (*found.notes, *notes),
        found.zero,
    )


def no_epochs(path: Path) -> UnreadableRecordingError:
    """Return the error for a file without stages."""
    return UnreadableRecordingError(
        f"{path}: no epochs; leave --stages out if sleep was not staged"
    )


def settle_bare_fours(
    epochs: Sequence[Epoch], stages: Sequence[Stage | None]
) -> list[Stage | None]:
    """Return stages in which the number 4 has one meaning; UnreadableRecordingError if it has two.

    With a REM stage beside it, 4 is deep sleep.
    """
    is_clear = Stage.REM in stages
    settled: list[Stage | None] = []
    for epoch, stage in zip(epochs, stages, strict=True):
        if stage is Stage.BARE_FOUR and not (is_clear or epoch.is_coded):
            raise UnreadableRecordingError(
                f"{epoch.place}: stage `4` is REM in some programs and deep sleep in others, and "
                "there is no 5; write R or N3 instead"
            )
        settled.append(Stage.NREM if stage is Stage.BARE_FOUR else stage)
    return settled


def check_overlaps(epochs: Sequence[Epoch], stages: Sequence[Stage | None]) -> None:
    """Raise UnreadableRecordingError where two epochs give one time different stages."""
    ordered = sorted(zip(epochs, stages, strict=True), key=lambda pair: pair[0].begin)
    for (one, stage), (other, other_stage) in pairwise(ordered):
        if other.begin < one.end and stage is not other_stage:
            raise UnreadableRecordingError(
                f"{other.place}: stage `{printable(other.text.strip())}` while "
                f"`{printable(one.text.strip())}` lasts; keep one scoring"
            )


def stage_spans(
    epochs: Iterable[Epoch], stages: Iterable[Stage | None], wanted: Stage
) -> tuple[Span, ...]:
    """Return the times in a stage; adjacent epochs give one span."""
    return tuple(
        merge_spans(
            (epoch.begin, epoch.end)
            for epoch, stage in zip(epochs, stages, strict=True)
            if stage is wanted and epoch.end > epoch.begin
        )
    )
