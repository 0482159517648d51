"""Write batches into the tables of the journal. Every function may raise sqlite3.Error."""

import sqlite3
from collections.abc import Iterable
from typing import Final

from limber_bridge.detection.events import event_id
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.records.event_records import encode_event
from limber_bridge.storage.records.night_records import encode_night
from limber_bridge.storage.records.person_records import (
    encode_diary,
    encode_label,
    encode_settings,
)
from limber_bridge.storage.records.pipeline_records import encode_pipeline_state
from limber_bridge.storage.records.trial_records import encode_trial

MAX_STARTS: Final = 1000
"""Starts of a device that are remembered; frames of an older start could be replayed. chosen: three
years of a device that is switched on every evening."""


def write_batch(database: sqlite3.Connection, batch: JournalBatch) -> None:
    """Write a batch."""
    write_events(database, batch)
    write_nights(database, batch)
    write_labels(database, batch)
    write_diary(database, batch)
    write_trials(database, batch)
    for sensor, position in batch.read_positions:
        write_read_position(database, sensor, position)
    if batch.pipeline_state is not None:
        database.execute(
            "INSERT OR REPLACE INTO pipeline_state (sleeper, payload) VALUES (?, ?)",
            (batch.sleeper, encode_pipeline_state(batch.pipeline_state)),
        )
    if batch.settings is not None:
        database.execute(
            "INSERT OR REPLACE INTO settings (sleeper, payload) VALUES (?, ?)",
            (batch.sleeper, encode_settings(batch.settings)),
        )


def write_events(database: sqlite3.Connection, batch: JournalBatch) -> None:
    """Write the events of a batch, and an unfinished night for each of their nights.

    An event that is there and has changed gets a new number, so that a reader of pages finds it
    again.
    """
    database.executemany(
        "DELETE FROM event WHERE sleeper = ? AND night = ?"
        " AND kind NOT IN ('factor', 'placement_check')",
        [(batch.sleeper, night.isoformat()) for night in batch.replayed],
    )
    database.executemany(
        "DELETE FROM event WHERE sleeper = ? AND id = ?",
        [(batch.sleeper, id_) for id_ in batch.withdrawn],
    )
    rows = []
    for night, event in batch.events:
        kind, payload = encode_event(event)
        rows.append((batch.sleeper, night.isoformat(), event_id(event), kind, event.onset, payload))
    database.executemany(
        "INSERT INTO event (sleeper, night, id, kind, onset, payload) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (sleeper, id) DO UPDATE SET payload = excluded.payload,"
        " night = excluded.night, number = (SELECT max(number) + 1 FROM event)"
        " WHERE (payload, night) <> (excluded.payload, excluded.night)",
        rows,
    )
    database.executemany(
        "INSERT OR IGNORE INTO night (sleeper, night) VALUES (?, ?)", {row[:2] for row in rows}
    )


def write_nights(database: sqlite3.Connection, batch: JournalBatch) -> None:
    """Write the finished nights of a batch."""
    database.executemany(
        "INSERT INTO night (sleeper, night, revision, payload) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (sleeper, night)"
        " DO UPDATE SET revision = excluded.revision, payload = excluded.payload",
        [
            (night.sleeper, night.date.isoformat(), night.revision, encode_night(night))
            for night in batch.nights
        ],
    )


def write_labels(database: sqlite3.Connection, batch: JournalBatch) -> None:
    """Write the labels of a batch, after deleting all others where it says so."""
    if batch.clear_labels:
        database.execute("DELETE FROM label WHERE sleeper = ?", (batch.sleeper,))
    database.executemany(
        "INSERT OR REPLACE INTO label (sleeper, id, event, payload) VALUES (?, ?, ?, ?)",
        [(batch.sleeper, label.id, label.event, encode_label(label)) for label in batch.labels],
    )


def write_diary(database: sqlite3.Connection, batch: JournalBatch) -> None:
    """Write the diary entries of a batch; those that say nothing are deleted."""
    for entry in batch.diary:
        key = (batch.sleeper, entry.night.isoformat())
        if entry.is_empty:
            database.execute("DELETE FROM diary WHERE sleeper = ? AND night = ?", key)
        else:
            database.execute(
                "INSERT OR REPLACE INTO diary (sleeper, night, payload) VALUES (?, ?, ?)",
                (*key, encode_diary(entry)),
            )


def write_trials(database: sqlite3.Connection, batch: JournalBatch) -> None:
    """Write the trials of a batch."""
    database.executemany(
        "INSERT OR REPLACE INTO trial (sleeper, id, payload) VALUES (?, ?, ?)",
        [(batch.sleeper, trial.id, encode_trial(trial)) for trial in batch.trials],
    )


def write_read_position(database: sqlite3.Connection, sensor: int, position: ReadPosition) -> None:
    """Write how far a start of a device was read, and delete starts beyond `MAX_STARTS`."""
    database.execute(
        "INSERT INTO read_position (sensor, boot_id, start_order, next_sample, last_sample_time)"
        " VALUES (?, ?,"
        " (SELECT coalesce(max(start_order), 0) + 1 FROM read_position WHERE sensor = ?), ?, ?)"
        " ON CONFLICT (sensor, boot_id)"
        " DO UPDATE SET start_order = excluded.start_order, next_sample = excluded.next_sample,"
        " last_sample_time = excluded.last_sample_time",
        (sensor, position.boot, sensor, position.end, position.time),
    )
    database.execute(
        "DELETE FROM read_position WHERE sensor = ? AND start_order <="
        " (SELECT start_order FROM read_position WHERE sensor = ?"
        " ORDER BY start_order DESC LIMIT 1 OFFSET ?)",
        (sensor, sensor, MAX_STARTS),
    )


def write_instance(database: sqlite3.Connection, instance: str) -> None:
    """Replace the id of the bridge."""
    database.execute("DELETE FROM bridge_instance")
    database.execute("INSERT INTO bridge_instance (id) VALUES (?)", (instance,))


def write_retained_topics(database: sqlite3.Connection, topics: Iterable[str]) -> None:
    """Replace the list of retained topics."""
    database.execute("DELETE FROM retained_topic")
    database.executemany(
        "INSERT INTO retained_topic (topic) VALUES (?)", [(topic,) for topic in topics]
    )
