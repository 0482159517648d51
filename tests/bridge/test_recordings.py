"""Recorded nights: missing samples become gaps, and an error names what cannot be read."""

import gzip
import zipfile
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
from limber_bridge.recordings.edf_writer import write_edf
from limber_bridge.recordings.read_options import ReadOptions

LEFT = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
NAMES = ["left_acc_x", "left_acc_y", "left_acc_z"]
SIGNAL = np.round(np.random.default_rng(0).normal(0, 0.1, (3, 3000)), 4) + np.array([[0], [1], [0]])


def gaps(recording: Recording) -> list[tuple[float, float]]:
    detector = Pipeline([LEFT])
    found = [event for block in recording.signals[0].blocks for event in detector.process(1, block)]
    return [(event.onset / SECOND, event.end / SECOND) for event in found if isinstance(event, Gap)]


def all_samples(recording: Recording) -> np.ndarray:
    return np.concatenate([block.samples for block in recording.signals[0].blocks], axis=1)


def write_signal(path: Path) -> Path:
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
def test_a_written_recording_is_read_back(tmp_path: Path, name: str) -> None:
    recording = read_recording(write_signal(tmp_path / name))
    assert recording.start is None
    assert recording.duration == pytest.approx(60.0, abs=0.03)
    (signal,) = recording.signals
    assert (signal.quantity, signal.placement, signal.side) == (
        Quantity.ACCELERATION,
        Placement.ANKLE,
        Side.LEFT,
    )
    assert signal.rate == pytest.approx(50.0)
    np.testing.assert_allclose(all_samples(recording), SIGNAL, atol=3e-4)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("blank", [False, True])
def test_semicolons_are_read_like_commas(tmp_path: Path, decimal: str, *, blank: bool) -> None:
    """Spreadsheets write semicolons where the comma is the decimal sign."""
    text = write_signal(tmp_path / "n.csv").read_text()
    rows = text.replace(",", ";").replace(".", decimal).splitlines()
    rows[5] = ";".join([rows[5].split(";")[0], "", "", ""]) if blank else rows[5]
    (tmp_path / "s.csv").write_text("\n".join(rows))
    found = all_samples(read_recording(tmp_path / "s.csv"))
    expected = all_samples(read_recording(tmp_path / "n.csv"))
    expected[:, 4] = np.nan if blank else expected[:, 4]
    np.testing.assert_array_equal(found, expected)


def test_an_edf_with_annotations_only_is_refused(tmp_path: Path) -> None:
    edfio.Edf([], annotations=[edfio.EdfAnnotation(0, None, "leg movement")]).write(
        tmp_path / "n.edf"
    )
    with pytest.raises(
        UnreadableRecordingError, match="annotations but no signal; there is nothing to score"
    ):
        read_recording(tmp_path / "n.edf")


@pytest.mark.parametrize("name", ["n.csv", "n.csv.gz", "n.edf"])
def test_the_same_samples_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    (tmp_path / "again").mkdir()
    assert (
        write_signal(tmp_path / name).read_bytes()
        == write_signal(tmp_path / "again" / name).read_bytes()
    )


def csv(tmp_path: Path, times: np.ndarray, header: str = "time," + ",".join(NAMES)) -> Path:
    path = tmp_path / "n.csv"
    rows = "\n".join(f"{time:.6f},{number % 2 / 1000},1.0,0.0" for number, time in enumerate(times))
    path.write_text(f"{header}\n{rows}\n")
    return path


def test_unix_times_give_the_start(tmp_path: Path) -> None:
    recording = read_recording(csv(tmp_path, 1_795_000_000.25 + np.arange(500) / 50))
    assert recording.start == 1_795_000_000_250_000
    assert next(iter(recording.signals[0].blocks)).clock.time_of(0) == pytest.approx(
        1_795_000_000_250_000, abs=2
    )


def test_missing_rows_are_a_gap(tmp_path: Path) -> None:
    times = np.arange(3000) / 50
    kept = (times < 20) | (times >= 33.3)
    ((begin, end),) = gaps(read_recording(csv(tmp_path, times[kept])))
    assert (begin, end) == pytest.approx((19.98, 33.3), abs=0.01)


def test_jittering_rows_are_no_gap(tmp_path: Path) -> None:
    times = np.arange(3000) / 50 + np.random.default_rng(0).uniform(-0.009, 0.009, 3000)
    recording = read_recording(csv(tmp_path, times))
    assert gaps(recording) == []
    assert recording.signals[0].rate == pytest.approx(50.0, rel=1e-3)


