"""`limber score`: detect the events of a recorded night, and score it.

A recorded night goes through the same pipeline as a live one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from limber_bridge import __version__
from limber_bridge.detection.events import BedTransition, Cramp, Gap, SignalFault
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import SECOND, Quantity, Sensor
from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.domain.recording import column_names
from limber_bridge.offline.detect import DetectedRecording, detect_recording
from limber_bridge.offline.score_json import ScoredNight, score_document
from limber_bridge.recordings import read_recording
from limber_bridge.recordings.read_options import NO_OPTIONS, ReadOptions

UNNAMED_SENSORS: Final = {
    Quantity.ACCELERATION: "acc",
    Quantity.EMG: "emg",
    Quantity.LOAD: "load",
}
"""Names of sensors whose placement a recording does not say (columns `x, y, z`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """How to score recordings."""

    rules: RuleSet
    read: ReadOptions = NO_OPTIONS

    @property
    def provenance(self) -> dict[str, Any]:
        """What a result depends on besides its recording; if it differs, the result is outdated."""
        return {
            "software": __version__,
            "rules": self.rules.name,
            "short_interval_starts": self.rules.short_interval_starts_series,
            **self.read.provenance,
        }


@dataclass(frozen=True, slots=True)
class ScoredRecording:
    """The result of one recording."""

    document: dict[str, Any]
    notes: tuple[str, ...]
    """What had to be left out."""
    pictures: tuple[bytes, ...] = ()
    """PNG and SVG, if requested."""


def score_recording(path: Path, options: ScoreOptions, *, plot: bool = False) -> ScoredRecording:
    """Score one recording; UnreadableRecordingError.

    It may run in another process, or on another machine.
    """
    detected = detect_recording(read_recording(path, options.read), options.rules)
    pictures: tuple[bytes, ...] = ()
    if plot:
        from limber_bridge.offline.plot import draw_night  # noqa: PLC0415 - an extra, and heavy

        pictures = draw_night(detected)
    document = recording_document(detected, options)
    return ScoredRecording(document, detected.recording.notes, pictures)


def recording_document(detected: DetectedRecording, options: ScoreOptions) -> dict[str, Any]:
    """Return the JSON object of a scored recording."""
    names = {sensor.id: sensor_name(sensor) for sensor in detected.sensors}
    bed_methods = [event.method for event in detected.events if isinstance(event, BedTransition)]
    scored = ScoredNight(
        recording=detected.recording.name,
        start=detected.recording.start,
        duration=detected.recording.duration,
        rules=options.rules,
        night=detected.night,
        cramps=[event for event in detected.events if isinstance(event, Cramp)],
        gaps=[
            (names[event.sensor], (event.onset, event.end))
            for event in detected.events
            if isinstance(event, Gap) and event.end - event.onset >= SECOND // 2
        ],
        faults=[
            (names[event.sensor], event)
            for event in detected.events
            if isinstance(event, SignalFault)
        ],
        methods={
            "in_bed": bed_methods[-1] if bed_methods else None,
            "asleep": None if detected.night.asleep is None else ASLEEP_METHOD,
        },
    )
    return score_document(scored) | {
        "sensors": list(names.values()),
        "made": options.provenance,
    }


def sensor_name(sensor: Sensor) -> str:
    """Return the name of a sensor in a recording: that of its columns without the axis."""
    first_column = column_names(sensor.quantity, sensor.placement, sensor.side)[0]
    if first_column == "x":
        return UNNAMED_SENSORS[sensor.quantity]
    return first_column.removesuffix("_x")


def json_path(recording: Path, folder: Path) -> Path:
    """Return the path of the JSON file of a recording."""
    return folder / f"{base_name(recording)}.json"


def base_name(recording: Path) -> str:
    """Return the name of a recording without its suffixes."""
    return recording.name.removesuffix(".gz").rpartition(".")[0] or recording.name


def is_current(output: Path, recording: Path, options: ScoreOptions) -> bool:
    """Return whether a JSON file is newer than its recording and was made with these options."""
    try:
        if output.stat().st_mtime_ns < recording.stat().st_mtime_ns:
            return False
        made = json.loads(output.read_text(encoding="utf-8"))["made"]
    except OSError, ValueError, KeyError, TypeError:
        return False
    return bool(made == options.provenance)


def name_conflicts(recordings: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Return pairs of recordings whose outputs would have the same name."""
    first: dict[str, Path] = {}
    return [
        (first[base_name(path)], path)
        for path in recordings
        if first.setdefault(base_name(path), path) != path
    ]
