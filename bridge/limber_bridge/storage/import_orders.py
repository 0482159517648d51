"""Orders to import recorded nights, which a running bridge carries out.

Only one process may write to the journal, so a running bridge does it.
`limber import` writes an order into a folder beside the journal, and the bridge writes its answer
there. Without a running bridge the command carries out the order itself. An order that a crash
interrupts is carried out again: nights that are filed already stay as they are.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from limber_bridge.domain.nights import Calendar, Night
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_imports import (
    NightToImport,
    NotImportedError,
    file_night,
    undo_imports,
)
from limber_bridge.storage.records.event_records import decode_event, encode_event
from limber_bridge.storage.records.night_records import decode_night, encode_night

ORDER_SUFFIX: Final = ".order"
ANSWER_SUFFIX: Final = ".answer"
ORDER_VERSION: Final = 1


class EventFields(msgspec.Struct, frozen=True):
    """An event as it is persisted."""

    kind: str
    payload: str


class NightFields(msgspec.Struct, frozen=True):
    """A night as it is persisted."""

    day: date
    payload: str
    events: list[EventFields]


class OrderFields(msgspec.Struct, frozen=True):
    """The content of an order."""

    v: int
    batch: str
    sleeper: str
    replaces: bool
    nights: list[NightFields]
    undo: str | None


class Outcome(msgspec.Struct, frozen=True):
    """The outcome for one night."""

    night: date
    done: bool
    text: str
    """Text for the user."""


class Answer(msgspec.Struct, frozen=True):
    """The result of an order."""

    outcomes: list[Outcome]
    error: str | None = None
    """Why nothing was done."""


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """Nights to import, or an import to undo."""

    batch: str
    """Id of the import."""
    sleeper: str
    nights: tuple[NightToImport, ...] = ()
    replaces: bool = False
    """Whether nights that were measured live are replaced."""
    undo: str | None = None
    """Id of an import, or date of a night, to undo; None: file the nights."""


def order_folder(journal: Path) -> Path:
    """Return the folder for orders, beside the journal."""
    return journal.with_name(f"{journal.stem}-import")


def encode_order(order: ImportOrder) -> bytes:
    """Return an order as the content of its file."""
    nights = [
        NightFields(
            one.night.date,
            encode_night(one.night),
            [EventFields(*encode_event(event)) for event in one.events],
        )
        for one in order.nights
    ]
    fields = OrderFields(
        ORDER_VERSION, order.batch, order.sleeper, order.replaces, nights, order.undo
    )
    return msgspec.json.encode(fields)


def decode_order(content: bytes) -> ImportOrder:
    """Return the order in a file.

    Raises msgspec.DecodeError, UnreadableRecordError, or ValueError for another version.
    """
    fields = msgspec.json.decode(content, type=OrderFields)
    if fields.v != ORDER_VERSION:
        raise ValueError(f"written by another version of Limber ({fields.v}); update the bridge")
    nights = tuple(
        NightToImport(
            decode_night(fields.sleeper, one.day, 0, one.payload),
            tuple(decode_event(event.kind, event.payload) for event in one.events),
        )
        for one in fields.nights
    )
    return ImportOrder(fields.batch, fields.sleeper, nights, fields.replaces, fields.undo)


def carry_out(
    journal: Journal, order: ImportOrder, calendar: Calendar, now: int
) -> tuple[Answer, Mapping[date, Night | None]]:
    """File the nights of an order, or undo an import, at `now` (us); JournalError.

    Each night is imported completely or not at all. Also returns the nights that have changed, None
    for a deleted one.
    """
    if order.undo is not None:
        return undo(journal, order.sleeper, order.undo)
    outcomes: list[Outcome] = []
    changed: dict[date, Night | None] = {}
    for wanted in order.nights:
        day = wanted.night.date
        try:
            check_over(wanted, calendar, now)
            changed[day] = file_night(journal, wanted, replaces=order.replaces)
        except NotImportedError as error:
            outcomes.append(Outcome(day, done=False, text=str(error)))
        else:
            outcomes.append(Outcome(day, done=True, text="imported"))
    return Answer(outcomes), changed


def undo(journal: Journal, sleeper: str, wanted: str) -> tuple[Answer, Mapping[date, Night | None]]:
    """Undo an import; JournalError."""
    try:
        undone = undo_imports(journal, sleeper, wanted)
    except NotImportedError as error:
        return Answer([], error=str(error)), {}
    outcomes = [
        Outcome(
            one.date,
            done=True,
            text="removed"
            if one.night is None
            else "the night that the import had replaced is restored",
        )
        for one in undone
    ]
    return Answer(outcomes), {one.date: one.night for one in undone}


def check_over(wanted: NightToImport, calendar: Calendar, now: int) -> None:
    """Raise NotImportedError for a night that is not over at `now` (us)."""
    day = wanted.night.date
    if day > calendar.night_of(now):
        raise NotImportedError(
            f"night {day} is in the future; the clock of the device, or of this machine, is wrong"
        )
    if not calendar.is_over(day, wanted.events, now):
        raise NotImportedError(f"night {day} is not over yet; import it later")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is complete or does not exist; OSError."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
