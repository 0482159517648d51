"""Find the time of each row of a table: its unit, and whether it goes forward."""

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Flags, Floats, Times
from limber_bridge.domain.counted import counted
from limber_bridge.domain.recording import MIN_SCORED_S, UnreadableRecordingError
from limber_bridge.recordings.text.table import Table
from limber_bridge.recordings.text.time_texts import (
    UNKNOWN,
    local_to_utc,
    parse_time_texts,
)
from limber_bridge.recordings.units import TIME_UNITS

MIN_UNIX_TIME_S: Final = 1e9
MAX_UNIX_TIME_S: Final = 4.2e9
"""Times between these (2001 and 2103) are Unix times."""
STEP_ROWS: Final = 20_000
"""Rows whose steps are compared, twice (chosen: some minutes)."""
MAX_STEP_S: Final = 2.5
"""Longest step between samples that makes sense in seconds. chosen: a sensor of 0.4 Hz is far too
slow for movements already."""
STEP_RANGES: Final = {"ms": (0.2, 250.0), "us": (250.0, 2.5e5), "ns": (2.5e5, 2.5e8)}
"""Steps from which a unit follows, if it cannot be seconds: rates of 4 to 5,000 Hz (chosen)."""
EXCEL_DAYS: Final = (36_526.0, 73_050.0)
MATLAB_DAYS: Final = (730_486.0, 767_010.0)
"""Days from 2000 to 2099 as spreadsheets and MATLAB count them."""
EXCEL_DAY_OF_1970: Final = 25_569
MATLAB_DAY_OF_1970: Final = 719_529
DAY_S: Final = 86_400
MAX_DURATION_S: Final = 60 * 86_400.0
MAX_BACKWARD_SHARE: Final = 0.01
"""Largest share of rows that may be earlier than the row before, as when a clock was set; with more
the table is out of order."""
MAX_EARLIER_SHARE: Final = 0.4
"""Largest share of rows that may be left out because they are earlier than one before. chosen: a
clock that was set back loses less; two recordings or sensors, one after the other, are a half."""
MAX_UNTIMED_SHARE: Final = 0.05
"""Largest share of rows that may lack a time."""
SET_BACK_MIN_S: Final = 1.0
"""From this step back on, the clock of the device was set; smaller ones are rows out of order."""
SET_BACK_GAP_S: Final = 1.0
"""Signal left out where time goes on after the clock was set back. Chosen: clearly a gap.

How much was recorded in between is unknown, so no movement and no interval may reach across.
"""
MIN_BATCHED_SHARE: Final = 0.3
"""Samples come in batches if at least this share of rows repeats the previous time (chosen)."""
MAX_REPEATED_SHARE: Final = 0.95
"""They are not batches if at least this share of these rows repeats the whole previous row
(chosen)."""
MAX_BATCH_S: Final = 15.0
"""Longest batch of samples with one time. chosen: in longer ones the times have lost digits."""
GAP_S: Final = 0.5
"""A longer hole between batches is a gap."""
MAX_ACCELERATION_RATE_HZ: Final = 8_000.0
"""Highest rate of a wearable accelerometer, with margin (chosen)."""
EMPTY_MESSAGE: Final = "fewer than two rows; there is nothing to read"


@dataclass(frozen=True, slots=True, eq=False)
class TimedTable:
    """The rows of a table with their times."""

    table: Table
    stamps: Times
    """us, increasing; since 1970 if `has_start`, else from 0."""
    has_start: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """What is known of the column with the times."""

    index: int
    name: str
    unit: str | None
    """As an option or the header states it."""
    is_text: bool
    month_first: bool | None = None
    """Whether dates are written with the month first, where the file says so."""
    start_text: bytes | None = None
    """Time of the first row in another column."""


def rows_at_rate(table: Table, rate: float, start: int | None) -> TimedTable:
    """Return rows that follow each other at a rate in Hz; `start` is in us since 1970."""
    stamps = np.rint(np.arange(table.count) * (SECOND / rate)).astype(np.int64) + (start or 0)
    return TimedTable(table, stamps, start is not None, ())


