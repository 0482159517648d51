"""`limber score`: detect the events of recorded nights, and score them.

A recorded night goes through the same pipeline as a live one.
"""

import glob
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from limber_bridge import __version__
from limber_bridge.detection.events import BedTransition, Cramp, Gap, SignalFault
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import SECOND, Quantity, Sensor
from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.recording import (
    MIN_SCORED_S,
    Recording,
    UnreadableRecordingError,
    column_names,
)
from limber_bridge.offline.detect import (
    DetectedRecording,
    detect_nights,
    detect_recording,
    holds_several_nights,
    lasts_several_nights,
)
from limber_bridge.offline.score_json import ScoredNight, score_document
from limber_bridge.offline.score_remarks import remarks_on_score
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
    whole: bool = False
    """Score a recording of several nights as one."""

    @property
    def provenance(self) -> dict[str, Any]:
        """What a result depends on besides its recording; if it differs, the result is outdated."""
        return {
            "software": __version__,
            "rules": self.rules.name,
            "short_interval_starts": self.rules.short_interval_starts_series,
            "whole": self.whole,
            **self.read.provenance,
        }


@dataclass(frozen=True, slots=True)
class ScoredPart:
    """The result of one recording, or of one night of it."""

    document: dict[str, Any]
    night: date | None = None
    """None: the recording was scored as one."""
    pictures: tuple[bytes, ...] = ()
    """PNG and SVG, if requested."""


@dataclass(frozen=True, slots=True)
class ScoredRecording:
    """The result of one recording."""

    parts: tuple[ScoredPart, ...]
    """Its nights, or all of it as one."""
    notes: tuple[str, ...]
    """What had to be left out."""
    remarks: tuple[str, ...] = ()
    """Why figures are missing or uncertain."""


def score_recording(path: Path, options: ScoreOptions, *, plot: bool = False) -> ScoredRecording:
    """Score one recording; UnreadableRecordingError.

    It may run in another process, or on another machine.
    """
    recording = read_recording(path, options.read)
    check_duration(path, recording)
    notes = list(recording.notes)
    remarks: tuple[str, ...] = ()
    if options.whole or not holds_several_nights(recording):
        found = [detect_recording(recording, options.rules)]
        remarks = tuple(remarks_on_score(path, recording, found[0].night))
        if not options.whole and lasts_several_nights(recording):
            hours = round(recording.duration / 3600)
            notes.append(
                f"{path}: {hours} h without a known start are scored as one night; name the time "
                "zone with --time-zone, or give a table a column with dates"
            )
    else:
        calendar, zone_notes = calendar_of(path, recording, options.read.zone)
        nights = detect_nights(recording, options.rules, calendar)
        found = [night for night in nights if was_in_bed(night)] or nights
        notes += zone_notes
        notes += [
            f"{path}: night {night.date}: never measured in bed; left out"
            for night in nights
            if night not in found
        ]
    parts = tuple(scored_part(one, options, plot=plot) for one in found)
    if parts[0].night is not None:
        nights_with_output = [str(part.night) for part in parts]
        for part in parts:
            part.document["nights"] = nights_with_output
    return ScoredRecording(parts, tuple(notes), remarks)


def scored_part(detected: DetectedRecording, options: ScoreOptions, *, plot: bool) -> ScoredPart:
    """Return the result of a recording or a night; UnreadableRecordingError without matplotlib."""
    pictures: tuple[bytes, ...] = ()
    if plot:
        from limber_bridge.offline.plot import draw_night  # noqa: PLC0415 - an extra, and heavy

        pictures = draw_night(detected)
    document = recording_document(detected, options)
    if detected.date is not None:
        document |= {"night": detected.date.isoformat()}
    return ScoredPart(document, detected.date, pictures)


def calendar_of(
    path: Path, recording: Recording, zone: ZoneInfo | None
) -> tuple[Calendar, list[str]]:
    """Return the boundaries of the nights of a recording, and a note on a guessed zone."""
    zone = zone or recording.zone
    if zone is not None:
        return Calendar(zone), []
    note = (
        f"{path}: its time zone is unknown, so its nights are split at noon UTC; write "
        "--time-zone, for example --time-zone Europe/Berlin"
    )
    return Calendar(ZoneInfo("UTC")), [note]


def was_in_bed(detected: DetectedRecording) -> bool:
    """Return whether a night was spent in bed, as far as the signals show it."""
    night = detected.night
    return night.in_bed != () if night.in_bed is not None else bool(night.measures.movements)


def check_duration(path: Path, recording: Recording) -> None:
    """Raise UnreadableRecordingError for a recording that is too short to be scored."""
    if recording.duration + 1 / recording.signals[0].rate < MIN_SCORED_S:
        raise UnreadableRecordingError(
            f"{path}: {recording.duration:.3g} s long; less than a minute cannot be scored: the "
            "file is cut off, or the unit of its times is wrong"
        )


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


def json_path(recording: Path, folder: Path, night: date | None = None) -> Path:
    """Return the path of the JSON file of a recording, or of a night of it."""
    return folder / f"{output_name(recording, night)}.json"


def output_name(recording: Path, night: date | None = None) -> str:
    """Return the name of the files of a recording, or of a night of it, without suffixes."""
    return base_name(recording) + ("" if night is None else f"-{night.isoformat()}")


def base_name(recording: Path) -> str:
    """Return the name of a recording without its suffixes."""
    return recording.name.removesuffix(".gz").rpartition(".")[0] or recording.name


def current_parts(recording: Path, folder: Path, options: ScoreOptions) -> list[date | None] | None:
    """Return the nights whose JSON files are up to date, None for all of a recording as one.

    None without a list: they are not all there.
    """
    if is_current(json_path(recording, folder), recording, options):
        return [None]
    for path in folder.glob(f"{glob.escape(base_name(recording))}-????-??-??.json"):
        try:
            names = json.loads(path.read_text(encoding="utf-8"))["nights"]
            nights: list[date | None] = [date.fromisoformat(name) for name in names]
        except OSError, ValueError, KeyError, TypeError:
            continue
        if all(is_current(json_path(recording, folder, one), recording, options) for one in nights):
            return nights
    return None


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
