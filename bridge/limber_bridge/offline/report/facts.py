"""Collect from the journal what a report shows."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.detection.scoring_input import candidate_intervals
from limber_bridge.detection.signal import SECOND, Floats, Sensor
from limber_bridge.domain.factor_effects import (
    MAX_NIGHTS,
    FactorEffect,
    compare_factors,
)
from limber_bridge.domain.nights import Calendar, Night
from limber_bridge.domain.trial_result import factor_on_trial
from limber_bridge.offline.night_coverage import score_stored
from limber_bridge.offline.report.trial_text import ReportTrial
from limber_bridge.offline.report_nights import ReportNight, compared_nights, read_report_nights
from limber_bridge.offline.trial_results import trial_results
from limber_bridge.storage.journal_reader import JournalReader

DEFAULT_NIGHTS: Final = 30
MAX_REPORT_NIGHTS: Final = 366
"""Nights of one report at most. chosen: a year; more bars are too thin on paper."""


class NoNightError(Exception):
    """The range has no finished night; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """Everything that a report shows."""

    sleeper: str
    """Name of the sleeper."""
    sensors: tuple[Sensor, ...]
    calendar: Calendar
    nights: tuple[ReportNight, ...]
    """Every date of the range, in order."""
    intervals: Floats
    """s from one candidate movement to the next one of the same night."""
    nights_with_intervals: int
    """Number of nights whose events are stored."""
    effects: tuple[FactorEffect, ...]
    """From the range and the nights before it, `compared_nights` altogether."""
    compared_nights: int
    trials: tuple[ReportTrial, ...] = ()
    """Those with nights in the range, the newest first."""

    @property
    def recorded(self) -> list[Night]:
        """The recorded nights, in order."""
        return [one.night for one in self.nights if one.night is not None]


@dataclass(frozen=True, slots=True)
class DateRange:
    """The dates of a report; None: not given."""

    nights: int | None = None
    first: date | None = None
    last: date | None = None


def collect_facts(
    config: Config, record: JournalReader, sleeper: Sleeper, wanted: DateRange
) -> ReportFacts:
    """Return what a report shows; NoNightError or JournalError."""
    first, last = resolve_range(record, sleeper, wanted)
    begin = min(first, last - timedelta(days=MAX_NIGHTS - 1))
    dates = [begin + timedelta(days=days) for days in range((last - begin).days + 1)]
    all_nights = read_report_nights(record, sleeper.id, config.calendar, dates)
    shown = tuple(one for one in all_nights if one.date >= first)
    if all(one.night is None for one in shown):
        raise NoNightError(
            f"no night of {sleeper.id} from {first} to {last} is finished; `limber nights` lists"
            " the stored nights"
        )
    intervals = [
        found for one in shown if (found := _intervals(config, record, sleeper, one)) is not None
    ]
    compared = compared_nights(all_nights)
    trials = record.trials(sleeper.id)
    on_trial = factor_on_trial(trials)
    return ReportFacts(
        sleeper=sleeper.name,
        sensors=tuple(one.sensor for one in sleeper.sensors),
        calendar=config.calendar,
        nights=shown,
        intervals=np.concatenate([np.zeros(0), *intervals]),
        nights_with_intervals=len(intervals),
        effects=tuple(
            effect
            for effect in compare_factors(compared, {one.date: one.factors for one in all_nights})
            if effect.factor != on_trial
        ),
        compared_nights=len(compared),
        trials=_report_trials(config, record, sleeper, (first, last)),
    )


def _report_trials(
    config: Config, record: JournalReader, sleeper: Sleeper, days: tuple[date, date]
) -> tuple[ReportTrial, ...]:
    """Return the trials with nights between two dates, the newest first; JournalError."""
    first, last = days
    trials = [
        trial
        for trial in reversed(record.trials(sleeper.id))
        if trial.plan.start <= last and trial.end >= max(first, trial.plan.start)
    ]
    results = trial_results(record, sleeper.id, config.calendar, trials)
    return tuple(ReportTrial(trial, results.get(trial.id)) for trial in trials)


def resolve_range(record: JournalReader, sleeper: Sleeper, wanted: DateRange) -> tuple[date, date]:
    """Return the first and last date of a report; NoNightError."""
    newest = record.last_night(sleeper.id)
    if newest is None:
        raise NoNightError(f"no night of {sleeper.id} is finished yet")
    last = wanted.last or newest.date
    oldest = record.stored_nights(sleeper.id)[0]
    if last < oldest:
        # Dates near the first one of the calendar have no year before them.
        raise NoNightError(f"no night up to {last} is stored; the oldest one is that of {oldest}")
    count = wanted.nights or DEFAULT_NIGHTS
    first = wanted.first or last - timedelta(days=count - 1)
    days = (last - first).days + 1
    if days < 1:
        raise NoNightError(f"--from {first} is after {last}; write an earlier date")
    if days > MAX_REPORT_NIGHTS:
        raise NoNightError(
            f"{first} to {last} is {days} nights; a report has at most {MAX_REPORT_NIGHTS}"
        )
    return first, last


def _intervals(
    config: Config, record: JournalReader, sleeper: Sleeper, one: ReportNight
) -> Floats | None:
    """Return the intervals (s) between the candidate movements of a night.

    None: its events are not stored.
    """
    if one.night is None or record.events_dropped_at(sleeper.id, one.date) is not None:
        return None
    events = record.events(sleeper.id, one.date)
    score = score_stored(config, record, sleeper, one.night, one.date, events)
    return np.array(candidate_intervals(score.scoring.movements, score.in_bed)) / SECOND
