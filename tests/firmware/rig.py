"""A compiled firmware, a real bridge and a real broker, and what can go wrong between them."""

import asyncio
import json
import random
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from devtools.broker import start_broker
from devtools.firmware import (
    KEY,
    Device,
    MeasuredSignal,
    build,
    irregular_kicks,
    write_signal,
)
from devtools.journal_events import events_of, parts_of
from devtools.processes import LOOPBACK, Program, free_port
from limber_bridge.detection.events import Event, Gap, UnilateralMovement
from limber_bridge.detection.signal import SECOND
from tests.bridge.forked_limber import start_limber
from tests.firmware.frame_tap import FrameTap

SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: Europe/Berlin, journal: {journal}}}
broker: {{host: 127.0.0.1, port: {broker}}}
retention: {{raw_nights: 0}}
network: {{address: 127.0.0.1, port: {sensor}}}
web: {{address: 127.0.0.1, port: {web}}}
sleepers:
  - id: anna
    name: Anna
    sensors:
{sensors}
"""
ANKLE: Final = (
    "{{id: 1, source: network, placement: ankle, side: left, quantity: acceleration, key: {key}}}"
)
PATIENCE: Final = 30.0
"""s until something must have happened that is expected soon."""
FIRST_KICK: Final = 10.0
"""s from the beginning of the signal; by then the detection knows the noise."""
QUIET_PORTS: Final = range(20_000, 32_000)
"""Ports that the system does not give to outgoing connections of other tests."""


def quiet_port() -> int:
    """Return a port that stays free until it is used, although other tests run."""
    while True:
        wanted = random.choice(QUIET_PORTS)  # noqa: S311 - no secret
        if free_port(wanted) == wanted:
            return wanted


@dataclass(slots=True)
class Bridge:
    """A real bridge that can be killed and started again."""

    folder: Path
    broker_port: int
    sensors: str = ANKLE.format(key=KEY.decode())
    sensor_port: int = field(default_factory=quiet_port)
    web_port: int = field(default_factory=quiet_port)
    _program: Program | None = None

    @property
    def journal(self) -> Path:
        return self.folder / "limber.db"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "limber.yaml"
        sensors = "".join(f"      - {line}\n" for line in self.sensors.splitlines())
        settings.write_text(
            SETTINGS.format(
                journal=self.journal,
                broker=self.broker_port,
                sensor=self.sensor_port,
                web=self.web_port,
                sensors=sensors,
            )
        )
        self._program = start_limber("run", "--config", settings, log=self.folder / "bridge.log")

    @property
    def program(self) -> Program:
        assert self._program is not None
        return self._program

    def stop(self) -> None:
        if self._program is not None:
            self._program.stop()

    def sensor(self, number: int = 1) -> Any:
        """Return the health of a sensor; None while the bridge does not answer."""
        address = f"http://{LOOPBACK}:{self.web_port}/health"
        try:
            with urllib.request.urlopen(address, timeout=2) as response:
                report = json.load(response)
        except OSError:
            return None
        return report["sleepers"]["anna"].get(str(number))

    async def until(
        self, enough: Callable[[Any], bool], number: int = 1, patience: float = PATIENCE
    ) -> Any:
        """Return the health of a sensor once it is `enough`; fail if it never is."""
        end = time.monotonic() + patience
        found = None
        while time.monotonic() < end:
            found = await asyncio.to_thread(self.sensor, number)
            if found is not None and enough(found):
                return found
            await asyncio.sleep(0.25)
        raise AssertionError(f"it never comes to that: {found}\n{self.program.tail(30)}")

    def events(self) -> list[Event]:
        """Return everything in the journal, in the order of time."""
        return sorted((event for _, event in events_of(self.journal)), key=lambda one: one.onset)

    def movements(self) -> list[UnilateralMovement]:
        return parts_of(self.events())

    def gaps(self) -> list[Gap]:
        return [event for event in self.events() if isinstance(event, Gap)]


@dataclass(frozen=True, slots=True)
class Rig:
    """A device whose chips measure a known signal, a bridge, and the link between them."""

    device: Device
    bridge: Bridge
    tap: FrameTap
    signal: MeasuredSignal
    kicks: tuple[tuple[float, float], ...]

    async def at(self, seconds: float) -> None:
        """Wait until some s after the beginning of the signal."""
        await asyncio.sleep(max(0.0, self.signal.began + seconds - time.time()))

    def report(self, command: str = "report") -> Any:
        """Send a command to the chips and return their report; fail if a driver misused one."""
        found = self.device.command(command)
        complaints = {address: chip["complaints"] for address, chip in found["chips"].items()}
        assert not any(complaints.values()), complaints
        return found

    def assert_plausible(self) -> None:
        """Assert that every sample which passed the proxy is one of a lying or kicking leg."""
        for frame in self.tap.samples():
            norms = np.linalg.norm(frame.samples, axis=1) / 1000
            assert (abs(norms - 1.0) < 0.1).all(), (frame.sequence, norms)

    def found_kicks(self) -> list[tuple[float, float]]:
        """Return onset and end, in s from the beginning, of what the journal has."""
        began = self.signal.began
        return [
            (one.onset / SECOND - began, one.end / SECOND - began)
            for one in self.bridge.movements()
        ]

    def assert_found(
        self, begin: float, end: float, *, but: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """Assert that each kick from `begin` to `end` (s) was found, where it was, and no other.

        Kicks that touch the span `but` are not compared.
        """

        def compared(onset: float, finish: float) -> bool:
            return begin <= onset <= end and not (onset < but[1] and finish > but[0])

        wanted = [(at, at + lasts) for at, lasts in self.kicks if compared(at, at + lasts)]
        found = [span for span in self.found_kicks() if compared(*span)]
        assert len(found) == len(wanted), (wanted, found)
        for (onset, finish), (found_onset, found_finish) in zip(wanted, found, strict=True):
            assert abs(onset - found_onset) < 0.2, (wanted, found)
            assert abs(finish - found_finish) < 0.5, (wanted, found)


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Run mosquitto and yield its port."""
    port = quiet_port()
    program = start_broker(folder, port)
    try:
        yield port
    finally:
        program.stop()


