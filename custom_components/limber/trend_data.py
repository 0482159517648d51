"""Many nights as the cards draw them, in as few characters as possible. Pure.

frontend/src/types.ts has the same description for the cards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, timedelta, tzinfo
from typing import Any, Final

from .limits import NAME_LENGTH, plain_text
from .wire_diary import Diary, FactorEffect, TrendNight
from .wire_nights import Measures, Night
from .wire_trials import RunningTrial, Trial

HOUR: Final = timedelta(hours=1)
OTHER: Final = "other"
"""Kind of a factor whose note says what it is."""
MEASURES: Final[Mapping[str, int]] = {
    "plm_index": 1,
    "plms_index": 1,
    "movement_index": 1,
    "movements": 0,
    "plm": 0,
    "periodicity_index": 2,
    "sleep_h": 4,
    "time_in_bed_h": 4,
}
"""Those that a card shows, with their decimals."""


def describe_nights(
    nights: Mapping[date, Night],
    trend: Mapping[date, TrendNight],
    since: date,
    zone: tzinfo,
    trial: RunningTrial | None = None,
) -> list[dict[str, Any]]:
    """Return the nights from a date on of which anything is known, oldest first.

    `zone`: of the bridge, whose clock hours the movements are counted by. `trial`: what was logged
    for it is left out, as it would show beside the measures what the trial is to find out.
    """
    dates = sorted(day for day in {*nights, *trend} if day >= since)
    return [describe_night(day, nights.get(day), trend.get(day), zone, trial) for day in dates]


def describe_night(
    day: date,
    night: Night | None,
    entry: TrendNight | None,
    zone: tzinfo,
    trial: RunningTrial | None = None,
) -> dict[str, Any]:
    """Return a row; what is not known is null."""
    tried = None if trial is None or day < trial.start else factor_name(trial.factor, trial.name)
    hours_start = None if entry is None else entry.hours_start
    return {
        "n": day.isoformat(),
        "m": None if night is None else describe_measures(night.measures),
        "h0": None if hours_start is None else hours_start.astimezone(zone).hour,
        "h": [] if entry is None else movements_by_clock_hour(entry, zone),
        "c": count_cramps(night, entry),
        "f": [] if entry is None else describe_factors(entry, tried),
        "d": None if entry is None else describe_answers(entry.diary),
        "t": None if entry is None or entry.trial is None else entry.trial.assigned,
    }


def describe_factors(entry: TrendNight, tried: str | None) -> list[str]:
    """Return what was logged for a night, each once, without what is tried."""
    names = dict.fromkeys(factor_name(one.factor, one.note) for one in entry.factors)
    return [plain_text(name, NAME_LENGTH) for name in names if name != tried]


def factor_name(factor: str, name: str | None) -> str:
    """Return what a factor is compared under: its kind, or the name a person gave another one.

    `name`: of a trial, or the note of what was logged.
    """
    return " ".join(name.split()).casefold() if factor == OTHER and name else factor


def movements_by_clock_hour(entry: TrendNight, zone: tzinfo) -> list[int | None]:
    """Return movements by clock hour: each of them once, also where the clocks change.

    An hour that is skipped is null; of one that comes twice, the mean says how many there were in
    an hour.
    """
    counts = entry.movements_by_hour
    if entry.hours_start is None:
        return list(counts)
    first = entry.hours_start.astimezone(zone)
    found: dict[int, list[int | None]] = {}
    for index, count in enumerate(counts):
        local = (entry.hours_start + index * HOUR).astimezone(zone)
        # Wall time: both are without their offset.
        passed = local.replace(tzinfo=None) - first.replace(tzinfo=None)
        found.setdefault(round(passed / HOUR), []).append(count)
    return [mean_count(found.get(hour, ())) for hour in range(max(found, default=-1) + 1)]


def mean_count(counts: Iterable[int | None]) -> int | None:
    """Return the mean of what was counted; None: nothing was."""
    known = [count for count in counts if count is not None]
    return round(sum(known) / len(known)) if known else None


def describe_measures(measures: Measures) -> dict[str, float | None] | None:
    """Return the measures that are shown; None: none of them could be measured."""
    values = asdict(measures)
    shown = {
        name: value if value is None else round(value, decimals)
        for name, decimals in MEASURES.items()
        for value in (values.get(name),)
    }
    return shown if any(value is not None for value in shown.values()) else None


def count_cramps(night: Night | None, entry: TrendNight | None) -> int | None:
    """Return how many cramps there were, without those that the sleeper rejected.

    None: no sensor could find any, and none was reported.
    """
    counted = None if night is None else night.measures.cramps
    if entry is None or (entry.hours_start is None and not entry.cramps):
        # The events were deleted, or an older bridge does not send them.
        return counted
    real = sum(cramp.label is not False for cramp in entry.cramps)
    return real if real or counted is not None else None


def describe_answers(diary: Diary | None) -> list[int | None] | None:
    """Return evening symptoms, sleep quality, cramp (0 or 1) and pain; None: nothing answered."""
    if diary is None:
        return None
    cramp = None if diary.cramp is None else int(diary.cramp)
    answers = [diary.evening_symptoms, diary.sleep_quality, cramp, diary.cramp_pain]
    return answers if any(one is not None for one in answers) else None


def describe_trial(trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON."""
    dates = {"start": trial.start, "end": trial.end, "stopped": trial.stopped}
    texts = {key: day and day.isoformat() for key, day in dates.items()}
    return asdict(trial) | texts


def describe_effect(effect: FactorEffect) -> dict[str, Any]:
    """Return how nights with and without a factor differ, as JSON."""
    return asdict(effect)
