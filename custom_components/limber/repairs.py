"""Mending what was found: going on after a pause, or looking again once a person has seen to it."""

from typing import Any

from homeassistant import data_entry_flow
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .coordinator import LimberCoordinator
from .issues import found_now


class LimberRepairFlow(RepairsFlow):
    """Does what can be done from here, then looks whether the cause is gone."""

    async def async_step_init(
        self, _: dict[str, str] | None = None
    ) -> data_entry_flow.FlowResult[Any, Any]:
        """Begin with what to do."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> data_entry_flow.FlowResult[Any, Any]:
        """Say what to do; when that was done, look again."""
        errors = {}
        if user_input is not None:
            problem = await self._mended()
            if not problem:
                return self.async_create_entry(title="", data={})
            errors = {"base": problem}
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        words = None if issue is None else issue.translation_placeholders
        return self.async_show_form(
            step_id="confirm", errors=errors, description_placeholders=words
        )

    async def _mended(self) -> str:
        """Return what is in the way, as the key of an error; nothing if the cause is gone."""
        data = dict(self.data or {})
        entry = self.hass.config_entries.async_get_entry(str(data.get("entry_id")))
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return ""
        coordinator: LimberCoordinator = entry.runtime_data
        if data["key"] == "paused_long":
            try:
                await coordinator.ask("pause", str(data["about"]), paused=False)
            except HomeAssistantError:
                return "no_answer"
            return ""
        return "still_there" if self.issue_id in found_now(coordinator) else ""


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return what mends an issue."""
    return LimberRepairFlow()
