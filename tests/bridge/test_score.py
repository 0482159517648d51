"""`limber score` and `limber rescore`, through the command line."""

import gzip
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limber_bridge.cli import main
from limber_bridge.detection.signal import Placement, Quantity, SampleBlock, SampleClock, Side
from limber_bridge.domain.recording import column_names
from limber_bridge.offline.score_table import ROWS, format_table
from limber_bridge.offline.workers import Failure, create_executor, process_recordings
from limber_bridge.recordings.csv import write_csv
from tests.detection.signals import RATE, ankle, emg
from tests.required_programs import need

CASES = json.loads((Path(__file__).parents[1] / "data/scoring_cases.json").read_text())["cases"]
RULES = {
    "wasm-2016": [],
    "wasm-2016 --short-interval-starts": ["--short-interval-starts"],
    "aasm": ["--rules", "aasm"],
}
KICKS = [(30.0 + 20 * number, 2.0) for number in range(10)]


def write_recording(path: Path, start: float = 0.0) -> Path:
    """Write four minutes of a leg that kicks every 20 s."""
    samples = ankle(*KICKS, length=240)
    names = column_names(Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
    write_csv(
        path, Quantity.ACCELERATION, names, [SampleBlock(0, samples, SampleClock(0, 0, RATE), RATE)]
    )
    if start:
        head, *rows = path.read_text().splitlines()
        times = [
            f"{start + float(row.partition(',')[0]):.6f},{row.partition(',')[2]}" for row in rows
        ]
        path.write_text("\n".join([head, *times]))
    return path


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    assert main([str(argument) for argument in arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_recording_is_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "score", "--json", write_recording(tmp_path / "night.csv"))
    assert (found["schema"], found["recording"], found["start"]) == (
        "limber.score/1",
        "night.csv",
        None,
    )
    assert [round(one["onset"]) for one in found["movements"]] == [
        30 + 20 * number for number in range(10)
    ]
    assert {one["side"] for one in found["movements"]} == {"left"}
    assert [one["movements"] for one in found["series"]] == [10]
    assert found["measures"]["plm"] == 10
    assert (found["gaps"], found["sensors"]) == ([], ["left_acc"])


@pytest.mark.parametrize(
    ("names", "rate"),
    [
        ("left_calf_emg", 200),
        ("bed_load", 1),
        ("left_emg", 20),
        ("left_emg", 60),
        ("x,y,z", 5),
        ("left_emg,bed_load", 50),
    ],
)
def test_signals_that_cannot_show_movements_give_unknown_measures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], names: str, rate: int
) -> None:
    path = tmp_path / "n.csv"
    samples = np.random.default_rng(0).normal(
        0.0, 0.3, (max(4000, 61 * rate), names.count(",") + 1)
    )
    samples[:, -1] += names == "x,y,z"
    rows = [
        ",".join([f"{number / rate:.4f}", *(f"{value:.4f}" for value in row)])
        for number, row in enumerate(samples)
    ]
    path.write_text("\n".join([f"time,{names}", *rows]))
    found = run_json(capsys, "score", "--json", path)
    blind = "calf" in names or rate < 10 or (names == "left_emg" and rate < 50)
    assert (found["measures"]["movements"] is None) == blind


def test_unix_times_give_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(
        capsys, "score", "--json", write_recording(tmp_path / "night.csv", start=1795298400.0)
    )
    assert found["start"] == "2026-11-21T22:00:00Z"
    assert found["movements"][0]["onset"] == pytest.approx(30.0, abs=0.1)


def test_a_gap_names_its_sensor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "two.csv"
    samples = np.vstack([ankle(*KICKS, length=240), ankle(*KICKS, length=240, seed=4)])
    samples[3:, 3000:3100] = np.nan
    names = [
        name for side in Side for name in column_names(Quantity.ACCELERATION, Placement.ANKLE, side)
    ]
    write_csv(
        path, Quantity.ACCELERATION, names, [SampleBlock(0, samples, SampleClock(0, 0, RATE), RATE)]
    )
    found = run_json(capsys, "score", "--json", path)
    assert found["gaps"] == [{"onset": 59.98, "end": 62.0, "sensors": ["right_acc"]}]
    assert {one["side"] for one in found["movements"]} == {"both"}


