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
from limber_bridge.detection.events import Factor, identity
from limber_bridge.domain.nights import to_us, to_utc
from limber_bridge.protocol.encoding import (
    LATER,
    PAGE,
    event_id,
    event_message,
    events_answer,
    labelled,
    nights_answer,
    reported,
)
from limber_bridge.protocol.messages import (
    Answer,
    Ask,
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
    ResetLabelsRequest,
    SetRequest,
)
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_writer import JournalWriter

PATIENCE: Final = 5.0
"""s for the journal to answer."""
UNREADABLE: Final = "unreadable"
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

    async def answer(self, ask: Ask) -> Answer:
        """Return the answer, or why there is none."""
        if ask.sleeper not in self._watches:
            known = ", ".join(self._watches)
            return Refusal(
                id=ask.id,
                error="unknown_sleeper",
                message=f"no sleeper `{ask.sleeper}`; there are {known}",
            )
        try:
            return await self._answer_to(ask)
        except TimeoutError:
            text = f"the disk of the bridge did not answer in {PATIENCE:g} s; ask again later"
        except JournalError as error:
            text = str(error)
        return Refusal(id=ask.id, error=UNREADABLE, message=text)

    async def _answer_to(self, ask: Ask) -> Answer:
        match ask:
            case NightsRequest():
                async with asyncio.timeout(PATIENCE):
                    return await self._nights(ask)
            case EventsRequest():
                async with asyncio.timeout(PATIENCE):
                    return await self._events(ask)
            case LabelRequest():
                return await self._label(ask)
            case LogRequest():
                return await self._log(ask)
            case _:
                return await self._carry_out(ask)

    async def _carry_out(self, ask: Command) -> Answer:
        """Carry out a command, and say that it is done or why it cannot be."""
        watch = self._watches[ask.sleeper]
        # What is over by now must not be lost where the command changes nothing.
        await self._apply(watch, watch.tick(self._now()))
        try:
            await self._apply(watch, self._change(watch, ask))
        except NothingToEndError as error:
            return Refusal(id=ask.id, error="nothing_to_end", message=str(error))
        except NothingToCalibrateError as error:
            return Refusal(id=ask.id, error="nothing_to_calibrate", message=str(error))
        return DoneResponse(id=ask.id)

    def _change(self, watch: SleeperMonitor, ask: Command) -> Change:
        match ask:
            case EndNightRequest():
                return watch.end_night()
            case ResetLabelsRequest():
                return watch.forget_labels()
            case PauseRequest():
                return watch.pause(self._now(), paused=ask.paused)
            case CalibrateRequest():
                return watch.calibrate(self._now())
            case SetRequest():
                return watch.sense(ask.sensitivity)

    async def _nights(self, ask: NightsRequest) -> Answer:
        limit = PAGE // 200
        since = ask.after or date.min
        if ask.last is not None:
            since = max(
                since,
                await asyncio.to_thread(self._journal.date_before_last, ask.sleeper, ask.last),
            )
        nights = await asyncio.to_thread(self._journal.nights, ask.sleeper, since, limit)
        more = len(nights) == limit
        # What the disk did not take yet is true all the same.
        waiting = [
            night for night in self._recorder.pending_nights(ask.sleeper) if night.date > since and not more
        ]
        together = {night.date: night for night in (*nights, *waiting)}
        # Those that wait are newer than what was counted back from.
        days = sorted(together)[0 if more or ask.last is None else -ask.last :]
        return nights_answer(ask, [together[day] for day in days], more=more)

    async def _events(self, ask: EventsRequest) -> Answer:
        limit = PAGE // 100
        dropped = await asyncio.to_thread(self._journal.events_dropped_at, ask.sleeper, ask.night)
        if dropped is not None:
            text = f"the events of {ask.night} were dropped on {to_utc(dropped):%Y-%m-%d}: see `keep` in limber.yaml"
            return Refusal(id=ask.id, error="forgotten", message=text)
        entries = await asyncio.to_thread(
            self._journal.entries, ask.sleeper, ask.night, ask.after, limit
        )
        messages = [(entry, event_message(entry.event, entry.night)) for entry in entries]
        said = self._watches[ask.sleeper].labels.said
        more = len(entries) == limit
        told = [
            (one.number, labelled(message, one.event, said))
            for one, message in messages
            if message is not None
        ]
        return events_answer(ask, told if more else [*told, *await self._reported(ask)], more=more)

    async def _reported(self, ask: EventsRequest) -> list[tuple[int, EventMessage]]:
        """Return the cramps of a night that only somebody told of, numbered: they come after all
        that was measured.
        """
        labels = self._watches[ask.sleeper].labels_of(ask.night)
        found = await asyncio.to_thread(self._journal.reported_cramps, ask.sleeper, labels)
        numbered = [(LATER + label.time, reported(label, ask.night)) for label in found]
        return [(number, message) for number, message in numbered if number > ask.after]

    async def _label(self, ask: LabelRequest) -> Answer:
        watch = self._watches[ask.sleeper]
        if (ahead := self._ahead(ask)) is not None:
            return ahead
        try:
            async with asyncio.timeout(PATIENCE):
                label = await asyncio.to_thread(self._labelled, watch, ask)
        except UnknownEventError as error:
            return Refusal(id=ask.id, error="unknown_event", message=str(error))
        await self._apply(watch, watch.label(label))
        return LabelResponse(id=ask.id, event=label.id)

    def _labelled(self, watch: SleeperMonitor, ask: LabelRequest) -> Label:
        """Return the label that a question asks for, by what the journal knows of the event or the
        moment.
        """
        if ask.event is not None:
            key = event_id(ask.event)
            return watch.labels.for_event(key, self._journal.event(watch.id, key), cramp=ask.cramp)
        moment = watch.time if ask.time is None else to_us(ask.time)
        nights = [
            self._journal.events(watch.id, night) for night in sorted(watch.nights_about(moment))
        ]
        return watch.labels.for_moment(
            moment, [event for night in nights for event in night], cramp=ask.cramp
        )

    async def _log(self, ask: LogRequest) -> Answer:
        watch = self._watches[ask.sleeper]
        now = self._now()
        if (ahead := self._ahead(ask)) is not None:
            return ahead
        factor = Factor(
            (watch.time or now) if ask.time is None else to_us(ask.time), ask.factor, ask.note
        )
        await self._apply(watch, watch.log(factor, now))
        return LogResponse(id=ask.id, event=identity(factor))

    def _ahead(self, ask: LabelRequest | LogRequest) -> Refusal | None:
        """Return why nothing can be said of a time; None if it can."""
        if ask.time is None or to_us(ask.time) <= self._now() + ROUNDED:
            return None
        mend = f"{ask.time.isoformat()} is still to come; write when it was"
        return Refusal(id=ask.id, error="time_ahead", message=mend)
