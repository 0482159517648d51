"""Write files where a running bridge writes them, as it does, for `limber check`.

Everything is written in new folders, which are deleted again. Of the files that exist, none is
changed: they are only opened.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from limber_bridge import __version__
from limber_bridge.config.model import Config
from limber_bridge.daemon.check_result import CheckResult, failed, passed
from limber_bridge.storage.backups import backup_folder
from limber_bridge.storage.disk_faults import REMEDIES, DiskFault, disk_fault_of
from limber_bridge.storage.file_access import access_remedy
from limber_bridge.storage.import_orders import order_folder
from limber_bridge.storage.integrity import DamagedDatabaseError
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.storage.raw_format import RawFile, RawFileInfo
from limber_bridge.storage.raw_recorder import RESERVED_BYTES, raw_store_for
from limber_bridge.storage.set_aside import DATABASE_SUFFIXES
from limber_bridge.storage.sqlite import SchemaError

TRIAL_PREFIX: Final = ".limber-check-"
"""Begin of the names of the folders in which the check writes."""


def check_files(config: Config) -> Iterator[CheckResult]:
    """Yield what keeps the bridge from writing its files, or that nothing does."""
    problems = [*unusable_files(config.journal), *trial_problems(config)]
    for problem in problems:
        yield failed(problem)
    if not problems:
        yield passed(f"files beside {config.journal}: written, synchronized and deleted")


def trial_problems(config: Config) -> Iterator[str]:
    """Yield what goes wrong with a new journal, its backup and a file of raw signal."""
    raw = raw_store_for(config.journal, config.retention)
    folders = {config.journal.parent, backup_folder(config.journal)}
    if raw.nights:
        folders.add(raw.folder)
    for folder in sorted(one for one in folders if one.is_dir() or one == config.journal.parent):
        problem = trial_problem(folder, config.journal.name)
        if problem is not None:
            yield problem
            return
    with suppress(OSError):
        if raw.nights and shutil.disk_usage(config.journal.parent).free < RESERVED_BYTES:
            yield (
                f"{raw.folder}: less than {RESERVED_BYTES // 1_000_000} MB are free, and they are "
                "reserved for the journal: no raw signal is recorded; free some space, or write "
                "`raw: 0` under `retention`"
            )


def trial_problem(folder: Path, name: str) -> str | None:
    """Write a journal and a file of raw signal in a folder; return what goes wrong."""
    try:
        with TemporaryDirectory(prefix=TRIAL_PREFIX, dir=folder) as trial:
            path = Path(trial) / name
            with Journal(path) as journal:
                journal.save_topics(["check"])
            info = RawFileInfo("check", "2000-01-01", __version__)
            with closing(RawFile(path.with_name("raw.db"), info, 0)):
                pass
    except (JournalError, DamagedDatabaseError, SchemaError) as error:
        return f"files in {folder}: {error}"
    except (sqlite3.Error, OSError) as error:
        fault = disk_fault_of(error, folder)
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return f"files in {folder}: {reason}; {REMEDIES[fault or DiskFault.READ_ONLY]}"
    return None


def unusable_files(journal: Path) -> Iterator[str]:
    """Yield the files and folders of a journal that exist and that the bridge cannot use."""
    for path in bridge_folders(journal):
        if path.exists() and not path.is_dir():
            yield f"{path}: not a folder; move the file away, as the bridge needs a folder there"
    for path in bridge_files(journal):
        problem = open_problem(path)
        if problem is not None:
            yield problem


def bridge_folders(journal: Path) -> list[Path]:
    """Return the folders in which a bridge writes, beside the journal."""
    return [backup_folder(journal), raw_folder(journal), order_folder(journal)]


def raw_folder(journal: Path) -> Path:
    """Return the folder of the raw signal of a journal."""
    return journal.with_name(f"{journal.stem}-raw")


def bridge_files(journal: Path) -> Iterator[Path]:
    """Yield the files that a bridge opens to write or replaces, whether they exist or not."""
    for suffix in (*DATABASE_SUFFIXES, ".lock"):
        yield journal.with_name(journal.name + suffix)
    for folder in bridge_folders(journal):
        with suppress(OSError):
            yield from sorted(path for path in folder.iterdir() if path.is_file())


def open_problem(path: Path) -> str | None:
    """Return why an existing file cannot be written, if there is one and it cannot."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError, NotADirectoryError:
        return None
    except PermissionError as error:
        remedy = access_remedy([path]) or REMEDIES[DiskFault.READ_ONLY]
        return f"{path}: {error.strerror}; {remedy}"
    except OSError as error:
        fault = disk_fault_of(error, path.parent)
        return f"{path}: {error.strerror}; {REMEDIES[fault or DiskFault.DISK_ERROR]}"
    return None
