"""From a sensor's frames to a real Home Assistant, and to what a browser shows of it."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.async_api import expect

from devtools.browser import browsing
from devtools.dashboard import FIRST_VIEW, add_dashboard
from devtools.demo_history import fill
from devtools.home_assistant import HomeAssistant, add_limber
from devtools.processes import Program
from tests.e2e.stack import ANKLE, Stack, attributes, card_of, kicking, shows
from tests.required_programs import need

BOTH = f"{ANKLE}\n{ANKLE.replace('id: 1', 'id: 2').replace('left', 'right')}"
BEFORE = (5.0, 17.0, 29.0)
"""Onsets (s) of the kicks before the bridge is killed."""
AFTER = (6.0, 18.0, 30.0)
"""Onsets of the kicks after it is back."""
LONGEST = 90.0
"""s between two onsets of one series."""
# Too fast for a series: they only appear in the count.
TOO_FAST = [(10.0 + 7.0 * number, 2.0) for number in range(10)]
MOVEMENTS = "sensor.anna_leg_movements_tonight"
PERIODIC = "sensor.anna_periodic_movements_tonight"
SERIES = "event.anna_periodic_series"
BRIDGE = "binary_sensor.bedroom_connectivity"
SENSOR = "binary_sensor.anna_left_ankle_connectivity"
MISSING = "binary_sensor.anna_right_ankle_problem"
"""On once a sensor has not been there for a minute."""
KNOWN = {
    MOVEMENTS: "6",
    PERIODIC: "6",
    BRIDGE: "on",
    SENSOR: "on",
    "binary_sensor.anna_left_ankle_problem": "off",
    "binary_sensor.anna_monitoring": "on",
    "binary_sensor.anna_right_ankle_connectivity": "off",
    MISSING: "on",
    "binary_sensor.anna_trial_question": "off",
    "binary_sensor.bedroom_problem": "off",
    "button.anna_trial_done": "unavailable",
    "button.anna_trial_not_done": "unavailable",
    "calendar.anna_nights": "off",
    "number.anna_sensitivity": "1.0",
    "select.anna_cramp_last_night": "not_answered",
    "sensor.anna_candidate_movements_tonight": "6",
    "sensor.anna_left_ankle_battery": "80",
    "sensor.anna_periodic_series_tonight": "1",
    "sensor.anna_possible_cramps_tonight": "0",
    "sensor.anna_trial_plan_tonight": "no_trial",
    "sensor.anna_trial_result": "none",
    "switch.anna_pause": "off",
}
UNKNOWN = {
    "binary_sensor.anna_asleep",
    "binary_sensor.anna_cramp",
    "binary_sensor.anna_in_bed",
    "sensor.anna_bedtime_tonight",
    "sensor.anna_estimated_sleep_tonight",
    "sensor.anna_leg_movements_last_night",
    "sensor.anna_plm_index_last_night",
    "sensor.anna_plm_index_tonight",
    "sensor.anna_plms_index_tonight",
    "sensor.anna_probable_cramps_tonight",
    "sensor.anna_time_in_bed_tonight",
    "sensor.anna_usual_bedtime",
}
"""After two minutes it is unknown whether the sleeper is in bed, and an ankle sensor never finds
probable cramps."""
INDEX = "sensor.anna_plm_index_last_night"
RENAMED = "sensor.restless"


@pytest.mark.takes(110)
async def test_kicks_become_a_series_though_the_bridge_dies_in_the_middle(
    shared_stack: Callable[[str, str], Stack],
) -> None:
    """Three kicks in real time; then the bridge is killed, and three more once it is back.

    The sensor of the other leg never connects: it holds nothing back.
    """
    need("chromium")
    stack = shared_stack("bedroom", "Anna")
    bridge = stack.start_bridge(BOTH)
    async with stack.running_home() as home:
        await add_limber(home, stack.base_topic)
        kicks = [(onset, 2.0) for onset in BEFORE]
        with kicking(stack.sensor_port, kicks) as lain:
            await shows(home, MOVEMENTS, "3", 60)
            await dies_and_is_back(stack, home, bridge)
            back = lain()
            assert back + AFTER[0] - BEFORE[-1] < LONGEST
            kicks += [(back + onset, 2.0) for onset in AFTER]
            await shows(home, PERIODIC, "4", 90)
            told = await attributes(home, SERIES)
            assert (told["event_type"], told["movements"]) == ("confirmed", 4)
            await shows(home, PERIODIC, "6", 60)
            await dashboard_opens(home)
            await shows(home, MISSING, "on", 90)
            await everything_is_shown(home)
        await shows(home, SENSOR, "off", 30)
        await shows(home, MOVEMENTS, "unavailable")


async def dies_and_is_back(stack: Stack, home: HomeAssistant, bridge: Program) -> None:
    """The bridge is killed and started again; what it knew is shown again."""
    bridge.kill()
    await shows(home, BRIDGE, "off")
    await shows(home, MOVEMENTS, "unavailable")
    stack.start_bridge(BOTH)
    await shows(home, BRIDGE, "on")
    await shows(home, SENSOR, "on")
    await shows(home, MOVEMENTS, "3")


async def everything_is_shown(home: HomeAssistant) -> None:
    """Every entity has the right state: what cannot be known yet is unknown."""
    states = {one["entity_id"]: one["state"] for one in await home.get("/api/states")}
    ours = {
        name: state
        for name, state in states.items()
        if name.split(".")[1].startswith(("anna_", "bedroom_"))
    }
    assert {
        name: state for name, state in ours.items() if state != "unknown" and name != SERIES
    } == KNOWN
    assert {name for name in UNKNOWN if ours.get(name) == "unknown"} == UNKNOWN


async def dashboard_opens(home: HomeAssistant) -> None:
    """The dashboard shows count and sensors, and the browser has nothing to complain of."""
    await add_dashboard(home)
    async with browsing(home) as sight:
        await sight.page.goto(f"{home.url}{FIRST_VIEW}")
        card = sight.page.locator("limber-tonight-card")
        await card.get_by_text("Leg movements").wait_for(timeout=30_000)
        await expect(card.locator("dd").first).to_have_text("6")
        await expect(card.locator("li")).to_have_count(2)
        await expect(sight.page.locator("hui-error-card")).to_have_count(0)
    assert sight.errors == []


@pytest.mark.takes(100)
async def test_a_discovered_bridge_survives_restarts_of_everything(stack: Stack) -> None:
    """Home Assistant and the broker are restarted; what is true is shown again, and nothing stale
    triggers.

    Home Assistant goes and comes in mid-night, while the leg kicks and the bridge publishes.
    """
    broker = stack.start_broker()
    bridge = stack.start_bridge()
    settings = stack.settings()
    bridge.stop()
    await asyncio.to_thread(fill, settings, 2)
    stack.start_bridge()
    program = stack.start_home()
    with ExitStack() as leg:
        async with stack.home(program) as home:
            # Not before Home Assistant has started: how long that takes depends on the machine.
            leg.enter_context(kicking(stack.sensor_port, TOO_FAST))
            index = await discovered(home)
            before = await home.until(some_movements, 60)
            assert before
            assert before < len(TOO_FAST)
        program.stop()
        program = stack.start_home()
        async with stack.home(program) as home:
            await shows(home, RENAMED, index)
            await shows(home, MOVEMENTS, str(len(TOO_FAST)), 120)
            assert await home.state(SERIES) == "unknown"
            await broker_dies_and_is_back(stack, home, broker, index)


async def discovered(home: HomeAssistant) -> str:
    """Add the bridge as it was found, and give an entity another id; return that entity's state."""
    flow = await home.until(card_of("bedroom"), 30)
    assert flow is not None
    step = await home.post(f"/api/config/config_entries/flow/{flow}", {})
    assert (step["type"], step["title"]) == ("create_entry", "Bedroom")
    await shows(home, SENSOR, "on", 60)
    index = await home.state(INDEX)
    assert index is not None
    assert float(index) > 0
    assert await home.until(both_nights, 30)
    await home.command(type="config/entity_registry/update", entity_id=INDEX, new_entity_id=RENAMED)
    await shows(home, RENAMED, index)
    return index


