"""Decode the messages of Sensor Logger, which are the same over HTTP and MQTT; pure.

Schema: PUSHING.md of https://github.com/tszheichoi/awesome-sensor-logger, for app version 1.63.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np

from limber_bridge.detection.signal import Floats, Times
from limber_bridge.domain.foreign_text import printable

MAX_BODY_BYTES: Final = 4 * 2**20
"""Largest message. Chosen: a minute of four streams at 100 Hz, with about 118 bytes a reading."""
EARLIEST_TIME_NS: Final = 1_400_000_000_000_000_000
"""2014, in ns since 1970. Chosen: older than any version of the app."""
LATEST_TIME_NS: Final = 4_102_444_800_000_000_000
"""2100, in ns since 1970."""
NS_PER_US: Final = 1000


class InvalidMessageError(Exception):
    """The bytes are not a message of Sensor Logger. The text is a sentence for the person."""


class Sensor(StrEnum):
    """A sensor of the app that the bridge reads, by its name without spaces and capitals."""

    TOTAL_ACCELERATION = "totalacceleration"
    UNCALIBRATED = "accelerometeruncalibrated"
    ACCELERATION = "accelerometer"
    """Without gravity, on most devices."""
    GRAVITY = "gravity"
    WRIST_MOTION = "wristmotion"
    WRIST_GRAVITY = "wristmotion.gravity"
    """The gravity in the readings of `WRIST_MOTION`; not a name of the app."""


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Readings of one sensor, in the order of the message."""

    times: Times
    """us since 1970 on the phone's clock, shape (n,)."""
    values: Floats
    """Shape (3, n), in the unit of the app."""


@dataclass(frozen=True, slots=True, eq=False)
class PhoneMessage:
    """One message of Sensor Logger."""

    number: int
    """`messageId`: counts up within a recording."""
    session: str
    """Id of the recording."""
    device: str
    readings: Mapping[Sensor, Readings]
    battery: int | None = None
    """Charge of the phone in percent; None: not in this message."""
    arrived: int = 0
    """us on the host's steady clock."""
    other_names: frozenset[str] = field(default=frozenset())
    """Names of the sensors in it that the bridge does not read."""

    @property
    def oldest_time(self) -> int:
        """Return the time of the oldest reading, us on the phone's clock; 0 if there is none."""
        times = (int(one.times.min()) for one in self.readings.values() if len(one.times))
        return min(times, default=0)

    @property
    def newest_time(self) -> int:
        """Return the time of the newest reading, us on the phone's clock; 0 if there is none."""
        times = (int(one.times.max()) for one in self.readings.values() if len(one.times))
        return max(times, default=0)


class _Reading(msgspec.Struct):
    name: str
    time: int
    values: dict[str, object] = {}


class _Message(msgspec.Struct):
    messageId: int  # noqa: N815 - a name of the app
    sessionId: str  # noqa: N815
    deviceId: str  # noqa: N815
    payload: list[_Reading]


_DECODER: Final = msgspec.json.Decoder(_Message)

type Axes = tuple[str, str, str]
_XYZ: Final[Axes] = ("x", "y", "z")
AXES: Final[Mapping[str, tuple[tuple[Sensor, Axes], ...]]] = {
    "totalacceleration": ((Sensor.TOTAL_ACCELERATION, _XYZ),),
    "accelerometeruncalibrated": ((Sensor.UNCALIBRATED, _XYZ),),
    "accelerometer": ((Sensor.ACCELERATION, _XYZ),),
    "gravity": ((Sensor.GRAVITY, _XYZ),),
    "wristmotion": (
        (Sensor.WRIST_MOTION, ("accelerationX", "accelerationY", "accelerationZ")),
        (Sensor.WRIST_GRAVITY, ("gravityX", "gravityY", "gravityZ")),
    ),
}
"""By the name in the message: what is read of it, and the names of the axes."""


def parse_message(body: bytes, arrived: int = 0) -> PhoneMessage:
    """Return the message in a body; InvalidMessageError.

    `arrived` is in us on the host's steady clock.
    """
    if len(body) > MAX_BODY_BYTES:
        raise InvalidMessageError(
            f"The message is larger than {MAX_BODY_BYTES // 2**20} MB: choose a shorter batch "
            "period in the settings of the push."
        )
    try:
        message = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMessageError(
            "The bridge was reached, but this is not a message of Sensor Logger: start a "
            f"recording, or check which program sends to this address ({printable(str(error))})."
        ) from error
    if not 0 <= message.messageId < 2**31:
        raise InvalidMessageError("`messageId` is out of range: update Sensor Logger.")
    return PhoneMessage(
        number=message.messageId,
        session=message.sessionId,
        device=message.deviceId,
        readings=dict(_collect(message.payload)),
        battery=_battery(message.payload),
        arrived=arrived,
        other_names=frozenset(
            printable(one.name, 40) for one in message.payload if _key(one.name) not in AXES
        ),
    )


def _key(name: str) -> str:
    """Return the name of a sensor without spaces and capitals: versions of the app differ."""
    return name.replace(" ", "").lower()


def _collect(payload: Iterable[_Reading]) -> Iterable[tuple[Sensor, Readings]]:
    """Yield the readings of each sensor that the bridge reads."""
    by_name: dict[str, list[_Reading]] = {}
    for reading in payload:
        by_name.setdefault(_key(reading.name), []).append(reading)
    for name, readings in by_name.items():
        for sensor, axes in AXES.get(name, ()):
            times = np.array([_time_us(one) for one in readings], dtype=np.int64)
            values = np.array([_values(one, axes) for one in readings], dtype=np.float64)
            yield sensor, Readings(times, values.reshape(-1, 3).T)


def _time_us(reading: _Reading) -> int:
    if not EARLIEST_TIME_NS <= reading.time <= LATEST_TIME_NS:
        raise InvalidMessageError(
            f"The time {printable(str(reading.time))} of `{printable(reading.name, 40)}` is not in "
            "nanoseconds since 1970: set the clock of the phone, and update Sensor Logger."
        )
    return reading.time // NS_PER_US


def _values(reading: _Reading, axes: Axes) -> tuple[float, float, float]:
    x, y, z = axes
    return _value(reading, x), _value(reading, y), _value(reading, z)


def _value(reading: _Reading, axis: str) -> float:
    """Return one value; NaN where the app writes null."""
    value = reading.values.get(axis, "missing")
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidMessageError(
            f"`{axis}` of `{printable(reading.name, 40)}` is not a number: update Sensor Logger."
        )
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _battery(payload: Iterable[_Reading]) -> int | None:
    """Return the charge in percent, from the last reading of the battery."""
    levels = [one.values.get("batteryLevel") for one in payload if _key(one.name) == "battery"]
    known = [level for level in levels if isinstance(level, int | float) and 0 <= level <= 1]
    return round(100 * known[-1]) if known else None
