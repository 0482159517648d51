"""Read tables of annotations: text with a header row, separated by commas, semicolons or tabs."""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.clock_times import ClockTime, parse_clock_time

MAX_TIME_S: Final = 1e7
"""Larger times (a third of a year) cannot be times in a night."""
MAX_TEXT_BYTES: Final = 2**26
"""chosen: a hundred times the annotations of a night."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    place: str
    """File and line, for errors."""
    fields: Mapping[str, str]

    def number(self, name: str) -> float:
        """Return a field as a finite number; UnreadableRecordingError for anything else."""
        text = self.fields[name]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UnreadableRecordingError(
                f"{self.place}: column `{name}` is `{printable(text)}`; write a number"
            )
        if abs(value) > MAX_TIME_S:
            raise UnreadableRecordingError(
                f"{self.place}: column `{name}` is {value:g}; write seconds of one night"
            )
        return value

    def time(self, name: str) -> int | ClockTime:
        """Return a field as us, or as a time of the clock; UnreadableRecordingError."""
        try:
            clock = parse_clock_time(self.fields[name])
        except ValueError as error:
            raise UnreadableRecordingError(
                f"{self.place}: column `{name}` is `{printable(self.fields[name])}`; write {error}"
            ) from error
        return round(self.number(name) * SECOND) if clock is None else clock

    def duration(self) -> int:
        """Return the field `duration` in us; UnreadableRecordingError if it is below 0."""
        duration = round(self.number("duration") * SECOND)
        if duration < 0:
            raise UnreadableRecordingError(
                f"{self.place}: column `duration` is below 0; write seconds"
            )
        return duration


def read_text(path: Path) -> str:
    """Return the text of a file in any usual encoding; UnreadableRecordingError or OSError."""
    with path.open("rb") as file:
        data = file.read(MAX_TEXT_BYTES + 1)
    if len(data) > MAX_TEXT_BYTES:
        raise UnreadableRecordingError(
            f"{path}: too large for the annotations of a night; check the path"
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text.rstrip("\0"):
        raise UnreadableRecordingError(
            f"{path}: neither a text nor EDF+; write a CSV, EDF+ annotations or NSRR XML"
        )
    return text.rstrip("\0")


def find_separator(header_row: str) -> str:
    """Return the separator of the columns: the most frequent of semicolon, tab and comma."""
    return max(",;\t", key=header_row.count)


def read_rows(path: Path, text: str, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a table with these columns, in any order and among others."""
    lines = text.splitlines()
    separator = find_separator(lines[0]) if lines else ","
    table = csv.DictReader(io.StringIO("\n".join(lines)), delimiter=separator)
    try:
        names = [name.strip().lower() for name in table.fieldnames or ()]
        missing = [name for name in columns if name not in names]
        if missing:
            raise UnreadableRecordingError(
                f"{path}: line 1: no column `{missing[0]}`; write `{','.join(columns)}`"
            )
        table.fieldnames = names
        for fields in table:
            yield make_row(f"{path}: line {table.line_num}", fields, columns, separator)
    except csv.Error as error:
        raise UnreadableRecordingError(
            f"{path}: line {table.line_num}: not a table ({error}); export it again"
        ) from error


def make_row(place: str, fields: Mapping[str, str], columns: Sequence[str], separator: str) -> Row:
    """Return a row that has all columns; UnreadableRecordingError."""
    empty = [name for name in columns if fields[name] is None]
    if empty:
        raise UnreadableRecordingError(
            f"{place}: no `{empty[0]}`; every row needs {', '.join(columns)}"
        )
    # Decimal commas are possible between other separators only; elsewhere a comma stays, and the
    # field is refused as a number.
    decimal_comma = "," if separator == "," else "."
    return Row(
        place, {name: fields[name].strip().replace(",", decimal_comma, 1) for name in columns}
    )
