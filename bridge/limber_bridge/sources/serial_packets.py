"""Find packets in the bytes of a serial line, also after garbage and a torn start. Pure."""

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats
from limber_bridge.sources.frames import HEADER, MAGIC, MAX_FRAME_BYTES, VERSION

WIT_START: Final = 0x55
WIT_ACCELERATION: Final = 0x51
WIT_TYPES: Final = range(0x50, 0x60)
"""Types of packets: time, acceleration, angular velocity, angle, and others."""
WIT_PACKET: Final = struct.Struct("<BBhhhhB")
"""Start, type, three axes, temperature, checksum: the sum of all bytes before it.
Source: https://wit-motion.gitbook.io/witmotion-sdk/wit-standard-protocol."""
WIT_RANGE_G: Final = 16.0
WIT_COUNTS: Final = 32768
LENGTH_BYTES: Final = 2
"""Bytes of the length before each Limber frame, as over TCP (docs/protocol.md)."""
SAMPLE_BYTES: Final = {0: 6, 1: 2, 2: 4, 3: 6, 255: 0}
"""Bytes of a sample by the quantity code of the frame (docs/protocol.md)."""


class WitPackets:
    """Finds the packets of a WitMotion sensor."""

    def __init__(self) -> None:
        """Start without bytes."""
        self._buffer = bytearray()
        self.skipped = 0
        """Bytes that belonged to no packet since the last one."""

    def add(self, data: bytes) -> Iterator[bytes]:
        """Take in bytes and yield the packets that are complete."""
        self._buffer += data
        while len(self._buffer) >= WIT_PACKET.size:
            packet = bytes(self._buffer[: WIT_PACKET.size])
            if is_wit_packet(packet):
                del self._buffer[: WIT_PACKET.size]
                self.skipped = 0
                yield packet
            else:
                del self._buffer[0]
                self.skipped += 1


def is_wit_packet(data: bytes) -> bool:
    """Return whether 11 bytes are a packet, by its start, its type and its checksum."""
    return data[0] == WIT_START and data[1] in WIT_TYPES and sum(data[:-1]) & 0xFF == data[-1]


def wit_acceleration(packets: list[bytes]) -> Floats:
    """Return the acceleration in packets in g, shape (3, n); packets of other types are left out.

    A value at the end of the range, and zero on all axes, is no measurement: NaN.
    """
    counts = [WIT_PACKET.unpack(packet)[2:5] for packet in packets if packet[1] == WIT_ACCELERATION]
    values = np.array(counts, dtype=np.float64).reshape(-1, 3).T
    unusable = (np.abs(values) >= WIT_COUNTS - 1).any(axis=0) | (values == 0).all(axis=0)
    samples: Floats = values * (WIT_RANGE_G / WIT_COUNTS)
    samples[:, unusable] = np.nan
    return samples


class LimberPackets:
    """Finds Limber frames, each preceded by its length as u16."""

    def __init__(self) -> None:
        """Start without bytes."""
        self._buffer = bytearray()
        self.skipped = 0
        """Bytes that belonged to no frame since the last one."""

    def add(self, data: bytes) -> Iterator[bytes]:
        """Take in bytes and yield the frames that are complete, without their lengths."""
        self._buffer += data
        while len(self._buffer) >= LENGTH_BYTES + HEADER.size:
            length = frame_length(self._buffer)
            if length is None:
                self._skip_to_magic()
            elif len(self._buffer) < LENGTH_BYTES + length:
                return
            else:
                frame = bytes(self._buffer[LENGTH_BYTES : LENGTH_BYTES + length])
                del self._buffer[: LENGTH_BYTES + length]
                self.skipped = 0
                yield frame

    def _skip_to_magic(self) -> None:
        """Drop bytes up to the next place at which a frame may begin."""
        found = self._buffer.find(MAGIC, LENGTH_BYTES + 1)
        # Without one, the last bytes may be a length and the first letter of the next frame.
        end = len(self._buffer) - LENGTH_BYTES - 1 if found < 0 else found - LENGTH_BYTES
        self.skipped += end
        del self._buffer[:end]


def frame_length(data: bytes | bytearray) -> int | None:
    """Return the length of the frame that `data` begins with; None if no frame begins there.

    `data` has a length and at least a header. A wrong length would swallow the frames after it, so
    it must fit the header.
    """
    length = int.from_bytes(data[:LENGTH_BYTES], "little")
    magic, version, quantity, *_, count, _, _ = HEADER.unpack_from(data, LENGTH_BYTES)
    sample_bytes = SAMPLE_BYTES.get(quantity)
    if magic != MAGIC or version != VERSION or sample_bytes is None or length > MAX_FRAME_BYTES:
        return None
    return length if length == HEADER.size + count * sample_bytes else None
