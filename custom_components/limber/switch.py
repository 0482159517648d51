"""Whether a sleeper is not to be watched for a while."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, async_add_for_sleepers
from .wire import Sleeper

PARALLEL_UPDATES = 1

PAUSE = SwitchEntityDescription(key="pause", translation_key="pause")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, switches_of)


def switches_of(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield what a sleeper has."""
    yield Pause(coordinator, sleeper, PAUSE)


class Pause(SleeperEntity, SwitchEntity):
    """On: nothing is measured, until it is off again; the time counts as not measured."""

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.can("pause")

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._state is None else self._state.paused

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Pause; HomeAssistantError with the bridge's words if it refuses."""
        await self.coordinator.ask("pause", self._sleeper, paused=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Go on; HomeAssistantError with the bridge's words if it refuses."""
        await self.coordinator.ask("pause", self._sleeper, paused=False)
