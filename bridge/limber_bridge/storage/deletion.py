"""Delete nights for good: from the journal, from every copy of it, and the raw signal.

Copies of a journal cannot be changed safely, as they may be damaged or of an older schema. So all
of them are deleted, and a new backup is made of what is left. A note beside the journal says that
this is under way: a bridge that was killed in between completes it (`run_upkeep`).

SQLite overwrites what is deleted (https://www.sqlite.org/pragma.html#pragma_secure_delete), and the
log is emptied afterwards.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from limber_bridge.storage.backups import backup_folder, saved_path
from limber_bridge.storage.integrity import fsync
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.raw_format import SUFFIX
from limber_bridge.storage.raw_recorder import RawStore
from limber_bridge.storage.records.payload import UnreadableRecordError
from limber_bridge.storage.records.trial_records import decode_trial, encode_trial

DELETED_BATCH: Final = "deleted"
"""`batch` of the note that a night was deleted: its date, which Home Assistant needs in order to
delete its own figures of the night, whenever it asks."""
COPIES: Final = (".damaged-*", ".unreadable-*", ".schema-*")
"""How the names of copies beside a journal continue after its own name."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """What is deleted of one sleeper."""

    sleeper: str
    nights: tuple[date, ...]
    """With everything that belongs to them."""
    labels: tuple[str, ...] = ()
    """Ids of what was said about cramps in these nights."""
    trials: bool = False
    """Whether all personal trials are deleted. Else what was said about these nights is."""
    person: bool = False
    """Whether everything else is deleted as well: the sleeper is not configured any more."""


def delete_records(journal: Journal, deletion: Deletion) -> None:
    """Delete rows of the journal; JournalError. `run_upkeep` then empties its log.

    Each night has a transaction of its own, so that what the bridge writes meanwhile does not wait
    for a person with years of nights. After an error it can be repeated.
    """
    for night in deletion.nights:
        with overwriting(journal) as database:
            delete_night(database, deletion.sleeper, night)
    with overwriting(journal) as database:
        database.executemany(
            "DELETE FROM label WHERE sleeper = ? AND id = ?",
            [(deletion.sleeper, label) for label in deletion.labels],
        )
        if deletion.trials:
            database.execute("DELETE FROM trial WHERE sleeper = ?", (deletion.sleeper,))
        if deletion.person:
            delete_person(database, deletion.sleeper)


@contextmanager
def overwriting(journal: Journal) -> Iterator[sqlite3.Connection]:
    """Commit what is deleted inside, overwritten with zeros; JournalError."""
    with journal.writing() as database:
        database.execute("PRAGMA secure_delete = ON")
        yield database


def delete_night(database: sqlite3.Connection, sleeper: str, night: date) -> None:
    """Delete a night, and note its date; sqlite3.Error."""
    key = (sleeper, night.isoformat())
    forget_imports(database, sleeper, night)
    forget_answers(database, sleeper, night)
    for table in ("event", "night", "diary"):
        database.execute(
            f"DELETE FROM {table} WHERE sleeper = ? AND night = ?",  # noqa: S608 - constants
            key,
        )
    # One row more than before, so that a client of the broker asks for all nights again.
    database.execute(
        "INSERT INTO imported_night (sleeper, night, batch, undone, replaced_revision)"
        " VALUES (?, ?, ?, 1, 0)",
        (*key, DELETED_BATCH),
    )


def forget_answers(database: sqlite3.Connection, sleeper: str, night: date) -> None:
    """Delete what was said about a night of a personal trial; sqlite3.Error.

    A trial that cannot be read is deleted, because what it says of the night cannot be.
    """
    rows = database.execute("SELECT id, payload FROM trial WHERE sleeper = ?", (sleeper,))
    for id_, payload in rows.fetchall():
        try:
            kept = encode_trial(decode_trial(id_, payload).without_night(night))
        except UnreadableRecordError:
            database.execute("DELETE FROM trial WHERE sleeper = ? AND id = ?", (sleeper, id_))
            continue
        database.execute(
            "UPDATE trial SET payload = ?1 WHERE sleeper = ?2 AND id = ?3 AND payload <> ?1",
            (kept, sleeper, id_),
        )


def forget_imports(database: sqlite3.Connection, sleeper: str, night: date | None) -> None:
    """Delete everything of an imported night, None: of all, except the date; sqlite3.Error."""
    key = (sleeper, None if night is None else night.isoformat())
    database.execute(
        "DELETE FROM replaced_event WHERE import IN (SELECT number FROM imported_night"
        " WHERE sleeper = ?1 AND (?2 IS NULL OR night = ?2))",
        key,
    )
    database.execute(
        "UPDATE imported_night SET undone = 1, replaced_revision = 0, replaced_payload = NULL,"
        " replaced_events_dropped_at = NULL, batch = ?3"
        " WHERE sleeper = ?1 AND (?2 IS NULL OR night = ?2)",
        (*key, DELETED_BATCH),
    )


def delete_person(database: sqlite3.Connection, sleeper: str) -> None:
    """Delete everything of a sleeper except the dates of deleted nights; sqlite3.Error."""
    forget_imports(database, sleeper, None)
    for table in ("event", "night", "diary", "label", "trial", "settings", "pipeline_state"):
        database.execute(
            f"DELETE FROM {table} WHERE sleeper = ?",  # noqa: S608 - constants
            (sleeper,),
        )


# --- Files ---


def copies_of(journal: Path) -> list[Path]:
    """Return every copy of a journal.

    Backups, also the one for Home Assistant, damaged ones, those before a migration, and parts of
    copies that a power cut left.
    """
    folder = backup_folder(journal)
    saved = saved_path(journal).name
    names = (
        *(f"{journal.name}{pattern}" for pattern in COPIES),
        f".{journal.name}*.part*",
        f"{saved}*",
        f".{saved}*.part*",
    )
    beside = [one for name in names for one in journal.parent.glob(name)]
    within = [*folder.glob(f"{journal.stem}-*"), *folder.glob(f".{journal.stem}-*")]
    return sorted({*beside, *within})


def raw_files(store: RawStore, sleeper: str, nights: Collection[date] | None) -> list[Path]:
    """Return the files with the raw signal of a sleeper in some nights; None: in all.

    Among them are those that were set aside.
    """
    patterns = [f"{sleeper}-????-??-??{SUFFIX}"]
    if nights is not None:
        patterns = [store.path(sleeper, night).name for night in nights]
    return sorted({path for one in patterns for path in store.folder.glob(f"{one}*")})


def delete_files(paths: Iterable[Path]) -> None:
    """Delete files, those that exist; OSError."""
    folders: set[Path] = set()
    for path in paths:
        path.unlink(missing_ok=True)
        folders.add(path.parent)
    for folder in folders:
        fsync(folder)


def note_path(journal: Path) -> Path:
    """Return where it is noted that copies are to be deleted."""
    return journal.with_name(f"{journal.name}.delete-copies")


def note_copies(journal: Path) -> None:
    """Note that all copies of a journal are to be deleted; OSError."""
    path = note_path(journal)
    path.touch(mode=0o600)
    fsync(path)
    fsync(path.parent)


def delete_noted_copies(journal: Path) -> list[Path]:
    """Delete all copies of a journal if that was noted, and return them; OSError."""
    note = note_path(journal)
    if not note.exists():
        return []
    found = copies_of(journal)
    delete_files(found)
    note.unlink()
    return found
