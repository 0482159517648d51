"""Find where the table of a text begins, how its columns are separated, and their headers."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from limber_bridge.recordings.text.content import decode_line
from limber_bridge.recordings.units import KNOWN_UNITS, normal_unit

SEPARATORS: Final = ("\t", ";", ",", "|", " ")
"""In the order in which they are preferred where two fit equally well."""
HEAD_LINES: Final = 250
"""Lines in which the table must begin. chosen: GENEActiv writes 100 lines before it."""
HEAD_BYTES: Final = 262_144
WINDOW_ROWS: Final = 20
"""Rows that are compared to find the separator (chosen)."""
SAME_WIDTH_SHARE: Final = 0.9
"""Share of these rows that must have the same number of fields (chosen: one may be damaged)."""
HEADER_SEARCH_LINES: Final = 6
"""Lines above the first row among which the header is searched. chosen: Shimmer writes three, and
some programs leave blank lines."""
NUMBER: Final = re.compile(
    r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE
)
TIME: Final = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ,]\d{1,2}:.*)?|\d{8}T\d{6}.*|\d{1,2}:\d{2}(:\d{2}.*)?",
    re.IGNORECASE,
)
MISSING: Final = frozenset(
    (
        *("", "na", "n/a", "<na>", "null", "none", "nil", "missing", "-", "--", ".", "?"),
        # Errors of spreadsheets; NaN as compilers of Microsoft wrote it.
        *("#n/a", "#na", "#null!", "#num!", "#div/0!", "#value!", "#ref!"),
        *("1.#qnan", "-1.#ind", "1.#ind", "1.#inf", "-1.#inf", "-nan", "-nan(ind)"),
    )
)
"""Fields, in lower case, that stand for a missing value."""
COMMENT_MARKS: Final = "#%/"
UNIT_WORDS: Final = frozenset(("s", "ms", "us", "ns", "cal", "raw", "no_units", "a.u.", ""))
"""Entries of a row of units under a header, besides the units of sensors."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is written."""

    separator: str
    """A space stands for any number of spaces."""
    decimal_comma: bool
    names: tuple[str, ...]
    """Header of each column; () without a header."""
    units: tuple[str, ...]
    """Of each column, from a row of units under the header; () without one."""
    header_line: int
    """Number of the line with the header, from 1; 0 without one."""
    first_line: int
    """Number of the line with the first row, from 1."""
    first_byte: int
    """Where this line begins in the data."""
    width: int
    """Number of columns."""
    rows: tuple[tuple[str, ...], ...]
    """The first rows."""
    preamble: tuple[str, ...]
    """The lines before the table, its header included."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The headers of the columns; their numbers, from 1, without headers."""
        return self.names or tuple(str(number + 1) for number in range(self.width))


def find_layout(data: bytes) -> Layout | None:
    """Return how the table in a text is written; None if there is no row with a number."""
    head = data[:HEAD_BYTES]
    raw_lines = head.split(b"\n")
    if len(data) > HEAD_BYTES:
        raw_lines.pop()
    raw_lines = raw_lines[: HEAD_LINES + WINDOW_ROWS]
    while raw_lines and not raw_lines[-1].strip():
        raw_lines.pop()
    lines = [decode_line(line).strip("\v\f ") for line in raw_lines]
    stated = stated_separator(lines)
    candidates = [
        (score, -order, separator, start)
        for order, separator in enumerate(SEPARATORS if stated is None else (stated,))
        for score, start in [find_rows(lines, separator)]
        if score
    ]
    if not candidates:
        return known_header_layout(raw_lines, lines, stated)
    _, _, separator, start = max(candidates)
    return make_layout(raw_lines, lines, separator, start)


def stated_separator(lines: Sequence[str]) -> str | None:
    """Return the separator that a spreadsheet stated in a first line `sep=;`."""
    first = lines[0].strip('"') if lines else ""
    if not first.lower().startswith("sep="):
        return None
    separator = first[4:5]
    return "\t" if first[4:] in ("", "\\t") else separator


def split_line(line: str, separator: str) -> tuple[str, ...]:
    """Return the fields of a line without spaces and quotes around them."""
    if separator == " ":
        return tuple(field.strip('"') for field in line.split())
    if '"' in line:
        fields = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    else:
        fields = line.split(separator)
    return tuple(field.strip() for field in fields)


