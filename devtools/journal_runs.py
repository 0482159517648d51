"""Short runs of a journal, during which its disk may fail or the power may be cut."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from limber_bridge.detection.events import PositionChange
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError, JournalWriteError
from limber_bridge.storage.journal_upkeep import run_upkeep
from limber_bridge.storage.schema import MIGRATIONS

SLEEPER: Final = "anna"
NIGHT: Final = date(2026, 11, 22)
BEGIN: Final = 1_795_300_000_000_000
"""us since 1970; onset of the first event."""
EVENTS_IN_BATCH: Final = 3
BATCHES: Final = 4
ATTEMPTS: Final = 6
"""How often a step is tried, as the running bridge does. chosen: more than faults follow."""
PAGE_BYTES: Final = 4096
JOURNAL_NAME: Final = "limber.db"


@dataclass(slots=True)
class Result:
    """What a run wrote, and what went wrong."""

    acknowledged: list[int] = field(default_factory=list)
    """Numbers of the batches whose write has returned."""
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """What is done with a journal."""

    name: str
    prepare: Callable[[Path], None]
    """Makes the files that are there before, from the path of the journal."""
    back_up: bool = False
    damaged: bool = False
    """Whether the journal is damaged at the start, so that it must be set aside."""
    restored: int = 0
    """Batches that the files hold before."""


def nothing(path: Path) -> None:
    """Begin without a journal."""


def write_some(path: Path) -> None:
    """Write the first batches into a journal."""
    with Journal(path) as journal:
        for number in range(2):
            write_batch(journal, number)


def write_older(path: Path) -> None:
    """Write a journal of an older schema, with the events of the first batches."""
    write_some(path)
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT sleeper, night, id, kind, onset, payload FROM event"
        ).fetchall()
    for suffix in ("", "-wal", "-shm", ".lock"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        for migration in MIGRATIONS[:6]:
            database.executescript(migration)
        database.execute("PRAGMA user_version = 6")
        database.executemany(
            "INSERT INTO event (sleeper, night, id, kind, onset, payload) VALUES (?,?,?,?,?,?)",
            rows,
        )
        database.commit()


def damage(path: Path) -> None:
    """Write a journal with two backups, then damage its table of events."""
    with Journal(path) as journal:
        for number in range(2):
            write_batch(journal, number)
            run_upkeep(journal, date(2026, 11, 20 + number), RetentionLimits())
    with closing(sqlite3.connect(path)) as database:
        pages = database.execute("SELECT pageno FROM dbstat WHERE name = 'event'").fetchall()
    with path.open("r+b") as file:
        for (page,) in pages:
            file.seek((page - 1) * PAGE_BYTES)
            file.write(b"\xa5" * PAGE_BYTES)


RUNS: Final = (
    Run("first start", nothing),
    Run("restart and backup", write_some, back_up=True, restored=2),
    Run("migration", write_older, restored=2),
    Run("damaged journal with backups", damage, damaged=True, restored=2),
)


def write_batch(journal: Journal, number: int) -> None:
    """Write a batch of events with its number; JournalError."""
    onsets = [
        BEGIN + (number * EVENTS_IN_BATCH + index) * 10**6 for index in range(EVENTS_IN_BATCH)
    ]
    journal.append(
        SLEEPER, [(NIGHT, PositionChange(onset, onset + 7)) for onset in onsets], PipelineState({})
    )


def play(run: Run, path: Path, mark: Callable[[int], None]) -> Result:
    """Write batches into a journal as a bridge does: what fails is tried again.

    `mark` receives the number of each batch whose write has returned.
    """
    result = Result()
    try:
        with opened(path, result) as journal:
            for number in range(run.restored, run.restored + BATCHES):
                if number == run.restored + 1 and run.back_up:
                    run_upkeep(journal, NIGHT, RetentionLimits())
                if written(journal, number):
                    result.acknowledged.append(number)
                    mark(number + 1)
    except JournalError:
        # The bridge ends with this error and is started again.
        pass
    except Exception as error:  # noqa: BLE001 - any other error is what this looks for
        result.problems.append(f"uncaught {type(error).__name__}: {error}")
    return result


@contextmanager
def opened(path: Path, result: Result) -> Iterator[Journal]:
    """Open a journal; its notices are problems if it was sound."""
    with Journal(path) as journal:
        yield journal
        result.problems += [f"notice: {notice}" for notice in journal.notices]


def written(journal: Journal, number: int) -> bool:
    """Write a batch, again while the disk fails; return whether that was possible."""
    for _ in range(ATTEMPTS):
        try:
            write_batch(journal, number)
        except JournalWriteError:
            continue
        return True
    return False


def examine(run: Run, path: Path, expected: int, result: Result) -> list[str]:
    """Open a journal after all faults, and return what is lost, doubled or set aside for nothing.

    `expected`: how many batches from the first one on must be there.
    """
    problems = [one for one in result.problems if not (run.damaged and one.startswith("notice"))]
    try:
        with Journal(path) as journal:
            notices = [] if run.damaged else list(journal.notices)
            events = journal.events(SLEEPER, NIGHT)
            write_batch(journal, 99)
    except Exception as error:  # noqa: BLE001 - any error is what this looks for
        return [*problems, f"cannot be opened afterwards: {type(error).__name__}: {error}"]
    onsets = [event.onset for event in events]
    wanted = {BEGIN + index * 10**6 for index in range(expected * EVENTS_IN_BATCH)}
    if lost := len(wanted - set(onsets)):
        problems.append(f"{lost} events lost")
    if doubled := len(onsets) - len(set(onsets)):
        problems.append(f"{doubled} events doubled")
    aside = list(path.parent.glob("*.damaged-*[0-9]"))
    if len(aside) > run.damaged:
        problems.append(f"set aside {len(aside)} times")
    return problems + [f"notice: {notice}" for notice in notices]


def replace_folder(folder: Path, template: Path) -> Path:
    """Replace a folder by a copy of another, and return the path of the journal in it."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    return folder / JOURNAL_NAME
