"""Number samples that have times but no numbers of their own.

The result are frames like those of network sensors, so that one implementation follows all clocks
(`clock_sync`). Pure.
"""

from typing import Final

from limber_bridge.detection.signal import SECOND, Floats, Sensor
from limber_bridge.sources.frames import COUNTER_MODULUS, NO_SIGNATURE, Frame

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

    def frame(self, samples: Floats, first: int, last: int, *, lost: int = 0) -> Frame:
        """Return samples of shape (axes, n) as a frame.

        `first` and `last` are the times of the first and the last sample in us, on a steady clock.
        `lost` is how many samples before them the device has counted as lost.
        """
        if self._last_stamp is not None:
            pause = first - self._last_stamp - round(SECOND / self._rate)
            if not lost and pause >= GAP_US:
                lost = round(pause * self._rate / SECOND)
        self._sequence += lost
        frame = Frame(
            sensor=self._sensor.id,
            boot=0,
            sequence=self._sequence % COUNTER_MODULUS,
            clock=first % COUNTER_MODULUS,
            rate=self._rate,
            battery=None,
            quantity=self._sensor.quantity,
            samples=samples,
            signature=NO_SIGNATURE,
        )
        self._sequence += samples.shape[1]
        self._last_stamp = last
        return frame
