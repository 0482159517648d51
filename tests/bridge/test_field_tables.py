"""Tables that contradict physics or themselves are refused; words of many programs are known."""

import bz2
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from limber_bridge.cli import main
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings import read_recording
from limber_bridge.recordings.read_options import ReadOptions
from tests.bridge.example_tables import ACTIGRAPH, BERLIN
from tests.bridge.tables import KICKS, RATE, UNIX, samples, seconds, table

X = samples()
TIMES = seconds()
HEADER = "time,x,y,z"
IS_FIRST = np.arange(X.shape[1]) < X.shape[1] // 4
LYING = np.where(IS_FIRST, X, X[[2, 1, 0]])
"""First with gravity along z, then along x."""
TURNED = np.where(IS_FIRST, X, X * [[1.0], [1.0], [-1.0]])


def labelled(labels: Callable[[int], str]) -> str:
    rows = table(HEADER, TIMES, X).splitlines()
    named = [f"{row},{labels(index)}" for index, row in enumerate(rows[1:])]
    return "\n".join([f"{rows[0]},sensor", *named]) + "\n"


REFUSED = {
    "gravity of 2 g without a unit": (table(HEADER, TIMES, 2 * X), "read 2 at rest"),
    "gravity of 2 g": (table("time,x [g],y [g],z [g]", TIMES, 2 * X), "not gravity in `g`"),
    "an axis in another unit": (
        table(HEADER, TIMES, LYING * [[1.0], [1.0], [9.8]]),
        "in one posture",
    ),
    "counts with an offset": (table(HEADER, TIMES, TURNED + 0.5), "in one posture"),
    "a sensor that never changes": (
        table(HEADER, TIMES, np.tile([[0.0], [0.0], [1.0]], X.shape[1])),
        "measured nothing",
    ),
    "EMG that is zero": (
        table("time,left_emg", TIMES, np.zeros((1, X.shape[1]))),
        "measured nothing",
    ),
    "two sensors by turns": (labelled(lambda row: "LR"[row % 2]), "names several sensors"),
    "two sensors in turn": (
        table(HEADER, [*TIMES, *TIMES], np.tile(X, 2)),
        "earlier than rows before them",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_contradicts_physics_or_itself_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    text, reason = REFUSED[name]
    path = tmp_path / "night.csv"
    path.write_text(text)
    assert main(["score", "--json", str(path)]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert reason in err
    assert err.count("\n") == 1


FOREIGN = {
    "bzip2": (bz2.compress(b"time,x,y,z\n"), "packed with bzip2"),
    "xz": (lzma.compress(b"time,x,y,z\n"), "packed with xz"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(200), "packed with zstd"),
    "MATLAB": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(200), "a file of MATLAB"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(200), "an HDF5 file"),
    "PDF": (b"%PDF-1.7\n1 0 obj\n", "a PDF"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(200), "a picture"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_kind_is_named(tmp_path: Path, name: str) -> None:
    content, kind = FOREIGN[name]
    path = tmp_path / "night.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableRecordingError, match=f"{kind}, which cannot be read; "):
        read_recording(path)


def test_a_table_whose_first_line_names_matlab_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "night.csv"
    path.write_text("MATLAB export of a night\n" + table(HEADER, TIMES, X))
    assert read_recording(path).duration == pytest.approx(float(TIMES[-1]), abs=1)


def test_a_column_that_names_one_sensor_is_no_contradiction(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "night.csv"
    path.write_text(labelled(lambda _row: "L"))
    assert main(["score", "--json", str(path)]) == 0
    assert len(json.loads(capsys.readouterr().out)["movements"]) == len(KICKS)


@pytest.mark.parametrize("word", ["#N/A", "<NA>", "missing", "1.#QNAN", "-1.#IND", "#DIV/0!", "?"])
def test_words_for_missing_values_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    rows = table(HEADER, TIMES, X).splitlines()
    for row in range(5, len(rows), 97):
        rows[row] = f"{TIMES[row - 1]},{word},{word},{word}"
    path = tmp_path / "night.csv"
    path.write_text("\n".join(rows) + "\n")
    assert main(["score", "--json", str(path)]) == 0
    assert len(json.loads(capsys.readouterr().out)["movements"]) == len(KICKS)


def test_days_of_a_spreadsheet_are_local_times(tmp_path: Path) -> None:
    """A spreadsheet counts days from 1899-12-30; 22:00 in Berlin is 21:00 UTC."""
    days = [f"{UNIX / 86_400 + 25_569 + index / RATE / 86_400:.10f}" for index in range(X.shape[1])]
    path = tmp_path / "night.csv"
    path.write_text(table(HEADER, days, X))
    start = read_recording(path, ReadOptions(zone=BERLIN)).start
    assert start is not None
    assert abs(start / 1e6 - (UNIX - 3600)) < 0.01


def test_an_afternoon_of_an_actigraph_with_a_clock_of_twelve_hours(tmp_path: Path) -> None:
    text = ACTIGRAPH.replace("Start Time 22:00:00", "Start Time 10:00:00 PM")
    path = tmp_path / "night.csv"
    path.write_text(text + table(None, [], X))
    assert read_recording(path, ReadOptions(zone=BERLIN)).start == round((UNIX - 3600) * 1e6)


@pytest.mark.parametrize("year", [1970, 2099])
def test_a_clock_that_was_not_set_is_named(tmp_path: Path, year: int) -> None:
    rows = [
        f"{year}-01-02T00:{second // 60:02}:{second % 60:02}.{part}Z,0.01,0.99,{part / 1000:.3f}"
        for second in range(90)
        for part in range(100, 1000, 40)
    ]
    path = tmp_path / "night.csv"
    path.write_text("\n".join(["time,x,y,z", *rows]))
    (note,) = [one for one in read_recording(path).notes if "clock" in one]
    assert f"it starts on {year}-01-02 by its own clock, which was wrong" in note


def test_an_archive_with_several_recordings_says_so(tmp_path: Path) -> None:
    table = "time,x,y,z\n" + "\n".join(f"{number / 50},0,1,0" for number in range(4000))
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("a.csv", table)
        archive.writestr("b.csv", table)
    with pytest.raises(UnreadableRecordingError, match="several recordings in it"):
        read_recording(tmp_path / "both.zip")
