"""Diagnostics of a bridge or a sleeper, without names and topics."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from . import identity
from .bluetooth_link import SensorLink
from .const import (
    CONF_BASE_TOPIC,
    CONF_BED_SENSORS,
    CONF_BRIDGE,
    CONF_INSTANCE,
    CONF_RELAYED,
    DOMAIN,
)
from .coordinator import LimberConfigEntry, LimberCoordinator
from .wire_info import Info
from .wire_state import State

REDACTED_KEYS: Final = {
    CONF_BASE_TOPIC,
    CONF_BED_SENSORS,
    CONF_BRIDGE,
    CONF_INSTANCE,
    CONF_RELAYED,
    "address",
    "diary",
    "discovery_keys",
    "message",
    "name",
    "note",
    "title",
    "unconfigured_sleepers",
    "unique_id",
    "url",
    "warning",
}
"""Names, topics, addresses, and texts that may contain them; what a person wrote into the diary;
and what could make another bridge pass for this one."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: LimberConfigEntry
) -> dict[str, Any]:
    """Return everything known about a bridge."""
    coordinator = entry.runtime_data
    data = coordinator.data
    offset = data.clock_offset
    return {
        "entry": async_redact_data(entry.as_dict(), REDACTED_KEYS),
        "online": data.online,
        "clock_offset_s": None if offset is None else round(offset.total_seconds(), 1),
        "info": None if data.info is None else redact_info(data.info),
        "links": [describe_link(sensor, link) for sensor, link in coordinator.links.items()],
        "sleepers": [describe_sleeper(coordinator, sleeper.id) for sleeper in data.sleepers],
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: LimberConfigEntry, device: dr.DeviceEntry
) -> dict[str, Any]:
    """Return everything known about a sleeper; for another device, about the whole bridge."""
    coordinator = entry.runtime_data
    names = {name for domain, name in device.identifiers if domain == DOMAIN}
    for sleeper in coordinator.data.sleepers:
        if identity.sleeper_device(coordinator.bridge, sleeper.id) in names:
            return describe_sleeper(coordinator, sleeper.id)
    return await async_get_config_entry_diagnostics(hass, entry)


def redact_info(info: Info) -> dict[str, Any]:
    """Return the description of a bridge; the order of its sleepers identifies them."""
    redacted: dict[str, Any] = async_redact_data(asdict(info), REDACTED_KEYS)
    sleepers = [{"sensors": sleeper["sensors"]} for sleeper in redacted["sleepers"]]
    return redacted | {"sleepers": sleepers}


def redact_state(state: State) -> dict[str, Any]:
    """Return a state; of the problems of the bridge, the kinds, as messages contain topics."""
    redacted: dict[str, Any] = async_redact_data(asdict(state), REDACTED_KEYS)
    if state.bridge is None:
        return redacted
    health = asdict(state.bridge)
    kinds = [problem.key for problem in state.bridge.problems]
    return redacted | {"bridge": async_redact_data(health, REDACTED_KEYS) | {"problems": kinds}}


def describe_link(sensor: int, link: SensorLink) -> dict[str, Any]:
    """Return how the connection to a Bluetooth sensor is, without its address."""
    return {
        "sensor": sensor,
        "state": link.state,
        "connections": link.connections,
        "failed": link.error is not None,
        "refused": link.sender.refused,
        "dropped": link.sender.backlog.dropped,
    }


def describe_sleeper(coordinator: LimberCoordinator, sleeper: str) -> dict[str, Any]:
    """Return everything known about a sleeper."""
    state = coordinator.data.states.get(sleeper)
    recent = coordinator.data.recent_nights.get(sleeper, ())
    return {
        "state": None if state is None else redact_state(state),
        "recent_nights": [async_redact_data(asdict(night), REDACTED_KEYS) for night in recent],
    }