def test_a_fault_of_a_signal_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = emg((30.0, 2.0), length=300.0) + 20 * np.sin(
        2 * np.pi * 50 * np.arange(75_000) / 250.0
    )
    write_csv(
        tmp_path / "n.csv",
        Quantity.EMG,
        ["left_emg"],
        [SampleBlock(0, samples, SampleClock(0, 0, 250.0), 250.0)],
    )
    found = run_json(capsys, "score", "--json", tmp_path / "n.csv")
    assert found["quality"] == [
        {"onset": 0.0, "end": 299.996, "sensor": "left_emg", "fault": "mains_hum"}
    ]
    assert len(found["movements"]) == 1


def test_samples_at_the_end_of_the_range_are_a_gap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = ankle(*KICKS, length=240)
    samples[:, 3000:3100] = 2.0
    names = column_names(Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
    write_csv(
        tmp_path / "n.csv",
        Quantity.ACCELERATION,
        names,
        [SampleBlock(0, samples, SampleClock(0, 0, RATE), RATE)],
    )
    found = run_json(capsys, "score", "--json", tmp_path / "n.csv")
    assert [(one["onset"], one["end"]) for one in found["gaps"]] == [(59.98, 62.0)]
    assert found["measures"]["movements"] == 10


def test_a_slow_sensor_in_the_rows_of_a_fast_one_has_no_gaps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = ankle(*KICKS, length=240)
    rows = [
        f"{number / RATE:.4f},{x:.4f},{y:.4f},{z:.4f},{'70.0' if number % 50 == 0 else ''}"
        for number, (x, y, z) in enumerate(samples.T)
    ]
    path = tmp_path / "n.csv"
    path.write_text("\n".join(["time,x,y,z,bed_load", *rows]))
    found = run_json(capsys, "score", "--json", path)
    assert (found["gaps"], found["measures"]["plm"]) == ([], 10)


def test_results_that_are_up_to_date_are_kept(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "night.csv")
    out = tmp_path / "out"
    arguments = ["score", str(path), "--out", str(out)]
    assert main(arguments) == 0
    made = (out / "night.json").stat().st_mtime_ns
    assert main(arguments) == 0
    assert (out / "night.json").stat().st_mtime_ns == made
    assert main([*arguments, "--rules", "aasm"]) == 0
    assert json.loads((out / "night.json").read_text())["rules"] == "aasm"


def test_a_night_is_drawn(tmp_path: Path) -> None:
    assert (
        main(
            [
                "score",
                str(write_recording(tmp_path / "night.csv")),
                "--out",
                str(tmp_path / "out"),
                "--plot",
            ]
        )
        == 0
    )
    assert (tmp_path / "out/night.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "out/night.svg").read_bytes()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_unreadable_recording_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("time,a\n0,1\n1,2\n")
    good = [write_recording(tmp_path / name) for name in ("a.csv", "b.csv")]
    assert (
        main(
            [
                "score",
                "--json",
                "--jobs",
                jobs,
                str(good[0]),
                str(bad),
                str(tmp_path / "no.csv"),
                str(good[1]),
            ]
        )
        == 1
    )
    out, err = capsys.readouterr()
    assert [json.loads(line)["recording"] for line in out.splitlines()] == ["a.csv", "b.csv"]
    assert [line.partition(": ")[0] for line in err.splitlines()] == [
        str(bad),
        str(tmp_path / "no.csv"),
    ]


def test_an_unknown_label_can_be_mapped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_recording(tmp_path / "night.csv")
    path.write_text(path.read_text().replace("left_acc_", "Bein "))
    assert main(["score", str(path)]) == 1
    capsys.readouterr()
    channels = [word for axis in "xyz" for word in ("--channel", f"Bein {axis}=right_acc_{axis}")]
    assert run_json(capsys, "score", "--json", path, *channels)["movements"][0]["side"] == "right"


@pytest.mark.parametrize(
    "arguments",
    [
        ["score"],
        ["score", "a.csv", "--channel", "x"],
        ["score", "a.csv", "--jobs", "0"],
        ["score", "a.csv", "--time-zone", "Mars"],
        ["score", "a.csv", "--json", "--out", "x"],
        ["rescore", "a.csv", "--rules", "mine"],
    ],
)
def test_wrong_usage_gives_status_2_and_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("limber")
    assert line.endswith(" --help`")


def test_written_files_are_listed_unless_quiet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(write_recording(tmp_path / f"{name}.csv")) for name in "abcd"]
    out = tmp_path / "out"
    assert main(["score", "--out", str(out), paths[0]]) == 0
    assert capsys.readouterr().err == f"wrote {out}/a.json\n"
    assert main(["score", "--out", str(out), "--quiet", *paths[:2]]) == 0
    assert capsys.readouterr().err == ""
    assert main(["score", "--out", str(out), *paths]) == 0
    assert capsys.readouterr().err == f"wrote {out}/c.json, {out}/d.json; already up to date: 2\n"
    assert main(["score", "--out", str(out), *paths]) == 0
    assert capsys.readouterr().err == "already up to date: 4\n"
    assert main(["score", "--json", paths[0]]) == 0
    assert capsys.readouterr().err == ""


def test_an_impossible_folder_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_recording(tmp_path / "night.csv")
    assert main(["score", "--out", str(path), str(path)]) == 2
    message = f"limber score: --out {path}: File exists; choose another folder\n"
    assert capsys.readouterr().err == message


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_closed_pipe_ends_the_command_silently(tmp_path: Path, jobs: str) -> None:
    """As with `limber score --json ... | head`."""
    paths = [write_recording(tmp_path / f"n{number}.csv") for number in range(3)]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [need("limber"), "score", "--json", "--jobs", jobs, *map(str, paths)]
        ended = subprocess.run(
            command, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False
        )
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


DISK_FULL = b"limber score: cannot write the output: No space left on device; free some space\n"


def test_a_full_disk_gives_one_line(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "night.csv")
    with Path("/dev/full").open("wb") as full:
        command = [need("limber"), "score", "--json", str(path)]
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert (ended.returncode, ended.stderr) == (1, DISK_FULL)


def test_two_recordings_with_the_same_name_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b").mkdir()
    paths = [str(write_recording(tmp_path / "n.csv")), str(write_recording(tmp_path / "b/n.csv"))]
    assert main(["score", *paths, "--out", str(tmp_path / "out")]) == 2
    assert "would both be written under the same name" in capsys.readouterr().err


def die_if_bad(path: Path) -> str:
    if path.name == "bad":
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def test_a_process_that_dies_loses_only_its_own_recording() -> None:
    paths = [Path("a"), Path("bad"), Path("b"), Path("c")]
    with create_executor(2, None) as executor:
        found = dict(process_recordings(executor, die_if_bad, paths))
    assert [found[path] for path in paths if path.name != "bad"] == ["a", "b", "c"]
    assert isinstance(found[Path("bad")], Failure)


def test_an_outdated_picture_is_drawn_again(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "night.csv")
    out = tmp_path / "out"
    assert main(["score", "--out", str(out), "--plot", str(path)]) == 0
    old = time.time() - 1000
    os.utime(out / "night.png", (old, old))
    assert main(["score", "--out", str(out), "--plot", str(path)]) == 0
    assert (out / "night.png").stat().st_mtime > old


def test_rows_with_the_same_time_count_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_recording(tmp_path / "night.csv")
    head, *rows = path.read_text().splitlines()
    doubled = [row for number, row in enumerate(rows) for row in [row] * (1 + (number % 100 == 0))]
    path.write_text("\n".join([head, *doubled]))
    assert run_json(capsys, "score", "--json", path)["measures"]["plm"] == 10


def test_a_missing_cluster_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(write_recording(tmp_path / "n.csv")), "--dask", "nonsense://x"]) == 2
    assert "--dask nonsense://x" in capsys.readouterr().err


