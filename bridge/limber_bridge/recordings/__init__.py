"""Recorded nights, in and out: CSV and EDF/EDF+ (contracts, section 1.1), and the raw signal that the bridge keeps.

Law: what a file does not hold is a gap, what cannot be understood is an error that names file, place and mend; nothing
is guessed in silence.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from limber_bridge.recordings import kept
from limber_bridge.recordings.edf import read_edf
from limber_bridge.recordings.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings.table import read_csv


def read(path: Path, zone: ZoneInfo | None = None, channels: Mapping[str, str] = MappingProxyType({})) -> Recording:
    """Read a recording, whichever of the formats it has.

    `zone` is where it was made: EDF gives local times without a zone, so its start is known only with one. `channels`
    says what labels that are not known by themselves stand for: label -> column.
    Raises UnreadableRecordingError.
    """
    try:
        match path.suffix.lower():
            case ".edf":
                return read_edf(path, zone, channels)
            case kept.SUFFIX:
                return kept.read_kept(path)
            case _:
                return read_csv(path, channels)
    except OSError as error:
        raise UnreadableRecordingError(f"{path}: {error.strerror or error}; check the path") from error
