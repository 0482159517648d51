"""A simulated network sensor; its frames follow docs/protocol.md, not the bridge's parser.

`AnkleSensor` makes frames, `FrameRing` is the memory of a device, and `TcpSensor` does over TCP
what every sender of frames must do.
"""

import contextlib
import hashlib
import hmac
import socket
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from devtools.processes import LOOPBACK

MILLI_G = 1000
ACCELERATION = 0
"""Quantity code of acceleration in mg."""
CLOCK = 255
"""Quantity code of a clock frame."""


@dataclass(slots=True)
class AnkleSensor:
    """An accelerometer at an ankle, 50 Hz."""

    id: int = 1
    key: bytes | None = None
    boot: int = 1
    rate: float = 50.0
    sequence: int = 0
    battery: int = 80

    def frame(self, samples: npt.NDArray[np.float64], *, clock: int | None = None) -> bytes:
        """Return the frame of samples of shape (3, n) in g, and count them."""
        clock = round(self.sequence / self.rate * 1e6) if clock is None else clock
        body = np.rint(samples.T * MILLI_G).astype("<i2").tobytes()
        data = self._signed(ACCELERATION, clock, samples.shape[1], body)
        self.sequence += samples.shape[1]
        return data

    def clock_frame(self, clock: int) -> bytes:
        """Return the frame that says what the clock of the device shows now, in us."""
        return self._signed(CLOCK, clock, 0, b"")

    def _signed(self, quantity: int, clock: int, count: int, body: bytes) -> bytes:
        head = struct.pack(
            "<2sBBIIIIHBB",
            b"LB",
            1,
            quantity,
            self.id,
            self.boot,
            self.sequence % 2**32,
            clock % 2**32,
            round(self.rate * 10),
            count,
            self.battery,
        )
        mac = (
            bytes(8) if self.key is None else hmac.digest(self.key, head + body, hashlib.sha256)[:8]
        )
        return head + mac + body


class FrameRing:
    """The frames that a device keeps in memory, the oldest first."""

    def __init__(self, seconds: float = 60.0) -> None:
        """Start empty; `seconds` is the time that fits."""
        self._seconds = seconds
        self._frames: deque[tuple[float, bytes]] = deque()

    def __iter__(self) -> Iterator[bytes]:
        return (frame for _, frame in self._frames)

    def add(self, taken: float, frame: bytes) -> None:
        """Keep a frame whose first sample was taken at a time (s); drop those that do not fit."""
        self._frames.append((taken, frame))
        while self._frames[0][0] < taken - self._seconds:
            self._frames.popleft()


class TcpSensor:
    """A device that sends over TCP and loses nothing while its ring holds.

    After each connect it sends a clock frame, then every frame in its ring, also those that it has
    sent before, as it cannot know what arrived. The caller sends a clock frame once a minute.
    """

    def __init__(self, device: AnkleSensor, port: int, *, ring_seconds: float = 60.0) -> None:
        """Start without a connection; the port is on loopback."""
        self._device = device
        self._port = port
        self._ring = FrameRing(ring_seconds)
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.disconnect()

    @property
    def connected(self) -> bool:
        """Whether a connection is open, as far as the device knows."""
        return self._socket is not None

    def connect(self, clock: int) -> None:
        """Connect and send the ring, if the bridge accepts; `clock` is the device's now, in us."""
        self.disconnect()
        with contextlib.suppress(OSError):
            self._socket = socket.create_connection((LOOPBACK, self._port), timeout=5.0)
        self.send_clock(clock)
        for frame in self._ring:
            self._send(frame)

    def disconnect(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def send_clock(self, clock: int) -> None:
        """Send a clock frame; `clock` is the device's now, in us."""
        self._send(self._device.clock_frame(clock))

    def take(self, samples: npt.NDArray[np.float64], clock: int) -> None:
        """Put samples of shape (3, n) in g into the ring and send them, if connected.

        `clock` is what the clock of the device showed at the first sample, in us.
        """
        frame = self._device.frame(samples, clock=clock)
        self._ring.add(clock / 1e6, frame)
        self._send(frame)

    def _send(self, frame: bytes) -> None:
        """Send a frame; an error closes the connection."""
        if self._socket is None:
            return
        try:
            self._socket.sendall(len(frame).to_bytes(2, "little") + frame)
        except OSError:
            self.disconnect()


def send(port: int, *datagrams: bytes) -> None:
    """Send datagrams to a port on loopback."""
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for data in datagrams:
            sender.sendto(data, (LOOPBACK, port))


def leg(
    begin: float, seconds: float, kicks: list[tuple[float, float]], *, rate: float = 50.0
) -> npt.NDArray[np.float64]:
    """Return acceleration of a lying ankle, shape (3, n) in g.

    It shakes during each (onset, duration) in s.
    """
    times = begin + np.arange(round(seconds * rate)) / rate
    signal = np.random.default_rng(round(begin * rate)).normal(0.0, 0.002, (3, len(times)))
    signal[1] += 1.0
    for onset, duration in kicks:
        moving = (times >= onset) & (times < onset + duration)
        signal[2, moving] += 0.2 * np.sin(2 * np.pi * 3.0 * (times[moving] - onset))
    return signal
