"""Split the rows of a table into fields, and leave out lines that are not rows."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Flags, Times
from limber_bridge.recordings.text.fast_numbers import PADDING
from limber_bridge.recordings.text.layout import Layout

CHUNK_BYTES: Final = 1 << 18
"""Size of the parts in which a table is parsed. chosen: the intermediate results of a part fit into
the cache of a processor."""
COMMA: Final = ord(",")
LINE_FEED: Final = ord("\n")
QUOTED_DECIMAL_COMMA: Final = re.compile(rb'"([+-]?\d*),(\d+(?:[eE][+-]?\d+)?)"')


@dataclass(frozen=True, slots=True, eq=False)
class RowFields:
    """Where the fields of the rows of a part are."""

    data: bytes
    """The part, after `PADDING`."""
    starts: Times
    """Shape (n,): first byte of each row in the data."""
    ends: Times
    """Shape (n, columns): the byte after each field."""
    lines: Times | None
    """Shape (n,): index of the line of each row in the part; None if every line is a row."""
    line_count: int
    bad_lines: Times
    """Indexes of lines that are neither rows nor blank."""


def plain_rows(body: bytes, layout: Layout) -> bytes:
    """Return rows with commas between the fields, decimal points, and no quotes.

    `body` begins with the first row. The number of lines stays the same.
    """
    if b'"' in body:
        if layout.separator == "," and layout.decimal_comma:
            body = QUOTED_DECIMAL_COMMA.sub(rb"\1.\2", body)
        body = unquote(body, layout.separator)
    match layout.separator:
        case " ":
            body = re.sub(rb"[ \t]+(?=\n|\Z)", b"", re.sub(rb"(?m)^[ \t]+", b"", body))
            # A comma is the decimal sign where spaces separate.
            return re.sub(rb"[ \t]+", b",", body.replace(b",", b"."))
        case ",":
            pass
        case separator:
            body = body.translate(bytes.maketrans(b"," + separator.encode(), b".,"))
    if b" " in body:
        body = re.sub(rb" *, *", b",", body) if b" ," in body else re.sub(rb", +", b",", body)
    return body


def unquote(body: bytes, separator: str) -> bytes:
    """Return rows without quotes; a separator or a line break within quotes becomes a space."""
    if not re.search(rb'"[^"\n]*' + re.escape(separator.encode()) + rb'[^"\n]*"', body[:65536]):
        return body.translate(None, b'"')
    text = io.StringIO(body.decode("utf-8", errors="replace"), newline="\n")
    rows = csv.reader(text, delimiter=separator)
    unwanted = str.maketrans({separator: " ", "\n": " ", '"': " "})
    return "\n".join(
        separator.join(field.translate(unwanted) for field in row) for row in rows
    ).encode()


def chunks(body: bytes, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield a text in parts of whole lines, each line with a line feed."""
    begin = 0
    while begin < len(body):
        end = body.find(b"\n", begin + size) + 1 or len(body)
        part = body[begin:end]
        yield part if part.endswith(b"\n") else part + b"\n"
        begin = end


def split_rows(part: bytes, columns: int) -> RowFields:
    """Return the fields of the rows in a part of a text; a row has a number of columns."""
    data = PADDING + part
    codes = np.frombuffer(data, np.uint8)
    is_mark = codes == COMMA
    is_end = codes == LINE_FEED
    is_mark |= is_end
    marks = np.flatnonzero(is_mark)
    whole_rows, rest = divmod(len(marks), columns)
    if not rest and np.count_nonzero(is_end) == whole_rows:
        ends = marks.reshape(whole_rows, columns)
        if is_end[ends[:, -1]].all():
            starts = np.concatenate([[len(PADDING)], ends[:-1, -1] + 1])
            return RowFields(data, starts, ends, None, whole_rows, np.empty(0, np.int64))
    return pick_rows(data, marks, is_end[marks], columns)


def pick_rows(data: bytes, marks: Times, is_end_of_line: Flags, columns: int) -> RowFields:
    """Return the rows among lines of which some have another number of fields."""
    last_marks = np.flatnonzero(is_end_of_line)
    counts = np.diff(last_marks, prepend=-1)
    line_ends = marks[last_marks]
    line_starts = np.concatenate([[len(PADDING)], line_ends[:-1] + 1])
    is_whole = counts == columns
    is_blank = line_ends == line_starts
    ends = marks[np.repeat(is_whole, counts)].reshape(-1, columns)
    return RowFields(
        data,
        line_starts[is_whole],
        ends,
        np.flatnonzero(is_whole),
        len(counts),
        np.flatnonzero(~is_whole & ~is_blank),
    )
