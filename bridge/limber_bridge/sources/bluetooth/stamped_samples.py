"""Number the samples of devices that send a time but no counter, or neither.

The result is a frame like those of network sensors, so that one implementation follows the clocks
of all devices (`clock_sync`). Pure.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats
from limber_bridge.sources.bluetooth.notifications import SampleBatch
from limber_bridge.sources.bluetooth.profiles import StampedStream
from limber_bridge.sources.frames import COUNTER_MODULUS, NO_SIGNATURE, Frame

MIN_LOST_SAMPLES: Final = 3
"""Smaller gaps between two stamps come from a rate that is not quite the nominal one."""
MIN_LOST_SHARE: Final = 0.25
"""Smallest gap between two stamps that counts as lost samples, as a share of a notification.
Notifications are lost whole and are of about the same length, so that this leaves room for a rate
that is wrong by several percent."""
CLOCK_SLACK_US: Final = 5 * SECOND
"""Largest disagreement of the device's clock and the host's over the time since the notification
before; sensors buffer some seconds of samples. Above it the device's clock was set, or the device
has restarted."""
ARRIVAL_WINDOW_US: Final = 60 * SECOND
"""Time over which the rate of a device without a clock is measured."""
ARRIVAL_SETTLING_US: Final = 10 * SECOND
"""Time after which that rate replaces the nominal one."""
MARK_SPACING_US: Final = SECOND // 2
"""One mark is kept for each such period."""
ARRIVAL_GAP_US: Final = 2 * SECOND
"""A pause of a device without a clock after which its samples count as lost. Chosen: links that
are disturbed deliver later, but not much later, what a sensor has in its buffer."""
FULL_SCALE_SHARE: Final = 0.999
"""Of the range; samples beyond it are not usable."""


@dataclass(frozen=True, slots=True)
class ArrivalMark:
    """How many samples had arrived at a time."""

    count: int
    arrived: int
    """us on the host's steady clock."""


class ArrivalClock:
    """Stands in for the clock of a device that has none.

    The samples are evenly spaced, and the one that was delayed least gives the time of all others.
    """

    def __init__(self, rate: float) -> None:
        """Start with the nominal rate in Hz."""
        self._nominal = rate
        self._count = 0
        self._stamp = 0
        self._marks: deque[ArrivalMark] = deque()

    def stamp(self, count: int, arrived: int) -> int:
        """Return when the last of `count` samples was taken, in us on the host's steady clock."""
        if self._marks and arrived - self._marks[-1].arrived > ARRIVAL_GAP_US:
            self._marks.clear()
        self._count += count
        self._add_mark(ArrivalMark(self._count, arrived))
        while self._marks[0].arrived < arrived - ARRIVAL_WINDOW_US:
            self._marks.popleft()
        period = SECOND / self._rate()
        stamp = min(mark.arrived + (self._count - mark.count) * period for mark in self._marks)
        # A better estimate of the rate or the delay must not make the time go back.
        self._stamp = max(self._stamp + 1, round(stamp))
        return self._stamp

    def _add_mark(self, mark: ArrivalMark) -> None:
        """Keep a mark; of those within one `MARK_SPACING_US`, the one that was delayed least."""
        last = self._marks[-1] if self._marks else None
        if last is None or last.arrived // MARK_SPACING_US != mark.arrived // MARK_SPACING_US:
            self._marks.append(mark)
        elif mark.arrived - last.arrived < (mark.count - last.count) * SECOND / self._nominal:
            self._marks[-1] = mark

    def _rate(self) -> float:
        """Return the measured rate in Hz; the nominal one until that is known."""
        first = self._marks[0]
        last = self._marks[-1]
        elapsed = last.arrived - first.arrived
        if elapsed < ARRIVAL_SETTLING_US:
            return self._nominal
        return (last.count - first.count) * SECOND / elapsed


@dataclass(frozen=True, slots=True)
class LastBatch:
    """What is remembered of the notification before."""

    stamp: int
    """us on the device's clock at the last sample."""
    arrived: int
    """us on the host's steady clock."""


class SampleNumbering:
    """Makes frames of the notifications of one device."""

    def __init__(self, sensor: int, stream: StampedStream) -> None:
        """Start before the first notification."""
        self._sensor = sensor
        self._stream = stream
        self._boot = 0
        self._sequence = 0
        self._last: LastBatch | None = None
        self._arrival_clock = ArrivalClock(stream.rate)

    def start_connection(self) -> None:
        """Begin a new connection: the device may have restarted since the last one."""
        self._arrival_clock = ArrivalClock(self._stream.rate)
        self._start_boot()

    def number(self, batch: SampleBatch, arrived: int) -> Frame:
        """Return the samples of a notification as a frame; `arrived` in us on the host's clock."""
        count = batch.samples.shape[1]
        stamp = batch.stamp
        if stamp is None:
            stamp = self._arrival_clock.stamp(count, arrived)
        if self._last is not None and clock_was_set(self._last, stamp, arrived):
            self._start_boot()
        first_stamp = stamp - round((count - 1) * SECOND / self._stream.rate)
        if self._last is not None:
            lost = self._lost_samples(self._last, batch, stamp)
            self._sequence += lost
            if not lost:
                # The samples fill the time since the notification before.
                first_stamp = self._last.stamp + (stamp - self._last.stamp) // count
        frame = Frame(
            sensor=self._sensor,
            boot=self._boot,
            sequence=self._sequence % COUNTER_MODULUS,
            clock=first_stamp % COUNTER_MODULUS,
            rate=self._stream.rate,
            battery=None,
            quantity=self._stream.quantity,
            samples=mask_unusable(batch.samples, self._stream.range_g),
            signature=NO_SIGNATURE,
        )
        self._sequence += count
        self._last = LastBatch(stamp, arrived)
        return frame

    def _start_boot(self) -> None:
        """Start the numbers again, as a device does when it restarts."""
        self._boot = (self._boot + 1) % COUNTER_MODULUS
        self._sequence = 0
        self._last = None

    def _lost_samples(self, last: LastBatch, batch: SampleBatch, stamp: int) -> int:
        """Return how many samples are missing between the last notification and this one."""
        count = batch.samples.shape[1]
        missing = round((stamp - last.stamp) * self._stream.rate / SECOND) - count
        if batch.stamp is None:
            # Times of arrival vary too much for small gaps.
            threshold = ARRIVAL_GAP_US * self._stream.rate / SECOND
        else:
            threshold = max(MIN_LOST_SAMPLES, MIN_LOST_SHARE * count)
        return missing if missing >= threshold else 0


def clock_was_set(last: LastBatch, stamp: int, arrived: int) -> bool:
    """Return whether a device's clock did not run like the host's since the last notification."""
    device_elapsed = stamp - last.stamp
    host_elapsed = arrived - last.arrived
    return device_elapsed <= 0 or abs(device_elapsed - host_elapsed) > CLOCK_SLACK_US


def mask_unusable(samples: Floats, range_g: float) -> Floats:
    """Return acceleration (g) with NaN for samples at the end of the range, and for zeros.

    A sensor at rest measures gravity: zero on all axes is no measurement.
    """
    masked = samples.copy()
    saturated = ~(np.abs(samples) < FULL_SCALE_SHARE * range_g).all(axis=0)
    empty = (samples == 0).all(axis=0)
    masked[:, saturated | empty] = np.nan
    return masked
