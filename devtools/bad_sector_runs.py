"""Runs of a journal on a disk that has lost one place, for good or for a while."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devtools.fault_shim import Shim
from devtools.journal_runs import (
    BEGIN,
    EVENTS_IN_BATCH,
    NIGHT,
    PAGE_BYTES,
    SLEEPER,
    write_batch,
)
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage import bad_sectors
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError, JournalWriteError
from limber_bridge.storage.journal_upkeep import run_upkeep

BACKED_UP: Final = 2
"""Batches that the backup holds."""
WRITTEN: Final = 3
"""Batches that the journal holds before its disk fails."""
RESTARTS: Final = 6
"""Times that a bridge is started. chosen: more than it needs."""
WRITES: Final = 40
"""Attempts to write in one run of a bridge. chosen: more than make a place count as lost."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the journal, or of the log that a killed bridge leaves."""

    suffix: str
    page: int

    def spoil(self, shim: Shim, path: Path) -> None:
        """Let it fail from now on."""
        file = path.with_name(path.name + self.suffix)
        shim.spoil(file, self.page * PAGE_BYTES, (self.page + 1) * PAGE_BYTES)


def prepare_backed_up(path: Path, target: Path) -> list[Place]:
    """Write a journal, its backup, and then some more; copy it as a killed bridge leaves it.

    Returns all places of the copy that can fail.
    """
    with Journal(path) as journal:
        for number in range(BACKED_UP):
            write_batch(journal, number)
        run_upkeep(journal, NIGHT, RetentionLimits())
        write_batch(journal, BACKED_UP)
        shutil.copytree(path.parent, target)
    return [
        Place(suffix, page)
        for suffix in ("", "-wal")
        for page in range((target / (path.name + suffix)).stat().st_size // PAGE_BYTES)
    ]


def lose(shim: Shim, path: Path, place: Place) -> list[str]:
    """Let a place fail for good; return what is wrong afterwards, while it still fails."""
    before = path.read_bytes()
    place.spoil(shim, path)
    written = record_until_written(path)
    problems = [] if written else ["nothing can be recorded"]
    problems += missing_batches(path, [*range(BACKED_UP), *([WRITTEN] if written else [])])
    shim.spoil(None)
    kept = [file for file in path.parent.glob("*.unreadable-*") if file.read_bytes() == before]
    if len(kept) != 1:
        problems.append(f"{len(kept)} whole copies of the unreadable file are kept")
    return problems


def fail_for_a_while(shim: Shim, path: Path, place: Place) -> list[str]:
    """Let a place fail for fewer attempts than make it lost; return what is wrong afterwards."""
    place.spoil(shim, path)
    with suppress(JournalError), Journal(path) as journal:
        for _ in range(bad_sectors.MIN_ATTEMPTS // 2):
            with suppress(JournalWriteError):
                write_batch(journal, WRITTEN)
    shim.spoil(None)
    written = record_until_written(path)
    problems = [] if written else ["nothing can be recorded"]
    problems += missing_batches(path, range(WRITTEN + 1 if written else WRITTEN))
    aside = [*path.parent.glob("*.unreadable-*"), *path.parent.glob("*.damaged-*")]
    return problems + [f"set aside without need: {file.name}" for file in aside]


def record_until_written(path: Path) -> bool:
    """Write a batch, starting the bridge again when it ends; return whether that was possible."""
    for _ in range(RESTARTS):
        with suppress(JournalError), Journal(path) as journal:
            for _ in range(WRITES):
                with suppress(JournalWriteError):
                    write_batch(journal, WRITTEN)
                    return True
    return False


def missing_batches(path: Path, numbers: range | list[int]) -> list[str]:
    """Return which batches are not there once."""
    with Journal(path) as journal:
        onsets = [event.onset for event in journal.events(SLEEPER, NIGHT)]
    wanted = {
        BEGIN + (number * EVENTS_IN_BATCH + index) * 10**6
        for number in numbers
        for index in range(EVENTS_IN_BATCH)
    }
    lost = [f"{len(wanted - set(onsets))} events lost"] if wanted - set(onsets) else []
    doubled = [] if len(onsets) == len(set(onsets)) else ["events doubled"]
    return lost + doubled
