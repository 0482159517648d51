"""Turn the frames of one device into sample blocks in UTC.

The sample numbers and the clock of the device are unwrapped, and the offset and the rate of its
clock are measured against the host's. The device's own time of day is never used and its nominal
rate only until the measured one is known. All arithmetic uses the host's steady clock; UTC is added
last, so that setting the host's clock changes no duration.

The offset comes from the arrival that was delayed least. Where all samples come late, because the
bridge or the link was away, that is a clock frame, which a device sends before them.

Pure: the time of arrival is an argument.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.detection.signal import SECOND, Quantity, SampleBlock, SampleClock, Sensor
from limber_bridge.sources.frames import ClockFrame, Frame, signed_difference
from limber_bridge.sources.source_api import FrameError, Reason, Samples, SourceEvent

OFFSET_WINDOW_US: Final = 60 * SECOND
"""Arrivals over this time give the offset and the rate of a device's clock; a crystal that is wrong
by 50 ppm drifts by 3 ms in it."""
READING_AGE_US: Final = 2 * OFFSET_WINDOW_US
"""A clock frame is used for so long; devices send one a minute. Chosen: one may be lost."""
MARK_SPACING_US: Final = SECOND // 2
"""One mark is kept for each such period, so that a device that sends every sample in a frame of its
own needs no more memory than others."""
RATE_SETTLING_US: Final = 10 * SECOND
"""Time on the device's clock after which its measured rate replaces the nominal rate."""
CLOCK_JUMP_US: Final = SECOND // 2
"""Largest disagreement between a device's clock and its sample numbers; smaller ones cannot be
distinguished from lost samples."""
RESTART_STEP_BACK_S: Final = 10
"""A sample number that goes back by more than this means that the device restarted but kept its
boot id."""


RESENT_AGE_US: Final = SECOND
"""A frame that ends earlier than this before the last clock frame was sent again. Chosen: frames
that a network exchanges lie closer together."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What a clock frame said, and when."""

    boot: int
    device_time: int
    """us on the device's clock, unwrapped."""
    arrived: int
    """us on the host's steady clock."""

    @property
    def delay(self) -> int:
        """Offset from the device's clock to the host's, plus the time of travel, in us."""
        return self.arrived - self.device_time

    def unwrap(self, clock: int) -> int:
        """Return the unwrapped time (us) of a wrapped one, the nearest to this reading."""
        return self.device_time + signed_difference(clock - self.device_time)


@dataclass(frozen=True, slots=True)
class FrameMark:
    """Number and times of the first sample of one frame."""

    number: int
    device_time: int
    """us on the device's clock, unwrapped."""
    arrived: int
    """us on the host's steady clock."""
    count: int
    """Samples in the frame."""
    delay: int
    """us from the last sample on the device's clock to the arrival on the host's: the offset of the
    clocks plus the time that the frame travelled."""


