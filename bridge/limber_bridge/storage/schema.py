"""How the journal lies in its file: tables, and what is written into them at once.

Law: a page is written whole or not at all, and pages that are joined leave behind what they would
have left one by one.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

import msgspec

from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import KINDS as EVENT_NAMES
from limber_bridge.detection.events import Event, Factor, event_id, event_kind
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.nights import Night
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.domain.settings import Settings

MIGRATIONS: Final = (
    """
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
""",
    """
CREATE TABLE label (
  sleeper TEXT NOT NULL,
  id TEXT NOT NULL,
  event TEXT,                            -- id of the cramp it is about, which may be in no journal; at most one each
  payload TEXT NOT NULL,
  PRIMARY KEY (sleeper, id),
  UNIQUE (sleeper, event)
);
""",
    """
ALTER TABLE night ADD COLUMN dropped INTEGER;  -- us, UTC: when its events were dropped to make room; NULL: never
""",
    """
-- How far signed frames were read, so that none can be sent again.
CREATE TABLE read (
  sensor INTEGER NOT NULL,
  boot INTEGER NOT NULL,                 -- id of a start of the device
  place INTEGER NOT NULL,                -- order of the starts
  end INTEGER NOT NULL,                  -- number of the sample after the last one read
  PRIMARY KEY (sensor, boot)
);
""",
    """
CREATE TABLE setting (sleeper TEXT PRIMARY KEY, payload TEXT NOT NULL);
""",
)
"""The layout, and every later change to it, in order. Only ever append: what was released stays as
it is."""
STARTS: Final = 1000
"""Starts of a device that are remembered: frames of an older one could be sent again. Three years
of a device that is switched on every evening."""
KINDS: Final[dict[str, type[Event]]] = {name: one for one, name in EVENT_NAMES.items()}


@dataclass(frozen=True, slots=True)
class JournalBatch:
    """What is to be kept of one sleeper, all of it or nothing."""

    sleeper: str
    renewed: tuple[date, ...] = ()
    """Nights whose events are to be forgotten first: they are played anew. What a person said of
    them stays."""
    events: tuple[tuple[date, Event], ...] = ()
    """Each with its night."""
    memory: PipelineState | None = None
    """What the detector has to remember beside them."""
    nights: tuple[Night, ...] = ()
    """Finished, or finished anew."""
    unlabelled: bool = False
    """All labels are to be forgotten first."""
    labels: tuple[Label, ...] = ()
    """Each replaces those that were filed under the same id or are about the same event."""
    read: tuple[tuple[int, ReadPosition], ...] = ()
    """How far the signed frames of sensors were read, by sensor, the latest last."""
    settings: Settings | None = None
    """What a person has set, where that has changed."""

    def joined(self, later: Self) -> Self:
        """Return this page and a later one as one that leaves the same behind."""
        anew = set(later.renewed)
        stays = (one for one in self.events if one[0] not in anew or isinstance(one[1], Factor))
        events = {event_id(event): (night, event) for night, event in stays}
        for night, event in later.events:
            events.pop(event_id(event), None)
            events[event_id(event)] = (night, event)
        nights = {night.date: night for night in (*self.nights, *later.nights)}
        return type(self)(
            self.sleeper,
            tuple(dict.fromkeys((*self.renewed, *later.renewed))),
            tuple(events.values()),
            later.memory or self.memory,
            tuple(nights.values()),
            self.unlabelled or later.unlabelled,
            (*(() if later.unlabelled else self.labels), *later.labels),
            latest((*self.read, *later.read)),
            later.settings or self.settings,
        )


def write_page(database: sqlite3.Connection, page: JournalBatch) -> None:
    """Write one page; sqlite3.Error."""
    write_events(database, page)
    if page.memory is not None:
        database.execute(
            "INSERT OR REPLACE INTO memory VALUES (?, ?)", (page.sleeper, encode(page.memory))
        )
    database.executemany(
        "INSERT INTO night (sleeper, night, revision, payload) VALUES (?, ?, ?, ?) ON CONFLICT (sleeper, night)"
        " DO UPDATE SET revision = excluded.revision, payload = excluded.payload",
        [(one.sleeper, one.date.isoformat(), one.revision, encode(one)) for one in page.nights],
    )
    if page.unlabelled:
        database.execute("DELETE FROM label WHERE sleeper = ?", (page.sleeper,))
    database.executemany(
        "INSERT OR REPLACE INTO label VALUES (?, ?, ?, ?)",
        [(page.sleeper, label.id, label.event, encode(label)) for label in page.labels],
    )
    for sensor, one in page.read:
        write_read(database, sensor, one)
    if page.settings is not None:
        database.execute(
            "INSERT OR REPLACE INTO setting VALUES (?, ?)", (page.sleeper, encode(page.settings))
        )


def write_events(database: sqlite3.Connection, page: JournalBatch) -> None:
    """Write the events of a page, and that there are their nights; an event that is known is
    written anew.
    """
    for night in page.renewed:
        database.execute(
            "DELETE FROM event WHERE sleeper = ? AND night = ? AND kind <> 'factor'",
            (page.sleeper, night.isoformat()),
        )
    rows = [
        (
            page.sleeper,
            night.isoformat(),
            event_id(event),
            event_kind(event),
            event.onset,
            encode(event),
        )
        for night, event in page.events
    ]
    database.executemany(
        "INSERT INTO event (sleeper, night, id, kind, onset, payload) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (sleeper, id) DO UPDATE SET payload = excluded.payload, night = excluded.night,"
        " number = (SELECT max(number) + 1 FROM event) WHERE (payload, night) <> (excluded.payload, excluded.night)",
        rows,
    )
    database.executemany(
        "INSERT OR IGNORE INTO night (sleeper, night) VALUES (?, ?)", {row[:2] for row in rows}
    )


def write_read(database: sqlite3.Connection, sensor: int, read: ReadPosition) -> None:
    """Note how far a start of a device was read, and forget starts that are too long ago;
    sqlite3.Error.
    """
    database.execute(
        "INSERT INTO read VALUES (?, ?, (SELECT coalesce(max(place), 0) + 1 FROM read WHERE sensor = ?), ?)"
        " ON CONFLICT (sensor, boot) DO UPDATE SET place = excluded.place, end = excluded.end",
        (sensor, read.boot, sensor, read.end),
    )
    database.execute(
        "DELETE FROM read WHERE sensor = ? AND place <="
        " (SELECT place FROM read WHERE sensor = ? ORDER BY place DESC LIMIT 1 OFFSET ?)",
        (sensor, sensor, STARTS),
    )


def latest(read: Iterable[tuple[int, ReadPosition]]) -> tuple[tuple[int, ReadPosition], ...]:
    """Return the last word on each start of each device, in their order."""
    found: dict[tuple[int, int], tuple[int, ReadPosition]] = {}
    for sensor, one in read:
        found.pop((sensor, one.boot), None)
        found[sensor, one.boot] = (sensor, one)
    return tuple(found.values())


def encode(value: Event | PipelineState | Night | Label | Settings) -> str:
    """Return a record as JSON."""
    return msgspec.json.encode(value).decode()
