"""Entities of a bridge: states, availability, events, devices that come and go."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.mqtt.const import MQTT_CONNECTION_STATE
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.limber.const import CONF_RESTLESS_ABOVE, DOMAIN

from .conftest import INFO, Bridge, golden, night, set_up

IN_BED = "binary_sensor.anna_in_bed"
TONIGHT = "sensor.anna_plm_index_tonight"
LAST_NIGHT = "sensor.anna_plm_index_last_night"
SERIES = "event.anna_periodic_series"
MOVEMENT = "event.anna_leg_movement"


ENTITIES = (
    "binary_sensor.anna_asleep",
    "binary_sensor.anna_bed_load_cells_connectivity",
    "binary_sensor.anna_bed_load_cells_problem",
    "binary_sensor.anna_cramp",
    "binary_sensor.anna_in_bed",
    "binary_sensor.anna_left_ankle_connectivity",
    "binary_sensor.anna_left_ankle_problem",
    "binary_sensor.anna_monitoring",
    "binary_sensor.anna_restless_last_night",
    "binary_sensor.anna_trial_question",
    "binary_sensor.bedroom_connectivity",
    "binary_sensor.bedroom_problem",
    "button.anna_calibrate",
    "button.anna_end_the_night",
    "button.anna_that_was_a_cramp",
    "button.anna_that_was_not_a_cramp",
    "button.anna_trial_done",
    "button.anna_trial_not_done",
    "calendar.anna_nights",
    "event.anna_awakening",
    "event.anna_bed",
    "event.anna_cramp",
    "event.anna_logged",
    "event.anna_night",
    "event.anna_periodic_series",
    "event.anna_trial",
    "number.anna_cramp_pain",
    "number.anna_evening_symptoms",
    "number.anna_sensitivity",
    "number.anna_sleep_quality",
    "select.anna_cramp_last_night",
    "sensor.anna_bedtime_last_night",
    "sensor.anna_bedtime_tonight",
    "sensor.anna_candidate_movements_last_night",
    "sensor.anna_candidate_movements_tonight",
    "sensor.anna_estimated_sleep_30_day_average",
    "sensor.anna_estimated_sleep_7_day_average",
    "sensor.anna_estimated_sleep_last_night",
    "sensor.anna_estimated_sleep_tonight",
    "sensor.anna_got_up_last_night",
    "sensor.anna_left_ankle_battery",
    "sensor.anna_leg_movements_30_day_average",
    "sensor.anna_leg_movements_7_day_average",
    "sensor.anna_leg_movements_last_night",
    "sensor.anna_leg_movements_tonight",
    "sensor.anna_periodic_movements_last_night",
    "sensor.anna_periodic_movements_tonight",
    "sensor.anna_periodic_series_last_night",
    "sensor.anna_periodic_series_tonight",
    "sensor.anna_plm_index_30_day_average",
    "sensor.anna_plm_index_7_day_average",
    "sensor.anna_plm_index_last_night",
    "sensor.anna_plm_index_tonight",
    "sensor.anna_plms_index_7_day_average",
    "sensor.anna_plms_index_last_night",
    "sensor.anna_plms_index_tonight",
    "sensor.anna_possible_cramps_30_day_average",
    "sensor.anna_possible_cramps_last_night",
    "sensor.anna_possible_cramps_tonight",
    "sensor.anna_probable_cramps_last_night",
    "sensor.anna_probable_cramps_tonight",
    "sensor.anna_restless_nights_in_a_row",
    "sensor.anna_time_in_bed_last_night",
    "sensor.anna_time_in_bed_tonight",
    "sensor.anna_trial_plan_tonight",
    "sensor.anna_trial_result",
    "sensor.anna_usual_bedtime",
    "switch.anna_pause",
)
HIDDEN = (
    "event.anna_leg_movement",
    "sensor.anna_bed_load_cells_signal_quality",
    "sensor.anna_candidate_movements_30_day_average",
    "sensor.anna_candidate_movements_7_day_average",
    "sensor.anna_left_ankle_signal_quality",
    "sensor.anna_longest_quiet_period_last_night",
    "sensor.anna_longest_quiet_period_30_day_average",
    "sensor.anna_longest_quiet_period_7_day_average",
    "sensor.anna_longest_quiet_period_tonight",
    "sensor.anna_mean_interval_last_night",
    "sensor.anna_mean_interval_30_day_average",
    "sensor.anna_mean_interval_7_day_average",
    "sensor.anna_mean_interval_tonight",
    "sensor.anna_periodic_movements_30_day_average",
    "sensor.anna_periodic_movements_7_day_average",
    "sensor.anna_periodic_movements_of_left_leg_last_night",
    "sensor.anna_periodic_movements_of_left_leg_30_day_average",
    "sensor.anna_periodic_movements_of_left_leg_7_day_average",
    "sensor.anna_periodic_movements_of_left_leg_tonight",
    "sensor.anna_periodic_movements_of_right_leg_last_night",
    "sensor.anna_periodic_movements_of_right_leg_30_day_average",
    "sensor.anna_periodic_movements_of_right_leg_7_day_average",
    "sensor.anna_periodic_movements_of_right_leg_tonight",
    "sensor.anna_periodic_series_30_day_average",
    "sensor.anna_periodic_series_7_day_average",
    "sensor.anna_periodicity_index_last_night",
    "sensor.anna_periodicity_index_30_day_average",
    "sensor.anna_periodicity_index_7_day_average",
    "sensor.anna_periodicity_index_tonight",
    "sensor.anna_plms_index_30_day_average",
    "sensor.anna_possible_cramps_7_day_average",
    "sensor.anna_probable_cramps_30_day_average",
    "sensor.anna_probable_cramps_7_day_average",
    "sensor.anna_time_in_bed_30_day_average",
    "sensor.anna_time_in_bed_7_day_average",
)
"""Disabled by default."""


def value(hass: HomeAssistant, entity: str) -> str:
    state = hass.states.get(entity)
    assert state is not None, f"no {entity}; there are {sorted(hass.states.async_entity_ids())}"
    return state.state


async def test_entities_and_their_unique_ids(
    hass: HomeAssistant, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    found = {
        row.entity_id: (row.unique_id, row.disabled_by is None)
        for row in er.async_entries_for_config_entry(entity_registry, loaded.entry_id)
    }
    there = {entity for entity, (_, enabled) in found.items() if enabled}
    assert there == set(ENTITIES)
    assert set(found) - there == set(HIDDEN)
    assert found[TONIGHT][0] == "bedroom/sleeper/anna/tonight_plm_index"
    assert found["sensor.anna_left_ankle_battery"][0] == "bedroom/sensor/1/battery"


async def test_bridge_sleeper_and_sensors_are_devices(
    hass: HomeAssistant, loaded: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    devices = {
        device.name: device
        for device in dr.async_entries_for_config_entry(device_registry, loaded.entry_id)
    }
    assert set(devices) == {"Bedroom", "Anna", "Anna left ankle", "Anna bed load cells"}
    for name in ("Anna", "Anna left ankle", "Anna bed load cells"):
        assert devices[name].via_device_id == devices["Bedroom"].id
    assert devices["Anna"].entry_type is dr.DeviceEntryType.SERVICE
    assert devices["Anna left ankle"].entry_type is None
    assert devices["Bedroom"].sw_version == "0.1.0"


async def test_measures_have_units_and_methods(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    shown = hass.states.get(LAST_NIGHT)
    assert shown is not None
    assert shown.state == "24.0506"
    assert shown.attributes["unit_of_measurement"] == "/h"
    assert shown.attributes["method"] == "ankle"
    assert shown.attributes["night"] == "2026-11-21"
    assert "state_class" not in shown.attributes
    assert value(hass, "sensor.anna_leg_movements_tonight") == "312"
    assert value(hass, "sensor.anna_left_ankle_battery") == "87"
    assert value(hass, IN_BED) == STATE_ON


async def test_unmeasured_values_are_unknown(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    nothing = golden("state_nothing_known") | {"sensors": golden("state")["sensors"]}
    bridge.publish("anna/state", nothing)
    await hass.async_block_till_done()
    for entity in (IN_BED, TONIGHT, LAST_NIGHT, "sensor.anna_estimated_sleep_tonight"):
        assert value(hass, entity) == STATE_UNKNOWN
    assert value(hass, "sensor.anna_leg_movements_tonight") == "3"


async def test_entities_are_unavailable_without_the_bridge(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        bridge.publish("status", "offline")
    await hass.async_block_till_done()
    for entity in (
        IN_BED,
        TONIGHT,
        LAST_NIGHT,
        SERIES,
        "binary_sensor.anna_left_ankle_connectivity",
    ):
        assert value(hass, entity) == STATE_UNAVAILABLE
    assert value(hass, "binary_sensor.bedroom_connectivity") == STATE_OFF
    bridge.publish("status", "online")
    await hass.async_block_till_done()
    assert value(hass, LAST_NIGHT) == "24.0506"
    assert caplog.text.count("Bedroom is unavailable") == 1
    assert caplog.text.count("Bedroom is available again") == 1


async def test_entities_are_unavailable_without_the_broker(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    async_dispatcher_send(hass, MQTT_CONNECTION_STATE, False)
    await hass.async_block_till_done()
    assert value(hass, LAST_NIGHT) == STATE_UNAVAILABLE
    async_dispatcher_send(hass, MQTT_CONNECTION_STATE, True)
    bridge.publish("status", "online")
    await hass.async_block_till_done()
    assert value(hass, LAST_NIGHT) == "24.0506"


async def test_last_night_stays_available_without_a_sensor(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    away = golden("state")["sensors"]["2"]
    await bridge.publish_state(sensors={"1": away, "2": away})
    assert value(hass, IN_BED) == value(hass, TONIGHT) == STATE_UNAVAILABLE
    assert value(hass, "sensor.anna_left_ankle_battery") == STATE_UNAVAILABLE
    assert value(hass, "binary_sensor.anna_left_ankle_connectivity") == STATE_OFF
    assert value(hass, LAST_NIGHT) == "24.0506"
    state = hass.states.get("binary_sensor.anna_left_ankle_problem")
    assert state is not None
    assert (state.state, state.attributes["problem"]) == (STATE_ON, "wrong_key")


@pytest.mark.parametrize("payload", ["{", "[]", '{"v": 1}', '{"v": 1, "time": 5}'])
async def test_a_malformed_state_changes_nothing_and_is_logged_once(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    payload: str,
) -> None:
    for _ in range(3):
        bridge.publish("anna/state", payload)
    await hass.async_block_till_done()
    assert value(hass, LAST_NIGHT) == "24.0506"
    assert caplog.text.count("ignored a malformed message") == 1


@pytest.mark.parametrize(("version", "key"), [(0, "bridge_too_old"), (2, "integration_too_old")])
async def test_another_protocol_version_keeps_the_last_state_and_raises_one_issue(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
    version: int,
    key: str,
) -> None:
    for _ in range(3):
        bridge.publish("info", golden("info") | {"v": version})
        bridge.publish("anna/state", golden("state") | {"v": version, "in_bed": False})
    await hass.async_block_till_done()
    assert value(hass, IN_BED) == STATE_ON
    ours = {issue.issue_id for issue in issue_registry.issues.values() if issue.domain == DOMAIN}
    assert f"{key}/bedroom" in ours
    bridge.publish("info", golden("info"))
    await hass.async_block_till_done()
    assert {issue.issue_id for issue in issue_registry.issues.values()} == ours - {f"{key}/bedroom"}


# --- Events ---


def series(start: datetime, **more: Any) -> dict[str, Any]:
    return (
        golden("event_series_confirmed")
        | {"start": start.isoformat(), "end": start.isoformat()}
        | more
    )


async def test_a_series_fires_events(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    assert value(hass, SERIES) == STATE_UNKNOWN
    began = dt_util.utcnow() - timedelta(seconds=90)
    bridge.publish("anna/event", series(began, end=dt_util.utcnow().isoformat()))
    await hass.async_block_till_done()
    shown = hass.states.get(SERIES)
    assert shown is not None
    assert (shown.attributes["event_type"], shown.attributes["movements"]) == ("confirmed", 4)
    bridge.publish(
        "anna/event", golden("event_series_ended") | {"end": dt_util.utcnow().isoformat()}
    )
    await hass.async_block_till_done()
    assert hass.states.get(SERIES).attributes["event_type"] == "ended"  # type: ignore[union-attr]


async def test_a_stale_a_repeated_and_a_retained_event_trigger_nothing(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    now = dt_util.utcnow()
    bridge.publish("anna/event", series(now - timedelta(seconds=61)))
    bridge.publish("anna/event", series(now, id="series-2-confirmed"), retain=True)
    await hass.async_block_till_done()
    assert value(hass, SERIES) == STATE_UNKNOWN
    bridge.publish("anna/event", series(now, id="series-3-confirmed"))
    await hass.async_block_till_done()
    first = hass.states.get(SERIES)
    bridge.publish("anna/event", series(now, id="series-3-confirmed"))
    await hass.async_block_till_done()
    assert first is not None
    assert hass.states.get(SERIES) is first


async def test_movement_events_can_be_enabled(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    entry.add_to_hass(hass)
    entity_registry.async_get_or_create(
        "event",
        DOMAIN,
        "bedroom/sleeper/anna/movement",
        suggested_object_id="anna_leg_movement",
        config_entry=entry,
        disabled_by=None,
    )
    await set_up(hass, bridge, entry)
    moved = golden("event_movement") | {"end": dt_util.utcnow().isoformat()}
    bridge.publish("anna/event", moved)
    await hass.async_block_till_done()
    shown = hass.states.get(MOVEMENT)
    assert shown is not None
    assert (shown.attributes["event_type"], shown.attributes["side"]) == ("moderate", "both")


# --- Sleepers and sensors that come, entries that go ---


async def test_a_sensor_and_a_sleeper_appear_without_a_reload(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    info = golden("info")
    info["sleepers"][0]["sensors"].append(
        info["sleepers"][0]["sensors"][0] | {"id": 7, "side": "right"}
    )
    info["sleepers"].append({"id": "bo", "name": "Bo", "sensors": []})
    bridge.publish("info", info)
    await hass.async_block_till_done()
    assert hass.states.get("binary_sensor.anna_right_ankle_connectivity") is not None
    assert value(hass, "sensor.bo_plm_index_last_night") == STATE_UNAVAILABLE
    bridge.publish("bo/state", golden("state"))
    await hass.async_block_till_done()
    assert value(hass, "sensor.bo_plm_index_last_night") == "24.0506"
    bridge.publish("bo/state", "")
    await hass.async_block_till_done()
    assert value(hass, "sensor.bo_plm_index_last_night") == STATE_UNAVAILABLE


async def test_a_battery_entity_exists_only_for_a_sensor_that_reports_a_level(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    battery = "sensor.anna_bed_load_cells_battery"
    sensors = golden("state")["sensors"]
    assert hass.states.get("sensor.anna_left_ankle_battery") is not None
    assert hass.states.get(battery) is None
    await bridge.publish_state(sensors=sensors | {"2": sensors["1"] | {"battery": 55}})
    assert value(hass, battery) == "55"
    await bridge.publish_state(sensors=sensors | {"2": sensors["1"] | {"battery": None}})
    assert value(hass, battery) == STATE_UNKNOWN
    # As after a restart of the bridge: the entity is not added a second time.
    await bridge.publish_state(sensors=sensors | {"2": sensors["1"] | {"battery": 54}})
    assert value(hass, battery) == "54"
    assert "does not generate unique IDs" not in caplog.text


async def test_a_sensor_that_moves_to_another_sleeper_keeps_its_entities(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    anna = INFO["sleepers"][0]
    ankle, bed = anna["sensors"]
    bo = {"id": "bo", "name": "Bo", "sensors": [ankle]}
    bridge.publish("info", INFO | {"sleepers": [anna | {"sensors": [bed]}, bo]})
    health = golden("state")["sensors"]["1"]
    bridge.publish("bo/state", golden("state") | {"sensors": {"1": health | {"battery": 42}}})
    await hass.async_block_till_done()
    shown = hass.states.get("sensor.anna_left_ankle_battery")
    assert shown is not None
    assert (shown.state, shown.name) == ("42", "Bo left ankle Battery")


async def test_unload_reload_and_removal(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert loaded.state is ConfigEntryState.NOT_LOADED
    assert value(hass, IN_BED) == STATE_UNAVAILABLE
    await set_up(hass, bridge, loaded)
    assert value(hass, IN_BED) == STATE_ON
    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(IN_BED) is None


async def test_set_up_waits_for_a_bridge(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    with patch("custom_components.limber.coordinator.RETAINED_TIMEOUT_S", 0.2):
        assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "no_bridge"


async def test_set_up_with_another_protocol_says_which_side_to_update(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    setting_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    while not setting_up.done():
        bridge.publish("info", golden("info") | {"v": 2}, retain=True)
        await asyncio.sleep(0.01)
    assert str(entry.state) == str(ConfigEntryState.SETUP_RETRY)
    assert entry.error_reason_translation_key == "integration_too_old"
    assert ir.async_get(hass).async_get_issue(DOMAIN, "integration_too_old/bedroom") is not None
    again = hass.async_create_task(hass.config_entries.async_reload(entry.entry_id))
    while not again.done():
        bridge.publish_retained()
        await asyncio.sleep(0.01)
    assert entry.state is ConfigEntryState.LOADED
    assert ir.async_get(hass).async_get_issue(DOMAIN, "integration_too_old/bedroom") is None


async def test_set_up_without_mqtt(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    with patch(
        "custom_components.limber.coordinator.mqtt.async_wait_for_mqtt_client", return_value=False
    ):
        await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "no_mqtt"


async def test_problems_of_the_bridge_are_shown(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    entity = hass.states.get("binary_sensor.bedroom_problem")
    assert entity is not None
    assert entity.state == STATE_ON
    problem = entity.attributes["problems"][0]
    assert "allow the bridge's user to publish to limber/bedroom/#" in problem
    reason = entity.attributes["last_disconnect_reason"]
    assert reason == "the broker refuses the connection: Banned"
    well = golden("state")["bridge"] | {"problems": []}
    await bridge.publish_state(bridge=well)
    assert value(hass, "binary_sensor.bedroom_problem") == STATE_OFF


# --- Nights seen together ---


def last_nights(*indices: float | None) -> list[dict[str, Any]]:
    """Nights up to today, in bed at 23:10 in Berlin."""
    today = dt_util.now().date()
    days = [today - timedelta(days=number) for number in range(len(indices) - 1, -1, -1)]
    starts = [f"{day - timedelta(days=1)}T22:10:00Z" for day in days]
    return [
        night(day.isoformat(), index) | {"start": start, "end": f"{day}T06:00:00Z"}
        for day, index, start in zip(days, indices, starts, strict=True)
    ]


async def test_usual_bedtime_and_restless_nights_in_a_row(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.nights = last_nights(30.0, 4.0, 16.0, 18.5)
    await set_up(hass, bridge, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert value(hass, "sensor.anna_restless_nights_in_a_row") == "2"
    bedtime = datetime.fromisoformat(value(hass, "sensor.anna_usual_bedtime"))
    assert timedelta(0) < bedtime - dt_util.utcnow() <= timedelta(days=1, hours=1)
    assert f"{bedtime.astimezone(UTC):%H:%M}" == "22:10"
    shown = hass.states.get(LAST_NIGHT)
    assert shown is not None
    assert list(shown.attributes["recent"].values()) == [30.0, 4.0, 16.0, 18.5]


async def test_the_limit_of_a_restless_night_is_an_option(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    today = dt_util.now().date().isoformat()
    for limit, restless in ((25.0, STATE_OFF), (24.0, STATE_ON)):
        hass.config_entries.async_update_entry(loaded, options={CONF_RESTLESS_ABOVE: limit})
        await hass.config_entries.async_unload(loaded.entry_id)
        await set_up(hass, bridge, loaded)
        await bridge.publish_state(last_night=golden("state")["last_night"] | {"night": today})
        assert value(hass, "binary_sensor.anna_restless_last_night") == restless


async def test_an_older_night_does_not_replace_an_unmeasured_one(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-21T22:30:00Z")
    bridge.nights = [night(day, 30.0) for day in ("2026-11-20", "2026-11-21")]
    bridge.publish("status", "offline")
    bridge.publish("status", "online")
    await hass.async_block_till_done(wait_background_tasks=True)
    restless = "binary_sensor.anna_restless_last_night"
    in_a_row = "sensor.anna_restless_nights_in_a_row"
    assert (value(hass, restless), value(hass, in_a_row)) == (STATE_ON, "2")
    freezer.move_to("2026-11-23T09:00:00Z")
    await bridge.publish_state()
    assert value(hass, restless) == value(hass, in_a_row) == STATE_UNKNOWN


async def test_entities_stay_when_the_bridge_publishes_its_info_again(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    before = set(hass.states.async_entity_ids())
    bridge.publish("info", INFO | {"rules": "aasm"})
    await hass.async_block_till_done()
    assert set(hass.states.async_entity_ids()) == before


async def test_averages_have_a_standard_deviation(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    shown = hass.states.get("sensor.anna_plm_index_7_day_average")
    assert shown is not None
    assert (shown.state, shown.attributes["nights"], shown.attributes["standard_deviation"]) == (
        "24.1",
        6,
        9.8,
    )
    assert value(hass, "sensor.anna_plm_index_30_day_average") == STATE_UNKNOWN


async def test_binary_sensors_show_the_current_state(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    assert value(hass, "binary_sensor.anna_asleep") == STATE_OFF
    cramp = hass.states.get("binary_sensor.anna_cramp")
    assert cramp is not None
    assert (cramp.state, cramp.attributes["certainty"]) == (STATE_UNKNOWN, "possible")
    assert value(hass, "binary_sensor.anna_monitoring") == STATE_ON
    assert value(hass, "binary_sensor.anna_left_ankle_problem") == STATE_OFF
    assert value(hass, "binary_sensor.anna_bed_load_cells_problem") == STATE_ON
    tonight = golden("state")["tonight"]
    with_emg = tonight | {"measures": tonight["measures"] | {"cramps_probable": 0}}
    await bridge.publish_state(cramp=None)
    assert value(hass, "binary_sensor.anna_cramp") == STATE_UNKNOWN
    await bridge.publish_state(cramp=None, tonight=with_emg)
    assert value(hass, "binary_sensor.anna_cramp") == STATE_OFF
    await bridge.publish_state(tonight=with_emg)
    assert value(hass, "binary_sensor.anna_cramp") == STATE_ON


async def test_an_unknown_time_zone_changes_nothing(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        bridge.publish("info", INFO | {"time_zone": "Mars/Olympus"})
        await bridge.publish_state()
    assert value(hass, LAST_NIGHT) == "24.0506"
    assert caplog.text.count("unknown time zone Mars/Olympus") == 1


async def test_the_nights_of_two_sleepers_both_fire_events(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    """The id of an event is unique only for its sleeper, so both have the same one."""
    bridge.publish(
        "info", INFO | {"sleepers": [*INFO["sleepers"], {"id": "bo", "name": "Bo", "sensors": []}]}
    )
    bridge.publish("bo/state", golden("state"))
    await hass.async_block_till_done()
    bridge.nights = [night(dt_util.now().date().isoformat(), 31.0)]
    event = golden("event_night") | {
        "start": dt_util.utcnow().isoformat(),
        "night": bridge.nights[0]["night"],
    }
    event |= {"known_at": dt_util.utcnow().isoformat(), "revision": 1}
    for sleeper in ("anna", "bo"):
        bridge.publish(f"{sleeper}/event", event)
    await hass.async_block_till_done(wait_background_tasks=True)
    for sleeper in ("anna", "bo"):
        shown = hass.states.get(f"event.{sleeper}_night")
        assert shown is not None
        assert shown.attributes["plm_index"] == 31.0
        assert value(hass, f"sensor.{sleeper}_plm_index_last_night") == "31.0"
    assert {one["sleeper"] for one in bridge.requests} == {"anna", "bo"}