def test_a_cluster_gives_the_same_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from distributed import LocalCluster  # noqa: PLC0415 - slow to import

    paths = [write_recording(tmp_path / f"{name}.csv") for name in "abc"]
    bad = tmp_path / "bad.csv"
    bad.write_text("")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:  # type: ignore[no-untyped-call]
        arguments = [
            "score",
            "--json",
            *map(str, paths),
            str(bad),
            "--dask",
            cluster.scheduler_address,
        ]
        assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert main(["score", "--json", *map(str, paths)]) == 0
    assert out == capsys.readouterr().out
    assert str(bad) in err


def write_case(case: dict[str, Any], folder: Path) -> list[str | Path]:
    """Write the files of a scoring case; return the arguments of `rescore`."""
    marks = [f"{mark['onset']},{mark['duration']},{mark['side']}" for mark in case["movements"]]
    (folder / "m.csv").write_text("\n".join(["onset,duration,side", *marks]))
    stages = [stage for stage, epochs in case["stages"] for _ in range(epochs)]
    rows = [f"{number},{stage}" for number, stage in enumerate(stages)]
    (folder / "s.csv").write_text("\n".join(["epoch,stage", *rows]))
    if not case.get("respiratory"):
        return [folder / "m.csv", "--stages", folder / "s.csv"]
    events = [f"{one['onset']},{one['duration']}" for one in case["respiratory"]]
    (folder / "r.csv").write_text("\n".join(["onset,duration", *events]))
    return [folder / "m.csv", "--stages", folder / "s.csv", "--respiratory", folder / "r.csv"]


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_rescore_scores_every_case(
    case: dict[str, Any], rules: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = case["expected"][rules]
    found = run_json(capsys, "rescore", *write_case(case, tmp_path), "--json", *RULES[rules])
    assert found["measures"]["candidates"] == expected["candidates"]
    assert found["measures"]["plm"] == expected["plm"]
    assert [one["movements"] for one in found["series"]] == expected["series"]
    assert [one["onset"] for one in found["movements"] if one["series"] is not None] == expected[
        "plm_onsets"
    ]
    hours = found["measures"]["sleep_h"]
    if hours:
        assert found["measures"]["plms_index"] == pytest.approx(expected["plms"] / hours, abs=1e-4)
    if "without_respiratory" in expected:
        assert found["measures"]["plm_nr"] == expected["without_respiratory"]["plm"]
        assert [one["movements"] for one in found["series_nr"]] == expected["without_respiratory"][
            "series"
        ]


def test_annotations_without_stages_give_counts_but_no_indices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.csv").write_bytes(
        b"\xef\xbb\xbfside,onset,duration\r\nL,10,2\r\nright,40.5,2\r\n,80,2\r\n"
    )
    found = run_json(capsys, "rescore", tmp_path / "m.csv", "--json")
    assert [one["side"] for one in found["movements"]] == ["left", "right", None]
    assert (found["measures"]["movements"], found["measures"]["plm_index"], found["in_bed"]) == (
        3,
        None,
        None,
    )


