"""Recorded nights: what is there is read, what is not is a gap, what cannot be read is named."""

import gzip
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import edfio
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limber_bridge.detection.events import Gap
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import (
    SECOND,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)
from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings import read_recording
from limber_bridge.recordings.csv import write_csv
from limber_bridge.recordings.edf import write_edf

LEFT = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
NAMES = ["left_acc_x", "left_acc_y", "left_acc_z"]
SIGNAL = np.round(np.random.default_rng(0).normal(0, 0.1, (3, 3000)), 4) + np.array([[0], [1], [0]])


def gaps(recording: Recording) -> list[tuple[float, float]]:
    detector = Pipeline([LEFT])
    found = [event for block in recording.signals[0].blocks for event in detector.process(1, block)]
    return [(event.onset / SECOND, event.end / SECOND) for event in found if isinstance(event, Gap)]


def joined(recording: Recording) -> np.ndarray:
    return np.concatenate([block.samples for block in recording.signals[0].blocks], axis=1)


def written(path: Path) -> Path:
    if path.suffix == ".edf":
        write_edf(path, NAMES, Quantity.ACCELERATION, 50.0, SIGNAL)
    else:
        write_csv(
            path,
            Quantity.ACCELERATION,
            NAMES,
            [SampleBlock(0, SIGNAL, SampleClock(0, 0, 50.0), 50.0)],
        )
    return path


@pytest.mark.parametrize("name", ["n.csv", "n.csv.gz", "n.edf"])
def test_what_was_written_is_read(tmp_path: Path, name: str) -> None:
    recording = read_recording(written(tmp_path / name))
    assert recording.start is None
    assert recording.duration == pytest.approx(60.0, abs=0.03)
    (signal,) = recording.signals
    assert (signal.quantity, signal.placement, signal.side) == (
        Quantity.ACCELERATION,
        Placement.ANKLE,
        Side.LEFT,
    )
    assert signal.rate == pytest.approx(50.0)
    np.testing.assert_allclose(joined(recording), SIGNAL, atol=3e-4)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("blank", [False, True])
def test_semicolons_are_read_like_commas(tmp_path: Path, decimal: str, *, blank: bool) -> None:
    """As a spreadsheet writes them where the comma is the decimal sign."""
    text = written(tmp_path / "n.csv").read_text()
    rows = text.replace(",", ";").replace(".", decimal).splitlines()
    rows[5] = ";".join([rows[5].split(";")[0], "", "", ""]) if blank else rows[5]
    (tmp_path / "s.csv").write_text("\n".join(rows))
    found = joined(read_recording(tmp_path / "s.csv"))
    expected = joined(read_recording(tmp_path / "n.csv"))
    expected[:, 4] = np.nan if blank else expected[:, 4]
    np.testing.assert_array_equal(found, expected)


def test_an_edf_without_a_signal_says_so(tmp_path: Path) -> None:
    edfio.Edf([], annotations=[edfio.EdfAnnotation(0, None, "leg movement")]).write(
        tmp_path / "n.edf"
    )
    with pytest.raises(
        UnreadableRecordingError, match="annotations and no signal; there is nothing to score"
    ):
        read_recording(tmp_path / "n.edf")


@pytest.mark.parametrize("name", ["n.csv", "n.csv.gz", "n.edf"])
def test_the_same_samples_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    (tmp_path / "again").mkdir()
    assert written(tmp_path / name).read_bytes() == written(tmp_path / "again" / name).read_bytes()


def csv(tmp_path: Path, times: np.ndarray, header: str = "time," + ",".join(NAMES)) -> Path:
    path = tmp_path / "n.csv"
    rows = "\n".join(f"{time:.6f},0.0,1.0,0.0" for time in times)
    path.write_text(f"{header}\n{rows}\n")
    return path


def test_unix_times_tell_when_it_was(tmp_path: Path) -> None:
    recording = read_recording(csv(tmp_path, 1_795_000_000.25 + np.arange(500) / 50))
    assert recording.start == 1_795_000_000_250_000
    assert recording.signals[0].blocks[0].clock.time_of(0) == pytest.approx(
        1_795_000_000_250_000, abs=2
    )


def test_rows_that_are_missing_are_a_gap(tmp_path: Path) -> None:
    times = np.arange(3000) / 50
    kept = (times < 20) | (times >= 33.3)
    ((begin, end),) = gaps(read_recording(csv(tmp_path, times[kept])))
    assert (begin, end) == pytest.approx((19.98, 33.3), abs=0.01)


def test_rows_that_jitter_are_none(tmp_path: Path) -> None:
    times = np.arange(3000) / 50 + np.random.default_rng(0).uniform(-0.009, 0.009, 3000)
    recording = read_recording(csv(tmp_path, times))
    assert gaps(recording) == []
    assert recording.signals[0].rate == pytest.approx(50.0, rel=1e-3)


