"""Number samples that have times but no numbers of their own.

The result are frames like those of network sensors, so that one implementation follows all clocks
(`clock_sync`). Pure.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, Sensor, Times
from limber_bridge.sources.frames import COUNTER_MODULUS, NO_SIGNATURE, ClockFrame, Frame

GAP_US: Final = SECOND // 2
"""Pause in the times of the samples from which samples are missing. Chosen: as for gaps of the
signal; shorter pauses come from the system that reads the device."""


class StampedStream:
    """Makes frames of the samples of one device."""

    def __init__(self, sensor: Sensor, rate: float) -> None:
        """Start before the first sample; `rate` is nominal, in Hz."""
        self._sensor = sensor
        self._rate = rate
        self._sequence = 0
        self._last_stamp: int | None = None
        """us at the last sample."""

    def clock_frame(self, now: int) -> ClockFrame:
        """Return a frame that says what the clock of the stamps shows now, in us."""
        return ClockFrame(
            sensor=self._sensor.id,
            boot=0,
            sequence=self._sequence % COUNTER_MODULUS,
            clock=now % COUNTER_MODULUS,
            rate=self._rate,
            battery=None,
            signature=NO_SIGNATURE,
        )

    def frames(self, samples: Floats, stamps: Times, lost: Times | None = None) -> Iterator[Frame]:
        """Yield frames of samples, shape (axes, n), without a gap within a frame.

        `stamps` are the times of the samples in us on a steady clock, shape (n,). `lost` is how
        many samples before each the device has counted as lost; None: it counts none.
        """
        if not len(stamps):
            return
        period = round(SECOND / self._rate)
        before = int(stamps[0]) - period if self._last_stamp is None else self._last_stamp
        pauses = np.diff(stamps, prepend=before) - period
        missing = np.where(pauses >= GAP_US, np.rint(pauses * self._rate / SECOND), 0)
        if lost is not None:
            missing = np.where(lost > 0, lost, missing)
        starts = [0, *(int(one) for one in np.flatnonzero(missing) if one > 0)]
        for start, end in zip(starts, [*starts[1:], len(stamps)], strict=True):
            self._sequence += int(missing[start])
            yield self._frame(samples[:, start:end], int(stamps[start]))
            self._sequence += end - start
        self._last_stamp = int(stamps[-1])

    def _frame(self, samples: Floats, clock: int) -> Frame:
        return Frame(
            sensor=self._sensor.id,
            boot=0,
            sequence=self._sequence % COUNTER_MODULUS,
            clock=clock % COUNTER_MODULUS,
            rate=self._rate,
            battery=None,
            quantity=self._sensor.quantity,
            samples=samples,
            signature=NO_SIGNATURE,
        )