def test_the_effect_of_the_open_rule_on_short_intervals_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onsets = [0, 5, 25, 45, 65]
    (tmp_path / "m.csv").write_text(
        "\n".join(["onset,duration,side", *(f"{onset},1,L" for onset in onsets)])
    )
    found = run_json(capsys, "rescore", tmp_path / "m.csv", "--json")
    assert (found["measures"]["plm"], found["plm_unsettled"]) == (0, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("onset,duration\n1,2\n", "line 1: no column `side`; write `onset,duration,side`"),
        (
            "onset;duration;side\n1,5;2,0,1;L\n",
            "line 2: column `duration` is `2.0,1`; write a number",
        ),
        ("onset,duration,side\n1,x,L\n", "line 2: column `duration` is `x`; write a number"),
        ("onset,duration,side\n1,2,L\n1,-2,L\n", "line 3: column `duration` is below 0"),
        ("onset,duration,side\n1,2,B\n", "line 2: side `b`; write L, R, left, right"),
        ("onset,duration,side\n1,2\n", "line 2: no `side`"),
    ],
)
def test_unreadable_annotations_are_an_error_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text)
    assert main(["rescore", str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"{path}: {message}")


def test_stages_are_mapped_and_unknown_ones_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.csv").write_text("onset,duration,side\n35,2,L\n")
    stages = ["W", "N4", "?", "rem", "X"]
    rows = [f"{number},{stage}" for number, stage in enumerate(stages)]
    (tmp_path / "s.csv").write_text("\n".join(["epoch,stage", *rows]))
    assert (
        main(["rescore", str(tmp_path / "m.csv"), "--stages", str(tmp_path / "s.csv"), "--json"])
        == 0
    )
    out, err = capsys.readouterr()
    assert json.loads(out)["asleep"] == [
        {"onset": 30.0, "end": 60.0},
        {"onset": 90.0, "end": 120.0},
    ]
    assert "unknown stage `X` counts as not scored" in err


def test_a_damaged_gzip_file_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(gzip.compress(write_recording(tmp_path / "n.csv").read_bytes()))
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "d.csv.gz").write_bytes(data)
    assert main(["score", str(tmp_path / "d.csv.gz")]) == 1
    assert "damaged gzip file" in capsys.readouterr().err


