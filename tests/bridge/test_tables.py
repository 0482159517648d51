"""Tables as loggers, apps and spreadsheets write them give the movements that are in them."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from limber_bridge.cli import main
from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings import read_recording
from limber_bridge.recordings.read_options import ReadOptions
from tests.bridge.tables import (
    KICKS,
    RATE,
    UNIX,
    clock,
    gzipped,
    iso,
    samples,
    seconds,
    table,
    zipped,
)

G = 9.80665
X = samples()
LINEAR = samples(gravity=False)
TIMES = seconds()
UNIX_TIMES = [f"{UNIX + index / RATE:.3f}" for index in range(X.shape[1])]
UNIX_NS = [str(round(UNIX * 1e9) + round(index * 1e9 / RATE)) for index in range(X.shape[1])]
HEADER = "time,x,y,z"
DAY = "2026-11-20"


def utc(ms: int) -> str:
    return f"{DAY}T" + clock("{h:02}:{m:02}:{s:02}.{f:03}Z", ms)


def preamble(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


ACTIGRAPH = preamble(
    "------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.3 Firmware v3.2.1 "
    "date format M/d/yyyy at 50 Hz  Filter Normal -----------",
    "Serial Number: NEO1C15110103",
    "Start Time 22:00:00",
    "Start Date 11/20/2026",
    "Epoch Period (hh:mm:ss) 00:00:00",
    "Download Time 14:05:42",
    "Download Date 11/21/2026",
    "Current Memory Address: 0",
    "Current Battery Voltage: 3.80     Mode = 12",
    "--------------------------------------------------",
)
GENEACTIV = preamble(
    "Device Type,GENEActiv",
    "Device Model,1.1",
    "Measurement Frequency,50 Hz",
    "Time Zone,GMT +00:00",
    *("x gain,25621",) * 3,
    *("",) * 93,
)
WITH_TEMPERATURE = np.vstack([X, np.full(X.shape[1], 10.0), np.full(X.shape[1], 25.0)])
SHIMMER = preamble(
    "sep=\t",
    "S_Timestamp_Unix_CAL\tS_Accel_LN_X_CAL\tS_Accel_LN_Y_CAL\tS_Accel_LN_Z_CAL",
    "ms\tm/(s^2)\tm/(s^2)\tm/(s^2)",
)

WITH_GRAVITY: dict[str, str] = {
    "limber": table(HEADER, TIMES, X),
    "upper case, quoted by R": table('"time","X","Y","Z"', TIMES, X),
    "numbered rows of R": table(
        '"","time","X","Y","Z"', [f'"{index + 1}",{time}' for index, time in enumerate(TIMES)], X
    ),
    "row numbers without a name": table(
        "time x y z", [f"{index + 1} {time}" for index, time in enumerate(TIMES)], X, separator=" "
    ),
    "tabs": table(HEADER.replace(",", "\t"), TIMES, X, separator="\t"),
    "semicolons": table("time;x;y;z", TIMES, X, separator=";"),
    "bars": table("time|x|y|z", TIMES, X, separator="|"),
    "spaces": table("time x y z", TIMES, X, separator="   "),
    "comma and space": table("time, x, y, z", TIMES, X, separator=", "),
    "semicolons and decimal commas": table(
        "time;x;y;z", [time.replace(".", ",") for time in TIMES], X, separator=";", decimal=","
    ),
    "tabs and decimal commas": table(
        "time\tx\ty\tz", [time.replace(".", ",") for time in TIMES], X, separator="\t", decimal=","
    ),
    "quoted decimal commas": table(
        HEADER, [f'"{time.replace(".", ",")}"' for time in TIMES], X, number='"{:.5f}"', decimal=","
    ),
    "quoted numbers": table(HEADER, [f'"{time}"' for time in TIMES], X, number='"{:.5f}"'),
    "sep= of a spreadsheet": "sep=;\n" + table("time;x;y;z", TIMES, X, separator=";"),
    "sep= without a header it knows": '"sep=,"\n' + table(HEADER, TIMES, X),
    "header on line 11": preamble(*(f"Subject {n}" for n in range(10))) + table(HEADER, TIMES, X),
    "commented header": table("# " + HEADER, TIMES, X),
    "comment lines before it": preamble("# Rate: 50", "# Range: 4 g", "") + table(HEADER, TIMES, X),
    "a row of units": "time,x,y,z\ns,g,g,g\n" + table(None, TIMES, X),
    "blank lines": table(HEADER, TIMES, X, end="\n\n"),
    "CRLF": table(HEADER, TIMES, X, end="\r\n"),
    "CR": table(HEADER, TIMES, X, end="\r"),
    "trailing separators": table(HEADER + ",", TIMES, X, end=",\n"),
    "trailing separators, none in the header": table(HEADER, TIMES, X, end=",\n").replace(
        HEADER + ",", HEADER, 1
    ),
    "exponents": table(HEADER, TIMES, X, number="{:.6E}"),
    "all digits": table(HEADER, TIMES, X / 3 * 3, number="{!r}"),
    "plus signs": table(HEADER, TIMES, X, number="{:+.5f}"),
    "m/s2 by gravity": table(HEADER, TIMES, X * G),
    "mg by gravity": table(HEADER, TIMES, X * 1000, number="{:.1f}"),
    "mg by header": table("time,X [mg],Y [mg],Z [mg]", TIMES, X * 1000, number="{:.0f}"),
    "superscript": table("time,x (m/s²),y (m/s²),z (m/s²)", TIMES, X * G),
    "ms from 0": table(HEADER, seconds(scale=1e-3), X),
    "us from 0": table(HEADER, seconds(scale=1e-6), X),
    "ns from 0": table(HEADER, seconds(scale=1e-9), X),
    "ms by header": table("Time (ms),X,Y,Z", seconds(scale=1e-3), X),
    "time_ms": table("time_ms,acc_x,acc_y,acc_z", seconds(scale=1e-3), X),
    "Unix s": table(HEADER, UNIX_TIMES, X),
    "Unix ms": table(HEADER, [f"{float(time) * 1000:.0f}" for time in UNIX_TIMES], X),
    "Unix us": table(HEADER, [f"{float(time) * 1e6:.0f}" for time in UNIX_TIMES], X),
    "Unix ns": table(HEADER, UNIX_NS, X),
    "days of a spreadsheet": table(
        HEADER, [f"{46346.916666 + index / RATE / 86400:.10f}" for index in range(X.shape[1])], X
    ),
    "ISO with Z": table(HEADER, iso(utc), X),
    "ISO with an offset": table(
        HEADER,
        iso(lambda ms: "2026-11-21T" + clock("{h:02}:{m:02}:{s:02}.{f:03}+02:00", ms, 0)),
        X,
    ),
    "ISO with a space, local": table(HEADER, iso(lambda ms: utc(ms)[:-1].replace("T", " ")), X),
    "ISO, a comma before the ms": table(
        "time;x;y;z",
        iso(lambda ms: utc(ms)[:-1].replace("T", " ").replace(".", ",")),
        X,
        separator=";",
        decimal=",",
    ),
    "German dates": table(
        "time;x;y;z",
        iso(lambda ms: "20.11.2026 " + clock("{h}:{m:02}:{s:02},{f:03}", ms)),
        X,
        separator=";",
        decimal=",",
    ),
    "American dates": table(
        HEADER, iso(lambda ms: "11/20/2026 " + clock("{h}:{m:02}:{s:02}.{f:03} PM", ms, 10)), X
    ),
    "clock times": table(HEADER, iso(lambda ms: clock("{h}:{m:02}:{s:02}.{f:03}", ms)), X),
    "clock times over midnight": table(
        HEADER,
        iso(
            lambda ms: (
                clock("{h:02}:{m:02}:{s:02}.{f:03}", (ms - 60_000) % 3_600_000, 23)
                if ms < 60_000
                else clock("{h:02}:{m:02}:{s:02}.{f:03}", ms - 60_000, 0)
            )
        ),
        X,
    ),
    "date and time in two columns": table(
        "date,time,x,y,z", iso(lambda ms: f"{DAY}," + clock("{h:02}:{m:02}:{s:02}.{f:03}", ms)), X
    ),
    "seconds without fractions": table(
        HEADER, iso(lambda ms: f"{DAY}T" + clock("{h:02}:{m:02}:{s:02}Z", ms + 700)), X
    ),
    "batches of 25": table(HEADER, [f"{index // 25 * 0.5:.2f}" for index in range(X.shape[1])], X),
    "Sensor Logger": table(
        "time,seconds_elapsed,z,y,x",
        [f"{ns},{time}" for ns, time in zip(UNIX_NS, TIMES, strict=True)],
        X[::-1] * G,
        number="{!r}",
    ),
    "phyphox": table(
        '"Time (s)","Acceleration x (m/s^2)","Acceleration y (m/s^2)","Acceleration z (m/s^2)",'
        '"Absolute acceleration (m/s^2)"',
        [f"{float(time):.9E}" for time in TIMES],
        np.vstack([X, np.sqrt((X**2).sum(axis=0))]) * G,
        number="{:.9E}",
    ),
    "phyphox, German, tabs": table(
        '"Zeit (s)"\t"Beschleunigung x (m/s^2)"\t"Beschleunigung y (m/s^2)"\t'
        '"Beschleunigung z (m/s^2)"',
        [f"{float(time):.9E}".replace(".", ",") for time in TIMES],
        X * G,
        number="{:.9E}",
        separator="\t",
        decimal=",",
    ),
    "Polar Sensor Logger": table(
        "Phone timestamp;sensor timestamp [ns];X [mg];Y [mg];Z [mg]",
        [
            f"{utc(round(index * 20))[:-1]};{599933894402193248 + index * 20_000_000}"
            for index in range(X.shape[1])
        ],
        X * 1000,
        separator=";",
        number="{:.0f}",
    ),
    "ActiGraph": ACTIGRAPH + table("Accelerometer X,Accelerometer Y,Accelerometer Z", [], X),
    "ActiGraph without headers": ACTIGRAPH + table(None, [], X, number="{:.3f}"),
    "ActiGraph with times": ACTIGRAPH
    + table(
        "Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z",
        iso(lambda ms: "11/20/2026 " + clock("{h}:{m:02}:{s:02}.{f:03}", ms)),
        X,
    ),
    "Axivity": table(None, iso(lambda ms: utc(ms)[:-1].replace("T", " ")), X),
    "Axivity AX6": table(
        "Time,Accel-X (g),Accel-Y (g),Accel-Z (g),Gyro-X (d/s),Gyro-Y (d/s),Gyro-Z (d/s)",
        iso(lambda ms: utc(ms)[:-1].replace("T", " ")),
        np.vstack([X, X * 30]),
    ),
    "accelerometer": table(
        HEADER,
        iso(lambda ms: utc(ms)[:-1].replace("T", " ") + "000+0000 [Europe/London]"),
        X,
    ),
    "GENEActiv": GENEACTIV
    + table(
        None,
        iso(lambda ms: utc(ms)[:-1].replace("T", " ").replace(".", ":")),
        WITH_TEMPERATURE,
        number="{:.4f}",
    ),
    "Empatica": "1795212000.000000, 1795212000.000000, 1795212000.000000\n"
    "50.000000, 50.000000, 50.000000\n" + table(None, [], X * 64, number="{:.0f}"),
    "Garmin": table(
        "time;x;y;z",
        iso(lambda ms: f"{DAY}T" + clock("{h:02}:{m:02}:{s:02}.{f:03}+00:00", ms)),
        X * 1000,
        separator=";",
        number="{:.0f}",
    ),
    "Shimmer": SHIMMER
    + table(None, [f"{float(time) * 1000:.2f}" for time in UNIX_TIMES], X * G, separator="\t"),
    "MetaBase": table(
        "epoc (ms),timestamp (+0000),elapsed (s),x-axis (g),y-axis (g),z-axis (g)",
        [
            f"{round(1000 * UNIX) + 20 * index},{utc(20 * index)[:-1].replace(':', '.')},{time}"
            for index, time in enumerate(TIMES)
        ],
        X,
    ),
    "mHealth": table(
        "HEADER_TIME_STAMP,X_ACCELERATION_METERS_PER_SECOND_SQUARED,"
        "Y_ACCELERATION_METERS_PER_SECOND_SQUARED,Z_ACCELERATION_METERS_PER_SECOND_SQUARED",
        iso(lambda ms: utc(ms)[:-1].replace("T", " ")),
        X * G,
    ),
    "Physics Toolbox": table("time,gFx,gFy,gFz,TgF", TIMES, np.vstack([X, np.ones(X.shape[1])])),
    "SensorLog": table(
        "loggingTime(txt),accelerometerAccelerationX(G),accelerometerAccelerationY(G),"
        "accelerometerAccelerationZ(G),motionUserAccelerationX(G),motionUserAccelerationY(G),"
        "motionUserAccelerationZ(G)",
        iso(lambda ms: utc(ms)[:-1] + "+00:00"),
        np.vstack([X, LINEAR]),
    ),
    "gravity beside it": table(
        "time,accelerationX,accelerationY,accelerationZ,gravityX,gravityY,gravityZ",
        UNIX_NS,
        np.vstack([LINEAR, X - LINEAR]),
    ),
}
WITHOUT_GRAVITY: dict[str, str] = {
    "m/s2 by header": table("time,x [m/s2],y [m/s2],z [m/s2]", TIMES, LINEAR * G),
    "Sensor Logger": table(
        "time,seconds_elapsed,z,y,x",
        [f"{ns},{time}" for ns, time in zip(UNIX_NS, TIMES, strict=True)],
        LINEAR[::-1] * G,
    ),
    "phyphox": table(
        '"Time (s)","Linear Acceleration x (m/s^2)","Linear Acceleration y (m/s^2)",'
        '"Linear Acceleration z (m/s^2)"',
        TIMES,
        LINEAR * G,
    ),
}


def score(
    path: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[dict[str, Any], str]:
    assert main(["score", "--json", str(path), *options]) == 0, capsys.readouterr().err
    out, err = capsys.readouterr()
    return json.loads(out), err


def onsets(found: dict[str, Any]) -> list[float]:
    return [one["onset"] for one in found["movements"]]


def write(tmp_path: Path, content: str | bytes, name: str = "night.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def check_kicks(recording: Recording, peak: float = 0.2) -> None:
    """The signal has the kicks where and as large as they are."""
    (signal,) = recording.signals
    assert signal.rate == pytest.approx(RATE, rel=0.01)
    start = recording.start or 0
    for block in signal.blocks:
        times = (block.clock.times_of(np.arange(block.first, block.end)) - start) / 1e6
        quiet = np.ones(len(times), bool)
        for onset in KICKS:
            quiet &= (times < onset - 0.8) | (times > onset + 1.8)
        shaking = np.abs(block.samples[0])
        assert np.nanmax(shaking[quiet], initial=0.0) < 0.05
        for onset in KICKS:
            inside = (times > onset) & (times < onset + 1)
            if inside.sum() > 40:
                assert np.nanmax(shaking[inside]) == pytest.approx(peak, rel=0.1)


@pytest.mark.parametrize("name", WITH_GRAVITY)
def test_a_table_is_read(tmp_path: Path, name: str) -> None:
    recording = read_recording(write(tmp_path, WITH_GRAVITY[name]))
    assert recording.signals[0].has_gravity
    assert recording.duration == pytest.approx(120, abs=1)
    check_kicks(recording)


@pytest.mark.parametrize("name", WITHOUT_GRAVITY)
def test_acceleration_without_gravity_shows_movements_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    found, err = score(write(tmp_path, WITHOUT_GRAVITY[name]), capsys)
    assert onsets(found) == pytest.approx(KICKS, abs=0.15)
    assert {one["grade"] for one in found["movements"]} == {"moderate"}
    assert (found["in_bed"], found["asleep"]) == (None, None)
    assert found["measures"]["time_in_bed_h"] is None
    assert found["measures"]["plm_index"] is None
    assert "without gravity: movements are counted, but posture and time in bed are unknown" in err


# --- Starts ---

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "zone", "start"),
    [
        ("Unix s", None, UNIX),
        ("Unix ns", None, UNIX),
        ("ISO with Z", None, UNIX),
        ("ISO with an offset", None, UNIX),
        ("Garmin", None, UNIX),
        ("Empatica", None, UNIX),
        ("GENEActiv", None, UNIX),
        ("accelerometer", None, UNIX),
        ("ISO with a space, local", None, None),
        ("ISO with a space, local", BERLIN, UNIX - 3600),
        ("German dates", BERLIN, UNIX - 3600),
        ("American dates", BERLIN, UNIX - 3600),
        ("date and time in two columns", BERLIN, UNIX - 3600),
        ("Polar Sensor Logger", BERLIN, UNIX - 3600),
        ("ActiGraph", BERLIN, UNIX - 3600),
        ("ActiGraph with times", BERLIN, UNIX - 3600),
        ("Axivity", BERLIN, UNIX - 3600),
        ("clock times", BERLIN, None),
        ("limber", BERLIN, None),
    ],
)
def test_the_start_is_the_time_of_the_first_row(
    tmp_path: Path, name: str, zone: ZoneInfo | None, start: float | None
) -> None:
    recording = read_recording(write(tmp_path, WITH_GRAVITY[name]), ReadOptions(zone=zone))
    found = None if recording.start is None else recording.start / 1e6
    assert found == pytest.approx(start, abs=0.001)


def test_the_hour_that_comes_twice_in_autumn_is_read_in_its_order(tmp_path: Path) -> None:
    """Clocks in Berlin went from 03:00 back to 02:00 on 25 October 2026."""
    minutes = [*range(90, 180), *range(120, 240)]
    times = [
        f"2026-10-25 {minute // 60:02}:{minute % 60:02}:{second:02}.0"
        for minute in minutes
        for second in range(60)
    ]
    values = np.tile([[0.0], [0.0], [1.0]], len(times))
    values[0, ::2] = 0.01
    path = write(tmp_path, table(HEADER, times, values))
    recording = read_recording(path, ReadOptions(zone=BERLIN))
    assert recording.start == 1_792_884_600_000_000
    assert recording.duration == 210 * 60 - 1
    assert not any("left out" in note for note in recording.notes)


# --- Damage ---


def damaged(rows: str) -> dict[str, tuple[bytes, str | None]]:
    """Return a table with damages of each kind, and what is said of it."""
    text = rows.encode()
    lines = text.splitlines(keepends=True)
    header = lines[0]
    half = len(lines) // 2
    return {
        "a torn last line": (text[:-9], "line 6001: the last line is cut off and left out"),
        "a last line without its end": (text.rstrip(b"\n"), None),
        "NUL bytes at its end": (text + bytes(4096), "4096 NUL bytes at its end are left out"),
        "NUL bytes within": (
            b"".join(lines[:half]) + bytes(512) + b"\n" + b"".join(lines[half:]),
            "1 line with NUL bytes left out",
        ),
        "the header again": (b"".join([*lines[:half], header, *lines[half:]]), None),
        "a damaged line": (
            b"".join([*lines[:half], b"30.0,0.1,\xff\xfe,,,7\n", *lines[half:]]),
            "line 3001: `",
        ),
        "a letter in a number": (
            b"".join([*lines[:half], lines[half].replace(b".", b"x"), *lines[half + 1 :]]),
            "1 damaged lines left out",
        ),
        "a comment within": (b"".join([*lines[:half], b"# paused\n", *lines[half:]]), None),
        "a byte order mark": (b"\xef\xbb\xbf" + text, None),
        "UTF-16": (rows.encode("utf-16"), None),
        "UTF-16 without a mark": (rows.encode("utf-16-le"), None),
        "Latin-1": (text.replace(b"time,", b"time,"), None),
        "an empty field": (
            b"".join([*lines[:half], lines[half].rsplit(b",", 1)[0] + b",\n", *lines[half + 1 :]]),
            None,
        ),
        "NA": (
            b"".join(
                [*lines[:half], lines[half].rsplit(b",", 1)[0] + b",NA\n", *lines[half + 1 :]]
            ),
            None,
        ),
        "a doubled line": (
            b"".join([*lines[:half], lines[half], *lines[half:]]),
            "time goes back or stands still; 1 row left out",
        ),
    }


DAMAGES = damaged(WITH_GRAVITY["limber"])


@pytest.mark.parametrize("name", DAMAGES)
def test_what_can_be_read_of_a_damaged_table_is_read(tmp_path: Path, name: str) -> None:
    content, note = DAMAGES[name]
    recording = read_recording(write(tmp_path, content))
    check_kicks(recording)
    assert recording.duration == pytest.approx(119.98, abs=0.03)
    said = [one for one in recording.notes if note is not None and note in one]
    assert len(recording.notes) == len(said) == (note is not None)


def test_a_gzip_file_that_ends_early_is_read_up_to_its_end(tmp_path: Path) -> None:
    content = gzipped(WITH_GRAVITY["limber"], cut=2000)
    recording = read_recording(write(tmp_path, content, "n.csv.gz"))
    assert 60 < recording.duration < 119
    assert "the gzip file ends early" in recording.notes[0]


# --- Values that are not measured ---


def test_zero_vectors_are_gaps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ActiLife writes zeros while the device sleeps."""
    values = X.copy()
    values[:, 500:1500] = 0
    found, err = score(write(tmp_path, table(HEADER, TIMES, values)), capsys)
    assert [(gap["onset"], gap["end"]) for gap in found["gaps"]] == [pytest.approx((9.98, 30.0))]
    assert "0 in 1000 rows: nothing was measured there" in err


