"""Intents of Assist: describe last night, log a factor, note a cramp."""

from collections.abc import Mapping
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant
from homeassistant.helpers import intent

from .const import FACTORS
from .limber_intent import LimberIntent
from .night_summary import async_get_texts, async_summarize
from .sleepers import TargetSleeper
from .summary_text import Length
from .trial_intents import DiaryIntent, TrialIntent

LAST_NIGHT_INTENT: Final = "LimberLastNight"
LOG_INTENT: Final = "LimberLog"
CRAMP_INTENT: Final = "LimberCramp"
FULL_DETAIL: Final = "full"
"""Value of the slot `detail` of the intent about last night."""


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    intent.async_register(hass, LastNightIntent())
    intent.async_register(hass, LogIntent())
    intent.async_register(hass, CrampIntent())
    intent.async_register(hass, DiaryIntent())
    intent.async_register(hass, TrialIntent())


class LastNightIntent(LimberIntent):
    """Describe the last night."""

    intent_type = LAST_NIGHT_INTENT
    policy = POLICY_READ
    description = (
        "Describes a person's leg movements of last night, as counted by Limber, in two sentences; "
        "`detail` `full` says everything. Not a diagnosis."
    )

    @property
    @override
    def slot_schema(self) -> Any:
        return {vol.Optional("detail"): vol.In((FULL_DETAIL,)), **super().slot_schema}

    @override
    async def answer(
        self, hass: HomeAssistant, language: str, sleeper: TargetSleeper, slots: Mapping[str, Any]
    ) -> str:
        length = Length.FULL if slots.get("detail") == FULL_DETAIL else Length.SPOKEN
        summary = await async_summarize(
            hass, sleeper.coordinator, sleeper.id, language=language, length=length
        )
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
    async def answer(
        self, hass: HomeAssistant, language: str, sleeper: TargetSleeper, slots: Mapping[str, Any]
    ) -> str:
        texts = await async_get_texts(hass, language)
        factor = slots["factor"]
        await sleeper.coordinator.requests.send("log", sleeper.id, factor=factor)
        return texts["was_logged"].format(factor=texts[factor])


class CrampIntent(LimberIntent):
    """Note a cramp that the sleeper has just felt."""

    intent_type = CRAMP_INTENT
    description = "Notes that a person has a cramp in the leg, or has just had one."

    @override
    async def answer(
        self, hass: HomeAssistant, language: str, sleeper: TargetSleeper, slots: Mapping[str, Any]
    ) -> str:
        texts = await async_get_texts(hass, language)
        await sleeper.coordinator.requests.send("label", sleeper.id, cramp=True)
        return texts["cramp_noted"]
