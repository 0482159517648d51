"""The in-bed sensors of Home Assistant that are passed on to the bridge."""

import asyncio
import json
import logging
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.limber import identity
from custom_components.limber.bed_sensors import REPEAT_INTERVAL
from custom_components.limber.const import (
    CONF_BATTERY_BELOW,
    CONF_BED_SENSORS,
    CONF_RESTLESS_ABOVE,
    DOMAIN,
)
from tests.components.limber.conftest import CONTRACT, INFO, Bridge, set_up

MAT = "binary_sensor.bed_mat"


def with_sensor(hass: HomeAssistant, entry: MockConfigEntry, **sensors: str) -> None:
    """Choose in-bed sensors by sleeper."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={CONF_BED_SENSORS: sensors})


def bed_requests(bridge: Bridge) -> list[dict[str, Any]]:
    return [one for one in bridge.requests if one["command"] == "bed"]


def values(bridge: Bridge) -> list[bool]:
    return [one["in_bed"] for one in bed_requests(bridge)]


async def settle(hass: HomeAssistant) -> None:
    """Wait until all requests are answered; they are sent by a task in the background."""
    for _ in range(20):
        await asyncio.sleep(0)
    await hass.async_block_till_done()


async def pass_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, duration: timedelta = REPEAT_INTERVAL
) -> None:
    freezer.tick(duration)
    async_fire_time_changed(hass)
    await settle(hass)


async def show(hass: HomeAssistant, state: str) -> None:
    hass.states.async_set(MAT, state)
    await settle(hass)


@pytest.fixture
async def watched(hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry) -> MockConfigEntry:
    """An entry with an in-bed sensor that has been on for an hour."""
    with_sensor(hass, entry, anna=MAT)
    hass.states.async_set_internal(
        MAT, "on", {}, False, None, None, time.time() - timedelta(hours=1).total_seconds()
    )
    await set_up(hass, bridge, entry)
    return entry


async def test_the_state_is_sent_at_the_start_with_the_time_of_its_last_change(
    hass: HomeAssistant, bridge: Bridge, watched: MockConfigEntry
) -> None:
    (request,) = bed_requests(bridge)
    assert request.keys() == json.loads((CONTRACT / "request_bed.json").read_text()).keys()
    assert (request["sleeper"], request["in_bed"]) == ("anna", True)
    age = datetime.fromisoformat(request["time"]) - datetime.fromisoformat(request["since"])
    assert timedelta(hours=1) <= age < timedelta(hours=1, minutes=1)


async def test_the_state_is_sent_on_each_change_and_every_minute(
    hass: HomeAssistant, bridge: Bridge, watched: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await show(hass, "off")
    await pass_time(hass, freezer)
    await pass_time(hass, freezer)
    await show(hass, "on")
    assert values(bridge) == [True, False, False, False, True]
    since = {one["since"] for one in bed_requests(bridge)[1:4]}
    assert len(since) == 1


@pytest.mark.parametrize("state", ["unavailable", "unknown"])
async def test_an_unknown_state_is_not_sent(
    hass: HomeAssistant,
    bridge: Bridge,
    watched: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    state: str,
) -> None:
    """So the bridge forgets the value."""
    await show(hass, state)
    await pass_time(hass, freezer)
    hass.states.async_remove(MAT)
    await pass_time(hass, freezer)
    assert values(bridge) == [True]
    await show(hass, "on")
    assert values(bridge) == [True, True]


async def test_the_state_is_sent_again_when_the_bridge_is_back(
    hass: HomeAssistant, bridge: Bridge, watched: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    bridge.publish("status", "offline")
    await show(hass, "off")
    await pass_time(hass, freezer)
    assert values(bridge) == [True]
    bridge.publish("status", "online")
    await settle(hass)
    assert values(bridge) == [True, False]


async def test_an_older_bridge_is_not_asked(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.info = bridge.info | {"commands": ["nights", "events"]}
    with_sensor(hass, entry, anna=MAT)
    hass.states.async_set(MAT, "on")
    await set_up(hass, bridge, entry)
    assert bed_requests(bridge) == []


async def test_a_refusal_is_logged_once(
    hass: HomeAssistant,
    bridge: Bridge,
    watched: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    refusal = {"v": 1, "ok": False, "error": "played_recording", "message": "it plays recordings"}
    bridge.prepared_responses["bed"] = [refusal, refusal]
    for _ in range(3):
        await pass_time(hass, freezer)
    bridge.prepared_responses["bed"] = [refusal]
    await pass_time(hass, freezer)
    logged = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    about_mat = [text for text in logged if MAT in text]
    assert ["play recordings" in text for text in about_mat] == [True, True]


async def test_nothing_is_sent_after_the_entry_was_unloaded(
    hass: HomeAssistant, bridge: Bridge, watched: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    assert await hass.config_entries.async_unload(watched.entry_id)
    await show(hass, "off")
    await pass_time(hass, freezer)
    assert values(bridge) == [True]


async def test_a_sensor_that_does_not_exist_any_more_is_a_repair_issue(
    hass: HomeAssistant, bridge: Bridge, watched: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    registry = ir.async_get(hass)
    hass.states.async_remove(MAT)
    await bridge.publish_state(sensitivity=1.5)
    issue = registry.async_get_issue(
        DOMAIN, identity.issue_id("bed_sensor_missing", "bedroom", "anna")
    )
    assert issue is not None
    assert issue.translation_placeholders == {"sleeper": "Anna", "entity": MAT}
    await show(hass, "off")
    await bridge.publish_state(sensitivity=1.25)
    assert registry.async_get_issue(DOMAIN, issue.issue_id) is None


# --- Options ---


async def open_menu(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> Any:
    """Open the options and choose from the menu."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    return await hass.config_entries.options.async_configure(
        result["flow_id"], {"next_step_id": step}
    )


