"""Recordings as EDF and EDF+. Discontinuities of EDF+D, which edfio reads as if there were none,
become holes.
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import edfio
import numpy as np
import numpy.typing as npt

from limber_bridge.detection.continuity import MAX_BRIDGED_INTERVALS
from limber_bridge.detection.signal import SECOND, Floats, Quantity, SampleBlock, SampleClock, Times
from limber_bridge.domain.nights import to_us, to_utc
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

DIMENSIONS: Final = {
    Quantity.ACCELERATION: {"g": 1.0, "mg": 1e-3, "m/s2": 1 / 9.80665, "m/s^2": 1 / 9.80665},
    Quantity.EMG: {"uv": 1.0, "µv": 1.0, "mv": 1e3, "v": 1e6},
    Quantity.LOAD: {"kg": 1.0, "g": 1e-3},
}
"""What a physical dimension, in small letters, is worth in our unit."""
LABELS: Final = {
    "left_emg": ("lat", "legl", "lleg", "leftleg", "tibl", "ltib", "emgtibl", "emglat", "emgleft", "legleft", "emgl"),
    "right_emg": (
        "rat", "legr", "rleg", "rightleg", "tibr", "rtib", "emgtibr", "emgrat", "emgright", "legright", "emgr",
    ),
}  # fmt: skip
"""Labels of tibialis EMG in sleep laboratories, letters only."""
UNDATED: Final = 1985
"""Year that EDF writers put in for a date they do not know."""
GAP: Final = "gap "
"""What an annotation of ours begins with where a signal was not measured, before the signal's name:
EDF+C knows no holes, so what stands there is no signal."""
ONSET: Final = re.compile(rb"([+-]\d+(?:\.\d+)?)\x14")


def read_edf(path: Path, zone: ZoneInfo | None, channels: Mapping[str, str]) -> Recording:
    """Read an EDF or EDF+ file; UnreadableRecordingError or OSError."""
    edf, notes = opened(path)
    try:
        return interpreted(path, edf, notes, zone, channels)
    except (ValueError, IndexError, ArithmeticError) as error:
        # edfio reads a field of the header when it is asked for.
        raise UnreadableRecordingError(
            f"{path}: its header makes no sense ({error}); export it anew"
        ) from error


def interpreted(
    path: Path,
    edf: edfio.Edf,
    notes: tuple[str, ...],
    zone: ZoneInfo | None,
    channels: Mapping[str, str],
) -> Recording:
    """Return what of a file is ours; UnreadableRecordingError, or ValueError and its like where it
    makes no sense.
    """
    known = [
        (column, signal)
        for signal in edf.signals
        if (column := column_of(signal.label, channels)) is not None
    ]
    if not edf.signals:
        raise UnreadableRecordingError(
            f"{path}: it holds annotations and no signal; there is nothing to score"
        )
    if not known:
        labels = ", ".join(signal.label for signal in edf.signals)
        raise UnreadableRecordingError(
            f"{path}: no known signal among {labels}; say what one is: --channel LABEL=left_emg"
        )
    start = start_of(edf, zone)
    onsets = record_onsets(path, edf)
    if not onsets:
        raise UnreadableRecordingError(f"{path}: a header without data; export it anew")
    grouped: dict[tuple[object, ...], list[tuple[Column, edfio.EdfSignal]]] = {}
    for column, signal in sorted(known, key=lambda pair: pair[0].axis):
        grouped.setdefault((column.quantity, column.placement, column.side), []).append(
            (column, signal)
        )
    holes = holes_of(edf)
    signals, unknown = understood(path, grouped.values(), onsets, start or 0)
    signals = [without(signal, holes, start or 0) for signal in signals]
    duration = (max(onsets) - onsets[0]) / SECOND + edf.data_record_duration
    notes += (*unknown, *overlapping(path, onsets, edf.data_record_duration * SECOND))
    return Recording(path.name, start, duration, tuple(signals), notes)


def understood(
    path: Path,
    groups: Iterable[Sequence[tuple[Column, edfio.EdfSignal]]],
    onsets: Sequence[int],
    start: int,
) -> tuple[list[Signal], list[str]]:
    """Return the signals that can be read, and what is wrong with the others;
    UnreadableRecordingError for none.
    """
    signals: list[Signal] = []
    unknown: list[UnreadableRecordingError] = []
    for group in groups:
        try:
            signals.append(signal_of(path, group, onsets, start))
        except UnreadableRecordingError as error:
            unknown.append(error)
    if not signals:
        raise unknown[0]
    return signals, [str(error) for error in unknown]


def opened(path: Path) -> tuple[edfio.Edf, tuple[str, ...]]:
    """Return what edfio makes of a file whose header makes sense, and what is wrong with its
    length.
    """
    note = checked(path, path.read_bytes())
    try:
        with warnings.catch_warnings():
            # What it says of the length is said in `note`, and in one line.
            warnings.simplefilter("ignore")
            edf = edfio.read_edf(path, lazy_load_data=False)
    except (ValueError, IndexError, ArithmeticError, UnboundLocalError) as error:
        raise UnreadableRecordingError(
            f"{path}: not a whole EDF file ({error}); export it anew"
        ) from error
    return edf, () if note is None else (note,)


def checked(path: Path, data: bytes) -> str | None:
    """Return what is wrong with the length of a file; UnreadableRecordingError where its header
    says nonsense.
    """
    if not data:
        raise UnreadableRecordingError(f"{path}: empty; export it anew")
    if len(data) < 256:
        raise UnreadableRecordingError(
            f"{path}: ends within its header of 256 bytes and more; export it anew"
        )
    count = field_of(path, data, 252, 4, "number of signals")
    if len(data) < 256 * (count + 1):
        raise UnreadableRecordingError(
            f"{path}: ends within its header of {256 * (count + 1)} bytes; export it anew"
        )
    annotations = data[256:272].strip() == b"EDF Annotations"
    if field_of(path, data, 244, 8, "duration of a record") <= 0 and not annotations:
        raise UnreadableRecordingError(
            f"{path}: header, byte 244: records of 0 s, so no rate is known; export it anew"
        )
    sizes = [
        field_of(path, data, 256 + 216 * count + 8 * index, 8, "samples in a record")
        for index in range(count)
    ]
    if min(sizes, default=0) < 1:
        place = (
            f"header, byte {256 + 216 * count + 8 * sizes.index(min(sizes))}"
            if sizes
            else "header, byte 252"
        )
        raise UnreadableRecordingError(
            f"{path}: {place}: a signal without samples, so no rate is known; export it anew"
        )
    said = field_of(path, data, 236, 8, "number of records")
    size = 2 * sum(sizes)
    there, over = divmod(len(data) - 256 * (count + 1), size)
    if said in (there, -1) and not over:
        return None
    if said > there or over:
        return f"{path}: ends after {there} of {max(said, there + 1)} records; those are scored; export the rest anew"
    return f"{path}: {there} records where its header says {said}; all are scored, if its rates are right; export it anew"


def field_of(path: Path, data: bytes, begin: int, length: int, name: str) -> int:
    """Return a number of the header, its fraction cut off but never to 0; UnreadableRecordingError."""
    text = data[begin : begin + length].decode("ascii", "replace").strip()
    try:
        value = float(text)
        return int(value) if value in (0.0, -1.0) or abs(value) >= 1 else 1
    except (ValueError, OverflowError) as error:
        mend = f"the {name} must be a number; export it anew"
        raise UnreadableRecordingError(f"{path}: header, byte {begin}: `{text}`: {mend}") from error


def column_of(label: str, channels: Mapping[str, str]) -> Column | None:
    """Return what a label means; None for one that is not ours."""
    label = channels.get(label, label)
    if label in COLUMNS:
        return COLUMNS[label]
    letters = re.sub(r"[^a-z]", "", label.lower())
    return next((COLUMNS[name] for name, labels in LABELS.items() if letters in labels), None)


def signal_of(
    path: Path, group: Sequence[tuple[Column, edfio.EdfSignal]], onsets: Sequence[int], start: int
) -> Signal:
    """Return the signal of one sensor out of the EDF signals of its axes."""
    column, first = group[0]
    if len({one.axis for one, _ in group}) < len(group):
        labels = ", ".join(f"`{signal.label}`" for _, signal in group)
        raise UnreadableRecordingError(
            f"{path}: {labels}: one quantity twice; keep one label, or rename the other"
        )
    if len(group) != column.quantity.axes:
        raise UnreadableRecordingError(
            f"{path}: `{first.label}`: {len(group)} axes of 3; give all three"
        )
    rate = first.sampling_frequency
    if any(signal.sampling_frequency != rate for _, signal in group):
        raise UnreadableRecordingError(
            f"{path}: `{first.label}`: its axes have different rates; give all the same"
        )
    units = [worth(path, column, signal) for _, signal in group]
    samples = np.stack([signal.data * unit for unit, (_, signal) in zip(units, group, strict=True)])
    check_gravity_unit(path, first.label, samples, column.quantity)
    samples = mask_clipped(
        samples, [ends(signal, unit) for unit, (_, signal) in zip(units, group, strict=True)]
    )
    blocks = blocks_of(samples, first.samples_per_data_record, onsets, start, rate)
    return Signal(column.quantity, column.placement, column.side, rate, tuple(blocks))


def holes_of(edf: edfio.Edf) -> dict[str, list[tuple[int, int]]]:
    """Return where (us from the start) signals that limber exported were not measured, by the
    signal's name.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for one in edf.annotations:
        if one.text.startswith(GAP) and one.duration is not None:
            span = (round(one.onset * SECOND), round((one.onset + one.duration) * SECOND))
            found.setdefault(one.text.removeprefix(GAP), []).append(span)
    return found


