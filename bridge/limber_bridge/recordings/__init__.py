"""Read recorded nights: CSV, EDF and EDF+ files, and the raw signal that the bridge keeps.

What a file does not contain is a gap. What cannot be understood is an error that names the file,
the place and the remedy. Nothing is guessed silently; docs/scoring.md describes the formats.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from limber_bridge.detection.envelope import ENVELOPE_RULES
from limber_bridge.domain.recording import Recording, UnreadableRecordingError, column_names
from limber_bridge.recordings.csv import read_csv
from limber_bridge.recordings.edf import read_edf
from limber_bridge.storage import raw_format


def read_recording(
    path: Path, zone: ZoneInfo | None = None, channels: Mapping[str, str] = MappingProxyType({})
) -> Recording:
    """Read a recording; its suffix says which format it has.

    `zone` is the time zone where it was made: EDF has local times without a zone, so its start is
    unknown without one. `channels` maps labels that are not known to columns. Raises
    UnreadableRecordingError.
    """
    try:
        match path.suffix.lower():
            case ".edf":
                recording = read_edf(path, zone, channels)
            case raw_format.SUFFIX:
                recording = raw_format.read_raw_file(path)
            case _:
                recording = read_csv(path, channels)
    except OSError as error:
        raise UnreadableRecordingError(
            f"{path}: {error.strerror or error}; check the path"
        ) from error
    return replace(recording, notes=recording.notes + tuple(slow_signal_notes(path, recording)))


def slow_signal_notes(path: Path, recording: Recording) -> Iterator[str]:
    """Yield a note for each signal that is too slow to detect movements in it."""
    for signal in recording.signals:
        min_rate = ENVELOPE_RULES[signal.quantity].min_rate
        if signal.rate < min_rate:
            name = column_names(signal.quantity, signal.placement, signal.side)[0]
            yield (
                f"{path}: `{name}` has {signal.rate:.3g} Hz; below {min_rate:g} Hz movements are "
                "unknown; record it faster"
            )
