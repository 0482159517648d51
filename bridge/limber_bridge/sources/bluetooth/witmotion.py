"""Parse what WitMotion sensors send over Bluetooth 5.

Source: https://wit-motion.gitbook.io/witmotion-sdk/ble-5.0-protocol. A notification is one sample
and has neither a time nor a counter nor a checksum, so that each is taken whole. Pure.
"""

from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats
from limber_bridge.sources.bluetooth.notifications import (
    InvalidNotificationError,
    Parsed,
    SampleBatch,
)

# The base of these UUIDs resembles that of the Bluetooth SIG, but is another one.
NOTIFY: Final = "0000ffe4-0000-1000-8000-00805f9a34fb"
WRITE: Final = "0000ffe9-0000-1000-8000-00805f9a34fb"

SAMPLE: Final = b"\x55\x61"
"""Acceleration, angular velocity and angle."""
REGISTER: Final = b"\x55\x71"
"""Value of a register."""
MIN_SAMPLE_BYTES: Final = 20
MAX_SAMPLE_BYTES: Final = 28
"""Newer firmware appends values."""
RANGE_G: Final = 16.0
COUNTS: Final = 32768


BATCH_SAMPLES: Final = 10
"""Samples that are passed on together. Chosen: 0.2 s at 50 Hz. Notifications arrive in groups of
two or three, so the time between two of them says nothing about the rate."""


class WitMotionParser:
    """Parses the acceleration of one connection."""

    def __init__(self) -> None:
        """Start without a sample."""
        self._counts: list[bytes] = []
        """Three int16 of each sample that waits."""

    def parse(self, characteristic: str, data: bytes) -> Parsed:
        """Return what a notification says; InvalidNotificationError if it cannot be read."""
        if characteristic != NOTIFY or data.startswith(REGISTER):
            return None
        if not data.startswith(SAMPLE) or not MIN_SAMPLE_BYTES <= len(data) <= MAX_SAMPLE_BYTES:
            raise InvalidNotificationError(f"{len(data)} bytes are not a sample of a WitMotion")
        self._counts.append(data[2:8])
        if len(self._counts) < BATCH_SAMPLES:
            return None
        counts = np.frombuffer(b"".join(self._counts), "<i2").reshape(-1, 3).T
        self._counts.clear()
        samples: Floats = counts.astype(np.float64) * (RANGE_G / COUNTS)
        return SampleBatch(samples, None)
