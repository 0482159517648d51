"""Nights, cramps and what was logged, in a calendar."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
from .night_summary import async_events, async_words, zone_of
from .summary_text import REPORTED, Texts, known
from .trends import NOON
from .wire import CrampEvent, FactorEvent, Night, Sleeper

PARALLEL_UPDATES = 0

NIGHTS = CalendarEntityDescription(key="nights", translation_key="nights")
MOMENT: Final = timedelta(minutes=5)
"""How long something without a length is shown; Home Assistant has no shorter ones to look at."""
DETAILED: Final = timedelta(days=45)
"""The longest stretch that is shown with cramps and factors: for each night the bridge is asked
once."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the calendar of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, calendars_of)


def calendars_of(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield what a sleeper has."""
    yield Nights(coordinator, sleeper, NIGHTS)


class Nights(SleeperEntity, CalendarEntity):
    """The nights of a sleeper; on while one is in progress."""

    def __init__(
        self, coordinator: LimberCoordinator, sleeper: Sleeper, row: CalendarEntityDescription
    ) -> None:
        """Begin without words; they are loaded before anything is shown."""
        super().__init__(coordinator, sleeper, row)
        self._words: Texts = {}

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self._words = await async_words(self.hass)

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """The night in progress."""
        start = None if self._state is None or not self._state.in_bed else self._state.tonight.start
        if self._state is None or start is None or not self._words:
            return None
        # Nobody knows when it will end: mostly by noon, and it is not over while somebody is in
        # bed.
        noon = datetime.combine(self._state.tonight.night, NOON, zone_of(self.coordinator))
        soon = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
        return CalendarEvent(
            start=start, end=max(noon, soon), summary=self._words["calendar_tonight"]
        )

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the nights of a stretch of time, and what happened in them if it is not too long."""
        words = await async_words(hass)
        begin = start_date.date() - timedelta(days=2)
        nights = [
            night
            for night in await self.coordinator.nights(self._sleeper, begin)
            if night.start is not None
        ]
        shown = [event for night in nights for event in night_events(night, words)]
        if end_date - start_date <= DETAILED:
            days = (
                start_date.date() + timedelta(days=number)
                for number in range((end_date - start_date).days + 2)
            )
            tomorrow = dt_util.now().date() + timedelta(days=1)
            for day in (one for one in days if one <= tomorrow):
                found = await async_events(self.coordinator, self._sleeper, day)
                shown += [one for event in found for one in shown_as(event, words)]
        events = [event for event in shown if event.end > start_date and event.start < end_date]
        return sorted(events, key=lambda event: event.start)


def night_events(night: Night, words: Texts) -> Iterator[CalendarEvent]:
    """Yield a night as it is shown."""
    start = night.start or datetime.min.replace(tzinfo=UTC)
    end = night.end or start + timedelta(hours=night.measures.time_in_bed_h or 0)
    yield CalendarEvent(
        start=start,
        end=max(end, start + MOMENT),
        summary=night_summary(night, words),
        description=night_sleep(night, words),
        uid=f"night-{night.night.isoformat()}",
    )


def night_summary(night: Night, words: Texts) -> str:
    """Return a night in few words, as far as it is known."""
    movements = night.measures.movements
    index = night.measures.plm_index
    if movements is None:
        return words["calendar_night_alone"]
    if index is None:
        return words["calendar_night_movements"].format(movements=movements)
    return words["calendar_night"].format(movements=movements, index=known(words, index))


def night_sleep(night: Night, words: Texts) -> str | None:
    """Return how long somebody was in bed and asleep, if that is known."""
    bed = night.measures.time_in_bed_h
    sleep = night.measures.sleep_h
    if bed is None or sleep is None:
        return None
    return words["sleep"].format(bed=known(words, bed), sleep=known(words, sleep))


def shown_as(event: object, words: Texts) -> Iterator[CalendarEvent]:
    """Yield a cramp or a factor as it is shown; nothing for anything else."""
    match event:
        case CrampEvent(label=label) if label is not False:
            kind = "confirmed" if label and event.certainty != REPORTED else event.certainty
            summary = words.get(f"calendar_{kind}", words["calendar_possible"])
            text = event.reason
            yield CalendarEvent(
                start=event.start,
                end=max(event.end or event.start, event.start + MOMENT),
                summary=summary,
                description=text,
                uid=event.id,
            )
        case FactorEvent():
            yield CalendarEvent(
                start=event.start,
                end=event.start + MOMENT,
                summary=words[event.factor],
                description=event.note,
                uid=event.id,
            )
        case _:
            pass
