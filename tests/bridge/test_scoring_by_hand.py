"""More cases for `limber rescore`, computed by hand from the rules in docs/science.md."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from limber_bridge.cli import main

type Marks = Sequence[tuple[float, float, str]]

SHORT = ("--short-interval-starts",)
AASM = ("--rules", "aasm")


def kicks(*onsets: float, side: str = "L") -> list[tuple[float, float, str]]:
    return [(onset, 2.0, side) for onset in onsets]


FIVE_PARTS = [
    (100.0, 0.6, "L"),
    (100.7, 0.6, "R"),
    (101.2, 0.6, "L"),
    (101.9, 0.6, "R"),
    (102.4, 0.6, "L"),
]
"""One bilateral movement of 3 s: while one leg rests for 0.6 s, the other one moves."""


def rescore(
    folder: Path, capsys: pytest.CaptureFixture[str], marks: Marks, *options: str
) -> dict[str, Any]:
    path = folder / "m.csv"
    path.write_text(
        "\n".join(
            [
                "onset,duration,side",
                *(f"{onset},{duration},{side}" for onset, duration, side in marks),
            ]
        )
    )
    assert main(["rescore", str(path), "--json", *options]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize(
    ("marks", "options", "candidates", "series"),
    [
        # A pause of less than 0.5 s on one leg does not end a movement.
        ([(100, 1, "L"), (101.49, 1, "L"), *kicks(130, 160, 190)], (), 4, [4]),
        ([(100, 1, "L"), (101.5, 1, "L"), *kicks(130, 160, 190, 220)], (), 6, [4]),
        ([(100, 1, "L"), (101.5, 1, "L"), *kicks(130, 160, 190, 220)], SHORT, 6, [5]),
        ([(100, 1, "L"), (101.5, 1, "L"), *kicks(130, 160, 190, 220)], AASM, 6, [5]),
        # Movements below 0.5 s are removed first, so two of them do not combine, however close.
        ([(100, 0.49, "L"), (100.69, 0.49, "L"), *kicks(130, 160, 190)], (), 3, []),
        # A movement of over 10 s on the other leg ends a series; AASM ignores it.
        ([*kicks(100, 130, 160), (172, 11, "R"), *kicks(190, 220, 250)], (), 6, []),
        ([*kicks(100, 130, 160), (172, 11, "R"), *kicks(190, 220, 250)], AASM, 6, [6]),
        # More than four parts are no CLM; within 10 s of its onset no series starts, unless that is
        # allowed.
        ([*FIVE_PARTS, *kicks(108, 138, 168, 198)], (), 4, []),
        ([*FIVE_PARTS, *kicks(108, 138, 168, 198)], SHORT, 4, [4]),
        ([*FIVE_PARTS, *kicks(110.1, 138, 168, 198)], (), 4, [4]),
        ([*FIVE_PARTS[:4], *kicks(130, 160, 190)], (), 4, [4]),
        # Under AASM a group has each leg once, and a short interval may start the next series.
        ([*FIVE_PARTS, *kicks(108, 138, 168, 198)], AASM, 7, [5]),
        # A bilateral movement lasts at most 15 s, limit included.
        ([(100, 10, "L"), (105, 10, "R"), *kicks(130, 160, 190)], (), 4, [4]),
        ([(100, 10, "L"), (105.01, 10, "R"), *kicks(130, 160, 190)], (), 3, []),
        # Bilateral: onsets less than 5 s apart; an interval of exactly 5 s continues the series.
        ([*kicks(100), *kicks(104.99, side="R"), *kicks(130, 160, 190)], AASM, 4, [4]),
        ([*kicks(100), *kicks(105, side="R"), *kicks(130, 160)], AASM, 4, [4]),
        # A movement of an unknown leg is not combined with another leg.
        ([(100, 2, ""), (101, 2, "L"), *kicks(131, 161, 191)], (), 5, []),
        # Intervals at the limits of 10 and 90 s, where floating point would be wrong.
        (kicks(0.07, 10.07, 20.07, 30.07), (), 4, [4]),
        (kicks(0.01, 90.01, 180.01, 270.01), (), 4, [4]),
        (kicks(0.07, 10.06, 20.06, 30.06), (), 4, []),
        (kicks(0.01, 90.02, 180.02, 270.02), (), 4, []),
        # The last movement of a night follows the same rules.
        ([*kicks(100, 130, 160), (190, 10.01, "L")], (), 3, []),
        ([*kicks(100, 130, 160), (190, 10, "L")], (), 4, [4]),
    ],
)
def test_candidates_and_series(
    marks: Marks,
    options: tuple[str, ...],
    candidates: int,
    series: list[int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = rescore(tmp_path, capsys, marks, *options)
    assert found["measures"]["candidates"] == candidates
    assert [one["movements"] for one in found["series"]] == series


@pytest.mark.parametrize(
    ("onset", "options", "periodic"),
    [
        (119.99, (), {"plms_index": 4, "plmw_index": 0}),
        (120.0, (), {"plms_index": 3, "plmw_index": 1}),
        (149.99, (), {"plms_index": 3, "plmw_index": 1}),
        (150.0, (), {"plms_index": 4, "plmw_index": 0}),
        (120.0, AASM, {"plms_index": 0}),
        (150.0, AASM, {"plms_index": 4}),
    ],
)
def test_a_movement_belongs_to_the_epoch_of_its_onset(
    onset: float,
    options: tuple[str, ...],
    periodic: dict[str, int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The fifth epoch, from 120 to 150 s, is wake."""
    rows = [f"{number},{'W' if number == 4 else 'N2'}" for number in range(12)]
    stages = tmp_path / "s.csv"
    stages.write_text("\n".join(["epoch,stage", *rows]))
    found = rescore(
        tmp_path, capsys, kicks(90, onset, 200, 230), "--stages", str(stages), *options
    )["measures"]
    hours = {"plms_index": 11 * 30 / 3600, "plmw_index": 30 / 3600}
    assert {key: round(found[key] * hours[key]) for key in periodic} == periodic


