"""Issues from cause to cure, diagnostics, system health, and what goes when it is gone."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    get_system_health_info,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

import custom_components.limber.requests as requests_module
from custom_components.limber import async_remove_config_entry_device
from custom_components.limber.const import CONF_BATTERY_BELOW, DOMAIN
from custom_components.limber.devices import is_stale

from .conftest import INFO, Bridge, golden, set_up


def issues(hass: HomeAssistant) -> set[str]:
    return {
        issue.issue_id for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN
    }


def well(**more: Any) -> dict[str, Any]:
    """A state in which nothing is wrong."""
    state = golden("state")
    sensors = {"1": state["sensors"]["1"], "2": state["sensors"]["1"]}
    last = state["last_night"] | {"night": dt_util.now().date().isoformat()}
    journal: dict[str, Any] = {
        "problem": None,
        "message": None,
        "pending": 0,
        "dropped": 0,
        "warning": None,
        "raw_signal_problem": None,
        "unconfigured_sleepers": [],
    }
    return {
        "time": dt_util.utcnow().isoformat(),
        "sensors": sensors,
        "last_night": last,
        "recording": True,
        "journal": journal,
        "bridge": state["bridge"] | {"problems": []},
        "paused": False,
    } | more


def ago(days: int) -> dict[str, Any]:
    """The last night, some days ago."""
    night: dict[str, Any] = golden("state")["last_night"]
    return night | {"night": (dt_util.now().date() - timedelta(days=days)).isoformat()}


def sensor(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = golden("state")["sensors"]["1"]
    return found | more


REFUSED = {
    "key": "broker_refuses_publish",
    "message": "the broker refuses messages; let it",
}
CASES: list[tuple[str, Any]] = [
    (
        "battery_low/bedroom/1",
        lambda: {"sensors": {"1": sensor(battery=14), "2": sensor(battery=None)}},
    ),
    (
        "not_worn/bedroom/1",
        lambda: {"sensors": {"1": sensor(problem="not_worn")}, "last_night": ago(3)},
    ),
    ("no_night/bedroom/anna", lambda: {"last_night": ago(4)}),
    ("paused_long/bedroom/anna", lambda: {"last_night": ago(4), "paused": True}),
    (
        "clock_wrong/bedroom",
        lambda: {"time": (dt_util.utcnow() - timedelta(minutes=5)).isoformat()},
    ),
    (
        "broker_refuses/bedroom",
        lambda: {"bridge": golden("state")["bridge"] | {"problems": [REFUSED]}},
    ),
    ("not_recording/bedroom", lambda: {"recording": False}),
    (
        "unconfigured_sleeper/bedroom/berta",
        lambda: {"journal": well()["journal"] | {"unconfigured_sleepers": ["berta"]}},
    ),
]


@pytest.mark.parametrize(("issue", "cause"), CASES, ids=[issue for issue, _ in CASES])
async def test_an_issue_exists_as_long_as_its_cause(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, issue: str, cause: Any
) -> None:
    await bridge.publish_state(**well())
    assert issues(hass) == set()
    await bridge.publish_state(**well(**cause()))
    assert issues(hass) == {issue}
    await bridge.publish_state(**well())
    assert issues(hass) == set()


@pytest.mark.parametrize(
    ("software", "outdated"),
    [("0.0.9", True), ("0.1.0", False), ("0.1.0.dev1", False), ("0.2.0", False), ("new", False)],
)
async def test_a_bridge_that_is_older_than_the_integration_is_to_be_updated(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, software: str, outdated: bool
) -> None:
    bridge.publish("info", INFO | {"software": software})
    await bridge.publish_state(**well())
    assert issues(hass) == ({"bridge_outdated/bedroom"} if outdated else set())
    bridge.publish("info", INFO)
    await hass.async_block_till_done()
    assert issues(hass) == set()


@pytest.mark.parametrize(
    ("more", "page"),
    [({}, "/config/apps"), ({"app": "0a1b2c_limber"}, "/config/app/0a1b2c_limber/info")],
)
async def test_the_repair_of_an_older_bridge_links_to_the_page_that_updates_it(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    more: dict[str, str],
    page: str,
) -> None:
    hass.config_entries.async_update_entry(loaded, data=dict(loaded.data) | more)
    bridge.publish("info", INFO | {"software": "0.0.9"})
    await bridge.publish_state(**well())
    issue = ir.async_get(hass).async_get_issue("limber", "bridge_outdated/bedroom")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["apps"] == page


async def test_a_battery_level_that_fluctuates_raises_one_issue(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={CONF_BATTERY_BELOW: 30})
    await set_up(hass, bridge, entry)
    for battery, low in ((31, False), (29, True), (33, True), (35, False), (31, False)):
        await bridge.publish_state(**well(sensors={"1": sensor(battery=battery)}))
        assert (issues(hass) == {"battery_low/bedroom/1"}) is low


async def test_issues_are_checked_without_messages_of_the_bridge(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await bridge.publish_state(**well())
    freezer.tick(timedelta(days=4, hours=1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert issues(hass) == {"bridge_silent/bedroom", "no_night/bedroom/anna"}


async def test_a_bridge_whose_retained_state_alone_is_there_is_away(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Bridge and broker lose power, and only the broker comes back."""
    assert shown(hass, "binary_sensor.anna_in_bed") != STATE_UNAVAILABLE
    freezer.tick(timedelta(minutes=5, seconds=1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert shown(hass, "binary_sensor.anna_in_bed") == STATE_UNAVAILABLE
    assert "bridge_silent/bedroom" in issues(hass)
    # The broker sends again what it has kept.
    old = (dt_util.utcnow() - timedelta(minutes=6)).isoformat()
    bridge.publish("anna/state", golden("state") | well() | {"time": old}, retain=True)
    bridge.publish("status", "online", retain=True)
    await hass.async_block_till_done()
    assert shown(hass, "binary_sensor.anna_in_bed") == STATE_UNAVAILABLE
    await bridge.publish_state(**well())
    assert shown(hass, "binary_sensor.anna_in_bed") != STATE_UNAVAILABLE
    assert "bridge_silent/bedroom" not in issues(hass)


def shown(hass: HomeAssistant, entity_id: str) -> str:
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state


async def test_an_unworn_sensor_raises_an_issue_although_another_one_measures(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    idle = {"1": sensor(), "2": sensor(problem="not_worn")}
    await bridge.publish_state(**well(sensors=idle))
    freezer.tick(timedelta(hours=20))
    await bridge.publish_state(**well(sensors=idle))
    assert issues(hass) == set()
    freezer.tick(timedelta(hours=20))
    await bridge.publish_state(**well(sensors=idle))
    assert issues(hass) == {"not_worn/bedroom/2"}


async def test_an_issue_that_a_person_ignored_stays_ignored_after_a_reload(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await bridge.publish_state(**well(recording=False))
    ir.async_get(hass).async_ignore(DOMAIN, "not_recording/bedroom", True)
    await hass.config_entries.async_unload(loaded.entry_id)
    await set_up(hass, bridge, loaded)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "not_recording/bedroom")
    assert issue is not None
    assert issue.dismissed_version is not None


async def test_issues_are_deleted_with_the_entry(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await bridge.publish_state(**well(recording=False))
    assert issues(hass)
    await hass.config_entries.async_remove(loaded.entry_id)
    assert issues(hass) == set()


async def mend(client: Any, issue: str) -> list[dict[str, Any]]:
    """Open the fix flow of an issue and go on once; return both steps."""
    reply = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue}
    )
    assert reply.status == HTTPStatus.OK
    form = await reply.json()
    reply = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    return [form, await reply.json()]


async def test_a_repair_checks_again(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    await bridge.publish_state(**well(sensors={"1": sensor(battery=9)}))
    form, again = await mend(client, "battery_low/bedroom/1")
    assert form["description_placeholders"]["battery"] == "9"
    assert again["errors"] == {"base": "still_present"}
    await bridge.publish_state(**well())
    reply = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    assert (await reply.json())["type"] == "create_entry"


async def test_the_repair_of_a_long_pause_resumes(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    await bridge.publish_state(**well(paused=True, last_night=ago(4)))
    bridge.prepared_responses["pause"] = [golden("response_refusal")]
    form, refused = await mend(client, "paused_long/bedroom/anna")
    assert refused["errors"] == {"base": "refused"}
    monkeypatch.setattr(requests_module, "RESPONSE_TIMEOUT_S", 0.05)
    bridge.silent = True
    reply = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    assert (await reply.json())["errors"] == {"base": "no_response"}
    bridge.silent = False
    reply = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    assert (await reply.json())["type"] == "create_entry"
    assert bridge.commands()[-1] == {"command": "pause", "sleeper": "anna", "paused": False}


# --- Diagnostics ---


async def test_diagnostics_contain_no_names(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    bridge.nights = [golden("state")["last_night"] | {"night": dt_util.now().date().isoformat()}]
    bridge.publish("status", "offline")
    bridge.publish("status", "online")
    await hass.async_block_till_done(wait_background_tasks=True)
    told: Any = await get_diagnostics_for_config_entry(hass, hass_client, loaded)
    text = str(told).casefold()
    assert told["entry"]["discovery_keys"] == "**REDACTED**"
    # What a bug report needs is there.
    assert "problems" in told["sleepers"][0]["state"]["bridge"]
    assert told["sleepers"][0]["state"]["diary"] == "**REDACTED**"
    assert not [name for name in ("anna", "bedroom'", "limber/") if name in text]
    assert INFO["instance"] not in text
    assert INFO["url"] not in text
    assert told["sleepers"][0]["state"]["sensors"]["1"]["battery"] == 87
    assert len(told["sleepers"][0]["recent_nights"]) == 1
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    anna = next(device for device in devices if device.name == "Anna")
    assert "recent_nights" in await get_diagnostics_for_device(hass, hass_client, loaded, anna)
    bedroom = next(device for device in devices if device.name == "Bedroom")
    assert "sleepers" in await get_diagnostics_for_device(hass, hass_client, loaded, bedroom)


async def test_system_health_shows_the_bridges(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info = await get_system_health_info(hass, DOMAIN)
    assert info["bridges"] == "1 / 1"
    assert info["software"] == "0.1.0"


# --- What is gone ---


async def test_an_empty_configuration_for_an_hour_removes_nothing(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    registry = dr.async_get(hass)
    before = {one.id for one in dr.async_entries_for_config_entry(registry, loaded.entry_id)}
    bridge.publish("info", INFO | {"sleepers": []})
    await hass.async_block_till_done()
    freezer.tick(timedelta(hours=1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    bridge.publish("info", INFO)
    await hass.async_block_till_done()
    freezer.tick(timedelta(hours=30))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    after = {one.id for one in dr.async_entries_for_config_entry(registry, loaded.entry_id)}
    assert after == before


async def test_removed_sleepers_and_sensors_leave_no_devices_and_entities(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    registry = dr.async_get(hass)
    bridge.publish(
        "info", INFO | {"sleepers": [*INFO["sleepers"], {"id": "bo", "name": "Bo", "sensors": []}]}
    )
    await hass.async_block_till_done()
    assert len(dr.async_entries_for_config_entry(registry, loaded.entry_id)) == 5
    anna = INFO["sleepers"][0]
    bridge.publish("info", INFO | {"sleepers": [anna | {"sensors": anna["sensors"][:1]}]})
    await hass.async_block_till_done()
    # A mistake, or a forged message, deletes nothing.
    assert len(dr.async_entries_for_config_entry(registry, loaded.entry_id)) == 5
    for _ in range(25):
        freezer.tick(timedelta(hours=1))
        bridge.publish("anna/state", golden("state") | well())
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    assert {one.name for one in dr.async_entries_for_config_entry(registry, loaded.entry_id)} == {
        "Bedroom",
        "Anna",
        "Anna left ankle",
    }
    entities = {
        one.entity_id
        for one in er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id)
    }
    assert "sensor.anna_left_ankle_battery" in entities
    assert not [entity for entity in entities if "bed_load" in entity]
    assert hass.states.get("sensor.anna_plm_index_last_night") is not None


async def test_a_bridge_whose_id_ends_like_a_sensor_keeps_its_devices(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    registry = dr.async_get(hass)
    coordinator = loaded.runtime_data
    coordinator.bridge = "bedroom_2"

    def device(identifier: str) -> dr.DeviceEntry:
        return registry.async_get_or_create(
            config_entry_id=loaded.entry_id, identifiers={(DOMAIN, identifier)}
        )

    assert not is_stale(coordinator, device("bedroom_2"))
    assert not is_stale(coordinator, device("bedroom_2/sleeper/anna"))
    assert not is_stale(coordinator, device("bedroom_2/sensor/1"))
    assert is_stale(coordinator, device("bedroom_2/sensor/7"))
    assert is_stale(coordinator, device("bedroom_2_anna"))


async def test_devices_follow_new_names(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    sleepers = [INFO["sleepers"][0] | {"name": "Anne"}]
    bridge.publish("info", INFO | {"name": "Upstairs", "software": "0.2.0", "sleepers": sleepers})
    await hass.async_block_till_done()
    found = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    assert {(one.name, one.sw_version) for one in found} == {
        ("Upstairs", "0.2.0"),
        ("Anne", None),
        ("Anne left ankle", None),
        ("Anne bed load cells", None),
    }


async def test_a_sensor_that_moves_to_the_other_leg_is_renamed(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    anna = INFO["sleepers"][0]
    moved = anna | {"sensors": [anna["sensors"][0] | {"side": "right"}, *anna["sensors"][1:]]}
    told = INFO | {"sleepers": [moved]}

    bridge.publish("info", told)
    await hass.async_block_till_done()
    found = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    assert {one.name for one in found} == {
        "Bedroom",
        "Anna",
        "Anna right ankle",
        "Anna bed load cells",
    }
    shown = hass.states.get("binary_sensor.anna_left_ankle_connectivity")
    assert shown is not None
    assert shown.name == "Anna right ankle Connectivity"


async def test_a_sensor_and_a_sleeper_that_come_back_are_shown_again(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    anna = INFO["sleepers"][0]
    bo = {"id": "bo", "name": "Bo", "sensors": []}
    for sleepers in ([anna, bo], [anna | {"sensors": anna["sensors"][:1]}], [anna, bo]):
        bridge.publish("info", INFO | {"sleepers": sleepers})
        await hass.async_block_till_done()
    assert hass.states.get("sensor.bo_plm_index_last_night") is not None
    assert hass.states.get("binary_sensor.anna_bed_load_cells_connectivity") is not None


async def test_only_stale_devices_can_be_removed(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    registry = dr.async_get(hass)
    stranger = registry.async_get_or_create(
        config_entry_id=loaded.entry_id, identifiers={(DOMAIN, "bedroom_old")}
    )
    devices = dr.async_entries_for_config_entry(registry, loaded.entry_id)
    can = {one.name: await async_remove_config_entry_device(hass, loaded, one) for one in devices}
    assert can == {
        "Bedroom": False,
        "Anna": False,
        "Anna left ankle": False,
        "Anna bed load cells": False,
        stranger.name: True,
    }
    await hass.config_entries.async_unload(loaded.entry_id)
    assert not await async_remove_config_entry_device(hass, loaded, stranger)
