"""A recording of several nights is scored night by night."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from limber_bridge.cli import main
from limber_bridge.offline.detect import recording_between
from limber_bridge.recordings import read_recording

RATE: Final = 25
NIGHT_S: Final = 3000
FIRST_EVENING_S: Final = 1_795_215_600
"""2026-11-20 at 23:00 UTC, midnight in Berlin."""


def write_nights(
    path: Path, *, origin: float = FIRST_EVENING_S, nights: tuple[int, ...] = (0, 1, 2)
) -> None:
    """Write nights of 50 minutes in bed; by day nothing was recorded."""
    rng = np.random.default_rng(5)
    times = np.arange(NIGHT_S * RATE) / RATE
    rows = []
    for night in nights:
        every_s = 30 + 10 * night
        kick = 0.3 * np.sin(2 * np.pi * 5 * times) * ((times % every_s) < 1.6) * (times > 300)
        signal = np.array([[0.95], [0.1], [0.25]]) + kick + rng.normal(0, 0.003, (3, len(times)))
        rows.append(np.vstack([times + origin + night * 86_400, signal]))
    table = np.concatenate(rows, axis=1).T
    np.savetxt(
        path, table, fmt=["%.3f", *["%.4f"] * 3], delimiter=",", header="time,x,y,z", comments=""
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nights") / "week.csv"
    write_nights(path)
    return path


def score(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[list[dict[str, Any]], str]:
    """Return the JSON objects that `limber score --json` writes, and what it says on stderr."""
    assert main(["score", "--json", *map(str, args)]) == 0
    captured = capsys.readouterr()
    return [json.loads(line) for line in captured.out.splitlines()], captured.err


def test_each_night_is_an_object_of_its_own(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nights, _ = score(capsys, recorded, "--time-zone", "Europe/Berlin")
    assert [night["night"] for night in nights] == ["2026-11-21", "2026-11-22", "2026-11-23"]
    assert [night["start"] for night in nights] == [
        "2026-11-20T23:00:00Z",
        "2026-11-21T11:00:00Z",
        "2026-11-22T11:00:00Z",
    ]
    counts = [night["measures"]["movements"] for night in nights]
    assert counts == [pytest.approx(count, abs=2) for count in (90, 68, 54)]
    # All times of a night count from its own first moment.
    first = nights[0]["movements"][0]["onset"]
    assert 295 < first < 340
    assert sum(night["duration"] for night in nights) == pytest.approx(2 * 86_400 + NIGHT_S, abs=1)


def test_a_night_scored_with_others_is_the_night_scored_alone(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = recorded.read_text().splitlines()
    alone = tmp_path / "alone.csv"
    alone.write_text("\n".join(rows[: NIGHT_S * RATE + 1]))
    (one,), _ = score(capsys, alone)
    nights, _ = score(capsys, recorded, "--time-zone", "Europe/Berlin")
    assert [(move["onset"], move["duration"], move["peak"]) for move in nights[0]["movements"]] == [
        (move["onset"], move["duration"], move["peak"]) for move in one["movements"]
    ]


def test_a_night_without_a_sample_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_nights(tmp_path / "week.csv", nights=(0, 2))
    nights, said = score(capsys, tmp_path / "week.csv", "--time-zone", "Europe/Berlin")
    assert [night["night"] for night in nights] == ["2026-11-21", "2026-11-23"]
    assert "2026-11-22: never measured in bed; left out" in said
    assert said.count("\n") == 1


def test_a_night_begins_when_the_sleeper_goes_to_bed(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not at the boundary of the night, where it is no longer known whether the bed is empty."""
    nights, _ = score(capsys, recorded, "--time-zone", "Europe/Berlin")
    for night in nights:
        (in_bed,) = night["in_bed"]
        assert in_bed["end"] - in_bed["onset"] == pytest.approx(NIGHT_S, abs=400)


def test_whole_scores_it_as_one(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (document,), _ = score(capsys, recorded, "--whole")
    assert "night" not in document
    assert document["measures"]["movements"] == pytest.approx(212, abs=5)


def test_without_a_start_it_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_nights(tmp_path / "week.csv", origin=0)
    (document,), said = score(capsys, tmp_path / "week.csv")
    assert "h without a known start are scored as one night" in said
    assert document["start"] is None
    assert "night" not in document


def test_without_a_time_zone_the_boundary_is_named(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nights, said = score(capsys, recorded)
    assert len(nights) == 3
    assert "noon UTC" in said
    assert said.count("\n") == 1


def test_files_of_nights_have_their_dates_and_are_written_once(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["score", str(recorded), "--out", str(tmp_path), "--time-zone", "Europe/Berlin"]
    assert main(args) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"week-2026-11-{day}.json" for day in (21, 22, 23)
    ]
    assert main(args) == 0
    assert "already up to date: 1" in capsys.readouterr().err
    (tmp_path / "week-2026-11-22.json").unlink()
    assert main(args) == 0
    assert "up to date" not in capsys.readouterr().err
    assert (tmp_path / "week-2026-11-22.json").exists()


def test_the_table_ends_with_means_and_spread(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(recorded), "--time-zone", "Europe/Berlin"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "week.csv (wasm-2016, 3 nights)"
    assert [line.split()[0] for line in lines[2:5]] == ["2026-11-21", "2026-11-22", "2026-11-23"]
    assert lines[5].split()[0] == "mean"
    assert lines[6].split()[0] == "SD"


def test_the_blocks_of_a_part_are_those_of_its_time(recorded: Path) -> None:
    recording = read_recording(recorded)
    begin = (recording.start or 0) + 86_400_000_000
    part = recording_between(recording, begin + 60_000_000, begin + 90_000_000)
    (signal,) = part.signals
    for _ in range(2):
        blocks = list(signal.blocks)
        assert sum(block.samples.shape[1] for block in blocks) == 30 * RATE
        assert blocks[0].clock.time_of(blocks[0].first) == pytest.approx(part.start, abs=40_000)
