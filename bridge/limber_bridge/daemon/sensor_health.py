"""The health of sensors: what arrives from them, how much is lost, and what is wrong."""

from collections import Counter, deque
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.continuity import is_complete
from limber_bridge.detection.events import SignalFault
from limber_bridge.detection.signal import SECOND, SampleBlock
from limber_bridge.domain.nights import to_utc
from limber_bridge.protocol.health_messages import SensorHealth
from limber_bridge.sources.source_api import Ended, FrameError, Reason, Resent, Samples, SourceEvent

DISCONNECTED_AFTER_US: Final = 10 * SECOND
"""Time without a sample after which a sensor counts as disconnected, and its source is opened
again. Chosen: several times the longest interval between two frames of a known sensor."""
SILENT_AFTER_US: Final = 60 * SECOND
"""Time without a sample after which that is reported as a problem. Chosen: a sensor that comes
back sooner needs no attention."""
LATE_AFTER_US: Final = 10 * SECOND
"""A sample that arrives later than this after it was taken counts as late. Chosen: as long as a
sensor may be silent before it counts as disconnected, so that a slow network is not late."""
RECENT_US: Final = 60 * SECOND
"""Time over which the signal quality is taken, and for which an error of a frame is reported."""
URGENT: Final = frozenset(
    {
        Reason.UNKNOWN_QUANTITY,
        Reason.WRONG_QUANTITY,
        Reason.COUNTS_FRAMES,
        Reason.WRONG_RATE,
        Reason.WRONG_CLOCK_SPEED,
        Reason.WRONG_BYTE_ORDER,
        Reason.WRONG_GRAVITY,
        Reason.NO_GRAVITY,
        Reason.WRONG_UNIT,
        Reason.TOO_SLOW,
    }
)
"""Errors for which the samples of a sensor are refused until a person acts. They come before what
is wrong with its signal."""
PROBLEM_SILENT: Final = "silent"
"""Problem of a sensor that sends nothing."""
PROBLEM_ENDED: Final = "ended"
"""Problem of a sensor whose recording has been played to its end."""


@dataclass(frozen=True, slots=True)
class SensorStatus:
    """The part of a sensor's health that is published at once when it changes."""

    sensor: int
    connected: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class BlockCount:
    """How many samples of one block were expected, and how many were good."""

    received_at: int
    """Host time in us."""
    expected: int
    good: int


class SampleLossCounter:
    """Count the samples of one sensor that never arrived or were unusable."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self.lost = 0
        """Samples lost since the bridge started."""
        self._end: int | None = None
        self._recent: deque[BlockCount] = deque()

    def add(self, block: SampleBlock, now: int) -> None:
        """Count one block, and what is missing between the last one and it."""
        good = block.samples.shape[1]
        if not is_complete(block.samples):
            good = int(np.isfinite(block.samples).all(axis=0).sum())
        start = block.first if self._end is None else min(self._end, block.first)
        expected = block.end - start
        self.lost += expected - good
        self._end = max(block.end, self._end or 0)
        # After a long absence only the part that the quality looks back at counts.
        longest = good + round(block.rate * RECENT_US / SECOND)
        self._recent.append(BlockCount(now, min(expected, longest), good))
        self._drop_old(now)

    def quality(self, now: int) -> int | None:
        """Return the percentage of good samples of the last minute; None where none was due."""
        self._drop_old(now)
        expected = sum(block.expected for block in self._recent)
        if not expected:
            return None
        return round(100 * sum(block.good for block in self._recent) / expected)

    def _drop_old(self, now: int) -> None:
        # A time in the future is from before the clock was set back.
        while self._recent and abs(now - self._recent[0].received_at) > RECENT_US:
            self._recent.popleft()


class FrameErrorCounter:
    """Count the frames of one sensor that had an error, by reason."""

    def __init__(self) -> None:
        """Start without an error."""
        self.refused = 0
        """Frames that were not used at all."""
        self.counts: Counter[str] = Counter()
        """Frames with an error, by reason."""
        self._proven: dict[Reason, int] = {}
        """By reason: when (us) the last frame came that is surely from the sensor."""
        self._unproven: dict[Reason, int] = {}
        """The same of frames that anyone could have sent."""

    def add(self, error: FrameError, now: int) -> None:
        """Count one frame."""
        seen = self._unproven if error.unproven else self._proven
        # Inserted again at the end, so that the latest comes last, also at the same time.
        seen.pop(error.reason, None)
        seen[error.reason] = now
        self.counts[error.reason] += 1
        self.refused += error.reason.discards_frame

    def urgent(self, now: int) -> Reason | None:
        """Return the latest recent error for which the samples of the sensor are refused."""
        return latest({reason: at for reason, at in self._proven.items() if reason in URGENT}, now)

    def minor(self, now: int) -> Reason | None:
        """Return the latest recent error that is surely the sensor's, urgent or not."""
        return latest(self._proven, now)

    def unproven(self, now: int) -> Reason | None:
        """Return the latest recent error of a frame that anyone could have sent."""
        return latest(self._unproven, now)


def latest(seen: dict[Reason, int], now: int) -> Reason | None:
    """Return the reason that was seen last, if it was within the last minute."""
    recent = (reason for reason, at in reversed(seen.items()) if abs(now - at) < RECENT_US)
    return next(recent, None)


