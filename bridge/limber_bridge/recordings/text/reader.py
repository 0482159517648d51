"""Read a recording from a text: find its table, its columns, their times and their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Final

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
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import (
    COLUMNS,
    Column,
    Recording,
    Signal,
    UnreadableRecordingError,
    column_names,
)
from limber_bridge.recordings.even_grid import measure_rate, sample_steps, split_into_blocks
from limber_bridge.recordings.read_options import IGNORED, ReadOptions, label_key, match_labels
from limber_bridge.recordings.text.content import Content, read_content
from limber_bridge.recordings.text.headers import ColumnUse, recognise_columns
from limber_bridge.recordings.text.layout import SEPARATORS, Layout, find_layout, split_line
from limber_bridge.recordings.text.loggers import (
    LoggerFacts,
    check_stated_rate,
    logger_facts,
    long_rows,
)
from limber_bridge.recordings.text.table import Table, parse_table
from limber_bridge.recordings.text.times import (
    EMPTY_MESSAGE,
    TimeColumn,
    TimedTable,
    check_duration,
    rows_at_rate,
    rows_with_times,
)
from limber_bridge.recordings.text.values import Stated, check_values, has_samples

MIN_FILLED_SHARE: Final = 0.6
"""A sensor with a value in a smaller share of the rows is slower than others in the file; its empty
fields are not gaps."""
MAX_NAMED_COLUMNS: Final = 8
"""Columns that a note or an error lists."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the columns of a table are used for."""

    layout: Layout
    facts: LoggerFacts
    uses: Mapping[int, ColumnUse]
    """By index."""
    unused: tuple[str, ...]
    """Headers of the columns that are not used."""

    @property
    def time(self) -> int | None:
        """Index of the column with the times; None without one."""
        return next((index for index, use in self.uses.items() if use.field == "time"), None)

    @property
    def values(self) -> dict[str, int]:
        """Index of each column with values, by its field."""
        return {use.field: index for index, use in self.uses.items() if use.field != "time"}


def read_text(path: Path, options: ReadOptions) -> Recording:
    """Read a table in a text; UnreadableRecordingError or OSError."""
    return read_clean_text(path, read_content(path), options)


def read_clean_text(
    path: Path, content: Content, options: ReadOptions, *, start: int | None = None
) -> Recording:
    """Read a table in the bytes of a text; UnreadableRecordingError.

    `start` is the time of its time 0 (us since 1970), if that is known from elsewhere.
    """
    content = long_rows(content)
    layout = find_layout(content.data)
    if layout is None:
        raise no_table(path, content)
    facts = logger_facts(path, layout)
    layout = skip_rows(content.data, layout, facts.skipped_rows)
    plan = plan_columns(path, layout, facts, options)
    timed = read_rows(path, content.data, plan, options)
    if start is not None and not timed.has_start:
        timed = replace(timed, stamps=timed.stamps + start, has_start=True)
    check_duration(path, timed.stamps)
    recording = make_recording(path, plan, timed, options)
    notes = (*content.notes, *timed.notes, *recording.notes, *unused_notes(path, plan))
    return replace(recording, notes=notes)


def no_table(path: Path, content: Content) -> UnreadableRecordingError:
    """Return the error for a text without a table."""
    if not content.data.strip():
        return UnreadableRecordingError(f"{path}: empty; a recording starts with a header row")
    line = content.data[:1000].decode("utf-8", "replace").strip().split("\n")[-1]
    if any(recognise_columns(split_line(line, separator), (), ()) for separator in SEPARATORS):
        return UnreadableRecordingError(f"{path}: {EMPTY_MESSAGE}")
    first = printable(line, 40)
    return UnreadableRecordingError(
        f"{path}: `{first}`: no table with numbers in it; write a header row with `time` and "
        "a column for each axis, and one row for each sample"
    )


