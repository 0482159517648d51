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


class WitMotionParser:
    """Parses the acceleration of one connection."""

    def parse(self, characteristic: str, data: bytes) -> Parsed:
        """Return what a notification says; InvalidNotificationError if it cannot be read."""
        if characteristic != NOTIFY or data.startswith(REGISTER):
            return None
        if not data.startswith(SAMPLE) or not MIN_SAMPLE_BYTES <= len(data) <= MAX_SAMPLE_BYTES:
            raise InvalidNotificationError(f"{len(data)} bytes are no sample of a WitMotion")
        counts = np.frombuffer(data[2:8], "<i2").reshape(3, 1).astype(np.float64)
        samples: Floats = counts * (RANGE_G / COUNTS)
        return SampleBatch(samples, None)
