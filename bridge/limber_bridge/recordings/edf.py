"""Read recordings in EDF, EDF+ and BDF. The discontinuities of EDF+D become gaps."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Flags, Floats, Quantity, SampleBlock
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import (
    LazyBlocks,
    Recording,
    Signal,
    UnreadableRecordingError,
    column_names,
    mask_clipped,
)
from limber_bridge.recordings.edf_channels import Channel, find_channels
from limber_bridge.recordings.edf_header import parse_header
from limber_bridge.recordings.edf_records import EdfRecords, map_records, read_annotations
from limber_bridge.recordings.edf_times import (
    Piece,
    RecordTimes,
    overlap_notes,
    record_times,
    split_into_pieces,
    start_time,
)
from limber_bridge.recordings.emg_level import MAX_WINDOWS, WINDOW_S, check_emg_level
from limber_bridge.recordings.frozen_signal import (
    MIN_CHANGING_SHARE,
    long_repeats,
    repeats,
)
from limber_bridge.recordings.gap_annotation import GAP_ANNOTATION
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.recordings.text.values import (
    Stated,
    check_postures,
    judge_stated_unit,
    measure_rest,
)

CHECKED_RECORDS: Final = 500
"""Records in which the unit of an acceleration is checked, spread over the file."""

type Spans = Sequence[tuple[int, int]]


def read_edf(path: Path, options: ReadOptions) -> Recording:
    """Read an EDF, EDF+ or BDF file; UnreadableRecordingError or OSError."""
    header = parse_header(path)
    signals = [signal for signal in header.signals if not signal.is_annotations]
    if not signals:
        raise UnreadableRecordingError(
            f"{path}: annotations but no signal; there is nothing to score"
        )
    channels, channel_notes = find_channels(path, signals, options)
    records = map_records(header)
    times = record_times(records)
    start, start_note = start_time(header, options.zone)
    # The header has the time to which onsets refer; the first record may begin later.
    start = None if start is None else start + times.first
    read, unreadable = read_signals(records, times, group_by_sensor(channels), start or 0)
    notes = (
        *records.notes,
        *times.notes,
        *unreadable,
        *channel_notes,
        *overlap_notes(header, times),
        *(() if start_note is None else (start_note,)),
    )
    duration = int(times.onsets.max()) / SECOND + header.record_duration
    return Recording(path.name, start, duration, tuple(read), notes)


def group_by_sensor(channels: Iterable[Channel]) -> list[Sequence[Channel]]:
    """Return channels by sensor, in the order of the axes."""
    groups: dict[tuple[object, ...], list[Channel]] = {}
    for channel in sorted(channels, key=lambda one: one.column.axis):
        column = channel.column
        groups.setdefault((column.quantity, column.placement, column.side), []).append(channel)
    return list(groups.values())


def read_signals(
    records: EdfRecords, times: RecordTimes, groups: Iterable[Sequence[Channel]], start: int
) -> tuple[list[Signal], list[str]]:
    """Return the signals that can be read, and notes on the others.

    Raises UnreadableRecordingError if none can be read, or if the unit of one, as stated with
    `--unit`, does not fit.
    """
    gaps = annotated_gaps(records, times.first)
    signals: list[Signal] = []
    errors: list[UnreadableRecordingError] = []
    for group in groups:
        try:
            signals.append(read_signal(records, times, group, start, gaps))
        except UnreadableRecordingError as error:
            if any(channel.unit != channel.signal.unit for channel in group):
                # `--unit` names this signal, so the figures must not come from the others alone.
                raise
            errors.append(error)
    if not signals:
        raise errors[0]
    path = records.header.path
    without_gravity = [
        f"{path}: `{signal_name(signal)}` is acceleration without gravity: movements are counted, "
        "but posture and time in bed are unknown; record it with gravity"
        for signal in signals
        if not signal.has_gravity
    ]
    return signals, [*(f"{error}; this signal is left out" for error in errors), *without_gravity]


def signal_name(signal: Signal) -> str:
    """Return the name of a sensor's columns without the axis."""
    return column_names(signal.quantity, signal.placement, signal.side)[0].removesuffix("_x")


