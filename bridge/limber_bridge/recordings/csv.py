"""Recordings as CSV, gzipped or not: a header row, a column `time` in s, a column per signal."""

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import numpy as np

from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    Side,
    Times,
)
from limber_bridge.domain.recording import (
    COLUMNS,
    Column,
    Recording,
    Signal,
    UnreadableRecordingError,
    check_gravity_unit,
    column_names,
    mask_clipped,
)
from limber_bridge.recordings.even_grid import measure_rate, sample_steps, split_into_blocks

MIN_UNIX_TIME_S: Final = 1e9
"""Times above this (the year 2001) are Unix times."""
MAX_TIME_S: Final = 1e11
"""Times above this would be thousands of years ahead: they are in milliseconds or smaller units."""
PLAUSIBLE_LIMITS: Final = {
    Quantity.ACCELERATION: 400.0,
    Quantity.EMG: 1e6,
    Quantity.LOAD: 10_000.0,
}
"""Magnitudes (g, uV, kg) beyond what any sensor measures; such numbers count as missing."""
MIN_SENSOR_RANGES: Final = {
    Quantity.ACCELERATION: 1.9,
    Quantity.EMG: 300.0,
    Quantity.LOAD: math.inf,
}
"""The smallest range of any sensor (g, uV, kg). A CSV does not name its sensor's range: values that
repeat at the extreme of a signal, beyond this, are taken as the end of its range. A load says
nothing about it: a sleeper who lies still repeats the highest value too."""
MIN_FILLED_SHARE: Final = 0.6
"""A sensor with a value in a smaller share of the rows is slower than others in the file; its empty
fields are not gaps."""
MAX_BACKWARD_SHARE: Final = 0.01
"""Largest share of rows that may not be later than the row before, as when a clock was set; with
more the file is out of order."""
MAX_UNTIMED_SHARE: Final = 0.05
"""Largest share of rows that may lack a time."""
EMPTY_MESSAGE: Final = "fewer than two rows; there is nothing to read"


def read_csv(path: Path, channels: Mapping[str, str]) -> Recording:
    """Read a CSV, gzipped or not; UnreadableRecordingError or OSError.

    `channels` maps names in the header row to columns.
    """
    with open_text(path) as lines:
        header_row = lines.readline()
        names = parse_header(path, header_row, channels)
        table = parse_table(path, lines.read(), names, find_separator(header_row))
    table, notes = keep_rows_in_order(path, table, names.index("time"))
    times = table[names.index("time")]
    is_unix_time = bool(times[0] > MIN_UNIX_TIME_S)
    origin = 0.0 if is_unix_time else times[0]
    stamps = np.rint((times - origin) * SECOND).astype(np.int64)
    signals: list[Signal] = []
    for column, group in group_by_sensor(names, path):
        rows = [names.index(name) for name in group]
        samples = mask_implausible(path, group[0], table[rows], column.quantity)
        if has_samples(samples):
            signals.append(make_signal(column, samples, stamps))
        else:
            notes.append(
                f"{path}: column `{group[0]}` has fewer than two plausible numbers; left out"
            )
    if not signals:
        raise UnreadableRecordingError(
            f"{path}: no number in any column but `time`; there is nothing to read"
        )
    duration = float(stamps[-1] - stamps[0]) / SECOND
    start = int(stamps[0]) if is_unix_time else None
    return Recording(path.name, start, duration, tuple(signals), tuple(notes))


# --- Text ---


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """Open a text file, gzipped or not; UnreadableRecordingError for anything else."""
    with path.open("rb") as raw:
        plain = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        try:
            yield io.TextIOWrapper(plain, encoding="utf-8-sig")
        except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error, csv.Error) as error:
            raise UnreadableRecordingError(
                f"{path}: not a complete UTF-8 text ({error}); export it again"
            ) from error


def find_separator(header_row: str) -> str:
    """Return the separator of the columns: a semicolon if the header row has no comma."""
    return ";" if ";" in header_row and "," not in header_row else ","


def parse_header(path: Path, header_row: str, channels: Mapping[str, str]) -> list[str]:
    """Return the names in the header row, mapped by `channels`; UnreadableRecordingError."""
    found = [name.strip() for name in header_row.rstrip("\r\n").split(find_separator(header_row))]
    names = [channels.get(name, name) for name in found]
    if names == [""]:
        raise UnreadableRecordingError(f"{path}: empty; a recording starts with a header row")
    if "time" not in names:
        raise UnreadableRecordingError(
            f"{path}: line 1: no column `time`; give this name to the column with the seconds"
        )
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise UnreadableRecordingError(
            f"{path}: line 1: column `{duplicates[0]}` appears twice; remove one"
        )
    if {"x", "y", "z"} & set(names) and any(re.match("(left|right)_acc_", name) for name in names):
        raise UnreadableRecordingError(
            f"{path}: line 1: `x, y, z` next to another ankle; write left_acc_x, ... or "
            "right_acc_x, ..."
        )
    if not any(name in COLUMNS for name in names):
        raise UnreadableRecordingError(
            f"{path}: line 1: no known column; write {', '.join(COLUMNS)}"
        )
    return names


