"""Check for leaks: thirty nights through the bridge's parts, and a bridge that reconnects often.

Memory, open files and threads must not grow. `python -m devtools.soak nights FOLDER` plays the
nights and prints the resources after each; `python -m devtools.soak run ...` is a bridge that
reconnects to its broker immediately.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import paho.mqtt.client as paho

from devtools.broker import start_broker
from devtools.network_sensor import AnkleSensor, leg
from devtools.processes import LOOPBACK, DevtoolError, Program, free_port, start
from devtools.tcp_proxy import Proxy
from limber_bridge.cli import main
from limber_bridge.config.loader import load_config
from limber_bridge.daemon.journal_batches import journal_batch
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.signal import SECOND, SampleBlock
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.signals import signal_blocks
from limber_bridge.sources.source_api import Samples
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.raw_format import RawFile, RawFileInfo
from limber_bridge.storage.restore import restore_sleeper

NIGHTS: Final = 30
RECONNECTS: Final = 2000
WARM: Final = 8.0
"""s in which a bridge opens everything it keeps open; the raw signal is first written after five.
"""
GREETED: Final = 1500
"""Bytes that a bridge has sent once it has published everything; fewer are only the handshake."""
RATE: Final = 25.0
DAY: Final = 86_400 * SECOND
BEGIN: Final = 20_400 * DAY + 20 * 3600 * SECOND
"""us; an evening."""
SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: UTC}}
broker: {{host: 127.0.0.1, port: {broker}}}
network: {{address: 127.0.0.1, port: {sensor}}}
sleepers:
  - id: anna
    name: Anna
    sensors: [{{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}}]
"""


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """Resources that a process uses."""

    rss: float
    """MB."""
    descriptors: int
    threads: int


def held(process: int | str = "self") -> ResourceUse:
    """Return the resources that a process uses now."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines()
    )
    descriptors = len(list(Path(f"/proc/{process}/fd").iterdir()))
    return ResourceUse(int(status["VmRSS"].split()[0]) / 1024, descriptors, int(status["Threads"]))


def growth(found: Sequence[ResourceUse]) -> ResourceUse:
    """Return the growth from the middle to the last third.

    Memory by the median; files and threads by the minimum, because one may just be closing.
    """
    third = len(found) // 3
    warm = found[third : 2 * third]
    last = found[-third:]
    return ResourceUse(
        statistics.median(one.rss for one in last) - statistics.median(one.rss for one in warm),
        min(one.descriptors for one in last) - min(one.descriptors for one in warm),
        min(one.threads for one in last) - min(one.threads for one in warm),
    )


def play(folder: Path) -> None:
    """Play nights one after another and print the resources of this process after each."""
    (folder / "limber.yaml").write_text(SETTINGS.format(broker=1, sensor=1))
    config = load_config(folder / "limber.yaml")
    sleeper = config.sleepers[0]
    with Journal(config.journal) as journal:
        watch = SleeperMonitor(
            sleeper,
            config,
            restore_sleeper(journal, sleeper.id, config.calendar, BEGIN, live=sleeper.live),
            BEGIN,
        )
        for number in range(NIGHTS):
            night(journal, watch, folder, number)
            found = held()
            print(json.dumps([found.rss, found.descriptors, found.threads]), flush=True)
        finished = len(journal.nights(sleeper.id))
    if finished < NIGHTS - 1:
        raise DevtoolError(f"only {finished} of {NIGHTS} nights were finished")


def night(journal: Journal, watch: SleeperMonitor, folder: Path, number: int) -> None:
    """Play one night as fast as possible, then a day."""
    begin = BEGIN + number * DAY
    sensor = load_config(folder / "limber.yaml").sleepers[0].sensors[0].sensor
    first = number * round(86_400 * RATE)
    raw = RawFile(
        folder / f"{number}.db",
        RawFileInfo(watch.id, str(date.fromordinal(number + 1)), "soak"),
        begin,
    )
    for block in signal_blocks(plan_night(number, NightSpec(cramps=0)), sensor, RATE, begin):
        clock = block.clock
        moved = SampleBlock(
            block.first + first,
            block.samples,
            type(clock)(clock.index + first, clock.time, clock.rate),
            RATE,
        )
        now = moved.clock.time_of(moved.end)
        samples = Samples(sensor.id, moved)
        for change in (
            watch.process_arrival(sensor.id, samples, now),
            watch.advance_to(now),
        ):
            if change:
                journal.write([journal_batch(watch, change)])
        raw.write([(sensor, [moved])])
        watch.state(now)
    raw.close()
    (folder / f"{number}.db").unlink()
    for minute in range(0, 900, 10):
        change = watch.advance_to(begin + 9 * 3600 * SECOND + minute * 60 * SECOND)
        journal.write([journal_batch(watch, change)])


def nights(folder: Path) -> ResourceUse:
    """Return the growth of a process that plays the nights; DevtoolError if it fails."""
    command = [sys.executable, "-m", "devtools.soak", "nights", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DevtoolError(f"the soak of {NIGHTS} nights failed:\n{done.stderr[-2000:]}")
    return growth([ResourceUse(*json.loads(line)) for line in done.stdout.splitlines()])


async def reconnects(folder: Path) -> ResourceUse:
    """Return the growth of a bridge that often loses its broker and its sensor; DevtoolError."""
    broker_port = free_port()
    proxy_port = free_port()
    sensor_port = free_port()
    (folder / "limber.yaml").write_text(SETTINGS.format(broker=proxy_port, sensor=sensor_port))
    proxy = Proxy(proxy_port, broker_port)
    await proxy.start()
    broker = start_broker(folder / "broker", broker_port)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "devtools.soak",
        "run",
        "--config",
        folder / "limber.yaml",
    ]
    bridge = start("bridge", command, folder / "bridge.log")
    try:
        until = time.monotonic() + WARM
        while time.monotonic() < until:
            await reconnected(proxy, sensor_port, bridge)
        return growth([await reconnected(proxy, sensor_port, bridge) for _ in range(RECONNECTS)])
    finally:
        await asyncio.to_thread(bridge.stop)
        await proxy.stop()
        broker.stop()


async def reconnected(proxy: Proxy, port: int, bridge: Program) -> ResourceUse:
    """Wait until the bridge has published, connect a sensor briefly, and cut the connection."""
    until = time.monotonic() + 30
    while proxy.passed < GREETED:
        if time.monotonic() > until or not bridge.runs:
            raise DevtoolError(f"the bridge does not come back:\n{bridge.tail()}")
        await asyncio.sleep(0.001)
    writer = await called(port, until)
    frame = AnkleSensor().frame(leg(0, 0.5, []))
    writer.write(len(frame).to_bytes(2, "little") + frame)
    await writer.drain()
    writer.close()
    found = held(bridge.process.pid)
    proxy.cut()
    return found


async def called(port: int, until: float) -> asyncio.StreamWriter:
    """Return a connection to a port that may not be open yet; OSError if it stays closed."""
    while True:
        try:
            return (await asyncio.open_connection(LOOPBACK, port))[1]
        except OSError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.05)


def at_once() -> int:
    """Run a bridge that reconnects to its broker without delay."""
    wait = paho.Client.reconnect_delay_set
    paho.Client.reconnect_delay_set = lambda self, *_: wait(self, 0.001, 0.01)  # type: ignore[method-assign,arg-type]
    return main(sys.argv[1:])


if __name__ == "__main__":
    if sys.argv[1] == "run":
        sys.exit(at_once())
    play(Path(sys.argv[2]))
