"""The answers to the requests of clients.

A disk that does not answer in time is reported as an error.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from limber_bridge.daemon.change_limits import (
    TOO_MANY,
    ChangeRate,
    EntryCounts,
    TooManyError,
    check_factors,
    check_labels,
)
from limber_bridge.daemon.changes import (
    Change,
    NothingToCalibrateError,
    NothingToEndError,
    PlayedRecordingError,
    factor_change,
)
from limber_bridge.daemon.cramp_labels import labels_of_night, nights_near
from limber_bridge.daemon.diary_requests import said_entries
from limber_bridge.daemon.history_reader import (
    JOURNAL_TIMEOUT_S,
    HistoryReader,
    ReadableRecords,
)
from limber_bridge.daemon.relay_requests import RelayHandler
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.slow_answers import SlowAnswers
from limber_bridge.daemon.trial_requests import TrialHandler
from limber_bridge.detection.cramp_thresholds import TIME_ROUNDING_US, Label, UnknownEventError
from limber_bridge.detection.events import Factor, event_id
from limber_bridge.domain.nights import to_us
from limber_bridge.protocol.diary_messages import DiaryRequest, DiaryResponse
from limber_bridge.protocol.effect_messages import EffectsRequest
from limber_bridge.protocol.encoding import PAGE_MAX_BYTES, strip_phase
from limber_bridge.protocol.messages import (
    DoneResponse,
    LabelResponse,
    LogResponse,
    Refusal,
    Response,
)
from limber_bridge.protocol.report_messages import ReportRequest
from limber_bridge.protocol.request_messages import (
    BedRequest,
    CalibrateRequest,
    ChangeRequest,
    Command,
    EndNightRequest,
    EventsRequest,
    LabelRequest,
    LogRequest,
    NightsRequest,
    PauseRequest,
    ReadRequest,
    RelayRequest,
    Request,
    ResetLabelsRequest,
    SetRequest,
)
from limber_bridge.protocol.trend_messages import TrendRequest
from limber_bridge.protocol.trial_messages import (
    AnswerTrialRequest,
    StartTrialRequest,
    StopTrialRequest,
    TrialsRequest,
)
from limber_bridge.storage.journal_errors import JournalError

JOURNAL_UNREADABLE: Final = "journal_unreadable"
"""Error of a request that needs the journal while it cannot be read."""
SEED_BITS: Final = 48
"""Random bits from which the schedule of a trial is drawn."""

type Apply = Callable[[SleeperMonitor, Change], Awaitable[None]]
"""Writes a change to the journal and publishes it."""


class DetectionFailedError(Exception):
    """The detection failed while a request waited, not the answer to it.

    The night that was being finished is then no longer marked in memory, so only a new start of the
    bridge can finish it.
    """


class RequestHandler:
    """Answer requests about the sleepers of a bridge."""

    def __init__(
        self,
        monitors: Mapping[str, SleeperMonitor],
        records: ReadableRecords,
        now: Callable[[], int],
        apply: Apply,
        relay: RelayHandler,
    ) -> None:
        """Start; `apply` makes the changes that commands cause, `now` returns UTC in us."""
        self._relay = relay
        self._monitors = monitors
        self._now = now
        self._apply = apply
        self._history = HistoryReader(records, now)
        self._slow = SlowAnswers(records.config, now)
        self._journal = records.journal
        self._rate = ChangeRate()
        draw = partial(secrets.randbits, SEED_BITS)
        self._trials = TrialHandler(records.journal, now, apply, draw)

    def answer_relay(self, request: RelayRequest, arrived: int) -> Response:
        """Pass on what a client relays; return the answer.

        `arrived`: when it was received, in us on the steady clock.
        """
        monitor = self._monitors.get(request.sleeper)
        if monitor is None:
            return self._unknown_sleeper(request)
        return self._relay.answer(request, arrived)

    async def answer(
        self, request: ReadRequest | ChangeRequest, page_bytes: int = PAGE_MAX_BYTES
    ) -> Response:
        """Return the answer to a request, or why it is refused.

        A request that changes something may be answered only while nothing else uses the monitors.
        `page_bytes`: of a page of nights or events, at most. Raises DetectionFailedError.
        """
        monitor = self._monitors.get(request.sleeper)
        if monitor is None:
            return self._unknown_sleeper(request)
        try:
            return await self._answer(monitor, request, page_bytes)
        except TooManyError as error:
            return Refusal(id=request.id, error=TOO_MANY, message=str(error))
        except TimeoutError:
            text = (
                f"the disk of the bridge did not answer within {JOURNAL_TIMEOUT_S:g} s; "
                "try again later"
            )
        except JournalError as error:
            text = str(error)
        return Refusal(id=request.id, error=JOURNAL_UNREADABLE, message=text)

    def _unknown_sleeper(self, request: Request) -> Refusal:
        known = ", ".join(self._monitors)
        return Refusal(
            id=request.id,
            error="unknown_sleeper",
            message=f"no sleeper `{request.sleeper}`; use one of: {known}",
        )

    async def _answer(
        self, monitor: SleeperMonitor, request: ReadRequest | ChangeRequest, page_bytes: int
    ) -> Response:
        match request:
            case NightsRequest() | EventsRequest() | TrendRequest():
                return await self._history.answer(monitor, request, page_bytes)
            case EffectsRequest() | ReportRequest():
                return await self._slow.answer(monitor, request, page_bytes)
            case TrialsRequest():
                return await self._trials.all_trials(monitor, request, page_bytes)
            case _:
                self._rate.note(monitor.id, self._now())
                return await self._change_something(monitor, request)

    async def _change_something(self, monitor: SleeperMonitor, request: ChangeRequest) -> Response:
        match request:
            case LabelRequest():
                return await self._label(monitor, request)
            case LogRequest():
                return await self._log_factor(monitor, request)
            case DiaryRequest():
                return await self._note_in_diary(monitor, request)
            case StartTrialRequest() | StopTrialRequest() | AnswerTrialRequest():
                # A trial that is over by now is finished first.
                await self._advance(monitor)
                return await self._trials.change(monitor, request)
            case _:
                return await self._run_command(monitor, request)

    async def _run_command(self, monitor: SleeperMonitor, command: Command) -> Response:
        """Run a command; say that it is done, or why it cannot be."""
        # A night that is over by now is finished first, even if the command is refused.
        await self._advance(monitor)
        try:
            await self._apply(monitor, self._change(monitor, command))
        except NothingToEndError as error:
            return Refusal(id=command.id, error="nothing_to_end", message=str(error))
        except NothingToCalibrateError as error:
            return Refusal(id=command.id, error="nothing_to_calibrate", message=str(error))
        except PlayedRecordingError as error:
            return Refusal(id=command.id, error="played_recording", message=str(error))
        return DoneResponse(id=command.id)

    async def _advance(self, monitor: SleeperMonitor) -> None:
        """Let the time pass up to now."""
        try:
            change = monitor.advance_to(self._now())
        except Exception as error:
            # Whatever it was: a night that is over may no longer be marked as one to finish. Were
            # only the request refused, it would never be finished; a new start finds it again.
            raise DetectionFailedError(str(error)) from error
        await self._apply(monitor, change)

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
        self._check_labels(monitor, label)
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

    def _check_labels(self, monitor: SleeperMonitor, label: Label) -> None:
        """Raise TooManyError where a new label for a moment would be one too many."""
        known = {one.id for one in monitor.labels}
        # One for a detected cramp replaces any earlier one, and cramps are limited by nature.
        if label.event is not None or label.id in known:
            return
        night = monitor.calendar.night_of(label.time)
        of_night = len(labels_of_night(monitor.labels, monitor.calendar, night))
        check_labels(EntryCounts(of_night, len(known)))

    async def _log_factor(self, monitor: SleeperMonitor, request: LogRequest) -> Response:
        """Add what the sleeper did or took."""
        refusal = self._refuse_future(request)
        if refusal is not None:
            return refusal
        now = self._now()
        onset = (monitor.clock.time or now) if request.time is None else to_us(request.time)
        factor = Factor(onset, request.factor, request.note)
        async with asyncio.timeout(JOURNAL_TIMEOUT_S):
            factor, counts = await asyncio.to_thread(self._place_factor, monitor, factor)
        if counts is not None:
            check_factors(counts)
            await self._apply(monitor, factor_change(monitor.calendar, factor, now))
        return LogResponse(id=request.id, event=event_id(factor))

    async def _note_in_diary(self, monitor: SleeperMonitor, request: DiaryRequest) -> Response:
        """Note what the sleeper says of a night."""
        entries = said_entries(monitor, request, self._now())
        if isinstance(entries, Refusal):
            return entries
        await self._apply(monitor, monitor.add_to_diary(entries))
        return DiaryResponse(id=request.id, night=entries[-1].night, diary=entries[-1])

    def _place_factor(
        self, monitor: SleeperMonitor, factor: Factor
    ) -> tuple[Factor, EntryCounts | None]:
        """Return a factor at a time of its own, and how many there are; JournalError.

        None instead of the counts if it is there already, with the same note. Another note at the
        same time is something else, such as a second medicine; it gets the next free microsecond.
        """
        while (known := self._journal.event(monitor.id, event_id(factor))) is not None:
            if known == factor:
                return factor, None
            factor = replace(factor, onset=factor.onset + 1)
        night = monitor.calendar.night_of(factor.onset)
        return factor, EntryCounts(*self._journal.factor_counts(monitor.id, night))

    def _refuse_future(self, request: LabelRequest | LogRequest) -> Refusal | None:
        """Return a refusal where the time of a request is in the future, else None."""
        # People give times in whole minutes.
        if request.time is None or to_us(request.time) <= self._now() + TIME_ROUNDING_US:
            return None
        text = f"`time` {request.time.isoformat()} is in the future; give the time when it happened"
        return Refusal(id=request.id, error="time_in_future", message=text)
