"""Check the header of an EDF file, and read the times of its data records.

edfio reads a file only if its header is consistent, and does not say what is wrong with it. It also
reads EDF+D, a file with discontinuities, as if it had none. So both are read here from the bytes,
whose layout is that of the EDF+ specification (https://www.edfplus.info/specs/edfplus.html).
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.recording import UnreadableRecordingError

MAIN_HEADER_BYTES: Final = 256
"""Each signal adds another 256 bytes."""
ANNOTATIONS_LABEL: Final = b"EDF Annotations"
RECORD_ONSET: Final = re.compile(rb"([+-]\d+(?:\.\d+)?)\x14")
"""Start of the first annotation of a data record: the onset of the record in s."""


def check_header(path: Path, data: bytes) -> str | None:
    """Return a note on a wrong length of a file, None if it is right.

    Raises UnreadableRecordingError if the header cannot be used.
    """
    if not data:
        raise UnreadableRecordingError(f"{path}: empty; export it again")
    if len(data) < MAIN_HEADER_BYTES:
        raise UnreadableRecordingError(
            f"{path}: ends within its header of at least 256 bytes; export it again"
        )
    signals = _header_number(path, data, 252, 4, "number of signals")
    header_bytes = MAIN_HEADER_BYTES * (signals + 1)
    if len(data) < header_bytes:
        raise UnreadableRecordingError(
            f"{path}: ends within its header of {header_bytes} bytes; export it again"
        )
    only_annotations = data[256:272].strip() == ANNOTATIONS_LABEL
    if _header_number(path, data, 244, 8, "duration of a record") <= 0 and not only_annotations:
        raise UnreadableRecordingError(
            f"{path}: header, byte 244: records of 0 s, so the rate is unknown; export it again"
        )
    record_bytes = 2 * _samples_per_record(path, data, signals)
    stated = _header_number(path, data, 236, 8, "number of records")
    present, extra_bytes = divmod(len(data) - header_bytes, record_bytes)
    return _length_note(path, stated, present, truncated=extra_bytes > 0)


def _samples_per_record(path: Path, data: bytes, signals: int) -> int:
    """Return the samples of all signals in one data record."""
    offset = 256 + 216 * signals
    counts = [
        _header_number(path, data, offset + 8 * index, 8, "samples in a record")
        for index in range(signals)
    ]
    if min(counts, default=0) < 1:
        byte = offset + 8 * counts.index(min(counts)) if counts else 252
        raise UnreadableRecordingError(
            f"{path}: header, byte {byte}: a signal without samples, so the rate is unknown; "
            "export it again"
        )
    return sum(counts)


def _length_note(path: Path, stated: int, present: int, *, truncated: bool) -> str | None:
    # -1 stands for an unknown number, as in a recording that is still being written.
    if stated in (present, -1) and not truncated:
        return None
    if stated > present or truncated:
        total = max(stated, present + 1)
        return (
            f"{path}: ends after {present} of {total} records; these are scored; "
            "export the rest again"
        )
    return (
        f"{path}: {present} records, but its header says {stated}; all are scored, assuming that "
        "the rates are right; export it again"
    )


def _header_number(path: Path, data: bytes, offset: int, length: int, name: str) -> int:
    """Return a number of the header; UnreadableRecordingError for anything else.

    A fraction is cut off, but what is not 0 does not become 0.
    """
    text = data[offset : offset + length].decode("ascii", "replace").strip()
    try:
        value = float(text)
        return int(value) if value in (0.0, -1.0) or abs(value) >= 1 else 1
    except (ValueError, OverflowError) as error:
        raise UnreadableRecordingError(
            f"{path}: header, byte {offset}: `{text}`: the {name} must be a number; export it again"
        ) from error


def timekeeping_onsets(data: bytes, regular: Iterable[int]) -> Iterator[int]:
    """Yield the onset (us) of each data record of an EDF+ file.

    It is in the first annotation of the record; a record without one has the regular onset.
    """
    signals = int(data[252:256])
    labels = [data[256 + 16 * index : 272 + 16 * index].strip() for index in range(signals)]
    offset = 256 + 216 * signals
    sizes = [2 * int(data[offset + 8 * index : offset + 8 + 8 * index]) for index in range(signals)]
    annotations = labels.index(ANNOTATIONS_LABEL) if ANNOTATIONS_LABEL in labels else 0
    first_annotation = int(data[184:192]) + sum(sizes[:annotations])
    record_bytes = sum(sizes)
    for index, regular_onset in enumerate(regular):
        onset = RECORD_ONSET.match(data, first_annotation + index * record_bytes)
        yield regular_onset if onset is None else round(float(onset[1]) * SECOND)
