"""Read the annotations of a technician from CSV: movements, sleep stages, respiratory events.

docs/scoring.md describes the columns.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from limber_bridge.detection.events import UnilateralMovement
from limber_bridge.detection.scoring_input import Stages
from limber_bridge.detection.signal import SECOND, Side
from limber_bridge.detection.spans import Span
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.csv import find_separator, open_text

EPOCH_US: Final = 30 * SECOND
"""Sleep is staged in epochs of 30 s, from time 0."""
SIDES: Final = {"l": Side.LEFT, "left": Side.LEFT, "r": Side.RIGHT, "right": Side.RIGHT, "": None}
NREM: Final = frozenset(
    ("N1", "N2", "N3", "N4", "S1", "S2", "S3", "S4", "1", "2", "3", "4", "NREM")
)
REM: Final = frozenset(("R", "REM", "5"))
NOT_ASLEEP: Final = frozenset(("W", "WAKE", "0", "?", "M", "MT", "U", ""))
"""Wake, and what counts like it: movement time, and epochs that were not scored."""
MAX_TIME_S: Final = 1e7
"""Larger times (a third of a year) cannot be times in a night."""


@dataclass(frozen=True, slots=True)
class Hypnogram:
    """The sleep stages of a night."""

    stages: Stages
    staged: tuple[Span, ...]
    """From the first epoch to the last."""
    notes: tuple[str, ...]
    """Stages that are not known and count as not scored."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a CSV."""

    place: str
    """File and line, for errors."""
    fields: dict[str, str]

    def number(self, name: str) -> float:
        """Return a field as a finite number; UnreadableRecordingError for anything else."""
        text = self.fields[name]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UnreadableRecordingError(
                f"{self.place}: column `{name}` is `{text}`; write a number"
            )
        if abs(value) > MAX_TIME_S:
            raise UnreadableRecordingError(
                f"{self.place}: column `{name}` is {value:g}; write seconds of one night"
            )
        return value

    def microseconds(self, name: str) -> int:
        """Return a field in s as whole us."""
        return round(self.number(name) * SECOND)

    def span(self) -> Span:
        """Return the fields `onset` and `duration` as a span.

        Both are rounded before they are added, so that a duration of 0.5 s stays 0.5 s.
        """
        onset = self.microseconds("onset")
        duration = self.microseconds("duration")
        if duration < 0:
            raise UnreadableRecordingError(
                f"{self.place}: column `duration` is below 0; write seconds"
            )
        return onset, onset + duration


def read_movements(path: Path) -> list[UnilateralMovement]:
    """Read the columns `onset,duration,side`, one row for each movement of one leg.

    Raises UnreadableRecordingError or OSError.
    """
    return [_movement(row) for row in _read_rows(path, ("onset", "duration", "side"))]


def read_respiratory(path: Path) -> list[Span]:
    """Read the columns `onset,duration` of respiratory events.

    Raises UnreadableRecordingError or OSError.
    """
    return [row.span() for row in _read_rows(path, ("onset", "duration"))]


def read_stages(path: Path) -> Hypnogram:
    """Read the columns `epoch,stage`; epochs count from 0.

    Raises UnreadableRecordingError or OSError.
    """
    stage_by_epoch: dict[int, str] = {}
    for row in _read_rows(path, ("epoch", "stage")):
        number = row.number("epoch")
        if number < 0 or number > MAX_TIME_S / 30 or not number.is_integer():
            raise UnreadableRecordingError(
                f"{row.place}: column `epoch` is `{number:g}`; write whole numbers from 0"
            )
        if int(number) in stage_by_epoch:
            raise UnreadableRecordingError(
                f"{row.place}: epoch {number:g} appears twice; remove one"
            )
        stage_by_epoch[int(number)] = row.fields["stage"].upper()
    if not stage_by_epoch:
        raise UnreadableRecordingError(
            f"{path}: no epochs; leave --stages out if sleep was not staged"
        )
    unknown = sorted(set(stage_by_epoch.values()) - NREM - REM - NOT_ASLEEP)
    notes = tuple(f"{path}: unknown stage `{stage}` counts as not scored" for stage in unknown)
    stages = Stages(_stage_spans(stage_by_epoch, NREM), _stage_spans(stage_by_epoch, REM))
    staged = (min(stage_by_epoch) * EPOCH_US, (max(stage_by_epoch) + 1) * EPOCH_US)
    return Hypnogram(stages, (staged,), notes)


def _stage_spans(stage_by_epoch: dict[int, str], stages: frozenset[str]) -> tuple[Span, ...]:
    """Return the time in some stages; adjacent epochs give one span."""
    spans: list[Span] = []
    for number in sorted(number for number, stage in stage_by_epoch.items() if stage in stages):
        begin = number * EPOCH_US
        if spans and spans[-1][1] == begin:
            begin = spans.pop()[0]
        spans.append((begin, (number + 1) * EPOCH_US))
    return tuple(spans)


def _movement(row: _Row) -> UnilateralMovement:
    side = row.fields["side"].lower()
    if side not in SIDES:
        raise UnreadableRecordingError(
            f"{row.place}: side `{side}`; write L, R, left, right, or nothing if it is unknown"
        )
    return UnilateralMovement(SIDES[side], *row.span())


def _read_rows(path: Path, columns: Sequence[str]) -> Iterator[_Row]:
    """Yield the rows of a CSV with these columns, in any order and among others."""
    with open_text(path) as lines:
        header_row = lines.readline()
        separator = find_separator(header_row)
        table = csv.DictReader(chain([header_row], lines), delimiter=separator)
        names = [name.strip().lower() for name in table.fieldnames or ()]
        missing = [name for name in columns if name not in names]
        if missing:
            raise UnreadableRecordingError(
                f"{path}: line 1: no column `{missing[0]}`; write `{','.join(columns)}`"
            )
        table.fieldnames = names
        for fields in table:
            place = f"{path}: line {table.line_num}"
            empty = [name for name in columns if fields[name] is None]
            if empty:
                raise UnreadableRecordingError(
                    f"{place}: no `{empty[0]}`; every row needs {', '.join(columns)}"
                )
            # Decimal commas are possible between semicolons only; elsewhere a comma stays, and the
            # field is refused as a number.
            decimal_comma = "." if separator == ";" else ","
            values = {name: fields[name].strip().replace(",", decimal_comma, 1) for name in columns}
            yield _Row(place, values)