def read_signal(
    records: EdfRecords,
    times: RecordTimes,
    group: Sequence[Channel],
    start: int,
    gaps: Mapping[str, Spans],
) -> Signal:
    """Return the signal of one sensor from the channels of its axes; UnreadableRecordingError."""
    path = records.header.path
    check_axes(path, group)
    column = group[0].column
    factors = [channel.unit_factor(path) for channel in group]
    rate = records.header.rate(group[0].signal)
    has_gravity = check_unit(records, group, factors)
    pieces = tuple(split_into_pieces(times, group[0].signal.samples, rate, start))
    masks_zeros = has_gravity and column.quantity is Quantity.ACCELERATION
    name = column_names(column.quantity, column.placement, column.side)[0].removesuffix("_x")
    masks = Masks(zeros=masks_zeros, frozen=masks_frozen(records, group))
    decoder = SensorDecoder(records, group, factors, pieces, gaps.get(name, ()), start, masks)
    return Signal(
        column.quantity,
        column.placement,
        column.side,
        rate,
        LazyBlocks(decoder.blocks),
        has_gravity,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """Which samples of a sensor are gaps."""

    zeros: bool
    """Zero vectors."""
    frozen: bool
    """Long runs of the same values."""


def masks_frozen(records: EdfRecords, group: Sequence[Channel]) -> bool:
    """Return whether a sensor has noise, so that long runs of the same values are gaps.

    Raises UnreadableRecordingError if it never changes.
    """
    first = group[0]
    if first.column.quantity is Quantity.LOAD:
        return False
    step = max(1, records.count // CHECKED_RECORDS)
    parts = [
        read_axes(records, group, [1.0] * len(group), record, record + 1)
        for record in range(0, records.count, step)
    ]
    shares = [1 - repeats(part).mean() for part in parts if (part != part[:, :1]).any()]
    if not shares and all((part[:, :1] == parts[0][:, :1]).all() for part in parts):
        raise UnreadableRecordingError(
            f"{records.header.path}: `{printable(first.signal.label)}` never changes: it measured "
            "nothing; check that the sensor was connected, or leave it out with "
            f"--channel '{printable(first.signal.label)}=ignore'"
        )
    return bool(shares) and float(np.median(shares)) >= MIN_CHANGING_SHARE


@dataclass(frozen=True, slots=True, eq=False)
class SensorDecoder:
    """Decodes the samples of one sensor."""

    records: EdfRecords
    channels: Sequence[Channel]
    """One for each axis."""
    factors: Sequence[float]
    """Values of their units in the unit of the quantity."""
    pieces: Sequence[Piece]
    gaps: Spans
    """us from the first record; samples within them are NaN."""
    start: int
    """us; of the first record."""
    masks: Masks

    def blocks(self, since: int, until: int) -> Iterator[SampleBlock]:
        """Yield the blocks with samples from `since` up to `until` (us)."""
        ranges = [
            measuring_range(channel, factor)
            for channel, factor in zip(self.channels, self.factors, strict=True)
        ]
        for piece in self.pieces:
            count = (piece.end - piece.begin) * self.channels[0].signal.samples
            if (
                piece.clock.time_of(piece.number + count) <= since
                or piece.clock.time_of(piece.number) >= until
            ):
                continue
            samples = read_axes(self.records, self.channels, self.factors, piece.begin, piece.end)
            samples = mask_clipped(samples, ranges)
            if self.masks.frozen:
                samples[:, long_repeats(samples, piece.clock.rate)] = np.nan
            if self.masks.zeros:
                samples[:, is_zero_vector(samples, self.channels, self.factors)] = np.nan
            samples = samples[:, piece.covered :]
            block = SampleBlock(
                piece.number + piece.covered, samples, piece.clock, piece.clock.rate
            )
            mask_gaps(block, self.gaps, self.start)
            yield block


def read_axes(
    records: EdfRecords, group: Sequence[Channel], factors: Sequence[float], begin: int, end: int
) -> Floats:
    """Return some records of one sensor in the unit of its quantity, shape (axes, n)."""
    return np.stack(
        [
            records.samples(channel.signal, begin, end) * factor
            for channel, factor in zip(group, factors, strict=True)
        ]
    )


def check_unit(records: EdfRecords, group: Sequence[Channel], factors: Sequence[float]) -> bool:
    """Return whether there is gravity in a signal; True for other quantities than acceleration.

    Raises UnreadableRecordingError if acceleration or EMG cannot be in its unit.
    """
    if group[0].column.quantity is Quantity.EMG:
        check_emg_unit(records, group[0], factors[0])
    if group[0].column.quantity is not Quantity.ACCELERATION:
        return True
    step = max(1, records.count // CHECKED_RECORDS)
    samples = np.concatenate(
        [
            read_axes(records, group, factors, record, record + 1)
            for record in range(0, records.count, step)
        ],
        axis=1,
    )
    rest = measure_rest(samples[:, ~is_zero_vector(samples, group, factors)])
    if rest is None:
        return True
    stated = Stated(group[0].signal.label, group[0].unit)
    in_units = rest.scaled(1 / factors[0])
    has_gravity = judge_stated_unit(records.header.path, stated, factors[0], in_units)
    if has_gravity:
        check_postures(records.header.path, stated, in_units)
    return has_gravity


def is_zero_vector(samples: Floats, group: Sequence[Channel], factors: Sequence[float]) -> Flags:
    """Return which samples (axes, n) of acceleration are 0 on all axes.

    That is no acceleration, as there is always gravity: devices write it while they sleep. A range
    that is not symmetric has no exact 0.
    """
    limits = [
        count_value(channel, factor) / 2 for channel, factor in zip(group, factors, strict=True)
    ]
    flags = np.ones(samples.shape[1], bool)
    for axis, limit in zip(samples, limits, strict=True):
        flags &= np.abs(axis) <= 1.01 * limit
    return flags


def check_emg_unit(records: EdfRecords, channel: Channel, factor: float) -> None:
    """Raise UnreadableRecordingError if EMG cannot be in its unit."""
    header = records.header
    # A window may need several short records; those beside a gap are rare among many.
    size = math.ceil(WINDOW_S / header.record_duration)
    step = max(size, records.count // MAX_WINDOWS)
    parts = (
        records.samples(channel.signal, begin, begin + size) * factor
        for begin in range(0, records.count - size + 1, step)
    )
    # Long records hold several windows.
    window = round(WINDOW_S * header.rate(channel.signal))
    windows = (
        part[begin : begin + window]
        for part in parts
        for begin in range(0, len(part) - window + 1, window)
    )
    check_emg_level(
        header.path, channel.signal.label, windows, header.rate(channel.signal), channel.unit
    )


def check_axes(path: Path, group: Sequence[Channel]) -> None:
    """Raise UnreadableRecordingError unless the channels are all axes of one sensor."""
    first = group[0]
    if len(group) != first.column.quantity.axes:
        raise UnreadableRecordingError(
            f"{path}: {first.label}: {len(group)} axes of 3; export all three"
        )
    if any(channel.signal.samples != first.signal.samples for channel in group):
        raise UnreadableRecordingError(
            f"{path}: {first.label}: its axes have different rates; export the same for all"
        )


def measuring_range(channel: Channel, factor: float) -> tuple[float, float]:
    """Return the range of a channel in the unit of its quantity, half a count narrower.

    The margin makes the comparison independent of rounding.
    """
    low, high = sorted(end * factor for end in channel.signal.physical_range())
    step = count_value(channel, factor)
    return low + step / 2, high - step / 2


def count_value(channel: Channel, factor: float) -> float:
    """Return the value of one count of a channel in the unit of its quantity."""
    first, last = channel.signal.physical_range()
    digital_first, digital_last = channel.signal.digital_range()
    return abs((last - first) * factor / (digital_last - digital_first))


# --- Gaps that `limber export` wrote ---


def annotated_gaps(records: EdfRecords, first: int) -> dict[str, Spans]:
    """Return the annotated gaps (us from the first record), by the name of the signal.

    `first` is the onset (us) of the first record.
    """
    gaps: dict[str, list[tuple[int, int]]] = {}
    for one in read_annotations(records):
        if one.text.startswith(GAP_ANNOTATION) and one.duration is not None:
            onset = one.onset - first
            name = one.text.removeprefix(GAP_ANNOTATION)
            gaps.setdefault(name, []).append((onset, onset + one.duration))
    return dict(gaps)


def mask_gaps(block: SampleBlock, gaps: Spans, start: int) -> None:
    """Set the samples of a block within gaps to NaN."""
    if not gaps:
        return
    times = block.clock.times_of(np.arange(block.first, block.end)) - start
    for begin, end in gaps:
        block.samples[:, (times >= begin) & (times < end)] = np.nan
