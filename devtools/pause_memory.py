"""Measure what a bridge keeps of each signed frame that it reads during a pause: nothing.

python -m devtools.pause_memory [--frames N]
"""

import argparse
import asyncio
import contextlib
import gc
import logging
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from devtools.network_sensor import AnkleSensor, leg
from devtools.processes import DevtoolError, free_port
from limber_bridge.config.loader import load_config
from limber_bridge.daemon.bridge import Bridge
from limber_bridge.sources import SOURCES
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import SourceEvent, SourceRequest
from limber_bridge.storage.journal import Journal

KEY: Final = b"7d0c4be1f83a96525e"
FRAME_S: Final = 0.5
POLL_S: Final = 0.05
TICK_S: Final = 1.5
"""Longer than the time between two ticks of the bridge."""
PATIENCE_S: Final = 300.0
BOOT_EVERY: Final = 50
"""Frames after which the sensor starts again. Chosen: more starts than the bridge remembers."""
SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: Europe/Berlin}}
broker: {{host: 127.0.0.1, port: {broker}}}
web: false
network: {{address: 127.0.0.1, port: 1}}
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {{id: 1, source: network, placement: ankle, side: left, quantity: acceleration, key: {key}}}
"""


class FrameClock:
    """A clock that advances by the length of a frame with each frame: hours pass in seconds."""

    def __init__(self) -> None:
        """Start on a day in November."""
        self.ns = 1_795_300_000 * 10**9

    def advance(self) -> None:
        """Advance by the length of a frame."""
        self.ns += round(FRAME_S * 1e9)

    def __call__(self) -> int:
        """Return the time in ns."""
        return self.ns


class PausedSensor:
    """A source of signed frames that sends a number of them when it is asked to."""

    def __init__(self, clock: FrameClock) -> None:
        """Start without a frame."""
        self._clock = clock
        self._wanted: asyncio.Queue[int] = asyncio.Queue()
        self._sent = 0

    def send(self, frames: int) -> None:
        """Ask for more frames."""
        self._wanted.put_nowait(frames)

    @property
    def sent(self) -> int:
        """Frames that the bridge has taken."""
        return self._sent

    async def run(self, request: SourceRequest) -> AsyncGenerator[SourceEvent]:
        """Yield the samples of the frames."""
        router = FrameRouter(request)
        samples = leg(0, FRAME_S, [])
        device = AnkleSensor(key=KEY)
        while True:
            for _ in range(await self._wanted.get()):
                if not self._sent % BOOT_EVERY:
                    device = AnkleSensor(key=KEY, boot=self._sent // BOOT_EVERY)
                self._clock.advance()
                arrived = request.host_clock.steady()
                data = device.frame(samples)
                for event in router.route_frame(data, arrived, request.host_clock.utc_offset):
                    yield event
                self._sent += 1


@dataclass(frozen=True, slots=True)
class PauseMemory:
    """What was kept of a number of frames."""

    frames: int
    bytes_per_frame: float
    objects: Counter[str]
    """By class: how many more objects of the bridge there are."""


def objects_of_the_bridge() -> Counter[str]:
    """Return how many objects of each class of the bridge exist."""
    gc.collect()
    return Counter(
        type(one).__name__
        for one in gc.get_objects()
        if str(type(one).__module__).startswith("limber_bridge.")
    )


async def pause_memory(folder: Path, frames: int) -> PauseMemory:
    """Return what a paused bridge keeps of frames, after as many others."""
    path = folder / "limber.yaml"
    await asyncio.to_thread(path.write_text, SETTINGS.format(broker=free_port(), key=KEY.decode()))
    clock = FrameClock()
    sensor = PausedSensor(clock)
    sources = {"network": replace(SOURCES["network"], run=sensor.run)}
    tracemalloc.start()
    with Journal(folder / "limber.db") as journal:
        bridge = Bridge(
            await asyncio.to_thread(load_config, path),
            journal,
            HostClock(clock, clock),
            sources=sources,
        )
        bridge.monitors["anna"].set_paused(clock.ns // 1000, paused=True)
        running = asyncio.create_task(bridge.run())
        await read(bridge, sensor, frames)
        before = objects_of_the_bridge()
        traced = tracemalloc.get_traced_memory()[0]
        await read(bridge, sensor, frames)
        after = objects_of_the_bridge()
        kept = tracemalloc.get_traced_memory()[0] - traced
        tracemalloc.stop()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    return PauseMemory(frames, kept / frames, after - before)


async def read(bridge: Bridge, sensor: PausedSensor, frames: int) -> None:
    """Have the bridge read frames, and write in its journal how far it has read."""
    until = sensor.sent + frames
    sensor.send(frames)
    for _ in range(round(PATIENCE_S / POLL_S)):
        await asyncio.sleep(POLL_S)
        if sensor.sent == until and not bridge.health.bridge(0).queues["jobs"]:
            # The next tick writes it.
            await asyncio.sleep(TICK_S)
            return
    raise DevtoolError(f"the bridge has read {sensor.sent} of {until} frames")


def main() -> None:
    """Print the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=50_000)
    frames = parser.parse_args().frames
    logging.disable()
    with tempfile.TemporaryDirectory(prefix="limber-pause-") as name:
        found = asyncio.run(pause_memory(Path(name), frames))
    print(f"{found.bytes_per_frame:.1f} bytes per frame, of {found.frames:,} frames in a pause")
    for kind, count in found.objects.most_common(5):
        print(f"{count:6d} more {kind}")


if __name__ == "__main__":
    main()
