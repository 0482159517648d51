"""What a test runs: broker, bridge, Home Assistant, and a leg that kicks."""

import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devtools.broker import start_broker
from devtools.home_assistant import (
    HomeAssistant,
    add_broker,
    logged_in,
    opened,
    prepare,
    start_home,
)
from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import Program, free_port, start
from tests.bridge.examples import settings
from tests.e2e.local_time import ZONE_NAME
from tests.required_programs import need

ANKLE = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"


@dataclass
class Stack:
    """Everything that runs, and how to start and end it."""

    folder: Path
    ends: ExitStack
    bridge: str = "bedroom"
    """Id of the bridge."""
    base_topic: str = "limber"
    """With the default one, Home Assistant discovers the bridge."""
    sleeper: str = "Anna"
    broker_port: int = field(default_factory=free_port)
    home_port: int = field(default_factory=free_port)
    sensor_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    forgiven: list[str] = field(default_factory=list)
    """Words in Home Assistant's log that the test itself causes."""

    def start_broker(self) -> Program:
        """Start mosquitto with an empty store."""
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
        """Write the configuration of the bridge and return its path."""
        listen = f"network: {{address: 127.0.0.1, port: {self.sensor_port}}}\n"
        listen += f"web: {{port: {self.web_port}}}\n"
        path = self.folder / "limber.yaml"
        path.write_text(
            settings(
                sensors,
                port=self.broker_port,
                more=listen,
                bridge=self.bridge,
                base_topic=self.base_topic,
                sleeper=self.sleeper,
                zone=ZONE_NAME,
            )
        )
        return path

    def start_home(self, more: str = "") -> Program:
        """Start Home Assistant, with more YAML in its configuration."""
        prepare(self.folder / "config", self.home_port, ZONE_NAME, more)
        return self._kept(start_home(self.folder / "config"))

    @asynccontextmanager
    async def home(self, program: Program) -> AsyncIterator[HomeAssistant]:
        """Log in to Home Assistant; the first time, set up the broker."""
        async with opened(self.home_port, program) as home:
            if not await home.entries("mqtt"):
                await add_broker(home, self.broker_port)
            yield home

    @asynccontextmanager
    async def running_home(self) -> AsyncIterator[HomeAssistant]:
        """Log in to the Home Assistant that several tests share."""
        async with logged_in(self.home_port) as home:
            yield home

    def log(self, name: str) -> Path:
        """Return the path of a program's log."""
        return self.folder / f"{name}.log"

    def _kept(self, program: Program) -> Program:
        self.ends.callback(program.stop)
        return program


@contextmanager
def kicking(port: int, kicks: list[tuple[float, float]]) -> Iterator[Callable[[], float]]:
    """Send a leg that kicks, in real time; yield a function that returns the seconds since then.

    Kicks that are added to the list are sent when their time comes.

    It runs in a thread, so that the frames are in time while the test starts or stops a program.
    """
    sensor = AnkleSensor()
    began = time.monotonic()
    over = threading.Event()

    def lie() -> None:
        at = 0.0
        while not over.wait(max(0.0, began + at + 0.5 - time.monotonic())):
            send(port, sensor.frame(leg(at, 0.5, kicks)))
            at = sensor.sequence / sensor.rate

    lying = threading.Thread(target=lie)
    lying.start()
    try:
        yield lambda: time.monotonic() - began
    finally:
        over.set()
        lying.join()


async def shows(home: HomeAssistant, entity: str, wanted: str, patience: float = 30.0) -> None:
    """Wait until an entity has a state; fail with what it has instead."""

    async def has(home: HomeAssistant) -> bool:
        return await home.state(entity) == wanted

    found: bool | None = await home.until(has, patience)
    assert found, f"{entity} is {await home.state(entity)}, not {wanted}"


async def attributes(home: HomeAssistant, entity: str) -> Mapping[str, Any]:
    """Return the attributes of an entity."""
    found = await home.get(f"/api/states/{entity}")
    assert found is not None, f"there is no {entity}"
    attributes: Mapping[str, Any] = found["attributes"]
    return attributes


def card_of(bridge: str) -> Callable[[HomeAssistant], Awaitable[str | None]]:
    """Return a function that returns the flow of a bridge that Home Assistant has discovered."""

    async def card(home: HomeAssistant) -> str | None:
        flows = await home.command(type="config_entries/flow/progress")
        ids = (one["flow_id"] for one in flows if one["context"].get("unique_id") == bridge)
        return next(ids, None)

    return card
