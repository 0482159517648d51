"""From a sensor's frames to a real Home Assistant, and to what a browser shows of it."""

import asyncio
from typing import Any

from house import dashboard
from house.browser import browsing
from house.history import fill
from house.home import Home, add_limber
from tests.home.house import ANKLE, House, attributes, kicking, shows
from tests.needs import need

BOTH = f"{ANKLE}\n{ANKLE.replace('id: 1', 'id: 2').replace('left', 'right')}"
# Between the third and the fourth there is time to kill a bridge and have it back, on a machine that is busy, too.
KICKS = [(onset, 2.0) for onset in (5.0, 17.0, 29.0, 80.0, 92.0, 104.0)]
MOVEMENTS, PERIODIC = "sensor.anna_leg_movements_tonight", "sensor.anna_periodic_movements_tonight"
SERIES, BRIDGE = "event.anna_periodic_series", "binary_sensor.bedroom_connection"
SENSOR = "binary_sensor.anna_left_ankle_connection"


async def test_kicks_become_a_series_though_the_bridge_dies_in_the_middle(house: House) -> None:
    """Six kicks, in real time. The bridge is killed after the third and comes back before the fourth.

    The sensor of the other leg never comes: it holds nothing back.
    """
    need("chromium")
    house.start_broker()
    bridge, program = house.start_bridge(BOTH), house.start_home()
    async with house.home(program) as home:
        await add_limber(home)
        async with kicking(house.sensor_port, KICKS) as lain:
            await shows(home, MOVEMENTS, "3", 60)
            assert lain() < KICKS[3][0]
            bridge.kill()
            await shows(home, BRIDGE, "off")
            await shows(home, MOVEMENTS, "unavailable")
            house.start_bridge(BOTH)
            await shows(home, BRIDGE, "on")
            await shows(home, SENSOR, "on")
            await shows(home, MOVEMENTS, "3")
            assert lain() < KICKS[3][0]
            await shows(home, PERIODIC, "4", 90)
            told = await attributes(home, SERIES)
            assert (told["event_type"], told["movements"]) == ("confirmed", 4)
            await shows(home, PERIODIC, "6", 60)
            await shows(home, MOVEMENTS, "6")
            assert await home.state("sensor.anna_plm_index_tonight") == "unknown"
            assert await home.state("binary_sensor.anna_in_bed") == "unknown"
            await dashboard_opens(home)
        await shows(home, SENSOR, "off", 30)
        await shows(home, MOVEMENTS, "unavailable")


async def dashboard_opens(home: Home) -> None:
    """The dashboard shows the figures, and the browser has nothing to complain of."""
    await home.command(
        type="lovelace/dashboards/create", url_path=dashboard.PATH, title="Limber", icon="mdi:foot-print",
        mode="storage", show_in_sidebar=True, require_admin=False,
    )  # fmt: skip
    await home.command(type="lovelace/config/save", url_path=dashboard.PATH, config=dashboard.CONFIG)
    async with browsing(home) as sight:
        await sight.page.goto(f"{home.url}/{dashboard.PATH}/legs")
        tiles = sight.page.locator("hui-tile-card")
        await tiles.filter(has_text="6 movements").first.wait_for(timeout=30_000)
        assert await sight.page.locator("hui-error-card").count() == 0
    assert sight.errors == []


async def test_a_discovered_bridge_survives_restarts_of_everything(house: House) -> None:
    """Home Assistant and the broker are restarted; what is true is shown again, and nothing stale triggers."""
    broker, bridge = house.start_broker(), house.start_bridge()
    settings = house.settings()
    bridge.stop()
    await asyncio.to_thread(fill, settings, 2)
    house.start_bridge()
    program = house.start_home()
    async with house.home(program) as home:
        flow = await home.until(found_by_discovery, 30)
        assert flow is not None
        step = await home.post(f"/api/config/config_entries/flow/{flow}", {})
        assert (step["type"], step["title"]) == ("create_entry", "Bedroom")
        async with kicking(house.sensor_port, []):
            await shows(home, SENSOR, "on", 60)
        index = await home.state("sensor.anna_plm_index_last_night")
        assert index is not None
        assert float(index) > 0
        assert await home.until(both_nights, 30)
        await home.command(
            type="config/entity_registry/update", entity_id="sensor.anna_plm_index_last_night",
            new_entity_id="sensor.restless",
        )  # fmt: skip
        await shows(home, "sensor.restless", index)

    program.stop()
    program = house.start_home()
    async with house.home(program) as home:
        await shows(home, "sensor.restless", index)
        assert await home.state(SERIES) in ("unknown", None)
        # Home Assistant itself stumbles over a broker that dies while it says that it has started.
        house.forgiven += ["components.mqtt", "paho.mqtt", "Error doing job", "could not be asked for"]
        broker.kill()
        await shows(home, "sensor.restless", "unavailable")
        house.start_broker()
        await shows(home, "sensor.restless", index, 60)
        await shows(home, BRIDGE, "on")
        assert await home.state(SERIES) == "unknown"


async def found_by_discovery(home: Home) -> str | None:
    """The flow that the bridge's info has started."""
    flows = await home.command(type="config_entries/flow/progress")
    return next((flow["flow_id"] for flow in flows if flow["handler"] == "limber"), None)


async def both_nights(home: Home) -> list[dict[str, Any]] | None:
    """The statistics of the nights that were over before Home Assistant came."""
    name = "limber:bedroom_anna_plm_index"
    found = await home.command(
        type="recorder/statistics_during_period", start_time="2020-01-01T00:00:00+00:00", statistic_ids=[name],
        period="day", types=["mean"],
    )  # fmt: skip
    rows: list[dict[str, Any]] = found.get(name, [])
    return rows if len(rows) == 2 else None


async def test_a_sleeper_without_a_sensor_yet_is_shown_as_such(house: House) -> None:
    house.start_broker()
    house.start_bridge(ANKLE)
    program = house.start_home()
    async with house.home(program) as home:
        await add_limber(home)
        await shows(home, BRIDGE, "on")
        await shows(home, SENSOR, "off")
        for entity in (MOVEMENTS, PERIODIC, "binary_sensor.anna_in_bed", "sensor.anna_left_ankle_battery"):
            assert await home.state(entity) == "unavailable"
        assert await home.state("sensor.anna_plm_index_last_night") == "unknown"
