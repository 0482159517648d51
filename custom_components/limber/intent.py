"""Intents of Assist: describe last night, log a factor, note a cramp."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import intent
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN, FACTORS
from .night_summary import async_get_texts, async_summarize
from .sleepers import sleeper_of_name

LAST_NIGHT_INTENT: Final = "LimberLastNight"
LOG_INTENT: Final = "LimberLog"
CRAMP_INTENT: Final = "LimberCramp"


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    intent.async_register(hass, LastNightIntent())
    intent.async_register(hass, LogIntent())
    intent.async_register(hass, CrampIntent())


class LimberIntent(intent.IntentHandler):
    """An intent that is answered, also with an error, in the language of the person."""

    @property
    @override
    def slot_schema(self) -> Any:
        return {vol.Optional("sleeper"): str}

    @abstractmethod
    async def answer(self, hass: HomeAssistant, language: str, slots: Mapping[str, str]) -> str:
        """Do what is asked and return the answer; raise HomeAssistantError if it fails."""

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        hass = intent_obj.hass
        language = intent_obj.language
        validated = self.async_validate_slots(intent_obj.slots)
        slots = {name: slot["value"] for name, slot in validated.items()}
        try:
            speech = await self.answer(hass, language, slots)
        except HomeAssistantError as error:
            speech = await async_explain(hass, language, error)
        response = intent_obj.create_response()
        response.async_set_speech(speech)
        return response


class LastNightIntent(LimberIntent):
    """Describe the last night."""

    intent_type = LAST_NIGHT_INTENT
    description = (
        "Describes a person's leg movements of last night, as counted by Limber. Not a diagnosis."
    )

    @override
    async def answer(self, hass: HomeAssistant, language: str, slots: Mapping[str, str]) -> str:
        sleeper = sleeper_of_name(hass, slots.get("sleeper"))
        summary = await async_summarize(hass, sleeper.coordinator, sleeper.id, language=language)
        return summary.text


class LogIntent(LimberIntent):
    """Log something that may matter for the night."""

    intent_type = LOG_INTENT
    description = (
        "Logs what a person did or took before the night, such as stretching, magnesium or a bath."
    )

    @property
    @override
    def slot_schema(self) -> Any:
        return {vol.Required("factor"): vol.In(FACTORS), **super().slot_schema}

    @override
    async def answer(self, hass: HomeAssistant, language: str, slots: Mapping[str, str]) -> str:
        sleeper = sleeper_of_name(hass, slots.get("sleeper"))
        texts = await async_get_texts(hass, language)
        factor = slots["factor"]
        await sleeper.coordinator.requests.send("log", sleeper.id, factor=factor)
        return texts["was_logged"].format(factor=texts[factor])


class CrampIntent(LimberIntent):
    """Note a cramp that the sleeper has just felt."""

    intent_type = CRAMP_INTENT
    description = "Notes that a person has a cramp in the leg, or has just had one."

    @override
    async def answer(self, hass: HomeAssistant, language: str, slots: Mapping[str, str]) -> str:
        sleeper = sleeper_of_name(hass, slots.get("sleeper"))
        texts = await async_get_texts(hass, language)
        await sleeper.coordinator.requests.send("label", sleeper.id, cramp=True)
        return texts["cramp_noted"]


async def async_explain(hass: HomeAssistant, language: str, error: HomeAssistantError) -> str:
    """Return the message of an error in a language."""
    texts = await async_get_translations(hass, language, "exceptions", {DOMAIN})
    key = f"component.{error.translation_domain}.exceptions.{error.translation_key}.message"
    return texts.get(key, str(error)).format(**(error.translation_placeholders or {}))
