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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.signal import butter, sosfilt

from devtools.home_assistant import HomeAssistant, add_limber
from devtools.integration_bench import integrated
from devtools.latency_bench import latencies
from devtools.load_test import load
from devtools.network_sensor import AnkleSensor, leg, send
from devtools.phone_bench import POSTS, phone_posts
from devtools.processes import ROOT, DevtoolError, Program, free_port, need
from devtools.reconnect_bench import DEVICES, firmware_reconnects
from devtools.reconnect_bench import RECONNECTS as LINK_RECONNECTS
from devtools.soak import NIGHTS, RECONNECTS, nights, reconnects
from devtools.stack import chained
from limber_bridge.config.loader import load_config
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.night_score import score_night
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.signals import signal_blocks
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import SourceRequest
from limber_bridge.storage.restore import RestoredState

ANKLE: Final = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
RATE: Final = 100.0
SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: Europe/Berlin}}
broker: {{host: 127.0.0.1, port: {broker}}}
network: {{address: 127.0.0.1, port: {sensor}}}
sleepers:
  - id: anna
    name: Anna
    sensors: [{{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}}]
"""
MANY: Final = """\
bridge: {id: ward, time_zone: Europe/Berlin}
broker: {host: 127.0.0.1}
network: {address: 127.0.0.1}
sleepers:
"""
SLEEPER: Final = """\
  - id: sleeper_{number}
    name: Sleeper {number}
    sensors:
      - {{id: {number}, source: network, placement: ankle, side: left, quantity: acceleration}}
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
        "passes", 2.5, "8 h, 100 Hz, 3 axes, array to measures / a sosfilt of two sections"
    ),
    "block_us": Measurement("us", 120, "one block of 25 samples, live, median over an hour"),
    "emg_vs_psgscoring": Measurement(
        "times", 10, "8 h, two EMG channels, 256 Hz: faster than psgscoring", least=True
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


def night() -> Floats:
    """Return eight hours of ankle acceleration at 100 Hz, shape (3, 2880000)."""
    signal = signal_blocks(plan_night(1, NightSpec(cramps=0)), ANKLE, RATE)
    return np.concatenate([block.samples for block in signal], axis=1)


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes, in s."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def night_filter_passes(signal: Floats, rounds: int = 7) -> float:
    """Return the median ratio of two durations, each pair measured directly after each other."""
    sections = butter(2, (0.5, 10.0), "bandpass", fs=RATE, output="sos")
    whole = SampleBlock(0, signal, SampleClock(0, 0, RATE), RATE)

    def score() -> None:
        detector = Pipeline([ANKLE])
        events = detector.process(ANKLE.id, whole) + detector.finish()
        score_night(events, WASM_2016, detector.coverage(0, whole.clock.time_of(whole.end)))

    def single_pass() -> None:
        sosfilt(sections, signal, zi=np.zeros((2, 3, 2)))

    score()
    single_pass()
    return statistics.median(seconds(score) / seconds(single_pass) for _ in range(rounds))


def block_us(signal: Floats) -> float:
    """Return the median processing time of a block, delivered as a sensor does."""
    detector = Pipeline([ANKLE])
    clock = SampleClock(0, 0, RATE)
    pieces = [
        SampleBlock(at, signal[:, at : at + 25], clock, RATE)
        for at in range(0, round(3600 * RATE), 25)
    ]
    return 1e6 * statistics.median(
        seconds(partial(detector.process, ANKLE.id, piece)) for piece in pieces
    )


def emg_vs_psgscoring() -> float:
    """Return how many times faster the bridge is than psgscoring; each runs in its own process."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "script")}
    command = [str(ROOT / ".venv-bench/bin/python"), "-m", "devtools.psgscoring_bench"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DevtoolError(f"the comparison with psgscoring failed:\n{done.stderr[-2000:]}")
    return float(done.stdout)


def sensors_per_core(sensors: int = 100, seconds: int = 30) -> float:
    """Return how many 50 Hz sensors with two frames per second one core can follow in real time.

    This covers everything the daemon does for each frame, from its bytes to events, except the
    journal and the broker, which are only busy when something happens.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "limber.yaml"
        path.write_text(MANY + "".join(SLEEPER.format(number=number) for number in range(sensors)))
        config = load_config(path)
    watches = {
        one.sensors[0].sensor.id: SleeperMonitor(one, config, RestoredState(), 0)
        for one in config.sleepers
    }
    wanted = tuple(one.sensors[0].request for one in config.sleepers)
    router = FrameRouter(
        SourceRequest(wanted, config.source_settings["network"], config.calendar, HostClock(), 0)
    )
    devices = {number: AnkleSensor(number) for number in watches}
    frames = [
        (at, number, device.frame(leg(at / 2, 0.5, [(5.0, 2.0), (20.0, 2.0)])))
        for at in range(2 * seconds)
        for number, device in devices.items()
    ]
    began = time.perf_counter()
    for at, number, frame in frames:
        now = (at + 1) * SECOND // 2
        for arrival in router.route_frame(frame, now):
            watches[number].process_arrival(number, arrival, now)
        if at % 2:
            watches[number].advance_to(now)
    return sensors * seconds / (time.perf_counter() - began)


def help_s() -> float:
    """Return how long `limber --help` takes, in s."""
    command = [need("limber"), "--help"]
    return statistics.median(
        seconds(partial(subprocess.run, command, capture_output=True, check=True)) for _ in range(7)
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


async def run() -> dict[str, float]:
    """Measure everything."""
    signal = night()
    found = {"night_filter_passes": night_filter_passes(signal), "block_us": block_us(signal)}
    found |= {
        "sensors_per_core": sensors_per_core(),
        "help_s": help_s(),
        "emg_vs_psgscoring": emg_vs_psgscoring(),
    }
    found |= await soak()
    with tempfile.TemporaryDirectory() as folder:
        found |= await asyncio.to_thread(load, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        found |= await integrated(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        found |= await live(Path(folder))
    return found | await devices() | await bluetooth()


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


async def bluetooth() -> dict[str, float]:
    """Return what devtools.bluetooth_bench measures, in the environment that has its libraries."""
    process = await asyncio.create_subprocess_exec(
        ROOT / ".venv" / "bin" / "python",
        "-m",
        "devtools.bluetooth_bench",
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'bridge'}"},
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise DevtoolError("the measurements of Bluetooth failed")
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


def main() -> int:
    """Measure, then print a table or JSON."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    try:
        found = asyncio.run(run())
    except DevtoolError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.json:
        rows = {
            name: {"value": round(found[name], 2), "unit": row.unit, "goal": row.goal}
            for name, row in FIGURES.items()
        }
        print(json.dumps(rows))
        return 0
    for name, row in FIGURES.items():
        mark = "reached" if row.reached(found[name]) else "NOT reached"
        bound = ">=" if row.least else "<="
        print(
            f"{name:<22} {found[name]:8.4g} {row.unit:<7} target {bound} {row.goal:<6g} "
            f"{mark:<12} {row.what}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
