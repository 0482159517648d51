"""Serves the cards to browsers, and registers them with the dashboards.

Home Assistant loads a Lovelace resource before it shows a dashboard, so that its cards exist by
then. Where the resources are kept in YAML, only a person can add it: docs/home-assistant.md#cards.
"""

import asyncio
import hashlib
from pathlib import Path
from typing import Final

from homeassistant.components.http import StaticPathConfig
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.start import async_at_started
from homeassistant.loader import async_get_integration
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

FOLDER: Final = Path(__file__).parent / "frontend"
MODULE: Final = "limber.js"
URL_PREFIX: Final = f"/{DOMAIN}_static/"
FINGERPRINT_LENGTH: Final = 8


class CardsResource:
    """The resource with which dashboards load the cards."""

    def __init__(self, url: str) -> None:
        """Remember the address, which another version of the cards does not have."""
        self.url = url
        # Bridges are set up at the same time, and the collection must not get two of it.
        self.lock = asyncio.Lock()


RESOURCE: Final[HassKey[CardsResource]] = HassKey(f"{DOMAIN}_cards")


async def async_serve(hass: HomeAssistant) -> None:
    """Serve the folder of the cards; the path stays until Home Assistant stops.

    Browsers keep the files for a month, so their address has the version, and a fingerprint for
    those who follow the development.
    """
    integration = await async_get_integration(hass, DOMAIN)
    path = f"{URL_PREFIX}{integration.version}"
    await hass.http.async_register_static_paths(
        [StaticPathConfig(path, str(FOLDER), cache_headers=True)]
    )
    fingerprint = await hass.async_add_executor_job(_fingerprint)
    hass.data[RESOURCE] = CardsResource(f"{path}/{MODULE}?{fingerprint}")


@callback
def async_register(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Register the cards with the dashboards, once Home Assistant has started."""
    entry.async_on_unload(async_at_started(hass, _async_register))


async def async_remove(hass: HomeAssistant) -> None:
    """Remove the cards from the dashboards."""
    resources = _resources(hass)
    if resources is None:
        return
    await resources.async_get_info()  # Loads them.
    for item in _ours(resources):
        await resources.async_delete_item(item)


async def _async_register(hass: HomeAssistant) -> None:
    """Register the address of these cards, instead of that of an earlier version."""
    cards = hass.data[RESOURCE]
    resources = _resources(hass)
    if resources is None:
        return
    async with cards.lock:
        await resources.async_get_info()  # Loads them.
        items = _ours(resources)
        for surplus in items[1:]:
            await resources.async_delete_item(surplus)
        if not items:
            await resources.async_create_item({"res_type": "module", "url": cards.url})
        elif resources.data[items[0]]["url"] != cards.url:
            await resources.async_update_item(items[0], {"url": cards.url})


def _resources(hass: HomeAssistant) -> ResourceStorageCollection | None:
    """Return the resources of the dashboards; None if there are none, or a person keeps them."""
    lovelace = hass.data.get(LOVELACE_DATA)
    resources = None if lovelace is None else lovelace.resources
    return resources if isinstance(resources, ResourceStorageCollection) else None


def _ours(resources: ResourceStorageCollection) -> list[str]:
    """Return the ids of the resources that are cards of Limber, in whatever version."""
    return [
        str(item["id"])
        for item in resources.async_items()
        if str(item.get("url", "")).startswith(URL_PREFIX)
    ]


def _fingerprint() -> str:
    """Return what changes with the cards."""
    return hashlib.sha256((FOLDER / MODULE).read_bytes()).hexdigest()[:FINGERPRINT_LENGTH]