def test_a_slow_sensor_has_no_gaps_between_its_samples(tmp_path: Path) -> None:
    assert gaps(read_recording(csv(tmp_path, np.arange(400) * 0.61))) == []


def test_empty_fields_are_samples_that_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    rows = [
        f"{number / 50},{'' if 500 <= number < 800 else '0.0'},1.0,0.0" for number in range(1500)
    ]
    path.write_text("time," + ",".join(NAMES) + "\n" + "\n".join(rows))
    assert gaps(read_recording(path)) == [(9.98, 16.0)]


def test_time_that_runs_back_is_left_out_and_told(tmp_path: Path) -> None:
    times = np.arange(3000) / 50
    times[1000:1050] -= 0.3
    recording = read_recording(csv(tmp_path, times))
    assert "line 1002: time runs back" in recording.notes[0]


def test_a_clock_that_was_set_back_costs_the_time_it_was_set_back_by(tmp_path: Path) -> None:
    times = np.arange(3000) / 50
    times[1500:] -= 20.0
    recording = read_recording(csv(tmp_path, times))
    assert [note.partition(": ")[2] for note in recording.notes] == [
        "line 1502: time runs back or stands still; 1000 rows left out; give the rows the time that the device measured"
    ]
    assert recording.duration == pytest.approx(39.98)
    assert gaps(recording) == []


