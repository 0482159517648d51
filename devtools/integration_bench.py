"""Measure what the integration costs Home Assistant: set-up, missed nights, one state."""

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devtools.card_payloads import busy_night, payloads
from devtools.home_assistant import HomeAssistant, add_limber
from devtools.processes import LOOPBACK, DevtoolError, Program, free_port
from devtools.stack import chained, retained
from limber_bridge.config.loader import load_config
from limber_bridge.domain.nights import to_us
from limber_bridge.storage.journal import Journal

YEAR: Final = 365
STATES: Final = 600
EVERY: Final = 0.05
"""s between two states."""
SETTINGS: Final = """\
bridge: {{id: bedroom, time_zone: Europe/Berlin}}
broker: {{host: 127.0.0.1, port: {broker}}}
web: false
sleepers:
  - id: anna
    name: Anna
    sensors:
      - {{id: 1, source: simulated, placement: ankle, side: left, quantity: acceleration,
          head_start: 1}}
"""
NAME: Final = "limber:7_4_bedroom_anna_movements"
STATE: Final = "limber/bedroom/anna/state"
NOTHING: Final = "limber/bedroom/status"
"""Topic on which the integration only checks for `online` or `offline`."""


def a_year(settings: Path) -> date:
    """Fill the journal of a configuration with a year of identical simulated nights.

    The last one also has its events, and more of them than almost any night. Return its date.
    """
    from devtools.demo_history import past_night  # noqa: PLC0415 - heavy

    config = load_config(settings)
    tonight = config.calendar.night_of(to_us(datetime.now(UTC)))
    one, _, state = past_night(settings, tonight - timedelta(days=1))
    with Journal(config.journal) as journal:
        for days in range(YEAR, 0, -1):
            journal.save_night(replace(one, date=tonight - timedelta(days=days)))
        journal.append(one.sleeper, busy_night(one), state)
    return one.date


def seconds_of_loop(program: Program) -> float:
    """Return the CPU time of a program's main thread, in s.

    Home Assistant's event loop runs in it.
    """
    pid = program.process.pid
    fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def integrated(folder: Path) -> dict[str, float]:
    """Return the measurements on a real Home Assistant."""
    broker_port = free_port()
    settings = folder / "limber.yaml"
    await asyncio.to_thread(settings.write_text, SETTINGS.format(broker=broker_port))
    last_night = await asyncio.to_thread(a_year, settings)
    async with chained(folder, settings, broker_port) as chain:
        begun = time.monotonic()
        await add_limber(chain.home)
        set_up = time.monotonic() - begun
        filled = await back_filled(chain.home, begun)
        cards = await payloads(chain.home, last_night)
        last = json.loads((await asyncio.to_thread(retained, broker_port, STATE))[STATE])
        chain.bridge.stop()
        cost = await state_ms(chain.program, broker_port, last)
        return cards | {"setup_s": set_up, "backfill_365_s": filled, "state_ms": cost}


async def back_filled(home: HomeAssistant, begun: float) -> float:
    """Return how long it took until all nights of the year were in the statistics, in s."""

    async def all_there(home: HomeAssistant) -> bool:
        found = await home.command(
            type="recorder/statistics_during_period",
            start_time="2020-01-01T00:00:00+00:00",
            statistic_ids=[NAME],
            period="hour",
            types=["mean"],
        )
        return len(found.get(NAME, [])) == YEAR

    if not await home.until(all_there, 120):
        raise DevtoolError(f"the {YEAR} nights did not come to the statistics")
    return time.monotonic() - begun


async def state_ms(program: Program, port: int, state: Mapping[str, Any]) -> float:
    """Return the event loop's work for a state with one more movement, in ms.

    The work for a message of the same size that no integration uses is subtracted: that is the
    share of the MQTT integration.
    """
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(LOOPBACK, port)
    client.loop_start()
    client.publish("limber/bedroom/status", b"online", 1, retain=True)
    await asyncio.sleep(5)
    nothing = await working(program, client, NOTHING, state)
    all_of_it = await working(program, client, STATE, state)
    client.disconnect()
    client.loop_stop()
    return 1000 * (all_of_it - nothing) / STATES


async def working(
    program: Program, client: paho.Client, topic: str, state: Mapping[str, Any]
) -> float:
    """Return the event loop's work while states are published on a topic, in s."""
    before = seconds_of_loop(program)
    for number in range(STATES):
        client.publish(topic, json.dumps(changed(state, number)), 1)
        await asyncio.sleep(EVERY)
    return seconds_of_loop(program) - before


def changed(state: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return a state after some more periodic movements, a few seconds apart.

    All values that a movement changes are changed.
    """
    measures = dict(state["tonight"]["measures"])
    hours = 1 + number / 300
    measures |= dict.fromkeys(("movements", "candidates", "plm"), number)
    measures |= {"plm_index": number / hours, "time_in_bed_h": hours, "sleep_h": hours / 2}
    now = datetime.now(UTC).isoformat()
    sensors = {
        key: one | {"connected": True, "last_sample": now} for key, one in state["sensors"].items()
    }
    return dict(state) | {
        "time": now,
        "tonight": state["tonight"] | {"measures": measures},
        "sensors": sensors,
    }
