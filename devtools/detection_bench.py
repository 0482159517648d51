"""Measure the speed of the detection, in times of a filter that runs directly after it."""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Self

import numpy as np
from scipy.signal import butter, sosfilt

from devtools.network_sensor import AnkleSensor, leg
from devtools.processes import ROOT, DevtoolError
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
"""Hz."""
FOUR_SECTIONS: Final = butter(4, (0.5, 10.0), "bandpass", fs=RATE, output="sos")
"""The filter that a live block is compared with."""
BLOCK_SAMPLES: Final = 25
"""Samples of a live block."""
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


def night() -> Floats:
    """Return eight hours of ankle acceleration at 100 Hz, shape (3, 2880000)."""
    signal = signal_blocks(plan_night(1, NightSpec(cramps=0)), ANKLE, RATE)
    return np.concatenate([block.samples for block in signal], axis=1)


def duration_s(work: Callable[[], object]) -> float:
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
    return statistics.median(duration_s(score) / duration_s(single_pass) for _ in range(rounds))


def live_blocks(signal: Floats) -> dict[str, float]:
    """Return the median processing time of a block, delivered as a sensor does.

    In us, and in calls of the filter on the same block, directly after it.
    """
    detector = Pipeline([ANKLE])
    clock = SampleClock(0, 0, RATE)
    pieces = [
        SampleBlock(at, signal[:, at : at + BLOCK_SAMPLES], clock, RATE)
        for at in range(0, round(3600 * RATE), BLOCK_SAMPLES)
    ]
    pairs = [
        (duration_s(partial(detector.process, ANKLE.id, piece)), filter_call_s(piece.samples))
        for piece in pieces
    ]
    blocks, filters = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {"block_us": 1e6 * blocks, "block_filter_calls": blocks / filters}


def filter_call_s(samples: Floats) -> float:
    """Return how long one call of a filter with four sections takes, in s."""
    state = np.zeros((len(FOUR_SECTIONS), len(samples), 2))
    return duration_s(partial(sosfilt, FOUR_SECTIONS, samples, zi=state))


@dataclass(frozen=True, slots=True)
class LiveSensors:
    """Sensors of sleepers of their own, and everything of the daemon that their frames pass."""

    watches: Mapping[int, SleeperMonitor]
    router: FrameRouter
    frames: Sequence[tuple[int, int, bytes]]
    """Half seconds since the start, number of the sensor, and the frame that it sends."""

    @classmethod
    def of(cls, sensors: int, seconds: int) -> Self:
        """Return sensors that send two frames a second, for some time."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "limber.yaml"
            people = "".join(SLEEPER.format(number=number) for number in range(sensors))
            path.write_text(MANY + people)
            config = load_config(path)
        watches = {
            one.sensors[0].sensor.id: SleeperMonitor(one, config, RestoredState(), 0)
            for one in config.sleepers
        }
        wanted = tuple(one.sensors[0].request for one in config.sleepers)
        network = config.source_settings["network"]
        router = FrameRouter(SourceRequest(wanted, network, config.calendar, HostClock(), 0))
        devices = {number: AnkleSensor(number) for number in watches}
        kicks = [
            (minute * 60 + at, 2.0) for minute in range(1 + seconds // 60) for at in (5.0, 20.0)
        ]
        frames = [
            (at, number, device.frame(leg(at / 2, 0.5, kicks)))
            for at in range(2 * seconds)
            for number, device in devices.items()
        ]
        return cls(watches, router, frames)

    def process(self, at: int, number: int, frame: bytes) -> None:
        """Process one frame, and let the time pass once a second."""
        now = (at + 1) * SECOND // 2
        for arrival in self.router.route_frame(frame, now):
            self.watches[number].process_arrival(number, arrival, now)
        if at % 2:
            self.watches[number].advance_to(now)


def frame_filter_calls() -> float:
    """Return how long a frame takes, from its bytes to events, in calls of the filter."""
    sensors = LiveSensors.of(1, 1200)
    samples = np.random.default_rng(1).normal(0.0, 1.0, (3, BLOCK_SAMPLES))
    pairs = [
        (duration_s(partial(sensors.process, *arrived)), filter_call_s(samples))
        for arrived in sensors.frames
    ]
    frames = statistics.median(frame for frame, _ in pairs)
    return frames / statistics.median(call for _, call in pairs)


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
    live = LiveSensors.of(sensors, seconds)
    began = time.perf_counter()
    for arrived in live.frames:
        live.process(*arrived)
    return sensors * seconds / (time.perf_counter() - began)


def detection_figures() -> dict[str, float]:
    """Return everything that is measured here, by the name of the figure."""
    signal = night()
    figures = {"night_filter_passes": night_filter_passes(signal)} | live_blocks(signal)
    return figures | {
        "frame_filter_calls": frame_filter_calls(),
        "sensors_per_core": sensors_per_core(),
        "emg_vs_psgscoring": emg_vs_psgscoring(),
    }
