"""Build the messages that the app Sensor Logger posts, from its documentation.

Schema, names and units: PUSHING.md, UNITS.md and CROSSPLATFORM.md of
https://github.com/tszheichoi/awesome-sensor-logger, for version 1.63. No message of a real phone
was at hand.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]

STANDARD_GRAVITY: Final = 9.80665
"""m/s2, as the app uses it."""
GRAVITY_SMOOTHING_S: Final = 1.0
"""Time over which the simulated phone averages the acceleration to find the gravity in it."""
NS: Final = 1_000_000_000
"""ns in a second."""


def xyz(name: str, time: int, values: Floats) -> dict[str, Any]:
    """Return a reading with the axes x, y and z."""
    x, y, z = values.tolist()
    return {"name": name, "time": time, "values": {"z": z, "y": y, "x": x}}


def iphone(time: int, total: Floats, gravity: Floats) -> list[dict[str, Any]]:
    """Return what an iPhone sends: acceleration without gravity, and gravity, in m/s2.

    The signs are those of Apple, opposite to those of Android.
    """
    return [
        xyz("accelerometer", time, -(total - gravity) * STANDARD_GRAVITY),
        xyz("gravity", time, -gravity * STANDARD_GRAVITY),
    ]


def iphone_uncalibrated(time: int, total: Floats, gravity: Floats) -> list[dict[str, Any]]:
    """Return what an iPhone sends with uncalibrated sensors: in g, with gravity."""
    del gravity
    return [xyz("accelerometeruncalibrated", time, -total)]


def android(time: int, total: Floats, gravity: Floats) -> list[dict[str, Any]]:
    """Return what an Android phone sends: with and without gravity in m/s2, with an accuracy."""
    readings = [
        xyz("accelerometer", time, (total - gravity) * STANDARD_GRAVITY),
        xyz("totalacceleration", time, total * STANDARD_GRAVITY),
    ]
    return [reading | {"accuracy": 3} for reading in readings]


def apple_watch(time: int, total: Floats, gravity: Floats) -> list[dict[str, Any]]:
    """Return what an Apple Watch sends through the phone: both parts in one reading, in g."""
    return [wrist_motion(time, -(total - gravity), -gravity)]


def wear_os(time: int, total: Floats, gravity: Floats) -> list[dict[str, Any]]:
    """Return what a Wear OS watch sends through the phone: the same in m/s2."""
    linear = (total - gravity) * STANDARD_GRAVITY
    return [wrist_motion(time, linear, gravity * STANDARD_GRAVITY)]


def wrist_motion(time: int, linear: Floats, gravity: Floats) -> dict[str, Any]:
    """Return a reading of a watch."""
    values = dict.fromkeys(("rotationRateX", "rotationRateY", "rotationRateZ"), 0.0)
    values |= {f"acceleration{axis}": float(one) for axis, one in zip("XYZ", linear, strict=True)}
    values |= {f"gravity{axis}": float(one) for axis, one in zip("XYZ", gravity, strict=True)}
    values |= {"quaternionW": 1.0, "quaternionX": 0.0, "quaternionY": 0.0, "quaternionZ": 0.0}
    return {"name": "wrist motion", "time": time, "values": values}


type Platform = Callable[[int, Floats, Floats], list[dict[str, Any]]]
PLATFORMS: Final[Mapping[str, Platform]] = {
    "iphone": iphone,
    "iphone_uncalibrated": iphone_uncalibrated,
    "android": android,
    "apple_watch": apple_watch,
    "wear_os": wear_os,
}
"""What each kind of device sends for one sample: time in ns, acceleration and gravity in g."""


@dataclass(slots=True)
class PhoneRecording:
    """A recording of the app: turns samples into the bodies of its posts."""

    platform: str = "iphone"
    session: str = "c4a760a1-c2e0-4e5d-8a6c-3f3d0f6f1f6e"
    device: str = "5f0d3a9c-4b3e-4f6c-9a7e-0d8c0f1f2a3b"
    rate: float = 50.0
    battery: float | None = 0.81
    """From 0 to 1; None: not sent."""
    number: int = 0
    """Number of the next message."""
    _gravity: Floats | None = field(default=None, repr=False)

    def message(self, samples: Floats, start: int) -> bytes:
        """Return the body with samples of shape (3, n) in g, the first taken at `start`, ns UTC."""
        payload: list[dict[str, Any]] = []
        for index, total in enumerate(samples.T):
            time = start + round(index * NS / self.rate)
            payload += PLATFORMS[self.platform](time, total, self._track_gravity(total))
        if self.battery is not None:
            state = {"batteryLevel": self.battery, "batteryState": "unplugged"}
            payload.append(
                {"name": "battery", "time": start, "values": state | {"lowPowerMode": False}}
            )
        return self.body(payload)

    def body(self, payload: list[dict[str, Any]]) -> bytes:
        """Return the body with any readings, and count the message."""
        message = {
            "messageId": self.number,
            "sessionId": self.session,
            "deviceId": self.device,
            "payload": payload,
        }
        self.number += 1
        return json.dumps(message).encode()

    def messages(self, samples: Floats, start: int, period_s: float = 1.0) -> Iterator[bytes]:
        """Yield the bodies of a signal of shape (3, n) in g, one for each batch period."""
        size = max(1, round(period_s * self.rate))
        for begin in range(0, samples.shape[1], size):
            at = start + round(begin * NS / self.rate)
            yield self.message(samples[:, begin : begin + size], at)

    def _track_gravity(self, total: Floats) -> Floats:
        """Return the smoothed acceleration, which a phone takes as gravity."""
        if self._gravity is None:
            self._gravity = total.copy()
        self._gravity = self._gravity + (total - self._gravity) / (self.rate * GRAVITY_SMOOTHING_S)
        return self._gravity
