"""Read the rows of a table with their times."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path

import numpy as np

from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.even_grid import measure_rate
from limber_bridge.recordings.read_options import ReadOptions, label_key
from limber_bridge.recordings.text.columns import Plan
from limber_bridge.recordings.text.headers import DATE_NAMES, plain_name
from limber_bridge.recordings.text.layout import Layout
from limber_bridge.recordings.text.loggers import LoggerFacts, check_stated_rate
from limber_bridge.recordings.text.table import Table, parse_table
from limber_bridge.recordings.text.time_texts import local_to_utc, parse_time_texts
from limber_bridge.recordings.text.times import (
    EMPTY_MESSAGE,
    TimeColumn,
    TimedTable,
    rows_at_rate,
    rows_with_times,
)


def read_rows(path: Path, data: bytes, plan: Plan, options: ReadOptions) -> TimedTable:
    """Return the rows of a table with their times; UnreadableRecordingError."""
    layout = plan.layout
    numeric = sorted(plan.values.values())
    check_decimal_signs(path, layout, numeric)
    time = plan.time
    if time is None:
        table, notes = parse_table(path, data, layout, numeric, ())
        return replace(rows_without_times(path, plan, table, options), notes=notes)
    is_text = has_time_texts(layout, time)
    date = date_column(layout, time) if is_text else None
    textual = [time, *([] if date is None else [date])] if is_text else []
    table, notes = parse_table(
        path, data, layout, numeric if is_text else [*numeric, time], textual
    )
    if date is not None:
        days = np.strings.add(table.texts[date], b" ")
        table.texts[time] = np.strings.add(days, table.texts[time])
    if table.count < 2:
        raise UnreadableRecordingError(f"{path}: {EMPTY_MESSAGE}")
    column = TimeColumn(
        time,
        layout.labels[time] if layout.names else "time",
        plan.uses[time].unit,
        is_text,
        plan.facts.month_first,
        start_text(plan),
    )
    zone: tzinfo | None = options.zone or plan.facts.zone
    timed = rows_with_times(path, table, column, zone)
    stated = options.rate or plan.facts.rate
    if stated is not None:
        source = "--rate" if options.rate else plan.facts.name
        check_stated_rate(path, source, stated, measure_rate(timed.stamps))
    return replace(timed, notes=(*notes, *timed.notes))


def check_decimal_signs(path: Path, layout: Layout, numeric: Sequence[int]) -> None:
    """Raise UnreadableRecordingError for decimal commas and decimal points in one table."""
    if layout.separator == "," and not layout.decimal_comma:
        return
    time_free = [
        row[index] for row in layout.rows if len(row) == layout.width for index in range(len(row))
    ]
    numbers = [field for field in time_free if ":" not in field and field.count("-") < 2]
    has_comma = any("," in field for field in numbers)
    has_point = any("." in field for field in numbers)
    if has_comma and has_point and numeric:
        raise UnreadableRecordingError(
            f"{path}: decimal commas and decimal points in one file; write the same everywhere"
        )


def has_time_texts(layout: Layout, index: int) -> bool:
    """Return whether a column has dates or clock times instead of numbers."""
    fields = [row[index] for row in layout.rows if len(row) == layout.width and row[index]]
    return any(":" in field or "T" in field or field.count("-") > 1 for field in fields[:3]) or (
        bool(fields) and not any(is_number(field) for field in fields)
    )


def date_column(layout: Layout, time: int) -> int | None:
    """Return the index of a column with the dates of clock times; None without one."""
    rows = [row for row in layout.rows if len(row) == layout.width]
    if not rows or not re.match(r"\d{1,2}:\d{2}", rows[0][time]):
        return None
    for index, name in enumerate(layout.names):
        if index != time and plain_name(name) in DATE_NAMES and rows[0][index]:
            return index
    return None


def is_number(field: str) -> bool:
    """Return whether a field is a number."""
    try:
        float(field.replace(",", "."))
    except ValueError:
        return False
    return True


def start_text(plan: Plan) -> bytes | None:
    """Return the time of the first row in a column that names the date, if there is one."""
    keys = [label_key(name).split(" [")[0] for name in plan.layout.names]
    if plan.time is None or not keys or "phone timestamp" not in keys:
        return None
    index = keys.index("phone timestamp")
    return None if index == plan.time else plan.layout.rows[0][index].encode()


def rows_without_times(path: Path, plan: Plan, table: Table, options: ReadOptions) -> TimedTable:
    """Return rows that have no times but a rate."""
    rate = options.rate or plan.facts.rate
    if table.count < 2 or rate is None:
        raise UnreadableRecordingError(f"{path}: {EMPTY_MESSAGE}")
    start = plan.facts.start
    if start is None and plan.facts.start_text is not None:
        start = parse_start(plan.facts, options)
    return rows_at_rate(table, rate, start)


def parse_start(facts: LoggerFacts, options: ReadOptions) -> int | None:
    """Return the start in us since 1970 that a logger wrote as local time; None without a zone."""
    zone = options.zone or facts.zone
    parsed = parse_time_texts(np.array([facts.start_text]), facts.month_first)
    if zone is None or not parsed.has_date or parsed.stamps[0] < 0:
        return None
    return int(local_to_utc(parsed.stamps, zone)[0])
