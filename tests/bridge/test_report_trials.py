"""What a report says of personal trials, in every language."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from limber_bridge.config.loader import load_config
from limber_bridge.detection.events import FactorKind
from limber_bridge.domain.trial import Trial, TrialAnswer, TrialOptions
from limber_bridge.domain.trial_result import TrialResult, TrialVerdict
from limber_bridge.domain.trial_schedule import draw_plan
from limber_bridge.offline.effects import EffectsCache
from limber_bridge.offline.report.texts import LANGUAGES, load_texts
from limber_bridge.offline.report.trial_text import ReportTrial, trial_line
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from tests.bridge.test_report import LAST, fill, pages, run

START = LAST - timedelta(days=27)
RESULT = TrialResult(
    verdict=TrialVerdict.LOWER,
    effect=-0.31,
    low=-0.45,
    high=-0.12,
    p=0.004,
    nights_with=13,
    nights_without=12,
)


def trial(outcome: str = "plm_index", *, early_look: bool = False, weeks: int = 4) -> Trial:
    options = TrialOptions(
        factor=FactorKind.STRETCHING,
        weeks=weeks,
        outcome=outcome,
        washout_nights=0,
        early_look=early_look,
    )
    plan = draw_plan("trial-1", options, START, 5)
    return Trial(plan=plan, answers={START: TrialAnswer(done=True)})


def said(one: Trial, result: TrialResult | None, language: str = "en") -> str:
    line = trial_line(ReportTrial(one, result), load_texts(language))
    return line.replace("\N{MINUS SIGN}", "-")


def test_a_trial_that_helped_is_one_line_with_all_figures() -> None:
    line = said(trial().finish(LAST), RESULT)
    assert line.startswith("Stretching, 26 Oct 2026 to 22 Nov 2026: it probably helped. PLM per")
    assert "-31 % (92 % interval: -45 % to -12 %); one-sided p = 0.004" in line
    assert "nights with it: 13, without: 12." in line


@pytest.mark.parametrize(
    ("outcome", "verdict", "expected"),
    [
        ("plm_index", TrialVerdict.LOWER, "it probably helped"),
        ("plm_index", TrialVerdict.HIGHER, "it probably made things worse"),
        ("evening_symptoms", TrialVerdict.LOWER, "it probably helped"),
        ("sleep_h", TrialVerdict.HIGHER, "it probably helped"),
        ("sleep_quality", TrialVerdict.LOWER, "it probably made things worse"),
        ("cramp", TrialVerdict.NO_DIFFERENCE, "no difference was shown"),
    ],
)
def test_more_sleep_and_less_of_the_rest_helps(
    outcome: str, verdict: TrialVerdict, expected: str
) -> None:
    assert expected in said(trial(outcome).finish(LAST), replace(RESULT, verdict=verdict))


def test_a_stopped_trial_proves_nothing() -> None:
    line = said(trial().stop(LAST - timedelta(days=5)), RESULT)
    assert "stopped before its end, so this is no proof" in line
    assert "helped" not in line


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("cramp", "-31 percentage points (92 % interval: -45 percentage points"),
        ("sleep_h", "-0.3 h (92 % interval"),
        ("sleep_quality", "-0.3 (92 % interval"),
    ],
)
def test_differences_have_their_unit(outcome: str, expected: str) -> None:
    assert expected in said(trial(outcome).finish(LAST), RESULT)


def test_the_interval_fits_the_error_that_was_allowed() -> None:
    six = trial(early_look=True, weeks=6)
    assert "94 % interval" in said(six.finish(six.plan.end), RESULT)
    early = said(six.finish(six.plan.half), replace(RESULT, at_early_look=True))
    assert "98 % interval" in early
    assert "The trial ended halfway" in early


def test_a_running_trial_and_one_with_too_few_nights_show_no_figure() -> None:
    assert "shows nothing before its end" in said(trial(), None)
    few = replace(RESULT, verdict=TrialVerdict.TOO_FEW)
    assert said(trial().finish(LAST), few).endswith("(nights with it: 13, without: 12).")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", TrialVerdict)
def test_every_language_has_every_text(language: str, verdict: TrialVerdict) -> None:
    for one in (trial().finish(LAST), trial().stop(LAST), trial()):
        result = None if one.last_night is None else replace(RESULT, verdict=verdict)
        assert "{" not in said(one, result, language)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_report_has_its_trials_on_two_pages(tmp_path: Path, language: str) -> None:
    fill(tmp_path)
    older = replace(trial(), plan=replace(trial().plan, id="trial-0", start=date(2026, 1, 1)))
    with Journal(tmp_path / "limber.db") as journal:
        found = (trial().finish(LAST), older.finish(older.plan.end))
        journal.write([JournalBatch("anna", trials=found)])
    assert run(tmp_path, "--language", language) == 0
    shown = pages(tmp_path / "report.pdf")
    assert len(shown) == 2
    assert load_texts(language)("trials") in shown[1]
    assert "2026" in shown[1]
    assert "Jan 2026" not in shown[1]


def test_a_factor_on_trial_is_not_compared_meanwhile(tmp_path: Path) -> None:
    fill(tmp_path)
    assert run(tmp_path) == 0
    assert "Stretching" in pages(tmp_path / "report.pdf")[1]
    with Journal(tmp_path / "limber.db") as journal:
        journal.write([JournalBatch("anna", trials=(trial(weeks=8),))])
    assert run(tmp_path) == 0
    (line,) = [
        part for part in pages(tmp_path / "report.pdf")[1].split("•") if "Stretching" in part
    ]
    assert "a trial is running" in line


def test_the_effects_of_a_factor_on_trial_are_hidden_until_the_end(tmp_path: Path) -> None:
    fill(tmp_path)
    config = load_config(tmp_path / "limber.yaml")
    cache = EffectsCache()
    names = {one.factor for one in cache.read(config, "anna", LAST).effects}
    assert "stretching" in names
    for one, shown in ((trial(weeks=8), names - {"stretching"}), (trial().finish(LAST), names)):
        with Journal(tmp_path / "limber.db") as journal:
            journal.write([JournalBatch("anna", trials=(one,))])
        assert {found.factor for found in cache.read(config, "anna", LAST).effects} == shown
