"""Nights, cramps and factors in a calendar."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .conftest import Bridge, golden

CALENDAR = "calendar.anna_nights"


async def events(hass: HomeAssistant, begin: str, end: str) -> list[dict[str, Any]]:
    found = await hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": CALENDAR, "start_date_time": begin, "end_date_time": end},
        blocking=True,
        return_response=True,
    )
    assert found is not None
    listed: list[dict[str, Any]] = found[CALENDAR]["events"]  # type: ignore[assignment, index, call-overload]
    return listed


async def test_the_calendar_shows_nights_cramps_and_factors(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    bridge.nights = [golden("state")["last_night"]]
    cramp = golden("event_cramp_ended") | {
        "start": "2026-11-21T03:00:00Z",
        "end": "2026-11-21T03:03:00Z",
    }
    factor = cramp | {
        "kind": "factor",
        "id": "f",
        "factor": "warm_bath",
        "note": "20 min",
        "start": "2026-11-20T20:00:00Z",
    }
    bridge.events["2026-11-21"] = [
        cramp,
        cramp | {"id": "none", "label": False},
        factor,
        golden("event_gap"),
    ]
    shown = await events(hass, "2026-11-20T00:00:00+01:00", "2026-11-22T00:00:00+01:00")
    assert [one["summary"] for one in shown] == [
        "Warm bath",
        "Night: 312 leg movements, PLM index 24.1/h",
        "Probable cramp",
    ]
    assert shown[1]["description"] == (
        "Time in bed was 7 hours and 54 minutes, with an estimated 6 hours and 42 minutes of sleep."
    )
    assert shown[2]["description"] == "Reason: tense calf, then movement"
    night = [datetime.fromisoformat(shown[1][key]) for key in ("start", "end")]
    assert night[1] - night[0] == timedelta(hours=7, minutes=54)


@pytest.mark.parametrize(
    ("change", "summary"),
    [
        ({"certainty": "reported", "label": True, "end": None}, "Reported cramp"),
        ({"certainty": "possible", "label": True}, "Confirmed cramp"),
        ({"certainty": "of a newer bridge"}, "Possible cramp"),
    ],
)
async def test_the_title_of_a_cramp_says_how_certain_it_is(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    change: dict[str, Any],
    summary: str,
) -> None:
    cramp = golden("event_cramp_ended") | {
        "start": "2026-11-21T03:00:00Z",
        "end": "2026-11-21T03:03:00Z",
    }
    bridge.events["2026-11-21"] = [cramp | change]
    shown = await events(hass, "2026-11-20T00:00:00+01:00", "2026-11-22T00:00:00+01:00")
    assert [one["summary"] for one in shown] == [summary]


async def test_a_cramp_without_a_reason_has_no_description(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    cramp = golden("event_cramp_ended") | {
        "start": "2026-11-21T03:00:00Z",
        "end": "2026-11-21T03:03:00Z",
        "reason": "",
    }
    bridge.events["2026-11-21"] = [cramp]
    (shown,) = await events(hass, "2026-11-20T00:00:00+01:00", "2026-11-22T00:00:00+01:00")
    assert "description" not in shown


@pytest.mark.parametrize(
    ("measures", "summary"),
    [
        ({"plm_index": None}, "Night: 312 leg movements"),
        ({"plm_index": None, "movements": None}, "Night"),
    ],
)
async def test_the_calendar_omits_unknown_measures(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    measures: dict[str, Any],
    summary: str,
) -> None:
    last = golden("state")["last_night"]
    bridge.nights = [last | {"measures": last["measures"] | measures | {"sleep_h": None}}]
    (shown,) = await events(hass, "2026-11-20T00:00:00+01:00", "2026-11-22T00:00:00+01:00")
    assert shown["summary"] == summary
    assert "description" not in shown


async def test_the_calendar_shows_only_nights_of_a_year(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    bridge.nights = [golden("state")["last_night"]]
    shown = await events(hass, "2026-01-01T00:00:00+01:00", "2026-12-31T00:00:00+01:00")
    assert len(shown) == 1
    assert [one["command"] for one in bridge.requests if one["command"] == "events"] == []


async def test_the_calendar_is_on_during_the_night(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-22T01:00:00+00:00")
    tonight = golden("state")["tonight"] | {"start": "2026-11-21T22:00:00Z"}
    await bridge.publish_state(tonight=tonight, in_bed=True)
    state = hass.states.get(CALENDAR)
    assert state is not None
    assert (state.state, state.attributes["message"]) == ("on", "In bed")
    freezer.tick(3600)
    await bridge.publish_state(tonight=tonight, in_bed=True)
    # Nothing that ticks: each change would be a row in the database.
    assert hass.states.get(CALENDAR) is state
    await bridge.publish_state(tonight=tonight, in_bed=False)
    assert hass.states.get(CALENDAR).state == "off"  # type: ignore[union-attr]
