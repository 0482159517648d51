"""Both sets of rules against hand-made scoring cases."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from limber_bridge.detection.events import UnilateralMovement
from limber_bridge.detection.rules import AASM, WASM_2016
from limber_bridge.detection.scoring import Scoring, score_movements
from limber_bridge.detection.signal import SECOND, Side
from limber_bridge.detection.spans import Span, is_in_spans

CASES = json.loads((Path(__file__).parents[1] / "data/scoring_cases.json").read_text())["cases"]
RULES = {
    "wasm-2016": WASM_2016,
    "wasm-2016 --short-interval-starts": replace(WASM_2016, short_interval_starts_series=True),
    "aasm": AASM,
}


def to_us(seconds: float) -> int:
    return round(seconds * SECOND)


def parts(case: dict[str, Any]) -> list[UnilateralMovement]:
    return [
        UnilateralMovement(
            Side(mark["side"]), to_us(mark["onset"]), to_us(mark["onset"] + mark["duration"])
        )
        for mark in case["movements"]
    ]


def asleep(case: dict[str, Any]) -> list[Span]:
    spans = []
    epoch = 0
    for stage, epochs in case["stages"]:
        if stage != "W":
            spans.append((epoch * 30 * SECOND, (epoch + epochs) * 30 * SECOND))
        epoch += epochs
    return spans


def figures(scoring: Scoring, sleep: list[Span]) -> dict[str, Any]:
    plms = sum(is_in_spans(movement.onset, sleep) for movement in scoring.periodic)
    return {
        "candidates": len(scoring.candidates),
        "plm": len(scoring.periodic),
        "plms": plms,
        "plmw": len(scoring.periodic) - plms,
        "series": [series.movements for series in scoring.series],
        "plm_onsets": [movement.onset / SECOND for movement in scoring.periodic],
    }


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case_has_the_expected_score(case: dict[str, Any], rules: str) -> None:
    expected = case["expected"][rules]
    without = expected.pop("without_respiratory", None)
    found = figures(score_movements(parts(case), RULES[rules], asleep=asleep(case)), asleep(case))
    assert {key: found[key] for key in expected} == expected
    if without is None:
        return
    events = [
        (to_us(one["onset"]), to_us(one["onset"] + one["duration"])) for one in case["respiratory"]
    ]
    found = figures(
        score_movements(parts(case), RULES[rules], asleep=asleep(case), respiratory=events),
        asleep(case),
    )
    assert {key: found[key] for key in without} == without


def test_all_cases_are_there() -> None:
    assert len(CASES) == 23
