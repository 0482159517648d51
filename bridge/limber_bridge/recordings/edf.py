"""Read recordings in EDF and EDF+. The discontinuities of EDF+D become gaps."""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import edfio
import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, Quantity, SampleBlock, SampleClock
from limber_bridge.domain.nights import to_us
from limber_bridge.domain.recording import (
    COLUMNS,
    Column,
    Recording,
    Signal,
    UnreadableRecordingError,
    check_gravity_unit,
    mask_clipped,
)
from limber_bridge.recordings.edf_header import check_header, timekeeping_onsets
from limber_bridge.recordings.edf_writer import GAP_ANNOTATION, signal_name

type Channel = tuple[Column, edfio.EdfSignal]

UNIT_FACTORS: Final = {
    Quantity.ACCELERATION: {"g": 1.0, "mg": 1e-3, "m/s2": 1 / 9.80665, "m/s^2": 1 / 9.80665},
    Quantity.EMG: {"uv": 1.0, "µv": 1.0, "mv": 1e3, "v": 1e6},
    Quantity.LOAD: {"kg": 1.0, "g": 1e-3},
}
"""Value of a physical dimension, in small letters, in the unit of the quantity."""
LABELS: Final = {
    "left_emg": (
        "lat", "legl", "lleg", "leftleg", "tibl", "ltib", "emgtibl", "emglat", "emgleft",
        "legleft", "emgl",
    ),
    "right_emg": (
        "rat", "legr", "rleg", "rightleg", "tibr", "rtib", "emgtibr", "emgrat", "emgright",
        "legright", "emgr",
    ),
}  # fmt: skip
"""Labels of the EMG of the tibialis anterior in sleep laboratories, reduced to their letters."""
UNKNOWN_DATE_YEAR: Final = 1985
"""Year that EDF writers use for an unknown date."""


def read_edf(path: Path, zone: ZoneInfo | None, channels: Mapping[str, str]) -> Recording:
    """Read an EDF or EDF+ file; UnreadableRecordingError or OSError.

    `zone` is the time zone of its start, `channels` maps labels to columns.
    """
    edf, notes = open_edf(path)
    try:
        return make_recording(path, edf, notes, zone, channels)
    except (ValueError, IndexError, ArithmeticError) as error:
        # edfio parses a field of the header when it is used.
        raise UnreadableRecordingError(
            f"{path}: its header is invalid ({error}); export it again"
        ) from error


def open_edf(path: Path) -> tuple[edfio.Edf, tuple[str, ...]]:
    """Return a file as edfio reads it, and notes on its length."""
    note = check_header(path, path.read_bytes())
    try:
        with warnings.catch_warnings():
            # edfio warns about the length; `note` says it in one line.
            warnings.simplefilter("ignore")
            edf = edfio.read_edf(path, lazy_load_data=False)
    except (ValueError, IndexError, ArithmeticError, UnboundLocalError) as error:
        raise UnreadableRecordingError(
            f"{path}: not a complete EDF file ({error}); export it again"
        ) from error
    return edf, () if note is None else (note,)


def make_recording(
    path: Path,
    edf: edfio.Edf,
    notes: tuple[str, ...],
    zone: ZoneInfo | None,
    channels: Mapping[str, str],
) -> Recording:
    """Return the signals of a file that are known.

    Raises UnreadableRecordingError; ValueError, IndexError or ArithmeticError for an invalid
    header.
    """
    groups = group_by_sensor(path, edf, channels)
    start = start_time(edf, zone)
    onsets = record_onsets(path, edf)
    if not onsets:
        raise UnreadableRecordingError(f"{path}: a header without data; export it again")
    signals, unreadable = read_signals(path, groups, onsets, start or 0)
    gaps = annotated_gaps(edf)
    for signal in signals:
        mask_gaps(signal, gaps, start or 0)
    duration = (max(onsets) - onsets[0]) / SECOND + edf.data_record_duration
    overlaps = overlap_notes(path, onsets, edf.data_record_duration * SECOND)
    return Recording(path.name, start, duration, tuple(signals), (*notes, *unreadable, *overlaps))


# --- Channels ---


