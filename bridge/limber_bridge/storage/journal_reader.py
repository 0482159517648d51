"""Read the journal, in the bridge that writes it or in another process.

A row that cannot be decoded is left out and named in the log once; it stays in the file.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import Cramp, Event, Factor
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.nights import ImportHistory, Night
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.domain.settings import Settings
from limber_bridge.domain.trial import Trial
from limber_bridge.storage.integrity import DamagedDatabaseError, check_integrity, is_damage
from limber_bridge.storage.journal_errors import DamagedJournalError, JournalError
from limber_bridge.storage.records.event_records import UNSENT_KINDS, decode_event
from limber_bridge.storage.records.night_records import decode_night
from limber_bridge.storage.records.payload import UnreadableRecordError
from limber_bridge.storage.records.person_records import (
    decode_diary,
    decode_label,
    decode_settings,
)
from limber_bridge.storage.records.pipeline_records import (
    SavedPipelineState,
    decode_pipeline_state,
)
from limber_bridge.storage.records.trial_records import decode_trial
from limber_bridge.storage.schema import MIGRATIONS
from limber_bridge.storage.sqlite import SchemaError, open_to_read, schema_version

LOG: Final = logging.getLogger(__name__)

SENT_ONLY: Final = "kind NOT IN ({})".format(", ".join(f"'{kind}'" for kind in UNSENT_KINDS))


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An event with its place in the journal."""

    number: int
    """Its place in the order of arrival."""
    night: date
    event: Event


