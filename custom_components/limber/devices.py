"""Devices and entities in Home Assistant's registries: in step with what the bridge has.

Law: what is gone goes, what is called otherwise is called otherwise; nothing that is there is
touched.
"""

import re
from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN, OF_SENSORS
from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import spot
from .wire import Info

SENSOR_ID: Final = rf"_.+_\d+_(?=({'|'.join(OF_SENSORS)})$)"
"""The unique id of a sensor's entity, from the bridge's id to where it says what of the sensor it
is."""


@callback
def async_follow(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Keep the registries in step for as long as an entry is loaded."""
    coordinator = entry.runtime_data
    looked_at = coordinator.data.info

    @callback
    def look() -> None:
        nonlocal looked_at
        before = looked_at
        info = coordinator.data.info
        if info is None or info is before:
            return
        looked_at = info
        forget_gone(hass, entry)
        rename(hass, coordinator, info)
        if before is not None and have_moved(before, info):
            # Where a sensor is stands in the names of its entities.
            hass.config_entries.async_schedule_reload(entry.entry_id)

    forget_gone(hass, entry)
    entry.async_on_unload(coordinator.async_add_listener(look))


@callback
def forget_gone(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Remove the devices of sleepers, and the entities of sensors, that the bridge has no more."""
    coordinator = entry.runtime_data
    devices = dr.async_get(hass)
    entities = er.async_get(hass)
    for device in dr.async_entries_for_config_entry(devices, entry.entry_id):
        if is_gone(coordinator, device):
            devices.async_remove_device(device.id)
    there = {
        f"{coordinator.bridge}_{sleeper.id}_{one.id}_"
        for sleeper in coordinator.data.sleepers
        for one in sleeper.sensors
    }
    sensor_id = re.compile(re.escape(coordinator.bridge) + SENSOR_ID)
    for entity in er.async_entries_for_config_entry(entities, entry.entry_id):
        of_sensor = sensor_id.match(entity.unique_id)
        if of_sensor is not None and of_sensor[0] not in there:
            entities.async_remove(entity.entity_id)


def is_gone(coordinator: LimberCoordinator, device: dr.DeviceEntry) -> bool:
    """Return whether a device is none of this bridge's any more."""
    ours = {
        coordinator.bridge,
        *(f"{coordinator.bridge}_{sleeper.id}" for sleeper in coordinator.data.sleepers),
    }
    return not any(domain == DOMAIN and name in ours for domain, name in device.identifiers)


@callback
def rename(hass: HomeAssistant, coordinator: LimberCoordinator, info: Info) -> None:
    """Have the devices bear the names and the version that the bridge tells."""
    registry = dr.async_get(hass)
    entry_id = coordinator.config_entry.entry_id
    registry.async_update_device(coordinator.device_id, name=info.name, sw_version=info.software)
    for sleeper in info.sleepers:
        identifier = (DOMAIN, f"{coordinator.bridge}_{sleeper.id}")
        device = registry.async_get_device_by_identifier(identifier, entry_id)
        if device is not None and device.name != sleeper.name:
            registry.async_update_device(device.id, name=sleeper.name)


def have_moved(before: Info, info: Info) -> bool:
    """Return whether a sensor that was there is somewhere else now."""
    earlier = spots(before)
    now = spots(info)
    return any(now[number] != earlier[number] for number in now.keys() & earlier.keys())


def spots(info: Info) -> Mapping[int, str]:
    """Return where each sensor is."""
    return {one.id: spot(one) for sleeper in info.sleepers for one in sleeper.sensors}
