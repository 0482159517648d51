"""Measure what open live pages cost: the time of a block, and what a busy bridge loses."""

import asyncio
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np

from devtools.load_test import SLEEPER, WARD, LoadedBridge, wait_until_it_answers
from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import LOOPBACK, DevtoolError, free_port, need, start
from limber_bridge.config.loader import load_config
from limber_bridge.daemon.live_readers import LiveReader
from limber_bridge.daemon.live_view import LiveView
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.sources.source_api import Samples
from limber_bridge.storage.restore import RestoredState

SENSORS: Final = 50
PAGES: Final = 10
RATE: Final = 50
BLOCK: Final = 25
"""Samples in a block: two a second."""
SIGNAL_S: Final = 600
"""Length of the signal for the time of a block."""
CROWD_S: Final = 30.0
"""Length of the run of the whole bridge."""
START_US: Final = 1_795_000_000 * SECOND
SLOW_MAX_S: Final = 60.0
"""Patience until a page that reads nothing is dropped."""


class Bedroom:
    """The detection of all sensors, and a live view; the same twice gives the same events."""

    def __init__(self, settings: Path, pages: int) -> None:
        """Start with a number of open pages, each of another sensor."""
        config = load_config(settings)
        self.now = START_US
        self.monitors = {
            sleeper.id: SleeperMonitor(sleeper, config, RestoredState(), self.now)
            for sleeper in config.sleepers
        }
        self.live = LiveView(self.monitors, lambda: self.now)
        self.readers = [self.live.open(number) for number in range(pages)]
        self.times: list[int] = []
        """ns of CPU; of each block."""

    def process(self, sensor: int, block: SampleBlock) -> None:
        """Process a block as the daemon does, and note how long that took."""
        monitor = self.monitors[f"sleeper_{sensor}"]
        samples = Samples(sensor, block)
        self.now = block.clock.time_of(block.end)
        began = time.thread_time_ns()
        monitor.process_arrival(sensor, samples, self.now)
        if self.live.is_watched(sensor):
            self.live.note_samples(samples, self.now)
        self.times.append(time.thread_time_ns() - began)

    async def send(self) -> None:
        """Send what is new to the pages, which read it at once."""
        await self.live.send_all()
        for reader in self.readers:
            read_all(reader)


def read_all(reader: LiveReader) -> None:
    """Read everything that waits."""
    while reader.waiting:
        reader.take()