def group_by_sensor(
    path: Path, edf: edfio.Edf, channels: Mapping[str, str]
) -> list[Sequence[Channel]]:
    """Return the known channels by sensor, in the order of the axes; UnreadableRecordingError."""
    if not edf.signals:
        raise UnreadableRecordingError(
            f"{path}: annotations but no signal; there is nothing to score"
        )
    known = [
        (column, signal)
        for signal in edf.signals
        if (column := column_of(signal.label, channels)) is not None
    ]
    if not known:
        labels = ", ".join(signal.label for signal in edf.signals)
        raise UnreadableRecordingError(
            f"{path}: no known signal among {labels}; write for example --channel LABEL=left_emg"
        )
    groups: dict[tuple[object, ...], list[Channel]] = {}
    for column, signal in sorted(known, key=lambda channel: channel[0].axis):
        key = (column.quantity, column.placement, column.side)
        groups.setdefault(key, []).append((column, signal))
    return list(groups.values())


def column_of(label: str, channels: Mapping[str, str]) -> Column | None:
    """Return what a label means; None for an unknown one."""
    label = channels.get(label, label)
    if label in COLUMNS:
        return COLUMNS[label]
    letters = re.sub(r"[^a-z]", "", label.lower())
    return next((COLUMNS[name] for name, labels in LABELS.items() if letters in labels), None)


def read_signals(
    path: Path, groups: Iterable[Sequence[Channel]], onsets: Sequence[int], start: int
) -> tuple[list[Signal], list[str]]:
    """Return the signals that can be read, and notes on the others.

    Raises UnreadableRecordingError if none can be read.
    """
    signals: list[Signal] = []
    errors: list[UnreadableRecordingError] = []
    for group in groups:
        try:
            signals.append(read_signal(path, group, onsets, start))
        except UnreadableRecordingError as error:
            errors.append(error)
    if not signals:
        raise errors[0]
    return signals, [str(error) for error in errors]


def read_signal(path: Path, group: Sequence[Channel], onsets: Sequence[int], start: int) -> Signal:
    """Return the signal of one sensor from the channels of its axes."""
    column, first = group[0]
    check_axes(path, group)
    rate = first.sampling_frequency
    factors = [unit_factor(path, column, signal) for _, signal in group]
    samples = np.stack(
        [signal.data * factor for factor, (_, signal) in zip(factors, group, strict=True)]
    )
    check_gravity_unit(path, first.label, samples, column.quantity)
    ranges = [
        measuring_range(signal, factor) for factor, (_, signal) in zip(factors, group, strict=True)
    ]
    samples = mask_clipped(samples, ranges)
    blocks = split_at_gaps(samples, first.samples_per_data_record, onsets, start, rate)
    return Signal(column.quantity, column.placement, column.side, rate, tuple(blocks))


def check_axes(path: Path, group: Sequence[Channel]) -> None:
    """Raise UnreadableRecordingError unless the channels are all axes of one sensor, once each."""
    column, first = group[0]
    if len({one.axis for one, _ in group}) < len(group):
        labels = ", ".join(f"`{signal.label}`" for _, signal in group)
        raise UnreadableRecordingError(
            f"{path}: {labels}: the same quantity twice; leave one out, or rename it"
        )
    if len(group) != column.quantity.axes:
        raise UnreadableRecordingError(
            f"{path}: `{first.label}`: {len(group)} axes of 3; export all three"
        )
    if any(signal.sampling_frequency != first.sampling_frequency for _, signal in group):
        raise UnreadableRecordingError(
            f"{path}: `{first.label}`: its axes have different rates; export the same for all"
        )


def unit_factor(path: Path, column: Column, signal: edfio.EdfSignal) -> float:
    """Return the value of a channel's physical unit in the unit of its quantity."""
    dimension = signal.physical_dimension.strip().lower()
    factors = UNIT_FACTORS[column.quantity]
    if dimension not in factors:
        raise UnreadableRecordingError(
            f"{path}: `{signal.label}`: unknown unit `{signal.physical_dimension}`; "
            f"the header must have one of {', '.join(factors)}"
        )
    if signal.physical_min == signal.physical_max or signal.digital_min == signal.digital_max:
        raise UnreadableRecordingError(
            f"{path}: `{signal.label}`: a range with equal ends; export it again"
        )
    return factors[dimension]


def measuring_range(signal: edfio.EdfSignal, factor: float) -> tuple[float, float]:
    """Return the range of a channel in the unit of its quantity, half a count narrower.

    The margin makes the comparison independent of rounding.
    """
    low, high = sorted((signal.physical_min * factor, signal.physical_max * factor))
    step = (high - low) / max(1, signal.digital_max - signal.digital_min)
    return low + step / 2, high - step / 2


