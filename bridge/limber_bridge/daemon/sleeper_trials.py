"""The personal trials of one sleeper: started, answered, stopped and finished.

Like the monitor that holds it, this reads no clock, no file and no network.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from limber_bridge.daemon.change_limits import TooManyError
from limber_bridge.daemon.changes import Change, FiledEvent
from limber_bridge.detection.events import Factor, event_id
from limber_bridge.detection.signal import HOUR
from limber_bridge.domain.nights import EARLIEST_NIGHT, Calendar, to_us
from limber_bridge.domain.trial import (
    NoTrialError,
    Phase,
    Trial,
    TrialAnswer,
    TrialError,
    TrialOptions,
    TrialPhase,
    TrialRunningError,
    TrialStatus,
)
from limber_bridge.domain.trial_result import TrialResult
from limber_bridge.domain.trial_schedule import draw_plan
from limber_bridge.protocol.trial_encoding import encode_tonight, encode_trial
from limber_bridge.protocol.trial_messages import (
    TonightTrial,
    TrialMessage,
)

TRIALS_MAX: Final = 200
"""Trials of a sleeper. Chosen: one of two weeks after the other for almost eight years."""
MIDDLE_OF_NIGHT_US: Final = 12 * HOUR
"""Before that, a night is still to come; after it, it is the last one."""
EVENING: Final = time(21)
"""When a factor of a past evening is taken to have happened. Chosen: in the evening."""


class ClockNotSetError(TrialError):
    """The clock shows a date on which no night can be."""


class SleeperTrials:
    """Hold the trials of one sleeper; at most one of them is running."""

    def __init__(self, trials: Iterable[Trial], calendar: Calendar) -> None:
        """Start with what the journal holds, in order of the start."""
        self._calendar = calendar
        self._trials = {trial.id: trial for trial in trials}
        self._results: dict[str, TrialResult] = {}
        self.revision = 0
        """Rises with everything that may change a result."""
        self.result_is_due = self.last is not None
        """Whether the result of the newest trial that is over has to be computed again."""

    def __len__(self) -> int:
        return len(self._trials)

    @property
    def all(self) -> tuple[Trial, ...]:
        """All trials, in order of their start."""
        return tuple(self._trials.values())

    @property
    def running(self) -> Trial | None:
        """The trial that is running."""
        return next((one for one in self.all if one.status is TrialStatus.RUNNING), None)

    @property
    def last(self) -> Trial | None:
        """The newest trial that is over."""
        over = (one for one in reversed(self.all) if one.status is not TrialStatus.RUNNING)
        return next(over, None)

    def encode_running(self, now: int) -> TonightTrial | None:
        """Return the trial that is running as a part of the state."""
        trial = self.running
        if trial is None:
            return None
        return encode_tonight(trial, self._calendar.night_of(now), self.last_over(now))

    def encode_last(self, now: int) -> TrialMessage | None:
        """Return the newest trial that is over as a part of the state."""
        if self.last is None:
            return None
        return self.encode(self.last, now)

    def encode(self, trial: Trial, now: int) -> TrialMessage:
        """Return a trial as it is published, with its result as far as that has been computed."""
        return encode_trial(trial, self._calendar.night_of(now), self._results.get(trial.id))

    @property
    def without_result(self) -> tuple[Trial, ...]:
        """The trials that are over and whose result has not been computed."""
        return tuple(
            one
            for one in self.all
            if one.status is not TrialStatus.RUNNING and one.id not in self._results
        )

    def add_results(self, results: Mapping[str, TrialResult], revision: int) -> None:
        """Add what trials that are over have shown, by their ids.

        `revision`: from before they were computed; they are dropped if it has risen since.
        """
        if revision != self.revision:
            return
        self._results |= results
        if self.last is None or self.last.id in results:
            self.result_is_due = False

    def note_change(self) -> None:
        """Note that nights, or what is said of them, have changed, so that results may differ.

        The one that is published stays until it is computed again.
        """
        last = self.last
        self.revision += 1
        self._results = {
            id_: result
            for id_, result in self._results.items()
            if last is not None and id_ == last.id
        }
        self.result_is_due = last is not None

    def look_is_due(self, now: int) -> bool:
        """Return whether the early look of the trial that is running is to be taken."""
        trial = self.running
        if trial is None or trial.looked or not trial.plan.options.early_look:
            return False
        return now >= self._calendar.end(trial.plan.half)

    def end_is_due(self, now: int) -> bool:
        """Return whether the last night of the trial that is running is over."""
        trial = self.running
        return trial is not None and now >= self._calendar.end(trial.plan.end)

    def reopen(self, now: int) -> Change:
        """Let a trial go on that ended because the clock was ahead; its plan has not changed."""
        trial = self.last
        if trial is None or trial.status is not TrialStatus.FINISHED or self.running is not None:
            return Change()
        begin = self._calendar.begin(trial.plan.start)
        if not begin <= now < self._calendar.end(trial.end):
            return Change()
        looked = trial.looked and now >= self._calendar.end(trial.plan.half)
        return self._changed(replace(trial, last_night=None, looked=looked))

    def start(self, options: TrialOptions, now: int, seed: int, *, in_bed: bool) -> Change:
        """Draw a trial that begins with the next night; TrialError, TooManyError.

        `in_bed`: whether the sleeper is in bed already, so that tonight is not the next night.
        """
        if self.running is not None:
            raise TrialRunningError("a trial is running; wait for its end, or stop it first")
        if len(self) >= TRIALS_MAX:
            raise TooManyError(f"{len(self)} trials are stored already, which is the most")
        if options.early_look and options.washout_nights:
            # Half of so few periods can be drawn in too few ways to show anything.
            raise TrialError(
                "an early look finds nothing in a trial with wash-out nights; choose one of them"
            )
        tonight = self._checked_tonight(now)
        start = self.last_over(now) + timedelta(days=1)
        if in_bed and start == tonight:
            start += timedelta(days=1)
        trial = Trial(plan=draw_plan(f"trial-{now}", options, start, seed))
        return self._changed(trial, TrialPhase(trial, Phase.STARTED, now))

    def stop(self, now: int) -> Change:
        """Stop the trial that is running; NoTrialError, ClockNotSetError."""
        running = self._require_running()
        # Else all of its nights would be after the last one.
        self._checked_tonight(now)
        trial = running.stop(self.last_over(now))
        return self._changed(trial, TrialPhase(trial, Phase.STOPPED, now))

    def answer(self, now: int, night: date | None, *, done: bool, log: bool) -> tuple[Change, date]:
        """Note what was done in the evening before a night; TrialError.

        `night`: None for the oldest one without an answer; see `Trial.answered_night`. `log`:
        whether what was done is logged as a factor, which it may be already.
        """
        trial = self._require_running()
        meant = self.answered_night(trial, night, now)
        before = trial.answers.get(meant)
        onset = None if before is None else before.logged
        if done and log and onset is None:
            onset = self._onset(meant, now)
        change = self._changed(trial.answer(meant, TrialAnswer(done, onset)))
        if onset is None:
            return change, meant
        factor = Factor(onset, trial.plan.options.factor, trial.plan.options.name)
        if not done:
            return replace(change, withdrawn=(event_id(factor),)), meant
        live = meant == self._calendar.night_of(now)
        return replace(change, events=(FiledEvent(meant, factor, live, now),)), meant

    def answered_night(self, trial: Trial, night: date | None, now: int) -> date:
        """Return the night that an answer is about; see `Trial.answered_night`."""
        return trial.answered_night(night, self.last_over(now), self._calendar.night_of(now))

    def last_over(self, now: int) -> date:
        """Return the date of the last night whose middle is over."""
        return self._calendar.night_of(now - MIDDLE_OF_NIGHT_US)

    def replace(self, trial: Trial, *phases: TrialPhase) -> Change:
        """Take over a trial that has changed."""
        return self._changed(trial, *phases)

    def forget(self, night: date | None) -> None:
        """Forget what was said about a night; None: all trials. The journal forgets it as well."""
        self.revision += 1
        if night is None:
            self._trials.clear()
            self._results.clear()
            self.result_is_due = False
            return
        for trial in self.all:
            self._trials[trial.id] = trial.without_night(night)

    def _require_running(self) -> Trial:
        trial = self.running
        if trial is None:
            raise NoTrialError("no trial is running; start one first")
        return trial

    def _checked_tonight(self, now: int) -> date:
        tonight = self._calendar.night_of(now)
        if tonight < EARLIEST_NIGHT:
            raise ClockNotSetError(
                f"tonight would be {tonight}; set the clock of the machine on which the bridge runs"
            )
        return tonight

    def _changed(self, trial: Trial, *phases: TrialPhase) -> Change:
        self._trials[trial.id] = trial
        self.revision += 1
        self._results.pop(trial.id, None)
        if trial.status is not TrialStatus.RUNNING:
            self.result_is_due = True
        return Change(trials=(trial,), trial_phases=phases)

    def _onset(self, night: date, now: int) -> int:
        """Return when (us) something happened that was done in the evening before a night."""
        if night == self._calendar.night_of(now):
            return now
        evening = datetime.combine(night - timedelta(days=1), EVENING, self._calendar.zone)
        begin = self._calendar.begin(night)
        return min(max(to_us(evening), begin), self._calendar.end(night) - 1)
