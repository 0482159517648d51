"""The cards are served, and registered with the dashboards once, in their newest version."""

from collections.abc import Iterable
from typing import Any

from homeassistant.components.lovelace import LovelaceData
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.dashboard import LovelaceStorage
from homeassistant.components.lovelace.resources import (
    ResourceStorageCollection,
    ResourceYAMLCollection,
)
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .conftest import Bridge, set_up

STRANGER = {"id": "1", "type": "module", "url": "/hacsfiles/other/limber.js"}
OLD = {"id": "2", "type": "module", "url": "/limber_static/0.0.1/limber.js?12345678"}
OLDER = {"id": "3", "type": "module", "url": "/limber_static/0.0.0/limber.js"}


def use_storage(
    hass: HomeAssistant, hass_storage: dict[str, Any], stored: Iterable[dict[str, str]] = ()
) -> ResourceStorageCollection:
    """The dashboards keep their resources themselves."""
    hass_storage["lovelace_resources"] = {
        "version": 1,
        "key": "lovelace_resources",
        "data": {"items": list(stored)},
    }
    resources = ResourceStorageCollection(hass, LovelaceStorage(hass, None))
    hass.data[LOVELACE_DATA] = LovelaceData("storage", {}, resources, {})
    return resources


def urls(resources: ResourceStorageCollection) -> list[str]:
    """The addresses of all resources."""
    return [item["url"] for item in resources.async_items()]


async def test_the_cards_are_registered_and_served(
    hass: HomeAssistant,
    bridge: Bridge,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    hass_client: ClientSessionGenerator,
) -> None:
    """The address has the version, and the browser gets the cards from it."""
    resources = use_storage(hass, hass_storage)
    await set_up(hass, bridge, entry)
    (item,) = resources.async_items()
    assert item["type"] == "module"
    assert item["url"].startswith("/limber_static/0.1.0/limber.js?")
    answer = await (await hass_client()).get(item["url"])
    assert answer.status == 200
    assert "javascript" in answer.headers["Content-Type"]
    assert "max-age" in answer.headers["Cache-Control"]
    assert "limber-night-card" in await answer.text()


async def test_an_earlier_version_is_replaced_and_nothing_else(
    hass: HomeAssistant,
    bridge: Bridge,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    """What other cards have registered stays."""
    resources = use_storage(hass, hass_storage, [STRANGER, OLD, OLDER])
    await set_up(hass, bridge, entry)
    strange, ours = urls(resources)
    assert strange == STRANGER["url"]
    assert ours.startswith("/limber_static/0.1.0/")


async def test_two_bridges_register_the_cards_once(
    hass: HomeAssistant,
    bridge: Bridge,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    """A reload does not register them again either."""
    resources = use_storage(hass, hass_storage)
    await set_up(hass, bridge, entry)
    registered = urls(resources)
    await hass.config_entries.async_unload(entry.entry_id)
    await set_up(hass, bridge, entry)
    assert urls(resources) == registered
    assert len(registered) == 1


async def test_the_cards_go_with_the_last_bridge(
    hass: HomeAssistant,
    bridge: Bridge,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    """And come back with the next one, though the path was registered long ago."""
    resources = use_storage(hass, hass_storage, [STRANGER])
    await set_up(hass, bridge, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert urls(resources) == [STRANGER["url"]]
    again = MockConfigEntry(domain="limber", data=dict(entry.data), unique_id="bedroom")
    await set_up(hass, bridge, again)
    assert len(urls(resources)) == 2


async def test_resources_in_yaml_are_left_to_the_person(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    resources = ResourceYAMLCollection([])
    hass.data[LOVELACE_DATA] = LovelaceData("yaml", {}, resources, {})
    await set_up(hass, bridge, entry)
    assert resources.async_items() == []
    assert await hass.config_entries.async_remove(entry.entry_id)


async def test_without_dashboards_everything_else_works(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    await set_up(hass, bridge, entry)
    assert LOVELACE_DATA not in hass.data
    assert hass.states.get("sensor.anna_leg_movements_tonight") is not None
    assert await hass.config_entries.async_remove(entry.entry_id)
