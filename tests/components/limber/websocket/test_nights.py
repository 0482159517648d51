"""A card gets many nights with trials and effects; only what changed is fetched again."""

import json
from datetime import timedelta
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket

from tests.components.limber.conftest import night
from tests.components.limber.trial_examples import DIARY, EFFECT, RUNNING, TREND_NIGHT

from .conftest import (
    BEDTIME,
    EVERYTHING,
    NOTHING_ASKED,
    NOW,
    OLDER,
    TrendBridge,
    device_of,
    error_of,
    get,
    pushed,
    subscribed,
)


async def test_nights_with_trials_and_effects(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    found = await get(hass, client, "nights", last=30)
    assert [row["n"] for row in found["nights"]] == ["2026-11-19", "2026-11-20", "2026-11-21"]
    last = found["nights"][-1]
    assert (last["h0"], last["h"], last["t"]) == (23, [12, None, 3], "with")
    assert last["m"]["plm_index"] == 24.0
    assert found["trials"][0]["result"]["verdict"] == "no_difference"
    assert found["trials"][0]["start"] == "2026-10-01"
    assert found["effects"] == [EFFECT]
    assert found["time_zone"] == "Europe/Berlin"
    assert bridge.fetched() == ["nights", "trend", "trials", "effects"]
    assert await get(hass, client, "nights", last=7) == found
    assert bridge.fetched() == []


async def test_only_what_changed_is_fetched(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """An answer in the diary changes its night and the comparisons; a trial its nights."""
    diary = {"tonight": DIARY, "last_night": DIARY | {"night": "2026-11-21"}}
    await bridge.publish_state(**NOTHING_ASKED | {"diary": diary})
    await get(hass, client, "nights", last=30)
    bridge.fetched()
    changed = diary | {"tonight": DIARY | {"sleep_quality": 8}}
    await bridge.publish_state(**NOTHING_ASKED | {"diary": changed})
    bridge.trend.append(TREND_NIGHT | {"night": "2026-11-22"})
    found = await get(hass, client, "nights", last=30)
    assert found["nights"][-1]["n"] == "2026-11-22"
    (nights,) = [one for one in bridge.requests if one["command"] == "nights"]
    assert nights["after"] == "2026-11-20"
    assert bridge.fetched() == ["nights", "trend", "effects"]
    await bridge.publish_state(**NOTHING_ASKED | {"diary": changed, "trial": RUNNING})
    await get(hass, client, "nights", last=30)
    assert bridge.fetched() == ["nights", "trend", "trials", "effects"]


async def test_nights_that_are_gone_are_not_shown_any_more(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """The bridge was away, and nights were deleted meanwhile."""
    await get(hass, client, "nights", last=30)
    for status in ("offline", "online"):
        bridge.publish("status", status)
        await hass.async_block_till_done()
    bridge.nights.pop()
    bridge.trend.clear()
    found = await get(hass, client, "nights", last=30)
    assert [row["n"] for row in found["nights"]] == ["2026-11-19", "2026-11-20"]


async def test_an_older_bridge_has_nights_only(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    bridge.publish("info", bridge.info | {"commands": OLDER})
    await hass.async_block_till_done()
    found = await get(hass, client, "nights", last=30)
    assert len(found["nights"]) == 3
    assert (found["trials"], found["effects"]) == ([], None)


async def test_what_fails_is_tried_again(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """Without nights there is an error; without comparisons the nights are shown."""
    refusal = {"v": 1, "ok": False, "error": "journal_unreadable", "message": "unreadable"}
    bridge.prepared_responses = {"trend": [refusal]}
    assert await error_of(client, "nights", device_id=device_of(hass), last=30) == "refused"
    bridge.prepared_responses = {"trials": [refusal], "effects": [refusal]}
    found = await get(hass, client, "nights", last=30)
    assert (found["trials"], found["effects"]) == ([], None)
    found = await get(hass, client, "nights", last=30)
    assert (len(found["trials"]), found["effects"]) == (1, [EFFECT])


async def test_nights_do_not_wait_for_slow_comparisons(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """The revision says when there is more to fetch."""
    _, first = await subscribed(hass, client)
    bridge.slow_command = "effects"
    with patch("custom_components.limber.night_archive.COMPARISON_WAIT_S", 0.01):
        found = await get(hass, client, "nights", last=30)
        assert (len(found["nights"]), found["effects"]) == (3, None)
        assert (await get(hass, client, "nights", last=30))["effects"] is None
    bridge.slow_command = ""
    bridge.handle_request(bridge.waiting)
    assert (await pushed(client))["revision"] != first["revision"]
    assert (await get(hass, client, "nights", last=30))["effects"] == [EFFECT]


async def test_slow_comparisons_that_fail_are_not_announced(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """Every card would fetch again, for as long as they fail."""
    _, first = await subscribed(hass, client)
    bridge.slow_command = "effects"
    with patch("custom_components.limber.night_archive.COMPARISON_WAIT_S", 0.01):
        await get(hass, client, "nights", last=30)
    # The trials have arrived meanwhile.
    bridge.slow_command = ""
    bridge.handle_request(bridge.waiting)
    announced = await pushed(client)
    assert announced["revision"] != first["revision"]
    await bridge.publish_state(**NOTHING_ASKED | {"trial": RUNNING})
    changed = await pushed(client)
    bridge.slow_command = "effects"
    with patch("custom_components.limber.night_archive.COMPARISON_WAIT_S", 0.01):
        await get(hass, client, "nights", last=30)
    refusal = {"v": 1, "ok": False, "error": "busy", "message": "busy"}
    bridge.prepared_responses["effects"] = [refusal]
    bridge.slow_command = ""
    bridge.handle_request(bridge.waiting)
    await hass.async_block_till_done()
    await bridge.publish_state(**NOTHING_ASKED | {"trial": RUNNING, "in_bed": False})
    assert await pushed(client) == changed | {"in_bed": False}


async def test_an_answer_about_an_older_night_is_fetched(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """The state of the sleeper does not say that it has changed."""
    bridge.publish("info", bridge.info | {"commands": [*EVERYTHING, "diary"]})
    await get(hass, client, "nights", last=30)
    _, first = await subscribed(hass, client)
    diary = DIARY | {"night": "2026-11-19", "sleep_quality": 3}
    stored = {"v": 1, "ok": True, "night": "2026-11-19", "diary": diary}
    bridge.prepared_responses["diary"] = [stored]
    bridge.trend.insert(0, TREND_NIGHT | {"night": "2026-11-19", "diary": diary})
    values = {"sleeper": device_of(hass), "night": "2026-11-19", "sleep_quality": 3}
    await hass.services.async_call("limber", "diary", values, blocking=True)
    assert (await pushed(client))["revision"] != first["revision"]
    found = await get(hass, client, "nights", last=30)
    assert found["nights"][0]["d"][1] == 3


async def test_a_year_of_nights_is_at_most_120_kilobytes(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """With everything logged and a trial all year."""
    days = [NOW.date() - timedelta(days=back) for back in range(1, 365)]
    bridge.nights = [night(day.isoformat(), 24.0506) for day in reversed(days)]
    measures = {"movement_index": 39.4937, "movements": 312, "plm": 190, "plms_index": 26.9123}
    for one in bridge.nights:
        one["measures"] |= measures
    bridge.trend = [
        TREND_NIGHT
        | {
            "night": day.isoformat(),
            "movements_by_hour": [112, 36, 8, 25, 112, 36, 8, 25, 14],
            "factors": [
                {"factor": factor, "note": None, "start": BEDTIME.isoformat()}
                for factor in ("stretching", "magnesium", "alcohol")
            ],
        }
        for day in reversed(days)
    ]
    found = await get(hass, client, "nights", last=365)
    assert len(found["nights"]) == 364
    assert len(json.dumps(found, separators=(",", ":"))) <= 120_000


@pytest.mark.parametrize("last", [6, 366, "30"])
async def test_other_numbers_of_nights_are_refused(
    hass: HomeAssistant, client: MockHAClientWebSocket, last: object
) -> None:
    code = await error_of(client, "nights", device_id=device_of(hass), last=last)
    assert code == "invalid_format"
