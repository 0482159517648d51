"""Write recordings as EDF and EDF+."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import edfio
import numpy as np

from limber_bridge.detection.continuity import MAX_BRIDGED_INTERVALS
from limber_bridge.detection.signal import SECOND, Flags, Floats, Quantity, Times
from limber_bridge.domain.nights import to_utc
from limber_bridge.domain.recording import Recording, Signal, column_names
from limber_bridge.recordings.gap_annotation import GAP_ANNOTATION

COUNT_VALUES: Final = {
    Quantity.ACCELERATION: (1e-4, 1e-3, 1e-2),
    Quantity.EMG: (0.1, 1.0, 10.0),
    Quantity.LOAD: (0.01, 0.1, 1.0),
}
"""Possible values of one count in the unit of the quantity. The first one with which the largest
sample fits into 16 bits is used; for most sensors it represents their samples exactly."""
MAX_COUNT: Final = 32767


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation of a night."""

    onset: int
    """us from the start."""
    duration: int | None
    """us; None: it has no duration."""
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The evenly spaced times of an EDF file."""

    start: int
    """us."""
    seconds: int
    """A whole number of data records."""


def write_night(
    path: Path, recording: Recording, zone: ZoneInfo, annotations: Sequence[Annotation]
) -> None:
    """Write a night with its annotations as EDF+C; OSError.

    The start of `recording` must be known; annotations count from `edf_start(recording)`. A
    recording without signals gives a file with the annotations alone. Every sample in the file was
    measured, at most half an interval from its time: the grid of EDF has no drift.
    """
    start = edf_start(recording)
    rates = {signal_name(signal): round(signal.rate, 1) for signal in recording.signals}
    record_s = record_duration(list(rates.values()))
    length = (recording.start or 0) - start + round(recording.duration * SECOND)
    records = max(1, -(-length // (record_s * SECOND)))
    grid = Grid(start, records * record_s)
    channels: list[edfio.EdfSignal] = []
    edf_annotations = [
        edfio.EdfAnnotation(
            one.onset / SECOND, None if one.duration is None else one.duration / SECOND, one.text
        )
        for one in annotations
    ]
    for signal in recording.signals:
        axes, gaps = make_channels(signal, rates[signal_name(signal)], grid)
        channels += axes
        edf_annotations += gaps
    local_start = to_utc(start).astimezone(zone)
    edfio.Edf(
        channels,
        recording=edfio.Recording(startdate=local_start.date(), equipment_code="limber"),
        starttime=local_start.time(),
        data_record_duration=record_s if channels else None,
        annotations=sorted(edf_annotations, key=lambda one: one.onset),
    ).write(path)


def edf_start(recording: Recording) -> int:
    """Return the start of the EDF file of a recording (us): EDF files start at a whole second."""
    return (recording.start or 0) // SECOND * SECOND


def record_duration(rates: Sequence[float]) -> int:
    """Return s per data record in which every rate, with one decimal, has whole samples."""
    return next(
        (size for size in (1, 2, 5) if all((size * rate).is_integer() for rate in rates)), 10
    )


def make_channels(
    signal: Signal, rate: float, grid: Grid
) -> tuple[list[edfio.EdfSignal], list[edfio.EdfAnnotation]]:
    """Return a channel for each axis of a sensor, and an annotation for each of its gaps."""
    samples, is_gap = resample_to_grid(signal, rate, grid)
    values = COUNT_VALUES[signal.quantity]
    largest = np.abs(samples).max()
    count_value = next((one for one in values if largest <= MAX_COUNT * one), values[-1])
    counts = np.ascontiguousarray(
        np.clip(np.rint(samples / count_value), -MAX_COUNT, MAX_COUNT), dtype=np.int16
    )
    counts[:, is_gap] = 0
    names = column_names(signal.quantity, signal.placement, signal.side)
    channels = [
        edfio.EdfSignal.from_digital(
            axis,
            rate,
            label=name,
            physical_dimension=signal.quantity.unit,
            physical_range=(-MAX_COUNT * count_value, MAX_COUNT * count_value),
            digital_range=(-MAX_COUNT, MAX_COUNT),
        )
        for name, axis in zip(names, counts, strict=True)
    ]
    edges = np.flatnonzero(np.diff(is_gap, prepend=False, append=False))
    gaps = [
        edfio.EdfAnnotation(
            round(begin / rate, 6),
            round((end - begin) / rate, 6),
            GAP_ANNOTATION + signal_name(signal),
        )
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]
    return channels, gaps


def resample_to_grid(signal: Signal, rate: float, grid: Grid) -> tuple[Floats, Flags]:
    """Return the sample nearest to each time of the grid, shape (axes, n), and where gaps are."""
    times, samples = valid_samples(signal)
    elapsed = np.rint(np.arange(round(grid.seconds * rate)) * SECOND / rate).astype(np.int64)
    grid_times = grid.start + elapsed
    if not len(times):
        no_samples = np.zeros((signal.quantity.axes, len(grid_times)))
        return no_samples, np.ones(len(grid_times), dtype=bool)
    after = np.clip(np.searchsorted(times, grid_times), 0, len(times) - 1)
    before = np.maximum(after - 1, 0)
    before_is_nearer = grid_times - times[before] <= times[after] - grid_times
    nearest = np.where(before_is_nearer, before, after)
    # The same limits as in the detection: docs/science.md#sampling-and-gaps.
    max_distance = max(SECOND // 2, round(MAX_BRIDGED_INTERVALS * SECOND / rate))
    within_gap = (
        (grid_times > times[before])
        & (grid_times < times[after])
        & (times[after] - times[before] > max_distance)
    )
    half_interval = round(SECOND / rate / 2)
    outside = (grid_times < times[0] - half_interval) | (grid_times > times[-1] + half_interval)
    return samples[:, nearest], within_gap | outside


def valid_samples(signal: Signal) -> tuple[Times, Floats]:
    """Return the samples (axes, n) of a signal without NaN and their times (us), in order."""
    times = np.concatenate(
        [block.clock.times_of(np.arange(block.first, block.end)) for block in signal.blocks]
    )
    samples = np.concatenate([block.samples for block in signal.blocks], axis=1)
    order = np.argsort(times, kind="stable")
    order = order[np.isfinite(samples).all(axis=0)[order]]
    return times[order], samples[:, order]


def signal_name(signal: Signal) -> str:
    """Return the name of a sensor's columns without the axis."""
    return column_names(signal.quantity, signal.placement, signal.side)[0].removesuffix("_x")


