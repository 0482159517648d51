"""Describes a personal trial in words, in the language of the reader. Pure.

While a trial is running, only its plan is said, and nothing of what it has shown so far.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from .const import TRIAL_OUTCOMES, TRIAL_VERDICTS
from .limits import NAME_LENGTH, plain_text
from .summary_text import quote
from .wire_state import State
from .wire_trials import RunningTrial, Trial
from .words import Words


def describe_trials(words: Words, state: State) -> str:
    """Describe the running trial, or what the last one has shown."""
    if state.trial is not None:
        return " ".join(_about_plan(words, state.trial))
    if state.last_trial is not None:
        return " ".join(_about_result(words, state.last_trial))
    return words["trial_none"]


def name_trial(words: Words, trial: RunningTrial | Trial) -> str:
    """Return what is tried."""
    if trial.name is not None:
        return plain_text(trial.name, NAME_LENGTH)
    return words.get(trial.factor) or plain_text(trial.factor, NAME_LENGTH)


def diary_and_trial_as_json(state: State | None) -> dict[str, Any]:
    """Return the diary and the trials of a state as JSON; texts that people typed are quoted."""
    if state is None:
        return {"diary": None, "trial": None, "last_trial": None}
    return {
        "diary": None if state.diary is None else as_json(asdict(state.diary)),
        "trial": None if state.trial is None else trial_as_json(state.trial),
        "last_trial": None if state.last_trial is None else trial_as_json(state.last_trial),
    }


def trial_as_json(trial: RunningTrial | Trial) -> dict[str, Any]:
    """Return a trial as JSON."""
    return as_json(asdict(trial)) | {"name": trial.name and quote(trial.name)}


def as_json(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its dates as texts."""
    converted: dict[str, Any] = {}
    for key, value in record.items():
        match value:
            case dict():
                converted[key] = as_json(value)
            case date():
                converted[key] = value.isoformat()
            case _:
                converted[key] = value
    return converted


def _about_plan(words: Words, trial: RunningTrial) -> Iterator[str]:
    name = name_trial(words, trial)
    if trial.tonight is None or trial.night_number is None:
        yield words["trial_future"].format(factor=name, date=words.date(trial.start))
    else:
        yield words["trial_tonight"].format(
            factor=name,
            night=trial.night_number,
            nights=trial.nights,
            plan=words[f"plan_{trial.tonight}"],
        )
    if trial.question is not None:
        yield words["trial_open"].format(date=words.date(trial.question))


def _about_result(words: Words, trial: Trial) -> Iterator[str]:
    verdict = "too_few" if trial.result is None else trial.result.verdict
    if verdict in TRIAL_VERDICTS and trial.outcome in TRIAL_OUTCOMES:
        yield words["trial_ended"].format(
            factor=name_trial(words, trial),
            outcome=words[f"outcome_{trial.outcome}"],
            verdict=words[f"verdict_{verdict}"],
        )
    yield words["trial_none"]