def skip_rows(data: bytes, layout: Layout, count: int) -> Layout:
    """Return a layout whose table begins some rows later."""
    begin = layout.first_byte
    for _ in range(count):
        begin = data.find(b"\n", begin) + 1
    return replace(
        layout,
        first_line=layout.first_line + count,
        first_byte=begin,
        rows=layout.rows[count:],
    )


def unused_notes(path: Path, plan: Plan) -> list[str]:
    """Return a note on columns that are not used."""
    unused = [printable(name, 40) for name in plan.unused if name]
    if not unused:
        return []
    more = f" and {len(unused) - MAX_NAMED_COLUMNS} more" * (len(unused) > MAX_NAMED_COLUMNS)
    names = ", ".join(f"`{name}`" for name in unused[:MAX_NAMED_COLUMNS])
    return [f"{path}: columns not used: {names}{more}"]


# --- Columns ---


def plan_columns(path: Path, layout: Layout, facts: LoggerFacts, options: ReadOptions) -> Plan:
    """Return what the columns of a table are used for; UnreadableRecordingError."""
    labels = layout.labels
    if layout.names and len(layout.names) != layout.width:
        raise wrong_width(path, layout)
    stated, ignored = stated_columns(path, layout, options)
    check_duplicates(path, layout, stated)
    taken = {*stated, *ignored}
    found = recognise_columns(layout.names, layout.units, tuple(taken)) if layout.names else {}
    for index, use in facts.uses.items():
        if index not in taken:
            found.setdefault(index, use)
    fields = {use.field for use in stated.values()}
    found = {index: use for index, use in found.items() if use.field not in fields}
    uses = with_units(path, layout, facts, {**found, **stated}, options)
    check_columns(path, layout, uses, facts.rate or options.rate)
    unused = tuple(
        label for index, label in enumerate(labels) if index not in uses and index not in ignored
    )
    return Plan(layout, facts, uses, unused if layout.names else ())


def wrong_width(path: Path, layout: Layout) -> UnreadableRecordingError:
    """Return the error for rows with another number of fields than the header."""
    count = layout.width
    message = f"{path}: line {layout.first_line}: {count} fields under {len(layout.names)} names"
    if count > len(layout.names):
        message += "; if its commas are decimal commas, write decimal points, or separate the "
        message += "columns with semicolons"
    return UnreadableRecordingError(message)


def stated_columns(
    path: Path, layout: Layout, options: ReadOptions
) -> tuple[dict[int, ColumnUse], set[int]]:
    """Return the columns that options assign, and those that they leave out."""
    labels = layout.labels
    stated: dict[int, ColumnUse] = {}
    ignored: set[int] = set()
    for label, field in match_labels(path, "--channel", options.channels, labels).items():
        index = labels.index(label)
        if field == IGNORED:
            ignored.add(index)
        else:
            stated[index] = ColumnUse(field, None)
    for field, name in options.columns.items():
        stated[find_column(path, layout, field, name)] = ColumnUse(field, None)
    return stated, ignored


def find_column(path: Path, layout: Layout, field: str, name: str) -> int:
    """Return the index of a column by its header or its number; UnreadableRecordingError."""
    keys = [label_key(label) for label in layout.names]
    if label_key(name) in keys:
        return keys.index(label_key(name))
    if name.isdecimal() and 1 <= int(name) <= layout.width:
        return int(name) - 1
    known = f"{layout.width} columns"
    if layout.names:
        known = ", ".join(f"`{printable(label, 40)}`" for label in layout.names)
    raise UnreadableRecordingError(
        f"{path}: --column {field}={name}: the file has no column `{name}`; it has {known}"
    )


def check_duplicates(path: Path, layout: Layout, stated: Mapping[int, ColumnUse]) -> None:
    """Raise UnreadableRecordingError for a column of Limber that appears twice."""
    names = [name.strip().lower() for index, name in enumerate(layout.names) if index not in stated]
    names += [use.field for use in stated.values()]
    known = [name for name in names if name in COLUMNS or name == "time"]
    duplicates = sorted({name for name in known if known.count(name) > 1})
    if duplicates:
        raise UnreadableRecordingError(
            f"{path}: line {layout.header_line}: column `{duplicates[0]}` appears twice; remove one"
        )


