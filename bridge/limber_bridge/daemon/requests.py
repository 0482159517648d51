"""Questions and commands, answered.

Law: a question ends no bridge and holds up no detection: a disk that does not answer in time is an
answer, too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Final

from limber_bridge.daemon.sleeper_monitor import (
    Change,
    NothingToCalibrateError,
    NothingToEndError,
    SleeperMonitor,
)
from limber_bridge.detection.cramp_thresholds import ROUNDED, Label, UnknownEventError
from limber_bridge.detection.events import Factor, event_id
from limber_bridge.domain.nights import to_us, to_utc
from limber_bridge.protocol.encoding import (
    PAGE_MAX_BYTES,
    REPORTED_NUMBER_OFFSET,
    add_label,
    encode_event,
    encode_reported_cramp,
    events_response,
    nights_response,
    strip_phase,
)
from limber_bridge.protocol.messages import (
    CalibrateRequest,
    Command,
    DoneResponse,
    EndNightRequest,
    EventMessage,
    EventsRequest,
    LabelRequest,
    LabelResponse,
    LogRequest,
    LogResponse,
    NightsRequest,
    PauseRequest,
    Refusal,
    Request,
    ResetLabelsRequest,
    Response,
    SetRequest,
)
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_writer import JournalWriter

PATIENCE: Final = 5.0
"""s for the journal to answer."""
UNREADABLE: Final = "journal_unreadable"
"""The error of an answer that the journal could not give."""


class RequestHandler:
    """Answers for all sleepers of a bridge."""

    def __init__(
        self,
        watches: Mapping[str, SleeperMonitor],
        journal: Journal,
        recorder: JournalWriter,
        now: Callable[[], int],
        apply: Callable[[SleeperMonitor, Change], Awaitable[None]],
    ) -> None:
        """Take what knows the answers; `apply` keeps and tells what a command changes, `now` is in
        us.
        """
        self._watches = watches
        self._journal = journal
        self._recorder = recorder
        self._now = now
        self._apply = apply

    async def answer(self, request: Request) -> Response:
        """Return the answer, or why there is none."""
        if request.sleeper not in self._watches:
            known = ", ".join(self._watches)
            return Refusal(
                id=request.id,
                error="unknown_sleeper",
                message=f"no sleeper `{request.sleeper}`; there are {known}",
            )
        try:
            return await self._answer_to(request)
        except TimeoutError:
            text = f"the disk of the bridge did not answer in {PATIENCE:g} s; ask again later"
        except JournalError as error:
            text = str(error)
        return Refusal(id=request.id, error=UNREADABLE, message=text)

    async def _answer_to(self, request: Request) -> Response:
        match request:
            case NightsRequest():
                async with asyncio.timeout(PATIENCE):
                    return await self._nights(request)
            case EventsRequest():
                async with asyncio.timeout(PATIENCE):
                    return await self._events(request)
            case LabelRequest():
                return await self._label(request)
            case LogRequest():
                return await self._log(request)
            case _:
                return await self._carry_out(request)

    async def _carry_out(self, request: Command) -> Response:
        """Carry out a command, and say that it is done or why it cannot be."""
        watch = self._watches[request.sleeper]
        # What is over by now must not be lost where the command changes nothing.
        await self._apply(watch, watch.tick(self._now()))
        try:
            await self._apply(watch, self._change(watch, request))
        except NothingToEndError as error:
            return Refusal(id=request.id, error="nothing_to_end", message=str(error))
        except NothingToCalibrateError as error:
            return Refusal(id=request.id, error="nothing_to_calibrate", message=str(error))
        return DoneResponse(id=request.id)

    def _change(self, watch: SleeperMonitor, request: Command) -> Change:
        match request:
            case EndNightRequest():
                return watch.end_night()
            case ResetLabelsRequest():
                return watch.forget_labels()
            case PauseRequest():
                return watch.pause(self._now(), paused=request.paused)
            case CalibrateRequest():
                return watch.calibrate(self._now())
            case SetRequest():
                return watch.sense(request.sensitivity)

    async def _nights(self, request: NightsRequest) -> Response:
        limit = PAGE_MAX_BYTES // 200
        since = request.after or date.min
        if request.last is not None:
            since = max(
                since,
                await asyncio.to_thread(self._journal.date_before_last, request.sleeper, request.last),
            )
        nights = await asyncio.to_thread(self._journal.nights, request.sleeper, since, limit)
        more = len(nights) == limit
        # What the disk did not take yet is true all the same.
        waiting = [
            night
            for night in self._recorder.pending_nights(request.sleeper)
            if night.date > since and not more
        ]
        together = {night.date: night for night in (*nights, *waiting)}
        # Those that wait are newer than what was counted back from.
        days = sorted(together)[0 if more or request.last is None else -request.last :]
        return nights_response(request, [together[day] for day in days], more=more)

    async def _events(self, request: EventsRequest) -> Response:
        limit = PAGE_MAX_BYTES // 100
        dropped = await asyncio.to_thread(self._journal.events_dropped_at, request.sleeper, request.night)
        if dropped is not None:
            text = f"the events of {request.night} were dropped on {to_utc(dropped):%Y-%m-%d}: see `retention` in limber.yaml"
            return Refusal(id=request.id, error="events_deleted", message=text)
        entries = await asyncio.to_thread(
            self._journal.entries, request.sleeper, request.night, request.after, limit
        )
        messages = [(entry, encode_event(entry.event, entry.night)) for entry in entries]
        said = self._watches[request.sleeper].labels.said
        more = len(entries) == limit
        told = [
            (one.number, add_label(message, one.event, said))
            for one, message in messages
            if message is not None
        ]
        return events_response(
            request, told if more else [*told, *await self._reported(request)], more=more
        )

    async def _reported(self, request: EventsRequest) -> list[tuple[int, EventMessage]]:
        """Return the cramps of a night that only somebody told of, numbered: they come after all
        that was measured.
        """
        labels = self._watches[request.sleeper].labels_of(request.night)
        found = await asyncio.to_thread(self._journal.reported_cramps, request.sleeper, labels)
        numbered = [
            (REPORTED_NUMBER_OFFSET + label.time, encode_reported_cramp(label, request.night))
            for label in found
        ]
        return [(number, message) for number, message in numbered if number > request.after]

    async def _label(self, request: LabelRequest) -> Response:
        watch = self._watches[request.sleeper]
        if (ahead := self._ahead(request)) is not None:
            return ahead
        try:
            async with asyncio.timeout(PATIENCE):
                label = await asyncio.to_thread(self._labelled, watch, request)
        except UnknownEventError as error:
            return Refusal(id=request.id, error="unknown_event", message=str(error))
        await self._apply(watch, watch.label(label))
        return LabelResponse(id=request.id, event=label.id)

    def _labelled(self, watch: SleeperMonitor, request: LabelRequest) -> Label:
        """Return the label that a question asks for, by what the journal knows of the event or the
        moment.
        """
        if request.event is not None:
            key = strip_phase(request.event)
            return watch.labels.for_event(
                key, self._journal.event(watch.id, key), cramp=request.cramp
            )
        moment = watch.time if request.time is None else to_us(request.time)
        nights = [
            self._journal.events(watch.id, night) for night in sorted(watch.nights_about(moment))
        ]
        return watch.labels.for_moment(
            moment, [event for night in nights for event in night], cramp=request.cramp
        )

    async def _log(self, request: LogRequest) -> Response:
        watch = self._watches[request.sleeper]
        now = self._now()
        if (ahead := self._ahead(request)) is not None:
            return ahead
        factor = Factor(
            (watch.time or now) if request.time is None else to_us(request.time),
            request.factor,
            request.note,
        )
        await self._apply(watch, watch.log(factor, now))
        return LogResponse(id=request.id, event=event_id(factor))

    def _ahead(self, request: LabelRequest | LogRequest) -> Refusal | None:
        """Return why nothing can be said of a time; None if it can."""
        if request.time is None or to_us(request.time) <= self._now() + ROUNDED:
            return None
        mend = f"{request.time.isoformat()} is still to come; write when it was"
        return Refusal(id=request.id, error="time_in_future", message=mend)
