"""The raw signal of one night as the bridge keeps it: an SQLite file of compressed blocks, each
with its checksum.

Law: what comes back is what was put in, number by number, sample by sample and clock by clock, so
that scoring a night anew finds what was found live. A block that is damaged is left out, and is a
gap.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from compression import zstd
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

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
    Side,
)
from limber_bridge.domain.recording import Recording, Signal, UnreadableRecordingError
from limber_bridge.storage.sqlite import (
    DamagedDatabaseError,
    SchemaError,
    check_integrity,
    open_to_read,
    open_to_write,
    transaction,
    schema_version,
)

SUFFIX: Final = ".db"
MIGRATIONS: Final = (
    """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sensor (id INTEGER PRIMARY KEY, quantity TEXT NOT NULL, place TEXT NOT NULL, side TEXT);
CREATE TABLE block (
  number INTEGER PRIMARY KEY,   -- order of arrival
  life INTEGER NOT NULL,        -- us, UTC: when the bridge began that numbered these samples
  sensor INTEGER NOT NULL,
  begin INTEGER NOT NULL,       -- us, UTC: of the first sample
  end INTEGER NOT NULL,         -- us, UTC: of the last
  checksum INTEGER NOT NULL,    -- CRC-32 of data
  data BLOB NOT NULL
);
""",
)
STEPS: Final = (1e-3, 1e-4, 0.1)
"""What a count may stand for in the unit of the quantity: what network sensors send."""
NOTHING: Final = -(2**31)
"""Count that stands for NaN."""
LARGEST: Final = 2**26
"""Bytes that a block may hold when it is unpacked; ten seconds of any sensor have a hundredth of
it."""


class Piece(msgspec.Struct, array_like=True, frozen=True):
    """Where the samples of one block lay."""

    first: int
    count: int
    index: int
    time: int
    rate: float


class Head(msgspec.Struct, frozen=True):
    """What the samples of some blocks are."""

    rate: float
    axes: int
    step: float | None
    """None: the samples are kept as floating point numbers."""
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class RawFileInfo:
    """Whose night it is."""

    sleeper: str
    night: str
    """Date, ISO."""
    software: str


class RawFile:
    """A file that is being written."""

    def __init__(self, path: Path, about: RawFileInfo, life: int) -> None:
        """Open a file, or begin one; `life` (us) tells numberings of samples apart.

        Raises sqlite3.Error or OSError where the disk cannot be written, DamagedError or
        SchemaError for a file that cannot be used.
        """
        self._life = life
        self._database = open_to_write(path, MIGRATIONS)
        rows = [("sleeper", about.sleeper), ("night", about.night), ("software", about.software)]
        with transaction(self._database):
            self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", rows)

    def close(self) -> None:
        """Let go of the file; sqlite3.Error."""
        self._database.close()

    def write(self, signals: Iterable[tuple[Sensor, Sequence[SampleBlock]]]) -> None:
        """Keep blocks of some sensors, all of them or nothing; sqlite3.Error. Each sensor's are in
        order.
        """
        with transaction(self._database):
            for sensor, blocks in signals:
                self._database.execute(
                    "INSERT OR REPLACE INTO sensor VALUES (?, ?, ?, ?)",
                    (sensor.id, sensor.quantity, sensor.place, sensor.side),
                )
                for alike in runs(blocks):
                    first = alike[0]
                    last = alike[-1]
                    data = pack(alike)
                    begin = first.clock.at(first.first)
                    end = last.clock.at(last.end - 1)
                    self._database.execute(
                        "INSERT INTO block (life, sensor, begin, end, checksum, data) VALUES (?, ?, ?, ?, ?, ?)",
                        (self._life, sensor.id, begin, end, zlib.crc32(data), data),
                    )


def runs(blocks: Sequence[SampleBlock]) -> Iterator[Sequence[SampleBlock]]:
    """Yield blocks in stretches of one nominal rate."""
    begin = 0
    for number in range(1, len(blocks) + 1):
        if number == len(blocks) or blocks[number].rate != blocks[begin].rate:
            yield blocks[begin:number]
            begin = number


def pack(blocks: Sequence[SampleBlock]) -> bytes:
    """Return blocks of one sensor and one rate as bytes."""
    samples = np.concatenate([block.samples for block in blocks], axis=1)
    step = next((step for step in STEPS if is_whole(samples, step)), None)
    pieces = [
        Piece(one.first, one.samples.shape[1], one.clock.index, one.clock.time, one.clock.rate)
        for one in blocks
    ]
    head = msgspec.json.encode(Head(blocks[0].rate, samples.shape[0], step, pieces))
    if step is None:
        words = samples.astype("<f8")
    else:
        # Neighbours differ little, and their high bytes hardly ever: differences, byte by byte,
        # pack best.
        counts = np.where(np.isfinite(samples), np.rint(samples / step), NOTHING).astype("<i4")
        words = np.diff(counts, axis=1, prepend=np.zeros((len(counts), 1), "<i4"))
    planes = words.reshape(-1, 1).view(np.uint8).T.tobytes()
    return zstd.compress(len(head).to_bytes(4, "little") + head + planes, 3)


def is_whole(samples: Floats, step: float) -> bool:
    """Return whether every sample is exactly a whole number of steps."""
    finite = samples[np.isfinite(samples)]
    counts = np.rint(finite / step)
    return bool((np.abs(counts) < -NOTHING).all() and (counts * step == finite).all())


def unpack(data: bytes) -> Iterator[SampleBlock]:
    """Yield the blocks in some bytes; ValueError (or one of its kind) where they are none."""
    unpacker = zstd.ZstdDecompressor()
    plain = unpacker.decompress(data, LARGEST)
    if not unpacker.eof:
        raise ValueError("too large")
    size = int.from_bytes(plain[:4], "little")
    head = msgspec.json.decode(plain[4 : 4 + size], type=Head)
    samples = samples_of(head, plain[4 + size :])
    at = 0
    for piece in head.pieces:
        clock = SampleClock(piece.index, piece.time, piece.rate)
        yield SampleBlock(piece.first, samples[:, at : at + piece.count], clock, head.rate)
        at += piece.count


def samples_of(head: Head, planes: bytes) -> Floats:
    """Return the samples (axes, n) out of their bytes; ValueError."""
    kind = np.dtype("<f8" if head.step is None else "<i4")
    words = (
        np.frombuffer(planes, np.uint8)
        .reshape(kind.itemsize, -1)
        .T.copy()
        .view(kind)
        .reshape(head.axes, -1)
    )
    if words.shape[1] != sum(piece.count for piece in head.pieces):
        raise ValueError("as many samples as its head says are not there")
    if head.step is None:
        return words.astype(np.float64)
    counts = np.cumsum(words, axis=1, dtype="<i4")
    samples: Floats = counts.astype(np.float64) * head.step
    samples[counts == NOTHING] = np.nan
    return samples


def read_raw_file(path: Path) -> Recording:
    """Read a night that the bridge kept, while it may be writing it; UnreadableRecordingError or
    OSError.
    """
    if not path.exists():
        raise UnreadableRecordingError(f"{path}: no such file; check the path")
    try:
        with closing(open_to_read(path)) as database:
            check_integrity(database)
            if schema_version(database, MIGRATIONS) != len(MIGRATIONS):
                raise UnreadableRecordingError(
                    f"{path}: no raw signal of limber; score .csv, .edf, or its raw files"
                )
            return recording_of(path, database)
    except (sqlite3.Error, DamagedDatabaseError, SchemaError, ValueError) as error:
        raise UnreadableRecordingError(
            f"{path}: no raw signal that can be read ({error}); take another file"
        ) from error


def recording_of(path: Path, database: sqlite3.Connection) -> Recording:
    """Return what a file holds; sqlite3.Error, UnreadableRecordingError, or ValueError for a sensor
    that cannot be.
    """
    sensors = {
        number: Sensor(
            number, Quantity(quantity), Placement(place), None if side is None else Side(side)
        )
        for number, quantity, place, side in database.execute(
            "SELECT id, quantity, place, side FROM sensor"
        )
    }
    span = database.execute("SELECT min(begin), max(end) FROM block").fetchone()
    if span[0] is None:
        raise UnreadableRecordingError(f"{path}: no signal in it yet; wait some seconds")
    notes: list[str] = []
    signals = [signal_of(path, database, sensor, notes) for sensor in sensors.values()]
    found = tuple(signal for signal in signals if signal.blocks)
    if not found:
        raise UnreadableRecordingError(f"{path}: every block in it is damaged; take another night")
    return Recording(path.name, span[0], (span[1] - span[0]) / SECOND, found, tuple(notes))


def signal_of(path: Path, database: sqlite3.Connection, sensor: Sensor, notes: list[str]) -> Signal:
    """Return the signal of one sensor; what is damaged is left out, with a note."""
    rows = database.execute(
        "SELECT life, begin, checksum, data FROM block WHERE sensor = ? ORDER BY number",
        (sensor.id,),
    )
    blocks = tuple(numbered(intact(path, rows, notes)))
    rate = max((block.rate for block in blocks), default=0.0)
    return Signal(sensor.quantity, sensor.place, sensor.side, rate, blocks)


def intact(
    path: Path, rows: Iterable[tuple[int, int, int, bytes]], notes: list[str]
) -> Iterator[tuple[int, SampleBlock]]:
    """Yield the blocks that are what they were when they were written, each with the life it
    belongs to.
    """
    for life, begin, checksum, data in rows:
        try:
            if zlib.crc32(data) != checksum:
                raise ValueError("its checksum is wrong")  # noqa: TRY301 - as any other damage
            blocks = list(unpack(data))
        except (ValueError, zstd.ZstdError) as error:
            notes.append(
                f"{path}: the block at {begin / SECOND:.0f} s (Unix time) is damaged ({error}); left out"
            )
            continue
        yield from ((life, block) for block in blocks)


def numbered(found: Iterable[tuple[int, SampleBlock]]) -> Iterator[SampleBlock]:
    """Yield blocks numbered throughout: every life of the bridge counts from where it likes."""
    current: int | None = None
    shift = end = ended = 0
    for life, block in found:
        if current is not None and life != current:
            away = (block.clock.at(block.first) - ended) * block.rate / SECOND
            shift = end - 1 + max(1, round(away)) - block.first
        current = life
        clock = replace(block.clock, index=block.clock.index + shift)
        moved = SampleBlock(block.first + shift, block.samples, clock, block.rate)
        end = moved.end
        ended = clock.at(moved.end - 1)
        yield moved
