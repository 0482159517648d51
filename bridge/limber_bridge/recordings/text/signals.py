"""Make the signals of a recording from the columns of a table."""

from collections.abc import Sequence
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
from limber_bridge.recordings.text.columns import Plan
from limber_bridge.recordings.text.times import TimedTable
from limber_bridge.recordings.text.values import Stated, check_values, has_samples

MIN_FILLED_SHARE: Final = 0.6
"""A sensor with a value in a smaller share of the rows is slower than others in the file; its empty
fields are not gaps."""


def make_recording(path: Path, plan: Plan, timed: TimedTable) -> Recording:
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
                f"{path}: column `{header_of(plan, group[0])}` has fewer than two plausible "
                "numbers; left out"
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
    filled = np.logical_or.reduce(np.isfinite(samples))
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
            f"{path}: only the length of the acceleration, in which movements across gravity "
            "hardly show: fewer are counted, and posture and time in bed are unknown"
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
