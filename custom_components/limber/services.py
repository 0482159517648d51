"""Actions: what was in a night, a word about a cramp, what was done before going to bed.

Law: registered once, whether or not an entry is loaded; a wrong call is the caller's error, a
silent bridge is not.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from . import identity
from .const import DOMAIN, FACTORS
from .coordinator import LimberCoordinator
from .night_summary import async_tell, night_as_json
from .wire import Done

MOST_DAYS: Final = 3660
"""Days that can be asked for at once."""
NOTE: Final = 200
"""Characters of a note, as the bridge takes them."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Whom an action is about."""

    coordinator: LimberCoordinator
    sleeper: str
    name: str


type Act = Callable[[HomeAssistant, Watched, dict[str, Any]], Awaitable[ServiceResponse]]


@dataclass(frozen=True, slots=True)
class Action:
    """An action."""

    name: str
    schema: dict[Any, Any]
    act: Act
    response: SupportsResponse


async def get_night(hass: HomeAssistant, watched: Watched, data: dict[str, Any]) -> ServiceResponse:
    """Return a night, by default the last one."""
    telling = await async_tell(hass, watched.coordinator, watched.sleeper, data.get("night"))
    return telling.as_json()


async def get_nights(
    _hass: HomeAssistant, watched: Watched, data: dict[str, Any]
) -> ServiceResponse:
    """Return the nights of some days up to the last night."""
    state = watched.coordinator.data.states.get(watched.sleeper)
    last = (
        dt_util.now().date()
        if state is None or state.last_night is None
        else state.last_night.night
    )
    nights = await watched.coordinator.nights(watched.sleeper, last - timedelta(days=data["days"]))
    return {"nights": [night_as_json(night) for night in nights]}


async def label(_hass: HomeAssistant, watched: Watched, data: dict[str, Any]) -> ServiceResponse:
    """Say whether something was a cramp."""
    rest = {key: text(data[key]) for key in ("event", "time") if key in data}
    answer = await watched.coordinator.ask("label", watched.sleeper, cramp=data["cramp"], **rest)
    return {"event": answer.event if isinstance(answer, Done) else None}


async def reset_labels(
    _hass: HomeAssistant, watched: Watched, _data: dict[str, Any]
) -> ServiceResponse:
    """Forget all that was said of cramps."""
    await watched.coordinator.ask("reset_labels", watched.sleeper)
    return None


async def end_night(
    _hass: HomeAssistant, watched: Watched, _data: dict[str, Any]
) -> ServiceResponse:
    """Finish tonight now."""
    await watched.coordinator.ask("end_night", watched.sleeper)
    return None


async def log(_hass: HomeAssistant, watched: Watched, data: dict[str, Any]) -> ServiceResponse:
    """Log something that may matter for the night."""
    rest = {key: text(data[key]) for key in ("time", "note") if key in data}
    answer = await watched.coordinator.ask("log", watched.sleeper, factor=data["factor"], **rest)
    return {"event": answer.event if isinstance(answer, Done) else None}


def text(value: str | datetime | date) -> str:
    """Return a value as the bridge reads it; a time without a zone is Home Assistant's."""
    if isinstance(value, datetime):
        return dt_util.as_utc(value).isoformat()
    return str(value)


ACTIONS: Final = (
    Action("get_night", {vol.Optional("night"): cv.date}, get_night, SupportsResponse.ONLY),
    Action(
        "get_nights",
        {
            vol.Optional("days", default=30): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=MOST_DAYS)
            )
        },
        get_nights,
        SupportsResponse.ONLY,
    ),
    Action(
        "label",
        {
            vol.Required("cramp"): cv.boolean,
            vol.Exclusive("event", "which"): cv.string,
            vol.Exclusive("time", "which"): cv.datetime,
        },
        label,
        SupportsResponse.OPTIONAL,
    ),
    Action("reset_labels", {}, reset_labels, SupportsResponse.NONE),
    Action("end_night", {}, end_night, SupportsResponse.NONE),
    Action(
        "log",
        {
            vol.Required("factor"): vol.In(FACTORS),
            vol.Optional("time"): cv.datetime,
            vol.Optional("note"): vol.All(cv.string, vol.Length(max=NOTE)),
        },
        log,
        SupportsResponse.OPTIONAL,
    ),
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register all actions."""
    for action in ACTIONS:
        schema = vol.Schema({vol.Optional("sleeper"): cv.string} | action.schema)
        hass.services.async_register(
            DOMAIN,
            action.name,
            acting(hass, action),
            supports_response=action.response,
            schema=schema,  # type: ignore[arg-type] # alias
        )


def acting(
    hass: HomeAssistant, action: Action
) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    """Return what Home Assistant calls."""

    async def called(call: ServiceCall) -> ServiceResponse:
        watched = whom(hass, call.data.get("sleeper"))
        return await action.act(hass, watched, dict(call.data))

    return called


def whom(hass: HomeAssistant, device_id: str | None) -> Watched:
    """Return the sleeper of a device, or the only one there is; ServiceValidationError otherwise."""
    everybody = list(all_watched(hass))
    if device_id is None:
        if len(everybody) == 1:
            return everybody[0]
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="which_sleeper" if everybody else "nobody_watched",
        )
    device = dr.async_get(hass).async_get(device_id)
    names = (
        set()
        if device is None
        else {name for domain, name in device.identifiers if domain == DOMAIN}
    )
    for one in everybody:
        if identity.sleeper_device(one.coordinator.bridge, one.sleeper) in names:
            return one
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_sleeper")


def all_watched(hass: HomeAssistant) -> list[Watched]:
    """Return everybody who is watched by a bridge that is set up."""
    entries = hass.config_entries.async_entries(DOMAIN)
    loaded = [entry.runtime_data for entry in entries if entry.state is ConfigEntryState.LOADED]
    return [
        Watched(one, sleeper.id, sleeper.name) for one in loaded for sleeper in one.data.sleepers
    ]
