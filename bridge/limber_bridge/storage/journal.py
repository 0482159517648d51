"""The only record: what was measured, in SQLite, before anyone hears of it.

Law: a method that writes returns only when the data would outlive a power cut. Whatever is
published can be rebuilt from here. One process writes; the methods may be called from any thread.
Nothing is dropped without a word, and a file that is damaged is never thrown away.
"""

import fcntl
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, override

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import Event
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.nights import Night
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage.journal_reader import (
    InUseError,
    JournalError,
    JournalReader,
    SpoiltError,
    UnwritableError,
    placeholder,
    readable,
)
from limber_bridge.storage.schema import MIGRATIONS, JournalBatch, write_page
from limber_bridge.storage.sqlite import (
    REMEDIES,
    DamagedError,
    DiskFault,
    SchemaError,
    copy,
    disk_fault_of,
    fsync,
    has_sqlite_header,
    look_through,
    open_to_read,
    open_to_write,
    sound,
    transaction,
    version_of,
)

UNTOUCHED: Final = 7
"""Nights of each sleeper whose events are never dropped, whatever the limits say."""
SCARCE: Final = 50_000_000
"""Bytes; with less room a journal will not last for long."""
PARTING: Final = 5.0
"""s that a disk gets to finish what it was told before the file is let go of."""
OURS: Final = b"limber\n"
"""What stands in the lock of a file that was a journal once."""
SPARE: Final = 3
"""Times its own size that must be free for a backup: the backup shall not be what fills the disk.
"""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done to keep the journal well."""

    dropped: tuple[date, ...]
    """Nights whose events were dropped."""
    problem: str | None
    """What could not be done, such as the backup of today, and why, for a person."""


def look_at(path: Path) -> None:
    """Look whether a bridge can keep its journal at a path, and change nothing there.

    Raises InUseError where a bridge does just now, another JournalError where it could not.
    """
    # Whoever looks may be somebody else than the bridge, which could not use a lock of theirs.
    there = path.with_name(path.name + ".lock").exists()
    number = locked(path) if there else None
    try:
        writable = os.access(path.parent, os.W_OK) if not there else number is not None
        if not writable or (path.exists() and not os.access(path, os.W_OK)):
            raise UnwritableError(path, DiskFault.READ_ONLY, "tried to")
        if shutil.disk_usage(path.parent).free < SCARCE:
            raise UnwritableError(
                path, DiskFault.DISK_FULL, f"less than {SCARCE // 1_000_000} MB are free"
            )
        if path.exists():
            with closing(open_to_read(path)) as database:
                look_through(database)
                version_of(database, MIGRATIONS)
    except DamagedError as error:
        text = "the bridge sets it aside when it starts, and goes on from its newest backup or with a new one"
        raise SpoiltError(f"{path}: damaged ({error}); {text}") from error
    except (sqlite3.Error, OSError, SchemaError) as error:
        raise JournalError(f"{path}: {error}; move the file away to begin a new journal") from error
    finally:
        if number is not None:
            os.close(number)


class Journal(JournalReader):
    """The journal, open for the one process that writes it.

    A disk that cannot be written keeps nobody from opening it: what it holds can be read, every
    method that writes raises UnwritableError, and tries again when it is called again.
    """

    def __init__(self, path: Path) -> None:
        """Open the journal at a path, or begin one; one that is damaged is set aside first.

        Raises JournalError where the file belongs to a newer version or another program, is in use,
        or its folder is not for us; methods that write raise it when they cannot.
        """
        self._turn = threading.RLock()
        self._database: sqlite3.Connection | None = None
        self.notices: list[str] = []
        """What a person has to know: that it was damaged, and what became of it."""
        self.before: Path | None = None
        """A copy of the file as it was before its layout was brought up to date just now."""
        self._lock = locked(path)
        self._blind = False
        """What the file holds could not be read when we began."""
        try:
            self._begin(path, ours=is_ours(path))
            self._mark()
        except JournalError:
            self._unlock()
            raise

    @property
    def well(self) -> bool:
        """Whether it can be written, as far as is known."""
        return self._database is not None

    def _begin(self, path: Path, *, ours: bool) -> None:
        """Open both ways into the file; where the disk cannot be written, only the one to read."""
        self._path = path
        try:
            if is_spoilt(path, ours=ours):
                self._set_aside("it does not begin like a journal")
            self._database = self._opened()
            super().__init__(path, open_to_read(path, beside=True))
        except UnwritableError:
            # Whoever writes first is told.
            found = readable(path)
            self._blind = found is None and path.exists() and path.stat().st_size > 0
            super().__init__(path, found or placeholder())
        except sqlite3.Error as error:
            self._let_go()
            raise JournalError(
                f"{path}: {error}; move the file away to begin a new journal"
            ) from error

    @override
    def close(self) -> None:
        """Let go of the file; where somebody still waits for the disk in the middle of it, the
        process has to end.
        """
        if not self._turn.acquire(timeout=PARTING):
            return
        try:
            super().close()
            self._let_go()
            self._unlock()
        finally:
            self._turn.release()

    def append(
        self, sleeper: str, events: Iterable[tuple[date, Event]], memory: PipelineState
    ) -> None:
        """Keep events, each with its night, together with what the detector has to remember.

        An event that is known by its id replaces what was known of it, and comes last in the order
        of arrival.
        """
        self.write([JournalBatch(sleeper, events=tuple(events), memory=memory)])

    def forget(self, sleeper: str, night: date) -> None:
        """Forget the events of a night that is to be played anew; its figures stay until there are
        others.
        """
        self.write([JournalBatch(sleeper, renewed=(night,))])

    def finish(self, night: Night) -> None:
        """Keep a finished night, or a later revision of it."""
        self.write([JournalBatch(night.sleeper, nights=(night,))])

    def keep_label(self, sleeper: str, label: Label) -> None:
        """Keep a label; it replaces those that were filed under the same id or are about the same
        event.
        """
        self.write([JournalBatch(sleeper, labels=(label,))])

    def forget_labels(self, sleeper: str) -> None:
        """Forget all labels of a sleeper."""
        self.write([JournalBatch(sleeper, unlabelled=True)])

    def write(self, pages: Iterable[JournalBatch]) -> None:
        """Keep all of some pages, or nothing of them."""
        with self._writing() as database:
            for page in pages:
                write_page(database, page)

    def keep_topics(self, topics: Iterable[str]) -> None:
        """Note which retained topics are ours from now on."""
        with self._writing() as database:
            database.execute("DELETE FROM topic")
            database.executemany("INSERT INTO topic VALUES (?)", [(topic,) for topic in topics])

    def upkeep(self, today: date, limits: RetentionLimits) -> Upkeep:
        """Drop the events of the oldest nights beyond the limits, and make the backup of a day if
        it is not there yet.

        Nights and backups are counted, not dated: a clock that was wrong for a while costs nothing.
        """
        dropped: list[date] = []
        try:
            for night in self._drop_oldest(limits):
                dropped.append(night)  # noqa: PERF402 - those before a failure are dropped all the same
        except UnwritableError as error:
            return Upkeep(tuple(dropped), str(error))
        return Upkeep(
            tuple(dropped), self._back_up(today, limits.backups) if limits.backups else None
        )

    def _drop_oldest(self, limits: RetentionLimits) -> Iterator[date]:
        """Drop the events of nights beyond the limits, the oldest first, and yield their dates."""
        rows = self._rows("SELECT DISTINCT night FROM event ORDER BY night DESC")
        nights = [date.fromisoformat(night) for (night,) in rows]
        kept = len(nights) if limits.nights is None else max(UNTOUCHED, limits.nights)
        for number in range(len(nights), UNTOUCHED, -1):
            if number <= kept and self._size() <= limits.size * 1_000_000:
                return
            self._drop(nights[number - 1])
            yield nights[number - 1]

    def _size(self) -> int:
        """Return how many bytes of the file are in use."""
        pages, free, size = (
            self._rows(f"PRAGMA {what}")[0][0]
            for what in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _drop(self, night: date) -> None:
        now = round(datetime.now(UTC).timestamp() * 1e6)
        with self._writing() as database:
            database.execute("DELETE FROM event WHERE night = ?", (night.isoformat(),))
            database.execute(
                "UPDATE night SET dropped = ? WHERE night = ?", (now, night.isoformat())
            )

    def _back_up(self, today: date, kept: int) -> str | None:
        """Make the backup of a day and remove those beyond `kept`; return what is in the way, None
        if nothing is.
        """
        folder = backups_of(self._path)
        target = folder / f"{self._path.stem}-{today}.db"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            for part in folder.glob(f".{self._path.stem}-*.part"):
                # Of a bridge that was killed while it copied.
                part.unlink()
            if not target.exists():
                if shutil.disk_usage(folder).free < SPARE * self._size():
                    return f"{folder}: no backup of the journal, as the disk is nearly full; make room on it"
                # A connection of its own: the bridge goes on writing meanwhile.
                with closing(open_to_read(self._path, beside=True)) as database:
                    copy(database, target)
            for old in backups(self._path)[kept:]:
                old.unlink()
        except (sqlite3.Error, OSError) as error:
            reason = disk_fault_of(error, self._path.parent)
            return f"{folder}: no backup of the journal ({error})" + (
                f": {REMEDIES[reason]}" if reason else ""
            )
        return None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Commit what is done inside, or nothing of it; JournalError if that cannot be done."""
        with self._turn:
            try:
                if self._database is None:
                    self._reopen()
                assert self._database is not None  # noqa: S101 - _reopen has seen to it
                with transaction(self._database):
                    yield self._database
            except sqlite3.Error as error:
                # A connection that met a failing disk is of no further use.
                self._let_go()
                raise self._broken(error) from error

    def _reopen(self) -> None:
        database = self._opened()
        if self._blind:
            database.close()
            # What is held knows nothing of the night so far: it would take the place of what is
            # there.
            text = "it can be read now and could not when the bridge began; start it again, to go on from what it holds"
            raise JournalError(f"{self._path}: {text}")
        self._database = database
        self._mark()
        with self._reading:
            old = self._reader
            self._reader = open_to_read(self._path, beside=True)
            old.close()

    def _opened(self) -> sqlite3.Connection:
        """Return the database, brought up to date; a damaged one is set aside first. sqlite3.Error
        or JournalError.
        """
        try:
            self._copy_outdated()
            return open_to_write(self._path, MIGRATIONS)
        except DamagedError as error:
            self._set_aside(str(error))
            return self._opened()
        except SchemaError as error:
            raise JournalError(f"{self._path}: {error}") from error
        except (sqlite3.Error, OSError) as error:
            raise self._broken(error) from error

    def _copy_outdated(self) -> None:
        """Copy a file of an older layout before it is changed."""
        if not self._path.exists() or not self._path.stat().st_size:
            return
        if not has_sqlite_header(self._path):
            return
        with sound(), closing(open_to_read(self._path)) as database:
            version = version_of(database, MIGRATIONS)
            target = self._path.with_name(f"{self._path.name}.schema-{version}")
            if 0 < version < len(MIGRATIONS) and not target.exists():
                copy(database, target)
                self.before = target

    def _set_aside(self, why: str) -> None:
        """Move a damaged file away, and put the newest sound backup in its place where there is
        one; JournalError.
        """
        aside = self._path.with_name(f"{self._path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        part = self._path.with_name(f".{self._path.name}.part")
        try:
            backup = next((one for one in backups(self._path) if is_sound(one)), None)
            if backup is not None:
                shutil.copyfile(backup, part)
                fsync(part)
            for tail in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    self._path.with_name(self._path.name + tail).rename(
                        aside.with_name(aside.name + tail)
                    )
            if backup is not None:
                part.rename(self._path)
            fsync(self._path.parent)
        except OSError as error:
            raise self._broken(error) from error
        begun = (
            "a new one is begun"
            if backup is None
            else f"the bridge goes on from its backup {backup}"
        )
        self.notices.append(
            f"{self._path} was DAMAGED ({why}). It is kept as {aside}; {begun}, and what else it held is not shown"
        )

    def set_aside(self, why: str) -> None:
        """Move the file away, as something in it cannot be read, and go on with a backup or a new
        one; JournalError.
        """
        with self._turn, self._reading:
            # The reader first: whoever closes last tidies up the log.
            self._reader.close()
            self._let_go()
            self._set_aside(why)
            self._database = self._opened()
            self._reader = open_to_read(self._path, beside=True)

    def _broken(self, error: sqlite3.Error | OSError) -> JournalError:
        """Return what an error means for whoever wanted to write."""
        reason = disk_fault_of(error, self._path.parent)
        if reason is not None:
            return UnwritableError(self._path, reason, error)
        return JournalError(f"{self._path}: {error}; move the file away to begin a new journal")

    def _let_go(self) -> None:
        if self._database is not None:
            # A disk that fails may fail here as well.
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None

    def _mark(self) -> None:
        """Note beside a file that was opened for writing that it is ours."""
        if self._lock is not None and self._database is not None:
            with suppress(OSError):
                os.pwrite(self._lock, OURS, 0)

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)


