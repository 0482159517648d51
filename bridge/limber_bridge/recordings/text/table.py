"""Parse the columns of a table that are needed."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from limber_bridge.detection.signal import Flags, Floats, Times
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.text.fast_numbers import Fields, parse_decimals
from limber_bridge.recordings.text.fast_tables import parse_with_polars
from limber_bridge.recordings.text.layout import MISSING, Layout
from limber_bridge.recordings.text.rows import RowFields, chunks, plain_rows, split_rows

type Texts = npt.NDArray[np.bytes_]
"""Shape (n,)."""

MAX_FIELD_BYTES: Final = 64
"""Longest field of a column that is read; a longer one is damaged."""
MAX_BAD_SHARE: Final = 0.01
"""Largest share of lines that may be damaged; with more, the file is not this kind of table
(chosen)."""
MAX_THREADS: Final = 4
MIN_BYTES_FOR_THREADS: Final = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The columns of a table."""

    numbers: dict[int, Floats]
    """Shape (n,) each, by the index of the column; NaN where there is no value."""
    texts: dict[int, Texts]
    """Columns with times that are no numbers, by index."""
    lines: Times | None
    """Shape (n,): number of the line of each row; None if `first_line` and the next ones."""
    first_line: int
    count: int
    """Number of rows."""

    def line_of(self, row: int) -> int:
        """Return the number of the line of a row, from 1."""
        return self.first_line + row if self.lines is None else int(self.lines[row])

    def select(self, rows: Flags) -> Table:
        """Return some of the rows."""
        lines = np.arange(self.count) + self.first_line if self.lines is None else self.lines
        return replace(
            self,
            numbers={index: values[rows] for index, values in self.numbers.items()},
            texts={index: values[rows] for index, values in self.texts.items()},
            lines=lines[rows],
            count=int(rows.sum()),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What was parsed of a part of a table."""

    numbers: dict[int, Floats]
    texts: dict[int, Texts]
    lines: Times | None
    """Indexes of the lines in the part."""
    line_count: int
    bad: list[tuple[int, int, bytes]]
    """Index of the line, number of its fields or minus the index of a column that is not a number,
    and the field or the line."""


def parse_table(
    path: Path, data: bytes, layout: Layout, numeric: Sequence[int], textual: Sequence[int]
) -> tuple[Table, tuple[str, ...]]:
    """Return some columns of a table, and notes on lines that were left out.

    `numeric` and `textual` are indexes of columns. Raises UnreadableRecordingError if too many
    lines are damaged.
    """
    body = plain_rows(data[layout.first_byte :], layout)
    fast = parse_with_polars(body, layout.width, numeric, textual)
    if fast is not None:
        numbers, texts = fast
        count = len(next(iter({**numbers, **texts}.values())))
        return Table(numbers, texts, None, layout.first_line, count), ()

    def parse(part: bytes) -> Part:
        return parse_part(split_rows(part, layout.width), numeric, textual)

    parts = list(map_in_threads(parse, chunks(body), len(body)))
    table = join_parts(parts, layout, numeric, textual)
    return table, check_bad_lines(path, parts, table.count, layout)


def map_in_threads(
    function: Callable[[bytes], Part], parts: Iterable[bytes], size: int
) -> Iterable[Part]:
    """Return a function of each part, in order; NumPy lets threads work at the same time."""
    threads = min(MAX_THREADS, os.process_cpu_count() or 1)
    if size < MIN_BYTES_FOR_THREADS or threads < 2:
        return map(function, parts)
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, parts))


def parse_part(rows: RowFields, numeric: Sequence[int], textual: Sequence[int]) -> Part:
    """Return what is in the rows of a part."""
    bad = [
        (int(line), text.count(b",") + 1, text)
        for line, text in zip(rows.bad_lines, lines_of(rows), strict=True)
    ]
    numbers: dict[int, Floats] = {}
    wrong = np.zeros(len(rows.starts), bool)
    for index in numeric:
        fields = column_fields(rows, index)
        values = parse_numbers(fields)
        if values is None:
            values, unreadable = parse_carefully(fields)
            for row in np.flatnonzero(unreadable & ~wrong).tolist():
                line = row if rows.lines is None else int(rows.lines[row])
                field = fields.data[int(fields.starts[row]) : int(fields.ends[row])]
                bad.append((line, -index, field))
            wrong |= unreadable
        numbers[index] = values
    texts = {index: field_texts(column_fields(rows, index)) for index in textual}
    lines = rows.lines
    if wrong.any():
        numbers = {index: values[~wrong] for index, values in numbers.items()}
        texts = {index: values[~wrong] for index, values in texts.items()}
        lines = (np.arange(len(wrong)) if lines is None else lines)[~wrong]
    return Part(numbers, texts, lines, rows.line_count, sorted(bad, key=lambda one: one[0]))


def lines_of(rows: RowFields) -> list[bytes]:
    """Return the lines of a part that are no rows."""
    if not len(rows.bad_lines):
        return []
    lines = rows.data.split(b"\n")
    return [lines[index].lstrip(b"0") if index == 0 else lines[index] for index in rows.bad_lines]


def column_fields(rows: RowFields, index: int) -> Fields:
    """Return the fields of a column."""
    starts = rows.ends[:, index - 1] + 1 if index else rows.starts
    return Fields(rows.data, starts, rows.ends[:, index])


def parse_numbers(fields: Fields) -> Floats | None:
    """Return the numbers of a column without empty fields; None if they need more care."""
    values = parse_decimals(fields)
    return values if values is not None else parse_mixed_decimals(fields)


def parse_mixed_decimals(fields: Fields) -> Floats | None:
    """Return numbers with different numbers of decimals; None if they need more care."""
    data = np.frombuffer(fields.data, np.uint8)
    values = np.empty(len(fields.starts))
    left = np.ones(len(values), bool)
    for decimals in range(1, 8):
        points = fields.ends - decimals - 1
        chosen = left & (points >= fields.starts) & (data[points] == ord("."))
        if chosen.any():
            parsed = parse_decimals(Fields(fields.data, fields.starts[chosen], fields.ends[chosen]))
            if parsed is None:
                return None
            values[chosen] = parsed
            left &= ~chosen
    if left.any():
        parsed = parse_decimals(Fields(fields.data, fields.starts[left], fields.ends[left]))
        if parsed is None:
            return None
        values[left] = parsed
    return values


def field_texts(fields: Fields) -> Texts:
    """Return fields as texts of the same length, filled with NUL."""
    lengths = np.minimum(fields.ends - fields.starts, MAX_FIELD_BYTES)
    width = max(1, int(lengths.max(initial=1)))
    data = np.frombuffer(fields.data, np.uint8)
    offsets = np.arange(width)
    places = np.minimum(fields.starts[:, None] + offsets, len(data) - 1)
    characters = np.where(offsets < lengths[:, None], data[places], 0).astype(np.uint8)
    texts: Texts = np.ascontiguousarray(characters).view(f"S{width}").ravel()
    return texts


def parse_carefully(fields: Fields) -> tuple[Floats, Flags]:
    """Return the numbers of a column, NaN for empty fields, and which fields are unreadable."""
    texts = field_texts(fields)
    filled = np.where(texts == b"", b"nan", texts)
    unreadable = np.zeros(len(texts), bool)
    try:
        if not any(b"_" in text for text in texts[:100].tolist()):
            return filled.astype(np.float64), unreadable
    except ValueError:
        pass
    values = np.full(len(texts), np.nan)
    for row, text in enumerate(texts.tolist()):
        number = parse_number(text)
        unreadable[row] = number is None
        if number is not None:
            values[row] = number
    return values, unreadable


def parse_number(text: bytes) -> float | None:
    """Return the number in a field, NaN for one that says that it is missing, else None."""
    shown = text.decode("latin-1").strip()
    if shown.lower() in MISSING:
        return float("nan")
    try:
        # Python allows underscores in numbers.
        return None if "_" in shown else float(shown)
    except ValueError:
        return None


def join_parts(
    parts: Sequence[Part], layout: Layout, numeric: Sequence[int], textual: Sequence[int]
) -> Table:
    """Return the parts of a table as one."""
    numbers: dict[int, Floats] = {
        index: np.concatenate([np.empty(0), *(part.numbers[index] for part in parts)])
        for index in numeric
    }
    texts: dict[int, Texts] = {
        index: np.concatenate([np.empty(0, "S1"), *(part.texts[index] for part in parts)])
        for index in textual
    }
    count = len(next(iter({**numbers, **texts}.values()))) if numbers or texts else 0
    lines: Times | None = None
    if any(part.lines is not None for part in parts):
        first = layout.first_line
        numbered: list[Any] = []
        for part in parts:
            own = np.arange(part.line_count) if part.lines is None else part.lines
            numbered.append(own + first)
            first += part.line_count
        lines = np.concatenate(numbered)
    return Table(numbers, texts, lines, layout.first_line, count)


def check_bad_lines(
    path: Path, parts: Sequence[Part], count: int, layout: Layout
) -> tuple[str, ...]:
    """Return a note on damaged lines; UnreadableRecordingError if they are too many."""
    first = layout.first_line
    bad: list[tuple[int, int, bytes]] = []
    for part in parts:
        bad += [(first + index, kind, text) for index, kind, text in part.bad]
        first += part.line_count
    bad = [one for one in bad if not is_known_line(one, layout)]
    if not bad:
        return ()
    last_line = first - 1
    line, kind, text = bad[0]
    torn = len(bad) == 1 and line == last_line and count > 0
    if not torn and len(bad) > MAX_BAD_SHARE * count:
        raise UnreadableRecordingError(bad_line_message(f"{path}: line {line}", kind, text, layout))
    if torn:
        return (f"{path}: line {line}: the last line is cut off and left out; the logger stopped",)
    shown = printable(text.decode("utf-8", "replace"), 40)
    note = (
        f"{path}: line {line}: `{shown}`: {len(bad)} damaged lines left out; they are gaps if they"
    )
    return (f"{note} are long enough",)


def is_known_line(bad: tuple[int, int, bytes], layout: Layout) -> bool:
    """Return whether a line that is no row is expected: a comment, or the header once more."""
    text = bad[2].strip().lower()
    if bad[1] > 0 and (text.startswith((b"#", b"%", b"//")) or not text.strip(b",")):
        return True
    # A logger that starts again writes its header again.
    first_names = {name.lower() for name in layout.names if name}
    field = text.split(b",")[0].decode("utf-8", "replace").strip()
    return field in first_names


def bad_line_message(place: str, kind: int, text: bytes, layout: Layout) -> str:
    """Return what is wrong with a line, for an error."""
    if kind > 0:
        message = f"{place}: {kind} fields under {layout.width} names"
        if kind > layout.width:
            message += "; if its commas are decimal commas, write decimal points, or separate the "
            message += "columns with semicolons"
        return message
    name = printable(layout.labels[-kind])
    shown = printable(text.decode("utf-8", "replace").strip(), 40)
    return f"{place}: column `{name}` is `{shown}`; write a number or nothing"