def without(signal: Signal, holes: Mapping[str, Sequence[tuple[int, int]]], start: int) -> Signal:
    """Return a signal with NaN where it was not measured."""
    spans = holes.get(signal_name(signal), ())
    for block in signal.blocks if spans else ():
        times = block.clock.times_of(np.arange(block.first, block.end)) - start
        for begin, end in spans:
            block.samples[:, (times >= begin) & (times < end)] = np.nan
    return signal


def ends(signal: edfio.EdfSignal, unit: float) -> tuple[float, float]:
    """Return the ends of a signal's range in our unit, half a step within."""
    low, high = sorted((signal.physical_min * unit, signal.physical_max * unit))
    step = (high - low) / max(1, signal.digital_max - signal.digital_min)
    return low + step / 2, high - step / 2


def worth(path: Path, column: Column, signal: edfio.EdfSignal) -> float:
    """Return what one of the signal's physical unit is in ours."""
    dimension = signal.physical_dimension.strip().lower()
    factors = DIMENSIONS[column.quantity]
    if dimension not in factors:
        mend = f"the header must say one of {', '.join(factors)}"
        raise UnreadableRecordingError(
            f"{path}: `{signal.label}`: unit `{signal.physical_dimension}` unknown; {mend}"
        )
    if signal.physical_min == signal.physical_max or signal.digital_min == signal.digital_max:
        raise UnreadableRecordingError(
            f"{path}: `{signal.label}`: a range without width; export it anew"
        )
    return factors[dimension]


