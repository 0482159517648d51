"""Recordings as CSV, gzipped or not: one header row, a column `time` in seconds, a column a signal."""

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
    SampleClock,
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

UNIX: Final = 1e9
"""s; a time above this is Unix time."""
LATEST: Final = 1e11
"""s; a time above this lies thousands of years ahead: it counts milliseconds, or less."""
LARGEST: Final = {Quantity.ACCELERATION: 400.0, Quantity.EMG: 1e6, Quantity.LOAD: 10_000.0}
"""Beyond what any sensor measures (g, uV, kg): such a number is none."""
RANGES: Final = {Quantity.ACCELERATION: 1.9, Quantity.EMG: 300.0, Quantity.LOAD: math.inf}
"""No sensor's range is smaller (g, uV). A CSV does not say what it was: what repeats at its own
extreme beyond this is at the end of it. Of load nothing is known: a sleeper who lies still repeats
the highest one, too."""
SHARED_ROWS: Final = 0.6
"""A sensor with a number in a smaller share of the rows has a slower rate than others in the file:
blank is no gap."""
MOST_BACK: Final = 0.01
"""Share of rows that may be earlier than the one before, or as late, as when a clock is set; more
of them are a file out of order."""
MOST_UNTIMED: Final = 0.05
"""Share of rows that may have no time."""
PIECE: Final = 60.0
"""s of signal for which one straight line stands for the clock: rows jitter, and rates are a
percent off."""
HOLE: Final = 2.5
"""Sample intervals; rows further apart than this have a hole between them."""


def read_csv(path: Path, channels: Mapping[str, str]) -> Recording:
    """Read a CSV, gzipped or not; UnreadableRecordingError or OSError."""
    with text_of(path) as lines:
        first = lines.readline()
        names = header(path, first, channels)
        table = numbers(path, lines.read(), names, separator(first))
    table, notes = in_order(path, table, names.index("time"))
    times = table[names.index("time")]
    unix = bool(times[0] > UNIX)
    stamps = np.rint((times if unix else times - times[0]) * SECOND).astype(np.int64)
    found = [
        (
            column,
            group,
            measured(path, group[0], table[[names.index(name) for name in group]], column.quantity),
        )
        for column, group in groups(names, path)
    ]
    signals = tuple(
        signal_of(column, samples, stamps) for column, _, samples in found if not is_empty(samples)
    )
    notes += [
        f"{path}: column `{group[0]}` holds fewer than two numbers that can have been measured; left out"
        for _, group, samples in found
        if is_empty(samples)
    ]
    if not signals:
        raise UnreadableRecordingError(
            f"{path}: no number in any column but `time`; there is nothing to read"
        )
    duration = float(stamps[-1] - stamps[0]) / SECOND
    return Recording(path.name, int(stamps[0]) if unix else None, duration, signals, tuple(notes))


def in_order(path: Path, table: Floats, column: int) -> tuple[Floats, list[str]]:
    """Return the rows whose time goes forward, and what was left out; `column` is that of the time."""
    table, notes = timed(path, table, column)
    times = table[column]
    # Two rows within the same microsecond are one moment.
    moments = np.rint((times - times[0]) * SECOND)
    advancing = np.concatenate([[True], moments[1:] > np.maximum.accumulate(moments)[:-1]])
    if not advancing.all():
        row = int(np.flatnonzero(~advancing)[0]) + 2
        back = int((~advancing).sum())
        if (np.diff(moments) <= 0).sum() > max(1, MOST_BACK * len(times)):
            raise UnreadableRecordingError(
                f"{path}: line {row}: time runs back, as in {back} rows; sort them by time"
            )
        mend = "give the rows the time that the device measured"
        notes.append(
            f"{path}: line {row}: time runs back or stands still; {back} rows left out; {mend}"
        )
        table = table[:, advancing]
    if table.shape[1] < 2:
        raise UnreadableRecordingError(f"{path}: fewer than two rows; there is nothing to read")
    return table, notes


def timed(path: Path, table: Floats, column: int) -> tuple[Floats, list[str]]:
    """Return the rows that have a time, and what was left out."""
    times = table[column]
    notes = []
    known = np.isfinite(times)
    if not known.all():
        row = int(np.flatnonzero(~known)[0]) + 2
        lost = int((~known).sum())
        if lost > MOST_UNTIMED * len(times):
            raise UnreadableRecordingError(
                f"{path}: line {row}: column `time` is empty; every row needs its time"
            )
        notes.append(
            f"{path}: line {row}: column `time` is empty; {lost} rows left out; every row needs its time"
        )
        table = table[:, known]
        times = times[known]
    if np.abs(times).max() > LATEST:
        row = int(np.argmax(np.abs(times) > LATEST)) + 2
        raise UnreadableRecordingError(
            f"{path}: line {row}: column `time` is {times[row - 2]:.0f}; write seconds"
        )
    return table, notes


