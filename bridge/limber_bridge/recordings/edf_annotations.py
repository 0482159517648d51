"""Read the annotations of an EDF+ or BDF+ file, with or without signals."""

from pathlib import Path

from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.clock_times import ClockTime
from limber_bridge.recordings.edf_header import BDF_VERSION, EDF_VERSION, parse_header
from limber_bridge.recordings.edf_records import Annotation, map_records, read_annotations
from limber_bridge.recordings.edf_times import parse_start


def is_edf_file(head: bytes) -> bool:
    """Return whether a file begins like EDF or BDF."""
    # A text file may begin with the digit 0, but not followed by that many spaces.
    return head[:8].strip(b"\0 ") in (EDF_VERSION, BDF_VERSION) and len(head) >= 256


def read_edf_annotations(path: Path) -> tuple[ClockTime | None, list[Annotation]]:
    """Return the time of the clock at time 0, None if unknown, and the annotations in order.

    Raises UnreadableRecordingError or OSError.
    """
    header = parse_header(path)
    if not any(signal.is_annotations for signal in header.signals):
        raise UnreadableRecordingError(
            f"{path}: EDF without annotations; export EDF+ with annotations"
        )
    annotations = sorted(read_annotations(map_records(header)), key=lambda one: one.onset)
    try:
        start = parse_start(header)
    except ValueError:
        return None, annotations
    time_of_day = (start.hour * 3600 + start.minute * 60 + start.second) * SECOND
    return ClockTime(time_of_day, start.date().toordinal()), annotations
