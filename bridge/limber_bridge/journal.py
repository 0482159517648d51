"""The only record: what was measured, in SQLite, before anyone hears of it.

Law: a method that writes returns only when the data would outlive a power cut. Whatever is published can be rebuilt
from here. One process writes; the methods may be called from any thread.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Self, get_args

import msgspec

from limber_bridge.detection.detector import Memory
from limber_bridge.detection.events import Event, identity, kind
from limber_bridge.detection.personal import Label
from limber_bridge.nights import Night

TABLES: Final = """
CREATE TABLE event (
  number INTEGER PRIMARY KEY,            -- order of arrival: what pages of an answer go by
  sleeper TEXT NOT NULL,
  night TEXT NOT NULL,                   -- date of the night, ISO
  id TEXT NOT NULL,                      -- made from what the event is: found again after a crash, it counts once
  kind TEXT NOT NULL,
  onset INTEGER NOT NULL,                -- us, UTC
  payload TEXT NOT NULL,
  UNIQUE (sleeper, id)
);
CREATE INDEX event_by_night ON event (sleeper, night, onset);
CREATE TABLE night (
  sleeper TEXT NOT NULL,
  night TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0,   -- 0: not finished yet
  payload TEXT,
  PRIMARY KEY (sleeper, night)
);
CREATE TABLE memory (sleeper TEXT PRIMARY KEY, payload TEXT NOT NULL);
CREATE TABLE topic (topic TEXT PRIMARY KEY);
"""
LABELS: Final = """
CREATE TABLE label (
  sleeper TEXT NOT NULL,
  id TEXT NOT NULL,
  event TEXT,                            -- id of the cramp it is about, which may be in no journal; at most one each
  payload TEXT NOT NULL,
  PRIMARY KEY (sleeper, id),
  UNIQUE (sleeper, event)
);
"""
MIGRATIONS: Final = (TABLES, LABELS)
"""What brings a journal from schema n to n + 1; an empty file has schema 0."""
SCHEMA: Final = len(MIGRATIONS)
KINDS: Final[dict[str, type[Event]]] = {one.__name__.lower(): one for one in get_args(Event.__value__)}


class JournalError(Exception):
    """The journal cannot be used; the text says which file, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in the journal."""

    number: int
    night: date
    event: Event


class Journal:
    """An open journal."""

    def __init__(self, path: Path) -> None:
        """Open the journal at a path, or begin one.

        Raises JournalError where the file cannot be read or written, belongs to a newer version, or is in use; methods
        that write raise it when they cannot.
        """
        self._path = path
        self._turn = threading.RLock()
        try:
            self._lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(f"{path}: {error.strerror}; let the bridge write to this folder") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._database = connect(path)
        except BlockingIOError as error:
            os.close(self._lock)
            raise JournalError(f"{path}: another limber uses this journal; stop it first") from error
        except OSError as error:
            os.close(self._lock)
            mend = "put it on a disk of this machine"
            raise JournalError(f"{path}: its file system has no locks ({error.strerror}); {mend}") from error
        except (sqlite3.Error, JournalError) as error:
            os.close(self._lock)
            raise JournalError(f"{path}: {error}; move the file away to begin a new journal") from error

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, sleeper: str, events: Iterable[tuple[date, Event]], memory: Memory) -> None:
        """Keep events, each with its night, together with what the detector has to remember.

        An event that is known by its id replaces what was known of it, and comes last in the order of arrival.
        """
        rows = [
            (sleeper, night.isoformat(), identity(event), kind(event), event.onset, encode(event))
            for night, event in events
        ]
        with self._writing():
            self._database.executemany(
                "INSERT INTO event (sleeper, night, id, kind, onset, payload) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (sleeper, id) DO UPDATE SET payload = excluded.payload,"
                " number = (SELECT max(number) + 1 FROM event) WHERE payload <> excluded.payload",
                rows,
            )
            self._database.executemany(
                "INSERT OR IGNORE INTO night (sleeper, night) VALUES (?, ?)", {row[:2] for row in rows}
            )
            self._database.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (sleeper, encode(memory)))

    def forget(self, sleeper: str, night: date) -> None:
        """Forget the events of a night that is to be played anew; its figures stay until there are others."""
        with self._writing():
            self._database.execute("DELETE FROM event WHERE sleeper = ? AND night = ?", (sleeper, night.isoformat()))

    def finish(self, night: Night) -> None:
        """Keep a finished night, or a later revision of it."""
        with self._writing():
            self._database.execute(
                "INSERT OR REPLACE INTO night VALUES (?, ?, ?, ?)",
                (night.sleeper, night.date.isoformat(), night.revision, encode(night)),
            )

    def memory(self, sleeper: str) -> Memory | None:
        """Return what the detector of a sleeper has to remember; None before its first event."""
        rows = self._rows("SELECT payload FROM memory WHERE sleeper = ?", sleeper)
        return self._decoded(rows[0][0], Memory) if rows else None

    def events(self, sleeper: str, night: date) -> list[Event]:
        """Return the events of a night in order of onset."""
        rows = self._rows(
            "SELECT kind, payload FROM event WHERE sleeper = ? AND night = ? ORDER BY onset, number",
            sleeper,
            night.isoformat(),
        )
        return [self._decoded(payload, KINDS[name]) for name, payload in rows]

    def entries(self, sleeper: str, night: date, after: int, limit: int) -> list[Entry]:
        """Return at most `limit` events of a night in order of arrival, those after entry number `after`.

        Changes of posture, twitches, rhythms and flaws are left out: they are told to nobody.
        """
        rows = self._rows(
            "SELECT number, kind, payload FROM event"
            " WHERE sleeper = ? AND night = ? AND number > ? AND kind NOT IN ('posture', 'twitch', 'rhythm', 'flaw')"
            " ORDER BY number LIMIT ?",
            sleeper,
            night.isoformat(),
            after,
            limit,
        )
        return [Entry(number, night, self._decoded(payload, KINDS[name])) for number, name, payload in rows]

    def event(self, sleeper: str, key: str) -> Event | None:
        """Return the event with an id; None where there is none."""
        rows = self._rows("SELECT kind, payload FROM event WHERE sleeper = ? AND id = ?", sleeper, key)
        return self._decoded(rows[0][1], KINDS[rows[0][0]]) if rows else None

    def keep_label(self, sleeper: str, label: Label) -> None:
        """Keep a label; it replaces those that were filed under the same id or are about the same event."""
        with self._writing():
            self._database.execute(
                "INSERT OR REPLACE INTO label VALUES (?, ?, ?, ?)", (sleeper, label.id, label.event, encode(label))
            )

    def labels(self, sleeper: str) -> list[Label]:
        """Return all labels of a sleeper."""
        rows = self._rows("SELECT payload FROM label WHERE sleeper = ? ORDER BY id", sleeper)
        return [self._decoded(payload, Label) for (payload,) in rows]

    def forget_labels(self, sleeper: str) -> None:
        """Forget all labels of a sleeper."""
        with self._writing():
            self._database.execute("DELETE FROM label WHERE sleeper = ?", (sleeper,))

    def nights(self, sleeper: str, after: date | None = None, limit: int = -1) -> list[Night]:
        """Return the finished nights after a date, oldest first."""
        rows = self._rows(
            "SELECT payload FROM night WHERE sleeper = ? AND revision > 0 AND night > ? ORDER BY night LIMIT ?",
            sleeper,
            after.isoformat() if after else "",
            limit,
        )
        return [self._decoded(payload, Night) for (payload,) in rows]

    def last_night(self, sleeper: str) -> Night | None:
        """Return the finished night with the latest date."""
        rows = self._rows(
            "SELECT payload FROM night WHERE sleeper = ? AND revision > 0 ORDER BY night DESC LIMIT 1", sleeper
        )
        return self._decoded(rows[0][0], Night) if rows else None

    def unfinished(self, sleeper: str) -> list[date]:
        """Return the nights that hold events and were never finished, oldest first."""
        rows = self._rows("SELECT night FROM night WHERE sleeper = ? AND revision = 0 ORDER BY night", sleeper)
        return [date.fromisoformat(night) for (night,) in rows]

    def topics(self) -> set[str]:
        """Return the retained topics that were ever published."""
        return {topic for (topic,) in self._rows("SELECT topic FROM topic")}

    def keep_topics(self, topics: Iterable[str]) -> None:
        """Note which retained topics are ours from now on."""
        with self._writing():
            self._database.execute("DELETE FROM topic")
            self._database.executemany("INSERT INTO topic VALUES (?)", [(topic,) for topic in topics])

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Commit what is done inside, or nothing of it; JournalError if that cannot be done."""
        try:
            with self._turn, self._database:
                yield
        except sqlite3.Error as error:
            raise JournalError(f"{self._path}: cannot be written ({error}); see that its disk has room") from error

    def _decoded[T](self, payload: str, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(payload, type=kind)
        except msgspec.DecodeError as error:
            raise JournalError(f"{self._path}: damaged ({error}); move it away to begin a new one") from error

    def _rows(self, statement: str, *values: str | int) -> list[Any]:
        try:
            with self._turn, closing(self._database.execute(statement, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise JournalError(f"{self._path}: cannot be read ({error}); move it away to begin a new one") from error


def connect(path: Path) -> sqlite3.Connection:
    """Open the database; sqlite3.Error or JournalError where it is damaged, newer than this program, or no journal."""
    database = sqlite3.connect(path, autocommit=True, check_same_thread=False)
    try:
        prepare(database)
    except sqlite3.Error, JournalError:
        database.close()
        raise
    database.autocommit = False
    return database


def prepare(database: sqlite3.Connection) -> None:
    """Set how the database is written, and lay out a new one."""
    database.execute("PRAGMA journal_mode = WAL")
    # FULL: after a power cut NORMAL may miss the last commits, and nobody else has them.
    database.execute("PRAGMA synchronous = FULL")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA:
        raise JournalError(f"written by a newer limber (schema {version}, this one knows {SCHEMA}); update the bridge")
    (sound,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise JournalError(f"damaged ({' '.join(sound.split())})")
    if version == 0 and database.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise JournalError("a database of some other program")
    for number, migration in enumerate(MIGRATIONS[version:], version + 1):
        database.executescript(f"BEGIN;{migration}PRAGMA user_version = {number};COMMIT;")


def encode(value: Event | Memory | Night | Label) -> str:
    """Return a record as JSON."""
    return msgspec.json.encode(value).decode()
