"""Limber's part of the page System information."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import BridgeData
from .wire import PROTOCOL_VERSION


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register the function that returns the information."""
    register.async_register_info(system_health_info)


async def system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return information about all bridges."""
    entries = hass.config_entries.async_entries(DOMAIN)
    bridges: list[BridgeData] = [
        entry.runtime_data.data for entry in entries if entry.state is ConfigEntryState.LOADED
    ]
    versions = {bridge.info.software for bridge in bridges if bridge.info is not None}
    times = [state.time for bridge in bridges for state in bridge.states.values()]
    last = dt_util.as_local(max(times)).isoformat(timespec="seconds") if times else None
    return {
        "bridges": f"{sum(bridge.online for bridge in bridges)} / {len(entries)}",
        "software": ", ".join(sorted(versions)) or None,
        "protocol": PROTOCOL_VERSION,
        "sleepers": sum(len(bridge.sleepers) for bridge in bridges),
        "last_heard": last,
    }
