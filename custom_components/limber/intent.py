"""Intents: how a night was, what was done before it, and a cramp."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import intent
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN, FACTORS
from .night_summary import async_tell, async_words
from .services import Watched, all_watched, whom

LAST_NIGHT: Final = "LimberLastNight"
LOG: Final = "LimberLog"
CRAMP: Final = "LimberCramp"


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    intent.async_register(hass, LastNight())
    intent.async_register(hass, Log())
    intent.async_register(hass, Cramp())


class LimberIntent(intent.IntentHandler):
    """An intent whose answer, also that it cannot be, is a sentence in the language of the
    question.
    """

    @property
    @override
    def slot_schema(self) -> Any:
        return {vol.Optional("sleeper"): str}

    @abstractmethod
    async def answer(self, hass: HomeAssistant, language: str, slots: Mapping[str, str]) -> str:
        """Return the answer; HomeAssistantError if there is none."""

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        hass = intent_obj.hass
        language = intent_obj.language
        response = intent_obj.create_response()
        slots = {
            name: slot["value"]
            for name, slot in self.async_validate_slots(intent_obj.slots).items()
        }
        try:
            speech = await self.answer(hass, language, slots)
        except HomeAssistantError as error:
            speech = await async_explained(hass, language, error)
        response.async_set_speech(speech)
        return response


class LastNight(LimberIntent):
    """Tell of the last night in words."""

    intent_type = LAST_NIGHT
    description = (
        "Tells how restless a person's legs were last night, as counted by Limber: no diagnosis"
    )

    @override
    async def answer(self, hass: HomeAssistant, language: str, slots: Mapping[str, str]) -> str:
        watched = named(hass, slots.get("sleeper"))
        return (
            await async_tell(hass, watched.coordinator, watched.sleeper, language=language)
        ).text


class Log(LimberIntent):
    """Log something that may matter for the night."""

    intent_type = LOG
    description = "Logs what a person did or took before the night: stretching, magnesium, a warm bath and the like"

    @property
    @override
    def slot_schema(self) -> Any:
        return {vol.Required("factor"): vol.In(FACTORS), **super().slot_schema}

    @override
    async def answer(self, hass: HomeAssistant, language: str, slots: Mapping[str, str]) -> str:
        watched = named(hass, slots.get("sleeper"))
        words = await async_words(hass, language)
        await watched.coordinator.ask("log", watched.sleeper, factor=slots["factor"])
        return words["was_logged"].format(factor=words[slots["factor"]])


class Cramp(LimberIntent):
    """Note a cramp that somebody has just felt."""

    intent_type = CRAMP
    description = "Notes that a person has a cramp in the leg, or has just had one"

    @override
    async def answer(self, hass: HomeAssistant, language: str, slots: Mapping[str, str]) -> str:
        watched = named(hass, slots.get("sleeper"))
        words = await async_words(hass, language)
        await watched.coordinator.ask("label", watched.sleeper, cramp=True)
        return words["cramp_noted"]


async def async_explained(hass: HomeAssistant, language: str, error: HomeAssistantError) -> str:
    """Return what an error says, in a language."""
    texts = await async_get_translations(hass, language, "exceptions", {DOMAIN})
    text = texts.get(
        f"component.{error.translation_domain}.exceptions.{error.translation_key}.message",
        str(error),
    )
    return text.format(**(error.translation_placeholders or {}))


def named(hass: HomeAssistant, name: str | None) -> Watched:
    """Return the sleeper of a name, or the only one there is; ServiceValidationError otherwise."""
    if name is None:
        return whom(hass, None)
    found = [one for one in all_watched(hass) if one.name.casefold() == name.strip().casefold()]
    if len(found) == 1:
        return found[0]
    key = "several_of_that_name" if found else "nobody_of_that_name"
    raise ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders={"name": name}
    )
