"""Why a disk does not accept what is to be written, and what to do about it."""

import errno
import os
import shutil
import sqlite3
from enum import StrEnum
from pathlib import Path
from typing import Final

MIN_FREE_BYTES: Final = 1_000_000
"""Bytes. chosen: a disk with less free space is treated as full, whatever the error says."""


class DiskFault(StrEnum):
    """Why a disk does not accept what is to be written."""

    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    DISK_ERROR = "disk_error"
    SLOW = "slow"


REMEDIES: Final = {
    DiskFault.DISK_FULL: "the disk is full; free some space on it",
    DiskFault.READ_ONLY: (
        "the disk or file is read-only; give the bridge's user write permission, or find out why"
        " the disk was mounted read-only (dmesg)"
    ),
    DiskFault.DISK_ERROR: (
        "the disk reports errors; look at the kernel log (dmesg) and replace the disk if they"
        " persist"
    ),
    DiskFault.SLOW: (
        "the disk does not respond in time; find out what else uses it, or replace it"
    ),
}
"""What to do about each fault."""
FAULTS_BY_ERRNO: Final = {
    errno.ENOSPC: DiskFault.DISK_FULL,
    errno.EDQUOT: DiskFault.DISK_FULL,
    errno.EFBIG: DiskFault.DISK_FULL,
    errno.EROFS: DiskFault.READ_ONLY,
    errno.EACCES: DiskFault.READ_ONLY,
    errno.EPERM: DiskFault.READ_ONLY,
    errno.EIO: DiskFault.DISK_ERROR,
    # Descriptors or memory are short for a moment; nothing is known about the file then.
    errno.EMFILE: DiskFault.DISK_ERROR,
    errno.ENFILE: DiskFault.DISK_ERROR,
    errno.ENOMEM: DiskFault.DISK_ERROR,
}
FAULTS_BY_SQLITE_CODE: Final = {
    sqlite3.SQLITE_FULL: DiskFault.DISK_FULL,
    sqlite3.SQLITE_READONLY: DiskFault.READ_ONLY,
    sqlite3.SQLITE_PERM: DiskFault.READ_ONLY,
    sqlite3.SQLITE_IOERR: DiskFault.DISK_ERROR,
    sqlite3.SQLITE_CANTOPEN: DiskFault.DISK_ERROR,
    sqlite3.SQLITE_NOMEM: DiskFault.DISK_ERROR,
    sqlite3.SQLITE_BUSY: DiskFault.SLOW,
    sqlite3.SQLITE_LOCKED: DiskFault.SLOW,
}
"""By the primary result code (https://sqlite.org/rescode.html)."""


def disk_fault_of(error: sqlite3.Error | OSError, folder: Path) -> DiskFault | None:
    """Return which fault of the disk under a folder an error means; None if it means none."""
    if isinstance(error, OSError):
        found = FAULTS_BY_ERRNO.get(error.errno or 0)
    else:
        # An error of the sqlite3 module itself has no code.
        code = getattr(error, "sqlite_errorcode", None)
        found = None if code is None else FAULTS_BY_SQLITE_CODE.get(code & 0xFF)
    if found is not DiskFault.DISK_ERROR:
        return found
    # SQLite reports a full or read-only disk as an input/output error in some cases, so ask the
    # file system.
    try:
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return DiskFault.READ_ONLY
        return DiskFault.DISK_FULL if shutil.disk_usage(folder).free < MIN_FREE_BYTES else found
    except OSError:
        return found
