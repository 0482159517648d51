"""Which of the entities of a target are ours."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN


def ours(hass: HomeAssistant, entities: set[str], key: str) -> set[str]:
    """Return those of ours with a translation key: a target such as an area holds others, too.

    The base classes of triggers and conditions look at domain and device class alone.
    """
    registry = er.async_get(hass)
    rows = ((entity, registry.async_get(entity)) for entity in entities)
    return {
        entity
        for entity, row in rows
        if row and row.platform == DOMAIN and row.translation_key == key
    }
