"""The file format of the raw signal of one night: compressed blocks with checksums, in SQLite.

Invariant: what is read is what was written, bit for bit, samples and clocks, so that scoring a
night again finds what was found live. A damaged block is left out and becomes a gap.
"""

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from compression import zstd
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
)
from limber_bridge.domain.joined_blocks import (
    Clocks,
    are_consecutive,
    renumbered_block,
    with_clocks,
)
from limber_bridge.domain.recording import Recording, Signal, UnreadableRecordingError
from limber_bridge.storage.integrity import DamagedDatabaseError, check_integrity, file_exists
from limber_bridge.storage.records.enum_names import SIDES, EnumNames
from limber_bridge.storage.records.payload import (
    Fields,
    PayloadFormat,
    UnreadableRecordError,
    unchanged,
)
from limber_bridge.storage.sqlite import (
    SchemaError,
    create_database,
    open_to_read,
    open_to_write,
    schema_version,
    transaction,
)

SUFFIX: Final = ".db"
MIGRATIONS: Final = (
    """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sensor (
  id INTEGER PRIMARY KEY,
  quantity TEXT NOT NULL,
  place TEXT NOT NULL,
  side TEXT
);
CREATE TABLE block (
  number INTEGER PRIMARY KEY,   -- order of arrival
  life INTEGER NOT NULL,        -- us, UTC: when the bridge started that numbered these samples
  sensor INTEGER NOT NULL,
  begin INTEGER NOT NULL,       -- us, UTC: of the first sample
  end INTEGER NOT NULL,         -- us, UTC: of the last
  checksum INTEGER NOT NULL,    -- CRC-32 of data
  data BLOB NOT NULL
);
""",
    """
-- Standard names; every block header written from here on has a version.
ALTER TABLE sensor RENAME COLUMN place TO placement;
ALTER TABLE block RENAME COLUMN life TO numbered_since;
""",
)
"""The schema and every later change to it, in order. Append only."""
SENSOR_QUERIES: Final = (
    "SELECT id, quantity, place, side FROM sensor",
    "SELECT id, quantity, placement, side FROM sensor",
)
"""By schema version, from 1: a file is read as it is, also on a disk that cannot be written."""
BLOCK_QUERIES: Final = (
    "SELECT life, begin, checksum, data FROM block WHERE sensor = ? ORDER BY number",
    "SELECT numbered_since, begin, checksum, data FROM block WHERE sensor = ? ORDER BY number",
)
"""By schema version, from 1."""

QUANTITIES: Final = EnumNames(
    "quantity",
    {"acceleration": Quantity.ACCELERATION, "emg": Quantity.EMG, "load": Quantity.LOAD},
)
PLACEMENTS: Final = EnumNames(
    "placement",
    {
        "ankle": Placement.ANKLE,
        "bed": Placement.BED,
        "tibialis": Placement.TIBIALIS,
        "calf": Placement.CALF,
    },
)

SAMPLE_STEPS: Final = (1e-3, 1e-4, 0.1)
"""Value of one count in the unit of the quantity, as network sensors send it (docs/protocol.md)."""
NAN_COUNT: Final = -(2**31)
"""Count that stands for NaN."""
MAX_BLOCK_BYTES: Final = 2**26
"""Bytes of an unpacked block. chosen: a hundred times ten seconds of the fastest sensor."""
COMPRESSION_LEVEL: Final = 3
"""Level of zstd. chosen: its default; higher levels save a few percent and take much longer."""


class PieceHeader(msgspec.Struct, array_like=True, frozen=True):
    """One sample block within a stored block."""

    first: int
    """Number of its first sample."""
    count: int
    """Number of samples."""
    clock_index: int
    clock_time: int
    clock_rate: float


class BlockHeader(msgspec.Struct, frozen=True):
    """What the samples of a stored block are."""

    rate: float
    """Hz, nominal."""
    axes: int
    step: float | None
    """Value of one count; None: the samples are stored as floating point numbers."""
    pieces: list[PieceHeader]


BLOCK_HEADER: Final = PayloadFormat("block header", BlockHeader, (unchanged,))


@dataclass(frozen=True, slots=True)
class RawFileInfo:
    """Which night a file holds."""

    sleeper: str
    night: str
    """Date, ISO 8601."""
    software: str
    """Version of Limber."""


