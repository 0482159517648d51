"""How much the data of a bridge use of its disk. It blocks: pages call it in a thread."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from limber_bridge.config.model import Config
from limber_bridge.storage.backups import find_backups
from limber_bridge.storage.raw_recorder import raw_store_for


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Sizes in bytes."""

    journal: int
    backups: int
    """Number of backups."""
    newest_backup: datetime | None
    """When the newest backup was written; None: there is none."""
    backup_bytes: int
    raw_signal: int
    free: int


def measure_disk_use(config: Config) -> DiskUse:
    """Return what the journal, its backups and the raw signal use; OSError."""
    backups = [path.stat() for path in find_backups(config.journal)]
    newest = max((one.st_mtime for one in backups), default=None)
    raw_folder = raw_store_for(config.journal, config.retention).folder
    return DiskUse(
        journal=total_size(config.journal.parent.glob(f"{config.journal.name}*")),
        backups=len(backups),
        newest_backup=None if newest is None else datetime.fromtimestamp(newest, UTC),
        backup_bytes=sum(one.st_size for one in backups),
        raw_signal=total_size(raw_folder.glob("*")),
        free=shutil.disk_usage(config.journal.parent).free,
    )


def total_size(paths: Iterable[Path]) -> int:
    """Return the size of files; one that disappears in between counts as empty."""
    size = 0
    for path in paths:
        try:
            size += path.stat().st_size
        except FileNotFoundError:
            continue
    return size
