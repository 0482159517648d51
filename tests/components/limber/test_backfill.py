"""Missed, revised and lost nights: requested from the bridge, and written to the statistics."""

import json
from datetime import datetime
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from homeassistant.components.recorder import Recorder
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.limber.const import DOMAIN
from custom_components.limber.statistics import RECORDED_NAMES

from .conftest import CONTRACT, INFO, Bridge, golden, night, rows, set_up, settle

PERSISTED = CONTRACT / "persisted/0.1.0-dev"


async def test_missed_nights_are_requested_in_pages_and_written_to_the_statistics(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    page = golden("response_nights")
    bridge.prepared_responses["nights"] = [
        page
        | {"nights": [night("2026-11-19", 11.0), night("2026-11-20", None)], "next": "2026-11-20"},
        page | {"nights": [night("2026-11-21", 33.0)], "next": None},
    ]
    await set_up(hass, bridge, entry)
    await settle(hass)
    noon = ZoneInfo("Europe/Berlin")
    assert await rows(hass, "plm_index") == [
        (datetime(2026, 11, 19, 12, tzinfo=noon), 11.0),
        (datetime(2026, 11, 21, 12, tzinfo=noon), 33.0),
    ]
    assert len(await rows(hass, "movements")) == 3
    assert [question["after"] for question in bridge.requests] == ["1970-01-01", "2026-11-20"]


async def test_a_revised_night_replaces_its_row(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.nights = [night("2026-11-21", 33.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [33.0]
    bridge.nights = [night("2026-11-21", 35.5, 2)]
    bridge.publish(
        "anna/event", golden("event_night") | {"start": dt_util.utcnow().isoformat(), "revision": 2}
    )
    await settle(hass)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [35.5]
    assert [mean for _, mean in await rows(hass, "cramps_possible")] == []


async def test_nights_are_requested_again_when_the_bridge_is_back(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    bridge: Bridge,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bridge.silent = True
    with patch("custom_components.limber.requests.RESPONSE_TIMEOUT_S", 0.3):
        await set_up(hass, bridge, entry)
        await settle(hass)
    bridge.silent = False
    assert "The bridge did not respond" in caplog.text
    bridge.prepared_responses["nights"] = [golden("response_refusal")]
    bridge.publish("status", "offline")
    bridge.publish("status", "online")
    await settle(hass)
    assert "no sleeper `bob`; there are anna" in caplog.text
    bridge.prepared_responses["nights"] = [
        golden("response_nights") | {"nights": [night("2026-11-21", 33.0)], "next": None}
    ]
    bridge.publish("status", "offline")
    bridge.publish("status", "online")
    await settle(hass)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [33.0]


async def test_lost_statistics_are_written_again(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    bridge: Bridge,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    """The database was lost; what is remembered was not."""
    anna = {
        "last_night": "2026-11-21",
        "time_zone": "Europe/Berlin",
        "imports": 0,
        "measures": dict.fromkeys(RECORDED_NAMES, "2026-11-21"),
    }
    known = {"measures": RECORDED_NAMES, "sleepers": {"anna": anna}}
    key = f"{DOMAIN}.{entry.entry_id}"
    hass_storage[key] = {"version": 4, "minor_version": 1, "key": key, "data": known}
    bridge.nights = [night("2026-01-10", 11.0), night("2026-11-21", 12.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [11.0, 12.0]
    before = len(bridge.requests)
    bridge.publish("status", "offline")
    bridge.publish("status", "online")
    await settle(hass)
    # With the rows there, only what may have been revised is asked for.
    assert bridge.requests[before]["after"] > "2026-09-01"


async def test_progress_stored_by_an_unreleased_version_leads_to_a_full_backfill(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    bridge: Bridge,
    hass_storage: dict[str, Any],
) -> None:
    """It filled statistics with other ids, so that those of today start empty."""
    stored = json.loads((PERSISTED / "home-assistant-store.json").read_text())
    described = json.loads((PERSISTED / "home-assistant-config-entry.json").read_text())
    hass_storage[stored["key"]] = stored
    entry = MockConfigEntry(
        **{key: described[key] for key in ("data", "domain", "entry_id", "options", "title")},
        unique_id=described["unique_id"],
        version=described["version"],
        minor_version=described["minor_version"],
    )
    bridge.nights = [night("2026-01-10", 11.0), night("2026-11-21", 12.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.runtime_data.restless_above, entry.runtime_data.battery_below) == (21.5, 15)
    assert bridge.requests[0]["after"] == "1970-01-01"
    assert [mean for _, mean in await rows(hass, "plm_index")] == [11.0, 12.0]
    assert hass_storage[stored["key"]]["version"] == 4
    stored_now = hass_storage[stored["key"]]["data"]["sleepers"]["anna"]
    assert stored_now["last_night"] == "2026-11-21"


async def test_an_old_night_that_is_revised_replaces_its_row_too(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.nights = [night("2026-10-10", 11.0), night("2026-11-21", 12.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    bridge.nights[0] = night("2026-10-10", 44.0, 2)
    event = golden("event_night") | {
        "start": dt_util.utcnow().isoformat(),
        "night": "2026-10-10",
        "revision": 2,
    }
    bridge.publish("anna/event", event)
    await settle(hass)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [44.0, 12.0]


async def test_another_time_zone_of_the_bridge_leaves_one_row_for_each_night(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.nights = [night("2026-01-10", 11.0), night("2026-11-21", 12.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    bridge.publish("info", INFO | {"time_zone": "America/New_York"})
    bridge.publish("status", "offline")
    bridge.publish("status", "online")
    await settle(hass)
    noon = ZoneInfo("America/New_York")
    assert [at.astimezone(noon).hour for at, _ in await rows(hass, "plm_index")] == [12, 12]


async def test_a_refusal_for_one_sleeper_does_not_affect_another(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    first = {"id": "bo", "name": "Bo", "sensors": []}
    bridge.nights = [night("2026-11-21", 12.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    bridge.prepared_responses["nights"] = [golden("response_refusal")]
    bridge.nights = [night("2026-11-21", 13.0, 2)]
    bridge.publish("info", INFO | {"sleepers": [first, *INFO["sleepers"]]})
    bridge.publish("status", "offline")
    bridge.publish("status", "online")
    await settle(hass)
    assert [mean for _, mean in await rows(hass, "plm_index")] == [13.0]


async def test_progress_of_store_version_1_leads_to_a_full_backfill(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    bridge: Bridge,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    """It kept the date of the last night alone, and fewer measures: the others are wanted of every
    night."""
    key = f"{DOMAIN}.{entry.entry_id}"
    hass_storage[key] = {
        "version": 1,
        "minor_version": 1,
        "key": key,
        "data": {"anna": "2026-11-20"},
    }
    bridge.nights = [night("2026-01-10", 11.0), night("2026-11-20", 12.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    assert bridge.requests[0]["after"] == "1970-01-01"
    assert [mean for _, mean in await rows(hass, "periodicity_index")] == [0.6786, 0.6786]
    assert hass_storage[key]["version"] == 4
    assert hass_storage[key]["data"]["sleepers"]["anna"]["last_night"] == "2026-11-20"
