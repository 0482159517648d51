"""Buttons that send a command to the bridge."""

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
class CommandButtonDescription(ButtonEntityDescription):
    """A button and the command that it sends."""

    command: str
    arguments: Mapping[str, bool] = field(default_factory=dict)


BUTTONS = (
    CommandButtonDescription(key="was_cramp", command="label", arguments={"cramp": True}),
    CommandButtonDescription(key="was_no_cramp", command="label", arguments={"cramp": False}),
    CommandButtonDescription(key="end_night", command="end_night"),
    CommandButtonDescription(
        key="calibrate", command="calibrate", entity_category=EntityCategory.CONFIG
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, create_buttons)


def create_buttons(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield the buttons of a sleeper."""
    return (CommandButton(coordinator, sleeper, description) for description in BUTTONS)


class CommandButton(SleeperEntity, ButtonEntity):
    """Sends a command; available if the bridge accepts it."""

    entity_description: CommandButtonDescription

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.supports(self.entity_description.command)

    @override
    async def async_press(self) -> None:
        """Send the command; raise HomeAssistantError if the bridge refuses it."""
        await self.coordinator.requests.send(
            self.entity_description.command, self._sleeper, **self.entity_description.arguments
        )