def test_a_row_without_time_is_left_out_and_told(tmp_path: Path) -> None:
    path = csv(tmp_path, np.arange(100) / 50)
    path.write_text(path.read_text().replace("\n0.200000,", "\n,", 1))
    assert "line 12: column `time` is empty; 1 rows left out" in read_recording(path).notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty; a recording begins with a header row"),
        ("x,y,z\n0,1,0\n", "line 1: no column `time`"),
        ("time,a,b\n0,1,0\n", "line 1: no known column; known are"),
        ("time,x,x,z\n0,1,0,0\n", "line 1: column `x` stands there twice"),
        ("time,x,y\n0,1,0\n1,1,0\n", "`x` is there but not `z`; give all axes"),
        ("time,left_emg\n0,1\n1,abc\n", "line 3: column `left_emg` is `abc`; write a number"),
        ("time,left_emg\n0,1\n1\n", "line 3: 1 fields under 2 names"),
        (
            "time,left_emg\n0,0,1,2\n0,1,1,2\n",
            "2: 4 fields under 2 names; if its commas are decimal ones, write points",
        ),
        (
            "time;left_emg\n0.0;1,2\n0.1;1,2\n",
            "decimal commas and points in one file; write the same everywhere",
        ),
        (
            "time,left_emg\n2026-11-20T22:00:00Z,1\n",
            "line 2: column `time` is `2026-11-20T22:00:00Z`; write seconds, from any moment on or since 1970",
        ),
        ("time,left_emg\n0,on\n", "line 2: column `left_emg` is `on`; write a number or nothing"),
        ("time,left_emg\n0,1\n,2\n", "line 3: column `time` is empty"),
        ("time,left_emg\n0,1\n", "fewer than two rows"),
        ("time,left_emg\n", "fewer than two rows"),
        (
            "time,left_emg\n1795368567419,1\n1795368567439,1\n",
            "line 2: column `time` is 1795368567419; write seconds",
        ),
        ("time,left_emg\n0,1\n1e300,1\n", "line 3: column `time` is"),
        (
            "time,left_emg\n0,1\n3,1\n2,1\n1,1\n",
            "line 4: time runs back, as in 2 rows; sort them by time",
        ),
        ("time,x,y,z,left_acc_x\n0,0,0,1,0\n", "line 1: `x, y, z` beside another ankle; say whose"),
        (
            "time,x,y,z\n0,0,0,9.81\n1,0,0,9.81\n",
            "`x` and its axes read 9.81 at rest, where gravity is 1 g; write g",
        ),
        (
            "time,x,y,z\n0,0,0,1000\n1,0,0,1000\n",
            "read 1000 at rest, where gravity is 1 g; write g",
        ),
        ("time,left_emg\n0,nan\n1,inf\n", "no number in any column but `time`"),
        # Found by script/fuzz: no sensor measures so much, and a single number has no rate.
        ("time,left_emg\n0,1e99\n1,6\n", "no number in any column but `time`"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "n.csv"
    path.write_text(text)
    with pytest.raises(UnreadableRecordingError) as error:
        read_recording(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_truncated_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "n.csv.gz"
    path.write_bytes(gzip.compress(b"time,left_emg\n0,1\n1,2\n" * 50)[:-20])
    with pytest.raises(UnreadableRecordingError, match="not a whole UTF-8 text"):
        read_recording(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecordingError, match="check the path"):
        read_recording(tmp_path / "none.csv")


# --- EDF ---


def edf(path: Path, *signals: edfio.EdfSignal, **more: object) -> Path:
    edfio.Edf(list(signals), **more).write(path)  # type: ignore[arg-type]
    return path


def channel(
    label: str, unit: str = "uV", rate: float = 200.0, size: float = 100.0
) -> edfio.EdfSignal:
    data = np.random.default_rng(1).normal(0, size / 5, round(rate * 60))
    return edfio.EdfSignal(
        data, rate, label=label, physical_dimension=unit, physical_range=(-2 * size, 2 * size)
    )


@pytest.mark.parametrize("label", ["LAT", "Leg L", "L-LEG", "TIB L", "EMG LAT", "left_emg"])
def test_labels_of_sleep_laboratories_are_known(tmp_path: Path, label: str) -> None:
    recording = read_recording(edf(tmp_path / "n.edf", channel("C3-A2"), channel(label)))
    assert [(one.quantity, one.side) for one in recording.signals] == [(Quantity.EMG, Side.LEFT)]


def test_units_are_converted(tmp_path: Path) -> None:
    in_uv = joined(read_recording(edf(tmp_path / "a.edf", channel("LAT", "uV"))))
    in_mv = joined(read_recording(edf(tmp_path / "b.edf", channel("LAT", "mV"))))
    np.testing.assert_allclose(in_mv, in_uv * 1000)


def test_a_unit_that_is_not_known_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        UnreadableRecordingError,
        match="`LAT`: unit `furlong` unknown; the header must say one of uv",
    ):
        read_recording(edf(tmp_path / "n.edf", channel("LAT", "furlong")))


def test_a_local_start_needs_a_zone(tmp_path: Path) -> None:
    path = edf(
        tmp_path / "n.edf",
        channel("LAT"),
        recording=edfio.Recording(startdate=datetime(2026, 11, 21).date()),  # noqa: DTZ001 - EDF has no zones
        starttime=datetime(2026, 11, 21, 22, 10).time(),  # noqa: DTZ001
    )
    assert read_recording(path).start is None
    berlin = ZoneInfo("Europe/Berlin")
    assert read_recording(path, berlin).start == round(
        datetime(2026, 11, 21, 22, 10, tzinfo=berlin).timestamp() * SECOND
    )


def test_discontinuities_are_gaps(tmp_path: Path) -> None:
    """EDF+D, which its library reads as if it were continuous: from record 20 on everything is 30 s
    later."""
    path = written(tmp_path / "n.edf")
    data = bytearray(path.read_bytes())
    data[192:197] = b"EDF+D"
    for record in reversed(range(20, 60)):
        old = f"+{record}\x14\x14\x00".encode()
        new = f"+{record + 30}\x14\x14\x00".encode()
        at = data.find(old, 256 * 5)
        data[at : at + len(new)] = new
    path.write_bytes(data)
    ((begin, end),) = gaps(read_recording(path))
    assert (begin, end) == pytest.approx((19.98, 50.0), abs=0.03)


def test_no_known_signal_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecordingError, match="no known signal among C3-A2"):
        read_recording(edf(tmp_path / "n.edf", channel("C3-A2")))


