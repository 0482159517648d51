"""Decode the frames that pass on the network, by docs/protocol.md and not the bridge's parser."""

import asyncio
import itertools
import struct
import time
from dataclasses import dataclass
from typing import Final, override

import numpy as np
import numpy.typing as npt

from devtools.tcp_proxy import Proxy

HEADER: Final = struct.Struct("<2sBBIIIIHBB8s")
CLOCK: Final = 255
"""Quantity of a clock frame."""
WRAP: Final = 2**32
AXES: Final = {0: 3, 1: 1, 2: 1, 3: 3}
"""Values of a sample by quantity code."""
TYPES: Final = {0: "<i2", 1: "<i2", 2: "<i4", 3: "<i2"}


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """A frame, and when it passed."""

    seen: float
    """s, monotonic."""
    connection: int
    quantity: int
    sensor: int
    boot: int
    sequence: int
    clock: int
    """us."""
    rate: float
    """Hz, nominal."""
    count: int
    battery: int
    samples: npt.NDArray[np.int64]
    """Shape (count, values of a sample), raw."""

    @property
    def end(self) -> int:
        """Number of the sample after the last one."""
        return (self.sequence + self.count) % WRAP


def decode(data: bytes, connection: int = 0) -> SeenFrame:
    """Decode a frame."""
    magic, version, quantity, sensor, boot, sequence, clock, rate, count, battery, _ = (
        HEADER.unpack_from(data)
    )
    assert (magic, version) == (b"LB", 1)
    values = np.zeros((0, 1), np.int64)
    if quantity != CLOCK:
        values = np.frombuffer(data[HEADER.size :], TYPES[quantity]).astype(np.int64)
        values = values.reshape(count, AXES[quantity])
    else:
        assert len(data) == HEADER.size
        assert count == 0
    return SeenFrame(
        time.monotonic(),
        connection,
        quantity,
        sensor,
        boot,
        sequence,
        clock,
        rate / 10,
        count,
        battery,
        values,
    )


class FrameTap(Proxy):
    """A TCP proxy that also decodes the frames which pass from a device to the bridge."""

    def __init__(self, port: int, target: int) -> None:
        super().__init__(port, target)
        self.frames: list[SeenFrame] = []
        self.connections = 0

    @override
    async def _linked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        tapped = TappedReader(reader, self.frames, self.connections)
        await super()._linked(tapped, writer)

    def samples(self) -> list[SeenFrame]:
        """Return the frames with samples."""
        return [one for one in self.frames if one.quantity != CLOCK]

    def first_seen(self) -> list[SeenFrame]:
        """Return each frame with samples once, in the order of its samples."""
        once = {(one.boot, one.sequence): one for one in reversed(self.samples())}
        return sorted(once.values(), key=lambda one: (one.seen, one.sequence))


class TappedReader(asyncio.StreamReader):
    """Reads from another reader and decodes what was read."""

    def __init__(
        self, reader: asyncio.StreamReader, frames: list[SeenFrame], connection: int
    ) -> None:
        super().__init__()
        self._reader = reader
        self._frames = frames
        self._connection = connection
        self._rest = b""

    @override
    async def read(self, n: int = -1) -> bytes:
        data = await self._reader.read(n)
        self._rest += data
        while len(self._rest) >= 2:
            size = 2 + int.from_bytes(self._rest[:2], "little")
            if len(self._rest) < size:
                break
            self._frames.append(decode(self._rest[2:size], self._connection))
            self._rest = self._rest[size:]
        return data


def missing(frames: list[SeenFrame]) -> int:
    """Return how many sample numbers are missing between frames of one boot."""
    steps = itertools.pairwise(frames)
    return sum((after.sequence - before.end) % WRAP for before, after in steps)
