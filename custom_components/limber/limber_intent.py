"""What Limber's intents have in common: they answer in the language of the person."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, override

import voluptuous as vol
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import intent
from homeassistant.helpers.translation import async_get_translations

from .access import async_require_sleeper
from .const import DOMAIN
from .sleepers import TargetSleeper, sleeper_of_name


class LimberIntent(intent.IntentHandler):
    """An intent that is answered, also with an error, in the language of the person."""

    policy: ClassVar[str] = POLICY_CONTROL
    """Permission on the entities of the sleeper that a user needs."""

    @property
    @override
    def slot_schema(self) -> Any:
        return {vol.Optional("sleeper"): str}

    @abstractmethod
    async def answer(
        self, hass: HomeAssistant, language: str, sleeper: TargetSleeper, slots: Mapping[str, Any]
    ) -> str:
        """Do what is asked and return the answer; raise HomeAssistantError if it fails."""

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        hass = intent_obj.hass
        language = intent_obj.language
        validated = self.async_validate_slots(intent_obj.slots)
        slots = {name: slot["value"] for name, slot in validated.items()}
        try:
            sleeper = sleeper_of_name(hass, slots.get("sleeper"))
            bridge = sleeper.coordinator.bridge
            await async_require_sleeper(hass, intent_obj.context, bridge, sleeper.id, self.policy)
            speech = await self.answer(hass, language, sleeper, slots)
        except Unauthorized:
            refusal = HomeAssistantError(translation_domain=DOMAIN, translation_key="no_permission")
            speech = await async_explain(hass, language, refusal)
        except HomeAssistantError as error:
            speech = await async_explain(hass, language, error)
        response = intent_obj.create_response()
        response.async_set_speech(speech)
        return response


async def async_explain(hass: HomeAssistant, language: str, error: HomeAssistantError) -> str:
    """Return the message of an error in a language."""
    texts = await async_get_translations(hass, language, "exceptions", {DOMAIN})
    key = f"component.{error.translation_domain}.exceptions.{error.translation_key}.message"
    return texts.get(key, str(error)).format(**(error.translation_placeholders or {}))
