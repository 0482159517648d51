"""The raw signal of the last nights, kept so that they can be scored anew: a file a night and
sleeper.

Law: what was taken in is on the disk within ten seconds, or it is said that it is not; the disk
holds up nobody, and the journal comes first.
"""

import asyncio
import errno
import logging
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from limber_bridge import __version__
from limber_bridge.detection.signal import SECOND, SampleBlock, Sensor
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage.raw_format import SUFFIX, RawFileInfo, RawFile
from limber_bridge.storage.sqlite import (
    REMEDIES,
    DamagedDatabaseError,
    DiskFault,
    SchemaError,
    disk_fault_of,
)

LOG: Final = logging.getLogger(__name__)

EVERY: Final = 5.0
"""s between two writings: a power cut costs so much, and what was being written."""
WAITING: Final = 120 * SECOND
"""us of signal of each sensor that wait at the most for a disk."""
RESERVE: Final = 100_000_000
"""Bytes of the disk that are left to the journal."""
SLOW: Final = 8.0
"""s after which a writing that is not done means that the promised ten seconds are not kept."""

type Key = tuple[str, date]


@dataclass(frozen=True, slots=True)
class RawStore:
    """Where files go, and how many stay."""

    folder: Path
    nights: int
    """Of each sleeper; 0: nothing is kept."""
    size: int
    """MB of all of them."""

    def path(self, sleeper: str, night: date) -> Path:
        """Return where a night lies."""
        return self.folder / f"{sleeper}-{night}{SUFFIX}"

    def files(self, sleeper: str) -> list[Path]:
        """Return the files of a sleeper, the newest night first."""
        return sorted(self.folder.glob(f"{sleeper}-????-??-??{SUFFIX}"), reverse=True)

    def surplus(self, sleepers: Sequence[str]) -> Iterator[Path]:
        """Yield the files beyond the limits, the oldest nights first."""
        files = [path for sleeper in sleepers for path in self.files(sleeper)[: self.nights]]
        for sleeper in sleepers:
            yield from self.files(sleeper)[self.nights :]
        sizes = {path: path.stat().st_size for path in files}
        for path in sorted(files, key=lambda path: path.stem[-10:]):
            # The newest night of everybody is being written.
            if sum(sizes.values()) <= self.size * 1_000_000 or len(sizes) <= len(sleepers):
                return
            del sizes[path]
            yield path


def raw_store_for(journal: Path, limits: RetentionLimits) -> RawStore:
    """Return where the raw signal goes: beside the journal."""
    folder = journal.with_name(f"{journal.stem}-raw")
    return RawStore(folder, limits.raw, limits.raw_size)


@dataclass(slots=True)
class Waiting:
    """Blocks of one sensor that are not written yet."""

    sensor: Sensor
    blocks: list[SampleBlock] = field(default_factory=list)

    def take(self, block: SampleBlock) -> int:
        """Take in a block; return how many of the oldest had to go."""
        self.blocks.append(block)
        end = block.clock.at(block.end - 1)
        dropped = 0
        while (
            len(self.blocks) > 1 and end - self.blocks[0].clock.at(self.blocks[0].first) > WAITING
        ):
            del self.blocks[0]
            dropped += 1
        return dropped


