"""ActiGraph: `.gt3x`, a zip file with `info.txt` and the samples.

Newer devices write `log.bin`: records with a checksum, one for each second. Older ones, as in the
NHANES studies, write `activity.bin`: samples without times or checksums. The device stores local
time. In idle sleep it writes no samples.
"""

import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, Side, Times
from limber_bridge.domain.nights import to_us
from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings.device_time import local_start
from limber_bridge.recordings.gt3x_log import (
    PACKED_BYTES,
    index_log,
    read_log_pages,
    unpack_12_bits,
)
from limber_bridge.recordings.open_file import ZIP_DAMAGE, OpenFile
from limber_bridge.recordings.pages import (
    DecodePages,
    PageFormat,
    PageTable,
    read_pages,
)
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.recordings.worn_signal import Worn, worn_recording

INFO: Final = "info.txt"
LOG: Final = "log.bin"
OLD_ACTIVITY: Final = "activity.bin"
MAX_INFO_BYTES: Final = 65_536
TICKS_EPOCH: Final = datetime(1, 1, 1, tzinfo=UTC)
"""`Start Date` counts 100 ns since then, in local time."""
OLD_COUNTS_PER_G: Final = 341.0
"""Of devices whose `info.txt` has no `Acceleration Scale`: 12 bits for +-6 g."""
OLD_SERIALS: Final = ("NEO", "CLE", "MRA")
"""How the serial numbers of such devices begin."""
MIN_RANGE_G: Final = 6.0
"""g; the range of a device whose `info.txt` names none."""
RATES: Final = (10, 1000)
"""Hz that are possible; devices offer 30 to 100."""
type Info = Mapping[str, str]


def is_gt3x(path: Path) -> bool:
    """Return whether a zip file has the parts of a recording of an ActiGraph."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, *ZIP_DAMAGE):
        return path.suffix.lower() == ".gt3x"
    return INFO in names and bool({LOG, OLD_ACTIVITY} & names)


def read_gt3x(path: Path, options: ReadOptions) -> Recording:
    """Read a GT3X file; UnreadableRecordingError or OSError."""
    try:
        archive = zipfile.ZipFile(path)
        return read_archive(path, archive, options)
    except (*ZIP_DAMAGE, KeyError) as error:
        raise UnreadableRecordingError(
            f"{path}: the zip file is damaged ({error}); download the recording again"
        ) from error


def read_archive(path: Path, archive: zipfile.ZipFile, options: ReadOptions) -> Recording:
    """Read an open GT3X file.

    Raises UnreadableRecordingError, KeyError for a missing part, or one of `ZIP_DAMAGE`.
    """
    names = archive.namelist()
    with archive.open(INFO) as file:
        text = file.read(MAX_INFO_BYTES).decode("utf-8", "replace")
    info = {
        key.strip().lower(): value.strip()
        for key, _, value in (line.partition(":") for line in text.splitlines())
    }
    check_calibrated(path, archive)
    rate = number_in(path, info, "sample rate")
    if not RATES[0] <= rate <= RATES[1]:
        raise UnreadableRecordingError(f"{path}: {INFO}: `Sample Rate` is {rate:g}, not 30 to 100")
    if LOG in names:
        pages, decode, notes = read_log(path, archive, info)
    else:
        pages, decode, notes = read_old_activity(path, archive, info, rate)
    samples = read_pages(
        path, pages, PageFormat(rate=rate, limits=limits_of(path, info), decode=decode)
    )
    worn = worn_at(info)
    start, time_notes = local_start(path, samples.groups[0].begin, options.zone, worn.offset)
    return worn_recording(path, samples, start, (*notes, *time_notes), options, worn=worn)


# --- Header ---


def number_in(path: Path, info: Info, key: str, default: float | None = None) -> float:
    """Return the number in a field of `info.txt`; UnreadableRecordingError."""
    text = info.get(key)
    if text is None and default is not None:
        return default
    try:
        value = float((text or "").replace(",", "."))
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise UnreadableRecordingError(
            f"{path}: {INFO}: `{key}` is `{(text or '')[:40]}`; download the recording again"
        )
    return value


def counts_per_g(path: Path, info: Info) -> float:
    """Return the number of counts for 1 g; UnreadableRecordingError."""
    old = info.get("serial number", "").startswith(OLD_SERIALS)
    scale = number_in(path, info, "acceleration scale", OLD_COUNTS_PER_G if old else 256.0)
    if scale <= 0:
        raise UnreadableRecordingError(f"{path}: {INFO}: `Acceleration Scale` is {scale:g}")
    return scale


def limits_of(path: Path, info: Info) -> tuple[float, float]:
    """Return the lowest and the highest value (g) of the range."""
    low = number_in(path, info, "acceleration min", -MIN_RANGE_G)
    high = number_in(path, info, "acceleration max", MIN_RANGE_G)
    step = 1 / counts_per_g(path, info)
    # The highest count may be one below the range.
    return low + step, high - step


def check_calibrated(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise UnreadableRecordingError where the samples still have to be calibrated."""
    if "calibration.json" not in archive.namelist():
        return
    with archive.open("calibration.json") as file:
        text = file.read(MAX_INFO_BYTES).decode("utf-8", "replace")
    if re.search(r'"isCalibrated"\s*:\s*false', text, re.IGNORECASE):
        raise UnreadableRecordingError(
            f"{path}: calibration.json: the samples are not calibrated; export the recording as "
            "CSV in the software of the maker"
        )


