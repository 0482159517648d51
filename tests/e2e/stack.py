"""A whole stack for one test: broker, bridge, Home Assistant, and a leg that kicks."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devtools.broker import start_broker
from devtools.home_assistant import HomeAssistant, add_broker, opened, prepare, start_home
from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import Program, free_port, start
from tests.bridge.examples import settings
from tests.required_programs import need

ANKLE = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"


@dataclass
class Stack:
    """Everything that runs, and how to start and end it."""

    folder: Path
    ends: ExitStack
    broker_port: int = field(default_factory=free_port)
    home_port: int = field(default_factory=free_port)
    sensor_port: int = field(default_factory=free_port)
    forgiven: list[str] = field(default_factory=list)
    """Words of Home Assistant's log that the test itself is to blame for."""

    def start_broker(self) -> Program:
        """Start mosquitto, without any memory."""
        need("mosquitto")
        return self._kept(start_broker(self.folder / "broker", self.broker_port))

    def start_bridge(self, sensors: str = ANKLE) -> Program:
        """Start the bridge."""
        return self._kept(
            start(
                "bridge",
                [need("limber"), "run", "--config", self.settings(sensors)],
                self.log("bridge"),
            )
        )

    def settings(self, sensors: str = ANKLE) -> Path:
        """Write the configuration of the bridge."""
        listen = f"network: {{address: 127.0.0.1, port: {self.sensor_port}}}\n"
        path = self.folder / "limber.yaml"
        path.write_text(settings(sensors, port=self.broker_port, more=listen))
        return path

    def start_home(self, more: str = "") -> Program:
        """Start Home Assistant, with more YAML in its configuration."""
        prepare(self.folder / "config", self.home_port, "Europe/Berlin", more)
        return self._kept(start_home(self.folder / "config"))

    @asynccontextmanager
    async def home(self, program: Program, *, mqtt: bool = True) -> AsyncIterator[HomeAssistant]:
        """Log in to Home Assistant; the first time, give it the broker."""
        async with opened(self.home_port, program) as home:
            if mqtt and not await home.entries("mqtt"):
                await add_broker(home, self.broker_port)
            yield home

    def log(self, name: str) -> Path:
        """Where a program writes."""
        return self.folder / f"{name}.log"

    def _kept(self, program: Program) -> Program:
        self.ends.callback(program.stop)
        return program


@asynccontextmanager
async def kicking(
    port: int, kicks: list[tuple[float, float]]
) -> AsyncIterator[Callable[[], float]]:
    """A leg that kicks in real time; yields a function that returns the seconds since its start."""
    sensor = AnkleSensor()
    began = time.monotonic()

    async def lie() -> None:
        while True:
            at = sensor.sequence / sensor.rate
            await asyncio.sleep(max(0.0, began + at + 0.5 - time.monotonic()))
            send(port, sensor.frame(leg(at, 0.5, kicks)))

    lying = asyncio.create_task(lie())
    try:
        yield lambda: time.monotonic() - began
    finally:
        lying.cancel()


async def shows(home: HomeAssistant, entity: str, wanted: str, patience: float = 30.0) -> None:
    """Wait until an entity has a state; fail with what it has instead."""

    async def has(home: HomeAssistant) -> bool:
        return await home.state(entity) == wanted

    found: bool | None = await home.until(has, patience)
    assert found, f"{entity} is {await home.state(entity)}, not {wanted}"


async def attributes(home: HomeAssistant, entity: str) -> Mapping[str, Any]:
    """The attributes of an entity."""
    found = await home.get(f"/api/states/{entity}")
    assert found is not None, f"there is no {entity}"
    attributes: Mapping[str, Any] = found["attributes"]
    return attributes
