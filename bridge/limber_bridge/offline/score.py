"""`limber score`: recorded nights in, their events and measures out (contracts, section 1.1).

Law: a recorded night takes the very way that a live one does; only who hands it the samples
differs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from limber_bridge import __version__
from limber_bridge.detection.events import BedTransition, Cramp, Gap, SignalFault
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import SECOND, Quantity, Sensor
from limber_bridge.detection.sleep import ASLEEP_METHOD
from limber_bridge.domain.recording import column_names
from limber_bridge.offline.detect import Detected, detect
from limber_bridge.offline.score_json import Report, document
from limber_bridge.recordings import read_recording

SHORT: Final = {Quantity.ACCELERATION: "acc", Quantity.EMG: "emg", Quantity.LOAD: "load"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """How recordings are to be scored."""

    rules: RuleSet
    channels: Mapping[str, str] = field(default_factory=dict)
    """Labels that are not known by themselves -> the column each stands for."""
    zone: ZoneInfo | None = None
    """Where EDF recordings were made, as their times of day name no zone."""

    @property
    def stamp(self) -> dict[str, Any]:
        """What an output rests on besides its recording: where it differs, it has to be made anew."""
        return {
            "software": __version__,
            "rules": self.rules.name,
            "short_interval_starts": self.rules.short_interval_starts_series,
            "channels": dict(self.channels),
            "time_zone": None if self.zone is None else self.zone.key,
        }


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of one recording."""

    document: dict[str, Any]
    notes: tuple[str, ...]
    """What had to be left out, for a person."""
    pictures: tuple[bytes, ...] = ()
    """PNG and SVG, if wanted."""


def score_recording(path: Path, order: ScoreOptions, *, plot: bool = False) -> Scored:
    """Score one recording; UnreadableRecordingError. It may run in another process, or on another
    machine.
    """
    found = detect(read_recording(path, order.zone, order.channels), order.rules)
    pictures: tuple[bytes, ...] = ()
    if plot:
        from limber_bridge.offline.plot import draw  # noqa: PLC0415 - an extra, and heavy

        pictures = draw(found)
    return Scored(told(found, order), found.recording.notes, pictures)


def told(found: Detected, order: ScoreOptions) -> dict[str, Any]:
    """Return the JSON object of a scored recording."""
    names = {sensor.id: name_of(sensor) for sensor in found.sensors}
    beds = [event.method for event in found.events if isinstance(event, BedTransition)]
    report = Report(
        recording=found.recording.name,
        start=found.recording.start,
        duration=found.recording.duration,
        rules=order.rules,
        night=found.night,
        cramps=[event for event in found.events if isinstance(event, Cramp)],
        gaps=[
            (names[event.sensor], (event.onset, event.end))
            for event in found.events
            if isinstance(event, Gap) and event.end - event.onset >= SECOND // 2
        ],
        flaws=[
            (names[event.sensor], event) for event in found.events if isinstance(event, SignalFault)
        ],
        methods={
            "in_bed": beds[-1] if beds else None,
            "asleep": None if found.night.asleep is None else ASLEEP_METHOD,
        },
    )
    return document(report) | {"sensors": list(names.values()), "made": order.stamp}


def name_of(sensor: Sensor) -> str:
    """Return what a sensor is called in a recording, without its axes."""
    first = column_names(sensor.quantity, sensor.placement, sensor.side)[0]
    return f"{SHORT[sensor.quantity]}" if first == "x" else first.removesuffix("_x")


def output_of(path: Path, folder: Path) -> Path:
    """Return where the JSON of a recording goes."""
    return folder / f"{stem(path)}.json"


def stem(path: Path) -> str:
    """Return the name of a recording without what says its format."""
    return path.name.removesuffix(".gz").rpartition(".")[0] or path.name


def is_done(path: Path, out: Path, order: ScoreOptions) -> bool:
    """Return whether an output is newer than its recording and was made the same way."""
    try:
        if out.stat().st_mtime_ns < path.stat().st_mtime_ns:
            return False
        made = json.loads(out.read_text(encoding="utf-8"))["made"]
    except OSError, ValueError, KeyError, TypeError:
        return False
    return bool(made == order.stamp)


def same_outputs(paths: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Return the pairs of recordings whose outputs would have the same name."""
    seen: dict[str, Path] = {}
    return [(seen[stem(path)], path) for path in paths if seen.setdefault(stem(path), path) != path]
