"""Axivity AX3 and AX6: `.cwa`, a header of 1,024 bytes and data blocks of 512 bytes.

The layout is described in `Docs/ax3/cwa.h` of openmovementproject/openmovement. The device stores
local time, without its zone.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.recfunctions import repack_fields

from limber_bridge.detection.signal import SECOND, Flags, Floats, Times
from limber_bridge.domain.counted import counted
from limber_bridge.domain.recording import Recording, UnreadableRecordingError
from limber_bridge.recordings.device_time import local_start
from limber_bridge.recordings.open_file import OpenFile
from limber_bridge.recordings.pages import PageFormat, PageTable, read_pages
from limber_bridge.recordings.read_options import ReadOptions
from limber_bridge.recordings.worn_signal import worn_recording

BLOCK_BYTES: Final = 512
HEADER_BYTES: Final = 1024
BLOCK: Final = np.dtype(
    {
        "names": [
            "magic", "length", "fraction", "time", "scale", "rate", "layout", "offset", "count",
            "samples",
        ],
        "formats": ["<u2", "<u2", "<u2", "<u4", "<u2", "u1", "u1", "<i2", "<u2", "480u1"],
        "offsets": [0, 2, 4, 14, 18, 24, 25, 26, 28, 30],
        "itemsize": BLOCK_BYTES,
    }
)  # fmt: skip
HEADER_FIELDS: Final = ("fraction", "time", "scale", "rate", "layout", "offset", "count")
BLOCK_MAGIC: Final = 0x5841
BLOCK_LENGTH: Final = 508
FRACTION_FLAG: Final = 0x8000
"""Set in `fraction` where its other bits are a fraction of a second, not a device number."""
COUNTS_PER_G: Final = 256
"""Of an AX3, and of an AX6 before its scale is applied."""
PACKED: Final = 0x30
"""Layout of three 10-bit values with a common exponent in 32 bits."""
AXES_FIRST: Final = {0x30: (3, 0), 0x32: (3, 0), 0x62: (6, 3), 0x92: (9, 3)}
"""Number of axes by layout, and the first one of acceleration: a gyroscope comes before it."""
MAX_COUNTS: Final = {0x30: 120, 0x32: 80, 0x62: 40, 0x92: 26}
"""Samples that fit into a block, by layout."""

type Blocks = npt.NDArray[np.void]
type Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class BlockIndex:
    """The intact blocks of a file."""

    numbers: Times
    """Of each block, counted from the first one."""
    times: Times
    """us; local time of the first sample."""
    counts: Times
    rate_code: int
    layout: int
    scale: int
    """Bits by which a sample is finer than `COUNTS_PER_G`."""
    notes: tuple[str, ...]


def read_cwa(path: Path, options: ReadOptions) -> Recording:
    """Read a CWA file; UnreadableRecordingError or OSError."""
    file = OpenFile(path)
    index = index_blocks(path, file)

    def decode(numbers: Times) -> Floats:
        places = index.numbers[numbers]
        first = int(places[0])
        size = (int(places[-1]) + 1 - first) * BLOCK_BYTES
        data = file.read_exactly(HEADER_BYTES + first * BLOCK_BYTES, size)
        return decode_blocks(np.frombuffer(data, BLOCK)[places - first], index)

    layout = PageFormat(rate=sample_rate(index.rate_code), limits=limits_of(index), decode=decode)
    samples = read_pages(path, PageTable(index.counts, index.times), layout)
    start, time_notes = local_start(path, samples.groups[0].begin, options.zone)
    return worn_recording(path, samples, start, (*index.notes, *time_notes), options)


def sample_rate(code: int) -> float:
    """Return the rate in Hz for a rate code."""
    return 3200 / float(1 << (15 - (code & 0x0F)))


def limits_of(index: BlockIndex) -> tuple[float, float]:
    """Return the lowest and the highest value (g) of the range of the device."""
    full_scale = 16 >> (index.rate_code >> 6)
    if index.layout == PACKED:
        # 9 bits and a sign; the exponent makes the steps of high values coarser.
        return -full_scale, full_scale * (1 - 1 / 512)
    step = 1 / (COUNTS_PER_G << index.scale)
    return -full_scale, full_scale - step


# --- Index ---


def index_blocks(path: Path, file: OpenFile) -> BlockIndex:
    """Return the intact blocks of a file, and notes on the others; UnreadableRecordingError."""
    headers: list[Blocks] = []
    intact: list[Flags] = []
    unused: list[Flags] = []
    torn = 0
    for chunk in file.chunks(HEADER_BYTES):
        torn = len(chunk) % BLOCK_BYTES
        raw = np.frombuffer(chunk[: len(chunk) - torn], np.uint8).reshape(-1, BLOCK_BYTES)
        blocks = raw.reshape(-1).view(BLOCK)
        sums = raw.view("<u2").sum(axis=1, dtype=np.uint16)
        intact.append((sums == 0) & is_plausible(blocks))
        unused.append((raw == raw[:, :1]).all(axis=1))
        # A copy of the headers alone, or all samples would stay in memory.
        headers.append(repack_fields(blocks[list(HEADER_FIELDS)]))
    fits = np.concatenate(intact) if intact else np.zeros(0, bool)
    if not fits.any():
        raise UnreadableRecordingError(
            f"{path}: none of its {len(fits)} blocks is intact; copy the file from the device again"
        )
    header = np.concatenate(headers)
    rate_code, layout, scale = most_common_layout(header[fits])
    same = fits & (header["rate"] == rate_code) & (header["layout"] == layout)
    notes = damage_notes(path, ~fits & ~np.concatenate(unused), fits & ~same, torn)
    good = header[same]
    return BlockIndex(
        numbers=np.flatnonzero(same),
        times=first_sample_times(good, sample_rate(rate_code)),
        counts=good["count"].astype(np.int64),
        rate_code=rate_code,
        layout=layout,
        scale=scale,
        notes=tuple(notes),
    )


def is_plausible(blocks: Blocks) -> Flags:
    """Return which blocks are data blocks with a time and with as many samples as fit."""
    limits = np.zeros(256, np.int64)
    limits[list(MAX_COUNTS)] = list(MAX_COUNTS.values())
    is_block = (blocks["magic"] == BLOCK_MAGIC) & (blocks["length"] == BLOCK_LENGTH)
    fits = (blocks["count"] > 0) & (blocks["count"] <= limits[blocks["layout"]])
    _, month, day, hour, minute, second = date_fields(blocks["time"])
    is_date = (month >= 1) & (month <= 12) & (day >= 1)
    is_time = (hour < 24) & (minute < 60) & (second < 60)
    plausible: Flags = is_block & fits & is_date & is_time
    return plausible


def most_common_layout(headers: Blocks) -> tuple[int, int, int]:
    """Return rate code, layout and scale of most of the blocks."""
    found = zip(
        headers["rate"].tolist(),
        headers["layout"].tolist(),
        (headers["scale"] >> 13).tolist(),
        strict=True,
    )
    ((rate_code, layout, scale), _) = Counter(found).most_common(1)[0]
    return rate_code, layout, 0 if layout == PACKED else scale


def damage_notes(path: Path, damaged: Flags, differing: Flags, torn: int) -> list[str]:
    """Return notes on blocks that are left out."""
    notes = []
    if damaged.any():
        notes.append(
            f"{path}: {list_numbers(damaged)}: a checksum or a field is wrong; "
            f"{int(damaged.sum())} of {counted(len(damaged), 'block')} left out, which become gaps"
        )
    if differing.any():
        notes.append(
            f"{path}: {list_numbers(differing)}: another rate or layout than in the other blocks; "
            f"{counted(int(differing.sum()), 'block')} left out, which become gaps"
        )
    if torn:
        notes.append(f"{path}: ends within a block; the file was cut short")
    return notes


def list_numbers(flags: Flags, most: int = 6) -> str:
    """Return `block 3` or `blocks 3, 5` for the flagged blocks, the first ones of many."""
    numbers = np.flatnonzero(flags)
    text = "block " if len(numbers) == 1 else "blocks "
    text += ", ".join(map(str, numbers[:most].tolist()))
    return text + (", ..." if len(numbers) > most else "")


# --- Times ---


def date_fields(packed: Words) -> tuple[Times, ...]:
    """Return year, month, day, hour, minute and second of packed times."""
    value = packed.astype(np.int64)
    return (
        (value >> 26 & 0x3F) + 2000,
        value >> 22 & 0x0F,
        value >> 17 & 0x1F,
        value >> 12 & 0x1F,
        value >> 6 & 0x3F,
        value & 0x3F,
    )


def first_sample_times(headers: Blocks, rate: float) -> Times:
    """Return the local time (us) of the first sample of each block.

    A block has the time of one of its samples. The stored number of that sample is lower by the
    samples in the fraction of a second, for readers that ignore the fraction.
    """
    year, month, day, hour, minute, second = date_fields(headers["time"])
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    has_fraction = headers["fraction"] & FRACTION_FLAG != 0
    fraction = np.where(has_fraction, (headers["fraction"] & ~np.uint16(FRACTION_FLAG)), 0)
    fraction = fraction.astype(np.int64)
    stamped = headers["offset"].astype(np.int64) + (fraction * int(rate) >> 15)
    # 15 bits are a second.
    before = np.rint(stamped * SECOND / rate).astype(np.int64)
    times: Times = seconds * SECOND + (fraction * SECOND >> 15) - before
    return times


# --- Samples ---


def decode_blocks(blocks: Blocks, index: BlockIndex) -> Floats:
    """Return the acceleration in blocks, shape (3, n), in g."""
    layout = index.layout
    fits = np.arange(MAX_COUNTS[layout]) < blocks["count"][:, None]
    data = np.ascontiguousarray(blocks["samples"])
    if layout == PACKED:
        return unpack_words(data.view("<u4")[fits])
    axes, first = AXES_FIRST[layout]
    values = data.view("<i2")[:, : MAX_COUNTS[layout] * axes]
    values = values.reshape(len(blocks), -1, axes)[fits][:, first : first + 3]
    samples: Floats = values.T / (COUNTS_PER_G << index.scale)
    return samples


def unpack_words(words: Words) -> Floats:
    """Return the acceleration (g), shape (3, n), in words of 10 bits an axis and an exponent."""
    exponent = (words >> 30).astype(np.int64)
    # Shifted to the top of 32 bits and back, so that the sign is extended.
    axes = [((words << np.uint32(shift)).view(np.int32) >> 22) << exponent for shift in (22, 12, 2)]
    samples: Floats = np.stack(axes) / COUNTS_PER_G
    return samples
