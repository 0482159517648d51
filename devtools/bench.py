"""Measure the speed and size that the project promises, and print them beside their targets."""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from devtools.card_bench import night_card, trend_card
from devtools.detection_bench import detection_figures, duration_s
from devtools.home_assistant import HomeAssistant, add_limber
from devtools.integration_bench import integrated
from devtools.latency_bench import latencies
from devtools.live_bench import live_pages
from devtools.load_test import load
from devtools.network_sensor import AnkleSensor, leg, send
from devtools.phone_bench import POSTS, phone_posts
from devtools.processes import ROOT, DevtoolError, Program, free_port, need, with_bytecode
from devtools.reconnect_bench import DEVICES, firmware_reconnects
from devtools.reconnect_bench import RECONNECTS as LINK_RECONNECTS
from devtools.soak import NIGHTS, RECONNECTS, nights, reconnects
from devtools.stack import chained
from devtools.year_bench import year_s

SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: Europe/Berlin}}
broker: {{host: 127.0.0.1, port: {broker}}}
network: {{address: 127.0.0.1, port: {sensor}}}
sleepers:
  - id: anna
    name: Anna
    sensors: [{{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}}]
"""
MOVEMENTS: Final = "sensor.anna_leg_movements_tonight"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured quantity and its target."""

    unit: str
    goal: float
    what: str
    least: bool = False
    """Whether the target is a minimum; otherwise it is a maximum."""

    def reached(self, value: float) -> bool:
        """Return whether the value meets the target."""
        return value >= self.goal if self.least else value <= self.goal


FIGURES: Final = {
    "night_filter_passes": Measurement(
        "passes", 1.5, "8 h, 100 Hz, 3 axes, array to measures / a sosfilt of two sections"
    ),
    "block_filter_calls": Measurement(
        "calls", 2, "a live block of 25 samples / a sosfilt of it with four sections, in turn"
    ),
    "frame_filter_calls": Measurement(
        "calls", 4, "the bytes of a live frame to events, as the daemon does / the same sosfilt"
    ),
    "block_us": Measurement("us", 120, "one block of 25 samples, live, median over an hour"),
    "emg_vs_psgscoring": Measurement(
        "times", 15, "8 h, two EMG channels, 256 Hz: faster than psgscoring", least=True
    ),
    "sensors_per_core": Measurement(
        "sensors", 1000, "sensors of 50 Hz that one core keeps up with, live", least=True
    ),
    "load_lost": Measurement(
        "samples", 0, "1,000 sensors of 50 Hz for a minute, the whole bridge on one core: lost"
    ),
    "load_cpu": Measurement("%", 100, "the same: of that core"),
    "overload_told": Measurement(
        "", 1, "50,000 frames a second instead of 2,000: it says that it sheds", least=True
    ),
    "overload_recovered_s": Measurement(
        "s", 30, "after that, until all sensors are there and nothing waits"
    ),
    "overload_lost_after": Measurement("samples", 0, "in the time from 5 to 20 s after that: lost"),
    "live_block_p99": Measurement(
        "times", 1.1, "50 sensors, time of a block, 99th percentile: with ten live pages / without"
    ),
    "live_lost": Measurement("samples", 0, "50 sensors and ten live pages for half a minute: lost"),
    "live_kept": Measurement("pages", 9, "the same: pages that are still open", least=True),
    "live_dropped": Measurement(
        "pages", 1, "the same: dropped, of the one page that reads nothing", least=True
    ),
    "year_s": Measurement(
        "s", 60, "365 raw nights of 8 h at 50 Hz scored again with --jobs 2, from a few of them"
    ),
    "csv_night_s": Measurement(
        "times", 6, "8 h at 50 Hz in CSV: limber score, whole process / polars reading the file"
    ),
    "csv_night_fast_s": Measurement("times", 6, "the same with limber-bridge[fast]"),
    "help_s": Measurement("s", 0.3, "limber --help"),
    "soak_nights_mb": Measurement(
        "MB", 10, f"growth over {NIGHTS} nights, the last ten above those before"
    ),
    "soak_reconnects_mb": Measurement(
        "MB",
        10,
        f"growth over {RECONNECTS} reconnects of broker and sensor: last ten against those before",
    ),
    "soak_descriptors": Measurement("files", 0, "growth of open files in either"),
    "soak_threads": Measurement("threads", 0, "growth of threads in either"),
    "rss_mb": Measurement("MB", 130, "limber run with one sensor"),
    "setup_s": Measurement("s", 5, "Limber added to a Home Assistant 2026.11, until it is set up"),
    "backfill_365_s": Measurement(
        "s", 15, "from then on, until a year of nights is in the statistics"
    ),
    "state_ms": Measurement(
        "ms", 1, "work of Home Assistant's event loop on a state with a movement more, MQTT aside"
    ),
    "card_night_ms": Measurement(
        "ms", 50, "Night card of 2,000 movements: from its data to everything drawn, median"
    ),
    "card_night_frame_ms": Measurement(
        "ms", 17, "the same while it is dragged, on a processor slowed down four times: a frame"
    ),
    "card_night_kb": Measurement("kB", 40, "what Home Assistant sends for a night of 2,000"),
    "card_year_ms": Measurement("ms", 150, "Trend card of 365 nights, as for the Night card"),
    "card_year_kb": Measurement("kB", 120, "what Home Assistant sends for a year of nights"),
    "card_year_load_s": Measurement(
        "s", 10, "until it has it, with nothing of the year in any memory"
    ),
    "movement_to_entity_ms": Measurement(
        "ms", 250, "0.5 s after the end of a movement to Home Assistant, 95th percentile"
    ),
    "firmware_tcp_ms": Measurement(
        "ms", 800, "the same from a compiled firmware, which sends twice a second, over TCP"
    ),
    "firmware_udp_ms": Measurement("ms", 800, "the same over UDP"),
    "firmware_reconnects_mb": Measurement(
        "MB",
        1,
        f"growth of any, over {LINK_RECONNECTS} reconnects of {DEVICES} devices in all",
    ),
    "firmware_reconnects_files": Measurement("files", 0, "the same: of open files"),
    "phone_ms": Measurement("ms", 1500, "the same from a phone, which posts once a second"),
    "bluetooth_uart_ms": Measurement(
        "ms", 800, "from an emulated sensor with Limber frames, twice a second, to the MQTT event"
    ),
    "bluetooth_polar_ms": Measurement(
        "ms", 1000, "the same from an emulated Polar sensor, which sends every 0.7 s"
    ),
    "bluetooth_reconnects_mb": Measurement(
        "MB", 1, "growth of the Bluetooth source over 1000 links that the sensor drops"
    ),
    "bluetooth_reconnects_files": Measurement("files", 0, "the same: of open files"),
    "phone_posts_mb": Measurement(
        "MB", 2, f"growth of the bridge over a backlog of {POSTS} posts, each a connection"
    ),
    "phone_posts_files": Measurement("files", 0, "the same: of open files"),
}


