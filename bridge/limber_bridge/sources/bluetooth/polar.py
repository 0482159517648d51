"""Parse what Polar sensors send over their measurement service (PMD).

Source: "Polar Measurement Data Specification for 3rd Party" and the documentation of Polar's SDK
(https://github.com/polarofficial/polar-ble-sdk). The package polar-python unpacks the samples; the
replies of the control point, the scale and all checks are here. Pure.
"""

import struct
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats
from limber_bridge.sources.bluetooth.notifications import (
    InvalidNotificationError,
    Parsed,
    SampleBatch,
    StreamRefused,
)

CONTROL_POINT: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

ACCELERATION: Final = 2
"""Measurement type."""
SDK_MODE: Final = 9
"""Measurement type that switches the mode of the sensor."""
START: Final = 2
"""Operation of the control point."""
REPLY: Final = 0xF0
"""First byte of the reply to a command."""
STREAM_STOPPED: Final = 0x01
"""First byte of the message with which the sensor ends streams; their types follow."""
DONE: Final = 0
"""Status of a reply."""
ALREADY_SO: Final = 6
"""Status of a reply: the sensor is in this state already."""
HEADER_BYTES: Final = 10
"""Type, time of the last sample (ns, u64), frame type."""
COMPRESSED: Final = 0x80
"""Bit of the frame type."""
REFERENCE_BYTES: Final = 6
"""First sample of a compressed frame: three int16."""
RAW_SAMPLE_BYTES: Final = {0: 3, 1: 6}
"""By frame type, bytes of one uncompressed sample of three axes."""
FACTOR_SETTING: Final = 5
"""Setting type of the scale factor."""
SETTING_BYTES: Final = {0: 2, 1: 2, 2: 2, 3: 4, 4: 1, 5: 4, 6: 16}
"""By setting type, bytes of one value."""
MILLI: Final = 1e-3
FULL_SCALE_COUNT: Final = 2**15 - 1
"""Counts of this magnitude or more mean that the sensor is at the end of its range."""

REFUSALS: Final = {
    1: "update its firmware in the Polar Flow app",
    2: "update its firmware in the Polar Flow app",
    3: "update its firmware in the Polar Flow app (SDK mode needs 1.1.5 or newer)",
    5: "check that `device` in limber.yaml is the right model",
    8: "check that `device` in limber.yaml is the right model",
    9: "check that `device` in limber.yaml is the right model",
    12: "end the recording or training on it, close the Polar apps, and switch it off and on",
    13: "take it out of the charger",
}
"""By status, what the person must do."""
OTHER_REFUSAL: Final = "switch it off and on"