@contextmanager
def text_of(path: Path) -> Iterator[IO[str]]:
    """Open a text file, gzipped or not."""
    with path.open("rb") as raw:
        plain = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        try:
            yield io.TextIOWrapper(plain, encoding="utf-8-sig")
        except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error, csv.Error) as error:
            raise UnreadableRecordingError(
                f"{path}: not a whole UTF-8 text ({error}); save it anew"
            ) from error


def separator(first: str) -> str:
    """Return what stands between the columns under a header row: commas, or semicolons where it has
    no comma.
    """
    return ";" if ";" in first and "," not in first else ","


def pointed(path: Path, text: str) -> str:
    """Return rows between semicolons with decimal points; UnreadableRecordingError where both are
    in use.
    """
    if "," not in text:
        return text
    if "." in text:
        raise UnreadableRecordingError(
            f"{path}: decimal commas and points in one file; write the same everywhere"
        )
    return text.replace(",", ".")


def header(path: Path, first: str, channels: Mapping[str, str]) -> list[str]:
    """Return the names in the header row, replaced by what they stand for, and check it."""
    found = [name.strip() for name in first.rstrip("\r\n").split(separator(first))]
    names = [channels.get(name, name) for name in found]
    if names == [""]:
        raise UnreadableRecordingError(f"{path}: empty; a recording begins with a header row")
    if "time" not in names:
        raise UnreadableRecordingError(
            f"{path}: line 1: no column `time`; name the column of the seconds so"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableRecordingError(
            f"{path}: line 1: column `{twice[0]}` stands there twice; keep one"
        )
    if {"x", "y", "z"} & set(names) and any(re.match("(left|right)_acc_", name) for name in names):
        raise UnreadableRecordingError(
            f"{path}: line 1: `x, y, z` beside another ankle; say whose: left_acc_x, ..."
        )
    if not any(name in COLUMNS for name in names):
        raise UnreadableRecordingError(
            f"{path}: line 1: no known column; known are {', '.join(COLUMNS)}"
        )
    return names


def numbers(path: Path, text: str, names: Sequence[str], between: str) -> Floats:
    """Return the columns (columns, rows) of what follows the header; an empty field is NaN."""
    text = pointed(path, text) if between == ";" else text
    if not text.strip():
        raise UnreadableRecordingError(f"{path}: fewer than two rows; there is nothing to read")
    try:
        table = np.loadtxt(io.StringIO(text), delimiter=between, ndmin=2, dtype=np.float64)
    except ValueError:
        # Slower, and it finds the place.
        return (
            np.array(list(careful(path, text, names, between)), dtype=np.float64)
            .reshape(-1, len(names))
            .T
        )
    if table.shape[1] != len(names):
        raise misfit(f"{path}: line 2", table.shape[1], names)
    return table.T


def misfit(place: str, count: int, names: Sequence[str]) -> UnreadableRecordingError:
    """Return what is wrong with a row of so many fields."""
    mend = "; if its commas are decimal ones, write points, or semicolons between the columns"
    return UnreadableRecordingError(
        f"{place}: {count} fields under {len(names)} names{mend * (count > len(names))}"
    )


def careful(path: Path, text: str, names: Sequence[str], between: str) -> Iterator[list[float]]:
    """Yield the rows one by one."""
    for line, row in enumerate(csv.reader(io.StringIO(text), delimiter=between), 2):
        if not row:
            continue
        if len(row) != len(names):
            raise misfit(f"{path}: line {line}", len(row), names)
        yield [
            number(field, name, f"{path}: line {line}")
            for field, name in zip(row, names, strict=True)
        ]


def number(field: str, name: str, place: str) -> float:
    """Return the number in a field, NaN for an empty one; UnreadableRecordingError."""
    try:
        return float(field) if field.strip() else math.nan
    except ValueError as error:
        mend = (
            "write seconds, from any moment on or since 1970"
            if name == "time"
            else "write a number or nothing"
        )
        raise UnreadableRecordingError(
            f"{place}: column `{name}` is `{field.strip()[:40]}`; {mend}"
        ) from error


def groups(names: Iterable[str], path: Path) -> list[tuple[Column, list[str]]]:
    """Return the sensors among the names, each with its columns axis by axis."""
    found: dict[tuple[Quantity, Placement, Side | None], list[str]] = {}
    for name in names:
        if name in COLUMNS:
            column = COLUMNS[name]
            found.setdefault((column.quantity, column.placement, column.side), []).append(name)
    for (quantity, placement, side), group in found.items():
        missing = set(column_names(quantity, placement, side)) - set(group)
        if missing:
            raise UnreadableRecordingError(
                f"{path}: `{group[0]}` is there but not `{min(missing)}`; give all axes"
            )
    return [(COLUMNS[group[0]], sorted(group)) for group in found.values()]


def signal_of(column: Column, samples: Floats, stamps: Times) -> Signal:
    """Return the signal of samples (axes, n) with these times (us, rising): numbered, and placed in
    time.

    A hole of some rows gets its sample numbers, so that what follows sees it.
    """
    filled = np.isfinite(samples).any(axis=0)
    if filled.mean() < SHARED_ROWS:
        samples = samples[:, filled]
        stamps = stamps[filled]
    rate = measured_rate(stamps)
    # Rows that jitter are no hole: a step must be that of three rows to be one.
    widths = np.diff(stamps) * rate / SECOND
    steps = np.where(widths < HOLE, 1, np.rint(widths)).astype(np.int64)
    indexes = np.concatenate([[0], np.cumsum(steps)])
    # A new piece after every hole, and after a minute at the latest.
    bounds = np.flatnonzero(steps > 1) + 1
    blocks = [
        block
        for begin, end in zip([0, *bounds.tolist()], [*bounds.tolist(), len(stamps)], strict=True)
        for block in pieces(indexes[begin:end], samples[:, begin:end], stamps[begin:end], rate)
    ]
    return Signal(column.quantity, column.placement, column.side, rate, tuple(blocks))


def is_empty(samples: Floats) -> bool:
    """Return whether not even two rows have a number on every axis."""
    return int(np.isfinite(samples).all(axis=0).sum()) < 2


def measured(path: Path, name: str, samples: Floats, quantity: Quantity) -> Floats:
    """Return samples with NaN for what no sensor can have measured, and for what lies at the end of
    its range.
    """
    check_gravity_unit(path, name, samples, quantity)
    plausible: Floats = np.where(np.abs(samples) <= LARGEST[quantity], samples, np.nan)
    least = RANGES[quantity]
    rails = [
        (min(-least, np.nanmin(axis, initial=0.0)), max(least, np.nanmax(axis, initial=0.0)))
        for axis in plausible
    ]
    return mask_clipped(plausible, rails)


def measured_rate(stamps: Times) -> float:
    """Return the rate in Hz, holes left out."""
    steps = np.diff(stamps)
    usual = steps[steps < HOLE * np.median(steps)]
    return float(len(usual) * SECOND / usual.sum())


def pieces(indexes: Times, samples: Floats, stamps: Times, rate: float) -> Iterator[SampleBlock]:
    """Yield an unbroken stretch in pieces, each with the clock that fits its rows."""
    count = min(len(indexes), max(1, round(len(indexes) / (PIECE * rate))))
    for part in np.array_split(np.arange(len(indexes)), count):
        begin = int(part[0])
        end = int(part[-1]) + 1
        first = int(indexes[begin])
        offsets = stamps[begin:end] - np.rint((indexes[begin:end] - first) * SECOND / rate).astype(
            np.int64
        )
        clock = SampleClock(first, int(np.median(offsets)), rate)
        yield SampleBlock(first, samples[:, begin:end], clock, rate)


def write_csv(
    path: Path, quantity: Quantity, names: Sequence[str], blocks: Iterable[SampleBlock]
) -> None:
    """Write blocks of one sensor; times are seconds from sample 0. The same samples give the same
    bytes.
    """
    digits = {Quantity.ACCELERATION: 4, Quantity.EMG: 1, Quantity.LOAD: 3}[quantity]
    rows = ((np.arange(block.first, block.end) / block.rate, block.samples) for block in blocks)
    write_rows(path, dict.fromkeys(names, digits), rows)


def write_rows(
    path: Path, columns: Mapping[str, int], rows: Iterable[tuple[Floats, Floats]]
) -> None:
    """Write times in s and samples (columns, n); `columns` says how many decimals each has."""
    row = ",".join(["%.6f", *(f"%.{digits}f" for digits in columns.values())]) + "\n"
    with writable(path) as out:
        out.write(",".join(["time", *columns]) + "\n")
        for times, samples in rows:
            out.writelines(row % tuple(values) for values in np.vstack([times, samples]).T.tolist())


@contextmanager
def writable(path: Path) -> Iterator[IO[str]]:
    """Open a text file for writing, gzipped (without a date, so that bytes repeat) where its name
    says so.
    """
    if path.suffix != ".gz":
        with path.open("w", encoding="utf-8", newline="") as out:
            yield out
        return
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as out,
    ):
        yield out