def help_s() -> float:
    """Return how long `limber --help` takes, in s."""
    command = [need("limber"), "--help"]
    return statistics.median(
        duration_s(
            partial(subprocess.run, command, capture_output=True, check=True, env=with_bytecode())
        )
        for _ in range(7)
    )


async def movement_to_entity_ms(home: HomeAssistant, port: int, kicks: int = 20) -> float:
    """Return the 95th percentile delay from a kick to its count in Home Assistant, in ms.

    The delay begins half a second after the end of a kick, which the detection needs. Kicks last a
    second and follow each other after 4 to 9 s, always at the same times: at regular intervals they
    would be a rhythmic train and none of them would count.
    """
    onsets: list[float] = np.cumsum(np.random.default_rng(1).uniform(4.0, 9.0, kicks)).tolist()
    began = time.monotonic()
    lying = asyncio.create_task(lie(port, onsets, began))
    try:
        shown = await asyncio.wait_for(counted(home, kicks), onsets[-1] + 30)
    except TimeoutError as error:
        raise DevtoolError(f"not all of {kicks} kicks came to Home Assistant") from error
    finally:
        lying.cancel()
    delays = [1000 * (at - began - onset - 1.5) for at, onset in zip(shown, onsets, strict=True)]
    return statistics.quantiles(delays, n=20)[-1]


async def lie(port: int, onsets: Sequence[float], began: float) -> None:
    """Send frames of an ankle that kicks at the given times (s after `began`), 0.1 s each."""
    sensor = AnkleSensor()
    while True:
        at = sensor.sequence / sensor.rate
        await asyncio.sleep(max(0.0, began + at + 0.1 - time.monotonic()))
        send(port, sensor.frame(leg(at, 0.1, [(onset, 1.0) for onset in onsets])))


async def counted(home: HomeAssistant, kicks: int) -> list[float]:
    """Return when (s, monotonic) Home Assistant showed each count from 1 to `kicks`."""
    shown: list[float] = []
    async with home.subscribed(type="subscribe_entities", entity_ids=[MOVEMENTS]) as told:
        while len(shown) < kicks:
            state = entity_state(await told.get())
            if state is not None and state.isdecimal() and int(state) == len(shown) + 1:
                shown.append(time.monotonic())
    return shown


def entity_state(event: dict[str, Any]) -> str | None:
    """Return the new state in a message of `subscribe_entities`."""
    added = event.get("a", {}).get(MOVEMENTS)
    changed = event.get("c", {}).get(MOVEMENTS)
    found: str | None = (added or {}).get("s") or (changed or {}).get("+", {}).get("s")
    return found