# --- Times ---


def start_time(edf: edfio.Edf, zone: ZoneInfo | None) -> int | None:
    """Return the start of a recording in us UTC; None if its date or its zone is unknown."""
    try:
        start: datetime = edf.startdatetime
    except edfio.AnonymizedDateError, ValueError:
        return None
    if zone is None or start.year <= UNKNOWN_DATE_YEAR:
        return None
    return to_us(start.replace(tzinfo=zone))


def record_onsets(path: Path, edf: edfio.Edf) -> list[int]:
    """Return the onset (us) of each data record.

    EDF+D states them; those of EDF and EDF+C follow each other without a gap.
    """
    length = edf.data_record_duration * SECOND
    regular = [round(index * length) for index in range(edf.num_data_records)]
    if not edf.reserved.startswith("EDF+"):
        return regular
    stated = list(timekeeping_onsets(path.read_bytes(), regular))
    distances = np.diff(stated)
    is_discontinuous = edf.reserved.startswith("EDF+D")
    if len(distances):
        # A wrong duration of the records means wrong rates, and so wrong intervals of movements.
        distance = np.median(distances)
        if distance < length - 1 or (not is_discontinuous and distance > length + 1):
            raise UnreadableRecordingError(
                f"{path}: header, byte 244: records of {length / SECOND:g} s that start "
                f"{distance / SECOND:g} s apart: the rates are wrong; export it again"
            )
    return stated if is_discontinuous else regular


def split_at_gaps(
    samples: Floats, record_size: int, onsets: Sequence[int], start: int, rate: float
) -> Iterator[SampleBlock]:
    """Yield samples (axes, n) in blocks, one for each run of records without a gap.

    `record_size` is the number of samples per record. Records that start before the previous run
    has ended are left out; see `overlap_notes`.
    """
    length = round(record_size * SECOND / rate)
    breaks = [
        0,
        *(i for i in range(1, len(onsets)) if abs(onsets[i] - onsets[i - 1] - length) > 1),
        len(onsets),
    ]
    next_number = 0
    covered_until = onsets[0]
    for run_start, end in pairwise(breaks):
        begin = next(
            (index for index in range(run_start, end) if onsets[index] >= covered_until - 1), end
        )
        if begin == end:
            continue
        covered_until = onsets[end - 1] + length
        number = max(next_number, round((onsets[begin] - onsets[0]) * rate / SECOND))
        clock = SampleClock(number, start + onsets[begin], rate)
        yield SampleBlock(number, samples[:, begin * record_size : end * record_size], clock, rate)
        next_number = number + (end - begin) * record_size


def overlap_notes(path: Path, onsets: Sequence[int], length: float) -> list[str]:
    """Return a note on records that start before an earlier one has ended, if there are any."""
    ends = np.maximum.accumulate(onsets)[:-1] + length
    early = np.flatnonzero(np.array(onsets[1:]) < ends - 1)
    if not len(early):
        return []
    place = f"record {early[0] + 2}, at {onsets[early[0] + 1] / SECOND:g} s"
    note = (
        f"{path}: {place}: starts before the previous record has ended; "
        f"{len(early)} left out; export it again"
    )
    return [note]


def annotated_gaps(edf: edfio.Edf) -> dict[str, list[tuple[int, int]]]:
    """Return the gaps (us from the start) in signals that `limber export` wrote, by signal name."""
    gaps: dict[str, list[tuple[int, int]]] = {}
    for one in edf.annotations:
        if one.text.startswith(GAP_ANNOTATION) and one.duration is not None:
            span = (round(one.onset * SECOND), round((one.onset + one.duration) * SECOND))
            gaps.setdefault(one.text.removeprefix(GAP_ANNOTATION), []).append(span)
    return gaps


def mask_gaps(signal: Signal, gaps: Mapping[str, Sequence[tuple[int, int]]], start: int) -> None:
    """Set the samples of a signal within its annotated gaps to NaN."""
    spans = gaps.get(signal_name(signal), ())
    for block in signal.blocks if spans else ():
        times = block.clock.times_of(np.arange(block.first, block.end)) - start
        for begin, end in spans:
            block.samples[:, (times >= begin) & (times < end)] = np.nan
