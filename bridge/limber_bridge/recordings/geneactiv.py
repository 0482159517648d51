"""GENEActiv: `.bin`, a text file with a header and pages of 300 samples in hexadecimal digits.

There are no checksums: a page whose digits or fields cannot be read is left out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from limber_bridge.detection.signal import Floats, Side, Times
from limber_bridge.domain.nights import to_us
from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings.device_time import local_start
from limber_bridge.recordings.open_file import CHUNK_BYTES, OpenFile
from limber_bridge.recordings.pages import PageFormat, PageTable, read_pages
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.recordings.worn_signal import Worn, worn_recording

PAGE_MARK: Final = b"Recorded Data"
MAX_HEADER_BYTES: Final = 65_536
MAX_PAGE_BYTES: Final = 65_536
"""Bytes of a page at most. Chosen: ten times those of a page of 300 samples."""
SAMPLE_DIGITS: Final = 12
"""Hexadecimal digits of a sample: three axes of 12 bits, light, and the button."""
SAMPLE_BYTES: Final = SAMPLE_DIGITS // 2
MIN_COUNT: Final = -2048
MAX_COUNT: Final = 2047
PAGE_TIME_FORMAT: Final = "%Y-%m-%d %H:%M:%S:%f"
LISTED_PAGES: Final = 6
"""Damaged pages that are named."""


@dataclass(frozen=True, slots=True)
class AxisCalibration:
    """Acceleration = (count * 100 - offset) / gain, in g."""

    gain: float
    offset: float


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says."""

    rate: float
    """Hz."""
    axes: tuple[AxisCalibration, ...]
    worn: Worn


@dataclass(frozen=True, slots=True)
class Page:
    """One page that can be read."""

    digits_at: int
    """Offset in the file of its first digit."""
    count: int
    """Number of samples."""
    time: int
    """us; local time of the first sample."""


def read_geneactiv(path: Path, options: ReadOptions) -> Recording:
    """Read a GENEActiv file; UnreadableRecordingError or OSError."""
    file = OpenFile(path)
    header = parse_header(path, file.read_at(0, MAX_HEADER_BYTES))
    found, notes = index_pages(path, file, header.rate)
    digits_at = np.array([page.digits_at for page in found], dtype=np.int64)
    pages = PageTable(
        np.array([page.count for page in found], dtype=np.int64),
        np.array([page.time for page in found], dtype=np.int64),
    )

    def decode(numbers: Times) -> Floats:
        data = read_digits(file, digits_at[numbers], pages.counts[numbers])
        return decode_digits(data, header.axes)

    layout = PageFormat(rate=header.rate, limits=limits_of(header.axes), decode=decode)
    samples = read_pages(path, pages, layout)
    start, time_notes = local_start(path, samples.groups[0].begin, options.zone, header.worn.offset)
    return worn_recording(path, samples, start, (*notes, *time_notes), options, worn=header.worn)


# --- Header ---


def parse_header(path: Path, head: bytes) -> Header:
    """Return what the header says; UnreadableRecordingError."""
    text = head.partition(PAGE_MARK)[0].decode("latin-1")
    fields = {
        key.strip().lower(): value.strip()
        for key, colon, value in (line.partition(":") for line in text.splitlines())
        if colon
    }
    rate = number_in(path, fields, "measurement frequency")
    axes = tuple(
        AxisCalibration(
            number_in(path, fields, f"{axis} gain"), number_in(path, fields, f"{axis} offset")
        )
        for axis in "xyz"
    )
    if rate <= 0 or any(axis.gain == 0 for axis in axes):
        raise UnreadableRecordingError(
            f"{path}: header: a rate or a gain of 0; export the recording from the device again"
        )
    location = fields.get("device location code", "").lower()
    side = next((one for one in Side if one in location), None)
    limb = "ankle" if "ankle" in location else "wrist" if "wrist" in location else None
    offset = parse_offset(fields.get("time zone", ""))
    return Header(rate, axes, Worn(limb, side, offset))


def number_in(path: Path, fields: Mapping[str, str], key: str) -> float:
    """Return the number in a field of the header, without its unit; UnreadableRecordingError."""
    text = fields.get(key, "")
    found = re.match(r"[-+]?\d+([.,]\d+)?", text)
    if found is None:
        raise UnreadableRecordingError(
            f"{path}: header: `{key}` is `{text[:40]}`; export the recording from the device again"
        )
    return float(found[0].replace(",", "."))


def parse_offset(text: str) -> timedelta | None:
    """Return the offset of `GMT +01:00`; None for anything else."""
    found = re.fullmatch(r"(?:GMT|UTC)\s*([-+])?(\d\d?):(\d\d)", text)
    if found is None or int(found[2]) > 14:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -offset if found[1] == "-" else offset


# --- Pages ---


