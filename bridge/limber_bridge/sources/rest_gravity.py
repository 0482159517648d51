"""Judge the unit of accelerations by gravity: at rest, their length is 1 g. Pure."""

from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, SampleBlock
from limber_bridge.sources.source_api import FrameError, Reason
from limber_bridge.sources.units import STANDARD_GRAVITY

WINDOW_US: Final = 10 * SECOND
"""Time over which a sensor is judged. Chosen: a sleeper is at rest for as long every few minutes.
"""
REST_SPREAD_MAX: Final = 0.1
"""Largest spread of the length at rest (90th minus 10th percentile), as a share of the median.
Chosen: several times the noise of a cheap sensor, and a fraction of what a movement shows."""
GRAVITY_RANGE_G: Final = (0.8, 1.2)
"""Length at rest of a sensor that sends g, for every source and for `limber check`. Chosen: data
sheets allow an offset of 0.08 g on each axis and a scale that is wrong by 3 %."""
NO_GRAVITY_MAX_G: Final = 0.05
"""Length at rest up to which gravity was removed from the signal. Chosen: noise, and offsets."""


def rest_gravity(samples: Floats) -> float | None:
    """Return the median length of accelerations (3, n) if they are at rest, else None."""
    if samples.shape[1] < 2:
        return None
    lengths = np.sort(np.sqrt(np.square(samples).sum(axis=0)))
    # As np.percentile, which takes ten times as long for so few values.
    ranks = np.array((0.1, 0.5, 0.9)) * (len(lengths) - 1)
    low, middle, high = np.interp(ranks, np.arange(len(lengths)), lengths)
    if middle > NO_GRAVITY_MAX_G and high - low > REST_SPREAD_MAX * middle:
        return None
    return float(middle)


def is_plausible(gravity: float) -> bool:
    """Return whether a length at rest is that of gravity in g."""
    return GRAVITY_RANGE_G[0] <= gravity <= GRAVITY_RANGE_G[1]


def gravity_fault(gravity: float) -> str:
    """Return what is wrong with a length at rest that is not 1 g, and what to do."""
    low, high = GRAVITY_RANGE_G
    if gravity <= NO_GRAVITY_MAX_G:
        return (
            "the sensor sends no gravity: send the acceleration as it is measured, "
            "without subtracting gravity"
        )
    if low <= gravity / STANDARD_GRAVITY <= high:
        remedy = "it seems to send m/s2: divide by 9.80665"
    elif low <= gravity * STANDARD_GRAVITY <= high:
        remedy = "the values are divided by 9.8 once too often: send g"
    else:
        remedy = "check the measuring range, the scale and the byte order of the sensor"
    return f"at rest the sensor measures {gravity:.2g} g instead of 1 g: {remedy}"


class GravityCheck:
    """Judges the accelerations of one sensor, ten seconds at a time."""

    def __init__(self, sensor: int) -> None:
        """Start without a sample; `sensor` is its id."""
        self._sensor = sensor
        self._samples: list[Floats] = []
        self._count = 0
        self._fault: str | None = None

    def process_block(self, block: SampleBlock) -> FrameError | None:
        """Return the fault of the sensor as of this block; None where none is known.

        While the sensor moves, the last verdict stays.
        """
        self._samples.append(block.samples)
        self._count += block.end - block.first
        if self._count >= WINDOW_US / SECOND * block.rate:
            samples = np.concatenate(self._samples, axis=1)
            self._samples = []
            self._count = 0
            gravity = rest_gravity(samples[:, np.isfinite(samples).all(axis=0)])
            if gravity is not None:
                self._fault = None if is_plausible(gravity) else gravity_fault(gravity)
        if self._fault is None:
            return None
        return FrameError(self._sensor, Reason.WRONG_GRAVITY, self._fault)
