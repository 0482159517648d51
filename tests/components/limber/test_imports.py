"""Imported nights appear in the statistics, and those that are taken back leave them."""

from typing import Any

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .conftest import Bridge, golden, night, rows, set_up, settle


async def publish_history(
    hass: HomeAssistant, bridge: Bridge, imports: int, removed: list[str]
) -> None:
    """Publish that nights of the past have changed."""
    described: Any = bridge.info["sleepers"][0]
    changed = described | {"imports": imports, "removed_nights": removed}
    bridge.info = bridge.info | {"sleepers": [changed]}
    bridge.publish("info", bridge.info)
    await settle(hass)


async def test_imported_nights_come_into_the_statistics_and_leave_them_again(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    live = night("2026-11-21", 33.0)
    bridge.nights = [live]
    await set_up(hass, bridge, entry)
    await settle(hass)
    # Long before everything that would be requested again at a reconnect.
    imported = golden("response_nights")["nights"][0]["imported"]
    bridge.nights = [night("2025-02-01", 12.0) | {"imported": imported}, live]
    await publish_history(hass, bridge, 10, [])
    assert [mean for _, mean in await rows_of_all_time(hass)] == [12.0, 33.0]
    bridge.nights = [live]
    await publish_history(hass, bridge, 11, ["2025-02-01"])
    assert [mean for _, mean in await rows_of_all_time(hass)] == [33.0]
    assert len(entry.runtime_data.data.recent_nights["anna"]) <= 1


async def test_a_journal_that_was_lost_deletes_no_row(
    recorder_mock: Recorder, hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.nights = [night("2026-11-20", 20.0), night("2026-11-21", 33.0)]
    await set_up(hass, bridge, entry)
    await settle(hass)
    bridge.nights = []
    await publish_history(hass, bridge, 0, [])
    bridge.nights = [night("2026-11-22", 44.0)]
    await publish_history(hass, bridge, 1, [])
    assert [mean for _, mean in await rows(hass, "plm_index")] == [20.0, 33.0, 44.0]


async def rows_of_all_time(hass: HomeAssistant) -> list[tuple[Any, float]]:
    """Return all rows of the PLM index, also of earlier years."""
    return await rows(hass, "plm_index", since=2020)
