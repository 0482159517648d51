"""Calendar of nights, cramps and what was logged."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Final, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SleeperEntity, async_add_for_sleepers
from .night_summary import async_get_events, async_get_texts
from .summary_text import REPORTED, describe_sleep, quote
from .trends import DAY, NOON
from .wire_events import CrampEvent, Event, FactorEvent
from .wire_info import Sleeper
from .wire_nights import Night
from .words import Texts, Words

PARALLEL_UPDATES = 0

NIGHTS = CalendarEntityDescription(key="nights", translation_key="nights")
EVENT_MIN_DURATION: Final = timedelta(minutes=5)
"""Chosen: shorter events can hardly be seen in Home Assistant's calendar."""
DETAILS_MAX_PERIOD: Final = timedelta(days=45)
"""Longer periods are shown without cramps and factors, as these take one request for each night.
Chosen: covers the weeks that a month's page shows."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the calendar of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, create_calendars)


def create_calendars(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield the calendar of a sleeper."""
    yield NightCalendar(coordinator, sleeper, NIGHTS)


class NightCalendar(SleeperEntity, CalendarEntity):
    """The nights of a sleeper; on while the sleeper is in bed."""

    def __init__(
        self,
        coordinator: LimberCoordinator,
        sleeper: Sleeper,
        description: CalendarEntityDescription,
    ) -> None:
        """Start without texts; they are loaded before the entity is shown."""
        super().__init__(coordinator, sleeper, description)
        self._texts: Texts = {}

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self._texts = await async_get_texts(self.hass)

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the night in progress."""
        state = self._state
        if state is None or not state.in_bed or state.tonight.start is None or not self._texts:
            return None
        # The end is unknown: noon, or later if the sleeper is still in bed then.
        noon = datetime.combine(state.tonight.night, NOON, self.coordinator.time_zone)
        this_hour = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
        return CalendarEvent(
            start=state.tonight.start,
            end=max(noon, this_hour + timedelta(hours=2)),
            summary=self._texts["calendar_tonight"],
        )

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the nights of a period; with cramps and factors unless it is too long."""
        words = Words(await async_get_texts(hass), self.coordinator.time_zone)
        # A night has the date on which it ends.
        after = start_date.date() - 2 * DAY
        nights = await self.coordinator.requests.fetch_nights(self._sleeper, after)
        shown = [event for night in nights for event in show_night(night, words)]
        if end_date - start_date <= DETAILS_MAX_PERIOD:
            for day in nights_of_period(start_date, end_date):
                events = await async_get_events(self.coordinator, self._sleeper, day)
                shown += show_events(events, words)
        overlapping = [
            event for event in shown if event.end > start_date and event.start < end_date
        ]
        return sorted(overlapping, key=lambda event: event.start)


def nights_of_period(start: datetime, end: datetime) -> Iterator[date]:
    """Yield the dates of nights that overlap a period, without future ones."""
    tomorrow = dt_util.now().date() + DAY
    for days in range((end - start).days + 2):
        night = start.date() + days * DAY
        if night <= tomorrow:
            yield night


def show_night(night: Night, words: Words) -> Iterator[CalendarEvent]:
    """Yield the calendar event of a night; nothing if its start is unknown."""
    if night.start is None:
        return
    end = night.end or night.start + timedelta(hours=night.measures.time_in_bed_h or 0)
    yield CalendarEvent(
        start=night.start,
        end=max(end, night.start + EVENT_MIN_DURATION),
        summary=summarize_night(night, words),
        description=describe_sleep(words, night),
        uid=f"night-{night.night.isoformat()}",
    )


def summarize_night(night: Night, words: Words) -> str:
    """Return the title of a night, with its counts as far as they are known."""
    movements = night.measures.movements
    index = night.measures.plm_index
    if movements is None:
        return words["calendar_night_alone"]
    if index is None:
        return words["calendar_night_movements"].format(movements=words.number(movements))
    return words["calendar_night"].format(
        movements=words.number(movements), index=words.number(index)
    )


def show_events(events: Iterable[Event], words: Words) -> Iterator[CalendarEvent]:
    """Yield the calendar events of cramps and factors."""
    for event in events:
        match event:
            case CrampEvent(label=label) if label is not False:
                yield show_cramp(event, words)
            case FactorEvent():
                yield CalendarEvent(
                    start=event.start,
                    end=event.start + EVENT_MIN_DURATION,
                    summary=words.get(event.factor) or quote(event.factor),
                    description=event.note,
                    uid=event.id,
                )
            case _:
                pass


def show_cramp(cramp: CrampEvent, words: Words) -> CalendarEvent:
    """Return the calendar event of a cramp."""
    confirmed = cramp.label and cramp.certainty != REPORTED
    kind = "confirmed" if confirmed else cramp.certainty
    return CalendarEvent(
        start=cramp.start,
        end=max(cramp.end or cramp.start, cramp.start + EVENT_MIN_DURATION),
        summary=words.get(f"calendar_{kind}") or words["calendar_possible"],
        description=words["calendar_reason"].format(reason=cramp.reason) if cramp.reason else None,
        uid=cramp.id,
    )
