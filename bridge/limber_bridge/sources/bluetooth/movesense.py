"""Parse what Movesense sensors send with the GATT SensorData app.

Source: https://www.movesense.com/docs/esw/gatt_sensordata_protocol/ and the description of the
resource /Meas/Acc: the time of the first sample in ms since the sensor started (u32), then x, y, z
of each sample in m/s^2 (float32). Pure.
"""

from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats
from limber_bridge.sources.bluetooth.notifications import (
    InvalidNotificationError,
    Parsed,
    SampleBatch,
    StreamRefused,
)
from limber_bridge.sources.units import STANDARD_GRAVITY

WRITE: Final = "34800001-7185-4d5d-b431-630e7050e8f0"
NOTIFY: Final = "34800002-7185-4d5d-b431-630e7050e8f0"

REFERENCE: Final = 99
"""Number that a subscription gets from us; the sensor repeats it in each message. Any but 0."""
REPLY: Final = 1
DATA: Final = 2
DATA_PART_2: Final = 3
"""What did not fit into the notification before."""
MESSAGE_HEADER_BYTES: Final = 2
"""Kind of message, reference."""
STAMP_BYTES: Final = 4
SAMPLE_BYTES: Final = 12
RATE_HZ: Final = 52


class MovesenseParser:
    """Parses the acceleration of one connection."""

    def __init__(self) -> None:
        """Start without a message that waits for its second part."""
        self._rest: bytes | None = None
        self._next_stamp = 0
        """us on the device's clock at the first sample of the second part."""

    def parse(self, characteristic: str, data: bytes) -> Parsed:
        """Return what a notification says; InvalidNotificationError if it cannot be read."""
        if characteristic != NOTIFY:
            return None
        if len(data) < MESSAGE_HEADER_BYTES:
            raise InvalidNotificationError(f"{len(data)} bytes are not a message of a Movesense")
        kind, reference = data[:MESSAGE_HEADER_BYTES]
        payload = data[MESSAGE_HEADER_BYTES:]
        if reference != REFERENCE:
            return None
        if kind == REPLY:
            return check_reply(payload)
        if kind == DATA:
            return self._first_part(payload)
        if kind == DATA_PART_2:
            return self._second_part(payload)
        raise InvalidNotificationError(f"message of the unknown kind {kind}")

    def _first_part(self, payload: bytes) -> SampleBatch | None:
        self._rest = None
        if len(payload) < STAMP_BYTES:
            raise InvalidNotificationError(f"{len(payload)} bytes are not samples of a Movesense")
        milliseconds = int.from_bytes(payload[:STAMP_BYTES], "little")
        return self._batch(payload[STAMP_BYTES:], milliseconds * 1000)

    def _second_part(self, payload: bytes) -> SampleBatch | None:
        if self._rest is None:
            raise InvalidNotificationError("the first part of a message was lost")
        batch = self._batch(self._rest + payload, self._next_stamp)
        if self._rest:
            self._rest = None
            raise InvalidNotificationError("a message that does not end with a whole sample")
        self._rest = None
        return batch

    def _batch(self, content: bytes, first_stamp: int) -> SampleBatch | None:
        """Return the whole samples in `content`, and keep what is left for the second part."""
        count = len(content) // SAMPLE_BYTES
        self._rest = content[count * SAMPLE_BYTES :]
        self._next_stamp = first_stamp + round(count * SECOND / RATE_HZ)
        if not count:
            return None
        values = np.frombuffer(content[: count * SAMPLE_BYTES], "<f4").reshape(-1, 3).T
        samples: Floats = values.astype(np.float64) / STANDARD_GRAVITY
        return SampleBatch(samples, self._next_stamp - round(SECOND / RATE_HZ))


def check_reply(payload: bytes) -> StreamRefused | None:
    """Return why the sensor refused a command; its replies have a status as in HTTP (u16)."""
    if len(payload) < 2:
        raise InvalidNotificationError("a reply without a status")
    status = int.from_bytes(payload[:2], "little")
    if 200 <= status < 300:
        return None
    return StreamRefused(
        f"the sensor refuses the stream (status {status}): install the GATT SensorData app on it"
    )
