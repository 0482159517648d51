"""The records of an ActiGraph's `log.bin`.

A record is a byte 0x1E, its type, the time (s, u32), its size (u16), that many bytes, and the
complement of the exclusive or of all of it (github.com/actigraph/GT3X-File-Format).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, Times
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.open_file import OpenFile

SEPARATOR: Final = 0x1E
HEADER: Final = struct.Struct("<BBIH")
MAX_RECORD_BYTES: Final = HEADER.size + 65_535 + 1
PACKED_BYTES: Final = 9
"""Bytes of two samples of 12 bits an axis."""
WORD_BYTES: Final = 6
"""Bytes of a sample of 16 bits an axis."""
USB_EVENT_BYTES: Final = 1
"""Size of an activity record that says only that the device was connected."""


class Activity(IntEnum):
    """Types of records with acceleration."""

    PACKED = 0
    """12 bits an axis, in the order y, x, z."""
    WORDS = 26
    """16 bits an axis, in the order x, y, z."""


@dataclass(frozen=True, slots=True, eq=False)
class LogIndex:
    """The records with acceleration."""

    activity: Activity
    offsets: Times
    """Of the first byte of the samples of each."""
    counts: Times
    """Samples in each."""
    times: Times
    """us; local time of its first sample."""
    notes: tuple[str, ...]


@dataclass(slots=True)
class FoundRecords:
    """Records and damage found in a log so far."""

    rows: dict[Activity, list[tuple[int, int, int]]] = field(
        default_factory=lambda: {one: [] for one in Activity}
    )
    """Offset, size and time (s) of records, by type."""
    types: set[int] = field(default_factory=set)
    skipped: int = 0
    """Bytes that belong to no intact record."""
    breaks: list[int] = field(default_factory=list)
    """Offsets at which such bytes begin."""


def index_log(path: Path, file: OpenFile) -> LogIndex:
    """Return the intact records with acceleration; UnreadableRecordingError."""
    found = FoundRecords()
    for offset, kind, time, size in intact_records(file, found):
        found.types.add(kind)
        if kind in found.rows and size > USB_EVENT_BYTES:
            found.rows[Activity(kind)].append((offset, size, time))
    activity = max(found.rows, key=lambda one: len(found.rows[one]))
    rows = found.rows[activity]
    if not rows:
        types = ", ".join(map(str, sorted(found.types))) or "none"
        raise UnreadableRecordingError(
            f"{path}: log.bin: no intact record with acceleration of 12 or 16 bits (types found: "
            f"{types}); export the recording as CSV in the software of the maker"
        )
    table = np.array(rows, dtype=np.int64).T
    counts = table[1] // WORD_BYTES
    if activity is Activity.PACKED:
        counts = table[1] // PACKED_BYTES * 2
    notes = tuple(log_notes(path, found, file.damage))
    return LogIndex(activity, table[0], counts, table[2] * SECOND, notes)


def log_notes(path: Path, found: FoundRecords, damage: str) -> Iterator[str]:
    """Yield notes on damage of records and of the zip file."""
    if damage:
        yield f"{path}: log.bin: the zip file is damaged ({damage}); what comes after it is missing"
    if found.breaks:
        yield (
            f"{path}: log.bin: byte {found.breaks[0]}: not an intact record; {found.skipped} bytes "
            f"at {len(found.breaks)} places left out, which become gaps"
        )


def intact_records(file: OpenFile, found: FoundRecords) -> Iterator[tuple[int, int, int, int]]:
    """Yield offset of the content, type, time (s) and size of each record with a right checksum.

    After damage, the next intact record is searched.
    """
    chunks = file.chunks(0)
    buffer = b""
    at = 0
    begin = 0
    damaged = False
    chunk = next(chunks, b"")
    while chunk or begin < len(buffer):
        if chunk and len(buffer) - begin < MAX_RECORD_BYTES:
            at += begin
            buffer = buffer[begin:] + chunk
            begin = 0
            chunk = next(chunks, b"")
            continue
        record = parse_record(buffer, begin)
        if record is not None:
            kind, time, size = record
            yield at + begin + HEADER.size, kind, time, size
            begin += HEADER.size + size + 1
            damaged = False
            continue
        if not damaged:
            found.breaks.append(at + begin)
        damaged = True
        following = buffer.find(SEPARATOR, begin + 1)
        skipped_to = len(buffer) if following < 0 else following
        found.skipped += skipped_to - begin
        begin = skipped_to


def parse_record(buffer: bytes, begin: int) -> tuple[int, int, int] | None:
    """Return type, time (s) and size of the record at an offset; None if it is not intact."""
    if len(buffer) - begin <= HEADER.size:
        return None
    separator, kind, time, size = HEADER.unpack_from(buffer, begin)
    end = begin + HEADER.size + size
    if separator != SEPARATOR or end >= len(buffer):
        return None
    folded = int(np.bitwise_xor.reduce(np.frombuffer(buffer, np.uint8, end - begin, begin)))
    return (kind, time, size) if folded ^ 0xFF == buffer[end] else None


# --- Samples ---


def read_log_pages(file: OpenFile, offsets: Times, counts: Times, activity: Activity) -> Floats:
    """Return the samples (counts) of some records, shape (3, n)."""
    sizes = counts * WORD_BYTES
    if activity is Activity.PACKED:
        sizes = counts // 2 * PACKED_BYTES
    first = int(offsets[0])
    content = file.read_exactly(first, int(offsets[-1] + sizes[-1]) - first)
    data = b"".join(
        content[at - first : at - first + size]
        for at, size in zip(offsets.tolist(), sizes.tolist(), strict=True)
    )
    if activity is Activity.PACKED:
        return unpack_12_bits(data)
    samples: Floats = np.frombuffer(data, "<i2").reshape(-1, 3).T.astype(np.float64)
    return samples


def unpack_12_bits(data: bytes) -> Floats:
    """Return the samples (counts), shape (3, n), of 12 bits an axis in the order y, x, z."""
    triples = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int64).T
    high = triples[0] << 4 | triples[1] >> 4
    low = (triples[1] & 15) << 8 | triples[2]
    values = np.stack([high, low], axis=1).reshape(-1, 3)
    values -= (values > 2047) * 4096
    samples: Floats = values[:, [1, 0, 2]].T.astype(np.float64)
    return samples
