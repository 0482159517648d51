"""Keeps Home Assistant's devices in step with the bridge's configuration."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from . import identity
from .const import DOMAIN
from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import sensor_device_info, sleeper_device_info
from .wire import Info

BRIDGE_MODEL: Final = "Bridge"


@callback
def async_register_bridge(
    hass: HomeAssistant, entry: LimberConfigEntry, coordinator: LimberCoordinator
) -> None:
    """Create the device of the bridge, to which sleepers and sensors are attached."""
    info = coordinator.data.info
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, identity.bridge_device(coordinator.bridge))},
        manufacturer="Limber",
        model=BRIDGE_MODEL,
        name=entry.title if info is None else info.name,
        sw_version=None if info is None else info.software,
    )
    coordinator.device_id = device.id


@callback
def async_follow_bridge(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Update devices whenever the bridge publishes a new configuration, until the entry is unloaded."""
    coordinator = entry.runtime_data
    seen = coordinator.data.info

    @callback
    def update() -> None:
        nonlocal seen
        info = coordinator.data.info
        if info is None or info is seen:
            return
        seen = info
        remove_stale_devices(hass, entry)
        update_names(hass, coordinator, info)

    remove_stale_devices(hass, entry)
    entry.async_on_unload(coordinator.async_add_listener(update))


@callback
def remove_stale_devices(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Remove the devices, with their entities, of sleepers and sensors that are no longer configured."""
    coordinator = entry.runtime_data
    registry = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if is_stale(coordinator, device):
            registry.async_remove_device(device.id)


def is_stale(coordinator: LimberCoordinator, device: dr.DeviceEntry) -> bool:
    """Return whether a device belongs to nothing in the bridge's configuration."""
    current = {identity.bridge_device(coordinator.bridge)}
    for sleeper in coordinator.data.sleepers:
        current.add(identity.sleeper_device(coordinator.bridge, sleeper.id))
        current |= {identity.sensor_device(coordinator.bridge, one.id) for one in sleeper.sensors}
    return not any(domain == DOMAIN and name in current for domain, name in device.identifiers)


@callback
def update_names(hass: HomeAssistant, coordinator: LimberCoordinator, info: Info) -> None:
    """Give existing devices the names and the version that the bridge publishes."""
    registry = dr.async_get(hass)
    registry.async_update_device(coordinator.device_id, name=info.name, sw_version=info.software)
    entry_id = coordinator.config_entry.entry_id
    for sleeper in info.sleepers:
        for described in (
            sleeper_device_info(coordinator, sleeper),
            *(sensor_device_info(coordinator, sleeper, one) for one in sleeper.sensors),
        ):
            (identifier,) = described["identifiers"]
            # Devices that do not exist yet are created with their first entity.
            if registry.async_get_device_by_identifier(identifier, entry_id) is not None:
                registry.async_get_or_create(config_entry_id=entry_id, **described)
