"""Recorded nights, in and out: CSV and EDF/EDF+ (contracts, section 1.1), and the raw signal that
the bridge keeps.

Law: what a file does not hold is a gap, what cannot be understood is an error that names file,
place and mend; nothing is guessed in silence.
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
from limber_bridge.storage import raw_format as kept


def read_recording(
    path: Path, zone: ZoneInfo | None = None, channels: Mapping[str, str] = MappingProxyType({})
) -> Recording:
    """Read a recording, whichever of the formats it has.

    `zone` is where it was made: EDF gives local times without a zone, so its start is known only
    with one. `channels` says what labels that are not known by themselves stand for: label ->
    column. Raises UnreadableRecordingError.
    """
    try:
        match path.suffix.lower():
            case ".edf":
                recording = read_edf(path, zone, channels)
            case kept.SUFFIX:
                recording = kept.read_raw_file(path)
            case _:
                recording = read_csv(path, channels)
    except OSError as error:
        raise UnreadableRecordingError(
            f"{path}: {error.strerror or error}; check the path"
        ) from error
    return replace(recording, notes=recording.notes + tuple(slow(path, recording)))


def slow(path: Path, recording: Recording) -> Iterator[str]:
    """Yield what is unknown as a signal is too slow for it."""
    for signal in recording.signals:
        least = ENVELOPE_RULES[signal.quantity].min_rate
        if signal.rate < least:
            name = column_names(signal.quantity, signal.placement, signal.side)[0]
            yield f"{path}: `{name}` has {signal.rate:.3g} Hz; below {least:g} Hz movements are unknown; record faster"