async def some_movements(home: HomeAssistant) -> int | None:
    """The number of movements, once there are two."""
    shown = await home.state(MOVEMENTS)
    return int(shown) if shown is not None and shown.isdecimal() and int(shown) >= 2 else None


async def broker_dies_and_is_back(
    stack: Stack, home: HomeAssistant, broker: Program, index: str
) -> None:
    """The broker is killed and comes back without a memory."""
    # Home Assistant itself stumbles over a broker that dies while it says that it has started.
    stack.forgiven += ["components.mqtt", "paho.mqtt", "Error doing job", "could not be asked for"]
    broker.kill()
    await shows(home, RENAMED, "unavailable")
    stack.start_broker()
    await shows(home, RENAMED, index, 60)
    await shows(home, BRIDGE, "on")
    await shows(home, MOVEMENTS, str(len(TOO_FAST)))
    assert await home.state(SERIES) == "unknown"


async def both_nights(home: HomeAssistant) -> list[dict[str, Any]] | None:
    """The statistics of the nights that were over before Home Assistant came."""
    name = "limber:7_4_bedroom_anna_plm_index"
    found = await home.command(
        type="recorder/statistics_during_period",
        start_time="2020-01-01T00:00:00+00:00",
        statistic_ids=[name],
        period="day",
        types=["mean"],
    )
    rows: list[dict[str, Any]] = found.get(name, [])
    return rows if len(rows) == 2 else None


async def test_a_sleeper_without_a_sensor_yet_is_shown_as_such(
    shared_stack: Callable[[str, str], Stack],
) -> None:
    stack = shared_stack("cellar", "Clara")
    stack.start_bridge()
    async with stack.running_home() as home:
        await add_limber(home, stack.base_topic)
        await shows(home, "binary_sensor.cellar_connectivity", "on")
        await shows(home, "binary_sensor.clara_left_ankle_connectivity", "off")
        for entity in (
            "sensor.clara_leg_movements_tonight",
            "sensor.clara_periodic_movements_tonight",
            "binary_sensor.clara_in_bed",
        ):
            await shows(home, entity, "unavailable")
        await shows(home, "sensor.clara_plm_index_last_night", "unknown")
        # Before a sensor reports its battery, it is unknown whether it has one.
        assert await home.state("sensor.clara_left_ankle_battery") is None
