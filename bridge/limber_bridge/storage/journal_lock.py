"""The lock of a journal, which also remembers that a bridge has used it.

Invariant: one process writes a journal at a time.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from limber_bridge.storage.disk_faults import disk_fault_of
from limber_bridge.storage.file_access import access_remedy
from limber_bridge.storage.journal_errors import (
    JournalError,
    JournalInUseError,
    JournalWriteError,
)

LOCK_MARK: Final = b"limber\n"
"""Content of the lock of a file that was opened as a journal before."""


def lock_journal(path: Path) -> int:
    """Lock a journal; return the file descriptor of the lock.

    Raises JournalWriteError where the disk fails or is read-only, and another JournalError where
    another process has the lock, or where the folder cannot be used.
    """
    lock = lock_path(path)
    try:
        number = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise lock_error(path, lock, error) from error
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(number)
        raise JournalInUseError(
            f"{path}: another Limber bridge uses this journal; stop it first"
        ) from error
    except OSError as error:
        os.close(number)
        raise JournalError(
            f"{path}: its file system has no locks ({error.strerror}); put it on a local disk"
        ) from error
    return number


def lock_error(path: Path, lock: Path, error: OSError) -> JournalError:
    """Return why the lock of a journal cannot be opened."""
    if isinstance(error, PermissionError):
        remedy = access_remedy([path.parent, lock, path])
        remedy = remedy or "give the bridge's user write permission for this folder"
        return JournalError(f"{path}: {error.strerror}; {remedy}")
    fault = disk_fault_of(error, path.parent)
    if fault is not None:
        return JournalWriteError(path, fault, error)
    return JournalError(
        f"{path}: {error.strerror}; give the bridge's user write permission for this folder"
    )


def mark_lock(lock: int | None) -> None:
    """Note in a lock that its file was opened as a journal."""
    if lock is not None:
        with suppress(OSError):
            os.pwrite(lock, LOCK_MARK, 0)


def was_opened_before(path: Path) -> bool:
    """Return whether a file was opened as a journal before, by the content of its lock.

    Raises OSError where the lock cannot be read now.
    """
    try:
        return lock_path(path).read_bytes().startswith(LOCK_MARK)
    except FileNotFoundError:
        return False


def lock_path(path: Path) -> Path:
    """Return the path of the lock of a journal."""
    return path.with_name(path.name + ".lock")
