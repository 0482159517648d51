"""Tables as loggers, apps and spreadsheets write them give the movements that are in them."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from limber_bridge.recordings import read_recording
from limber_bridge.recordings.read_options import ReadOptions
from tests.bridge.example_tables import BERLIN, HEADER, TIMES, WITH_GRAVITY, WITHOUT_GRAVITY, X
from tests.bridge.read_tables import check_kicks, onsets, score, write
from tests.bridge.tables import KICKS, UNIX, gzipped, table


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
