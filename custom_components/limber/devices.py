"""Devices of a bridge, its sleepers and sensors, which follow the bridge's configuration."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from . import identity
from .const import DOMAIN
from .coordinator import LimberConfigEntry, LimberCoordinator
from .wire_info import Info, Sensor, Sleeper

REMOVED_AFTER: Final = timedelta(days=1)
"""How long a device must be missing in the configuration of a running bridge. Chosen: time to
notice a mistake; a person may remove the device at once."""
STALE_CHECK_INTERVAL: Final = timedelta(hours=1)
MANUFACTURER: Final = "Limber"
BRIDGE_MODEL: Final = "Bridge"
SLEEPER_MODEL: Final = "Sleeper"
"""Actions select devices by this model: services.yaml."""


def bridge_device_info(coordinator: LimberCoordinator) -> DeviceInfo:
    """Describe the device of a bridge."""
    info = coordinator.data.info
    return DeviceInfo(
        identifiers={(DOMAIN, identity.bridge_device(coordinator.bridge))},
        manufacturer=MANUFACTURER,
        model=BRIDGE_MODEL,
        name=coordinator.name if info is None else info.name,
        sw_version=None if info is None else info.software,
        configuration_url=None if info is None else info.url,
    )


def sleeper_device_info(coordinator: LimberCoordinator, sleeper: Sleeper) -> DeviceInfo:
    """Describe the device of a sleeper: a service, as it is not a physical device."""
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, identity.sleeper_device(coordinator.bridge, sleeper.id))},
        manufacturer=MANUFACTURER,
        model=SLEEPER_MODEL,
        name=sleeper.name,
        via_device_id=_bridge_device_id(coordinator),
    )


def sensor_device_info(
    coordinator: LimberCoordinator, sleeper: Sleeper, sensor: Sensor
) -> DeviceInfo:
    """Describe the device of a sensor; its translated name says who wears it and where."""
    return DeviceInfo(
        identifiers={(DOMAIN, identity.sensor_device(coordinator.bridge, sensor.id))},
        model=f"{sensor.placement} {sensor.quantity}".capitalize(),
        model_id=sensor.source,
        serial_number=str(sensor.id),
        translation_key=device_translation_key(sensor),
        translation_placeholders={"sleeper": sleeper.name},
        via_device_id=_bridge_device_id(coordinator),
    )


def device_translation_key(sensor: Sensor) -> str:
    """Return the key of the device name of a sensor: its side and placement."""
    placement = "bed_load" if sensor.quantity == "load" else sensor.placement
    return placement if sensor.side is None else f"{sensor.side}_{placement}"


def _bridge_device_id(coordinator: LimberCoordinator) -> str:
    """Return the id of the bridge's device, which exists since the set-up of the entry."""
    device = dr.async_get(coordinator.hass).async_get_or_create(
        config_entry_id=coordinator.config_entry.entry_id,
        identifiers={(DOMAIN, identity.bridge_device(coordinator.bridge))},
    )
    return device.id


@callback
def async_register_bridge(hass: HomeAssistant, coordinator: LimberCoordinator) -> None:
    """Create the device of the bridge, to which those of sleepers and sensors refer."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=coordinator.config_entry.entry_id, **bridge_device_info(coordinator)
    )


@callback
def async_follow_bridge(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Update devices whenever the bridge publishes another configuration, until unload."""
    coordinator = entry.runtime_data
    followed = coordinator.data.info
    stale_since: dict[str, datetime] = {}

    @callback
    def update() -> None:
        nonlocal followed
        info = coordinator.data.info
        if info is None or info is followed:
            return
        followed = info
        remove_stale_devices(hass, coordinator, stale_since)
        update_devices(hass, coordinator, info)

    @callback
    def check(_now: datetime) -> None:
        if coordinator.data.online:
            remove_stale_devices(hass, coordinator, stale_since)

    remove_stale_devices(hass, coordinator, stale_since)
    entry.async_on_unload(coordinator.async_add_listener(update))
    entry.async_on_unload(async_track_time_interval(hass, check, STALE_CHECK_INTERVAL))


@callback
def remove_stale_devices(
    hass: HomeAssistant, coordinator: LimberCoordinator, stale_since: dict[str, datetime]
) -> None:
    """Remove devices, with their entities, of sleepers and sensors that are not configured.

    `stale_since` has the time from which each device was not configured, by its id. A
    configuration that is wrong for an hour, or a forged one, therefore deletes nothing.
    """
    registry = dr.async_get(hass)
    entry_id = coordinator.config_entry.entry_id
    now = dt_util.utcnow()
    for device in dr.async_entries_for_config_entry(registry, entry_id):
        if not is_stale(coordinator, device):
            stale_since.pop(device.id, None)
        elif now - stale_since.setdefault(device.id, now) >= REMOVED_AFTER:
            registry.async_remove_device(device.id)


def is_stale(coordinator: LimberCoordinator, device: dr.DeviceEntry) -> bool:
    """Return whether a device belongs to nothing in the bridge's configuration."""
    current = {identity.bridge_device(coordinator.bridge)}
    for sleeper in coordinator.data.sleepers:
        current.add(identity.sleeper_device(coordinator.bridge, sleeper.id))
        current |= {
            identity.sensor_device(coordinator.bridge, sensor.id) for sensor in sleeper.sensors
        }
    return not any(domain == DOMAIN and name in current for domain, name in device.identifiers)


@callback
def update_devices(hass: HomeAssistant, coordinator: LimberCoordinator, info: Info) -> None:
    """Update names and the software version of devices that exist.

    The device of a new sleeper or sensor is created with its first entity.
    """
    registry = dr.async_get(hass)
    entry_id = coordinator.config_entry.entry_id
    described = [bridge_device_info(coordinator)]
    for sleeper in info.sleepers:
        described.append(sleeper_device_info(coordinator, sleeper))
        described += [
            sensor_device_info(coordinator, sleeper, sensor) for sensor in sleeper.sensors
        ]
    for device_info in described:
        (identifier,) = device_info["identifiers"]
        if registry.async_get_device_by_identifier(identifier, entry_id) is not None:
            registry.async_get_or_create(config_entry_id=entry_id, **device_info)
