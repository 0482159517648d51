"""Answers the requests of clients.

No request stops the bridge or delays the detection: a disk that does not answer in time is reported
as an error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Final

from limber_bridge.daemon.changes import (
    Change,
    NothingToCalibrateError,
    NothingToEndError,
    PlayedRecordingError,
    factor_change,
)
from limber_bridge.daemon.cramp_labels import labels_of_night, nights_near
from limber_bridge.daemon.log_throttle import LogThrottle
from limber_bridge.daemon.mqtt_client import MqttClient
from limber_bridge.daemon.relay_requests import RelayHandler
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.cramp_thresholds import TIME_ROUNDING_US, Label, UnknownEventError
from limber_bridge.detection.events import Factor, event_id
from limber_bridge.domain.nights import to_us, to_utc
from limber_bridge.protocol.encoding import (
    PAGE_MAX_BYTES,
    REPORTED_NUMBER_OFFSET,
    MalformedMessageError,
    Topics,
    add_label,
    encode,
    encode_event,
    encode_reported_cramp,
    events_response,
    nights_response,
    parse_request,
    strip_phase,
)
from limber_bridge.protocol.messages import (
    BedRequest,
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
    RelayRequest,
    Request,
    ResetLabelsRequest,
    Response,
    SetRequest,
)
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_writer import JournalWriter

JOURNAL_TIMEOUT_S: Final = 5.0
"""Time that the journal has for an answer. Chosen: clients give up after about ten seconds."""
JOURNAL_UNREADABLE: Final = "journal_unreadable"
"""Error of a request that needs the journal while it cannot be read."""
NIGHT_BYTES: Final = 200
"""Least size of a night in a response: more than a page of such nights is not read."""
EVENT_BYTES: Final = 100
"""Least size of an event in a response."""

type JournalRequest = NightsRequest | EventsRequest | LabelRequest | LogRequest
"""Requests that read the journal or have a response of their own."""
type Apply = Callable[[SleeperMonitor, Change], Awaitable[None]]
"""Writes a change to the journal and publishes it."""


class RequestHandler:
    """Answer requests about the sleepers of a bridge."""

    def __init__(
        self,
        monitors: Mapping[str, SleeperMonitor],
        journal: Journal,
        writer: JournalWriter,
        now: Callable[[], int],
        apply: Apply,
        relay: RelayHandler,
    ) -> None:
        """Start; `apply` makes the changes that commands cause, `now` returns UTC in us."""
        self._relay = relay
        self._monitors = monitors
        self._now = now
        self._apply = apply
        self._history = HistoryReader(journal, writer, now)
        self._journal = journal

    async def answer(self, request: Request, arrived: int) -> Response:
        """Return the answer to a request, or why it is refused.

        `arrived`: when it was received, in us on the steady clock.
        """
        monitor = self._monitors.get(request.sleeper)
        if monitor is None:
            known = ", ".join(self._monitors)
            return Refusal(
                id=request.id,
                error="unknown_sleeper",
                message=f"no sleeper `{request.sleeper}`; use one of: {known}",
            )
        if isinstance(request, RelayRequest):
            return self._relay.answer(request, arrived)
        try:
            return await self._answer(monitor, request)
        except TimeoutError:
            text = (
                f"the disk of the bridge did not answer within {JOURNAL_TIMEOUT_S:g} s; "
                "try again later"
            )
        except JournalError as error:
            text = str(error)
        return Refusal(id=request.id, error=JOURNAL_UNREADABLE, message=text)

    async def _answer(self, monitor: SleeperMonitor, request: JournalRequest | Command) -> Response:
        match request:
            case NightsRequest():
                return await self._history.nights(request, monitor)
            case EventsRequest():
                return await self._history.events(monitor, request)
            case LabelRequest():
                return await self._label(monitor, request)
            case LogRequest():
                return await self._log_factor(monitor, request)
            case _:
                return await self._run_command(monitor, request)

    async def _run_command(self, monitor: SleeperMonitor, command: Command) -> Response:
        """Run a command; say that it is done, or why it cannot be."""
        # A night that is over by now is finished first, even if the command is refused.
        await self._apply(monitor, monitor.advance_to(self._now()))
        try:
            await self._apply(monitor, self._change(monitor, command))
        except NothingToEndError as error:
            return Refusal(id=command.id, error="nothing_to_end", message=str(error))
        except NothingToCalibrateError as error:
            return Refusal(id=command.id, error="nothing_to_calibrate", message=str(error))
        except PlayedRecordingError as error:
            return Refusal(id=command.id, error="played_recording", message=str(error))
        return DoneResponse(id=command.id)

    def _change(self, monitor: SleeperMonitor, command: Command) -> Change:
        match command:
            case EndNightRequest():
                return monitor.end_night()
            case ResetLabelsRequest():
                return monitor.reset_labels()
            case PauseRequest(paused=paused):
                return monitor.set_paused(self._now(), paused=paused)
            case CalibrateRequest():
                return monitor.calibrate(self._now())
            case SetRequest(sensitivity=sensitivity):
                return monitor.set_sensitivity(sensitivity)
            case BedRequest(in_bed=in_bed, since=since, time=sent):
                # The request has just arrived, so only how long it has been so counts.
                age = to_us(sent) - to_us(since)
                return monitor.add_bed_report(self._now(), age, in_bed=in_bed)

    async def _label(self, monitor: SleeperMonitor, request: LabelRequest) -> Response:
        """Add what a person says of a cramp."""
        refusal = self._refuse_future(request)
        if refusal is not None:
            return refusal
        try:
            async with asyncio.timeout(JOURNAL_TIMEOUT_S):
                label = await asyncio.to_thread(self._find_label, monitor, request)
        except UnknownEventError as error:
            return Refusal(id=request.id, error="unknown_event", message=str(error))
        await self._apply(monitor, monitor.add_label(label))
        return LabelResponse(id=request.id, event=label.id)

    def _find_label(self, monitor: SleeperMonitor, request: LabelRequest) -> Label:
        """Return the label of a request with the event or moment in the journal that it is about.

        Raises UnknownEventError and JournalError.
        """
        if request.event is not None:
            key = strip_phase(request.event)
            event = self._journal.event(monitor.id, key)
            return monitor.labels.for_event(key, event, cramp=request.cramp)
        moment = monitor.clock.time if request.time is None else to_us(request.time)
        events = [
            event
            for night in nights_near(monitor.calendar, moment)
            for event in self._journal.events(monitor.id, night)
        ]
        return monitor.labels.for_moment(moment, events, cramp=request.cramp)

    async def _log_factor(self, monitor: SleeperMonitor, request: LogRequest) -> Response:
        """Add what the sleeper did or took."""
        refusal = self._refuse_future(request)
        if refusal is not None:
            return refusal
        now = self._now()
        onset = (monitor.clock.time or now) if request.time is None else to_us(request.time)
        factor = Factor(onset, request.factor, request.note)
        await self._apply(monitor, factor_change(monitor.calendar, factor, now))
        return LogResponse(id=request.id, event=event_id(factor))

    def _refuse_future(self, request: LabelRequest | LogRequest) -> Refusal | None:
        """Return a refusal where the time of a request is in the future, else None."""
        # People give times in whole minutes.
        if request.time is None or to_us(request.time) <= self._now() + TIME_ROUNDING_US:
            return None
        text = f"`time` {request.time.isoformat()} is in the future; give the time when it happened"
        return Refusal(id=request.id, error="time_in_future", message=text)


class HistoryReader:
    """Answer requests for the nights and events in the journal, a page at a time."""

    def __init__(self, journal: Journal, writer: JournalWriter, now: Callable[[], int]) -> None:
        """Start; `writer` knows the nights that are not in the journal yet, `now` returns UTC."""
        self._now = now
        self._journal = journal
        self._writer = writer

    async def nights(self, request: NightsRequest, monitor: SleeperMonitor) -> Response:
        """Return a page of finished nights; TimeoutError, JournalError.

        Nights with the dates of a wrong clock are left out.
        """
        async with asyncio.timeout(JOURNAL_TIMEOUT_S):
            return await self._nights(request, monitor)

    async def events(self, monitor: SleeperMonitor, request: EventsRequest) -> Response:
        """Return a page of the events of a night; TimeoutError, JournalError."""
        async with asyncio.timeout(JOURNAL_TIMEOUT_S):
            return await self._events(monitor, request)

    async def _nights(self, request: NightsRequest, monitor: SleeperMonitor) -> Response:
        latest = monitor.latest_night(self._now())
        limit = PAGE_MAX_BYTES // NIGHT_BYTES
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
            waiting = self._writer.pending_nights(request.sleeper)
            by_date |= {night.date: night for night in waiting if since < night.date <= latest}
        dates = sorted(day for day, night in by_date.items() if monitor.counts(night))
        if request.last is not None and not more:
            # Waiting nights are newer than those from which the last ones were counted.
            dates = dates[-request.last :]
        return nights_response(request, [by_date[day] for day in dates], more=more)

    async def _events(self, monitor: SleeperMonitor, request: EventsRequest) -> Response:
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
            message = encode_event(entry.event, entry.night)
            if message is not None:
                numbered.append((entry.number, add_label(message, entry.event, said)))
        more = len(entries) == limit
        if not more:
            numbered += await self._reported_cramps(monitor, request)
        return events_response(request, numbered, more=more)

    async def _reported_cramps(
        self, monitor: SleeperMonitor, request: EventsRequest
    ) -> list[tuple[int, EventMessage]]:
        """Return the cramps of a night that a person reported and no sensor saw, numbered.

        Their numbers are higher than those of all measured events.
        """
        labels = labels_of_night(monitor.labels, monitor.calendar, request.night)
        found = await asyncio.to_thread(self._journal.reported_cramps, request.sleeper, labels)
        numbered = [
            (REPORTED_NUMBER_OFFSET + label.time, encode_reported_cramp(label, request.night))
            for label in found
        ]
        return [(number, message) for number, message in numbered if number > request.after]


class RequestResponder:
    """Parse requests and publish the answers."""

    def __init__(
        self, handler: RequestHandler, topics: Topics, mqtt: MqttClient, log: LogThrottle
    ) -> None:
        """Start; `log` receives requests that cannot be answered at all."""
        self._handler = handler
        self._topics = topics
        self._mqtt = mqtt
        self._log = log

    async def respond(self, payload: bytes, arrived: int) -> None:
        """Answer one request, received at `arrived` (us on the steady clock)."""
        try:
            reply_to, request = parse_request(payload, self._topics)
        except MalformedMessageError as error:
            self._log.warn(None, "malformed request", str(error))
            return
        if isinstance(request, Refusal):
            answer: Response = request
        else:
            answer = await self._handler.answer(request, arrived)
        if isinstance(answer, Refusal) and answer.error == JOURNAL_UNREADABLE:
            self._log.warn(None, JOURNAL_UNREADABLE, answer.message)
        self._mqtt.publish(reply_to, encode(answer), retain=False)
