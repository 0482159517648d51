"""Options say what a table does not; what cannot be right is refused with the remedy."""

from pathlib import Path

import numpy as np
import pytest

from limber_bridge.cli import main
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings import read_recording
from limber_bridge.recordings.read_options import ReadOptions
from tests.bridge.example_tables import (
    ACTIGRAPH,
    HEADER,
    LINEAR,
    TIMES,
    UNIX_NS,
    UNIX_TIMES,
    WITH_GRAVITY,
    G,
    X,
)
from tests.bridge.read_tables import onsets, score, write
from tests.bridge.tables import KICKS, clock, iso, seconds, table

# --- Options ---


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (
            table(None, [], X),
            ["--rate", "50", *["--column", "x=1", "--column", "y=2", "--column", "z=3"]],
        ),
        (
            table(None, TIMES, X),
            ["--column", "time=1", "--column", "x=2", "--column", "y=3", "--column", "z=4"],
        ),
        (
            table("when,p,q,r", TIMES, X),
            ["--column", "time=when", "--column", "x=P", "--column", "y=q", "--column", "z=4"],
        ),
        (
            table("when,p,q,r", TIMES, X),
            ["--column", "time=when", "--channel", "p=x", "--channel", "Q=y", "--channel", "r=z"],
        ),
        (table("time,x,y,z,X", TIMES, np.vstack([X, X[:1]])), ["--column", "x=2"]),
        (table(HEADER, TIMES, X * 4096, number="{:.0f}"), ["--unit", "x=1/4096 g"]),
        (table(HEADER, TIMES, X * 100 * G), ["--unit", "X=cm/s2"]),
        (table(HEADER, seconds(scale=1e-3), X), ["--unit", "time=ms"]),
    ],
    ids=["rate", "numbers", "columns", "channels", "twice", "counts", "unit", "ms"],
)
def test_options_say_what_a_table_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, options: list[str]
) -> None:
    found, _ = score(write(tmp_path, text), capsys, *options)
    assert onsets(found) == pytest.approx(KICKS, abs=0.1)
    assert [one["peak"] for one in found["movements"]] == pytest.approx([0.14] * 3, abs=0.03)


def test_an_ignored_column_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, table("time,x,y,z,left_emg", TIMES, np.vstack([X, X[:1] * 1e9])))
    (signal,) = read_recording(path, ReadOptions(channels={"LEFT_EMG": "ignore"})).signals
    assert str(signal.quantity) == "acceleration"


# --- What cannot be right ---
EMG = np.random.default_rng(1).normal(0, 5.0, (1, X.shape[1]))
SPREADSHEET = [f'"{float(ns):.5E}"'.replace(".", ",") for ns in UNIX_NS]
REFUSED: dict[str, tuple[str, str]] = {
    "a spreadsheet took digits": (
        table("time;x;y;z", SPREADSHEET, X, separator=";", decimal=","),
        "column `time` is 1.79521e+18 in most rows: the times have lost their digits",
    ),
    "a spreadsheet took digits of seconds": (
        table(HEADER, [f"{int(float(time) // 100)}00" for time in UNIX_TIMES], X),
        "the times have lost their digits",
    ),
    "another unit than the header says": (
        table("time,x (m/s2),y (m/s2),z (m/s2)", TIMES, X),
        "read 1 at rest, which is not gravity in `m/s2`; write --unit x (m/s2)=g",
    ),
    "counts": (table(HEADER, TIMES, X * 2048), "for counts for example --unit 'x=1/2048 g'"),
    "no gravity and no unit": (
        table(HEADER, TIMES, LINEAR),
        "there is no gravity in it, so its unit cannot be recognised; write --unit x=m/s2",
    ),
    "EMG in mV": (
        table("time,left_emg", TIMES, EMG / 1000, number="{:.7f}"),
        "mV would fit: write --unit 'left_emg=mV'",
    ),
    "EMG in V": (
        table("time,left_emg", TIMES, EMG / 1e6, number="{:.10f}"),
        "V would fit: write --unit 'left_emg=V'",
    ),
    "EMG in nV": (
        table("time,left_emg", TIMES, EMG * 1000),
        "nV would fit: write --unit 'left_emg=nV'",
    ),
    "s or ms": (
        table("time,x,y,z", [str(n) for n in range(60_000)], np.tile(X, 10)),
        "1 between rows may be s or ms; write --unit time=s or --unit time=ms",
    ),
    "half a minute": (table(HEADER, TIMES[:1500], X[:, :1500]), "30 s long; less than a minute"),
    "another rate than it states": (
        ACTIGRAPH.replace("at 50 Hz", "at 30 Hz")
        + table(
            "Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z",
            iso(lambda ms: "11/20/2026 " + clock("{h}:{m:02}:{s:02}.{f:03}", ms)),
            X,
        ),
        "ActiGraph states 30 Hz, but the times have 50 Hz",
    ),
    "counts per epoch": (
        ACTIGRAPH.replace("hh:mm:ss) 00:00:00", "hh:mm:ss) 00:01:00")
        + table("Axis1,Axis2,Axis3", [], X * 100, number="{:.0f}"),
        "activity counts per epoch of 00:01:00",
    ),
    "no headers": (table(None, TIMES, X), "4 columns without headers; name them"),
    "an axis is missing": (table("time,x,y", TIMES, X[:2]), "without column `z`"),
    "no times": (table("x,y,z", [], X), "no column `time` among `x`, `y`, `z`"),
    "backwards": (table(HEADER, TIMES[::-1], X), "time goes back, as in 5999 rows; sort them"),
    "a line break within quotes": (table('"time\nin s",p', TIMES, X[:1]), ""),
    "decimal signs mixed": (
        table("time;x;y;z", TIMES, X, separator=";", decimal=","),
        "decimal commas and decimal points in one file",
    ),
    "words": ("Dear diary,\nI slept well.\n", "no table with numbers in it"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    text, message = REFUSED[name]
    path = write(tmp_path, text)
    assert main(["score", "--json", str(path)]) == 1
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line.startswith(f"{path}: ")
    assert message in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ReadOptions(columns={"x": "p"}),
            "--column x=p: the file has no column `p`; it has `time`",
        ),
        (ReadOptions(columns={"x": "9"}), "--column x=9: the file has no column `9`"),
        (
            ReadOptions(channels={"EMG": "left_emg"}),
            "--channel EMG=left_emg: the file has no `EMG`",
        ),
        (ReadOptions(units={"q": "mg"}), "--unit q=mg: the file has no `q`"),
        (ReadOptions(units={"x": "m/s2"}), "read 1 at rest, which is not gravity in `m/s2`"),
        (
            ReadOptions(rate=100.0),
            (
                "--rate states 100 Hz, but the times have 50 Hz; one of them is wrong; "
                "leave --rate out, or export it again"
            ),
        ),
    ],
)
def test_an_option_that_fits_nothing_is_an_error(
    tmp_path: Path, options: ReadOptions, message: str
) -> None:
    with pytest.raises(UnreadableRecordingError) as error:
        read_recording(write(tmp_path, WITH_GRAVITY["limber"]), options)
    assert message in str(error.value)