def test_values_that_stand_still_to_the_last_digit_are_gaps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other programs repeat the last sample while the device sleeps."""
    values = X.copy()
    values[:, 500:1500] = values[:, 499:500]
    found, err = score(write(tmp_path, table(HEADER, TIMES, values)), capsys)
    assert [(gap["onset"], gap["end"]) for gap in found["gaps"]] == [pytest.approx((9.98, 30.0))]
    assert "repeats the same values for 20 s in all" in err


def test_missing_batches_are_a_gap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    times = [f"{index // 25 * 0.5 + 8.0 * (index >= 1000):.2f}" for index in range(X.shape[1])]
    found, _ = score(write(tmp_path, table(HEADER, times, X)), capsys)
    assert [(gap["onset"], gap["end"]) for gap in found["gaps"]] == [
        pytest.approx((19.98, 28.0), abs=0.05)
    ]


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


# --- Archives and JSON ---


def sensor_logger(values: np.ndarray) -> str:
    times = [f"{ns},{time}" for ns, time in zip(UNIX_NS, TIMES, strict=True)]
    return table("time,seconds_elapsed,z,y,x", times, values[::-1] * G)


OTHER_FILES = {"Metadata.csv": "version,device name\n3,phone\n", "Annotation.csv": "time,text\n"}
PHYPHOX = {
    "Raw Data.csv": WITH_GRAVITY["phyphox"],
    "meta/device.csv": '"property","value"\n"version","1.1.11"\n',
    "meta/time.csv": '"event","experiment time","system time","system time text"\n'
    f'"START",0.000000000E0,{UNIX:.9E},"2026-11-20 22:00:00.000 UTC"\n'
    f'"PAUSE",1.2E2,{UNIX + 120:.9E},"2026-11-20 22:02:00.000 UTC"\n',
}
ARCHIVES: dict[str, tuple[dict[str, str], bool, float | None]] = {
    "Sensor Logger": (
        {
            **OTHER_FILES,
            "TotalAcceleration.csv": sensor_logger(X),
            "Accelerometer.csv": sensor_logger(LINEAR),
            "Gyroscope.csv": sensor_logger(X * 9),
        },
        True,
        UNIX,
    ),
    "Sensor Logger of iOS with gravity": (
        {
            **OTHER_FILES,
            "Accelerometer.csv": sensor_logger(LINEAR),
            "Gravity.csv": sensor_logger(X - LINEAR),
        },
        True,
        UNIX,
    ),
    "Sensor Logger without gravity": (
        {**OTHER_FILES, "Accelerometer.csv": sensor_logger(LINEAR)},
        False,
        UNIX,
    ),
    "phyphox": (PHYPHOX, True, UNIX),
    "Empatica": (
        {
            "ACC.csv": WITH_GRAVITY["Empatica"],
            "BVP.csv": "1795212000.0\n64.0\n" + "0.5\n" * 50,
            "tags.csv": "1795212010.5\n",
            "info.txt": "ACC.csv\n",
        },
        True,
        UNIX,
    ),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_of_an_app_is_read(tmp_path: Path, name: str) -> None:
    members, has_gravity, start = ARCHIVES[name]
    recording = read_recording(zipped(tmp_path / "night.zip", members))
    assert recording.name == "night.zip"
    assert recording.signals[0].has_gravity == has_gravity
    assert recording.start == pytest.approx(start and start * 1e6, abs=1000)
    check_kicks(recording)


def test_an_archive_of_two_nights_is_refused(tmp_path: Path) -> None:
    members = {"left.csv": WITH_GRAVITY["limber"], "right.csv": WITH_GRAVITY["limber"]}
    with pytest.raises(UnreadableRecordingError, match=r"several recordings in it \(left.csv, r"):
        read_recording(zipped(tmp_path / "night.zip", members))


def seizure_detector(*, axes: bool) -> list[dict[str, object]]:
    """Return a log of OpenSeizureDetector at 25 Hz: a point for every five seconds."""
    values = np.round(X[:, ::2] * 1000)
    points = []
    for number in range(24):
        own = values[:, 125 * number : 125 * (number + 1)]
        points.append(
            {
                "dataTime": "20-11-2026 " + clock("{h:02}:{m:02}:{s:02}", 5000 * number),
                "rawData": np.sqrt((own**2).sum(axis=0)).tolist(),
                "rawData3D": own.T.ravel().tolist() if axes else [],
            }
        )
    return points


@pytest.mark.parametrize("axes", [True, False])
def test_a_log_of_openseizuredetector_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, axes: bool
) -> None:
    document = [{"id": 1, "type": "Unknown", "datapoints": seizure_detector(axes=axes)}]
    found, err = score(write(tmp_path, json.dumps(document), "log.json"), capsys)
    assert onsets(found) == pytest.approx(KICKS, abs=0.3)
    assert ("only the length of the acceleration" in err) == (not axes)


def test_rows_with_many_samples_of_openseizuredetector_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        ", ".join(map(str, [one["dataTime"], *[0] * 10, 1, 1, 25.0, "OK", 60, 97, *one["rawData"]]))  # type: ignore[misc]
        for one in seizure_detector(axes=False)
    ]
    found, err = score(write(tmp_path, "\n".join(rows), "DataLog.txt"), capsys)
    assert onsets(found) == pytest.approx(KICKS, abs=0.3)
    assert found["in_bed"] is None
    assert "only the length of the acceleration" in err


def test_the_json_of_sensor_logger_is_read(tmp_path: Path) -> None:
    rows = [
        {"sensor": "TotalAcceleration", "time": ns, "seconds_elapsed": time}
        | dict(zip("xyz", map(str, (X[:, index] * G).tolist()), strict=True))
        for index, (ns, time) in enumerate(zip(UNIX_NS, TIMES, strict=True))
    ]
    check_kicks(read_recording(write(tmp_path, json.dumps(rows), "night.json")))


# --- Real files ---

WRISTBANDS = Path(__file__).parents[1] / "data/wristbands"


@pytest.mark.parametrize(
    ("name", "rate", "seconds_long", "start"),
    [("garmin", 25.0, 630.9, 1_571_220_541.702), ("empatica", 32.0, 81.2, 1_560_279_825.0)],
)
def test_real_recordings_of_wristbands(
    name: str, rate: float, seconds_long: float, start: float
) -> None:
    recording = read_recording(WRISTBANDS / f"{name}.csv.gz")
    (signal,) = recording.signals
    assert recording.start == start * 1e6
    assert recording.duration == pytest.approx(seconds_long, abs=1.0)
    assert signal.rate == pytest.approx(rate, rel=0.03)
    values = np.concatenate([block.samples for block in signal.blocks], axis=1)
    assert np.median(np.sqrt((values**2).sum(axis=0))) == pytest.approx(1.0, abs=0.1)


def test_a_table_in_parquet_is_read(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars", reason="needs limber-bridge[fast]")
    columns = {"timestamp": np.array(UNIX_NS, np.int64)} | dict(zip("xyz", X * G, strict=True))
    polars.DataFrame(columns).write_parquet(tmp_path / "night.parquet")
    recording = read_recording(tmp_path / "night.parquet")
    assert recording.start == UNIX * 1e6
    check_kicks(recording)
