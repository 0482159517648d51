"""Import nights from recordings into the journal, and undo imports.

Invariant: a night is replaced as a whole or not at all, and what it replaced is kept until the
import is undone or the events of the night are deleted to free space.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from limber_bridge.detection.events import (
    NOT_DETECTED,
    ClockStep,
    Event,
    Gap,
    SignalFault,
)
from limber_bridge.domain.nights import Night
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_tables import write_batch

NOT_MEASURED: Final = (*NOT_DETECTED, Gap, ClockStep, SignalFault)
"""Kinds of events that do not say that a sensor measured the sleeper."""


class NotImportedError(Exception):
    """A night cannot be imported or an import undone; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class NightToImport:
    """A night from a recording."""

    night: Night
    """`imported` is set; its revision is given when it is filed."""
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Undone:
    """A night after its import was undone."""

    date: date
    night: Night | None
    """What the import had replaced, under a new revision; None: there was no finished night."""


def file_night(journal: Journal, wanted: NightToImport, *, replaces: bool) -> Night:
    """Import a night and return it with its revision; NotImportedError or JournalError.

    A night that was measured live, or came from another import, is only replaced with `replaces`. A
    night that this import has already added is returned unchanged.
    """
    night = wanted.night
    known = next((one for one in journal.nights(night.sleeper) if one.date == night.date), None)
    if known is not None and is_same_import(known, night):
        return known
    if not replaces:
        check_free(known, night, journal.events(night.sleeper, night.date))
    revision = 1 + journal.revisions(night.sleeper).get(night.date, 0)
    filed = replace(night, revision=revision)
    events = tuple((night.date, event) for event in wanted.events)
    batch = JournalBatch(night.sleeper, replayed=(night.date,), events=events, nights=(filed,))
    with journal.writing() as database:
        keep_replaced(database, filed)
        write_batch(database, batch)
        database.execute(
            "UPDATE night SET events_dropped_at = NULL WHERE sleeper = ? AND night = ?",
            (night.sleeper, night.date.isoformat()),
        )
    return filed


def is_same_import(known: Night, wanted: Night) -> bool:
    """Return whether a night was filed by the same import."""
    return (
        known.imported is not None
        and wanted.imported is not None
        and known.imported.batch == wanted.imported.batch
    )


def check_free(known: Night | None, wanted: Night, events: Sequence[Event]) -> None:
    """Raise NotImportedError where a night would replace another one."""
    if known is not None and known.imported is not None:
        raise NotImportedError(
            f"night {wanted.date} was imported from {known.imported.recording} (import "
            f"{known.imported.batch}); undo that import, or write --replace"
        )
    measured = any(not isinstance(event, NOT_MEASURED) for event in events)
    if known is not None or measured:
        raise NotImportedError(
            f"night {wanted.date} was measured live; write --replace to use the recording instead"
        )


def keep_replaced(database: sqlite3.Connection, filed: Night) -> None:
    """Note an import, with the night and the events that it replaces; sqlite3.Error."""
    assert filed.imported is not None  # noqa: S101 - for the type
    key = (filed.sleeper, filed.date.isoformat())
    row = database.execute(
        "SELECT revision, payload, events_dropped_at FROM night WHERE sleeper = ? AND night = ?",
        key,
    ).fetchone()
    number = database.execute(
        "INSERT INTO imported_night (sleeper, night, batch, replaced_revision, replaced_payload,"
        " replaced_events_dropped_at) VALUES (?, ?, ?, ?, ?, ?)",
        (*key, filed.imported.batch, *(row or (0, None, None))),
    ).lastrowid
    database.execute(
        "INSERT INTO replaced_event SELECT ?, id, kind, onset, payload FROM event"
        " WHERE sleeper = ? AND night = ? AND kind NOT IN ('factor', 'placement_check')",
        (number, *key),
    )


def undo_imports(journal: Journal, sleeper: str, wanted: str) -> list[Undone]:
    """Undo an import by its id, or the import of one night by its date.

    Return the nights after it. Raises NotImportedError or JournalError.
    """
    with journal.writing() as database:
        rows = database.execute(
            "SELECT number, night FROM imported_night WHERE sleeper = ? AND NOT undone"
            " AND (batch = ? OR night = ?) ORDER BY number DESC",
            (sleeper, wanted, wanted),
        ).fetchall()
        if not rows:
            raise NotImportedError(
                f"nothing of {sleeper} was imported under `{wanted}`, or it was already undone; "
                "`limber nights --json` names the import of each night"
            )
        if len({night for _, night in rows}) < len(rows):
            # A date that was imported several times: the last import is undone.
            rows = rows[:1]
        for number, night in rows:
            check_last(database, sleeper, number, night)
        for number, night in rows:
            restore_replaced(database, sleeper, number, night)
    nights = {night.date: night for night in journal.nights(sleeper)}
    dates = sorted(date.fromisoformat(night) for _, night in rows)
    return [Undone(day, nights.get(day)) for day in dates]


def check_last(database: sqlite3.Connection, sleeper: str, number: int, night: str) -> None:
    """Raise NotImportedError where a later import has replaced a night again; sqlite3.Error."""
    later = database.execute(
        "SELECT batch FROM imported_night WHERE sleeper = ? AND night = ? AND NOT undone"
        " AND number > ?",
        (sleeper, night, number),
    ).fetchone()
    if later is not None:
        raise NotImportedError(
            f"night {night} was replaced again by import {later[0]}; undo that one first"
        )


def restore_replaced(database: sqlite3.Connection, sleeper: str, number: int, night: str) -> None:
    """Restore what an import replaced, under a new revision; sqlite3.Error."""
    key = (sleeper, night)
    database.execute(
        "DELETE FROM event WHERE sleeper = ? AND night = ?"
        " AND kind NOT IN ('factor', 'placement_check')",
        key,
    )
    database.execute(
        "INSERT OR REPLACE INTO event (sleeper, night, id, kind, onset, payload)"
        " SELECT ?, ?, id, kind, onset, payload FROM replaced_event WHERE import = ?"
        " ORDER BY onset",
        (*key, number),
    )
    database.execute("DELETE FROM replaced_event WHERE import = ?", (number,))
    revision, payload, dropped = database.execute(
        "SELECT replaced_revision, replaced_payload, replaced_events_dropped_at"
        " FROM imported_night WHERE number = ?",
        (number,),
    ).fetchone()
    if revision:
        database.execute(
            "UPDATE night SET revision = revision + 1, payload = ?, events_dropped_at = ?"
            " WHERE sleeper = ? AND night = ?",
            (payload, dropped, *key),
        )
    else:
        database.execute(
            "UPDATE night SET revision = 0, payload = NULL WHERE sleeper = ? AND night = ?", key
        )
        database.execute(
            "DELETE FROM night WHERE sleeper = ? AND night = ? AND NOT EXISTS"
            " (SELECT 1 FROM event WHERE event.sleeper = night.sleeper"
            " AND event.night = night.night)",
            key,
        )
    database.execute("UPDATE imported_night SET undone = 1 WHERE number = ?", (number,))