def locked(path: Path) -> int | None:
    """Return a lock on a journal; None where the disk can be read only, so that nobody else writes
    either.

    Raises JournalError where another process has it, or the folder is not for us.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        number = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if disk_fault_of(error, path.parent) is not None:
            return None
        raise JournalError(
            f"{path}: {error.strerror}; let the bridge write to this folder"
        ) from error
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(number)
        raise InUseError(f"{path}: another limber uses this journal; stop it first") from error
    except OSError as error:
        os.close(number)
        mend = "put it on a disk of this machine"
        raise JournalError(
            f"{path}: its file system has no locks ({error.strerror}); {mend}"
        ) from error
    return number


def is_ours(path: Path) -> bool:
    """Return whether a file was opened as a journal before: its lock says so."""
    try:
        return path.with_name(path.name + ".lock").read_bytes().startswith(OURS)
    except OSError:
        return False


def is_spoilt(path: Path, *, ours: bool) -> bool:
    """Return whether a journal lost its beginning; `ours`: it was opened as a journal before.

    A file that was never ours is somebody else's and is left alone.
    """
    if not ours or not path.exists():
        return False
    return not has_sqlite_header(path) or (not path.stat().st_size and bool(backups(path)))


def backups_of(path: Path) -> Path:
    """Return the folder that holds the backups of a journal."""
    return path.with_name(f"{path.stem}-backups")


def backups(path: Path) -> list[Path]:
    """Return the backups of a journal, the newest first."""
    return sorted(backups_of(path).glob(f"{path.stem}-????-??-??.db"), reverse=True)


def is_sound(path: Path) -> bool:
    """Return whether a backup can be used."""
    try:
        with closing(open_to_read(path)) as database:
            look_through(database)
            return version_of(database, MIGRATIONS) > 0
    except sqlite3.Error, SchemaError, DamagedError:
        return False
