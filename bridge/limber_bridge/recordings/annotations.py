"""What a technician marked, as CSV: movements, sleep stages, respiratory events (contracts, section
1.2).
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
from limber_bridge.recordings.csv import separator, text_of

EPOCH: Final = 30 * SECOND
"""us; sleep is staged in epochs of 30 s, from time 0."""
SIDES: Final = {"l": Side.LEFT, "left": Side.LEFT, "r": Side.RIGHT, "right": Side.RIGHT, "": None}
NREM: Final = frozenset(
    ("N1", "N2", "N3", "N4", "S1", "S2", "S3", "S4", "1", "2", "3", "4", "NREM")
)
REM: Final = frozenset(("R", "REM", "5"))
UNSCORED: Final = frozenset(("W", "WAKE", "0", "?", "M", "MT", "U", ""))
"""Wake, and what counts like it: movement time, and what was not scored."""

LATEST: Final = 1e7
"""s; what lies further away, a third of a year, is no time in a night."""


@dataclass(frozen=True, slots=True)
class Staging:
    """A staged night."""

    stages: Stages
    whole: tuple[Span, ...]
    """From the first epoch to the last."""
    notes: tuple[str, ...]
    """What had to be taken for something else, for a person."""


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    """File and line, to begin an error with."""
    fields: dict[str, str]

    def number(self, name: str) -> float:
        """Return a finite number; UnreadableRecordingError if the field is none."""
        text = self.fields[name]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UnreadableRecordingError(
                f"{self.place}: column `{name}` is `{text}`; write a number"
            )
        if abs(value) > LATEST:
            raise UnreadableRecordingError(
                f"{self.place}: column `{name}` is {value:g}; write seconds of one night"
            )
        return value

    def micros(self, name: str) -> int:
        """Return seconds as whole us."""
        return round(self.number(name) * SECOND)

    def span(self) -> Span:
        """Return columns `onset` and `duration` as a span; the sum of rounded numbers, so that 0.5
        s stays 0.5 s.
        """
        onset = self.micros("onset")
        duration = self.micros("duration")
        if duration < 0:
            raise UnreadableRecordingError(
                f"{self.place}: column `duration` is below 0; write seconds"
            )
        return onset, onset + duration


def read_movements(path: Path) -> list[UnilateralMovement]:
    """Read columns `onset,duration,side`, one row for each movement on one leg;
    UnreadableRecordingError or OSError.
    """
    return [_part(row) for row in _rows(path, ("onset", "duration", "side"))]


def read_respiratory(path: Path) -> list[Span]:
    """Read columns `onset,duration` of respiratory events; UnreadableRecordingError or OSError."""
    return [row.span() for row in _rows(path, ("onset", "duration"))]


def read_stages(path: Path) -> Staging:
    """Read columns `epoch,stage`, epochs counted from 0; UnreadableRecordingError or OSError."""
    epochs: dict[int, str] = {}
    for row in _rows(path, ("epoch", "stage")):
        number = row.number("epoch")
        if number < 0 or number > LATEST / 30 or not number.is_integer():
            raise UnreadableRecordingError(
                f"{row.place}: column `epoch` is `{number:g}`; count from 0"
            )
        if int(number) in epochs:
            raise UnreadableRecordingError(
                f"{row.place}: epoch {number:g} stands there twice; keep one"
            )
        epochs[int(number)] = row.fields["stage"].upper()
    if not epochs:
        raise UnreadableRecordingError(
            f"{path}: no epochs; leave the file out if sleep was not staged"
        )
    unknown = sorted(set(epochs.values()) - NREM - REM - UNSCORED)
    notes = tuple(f"{path}: stage `{stage}` is not known; taken as not scored" for stage in unknown)
    stages = Stages(_spans(epochs, NREM), _spans(epochs, REM))
    return Staging(stages, ((min(epochs) * EPOCH, (max(epochs) + 1) * EPOCH),), notes)


def _spans(epochs: dict[int, str], wanted: frozenset[str]) -> tuple[Span, ...]:
    """Return the time of some stages, neighbouring epochs as one span."""
    spans: list[Span] = []
    for number in sorted(number for number, stage in epochs.items() if stage in wanted):
        begin = number * EPOCH
        if spans and spans[-1][1] == begin:
            begin = spans.pop()[0]
        spans.append((begin, (number + 1) * EPOCH))
    return tuple(spans)


def _part(row: _Row) -> UnilateralMovement:
    side = row.fields["side"].lower()
    if side not in SIDES:
        raise UnreadableRecordingError(
            f"{row.place}: side `{side}`; write L, R, left, right, or nothing if unknown"
        )
    return UnilateralMovement(SIDES[side], *row.span())


def _rows(path: Path, wanted: Sequence[str]) -> Iterator[_Row]:
    """Yield the rows of a CSV that has the wanted columns, in any order and among others."""
    with text_of(path) as lines:
        first = lines.readline()
        between = separator(first)
        table = csv.DictReader(chain([first], lines), delimiter=between)
        names = [name.strip().lower() for name in table.fieldnames or ()]
        missing = [name for name in wanted if name not in names]
        if missing:
            raise UnreadableRecordingError(
                f"{path}: line 1: no column `{missing[0]}`; write `{','.join(wanted)}`"
            )
        table.fieldnames = names
        for fields in table:
            place = f"{path}: line {table.line_num}"
            short = [name for name in wanted if fields[name] is None]
            if short:
                raise UnreadableRecordingError(
                    f"{place}: no `{short[0]}`; every row needs {', '.join(wanted)}"
                )
            # What still has a comma then is no number.
            point = "." if between == ";" else ","
            yield _Row(
                place, {name: fields[name].strip().replace(",", point, 1) for name in wanted}
            )
