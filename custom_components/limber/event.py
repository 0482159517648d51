"""What happens as it happens: movements, periodic series, cramps, going to bed, finished nights,
what was logged.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import FACTORS
from .coordinator import Happening, LimberConfigEntry, LimberCoordinator, NightDone
from .entity import SleeperEntity, async_add_for_sleepers
from .wire import BedEvent, CrampEvent, FactorEvent, MovementEvent, SeriesEvent, Sleeper

PARALLEL_UPDATES = 0

type Told = tuple[str, dict[str, Any]]
"""An event type and its attributes."""


def movement(event: Happening) -> Told | None:
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


def series(event: Happening) -> Told | None:
    """Tell of a periodic series, confirmed or ended."""
    if not isinstance(event, SeriesEvent):
        return None
    kind = "ended" if event.ended else "confirmed"
    return kind, {"start": event.start, "end": event.end, "movements": event.movements}


def cramp(event: Happening) -> Told | None:
    """Tell of a probable cramp as it begins and ends, and of a possible one afterwards."""
    if not isinstance(event, CrampEvent):
        return None
    ended = "possible" if event.certainty == "possible" else "ended"
    return "started" if event.end is None else ended, {
        "start": event.start,
        "end": event.end,
        "certainty": event.certainty,
        "reason": event.reason,
        "strength": event.strength,
        "event": event.id,
    }


def bed(event: Happening) -> Told | None:
    """Tell of going to bed and of getting up."""
    if not isinstance(event, BedEvent):
        return None
    return "went_to_bed" if event.in_bed else "got_up", {
        "start": event.start,
        "night": event.night.isoformat(),
    }


def night(event: Happening) -> Told | None:
    """Tell of a night that is over, with the figures that automations ask for."""
    if not isinstance(event, NightDone):
        return None
    told: dict[str, Any] = {
        "night": event.event.night.isoformat(),
        "revision": event.event.revision,
    }
    if event.night is not None:
        measures = event.night.measures
        told |= {
            "start": event.night.start,
            "end": event.night.end,
            "movements": measures.movements,
            "plm": measures.plm,
            "plm_index": measures.plm_index,
            "sleep_h": measures.sleep_h,
            "cramps": measures.cramps,
        }
    return "finished" if event.event.revision == 1 else "revised", told


def factor(event: Happening) -> Told | None:
    """Tell of what was logged."""
    if not isinstance(event, FactorEvent) or event.factor not in FACTORS:
        return None
    return event.factor, {"start": event.start, "note": event.note}


@dataclass(frozen=True, kw_only=True)
class LimberEventDescription(EventEntityDescription):
    """What of all that happens an entity tells."""

    told: Callable[[Happening], Told | None]
    remembers: bool = False
    """Its attribute `last` holds when each of its types happened last."""


EVENTS = (
    LimberEventDescription(
        key="movement",
        translation_key="movement",
        event_types=["mild", "moderate", "strong"],
        # Hundreds a night: for those who want them.
        entity_registry_enabled_default=False,
        told=movement,
    ),
    LimberEventDescription(
        key="series", translation_key="series", event_types=["confirmed", "ended"], told=series
    ),
    LimberEventDescription(
        key="cramp",
        translation_key="cramp",
        event_types=["started", "ended", "possible"],
        told=cramp,
    ),
    LimberEventDescription(
        key="bed", translation_key="bed", event_types=["went_to_bed", "got_up"], told=bed
    ),
    LimberEventDescription(
        key="night", translation_key="night", event_types=["finished", "revised"], told=night
    ),
    LimberEventDescription(
        key="factor",
        translation_key="factor",
        event_types=list(FACTORS),
        told=factor,
        remembers=True,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the events of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, events_of)


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
    def _heard(self, happening: Happening) -> None:
        told = self.entity_description.told(happening)
        if told is not None:
            kind, more = told
            self._trigger_event(kind, more | self._remembered(kind, more))
            self.async_write_ha_state()

    def _remembered(self, kind: str, more: dict[str, Any]) -> dict[str, Any]:
        """Return when each type happened last: what is done for a night may be several things."""
        if not self.entity_description.remembers:
            return {}
        last: dict[str, str] = self.state_attributes.get("last") or {}
        start = dt_util.as_utc(more["start"]).isoformat()
        return {"last": last | {kind: max(start, last.get(kind, start))}}
