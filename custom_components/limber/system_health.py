"""Limber on the page of system information."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import LimberCoordinator
from .wire import PROTOCOL


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Have the information asked for."""
    register.async_register_info(system_health_info)


async def system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return how the bridges do."""
    entries = hass.config_entries.async_entries(DOMAIN)
    loaded: list[LimberCoordinator] = [
        one.runtime_data for one in entries if one.state is ConfigEntryState.LOADED
    ]
    infos = [one.data.info for one in loaded if one.data.info is not None]
    heard = [state.time for one in loaded for state in one.data.states.values()]
    return {
        "bridges": f"{sum(one.data.online for one in loaded)} / {len(entries)}",
        "software": ", ".join(sorted({info.software for info in infos})) or None,
        "protocol": PROTOCOL,
        "sleepers": sum(len(one.data.sleepers) for one in loaded),
        "last_heard": dt_util.as_local(max(heard)).isoformat(timespec="seconds") if heard else None,
    }