def test_a_slow_sensor_has_no_gaps_between_its_samples(tmp_path: Path) -> None:
    assert gaps(read_recording(csv(tmp_path, np.arange(400) * 0.61))) == []


def test_empty_fields_are_missing_samples(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    rows = [
        f"{number / 50},{'' if 500 <= number < 800 else '0.0'},1.0,0.0" for number in range(1500)
    ]
    path.write_text("time," + ",".join(NAMES) + "\n" + "\n".join(rows))
    assert gaps(read_recording(path)) == [(9.98, 16.0)]


def test_rows_with_time_going_back_are_left_out_with_a_note(tmp_path: Path) -> None:
    times = np.arange(3000) / 50
    times[1000:1050] -= 0.3
    recording = read_recording(csv(tmp_path, times))
    assert "line 1002: time goes back" in recording.notes[0]


def test_a_clock_set_back_loses_as_much_time(tmp_path: Path) -> None:
    times = np.arange(3000) / 50
    times[1500:] -= 20.0
    recording = read_recording(csv(tmp_path, times))
    assert [note.partition(": ")[2] for note in recording.notes] == [
        (
            "line 1502: time goes back or stands still; 1050 rows left out; "
            "write the times that the device measured"
        )
    ]
    assert recording.duration == pytest.approx(39.98)
    # How much was recorded while the clock repeated itself is unknown.
    assert gaps(recording) == [(29.98, 31.0)]


def test_a_row_without_a_time_is_left_out_with_a_note(tmp_path: Path) -> None:
    path = csv(tmp_path, np.arange(100) / 50)
    path.write_text(path.read_text().replace("\n0.200000,", "\n,", 1))
    assert "line 12: column `time` is empty; 1 row left out" in read_recording(path).notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty; a recording starts with a header row"),
        ("x,y,z\n0,1,0\n", "line 1: no column `time`"),
        (
            "time,a,b\n0,1,0\n",
            "line 1: no known column among `time`, `a`, `b`; write for example --column",
        ),
        ("time,x,x,z\n0,1,0,0\n", "line 1: column `x` appears twice"),
        ("time,x,y\n0,1,0\n1,1,0\n", "column `x` without column `z`; write all axes"),
        ("time,left_emg\n0,1\n1,abc\n2,1\n", "line 3: column `left_emg` is `abc`; write a number"),
        ("time,left_emg\n0,1\n1\n2,1\n", "line 3: 1 fields under 2 names"),
        (
            "time,left_emg\n0,0,1,2\n0,1,1,2\n",
            "2: 4 fields under 2 names; if its commas are decimal commas, write decimal points",
        ),
        (
            "time;left_emg\n0.0;1,2\n0.1;1,2\n",
            "decimal commas and decimal points in one file; write the same everywhere",
        ),
        (
            "time,left_emg\nten,1\neleven,2\n",
            "line 2: column `time` is `ten`; write seconds, Unix time, or a time such as 2026",
        ),
        ("time,left_emg\n0,on\n", "line 2: column `left_emg` is `on`; write a number or nothing"),
        ("time,left_emg\n0,1\n,2\n", "line 3: column `time` is empty"),
        ("time,left_emg\n0,1\n", "fewer than two rows"),
        ("time,left_emg\n", "fewer than two rows"),
        (
            "time,left_emg\n1795368567419000000000,1\n1795368567439000000000,1\n",
            "column `time` is 1.795368567e+21; in s that is more than 60 days from the first row",
        ),
        ("time,left_emg\n0,1\n1e300,1\n", "line 3: column `time` is"),
        (
            "time,left_emg\n0,1\n3,1\n2,1\n1,1\n",
            "line 4: time goes back, as in 2 rows; sort them by time",
        ),
        (
            "time,x,y,z,left_acc_x\n0,0,0,1,0\n",
            "line 1: `x, y, z` next to another ankle; write left_acc_x",
        ),
        (
            "time,x,y,z\n0,0,0,4096\n1,0,0,4096\n",
            "`x` and its axes read 4096 at rest, where gravity is 1 g, 9.81 m/s2 or 1000 mg; write",
        ),
        (
            "time,x,y,z\n0,0,0,0.01\n1,0,0,0.01\n",
            "read 0.01 at rest: there is no gravity in it, so its unit cannot be recognised",
        ),
        ("time,left_emg\n0,nan\n1,inf\n", "no number in any column but `time`"),
        # Found by script/fuzz: squares that are infinite.
        (
            "time,x,y,z\n0,0,1e307,1\n1,0,0,1\n2,0,0,1\n",
            "`x` and its axes read inf at rest, which no sensor measures; correct or remove these",
        ),
        (
            "time,x,y,z\n0,0,1e12,1\n1,0,0,1\n2,0,0,1\n",
            "at rest, which no sensor measures; correct or remove these values",
        ),
        # Found by script/fuzz: no sensor measures that much, and a single number has no rate.
        ("time,left_emg\n0,1e99\n1,6\n", "no number in any column but `time`"),
    ],
)
def test_an_unreadable_csv_gives_an_error_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "n.csv"
    path.write_text(text)
    with pytest.raises(UnreadableRecordingError) as error:
        read_recording(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_truncated_gzip_file_is_read_up_to_its_end_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "n.csv.gz"
    rows = b"".join(b"%d,%d\n" % (number, number % 7) for number in range(5000))
    path.write_bytes(gzip.compress(b"time,left_emg\n" + rows)[:-8])
    recording = read_recording(path)
    assert recording.duration == 4999.0
    assert recording.name == "n.csv.gz"
    assert recording.notes[0] == (
        f"{path}: the gzip file ends early; what is there is scored; copy it again"
    )


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.csv.gz"
    packed = bytearray(gzip.compress(b"time,left_emg\n0,1\n1,2\n"))
    packed[-6] ^= 1
    path.write_bytes(packed)
    with pytest.raises(UnreadableRecordingError, match="damaged gzip file"):
        read_recording(path)


def zipped(path: Path, *members: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.write(member, f"Night/{member.name}")
        archive.writestr("__MACOSX/._night.csv", b"\0")
    return path


def test_the_content_says_the_format(tmp_path: Path) -> None:
    """Neither the suffix nor the packing matters; names in errors are those of the files given."""
    edf_path = write_signal(tmp_path / "n.edf")
    csv_path = write_signal(tmp_path / "n.csv")
    for name, source in (("a", edf_path), ("a.rec", edf_path), ("b.txt", csv_path)):
        (tmp_path / name).write_bytes(source.read_bytes())
        np.testing.assert_allclose(all_samples(read_recording(tmp_path / name)), SIGNAL, atol=3e-4)
    packed = tmp_path / "n.edf.gz"
    packed.write_bytes(gzip.compress(edf_path.read_bytes()))
    archives = [zipped(tmp_path / "e.zip", packed), zipped(tmp_path / "c.zip", csv_path)]
    for path in (packed, *archives):
        recording = read_recording(path)
        assert recording.name == path.name
        np.testing.assert_allclose(all_samples(recording), SIGNAL, atol=3e-4)
    with pytest.raises(UnreadableRecordingError, match=r"both\.zip: 2 files in it \(Night/n.edf, "):
        read_recording(zipped(tmp_path / "both.zip", edf_path, csv_path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
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
    in_uv = all_samples(read_recording(edf(tmp_path / "a.edf", channel("LAT", "uV"))))
    in_mv = all_samples(read_recording(edf(tmp_path / "b.edf", channel("LAT", "mV", size=0.1))))
    np.testing.assert_allclose(in_mv, in_uv, atol=0.01)


def test_an_unknown_unit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UnreadableRecordingError,
        match="`LAT`: unknown unit `furlong`; the header must have one of uV",
    ):
        read_recording(edf(tmp_path / "n.edf", channel("LAT", "furlong")))


def test_the_start_of_an_edf_needs_a_time_zone(tmp_path: Path) -> None:
    path = edf(
        tmp_path / "n.edf",
        channel("LAT"),
        recording=edfio.Recording(startdate=datetime(2026, 11, 21).date()),  # noqa: DTZ001 - EDF has no zones
        starttime=datetime(2026, 11, 21, 22, 10).time(),  # noqa: DTZ001
    )
    assert read_recording(path).start is None
    berlin = ZoneInfo("Europe/Berlin")
    assert read_recording(path, ReadOptions(zone=berlin)).start == round(
        datetime(2026, 11, 21, 22, 10, tzinfo=berlin).timestamp() * SECOND
    )


def test_discontinuities_are_gaps(tmp_path: Path) -> None:
    """edfio reads EDF+D as if it were continuous. Everything from record 20 is 30 s later."""
    path = write_signal(tmp_path / "n.edf")
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


def test_an_edf_without_a_known_signal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecordingError, match="no known signal among C3-A2"):
        read_recording(edf(tmp_path / "n.edf", channel("C3-A2")))


def test_a_truncated_edf_is_read_if_its_header_is_complete(tmp_path: Path) -> None:
    path = write_signal(tmp_path / "n.edf")
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
def test_any_bytes_give_a_recording_or_an_error(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / f"n.{kind}"
    path.write_bytes(gzip.compress(data) if kind == "csv.gz" else data)
    try:
        read_recording(path)
    except UnreadableRecordingError as error:
        assert str(path) in str(error)  # noqa: PT017 - some bytes raise it, some do not


def test_real_recordings_of_a_slow_bed_sensor(tmp_path: Path) -> None:
    """In one of them time goes back once."""
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
def test_a_wrong_byte_in_a_header_gives_an_error_at_most(tmp_path: Path, byte: bytes) -> None:
    """edfio parses some fields only when they are used; found by script/fuzz."""
    good = edf(tmp_path / "n.edf", channel("LAT")).read_bytes()
    path = tmp_path / "bad.edf"
    for at in range(512):
        path.write_bytes(good[:at] + byte + good[at + 1 :])
        with suppress(UnreadableRecordingError):
            assert read_recording(path).signals


def test_a_gap_in_a_slow_recording_leaves_no_empty_block(tmp_path: Path) -> None:
    """Found by script/fuzz."""
    path = tmp_path / "n.csv"
    path.write_text("time,left_emg\n0,0\n0.1,\n60500000,7.3\n")
    with suppress(UnreadableRecordingError):
        assert all(block.samples.shape[1] for block in read_recording(path).signals[0].blocks)


def truncate(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


def overwrite(path: Path, offset: int, text: bytes) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[:offset] + text.ljust(8) + data[offset + 8 :])
    return path


def test_a_truncated_edf_is_read_up_to_its_end_with_a_note(tmp_path: Path) -> None:
    path = edf(tmp_path / "n.edf", channel("LAT"))
    recording = read_recording(truncate(path, path.stat().st_size - 1000))
    assert recording.notes == (
        f"{path}: ends after 57 of 60 records; these are scored; export the rest again",
    )
    assert recording.duration == 57.0


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (0, "empty"),
        (100, "ends within its header of at least 256 bytes"),
        (300, "ends within its header of 512 bytes"),
    ],
)
def test_a_truncated_header_is_refused(tmp_path: Path, size: int, message: str) -> None:
    with pytest.raises(UnreadableRecordingError, match=message):
        read_recording(truncate(edf(tmp_path / "n.edf", channel("LAT")), size))


@pytest.mark.parametrize(
    ("offset", "text", "message"),
    [
        (236, b"many", "header, byte 236: `many`: the number of records must be a number"),
        (244, b"0", "header, byte 244: records of 0 s, so the rate is unknown"),
        (
            472,
            b"0",
            "header, byte 472, signal 1 `LAT`: a signal without samples, so the rate is unknown",
        ),
    ],
)
def test_an_invalid_header_is_refused(
    tmp_path: Path, offset: int, text: bytes, message: str
) -> None:
    with pytest.raises(UnreadableRecordingError, match=message):
        read_recording(overwrite(edf(tmp_path / "n.edf", channel("LAT")), offset, text))


def test_a_wrong_rate_in_the_header_is_refused_if_the_records_contradict_it(tmp_path: Path) -> None:
    path = edf(tmp_path / "n.edf", channel("LAT"), annotations=())
    with pytest.raises(
        UnreadableRecordingError, match="records of 2 s that start 1 s apart: the rates are wrong"
    ):
        read_recording(overwrite(path, 244, b"2"))


def test_more_records_than_the_header_states_give_a_note(tmp_path: Path) -> None:
    recording = read_recording(overwrite(edf(tmp_path / "n.edf", channel("LAT")), 236, b"30"))
    assert "60 records, but its header says 30" in recording.notes[0]


def test_two_labels_for_one_muscle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UnreadableRecordingError, match="`LAT`, `Leg L`: the same quantity twice; leave one out"
    ):
        read_recording(edf(tmp_path / "n.edf", channel("LAT"), channel("Leg L")))


def test_a_signal_with_an_unknown_unit_leaves_the_others_readable(tmp_path: Path) -> None:
    recording = read_recording(edf(tmp_path / "n.edf", channel("LAT", "furlong"), channel("RAT")))
    assert [one.side for one in recording.signals] == [Side.RIGHT]
    assert "`LAT`: unknown unit `furlong`" in recording.notes[0]


def test_a_slow_signal_gives_a_note(tmp_path: Path) -> None:
    (note,) = read_recording(edf(tmp_path / "n.edf", channel("LAT", rate=20.0))).notes
    assert "`left_emg` has 20 Hz; below 50 Hz movements are unknown; record it faster" in note
