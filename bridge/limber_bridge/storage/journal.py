"""The journal: the only record of what was measured, in SQLite.

Invariants: a method that writes returns only when the data survives a power cut. Everything that is
published can be rebuilt from the journal. One process writes it; its methods may be called from any
thread.
"""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Final, override

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import Event
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.nights import Night
from limber_bridge.storage.backups import find_backups
from limber_bridge.storage.disk_faults import DiskFault
from limber_bridge.storage.integrity import file_exists
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_errors import JournalError, JournalWriteError
from limber_bridge.storage.journal_file import JournalFile
from limber_bridge.storage.journal_reader import JournalReader, empty_database, open_unwritable
from limber_bridge.storage.journal_tables import (
    write_batch,
    write_instance,
    write_retained_topics,
)
from limber_bridge.storage.sqlite import open_to_read, transaction

CLOSE_TIMEOUT_S: Final = 5.0
"""s that a write in progress gets before the file is left open. chosen."""
LOG_WAIT_MS: Final = 500
"""ms to wait for those who read the log before it is emptied. chosen: what is detected meanwhile
waits for it, and is still published within a second."""
OPEN_RETRY_WAITS_S: Final = (0.1, 0.4, 1.0)
"""s between attempts to open a file that the disk does not return. chosen: a card or a USB disk
whose connection is reset is back within a second."""


