"""Record the raw signal of the last nights, one file for each night and sleeper, for later scoring.

Invariant: a sample is on the disk within ten seconds, or the status says that it is not. The disk
delays nothing else, and the journal has priority.
"""

import asyncio
import errno
import logging
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from limber_bridge import __version__
from limber_bridge.detection.signal import SECOND, SampleBlock, Sensor
from limber_bridge.domain.nights import EARLIEST_NIGHT, Calendar
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage.disk_faults import REMEDIES, DiskFault, disk_fault_of
from limber_bridge.storage.integrity import DamagedDatabaseError, confirm_damage
from limber_bridge.storage.raw_format import SUFFIX, RawFile, RawFileInfo
from limber_bridge.storage.set_aside import DATABASE_SUFFIXES, AsideReason, move_aside
from limber_bridge.storage.sqlite import SchemaError

LOG: Final = logging.getLogger(__name__)

WRITE_EVERY_S: Final = 5.0
"""s between two writes. chosen: a power cut costs twice this at most."""
MAX_PENDING_US: Final = 120 * SECOND
"""us of signal of each sensor that wait for the disk. chosen."""
RESERVED_BYTES: Final = 100_000_000
"""Bytes of the disk that are left to the journal. chosen: the journal of some weeks."""
SLOW_AFTER_S: Final = 8.0
"""s after which a write is too slow for a sample to be on the disk within ten seconds."""

type NightKey = tuple[str, date]
"""A sleeper and a night."""


@dataclass(frozen=True, slots=True)
class RawStore:
    """Where files go, and how many are kept."""

    folder: Path
    nights: int
    """Of each sleeper; 0: none."""
    size: int
    """MB of all files."""

    def path(self, sleeper: str, night: date) -> Path:
        """Return the path of a night."""
        return self.folder / f"{sleeper}-{night}{SUFFIX}"

    def files(self, sleeper: str) -> list[Path]:
        """Return the files of a sleeper, the newest night first."""
        return sorted(self.folder.glob(f"{sleeper}-????-??-??{SUFFIX}"), reverse=True)

    def surplus(self, sleepers: Sequence[str], today: date) -> Iterator[Path]:
        """Yield the files beyond the limits, the oldest nights first.

        Files with the date of a clock that was wrong do not count among the others: as many of them
        are kept beside those.
        """
        kept: list[Path] = []
        for sleeper in sleepers:
            for files in split_by_date(self.files(sleeper), today):
                kept += files[: self.nights]
                yield from files[self.nights :]
        sizes = {path: path.stat().st_size for path in kept}
        removable = sorted(kept, key=lambda path: (is_dated_right(path, today), night_in(path)))
        for path in removable:
            # The newest night of each sleeper is being written.
            if sum(sizes.values()) <= self.size * 1_000_000 or len(sizes) <= len(sleepers):
                return
            del sizes[path]
            yield path


def is_of(key: NightKey, sleeper: str, nights: Collection[date] | None) -> bool:
    """Return whether a night is one of some nights of a sleeper; None: of all."""
    return key[0] == sleeper and (nights is None or key[1] in nights)


def night_in(path: Path) -> str:
    """Return the date in the name of a file."""
    return path.stem[-10:]


def is_dated_right(path: Path, today: date) -> bool:
    """Return whether a file can have been recorded by today: its clock was not wrong."""
    return str(EARLIEST_NIGHT) <= night_in(path) <= str(today + timedelta(days=1))


def split_by_date(files: Sequence[Path], today: date) -> tuple[list[Path], list[Path]]:
    """Return the files that are dated right, and the others, in the same order."""
    right = [path for path in files if is_dated_right(path, today)]
    return right, [path for path in files if path not in right]


def raw_store_for(journal: Path, limits: RetentionLimits) -> RawStore:
    """Return where the raw signal goes: a folder beside the journal."""
    folder = journal.with_name(f"{journal.stem}-raw")
    return RawStore(folder, limits.raw, limits.raw_size)


