"""Read the events of a journal, to compare two of them."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import date
from pathlib import Path

from limber_bridge.detection.events import Event, Movement, UnilateralMovement
from limber_bridge.detection.signal import SECOND
from limber_bridge.storage.journal_reader import open_journal_reader


def nights_of(path: Path) -> list[date]:
    """Return the nights with events."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return [
            date.fromisoformat(night)
            for (night,) in database.execute("SELECT DISTINCT night FROM event")
        ]


def events_of(path: Path) -> list[tuple[date, Event]]:
    """Return everything in a journal."""
    with open_journal_reader(path) as record:
        return [
            (night, event) for night in nights_of(path) for event in record.events("anna", night)
        ]


def parts_of(events: Iterable[Event]) -> list[UnilateralMovement]:
    """Return the movements of each leg."""
    return [part for event in events if isinstance(event, Movement) for part in event.parts]


def describe(one: UnilateralMovement) -> str:
    """Format a movement for the report."""
    return f"{one.side} movement at {one.onset / SECOND:.2f} for {one.duration / SECOND:.2f} s"