def rss_mb(program: Program) -> float:
    """Return the resident memory of a program, in MB."""
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def soak() -> dict[str, float]:
    """Return by how much the memory of a long-running bridge grows."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        slept = await asyncio.to_thread(nights, Path(folder))
        lost = await reconnects(Path(other))
    return {
        "soak_nights_mb": slept.rss,
        "soak_reconnects_mb": lost.rss,
        "soak_descriptors": max(slept.descriptors, lost.descriptors),
        "soak_threads": max(slept.threads, lost.threads),
    }


async def speed() -> dict[str, float]:
    """Return the speed of the detection and of the start of the program."""
    with tempfile.TemporaryDirectory() as folder:
        year = await asyncio.to_thread(year_s, Path(folder))
    found = await asyncio.to_thread(detection_figures)
    return found | {"help_s": help_s(), "year_s": year}


async def loaded() -> dict[str, float]:
    """Return what the bridge loses with many sensors."""
    with tempfile.TemporaryDirectory() as folder:
        return await asyncio.to_thread(load, Path(folder))


async def home() -> dict[str, float]:
    """Return the speed of the integration in Home Assistant, and of a movement on its way there."""
    with tempfile.TemporaryDirectory() as folder:
        found = await integrated(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        return found | await live(Path(folder))


async def cards() -> dict[str, float]:
    """Return how quickly the cards are drawn, with generated data."""
    night = await night_card()
    year = await trend_card()
    return {
        "card_night_ms": night.render_ms,
        "card_night_frame_ms": night.pan_frame_ms,
        "card_year_ms": year.render_ms,
    }


async def devices() -> dict[str, float]:
    """Return the latency of each kind of device, and what reconnects of their links cost."""
    with tempfile.TemporaryDirectory() as folder:
        delays = await latencies(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        grown = await firmware_reconnects(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        posted = await asyncio.to_thread(phone_posts, Path(folder))
    return {f"{name}_ms": delay for name, delay in delays.items()} | {
        "firmware_reconnects_mb": grown.rss,
        "firmware_reconnects_files": grown.descriptors,
        "phone_posts_mb": posted.rss,
        "phone_posts_files": posted.descriptors,
    }


async def csv_nights() -> dict[str, float]:
    """Return what devtools.csv_bench measures, in the environment that has polars."""
    return await measured_apart("devtools.csv_bench")


async def bluetooth() -> dict[str, float]:
    """Return what devtools.bluetooth_bench measures, in the environment that has its libraries."""
    return await measured_apart("devtools.bluetooth_bench")


async def measured_apart(module: str) -> dict[str, float]:
    """Return what a module prints as JSON, in the environment of the tests."""
    process = await asyncio.create_subprocess_exec(
        ROOT / ".venv" / "bin" / "python",
        "-m",
        module,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'bridge'}"},
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise DevtoolError(f"the measurements of {module} failed")
    found: dict[str, float] = json.loads(output)
    return found


async def live(folder: Path) -> dict[str, float]:
    """Return the end-to-end measurements with a kicking leg."""
    broker_port = free_port()
    sensor_port = free_port()
    settings = folder / "limber.yaml"
    await asyncio.to_thread(
        settings.write_text, SETTINGS.format(broker=broker_port, sensor=sensor_port)
    )
    async with chained(folder, settings, broker_port) as chain:
        await add_limber(chain.home)
        delay = await movement_to_entity_ms(chain.home, sensor_port)
        return {"movement_to_entity_ms": delay, "rss_mb": rss_mb(chain.bridge)}


PARTS: Final[Mapping[str, Callable[[], Coroutine[None, None, dict[str, float]]]]] = {
    "detection": speed,
    "csv": csv_nights,
    "soak": soak,
    "load": loaded,
    "pages": live_pages,
    "cards": cards,
    "home": home,
    "devices": devices,
    "bluetooth": bluetooth,
}


async def run(parts: Iterable[str]) -> dict[str, float]:
    """Measure some parts, one after the other."""
    found: dict[str, float] = {}
    for part in parts:
        found |= await PARTS[part]()
    return found


def main() -> int:
    """Measure, then print a table or JSON."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--part", action="append", choices=PARTS, help="measure only this")
    chosen = parser.parse_args()
    try:
        found = asyncio.run(run(chosen.part or PARTS))
    except DevtoolError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.json:
        rows = {
            name: {"value": round(found[name], 2), "unit": row.unit, "goal": row.goal}
            for name, row in FIGURES.items()
            if name in found
        }
        print(json.dumps(rows))
        return 0
    for name, row in FIGURES.items():
        if name not in found:
            continue
        mark = "reached" if row.reached(found[name]) else "NOT reached"
        bound = ">=" if row.least else "<="
        print(
            f"{name:<22} {found[name]:8.4g} {row.unit:<7} target {bound} {row.goal:<6g} "
            f"{mark:<12} {row.what}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
