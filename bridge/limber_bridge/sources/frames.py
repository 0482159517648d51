"""Decode the frames of sensors (docs/protocol.md describes the format).

Pure: any sequence of bytes gives a frame with samples, a clock frame, or an InvalidFrameError.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.continuity import is_complete
from limber_bridge.detection.signal import Floats, Quantity
from limber_bridge.sources.source_api import Reason

HEADER: Final = struct.Struct("<2sBBIIIIHBB8s")
MAGIC: Final = b"LB"
VERSION: Final = 1
NO_SIGNATURE: Final = bytes(8)
SIGNATURE_OFFSET: Final = 24
"""Byte offset of the 8 bytes of the HMAC."""
COUNTER_MODULUS: Final = 2**32
"""The counters of a device (sample number, clock) wrap at this value."""


@dataclass(frozen=True, slots=True)
class SampleEncoding:
    """How the samples of one quantity code are encoded."""

    quantity: Quantity
    dtype: str
    scale: float
    """Value of one count, in the unit of the quantity."""
    full_scale_count: int
    """Counts of this magnitude or more mean that the sensor is at the end of its range."""


ENCODINGS: Final = (
    SampleEncoding(Quantity.ACCELERATION, "<i2", 1e-3, 2**15 - 1),
    SampleEncoding(Quantity.EMG, "<i2", 0.1, 2**15 - 1),
    SampleEncoding(Quantity.LOAD, "<i4", 1e-3, 2**31 - 1),
    SampleEncoding(Quantity.ACCELERATION, "<i2", 1e-4, 2**15 - 1),
)
"""By the quantity code of the frame."""
CLOCK_CODE: Final = 255
"""The quantity code of a clock frame, which has no samples."""
MAX_FRAME_BYTES: Final = HEADER.size + 255 * 6
"""255 samples of three axes, 2 bytes each."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A decoded frame with samples."""

    sensor: int
    boot: int
    """Random number that the device chose when it started."""
    sequence: int
    """Number of the first sample since the device started; wraps at 2**32."""
    clock: int
    """us on the device's clock at the first sample; wraps at 2**32."""
    rate: float
    """Nominal rate in Hz."""
    battery: int | None
    """Charge in percent; None: unknown."""
    quantity: Quantity
    samples: Floats
    """Shape (axes, n), in the unit of the quantity; NaN where the sensor was at the end of its
    range."""
    signature: bytes
    scale: float | None = None
    """Value of one count, in the unit of the quantity; None: the samples were no counts."""

    @property
    def count(self) -> int:
        """Number of samples."""
        return int(self.samples.shape[1])

    @property
    def saturated(self) -> int:
        """Number of samples at the end of the sensor's range."""
        if is_complete(self.samples):
            return 0
        return int(np.isnan(self.samples).any(axis=0).sum())


@dataclass(frozen=True, slots=True)
class ClockFrame:
    """A decoded clock frame: what the clock of a device shows when it sends this frame."""

    sensor: int
    boot: int
    """Random number that the device chose when it started."""
    sequence: int
    """Number of the next sample that the device will take; wraps at 2**32."""
    clock: int
    """us on the device's clock now; wraps at 2**32."""
    rate: float
    """Nominal rate in Hz."""
    battery: int | None
    """Charge in percent; None: unknown."""
    signature: bytes


type AnyFrame = Frame | ClockFrame


class InvalidFrameError(Exception):
    """A frame cannot be decoded."""

    def __init__(self, reason: Reason, detail: str, sensor: int | None = None) -> None:
        """Store the reason, an explanation, and the sensor that the frame names, if any."""
        super().__init__(detail)
        self.reason = reason
        self.sensor = sensor


def parse_frame(data: bytes) -> AnyFrame:
    """Decode a frame without checking its signature; InvalidFrameError if that is impossible."""
    if len(data) < HEADER.size or data[:2] != MAGIC:
        raise InvalidFrameError(Reason.MALFORMED, f"{len(data)} bytes that are not a Limber frame")
    _, version, code, sensor, boot, sequence, clock, rate, count, battery, signature = (
        HEADER.unpack_from(data)
    )
    if version != VERSION:
        detail = f"frame version {version}, expected {VERSION}: update the sensor's firmware"
        raise InvalidFrameError(Reason.MALFORMED, detail, sensor)
    charge = battery if battery <= 100 else None
    if code == CLOCK_CODE:
        if count or not rate or len(data) != HEADER.size:
            detail = (
                f"clock frame of {len(data)} bytes with {count} samples at {rate / 10} Hz; "
                f"expected {HEADER.size} bytes, no sample and a rate above 0"
            )
            raise InvalidFrameError(Reason.MALFORMED, detail, sensor)
        return ClockFrame(sensor, boot, sequence, clock, rate / 10, charge, signature)
    if code >= len(ENCODINGS):
        detail = (
            f"quantity code {code}, expected 0 to {len(ENCODINGS) - 1}, or {CLOCK_CODE} for a "
            "clock frame: correct the sensor"
        )
        raise InvalidFrameError(Reason.UNKNOWN_QUANTITY, detail, sensor)
    encoding = ENCODINGS[code]
    size = HEADER.size + count * encoding.quantity.axes * np.dtype(encoding.dtype).itemsize
    if not count or not rate or len(data) != size:
        detail = (
            f"{len(data)} bytes with {count} samples at {rate / 10} Hz; "
            f"expected {size} bytes, at least one sample and a rate above 0"
        )
        raise InvalidFrameError(Reason.MALFORMED, detail, sensor)
    return Frame(
        sensor=sensor,
        boot=boot,
        sequence=sequence,
        clock=clock,
        rate=rate / 10,
        battery=charge,
        quantity=encoding.quantity,
        samples=decode_samples(data[HEADER.size :], encoding),
        signature=signature,
        scale=encoding.scale,
    )


def decode_samples(data: bytes, encoding: SampleEncoding) -> Floats:
    """Return the samples in `data`, shape (axes, n); NaN where any axis is at the end of its range.

    A saturated axis makes the whole sample useless: the norm of the acceleration is wrong too.
    """
    counts = np.frombuffer(data, encoding.dtype).reshape(-1, encoding.quantity.axes).T
    # In C order, which is also that of the samples: filters go along each axis.
    samples: Floats = counts.astype(np.float64, order="C")
    largest = encoding.full_scale_count
    is_saturated = (samples >= largest) | (samples <= -largest)
    samples *= encoding.scale
    if np.logical_or.reduce(is_saturated, axis=None):
        samples[:, is_saturated.any(axis=0)] = np.nan
    return samples


def signed_difference(difference: int) -> int:
    """Return the difference of two 32-bit counters, between -2**31 and 2**31 - 1.

    Counters wrap, so a difference is known only modulo 2**32; this is the value nearest to 0.
    """
    return (difference + COUNTER_MODULUS // 2) % COUNTER_MODULUS - COUNTER_MODULUS // 2


def compute_signature(data: bytes, key: bytes) -> bytes:
    """Return the first 8 bytes of the HMAC-SHA-256 over a frame without its signature field."""
    signed = data[:SIGNATURE_OFFSET] + data[HEADER.size :]
    return hmac.digest(key, signed, hashlib.sha256)[:8]


def has_valid_signature(data: bytes, frame: AnyFrame, key: bytes | None) -> bool:
    """Return whether a frame is signed with `key`, or not signed if `key` is None."""
    expected = NO_SIGNATURE if key is None else compute_signature(data, key)
    return hmac.compare_digest(expected, frame.signature)
