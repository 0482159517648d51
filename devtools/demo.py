"""The demonstration: a broker, a bridge with a simulated sleeper, and a real Home Assistant that
shows it.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from devtools import demo_dashboard as dashboard
from devtools.broker import start_broker
from devtools.demo_history import NIGHTS
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
"""s from the start of the bridge within which --check wants to see everything."""
SETTINGS: Final = """\
bridge:
  id: bedroom
  name: Bedroom
  time_zone: {zone}
broker:
  host: 127.0.0.1
  port: {port}
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {{id: 1, source: simulated, placement: ankle, side: left, quantity: acceleration, {night}}}
      - {{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration, {night}}}
"""
NIGHT: Final = "seed: {seed}, plm_index: 40, movement_interval: 11, walking: 2, sleep_latency: 20, head_start: 21.95"
"""The live night begins when sleep does: whoever looks at a demonstration does not want to wait for
it."""


def say(text: str) -> None:
    """Tell the person what goes on."""
    print(text, flush=True)


@contextmanager
def timed(text: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    began = time.monotonic()
    print(f"{text} … ", end="", flush=True)
    yield
    print(f"{time.monotonic() - began:.1f} s", flush=True)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where things listen; kept with the rest, as Home Assistant remembers the broker's."""

    broker: int
    home: int


def ports(folder: Path) -> Ports:
    """Return the ports of this demonstration; HouseError if something else uses them by now."""
    kept = folder / "ports.json"
    if not kept.exists():
        chosen = Ports(free_port(), free_port(8123))
        kept.write_text(json.dumps({"broker": chosen.broker, "home": chosen.home}))
        return chosen
    chosen = Ports(**json.loads(kept.read_text()))
    for port in (chosen.broker, chosen.home):
        if free_port(port) != port:
            raise DevtoolError(
                f"port {port} is in use; is another demonstration running? Else delete {folder}"
            )
    return chosen


@dataclass(frozen=True, slots=True)
class Demo:
    """Everything that runs."""

    home: HomeAssistant
    programs: Mapping[str, Program]
    broker_port: int
    began: float
    """When the bridge was started (monotonic)."""


def laid_out(folder: Path) -> tuple[Ports, Path]:
    """Return the ports of the demonstration and the configuration of its bridge, written anew."""
    folder.mkdir(exist_ok=True)
    chosen = ports(folder)
    settings = folder / "limber.yaml"
    night = NIGHT.format(seed=int(time.time()) % 10_000)
    settings.write_text(SETTINGS.format(zone=ZONE, port=chosen.broker, night=night))
    return chosen, settings


@asynccontextmanager
async def demonstration(folder: Path = FOLDER) -> AsyncIterator[Demo]:
    """Run everything for as long as the context lasts, and end all of it."""
    chosen, settings = laid_out(folder)
    with ExitStack() as ends:

        def keep(program: Program) -> Program:
            ends.callback(program.stop)
            return program

        with timed("Broker"):
            broker = keep(start_broker(folder / "broker", chosen.broker))
        with timed("Home Assistant's folder"):
            prepare(folder / "config", chosen.home, ZONE)
        home_program = keep(start_home(folder / "config"))
        with timed(f"{NIGHTS} past nights, simulated and scored"):
            history = keep(
                start(
                    "history",
                    [sys.executable, "-m", "devtools.demo_history", settings],
                    folder / "history.log",
                )
            )
            await ended_well(history)
        began = time.monotonic()
        bridge = keep(
            start("bridge", [need("limber"), "run", "--config", settings], folder / "bridge.log")
        )
        programs = {"broker": broker, "bridge": bridge, "Home Assistant": home_program}
        with timed("Home Assistant"):
            entered = opened(chosen.home, home_program)
            home = await entered.__aenter__()
        try:
            with timed("Integration and dashboard"):
                await furnish(home, chosen.broker)
            yield Demo(home, programs, chosen.broker, began)
        finally:
            await entered.__aexit__(None, None, None)
            say("Ending what was started …")


async def ended_well(program: Program) -> None:
    """Wait until a program has ended; HouseError if not well."""
    while program.runs:  # noqa: ASYNC110 - it is no part of us
        await asyncio.sleep(0.1)
    if program.process.returncode:
        raise DevtoolError(f"{program.name} failed:\n{program.tail()}")


async def furnish(home: HomeAssistant, broker_port: int) -> None:
    """Set up what a new Home Assistant lacks: MQTT, Limber through its own flow, the dashboard."""
    if not await home.entries("mqtt"):
        await add_broker(home, broker_port, protocol="5" if find("mosquitto") else "3.1.1")
    if not await home.entries("limber"):
        await add_limber(home)
    if dashboard.PATH not in [
        one["url_path"] for one in await home.command(type="lovelace/dashboards/list")
    ]:
        await home.command(
            type="lovelace/dashboards/create",
            url_path=dashboard.PATH,
            title="Limber",
            icon="mdi:foot-print",
            mode="storage",
            show_in_sidebar=True,
            require_admin=False,
        )
    await home.command(
        type="lovelace/config/save", url_path=dashboard.PATH, config=dashboard.CONFIG
    )


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
"""Entities that --check wants to see, and what they have to show at least."""


def shows(state: str | None, wanted: str, began: datetime) -> bool:
    """Return whether a state is what is wanted; `began` is when the bridge was started."""
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
    """Return a state with no more digits than a person wants."""
    try:
        return f"{float(state or ''):.4g}"
    except ValueError:
        return str(state)


async def check(demo: Demo) -> bool:
    """Wait until Home Assistant shows a live series and last night; print them, or say which link
    is silent.
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
    if well:
        say(
            f"All is well: all of it within {time.monotonic() - demo.began:.0f} s of the start of the bridge."
        )
        return True
    lacking = [
        entity for entity, wanted in SHOWN.items() if not shows(found[entity], wanted, began)
    ]
    say(f"Not within {PATIENCE:.0f} s: {', '.join(lacking)}")
    say(f"Silent link: {await silent_link(demo.programs, demo.broker_port, demo.home)}")
    return False


async def show(demo: Demo) -> None:
    """Tell the person where to look, and wait until they have seen enough."""
    say(
        f"\n  Open      {demo.home.url}/{dashboard.PATH}\n  User      {USER}\n  Password  {PASSWORD}\n\n"
        "The sleeper Anna is simulated; her first periodic series is confirmed within a minute.\n"
        "Ctrl-C ends everything."
    )
    while all(program.runs for program in demo.programs.values()):  # noqa: ASYNC110 - they are no part of us
        await asyncio.sleep(1)
    ended = next(program for program in demo.programs.values() if not program.runs)
    raise DevtoolError(f"{ended.name} has ended by itself:\n{ended.tail()}")


async def run(*, checks: bool) -> int:
    """Run the demonstration and return its exit status."""
    async with demonstration() as demo:
        if checks:
            return 0 if await check(demo) else 1
        await show(demo)
    return 0


def main() -> int:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="wait until everything is shown, print it, and end"
    )
    chosen = parser.parse_args()
    # A terminal that is closed ends everything, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return asyncio.run(run(checks=chosen.check))
    except DevtoolError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
