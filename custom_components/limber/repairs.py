"""Repair flows: resume a paused sleeper, or check again after a person has solved a problem."""

from typing import Any, Final

from homeassistant import data_entry_flow
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .coordinator import LimberCoordinator
from .issues import find_problems
from .requests import NO_RESPONSE, RefusedError

PAUSED_LONG: Final = "paused_long"
STILL_PRESENT: Final = "still_present"
REFUSED: Final = "refused"


class LimberRepairFlow(RepairsFlow):
    """Explains what to do, and ends when the problem is solved."""

    async def async_step_init(
        self, _user_input: dict[str, str] | None = None
    ) -> data_entry_flow.FlowResult[Any, Any]:
        """Start with the explanation."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> data_entry_flow.FlowResult[Any, Any]:
        """Explain what to do; on submit, check whether the problem is solved."""
        errors = {}
        if user_input is not None:
            error = await self._solve()
            if error is None:
                return self.async_create_entry(title="", data={})
            errors = {"base": error}
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            errors=errors,
            description_placeholders=None if issue is None else issue.translation_placeholders,
        )

    async def _solve(self) -> str | None:
        """Do what can be done here; return the translation key of an error, or None."""
        data = dict(self.data or {})
        entry = self.hass.config_entries.async_get_entry(str(data.get("entry_id")))
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        coordinator: LimberCoordinator = entry.runtime_data
        if data["key"] == PAUSED_LONG:
            try:
                await coordinator.requests.send("pause", str(data["subject"]), paused=False)
            except RefusedError:
                return REFUSED
            except HomeAssistantError:
                return NO_RESPONSE
            return None
        return STILL_PRESENT if self.issue_id in find_problems(coordinator) else None


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the repair flow of an issue."""
    return LimberRepairFlow()
