"""Errors of the journal. Each text names the file, what is wrong, and what to do."""

from pathlib import Path

from limber_bridge.storage.disk_faults import REMEDIES, DiskFault


class JournalError(Exception):
    """The journal cannot be used."""


class JournalWriteError(JournalError):
    """The disk does not accept what is to be written now; a later attempt may succeed."""

    def __init__(self, path: Path, fault: DiskFault, detail: object) -> None:
        """Describe the fault of the disk."""
        super().__init__(f"{path}: cannot be written ({detail}): {REMEDIES[fault]}")
        self.fault = fault


class JournalInUseError(JournalError):
    """Another process writes this journal."""


class DamagedJournalError(JournalError):
    """SQLite reports that the file is damaged."""
