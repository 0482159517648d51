"""A simulated network sensor; its frames follow docs/protocol.md, not the bridge's parser."""

import hashlib
import hmac
import socket
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from devtools.processes import LOOPBACK

MILLI_G = 1000


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
        head = struct.pack(
            "<2sBBIIIIHBB",
            b"LB",
            1,
            0,
            self.id,
            self.boot,
            self.sequence % 2**32,
            clock % 2**32,
            round(self.rate * 10),
            samples.shape[1],
            self.battery,
        )
        body = np.rint(samples.T * MILLI_G).astype("<i2").tobytes()
        mac = (
            bytes(8) if self.key is None else hmac.digest(self.key, head + body, hashlib.sha256)[:8]
        )
        self.sequence += samples.shape[1]
        return head + mac + body


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