class JournalReader:
    """A journal that is open for reading."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        """Take over an open database."""
        self._path = path
        self._reader = database
        self._reading = threading.RLock()
        self._logged: set[str] = set()

    def close(self) -> None:
        """Close the file."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Where the journal is."""
        return self._path

    def sleepers(self) -> list[str]:
        """Return the ids of the sleepers with nights, labels, a diary or trials, in order."""
        rows = self._rows(
            "SELECT sleeper FROM night UNION SELECT sleeper FROM label"
            " UNION SELECT sleeper FROM diary UNION SELECT sleeper FROM trial ORDER BY sleeper"
        )
        return [sleeper for (sleeper,) in rows]

    def read_instance(self) -> str | None:
        """Return the random id that was drawn at the first start; None if there is none."""
        rows = self._rows("SELECT id FROM bridge_instance")
        return rows[0][0] if rows else None

    def read_positions(self) -> dict[int, list[ReadPosition]]:
        """Return how far the frames of each sensor were read, for each start, the latest last."""
        found: dict[int, list[ReadPosition]] = {}
        for sensor, *position in self._rows(
            "SELECT sensor, boot_id, next_sample, last_sample_time FROM read_position"
            " ORDER BY sensor, start_order"
        ):
            found.setdefault(sensor, []).append(ReadPosition(*position))
        return found

    def saved_pipeline_state(self, sleeper: str) -> SavedPipelineState | None:
        """Return what can be read of the pipeline state of a sleeper; None if there is none."""
        rows = self._rows("SELECT payload FROM pipeline_state WHERE sleeper = ?", sleeper)
        if not rows:
            return None
        saved = decode_pipeline_state(rows[0][0])
        if saved.unreadable:
            self._log_once(
                f"pipeline state of sleeper {sleeper}",
                "; ".join(saved.unreadable),
                "what was not saved in time becomes a gap",
            )
        return saved

    def pipeline_state(self, sleeper: str) -> PipelineState | None:
        """Return what can be read of the pipeline state of a sleeper; None if there is none."""
        saved = self.saved_pipeline_state(sleeper)
        return None if saved is None else saved.state

    def settings(self, sleeper: str) -> Settings:
        """Return the settings of a sleeper; the defaults if there are none."""
        rows = self._rows("SELECT payload FROM settings WHERE sleeper = ?", sleeper)
        found = self._decoded(
            (f"settings of sleeper {sleeper}", partial(decode_settings, payload))
            for (payload,) in rows
        )
        return next(found, Settings())

    def events(self, sleeper: str, night: date) -> list[Event]:
        """Return the events of a night in order of onset."""
        rows = self._rows(
            "SELECT id, kind, payload FROM event WHERE sleeper = ? AND night = ?"
            " ORDER BY onset, number",
            sleeper,
            night.isoformat(),
        )
        return list(self._decoded_events(sleeper, rows))

    def events_of_kind(
        self, sleeper: str, kind: str, after: date, until: date
    ) -> dict[date, list[Event]]:
        """Return the events of one kind (`events.KINDS`) by night, in order of onset.

        `after`: the date before the first night; `until`: the date of the last one.
        """
        rows = self._rows(
            "SELECT night, id, kind, payload FROM event WHERE sleeper = ? AND kind = ?"
            " AND night > ? AND night <= ? ORDER BY onset, number",
            sleeper,
            kind,
            after.isoformat(),
            until.isoformat(),
        )
        found: dict[date, list[Event]] = {}
        for night, *row in rows:
            for event in self._decoded_events(sleeper, [row]):
                found.setdefault(date.fromisoformat(night), []).append(event)
        return found

    def cramps(self, sleeper: str, night: date) -> list[Cramp]:
        """Return the cramps that were recognized in a night in order of onset."""
        rows = self._rows(
            "SELECT id, kind, payload FROM event WHERE sleeper = ? AND night = ?"
            " AND kind = 'cramp' ORDER BY onset, number",
            sleeper,
            night.isoformat(),
        )
        return [one for one in self._decoded_events(sleeper, rows) if isinstance(one, Cramp)]

    def factors(self, sleeper: str, night: date) -> list[Factor]:
        """Return what was logged for a night in order of onset."""
        rows = self._rows(
            "SELECT id, kind, payload FROM event WHERE sleeper = ? AND night = ?"
            " AND kind = 'factor' ORDER BY onset, number",
            sleeper,
            night.isoformat(),
        )
        return [one for one in self._decoded_events(sleeper, rows) if isinstance(one, Factor)]

    def entries(self, sleeper: str, night: date, after: int, limit: int) -> list[JournalEntry]:
        """Return at most `limit` events of a night that clients get, in order of arrival.

        They begin after entry number `after`. There are fewer than `limit` only at the end.
        """
        entries: list[JournalEntry] = []
        while len(entries) < limit:
            rows = self._rows(
                "SELECT number, id, kind, payload FROM event"  # noqa: S608 - a constant
                f" WHERE sleeper = ? AND night = ? AND number > ? AND {SENT_ONLY}"
                " ORDER BY number LIMIT ?",
                sleeper,
                night.isoformat(),
                after,
                limit - len(entries),
            )
            if not rows:
                break
            for number, *row in rows:
                after = number
                entries += [
                    JournalEntry(number, night, event)
                    for event in self._decoded_events(sleeper, [row])
                ]
        return entries

    def event(self, sleeper: str, id_: str) -> Event | None:
        """Return the event with an id; None if there is none."""
        rows = self._rows(
            "SELECT id, kind, payload FROM event WHERE sleeper = ? AND id = ?", sleeper, id_
        )
        return next(self._decoded_events(sleeper, rows), None)

    def reported_cramps(self, sleeper: str, labels: Iterable[Label]) -> list[Label]:
        """Return the labels that report a cramp which the journal does not hold, by time.

        Nothing was detected then, or only something below the threshold, so the label is the only
        record of that cramp.
        """
        unseen = [
            label
            for label in labels
            if label.cramp and (label.event is None or self.event(sleeper, label.event) is None)
        ]
        return sorted(unseen, key=lambda label: (label.time, label.id))

    def labels(self, sleeper: str) -> list[Label]:
        """Return all labels of a sleeper."""
        rows = self._rows("SELECT id, payload FROM label WHERE sleeper = ? ORDER BY id", sleeper)
        return list(
            self._decoded(
                (f"label {id_} of sleeper {sleeper}", partial(decode_label, id_, payload))
                for id_, payload in rows
            )
        )

    def diary(
        self, sleeper: str, after: date | None = None, *, until: date = date.max
    ) -> list[DiaryEntry]:
        """Return what a sleeper said of the nights after a date, up to `until`, oldest first."""
        rows = self._rows(
            "SELECT night, payload FROM diary WHERE sleeper = ? AND night > ? AND night <= ?"
            " ORDER BY night",
            sleeper,
            after.isoformat() if after else "",
            until.isoformat(),
        )
        return list(
            self._decoded(
                (
                    f"diary of {night} of sleeper {sleeper}",
                    partial(decode_diary, date.fromisoformat(night), payload),
                )
                for night, payload in rows
            )
        )

    def trials(self, sleeper: str) -> list[Trial]:
        """Return all trials of a sleeper, in order of their start."""
        rows = self._rows("SELECT id, payload FROM trial WHERE sleeper = ? ORDER BY id", sleeper)
        found = self._decoded(
            (f"{id_} of sleeper {sleeper}", partial(decode_trial, id_, payload))
            for id_, payload in rows
        )
        return sorted(found, key=lambda trial: (trial.plan.start, trial.id))

    def nights(
        self, sleeper: str, after: date | None = None, limit: int = -1, *, until: date = date.max
    ) -> list[Night]:
        """Return at most `limit` finished nights after a date, oldest first; -1: all.

        `until`: the last date.

        There are fewer than `limit` only at the end.
        """
        begin = after.isoformat() if after else ""
        nights: list[Night] = []
        while limit < 0 or len(nights) < limit:
            rows = self._rows(
                "SELECT night, revision, payload FROM night WHERE sleeper = ? AND revision > 0"
                " AND night > ? AND night <= ? ORDER BY night LIMIT ?",
                sleeper,
                begin,
                until.isoformat(),
                limit - len(nights) if limit >= 0 else -1,
            )
            if not rows:
                break
            begin = rows[-1][0]
            nights += self._decoded_nights(sleeper, rows)
        return nights

    def date_before_last(self, sleeper: str, count_: int, until: date = date.max) -> date:
        """Return the date after which there are `count_` finished nights, or all if fewer.

        `until`: later nights do not count.
        """
        rows = self._rows(
            "SELECT night FROM night WHERE sleeper = ? AND revision > 0 AND night <= ?"
            " ORDER BY night DESC LIMIT 1 OFFSET ?",
            sleeper,
            until.isoformat(),
            count_,
        )
        return date.fromisoformat(rows[0][0]) if rows else date.min

    def last_night(self, sleeper: str) -> Night | None:
        """Return the latest finished night that can be read; None if there is none."""
        for offset in count():
            rows = self._rows(
                "SELECT night, revision, payload FROM night WHERE sleeper = ? AND revision > 0"
                " ORDER BY night DESC LIMIT 1 OFFSET ?",
                sleeper,
                offset,
            )
            if not rows:
                return None
            for night in self._decoded_nights(sleeper, rows):
                return night
        raise AssertionError

    def revisions(self, sleeper: str) -> dict[date, int]:
        """Return the revision of each finished night, also of those that cannot be read."""
        rows = self._rows(
            "SELECT night, revision FROM night WHERE sleeper = ? AND revision > 0", sleeper
        )
        return {date.fromisoformat(night): revision for night, revision in rows}

    def import_count(self, sleeper: str) -> int:
        """Return how often a night of a sleeper was imported, or an import of one undone."""
        rows = self._rows(
            "SELECT count(*), coalesce(sum(undone), 0) FROM imported_night WHERE sleeper = ?",
            sleeper,
        )
        return int(rows[0][0] + rows[0][1])

    def removed_nights(self, sleeper: str) -> list[date]:
        """Return nights whose import was undone and that had replaced no other night."""
        rows = self._rows(
            "SELECT DISTINCT night FROM imported_night WHERE sleeper = ? AND undone"
            " AND NOT EXISTS (SELECT 1 FROM night WHERE night.sleeper = imported_night.sleeper"
            " AND night.night = imported_night.night AND revision > 0) ORDER BY night",
            sleeper,
        )
        return [date.fromisoformat(night) for (night,) in rows]

    def history(self, sleeper: str) -> ImportHistory:
        """Return how past nights of a sleeper have changed."""
        return ImportHistory(self.import_count(sleeper), tuple(self.removed_nights(sleeper)))

    def history_mark(self, sleeper: str) -> int:
        """Return a number that changes when anything finished, logged, said or tried changes.

        It differs from one process to the next.
        """
        statements = (
            "SELECT night, revision, events_dropped_at FROM night WHERE sleeper = ?",
            "SELECT id, number FROM event WHERE sleeper = ? AND id >= 'factor-' AND id < 'factor.'",
            "SELECT id, payload FROM label WHERE sleeper = ?",
            "SELECT night, payload FROM diary WHERE sleeper = ?",
            "SELECT id, payload FROM trial WHERE sleeper = ?",
        )
        rows = (frozenset(self._rows(statement, sleeper)) for statement in statements)
        return hash(tuple(rows))

    def stored_nights(self, sleeper: str) -> list[date]:
        """Return all nights of which anything is stored, the oldest first."""
        rows = self._rows(
            "SELECT night FROM night WHERE sleeper = ?1"
            " UNION SELECT night FROM event WHERE sleeper = ?1"
            " UNION SELECT night FROM diary WHERE sleeper = ?1 ORDER BY night",
            sleeper,
        )
        return [date.fromisoformat(night) for (night,) in rows]

    def noted_nights(self, sleeper: str) -> list[date]:
        """Return the nights for which a sleeper logged or said anything, oldest first."""
        # The ids of factors are found in an index; their kinds are not.
        rows = self._rows(
            "SELECT night FROM diary WHERE sleeper = ?1 UNION SELECT night FROM event"
            " WHERE sleeper = ?1 AND id >= 'factor-' AND id < 'factor.' ORDER BY night",
            sleeper,
        )
        return [date.fromisoformat(night) for (night,) in rows]

    def unfinished_nights(self, sleeper: str) -> list[date]:
        """Return the nights that hold events and were never finished, oldest first."""
        rows = self._rows(
            "SELECT night FROM night WHERE sleeper = ? AND revision = 0 ORDER BY night", sleeper
        )
        return [date.fromisoformat(night) for (night,) in rows]

    def events_dropped_at(self, sleeper: str, night: date) -> int | None:
        """Return when (us) the events of a night were dropped to free space; None if never."""
        rows = self._rows(
            "SELECT events_dropped_at FROM night WHERE sleeper = ? AND night = ?",
            sleeper,
            night.isoformat(),
        )
        return rows[0][0] if rows else None

    def factor_counts(self, sleeper: str, night: date) -> tuple[int, int]:
        """Return how many factors a sleeper has in a night, and in all."""
        # All of them by their ids, which an index holds: the detection waits for this, and must not
        # wait for a look at every event of all years.
        rows = self._rows(
            "SELECT (SELECT count(*) FROM event WHERE sleeper = ?1 AND night = ?2"
            " AND kind = 'factor'), (SELECT count(*) FROM event WHERE sleeper = ?1"
            " AND id >= 'factor-' AND id < 'factor.')",
            sleeper,
            night.isoformat(),
        )
        of_night, in_all = rows[0]
        return int(of_night), int(in_all)

    def entered_share(self) -> float:
        """Return about which share of the file holds what people entered.

        These are factors, labels and diary.
        """
        event = "coalesce(sum(length(payload) + length(id)), 0)"
        rows = self._rows(
            f"SELECT (SELECT {event} FROM event WHERE kind = 'factor')"  # noqa: S608 - a constant
            f" + (SELECT {event} FROM label)"
            " + (SELECT coalesce(sum(length(payload)), 0) FROM diary),"
            f" (SELECT {event} FROM event WHERE kind <> 'factor')"
            " + (SELECT coalesce(sum(length(payload)), 0) FROM night)"
        )
        entered, measured = rows[0]
        return float(entered / max(1, entered + measured))

    def nights_with_events(self) -> list[date]:
        """Return the nights of all sleepers that hold events, the latest first.

        Nights with factors only do not count. The order is that of arrival, as the clock may have
        been wrong: a night counts as no later than the nights that were measured after it. Imported
        nights have their own dates.
        """
        rows = self._rows(
            "SELECT night, max(number), EXISTS (SELECT 1 FROM imported_night AS import"
            " WHERE import.night = event.night AND NOT import.undone)"
            " FROM event WHERE kind <> 'factor' GROUP BY night ORDER BY max(number) DESC"
        )
        return newest_first(
            (date.fromisoformat(night), bool(imported)) for night, _, imported in rows
        )

    def used_bytes(self) -> int:
        """Return how many bytes of the file are in use."""
        pages = self._rows("PRAGMA page_count")[0][0]
        free = self._rows("PRAGMA freelist_count")[0][0]
        size = self._rows("PRAGMA page_size")[0][0]
        return int((pages - free) * size)

    def retained_topics(self) -> set[str]:
        """Return the retained topics that were last published."""
        return {topic for (topic,) in self._rows("SELECT topic FROM retained_topic")}

    def _decoded_events(
        self, sleeper: str, rows: Iterable[tuple[str, str, str] | list[str]]
    ) -> Iterator[Event]:
        return self._decoded(
            (f"event {id_} of sleeper {sleeper}", partial(decode_event, kind, payload))
            for id_, kind, payload in rows
        )

    def _decoded_nights(
        self, sleeper: str, rows: Iterable[tuple[str, int, str]]
    ) -> Iterator[Night]:
        return self._decoded(
            (
                f"night {day} of sleeper {sleeper}",
                partial(decode_night, sleeper, date.fromisoformat(day), revision, payload),
            )
            for day, revision, payload in rows
        )

    def _decoded[T](self, rows: Iterable[tuple[str, Callable[[], T]]]) -> Iterator[T]:
        """Yield what the rows hold; those that cannot be decoded are left out and logged."""
        for name, decode in rows:
            try:
                yield decode()
            except UnreadableRecordError as error:
                self._log_once(name, str(error), "it is left out and stays in the file")

    def _log_once(self, name: str, error: str, consequence: str) -> None:
        if name not in self._logged:
            self._logged.add(name)
            LOG.warning("%s: %s cannot be read: %s; %s", self._path, name, error, consequence)

    def _rows(self, statement: str, *values: str | int) -> list[Any]:
        try:
            with self._reading, closing(self._reader.execute(statement, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            if is_damage(error):
                raise DamagedJournalError(
                    f"{self._path}: damaged ({error}); restart the bridge, which repairs or"
                    " replaces it"
                ) from error
            raise JournalError(f"{self._path}: cannot be read ({error})") from error


def newest_first(arrived: Iterable[tuple[date, bool]]) -> list[date]:
    """Return nights in the order of `nights_with_events`.

    `arrived`: the nights, the last one to arrive first, each with whether it was imported.
    """
    latest = date.max
    ranked: list[tuple[date, int, date]] = []
    for place, (night, imported) in enumerate(arrived):
        if not imported:
            latest = min(latest, night)
        ranked.append((night if imported else latest, -place, night))
    return [night for _, _, night in sorted(ranked, reverse=True)]


def open_journal_reader(path: Path) -> JournalReader:
    """Open a journal for reading, while a bridge may be writing it; JournalError."""
    if not path.exists():
        raise JournalError(
            f"{path}: no journal here; correct `journal` under `bridge`, or run the bridge first"
        )
    try:
        database = open_to_read(path)
    except (sqlite3.Error, OSError) as error:
        raise JournalError(
            f"{path}: cannot be read ({error}); give this user read permission for the file and its"
            " folder"
        ) from error
    try:
        version = schema_version(database, MIGRATIONS)
    except (sqlite3.Error, SchemaError) as error:
        database.close()
        raise JournalError(f"{path}: {error}") from error
    if version < len(MIGRATIONS):
        database.close()
        raise JournalError(f"{path}: written by an older Limber; run the bridge once to migrate it")
    return JournalReader(path, database)


def open_unwritable(path: Path) -> sqlite3.Connection | None:
    """Open a journal on a disk that cannot be written; None if it cannot be read either."""
    try:
        database = open_to_read(path)
    except sqlite3.Error, OSError:
        return None
    try:
        check_integrity(database)
        if schema_version(database, MIGRATIONS) == len(MIGRATIONS):
            return database
    except sqlite3.Error, OSError, SchemaError, DamagedDatabaseError:
        pass
    database.close()
    return None


def empty_database() -> sqlite3.Connection:
    """Return an empty journal in memory."""
    empty = sqlite3.connect(":memory:", autocommit=True, check_same_thread=False)
    for migration in MIGRATIONS:
        empty.executescript(migration)
    # An id that is not kept must not be published.
    empty.execute("DELETE FROM bridge_instance")
    return empty
