"""The answers to requests about personal trials."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Final

from limber_bridge.daemon.changes import Change
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.sleeper_trials import ClockNotSetError
from limber_bridge.detection.events import Factor
from limber_bridge.domain.factor_effects import factor_name
from limber_bridge.domain.trial import (
    SLOW_FACTORS,
    NoTrialError,
    Trial,
    TrialError,
    TrialOptions,
    TrialRunningError,
)
from limber_bridge.offline.trial_results import trial_results
from limber_bridge.protocol.messages import DoneResponse, Refusal, Response
from limber_bridge.protocol.request_messages import TrialChange
from limber_bridge.protocol.trial_encoding import trials_response
from limber_bridge.protocol.trial_messages import (
    AnswerTrialRequest,
    StartTrialRequest,
    StopTrialRequest,
    TrialAnswerResponse,
    TrialResponse,
    TrialsRequest,
)
from limber_bridge.storage.journal import Journal

JOURNAL_TIMEOUT_S: Final = 5.0
"""Time that the journal has for an answer. Chosen: as for other requests."""
RESULTS_TIMEOUT_S: Final = 30.0
"""Time to compute the results of all trials. Chosen: some hundred trials; they are remembered."""

type Apply = Callable[[SleeperMonitor, Change], Awaitable[None]]


class TrialHandler:
    """Start, stop and answer the trials of sleepers."""

    def __init__(
        self,
        journal: Journal,
        now: Callable[[], int],
        apply: Apply,
        draw_seed: Callable[[], int],
    ) -> None:
        """Start; `now` returns UTC in us, `apply` writes and publishes a change."""
        self._journal = journal
        self._now = now
        self._apply = apply
        self._draw_seed = draw_seed

    async def change(self, monitor: SleeperMonitor, request: TrialChange) -> Response:
        """Carry out a request; TimeoutError, JournalError, TooManyError."""
        try:
            match request:
                case StartTrialRequest():
                    return await self._start(monitor, request)
                case StopTrialRequest():
                    await self._apply(monitor, monitor.trials.stop(monitor.time(self._now())))
                    return DoneResponse(id=request.id)
                case AnswerTrialRequest():
                    return await self._answer(monitor, request)
        except TrialError as error:
            return Refusal(id=request.id, error=error_code(error), message=str(error))

    async def all_trials(
        self, monitor: SleeperMonitor, request: TrialsRequest, page_bytes: int
    ) -> Response:
        """Return all trials, as far as they fit; TimeoutError, JournalError."""
        revision = monitor.trials.revision
        async with asyncio.timeout(RESULTS_TIMEOUT_S):
            results = await asyncio.to_thread(
                trial_results,
                self._journal,
                monitor.id,
                monitor.calendar,
                monitor.trials.without_result,
            )
        monitor.trials.add_results(results, revision)
        now = monitor.time(self._now())
        trials = [monitor.trials.encode(trial, now) for trial in reversed(monitor.trials.all)]
        return trials_response(request, trials, page_bytes)

    async def _start(self, monitor: SleeperMonitor, request: StartTrialRequest) -> Response:
        washout = request.washout_nights
        options = TrialOptions(
            factor=request.factor,
            name=None if request.name is None else " ".join(request.name.split()),
            weeks=request.weeks,
            outcome=request.outcome,
            washout_nights=SLOW_FACTORS.get(request.factor, 0) if washout is None else washout,
            early_look=request.early_look,
        )
        now = monitor.time(self._now())
        in_bed = bool(monitor.state(self._now()).in_bed)
        change = monitor.trials.start(options, now, self._draw_seed(), in_bed=in_bed)
        await self._apply(monitor, change)
        (trial,) = change.trials
        return TrialResponse(id=request.id, trial=monitor.trials.encode(trial, now))

    async def _answer(self, monitor: SleeperMonitor, request: AnswerTrialRequest) -> Response:
        now = monitor.time(self._now())
        trial = monitor.trials.running
        if trial is None:
            raise NoTrialError("no trial is running; start one first")
        night = monitor.trials.answered_night(trial, request.night, now)
        async with asyncio.timeout(JOURNAL_TIMEOUT_S):
            logged = await asyncio.to_thread(self._is_logged, monitor.id, trial, night)
        change, night = monitor.trials.answer(now, night, done=request.done, log=not logged)
        await self._apply(monitor, change)
        return TrialAnswerResponse(id=request.id, night=night)

    def _is_logged(self, sleeper: str, trial: Trial, night: date) -> bool:
        """Return whether the factor was logged for a night by other means; JournalError."""
        options = trial.plan.options
        answer = trial.answers.get(night)
        own = None if answer is None else answer.logged
        name = factor_name(Factor(0, options.factor, options.name))
        found = self._journal.factors(sleeper, night)
        return any(factor_name(one) == name and one.onset != own for one in found)


def error_code(error: TrialError) -> str:
    """Return the code under which an error is sent."""
    match error:
        case TrialRunningError():
            return "trial_running"
        case NoTrialError():
            return "no_trial"
        case ClockNotSetError():
            return "clock_not_set"
        case _:
            return "malformed"
