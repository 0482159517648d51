"""Events of a sleeper: movements, series, cramps, awakenings, bed, nights, factors, trials."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import FACTORS, START_TRIAL_COMMAND
from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, async_add_for_sleepers
from .event_dispatch import BridgeEvent, FinishedNight
from .wire_events import (
    AwakeningEvent,
    BedEvent,
    CrampEvent,
    FactorEvent,
    MovementEvent,
    SeriesEvent,
    TrialEvent,
)
from .wire_info import Sleeper

PARALLEL_UPDATES = 0

type Shown = tuple[str, dict[str, Any]]
"""Event type and attributes."""


def show_movement(event: BridgeEvent) -> Shown | None:
    """Show a leg movement; its type is its strength."""
    if not isinstance(event, MovementEvent):
        return None
    return event.grade, {
        "start": event.start,
        "duration": event.duration,
        "side": event.side,
        "peak": event.peak,
        "candidate": event.candidate,
    }


def show_series(event: BridgeEvent) -> Shown | None:
    """Show that a periodic series was confirmed or has ended."""
    if not isinstance(event, SeriesEvent):
        return None
    event_type = "ended" if event.ended else "confirmed"
    return event_type, {"start": event.start, "end": event.end, "movements": event.movements}


def show_cramp(event: BridgeEvent) -> Shown | None:
    """Show the start and end of a probable cramp, and a possible cramp afterwards."""
    if not isinstance(event, CrampEvent):
        return None
    if event.end is None:
        event_type = "started"
    elif event.certainty == "possible":
        event_type = "possible"
    else:
        event_type = "ended"
    return event_type, {
        "start": event.start,
        "end": event.end,
        "certainty": event.certainty,
        "reason": event.reason,
        "strength": event.strength,
        "event": event.id,
    }


def show_awakening(event: BridgeEvent) -> Shown | None:
    """Show a sudden awakening."""
    if not isinstance(event, AwakeningEvent):
        return None
    return "detected", {"start": event.start, "night": event.night.isoformat()}


def show_bed(event: BridgeEvent) -> Shown | None:
    """Show that the sleeper went to bed or got up."""
    if not isinstance(event, BedEvent):
        return None
    event_type = "went_to_bed" if event.in_bed else "got_up"
    return event_type, {"start": event.start, "night": event.night.isoformat()}


def show_night(event: BridgeEvent) -> Shown | None:
    """Show a finished or revised night, with its figures if the bridge returned them."""
    if not isinstance(event, FinishedNight):
        return None
    event_type = "finished" if event.event.revision == 1 else "revised"
    attributes: dict[str, Any] = {
        "night": event.event.night.isoformat(),
        "revision": event.event.revision,
    }
    if event.night is not None:
        measures = event.night.measures
        attributes |= {
            "start": event.night.start,
            "end": event.night.end,
            "movements": measures.movements,
            "plm": measures.plm,
            "plm_index": measures.plm_index,
            "sleep_h": measures.sleep_h,
            "cramps": measures.cramps,
        }
    return event_type, attributes


def show_factor(event: BridgeEvent) -> Shown | None:
    """Show what was logged; a factor that only a newer bridge knows is ignored."""
    if not isinstance(event, FactorEvent) or event.factor not in FACTORS:
        return None
    return event.factor, {"start": event.start, "note": event.note}


def show_trial(event: BridgeEvent) -> Shown | None:
    """Show that a personal trial has started or ended; its result is in a sensor."""
    if not isinstance(event, TrialEvent):
        return None
    return event.phase, {
        "start": event.start,
        "trial": event.trial,
        "factor": event.factor,
        "name": event.name,
    }


@dataclass(frozen=True, kw_only=True)
class LimberEventDescription(EventEntityDescription):
    """An event entity and the events that it shows."""

    show: Callable[[BridgeEvent], Shown | None]
    remembers_types: bool = False
    """Whether the attribute `last` has the time of the last event of each type."""
    command: str | None = None
    """Command without which a bridge has no such events; None: every bridge has them."""


EVENTS = (
    LimberEventDescription(
        key="movement",
        translation_key="movement",
        event_types=["mild", "moderate", "strong"],
        # There may be hundreds in a night.
        entity_registry_enabled_default=False,
        show=show_movement,
    ),
    LimberEventDescription(
        key="series",
        translation_key="series",
        event_types=["confirmed", "ended"],
        show=show_series,
    ),
    LimberEventDescription(
        key="cramp",
        translation_key="cramp",
        event_types=["started", "ended", "possible"],
        show=show_cramp,
    ),
    LimberEventDescription(
        key="awakening",
        translation_key="awakening",
        event_types=["detected"],
        show=show_awakening,
    ),
    LimberEventDescription(
        key="bed",
        translation_key="bed",
        event_types=["went_to_bed", "got_up"],
        show=show_bed,
    ),
    LimberEventDescription(
        key="night",
        translation_key="night",
        event_types=["finished", "revised"],
        show=show_night,
    ),
    LimberEventDescription(
        key="factor",
        translation_key="factor",
        event_types=list(FACTORS),
        show=show_factor,
        remembers_types=True,
    ),
    LimberEventDescription(
        key="trial",
        translation_key="trial",
        event_types=["started", "finished", "stopped"],
        show=show_trial,
        command=START_TRIAL_COMMAND,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the events of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, create_events)


def create_events(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield the event entities of a sleeper."""
    for description in EVENTS:
        if description.command is None or coordinator.supports(description.command):
            yield LimberEvent(coordinator, sleeper, description)


class LimberEvent(SleeperEntity, EventEntity):
    """Shows one kind of events as they happen."""

    entity_description: LimberEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        events = self.coordinator.events
        self.async_on_remove(events.async_listen(self._sleeper, self._handle_event))

    @callback
    def _handle_event(self, event: BridgeEvent) -> None:
        shown = self.entity_description.show(event)
        if shown is None:
            return
        event_type, attributes = shown
        if self.entity_description.remembers_types:
            attributes["last"] = self._last_times(event_type, attributes["start"])
        self._trigger_event(event_type, attributes)
        self.async_write_ha_state()

    def _last_times(self, event_type: str, start: datetime) -> dict[str, str]:
        """Return when each type happened last; several factors may be logged in one evening."""
        last: dict[str, str] = self.state_attributes.get("last") or {}
        text = dt_util.as_utc(start).isoformat()
        # A factor can be logged long after it happened.
        return last | {event_type: max(text, last.get(event_type, text))}