class PolarParser:
    """Parses the control point and the acceleration of one connection."""

    def __init__(self) -> None:
        """Start without a scale; the reply to the start command has it.

        ImportError without polar-python.
        """
        from polar_python.parsers import parse_polar_data  # noqa: PLC0415 - an extra

        self._unpack = parse_polar_data
        self._started = False
        self._factor: float | None = None

    def parse(self, characteristic: str, data: bytes) -> Parsed:
        """Return what a notification says; InvalidNotificationError if it cannot be read."""
        if characteristic == CONTROL_POINT:
            return self._parse_control(data)
        if characteristic == DATA and data[:1] == bytes([ACCELERATION]):
            return self._parse_samples(data)
        return None

    def _parse_control(self, data: bytes) -> StreamRefused | None:
        if data[:1] == bytes([STREAM_STOPPED]) and ACCELERATION in data[1:]:
            return StreamRefused("the sensor ended its stream: switch it off and on")
        if len(data) < 4 or data[0] != REPLY:
            return None
        _, operation, measurement, status = data[:4]
        if operation != START:
            return None
        if status == DONE or (status == ALREADY_SO and measurement == SDK_MODE):
            if measurement == ACCELERATION:
                self._started = True
                self._factor = read_factor(data[5:])
            return None
        what = "SDK mode" if measurement == SDK_MODE else "the stream"
        remedy = REFUSALS.get(status, OTHER_REFUSAL)
        return StreamRefused(f"the sensor refuses {what} (status {status}): {remedy}")

    def _parse_samples(self, data: bytes) -> SampleBatch:
        if len(data) <= HEADER_BYTES:
            raise InvalidNotificationError(f"{len(data)} bytes are not samples of a Polar sensor")
        compressed = bool(data[9] & COMPRESSED)
        frame_type = data[9] & ~COMPRESSED
        content = data[HEADER_BYTES:]
        expected = count_compressed(content) if compressed else count_raw(content, frame_type)
        scale = self._scale(compressed, frame_type)
        # polar-python rounds to whole mg. This factor makes it return the counts unchanged.
        neutral = MILLI if compressed and frame_type == 0 else 1.0
        try:
            unpacked = self._unpack(bytearray(data), lambda _: neutral)
        except (ValueError, IndexError) as error:
            raise InvalidNotificationError(f"samples that cannot be unpacked: {error}") from error
        # It stops without an error where a block is cut off.
        if len(unpacked.data) != expected:
            raise InvalidNotificationError(f"{len(unpacked.data)} samples instead of {expected}")
        counts = np.array(unpacked.data, np.float64).reshape(-1, 3).T
        samples: Floats = counts * scale
        samples[:, (np.abs(counts) >= FULL_SCALE_COUNT).any(axis=0)] = np.nan
        stamp_ns = int.from_bytes(data[1:9], "little")
        return SampleBatch(samples, stamp_ns // 1000)

    def _scale(self, compressed: bool, frame_type: int) -> float:
        """Return the value of one count in g."""
        if not compressed:
            return MILLI
        if not self._started or (frame_type == 0 and self._factor is None):
            raise InvalidNotificationError(
                "the scale of the samples is not known yet: connect to the sensor again"
            )
        factor = 1.0 if self._factor is None else self._factor
        # Compressed frames of type 0 are in g, those of type 1 in mg, each times the factor.
        return factor if frame_type == 0 else factor * MILLI


def count_raw(content: bytes, frame_type: int) -> int:
    """Return how many uncompressed samples there must be; InvalidNotificationError if none."""
    size = RAW_SAMPLE_BYTES.get(frame_type)
    if size is None or len(content) % size:
        raise InvalidNotificationError(
            f"{len(content)} bytes of samples of type {frame_type}, which is not supported"
        )
    return len(content) // size


def count_compressed(content: bytes) -> int:
    """Return how many samples the headers of the blocks announce.

    Each block has the number of bits of a difference, the number of samples, and the differences,
    filled up to a whole byte. InvalidNotificationError if a block is cut off.
    """
    if len(content) < REFERENCE_BYTES:
        raise InvalidNotificationError(f"{len(content)} bytes of compressed samples")
    count = 1
    at = REFERENCE_BYTES
    while at < len(content):
        if at + 2 > len(content):
            raise InvalidNotificationError("a block of compressed samples without its header")
        bits = content[at]
        samples = content[at + 1]
        end = at + 2 + (3 * bits * samples + 7) // 8
        if (samples and not bits) or end > len(content):
            raise InvalidNotificationError(f"a block of {samples} samples that is cut off")
        count += samples
        at = end
    return count


def read_factor(settings: bytes) -> float | None:
    """Return the scale factor in the settings of a reply; None if it is not there.

    Settings are type, number of values, and the values (little endian). The factor is a float32.
    """
    at = 0
    while at + 2 <= len(settings):
        kind = settings[at]
        size = SETTING_BYTES.get(kind, 2) * settings[at + 1]
        value = settings[at + 2 : at + 2 + size]
        if kind == FACTOR_SETTING and len(value) == 4:
            factor = float(struct.unpack("<f", value)[0])
            return factor if np.isfinite(factor) and factor > 0 else None
        at += 2 + size
    return None
