"""What a recording is, and what its columns mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Flags, Floats, Placement, Quantity, SampleBlock, Side


class UnreadableRecordingError(Exception):
    """A recording cannot be read; the text names the file, the place and the mend."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a column or an EDF label means."""

    quantity: Quantity
    place: Placement
    side: Side | None
    axis: int


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """One sensor's part of a recording."""

    quantity: Quantity
    place: Placement
    side: Side | None
    rate: float
    """Hz."""
    blocks: tuple[SampleBlock, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded night."""

    name: str
    start: int | None
    """us, UTC; None where the recording does not say. The times of its blocks then begin at 0."""
    duration: float
    """s, from the first sample to the last."""
    signals: tuple[Signal, ...]
    notes: tuple[str, ...]
    """What had to be left out, for a person."""

    def signal(self, quantity: Quantity, place: Placement, side: Side | None) -> Signal | None:
        """Return the signal of a sensor; one whose side the recording does not know fits any."""
        found = [one for one in self.signals if (one.quantity, one.place) == (quantity, place)]
        fitting = [one for wanted in (side, None) for one in found if one.side == wanted]
        return fitting[0] if fitting else None


def signal_columns() -> dict[str, Column]:
    """Return the columns a CSV may have, and labels of our own in EDF."""
    known = {
        axis: Column(Quantity.ACCELERATION, Placement.ANKLE, None, index)
        for index, axis in enumerate("xyz")
    }
    for index, axis in enumerate("xyz"):
        for side in Side:
            known[f"{side}_acc_{axis}"] = Column(
                Quantity.ACCELERATION, Placement.ANKLE, side, index
            )
        known[f"bed_acc_{axis}"] = Column(Quantity.ACCELERATION, Placement.BED, None, index)
    for side in Side:
        known[f"{side}_emg"] = Column(Quantity.EMG, Placement.TIBIALIS, side, 0)
        known[f"{side}_calf_emg"] = Column(Quantity.EMG, Placement.CALF, side, 0)
    known["bed_load"] = Column(Quantity.LOAD, Placement.BED, None, 0)
    return known


COLUMNS: Final[Mapping[str, Column]] = signal_columns()


MAX_MEDIAN_NORM_G: Final = 3.0
"""g; a limb or a bed in which the acceleration is larger half of the time is nowhere on earth: the
unit is another."""


def check_gravity_unit(path: Path, name: str, samples: Floats, quantity: Quantity) -> None:
    """Check that samples (axes, n) of acceleration are in g, as gravity is in them;
    UnreadableRecordingError.
    """
    sizes = np.sqrt(np.square(samples).sum(axis=0))
    sizes = sizes[np.isfinite(sizes)]
    if quantity is not Quantity.ACCELERATION or not len(sizes) or np.median(sizes) <= MAX_MEDIAN_NORM_G:
        return
    found = f"`{name}` and its axes read {np.median(sizes):.4g} at rest, where gravity is 1 g"
    raise UnreadableRecordingError(f"{path}: {found}; write g, not m/s2 or mg")


MIN_CLIPPED_SAMPLES: Final = 3
"""Samples in a row at the end of a range that were not measured: one alone may be a peak that just
fits."""


def mask_clipped(samples: Floats, rails: Sequence[tuple[float, float]]) -> Floats:
    """Return samples (axes, n) with NaN where an axis is stuck at one of its rails, the ends of its
    range.
    """
    stuck = np.zeros(samples.shape[1], bool)
    for axis, (lowest, highest) in zip(samples, rails, strict=True):
        stuck |= long_runs(axis <= lowest) | long_runs(axis >= highest)
    return np.where(stuck, np.nan, samples) if stuck.any() else samples


def long_runs(flags: Flags) -> Flags:
    """Return the flags that belong to `MIN_CLIPPED_SAMPLES` or more in a row."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    kept = np.zeros(len(flags), bool)
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        kept[begin:end] = end - begin >= MIN_CLIPPED_SAMPLES
    return kept


def column_names(quantity: Quantity, place: Placement, side: Side | None) -> list[str]:
    """Return the names of the columns of one sensor, axis by axis."""
    wanted = {
        name: column
        for name, column in COLUMNS.items()
        if (column.quantity, column.place) == (quantity, place)
    }
    return [name for name, column in wanted.items() if column.side == side]
