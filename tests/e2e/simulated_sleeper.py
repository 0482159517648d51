"""A person with a sensor at the ankle and a phone on the mattress, at the speed of a fast clock.

The leg kicks regularly, except while the person takes part in the guided check.
"""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from devtools.fast_clock import FastClock
from devtools.network_sensor import AnkleSensor
from devtools.phone_messages import NS, Floats, PhoneRecording
from devtools.phone_player import IngestAddress
from devtools.processes import LOOPBACK
from tests.bridge.feet import Foot, accelerations
from tests.bridge.network_namespace import NetworkNamespace

RATE: Final = 50
FRAME: Final = 5
"""Samples in a frame of the ankle sensor: ten frames a second."""
MESSAGE: Final = 250
"""Samples in a message of the phone, which may be seconds apart."""
EVERY_S: Final = 20.0
"""From kick to kick: a periodic series."""
KICK_S: Final = 2.0
MATTRESS: Final = 0.05
"""Part of a kick that reaches the phone."""
UPRIGHT: Final = np.array([[0.0], [0.0], [1.0]])
REACTION_S: Final = 3.0
"""From the press on the button until the person follows the steps. The press takes a while to reach
the bridge, while its clock goes on fast; the check allows for a person who is as slow as this."""


@dataclass
class SimulatedSleeper:
    """Sends what the sensors measure until it is over."""

    clock: FastClock
    network: NetworkNamespace
    sensor: int
    port: int
    """Of the bridge, for the frames of the ankle sensor."""
    phone: IngestAddress | None = None
    """Where the phone posts; None while it is not set up."""
    _signal: Floats = field(default_factory=lambda: accelerations(Foot()))
    """Of the ankle during a check, shape (3, n) in g."""
    _checked_at: float | None = None
    """When the person began to follow the check, in s of the fast clock."""
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def lie_down(self) -> None:
        """Begin to send."""
        self._threads = [
            self.network.run(start_thread, sending) for sending in (self._send_frames, self._post)
        ]

    def get_up(self) -> None:
        """Switch the sensors off."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def take_check(self) -> None:
        """Follow the steps of a guided check that begins now."""
        self._checked_at = self.clock.now() + REACTION_S

    def _send_frames(self) -> None:
        device = AnkleSensor(self.sensor)
        began = self.clock.now()
        with socket.socket(type=socket.SOCK_DGRAM) as out:
            while self._waited_until(began + (device.sequence + FRAME) / RATE):
                samples = self._ankle(began + device.sequence / RATE)
                out.sendto(device.frame(samples), (LOOPBACK, self.port))

    def _ankle(self, begin: float) -> Floats:
        """Return what the ankle sensor measures from a time on, shape (3, FRAME) in g."""
        if self._checked_at is None:
            return lying(self._signal[:, :FRAME], begin, FRAME)
        first = max(0, round((begin - self._checked_at) * RATE))
        if first + FRAME > self._signal.shape[1]:
            return lying(self._signal[:, -FRAME:], begin, FRAME)
        return self._signal[:, first : first + FRAME]

    def _post(self) -> None:
        recording = PhoneRecording()
        begin = self.clock.now()
        while self._waited_until(begin + MESSAGE / RATE):
            if self.phone is not None:
                samples = lying(UPRIGHT, begin, MESSAGE, MATTRESS)
                self.phone.post(recording.message(samples, round(begin * NS)))
            begin += MESSAGE / RATE

    def _waited_until(self, due: float) -> bool:
        """Wait until the fast clock shows a time; return whether the person still lies."""
        return not self._over.wait(max(0.0, (due - self.clock.now()) / self.clock.speed))


def lying(rest: Floats, begin: float, count: int, share: float = 1.0) -> Floats:
    """Return the acceleration of something that lies like `rest` and is shaken by kicks.

    Shape (3, count) in g. `share`: how much of a kick arrives there.
    """
    times = begin + np.arange(count) / RATE
    since = times % EVERY_S
    noise = np.random.default_rng(round(begin * RATE)).normal(0.0, 0.002, (3, count))
    samples: Floats = rest.mean(axis=1, keepdims=True) + noise
    samples[2] += np.where(since < KICK_S, share * 0.2 * np.sin(2 * np.pi * 3.0 * since), 0.0)
    return samples


def start_thread(function: Callable[[], None]) -> threading.Thread:
    """Start a thread in the network of the calling one."""
    thread = threading.Thread(target=function)
    thread.start()
    return thread
