"""Limber: leg movements at night, from a bridge over MQTT."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .coordinator import ISSUES, LimberConfigEntry, LimberCoordinator, store

PLATFORMS = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR]


async def async_setup_entry(hass: HomeAssistant, entry: LimberConfigEntry) -> bool:
    """Set up a bridge."""
    coordinator = LimberCoordinator(hass, entry)
    await coordinator.async_start()
    info = coordinator.data.info
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        entry_type=dr.DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, coordinator.bridge)},
        manufacturer="Limber",
        model="limber-bridge",
        name=entry.title if info is None else info.name,
        sw_version=None if info is None else info.software,
    )
    coordinator.device_id = device.id
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    coordinator.async_catch_up()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: LimberConfigEntry) -> bool:
    """Unload a bridge; its subscriptions end with the entry."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Leave nothing behind but the history."""
    await store(hass, entry).async_remove()
    for key in ISSUES:
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry.unique_id}")
