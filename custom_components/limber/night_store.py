"""Fetches the events of nights from a bridge and remembers them, also for when it is away."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from .coordinator import LimberCoordinator, require_online
from .night_data import NightContents, describe_contents
from .requests import BridgeRequests, Pages, RefusedError
from .summary_text import REPORTED
from .wire import EventsResponse
from .wire_events import CrampEvent, Event, FactorEvent, GapEvent, SleepEvent
from .wire_nights import Night

MAX_NIGHTS: Final = 30
"""Finished nights of a sleeper in memory. Chosen: a month of swiping, some 10 MB."""
EVENTS_DELETED: Final = "events_deleted"
"""The bridge deleted the events of a night to free disk space: docs/protocol.md#5-requests."""
CHANGED: Final = -1
"""Instead of the revision of a night that must be fetched again."""


@dataclass(frozen=True, slots=True)
class StoredNight:
    """A night without what depends on the reader."""

    description: dict[str, Any]
    """For the cards: `night_data.describe_contents`."""
    cramps: tuple[CrampEvent, ...]
    factors: tuple[FactorEvent, ...]
    gaps: tuple[GapEvent, ...]


def store(contents: NightContents) -> StoredNight:
    """Return a night without its thousands of events."""
    events = contents.events
    return StoredNight(
        describe_contents(contents),
        tuple(event for event in events if isinstance(event, CrampEvent)),
        tuple(event for event in events if isinstance(event, FactorEvent)),
        tuple(event for event in events if isinstance(event, GapEvent)),
    )


@dataclass(frozen=True, slots=True)
class KnownEvents:
    """The events of a night as far as they were fetched."""

    night: date | None = None
    events: tuple[Event, ...] = ()
    kept: int = 0
    """How many of them need not be fetched again."""
    resume: int = 0
    """The page that follows those."""


class LiveEvents:
    """The events of the night that is not finished; only what arrived since is fetched again."""

    def __init__(self) -> None:
        """Start without events."""
        self._known = KnownEvents()

    @callback
    def reset(self) -> None:
        """Fetch everything again: events may have been withdrawn (docs/protocol.md#4-events)."""
        self._known = KnownEvents()

    async def fetch(self, requests: BridgeRequests, sleeper: str, night: date) -> Sequence[Event]:
        """Return the events of a night; raise HomeAssistantError if that is impossible."""
        before = self._known
        known = before if before.night == night else KnownEvents(night)
        events = list(known.events[: known.kept])
        kept = known.kept
        resume = known.resume
        pages = Pages(resume)
        following: int | None = resume
        while following is not None:
            if not any(is_derived(event) for event in events[kept:]):
                kept = len(events)
                resume = following
            response = await requests.send(
                "events", sleeper, night=night.isoformat(), after=following
            )
            if not isinstance(response, EventsResponse):
                break
            events += response.events
            following = pages.advance(response.next, len(response.events))
        # Unless they were reset meanwhile.
        if self._known is before:
            self._known = KnownEvents(night, tuple(events), kept, resume)
        return events


def is_derived(event: Event) -> bool:
    """Return whether an event may change while the night goes on: others are only added."""
    return isinstance(event, SleepEvent) or (
        isinstance(event, CrampEvent) and event.certainty == REPORTED
    )


class NightStore:
    """The nights of one sleeper."""

    def __init__(self, coordinator: LimberCoordinator, sleeper: str) -> None:
        """Start without nights."""
        self._coordinator = coordinator
        self._sleeper = sleeper
        self._finished: OrderedDict[date, tuple[int, StoredNight]] = OrderedDict()
        """By date, with the revision at which it was fetched; the least recently used first."""
        self._changes = 0
        self._live = LiveEvents()
        self._lock = asyncio.Lock()

    @callback
    def reset_live(self) -> None:
        """Fetch all events of tonight again."""
        self._live.reset()

    async def live_events(self, night: date) -> Sequence[Event]:
        """Return the events of the night that is not finished.

        Raise HomeAssistantError if the bridge does not answer.
        """
        require_online(self._coordinator)
        async with self._lock:
            return await self._live.fetch(self._coordinator.requests, self._sleeper, night)

    @callback
    def mark_changed(self, since: date) -> None:
        """Fetch nights again, if there is a bridge, from a date on."""
        self._changes += 1
        for day, (_, stored) in list(self._finished.items()):
            if day >= since:
                self._finished[day] = (CHANGED, stored)
        self._live.reset()

    async def finished(self, night: Night) -> StoredNight:
        """Return a finished night.

        While the bridge is away, it may be an earlier revision. Raise HomeAssistantError if none is
        in memory.
        """
        revision, known = self._finished.get(night.night, (CHANGED, None))
        if known is not None and revision == night.revision:
            self._finished.move_to_end(night.night)
            return known
        changes = self._changes
        try:
            stored = await self._fetch(night)
        except HomeAssistantError:
            if known is None:
                raise
            return known
        # What has changed meanwhile may be missing.
        revision = night.revision if changes == self._changes else CHANGED
        self._finished[night.night] = (revision, stored)
        self._finished.move_to_end(night.night)
        while len(self._finished) > MAX_NIGHTS:
            self._finished.popitem(last=False)
        return stored

    async def _fetch(self, night: Night) -> StoredNight:
        require_online(self._coordinator)
        events: Sequence[Event] = ()
        deleted = False
        try:
            events = await self._coordinator.requests.fetch_events(self._sleeper, night.night)
        except RefusedError as error:
            if error.refusal.error != EVENTS_DELETED:
                raise
            deleted = True
        return store(
            NightContents(
                night=night.night,
                revision=night.revision,
                start=night.start,
                end=night.end,
                rules=night.rules,
                measures=night.measures,
                events=events,
                events_deleted=deleted,
            )
        )
