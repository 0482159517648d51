"""What a language model may know: the last night and the nights before it. It can change nothing."""

from datetime import timedelta
from typing import Any, override

import voluptuous as vol
from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .intent import named
from .night_summary import async_tell, night_as_json
from .services import all_watched

ANNOTATIONS = ToolAnnotations(read_only=True, destructive=False, idempotent=True, open_world=False)
CAUTION = (
    "Limber counts leg movements at night. It is no medical device: never diagnose from its figures; frequent, painful "
    "or sleep-breaking events are a reason to see a doctor. What is null was not measured and is not zero."
)
MOST = 90
"""Nights that are told at once."""


class LastNight(Tool):
    """The last finished night."""

    name = f"{DOMAIN}__last_night"
    title = "Last night's leg movements"
    description = f"Figures of a sleeper's last night, and the same in words. {CAUTION}"
    parameters: Any = vol.Schema({vol.Optional("sleeper"): str})
    annotations = ANNOTATIONS
    integration = DOMAIN

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        watched = named(hass, tool_input.tool_args.get("sleeper"))
        telling = await async_tell(
            hass, watched.coordinator, watched.sleeper, language=llm_context.language
        )
        return ToolResult(data=telling.as_json())


class Nights(Tool):
    """The nights of some days."""

    name = f"{DOMAIN}__nights"
    title = "Leg movements of many nights"
    description = (
        f"Figures of a sleeper's finished nights of the last days, oldest first. {CAUTION}"
    )
    parameters: Any = vol.Schema(
        {
            vol.Optional("sleeper"): str,
            vol.Optional("days", default=14): vol.All(vol.Coerce(int), vol.Range(min=1, max=MOST)),
        }
    )
    annotations = ANNOTATIONS
    integration = DOMAIN

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        asked = self.parameters(tool_input.tool_args)
        watched = named(hass, asked.get("sleeper"))
        since = dt_util.now().date() - timedelta(days=asked["days"])
        nights = await watched.coordinator.nights(watched.sleeper, since)
        return ToolResult(data={"nights": [night_as_json(night) for night in nights]})


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools, for Assist and where somebody is watched."""
    if api_id != LLM_API_ASSIST or not all_watched(hass):
        return None
    return LLMTools(tools=[LastNight(), Nights()])
