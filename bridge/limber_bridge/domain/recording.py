"""Recordings, the meaning of their columns, and checks of their samples."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from limber_bridge.detection.signal import (
    EARLIEST_TIME,
    LATEST_TIME,
    Flags,
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    Side,
)

MIN_SCORED_S: Final = 59.5
"""Shortest recording that is scored: a minute, with a margin for rounding."""


class UnreadableRecordingError(Exception):
    """A recording cannot be read; the text names the file, the place and the remedy."""


@dataclass(frozen=True, slots=True)
class Column:
    """The meaning of a CSV column or an EDF label."""

    quantity: Quantity
    placement: Placement
    side: Side | None
    axis: int


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """The signal of one sensor in a recording."""

    quantity: Quantity
    placement: Placement
    side: Side | None
    rate: float
    """Hz."""
    blocks: Iterable[SampleBlock]
    """In order of time. They can be iterated any number of times, and each time gives the same
    blocks; they may be decoded while they are iterated, see `LazyBlocks`."""
    has_gravity: bool = True
    """False for acceleration without gravity, as phones compute it: it shows movements, but neither
    posture nor whether the sleeper is in bed."""


@dataclass(frozen=True, slots=True, eq=False)
class LazyBlocks:
    """Sample blocks that are decoded each time they are iterated.

    A week of samples needs gigabytes once decoded, but its file is much smaller.
    """

    decode: Callable[[int, int], Iterator[SampleBlock]]
    """Yields the blocks that have samples from a time (us) up to another, in order."""

    def __iter__(self) -> Iterator[SampleBlock]:
        """Decode the blocks from the first one on."""
        return self.decode(EARLIEST_TIME, LATEST_TIME)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded night."""

    name: str
    start: int | None
    """us, UTC; None if unknown. The times of its blocks then start at 0."""
    duration: float
    """s, from the first sample to the last."""
    signals: tuple[Signal, ...]
    notes: tuple[str, ...]
    """What was left out, and why, for a person."""
    zone: ZoneInfo | None = None
    """Time zone of the place, where the file says it."""

    def signal(self, quantity: Quantity, placement: Placement, side: Side | None) -> Signal | None:
        """Return the signal of a sensor; None if there is none.

        A signal whose side the recording does not give fits either side.
        """
        found = [
            one for one in self.signals if (one.quantity, one.placement) == (quantity, placement)
        ]
        fitting = [one for wanted in (side, None) for one in found if one.side == wanted]
        return fitting[0] if fitting else None


def signal_columns() -> dict[str, Column]:
    """Return the meaning of each column of Limber CSV, which are also the EDF labels it writes."""
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
"""g. chosen: no limb or bed accelerates by more than this for half of a recording, so a larger
median means another unit."""


def check_gravity_unit(path: Path, name: str, samples: Floats, quantity: Quantity) -> None:
    """Raise UnreadableRecordingError if acceleration, shape (axes, n), cannot be in g.

    Other quantities are not checked.
    """
    sizes = np.sqrt(np.square(samples).sum(axis=0))
    sizes = sizes[np.isfinite(sizes)]
    if (
        quantity is not Quantity.ACCELERATION
        or not len(sizes)
        or np.median(sizes) <= MAX_MEDIAN_NORM_G
    ):
        return
    found = f"`{name}` and its axes read {np.median(sizes):.4g} at rest, where gravity is 1 g"
    raise UnreadableRecordingError(f"{path}: {found}; write g, not m/s2 or mg")


MIN_CLIPPED_SAMPLES: Final = 3
"""Samples in a row at a limit of the range that count as clipped. chosen: one alone may be a peak
that just fits the range."""


def mask_clipped(samples: Floats, rails: Sequence[tuple[float, float]]) -> Floats:
    """Return samples, shape (axes, n), with NaN where an axis is clipped.

    `rails`: lowest and highest value of each axis.
    """
    stuck = np.zeros(samples.shape[1], bool)
    for axis, (lowest, highest) in zip(samples, rails, strict=True):
        stuck |= long_runs(axis <= lowest) | long_runs(axis >= highest)
    return np.where(stuck, np.nan, samples) if stuck.any() else samples


def long_runs(flags: Flags) -> Flags:
    """Return the flags that belong to a run of `MIN_CLIPPED_SAMPLES` or more."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    kept = np.zeros(len(flags), bool)
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        kept[begin:end] = end - begin >= MIN_CLIPPED_SAMPLES
    return kept


def column_names(quantity: Quantity, placement: Placement, side: Side | None) -> list[str]:
    """Return the names of the CSV columns of one sensor, one for each axis."""
    wanted = {
        name: column
        for name, column in COLUMNS.items()
        if (column.quantity, column.placement) == (quantity, placement)
    }
    return [name for name, column in wanted.items() if column.side == side]
