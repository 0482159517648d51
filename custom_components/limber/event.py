"""What happens as it happens: leg movements and periodic series."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, follow_sleepers
from .wire import Event, MovementEvent, SeriesEvent, Sleeper

PARALLEL_UPDATES = 0

MOVEMENT = EventEntityDescription(
    key="movement",
    translation_key="movement",
    event_types=["mild", "moderate", "strong"],
    # Hundreds a night: for those who want them.
    entity_registry_enabled_default=False,
)
SERIES = EventEntityDescription(key="series", translation_key="series", event_types=["confirmed", "ended"])


async def async_setup_entry(
    hass: HomeAssistant, entry: LimberConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events of every sleeper."""
    follow_sleepers(entry, async_add_entities, events_of)


def events_of(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield what a sleeper has."""
    yield Movement(coordinator, sleeper, MOVEMENT)
    yield Series(coordinator, sleeper, SERIES)


class HappeningEntity(SleeperEntity, EventEntity):
    """Something that happens to a sleeper."""

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_listen(self._sleeper, self._heard))

    @callback
    def _heard(self, event: Event) -> None:
        raise NotImplementedError


class Movement(HappeningEntity):
    """A leg movement, by its strength."""

    @override
    @callback
    def _heard(self, event: Event) -> None:
        if isinstance(event, MovementEvent):
            self._trigger_event(
                event.grade,
                {
                    "start": event.start,
                    "duration": event.duration,
                    "side": event.side,
                    "peak": event.peak,
                    "candidate": event.candidate,
                },
            )
            self.async_write_ha_state()


class Series(HappeningEntity):
    """A periodic series, confirmed or ended."""

    @override
    @callback
    def _heard(self, event: Event) -> None:
        if isinstance(event, SeriesEvent):
            kind = "ended" if event.ended else "confirmed"
            self._trigger_event(kind, {"start": event.start, "end": event.end, "movements": event.movements})
            self.async_write_ha_state()
