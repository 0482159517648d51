"""Sensitivity of the detection."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.number import NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, async_add_for_sleepers
from .wire import Sleeper

PARALLEL_UPDATES = 1

SENSITIVITY = NumberEntityDescription(
    key="sensitivity",
    translation_key="sensitivity",
    entity_category=EntityCategory.CONFIG,
    mode=NumberMode.SLIDER,
    native_min_value=0.5,
    native_max_value=2.0,
    native_step=0.05,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, create_numbers)


def create_numbers(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield the numbers of a sleeper."""
    yield SensitivityNumber(coordinator, sleeper, SENSITIVITY)


class SensitivityNumber(SleeperEntity, NumberEntity):
    """Divisor of the movement threshold: 1 is the rule, with 2 half as strong movements count."""

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.supports("set")

    @property
    @override
    def native_value(self) -> float | None:
        return None if self._state is None else self._state.sensitivity

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Send the setting; raise HomeAssistantError if the bridge refuses it."""
        await self.coordinator.requests.send("set", self._sleeper, sensitivity=value)
