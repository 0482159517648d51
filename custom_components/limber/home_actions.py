"""Actions that concern no sleeper: messages and follow-ups, which the blueprints use."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads

from .const import DOMAIN
from .follow_ups import FOLLOW_UPS, FollowUp
from .night_summary import async_get_texts
from .notifications import NOTIFY, Button, Delivery, Message, async_clear
from .words import Words

ID_MAX_CHARACTERS: Final = 200
BUTTONS_MAX: Final = 10
"""As many as the Home Assistant app shows on an iPhone."""
DATE_PLACEHOLDER: Final = "{date}"

type Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HomeAction:
    """An action that concerns no sleeper."""

    name: str
    fields: dict[Any, Any]
    perform: Callable[[HomeAssistant, Arguments], Awaitable[ServiceResponse]]
    response: SupportsResponse = SupportsResponse.NONE


async def notify(hass: HomeAssistant, arguments: Arguments) -> ServiceResponse:
    """Send a message; return the names of those who could not be reached."""
    if "date" in arguments:
        arguments = await _with_date(hass, arguments)
    message = Message(
        text=arguments["message"],
        title=arguments.get("title"),
        tag=arguments.get("tag"),
        buttons=[Button(**button) for button in arguments["buttons"]],
    )
    delivery = Delivery(hass, message)
    await delivery.async_send(arguments["phones"], arguments["recipients"])
    return {"failed": [*delivery.failed]}


async def _with_date(hass: HomeAssistant, arguments: Arguments) -> Arguments:
    """Return arguments whose title and message have the date in words, in place of `{date}`."""
    words = Words(await async_get_texts(hass), dt_util.get_default_time_zone())
    written = words.date(arguments["date"])
    replaced = {
        field: arguments[field].replace(DATE_PLACEHOLDER, written)
        for field in ("title", "message")
        if field in arguments
    }
    return arguments | replaced


async def clear_notification(hass: HomeAssistant, arguments: Arguments) -> ServiceResponse:
    """Remove a message from phones."""
    await async_clear(hass, arguments["phones"], arguments["tag"])
    return None


async def schedule_follow_up(hass: HomeAssistant, arguments: Arguments) -> ServiceResponse:
    """Store what an automation will do later."""
    due = dt_util.utcnow() + arguments["after"]
    follow_up = FollowUp(arguments["id"], due, arguments["data"])
    await hass.data[FOLLOW_UPS].async_schedule(
        follow_up, only_if_pending=arguments["only_if_pending"]
    )
    return None


async def complete_follow_up(hass: HomeAssistant, arguments: Arguments) -> ServiceResponse:
    """Remove what an automation has done, or will not do."""
    await hass.data[FOLLOW_UPS].async_complete(arguments["id"])
    return None


def json_object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - anything that YAML can hold
    """Return an object that can be stored; raise vol.Invalid for anything else."""
    if not isinstance(value, dict) or not is_json(value):
        raise vol.Invalid("expected an object of texts, numbers, lists and objects")
    return value


def is_json(value: object) -> bool:
    """Return whether the store can hold a value, and gives back the same.

    One value that it cannot hold would keep all follow-ups from being stored.
    """
    try:
        return bool(json_loads(json_bytes(value)) == value)
    except TypeError, ValueError, RecursionError:
        return False


ID_FIELD: Final = {vol.Required("id"): vol.All(cv.string, vol.Length(min=1, max=ID_MAX_CHARACTERS))}
PHONES: Final = vol.All(cv.ensure_list, [cv.string])
RECIPIENTS: Final = cv.entities_domain(NOTIFY)
"""Home Assistant leaves out entities of other kinds without an error."""
BUTTON: Final = vol.Schema(
    {
        vol.Required("action"): cv.string,
        vol.Required("title"): cv.string,
        vol.Optional("placeholder"): cv.string,
    }
)

HOME_ACTIONS: Final = (
    HomeAction(
        "notify",
        {
            vol.Optional("phones", default=list): PHONES,
            vol.Optional("recipients", default=list): RECIPIENTS,
            vol.Optional("title"): cv.string,
            vol.Required("message"): cv.string,
            vol.Optional("date"): cv.date,
            vol.Optional("tag"): cv.string,
            vol.Optional("buttons", default=list): vol.All(
                cv.ensure_list, [BUTTON], vol.Length(max=BUTTONS_MAX)
            ),
        },
        notify,
        SupportsResponse.OPTIONAL,
    ),
    HomeAction(
        "clear_notification",
        {vol.Required("phones"): PHONES, vol.Required("tag"): cv.string},
        clear_notification,
    ),
    HomeAction(
        "schedule_follow_up",
        ID_FIELD
        | {
            vol.Required("after"): vol.All(
                cv.positive_time_period, vol.Range(max=timedelta(days=1))
            ),
            vol.Optional("data", default=dict): json_object,
            vol.Optional("only_if_pending", default=False): cv.boolean,
        },
        schedule_follow_up,
    ),
    HomeAction("complete_follow_up", ID_FIELD, complete_follow_up),
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the actions."""
    for action in HOME_ACTIONS:
        hass.services.async_register(
            DOMAIN,
            action.name,
            _handler(hass, action),
            supports_response=action.response,
            schema=vol.Schema(action.fields),  # type: ignore[arg-type] # alias
        )


def _handler(
    hass: HomeAssistant, action: HomeAction
) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        return await action.perform(hass, dict(call.data))

    return handle