def parse_table(path: Path, text: str, names: Sequence[str], separator: str) -> Floats:
    """Return the rows after the header, shape (columns, rows); an empty field is NaN."""
    text = replace_decimal_commas(path, text) if separator == ";" else text
    if not text.strip():
        raise UnreadableRecordingError(f"{path}: {EMPTY_MESSAGE}")
    try:
        table = np.loadtxt(io.StringIO(text), delimiter=separator, ndmin=2, dtype=np.float64)
    except ValueError:
        # The slow parser allows empty fields, and finds the place of an error.
        rows = list(parse_rows(path, text, names, separator))
        return np.array(rows, dtype=np.float64).reshape(-1, len(names)).T
    if table.shape[1] != len(names):
        raise field_count_error(f"{path}: line 2", table.shape[1], names)
    return table.T


def replace_decimal_commas(path: Path, text: str) -> str:
    """Return rows with decimal points instead of commas; UnreadableRecordingError for a mixture."""
    if "," not in text:
        return text
    if "." in text:
        raise UnreadableRecordingError(
            f"{path}: decimal commas and decimal points in one file; write the same everywhere"
        )
    return text.replace(",", ".")


def parse_rows(
    path: Path, text: str, names: Sequence[str], separator: str
) -> Iterator[list[float]]:
    """Yield the rows one by one; UnreadableRecordingError with the line of the first error."""
    for line, row in enumerate(csv.reader(io.StringIO(text), delimiter=separator), 2):
        if not row:
            continue
        place = f"{path}: line {line}"
        if len(row) != len(names):
            raise field_count_error(place, len(row), names)
        yield [parse_number(field, name, place) for field, name in zip(row, names, strict=True)]


def field_count_error(place: str, count: int, names: Sequence[str]) -> UnreadableRecordingError:
    """Return the error for a row whose number of fields is not that of the header."""
    message = f"{place}: {count} fields under {len(names)} names"
    if count > len(names):
        message += "; if its commas are decimal commas, write decimal points, or separate the "
        message += "columns with semicolons"
    return UnreadableRecordingError(message)


def parse_number(field: str, name: str, place: str) -> float:
    """Return the number in a field, NaN for an empty one; UnreadableRecordingError."""
    try:
        return float(field) if field.strip() else math.nan
    except ValueError as error:
        remedy = "write a number or nothing"
        if name == "time":
            remedy = "write seconds from any origin, or since 1970"
        raise UnreadableRecordingError(
            f"{place}: column `{name}` is `{field.strip()[:40]}`; {remedy}"
        ) from error


# --- Times ---


def keep_rows_in_order(path: Path, table: Floats, time_row: int) -> tuple[Floats, list[str]]:
    """Return the rows of a table whose time goes forward, and notes on those left out.

    `time_row` is the index of the times in the table, which has the shape (columns, rows).
    """
    table, notes = keep_timed_rows(path, table, time_row)
    times = table[time_row]
    # Two rows within the same microsecond have the same time.
    stamps = np.rint((times - times[0]) * SECOND)
    advancing = np.concatenate([[True], stamps[1:] > np.maximum.accumulate(stamps)[:-1]])
    if not advancing.all():
        line = int(np.flatnonzero(~advancing)[0]) + 2
        left_out = int((~advancing).sum())
        if (np.diff(stamps) <= 0).sum() > max(1, MAX_BACKWARD_SHARE * len(times)):
            raise UnreadableRecordingError(
                f"{path}: line {line}: time goes back, as in {left_out} rows; sort them by time"
            )
        notes.append(
            f"{path}: line {line}: time goes back or stands still; {left_out} rows left out; "
            "write the times that the device measured"
        )
        table = table[:, advancing]
    if table.shape[1] < 2:
        raise UnreadableRecordingError(f"{path}: {EMPTY_MESSAGE}")
    return table, notes


def keep_timed_rows(path: Path, table: Floats, time_row: int) -> tuple[Floats, list[str]]:
    """Return the rows of a table that have a time, and a note on those left out."""
    times = table[time_row]
    notes = []
    has_time = np.isfinite(times)
    if not has_time.all():
        line = int(np.flatnonzero(~has_time)[0]) + 2
        left_out = int((~has_time).sum())
        if left_out > MAX_UNTIMED_SHARE * len(times):
            raise UnreadableRecordingError(
                f"{path}: line {line}: column `time` is empty; every row needs a time"
            )
        notes.append(
            f"{path}: line {line}: column `time` is empty; {left_out} rows left out; every row "
            "needs a time"
        )
        table = table[:, has_time]
        times = times[has_time]
    if np.abs(times).max() > MAX_TIME_S:
        line = int(np.argmax(np.abs(times) > MAX_TIME_S)) + 2
        raise UnreadableRecordingError(
            f"{path}: line {line}: column `time` is {times[line - 2]:.0f}; write seconds"
        )
    return table, notes