@dataclass(frozen=True, slots=True, eq=False)
class SensorSamples:
    """The samples of one sensor to be written into a file."""

    names: Sequence[str]
    """A label for each axis."""
    quantity: Quantity
    samples: Floats
    """Shape (axes, n)."""

    def channels(self, rate: float, record_s: int) -> Iterator[edfio.EdfSignal]:
        """Yield a channel for each axis, padded to whole data records of `record_s` s."""
        limit = {Quantity.ACCELERATION: 8.0, Quantity.EMG: 3276.7, Quantity.LOAD: 500.0}[
            self.quantity
        ]
        padding = -self.samples.shape[1] % round(record_s * rate)
        padded = np.pad(np.clip(self.samples, -limit, limit), ((0, 0), (0, padding)), mode="edge")
        for name, axis in zip(self.names, padded, strict=True):
            yield edfio.EdfSignal(
                axis,
                rate,
                label=name,
                physical_dimension=self.quantity.unit,
                physical_range=(-limit, limit),
            )


def write_edf(
    path: Path, names: Sequence[str], quantity: Quantity, rate: float, samples: Floats
) -> None:
    """Write the samples (axes, n) of one sensor as EDF+; the same samples give the same bytes."""
    write_sensors(path, rate, [SensorSamples(names, quantity, samples)])


def write_sensors(path: Path, rate: float, sensors: Sequence[SensorSamples]) -> None:
    """Write the samples of several sensors as EDF+; ValueError for a rate that EDF cannot have."""
    record_s = next((size for size in (1, 2, 5, 10) if (size * rate).is_integer()), None)
    if record_s is None:
        raise ValueError(
            f"EDF needs a whole number of samples in 10 s; {rate:g} Hz does not give one"
        )
    channels = [channel for sensor in sensors for channel in sensor.channels(rate, record_s)]
    edfio.Edf(channels, data_record_duration=record_s, annotations=()).write(path)
