"""Say in a report what personal trials have shown, one line for each.

Words of cause are used only for a trial that was carried through as it was drawn.
"""

from dataclasses import dataclass
from typing import Final

from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.trial import HIGHER_IS_BETTER, Trial, TrialStatus
from limber_bridge.domain.trial_result import TrialResult, TrialVerdict, tail_of
from limber_bridge.offline.report.texts import Texts

MAX_TRIALS: Final = 4
"""Trials that fit on two pages; the newest are shown."""
NAME_LENGTH: Final = 40
"""Characters of a name that a person gave."""
SCALED_OUTCOMES: Final = frozenset(("evening_symptoms", "sleep_quality"))
"""Outcomes that the sleeper rates from 0 to 10."""


@dataclass(frozen=True, slots=True)
class ReportTrial:
    """A trial and what it has shown."""

    trial: Trial
    result: TrialResult | None
    """None: it is running."""


def trial_line(one: ReportTrial, texts: Texts) -> str:
    """Return what is said of a trial."""
    trial = one.trial
    options = trial.plan.options
    name = printable(options.name or texts.factor(options.factor), NAME_LENGTH)
    about = {
        "factor": name,
        "first": texts.full_date(trial.plan.start),
        "last": texts.full_date(trial.end),
    }
    if one.result is None:
        return texts("trial_running", **about)
    counts = {"with_it": one.result.nights_with, "without": one.result.nights_without}
    verdict = texts(verdict_key(trial, one.result))
    if one.result.verdict is TrialVerdict.TOO_FEW:
        return texts("trial_short", verdict=verdict, **about, **counts)
    line = texts(
        "trial_line",
        verdict=verdict,
        outcome=texts(f"outcome_{options.outcome}"),
        difference=difference_text(trial, one.result, texts),
        p=p_text(one.result, texts),
        answers=texts("trial_answers", followed=trial.followed, answered=len(trial.answers)),
        **about,
        **counts,
    )
    if one.result.at_early_look:
        line = f"{line} {texts('trial_early')}"
    return line


def verdict_key(trial: Trial, result: TrialResult) -> str:
    """Return the key of the words for a verdict."""
    if not result.decided:
        return f"trial_{result.verdict}"
    is_higher = result.verdict is TrialVerdict.HIGHER
    is_better = is_higher is (trial.plan.options.outcome in HIGHER_IS_BETTER)
    stopped = "_stopped" if trial.status is TrialStatus.STOPPED else ""
    return f"trial_{'better' if is_better else 'worse'}{stopped}"


def difference_text(trial: Trial, result: TrialResult, texts: Texts) -> str:
    """Return the difference with its interval, in the unit of the outcome."""
    effect, low, high = (
        figure_text(trial.plan.options.outcome, value, texts)
        for value in (result.effect, result.low, result.high)
    )
    level = texts.number(100 * (1 - 2 * tail_of(trial)), 0)
    return texts("trial_difference", effect=effect, low=low, high=high, level=level)


def figure_text(outcome: str, value: float | None, texts: Texts) -> str:
    """Return a difference with its sign and unit."""
    if value is None:
        return texts("unknown")
    if outcome == "sleep_h":
        return texts("trial_hours", value=signed(value, 1, texts))
    if outcome == "cramp":
        return texts("trial_points", value=signed(100 * value, 0, texts))
    if outcome in SCALED_OUTCOMES:
        return signed(value, 1, texts)
    return texts("difference_alone", effect=signed(100 * value, 0, texts))


def signed(value: float, decimals: int, texts: Texts) -> str:
    """Return a number with its sign."""
    sign = "\N{MINUS SIGN}" if value < 0 else "+"
    return f"{sign}{texts.number(abs(value), decimals)}"


def p_text(result: TrialResult, texts: Texts) -> str:
    """Return p as it is printed."""
    if result.p is None or result.p >= 0.001:
        return f"= {texts.number(result.p or 0.0, 3)}"
    return f"< {texts.number(0.001, 3)}"
