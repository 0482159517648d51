"""Removing a bridge clears what the broker has kept of it, unless the bridge runs."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

from .conftest import Bridge, golden


async def remove(
    hass: HomeAssistant,
    bridge: Bridge,
    entry: MockConfigEntry,
    mqtt_mock: MqttMockHAClient,
    held: dict[str, Any],
) -> list[str]:
    """Remove an entry while the broker holds these messages; return the cleared topics."""
    published: list[tuple[str, str, bool]] = []

    async def publish(topic: str, payload: str, _qos: int, retain: bool, **_: object) -> None:
        published.append((topic, payload, retain))

    mqtt_mock.async_publish.side_effect = publish
    with patch("custom_components.limber.bridge_search.SEARCH_TIMEOUT_S", 0.5):
        removing = hass.async_create_task(hass.config_entries.async_remove(entry.entry_id))
        while not removing.done():
            for topic, payload in held.items():
                bridge.publish(topic, payload, retain=True)
            await asyncio.sleep(0.01)
        await removing
    assert all((payload, retain) == ("", True) for _, payload, retain in published)
    return sorted(topic for topic, _, _ in published)


def state(**age: float) -> dict[str, Any]:
    """A state that was published some time ago."""
    return golden("state") | {"time": (dt_util.utcnow() - timedelta(**age)).isoformat()}


ALL_TOPICS = ["limber/bedroom/anna/state", "limber/bedroom/info", "limber/bedroom/status"]


@pytest.mark.parametrize(
    ("status", "age", "cleared"),
    [("offline", 0, ALL_TOPICS), ("online", 20, ALL_TOPICS), ("online", 1, [])],
    ids=["offline", "silent", "alive"],
)
async def test_what_the_broker_kept_is_cleared_unless_the_bridge_is_alive(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    mqtt_mock: MqttMockHAClient,
    status: str,
    age: float,
    cleared: list[str],
) -> None:
    held = {
        "info": golden("info"),
        "status": status,
        "anna/state": state(minutes=age),
        "response/somebody": golden("response_done"),
    }
    assert await remove(hass, bridge, loaded, mqtt_mock, held) == cleared


async def test_nothing_is_cleared_where_nothing_is_kept(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, mqtt_mock: MqttMockHAClient
) -> None:
    assert await remove(hass, bridge, loaded, mqtt_mock, {}) == []


async def test_removal_without_a_broker(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, mqtt_mock: MqttMockHAClient
) -> None:
    mqtt_mock.connected = False
    held = {"status": "offline", "info": golden("info")}
    assert await remove(hass, bridge, loaded, mqtt_mock, held) == []
