"""Finds the sleeper that an action or a sentence is about."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr

from . import identity
from .const import DOMAIN
from .coordinator import LimberCoordinator


@dataclass(frozen=True, slots=True)
class TargetSleeper:
    """A sleeper of a loaded bridge."""

    coordinator: LimberCoordinator
    id: str
    name: str


def all_sleepers(hass: HomeAssistant) -> list[TargetSleeper]:
    """Return the sleepers of all loaded bridges."""
    coordinators: list[LimberCoordinator] = [
        entry.runtime_data
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.state is ConfigEntryState.LOADED
    ]
    return [
        TargetSleeper(coordinator, sleeper.id, sleeper.name)
        for coordinator in coordinators
        for sleeper in coordinator.data.sleepers
    ]


def only_sleeper(hass: HomeAssistant) -> TargetSleeper:
    """Return the only sleeper; raise ServiceValidationError if there are none or several."""
    sleepers = all_sleepers(hass)
    if not sleepers:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_bridge_loaded")
    if len(sleepers) > 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="sleeper_required")
    return sleepers[0]


def sleeper_of_device(hass: HomeAssistant, device_id: str | None) -> TargetSleeper:
    """Return the sleeper of a device, or the only sleeper; else raise ServiceValidationError."""
    if device_id is None:
        return only_sleeper(hass)
    device = dr.async_get(hass).async_get(device_id)
    identifiers = set() if device is None else device.identifiers
    for sleeper in all_sleepers(hass):
        name = identity.sleeper_device(sleeper.coordinator.bridge, sleeper.id)
        if (DOMAIN, name) in identifiers:
            return sleeper
    raise ServiceValidationError(
        translation_domain=DOMAIN, translation_key="unknown_sleeper_device"
    )


def sleeper_of_name(hass: HomeAssistant, name: str | None) -> TargetSleeper:
    """Return the sleeper of a name, or the only sleeper; else raise ServiceValidationError."""
    if name is None:
        return only_sleeper(hass)
    wanted = name.strip().casefold()
    found = [sleeper for sleeper in all_sleepers(hass) if sleeper.name.casefold() == wanted]
    if not found:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_sleeper_name",
            translation_placeholders={"name": name},
        )
    if len(found) > 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="ambiguous_sleeper_name",
            translation_placeholders={"name": name},
        )
    return found[0]
