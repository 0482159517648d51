"""What a sensor delivers: numbered samples, and the clock that places their numbers in time.

Law: cutting a block in two changes neither the number nor the time of any sample.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Times = npt.NDArray[np.int64]
type Flags = npt.NDArray[np.bool_]

SECOND: Final = 1_000_000
"""us. All times in `detection` are whole microseconds: fractions of a second in floating point put
intervals of exactly 10 or 90 s on the wrong side of the limit (measured for this project on a 0.01
s grid)."""
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
EARLIEST_TIME: Final = -(2**62)
"""us; before any time that a sample can have."""
LATEST_TIME: Final = 2**62
"""us; after any time that a sample can have."""


class Quantity(StrEnum):
    """What a sensor measures, and in which unit its samples come."""

    ACCELERATION = "acceleration"
    """g, three axes."""
    EMG = "emg"
    """uV, one channel."""
    LOAD = "load"
    """kg, one channel: all cells under the bed together."""

    @property
    def axes(self) -> int:
        """How many values a sample has."""
        return 3 if self is Quantity.ACCELERATION else 1

    @property
    def unit(self) -> str:
        """Unit of the samples and of everything derived from their level."""
        return UNITS[self]


UNITS: Final = {Quantity.ACCELERATION: "g", Quantity.EMG: "uV", Quantity.LOAD: "kg"}


class Placement(StrEnum):
    """Where a sensor sits."""

    ANKLE = "ankle"
    TIBIALIS = "tibialis"
    """Electrodes over the tibialis anterior, where the scoring rules want them."""
    CALF = "calf"
    """Electrodes over the gastrocnemius, where cramps are."""
    BED = "bed"
    """Frame or mattress: feels everybody in the bed and cannot tell the legs apart."""


class Side(StrEnum):
    """Which leg."""

    LEFT = "left"
    RIGHT = "right"


PLACEMENTS: Final = {
    Quantity.ACCELERATION: (Placement.ANKLE, Placement.BED),
    Quantity.EMG: (Placement.TIBIALIS, Placement.CALF),
    Quantity.LOAD: (Placement.BED,),
}
"""Where each quantity can be measured."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor of one sleeper."""

    id: int
    """Unique within a bridge; the same number as in the sensor's frames."""
    quantity: Quantity
    placement: Placement
    side: Side | None = None
    """None: not known, or not a leg's."""

    def __post_init__(self) -> None:
        """Refuse a sensor that cannot exist."""
        if self.placement not in PLACEMENTS[self.quantity]:
            wanted = " or ".join(PLACEMENTS[self.quantity])
            raise ValueError(f"{self.quantity} is measured at {wanted}, not {self.placement}")
        if self.placement is Placement.BED and self.side is not None:
            raise ValueError("a sensor at the bed has no side")


@dataclass(frozen=True, slots=True)
class SampleClock:
    """A straight line from sample numbers to time: sample `index` was taken at `time`, then `rate`
    a second.
    """

    index: int
    time: int
    """us; UTC since 1970, or since the start of a recording that does not know its date."""
    rate: float
    """Hz, as measured; it may differ by a percent from what the device claims."""

    def time_of(self, index: int) -> int:
        """Return the time of one sample in us."""
        return self.time + round((index - self.index) * SECOND / self.rate)

    def times_of(self, indexes: Times) -> Times:
        """Return the times of many samples in us, each the same as `time_of` gives."""
        offsets: Times = np.rint((indexes - self.index) * SECOND / self.rate).astype(np.int64)
        return self.time + offsets


@dataclass(frozen=True, slots=True, eq=False)
class SampleBlock:
    """Consecutive samples of one sensor.

    Numbers that no block covers are samples lost on the way. A sample with a NaN counts as lost
    too: what a source knows to be wrong (saturated, unreadable) it hands on as NaN, never as a
    value.
    """

    first: int
    """Number of the first sample, counted from the start of the stream; never goes back while a
    stream lasts."""
    samples: Floats
    """Shape (axes, n), in the unit of the quantity."""
    clock: SampleClock
    rate: float
    """Hz, nominal: what filters are designed for. Another value begins the signal anew."""

    @property
    def end(self) -> int:
        """Number of the sample after the last."""
        return self.first + int(self.samples.shape[1])

    def split(self, at: int) -> tuple[Self, Self]:
        """Return the first `at` samples and the rest."""
        cls = type(self)
        head = cls(self.first, self.samples[:, :at], self.clock, self.rate)
        return head, cls(self.first + at, self.samples[:, at:], self.clock, self.rate)
