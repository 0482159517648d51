"""A card gets the current state at once, and again with each change."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket

from tests.components.limber.conftest import golden, set_up
from tests.components.limber.trial_examples import DIARY, RUNNING, TRIAL

from .conftest import (
    EVERYTHING,
    NOTHING_ASKED,
    NOW,
    NUMBERS,
    TrendBridge,
    device_of,
    error_of,
    pushed,
    subscribed,
)

SERIES = golden("event_series_confirmed")


async def test_the_state_is_pushed_at_once_and_with_each_change(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    _, first = await subscribed(hass, client)
    assert first["online"]
    assert first["in_bed"]
    assert first["tonight"]["movements"] == 312
    assert first["tonight"]["start"] == 1795302000
    assert first["tonight"]["series_running"] is None
    assert first["last_night"]["revision"] == 2
    assert first["cramp"] == {"start": 1795307400}
    left = first["sensors"][0]
    assert (left["side"], left["battery"], left["connected"]) == ("left", 87, True)
    assert first["battery_low"] == 15
    assert first["supports"] == EVERYTHING
    assert first["diary"] is first["trial"] is first["last_trial"] is None
    await bridge.publish_state(**NOTHING_ASKED, in_bed=False, time=NOW.isoformat())
    second = await pushed(client)
    assert second == first | {"in_bed": False}


async def test_the_revision_changes_with_everything_that_is_fetched(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    _, first = await subscribed(hass, client)
    diary = {"tonight": DIARY, "last_night": DIARY | {"night": "2026-11-21"}}
    await bridge.publish_state(diary=diary, trial=RUNNING, last_trial=TRIAL)
    second = await pushed(client)
    assert second["revision"] != first["revision"]
    assert second["diary"]["tonight"] == DIARY
    assert second["trial"] == RUNNING
    assert second["last_trial"]["end"] == "2026-10-14"
    await bridge.publish_state(diary=diary, trial=None, last_trial=TRIAL)
    third = await pushed(client)
    assert third["revision"] != second["revision"]
    await bridge.publish_state(diary=diary, trial=None, last_trial=None)
    assert (await pushed(client))["last_trial"] is None


async def test_a_series_that_is_going_on_is_pushed(
    hass: HomeAssistant,
    client: MockHAClientWebSocket,
    bridge: TrendBridge,
) -> None:
    await subscribed(hass, client)
    start = NOW - timedelta(seconds=70)
    confirmed = SERIES | {"start": start.isoformat(), "end": NOW.isoformat(), "known_at": None}
    bridge.publish("anna/event", confirmed)
    told = await pushed(client)
    assert told["tonight"]["series_running"] == {"start": int(start.timestamp())}
    bridge.publish("anna/event", confirmed | {"id": "series-ended", "ended": True})
    assert (await pushed(client))["tonight"]["series_running"] is None


async def test_an_unload_ends_the_subscription_and_a_reload_allows_another(
    hass: HomeAssistant,
    client: MockHAClientWebSocket,
    bridge: TrendBridge,
    entry: MockConfigEntry,
) -> None:
    await subscribed(hass, client)
    await hass.config_entries.async_unload(entry.entry_id)
    messages = [await pushed(client)]
    while messages[-1] != {"ended": True}:
        messages.append(await pushed(client))
    device = device_of(hass)
    assert await error_of(client, "subscribe", device_id=device) == "not_found"
    await set_up(hass, bridge, entry)
    _, again = await subscribed(hass, client)
    assert again["online"]


async def test_a_sleeper_who_is_removed_is_not_followed_any_more(
    hass: HomeAssistant, client: MockHAClientWebSocket, bridge: TrendBridge
) -> None:
    """And one who comes back is."""
    number, _ = await subscribed(hass, client)
    bridge.publish("info", bridge.info | {"sleepers": []})
    message = await pushed(client)
    while message != {"ended": True}:
        message = await pushed(client)
    await client.send_json(
        {"id": next(NUMBERS), "type": "unsubscribe_events", "subscription": number}
    )
    assert (await client.receive_json())["success"]
    bridge.publish("info", bridge.info)
    await hass.async_block_till_done()
    await subscribed(hass, client)