def blocks_of(
    samples: Floats, size: int, onsets: Sequence[int], start: int, rate: float
) -> Iterator[SampleBlock]:
    """Yield samples (axes, n), `size` a record, as blocks: one for each stretch of records without
    a break.
    """
    lasts = round(size * SECOND / rate)
    breaks = [
        0,
        *(i for i in range(1, len(onsets)) if abs(onsets[i] - onsets[i - 1] - lasts) > 1),
        len(onsets),
    ]
    first = 0
    reached = onsets[0]
    for stretch, end in pairwise(breaks):
        # Records that begin before the last one has ended are there twice, or out of order: see
        # `overlapping`.
        begin = next((index for index in range(stretch, end) if onsets[index] >= reached - 1), end)
        if begin == end:
            continue
        reached = onsets[end - 1] + lasts
        number = max(first, round((onsets[begin] - onsets[0]) * rate / SECOND))
        clock = SampleClock(number, start + onsets[begin], rate)
        yield SampleBlock(number, samples[:, begin * size : end * size], clock, rate)
        first = number + (end - begin) * size


def record_onsets(path: Path, edf: edfio.Edf) -> list[int]:
    """Return the time (us) of each data record, as EDF+ writes it into the record, or one after the
    other.
    """
    lasts = edf.data_record_duration * SECOND
    regular = [round(index * lasts) for index in range(edf.num_data_records)]
    if not edf.reserved.startswith("EDF+"):
        return regular
    told = list(timekeeping(path.read_bytes(), regular))
    apart = np.diff(told)
    broken = edf.reserved.startswith("EDF+D")
    if len(apart) and (
        np.median(apart) < lasts - 1 or (not broken and np.median(apart) > lasts + 1)
    ):
        usual = f"records of {lasts / SECOND:g} s that begin {np.median(apart) / SECOND:g} s apart"
        raise UnreadableRecordingError(
            f"{path}: header, byte 244: {usual}: its rates are wrong; export it anew"
        )
    return told if broken else regular


