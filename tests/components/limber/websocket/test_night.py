"""A card gets a night, or tonight; only what changed is fetched again."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from tests.components.limber.conftest import golden, night, set_up

from .conftest import (
    BEDTIME,
    NOTHING_ASKED,
    NOW,
    NUMBERS,
    TrendBridge,
    ask,
    device_of,
    error_of,
    get,
    movement,
)

# --- A night ---


async def test_the_last_night_with_its_neighbor_and_summary(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    found = await get(hass, client, "night")
    assert found["night"] == "2026-11-21"
    assert found["revision"] == 2
    assert found["time_zone"] == "Europe/Berlin"
    assert [one[0] for one in found["movements"]] == [0, 141, 283]
    assert (found["previous"], found["next"]) == ("2026-11-20", "2026-11-22")
    assert found["diary"]["sleep_quality"] == 7
    assert found["summary"][:5] == [
        "Night of ",
        {"date": "2026-11-21"},
        ": ",
        {"number": 312, "digits": 0},
        " leg movements, ",
    ]
    assert bridge.fetched() == ["nights", "trend", "events"]
    assert await get(hass, client, "night", night="2026-11-21") == found
    assert bridge.fetched() == []


async def test_the_summary_is_in_the_language_of_the_reader(
    hass: HomeAssistant, client: MockHAClientWebSocket
) -> None:
    german = await get(hass, client, "night", language="de-AT")
    assert german["language"] == "de"
    assert "Beinbewegungen" in german["summary"][0]
    swedish = await get(hass, client, "night", language="../../sv")
    assert swedish["language"] == "en"


async def test_an_older_night_and_one_that_does_not_exist(
    hass: HomeAssistant, client: MockHAClientWebSocket
) -> None:
    first = await get(hass, client, "night", night="2026-11-19")
    assert (first["previous"], first["next"]) == (None, "2026-11-20")
    code = await error_of(client, "night", device_id=device_of(hass), night="2026-11-01")
    assert code == "no_night"


async def test_a_night_that_no_bridge_can_know_is_not_looked_for(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    for day in ("0001-01-01", "9999-12-31"):
        assert await error_of(client, "night", device_id=device_of(hass), night=day) == "no_night"
    assert bridge.fetched() == []


async def test_a_night_whose_events_were_deleted_is_no_error(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    refusal = {"v": 1, "ok": False, "error": "events_deleted", "message": "deleted"}
    bridge.prepared_responses["events"] = [refusal]
    found = await get(hass, client, "night")
    assert found["events_deleted"]
    assert found["movements"] == []
    assert found["measures"]["plm_index"] == 24.0506


async def test_another_refusal_is_an_error_that_a_card_can_translate(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    refusal = {"v": 1, "ok": False, "error": "journal_unreadable", "message": "disk error"}
    bridge.prepared_responses["events"] = [refusal]
    answer = await ask(client, "night", device_id=device_of(hass))
    assert answer["error"] == {
        "code": "refused",
        "message": "The bridge cannot read its journal: “disk error”",
        "translation_domain": "limber",
        "translation_key": "refused_journal_unreadable",
        "translation_placeholders": {
            "command": "events",
            "sleeper": "anna",
            "detail": "disk error",
        },
    }


async def test_a_night_that_changed_is_fetched_again(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """Its revision grows, or something was logged for it."""
    await get(hass, client, "night")
    bridge.fetched()
    bridge.nights[-1] = night("2026-11-21", 25.0, 3)
    await bridge.publish_state(last_night=night("2026-11-21", 25.0, 3))
    assert (await get(hass, client, "night"))["revision"] == 3
    assert bridge.fetched() == ["nights", "trend", "events"]
    logged = golden("event_factor") | {"night": "2026-11-21", "known_at": NOW.isoformat()}
    bridge.publish("anna/event", logged)
    await hass.async_block_till_done()
    bridge.events["2026-11-21"].append(logged)
    assert len((await get(hass, client, "night"))["factors"]) == 1


async def test_while_the_bridge_is_away_what_is_in_memory_is_shown(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """What is not in memory is an error at once."""
    found = await get(hass, client, "night")
    trend = await get(hass, client, "nights", last=7)
    bridge.publish("status", "offline")
    await hass.async_block_till_done()
    assert await get(hass, client, "night") == found
    assert await get(hass, client, "nights", last=7) == trend
    device = device_of(hass)
    assert await error_of(client, "night", device_id=device, night="2026-11-20") == "unavailable"
    assert await error_of(client, "night", device_id=device, live=True) == "unavailable"
    assert await error_of(client, "night", device_id=device, night="2025-01-01") == "no_night"


async def test_a_bridge_that_was_away_from_the_start(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """No night was fetched before: neither the last one nor another can be shown."""
    bridge.publish("status", "offline")
    await hass.async_block_till_done()
    device = device_of(hass)
    assert await error_of(client, "night", device_id=device) == "unavailable"
    assert await error_of(client, "night", device_id=device, night="2025-01-01") == "unavailable"


async def test_nothing_is_known_at_first(
    hass: HomeAssistant,
    bridge: TrendBridge,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    await set_up(hass, bridge, entry)
    client = await hass_ws_client(hass)
    await bridge.publish_state(last_night=None)
    device = device_of(hass)
    assert await error_of(client, "night", device_id=device) == "no_night"
    bridge.publish("anna/state", "")
    await hass.async_block_till_done()
    assert await error_of(client, "night", device_id=device, live=True) == "no_night"
    command = {"id": next(NUMBERS), "type": "limber/subscribe", "device_id": device}
    await client.send_json(command)
    assert (await client.receive_json())["success"]


async def test_a_night_of_2000_movements_is_at_most_40_kilobytes(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """With series, turns, sleep and gaps."""
    bridge.events["2026-11-21"] = [
        *(movement(number) for number in range(2000)),
        *(
            golden("event_series_ended")
            | {"id": f"s{number}", "night": "2026-11-21"}
            | times(number * 250, 200)
            for number in range(100)
        ),
        *(
            {"v": 1, "id": f"{kind}{number}", "kind": kind, "night": "2026-11-21"}
            | times(number * 600 + 3, 400)
            for kind in ("position_change", "sleep")
            for number in range(45)
        ),
    ]
    found = await get(hass, client, "night")
    assert len(found["movements"]) == 2000
    assert len(found["series"]) == 100
    assert len(found["asleep"]) == 45
    assert len(json.dumps(found, separators=(",", ":"))) <= 40_000


def times(start_s: float, duration_s: float) -> dict[str, str]:
    """The times of an event after bedtime."""
    start = BEDTIME + timedelta(seconds=start_s)
    return {
        "start": start.isoformat(),
        "end": (start + timedelta(seconds=duration_s)).isoformat(),
    }


# --- Tonight ---


def tonight_movement(number: int) -> dict[str, Any]:
    return movement(number, "2026-11-22", datetime(2026, 11, 21, 23, 0, 0, 123456, UTC))


def page(events: list[dict[str, Any]], following: int | None) -> dict[str, Any]:
    """A page of events."""
    return golden("response_events") | {"events": events, "next": following}


async def test_tonight_fetches_only_what_arrived_since(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """The last page is fetched again; the times asleep may have changed, so they are as well."""
    asleep = {"kind": "sleep", "id": "sleep-1", "v": 1, "night": "2026-11-22"} | {
        "start": "2026-11-21T23:30:00Z",
        "end": "2026-11-22T00:00:00Z",
    }
    first = [tonight_movement(0)]
    bridge.prepared_responses["events"] = [
        page(first, 7),
        page([tonight_movement(1)], 8),
        page([asleep], None),
    ]
    found = await get(hass, client, "night", live=True)
    assert found["live"]
    assert found["revision"] is None
    assert (found["night"], found["previous"], found["next"]) == ("2026-11-22", "2026-11-21", None)
    assert len(found["movements"]) == 2
    assert found["summary"][:2] == ["Night of ", {"date": "2026-11-22"}]
    bridge.requests.clear()
    assert await get(hass, client, "night", live=True) == found
    assert bridge.requests == []
    await bridge.publish_state(**NOTHING_ASKED, asleep=True)
    longer = asleep | {"end": "2026-11-22T00:10:00Z"}
    bridge.prepared_responses["events"] = [page([tonight_movement(2), longer], None)]
    found = await get(hass, client, "night", live=True)
    assert [one["after"] for one in bridge.requests] == [8]
    assert len(found["movements"]) == 3
    assert found["asleep"] == [[18000, 42000]]


async def test_tonight_is_fetched_anew_when_events_were_withdrawn(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """The number of movements falls then."""
    bridge.prepared_responses["events"] = [page([tonight_movement(0)], 7), page([], None)]
    await get(hass, client, "night", live=True)
    bridge.requests.clear()
    tonight = golden("state")["tonight"]
    fewer = tonight | {"measures": tonight["measures"] | {"movements": 311}}
    await bridge.publish_state(**NOTHING_ASKED, tonight=fewer)
    assert (await get(hass, client, "night", live=True))["movements"] == []
    assert [one["after"] for one in bridge.requests] == [0]


async def test_tonight_as_last_known_while_the_bridge_does_not_answer(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    bridge.events["2026-11-22"] = [tonight_movement(0)]
    found = await get(hass, client, "night", night="2026-11-22")
    assert found["live"]
    bridge.publish("status", "offline")
    await hass.async_block_till_done()
    assert await get(hass, client, "night", live=True) == found
