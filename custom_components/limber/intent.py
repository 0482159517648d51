"""Intents: how a night was, and what was done before it."""

from collections.abc import Mapping
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import intent

from .account import async_tell, async_words
from .const import FACTORS
from .services import Watched, all_watched, whom

LAST_NIGHT: Final = "LimberLastNight"
LOG: Final = "LimberLog"


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    intent.async_register(hass, LastNight())
    intent.async_register(hass, Log())


class LastNight(intent.IntentHandler):
    """Tell of the last night in words."""

    intent_type = LAST_NIGHT
    description = "Tells how restless a person's legs were last night, as counted by Limber: no diagnosis"

    @property
    @override
    def slot_schema(self) -> Any:
        return {vol.Optional("sleeper"): str}

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        response = intent_obj.create_response()
        words = await async_words(intent_obj.hass, intent_obj.language)
        try:
            watched = named(intent_obj.hass, slots_of(self, intent_obj).get("sleeper"))
            telling = await async_tell(
                intent_obj.hass, watched.coordinator, watched.sleeper, language=intent_obj.language
            )  # fmt: skip
        except ServiceValidationError:
            response.async_set_speech(words["which_sleeper"])
        except HomeAssistantError:
            response.async_set_speech(words["no_answer"])
        else:
            response.async_set_speech(telling.text)
        return response


class Log(intent.IntentHandler):
    """Log something that may matter for the night."""

    intent_type = LOG
    description = "Logs what a person did or took before the night: stretching, magnesium, a warm bath and the like"

    @property
    @override
    def slot_schema(self) -> Any:
        return {vol.Required("factor"): vol.In(FACTORS), vol.Optional("sleeper"): str}

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        response, slots = intent_obj.create_response(), slots_of(self, intent_obj)
        words = await async_words(intent_obj.hass, intent_obj.language)
        try:
            watched = named(intent_obj.hass, slots.get("sleeper"))
            await watched.coordinator.ask("log", watched.sleeper, factor=slots["factor"])
        except ServiceValidationError:
            response.async_set_speech(words["which_sleeper"])
        except HomeAssistantError:
            response.async_set_speech(words["no_answer"])
        else:
            response.async_set_speech(words["was_logged"].format(factor=words[slots["factor"]]))
        return response


def slots_of(handler: intent.IntentHandler, intent_obj: intent.Intent) -> Mapping[str, str]:
    """Return the values of an intent's slots, checked."""
    slots = handler.async_validate_slots(intent_obj.slots)
    return {name: slot["value"] for name, slot in slots.items()}


def named(hass: HomeAssistant, name: str | None) -> Watched:
    """Return the sleeper of a name, or the only one there is; ServiceValidationError otherwise."""
    if name is None:
        return whom(hass, None)
    for one in all_watched(hass):
        if any(sleeper.id == one.sleeper and sleeper.name.casefold() == name.strip().casefold()
               for sleeper in one.coordinator.data.sleepers):  # fmt: skip
            return one
    return whom(hass, "")
