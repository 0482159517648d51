"""A network sensor's frames (contracts, section 2): bytes in, frames or the reason of a refusal
out.

Law: pure, and any bytes whatever give a frame or a FrameError.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats, Quantity
from limber_bridge.sources.source_api import Reason

HEADER: Final = struct.Struct("<2sBBIIIIHBB8s")
MAGIC: Final = b"LB"
VERSION: Final = 1
UNSIGNED: Final = bytes(8)
MAC_AT: Final = 24
"""Offset of the 8 bytes of the HMAC."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the samples of a quantity code are written."""

    quantity: Quantity
    dtype: str
    scale: float
    """Unit of the quantity for each count."""
    limit: int
    """Counts of this size mean that the sensor is at the end of its range."""


ENCODINGS: Final = (
    Encoding(Quantity.ACCELERATION, "<i2", 1e-3, 2**15 - 1),
    Encoding(Quantity.EMG, "<i2", 0.1, 2**15 - 1),
    Encoding(Quantity.LOAD, "<i4", 1e-3, 2**31 - 1),
    Encoding(Quantity.ACCELERATION, "<i2", 1e-4, 2**15 - 1),
)
"""By the quantity code of the frame."""
LARGEST: Final = HEADER.size + 255 * 6
"""Bytes of the largest frame there can be."""
WRAP: Final = 2**32
"""Where the counters of a device begin anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame, decoded."""

    sensor: int
    boot: int
    sequence: int
    """Number of the first sample since the device started; wraps at 2**32."""
    clock: int
    """us on the device's clock at the first sample; wraps at 2**32."""
    rate: float
    """Hz, nominal."""
    battery: int | None
    quantity: Quantity
    samples: Floats
    """Shape (axes, n), in the unit of the quantity; NaN where the sensor was at the end of its
    range."""
    signature: bytes

    @property
    def count(self) -> int:
        """How many samples it holds."""
        return int(self.samples.shape[1])

    @property
    def saturated(self) -> int:
        """How many samples were at the end of the range."""
        return int(np.isnan(self.samples).any(axis=0).sum())


class InvalidFrameError(Exception):
    """A frame is refused."""

    def __init__(self, reason: Reason, detail: str, sensor: int | None = None) -> None:
        """Note why, in a word and in words, and whose frame it claims to be."""
        super().__init__(detail)
        self.reason = reason
        self.sensor = sensor


def parse(data: bytes) -> Frame:
    """Return a frame out of its bytes, its signature not yet checked; FrameError if it is none."""
    if len(data) < HEADER.size or data[:2] != MAGIC:
        raise InvalidFrameError(
            Reason.MALFORMED, f"{len(data)} bytes that do not begin like a frame"
        )
    _, version, code, sensor, boot, sequence, clock, rate, count, battery, signature = (
        HEADER.unpack_from(data)
    )
    if version != VERSION:
        raise InvalidFrameError(
            Reason.MALFORMED, f"frame version {version}, not {VERSION}: update the sensor", sensor
        )
    if code >= len(ENCODINGS):
        raise InvalidFrameError(
            Reason.UNKNOWN_QUANTITY, f"quantity {code}, not 0 to {len(ENCODINGS) - 1}", sensor
        )
    encoding = ENCODINGS[code]
    size = HEADER.size + count * encoding.quantity.axes * np.dtype(encoding.dtype).itemsize
    if not count or len(data) != size or not rate:
        raise InvalidFrameError(
            Reason.MALFORMED,
            f"{len(data)} bytes at {rate / 10} Hz; {count} samples make {size}",
            sensor,
        )
    return Frame(
        sensor=sensor,
        boot=boot,
        sequence=sequence,
        clock=clock,
        rate=rate / 10,
        battery=battery if battery <= 100 else None,
        quantity=encoding.quantity,
        samples=decode(data[HEADER.size :], encoding),
        signature=signature,
    )


def decode(data: bytes, encoding: Encoding) -> Floats:
    """Return samples (axes, n) out of their bytes, NaN for those at the end of the range."""
    counts = (
        np.frombuffer(data, encoding.dtype).reshape(-1, encoding.quantity.axes).T.astype(np.float64)
    )
    samples: Floats = counts * encoding.scale
    samples[:, (np.abs(counts) >= encoding.limit).any(axis=0)] = np.nan
    return samples


def near(difference: int) -> int:
    """Return a difference of 32-bit counters as the smallest number it can stand for, negative or
    not.
    """
    return (difference + WRAP // 2) % WRAP - WRAP // 2


def sign(data: bytes, key: bytes) -> bytes:
    """Return the signature of a frame: the first 8 bytes of HMAC-SHA-256 over all but the signature
    itself.
    """
    return hmac.digest(key, data[:MAC_AT] + data[HEADER.size :], hashlib.sha256)[:8]


def is_signed(data: bytes, frame: Frame, key: bytes | None) -> bool:
    """Return whether a frame bears the signature of the key, or none where there is no key."""
    wanted = UNSIGNED if key is None else sign(data, key)
    return hmac.compare_digest(wanted, frame.signature)
