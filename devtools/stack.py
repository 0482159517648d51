"""Start everything from sensor to Home Assistant, and find out which part does not respond."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devtools.broker import start_broker
from devtools.home_assistant import HomeAssistant, add_broker, opened, prepare, start_home
from devtools.processes import LOOPBACK, Program, free_port, need, start

RETAINED: Final = 2.0
"""s until retained messages must have arrived."""


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A bridge, and a Home Assistant on the same broker that does not have Limber yet."""

    bridge: Program
    program: Program
    """TCP port of Home Assistant."""
    home: HomeAssistant


@asynccontextmanager
async def chained(folder: Path, settings: Path, broker_port: int) -> AsyncIterator[RunningStack]:
    """Run mosquitto, a bridge with these settings (which name the port) and Home Assistant."""
    home_port = free_port()
    with ExitStack() as ends:
        ends.callback(start_broker(folder / "broker", broker_port).stop)
        bridge = start(
            "bridge", [need("limber"), "run", "--config", settings], folder / "bridge.log"
        )
        ends.callback(bridge.stop)
        await asyncio.to_thread(prepare, folder / "config", home_port, "Europe/Berlin")
        program = start_home(folder / "config")
        ends.callback(program.stop)
        async with opened(home_port, program) as home:
            await add_broker(home, broker_port)
            yield RunningStack(bridge, program, home)


def retained(port: int, topic: str = "limber/#") -> dict[str, bytes]:
    """Return the retained messages of a broker; blocks for `RETAINED` seconds."""
    found: dict[str, bytes] = {}
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: found.__setitem__(
        message.topic, message.payload
    )
    client.on_connect = lambda client, *_: client.subscribe(topic)
    client.connect(LOOPBACK, port)
    client.loop_start()
    time.sleep(RETAINED)
    client.disconnect()
    client.loop_stop()
    return found


async def silent_link(programs: Mapping[str, Program], port: int, home: HomeAssistant) -> str:
    """Return the first part of the chain that does not respond, and where to look."""
    for name, program in programs.items():
        if not program.runs:
            return f"{name} has ended; the end of {program.log}:\n{program.tail()}"
    held = await asyncio.to_thread(retained, port)
    for link in before_the_broker(held):
        return f"{link}; see {programs['bridge'].log}"
    for domain in ("mqtt", "limber"):
        entries = await home.entries(domain)
        if not entries or entries[0]["state"] != "loaded":
            log = programs["Home Assistant"].log
            return f"broker -> Home Assistant: {domain} is not loaded; see {log}"
    return "integration -> entities: the bridge says it, Home Assistant does not show it"


def before_the_broker(held: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what is missing on the bridge's side, judged by the retained messages."""
    if held.get("limber/bedroom/status") != b"online":
        yield "bridge -> broker: no bridge is online"
    state: dict[str, Any] | None = json.loads(held.get("limber/bedroom/anna/state", b"null"))
    if state is None:
        yield "bridge -> broker: it tells nothing of the sleeper"
        return
    away = [number for number, sensor in state["sensors"].items() if not sensor["connected"]]
    if away:
        yield f"sensor -> bridge: nothing comes from sensor {', '.join(away)}"
    if not state["tonight"]["measures"]["plm"]:
        yield "detection: it sees the sensors, but no periodic series yet"
    if not state["last_night"]:
        yield "journal: it holds no finished night"
