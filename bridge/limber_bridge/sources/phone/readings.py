"""Pick the stream of a recording that has gravity, and join it from two where necessary; pure.

An iPhone sends the acceleration without gravity and the gravity as two sensors; a watch sends both
in one reading. Their sum is what an accelerometer measures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, Times
from limber_bridge.sources.phone.messages import PhoneMessage, Readings, Sensor

MAX_GRAVITY_DISTANCE_US: Final = SECOND // 4
"""Longest time between two values of the gravity that are joined by a line. Chosen: both sensors
have the same rate, and gravity changes slowly."""
MAX_GRAVITY_WAIT_US: Final = SECOND
"""Time for which acceleration waits for the gravity of the same moment. Chosen: the usual time
between two messages."""
LARGEST_STEP_BACK_US: Final = SECOND // 10
"""Readings of one message that are out of order by less are sorted; by more, the clock was set."""


class Stream(StrEnum):
    """What to read of a recording, as written in limber.yaml."""

    TOTAL_ACCELERATION = "total_acceleration"
    UNCALIBRATED = "accelerometer_uncalibrated"
    ACCELERATION_AND_GRAVITY = "accelerometer_and_gravity"
    ACCELERATION = "accelerometer"
    WRIST_MOTION = "wrist_motion"


SENSORS: Final[Mapping[Stream, tuple[Sensor, Sensor | None]]] = {
    Stream.TOTAL_ACCELERATION: (Sensor.TOTAL_ACCELERATION, None),
    Stream.UNCALIBRATED: (Sensor.UNCALIBRATED, None),
    Stream.ACCELERATION_AND_GRAVITY: (Sensor.ACCELERATION, Sensor.GRAVITY),
    Stream.ACCELERATION: (Sensor.ACCELERATION, None),
    Stream.WRIST_MOTION: (Sensor.WRIST_MOTION, Sensor.WRIST_GRAVITY),
}
"""The sensors of each stream of a phone, the best stream first, and the gravity to be added."""
NEEDED_SETTINGS: Final[Mapping[Stream, str]] = {
    Stream.TOTAL_ACCELERATION: "switch on Accelerometer (only Android sends the total)",
    Stream.UNCALIBRATED: "switch on the uncalibrated accelerometer under Sensor Configuration",
    Stream.ACCELERATION_AND_GRAVITY: "switch on Accelerometer and Gravity",
    Stream.ACCELERATION: "switch on Accelerometer",
    Stream.WRIST_MOTION: "switch on Wrist Motion and Heart Rate, and open the app on the watch",
}
"""What the person does to get each stream."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Samples of the chosen stream, in the order in which they were taken."""

    times: Times
    """us since 1970 on the phone's clock, shape (n,)."""
    values: Floats
    """Shape (3, n), in the unit of the app."""

    def __len__(self) -> int:
        return len(self.times)

    def part(self, begin: int, end: int) -> Points:
        """Return the samples from index `begin` to before `end`."""
        return Points(self.times[begin:end], self.values[:, begin:end])


NO_POINTS: Final = Points(np.empty(0, np.int64), np.empty((3, 0)))


def join_points(*parts: Points) -> Points:
    """Return the samples of several parts as one."""
    return Points(
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts], axis=1),
    )


def streams_in(sensors: frozenset[Sensor]) -> tuple[Stream, ...]:
    """Return the streams that these sensors make up, the best first."""
    return tuple(
        stream
        for stream, (sensor, gravity) in SENSORS.items()
        if sensor in sensors and (gravity is None or gravity in sensors)
    )


def missing_stream_text(wanted: Stream | None, other_names: frozenset[str]) -> str:
    """Return what the person must do if the wanted stream is not in a recording."""
    if wanted is not None:
        return (
            f"The stream `{wanted}` of limber.yaml is not in this recording: "
            f"{NEEDED_SETTINGS[wanted]}, or remove `stream` from limber.yaml."
        )
    found = f" (it has {', '.join(sorted(other_names)[:5])})" if other_names else ""
    return (
        f"This recording has no acceleration{found}: switch on Accelerometer and Gravity, or Wrist "
        "Motion for a watch."
    )


