"""What is done with a press: a word about a cramp, the end of a night, a calibration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, async_add_for_sleepers
from .wire import Sleeper

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class CommandDescription(ButtonEntityDescription):
    """What the bridge is told."""

    ask: str
    rest: Mapping[str, bool] = field(default_factory=dict)


BUTTONS = (
    CommandDescription(key="was_cramp", ask="label", rest={"cramp": True}),
    CommandDescription(key="was_no_cramp", ask="label", rest={"cramp": False}),
    CommandDescription(key="end_night", ask="end_night"),
    CommandDescription(key="calibrate", ask="calibrate", entity_category=EntityCategory.CONFIG),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, buttons_of)


def buttons_of(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield what a sleeper has."""
    return (Command(coordinator, sleeper, description) for description in BUTTONS)


class Command(SleeperEntity, ButtonEntity):
    """Something that the bridge can be told about a sleeper."""

    entity_description: CommandDescription

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.can(self.entity_description.ask)

    @override
    async def async_press(self) -> None:
        """Tell the bridge; HomeAssistantError with its words if it refuses."""
        await self.coordinator.ask(
            self.entity_description.ask, self._sleeper, **self.entity_description.rest
        )
