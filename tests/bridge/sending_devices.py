"""Simulated sensors with one peculiarity each, which send frames in real time."""

import hashlib
import hmac
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from devtools.network_sensor import leg
from devtools.processes import LOOPBACK

ACCELERATION = 0
EMG = 1
LOAD = 2
TYPES = {ACCELERATION: "<i2", EMG: "<i2", LOAD: "<i4"}
type Counts = npt.NDArray[np.float64]


def lying(count: int, first: int) -> Counts:
    """Counts in mg of a leg that lies still."""
    return leg(first / 50, count / 50, []) * 1000


@dataclass(frozen=True)
class Device:
    """A sensor with one peculiarity."""

    quantity: int = ACCELERATION
    rate: float = 50.0
    announced: float | None = None
    """Hz; None: the real rate."""
    counts: Callable[[int, int], Counts] = lying
    """Counts of a number of samples from a number on, shape (axes, n)."""
    dtype: str = ""
    sequence_step: int | None = None
    """What a frame adds to the sequence number; None: its samples."""
    skipped_of_five: int = 0
    """Frames of every five that are not sent."""
    backlog_s: float = 0.0
    """Signal that was kept before, and is sent at once."""
    key: bytes | None = None
    battery: int = 80
    samples_in_frame: int = 25

    def frame(self, sensor: int, number: int) -> bytes:
        """Return frame `number` of a boot, from 0."""
        first = number * self.samples_in_frame
        step = self.samples_in_frame if self.sequence_step is None else self.sequence_step
        announced = self.rate if self.announced is None else self.announced
        head = struct.pack(
            "<2sBBIIIIHBB",
            *(b"LB", 1, self.quantity, sensor, 7, number * step),
            *(round(first / self.rate * 1e6), round(announced * 10)),
            *(self.samples_in_frame, self.battery),
        )
        samples = np.rint(self.counts(self.samples_in_frame, first)).T
        body = samples.astype(self.dtype or TYPES[self.quantity]).tobytes()
        if self.key is None:
            return head + bytes(8) + body
        return head + hmac.digest(self.key, head + body, hashlib.sha256)[:8] + body


@dataclass
class Sender:
    """Sends the frames of devices in real time until it is stopped."""

    send: Callable[[bytes], None]
    devices: dict[int, Device]
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        begin = time.monotonic()
        sent = dict.fromkeys(self.devices, 0)
        while not self.stopping.wait(0.02):
            for sensor, device in self.devices.items():
                elapsed = time.monotonic() - begin + device.backlog_s
                due = int(elapsed * device.rate / device.samples_in_frame)
                while sent[sensor] < due:
                    if sent[sensor] % 5 >= device.skipped_of_five:
                        self.send(device.frame(sensor, sent[sensor]))
                    sent[sensor] += 1


@contextmanager
def sending(port: int, devices: dict[int, Device]) -> Iterator[None]:
    """Send the frames of devices over UDP."""
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        sender = Sender(lambda data: void(udp.sendto(data, (LOOPBACK, port))), devices)
        thread = threading.Thread(target=sender.run)
        thread.start()
        try:
            yield
        finally:
            sender.stopping.set()
            thread.join()


def void(_: int) -> None:
    pass
