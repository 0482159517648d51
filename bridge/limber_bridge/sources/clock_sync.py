"""The frames of one device -> blocks in UTC: sample numbers unwrapped, the device's clock followed.

Law: pure; the time of arrival is an argument. A device's own time of day and nominal rate are never
trusted. All is reckoned on the host's steady clock; UTC comes last, so that a host whose clock is
set bends no duration.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock, Sensor
from limber_bridge.sources.frames import Frame, near
from limber_bridge.sources.source_api import Arrival, FrameError, Reason, Samples

WINDOW: Final = 60 * SECOND
"""us of arrivals that give offset and rate of a device's clock: a crystal 50 ppm off drifts by 3 ms
in it."""
SPELL: Final = SECOND // 2
"""us of arrivals of which one is kept: a device that sends each sample by itself costs no more than
others."""
SETTLED: Final = 10 * SECOND
"""us of a device's clock before its measured rate is believed more than the nominal one."""
JUMP: Final = SECOND // 2
"""us by which a device's clock may disagree with its sample numbers; what is not told apart from a
gap is none."""
BACK: Final = 10
"""s; a sample number that goes back by more than this is a device that began anew without saying
so."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the beginning of one frame lay."""

    number: int
    device: int
    """us on the device's clock, unwrapped."""
    arrived: int
    """us on the host's steady clock."""
    count: int
    """Samples in the frame."""
    delay: int
    """us from the device's clock at the last sample to the arrival: the offset of the clocks plus
    the way."""


class ClockSync:
    """Follows one device from frame to frame."""

    def __init__(self, sensor: Sensor) -> None:
        """Begin; the first frame tells the rest."""
        self._sensor = sensor
        self._boot: int | None = None
        self._marks: deque[Mark] = deque()
        self._last: Mark | None = None
        self._settled = False
        self._sequence = 0
        self._number = 0
        self._end = 0

    def take(self, frame: Frame, arrived: int, offset: int = 0) -> Iterator[Arrival]:
        """Yield what a frame brings that arrived at a time (us) of the host's steady clock; with
        `offset` it is UTC.
        """
        if frame.quantity is not self._sensor.quantity:
            detail = f"it sends {frame.quantity}, limber.yaml says {self._sensor.quantity}: correct `quantity` there"
            yield FrameError(self._sensor.id, Reason.WRONG_QUANTITY, detail)
            return
        ahead = near(frame.sequence - self._sequence)
        count = frame.count
        if frame.boot != self._boot or ahead < -BACK * frame.rate:
            if self._boot is not None:
                yield FrameError(self._sensor.id, Reason.RESTARTED, "the sensor has restarted")
            ahead = self._begin(frame, arrived)
        elif ahead + count <= 0:
            yield FrameError(self._sensor.id, Reason.REPEATED, "a frame came twice, or too late")
            return
        if self._jumps(frame, self._number + ahead):
            yield FrameError(self._sensor.id, Reason.CLOCK_JUMPED, "the clock of the sensor jumped")
            self._forget()
        if frame.saturated:
            yield FrameError(
                self._sensor.id,
                Reason.SATURATED,
                "samples at the end of the sensor's range are left out",
            )
        yield Samples(
            self._sensor.id,
            self._block(frame, self._number + ahead, arrived, offset),
            frame.battery,
        )
        self._sequence = frame.sequence + count
        self._number += ahead + count

    def _begin(self, frame: Frame, arrived: int) -> int:
        """Begin with a new boot; return how many sample numbers to skip for the time in between."""
        known = self._boot is not None
        self._boot = frame.boot
        self._forget()
        if not known:
            return 0
        hole = arrived - round(frame.count * SECOND / frame.rate) - self._end
        return max(1, round(hole / SECOND * frame.rate))

    def _jumps(self, frame: Frame, number: int) -> bool:
        last = self._last
        if last is None:
            return False
        expected = last.device + round((number - last.number) * SECOND / self._rate(frame))
        return abs(near(frame.clock - expected)) > JUMP

    def _rate(self, frame: Frame) -> float:
        """Return the rate of the device as its own clock shows it, or the nominal one before that
        is known.
        """
        if self._last is None:
            return frame.rate
        first = self._marks[0]
        last = self._last
        passed = last.device - first.device
        if passed < SETTLED:
            return frame.rate
        rate = (last.number - first.number) * SECOND / passed
        return rate if 0.5 < rate / frame.rate < 2.0 else frame.rate

    def _forget(self) -> None:
        self._marks.clear()
        self._last = None
        self._settled = False

    def _note(self, mark: Mark) -> None:
        """Keep a mark; of those that came at about the same time the one that was fastest on its
        way.
        """
        self._last = mark
        if self._marks and self._marks[-1].arrived // SPELL == mark.arrived // SPELL:
            if mark.delay < self._marks[-1].delay:
                self._marks[-1] = mark
        else:
            self._marks.append(mark)

    def _settle(self, rate: float) -> None:
        """Once the measured rate is believed, reckon with it where the nominal one had to do
        before.
        """
        if (
            self._settled
            or self._last is None
            or self._last.device - self._marks[0].device < SETTLED
        ):
            return
        self._settled = True
        self._marks = deque(
            replace(mark, delay=mark.arrived - mark.device - spell(mark.count, rate))
            for mark in self._marks
        )

    def _block(self, frame: Frame, number: int, arrived: int, utc: int) -> SampleBlock:
        rate = self._rate(frame)
        device = frame.clock
        if self._last is not None:
            last = self._last
            expected = last.device + round((number - last.number) * SECOND / rate)
            device = expected + near(frame.clock - expected)
        self._settle(rate)
        lasts = spell(frame.count, rate)
        self._note(Mark(number, device, arrived, frame.count, arrived - device - lasts))
        while self._marks[0].arrived < arrived - WINDOW:
            self._marks.popleft()
        # The frame that was fastest on its way is nearest to the truth.
        offset = min(mark.delay for mark in self._marks)
        self._end = device + lasts + offset
        return SampleBlock(
            number,
            frame.samples,
            SampleClock(number, device + offset + utc, self._rate(frame)),
            frame.rate,
        )


def spell(count: int, rate: float) -> int:
    """Return the time (us) from the first to the last of so many samples."""
    return round((count - 1) * SECOND / rate)
