"""Archives and JSON of apps, Parquet, and real files of wristbands give the movements in them."""

import json
from pathlib import Path

import numpy as np
import pytest

from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings import read_recording
from tests.bridge.example_tables import LINEAR, TIMES, UNIX_NS, WITH_GRAVITY, G, X
from tests.bridge.read_tables import check_kicks, onsets, score, write
from tests.bridge.tables import KICKS, UNIX, clock, table, zipped

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


def test_a_table_in_parquet_is_read(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars", reason="needs limber-bridge[fast]")
    columns = {"timestamp": np.array(UNIX_NS, np.int64)} | dict(zip("xyz", X * G, strict=True))
    polars.DataFrame(columns).write_parquet(tmp_path / "night.parquet")
    recording = read_recording(tmp_path / "night.parquet")
    assert recording.start == UNIX * 1e6
    check_kicks(recording)


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