class RawRecorder:
    """Writes the raw signal of all sleepers. To be used from one event loop only."""

    def __init__(self, shelf: RawStore, calendar: Calendar, life: int) -> None:
        """Begin; `life` (us) is when the bridge began."""
        self._shelf = shelf
        self._calendar = calendar
        self._life = life
        self._waiting: dict[Key, dict[int, Waiting]] = {}
        self._open: dict[Key, RawFile] = {}
        self._thread = ThreadPoolExecutor(1, "raw")
        self._task: asyncio.Task[None] | None = None
        self._dropping = False
        self.problem: DiskFault | None = None
        """Why the signal is not kept just now."""

    def take(self, sleeper: str, sensor: Sensor, block: SampleBlock) -> None:
        """Take in what a sensor delivered."""
        night = self._calendar.night_of(block.clock.at(block.first))
        waiting = self._waiting.setdefault((sleeper, night), {})
        if waiting.setdefault(sensor.id, Waiting(sensor)).take(block) and not self._dropping:
            self._dropping = True
            LOG.error(
                "raw signal: more than %d s wait for the disk; the oldest are left out",
                WAITING // SECOND,
            )

    async def run(self) -> None:
        """Write every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self._flush()

    async def close(self) -> None:
        """Write what waits and let go of the files."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SLOW):
                await self._flush()
                await asyncio.wrap_future(self._thread.submit(self._let_go, set()))
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def tidy(self, sleepers: Sequence[str]) -> None:
        """Delete the nights beyond the limits, and say so; finish the files that a crash left open."""
        try:
            gone = await asyncio.wrap_future(self._thread.submit(self._tidy, sleepers))
        except OSError as error:
            LOG.error("raw signal: old nights cannot be deleted (%s)", error)  # noqa: TRY400 - for a person
            return
        for path in gone:
            LOG.info("raw signal: %s deleted, beyond the limits under `keep`", path.name)

    async def _flush(self) -> None:
        """Have everything that waits written; one that takes too long goes on while others wait."""
        if self._task is not None and not self._task.done():
            self._tell(DiskFault.SLOW, REMEDIES[DiskFault.SLOW])
            return
        self._task = asyncio.create_task(self._write())
        await asyncio.wait({self._task}, timeout=SLOW)

    async def _write(self) -> None:
        taken = self._waiting
        self._waiting = {}
        try:
            await asyncio.wrap_future(self._thread.submit(self._put, taken))
        except (sqlite3.Error, OSError) as error:
            self._back(taken)
            self._tell(disk_fault_of(error, self._shelf.folder) or DiskFault.DISK_ERROR, str(error))
        else:
            if self.problem is not None:
                LOG.warning("the raw signal is kept again")
            self.problem = None
            self._dropping = False

    def _tell(self, problem: DiskFault, detail: str) -> None:
        if problem is not self.problem:
            LOG.error(
                "RAW SIGNAL NOT KEPT: %s: %s (%s)", self._shelf.folder, REMEDIES[problem], detail
            )
        self.problem = problem

    def _back(self, taken: dict[Key, dict[int, Waiting]]) -> None:
        """Hold again what was not taken, before what came meanwhile."""
        later = self._waiting
        self._waiting = {}
        for key, sensors in [*taken.items(), *later.items()]:
            for waiting in sensors.values():
                for block in waiting.blocks:
                    self.take(key[0], waiting.sensor, block)

    def _put(self, taken: dict[Key, dict[int, Waiting]]) -> None:
        """Write, in the thread; a file that fails is let go of. sqlite3.Error or OSError."""
        self._shelf.folder.mkdir(mode=0o700, exist_ok=True)
        if taken and shutil.disk_usage(self._shelf.folder).free < RESERVE:
            raise OSError(
                errno.ENOSPC,
                f"less than {RESERVE // 1_000_000} MB are free, which the journal may need",
            )
        for key in list(taken):
            try:
                self._file(key).write(
                    [(waiting.sensor, waiting.blocks) for waiting in taken[key].values()]
                )
            except sqlite3.Error:
                self._let_go(set(self._open) - {key})
                raise
            # What is written must not come back with what is not.
            del taken[key]
        newest = {
            sleeper: max(night for name, night in self._open if name == sleeper)
            for sleeper, _ in self._open
        }
        self._let_go(set(newest.items()))

    def _file(self, key: Key) -> RawFile:
        """Return the open file of a night; one that is damaged is set aside."""
        if key not in self._open:
            sleeper, night = key
            path = self._shelf.path(sleeper, night)
            about = RawFileInfo(sleeper, night.isoformat(), __version__)
            try:
                self._open[key] = RawFile(path, about, self._life)
            except (DamagedDatabaseError, SchemaError) as error:
                aside = path.with_name(f"{path.name}.damaged-{self._life}")
                LOG.error("raw signal: %s is damaged (%s); it is kept as %s", path, error, aside)  # noqa: TRY400
                path.rename(aside)
                self._open[key] = RawFile(path, about, self._life)
        return self._open[key]

    def _let_go(self, kept: set[Key]) -> None:
        for key in [key for key in self._open if key not in kept]:
            with suppress(sqlite3.Error):
                self._open[key].close()
            del self._open[key]

    def _tidy(self, sleepers: Sequence[str]) -> list[Path]:
        surplus = list(self._shelf.surplus(sleepers))
        for path in surplus:
            for tail in ("", "-wal", "-shm"):
                path.with_name(path.name + tail).unlink(missing_ok=True)
        opened = {self._shelf.path(*key) for key in self._open}
        for sleeper in sleepers:
            for path in self._shelf.files(sleeper):
                if path not in opened and path.with_name(f"{path.name}-wal").exists():
                    with suppress(sqlite3.Error, DamagedDatabaseError, SchemaError):
                        RawFile(
                            path, RawFileInfo(sleeper, path.stem[-10:], __version__), self._life
                        ).close()
        return surplus
