"""Connects to the Bluetooth sensors that the bridge wants relayed, and sends it what they notify.

The bridge describes for each sensor what to do. Which device is meant is in its configuration or
in the options of the entry.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback

from .bluetooth_link import SensorLink
from .const import RELAY_COMMAND
from .coordinator import LimberConfigEntry, LimberCoordinator
from .relay_sender import RelaySender
from .wire_info import Relay

_LOGGER: Final = logging.getLogger(__name__)


@callback
def async_start(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Relay the sensors of an entry until it is unloaded; reload it if they change."""
    coordinator = entry.runtime_data
    started = wanted(coordinator)
    reloading = False

    @callback
    def check() -> None:
        nonlocal reloading
        if not reloading and wanted(coordinator) != started:
            reloading = True
            hass.config_entries.async_schedule_reload(entry.entry_id)

    entry.async_on_unload(coordinator.async_add_listener(check))
    for sleeper, sensor, relay in coordinator.relays():
        address = coordinator.relayed_sensors.get(sensor)
        if address is not None:
            start_link(hass, entry, sleeper.id, sensor, relay, address)


def wanted(coordinator: LimberCoordinator) -> Mapping[int, tuple[str, Relay | None]]:
    """Return the address of each sensor to relay, and what to do with it, by sensor id."""
    relays = {sensor: relay for _, sensor, relay in coordinator.relays()}
    return {
        sensor: (address, relays.get(sensor))
        for sensor, address in coordinator.relayed_sensors.items()
    }


def start_link(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    sleeper: str,
    sensor: int,
    relay: Relay,
    address: str,
) -> None:
    """Connect to one sensor and send its notifications, in two tasks."""
    coordinator = entry.runtime_data
    sender = RelaySender(
        coordinator.requests,
        sleeper,
        sensor,
        lambda: coordinator.data.online and coordinator.supports(RELAY_COMMAND),
        signal_strength_of(hass, address),
        coordinator.async_update_listeners,
    )
    name = f"{coordinator.name} sensor {sensor}"
    link = SensorLink(hass, name, relay, address, sender, coordinator.async_update_listeners)
    coordinator.links[sensor] = link
    # The link first: when the entry is unloaded, its tasks are cancelled in this order.
    for task, what in ((link.run(), "link"), (sender.run(), "sender")):
        _ = entry.async_create_background_task(hass, task, f"{name} {what}")


def signal_strength_of(hass: HomeAssistant, address: str) -> Callable[[], int | None]:
    """Return a function that returns the last signal strength (dBm) of a device."""

    def strength() -> int | None:
        if "bluetooth" not in hass.config.components:
            return None
        from homeassistant.components import bluetooth  # noqa: PLC0415 - optional

        heard = bluetooth.async_last_service_info(hass, address, connectable=True)
        return None if heard is None else clamped(heard.rssi)

    return strength


def clamped(strength: int) -> int | None:
    """Return a strength in dBm, None for the value that stands for unknown."""
    return strength if -127 < strength <= 20 else None
