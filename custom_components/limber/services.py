"""Actions. They are registered once, whether or not a bridge is loaded."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

import voluptuous as vol
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .access import async_require_sleeper
from .const import DOMAIN, FACTORS
from .night_summary import async_summarize, night_as_json
from .report_action import REPORT_ACTIONS
from .sleeper_action import Action, Arguments, given_arguments
from .sleepers import TargetSleeper, sleeper_of_device
from .trial_actions import TRIAL_ACTIONS
from .wire import Done, Response

NIGHTS_MAX_DAYS: Final = 3660
"""Chosen: ten years."""
NOTE_MAX_CHARACTERS: Final = 200
"""As the bridge accepts it: docs/protocol.md#5-requests."""


async def get_night(
    hass: HomeAssistant, sleeper: TargetSleeper, arguments: Arguments
) -> ServiceResponse:
    """Return the summary of a night, by default of the last one."""
    summary = await async_summarize(hass, sleeper.coordinator, sleeper.id, arguments.get("night"))
    return summary.as_json()


async def get_nights(
    _hass: HomeAssistant, sleeper: TargetSleeper, arguments: Arguments
) -> ServiceResponse:
    """Return the nights of a period that ends with the last finished one."""
    state = sleeper.coordinator.data.states.get(sleeper.id)
    last = dt_util.now().date()
    if state is not None and state.last_night is not None:
        last = state.last_night.night
    after = last - timedelta(days=arguments["days"])
    nights = await sleeper.coordinator.requests.fetch_nights(sleeper.id, after)
    return {"nights": [night_as_json(night) for night in nights]}


async def label_cramp(
    _hass: HomeAssistant, sleeper: TargetSleeper, arguments: Arguments
) -> ServiceResponse:
    """Tell the bridge whether something was a cramp; return the id of the label."""
    optional = given_arguments(arguments, "event", "time")
    response = await sleeper.coordinator.requests.send(
        "label", sleeper.id, cramp=arguments["cramp"], **optional
    )
    return {"event": stored_event(response)}


async def reset_labels(
    _hass: HomeAssistant, sleeper: TargetSleeper, _arguments: Arguments
) -> ServiceResponse:
    """Delete all labels of a sleeper."""
    await sleeper.coordinator.requests.send("reset_labels", sleeper.id)
    return None


async def end_night(
    _hass: HomeAssistant, sleeper: TargetSleeper, _arguments: Arguments
) -> ServiceResponse:
    """Finish the current night."""
    await sleeper.coordinator.requests.send("end_night", sleeper.id)
    return None


async def log_factor(
    _hass: HomeAssistant, sleeper: TargetSleeper, arguments: Arguments
) -> ServiceResponse:
    """Log something that may matter for the night; return the id of the factor."""
    optional = given_arguments(arguments, "time", "note")
    response = await sleeper.coordinator.requests.send(
        "log", sleeper.id, factor=arguments["factor"], **optional
    )
    return {"event": stored_event(response)}


def stored_event(response: Response) -> str | None:
    """Return the id of what the bridge has stored."""
    return response.event if isinstance(response, Done) else None


ACTIONS: Final[tuple[Action, ...]] = (
    Action(
        "get_night", {vol.Optional("night"): cv.date}, get_night, SupportsResponse.ONLY, POLICY_READ
    ),
    Action(
        "get_nights",
        {
            vol.Optional("days", default=30): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=NIGHTS_MAX_DAYS)
            )
        },
        get_nights,
        SupportsResponse.ONLY,
        POLICY_READ,
    ),
    Action(
        "label",
        {
            vol.Required("cramp"): cv.boolean,
            vol.Exclusive("event", "which"): cv.string,
            vol.Exclusive("time", "which"): cv.datetime,
        },
        label_cramp,
        SupportsResponse.OPTIONAL,
    ),
    Action("reset_labels", {}, reset_labels, SupportsResponse.NONE),
    Action("end_night", {}, end_night, SupportsResponse.NONE),
    Action(
        "log",
        {
            vol.Required("factor"): vol.In(FACTORS),
            vol.Optional("time"): cv.datetime,
            vol.Optional("note"): vol.All(cv.string, vol.Length(max=NOTE_MAX_CHARACTERS)),
        },
        log_factor,
        SupportsResponse.OPTIONAL,
    ),
    *TRIAL_ACTIONS,
    *REPORT_ACTIONS,
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register all actions."""
    for action in ACTIONS:
        schema = vol.Schema({vol.Optional("sleeper"): cv.string} | action.fields)
        hass.services.async_register(
            DOMAIN,
            action.name,
            _handler(hass, action),
            supports_response=action.response,
            schema=schema,  # type: ignore[arg-type] # alias
        )


def _handler(
    hass: HomeAssistant, action: Action
) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        sleeper = sleeper_of_device(hass, call.data.get("sleeper"))
        bridge = sleeper.coordinator.bridge
        await async_require_sleeper(hass, call.context, bridge, sleeper.id, action.policy)
        return await action.perform(hass, sleeper, dict(call.data))

    return handle
