"""What helps to find out what is wrong, without who it is about."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from . import identity
from .const import CONF_BASE, CONF_BRIDGE, DOMAIN
from .coordinator import LimberConfigEntry, LimberCoordinator

REDACTED: Final = {
    CONF_BASE, CONF_BRIDGE, "bridge", "discovery_keys", "message", "name", "note", "title", "warning",
    "unique_id",
}  # fmt: skip
"""Names, topics, and texts that may hold either."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: LimberConfigEntry
) -> dict[str, Any]:
    """Return what is known of a bridge."""
    coordinator = entry.runtime_data
    return {
        "entry": async_redact_data(entry.as_dict(), REDACTED),
        "online": coordinator.data.online,
        "ahead_s": None
        if coordinator.data.ahead is None
        else round(coordinator.data.ahead.total_seconds(), 1),
        "info": None if coordinator.data.info is None else redacted_info(coordinator),
        "sleepers": [told(coordinator, sleeper.id) for sleeper in coordinator.data.sleepers],
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: LimberConfigEntry, device: dr.DeviceEntry
) -> dict[str, Any]:
    """Return what is known of a sleeper, or of the whole bridge for its own device."""
    coordinator = entry.runtime_data
    names = {name for domain, name in device.identifiers if domain == DOMAIN}
    for sleeper in coordinator.data.sleepers:
        if identity.sleeper_device(coordinator.bridge, sleeper.id) in names:
            return told(coordinator, sleeper.id)
    return await async_get_config_entry_diagnostics(hass, entry)


def redacted_info(coordinator: LimberCoordinator) -> dict[str, Any]:
    """Return what the bridge is; sleepers are told apart by their place in the list."""
    info = asdict(coordinator.data.info) if coordinator.data.info is not None else {}
    info["sleepers"] = [{"sensors": sleeper["sensors"]} for sleeper in info.get("sleepers", ())]
    return async_redact_data(info, REDACTED)


def told(coordinator: LimberCoordinator, sleeper: str) -> dict[str, Any]:
    """Return what is known of a sleeper."""
    state = coordinator.data.states.get(sleeper)
    recent = coordinator.data.recent.get(sleeper, ())
    return {
        "state": None if state is None else async_redact_data(asdict(state), REDACTED),
        "recent_nights": [async_redact_data(asdict(night), REDACTED) for night in recent],
    }