def rows_with_times(
    path: Path, table: Table, column: TimeColumn, zone: tzinfo | None
) -> TimedTable:
    """Return the rows whose time goes forward, and notes on those left out.

    Raises UnreadableRecordingError.
    """
    notes: list[str] = []
    if column.is_text:
        stamps, has_start = text_stamps(path, table, column, zone, notes)
    else:
        stamps, has_start = number_stamps(path, table, column, notes, zone)
    table, stamps = keep_timed_rows(path, table, stamps, column, notes)
    if column.start_text is not None and not has_start:
        stamps, has_start = place_by_text(stamps, column.start_text, zone)
    table, stamps = keep_rows_in_order(path, table, stamps, column, notes)
    if not has_start and len(stamps):
        stamps = stamps - stamps[0]
    return TimedTable(table, stamps, has_start, tuple(notes))


# --- Times as numbers ---


def number_stamps(
    path: Path, table: Table, column: TimeColumn, notes: list[str], zone: tzinfo | None
) -> tuple[Times, bool]:
    """Return times in us, `UNKNOWN` where there is none, and whether they are UTC."""
    values = table.numbers[column.index]
    known = np.isfinite(values)
    if known.sum() < 2:
        return np.where(known, 0, UNKNOWN), False
    finite = values[known]
    if typical_step(finite) == 0.0:
        raise UnreadableRecordingError(
            f"{path}: line {table.line_of(0)}: column `{column.name}` is {finite[0]:.10g} in most "
            "rows: the times have lost their digits, as in a spreadsheet; export it again"
        )
    unit = unit_of_times(path, table, column, finite, notes)
    scale = TIME_UNITS[unit]
    origin = finite[0]
    seconds = origin * scale / SECOND
    has_start = MIN_UNIX_TIME_S < seconds < MAX_UNIX_TIME_S and unit != "days"
    stamps = np.full(len(values), UNKNOWN)
    if has_start:
        stamps[known] = np.rint(finite * scale).astype(np.int64)
    else:
        offsets = (finite - origin) * scale
        if np.abs(offsets).max() > 2 * MAX_DURATION_S * SECOND:
            row = int(np.flatnonzero(known)[np.argmax(np.abs(offsets))])
            raise too_long(path, table, column, values[row], unit)
        stamps[known] = np.rint(offsets).astype(np.int64)
        day_of_1970 = calendar_origin(origin) if unit == "days" else None
        if day_of_1970 is not None:
            return calendar_stamps(path, column, stamps, origin - day_of_1970, zone, notes)
    return stamps, has_start


def unit_of_times(
    path: Path, table: Table, column: TimeColumn, values: Floats, notes: list[str]
) -> str:
    """Return the unit that an option, the header or the times themselves state."""
    if column.unit is not None and column.unit.lower() in TIME_UNITS:
        return column.unit.lower()
    step = typical_step(values)
    unit = guess_unit(path, table, column, values, step)
    # A Unix time shows its unit by its size; steps show it less clearly.
    if unit != "s" and not values[0] * TIME_UNITS[unit] / SECOND > MIN_UNIX_TIME_S:
        notes.append(
            f"{path}: column `{column.name}` is read as {unit}: {step:.6g} between rows; "
            f"if that is wrong, write --unit {column.name}=UNIT"
        )
    return unit


def calendar_origin(day: float) -> int | None:
    """Return the day of 1970-01-01 in the calendar that a day belongs to; None for no calendar."""
    calendars = ((EXCEL_DAYS, EXCEL_DAY_OF_1970), (MATLAB_DAYS, MATLAB_DAY_OF_1970))
    return next((origin for (low, high), origin in calendars if low < day < high), None)


def calendar_stamps(
    path: Path,
    column: TimeColumn,
    offsets: Times,
    first_day: float,
    zone: tzinfo | None,
    notes: list[str],
) -> tuple[Times, bool]:
    """Return the times of a calendar that counts local days, and whether they are UTC.

    `offsets` are in us from the first time, which is `first_day` after 1970.
    """
    if zone is None:
        notes.append(
            f"{path}: column `{column.name}` has local times, so the start is unknown; write for "
            "example --time-zone Europe/Berlin"
        )
        return offsets, False
    known = offsets != UNKNOWN
    stamps = offsets.copy()
    # A day in double precision has about a microsecond; the offsets are as exact.
    local = stamps[known] + round(first_day * DAY_S * SECOND / 1000) * 1000
    stamps[known] = local_to_utc(local, zone)
    return stamps, True