def test_a_night_is_shown_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.csv").write_text(
        "\n".join(["onset,duration,side", *(f"{100 + 20 * number},2,L" for number in range(33))])
    )
    stages = [f"{number},{'W' if number < 190 else 'N2'}" for number in range(950)]
    (tmp_path / "s.csv").write_text("\n".join(["epoch,stage", *stages]))
    assert main(["rescore", str(tmp_path / "m.csv"), "--stages", str(tmp_path / "s.csv")]) == 0
    title, *rows = capsys.readouterr().out.splitlines()
    assert title == "m.csv (wasm-2016, 7 h 55 min recorded)"
    shown = dict(re.split(r"  +", row.strip(), maxsplit=1) for row in rows if row)
    assert shown == {
        "In bed": "7 h 55 min",
        "Asleep": "6 h 20 min",
        "Leg movements": "33",
        "Candidate leg movements (CLM)": "33",
        "Periodic leg movements (PLM)": "33",
        "PLM index": "4.2 /h",
        "PLM index asleep (PLMS)": "0.0 /h",
        "PLM index awake in bed (PLMW)": "20.8 /h",
        "Periodicity index (PLM / CLM)": "1.00",
        "Periodic series": "1",
        "Median interval between movements": "20.0 s",
    }


def test_the_table_of_a_recording_says_that_sleep_is_estimated() -> None:
    measures = dict.fromkeys(("time_in_bed_h", "sleep_h", *(key for key, _, _ in ROWS)))
    document = {
        "recording": "n.csv",
        "rules": "aasm",
        "duration": 28_500.0,
        "methods": {"asleep": "sustained_inactivity"},
        "measures": measures | {"time_in_bed_h": 7.916667, "sleep_h": 6.0, "plm_index": 25.0},
    }
    assert [line.split("  ")[1] for line in format_table(document).splitlines()[1:]] == [
        "In bed",
        "Asleep (estimated)",
        "PLM index",
    ]
    assert "25.0 /h" in format_table(document)


def write_movement(path: Path, swing_g: float, seconds: int) -> Path:
    """Write a table of a foot that swings twice a second, or of a sensor that lies still."""
    times = np.arange(seconds * 50) / 50
    noise = np.random.default_rng(1).normal(0, 0.003, (3, len(times)))
    axes = noise + np.array([[0.0], [1.0], [0.0]]) + swing_g * np.sin(4 * np.pi * times)
    rows = np.column_stack([times, axes.T])
    np.savetxt(path, rows, "%.4f", ",", header="time,x,y,z", comments="")
    return path


def write_short_night(path: Path) -> Path:
    assert main(["simulate", "--hours", "0.45", "--out", str(path), "--quiet"]) == 0
    return path


@pytest.mark.parametrize(
    ("write", "remark"),
    [
        (partial(write_movement, swing_g=0.4, seconds=600), "never measured in bed"),
        (partial(write_movement, swing_g=0.0, seconds=600), "do not show whether the person was"),
        (write_short_night, "min in bed; an index per hour from so short a time"),
    ],
)
def test_missing_and_uncertain_figures_are_explained_beside_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], write: Callable[[Path], Path], remark: str
) -> None:
    path = write(tmp_path / "part.csv")
    assert main(["score", str(path)]) == 0
    assert remark in capsys.readouterr().err
    assert main(["score", str(path), "--json"]) == 0
    assert capsys.readouterr().err == ""