def blocks() -> Iterator[tuple[int, SampleBlock]]:
    """Yield blocks of all sensors in order of time, with the number of the sensor."""
    kicks = [(20.0 + 25.0 * number, 2.0) for number in range(SIGNAL_S // 25)]
    signal = leg(0, SIGNAL_S, kicks, rate=RATE)
    clock = SampleClock(0, START_US, RATE)
    for begin in range(0, signal.shape[1], BLOCK):
        for sensor in range(SENSORS):
            # Each sensor reads the signal from another place on.
            shifted = (begin + sensor * 7 * BLOCK) % signal.shape[1]
            yield sensor, SampleBlock(begin, signal[:, shifted : shifted + BLOCK], clock, RATE)


def settings_of(folder: Path, sensors: int, page: int) -> Path:
    """Write a configuration with all sensors, each of its own sleeper."""
    path = folder / "limber.yaml"
    text = WARD.format(broker=free_port(), sensors=sensors, page=page)
    path.write_text(text + "".join(SLEEPER.format(number=number) for number in range(SENSORS)))
    return path


async def block_times(folder: Path) -> dict[str, float]:
    """Return the 99th percentile of the time of a block with pages, relative to without.

    Both process the same blocks in turn, so that what else the machine does meets both.
    """
    settings = settings_of(folder, free_port(), free_port())
    rooms = [Bedroom(settings, 0), Bedroom(settings, PAGES)]
    for number, (sensor, block) in enumerate(blocks()):
        # The second of the two finds the processor's cache filled by the first.
        for room in rooms if number % 2 else rooms[::-1]:
            room.process(sensor, block)
        if sensor == SENSORS - 1:
            for room in rooms:
                await room.send()
    without, with_pages = (float(np.percentile(room.times, 99)) for room in rooms)
    return {"live_block_p99": with_pages / without, "live_block_p99_us": with_pages / 1000}


@dataclass(slots=True)
class Crowd:
    """All sensors, each sending twice a second."""

    port: int
    over: threading.Event

    def run(self) -> None:
        """Send in real time until it is over."""
        sensors = [AnkleSensor(id=number) for number in range(SENSORS)]
        signal = leg(0, 60, [(30.0, 2.0)], rate=RATE)
        began = time.monotonic()
        turn = 0
        while not self.over.wait(max(0.0, began + turn * BLOCK / RATE - time.monotonic())):
            begin = turn * BLOCK % (signal.shape[1] - BLOCK)
            for sensor in sensors:
                send(self.port, sensor.frame(signal[:, begin : begin + BLOCK]))
            turn += 1


async def crowded(folder: Path) -> dict[str, float]:
    """Return what the whole bridge loses with open pages, one of which reads nothing."""
    port = free_port()
    page = free_port()
    settings = settings_of(folder, port, page)
    with ExitStack() as ends:
        program = start(
            "bridge", [need("limber"), "run", "--config", settings], folder / "bridge.log"
        )
        ends.callback(program.stop)
        ward = LoadedBridge(program, port, page)
        await asyncio.to_thread(wait_until_it_answers, ward)
        crowd = Crowd(port, threading.Event())
        thread = threading.Thread(target=crowd.run)
        thread.start()
        ends.callback(thread.join)
        ends.callback(crowd.over.set)
        return await watched(ward)


async def watched(ward: LoadedBridge) -> dict[str, float]:
    """Open the pages for a while, and return what was lost and dropped."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        host = f"http://localhost:{ward.page}"
        headers = {"Origin": host}
        pages = [
            await stack.enter_async_context(
                session.ws_connect(f"{host}/live/{number}", headers=headers)
            )
            for number in range(PAGES - 1)
        ]
        counts = [asyncio.create_task(count_messages(one)) for one in pages]
        dropped = asyncio.create_task(asyncio.to_thread(slow_page_is_dropped, ward.page))
        await asyncio.sleep(CROWD_S)
        messages = [count.result() if count.done() else None for count in counts]
        for count in counts:
            count.cancel()
        return {
            "live_lost": float(sum(one["lost"] for one in await asyncio.to_thread(ward.sensors))),
            "live_kept": float(sum(one is None for one in messages)),
            "live_dropped": float(await dropped),
        }


async def count_messages(page: aiohttp.ClientWebSocketResponse) -> int:
    """Read messages until the connection ends; return how many there were."""
    count = 0
    async for _ in page:
        count += 1
    return count


def slow_page_is_dropped(port: int) -> bool:
    """Open a page that reads nothing, and return whether the bridge ends its connection."""
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.connect((LOOPBACK, port))
        request = (
            f"GET /live/{SENSORS - 1} HTTP/1.1\r\nHost: localhost:{port}\r\n"
            f"Origin: http://localhost:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        slow.sendall(request.encode("ascii"))
        answer = slow.recv(12)
        if answer != b"HTTP/1.1 101":
            raise DevtoolError(f"the bridge refuses a live page: {answer!r}")
        until = time.monotonic() + SLOW_MAX_S
        while time.monotonic() < until:
            if slow.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return True
            time.sleep(0.1)
    return False


async def live_pages() -> dict[str, float]:
    """Return all figures."""
    found: dict[str, Any] = {}
    measurements: tuple[Callable[[Path], Any], ...] = (block_times, crowded)
    for measure in measurements:
        with tempfile.TemporaryDirectory() as folder:
            found |= await measure(Path(folder))
    return found


if __name__ == "__main__":
    json.dump(asyncio.run(live_pages()), sys.stdout, indent=2)
