"""Limber: leg movements at night, from a bridge over MQTT."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.typing import ConfigType

from . import backfill, devices, identity, issues, sentences, services
from .const import DOMAIN
from .coordinator import ISSUES, LimberConfigEntry, LimberCoordinator

PLATFORMS = [
    Platform.BINARY_SENSOR, Platform.BUTTON, Platform.CALENDAR, Platform.EVENT, Platform.NUMBER, Platform.SENSOR,
    Platform.SWITCH,
]  # fmt: skip
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what is there once for all bridges."""
    services.async_register(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: LimberConfigEntry) -> bool:
    """Set up a bridge."""
    coordinator = LimberCoordinator(hass, entry)
    await coordinator.async_start()
    devices.async_register_bridge(hass, entry, coordinator)
    entry.runtime_data = coordinator
    devices.async_follow_bridge(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    issues.async_watch(hass, entry)
    coordinator.catch_up = backfill.follow(hass, entry)
    sentences.async_listen(hass)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: LimberConfigEntry) -> bool:
    """Unload a bridge; its subscriptions end with the entry."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded and len(hass.config_entries.async_loaded_entries(DOMAIN)) <= 1:
        sentences.async_fall_silent(hass)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Leave nothing behind but the backfill."""
    await backfill.store(hass, entry).async_remove()
    for key in ISSUES:
        ir.async_delete_issue(hass, DOMAIN, identity.issue_id(key, str(entry.unique_id)))
    issues.async_forget(hass, entry.entry_id)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: LimberConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let a person remove the device of a sleeper whom the bridge has no more."""
    return entry.state is ConfigEntryState.LOADED and devices.is_stale(entry.runtime_data, device)
