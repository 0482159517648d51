"""Measure how long a movement takes from a device to Home Assistant, for each kind of device.

All devices measure the same kicks at the same time, each for a sleeper of its own: a way from a
device to the bridge is a row of `WAYS`.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devtools.bridge_settings import SETTINGS
from devtools.firmware import KEY, Device, MeasuredSignal, build, irregular_kicks, write_signal
from devtools.home_assistant import HomeAssistant, add_limber
from devtools.processes import DevtoolError, Program, free_port, start
from devtools.stack import chained

KICKS: Final = 20
FIRST_KICK_S: Final = 15.0
"""s after the devices were started, by which time the detection knows their noise."""
KICK_S: Final = 1.0
KNOWN_AFTER_S: Final = 0.5
"""s after the end of a movement until the detection can know that it is over."""
PATIENCE_S: Final = 30.0
"""s after the last kick until Home Assistant must show it."""
PHONE_SECRET: Final = "of-the-measurement"  # noqa: S105 - it protects nothing
"""Part of the address to which the player of a phone posts."""
SLEEPER: Final = """\
  - id: {name}
    name: {name}
    sensors:
      - {{id: {number}, placement: ankle, side: left, quantity: acceleration, {options}}}
"""


@dataclass(frozen=True, slots=True)
class LatencyPlace:
    """What a device needs to know to measure the kicks and to reach the bridge."""

    folder: Path
    sensor_port: int
    web_port: int
    signal: MeasuredSignal
    """The kicks, as a file for simulated chips."""
    kicks: tuple[tuple[float, float], ...]
    """Onset and duration in s from the beginning of the signal."""


@dataclass(frozen=True, slots=True)
class LatencyWay:
    """A way from a device to the bridge."""

    number: int
    """Id of the sensor."""
    options: str
    """What limber.yaml needs for the sensor beside its placement."""
    start: Callable[[LatencyPlace], Program]


def start_firmware(configuration: str, place: LatencyPlace) -> Program:
    """Start a compiled firmware."""
    surroundings = {"LIMBER_PORT": str(place.sensor_port)} | place.signal.environment
    device = Device(configuration, place.folder, surroundings)
    device.start()
    return device.program


def start_phone(place: LatencyPlace) -> Program:
    """Start a player that posts once a second, as the app Sensor Logger does by default."""
    command: list[str | Path] = [sys.executable, "-m", "devtools.phone_player", place.signal.file]
    command += ["--port", str(place.web_port), "--sensor", "3", "--secret", PHONE_SECRET]
    command += ["--rate", repr(place.signal.rate), "--begin", repr(place.signal.began)]
    place.folder.mkdir(parents=True, exist_ok=True)
    return start("phone", command, place.folder / "phone.log")


WAYS: Final[Mapping[str, LatencyWay]] = {
    "firmware_tcp": LatencyWay(
        1,
        f"source: network, key: {KEY.decode()}",
        lambda place: start_firmware("ankle", place),
    ),
    "firmware_udp": LatencyWay(
        2,
        f"source: network, key: {KEY.decode()}",
        lambda place: start_firmware("ankle_udp", place),
    ),
    "phone": LatencyWay(3, f"source: phone, secret: {PHONE_SECRET}", start_phone),
}
"""By the id of the sleeper."""


async def latencies(folder: Path) -> dict[str, float]:
    """Return the 95th percentile from a device's sample to the entity in ms, by way.

    Each delay begins when the detection could know at the earliest that the kick is over.
    """
    for configuration in ("ankle", "ankle_udp"):
        await asyncio.to_thread(build, configuration)
    broker_port = free_port()
    sensor_port = free_port()
    web_port = free_port()
    sleepers = "".join(
        SLEEPER.format(name=name, number=way.number, options=way.options)
        for name, way in WAYS.items()
    )
    settings = folder / "limber.yaml"
    text = SETTINGS.format(broker=broker_port, sensor=sensor_port, web=web_port, sleepers=sleepers)
    await asyncio.to_thread(settings.write_text, text)
    async with AsyncExitStack() as ends:
        chain = await ends.enter_async_context(chained(folder, settings, broker_port))
        await add_limber(chain.home)
        kicks = tuple((onset, KICK_S) for onset, _ in irregular_kicks(FIRST_KICK_S, 1e4)[:KICKS])
        file = folder / "signal"
        await asyncio.to_thread(write_signal, file, kicks[-1][0] + PATIENCE_S, list(kicks))
        signal = MeasuredSignal(file, time.time())
        for name, way in WAYS.items():
            place = LatencyPlace(folder / name, sensor_port, web_port, signal, kicks)
            program = await asyncio.to_thread(way.start, place)
            ends.callback(program.stop)
        until = kicks[-1][0] + PATIENCE_S
        try:
            shown = await asyncio.wait_for(counts_shown(chain.home), until)
        except TimeoutError as error:
            raise DevtoolError(f"not all of {KICKS} kicks came to Home Assistant") from error
    return {name: percentile(signal, kicks, shown[name]) for name in WAYS}


def percentile(
    signal: MeasuredSignal, kicks: Sequence[tuple[float, float]], shown: Sequence[float]
) -> float:
    """Return the 95th percentile of the delays in ms."""
    known = [signal.began + onset + lasts + KNOWN_AFTER_S for onset, lasts in kicks]
    delays = [1000 * (at - due) for at, due in zip(shown, known, strict=True)]
    return statistics.quantiles(delays, n=20)[-1]


async def counts_shown(home: HomeAssistant) -> dict[str, list[float]]:
    """Return when (s of Unix time) Home Assistant showed each count of movements, by way."""
    shown: dict[str, list[float]] = {name: [] for name in WAYS}
    entities = {f"sensor.{name}_leg_movements_tonight": name for name in WAYS}
    async with home.subscribed(type="subscribe_entities", entity_ids=list(entities)) as told:
        while any(len(times) < KICKS for times in shown.values()):
            event = await told.get()
            for entity, name in entities.items():
                added = event.get("a", {}).get(entity) or {}
                changed = event.get("c", {}).get(entity, {}).get("+", {})
                state = added.get("s") or changed.get("s")
                if state is not None and state.isdecimal() and int(state) == len(shown[name]) + 1:
                    shown[name].append(time.time())
    return shown
