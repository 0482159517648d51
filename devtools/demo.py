"""The demo: a broker, a bridge with a simulated sleeper, and a real Home Assistant.

The sensor is simulated by the bridge, or a device of `devtools.demo_sensors`.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import webbrowser
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp

from devtools.broker import start_broker
from devtools.dashboard import FIRST_VIEW, add_dashboard
from devtools.demo_history import NIGHTS
from devtools.demo_sensors import SENSORS, DemoPlace, DemoSensor
from devtools.home_assistant import (
    PASSWORD,
    USER,
    HomeAssistant,
    add_broker,
    add_limber,
    opened,
    prepare,
    start_home,
)
from devtools.processes import ROOT, DevtoolError, Program, find, free_port, need, start
from devtools.stack import silent_link

FOLDER: Final = ROOT / ".demo"
ZONE: Final = "Europe/Berlin"
PATIENCE: Final = 300.0
"""s after the start of the bridge within which --check must see everything."""
LIVE_PATIENCE_S: Final = 30.0
"""s within which the live page must show the signal."""
SETTINGS: Final = """\
bridge:
  id: bedroom
  name: Bedroom
  time_zone: {zone}
broker:
  host: 127.0.0.1
  port: {port}
web:
  address: 127.0.0.1
  port: {web}
network:
  address: 127.0.0.1
  port: {network}
sleepers:
  - id: anna
    name: Anna
    sensors:
{sensors}"""


def say(text: str) -> None:
    """Print a message for the user."""
    print(text, flush=True)


@contextmanager
def timed(text: str) -> Iterator[None]:
    """Print what is being done and how long it took."""
    began = time.monotonic()
    print(f"{text} … ", end="", flush=True)
    yield
    print(f"{time.monotonic() - began:.1f} s", flush=True)


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports on which the programs listen."""

    broker: int
    home_assistant: int
    web: int
    """Of the bridge; not the default port, which another bridge may use."""
    network: int
    """Of the bridge, for network sensors."""


def choose_ports(folder: Path) -> Ports:
    """Return the ports of this demo, the same at each start, as Home Assistant stores the broker's.

    Raises DevtoolError if another program uses one of them.
    """
    file = folder / "ports.json"
    stored: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    for name, port in stored.items():
        if free_port(port) != port:
            raise DevtoolError(
                f"port {port} ({name}) is in use: stop the other demo, or delete {folder}"
            )
    preferred = {"broker": 0, "home_assistant": 8123, "web": 0, "network": 0}
    ports = {name: stored.get(name) or free_port(port) for name, port in preferred.items()}
    file.write_text(json.dumps(ports))
    return Ports(**ports)


@dataclass(frozen=True, slots=True)
class Demo:
    """Everything that runs."""

    home: HomeAssistant
    programs: Mapping[str, Program]
    broker_port: int
    web_port: int
    """Of the bridge's pages."""
    began: float
    """When the bridge was started, in s (monotonic)."""


def laid_out(folder: Path, sensor: DemoSensor, seed: int) -> tuple[Ports, Path]:
    """Choose the ports and write the configuration of the bridge."""
    folder.mkdir(exist_ok=True)
    chosen = choose_ports(folder)
    settings = folder / "limber.yaml"
    settings.write_text(
        SETTINGS.format(
            zone=ZONE,
            port=chosen.broker,
            web=chosen.web,
            network=chosen.network,
            sensors=sensor.sensors.format(seed=seed),
        )
    )
    return chosen, settings


@asynccontextmanager
async def demonstration(
    folder: Path = FOLDER, sensor: DemoSensor = SENSORS["simulated"]
) -> AsyncIterator[Demo]:
    """Run the demo for as long as the context lasts, then stop all programs."""
    seed = int(time.time()) % 10_000
    chosen, settings = laid_out(folder, sensor, seed)
    with ExitStack() as ends:

        def keep(program: Program) -> Program:
            ends.callback(program.stop)
            return program

        with timed("Broker"):
            broker = keep(start_broker(folder / "broker", chosen.broker))
        with timed("Home Assistant's folder"):
            prepare(folder / "config", chosen.home_assistant, ZONE)
        home_program = keep(start_home(folder / "config"))
        with timed(f"{NIGHTS} past nights, simulated and scored"):
            await ended_well(keep(start_history(folder, settings)))
        began = time.monotonic()
        bridge = keep(start_bridge(folder, settings))
        programs = {"broker": broker, "bridge": bridge, "Home Assistant": home_program}
        place = DemoPlace(folder / "sensor", chosen.network, chosen.web, seed)
        for device in await asyncio.to_thread(start_device, sensor, place):
            programs["sensor"] = keep(device)
        with timed("Home Assistant"):
            entered = opened(chosen.home_assistant, home_program)
            home = await entered.__aenter__()
        try:
            with timed("Integration and dashboard"):
                await furnish(home, chosen.broker)
            yield Demo(home, programs, chosen.broker, chosen.web, began)
        finally:
            await entered.__aexit__(None, None, None)
            say("Stopping …")


def start_history(folder: Path, settings: Path) -> Program:
    """Start the program that files past nights."""
    command: list[str | Path] = [sys.executable, "-m", "devtools.demo_history", settings]
    return start("history", command, folder / "history.log")


def start_bridge(folder: Path, settings: Path) -> Program:
    """Start the bridge."""
    return start("bridge", [need("limber"), "run", "--config", settings], folder / "bridge.log")


def start_device(sensor: DemoSensor, place: DemoPlace) -> list[Program]:
    """Start the device that measures, unless the bridge simulates the sensor."""
    if sensor.start is None:
        return []
    with timed("Sensor"):
        return [sensor.start(place)]