@dataclass(slots=True)
class PendingSignal:
    """Blocks of one sensor that are not written yet."""

    sensor: Sensor
    blocks: list[SampleBlock] = field(default_factory=list)
    duration: float = 0.0
    """us of signal in the blocks. Counted, because the clock may be set while they wait."""

    def add(self, block: SampleBlock) -> int:
        """Add a block; return how many of the oldest were dropped to keep the limit."""
        self.blocks.append(block)
        self.duration += duration_of(block)
        dropped = 0
        while len(self.blocks) > 1 and self.duration > MAX_PENDING_US:
            self.duration -= duration_of(self.blocks.pop(0))
            dropped += 1
        return dropped


type PendingSignals = dict[NightKey, dict[int, PendingSignal]]
"""By night and sensor id."""


def begin_of(block: SampleBlock) -> int:
    """Return the time (us) of the first sample of a block."""
    return block.clock.time_of(block.first)


def duration_of(block: SampleBlock) -> float:
    """Return the duration (us) of a block at its nominal rate."""
    samples: int = block.samples.shape[1]
    return samples / block.rate * SECOND


class RawRecorder:
    """Records the raw signal of all sleepers. For use from one event loop only."""

    def __init__(self, store: RawStore, calendar: Calendar, started: int) -> None:
        """Start without anything pending; `started` (us) is when the bridge started."""
        self._store = store
        self._calendar = calendar
        self._started = started
        self._pending: PendingSignals = {}
        self._open: dict[NightKey, RawFile] = {}
        self._thread = ThreadPoolExecutor(1, "raw")
        self._task: asyncio.Task[None] | None = None
        self._dropping = False
        self.fault: DiskFault | None = None
        """Why the signal is not recorded now; None if it is."""

    def add_block(self, sleeper: str, sensor: Sensor, block: SampleBlock) -> None:
        """Add a block of a sensor to what is to be written."""
        night = self._calendar.night_of(begin_of(block))
        pending = self._pending.setdefault((sleeper, night), {})
        dropped = pending.setdefault(sensor.id, PendingSignal(sensor)).add(block)
        if dropped and not self._dropping:
            self._dropping = True
            LOG.error(
                "raw signal: more than %d s could not be written; the oldest samples are dropped",
                MAX_PENDING_US // SECOND,
            )

    async def run(self) -> None:
        """Write every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            await self.flush()

    async def close(self) -> None:
        """Write what is pending and close the files."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SLOW_AFTER_S):
                await self.flush()
                await asyncio.wrap_future(self._thread.submit(self._close_files, set()))
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def forget(
        self, sleeper: str, nights: Collection[date] | None, delete: Callable[[], None]
    ) -> None:
        """Forget the signal of a sleeper in some nights, None: in all, and have it deleted.

        `delete` deletes the files, which are closed then; it runs where files are written. What it
        raises is passed on.
        """
        if self._task is not None:
            await asyncio.wait({self._task})
        keys = [key for key in self._pending if is_of(key, sleeper, nights)]
        for key in keys:
            del self._pending[key]
        await asyncio.wrap_future(self._thread.submit(self._forget, sleeper, nights, delete))

    def _forget(
        self, sleeper: str, nights: Collection[date] | None, delete: Callable[[], None]
    ) -> None:
        self._close_files({key for key in self._open if not is_of(key, sleeper, nights)})
        delete()

    async def delete_old_files(self, sleepers: Sequence[str], today: date) -> None:
        """Delete the nights beyond the limits, and complete the files that a crash left open."""
        try:
            deleted = await asyncio.wrap_future(
                self._thread.submit(self._delete_old_files, sleepers, today)
            )
        except OSError as error:
            LOG.error("raw signal: old nights cannot be deleted (%s)", error)  # noqa: TRY400 - for a person
            return
        for path in deleted:
            LOG.info("raw signal: %s deleted: beyond the limits under `retention`", path.name)

    async def flush(self) -> None:
        """Write everything that is pending; a write that takes too long continues meanwhile."""
        if self._task is not None and not self._task.done():
            self._set_fault(DiskFault.SLOW, REMEDIES[DiskFault.SLOW])
            return
        self._task = asyncio.create_task(self._write_pending())
        await asyncio.wait({self._task}, timeout=SLOW_AFTER_S)

    async def _write_pending(self) -> None:
        signals = self._pending
        self._pending = {}
        try:
            await asyncio.wrap_future(self._thread.submit(self._write_files, signals))
        except (sqlite3.Error, OSError) as error:
            self._put_back(signals)
            fault = disk_fault_of(error, self._store.folder) or DiskFault.DISK_ERROR
            self._set_fault(fault, str(error))
        else:
            if self.fault is not None:
                LOG.warning("recording the raw signal again")
            self.fault = None
            self._dropping = False

    def _set_fault(self, fault: DiskFault, detail: str) -> None:
        if fault is not self.fault:
            LOG.error(
                "RAW SIGNAL NOT RECORDED: %s: %s (%s)", self._store.folder, REMEDIES[fault], detail
            )
        self.fault = fault

    def _put_back(self, signals: PendingSignals) -> None:
        """Make pending again what was not written, before what was added meanwhile."""
        later = self._pending
        self._pending = {}
        for (sleeper, _), sensors in [*signals.items(), *later.items()]:
            for pending in sensors.values():
                for block in pending.blocks:
                    self.add_block(sleeper, pending.sensor, block)

    def _write_files(self, signals: PendingSignals) -> None:
        """Write, in the thread; a file that fails is closed. sqlite3.Error or OSError."""
        self._store.folder.mkdir(mode=0o700, exist_ok=True)
        if signals and shutil.disk_usage(self._store.folder).free < RESERVED_BYTES:
            raise OSError(
                errno.ENOSPC,
                f"less than {RESERVED_BYTES // 1_000_000} MB are free, reserved for the journal",
            )
        for key in list(signals):
            try:
                self._file(key).write(
                    [(pending.sensor, pending.blocks) for pending in signals[key].values()]
                )
            except sqlite3.Error:
                self._close_files(set(self._open) - {key})
                raise
            # What is written must not be put back with what is not.
            del signals[key]
        newest = {
            sleeper: max(night for name, night in self._open if name == sleeper)
            for sleeper, _ in self._open
        }
        self._close_files(set(newest.items()))

    def _file(self, key: NightKey) -> RawFile:
        """Return the open file of a night; one that is damaged is set aside first."""
        if key not in self._open:
            sleeper, night = key
            path = self._store.path(sleeper, night)
            info = RawFileInfo(sleeper, night.isoformat(), __version__)
            try:
                self._open[key] = confirm_damage(path, partial(RawFile, path, info, self._started))
            except (DamagedDatabaseError, SchemaError) as error:
                aside = move_aside(path, AsideReason.DAMAGED, DATABASE_SUFFIXES)
                LOG.error("raw signal: %s is damaged (%s); it is kept as %s", path, error, aside)  # noqa: TRY400
                self._open[key] = RawFile(path, info, self._started)
        return self._open[key]

    def _close_files(self, kept: set[NightKey]) -> None:
        """Close all files but some."""
        for key in [key for key in self._open if key not in kept]:
            with suppress(sqlite3.Error):
                self._open[key].close()
            del self._open[key]

    def _delete_old_files(self, sleepers: Sequence[str], today: date) -> list[Path]:
        """Delete, in the thread; return what was deleted. OSError."""
        surplus = list(self._store.surplus(sleepers, today))
        for path in surplus:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        open_paths = {self._store.path(*key) for key in self._open}
        for sleeper in sleepers:
            for path in self._store.files(sleeper):
                if path not in open_paths and path.with_name(f"{path.name}-wal").exists():
                    self._complete(sleeper, path)
        return surplus

    def _complete(self, sleeper: str, path: Path) -> None:
        """Write the log of a file that a crash left open into the file itself."""
        info = RawFileInfo(sleeper, path.stem[-10:], __version__)
        with suppress(sqlite3.Error, DamagedDatabaseError, SchemaError):
            RawFile(path, info, self._started).close()