def is_value(field: str) -> bool:
    """Return whether a field is a number or a time."""
    return NUMBER.fullmatch(field) is not None or TIME.fullmatch(field) is not None


def is_row(fields: Sequence[str]) -> bool:
    """Return whether more than half of the fields that are not empty are numbers or times."""
    filled = [field for field in fields if field.lower() not in MISSING]
    return bool(filled) and 2 * sum(map(is_value, filled)) > len(filled)


def find_rows(lines: Sequence[str], separator: str) -> tuple[int, int]:
    """Return how well a separator fits, and the index of the first row; 0, 0 if it does not."""
    split = [split_line(line, separator) for line in lines]
    for start in range(min(len(lines), HEAD_LINES)):
        if not is_row(split[start]) or (separator == " " and len(split[start]) < 2):
            continue
        window = [fields for fields in split[start : start + WINDOW_ROWS] if any(fields)]
        width = len(split[start])
        same = [fields for fields in window if len(fields) == width]
        if len(same) < min(SAME_WIDTH_SHARE * len(window), len(window) - 1):
            continue
        # Fields that are not values are evidence against a separator: it has split a value.
        values = [is_value(field) - (not is_value(field)) for fields in same for field in fields]
        score = sum(max(0, value) for value in values) * 100 // max(1, len(same))
        score -= sum(value < 0 for value in values) * 10 // max(1, len(same))
        return max(1, score), start
    return 0, 0


def known_header_layout(
    raw_lines: Sequence[bytes], lines: Sequence[str], stated: str | None
) -> Layout | None:
    """Return the layout of a table whose first row has no number; None without a header.

    The first line with several fields is taken as the header.
    """
    for start, line in enumerate(lines[:-1]):
        for separator in SEPARATORS[:4] if stated is None else (stated,):
            width = len(split_line(line, separator))
            if width > 1 and len(split_line(lines[start + 1], separator)) == width:
                return make_layout(raw_lines, lines, separator, start + 1)
    return None


def make_layout(
    raw_lines: Sequence[bytes], lines: Sequence[str], separator: str, start: int
) -> Layout:
    """Return the layout of a table whose first row is a line with the index `start`."""
    rows = [split_line(line, separator) for line in lines[start : start + WINDOW_ROWS]]
    width = len(rows[0])
    names, units, header = find_header(lines, separator, start, rows)
    fields = [field for row in rows for field in row]
    return Layout(
        separator=separator,
        decimal_comma=any(re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", one) for one in fields),
        names=names,
        units=units,
        header_line=0 if header is None else header + 1,
        first_line=start + 1,
        first_byte=sum(len(line) + 1 for line in raw_lines[:start]),
        width=width,
        rows=tuple(rows),
        preamble=tuple(lines[:start]),
    )


def find_header(
    lines: Sequence[str], separator: str, start: int, rows: Sequence[tuple[str, ...]]
) -> tuple[tuple[str, ...], tuple[str, ...], int | None]:
    """Return the names and the units of the columns, and the index of the line with the names."""
    units: tuple[str, ...] = ()
    width = len(rows[0])
    for index in range(start - 1, max(-1, start - 1 - HEADER_SEARCH_LINES), -1):
        text = lines[index].lstrip(COMMENT_MARKS).strip()
        fields = split_line(text, separator)
        if not any(fields):
            continue
        fields = fit_width(fields, rows)
        if is_unit_row(fields):
            units = units or fields if len(fields) == width else units
            continue
        if len(fields) == 1 < width or is_row(fields):
            break
        return fields, units, index
    return (), units, None


def fit_width(fields: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names of a header, as many as the rows have fields if the reason is known."""
    width = len(rows[0])
    if len(fields) == width + 1 and not fields[-1]:
        return fields[:-1]
    if len(fields) == width - 1:
        # Rows that end in a separator; or numbered rows, as R writes them without a name.
        if all(not row[-1] for row in rows if len(row) == width):
            return (*fields, "")
        if all(row[0].isdigit() for row in rows):
            return ("", *fields)
    return fields


def is_unit_row(fields: Sequence[str]) -> bool:
    """Return whether a line under the header has the units of the columns."""
    bare = [field.strip("()[] ").lower() for field in fields]
    known = [one for one in bare if normal_unit(one) in KNOWN_UNITS or one in UNIT_WORDS]
    return len(known) == len(bare) and any(bare)
