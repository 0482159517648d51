"""Frames of a network sensor and the memory that keeps them, for MicroPython.

docs/protocol.md describes the frames. Nothing is allocated for a frame but what HMAC needs, so that
the memory of a board does not fragment.
"""

import hashlib
import struct
import time

HEADER = "<2sBBIIIIHBB"
HEADER_BYTES = 32
SIGNATURE_OFFSET = 24
SAMPLE_BYTES = 6
"""Three axes, 16 bits each."""
ACCELERATION = 0
CLOCK = 255
UNKNOWN_BATTERY = 255
SHA256_BLOCK_BYTES = 64
COUNTER_MASK = 0xFFFFFFFF
"""Sample numbers and the clock wrap at 32 bits."""


class DeviceClock:
    """Microseconds since the start.

    `time.ticks_us` wraps sooner than 32 bits on most boards, so its steps are added up; call `now`
    at least once a minute.
    """

    def __init__(self) -> None:
        """Start at 0."""
        self._us = 0
        self._ticks = time.ticks_us()

    def now(self) -> int:
        """Return the time in us."""
        ticks = time.ticks_us()
        self._us += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._us


class Signer:
    """HMAC-SHA-256 with one key; MicroPython has hashlib but no hmac."""

    def __init__(self, key: bytes) -> None:
        """Prepare both paddings of the key."""
        if len(key) > SHA256_BLOCK_BYTES:
            key = hashlib.sha256(key).digest()
        key = key + bytes(SHA256_BLOCK_BYTES - len(key))
        self._inner = bytes([byte ^ 0x36 for byte in key])
        self._outer = bytes([byte ^ 0x5C for byte in key])

    def sign(self, frame: memoryview) -> None:
        """Write the signature of a frame into its header."""
        inner = hashlib.sha256(self._inner)
        inner.update(frame[:SIGNATURE_OFFSET])
        inner.update(frame[HEADER_BYTES:])
        outer = hashlib.sha256(self._outer)
        outer.update(inner.digest())
        frame[SIGNATURE_OFFSET:HEADER_BYTES] = outer.digest()[: HEADER_BYTES - SIGNATURE_OFFSET]


class FramePacker:
    """Packs samples into frames of a fixed number of samples."""

    def __init__(self, sensor: int, boot: int, rate: float, key: bytes, samples: int) -> None:
        """Start with sample 0; `rate` is nominal, in Hz. An empty key: frames are not signed."""
        self.sequence = 0
        """Number of the next sample that is taken."""
        self.battery = UNKNOWN_BATTERY
        self._sensor = sensor
        self._boot = boot
        self._rate = round(rate * 10)
        self._signer = Signer(key) if key else None
        self._samples = samples
        self._count = 0
        self._first = 0
        self._clock = 0
        self._data = bytearray(HEADER_BYTES + samples * SAMPLE_BYTES)
        self._view = memoryview(self._data)

    def add_sample(self, x: int, y: int, z: int, clock: int) -> bool:
        """Add a sample in mg that was taken at `clock` (us); return whether the frame is full."""
        if not self._count:
            self._first = self.sequence
            self._clock = clock
        struct.pack_into("<hhh", self._data, HEADER_BYTES + self._count * SAMPLE_BYTES, x, y, z)
        self._count += 1
        self.sequence += 1
        return self._count == self._samples

    def skip_samples(self, lost: int) -> None:
        """Leave out the numbers of samples that were lost. The frame must be empty."""
        self.sequence += lost

    def has_samples(self) -> bool:
        """Return whether the frame has samples."""
        return self._count > 0

    def take_frame(self) -> memoryview:
        """Return the frame, valid until the next sample, and begin another one."""
        count = self._count
        self._count = 0
        return self._finish(ACCELERATION, self._first, self._clock, count)

    def clock_frame(self, now: int) -> bytes:
        """Return a frame that says what the clock shows now; samples in the next one stay."""
        return bytes(self._finish(CLOCK, self.sequence, now, 0))

    def _finish(self, quantity: int, sequence: int, clock: int, count: int) -> memoryview:
        struct.pack_into(
            HEADER,
            self._data,
            0,
            b"LB",
            1,
            quantity,
            self._sensor,
            self._boot,
            sequence & COUNTER_MASK,
            clock & COUNTER_MASK,
            self._rate,
            count,
            self.battery,
        )
        frame = self._view[: HEADER_BYTES + count * SAMPLE_BYTES]
        frame[SIGNATURE_OFFSET:HEADER_BYTES] = bytes(HEADER_BYTES - SIGNATURE_OFFSET)
        if self._signer:
            self._signer.sign(frame)
        return frame


class FrameRing:
    """The last frames, in memory that is allocated once. Each is stored with its length as u16."""

    def __init__(self, frames: int, frame_bytes: int) -> None:
        """Start empty; there is space for a number of frames of a size."""
        self._slot_bytes = 2 + frame_bytes
        self._capacity = frames
        self._data = bytearray(frames * self._slot_bytes)
        self._view = memoryview(self._data)
        self._added = 0
        self._next = 0
        """Number of the frame that `next_frame` returns next."""

    def add(self, frame: memoryview) -> None:
        """Store a frame; the oldest is overwritten when there is no space left."""
        start = self._added % self._capacity * self._slot_bytes
        struct.pack_into("<H", self._data, start, len(frame))
        self._view[start + 2 : start + 2 + len(frame)] = frame
        self._added += 1

    def rewind(self) -> None:
        """Begin with the oldest frame again, as after each connect."""
        self._next = 0

    def skip_to_end(self) -> None:
        """Begin with the next frame that is added."""
        self._next = self._added

    def next_frame(self) -> memoryview:
        """Return the next frame with its length before it; an empty one if there is none."""
        self._next = max(self._next, self._added - self._capacity)
        if self._next == self._added:
            return self._view[:0]
        start = self._next % self._capacity * self._slot_bytes
        length = struct.unpack_from("<H", self._data, start)[0]
        self._next += 1
        return self._view[start : start + 2 + length]