class RawFile:
    """The raw signal of a night that is being written."""

    def __init__(self, path: Path, info: RawFileInfo, numbered_since: int) -> None:
        """Open or create a file.

        `numbered_since`: when (us) the bridge started that numbers the samples. Raises
        sqlite3.Error or OSError where the disk cannot be written, and DamagedDatabaseError or
        SchemaError for a file that cannot be used.
        """
        self._numbered_since = numbered_since
        if not file_exists(path):
            create_database(path, MIGRATIONS)
        self._database = open_to_write(path, MIGRATIONS)
        rows = [("sleeper", info.sleeper), ("night", info.night), ("software", info.software)]
        try:
            with transaction(self._database):
                self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", rows)
        except BaseException:
            # A connection that stays open would make later ones read-only, as SQLite shares memory.
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file; sqlite3.Error."""
        self._database.close()

    def write(self, signals: Iterable[tuple[Sensor, Sequence[SampleBlock]]]) -> None:
        """Write blocks of some sensors, all of them or nothing; sqlite3.Error.

        The blocks of each sensor are in order.
        """
        with transaction(self._database):
            for sensor, blocks in signals:
                self._write_sensor(sensor)
                for group in groups_of_one_rate(blocks):
                    self._write_block(sensor, group)

    def _write_sensor(self, sensor: Sensor) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO sensor (id, quantity, placement, side) VALUES (?, ?, ?, ?)",
            (
                sensor.id,
                QUANTITIES.name(sensor.quantity),
                PLACEMENTS.name(sensor.placement),
                SIDES.optional_name(sensor.side),
            ),
        )

    def _write_block(self, sensor: Sensor, blocks: Sequence[SampleBlock]) -> None:
        data = pack(blocks)
        begin = blocks[0].clock.time_of(blocks[0].first)
        end = blocks[-1].clock.time_of(blocks[-1].end - 1)
        self._database.execute(
            "INSERT INTO block (numbered_since, sensor, begin, end, checksum, data)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (self._numbered_since, sensor.id, begin, end, zlib.crc32(data), data),
        )


def groups_of_one_rate(blocks: Sequence[SampleBlock]) -> Iterator[Sequence[SampleBlock]]:
    """Yield blocks in groups of one nominal rate, in order."""
    begin = 0
    for number in range(1, len(blocks) + 1):
        if number == len(blocks) or blocks[number].rate != blocks[begin].rate:
            yield blocks[begin:number]
            begin = number


def pack(blocks: Sequence[SampleBlock]) -> bytes:
    """Return blocks of one sensor and one rate as compressed bytes."""
    samples = np.concatenate([block.samples for block in blocks], axis=1)
    step = next((step for step in SAMPLE_STEPS if is_multiple_of(samples, step)), None)
    pieces = [
        PieceHeader(
            first=block.first,
            count=block.samples.shape[1],
            clock_index=block.clock.index,
            clock_time=block.clock.time,
            clock_rate=block.clock.rate,
        )
        for block in blocks
    ]
    header = BLOCK_HEADER.encode(
        BlockHeader(rate=blocks[0].rate, axes=samples.shape[0], step=step, pieces=pieces)
    ).encode()
    if step is None:
        words = samples.astype("<f8")
    else:
        # Neighbouring samples differ little and their high bytes hardly at all, so differences,
        # stored byte plane by byte plane, compress best.
        counts = np.where(np.isfinite(samples), np.rint(samples / step), NAN_COUNT).astype("<i4")
        words = np.diff(counts, axis=1, prepend=np.zeros((len(counts), 1), "<i4"))
    planes = words.reshape(-1, 1).view(np.uint8).T.tobytes()
    size = len(header).to_bytes(4, "little")
    return zstd.compress(size + header + planes, COMPRESSION_LEVEL)


def is_multiple_of(samples: Floats, step: float) -> bool:
    """Return whether every sample is exactly a whole number of steps, or not finite."""
    finite = samples[np.isfinite(samples)]
    counts = np.rint(finite / step)
    return bool((np.abs(counts) < -NAN_COUNT).all() and (counts * step == finite).all())


def unpack(data: bytes) -> Iterator[SampleBlock]:
    """Yield the blocks in some bytes; the errors are those of `unpack_samples`."""
    header, samples = unpack_samples(data)
    at = 0
    for piece in header.pieces:
        clock = SampleClock(piece.clock_index, piece.clock_time, piece.clock_rate)
        yield SampleBlock(piece.first, samples[:, at : at + piece.count], clock, header.rate)
        at += piece.count


def unpack_joined(data: bytes) -> Iterator[SampleBlock]:
    """Yield the blocks in some bytes as a single one if each continues the one before.

    The errors are those of `unpack_samples`.
    """
    header, samples = unpack_samples(data)
    pieces = header.pieces
    clocks = Clocks(
        np.array([piece.first for piece in pieces], np.int64),
        np.array([piece.clock_index for piece in pieces], np.int64),
        np.array([piece.clock_time for piece in pieces], np.int64),
        np.array([piece.clock_rate for piece in pieces], np.float64),
    )
    counts = np.array([piece.count for piece in pieces], np.int64)
    if len(pieces) > 1 and are_consecutive(clocks, counts, header.rate):
        yield with_clocks(samples, clocks, header.rate)
    else:
        yield from unpack(data)


def unpack_samples(data: bytes) -> tuple[BlockHeader, Floats]:
    """Return the header of a stored block and its samples, shape (axes, n).

    Raises ValueError or zstd.ZstdError where they are damaged, UnreadableRecordError where the
    header cannot be decoded.
    """
    decompressor = zstd.ZstdDecompressor()
    plain = decompressor.decompress(data, MAX_BLOCK_BYTES)
    if not decompressor.eof:
        raise ValueError("too large")
    size = int.from_bytes(plain[:4], "little")
    header = BLOCK_HEADER.decode(header_fields(plain[4 : 4 + size]))
    if min([header.rate, *(piece.clock_rate for piece in header.pieces)]) <= 0:
        raise ValueError("a rate is not above 0")
    return header, decode_samples(header, plain[4 + size :])


def header_fields(data: bytes) -> Fields:
    """Return the JSON object in some bytes; ValueError."""
    return msgspec.json.decode(data, type=dict[str, Any])


def decode_samples(header: BlockHeader, planes: bytes) -> Floats:
    """Return the samples, shape (axes, n), in some byte planes; ValueError."""
    kind = np.dtype("<f8" if header.step is None else "<i4")
    words = (
        np.frombuffer(planes, np.uint8)
        .reshape(kind.itemsize, -1)
        .T.copy()
        .view(kind)
        .reshape(header.axes, -1)
    )
    if words.shape[1] != sum(piece.count for piece in header.pieces):
        raise ValueError("the number of samples is not the one in its header")
    if header.step is None:
        return words.astype(np.float64)
    counts = np.cumsum(words, axis=1, dtype="<i4")
    samples: Floats = counts.astype(np.float64) * header.step
    samples[counts == NAN_COUNT] = np.nan
    return samples


def read_raw_file(path: Path) -> Recording:
    """Read a night, also while the bridge writes it; UnreadableRecordingError or OSError."""
    if not path.exists():
        raise UnreadableRecordingError(f"{path}: no such file; check the path")
    try:
        with closing(open_to_read(path)) as database:
            check_integrity(database)
            version = schema_version(database, MIGRATIONS)
            if version == 0:
                raise UnreadableRecordingError(
                    f"{path}: not a raw signal file of Limber; use one, a .csv or an .edf"
                )
            return read_recording(path, database, version)
    except SchemaError as error:
        raise UnreadableRecordingError(f"{path}: not a raw signal file: {error}") from error
    except (sqlite3.Error, DamagedDatabaseError, UnreadableRecordError) as error:
        raise UnreadableRecordingError(
            f"{path}: not a raw signal file that can be read ({error}); use another file"
        ) from error


def read_recording(path: Path, database: sqlite3.Connection, version: int) -> Recording:
    """Return what a file of a schema version holds.

    Raises sqlite3.Error, UnreadableRecordingError, or UnreadableRecordError for a sensor that is
    not known.
    """
    sensors = [
        Sensor(
            number,
            QUANTITIES.member(quantity),
            PLACEMENTS.member(placement),
            SIDES.optional_member(side),
        )
        for number, quantity, placement, side in database.execute(SENSOR_QUERIES[version - 1])
    ]
    begin, end = database.execute("SELECT min(begin), max(end) FROM block").fetchone()
    if begin is None:
        raise UnreadableRecordingError(f"{path}: no signal in it yet; wait some seconds")
    notes: list[str] = []
    signals: list[Signal] = []
    for sensor in sensors:
        rows = database.execute(BLOCK_QUERIES[version - 1], (sensor.id,))
        # The filter of EMG looks at the clock of a block beyond its samples.
        unpacked = unpack if sensor.quantity is Quantity.EMG else unpack_joined
        blocks = tuple(renumbered(intact_blocks(path, rows, notes, unpacked)))
        rate = max((block.rate for block in blocks), default=0.0)
        if blocks:
            signals.append(Signal(sensor.quantity, sensor.placement, sensor.side, rate, blocks))
    if not signals:
        raise UnreadableRecordingError(f"{path}: every block in it is damaged; use another night")
    return Recording(path.name, begin, (end - begin) / SECOND, tuple(signals), tuple(notes))


def intact_blocks(
    path: Path,
    rows: Iterable[tuple[int, int, int, bytes]],
    notes: list[str],
    unpacked: Callable[[bytes], Iterator[SampleBlock]],
) -> Iterator[tuple[int, SampleBlock]]:
    """Yield the blocks that can be read, each with the start of its numbering.

    Those that cannot be read are left out, with a note.
    """
    for numbered_since, begin, checksum, data in rows:
        try:
            if zlib.crc32(data) != checksum:
                raise ValueError("its checksum is wrong")  # noqa: TRY301 - as any other damage
            blocks = list(unpacked(data))
        except (ValueError, zstd.ZstdError, UnreadableRecordError) as error:
            notes.append(
                f"{path}: the block at {begin / SECOND:.0f} s (Unix time) cannot be read"
                f" ({error}); left out"
            )
            continue
        yield from ((numbered_since, block) for block in blocks)


def renumbered(found: Iterable[tuple[int, SampleBlock]]) -> Iterator[SampleBlock]:
    """Yield blocks with sample numbers that go on over restarts of the bridge.

    Each run of the bridge numbers samples from another start. The numbers in between correspond to
    the time in between.
    """
    current: int | None = None
    shift = 0
    end = 0
    end_time = 0
    for numbered_since, block in found:
        if current is not None and numbered_since != current:
            missing = (block.clock.time_of(block.first) - end_time) * block.rate / SECOND
            shift = end - 1 + max(1, round(missing)) - block.first
        current = numbered_since
        moved = renumbered_block(block, shift) if shift else block
        end = moved.end
        end_time = moved.clock.time_of(end - 1)
        yield moved
