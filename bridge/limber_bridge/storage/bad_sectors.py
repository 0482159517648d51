"""Tell a place of a disk that can never be read again from a read that failed for a while.

A cable, a USB disk that is reset, or a network disk that is away fails as well, but at all places,
and not for long. So a place counts as lost only if it failed in every attempt for ten minutes,
while the rest of the file could be read.
"""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from limber_bridge.storage.integrity import READ_SIZE, kept_descriptor

LOST_AFTER_S: Final = 600.0
"""s for which a place must fail. Chosen: longer than a disk or a network takes to come back.
Meanwhile events wait in memory, so that patience costs nothing."""
MIN_ATTEMPTS: Final = 20
"""Attempts that must fail in this time. Chosen: a journal that is opened only now and then, as by
commands, must not decide."""
BLOCK_BYTES: Final = 4096
"""Sector of a current disk, and page of SQLite."""


@dataclass(frozen=True, slots=True)
class FailedPlace:
    """A place of a file that could not be read in any attempt so far."""

    offset: int
    since: float
    """s on the steady clock."""
    attempts: int = 1


class BadSectorWatch:
    """Remember which places of some files could not be read, and for how long."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        """Start without any; `steady` returns s."""
        self._steady = steady
        self._failed: dict[Path, FailedPlace] = {}

    def is_lost(self, path: Path) -> bool:
        """Try to read a file; return whether a place of it has failed for so long that it is lost.

        Forgets what failed before where that can be read now, or where nothing else can be read.
        """
        known = self._failed.pop(path, None)
        try:
            offset = find_unreadable(path, None if known is None else known.offset)
        except OSError:
            # Missing, or no more files can be opened, or nothing can be read: no bad sector.
            return False
        if offset is None:
            return False
        now = self._steady()
        if known is None or known.offset != offset:
            known = FailedPlace(offset, now, 0)
        place = replace(known, attempts=known.attempts + 1)
        self._failed[path] = place
        return place.attempts >= MIN_ATTEMPTS and now - place.since >= LOST_AFTER_S


def find_unreadable(path: Path, likely: int | None = None) -> int | None:
    """Return the offset of a block that cannot be read; None if all can be read.

    `likely`: the block to try first. Raises OSError where no block can be read, or for another
    reason than a failing disk.
    """
    descriptor = kept_descriptor(path)
    # Read from the disk, not from memory.
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    size = os.fstat(descriptor).st_size
    if likely is not None and not is_readable(descriptor, likely):
        found: int | None = likely
    else:
        found = first_unreadable(descriptor, size)
    if found is None:
        return None
    others = {0, size // 2 // BLOCK_BYTES * BLOCK_BYTES, (size - 1) // BLOCK_BYTES * BLOCK_BYTES}
    if not any(is_readable(descriptor, other) for other in others - {found}):
        raise OSError(errno.EIO, "nothing can be read")
    return found


def first_unreadable(descriptor: int, size: int) -> int | None:
    """Return the offset of the first block of a file that cannot be read; OSError."""
    for offset in range(0, size, READ_SIZE):
        if is_readable(descriptor, offset, READ_SIZE):
            continue
        for block in range(offset, min(size, offset + READ_SIZE), BLOCK_BYTES):
            if not is_readable(descriptor, block):
                return block
    return None


def is_readable(descriptor: int, offset: int, size: int = BLOCK_BYTES) -> bool:
    """Return whether the disk returns a part of a file; OSError where another fault prevents it."""
    try:
        os.pread(descriptor, size, offset)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return False
    return True