def overlapping(path: Path, onsets: Sequence[int], lasts: float) -> list[str]:
    """Return what is left out as time runs back between records."""
    earlier = np.flatnonzero(np.array(onsets[1:]) < np.maximum.accumulate(onsets)[:-1] + lasts - 1)
    if not len(earlier):
        return []
    where = f"record {earlier[0] + 2}, at {onsets[earlier[0] + 1] / SECOND:g} s"
    return [
        f"{path}: {where}: begins before the one before it has ended; {len(earlier)} left out; export it anew"
    ]


def timekeeping(data: bytes, regular: Iterable[int]) -> Iterator[int]:
    """Yield the onsets (us) out of the first annotation of every record; the regular one where
    there is none.
    """
    count = int(data[252:256])
    labels = [data[256 + 16 * index : 272 + 16 * index].strip() for index in range(count)]
    sizes = [
        2 * int(data[256 + 216 * count + 8 * index : 264 + 216 * count + 8 * index])
        for index in range(count)
    ]
    annotations = labels.index(b"EDF Annotations") if b"EDF Annotations" in labels else 0
    offset = int(data[184:192]) + sum(sizes[:annotations])
    record = sum(sizes)
    for index, otherwise in enumerate(regular):
        onset = ONSET.match(data, offset + index * record)
        yield otherwise if onset is None else round(float(onset[1]) * SECOND)


