"""The answers to requests for what is stored, a page at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from msgspec import structs

from limber_bridge.config.model import Config
from limber_bridge.daemon.cramp_labels import labels_of_night
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.domain.nights import to_utc
from limber_bridge.offline.stored_night import read_asleep
from limber_bridge.offline.trend import HoursCache, TrendRange, read_trend
from limber_bridge.protocol.encoding import (
    PAGE_MAX_BYTES,
    REPORTED_NUMBER_OFFSET,
    SLEEP_NUMBER_OFFSET,
    add_label,
    encode_reported_cramp,
    encode_sleep,
    encode_stored_event,
    events_response,
    nights_response,
    trend_response,
)
from limber_bridge.protocol.event_messages import EventMessage
from limber_bridge.protocol.messages import Refusal, Response
from limber_bridge.protocol.request_messages import EventsRequest, NightsRequest
from limber_bridge.protocol.trend_messages import TrendRequest
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_writer import JournalWriter

JOURNAL_TIMEOUT_S: Final = 5.0
"""Time that the journal has for an answer. Chosen: clients give up after about ten seconds."""
NIGHT_BYTES: Final = 200
"""Least size of a night in a response: more than a page of such nights is not read."""
EVENT_BYTES: Final = 100
"""Least size of an event in a response."""


@dataclass(frozen=True, slots=True)
class ReadableRecords:
    """Where the records of a bridge are."""

    config: Config
    journal: Journal
    writer: JournalWriter
    """Knows the nights that are not in the journal yet."""


class HistoryReader:
    """Answer requests for the nights and events in the journal, a page at a time."""

    def __init__(self, records: ReadableRecords, now: Callable[[], int]) -> None:
        """Start; `now` returns UTC in us."""
        self._now = now
        self._config = records.config
        self._journal = records.journal
        self._writer = records.writer
        self._hours = HoursCache()

    async def answer(
        self,
        monitor: SleeperMonitor,
        request: NightsRequest | EventsRequest | TrendRequest,
        page_bytes: int,
    ) -> Response:
        """Return the answer to a request; TimeoutError, JournalError."""
        match request:
            case NightsRequest():
                return await self.nights(request, monitor, page_bytes)
            case EventsRequest():
                return await self.events(monitor, request, page_bytes)
            case TrendRequest():
                return await self.trend(monitor, request, page_bytes)

    async def nights(
        self, request: NightsRequest, monitor: SleeperMonitor, page_bytes: int = PAGE_MAX_BYTES
    ) -> Response:
        """Return a page of finished nights; TimeoutError, JournalError.

        Nights with the dates of a wrong clock are left out.
        """
        async with asyncio.timeout(JOURNAL_TIMEOUT_S):
            return await self._nights(request, monitor, page_bytes)

    async def events(
        self, monitor: SleeperMonitor, request: EventsRequest, page_bytes: int = PAGE_MAX_BYTES
    ) -> Response:
        """Return a page of the events of a night; TimeoutError, JournalError."""
        async with asyncio.timeout(JOURNAL_TIMEOUT_S):
            return await self._events(monitor, request, page_bytes)

    async def trend(
        self, monitor: SleeperMonitor, request: TrendRequest, page_bytes: int = PAGE_MAX_BYTES
    ) -> Response:
        """Return a page of what is shown of many nights; TimeoutError, JournalError."""
        wanted = TrendRange(
            after=request.after,
            last=request.last,
            latest=monitor.latest_night(self._now()),
            counts=monitor.counts,
        )
        async with asyncio.timeout(JOURNAL_TIMEOUT_S):
            nights, more = await asyncio.to_thread(
                read_trend, self._config, monitor.sleeper, wanted, self._hours
            )
        return trend_response(request, nights, more=more, max_bytes=page_bytes)

    async def _nights(
        self, request: NightsRequest, monitor: SleeperMonitor, page_bytes: int
    ) -> Response:
        latest = monitor.latest_night(self._now())
        limit = PAGE_MAX_BYTES // NIGHT_BYTES
        # Read first: one that is written meanwhile is found in the journal.
        waiting = self._writer.pending_nights(request.sleeper)
        since = request.after or date.min
        if request.last is not None:
            before_last = await asyncio.to_thread(
                self._journal.date_before_last, request.sleeper, request.last, latest
            )
            since = max(since, before_last)
        nights = await asyncio.to_thread(
            self._journal.nights, request.sleeper, since, limit, until=latest
        )
        more = len(nights) == limit
        by_date = {night.date: night for night in nights}
        if not more:
            # Nights that the disk has not accepted yet are finished nevertheless.
            by_date |= {night.date: night for night in waiting if since < night.date <= latest}
        dates = sorted(day for day, night in by_date.items() if monitor.counts(night))
        if request.last is not None and not more:
            # Waiting nights are newer than those from which the last ones were counted.
            dates = dates[-request.last :]
        if more and not dates:
            # None of these counts, and an empty page would look like the last one.
            following = structs.replace(request, after=nights[-1].date)
            return await self._nights(following, monitor, page_bytes)
        found = [by_date[day] for day in dates]
        return nights_response(request, found, more=more, max_bytes=page_bytes)

    async def _events(
        self, monitor: SleeperMonitor, request: EventsRequest, page_bytes: int
    ) -> Response:
        dropped = await asyncio.to_thread(
            self._journal.events_dropped_at, request.sleeper, request.night
        )
        if dropped is not None:
            text = (
                f"the events of {request.night} were deleted on {to_utc(dropped):%Y-%m-%d}; "
                "to store more nights, see `retention` in limber.yaml"
            )
            return Refusal(id=request.id, error="events_deleted", message=text)
        limit = PAGE_MAX_BYTES // EVENT_BYTES
        entries = await asyncio.to_thread(
            self._journal.entries, request.sleeper, request.night, request.after, limit
        )
        said = monitor.labels.answers
        numbered: list[tuple[int, EventMessage]] = []
        for entry in entries:
            message = encode_stored_event(entry.event, entry.night)
            if message is not None:
                numbered.append((entry.number, add_label(message, entry.event, said)))
        more = len(entries) == limit
        if not more:
            numbered += await self._sleep(monitor, request)
            numbered += await self._reported_cramps(monitor, request)
        return events_response(request, numbered, more=more, max_bytes=page_bytes)

    async def _sleep(
        self, monitor: SleeperMonitor, request: EventsRequest
    ) -> list[tuple[int, EventMessage]]:
        """Return the times asleep in a night, numbered after all measured events."""
        spans = await asyncio.to_thread(read_asleep, self._config, monitor.sleeper, request.night)
        numbered = [
            (SLEEP_NUMBER_OFFSET + span[0], encode_sleep(span, request.night)) for span in spans
        ]
        return [(number, message) for number, message in numbered if number > request.after]

    async def _reported_cramps(
        self, monitor: SleeperMonitor, request: EventsRequest
    ) -> list[tuple[int, EventMessage]]:
        """Return the cramps of a night that a person reported and no sensor saw, numbered.

        Their numbers are higher than those of all other events of the night.
        """
        labels = labels_of_night(monitor.labels, monitor.calendar, request.night)
        found = await asyncio.to_thread(self._journal.reported_cramps, request.sleeper, labels)
        numbered = [
            (REPORTED_NUMBER_OFFSET + label.time, encode_reported_cramp(label, request.night))
            for label in found
        ]
        return [(number, message) for number, message in numbered if number > request.after]