class Journal(JournalReader):
    """The journal in the process that writes it.

    If the disk cannot be written, the journal opens nevertheless: it can be read, and every method
    that writes raises JournalWriteError and tries to open the file again when called again.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the journal at a path; one that is damaged is repaired or set aside first.

        Raises JournalError where the file belongs to a newer version or another program, is in use,
        or its folder cannot be used.
        """
        self._turn = threading.RLock()
        self._database: sqlite3.Connection | None = None
        self._unread = False
        """Whether what the file holds could not be read when it was opened."""
        self._instance: str | None = None
        self._file = JournalFile(path)
        try:
            super().__init__(path, self._connect())
            self._keep_instance()
        except JournalError:
            self._disconnect()
            self._file.unlock()
            raise

    @property
    def notices(self) -> list[str]:
        """For the user: that the journal was damaged, and where the damaged file is."""
        return self._file.notices

    @property
    def unreadable_files(self) -> list[Path]:
        """Journals that were set aside because the disk cannot return a part of them."""
        return self._file.unreadable

    @property
    def previous_copy(self) -> Path | None:
        """A copy of the file from before the migration just now; None if there was none."""
        return self._file.previous_copy

    @property
    def instance(self) -> str | None:
        """Which bridge this is: a random id from its first start; None if the file has none yet.

        It stays the same while the bridge runs, also if the file has to be replaced by a new one.
        """
        return self._instance

    @property
    def writable(self) -> bool:
        """Whether it can be written, as far as is known."""
        return self._database is not None

    def _connect(self) -> sqlite3.Connection:
        """Open the file for writing where possible; return a connection for reading."""
        path = self._file.path
        for wait in (*OPEN_RETRY_WAITS_S, 0.0):
            try:
                return self._open_writable()
            except JournalWriteError as error:
                self._disconnect()
                if error.fault is not DiskFault.DISK_ERROR:
                    break
                time.sleep(wait)
        found = open_unwritable(path)
        self._unread = found is None and may_hold_records(path)
        return found or empty_database()

    def _open_writable(self) -> sqlite3.Connection:
        """Open the file for writing; return a connection for reading. JournalError."""
        self._database = self._file.open()
        try:
            return open_to_read(self._file.path, written_here=True)
        except (sqlite3.Error, OSError) as error:
            raise self._file.write_error(error) from error

    @override
    def close(self) -> None:
        """Close the file, unless a write does not finish in time; the process must end then."""
        if not self._turn.acquire(timeout=CLOSE_TIMEOUT_S):
            return
        try:
            super().close()
            self._disconnect()
            self._file.unlock()
        finally:
            self._turn.release()

    def append(
        self, sleeper: str, events: Iterable[tuple[date, Event]], pipeline_state: PipelineState
    ) -> None:
        """Write events, each with its night, and the state of the pipeline after them.

        An event replaces one with the same id, and comes last in the order of arrival.
        """
        self.write([JournalBatch(sleeper, events=tuple(events), pipeline_state=pipeline_state)])

    def delete_events(self, sleeper: str, night: date) -> None:
        """Delete the events of a night that is detected again; its measures stay."""
        self.write([JournalBatch(sleeper, replayed=(night,))])

    def save_night(self, night: Night) -> None:
        """Write a finished night, or a later revision of it."""
        self.write([JournalBatch(night.sleeper, nights=(night,))])

    def save_label(self, sleeper: str, label: Label) -> None:
        """Write a label; it replaces labels with the same id or about the same event."""
        self.write([JournalBatch(sleeper, labels=(label,))])

    def delete_labels(self, sleeper: str) -> None:
        """Delete all labels of a sleeper."""
        self.write([JournalBatch(sleeper, clear_labels=True)])

    def write(self, batches: Iterable[JournalBatch]) -> None:
        """Write all of some batches, or nothing; JournalError."""
        with self.writing() as database:
            for batch in batches:
                write_batch(database, batch)

    def save_topics(self, topics: Iterable[str]) -> None:
        """Replace the list of retained topics; JournalError."""
        with self.writing() as database:
            write_retained_topics(database, topics)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Commit everything that is done inside, or nothing; JournalError if not possible."""
        with self._turn:
            try:
                database = self._database or self._reconnect()
                with transaction(database):
                    yield database
                self._file.note_written()
            except (sqlite3.Error, OSError) as error:
                # A connection that met a failing disk is of no further use.
                self._disconnect()
                raise self._file.write_error(error) from error

    def empty_log(self) -> None:
        """Write the log into the file and empty it; JournalError where it stays in use."""
        with self._turn:
            try:
                database = self._database or self._reconnect()
                (before,) = database.execute("PRAGMA busy_timeout").fetchone()
                database.execute(f"PRAGMA busy_timeout = {LOG_WAIT_MS}")
                (busy, *_) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                database.execute(f"PRAGMA busy_timeout = {before}")
            except (sqlite3.Error, OSError) as error:
                self._disconnect()
                raise self._file.write_error(error) from error
        if busy:
            raise JournalError(
                f"{self._path}: its log is in use, perhaps by a backup, and still holds what was"
                " deleted; this is tried again every minute"
            )

    def _reconnect(self) -> sqlite3.Connection:
        """Open the file for writing again, after the disk did not allow it; JournalError."""
        database = self._file.open()
        if self._unread:
            database.close()
            # The state in memory was built without what the file holds, and would replace it.
            raise JournalError(
                f"{self._path}: readable now, but it was not when the bridge started; restart the"
                " bridge to continue from what it holds"
            )
        self._database = database
        with self._reading:
            old = self._reader
            self._reader = open_to_read(self._path, written_here=True)
            old.close()
            self._keep_instance()
        return database

    def _keep_instance(self) -> None:
        """Write the id that is known into a file that has another one, or learn that of the file.

        Damage is left to those who read the rest. Raises sqlite3.Error.
        """
        with suppress(JournalError):
            found = self.read_instance()
            if self._instance is None or self._database is None:
                self._instance = self._instance or found
            elif found != self._instance:
                with transaction(self._database):
                    write_instance(self._database, self._instance)

    def repair(self, damage: str) -> None:
        """Repair the indexes of a file in which SQLite reported damage, or set it aside.

        The journal is then open again. Raises JournalError.
        """
        with self._reopening():
            if not self._file.repair(damage):
                self._file.set_aside(damage)

    def set_aside(self, damage: str) -> None:
        """Move the file away and continue with a backup or a new one; JournalError."""
        with self._reopening():
            self._file.set_aside(damage)

    @contextmanager
    def _reopening(self) -> Iterator[None]:
        """Close the file while something inside changes it, then open it again; JournalError."""
        with self._turn, self._reading:
            # The reader first: the connection that is closed last removes the log.
            self._reader.close()
            self._disconnect()
            try:
                yield
                self._database = self._file.open()
                self._reader = open_to_read(self._path, written_here=True)
                self._keep_instance()
            except (sqlite3.Error, OSError) as error:
                raise self._file.write_error(error) from error

    def _disconnect(self) -> None:
        if self._database is not None:
            # A disk that fails may fail here as well.
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None


def may_hold_records(path: Path) -> bool:
    """Return whether a file or a backup may hold records; True where that cannot be found out."""
    try:
        if not file_exists(path):
            return bool(find_backups(path))
        return path.stat().st_size > 0
    except OSError:
        return True
