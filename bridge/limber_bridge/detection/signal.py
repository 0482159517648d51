"""What a sensor delivers: numbered samples, and the clock that gives each number its time.

Invariant: splitting a block in two changes neither the number nor the time of any sample.
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
"""us. All times in `detection` are whole microseconds: subtraction in floating point puts intervals
of exactly 10 or 90 s on the wrong side of the limit (docs/science.md#sampling-and-gaps)."""
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
EARLIEST_TIME: Final = -(2**62)
"""us; before any time that a sample can have."""
LATEST_TIME: Final = 2**62
"""us; after any time that a sample can have."""


class Quantity(StrEnum):
    """What a sensor measures, and the unit of its samples."""

    ACCELERATION = "acceleration"
    """g, three axes."""
    EMG = "emg"
    """uV, one channel."""
    LOAD = "load"
    """kg, one channel: the sum of all cells under the bed."""

    @property
    def axes(self) -> int:
        """Number of values in a sample."""
        return 3 if self is Quantity.ACCELERATION else 1

    @property
    def unit(self) -> str:
        """Unit of the samples and of everything derived from their level."""
        return UNITS[self]


UNITS: Final = {Quantity.ACCELERATION: "g", Quantity.EMG: "uV", Quantity.LOAD: "kg"}


class Placement(StrEnum):
    """Where a sensor is worn or mounted."""

    ANKLE = "ankle"
    TIBIALIS = "tibialis"
    """Electrodes over the tibialis anterior, the muscle that the scoring rules are written for."""
    CALF = "calf"
    """Electrodes over the gastrocnemius, the muscle in which most cramps occur."""
    BED = "bed"
    """Frame or mattress: shows the movements of everyone in the bed, without a side."""


class Side(StrEnum):
    """The leg on which a sensor is worn."""

    LEFT = "left"
    RIGHT = "right"


PLACEMENTS: Final = {
    Quantity.ACCELERATION: (Placement.ANKLE, Placement.BED),
    Quantity.EMG: (Placement.TIBIALIS, Placement.CALF),
    Quantity.LOAD: (Placement.BED,),
}
"""Where each quantity can be measured (docs/science.md#placements-and-quantities)."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor of one sleeper.

    Raises ValueError for a combination that is not in `PLACEMENTS`, or a bed sensor with a side.
    """

    id: int
    quantity: Quantity
    placement: Placement
    side: Side | None = None
    has_gravity: bool = True
    """Whether acceleration contains gravity. Without it, direction, and so posture and being in
    bed, are unknown."""

    def __post_init__(self) -> None:
        if self.placement not in PLACEMENTS[self.quantity]:
            allowed = " or ".join(PLACEMENTS[self.quantity])
            raise ValueError(f"{self.quantity} is measured at {allowed}, not {self.placement}")
        if self.placement is Placement.BED and self.side is not None:
            raise ValueError("a sensor at the bed has no side")


@dataclass(frozen=True, slots=True)
class SampleClock:
    """The time of each sample number.

    A straight line: sample `index` was taken at `time`, and the samples after it at `rate` Hz.
    """

    index: int
    time: int
    """us; UTC since 1970, or since the first sample of a recording without a date."""
    rate: float
    """Hz, as measured; it may differ by a percent from the nominal rate."""

    def time_of(self, index: int) -> int:
        """Return the time of one sample in us."""
        return self.time + round((index - self.index) * SECOND / self.rate)

    def times_of(self, indexes: Times) -> Times:
        """Return the times of many samples in us, each the same as `time_of` returns."""
        offsets: Times = np.rint((indexes - self.index) * SECOND / self.rate).astype(np.int64)
        return self.time + offsets


@dataclass(frozen=True, slots=True, eq=False)
class SampleBlock:
    """Consecutive samples of one sensor.

    Samples whose numbers are in no block were lost. A sample with a NaN counts as lost, too:
    sources write NaN for values that they know to be wrong (saturated, unreadable).
    """

    first: int
    """Number of the first sample, counted from the start of the stream. It never decreases while
    the stream lasts."""
    samples: Floats
    """Shape (axes, n), in the unit of the quantity."""
    clock: SampleClock
    rate: float
    """Hz, nominal; filters are designed for it. When it changes, filters start again."""

    @property
    def end(self) -> int:
        """Number of the sample after the last one."""
        return self.first + int(self.samples.shape[1])

    def split(self, at: int) -> tuple[Self, Self]:
        """Return the first `at` samples and the rest."""
        cls = type(self)
        head = cls(self.first, self.samples[:, :at], self.clock, self.rate)
        tail = cls(self.first + at, self.samples[:, at:], self.clock, self.rate)
        return head, tail
