"""Read the nights of personal trials, and compute what the trials have shown."""

from collections.abc import Iterable
from datetime import timedelta

from limber_bridge.domain.factor_effects import ComparedNight
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.trial import Trial, TrialStatus
from limber_bridge.domain.trial_result import TrialResult, trial_result
from limber_bridge.offline.report_nights import compared_nights, read_report_nights
from limber_bridge.storage.journal_reader import JournalReader


def trial_nights(
    record: JournalReader, sleeper: str, calendar: Calendar, trial: Trial
) -> list[ComparedNight]:
    """Return the nights of a trial that were measured; JournalError."""
    plan = trial.plan
    dates = [plan.start + timedelta(days=number) for number in range(len(plan.schedule))]
    return compared_nights(read_report_nights(record, sleeper, calendar, dates))


def trial_results(
    record: JournalReader, sleeper: str, calendar: Calendar, trials: Iterable[Trial]
) -> dict[str, TrialResult]:
    """Return what each trial that is over has shown, by its id; JournalError.

    It is computed from what the journal holds now, so that nights that are imported, revised or
    deleted later count as they are.
    """
    return {
        trial.id: trial_result(trial, trial_nights(record, sleeper, calendar, trial))
        for trial in trials
        if trial.status is not TrialStatus.RUNNING
    }