def with_units(
    path: Path,
    layout: Layout,
    facts: LoggerFacts,
    uses: Mapping[int, ColumnUse],
    options: ReadOptions,
) -> dict[int, ColumnUse]:
    """Return the uses of columns with the units that options and the logger state."""
    labels = layout.labels
    known = {*labels, *(use.field for use in uses.values())}
    units = match_labels(path, "--unit", options.units, sorted(known))
    found: dict[int, ColumnUse] = {}
    for index, use in uses.items():
        unit = units.get(labels[index], units.get(use.field, use.unit))
        if unit is None and use.field in COLUMNS:
            if COLUMNS[use.field].quantity is Quantity.ACCELERATION:
                unit = facts.unit
        found[index] = replace(use, unit=unit)
    return found


def check_columns(
    path: Path, layout: Layout, uses: Mapping[int, ColumnUse], rate: float | None
) -> None:
    """Raise UnreadableRecordingError if a table lacks a column that it needs."""
    fields = {use.field for use in uses.values()}
    place = f"{path}: line {layout.header_line or layout.first_line}"
    if not layout.names and not fields:
        raise UnreadableRecordingError(
            f"{place}: a table of {layout.width} columns without headers; say what they are, for "
            "example --column time=1 --column x=2 --column y=3 --column z=4, or --rate 50 without a "
            "column with times"
        )
    if {"x", "y", "z"} & fields and any(
        "_acc_" in field and "bed" not in field for field in fields
    ):
        raise UnreadableRecordingError(
            f"{place}: `x, y, z` next to another ankle; write left_acc_x, ... or right_acc_x, ..."
        )
    if "time" not in fields and rate is None:
        raise UnreadableRecordingError(
            f"{place}: no column `time` among {listed(layout)}; write --column time=NAME, or "
            "--rate HZ for rows without times"
        )
    if not fields & COLUMNS.keys():
        raise UnreadableRecordingError(
            f"{place}: no known column among {listed(layout)}; write for example "
            "--column left_acc_x=NAME, with one of " + ", ".join(COLUMNS)
        )


def listed(layout: Layout) -> str:
    """Return the headers of a table for an error."""
    names = [f"`{printable(name, 40)}`" for name in layout.labels[:MAX_NAMED_COLUMNS]]
    return ", ".join(names) + ", ..." * (len(layout.labels) > MAX_NAMED_COLUMNS)


# --- Rows ---


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
    textual = (time,) if is_text else ()
    table, notes = parse_table(
        path, data, layout, numeric if is_text else [*numeric, time], textual
    )
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
    rate = measure_rate(timed.stamps)
    stated = options.rate or plan.facts.rate
    check_stated_rate(path, "--rate" if options.rate else plan.facts.name, stated, rate)
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
    from limber_bridge.recordings.text.time_texts import (  # noqa: PLC0415 - rarely needed
        local_to_utc,
        parse_time_texts,
    )

    zone = options.zone or facts.zone
    parsed = parse_time_texts(np.array([facts.start_text]), facts.month_first)
    if zone is None or not parsed.has_date or parsed.stamps[0] < 0:
        return None
    return int(local_to_utc(parsed.stamps, zone)[0])


# --- Signals ---


def make_recording(path: Path, plan: Plan, timed: TimedTable, options: ReadOptions) -> Recording:
    """Return the signals of a table; UnreadableRecordingError if there is none."""
    notes: list[str] = []
    signals: list[Signal] = []
    for column, group in group_by_sensor(path, plan):
        samples = np.stack([timed.table.numbers[plan.values[field]] for field in group])
        if len(samples) < column.quantity.axes:
            # Only a length: as one axis, with nothing on the others.
            rest = np.zeros((column.quantity.axes - len(samples), samples.shape[1]))
            samples = np.concatenate([samples, rest])
        signal = make_signal(path, plan, timed, (column, group, samples), notes)
        if signal is None:
            notes.append(
                f"{path}: column `{header_of(plan, group[0])}` has fewer than two plausible numbers; "
                "left out"
            )
        else:
            signals.append(signal)
    if not signals:
        raise UnreadableRecordingError(
            f"{path}: no number in any column but `time`; there is nothing to read"
        )
    stamps = timed.stamps
    duration = float(stamps[-1] - stamps[0]) / SECOND
    start = int(stamps[0]) if timed.has_start else None
    return Recording(path.name, start, duration, tuple(signals), tuple(notes))


