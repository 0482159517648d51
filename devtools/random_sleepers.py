"""Simulated legs that kick at random, and disturbances of their frames on the network."""

import asyncio
import random
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from devtools.fast_clock import FastClock
from devtools.network_sensor import AnkleSensor, leg
from devtools.processes import LOOPBACK

FRAME: Final = 0.5
"""s of signal in a frame."""
SENT_FRAMES: Final = 400
"""Frames that someone who listens has recorded. chosen: some minutes of a night."""
KEY: Final = b"a key of sixteen or more"
"""Key of the sensors. Without it, a frame that was damaged on the network would be accepted."""


@dataclass(slots=True)
class NetworkDisturbance:
    """Disturbances on the network, as shares of the frames."""

    lost: float = 0.0
    doubled: float = 0.0
    swapped: float = 0.0
    damaged: float = 0.0
    done: dict[str, int] = field(default_factory=dict)
    """How often each disturbance happened."""

    def carry(self, frames: Sequence[bytes], rng: random.Random) -> list[bytes]:
        """Return the frames that arrive."""
        arriving: list[bytes] = []
        for data in frames:
            roll = rng.random()
            match self._fate(roll):
                case "lost":
                    continue
                case "doubled":
                    arriving += [data, data]
                case "damaged":
                    at = rng.randrange(len(data))
                    arriving.append(
                        data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
                    )
                case "swapped":
                    arriving.insert(max(0, len(arriving) - 1), data)
                case _:
                    arriving.append(data)
        return arriving

    def _fate(self, roll: float) -> str | None:
        for name in ("lost", "doubled", "swapped", "damaged"):
            roll -= getattr(self, name)
            if roll < 0:
                self.done[f"frame {name}"] = self.done.get(f"frame {name}", 0) + 1
                return name
        return None


def kicks(seed: int, seconds: float) -> list[tuple[float, float]]:
    """Return (onset, duration) of clear kicks, with series among them."""
    rng = random.Random(seed)  # noqa: S311 - a night, not a secret
    found = []
    at = 30.0
    while at < seconds - 50:
        found.append((round(at, 1), rng.choice((1.0, 1.5, 2.0, 3.0))))
        at += rng.uniform(12, 30) if rng.random() < 0.85 else rng.uniform(95, 130)
    return found


class SimulatedLeg:
    """One ankle; it sends the same frames to every port, to some through a bad network."""

    def __init__(self, number: int, clock: FastClock, found: Sequence[tuple[float, float]]) -> None:
        """Start at the present moment."""
        self._clock = clock
        self._kicks = list(found)
        self._began = clock.now()
        self._device = AnkleSensor(number, key=KEY, boot=1)
        self._at = 0.0
        self._restarting = 0.0
        self.sent: deque[bytes] = deque(maxlen=SENT_FRAMES)
        """The frames that were sent last, as someone who listens has them."""

    def restart(self, away: float) -> None:
        """Switch the device off for some seconds of its clock."""
        self._restarting = away

    async def lie(
        self, ports: Sequence[tuple[int, NetworkDisturbance]], rng: random.Random
    ) -> None:
        """Send until cancelled; a frame is sent when its last sample was taken."""
        held: dict[int, list[bytes]] = {port: [] for port, _ in ports}
        with socket.socket(type=socket.SOCK_DGRAM) as out:
            while True:
                due = self._began + self._at + FRAME
                await asyncio.sleep(max(0.0, (due - self._clock.now()) / self._clock.speed))
                if self._restarting:
                    self._at += round(self._restarting / FRAME) * FRAME
                    self._restarting = 0.0
                    self._device = AnkleSensor(self._device.id, key=KEY, boot=self._device.boot + 1)
                    continue
                frame = self._device.frame(leg(self._at, FRAME, self._kicks))
                self._at += FRAME
                self.sent.append(frame)
                for port, way in ports:
                    # Two at a time, so that they can change places.
                    held[port].append(frame)
                    if way.swapped and rng.random() < 2 * way.swapped and len(held[port]) < 2:
                        continue
                    for data in way.carry(held[port], rng):
                        out.sendto(data, (LOOPBACK, port))
                    held[port].clear()