def start_of(edf: edfio.Edf, zone: ZoneInfo | None) -> int | None:
    """Return when a recording began (us, UTC); None where its date or its zone is not known."""
    try:
        start: datetime = edf.startdatetime
    except edfio.AnonymizedDateError, ValueError:
        return None
    return None if zone is None or start.year <= UNDATED else to_us(start.replace(tzinfo=zone))


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation."""

    onset: int
    """us from the start."""
    duration: int | None
    """us; None: it has none."""
    text: str


STEPS: Final = {
    Quantity.ACCELERATION: (1e-4, 1e-3, 1e-2), Quantity.EMG: (0.1, 1.0, 10.0), Quantity.LOAD: (0.01, 0.1, 1.0),
}  # fmt: skip
"""What a count of EDF's 16 bits may be worth; the first that holds the largest value, whole ones
for most sensors."""
HIGHEST: Final = 32767


@dataclass(frozen=True, slots=True)
class Grid:
    """The evenly spaced times of an EDF file."""

    start: int
    """us."""
    seconds: int
    """Whole records."""


def write_night(path: Path, recording: Recording, zone: ZoneInfo, marks: Sequence[Mark]) -> None:
    """Write a night with its annotations as EDF+C; OSError. Without a signal it holds the
    annotations alone.

    `recording` knows its start, marks count from the whole second in which it lies. Every sample in
    the file was measured, at most half an interval off its time: the grid of EDF has no drift.
    """
    start = begin_of(recording)
    rates = {signal_name(signal): round(signal.rate, 1) for signal in recording.signals}
    record = next(
        (size for size in (1, 2, 5) if all((size * rate).is_integer() for rate in rates.values())),
        10,
    )
    lasts = (recording.start or 0) - start + round(recording.duration * SECOND)
    grid = Grid(start, max(1, -(-lasts // (record * SECOND))) * record)
    signals: list[edfio.EdfSignal] = []
    annotations = [
        edfio.EdfAnnotation(
            mark.onset / SECOND,
            None if mark.duration is None else mark.duration / SECOND,
            mark.text,
        )
        for mark in marks
    ]
    for signal in recording.signals:
        made, gaps = channels_of(signal, rates[signal_name(signal)], grid)
        signals += made
        annotations += gaps
    local = to_utc(start).astimezone(zone)
    edfio.Edf(
        signals,
        recording=edfio.Recording(startdate=local.date(), equipment_code="limber"),
        starttime=local.time(),
        data_record_duration=record if signals else None,
        annotations=sorted(annotations, key=lambda one: one.onset),
    ).write(path)


def begin_of(recording: Recording) -> int:
    """Return the whole second (us) in which a recording begins: an EDF file begins at one."""
    return (recording.start or 0) // SECOND * SECOND


def channels_of(
    signal: Signal, rate: float, grid: Grid
) -> tuple[list[edfio.EdfSignal], list[edfio.EdfAnnotation]]:
    """Return the channels of a sensor on the grid, and an annotation for each of its gaps."""
    samples, empty = on_grid(signal, rate, grid)
    edges = np.flatnonzero(np.diff(empty, prepend=False, append=False))
    steps = STEPS[signal.quantity]
    step = next((one for one in steps if np.abs(samples).max() <= HIGHEST * one), steps[-1])
    counts = np.ascontiguousarray(
        np.clip(np.rint(samples / step), -HIGHEST, HIGHEST), dtype=np.int16
    )
    counts[:, empty] = 0
    channels = [
        edfio.EdfSignal.from_digital(
            axis,
            rate,
            label=name,
            physical_dimension=signal.quantity.unit,
            physical_range=(-HIGHEST * step, HIGHEST * step),
            digital_range=(-HIGHEST, HIGHEST),
        )
        for name, axis in zip(
            column_names(signal.quantity, signal.placement, signal.side), counts, strict=True
        )
    ]
    gaps = [
        edfio.EdfAnnotation(
            round(begin / rate, 6), round((end - begin) / rate, 6), GAP + signal_name(signal)
        )
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]
    return channels, gaps


def on_grid(signal: Signal, rate: float, grid: Grid) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the sample nearest to each time of the grid, shape (axes, n), and where nothing was
    measured.
    """
    times, samples = measured(signal)
    slots = grid.start + np.rint(np.arange(round(grid.seconds * rate)) * SECOND / rate).astype(
        np.int64
    )
    if not len(times):
        return np.zeros((signal.quantity.axes, len(slots))), np.ones(len(slots), dtype=bool)
    after = np.clip(np.searchsorted(times, slots), 0, len(times) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(slots - times[before] <= times[after] - slots, before, after)
    hole = max(SECOND // 2, round(MAX_BRIDGED_INTERVALS * SECOND / rate))
    half = round(SECOND / rate / 2)
    within = (
        (slots > times[before]) & (slots < times[after]) & (times[after] - times[before] > hole)
    )
    return samples[:, nearest], within | (slots < times[0] - half) | (slots > times[-1] + half)


def measured(signal: Signal) -> tuple[Times, Floats]:
    """Return the good samples (axes, n) of a signal and their times (us), rising."""
    times = np.concatenate(
        [one.clock.times_of(np.arange(one.first, one.end)) for one in signal.blocks]
    )
    samples = np.concatenate([one.samples for one in signal.blocks], axis=1)
    order = np.argsort(times, kind="stable")
    order = order[np.isfinite(samples).all(axis=0)[order]]
    return times[order], samples[:, order]


def signal_name(signal: Signal) -> str:
    """Return what a sensor is called, without its axes."""
    return column_names(signal.quantity, signal.placement, signal.side)[0].removesuffix("_x")


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """One sensor's samples on their way into a file."""

    names: Sequence[str]
    """A label for each axis."""
    quantity: Quantity
    samples: Floats
    """Shape (axes, n)."""

    def signals(self, rate: float, record: int) -> Iterator[edfio.EdfSignal]:
        """Yield each axis, filled up to whole data records of so many seconds."""
        limit = {Quantity.ACCELERATION: 8.0, Quantity.EMG: 3276.7, Quantity.LOAD: 500.0}[
            self.quantity
        ]
        spare = -self.samples.shape[1] % round(record * rate)
        padded = np.pad(np.clip(self.samples, -limit, limit), ((0, 0), (0, spare)), mode="edge")
        for name, axis in zip(self.names, padded, strict=True):
            unit = self.quantity.unit
            yield edfio.EdfSignal(
                axis, rate, label=name, physical_dimension=unit, physical_range=(-limit, limit)
            )


def write_edf(
    path: Path, names: Sequence[str], quantity: Quantity, rate: float, samples: Floats
) -> None:
    """Write the samples (axes, n) of one sensor as EDF+. The same samples give the same bytes."""
    write_signals(path, rate, [Written(names, quantity, samples)])


def write_signals(path: Path, rate: float, sensors: Sequence[Written]) -> None:
    """Write the samples of sensors of one rate as EDF+; ValueError for a rate that EDF cannot have."""
    record = next((seconds for seconds in (1, 2, 5, 10) if (seconds * rate).is_integer()), None)
    if record is None:
        raise ValueError(f"EDF needs a whole number of samples in 10 s; {rate:g} Hz has none")
    signals = [signal for sensor in sensors for signal in sensor.signals(rate, record)]
    edfio.Edf(signals, data_record_duration=record, annotations=()).write(path)