def typical_step(values: Floats) -> float:
    """Return the median difference of consecutive values, in batches the mean per row."""
    if len(values) > 2 * STEP_ROWS:
        # The first rows and those in the middle are enough.
        middle = len(values) // 2
        steps = np.concatenate(
            [np.diff(values[:STEP_ROWS]), np.diff(values[middle : middle + STEP_ROWS])]
        )
    else:
        steps = np.diff(values)
    forward = steps[steps > 0]
    if not len(forward):
        return 0.0 if not (steps < 0).any() else float(np.median(np.abs(steps[steps < 0])))
    same = int((steps == 0).sum())
    if same < MIN_BATCHED_SHARE * len(steps):
        return float(np.median(forward))
    return float(np.median(forward)) * len(forward) / len(steps)


def guess_unit(path: Path, table: Table, column: TimeColumn, values: Floats, step: float) -> str:
    """Return the unit of times: it follows from their size, or from the steps between them."""
    size = float(values[len(values) // 2])
    by_size = {
        unit: MIN_UNIX_TIME_S < size * TIME_UNITS[unit] / SECOND < MAX_UNIX_TIME_S
        for unit in ("s", "ms", "us", "ns")
    }
    for unit, fits in by_size.items():
        if fits and 1e-5 < step * TIME_UNITS[unit] / SECOND <= MAX_STEP_S:
            return unit
    span = float(values.max() - values.min())
    is_day = any(low < size < high for low, high in (EXCEL_DAYS, MATLAB_DAYS))
    if is_day and step < 1 / MAX_ACCELERATION_RATE_HZ:
        return "days"
    in_seconds = step <= MAX_STEP_S and span <= MAX_DURATION_S
    in_ms = STEP_RANGES["ms"][0] <= step and span / 1000 >= MIN_SCORED_S
    # Whole numbers with steps of 1 or 2: seconds of a very slow sensor, or ms of a fast one.
    is_ambiguous = in_seconds and in_ms and step >= 1.0 and span / 1000 <= MAX_DURATION_S
    if is_ambiguous:
        raise UnreadableRecordingError(
            f"{path}: column `{column.name}`: {step:g} between rows may be s or ms; "
            f"write --unit {column.name}=s or --unit {column.name}=ms"
        )
    if in_seconds:
        return "s"
    found = next((unit for unit, (low, high) in STEP_RANGES.items() if low <= step < high), None)
    if found is None or span * TIME_UNITS[found] / SECOND > MAX_DURATION_S:
        row = int(np.argmax(np.abs(table.numbers[column.index] - values[0])))
        raise too_long(path, table, column, table.numbers[column.index][row], "s")
    return found


def too_long(
    path: Path, table: Table, column: TimeColumn, value: float, unit: str
) -> UnreadableRecordingError:
    """Return the error for times that are further apart than the longest recording."""
    row = int(np.argmax(table.numbers[column.index] == value))
    return UnreadableRecordingError(
        f"{path}: line {table.line_of(row)}: column `{column.name}` is {value:.10g}; in {unit} "
        f"that is more than 60 days from the first row; write seconds, or --unit {column.name}=ms"
    )


# --- Times as texts ---


def text_stamps(
    path: Path, table: Table, column: TimeColumn, zone: tzinfo | None, notes: list[str]
) -> tuple[Times, bool]:
    """Return times in us, `UNKNOWN` where there is none, and whether they are UTC."""
    parsed = parse_time_texts(table.texts[column.index], column.month_first)
    stamps = parsed.stamps
    if parsed.note is not None:
        notes.append(f"{path}: column `{column.name}`: {parsed.note}")
    if not parsed.has_date:
        return stamps, False
    if parsed.has_zone:
        return stamps, True
    if zone is None:
        notes.append(
            f"{path}: column `{column.name}` has local times, so the start is unknown; write for "
            "example --time-zone Europe/Berlin"
        )
        return stamps, False
    known = stamps != UNKNOWN
    stamps = stamps.copy()
    stamps[known] = local_to_utc(stamps[known], zone)
    return stamps, True


def place_by_text(stamps: Times, text: bytes, zone: tzinfo | None) -> tuple[Times, bool]:
    """Return times that begin at the time in a text, if that is a full date and time."""
    parsed = parse_time_texts(np.array([text]))
    if not parsed.has_date or parsed.stamps[0] == UNKNOWN or not len(stamps):
        return stamps, False
    start = parsed.stamps
    if not parsed.has_zone:
        if zone is None:
            return stamps, False
        start = local_to_utc(start, zone)
    return stamps - stamps[0] + start[0], True


# --- Order ---


def keep_timed_rows(
    path: Path, table: Table, stamps: Times, column: TimeColumn, notes: list[str]
) -> tuple[Table, Times]:
    """Return the rows that have a time; UnreadableRecordingError if many have none."""
    known = stamps != UNKNOWN
    missing = int((~known).sum())
    if not missing:
        return table, stamps
    row = int(np.flatnonzero(~known)[0])
    place = f"{path}: line {table.line_of(row)}: column `{column.name}`"
    shown = ""
    if column.is_text:
        shown = table.texts[column.index][row].decode("latin-1").strip()[:40]
    state = f"is `{shown}`" if shown else "is empty"
    if missing > max(MAX_UNTIMED_SHARE * len(stamps), 0):
        remedy = "every row needs a time"
        if shown:
            remedy = "write seconds, Unix time, or a time such as 2026-11-21T22:10:00.000Z"
        raise UnreadableRecordingError(f"{place} {state}; {remedy}")
    notes.append(f"{place} {state}; {counted(missing, 'row')} left out; every row needs a time")
    return table.select(known), stamps[known]


def keep_rows_in_order(
    path: Path, table: Table, stamps: Times, column: TimeColumn, notes: list[str]
) -> tuple[Table, Times]:
    """Return the rows whose time goes forward; rows in batches get a time of their own."""
    if len(stamps) < 2:
        raise UnreadableRecordingError(f"{path}: {EMPTY_MESSAGE}")
    steps = np.diff(stamps)
    if (steps > 0).all():
        return table, stamps
    backward = int((steps < 0).sum())
    if backward > max(1, MAX_BACKWARD_SHARE * len(stamps)):
        row = int(np.flatnonzero(steps < 0)[0]) + 1
        raise UnreadableRecordingError(
            f"{path}: line {table.line_of(row)}: time goes back, as in {backward} rows; "
            "sort them by time"
        )
    ahead = rows_ahead(stamps)
    check_left_out(path, table, ahead)
    repeated = repeated_rows(table, stamps)
    is_batched = (steps == 0).mean() > MIN_BATCHED_SHARE
    if not is_batched or repeated.sum() > MAX_REPEATED_SHARE * (steps == 0).sum():
        ahead &= ~repeated
    ahead &= ~rows_after_set_back(stamps, ahead)
    table, stamps = leave_out(path, table, stamps, ahead, notes)
    if (np.diff(stamps) > 0).all():
        return table, stamps
    stamps = spread_batches(path, table, stamps, column)
    return leave_out(path, table, stamps, np.diff(stamps, prepend=stamps[0] - 1) > 0, notes)


def check_left_out(path: Path, table: Table, ahead: Flags) -> None:
    """Raise UnreadableRecordingError if much of a table is earlier than rows before it."""
    count = int((~ahead).sum())
    if count <= MAX_EARLIER_SHARE * len(ahead):
        return
    row = int(np.flatnonzero(~ahead)[0])
    raise UnreadableRecordingError(
        f"{path}: line {table.line_of(row)}: time goes back, and {count} of {len(ahead)} rows are "
        "earlier than rows before them: several recordings or sensors in one table, or rows out "
        "of order; write one file for each sensor, sorted by time"
    )


def leave_out(
    path: Path,
    table: Table,
    stamps: Times,
    kept: Flags,
    notes: list[str],
) -> tuple[Table, Times]:
    """Return the rows that are kept, and add a note on the others."""
    if kept.all():
        return table, stamps
    row = int(np.flatnonzero(~kept)[0])
    notes.append(
        f"{path}: line {table.line_of(row)}: time goes back or stands still; "
        f"{counted(int((~kept).sum()), 'row')} left out; write the times that the device measured"
    )
    return table.select(kept), stamps[kept]


def rows_ahead(stamps: Times) -> Flags:
    """Return which rows are later than all before them, or share the time of such a row."""
    begins = np.diff(stamps, prepend=stamps[0] - 1) != 0
    later = np.concatenate([[True], stamps[1:] > np.maximum.accumulate(stamps)[:-1]])
    ahead: Flags = later[begins][np.cumsum(begins) - 1]
    return ahead


def rows_after_set_back(stamps: Times, ahead: Flags) -> Flags:
    """Return the rows to leave out where time goes on after the clock was set back."""
    left_out = np.zeros(len(stamps), dtype=bool)
    kept = np.flatnonzero(ahead)
    for row in np.flatnonzero(np.diff(stamps) <= -SET_BACK_MIN_S * SECOND) + 1:
        later = kept[np.searchsorted(kept, row) :]
        if len(later):
            resumed = stamps[later[0]]
            left_out[later[stamps[later] < resumed + SET_BACK_GAP_S * SECOND]] = True
    return left_out


def repeated_rows(table: Table, stamps: Times) -> Flags:
    """Return which rows repeat the row before, with its time and all its values."""
    repeated: Flags = np.diff(stamps, prepend=stamps[0] - 1) == 0
    rows = np.flatnonzero(repeated)
    for values in table.numbers.values():
        repeated[rows] &= (values[rows] == values[rows - 1]) | np.isnan(values[rows])
    return repeated


def spread_batches(path: Path, table: Table, stamps: Times, column: TimeColumn) -> Times:
    """Return a time for each row where many share one: those of a batch are spread evenly.

    A batch reaches up to the time of the next one, unless there is a gap between them.
    """
    firsts = np.flatnonzero(np.diff(stamps, prepend=stamps[:1] - 1))
    counts = np.diff([*firsts.tolist(), len(stamps)])
    if len(firsts) < 2:
        raise lost_digits(path, table, stamps, column)
    spans = np.diff(stamps[firsts])
    # Whole batches only: the first and the last one may be cut.
    interval = float(np.median(spans / counts[:-1]))
    if interval * np.median(counts) > MAX_BATCH_S * SECOND:
        raise lost_digits(path, table, stamps, column)
    lengths = counts * interval
    steps = np.full(len(firsts), interval)
    has_gap = spans > lengths[:-1] + max(GAP_S * SECOND, float(np.median(lengths)))
    steps[:-1] = np.where(has_gap, interval, spans / counts[:-1])
    starts = stamps[firsts].astype(np.float64)
    if lengths[0] < spans[0] and not has_gap[0]:
        # A first batch that is cut has lost its beginning.
        steps[0] = interval
        starts[0] = stamps[firsts[1]] - lengths[0]
    number = np.arange(len(stamps)) - np.repeat(firsts, counts)
    spread: Times = np.rint(np.repeat(starts, counts) + number * np.repeat(steps, counts)).astype(
        np.int64
    )
    return spread


def lost_digits(
    path: Path, table: Table, stamps: Times, column: TimeColumn
) -> UnreadableRecordingError:
    """Return the error for times that are the same over many rows."""
    count = int(np.argmax(np.diff(stamps) != 0)) + 1
    return UnreadableRecordingError(
        f"{path}: line {table.line_of(0)}: column `{column.name}` is the same in {count} rows: the "
        "times have lost their digits, as in a spreadsheet; export the recording again"
    )


def check_duration(path: Path, stamps: Times) -> None:
    """Raise UnreadableRecordingError for times further apart than the longest recording."""
    days = float(stamps[-1] - stamps[0]) / SECOND / 86_400
    if days * 86_400 > MAX_DURATION_S:
        raise UnreadableRecordingError(
            f"{path}: {days:.0f} days long; no recording has more than 60 days: the unit of its "
            "times is wrong, or a clock was set; write for example --unit time=ms"
        )