# --- Signals ---


def group_by_sensor(names: Iterable[str], path: Path) -> list[tuple[Column, list[str]]]:
    """Return the sensors among the names, each with its columns in the order of the axes."""
    groups: dict[tuple[Quantity, Placement, Side | None], list[str]] = {}
    for name in names:
        if name in COLUMNS:
            column = COLUMNS[name]
            groups.setdefault((column.quantity, column.placement, column.side), []).append(name)
    for (quantity, placement, side), group in groups.items():
        missing = set(column_names(quantity, placement, side)) - set(group)
        if missing:
            raise UnreadableRecordingError(
                f"{path}: column `{group[0]}` without column `{min(missing)}`; write all axes"
            )
    return [(COLUMNS[group[0]], sorted(group)) for group in groups.values()]


def mask_implausible(path: Path, name: str, samples: Floats, quantity: Quantity) -> Floats:
    """Return samples (axes, n) with NaN where no sensor can have measured them.

    These are values beyond any range, and values stuck at the end of the sensor's range. Raises
    UnreadableRecordingError for acceleration in another unit than g.
    """
    check_gravity_unit(path, name, samples, quantity)
    plausible: Floats = np.where(np.abs(samples) <= PLAUSIBLE_LIMITS[quantity], samples, np.nan)
    min_range = MIN_SENSOR_RANGES[quantity]
    ranges = [
        (
            min(-min_range, np.nanmin(axis, initial=0.0)),
            max(min_range, np.nanmax(axis, initial=0.0)),
        )
        for axis in plausible
    ]
    return mask_clipped(plausible, ranges)


def has_samples(samples: Floats) -> bool:
    """Return whether at least two rows have a number on every axis."""
    return int(np.isfinite(samples).all(axis=0).sum()) >= 2


def make_signal(column: Column, samples: Floats, stamps: Times) -> Signal:
    """Return the signal of samples (axes, n) with their times in us, which must increase.

    Missing rows get sample numbers too, so that the detection sees a gap.
    """
    filled = np.isfinite(samples).any(axis=0)
    if filled.mean() < MIN_FILLED_SHARE:
        samples = samples[:, filled]
        stamps = stamps[filled]
    rate = measure_rate(stamps)
    steps = sample_steps(stamps, rate)
    indexes = np.concatenate([[0], np.cumsum(steps)])
    # A new run of blocks starts after every gap.
    starts = np.flatnonzero(steps > 1) + 1
    bounds = zip([0, *starts.tolist()], [*starts.tolist(), len(stamps)], strict=True)
    blocks = [
        block
        for begin, end in bounds
        for block in split_into_blocks(
            indexes[begin:end], samples[:, begin:end], stamps[begin:end], rate
        )
    ]
    return Signal(column.quantity, column.placement, column.side, rate, tuple(blocks))


# --- Writing ---


def write_csv(
    path: Path, quantity: Quantity, names: Sequence[str], blocks: Iterable[SampleBlock]
) -> None:
    """Write the blocks of one sensor; times are s from sample 0.

    The same samples always give the same bytes.
    """
    decimals = {Quantity.ACCELERATION: 4, Quantity.EMG: 1, Quantity.LOAD: 3}[quantity]
    rows = ((np.arange(block.first, block.end) / block.rate, block.samples) for block in blocks)
    write_rows(path, dict.fromkeys(names, decimals), rows)


def write_rows(
    path: Path, columns: Mapping[str, int], rows: Iterable[tuple[Floats, Floats]]
) -> None:
    """Write times in s and samples (columns, n); `columns` has the decimals of each column."""
    row = ",".join(["%.6f", *(f"%.{decimals}f" for decimals in columns.values())]) + "\n"
    with create_text(path) as out:
        out.write(",".join(["time", *columns]) + "\n")
        for times, samples in rows:
            out.writelines(row % tuple(values) for values in np.vstack([times, samples]).T.tolist())


@contextmanager
def create_text(path: Path) -> Iterator[IO[str]]:
    """Open a text file for writing, gzipped if its name ends in .gz."""
    if path.suffix != ".gz":
        with path.open("w", encoding="utf-8", newline="") as out:
            yield out
        return
    with (
        path.open("wb") as raw,
        # No date in the gzip header, so that the same samples give the same bytes.
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as out,
    ):
        yield out