WATCH_AND_PHONE_TEXT: Final = (
    "This recording has the motion of both the watch and the phone: switch one of them off, or add "
    "`stream: wrist_motion` (watch) or `stream: accelerometer_and_gravity` (phone) to the sensor "
    "in limber.yaml."
)


class StreamReader:
    """Returns the samples of one stream from messages in order, with the gravity added."""

    def __init__(self, stream: Stream) -> None:
        """Start before the first message."""
        self._sensor, self._gravity = SENSORS[stream]
        self._waiting = NO_POINTS
        """Acceleration whose gravity has not come yet."""
        self._last_gravity = NO_POINTS
        """The last value of the gravity."""

    def process_message(self, message: PhoneMessage) -> Points:
        """Return the samples that are complete with this message."""
        points = points_of(message.readings.get(self._sensor))
        if self._gravity is None:
            return points
        gravity = points_of(message.readings.get(self._gravity))
        if len(points) and points is not NO_POINTS and same_times(points, gravity):
            # The usual case: both sensors are read at the same moments.
            self._last_gravity = gravity.part(len(gravity) - 1, len(gravity))
            added = Points(points.times, points.values + gravity.values)
            waiting, self._waiting = self._waiting, NO_POINTS
            return join_points(self._without_gravity(waiting), added) if len(waiting) else added
        return self._add_gravity(join_points(self._waiting, points), gravity)

    def _add_gravity(self, points: Points, new_gravity: Points) -> Points:
        """Return the samples up to the newest gravity, and keep those after it."""
        gravity = join_points(self._last_gravity, new_gravity)
        if not len(points):
            self._last_gravity = gravity.part(max(0, len(gravity) - 1), len(gravity))
            return NO_POINTS
        newest = gravity.times.max() if len(gravity) else points.times[0] - 1
        # A clock that was set back ends the wait as well.
        ready = (points.times <= newest) | (points.times < points.times[-1] - MAX_GRAVITY_WAIT_US)
        count = int(np.flatnonzero(ready)[-1]) + 1 if ready.any() else 0
        head = points.part(0, count)
        self._waiting = points.part(count, len(points))
        self._last_gravity = gravity.part(max(0, len(gravity) - 1), len(gravity))
        return Points(head.times, head.values + gravity_at(head.times, gravity))

    def _without_gravity(self, points: Points) -> Points:
        """Return samples whose gravity never came: they are lost."""
        return Points(points.times, np.full_like(points.values, np.nan))


def points_of(readings: Readings | None) -> Points:
    """Return readings as samples; slightly disordered ones are sorted."""
    if readings is None:
        return NO_POINTS
    steps = np.diff(readings.times)
    disordered = len(steps) > 0 and steps.min() < 0
    if not disordered or steps.min() < -LARGEST_STEP_BACK_US:
        return Points(readings.times, readings.values)
    order = np.argsort(readings.times, kind="stable")
    return Points(readings.times[order], readings.values[:, order])


def same_times(points: Points, gravity: Points) -> bool:
    """Return whether two sensors were read at the same moments."""
    return np.array_equal(points.times, gravity.times)


def gravity_at(times: Times, gravity: Points) -> Floats:
    """Return the gravity at some times (us), shape (3, n); NaN where it was not measured near."""
    if not len(gravity):
        return np.full((3, len(times)), np.nan)
    order = np.argsort(gravity.times, kind="stable")
    known = gravity.times[order]
    after = np.clip(np.searchsorted(known, times), 0, len(known) - 1)
    before = np.clip(after - 1, 0, len(known) - 1)
    near = np.minimum(np.abs(known[after] - times), np.abs(times - known[before]))
    lines = np.array([np.interp(times, known, axis[order]) for axis in gravity.values])
    return np.where(near <= MAX_GRAVITY_DISTANCE_US, lines, np.nan)