class SensorHealthTracker:
    """Track the health of one sensor. Times are us on the host's clock."""

    def __init__(self, started: int, *, live: bool) -> None:
        """Start at a time; nothing has been received.

        `live`: False for a recording, whose samples were taken at another time.
        """
        self._started = started
        self._live = live
        self._received_at: int | None = None
        self._last_sample: int | None = None
        self._rate: float | None = None
        self._battery: int | None = None
        self._late = 0
        self._resent = 0
        self._losses = SampleLossCounter()
        self._errors = FrameErrorCounter()
        self._faults: dict[str, SignalFault] = {}
        self.resends = False
        """Whether the device has sent again, after a connect, what its memory holds."""
        self.ended = False
        """Whether the recording that this sensor plays is over."""

    def process(self, arrival: SourceEvent, now: int) -> None:
        """Take in what the source of this sensor delivered."""
        match arrival:
            case Samples(block=block, read_before=True):
                self._received_at = now
                self._resent += block.end - block.first
            case Samples(block=block, battery=battery, resends=resends):
                self.resends = resends
                self.ended = False
                self._received_at = now
                self._last_sample = block.clock.time_of(block.end - 1)
                self._rate = block.clock.rate
                if self._live and now - self._last_sample > LATE_AFTER_US:
                    self._late += block.end - block.first
                self._losses.add(block, now)
                self._battery = self._battery if battery is None else battery
            case FrameError():
                self._errors.add(arrival, now)
            case Resent(samples=samples):
                self._resent += samples
            case Ended():
                self._received_at = None
                self.ended = True

    def process_fault(self, fault: SignalFault) -> None:
        """Take in that a fault of the signal began, or is over."""
        if fault.end is None:
            self._faults[fault.fault] = fault
        else:
            self._faults.pop(fault.fault, None)

    def connected(self, now: int) -> bool:
        """Return whether samples arrived within the last seconds."""
        # The clock may have been set back since.
        return (
            self._received_at is not None and abs(now - self._received_at) < DISCONNECTED_AFTER_US
        )

    def problem(self, now: int) -> str | None:
        """Return the key of the problem that matters most, None where there is none.

        While samples arrive, a frame that anyone could have sent is no problem of the sensor, and
        what is wrong with the signal comes before errors of single frames.
        """
        if self.ended:
            return PROBLEM_ENDED
        errors = self._errors
        fault = next(iter(self._faults), None)
        if self.connected(now):
            return errors.urgent(now) or fault or errors.minor(now)
        error = errors.urgent(now) or errors.minor(now) or errors.unproven(now)
        since = self._started if self._received_at is None else self._received_at
        silent = PROBLEM_SILENT if abs(now - since) >= SILENT_AFTER_US else None
        return error or silent or fault

    def message(self, now: int) -> SensorHealth:
        """Return the health as it is published."""
        connected = self.connected(now)
        last_sample = self._last_sample
        return SensorHealth(
            connected=connected,
            last_sample=None if last_sample is None else to_utc(last_sample),
            rate=None if self._rate is None else round(self._rate, 2),
            battery=self._battery,
            quality=self._losses.quality(now) if connected else None,
            lost=self._losses.lost,
            refused=self._errors.refused,
            late=self._late,
            resent=self._resent,
            problem=self.problem(now),
            error_counts=dict(self._errors.counts),
        )


class SensorHealthSet:
    """Track the health of all sensors of one sleeper."""

    def __init__(self, sensors: Iterable[int], started: int, *, live: bool = True) -> None:
        """Start with sensor ids; nothing has been received. `live`: False for recordings."""
        self._live = live
        self._trackers = {sensor: SensorHealthTracker(started, live=live) for sensor in sensors}

    def set_sensors(self, sensors: Iterable[int], kept: Container[int], now: int) -> None:
        """Go on with other sensors; what is known of those in `kept` stays."""
        self._trackers = {
            sensor: self._trackers[sensor]
            if sensor in kept
            else SensorHealthTracker(now, live=self._live)
            for sensor in sensors
        }

    def process(self, sensor: int, arrival: SourceEvent, now: int) -> None:
        """Take in what the source of one sensor delivered."""
        self._trackers[sensor].process(arrival, now)

    def process_fault(self, fault: SignalFault) -> None:
        """Take in a fault of a signal; one of a sensor that was removed is ignored."""
        tracker = self._trackers.get(fault.sensor)
        if tracker is not None:
            tracker.process_fault(fault)

    def any_connected(self, now: int) -> bool:
        """Return whether any sensor delivers samples."""
        return any(tracker.connected(now) for tracker in self._trackers.values())

    def not_resending(self) -> set[int]:
        """Return the ids of the sensors that do not send again what the bridge has missed."""
        return {sensor for sensor, tracker in self._trackers.items() if not tracker.resends}

    def all_ended(self) -> bool:
        """Return whether every sensor plays a recording that is over."""
        return all(tracker.ended for tracker in self._trackers.values())

    def statuses(self, now: int) -> tuple[SensorStatus, ...]:
        """Return what is published at once when it changes."""
        return tuple(
            SensorStatus(sensor, tracker.connected(now), tracker.problem(now))
            for sensor, tracker in self._trackers.items()
        )

    def message(self, sensor: int, now: int) -> SensorHealth:
        """Return the health of one sensor as it is published."""
        return self._trackers[sensor].message(now)

    def messages(self, now: int) -> dict[str, SensorHealth]:
        """Return the health of each sensor as it is published, by sensor id."""
        return {str(sensor): tracker.message(now) for sensor, tracker in self._trackers.items()}