@pytest.mark.parametrize(
    ("marks", "event", "options", "left"),
    [
        # WASM: from 2.0 s before to 10.25 s after the end of an event; limits included.
        (kicks(70.25, 100.25, 130.25, 160.25), (50, 10), (), 0),
        (kicks(70.26, 100.26, 130.26, 160.26), (50, 10), (), 4),
        (kicks(56, 86, 116, 146), (50, 10), (), 0),
        (kicks(55.99, 85.99, 115.99, 145.99), (50, 10), (), 4),
        # AASM: from 0.5 s before to 0.5 s after the event.
        (kicks(60.5, 90, 120, 150), (50, 10), AASM, 0),
        (kicks(60.51, 90, 120, 150), (50, 10), AASM, 4),
        (kicks(47.5, 77, 107, 137), (50, 10), AASM, 0),
        (kicks(47.49, 77, 107, 137), (50, 10), AASM, 4),
        # The interval across the removed movements continues a series, or splits it.
        (kicks(100, 140, 180, 220, 260), (170, 10), (), 4),
        (kicks(100, 150, 200, 250, 300), (190, 10), (), 0),
        # A movement of over 10 s at an event is removed too, and does not end a series.
        ([*kicks(100, 130), (150, 11, "R"), *kicks(190, 220)], (140, 10), (), 4),
    ],
)
def test_respiratory_events(
    marks: Marks,
    event: tuple[float, float],
    options: tuple[str, ...],
    left: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = tmp_path / "r.csv"
    events.write_text(f"onset,duration\n{event[0]},{event[1]}\n")
    found = rescore(tmp_path, capsys, marks, "--respiratory", str(events), *options)
    assert found["measures"]["plm_nr"] == left
