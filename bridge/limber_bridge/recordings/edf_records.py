"""Read the data records of an EDF or BDF file: samples, onsets and annotations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.edf_header import EdfHeader, EdfSignal

type Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

RECORD_ONSET: Final = re.compile(rb"\s*([+-]?\d+(?:[.,]\d*)?(?:[eE][+-]?\d+)?)\x14")
"""Start of the first annotation of a record: the onset of the record in s. Some programs leave the
sign out, write a decimal comma or an exponent."""
ANNOTATION_LIST: Final = re.compile(
    rb"([+-]?\d+(?:[.,]\d*)?(?:[eE][+-]?\d+)?)(?:\x15(\d+(?:[.,]\d*)?))?\x14([^\0]*?)\x14?(?=\0|\Z)"
)
"""A time-stamped annotation list: onset, duration, texts between bytes of value 20."""
MAX_ONSET_S: Final = 1e9
"""Later onsets are damaged."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A text at a time."""

    onset: int
    """us from the start in the header."""
    duration: int | None
    """us; None: it has no duration."""
    text: str


@dataclass(frozen=True, slots=True)
class RecordOnset:
    """When a record begins, as the file states it."""

    time: int
    """us from the start in the header."""
    digits: str
    """The digits of the statement, which show to how much it was rounded."""


@dataclass(frozen=True, slots=True, eq=False)
class EdfRecords:
    """The complete data records of a file."""

    header: EdfHeader
    data: Bytes
    """Shape (records, bytes of a record); mapped, so the file stays open."""
    notes: tuple[str, ...]
    """What is wrong with the number of records."""

    @property
    def count(self) -> int:
        """Number of records."""
        return int(self.data.shape[0])

    def samples(self, signal: EdfSignal, begin: int, end: int) -> Floats:
        """Return the samples of a signal from one record up to another, in its physical unit."""
        counts = self._counts(signal, begin, end)
        low, high = signal.physical_range()
        digital_low, digital_high = signal.digital_range()
        gain = (high - low) / (digital_high - digital_low)
        return (counts - float(digital_low)) * gain + low

    def texts(self, signal: EdfSignal) -> Iterator[bytes]:
        """Yield the bytes of an annotation signal, record by record."""
        size = self.header.sample_bytes * signal.samples
        for record in self.data[:, signal.offset : signal.offset + size]:
            yield record.tobytes()

    def _counts(self, signal: EdfSignal, begin: int, end: int) -> Floats:
        size = self.header.sample_bytes * signal.samples
        part = np.ascontiguousarray(self.data[begin:end, signal.offset : signal.offset + size])
        if self.header.sample_bytes == 2:
            return part.view("<i2").ravel().astype(np.float64)
        # 24 bits, little endian: shifted to the upper end of 32 bits, so that the sign is right.
        wide = np.zeros((part.size // 3, 4), dtype=np.uint8)
        wide[:, 1:] = part.reshape(-1, 3)
        return (wide.view("<i4").ravel() >> 8).astype(np.float64)


def map_records(header: EdfHeader) -> EdfRecords:
    """Map the records of a file into memory; UnreadableRecordingError or OSError."""
    size = header.path.stat().st_size - header.data_offset
    present, extra_bytes = divmod(size, header.record_bytes)
    if not present:
        raise UnreadableRecordingError(f"{header.path}: a header without data; export it again")
    data = np.memmap(
        header.path,
        dtype=np.uint8,
        mode="r",
        offset=header.data_offset,
        shape=(present, header.record_bytes),
    )
    padding = padding_records(header, data)
    notes = [
        note
        for note in (
            padding_note(header.path, padding),
            length_note(
                header.path,
                header.stated_records,
                present - padding,
                truncated=extra_bytes > 0 and not padding,
            ),
        )
        if note is not None
    ]
    return EdfRecords(header, data[: present - padding], tuple(notes))


def padding_records(header: EdfHeader, data: Bytes) -> int:
    """Return the number of records at the end that hold nothing but zero bytes.

    A file whose space was reserved before it was written ends with them. They are padding if the
    header does not count them, or if each record should state its onset.
    """
    least = 1 if header.has_timekeeping else max(1, header.stated_records)
    end = int(data.shape[0])
    while end > least and not data[end - 1].any():
        end -= 1
    return int(data.shape[0]) - end


def padding_note(path: Path, padding: int) -> str | None:
    """Return a note on records of zero bytes."""
    if not padding:
        return None
    return f"{path}: its last {padding} records are zero bytes; left out; copy the file again"


def length_note(path: Path, stated: int, present: int, *, truncated: bool) -> str | None:
    """Return a note on a wrong number of records, None if it is right."""
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


def stated_onsets(records: EdfRecords) -> list[RecordOnset | None]:
    """Return the onset that each record states, None for a record that states none."""
    signal = next((one for one in records.header.signals if one.is_annotations), None)
    if signal is None or not records.header.has_timekeeping:
        return [None] * records.count
    return [parse_onset(text) for text in records.texts(signal)]


def parse_onset(text: bytes) -> RecordOnset | None:
    """Return the onset at the start of an annotation signal, None if there is none."""
    found = RECORD_ONSET.match(text)
    if found is None:
        return None
    digits = found[1].decode("ascii").replace(",", ".")
    seconds = float(digits)
    if abs(seconds) > MAX_ONSET_S:
        return None
    return RecordOnset(round(seconds * SECOND), digits)


def read_annotations(records: EdfRecords) -> Iterator[Annotation]:
    """Yield the annotations of a file in the order in which they are stored."""
    for signal in records.header.signals:
        for text in records.texts(signal) if signal.is_annotations else ():
            yield from parse_annotations(text)


def parse_annotations(text: bytes) -> Iterator[Annotation]:
    """Yield the annotations in one record."""
    for onset, duration, texts in ANNOTATION_LIST.findall(text):
        seconds = float(onset.replace(b",", b"."))
        length = float(duration.replace(b",", b".")) if duration else None
        if abs(seconds) > MAX_ONSET_S or (length or 0.0) > MAX_ONSET_S:
            continue
        for one in texts.split(b"\x14"):
            if one.strip():
                yield Annotation(
                    round(seconds * SECOND),
                    None if length is None else round(length * SECOND),
                    one.decode("utf-8", "replace").strip(),
                )
