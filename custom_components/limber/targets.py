"""Selects entities of a target for triggers and conditions."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN


def select_entities(hass: HomeAssistant, entities: set[str], translation_key: str) -> set[str]:
    """Return those entities of Limber that have a translation key.

    Home Assistant's base classes only filter by domain and device class, so without this a target
    such as an area would include entities of other integrations.
    """
    registry = er.async_get(hass)
    entries = ((entity, registry.async_get(entity)) for entity in entities)
    return {
        entity
        for entity, entry in entries
        if entry is not None
        and entry.platform == DOMAIN
        and entry.translation_key == translation_key
    }
