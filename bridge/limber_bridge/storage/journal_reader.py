"""The journal, to be read: by the bridge that writes it, or beside it.

Law: whatever is published can be rebuilt from here; what cannot be read as what it has to be is an
error, no guess.
"""

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

import msgspec

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import Event
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.nights import Night
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.domain.settings import Settings
from limber_bridge.storage.schema import KINDS, MIGRATIONS
from limber_bridge.storage.sqlite import (
    REMEDIES,
    DamagedError,
    DiskFault,
    SchemaError,
    is_damage,
    look_through,
    open_to_read,
    version_of,
)


class JournalError(Exception):
    """The journal cannot be used; the text says which file, why, and what to do."""


class UnwritableError(JournalError):
    """The disk does not take what is to be written, now; later it may."""

    def __init__(self, path: Path, reason: DiskFault, detail: object) -> None:
        """Note what ails the disk."""
        super().__init__(f"{path}: cannot be written ({detail}): {REMEDIES[reason]}")
        self.reason = reason


class InUseError(JournalError):
    """Another process writes this journal."""


class SpoiltError(JournalError):
    """Something in the journal cannot be read as what it has to be."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An event as it stands in the journal."""

    number: int
    night: date
    event: Event


class JournalReader:
    """A journal, to be read."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        """Take over an open database."""
        self._path = path
        self._reader = database
        self._reading = threading.RLock()

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self) -> dict[int, list[ReadPosition]]:
        """Return how far the frames of each sensor were read, by starts of the device, the latest
        last.
        """
        found: dict[int, list[ReadPosition]] = {}
        for sensor, boot, end in self._rows(
            "SELECT sensor, boot, end FROM read ORDER BY sensor, place"
        ):
            found.setdefault(sensor, []).append(ReadPosition(boot, end))
        return found

    def memory(self, sleeper: str) -> PipelineState | None:
        """Return what the detector of a sleeper has to remember; None before its first event."""
        rows = self._rows("SELECT payload FROM memory WHERE sleeper = ?", sleeper)
        return self._decoded(rows[0][0], PipelineState) if rows else None

    def settings(self, sleeper: str) -> Settings:
        """Return what was set for a sleeper."""
        rows = self._rows("SELECT payload FROM setting WHERE sleeper = ?", sleeper)
        return self._decoded(rows[0][0], Settings) if rows else Settings()

    def events(self, sleeper: str, night: date) -> list[Event]:
        """Return the events of a night in order of onset."""
        rows = self._rows(
            "SELECT kind, payload FROM event WHERE sleeper = ? AND night = ? ORDER BY onset, number",
            sleeper,
            night.isoformat(),
        )
        return [self._decoded(payload, KINDS[name]) for name, payload in rows]

    def entries(self, sleeper: str, night: date, after: int, limit: int) -> list[JournalEntry]:
        """Return at most `limit` events of a night in order of arrival, those after entry number
        `after`.

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
        return [
            JournalEntry(number, night, self._decoded(payload, KINDS[name]))
            for number, name, payload in rows
        ]

    def event(self, sleeper: str, key: str) -> Event | None:
        """Return the event with an id; None where there is none."""
        rows = self._rows(
            "SELECT kind, payload FROM event WHERE sleeper = ? AND id = ?", sleeper, key
        )
        return self._decoded(rows[0][1], KINDS[rows[0][0]]) if rows else None

    def reported(self, sleeper: str, labels: Iterable[Label]) -> list[Label]:
        """Return those of some labels of a sleeper that call something a cramp that no journal
        holds, in order of time.

        Nothing was recognised then, or only something too faint to be told: nothing else shows what
        somebody felt.
        """
        felt = [label for label in labels if label.cramp]
        unseen = [
            label
            for label in felt
            if label.event is None or self.event(sleeper, label.event) is None
        ]
        return sorted(unseen, key=lambda label: (label.time, label.id))

    def labels(self, sleeper: str) -> list[Label]:
        """Return all labels of a sleeper."""
        rows = self._rows("SELECT payload FROM label WHERE sleeper = ? ORDER BY id", sleeper)
        return [self._decoded(payload, Label) for (payload,) in rows]

    def nights(self, sleeper: str, after: date | None = None, limit: int = -1) -> list[Night]:
        """Return the finished nights after a date, oldest first."""
        rows = self._rows(
            "SELECT payload FROM night WHERE sleeper = ? AND revision > 0 AND night > ? ORDER BY night LIMIT ?",
            sleeper,
            after.isoformat() if after else "",
            limit,
        )
        return [self._decoded(payload, Night) for (payload,) in rows]

    def before_last(self, sleeper: str, count: int) -> date:
        """Return the date after which there are so many finished nights, or all there are."""
        rows = self._rows(
            "SELECT night FROM night WHERE sleeper = ? AND revision > 0 ORDER BY night DESC LIMIT 1 OFFSET ?",
            sleeper,
            count,
        )
        return date.fromisoformat(rows[0][0]) if rows else date.min

    def last_night(self, sleeper: str) -> Night | None:
        """Return the finished night with the latest date."""
        rows = self._rows(
            "SELECT payload FROM night WHERE sleeper = ? AND revision > 0 ORDER BY night DESC LIMIT 1",
            sleeper,
        )
        return self._decoded(rows[0][0], Night) if rows else None

    def unfinished(self, sleeper: str) -> list[date]:
        """Return the nights that hold events and were never finished, oldest first."""
        rows = self._rows(
            "SELECT night FROM night WHERE sleeper = ? AND revision = 0 ORDER BY night", sleeper
        )
        return [date.fromisoformat(night) for (night,) in rows]

    def dropped(self, sleeper: str, night: date) -> int | None:
        """Return when (us) the events of a night were dropped to make room; None if they were not."""
        rows = self._rows(
            "SELECT dropped FROM night WHERE sleeper = ? AND night = ?", sleeper, night.isoformat()
        )
        return rows[0][0] if rows else None

    def sleepers(self) -> list[str]:
        """Return the ids of the sleepers who have nights or labels, in alphabetical order."""
        rows = self._rows(
            "SELECT sleeper FROM night UNION SELECT sleeper FROM label ORDER BY sleeper"
        )
        return [sleeper for (sleeper,) in rows]

    def topics(self) -> set[str]:
        """Return the retained topics that were ever published."""
        return {topic for (topic,) in self._rows("SELECT topic FROM topic")}

    def _decoded[T](self, payload: str, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(payload, type=kind)
        except msgspec.DecodeError as error:
            raise SpoiltError(
                f"{self._path}: damaged ({error}); move it away to begin a new one"
            ) from error

    def _rows(self, statement: str, *values: str | int) -> list[Any]:
        try:
            with self._reading, closing(self._reader.execute(statement, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            broken = SpoiltError if is_damage(error) else JournalError
            raise broken(
                f"{self._path}: cannot be read ({error}); move it away to begin a new one"
            ) from error


def read_only(path: Path) -> JournalReader:
    """Open a journal to read what it holds, while a bridge may be writing it; JournalError if that
    cannot be.
    """
    if not path.exists():
        raise JournalError(
            f"{path}: no journal there; correct `journal` under `bridge`, or run the bridge first"
        )
    try:
        database = open_to_read(path)
    except sqlite3.Error as error:
        raise JournalError(
            f"{path}: cannot be read ({error}); let this user read it and its folder"
        ) from error
    try:
        version = version_of(database, MIGRATIONS)
    except (sqlite3.Error, SchemaError) as error:
        database.close()
        raise JournalError(f"{path}: {error}") from error
    if version < len(MIGRATIONS):
        database.close()
        raise JournalError(
            f"{path}: written by an older limber; run the bridge once, which brings it up to date"
        )
    return JournalReader(path, database)


def readable(path: Path) -> sqlite3.Connection | None:
    """Return a journal that cannot be written, to be read; None where that cannot be either."""
    try:
        database = open_to_read(path)
        try:
            look_through(database)
            if version_of(database, MIGRATIONS) == len(MIGRATIONS):
                return database
        except sqlite3.Error, SchemaError, DamagedError:
            pass
        database.close()
    except sqlite3.Error, OSError:
        pass
    return None


def placeholder() -> sqlite3.Connection:
    """Return a journal in which nothing stands."""
    empty = sqlite3.connect(":memory:", autocommit=True, check_same_thread=False)
    for migration in MIGRATIONS:
        empty.executescript(migration)
    return empty
