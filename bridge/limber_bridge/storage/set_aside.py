"""Move the files of a journal away: none is overwritten, and none is deleted."""

from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from limber_bridge.storage.integrity import file_exists

DATABASE_SUFFIXES: Final = ("", "-wal", "-shm")
"""Of the files that SQLite keeps for one database."""


class AsideReason(StrEnum):
    """Why a journal was moved away; part of its new name."""

    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    """The disk cannot return a part of it."""


def suffixed(path: Path, suffix: str) -> Path:
    """Return the path of a file that SQLite keeps for a database."""
    return path.with_name(path.name + suffix)


def move_aside(path: Path, reason: AsideReason, suffixes: tuple[str, ...]) -> Path:
    """Move files of a journal away, those that exist; return the new path of the journal; OSError.

    A power cut may leave some of them in their place, for `move_orphans`.
    """
    aside = free_name(path, reason)
    for suffix in suffixes:
        with suppress(FileNotFoundError):
            suffixed(path, suffix).rename(suffixed(aside, suffix))
    return aside


def move_orphans(path: Path) -> None:
    """Move the files that SQLite kept for a journal that is missing, as they hold events; OSError.

    They belong to the file that was set aside last. A new file must not get them.
    """
    orphans = DATABASE_SUFFIXES[1:]
    if not any(file_exists(suffixed(path, suffix)) for suffix in orphans):
        return
    asides = journals_aside(path, *AsideReason)
    if not asides or file_exists(suffixed(asides[-1], "-wal")):
        move_aside(path, AsideReason.DAMAGED, orphans)
        return
    for suffix in orphans:
        with suppress(FileNotFoundError):
            suffixed(path, suffix).rename(suffixed(asides[-1], suffix))


def journals_aside(path: Path, *reasons: AsideReason) -> list[Path]:
    """Return the journals that were moved away for some reasons, the last one last."""
    found = [aside for one in reasons for aside in path.parent.glob(f"{path.name}.{one}-*[0-9]")]
    return sorted(found, key=lambda aside: aside.name.removeprefix(path.name).partition("-")[2])


def free_name(path: Path, reason: AsideReason) -> Path:
    """Return a path beside the journal that does not exist yet; OSError."""
    base = path.with_name(f"{path.name}.{reason}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    free = base
    number = 2
    while any(file_exists(suffixed(free, suffix)) for suffix in DATABASE_SUFFIXES):
        free = base.with_name(f"{base.name}-{number}")
        number += 1
    return free