def parse_offset(text: str) -> timedelta | None:
    """Return the offset of `-05:00:00`; None for anything else."""
    found = re.fullmatch(r"(-)?(\d\d?):(\d\d):(\d\d)", text)
    if found is None or int(found[2]) > 14:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -offset if found[1] else offset


def worn_at(info: Info) -> Worn:
    """Return where the device was worn."""
    limb = info.get("limb", "").lower()
    side = next((one for one in Side if one == info.get("side", "").lower()), None)
    known = limb not in ("", "not set", "undefined")
    return Worn(limb if known else None, side, parse_offset(info.get("timezone", "")))


# --- Samples ---


def open_part(path: Path, archive: zipfile.ZipFile, name: str) -> OpenFile:
    """Open a part of the archive; KeyError or one of `ZIP_DAMAGE`."""
    part: IO[bytes] = archive.open(name)
    return OpenFile(path, part)


def read_log(
    path: Path, archive: zipfile.ZipFile, info: Info
) -> tuple[PageTable, DecodePages, tuple[str, ...]]:
    """Return the pages in `log.bin`, how to decode them, and notes."""
    file = open_part(path, archive, LOG)
    index = index_log(path, file)
    scale = counts_per_g(path, info)

    def decode(numbers: Times) -> Floats:
        offsets = index.offsets[numbers]
        return read_log_pages(file, offsets, index.counts[numbers], index.activity) / scale

    return PageTable(index.counts, index.times), decode, index.notes


def read_old_activity(
    path: Path, archive: zipfile.ZipFile, info: Info, rate: float
) -> tuple[PageTable, DecodePages, tuple[str, ...]]:
    """Return the samples in `activity.bin` as pages of a second, how to decode them, and notes.

    Two samples have 9 bytes.
    """
    file = open_part(path, archive, OLD_ACTIVITY)
    # The size in a damaged zip file may be wrong.
    total = sum(map(len, file.chunks(0))) // PACKED_BYTES * 2
    per_page = max(2, round(rate) // 2 * 2)
    firsts = np.arange(0, total, per_page, dtype=np.int64)
    counts = np.minimum(per_page, total - firsts)
    ticks = number_in(path, info, "start date")
    try:
        start = to_us(TICKS_EPOCH + timedelta(microseconds=ticks / 10))
    except OverflowError as error:
        raise UnreadableRecordingError(f"{path}: {INFO}: `Start Date` is {ticks:g}") from error
    times = start + np.rint(firsts * SECOND / rate).astype(np.int64)
    scale = counts_per_g(path, info)

    def decode(numbers: Times) -> Floats:
        first = int(firsts[numbers[0]]) // 2 * PACKED_BYTES
        count = int(counts[numbers].sum())
        data = file.read_exactly(first, count // 2 * PACKED_BYTES)
        return unpack_12_bits(data) / scale

    notes = stop_notes(path, info, start + total * SECOND / rate)
    if file.damage:
        notes += (f"{path}: {OLD_ACTIVITY}: the zip file is damaged ({file.damage})",)
    return PageTable(counts, times), decode, notes


def stop_notes(path: Path, info: Info, end: float) -> tuple[str, ...]:
    """Return a note where the samples end before the recording was stopped, by more than 2 s."""
    stop = number_in(path, info, "stop date", 0)
    if stop <= 0:
        return ()
    stopped = to_us(TICKS_EPOCH + timedelta(microseconds=stop / 10))
    if not end + 2 * SECOND < stopped:
        return ()
    note = (
        f"{path}: {OLD_ACTIVITY}: its samples end {(stopped - end) / SECOND:.0f} s before `Stop "
        "Date`; samples are missing, and those after them may have a wrong time"
    )
    return (note,)
