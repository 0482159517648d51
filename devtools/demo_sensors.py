"""The sensors that the demo can use: a simulated source of the bridge, or a device beside it."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from devtools.firmware import KEY, Device, MeasuredSignal, build
from devtools.processes import Program, start
from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.signals import signal_blocks

HEAD_START_MIN: Final = 21.95
"""Minutes of the simulated night that have passed when the demo starts: the live night begins at
sleep onset, so that the first movements come soon."""
SIMULATED: Final = (
    "seed: {seed}, plm_index: 40, movement_interval: 11, walking: 2, "
    f"sleep_latency: 20, head_start: {HEAD_START_MIN}"
)
SPEC: Final = NightSpec(
    plm_index=40.0,
    cramps=0,
    sleep_latency=20.0,
    walking=2.0,
    movement_interval=11.0,
)
"""The same night for a device."""
RATE: Final = 50.0
"""Hz of the signal that the chip of a device measures."""
PHONE_SECRET: Final = "of-the-demonstration"  # noqa: S105 - it protects nothing
"""Part of the address to which the player of a phone posts."""
FIRMWARE: Final = "ankle"
"""Configuration of the firmware (`devtools.firmware`)."""


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """Where a device of the demo runs."""

    folder: Path
    port: int
    """On which the bridge receives network sensors."""
    web: int
    """On which the bridge serves HTTP."""
    seed: int
    """Of the simulated night."""


@dataclass(frozen=True, slots=True)
class DemoSensor:
    """One choice of `script/demo --sensor`."""

    sensors: str
    """Lines of limber.yaml; `{seed}` is the seed of the night."""
    start: Callable[[DemoPlace], Program] | None = None
    """Start the device; None: the bridge simulates it."""


def start_firmware(place: DemoPlace) -> Program:
    """Start the compiled firmware, whose simulated chip measures a simulated night."""
    place.folder.mkdir(exist_ok=True)
    build(FIRMWARE)
    file = place.folder / "signal"
    write_night(file, place.seed)
    signal = MeasuredSignal(file, time.time(), RATE)
    device = Device(FIRMWARE, place.folder, {"LIMBER_PORT": str(place.port)} | signal.environment)
    device.start()
    return device.program


def start_phone(place: DemoPlace) -> Program:
    """Start a player that posts a simulated night as the app Sensor Logger does."""
    place.folder.mkdir(exist_ok=True)
    file = place.folder / "signal"
    write_night(file, place.seed)
    command: list[str | Path] = [sys.executable, "-m", "devtools.phone_player", file]
    command += ["--port", str(place.web), "--secret", PHONE_SECRET, "--rate", f"{RATE:g}"]
    return start("phone", command, place.folder / "phone.log")


def write_night(file: Path, seed: int) -> None:
    """Write what the chip at an ankle measures in a simulated night after its head start."""
    sensor = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
    blocks = signal_blocks(plan_night(seed, SPEC), sensor, RATE)
    night = np.concatenate([block.samples for block in blocks], axis=1)
    live = night[:, round(HEAD_START_MIN * 60 * RATE) :]
    file.write_bytes(np.ascontiguousarray(live.T).astype("<f4").tobytes())


SENSORS: Final = {
    "simulated": DemoSensor(
        "".join(
            f"      - {{{{id: {number}, source: simulated, placement: ankle, side: {side}, "
            f"quantity: acceleration, {SIMULATED}}}}}\n"
            for number, side in ((1, "left"), (2, "right"))
        )
    ),
    "firmware": DemoSensor(
        "      - {{id: 1, source: network, placement: ankle, side: left, quantity: acceleration, "
        f"key: {KEY.decode()}}}}}\n",
        start_firmware,
    ),
    "phone": DemoSensor(
        "      - {{id: 1, source: phone, placement: ankle, side: left, quantity: acceleration, "
        f"secret: {PHONE_SECRET}}}}}\n",
        start_phone,
    ),
}
"""By the name that --sensor takes."""
