"""Buttons that send a command to the bridge."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import ANSWER_TRIAL_COMMAND
from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, async_add_for_sleepers
from .wire_info import Sleeper

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
TRIAL_BUTTONS = (
    CommandButtonDescription(
        key="trial_done", command=ANSWER_TRIAL_COMMAND, arguments={"done": True}
    ),
    CommandButtonDescription(
        key="trial_not_done", command=ANSWER_TRIAL_COMMAND, arguments={"done": False}
    ),
)
"""They answer the question of a trial."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, create_buttons)


def create_buttons(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield the buttons of a sleeper."""
    for description in BUTTONS:
        yield CommandButton(coordinator, sleeper, description)
    if coordinator.supports(ANSWER_TRIAL_COMMAND):
        for description in TRIAL_BUTTONS:
            yield TrialButton(coordinator, sleeper, description)


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


class TrialButton(CommandButton):
    """Answers the question of a trial; available while one is running."""

    @property
    @override
    def available(self) -> bool:
        return super().available and self._state is not None and self._state.trial is not None
