"""Recordings as EDF and EDF+. Discontinuities of EDF+D, which edfio reads as if there were none, become holes."""

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

from limber_bridge.detection.signal import SECOND, Block, Clock, Floats, Quantity
from limber_bridge.nights import micros
from limber_bridge.recordings.recording import (
    COLUMNS,
    Column,
    Recording,
    Signal,
    UnreadableRecordingError,
    without_rails,
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
ONSET: Final = re.compile(rb"([+-]\d+(?:\.\d+)?)\x14")


def read_edf(path: Path, zone: ZoneInfo | None, channels: Mapping[str, str]) -> Recording:
    """Read an EDF or EDF+ file; UnreadableRecordingError or OSError."""
    edf, notes = opened(path)
    known = [(column, signal) for signal in edf.signals if (column := column_of(signal.label, channels)) is not None]
    if not known:
        labels = ", ".join(signal.label for signal in edf.signals)
        raise UnreadableRecordingError(
            f"{path}: no known signal among {labels}; say what one is: --channel LABEL=left_emg"
        )
    start, onsets = start_of(edf, zone), record_onsets(path, edf)
    if not onsets:
        raise UnreadableRecordingError(f"{path}: a header without data; export it anew")
    grouped: dict[tuple[object, ...], list[tuple[Column, edfio.EdfSignal]]] = {}
    for column, signal in sorted(known, key=lambda pair: pair[0].axis):
        grouped.setdefault((column.quantity, column.place, column.side), []).append((column, signal))
    signals = tuple(signal_of(path, group, onsets, start or 0) for group in grouped.values())
    duration = onsets[-1] / SECOND + edf.data_record_duration - onsets[0] / SECOND
    return Recording(path.name, start, duration, signals, notes)


def opened(path: Path) -> tuple[edfio.Edf, tuple[str, ...]]:
    """Return what edfio makes of a file, and what it warns of: a file that was cut short, for example."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            edf = edfio.read_edf(path, lazy_load_data=False)
    except (ValueError, IndexError) as error:
        raise UnreadableRecordingError(f"{path}: not a whole EDF file ({error}); export it anew") from error
    return edf, tuple(f"{path}: {' '.join(str(one.message).split())}" for one in caught)


def column_of(label: str, channels: Mapping[str, str]) -> Column | None:
    """Return what a label means; None for one that is not ours."""
    label = channels.get(label, label)
    if label in COLUMNS:
        return COLUMNS[label]
    letters = re.sub(r"[^a-z]", "", label.lower())
    return next((COLUMNS[name] for name, labels in LABELS.items() if letters in labels), None)


def signal_of(path: Path, group: Sequence[tuple[Column, edfio.EdfSignal]], onsets: Sequence[int], start: int) -> Signal:
    """Return the signal of one sensor out of the EDF signals of its axes."""
    column, first = group[0]
    if len(group) != column.quantity.axes:
        raise UnreadableRecordingError(f"{path}: `{first.label}`: {len(group)} axes of 3; give all three")
    rate = first.sampling_frequency
    if any(signal.sampling_frequency != rate for _, signal in group):
        raise UnreadableRecordingError(f"{path}: `{first.label}`: its axes have different rates; give all the same")
    units = [worth(path, column, signal) for _, signal in group]
    samples = np.stack([signal.data * unit for unit, (_, signal) in zip(units, group, strict=True)])
    samples = without_rails(samples, [ends(signal, unit) for unit, (_, signal) in zip(units, group, strict=True)])
    blocks = blocks_of(samples, first.samples_per_data_record, onsets, start, rate)
    return Signal(column.quantity, column.place, column.side, rate, tuple(blocks))


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
        raise UnreadableRecordingError(f"{path}: `{signal.label}`: unit `{signal.physical_dimension}` unknown; {mend}")
    return factors[dimension]


def blocks_of(samples: Floats, size: int, onsets: Sequence[int], start: int, rate: float) -> Iterator[Block]:
    """Yield samples (axes, n), `size` a record, as blocks: one for each stretch of records without a break."""
    lasts = round(size * SECOND / rate)
    breaks = [0, *(i for i in range(1, len(onsets)) if abs(onsets[i] - onsets[i - 1] - lasts) > 1), len(onsets)]
    first = 0
    for begin, end in pairwise(breaks):
        number = max(first, round((onsets[begin] - onsets[0]) * rate / SECOND))
        clock = Clock(number, start + onsets[begin], rate)
        yield Block(number, samples[:, begin * size : end * size], clock, rate)
        first = number + (end - begin) * size


def record_onsets(path: Path, edf: edfio.Edf) -> list[int]:
    """Return the time (us) of each data record, as EDF+ writes it into the record, or one after the other."""
    duration = edf.data_record_duration
    regular = [round(index * duration * SECOND) for index in range(edf.num_data_records)]
    return list(timekeeping(path.read_bytes(), regular)) if edf.reserved.startswith("EDF+D") else regular


def timekeeping(data: bytes, regular: Iterable[int]) -> Iterator[int]:
    """Yield the onsets (us) out of the first annotation of every record; the regular one where there is none."""
    count = int(data[252:256])
    labels = [data[256 + 16 * index : 272 + 16 * index].strip() for index in range(count)]
    sizes = [2 * int(data[256 + 216 * count + 8 * index : 264 + 216 * count + 8 * index]) for index in range(count)]
    annotations = labels.index(b"EDF Annotations") if b"EDF Annotations" in labels else 0
    offset, record = int(data[184:192]) + sum(sizes[:annotations]), sum(sizes)
    for index, otherwise in enumerate(regular):
        onset = ONSET.match(data, offset + index * record)
        yield otherwise if onset is None else round(float(onset[1]) * SECOND)


def start_of(edf: edfio.Edf, zone: ZoneInfo | None) -> int | None:
    """Return when a recording began (us, UTC); None where its date or its zone is not known."""
    try:
        start: datetime = edf.startdatetime
    except edfio.AnonymizedDateError, ValueError:
        return None
    return None if zone is None or start.year <= UNDATED else micros(start.replace(tzinfo=zone))


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
        limit = {Quantity.ACCELERATION: 8.0, Quantity.EMG: 3276.7, Quantity.LOAD: 500.0}[self.quantity]
        spare = -self.samples.shape[1] % round(record * rate)
        padded = np.pad(np.clip(self.samples, -limit, limit), ((0, 0), (0, spare)), mode="edge")
        for name, axis in zip(self.names, padded, strict=True):
            unit = self.quantity.unit
            yield edfio.EdfSignal(axis, rate, label=name, physical_dimension=unit, physical_range=(-limit, limit))


def write_edf(path: Path, names: Sequence[str], quantity: Quantity, rate: float, samples: Floats) -> None:
    """Write the samples (axes, n) of one sensor as EDF+. The same samples give the same bytes."""
    write_signals(path, rate, [Written(names, quantity, samples)])


def write_signals(path: Path, rate: float, sensors: Sequence[Written]) -> None:
    """Write the samples of sensors of one rate as EDF+; ValueError for a rate that EDF cannot have."""
    record = next((seconds for seconds in (1, 2, 5, 10) if (seconds * rate).is_integer()), None)
    if record is None:
        raise ValueError(f"EDF needs a whole number of samples in 10 s; {rate:g} Hz has none")
    signals = [signal for sensor in sensors for signal in sensor.signals(rate, record)]
    edfio.Edf(signals, data_record_duration=record, annotations=()).write(path)
