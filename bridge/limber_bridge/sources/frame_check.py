"""Compare what the headers of frames claim with what arrives, so that a fault has a name.

A sensor that counts frames instead of samples, that announces another rate than it delivers, whose
clock is wrong, or that sends its bytes in the wrong order, would give plausible events that are
wrong. So its frames are refused until the fault is over, and the time becomes a gap. Pure.
"""

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, Quantity
from limber_bridge.sources.frames import Frame, signed_difference
from limber_bridge.sources.rest_gravity import is_plausible, rest_gravity
from limber_bridge.sources.source_api import FrameError, Reason

MIN_FRAMES: Final = 8
"""Frames that are compared at least, so that one lost or delayed frame decides nothing."""
MIN_WINDOW_US: Final = 5 * SECOND
"""Time that is compared at least. Chosen: soon enough to say it while the sensor is set up."""
RATE_TOLERANCES: Final = {
    Quantity.ACCELERATION: 0.15,
    Quantity.EMG: 0.15,
    Quantity.LOAD: 0.3,
}
"""By quantity: largest difference between the announced rate and the measured one, as a share.
Chosen: data sheets of accelerometers allow 10 %, and filters are designed for the announced rate.
Load is not filtered by its rate, and the oscillator inside an HX711 is not accurate: 92 and 93.7 Hz
were measured at 80 Hz (https://github.com/olkal/HX711_ADC/issues/29 and
https://github.com/olkal/HX711_ADC/issues/98); 30 % leaves room for worse ones. A board that is
wired for 10 Hz and announces 80 Hz is still found.
"""
SLOW_ARRIVAL_FACTOR: Final = 2.0
"""Frames that take this many times longer to arrive than their clock says were sampled more slowly.
Chosen: faster arrival is normal, as a backlog arrives at once."""
BYTE_COUNT: Final = "<i2"
"""How accelerations are sent."""


@dataclass(frozen=True, slots=True, eq=False)
class CheckedFrame:
    """What is compared of one frame."""

    sequence: int
    clock: int
    """us, wrapped."""
    arrived: int
    """us on the host's steady clock."""
    count: int
    samples: Floats
    scale: float | None


@dataclass(frozen=True, slots=True)
class FrameStep:
    """What changed from one frame to the next."""

    numbers: int
    """By how much the sequence number grew."""
    samples: int
    """Samples of the first frame."""
    clock: int
    """us on the device's clock."""
    arrival: int
    """us on the host's clock."""


class FrameCheck:
    """Compares the frames of one device, a few seconds of them at a time."""

    def __init__(self, quantity: Quantity) -> None:
        """Start without a frame."""
        self._quantity = quantity
        self._boot: int | None = None
        self._frames: list[CheckedFrame] = []
        self._fault: tuple[Reason, str] | None = None

    def process_frame(self, frame: Frame, arrived: int) -> FrameError | None:
        """Return the fault of a device as of this frame; None where nothing is known to be wrong.

        `arrived` is in us on the host's steady clock.
        """
        if frame.boot != self._boot:
            self._boot = frame.boot
            self._frames = []
            self._fault = None
        self._frames.append(
            CheckedFrame(
                frame.sequence, frame.clock, arrived, frame.count, frame.samples, frame.scale
            )
        )
        if self._is_complete(frame.rate):
            self._fault = self._find_fault(frame.rate)
            self._frames = self._frames[-1:]
        return None if self._fault is None else FrameError(frame.sensor, *self._fault)

    def _is_complete(self, rate: float) -> bool:
        if len(self._frames) <= MIN_FRAMES:
            return False
        samples = sum(one.count for one in self._frames[:-1])
        arrival = self._frames[-1].arrived - self._frames[0].arrived
        return max(samples / rate * SECOND, arrival) >= MIN_WINDOW_US

    def _find_fault(self, rate: float) -> tuple[Reason, str] | None:
        """Return what is wrong with the frames of a window, whose announced rate is in Hz."""
        steps = [
            FrameStep(
                signed_difference(after.sequence - before.sequence),
                before.count,
                signed_difference(after.clock - before.clock),
                after.arrived - before.arrived,
            )
            for before, after in pairwise(self._frames)
        ]
        return (
            find_counting_fault(steps)
            or find_rate_fault(
                [step for step in steps if step.numbers > 0],
                rate,
                RATE_TOLERANCES[self._quantity],
            )
            or self._find_byte_order_fault()
        )

    def _find_byte_order_fault(self) -> tuple[Reason, str] | None:
        scale = self._frames[-1].scale
        if self._quantity is not Quantity.ACCELERATION or scale is None:
            return None
        samples = np.concatenate([one.samples for one in self._frames], axis=1)
        samples = samples[:, np.isfinite(samples).all(axis=0)]
        gravity = rest_gravity(samples)
        if gravity is not None and is_plausible(gravity):
            return None
        counts = np.rint(samples / scale).astype(BYTE_COUNT)
        swapped = rest_gravity(counts.byteswap().astype(np.float64) * scale)
        if swapped is None or not is_plausible(swapped):
            return None
        return (
            Reason.WRONG_BYTE_ORDER,
            "the bytes of the samples are in the wrong order: send them little endian",
        )


def find_counting_fault(steps: list[FrameStep]) -> tuple[Reason, str] | None:
    """Return the fault of a sequence number that counts frames."""
    if any(step.numbers != 1 or step.samples < 2 for step in steps):
        return None
    detail = (
        "the sequence number counts frames: it must count samples, so that it grows by the number "
        f"of samples in each frame ({steps[-1].samples} here)"
    )
    return Reason.COUNTS_FRAMES, detail


def find_rate_fault(
    steps: list[FrameStep], rate: float, tolerance: float
) -> tuple[Reason, str] | None:
    """Return the fault of a rate (Hz) or a clock that differs from what arrives.

    Medians, because a restart of the link makes one step of any length.
    """
    if not steps:
        return None
    interval = SECOND / rate
    by_clock = median(step.clock / step.numbers for step in steps)
    by_arrival = median(step.arrival / step.numbers for step in steps)
    if abs(by_clock / interval - 1) <= tolerance:
        if by_arrival <= SLOW_ARRIVAL_FACTOR * by_clock:
            return None
        return wrong_rate(rate, SECOND / by_arrival)
    if abs(by_arrival / interval - 1) <= tolerance or by_clock <= 0:
        detail = (
            f"the clock of the sensor advances by {by_clock / 1000:.3g} ms per sample at "
            f"{rate:g} Hz: it must be a clock in us that never stops, read at the first sample "
            "of each frame"
        )
        return Reason.WRONG_CLOCK_SPEED, detail
    return wrong_rate(rate, SECOND / by_clock)


def wrong_rate(announced: float, measured: float) -> tuple[Reason, str]:
    """Return the fault of a sensor that announces another rate than it delivers, both in Hz."""
    detail = (
        f"the sensor announces {announced:g} Hz and delivers {measured:.3g} Hz: correct the rate "
        "in its frames, or how often it samples"
    )
    return Reason.WRONG_RATE, detail
