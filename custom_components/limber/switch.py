"""Switch that pauses the monitoring of a sleeper."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, async_add_for_sleepers
from .wire_info import Sleeper

PARALLEL_UPDATES = 1

PAUSE = SwitchEntityDescription(key="pause", translation_key="pause")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, create_switches)


def create_switches(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield the switches of a sleeper."""
    yield PauseSwitch(coordinator, sleeper, PAUSE)


class PauseSwitch(SleeperEntity, SwitchEntity):
    """While it is on, nothing is measured; this time counts as a gap."""

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.supports("pause")

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._state is None else self._state.paused

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Pause; raise HomeAssistantError if the bridge refuses it."""
        await self.coordinator.requests.send("pause", self._sleeper, paused=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Resume; raise HomeAssistantError if the bridge refuses it."""
        await self.coordinator.requests.send("pause", self._sleeper, paused=False)
