"""Decide from the first seconds of a recording how to read it: stream, unit and rate; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND
from limber_bridge.recordings.even_grid import measure_rate
from limber_bridge.sources.phone.gravity import Unit, UnitFault, find_unit
from limber_bridge.sources.phone.messages import PhoneMessage
from limber_bridge.sources.phone.readings import (
    WATCH_AND_PHONE_TEXT,
    Points,
    Stream,
    StreamReader,
    join_points,
    missing_stream_text,
    streams_in,
)
from limber_bridge.sources.source_api import Reason

LOOK_AT_US: Final = 3 * SECOND
"""Length of the part of a recording that is looked at. Chosen: long enough for a second at rest,
short enough that the person still looks at the screen when the app shows an error."""
MIN_RATE_HZ: Final = 20.0
"""Slowest rate that is accepted. Chosen: ten samples in the shortest leg movement (0.5 s)."""
MAX_HELD_US: Final = 120 * SECOND
"""Length of what is held while the sensor is not at rest. Chosen: the time to walk to the bed and
lie down."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How to read a recording."""

    stream: Stream
    factor: float
    """Multiplies the values to give g."""
    rate: float
    """Hz, as measured."""


class Calibration:
    """Holds the first messages of a recording until it is known how to read them."""

    def __init__(self, wanted: Stream | None) -> None:
        """Start; `wanted` is the stream that limber.yaml names, if any."""
        self._wanted = wanted
        self._messages: list[PhoneMessage] = []

    def add(self, message: PhoneMessage) -> Setup | UnitFault | None:
        """Take a message; return the decision, or None if it needs more of them.

        After a fault the messages so far are dropped and the next seconds are looked at.
        """
        self._messages.append(message)
        if span_us(self._messages) < LOOK_AT_US:
            return None
        outcome = decide(self._messages, self._wanted)
        if isinstance(outcome, UnitFault):
            self._messages.clear()
        elif outcome is None:
            self._drop_oldest()
        return outcome

    def take_messages(self) -> Iterator[PhoneMessage]:
        """Yield what was held, in order."""
        held = self._messages
        self._messages = []
        yield from held

    def _drop_oldest(self) -> None:
        while span_us(self._messages) > MAX_HELD_US:
            del self._messages[0]


def span_us(messages: list[PhoneMessage]) -> int:
    """Return the time from the first to the last reading, in us."""
    with_readings = [message for message in messages if message.readings]
    if not with_readings:
        # A recording without any acceleration: count the messages as if each had a second.
        return len(messages) * SECOND
    oldest = min(message.oldest_time for message in with_readings)
    return max(message.newest_time for message in with_readings) - oldest


def decide(messages: list[PhoneMessage], wanted: Stream | None) -> Setup | UnitFault | None:
    """Return how to read these messages, why they cannot be read, or None if it is not clear."""
    stream = choose_stream(messages, wanted)
    if isinstance(stream, UnitFault):
        return stream
    reader = StreamReader(stream)
    points = join_points(*(reader.process_message(one) for one in messages))
    points = increasing(points)
    if len(points) < 3:
        return slow_fault(0.0)
    rate = measure_rate(points.times)
    if rate < MIN_RATE_HZ:
        return slow_fault(rate)
    match find_unit(points):
        case Unit(factor):
            return Setup(stream, factor, rate)
        case other:
            return other


def choose_stream(messages: list[PhoneMessage], wanted: Stream | None) -> Stream | UnitFault:
    """Return the stream to read, or why there is none."""
    sensors = frozenset(sensor for message in messages for sensor in message.readings)
    found = streams_in(sensors)
    if wanted in found:
        return wanted
    if not found or wanted is not None:
        other_names = frozenset(name for message in messages for name in message.other_names)
        return UnitFault(Reason.WRONG_QUANTITY, missing_stream_text(wanted, other_names))
    if Stream.WRIST_MOTION in found and len(found) > 1:
        return UnitFault(Reason.WRONG_QUANTITY, WATCH_AND_PHONE_TEXT)
    return found[0]


def slow_fault(rate: float) -> UnitFault:
    """Return the fault of a stream that is too slow."""
    return UnitFault(
        Reason.TOO_SLOW,
        f"This stream has {rate:.3g} samples per second, and leg movements need at least "
        f"{MIN_RATE_HZ:g}: set the sampling frequency of the acceleration in the app to 50 Hz.",
    )


def increasing(points: Points) -> Points:
    """Return the samples that are later than all before them."""
    if not len(points):
        return points
    later = points.times[1:] > np.maximum.accumulate(points.times)[:-1]
    kept = np.concatenate([[True], later])
    return Points(points.times[kept], points.values[:, kept])
