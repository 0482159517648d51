"""The copy of the journal that a backup of Home Assistant holds.

The journal itself changes while Home Assistant reads it, so it is left out of the backup. The
command that the Supervisor runs before a backup copies it; the one after the backup deletes the
copy. In the folder of a restored app there is only the copy, and the next start puts it in place.
"""

import logging
import sqlite3
from pathlib import Path
from typing import Final

from limber_bridge.storage.backups import find_backups, saved_path
from limber_bridge.storage.integrity import fsync
from limber_bridge.storage.journal_file import journal_error
from limber_bridge.storage.journal_upkeep import copy_journal

LOG: Final = logging.getLogger(__name__)


def save_journal(journal: Path) -> Path | None:
    """Copy the journal as it is now and return the copy; None if there is no journal yet.

    The bridge may write to the journal meanwhile. Raises JournalError; there is no copy then.
    """
    saved = saved_path(journal)
    saved.unlink(missing_ok=True)
    if not journal.exists():
        return None
    try:
        copy_journal(journal, saved)
    except (sqlite3.Error, OSError) as error:
        raise journal_error(journal, error) from error
    return saved


def discard_saved_journal(journal: Path) -> None:
    """Delete the copy after a backup; without one nothing happens."""
    saved_path(journal).unlink(missing_ok=True)


def place_saved_journal(journal: Path) -> None:
    """Continue from the copy of a backup that was restored; JournalError.

    A copy beside a journal was left by a backup that was interrupted, and is deleted. If the
    journal is missing but has backups of its own, it was lost here and not restored: the copy stays
    unused, and the journal continues from the newest of its backups.
    """
    saved = saved_path(journal)
    if not saved.exists():
        return
    try:
        if journal.exists():
            saved.unlink()
            return
        if find_backups(journal):
            LOG.warning("%s is missing, but has backups: %s is not used", journal, saved)
            return
        saved.rename(journal)
        fsync(journal.parent)
        LOG.info("a backup of Home Assistant was restored: %s continues from it", journal)
    except OSError as error:
        raise journal_error(journal, error) from error