class ClockSync:
    """Follows the counters and the clock of one device from frame to frame."""

    def __init__(self, sensor: Sensor) -> None:
        """Start without any knowledge of the device; the first frame gives it."""
        self._sensor = sensor
        self._boot: int | None = None
        self._restarted = False
        """Whether a device that keeps its boot id has started again since its last frame."""
        self._marks: deque[FrameMark] = deque()
        self._last: FrameMark | None = None
        self._readings: deque[ClockReading] = deque()
        """What the clock frames of one boot said, the latest last."""
        self._rate_settled = False
        self._measured_rate: float | None = None
        """Hz by the device's own clock; None: not known yet."""
        self._next_sequence = 0
        """The device's number of the next sample."""
        self._next_number = 0
        """Our number of the next sample: it never wraps and never starts again."""
        self._last_sample_time = 0
        """us on the host's steady clock."""

    def is_for(self, quantity: Quantity) -> bool:
        """Return whether the sensor measures this quantity."""
        return quantity is self._sensor.quantity

    def has_clock_frame(self, boot: int) -> bool:
        """Return whether the last clock frame was one of this boot."""
        return bool(self._readings) and self._readings[-1].boot == boot

    def was_resent(self, frame: Frame) -> bool:
        """Return whether a frame is from well before the last clock frame, which it came after.

        So it comes from the memory of a device that sends it after a reconnect.
        """
        if not self.has_clock_frame(frame.boot):
            return False
        reading = self._readings[-1]
        end = reading.unwrap(frame.clock) + sample_span_us(frame.count, frame.rate)
        return end < reading.device_time - RESENT_AGE_US

    def is_behind(self, frame: Frame) -> bool:
        """Return whether a frame begins before the last samples of its boot that were processed."""
        if frame.boot != self._boot:
            return False
        return signed_difference(frame.sequence - self._next_sequence) < 0

    def process_clock_frame(self, frame: ClockFrame, arrived: int) -> None:
        """Note what the clock of the device shows now; `arrived` is as in `process_frame`."""
        if not self.has_clock_frame(frame.boot):
            self._readings.clear()
        device_time = frame.clock
        if self._readings:
            last = self._readings[-1]
            expected = last.device_time + arrived - last.arrived
            device_time = expected + signed_difference(frame.clock - expected)
        elif self._last is not None and frame.boot == self._boot:
            expected = self._last.device_time + arrived - self._last.arrived
            device_time = expected + signed_difference(frame.clock - expected)
        self._readings.append(ClockReading(frame.boot, device_time, arrived))

    def forget_boot(self, boot: int) -> None:
        """Take the next frame as the first of another start of the device.

        A device without a key may start again with the same boot id.
        """
        if self._boot == boot:
            self._restarted = True
        self._readings.clear()

    def process_frame(
        self, frame: Frame, arrived: int, utc_offset: int = 0
    ) -> Iterator[SourceEvent]:
        """Yield the samples of a frame, and what is wrong with it.

        `arrived` is in us on the host's steady clock; `arrived + utc_offset` is UTC.
        """
        if not self.is_for(frame.quantity):
            yield self._error(
                Reason.WRONG_QUANTITY,
                f"the sensor sends {frame.quantity}, limber.yaml says {self._sensor.quantity}: "
                "correct `quantity` in limber.yaml",
            )
            return
        skipped = signed_difference(frame.sequence - self._next_sequence)
        stepped_back = skipped < -RESTART_STEP_BACK_S * frame.rate
        if frame.boot != self._boot or self._restarted or stepped_back:
            if self._boot is not None:
                yield self._error(Reason.RESTARTED, "the sensor has restarted")
            skipped = self._start_boot(frame, arrived)
        elif skipped + frame.count <= 0:
            yield self._error(Reason.REPEATED, "a frame arrived twice, or too late")
            return
        number = self._next_number + skipped
        if self._clock_jumped(frame, number):
            yield self._error(Reason.CLOCK_JUMPED, "the clock of the sensor jumped")
            self._drop_readings_before(self._last)
            self._forget_clock()
        if frame.saturated:
            yield self._error(
                Reason.SATURATED, "samples at the end of the sensor's range are left out"
            )
        block = self._make_block(frame, number, arrived, utc_offset)
        yield Samples(self._sensor.id, block, frame.battery)
        self._next_sequence = frame.sequence + frame.count
        self._next_number = number + frame.count

    def _error(self, reason: Reason, detail: str) -> FrameError:
        return FrameError(self._sensor.id, reason, detail)

    def _start_boot(self, frame: Frame, arrived: int) -> int:
        """Start with a new boot; return how many sample numbers the time without samples takes."""
        had_boot = self._boot is not None
        self._boot = frame.boot
        self._restarted = False
        self._forget_clock()
        if not had_boot:
            return 0
        gap = self._first_sample_time(frame, arrived) - self._last_sample_time
        return max(1, round(gap / SECOND * frame.rate))

    def _first_sample_time(self, frame: Frame, arrived: int) -> int:
        """Return when the first sample of the first frame of a boot was taken.

        In us on the host's steady clock; by a clock frame of that boot, if there was one.
        """
        if self.has_clock_frame(frame.boot):
            offset = min(reading.delay for reading in self._readings)
            return self._readings[-1].unwrap(frame.clock) + offset
        return arrived - round(frame.count * SECOND / frame.rate)

    def _forget_clock(self) -> None:
        self._marks.clear()
        self._last = None
        self._rate_settled = False
        self._measured_rate = None

    def _drop_readings_before(self, last: FrameMark | None) -> None:
        """Drop the clock frames that arrived before the last samples."""
        while last is not None and self._readings and self._readings[0].arrived <= last.arrived:
            self._readings.popleft()

    def _clock_jumped(self, frame: Frame, number: int) -> bool:
        if self._last is None:
            return False
        expected = self._expected_device_time(self._last, number, self._device_rate(frame))
        return abs(signed_difference(frame.clock - expected)) > CLOCK_JUMP_US

    @staticmethod
    def _expected_device_time(last: FrameMark, number: int, rate: float) -> int:
        return last.device_time + round((number - last.number) * SECOND / rate)

    def _device_rate(self, frame: Frame) -> float:
        """Return the rate in Hz by the device's own clock; the nominal one until that is known.

        After a pause of the link, it is the one measured before, until there is another.
        """
        if self._last is None:
            return frame.rate
        first = self._marks[0]
        elapsed = self._last.device_time - first.device_time
        if elapsed >= RATE_SETTLING_US:
            self._measured_rate = (self._last.number - first.number) * SECOND / elapsed
        rate = frame.rate if self._measured_rate is None else self._measured_rate
        # A rate that differs by a factor of 2 comes from a broken clock or broken numbers.
        return rate if 0.5 < rate / frame.rate < 2.0 else frame.rate

    def _make_block(self, frame: Frame, number: int, arrived: int, utc_offset: int) -> SampleBlock:
        """Return the samples of a frame, placed in UTC."""
        rate = self._device_rate(frame)
        device_time = frame.clock
        if self._last is not None:
            # Unwrap the device's clock: take the value nearest to the expected one.
            expected = self._expected_device_time(self._last, number, rate)
            device_time = expected + signed_difference(frame.clock - expected)
        elif self.has_clock_frame(frame.boot):
            device_time = self._readings[-1].unwrap(frame.clock)
        self._settle_rate(rate)
        span = sample_span_us(frame.count, rate)
        self._add_mark(
            FrameMark(number, device_time, arrived, frame.count, arrived - device_time - span)
        )
        while self._marks[0].arrived < arrived - OFFSET_WINDOW_US:
            self._marks.popleft()
        clock_offset = self._clock_offset(frame.boot, arrived)
        self._last_sample_time = device_time + span + clock_offset
        clock = SampleClock(
            number, device_time + clock_offset + utc_offset, self._device_rate(frame)
        )
        return SampleBlock(number, frame.samples, clock, frame.rate)

    def _clock_offset(self, boot: int, arrived: int) -> int:
        """Return the offset of the clocks in us, by the frame that travelled fastest."""
        while self._readings and self._readings[0].arrived < arrived - READING_AGE_US:
            self._readings.popleft()
        delays = [mark.delay for mark in self._marks]
        if self.has_clock_frame(boot):
            delays += [reading.delay for reading in self._readings]
        return min(delays)

    def _settle_rate(self, rate: float) -> None:
        """Recompute the delays of all marks once the measured rate has replaced the nominal one."""
        if self._rate_settled or self._last is None:
            return
        if self._last.device_time - self._marks[0].device_time < RATE_SETTLING_US:
            return
        self._rate_settled = True
        self._marks = deque(
            replace(mark, delay=mark.arrived - mark.device_time - sample_span_us(mark.count, rate))
            for mark in self._marks
        )

    def _add_mark(self, mark: FrameMark) -> None:
        """Keep a mark; of those within one `MARK_SPACING_US`, the one with the smallest delay."""
        self._last = mark
        if (
            not self._marks
            or self._marks[-1].arrived // MARK_SPACING_US != mark.arrived // MARK_SPACING_US
        ):
            self._marks.append(mark)
        elif mark.delay < self._marks[-1].delay:
            self._marks[-1] = mark


def sample_span_us(count: int, rate: float) -> int:
    """Return the time from the first to the last of `count` samples at `rate` Hz."""
    return round((count - 1) * SECOND / rate)
