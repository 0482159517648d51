"""Selection whether there was a cramp last night, for the diary."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DIARY_COMMAND
from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, async_add_for_sleepers
from .wire_info import Sleeper

PARALLEL_UPDATES = 1

ANSWERS: Final[Mapping[str, bool | None]] = {"not_answered": None, "no": False, "yes": True}
"""Value of the diary by option."""
CRAMP = SelectEntityDescription(key="cramp_last_night", options=list(ANSWERS))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the selections of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, create_selects)


def create_selects(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield the selections of a sleeper."""
    if coordinator.supports(DIARY_COMMAND):
        yield CrampSelect(coordinator, sleeper, CRAMP)


class CrampSelect(SleeperEntity, SelectEntity):
    """Whether the sleeper remembers a cramp last night."""

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.supports(DIARY_COMMAND)

    @property
    @override
    def current_option(self) -> str | None:
        diary = None if self._state is None else self._state.diary
        if diary is None:
            return None
        return next(name for name, value in ANSWERS.items() if value is diary.last_night.cramp)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        diary = None if self._state is None else self._state.diary
        return {"night": None if diary is None else diary.last_night.night.isoformat()}

    @override
    async def async_select_option(self, option: str) -> None:
        """Send the answer; raise HomeAssistantError if the bridge refuses it."""
        await self.coordinator.requests.send(DIARY_COMMAND, self._sleeper, cramp=ANSWERS[option])
