"""Read the logs of apps that write JSON: OpenSeizureDetector and Sensor Logger."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.recordings.text.content import Content, clean_content
from limber_bridge.recordings.text.reader import read_clean_text

MAX_DEPTH: Final = 6
"""Depth at which data points are searched (chosen: logs have them at a depth of three)."""
SENSORS: Final = ("TotalAcceleration", "AccelerometerUncalibrated", "Accelerometer")
"""Sensors of Sensor Logger, the preferred first."""
SENSOR_LOGGER_KEYS: Final = ("time", "seconds_elapsed", "z", "y", "x")
TIME_KEYS: Final = ("dataTime", "dataTimeStr", "datestr", "time")


def is_json_log(head: bytes, _path: Path) -> bool:
    """Return whether a file is a log in JSON."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text[:1] in (b"[", b"{") and (b'"rawData' in head or b'"sensor"' in head)


def read_json_log(path: Path, options: ReadOptions) -> Recording:
    """Read a log in JSON; UnreadableRecordingError or OSError."""
    content = clean_content(path, path.read_bytes())
    try:
        document = json.loads(content.data)
    except ValueError as error:
        raise UnreadableRecordingError(
            f"{path}: damaged JSON ({error}); export the log again"
        ) from error
    points = list(data_points(document, MAX_DEPTH))
    table = seizure_detector_table if points else sensor_logger_table
    data = table(path, points or document)
    return read_clean_text(path, Content(data, content.notes), options)


def data_points(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    """Yield the data points of OpenSeizureDetector in a JSON value: five seconds each."""
    if isinstance(value, dict):
        nested = value.get("dataJSON")
        if isinstance(nested, str) and '"rawData' in nested:
            value = {**json.loads(nested), **{key: value[key] for key in TIME_KEYS if key in value}}
        if isinstance(value.get("rawData"), list) and any(key in value for key in TIME_KEYS):
            yield value
            return
        value = list(value.values())
    if isinstance(value, list) and depth:
        for one in value:
            if isinstance(one, dict | list):
                yield from data_points(one, depth - 1)


def seizure_detector_table(path: Path, points: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the samples of data points as a table; all of a point have its time."""
    has_axes = all(is_three_times(one.get("rawData3D"), one["rawData"]) for one in points)
    lines = ["time,x [mg],y [mg],z [mg]" if has_axes else "time,length [mg]"]
    for point in points:
        time = next(str(point[key]) for key in TIME_KEYS if key in point)
        values = point["rawData3D"] if has_axes else point["rawData"]
        if not all(isinstance(value, int | float) for value in values):
            raise UnreadableRecordingError(f"{path}: data point at {time[:40]}: not all numbers")
        step = 3 if has_axes else 1
        lines += [
            ",".join([time, *map(str, values[at : at + step])])
            for at in range(0, len(values), step)
        ]
    return "\n".join(lines).encode()


def is_three_times(axes: object, lengths: list[Any]) -> bool:
    """Return whether there are three values, not all 0, for each length."""
    return isinstance(axes, list) and len(axes) == 3 * len(lengths) and any(axes)


def sensor_logger_table(path: Path, document: object) -> bytes:
    """Return the samples in JSON of Sensor Logger as a table; UnreadableRecordingError."""
    rows = [one for one in document if isinstance(one, dict)] if isinstance(document, list) else []
    for sensor in SENSORS:
        own = [one for one in rows if one.get("sensor") == sensor and {"x", "y", "z"} <= one.keys()]
        if own:
            lines = [",".join(str(one.get(key, "")) for key in SENSOR_LOGGER_KEYS) for one in own]
            return "\n".join([",".join(SENSOR_LOGGER_KEYS), *lines]).encode()
    raise UnreadableRecordingError(
        f"{path}: JSON without acceleration that Limber knows; export the recording as CSV"
    )
