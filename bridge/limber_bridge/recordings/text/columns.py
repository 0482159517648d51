"""Decide what each column of a table is used for, from options, headers and known loggers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from limber_bridge.detection.signal import Quantity
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import COLUMNS, UnreadableRecordingError
from limber_bridge.recordings.read_options import IGNORED, ReadOptions, label_key, match_labels
from limber_bridge.recordings.text.headers import ColumnUse, recognise_columns
from limber_bridge.recordings.text.layout import Layout
from limber_bridge.recordings.text.loggers import LoggerFacts

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


def unused_notes(path: Path, plan: Plan) -> list[str]:
    """Return a note on columns that are not used."""
    unused = [printable(name, 40) for name in plan.unused if name]
    if not unused:
        return []
    more = f" and {len(unused) - MAX_NAMED_COLUMNS} more" * (len(unused) > MAX_NAMED_COLUMNS)
    names = ", ".join(f"`{name}`" for name in unused[:MAX_NAMED_COLUMNS])
    return [f"{path}: columns not used: {names}{more}"]


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
    # A column that an option assigns replaces one with its name.
    fields = [use.field for use in stated.values()]
    names = [
        name
        for index, label in enumerate(layout.names)
        if index not in stated and (name := label.strip().lower()) not in fields
    ]
    names += fields
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
        column = COLUMNS.get(use.field)
        if unit is None and column is not None and column.quantity is Quantity.ACCELERATION:
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
            f"{place}: a table of {layout.width} columns without headers; name them, for "
            "example --column time=1 --column x=2 --column y=3 --column z=4, or --rate 50 "
            "without times"
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