async def ended_well(program: Program) -> None:
    """Wait until a program has ended; DevtoolError if it failed."""
    while program.runs:  # noqa: ASYNC110 - it is no part of us
        await asyncio.sleep(0.1)
    if program.process.returncode:
        raise DevtoolError(f"{program.name} failed:\n{program.tail()}")


async def furnish(home: HomeAssistant, broker_port: int) -> None:
    """Set up what a new Home Assistant lacks: MQTT, the Limber integration, the dashboard."""
    if not await home.entries("mqtt"):
        await add_broker(home, broker_port, protocol="5" if find("mosquitto") else "3.1.1")
    if not await home.entries("limber"):
        await add_limber(home)
    await add_dashboard(home)


SHOWN: Final = {
    "binary_sensor.bedroom_connectivity": "on",
    "sensor.anna_leg_movements_tonight": "4",
    "sensor.anna_periodic_movements_tonight": "4",
    "event.anna_periodic_series": "a time since the start",
    "sensor.anna_leg_movements_last_night": "a number",
    "sensor.anna_periodic_movements_last_night": "a number",
    "sensor.anna_plm_index_last_night": "a number",
    "sensor.anna_time_in_bed_last_night": "a number",
    "sensor.anna_estimated_sleep_last_night": "a number",
}
"""Entities that --check waits for, and the minimum that each must show."""


def shows(state: str | None, wanted: str, began: datetime) -> bool:
    """Return whether a state is as expected; `began`: when the bridge was started."""
    if state is None or state in ("unknown", "unavailable"):
        return False
    if wanted == "a time since the start":
        # Home Assistant restores what it showed when it was last stopped.
        return datetime.fromisoformat(state) >= began
    return (
        float(state) >= float(wanted)
        if wanted.isdecimal()
        else wanted.startswith("a ") or state == wanted
    )


def told(state: str | None) -> str:
    """Format a state with four significant digits."""
    try:
        return f"{float(state or ''):.4g}"
    except ValueError:
        return str(state)


async def check(demo: Demo) -> bool:
    """Wait until Home Assistant shows a live series and last night, and print the result.

    If something is missing, print which part of the chain does not respond.
    """
    found: dict[str, str | None] = {}
    began = datetime.now(UTC) - timedelta(seconds=time.monotonic() - demo.began)

    async def complete(home: HomeAssistant) -> bool:
        for entity in SHOWN:
            found[entity] = await home.state(entity)
        return all(shows(found[entity], wanted, began) for entity, wanted in SHOWN.items())

    left = PATIENCE - (time.monotonic() - demo.began)
    well = bool(await demo.home.until(complete, left))
    say("\n" + "\n".join(f"{entity:<48} {told(state)}" for entity, state in found.items()) + "\n")
    if well and not await live_signal(demo):
        say(f"The live page of the bridge shows no signal: http://localhost:{demo.web_port}/place")
        return False
    if well:
        say(f"Everything is shown {time.monotonic() - demo.began:.0f} s after the bridge started.")
        return True
    lacking = [
        entity for entity, wanted in SHOWN.items() if not shows(found[entity], wanted, began)
    ]
    say(f"Missing after {PATIENCE:.0f} s: {', '.join(lacking)}")
    say(f"Not responding: {await silent_link(demo.programs, demo.broker_port, demo.home)}")
    return False


async def show(demo: Demo) -> None:
    """Print the addresses and the login, open both, then wait until a program ends."""
    home = f"{demo.home.url}{FIRST_VIEW}"
    live = f"http://localhost:{demo.web_port}/place"
    say(
        f"\n  Live signal     {live}\n  Home Assistant  {home}\n"
        f"  User            {USER}\n  Password        {PASSWORD}\n\n"
        "The sleeper Anna is simulated; her first periodic series is confirmed within a minute.\n"
        "Press Ctrl-C to stop."
    )
    if has_screen():
        for address in (home, live):
            await asyncio.to_thread(webbrowser.open, address)
    while all(program.runs for program in demo.programs.values()):  # noqa: ASYNC110 - they are no part of us
        await asyncio.sleep(1)
    ended = next(program for program in demo.programs.values() if not program.runs)
    raise DevtoolError(f"{ended.name} stopped unexpectedly:\n{ended.tail()}")


def has_screen() -> bool:
    """Return whether a browser can be shown; without a screen, one might open in the terminal."""
    return sys.platform == "darwin" or any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


async def live_signal(demo: Demo) -> bool:
    """Wait until the live page of the bridge shows the signal; return whether it does."""
    host = f"http://localhost:{demo.web_port}"
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with (
            asyncio.timeout(LIVE_PATIENCE_S),
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{host}/live/1", headers={"Origin": host}) as page,
        ):
            while not (await page.receive_json())["levels"]:
                pass
            return True
    return False


async def run(sensor: DemoSensor, *, checks: bool) -> int:
    """Run the demo and return its exit status."""
    async with demonstration(sensor=sensor) as demo:
        if checks:
            return 0 if await check(demo) else 1
        await show(demo)
    return 0


def main() -> int:
    """Parse the command line and run the demo."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="wait until everything is shown, print it, and end"
    )
    parser.add_argument(
        "--sensor",
        choices=SENSORS,
        default="simulated",
        help="what measures the sleeper: the bridge itself (default), the compiled firmware of a "
        "sensor, with a simulated chip, or a player that posts what a phone posts",
    )
    chosen = parser.parse_args()
    # A terminal that is closed ends everything, too. And a program that a script starts with `&`
    # ignores SIGINT unless it asks for it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return asyncio.run(run(SENSORS[chosen.sensor], checks=chosen.check))
    except DevtoolError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