def test_a_truncated_file_is_read_or_named(tmp_path: Path) -> None:
    path = written(tmp_path / "n.edf")
    whole = path.read_bytes()
    for size in (0, 100, 300, 1300):
        path.write_bytes(whole[:size])
        with pytest.raises(UnreadableRecordingError, match=str(path)):
            read_recording(path)
    path.write_bytes(whole[: len(whole) // 2])
    recording = read_recording(path)
    assert 20 < recording.duration < 40
    assert recording.notes


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=300)
    | st.text(alphabet="time,xyz0123456789.-\n", max_size=300).map(str.encode),
    st.sampled_from(["csv", "csv.gz", "edf"]),
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / f"n.{kind}"
    path.write_bytes(gzip.compress(data) if kind == "csv.gz" else data)
    try:
        read_recording(path)
    except UnreadableRecordingError as error:
        assert str(path) in str(error)  # noqa: PT017 - some bytes raise it, some do not


def test_real_recordings_of_a_slow_bed_sensor(tmp_path: Path) -> None:
    """One of them has a step of time backwards."""
    folder = Path(__file__).parents[1] / "data/bed_acceleration"
    recordings = [read_recording(path) for path in sorted(folder.glob("*.csv.gz"))]
    assert [round(recording.duration / 3600, 2) for recording in recordings] == [
        6.78,
        6.49,
        0.07,
        1.12,
    ]
    assert [len(recording.notes) for recording in recordings] == [1, 2, 1, 1]
    assert all(
        "below 10 Hz movements are unknown" in recording.notes[-1] for recording in recordings
    )
    for recording in recordings:
        detector = Pipeline([Sensor(1, Quantity.ACCELERATION, Placement.BED)])
        for block in recording.signals[0].blocks:
            detector.process(1, block)
        assert not detector.coverage(0, 1).movement_sensors


@pytest.mark.parametrize("byte", [b"\x16", b"0", b"-", b" "])
def test_any_byte_of_a_header_may_be_wrong(tmp_path: Path, byte: bytes) -> None:
    """edfio reads some fields only when they are asked for; found by script/fuzz."""
    good = edf(tmp_path / "n.edf", channel("LAT")).read_bytes()
    path = tmp_path / "bad.edf"
    for at in range(512):
        path.write_bytes(good[:at] + byte + good[at + 1 :])
        with suppress(UnreadableRecordingError):
            assert read_recording(path).signals


def test_a_hole_in_a_slow_recording_leaves_no_piece_without_a_row(tmp_path: Path) -> None:
    """Found by script/fuzz."""
    path = tmp_path / "n.csv"
    path.write_text("time,left_emg\n0,0\n0.1,\n60500000,7.3\n")
    with suppress(UnreadableRecordingError):
        assert all(block.samples.shape[1] for block in read_recording(path).signals[0].blocks)


def cut(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


def overwritten(path: Path, offset: int, text: bytes) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[:offset] + text.ljust(8) + data[offset + 8 :])
    return path


def test_a_file_that_breaks_off_is_scored_up_to_there_and_told_in_one_line(tmp_path: Path) -> None:
    path = edf(tmp_path / "n.edf", channel("LAT"))
    recording = read_recording(cut(path, path.stat().st_size - 1000))
    assert recording.notes == (
        f"{path}: ends after 57 of 60 records; those are scored; export the rest anew",
    )
    assert recording.duration == 57.0


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (0, "empty"),
        (100, "ends within its header of 256 bytes"),
        (300, "ends within its header of 512 bytes"),
    ],
)
def test_a_header_that_breaks_off_is_named(tmp_path: Path, size: int, message: str) -> None:
    with pytest.raises(UnreadableRecordingError, match=message):
        read_recording(cut(edf(tmp_path / "n.edf", channel("LAT")), size))


@pytest.mark.parametrize(
    ("offset", "text", "message"),
    [
        (236, b"many", "header, byte 236: `many`: the number of records must be a number"),
        (244, b"0", "header, byte 244: records of 0 s, so no rate is known"),
        (472, b"0", "header, byte 472: a signal without samples, so no rate is known"),
    ],
)
def test_a_header_that_says_nonsense_is_named(
    tmp_path: Path, offset: int, text: bytes, message: str
) -> None:
    with pytest.raises(UnreadableRecordingError, match=message):
        read_recording(overwritten(edf(tmp_path / "n.edf", channel("LAT")), offset, text))


def test_a_wrong_rate_in_the_header_is_named_where_the_records_tell(tmp_path: Path) -> None:
    path = edf(tmp_path / "n.edf", channel("LAT"), annotations=())
    with pytest.raises(
        UnreadableRecordingError, match="records of 2 s that begin 1 s apart: its rates are wrong"
    ):
        read_recording(overwritten(path, 244, b"2"))


def test_more_records_than_the_header_says_are_told(tmp_path: Path) -> None:
    recording = read_recording(overwritten(edf(tmp_path / "n.edf", channel("LAT")), 236, b"30"))
    assert "60 records where its header says 30" in recording.notes[0]


def test_two_labels_for_one_muscle_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        UnreadableRecordingError, match="`LAT`, `Leg L`: one quantity twice; keep one label"
    ):
        read_recording(edf(tmp_path / "n.edf", channel("LAT"), channel("Leg L")))


def test_a_signal_of_unknown_unit_does_not_cost_the_others(tmp_path: Path) -> None:
    recording = read_recording(edf(tmp_path / "n.edf", channel("LAT", "furlong"), channel("RAT")))
    assert [one.side for one in recording.signals] == [Side.RIGHT]
    assert "`LAT`: unit `furlong` unknown" in recording.notes[0]


def test_a_slow_signal_says_what_is_unknown(tmp_path: Path) -> None:
    (note,) = read_recording(edf(tmp_path / "n.edf", channel("LAT", rate=20.0))).notes
    assert "`left_emg` has 20 Hz; below 50 Hz movements are unknown; record faster" in note
