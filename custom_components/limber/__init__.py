"""Limber: leg movements and cramps at night, received from a bridge over MQTT."""

from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.typing import ConfigType

from . import (
    backfill,
    bed_sensors,
    bluetooth_relay,
    bridge_search,
    devices,
    follow_ups,
    frontend_resources,
    home_actions,
    identity,
    issues,
    notifications,
    report_files,
    sentences,
    services,
    websocket,
)
from .const import CONF_BASE_TOPIC, CONF_BRIDGE, DOMAIN
from .coordinator import LimberConfigEntry, LimberCoordinator
from .message_reader import VERSION_ISSUES

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions and serve the cards, once for all bridges."""
    await follow_ups.async_setup(hass)
    await frontend_resources.async_serve(hass)
    services.async_register(hass)
    home_actions.async_register(hass)
    websocket.async_register(hass)
    hass.http.register_view(report_files.ReportView)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: LimberConfigEntry) -> bool:
    """Set up a bridge."""
    coordinator = LimberCoordinator(hass, entry)
    await coordinator.async_start()
    entry.runtime_data = coordinator
    bridge_search.async_delete_issue(hass, coordinator.bridge)
    devices.async_register_bridge(hass, coordinator)
    devices.async_follow_bridge(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    issues.async_watch(hass, entry)
    backfill.async_start(hass, entry)
    bed_sensors.async_start(hass, entry)
    bluetooth_relay.async_start(hass, entry)
    sentences.async_start(hass)
    websocket.async_start(hass, entry)
    frontend_resources.async_register(hass, entry)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: LimberConfigEntry) -> bool:
    """Unload a bridge; the entry ends its subscriptions."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    is_last = len(hass.config_entries.async_loaded_entries(DOMAIN)) <= 1
    if unloaded and is_last:
        sentences.async_stop(hass)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Delete what was stored for a bridge, except its long-term statistics."""
    await backfill.async_remove(hass, entry)
    bridge_search.async_delete_issue(hass, str(entry.unique_id))
    await bridge_search.async_clear_retained(
        hass, entry.data[CONF_BASE_TOPIC], entry.data[CONF_BRIDGE]
    )
    for key in VERSION_ISSUES:
        ir.async_delete_issue(hass, DOMAIN, identity.issue_id(key, str(entry.unique_id)))
    issues.async_delete_all(hass, entry.entry_id)
    if not hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        notifications.async_delete_issues(hass)
        await follow_ups.async_remove(hass)
        await frontend_resources.async_remove(hass)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: LimberConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Allow removing a device that is not in the bridge's configuration any more."""
    return entry.state is ConfigEntryState.LOADED and devices.is_stale(entry.runtime_data, device)