def header_of(plan: Plan, field: str) -> str:
    """Return the header of the column of a field; the field itself without headers."""
    names = plan.layout.names
    return printable(names[plan.values[field]] if names else field, 40)


def group_by_sensor(path: Path, plan: Plan) -> list[tuple[Column, list[str]]]:
    """Return the sensors of a table, each with its fields in the order of the axes."""
    groups: dict[tuple[Quantity, Placement, Side | None], list[str]] = {}
    for field in plan.values:
        if field in COLUMNS:
            column = COLUMNS[field]
            groups.setdefault((column.quantity, column.placement, column.side), []).append(field)
    for (quantity, placement, side), group in groups.items():
        if plan.facts.only_length and quantity is Quantity.ACCELERATION:
            continue
        missing = set(column_names(quantity, placement, side)) - set(group)
        if missing:
            raise UnreadableRecordingError(
                f"{path}: column `{header_of(plan, group[0])}` without column `{min(missing)}`; "
                "write all axes"
            )
    return [(COLUMNS[group[0]], sorted(group)) for group in groups.values()]


def make_signal(
    path: Path,
    plan: Plan,
    timed: TimedTable,
    sensor: tuple[Column, Sequence[str], Floats],
    notes: list[str],
) -> Signal | None:
    """Return the signal of a sensor, None if it has no samples; add to the notes.

    Missing rows get sample numbers too, so that the detection sees a gap.
    """
    column, group, samples = sensor
    stamps = timed.stamps
    filled = np.isfinite(samples).any(axis=0)
    if filled.sum() < 2:
        return None
    if filled.mean() < MIN_FILLED_SHARE:
        samples = samples[:, filled]
        stamps = stamps[filled]
    else:
        filled = np.ones(len(stamps), bool)
    rate = measure_rate(stamps)
    use = plan.uses[plan.values[group[0]]]
    stated = Stated(header_of(plan, group[0]), use.unit, plan.facts.unit_without_gravity)
    gravity = [plan.values.get(f"gravity_{axis}") for axis in "xyz"]
    if column.quantity is Quantity.ACCELERATION and None not in gravity:
        samples = samples + np.stack(
            [timed.table.numbers[index][filled] for index in gravity if index is not None]
        )
    checked = check_values(path, stated, samples, column.quantity, rate)
    notes += checked.notes
    has_gravity = checked.has_gravity and not plan.facts.only_length
    if plan.facts.only_length:
        notes.append(
            f"{path}: only the length of the acceleration, in which movements across gravity hardly "
            "show: fewer are counted, and posture and time in bed are unknown"
        )
    if not has_samples(checked.samples):
        return None
    blocks = split_at_gaps(checked.samples, stamps, rate)
    return Signal(
        column.quantity,
        column.placement,
        column.side,
        rate,
        tuple(blocks),
        has_gravity=has_gravity,
    )


def split_at_gaps(samples: Floats, stamps: Times, rate: float) -> list[SampleBlock]:
    """Return samples (axes, n) with increasing times (us) in blocks; none reaches over a gap."""
    steps = sample_steps(stamps, rate)
    indexes = np.concatenate([[0], np.cumsum(steps)])
    starts = np.flatnonzero(steps > 1) + 1
    bounds = zip([0, *starts.tolist()], [*starts.tolist(), len(stamps)], strict=True)
    return [
        block
        for begin, end in bounds
        for block in split_into_blocks(
            indexes[begin:end], samples[:, begin:end], stamps[begin:end], rate
        )
    ]
