"""Recordings of Axivity, GENEActiv and ActiGraph: the values, gaps, clocks, and damage."""

import struct
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.actigraph_files import (
    CWA_PACKED,
    CWA_SIX_AXES,
    CWA_WORDS,
    GT3X_PACKED,
    GT3X_WORDS,
    Device,
    Floats,
    write_cwa,
    write_geneactiv,
    write_gt3x,
    write_old_gt3x,
)
from limber_bridge.detection.signal import SECOND, Placement, Side
from limber_bridge.domain.nights import to_us
from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings import read_recording
from limber_bridge.recordings.read_options import ReadOptions

BERLIN: Final = ReadOptions(zone=ZoneInfo("Europe/Berlin"))

SECONDS: Final = 150
START: Final = Device().start

type Write = Callable[[Path, Floats, Device], None]


def leg_signal(rate: float, seconds: int = SECONDS, seed: int = 1) -> Floats:
    """Return a limb at rest that kicks every 20 s."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(rate * seconds)) / rate
    kick = 0.4 * np.sin(2 * np.pi * 6 * times) * ((times % 20) < 1.5)
    noise = rng.normal(0, 0.004, (3, len(times)))
    signal: Floats = noise + np.array([[0.2], [-0.4], [0.89]]) + kick
    return signal


def cwa_writer(layout: int) -> Write:
    return lambda path, samples, device: write_cwa(path, [samples], device, layout=layout)


WRITERS: Final[dict[str, tuple[str, Write, float]]] = {
    "AX3 packed": ("a.cwa", cwa_writer(CWA_PACKED), 0.003),
    "AX3 unpacked": ("a.cwa", cwa_writer(CWA_WORDS), 0.0021),
    "AX6": ("a.cwa", cwa_writer(CWA_SIX_AXES), 0.0002),
    "GENEActiv": ("a.bin", write_geneactiv, 0.002),
    "GT3X": ("a.gt3x", lambda *args: write_gt3x(*args, kind=GT3X_WORDS), 0.002),
    "GT3X 12 bits": ("a.gt3x", lambda *args: write_gt3x(*args, kind=GT3X_PACKED), 0.002),
    "GT3X activity.bin": ("a.gt3x", write_old_gt3x, 0.002),
}


def written(folder: Path, kind: str, samples: Floats, device: Device) -> Path:
    name, write, _ = WRITERS[kind]
    write(folder / name, samples, device)
    return folder / name


def samples_of(recording: Recording) -> Floats:
    return np.concatenate([block.samples for block in recording.signals[0].blocks], axis=1)


def times_of(recording: Recording) -> list[int]:
    """Return the time (us) of each sample."""
    return [
        one.clock.time_of(number)
        for one in recording.signals[0].blocks
        for number in range(one.first, one.end)
    ]


def holes(recording: Recording) -> list[tuple[float, float]]:
    """Return the spans (s from the first sample) of missing samples of more than 0.5 s."""
    times = np.array(times_of(recording))[np.isfinite(samples_of(recording)).all(axis=0)]
    steps = np.diff(times)
    return [
        (round((times[at] - times[0]) / SECOND, 1), round((times[at + 1] - times[0]) / SECOND, 1))
        for at in np.flatnonzero(steps > SECOND // 2)
    ]


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_gives_the_samples_and_times_that_were_measured(
    tmp_path: Path, kind: str
) -> None:
    device = Device(rate=50)
    samples = leg_signal(50)
    recording = read_recording(written(tmp_path, kind, samples, device), BERLIN)
    assert recording.notes == ()
    assert recording.start == pytest.approx(to_us(START.replace(tzinfo=BERLIN.zone)), abs=2000)
    assert recording.duration == pytest.approx(SECONDS, abs=0.05)
    assert np.abs(samples_of(recording) - samples).max() < WRITERS[kind][2]
    expected = (recording.start or 0) + np.arange(samples.shape[1]) * SECOND / 50
    assert np.abs(np.array(times_of(recording)) - expected).max() < 20_000
    assert (samples_of(recording) == samples_of(recording)).all()


@pytest.mark.parametrize("kind", ["AX3 packed", "GENEActiv"])
@pytest.mark.parametrize("drift", [-0.02, 0.015])
def test_an_oscillator_that_is_wrong_by_percents_moves_no_sample(
    tmp_path: Path, kind: str, drift: float
) -> None:
    device = Device(rate=100, drift=drift)
    samples = leg_signal(100, 400)
    recording = read_recording(written(tmp_path, kind, samples, device), BERLIN)
    expected = (recording.start or 0) + np.arange(samples.shape[1]) * 1e4 / (1 + drift)
    assert np.abs(np.array(times_of(recording)) - expected).max() < 20_000
    assert holes(recording) == []


def test_without_a_time_zone_the_start_of_an_axivity_is_unknown(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, "AX3 packed", leg_signal(100), Device()))
    assert recording.start is None
    assert times_of(recording)[0] == 0
    (note,) = recording.notes
    assert "--time-zone" in note


@pytest.mark.parametrize("kind", ["GENEActiv", "GT3X"])
def test_an_offset_in_the_file_gives_the_start(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind, leg_signal(50), Device(rate=50))
    recording = read_recording(path)
    assert recording.start == to_us(datetime(2026, 11, 20, 17, tzinfo=UTC))


def test_a_zone_that_contradicts_the_file_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "GENEActiv", leg_signal(50), Device(rate=50))
    recording = read_recording(path, ReadOptions(zone=ZoneInfo("Asia/Tokyo")))
    assert recording.start == to_us(datetime(2026, 11, 20, 9, tzinfo=UTC))
    (note,) = recording.notes
    assert "UTC+01:00" in note
    assert "UTC+09:00" in note


def test_a_clock_set_in_winter_stays_in_winter_time(tmp_path: Path) -> None:
    device = Device(rate=50, start=datetime(2026, 7, 1, 22))  # noqa: DTZ001
    path = written(tmp_path, "GENEActiv", leg_signal(50), device)
    assert read_recording(path, BERLIN).start == to_us(datetime(2026, 7, 1, 21, tzinfo=UTC))


def test_a_clock_that_was_never_set_gives_no_start(tmp_path: Path) -> None:
    device = Device(rate=50, start=datetime(2000, 1, 1, 1))  # noqa: DTZ001
    recording = read_recording(written(tmp_path, "AX3 packed", leg_signal(50), device), BERLIN)
    assert recording.start is None
    assert "was not set" in recording.notes[0]


def test_the_side_is_the_one_in_the_file_or_the_option(tmp_path: Path) -> None:
    path = written(tmp_path, "GENEActiv", leg_signal(50), Device(rate=50))
    assert read_recording(path).signals[0].side is Side.LEFT
    moved = ReadOptions(channels={"Acceleration": "right_acc_x"})
    assert read_recording(path, moved).signals[0].side is Side.RIGHT
    bed = ReadOptions(channels={"acceleration": "bed_acc_x"})
    assert read_recording(path, bed).signals[0].placement is Placement.BED


def test_a_wrist_in_the_header_is_named(tmp_path: Path) -> None:
    write_gt3x(tmp_path / "a.gt3x", leg_signal(50), Device(rate=50), info="Limb: Wrist\nSide: Left")
    recording = read_recording(tmp_path / "a.gt3x")
    assert recording.signals[0].side is None
    assert "wrist" in recording.notes[0]


# --- Damage ---


def test_blocks_with_a_wrong_checksum_become_named_gaps(tmp_path: Path) -> None:
    path = written(tmp_path, "AX3 packed", leg_signal(100), Device())
    data = bytearray(path.read_bytes())
    for number in (10, 11, 50):
        data[1024 + 512 * number + 100] ^= 1
    path.write_bytes(data)
    recording = read_recording(path, BERLIN)
    assert holes(recording) == [(12.0, 14.4), (60.0, 61.2)]
    (note,) = recording.notes
    assert "blocks 10, 11, 50" in note


def test_damaged_pages_become_named_gaps(tmp_path: Path) -> None:
    path = written(tmp_path, "GENEActiv", leg_signal(50), Device(rate=50))
    pages = path.read_bytes().split(b"Recorded Data")
    pages[3] = pages[3][:-200] + b"?" * 10 + pages[3][-190:]
    path.write_bytes(b"Recorded Data".join(pages))
    recording = read_recording(path)
    assert holes(recording) == [(12.0, 18.0)]
    assert "page 3:" in recording.notes[0]


def test_damaged_records_become_named_gaps(tmp_path: Path) -> None:
    path = written(tmp_path, "GT3X", leg_signal(50), Device(rate=50))
    with zipfile.ZipFile(path) as archive:
        info = archive.read("info.txt")
        log = bytearray(archive.read("log.bin"))
    log[10_000] ^= 4
    log[20_000:20_100] = b""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("info.txt", info)
        archive.writestr("log.bin", bytes(log))
    recording = read_recording(path)
    assert holes(recording) == [(32.0, 33.0), (64.0, 66.0)] or len(holes(recording)) == 2
    assert "log.bin: byte" in recording.notes[0]
    assert "2 places" in recording.notes[0]


@pytest.mark.parametrize("kind", ["GT3X", "GT3X 12 bits"])
def test_idle_sleep_is_a_gap(tmp_path: Path, kind: str) -> None:
    packed = GT3X_PACKED if "12" in kind else GT3X_WORDS
    path = tmp_path / "a.gt3x"
    write_gt3x(path, leg_signal(50), Device(rate=50), kind=packed, idle=range(40, 70))
    assert holes(read_recording(path)) == [(40.0, 70.0)]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_was_cut_short_is_read_up_to_there(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind, leg_signal(50), Device(rate=50))
    if path.suffix == ".gt3x":
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                cut = len(content) * 3 // 5 if name.endswith(".bin") else len(content)
                archive.writestr(name, content[:cut])
    else:
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * 3 // 5 - 7])
    recording = read_recording(path)
    assert recording.duration == pytest.approx(90, abs=8)
    assert any(word in " ".join(recording.notes) for word in ("cut short", "intact", "missing"))


def test_zero_vectors_and_values_at_the_end_of_the_range_are_no_measurements(
    tmp_path: Path,
) -> None:
    samples = leg_signal(100)
    samples[:, 2000:2300] = 0
    samples[0, 5995:6005] = 8.0
    recording = read_recording(written(tmp_path, "AX3 packed", samples, Device()), BERLIN)
    missing = ~np.isfinite(samples_of(recording)).all(axis=0)
    assert np.flatnonzero(missing).tolist() == [*range(2000, 2300), *range(5995, 6005)]


def test_pages_after_a_clock_that_was_set_back_are_left_out(tmp_path: Path) -> None:
    first, second = (leg_signal(100, 120, seed) for seed in (1, 2))
    write_cwa(tmp_path / "a.cwa", [first], Device())
    later = Device(start=datetime(2026, 11, 20, 18, 1))  # noqa: DTZ001
    write_cwa(tmp_path / "b.cwa", [second], later)
    path = tmp_path / "c.cwa"
    path.write_bytes((tmp_path / "a.cwa").read_bytes() + (tmp_path / "b.cwa").read_bytes()[1024:])
    recording = read_recording(path, BERLIN)
    assert recording.duration == pytest.approx(180, abs=1.5)
    assert "time goes back" in recording.notes[0]


def test_one_page_with_a_time_far_ahead_costs_this_page_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "GENEActiv", leg_signal(50), Device(rate=50))
    text = path.read_bytes().replace(b"2026-11-20 18:01:00", b"2031-11-20 18:01:00")
    path.write_bytes(text)
    recording = read_recording(path)
    assert holes(recording) == [(60.0, 66.0)]
    assert recording.duration == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize(
    ("kind", "old", "new", "reason"),
    [
        ("GENEActiv", b"Frequency:50", b"Frequency:40", "the times of its pages show 50 Hz"),
        ("GENEActiv", b"x gain:25600", b"x gain:0", "a gain of 0"),
        ("GENEActiv", b"gain:25600", b"gain:2560", "gravity is 1 g"),
        ("GENEActiv", b"Measurement Frequency:50 Hz", b"", "`measurement frequency`"),
        ("GENEActiv", b"Page Time:", b"Page Tide:", "none of its 25 pages"),
    ],
)
def test_what_contradicts_itself_is_refused_with_the_reason(
    tmp_path: Path, kind: str, old: bytes, new: bytes, reason: str
) -> None:
    path = written(tmp_path, kind, leg_signal(50), Device(rate=50))
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(UnreadableRecordingError, match=reason) as error:
        read_recording(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"info.txt": b"", "log.bin": b""}, "`sample rate`"),
        ({"info.txt": b"Sample Rate: 30", "log.bin": b""}, "no intact record"),
        (
            {"info.txt": b"Sample Rate: 30\nStart Date: 9e30", "activity.bin": bytes(9000)},
            "`Start Date`",
        ),
        (
            {
                "info.txt": b"Sample Rate: 30",
                "log.bin": b"x",
                "calibration.json": b'{"isCalibrated": false}',
            },
            "not calibrated",
        ),
    ],
)
def test_an_incomplete_zip_file_is_refused_with_the_reason(
    tmp_path: Path, parts: dict[str, bytes], reason: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.gt3x", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(UnreadableRecordingError, match=reason):
        read_recording(tmp_path / "a.gt3x")


# --- Hostile bytes ---


@pytest.fixture(scope="module")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bytes]]:
    folder = tmp_path_factory.mktemp("small")
    found = {}
    for kind in WRITERS:
        path = written(folder, kind, leg_signal(50, 20), Device(rate=50))
        found[kind] = (path.name, path.read_bytes())
    return found


@given(
    kind=st.sampled_from(sorted(WRITERS)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=40)), max_size=6),
    kept=st.floats(0.2, 1),
)
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_damaged_bytes_end_in_a_recording_or_in_one_line(
    tmp_path: Path,
    small_files: dict[str, tuple[str, bytes]],
    kind: str,
    changes: Iterable[tuple[float, bytes]],
    kept: float,
) -> None:
    name, content = small_files[kind]
    data = bytearray(content)
    for place, replacement in changes:
        at = round(place * (len(data) - len(replacement)))
        data[at : at + len(replacement)] = replacement
    path = tmp_path / name
    path.write_bytes(data[: round(kept * len(data))])
    try:
        recording = read_recording(path, BERLIN)
        samples = samples_of(recording) if recording.signals else np.zeros((3, 0))
    except UnreadableRecordingError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
        return
    assert not samples.size or np.nanmax(np.abs(samples), initial=0) < 20


# --- Real files ---


def real_file(name: str) -> Path:
    for folder in Path(__file__).parents:
        path = folder / "shared/data/recordings" / name
        if path.exists():
            return path
    pytest.skip(f"{name} is not beside this checkout")


@pytest.mark.parametrize(
    ("name", "count", "rate", "measured", "norm"),
    [
        ("ggirread_ax3_testfile.cwa", 17_400, 100, 98.86, 0.98),
        ("ggirread_ax3_testfile_corrupt_blocks_0_13_14_142_143_144.cwa", 16_680, 100, 98.86, 0.98),
        ("skdh_ax6_sample.cwa", 10_360, 100, 98.41, 1.05),
        ("ggirread_GENEActiv_testfile.bin", 5031, 85.7, 85.71, 1.02),
        ("pygt3x_ISM_Enabled.gt3x", 2190, 30, 30, 1.05),
        ("pygt3x_neo.gt3x", 18_004, 30, 30, 1.01),
    ],
)
def test_files_of_real_devices(
    name: str, count: int, rate: float, measured: float, norm: float
) -> None:
    recording = read_recording(real_file(name), BERLIN)
    samples = samples_of(recording)
    assert samples.shape[1] == count
    assert recording.signals[0].rate == rate
    first = next(iter(recording.signals[0].blocks))
    assert first.clock.rate == pytest.approx(measured, abs=0.01)
    assert np.nanmean(np.sqrt((samples**2).sum(axis=0))) == pytest.approx(norm, abs=0.006)


def test_the_broken_blocks_of_a_real_file_are_gaps() -> None:
    name = "ggirread_ax3_testfile_corrupt_blocks_0_13_14_142_143_144.cwa"
    broken = read_recording(real_file(name), BERLIN)
    whole = read_recording(real_file("ggirread_ax3_testfile.cwa"), BERLIN)
    assert "blocks 0, 13, 14, 142, 143, 144:" in broken.notes[0]
    # Blocks 0 and 142 to 144 are at the ends, blocks 13 and 14 in between.
    ((begin, end),) = holes(broken)
    assert end - begin == pytest.approx(240 / 98.86, abs=0.1)
    kept = set(map(tuple, samples_of(broken).T.tolist()))
    assert kept <= set(map(tuple, samples_of(whole).T.tolist()))


def test_idle_sleep_of_a_real_device_is_a_gap() -> None:
    recording = read_recording(real_file("pygt3x_ISM_Enabled.gt3x"))
    assert holes(recording) == [(24.0, 92.0), (117.0, 155.0)]


def test_the_first_word_of_a_block_is_unpacked_as_the_device_packed_it(tmp_path: Path) -> None:
    samples = np.tile(np.array([[-0.5], [0.25], [-0.75]]), 120 * 60)
    samples[:, 0] = [-1.0, 0.25, 3.5]
    recording = read_recording(written(tmp_path, "AX3 packed", samples, Device()), BERLIN)
    assert samples_of(recording)[:, 0].tolist() == [-1.0, 0.25, 3.5]
    (word,) = struct.unpack_from("<I", (tmp_path / "a.cwa").read_bytes(), 1024 + 30)
    assert word >> 30 == 1