@asynccontextmanager
async def rig(
    folder: Path,
    name: str,
    *,
    seconds: float = 60.0,
    sensors: str | None = None,
    environment: dict[str, str] | None = None,
    direct: bool = False,
) -> AsyncIterator[Rig]:
    """Run a firmware, a bridge and a broker; `direct`: without the proxy between them."""
    await asyncio.to_thread(build, name)
    with ExitStack() as ends:
        broker_port = ends.enter_context(broker(folder / "broker"))
        bridge = Bridge(folder / "bridge", broker_port)
        if sensors is not None:
            bridge.sensors = sensors
        bridge.start()
        ends.callback(bridge.stop)
        await bridge_listens(bridge)
        tap = FrameTap(quiet_port(), bridge.sensor_port)
        await tap.start()
        kicks = irregular_kicks(FIRST_KICK, seconds)
        file = folder / "signal"
        write_signal(file, seconds, kicks)
        signal = MeasuredSignal(file, time.time())
        port = bridge.sensor_port if direct else tap.port
        device = Device(
            name,
            folder / "device",
            {"LIMBER_PORT": str(port)} | signal.environment | (environment or {}),
            quiet_port(),
        )
        device.start()
        ends.callback(device.stop)
        try:
            yield Rig(device, bridge, tap, signal, tuple(kicks))
        finally:
            await tap.stop()


async def bridge_listens(bridge: Bridge) -> None:
    """Wait until a bridge answers."""
    end = time.monotonic() + PATIENCE
    while await asyncio.to_thread(bridge.sensor) is None:
        assert time.monotonic() < end, bridge.program.tail(30)
        await asyncio.sleep(0.05)
