"""Finishes personal trials when their last night is over, and computes what they have shown.

Nothing is computed while a trial runs, but for the early look that was chosen at its start.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from limber_bridge.daemon.changes import Change
from limber_bridge.daemon.log_throttle import LogThrottle
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.domain.trial import Phase, Trial, TrialPhase
from limber_bridge.domain.trial_result import TrialResult
from limber_bridge.offline.trial_results import trial_results
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.journal_writer import JournalWriter

LOG: Final = logging.getLogger(__name__)

type Apply = Callable[[SleeperMonitor, Change], Awaitable[None]]


class TrialRunner:
    """Let the trials of all sleepers go on."""

    def __init__(
        self,
        monitors: Mapping[str, SleeperMonitor],
        journal: Journal,
        writer: JournalWriter,
        now: Callable[[], int],
        apply: Apply,
        log: LogThrottle,
    ) -> None:
        """Start; `now` returns UTC in us, `apply` writes and publishes a change."""
        self._log = log
        self._monitors = monitors
        self._journal = journal
        self._writer = writer
        self._now = now
        self._apply = apply

    async def process(self) -> None:
        """Finish the trials that are over by now, and compute results that are out of date.

        What the disk does not allow now is tried again with the next tick.
        """
        if not self._writer.status.healthy:
            return
        for monitor in self._monitors.values():
            await self._process(monitor)

    async def _process(self, monitor: SleeperMonitor) -> None:
        now = monitor.time(self._now())
        change = monitor.trials.reopen(now)
        if change:
            await self._apply(monitor, change)
        trial = monitor.trials.running
        if trial is not None and monitor.trials.look_is_due(now):
            trial = await self._look(monitor, trial, now)
        if trial is not None and monitor.trials.end_is_due(now):
            await self._finish(monitor, trial.finish(trial.plan.end), now)
        last = monitor.trials.last
        if last is not None and monitor.trials.result_is_due:
            result = await self._result(monitor, last)
            if result is not None:
                monitor.trials.add_results({last.id: result}, monitor.trials.revision)

    async def _look(self, monitor: SleeperMonitor, trial: Trial, now: int) -> Trial | None:
        """Take the early look; return the trial if it goes on."""
        looked = replace(trial, looked=True)
        early = looked.finish(trial.plan.half)
        result = await self._result(monitor, early)
        if result is None:
            return None
        if result.decided:
            await self._finish(monitor, early, now)
            return None
        await self._apply(monitor, monitor.trials.replace(looked))
        return looked

    async def _finish(self, monitor: SleeperMonitor, trial: Trial, now: int) -> None:
        """Finish a trial, with its result in the state that is published."""
        result = await self._result(monitor, trial)
        if result is None:
            return
        change = monitor.trials.replace(trial, TrialPhase(trial, Phase.FINISHED, now))
        monitor.trials.add_results({trial.id: result}, monitor.trials.revision)
        LOG.info("%s: the trial with %s has finished", monitor.id, trial.plan.options.factor)
        await self._apply(monitor, change)

    async def _result(self, monitor: SleeperMonitor, trial: Trial) -> TrialResult | None:
        """Return what a trial that is over has shown.

        None: the journal cannot be read, or what it holds has changed meanwhile, as by a deletion.
        The next tick tries again.
        """
        revision = monitor.trials.revision
        try:
            found = await asyncio.to_thread(
                trial_results, self._journal, monitor.id, monitor.calendar, (trial,)
            )
        except JournalError as error:
            self._log.warn(None, "trial", f"{monitor.id}: a trial has no result yet: {error}")
            return None
        return found[trial.id] if monitor.trials.revision == revision else None
