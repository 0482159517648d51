"""Buttons, sensitivity, pause and actions: which requests are sent, and what a person sees if it
refuses."""

from datetime import date, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.limber.requests as requests_module
from custom_components.limber.const import DOMAIN

from .conftest import INFO, Bridge, golden


def device(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    """The id of a device of the entry."""
    found = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next(one.id for one in found if one.name == name)


async def call(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Call an action of Limber and return its response, if it has one."""
    domain, name = action.split(".")
    responds = domain == DOMAIN and name in ("get_night", "get_nights", "label", "log")
    return await hass.services.async_call(
        domain, name, data, blocking=True, return_response=responds
    )


@pytest.mark.parametrize(
    ("button", "command"),
    [
        ("that_was_a_cramp", {"command": "label", "cramp": True}),
        ("that_was_not_a_cramp", {"command": "label", "cramp": False}),
        ("end_the_night", {"command": "end_night"}),
        ("calibrate", {"command": "calibrate"}),
    ],
)
async def test_a_button_sends_a_command(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    button: str,
    command: dict[str, Any],
) -> None:
    await call(hass, "button.press", entity_id=f"button.anna_{button}")
    assert bridge.commands() == [command | {"sleeper": "anna"}]


async def test_a_refusal_is_shown(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    bridge.prepared_responses["calibrate"] = [
        golden("response_refusal") | {"error": "nothing_to_calibrate"}
    ]
    with pytest.raises(HomeAssistantError, match="No sensor sends data, or measuring is paused"):
        await call(hass, "button.press", entity_id="button.anna_calibrate")


async def test_a_command_without_a_response_raises_an_error(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "RESPONSE_TIMEOUT_S", 0.05)
    bridge.silent = True
    with pytest.raises(HomeAssistantError, match="did not respond"):
        await call(hass, "button.press", entity_id="button.anna_end_the_night")


async def test_sensitivity_shows_and_sets_the_bridge_setting(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await bridge.publish_state(sensitivity=1.25)
    assert hass.states.get("number.anna_sensitivity").state == "1.25"  # type: ignore[union-attr]
    await call(hass, "number.set_value", entity_id="number.anna_sensitivity", value=1.5)
    assert bridge.commands() == [{"command": "set", "sleeper": "anna", "sensitivity": 1.5}]
    assert hass.states.get("number.anna_sensitivity").state == "1.25"  # type: ignore[union-attr]


async def test_pause_is_on_while_nothing_is_measured(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await bridge.publish_state(paused=True)
    assert hass.states.get("switch.anna_pause").state == "on"  # type: ignore[union-attr]
    assert hass.states.get("binary_sensor.anna_monitoring").state == "off"  # type: ignore[union-attr]
    await call(hass, "switch.turn_off", entity_id="switch.anna_pause")
    await call(hass, "switch.turn_on", entity_id="switch.anna_pause")
    assert [one["paused"] for one in bridge.commands()] == [False, True]


async def test_controls_that_an_older_bridge_does_not_support_are_unavailable(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    bridge.publish("info", {key: value for key, value in INFO.items() if key != "commands"})
    await hass.async_block_till_done()
    for entity in ("switch.anna_pause", "number.anna_sensitivity", "button.anna_calibrate"):
        assert hass.states.get(entity).state == "unavailable"  # type: ignore[union-attr]
    assert hass.states.get("button.anna_end_the_night").state != "unavailable"  # type: ignore[union-attr]
    with pytest.raises(HomeAssistantError, match="Update the bridge"):
        await call(hass, "limber.log", factor="water")


# --- Actions ---


def night(day: str, **measures: object) -> dict[str, Any]:
    one: dict[str, Any] = golden("state")["last_night"]
    return one | {"night": day, "measures": one["measures"] | measures}


async def test_get_night_returns_measures_cramps_factors_and_a_summary(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-22T09:00:00Z")
    await bridge.publish_state(tonight=golden("state")["tonight"] | {"start": None})
    bridge.events["2026-11-21"] = [
        golden("event_cramp_ended"),
        golden("event_cramp_ended")
        | {
            "kind": "factor",
            "id": "factor-1",
            "factor": "stretching",
            "note": "calves",
            "start": "2026-11-20T21:10:00Z",
        },
    ]
    found = await call(hass, "limber.get_night")
    assert (found["night"], found["movements"], found["plm_index"]) == ("2026-11-21", 312, 24.0506)
    assert found["start"] == "2026-11-20T23:10:00+00:00"
    assert found["cramp_events"][0]["certainty"] == "probable"
    assert found["factors"] == [
        {"factor": "stretching", "time": "2026-11-20T21:10:00+00:00", "note": "“calves”"}
    ]
    assert "Night of November 21, 2026: 312 leg movements" in found["summary"]
    assert found["summary"].startswith("Last night was not recorded.")
    assert "Logged: Stretching 22:10 (“calves”)." in found["summary"]


async def test_get_night_returns_the_night_of_a_date(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    bridge.nights = [night("2026-01-10", movements=7), night("2026-01-12")]
    assert (await call(hass, "limber.get_night", night="2026-01-10"))["movements"] == 7
    nothing = await call(hass, "limber.get_night", night="2026-01-11")
    assert nothing == {"night": None, "summary": "There is no recorded night for that date."}


async def test_a_recent_night_is_summarized_without_its_deleted_events(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    today = dt_util.now().date().isoformat()
    bridge.nights = [night(today, movements=7)]
    bridge.publish("status", "offline")
    bridge.publish("status", "online")
    await hass.async_block_till_done(wait_background_tasks=True)
    asked = len(bridge.requests)
    bridge.prepared_responses["events"] = [golden("response_refusal") | {"error": "events_deleted"}]
    found = await call(hass, "limber.get_night", night=today)
    assert (found["movements"], found["cramp_events"]) == (7, [])
    assert [one["command"] for one in bridge.requests[asked:]] == ["events"]


async def test_get_night_says_that_the_current_night_is_not_finished(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-22T09:00:00Z")
    await bridge.publish_state(
        tonight=golden("state")["tonight"] | {"start": "2026-11-21T22:00:00Z"}
    )
    assert (await call(hass, "limber.get_night"))["summary"].startswith(
        "The current night is not finished yet. Night of"
    )
    asked = await call(hass, "limber.get_night", night="2026-11-22")
    assert asked == {"night": None, "summary": "The current night is not finished yet."}


async def test_after_midnight_the_last_night_is_the_one_before(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-21T23:30:00Z")
    assert (await call(hass, "limber.get_night"))["summary"].startswith(
        "Last night: 312 leg movements"
    )


async def test_get_night_of_a_sleeper_without_a_state(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    bridge.publish("anna/state", "")
    await hass.async_block_till_done()
    assert (await call(hass, "limber.get_night"))[
        "summary"
    ] == "The bridge has not sent any data yet."


async def test_the_calendar_fails_if_the_bridge_does_not_respond(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "RESPONSE_TIMEOUT_S", 0.05)
    bridge.silent = True
    with pytest.raises(HomeAssistantError, match="did not respond"):
        await call(hass, "limber.get_night")


async def test_get_night_says_that_there_is_no_night_yet(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await bridge.publish_state(last_night=None)
    assert (await call(hass, "limber.get_night"))["summary"] == "No night has been recorded yet."


async def test_get_nights_returns_the_nights_of_some_days(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    """They are counted from the last one, as the means are."""
    last = date.fromisoformat(golden("state")["last_night"]["night"])
    days = [last - timedelta(days=number) for number in (7, 6, 0)]
    bridge.nights = [night(day.isoformat()) for day in days]
    found = await call(hass, "limber.get_nights", days=7)
    assert [date.fromisoformat(one["night"]) for one in found["nights"]] == days[1:]


async def test_labels_and_factors_are_sent_with_their_time(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    anna = device(hass, loaded, "Anna")
    assert (await call(hass, "limber.label", sleeper=anna, cramp=True, event="cramp-1"))[
        "event"
    ] is not None
    await call(hass, "limber.label", cramp=False, time="2026-11-22 03:12:00")
    await call(hass, "limber.log", factor="stretching", note="calves")
    await call(hass, "limber.reset_labels")
    await call(hass, "limber.end_night")
    assert bridge.commands() == [
        {"command": "label", "sleeper": "anna", "cramp": True, "event": "cramp-1"},
        {
            "command": "label",
            "sleeper": "anna",
            "cramp": False,
            "time": "2026-11-22T02:12:00+00:00",
        },
        {"command": "log", "sleeper": "anna", "factor": "stretching", "note": "calves"},
        {"command": "reset_labels", "sleeper": "anna"},
        {"command": "end_night", "sleeper": "anna"},
    ]


async def test_an_action_needs_an_unambiguous_sleeper(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    info = INFO | {"sleepers": [*INFO["sleepers"], {"id": "bo", "name": "Bo", "sensors": []}]}
    bridge.publish("info", info)
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError, match="More than one sleeper"):
        await call(hass, "limber.end_night")
    with pytest.raises(ServiceValidationError, match="not a sleeper"):
        await call(hass, "limber.end_night", sleeper=device(hass, loaded, "Bedroom"))
    await call(hass, "limber.end_night", sleeper=device(hass, loaded, "Bo"))
    assert bridge.commands() == [{"command": "end_night", "sleeper": "bo"}]


async def test_an_action_without_a_loaded_bridge_raises_an_error(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(ServiceValidationError, match="No Limber bridge is loaded"):
        await call(hass, "limber.get_night")
