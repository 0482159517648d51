"""What happens as it happens: leg movements and periodic series."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, follow_sleepers
from .wire import Event, MovementEvent, SeriesEvent, Sleeper

PARALLEL_UPDATES = 0

type Told = tuple[str, dict[str, Any]]
"""An event type and its attributes."""


def movement(event: Event) -> Told | None:
    """Tell of a leg movement by its strength."""
    if not isinstance(event, MovementEvent):
        return None
    return event.grade, {
        "start": event.start,
        "duration": event.duration,
        "side": event.side,
        "peak": event.peak,
        "candidate": event.candidate,
    }


def series(event: Event) -> Told | None:
    """Tell of a periodic series, confirmed or ended."""
    if not isinstance(event, SeriesEvent):
        return None
    kind = "ended" if event.ended else "confirmed"
    return kind, {"start": event.start, "end": event.end, "movements": event.movements}


@dataclass(frozen=True, kw_only=True)
class LimberEventDescription(EventEntityDescription):
    """What of all that happens an entity tells."""

    told: Callable[[Event], Told | None]


EVENTS = (
    LimberEventDescription(
        key="movement",
        translation_key="movement",
        event_types=["mild", "moderate", "strong"],
        # Hundreds a night: for those who want them.
        entity_registry_enabled_default=False,
        told=movement,
    ),
    LimberEventDescription(key="series", translation_key="series", event_types=["confirmed", "ended"], told=series),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: LimberConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events of every sleeper."""
    follow_sleepers(entry, async_add_entities, events_of)


def events_of(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield what a sleeper has."""
    return (LimberEvent(coordinator, sleeper, description) for description in EVENTS)


class LimberEvent(SleeperEntity, EventEntity):
    """Something that happens to a sleeper."""

    entity_description: LimberEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_listen(self._sleeper, self._heard))

    @callback
    def _heard(self, event: Event) -> None:
        told = self.entity_description.told(event)
        if told is not None:
            self._trigger_event(*told)
            self.async_write_ha_state()