def index_pages(path: Path, file: OpenFile, rate: float) -> tuple[list[Page], list[str]]:
    """Return the pages that can be read, and notes on the others; UnreadableRecordingError."""
    found: list[Page] = []
    damaged: list[str] = []
    notes: list[str] = []
    total = 0
    for offset, content, is_last in split_pages(file):
        total += 1
        page = parse_page(offset, content, rate)
        if page is None and is_last:
            page = parse_page(offset, without_torn_sample(content), rate)
            notes.append(f"{path}: ends within page {total}; the file was cut short")
        if page is not None:
            found.append(page)
        elif not is_last:
            damaged.append(str(total))
    if not found:
        raise UnreadableRecordingError(
            f"{path}: none of its {total} pages can be read; copy the file from the device again"
        )
    if damaged:
        more = ", ..." if len(damaged) > LISTED_PAGES else ""
        notes.append(
            f"{path}: page {', '.join(damaged[:LISTED_PAGES])}{more}: damaged or cut short; "
            f"{len(damaged)} of {total} pages left out, which become gaps"
        )
    return found, notes


def without_torn_sample(content: bytes) -> bytes:
    """Return a page without the digits after its last whole sample."""
    lines = content.rstrip().rsplit(b"\n", 1)
    surplus = len(lines[-1]) % SAMPLE_DIGITS
    return content.rstrip()[: -surplus or None]


def split_pages(file: OpenFile) -> Iterator[tuple[int, bytes, bool]]:
    """Yield the offset and the content of each page, and whether it is the last one."""
    buffer = b""
    at = 0
    for chunk in file.chunks(0, CHUNK_BYTES):
        buffer += chunk
        begin = buffer.find(PAGE_MARK)
        while begin >= 0:
            end = buffer.find(PAGE_MARK, begin + 1)
            if end < 0:
                break
            yield at + begin, buffer[begin:end], False
            begin = end
        # Longer data cannot be a page: only its end is kept.
        kept = max(begin, len(buffer) - MAX_PAGE_BYTES, 0)
        at += kept
        buffer = buffer[kept:]
    begin = buffer.find(PAGE_MARK)
    if begin >= 0:
        yield at + begin, buffer[begin:], True


def parse_page(offset: int, content: bytes, rate: float) -> Page | None:
    """Return a page; None where a field or a digit cannot be read, or the rate is another one."""
    fields: dict[bytes, bytes] = {}
    digits = b""
    for line in content.splitlines():
        key, colon, value = line.partition(b":")
        if colon:
            fields[key] = value
        elif line.strip():
            digits = line.strip()
    try:
        time = page_time(fields[b"Page Time"].decode("ascii"))
        page_rate = float(fields[b"Measurement Frequency"].replace(b",", b"."))
        bytes.fromhex(digits.decode("ascii"))
    except KeyError, ValueError, OverflowError:
        return None
    if not digits or len(digits) % SAMPLE_DIGITS or not abs(page_rate - rate) < 0.1:
        return None
    return Page(offset + content.rindex(digits), len(digits) // SAMPLE_DIGITS, time)


def page_time(text: str) -> int:
    """Return the local time (us) of `2012-05-23 16:47:50:500`; ValueError."""
    clock, _, milliseconds = text.strip().rpartition(":")
    moment = datetime.fromisoformat(clock.replace(" ", "T", 1))
    return to_us(moment.replace(tzinfo=UTC)) + int(milliseconds) * 1000


# --- Samples ---


def limits_of(axes: tuple[AxisCalibration, ...]) -> tuple[float, float]:
    """Return the lowest and the highest value (g) that every axis can have.

    The ends of the range differ by the calibration of the axes: the narrowest one counts, so that
    no sample at an end is missed.
    """
    ends = [
        sorted((count * 100 - axis.offset) / axis.gain for count in (MIN_COUNT, MAX_COUNT))
        for axis in axes
    ]
    return max(low for low, _ in ends), min(high for _, high in ends)


def read_digits(file: OpenFile, digits_at: Times, counts: Times) -> npt.NDArray[np.uint8]:
    """Return the bytes of the samples of pages, shape (n, 6); UnreadableRecordingError.

    `digits_at` are the offsets of the digits of each page, `counts` the samples.
    """
    first = int(digits_at[0])
    last = int(digits_at[-1] + counts[-1] * SAMPLE_DIGITS)
    content = file.read_exactly(first, last - first)
    parts = [
        content[at - first : at - first + count * SAMPLE_DIGITS]
        for at, count in zip(digits_at.tolist(), counts.tolist(), strict=True)
    ]
    data = bytes.fromhex(b"".join(parts).decode("ascii"))
    return np.frombuffer(data, np.uint8).reshape(-1, SAMPLE_BYTES)


def decode_digits(data: npt.NDArray[np.uint8], axes: tuple[AxisCalibration, ...]) -> Floats:
    """Return the acceleration (g), shape (3, n), in bytes of shape (n, 6)."""
    b = data.astype(np.int64).T
    counts = np.stack([b[0] << 4 | b[1] >> 4, (b[1] & 15) << 8 | b[2], b[3] << 4 | b[4] >> 4])
    # 12 bits with a sign.
    counts -= (counts > MAX_COUNT) * 4096
    gains = np.array([[axis.gain] for axis in axes])
    offsets = np.array([[axis.offset] for axis in axes])
    samples: Floats = (counts * 100 - offsets) / gains
    return samples