async def test_an_in_bed_sensor_is_chosen_for_each_sleeper(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    """An own entity cannot be chosen; an empty field takes the sensor away."""
    anna = INFO["sleepers"][0] | {"id": "anna", "name": "Anna"}
    bridge.info = bridge.info | {"sleepers": [anna, anna | {"id": "bert", "name": "Bert"}]}
    hass.states.async_set(MAT, "on")
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, options={CONF_BATTERY_BELOW: 20, CONF_BED_SENSORS: {"bert": "binary_sensor.old"}}
    )
    await set_up(hass, bridge, entry)
    result = await open_menu(hass, entry, "bed_sensor")
    assert result["description_placeholders"] == {"sleeper": "Anna"}
    configure = hass.config_entries.options.async_configure
    with pytest.raises(InvalidData):
        await configure(result["flow_id"], {"bed_sensor": "binary_sensor.anna_in_bed"})
    result = await configure(result["flow_id"], {"bed_sensor": MAT})
    assert result["description_placeholders"] == {"sleeper": "Bert"}
    result = await configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {CONF_BATTERY_BELOW: 20, CONF_BED_SENSORS: {"anna": MAT}}


async def test_the_limits_are_changed_beside_the_in_bed_sensors(
    hass: HomeAssistant, bridge: Bridge, watched: MockConfigEntry
) -> None:
    result = await open_menu(hass, watched, "limits")
    limits = {CONF_RESTLESS_ABOVE: 22.5, CONF_BATTERY_BELOW: 25}
    await hass.config_entries.options.async_configure(result["flow_id"], limits)
    assert dict(watched.options) == {CONF_BED_SENSORS: {"anna": MAT}, **limits}


async def test_a_sleeper_who_is_not_configured_any_more_needs_no_sensor(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    with_sensor(hass, entry, carl=MAT)
    hass.states.async_set(MAT, "on")
    await set_up(hass, bridge, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert bed_requests(bridge) == []
