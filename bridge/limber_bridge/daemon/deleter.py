"""Deletes nights for good while the bridge runs: records, memory, raw signal and copies.

The bridge continues to detect and to record meanwhile; what begins after a deletion is stored.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.daemon.publisher import Publisher
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.domain.nights import ImportHistory
from limber_bridge.storage.deletion import (
    Deletion,
    copies_of,
    delete_files,
    delete_records,
    note_copies,
    raw_files,
)
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.storage.raw_recorder import RawRecorder, raw_store_for

LOG: Final = logging.getLogger(__name__)


class NotDeletedError(Exception):
    """Not everything was deleted; the text says what remains and what to do."""


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """What a deletion would delete."""

    deletion: Deletion
    raw: tuple[Path, ...]
    """Files with the raw signal."""
    copies: tuple[Path, ...]
    """Copies of the journal, all of which are deleted."""
    history: ImportHistory
    """How past nights had changed before."""


@dataclass(frozen=True, slots=True)
class StoredRecords:
    """Where nights are stored."""

    journal: Journal
    writer: JournalWriter
    raw: RawRecorder


class Deleter:
    """Delete nights of one sleeper at a time."""

    def __init__(
        self,
        config: Config,
        stored: StoredRecords,
        monitors: Mapping[str, SleeperMonitor],
        publisher: Publisher,
        now: Callable[[], int],
    ) -> None:
        """Start; `now` returns UTC in us."""
        self._config = config
        self._journal = stored.journal
        self._writer = stored.writer
        self._raw = stored.raw
        self._monitors = monitors
        self._publisher = publisher
        self._now = now
        self._turn = asyncio.Lock()

    def plan(self, sleeper: str, night: date | None) -> DeletionPlan:
        """Return what deleting a night would delete, None: all nights; JournalError. It blocks."""
        nights = self._journal.stored_nights(sleeper) if night is None else [night]
        labels = self._journal.labels(sleeper)
        deleted = [label.id for label in labels if self._is_of(label, night)]
        person = night is None and sleeper not in self._monitors
        store = raw_store_for(self._config.journal, self._config.retention)
        return DeletionPlan(
            Deletion(sleeper, tuple(nights), tuple(deleted), night is None, person),
            tuple(raw_files(store, sleeper, None if night is None else nights)),
            tuple(copies_of(self._config.journal)),
            self._journal.history(sleeper),
        )

    def is_stored(self, plan: DeletionPlan) -> bool:
        """Return whether a plan would delete anything but copies; JournalError. It blocks."""
        nights = set(self._journal.stored_nights(plan.deletion.sleeper))
        return bool(
            nights.intersection(plan.deletion.nights)
            or plan.deletion.labels
            or plan.raw
            or (plan.deletion.trials and self._journal.trials(plan.deletion.sleeper))
        )

    def unconfigured(self) -> tuple[str, ...]:
        """Return the ids of sleepers who are stored but not configured; JournalError. It blocks."""
        return tuple(one for one in self._journal.sleepers() if one not in self._monitors)

    async def delete(self, sleeper: str, night: date | None) -> None:
        """Delete a night, None: all nights; JournalError, NotDeletedError.

        The signal goes before the records, so that a deletion that was interrupted still shows the
        night and can be repeated. The note about the copies is written before the records go, so
        that a bridge that was killed completes it. No upkeep begins in between: it would follow the
        note, and then make a backup of what is still there.
        """
        async with self._turn:
            status = self._writer.status
            if not status.healthy:
                raise NotDeletedError(f"nothing can be deleted now: {status.detail}")
            plan = await asyncio.to_thread(self.plan, sleeper, night)
            await self._delete_signal(plan, night)
            self._forget(plan, night)
            async with self._writer.without_upkeep():
                await self._delete_records(plan)
            history = await asyncio.to_thread(self._journal.history, sleeper)
            self._publish(sleeper, history)
            today = self._config.calendar.night_of(self._now())
            if not await self._writer.run_upkeep(today, self._config.retention):
                raise NotDeletedError(self._writer.upkeep_problem)
        LOG.info("%s: %d nights were deleted for good", sleeper, len(plan.deletion.nights))

    async def _delete_records(self, plan: DeletionPlan) -> None:
        try:
            await asyncio.to_thread(note_copies, self._config.journal)
        except OSError as error:
            raise NotDeletedError(f"{self._config.journal.parent}: {error}") from error
        await asyncio.to_thread(delete_records, self._journal, plan.deletion)

    async def _delete_signal(self, plan: DeletionPlan, night: date | None) -> None:
        nights = None if night is None else [night]
        store = raw_store_for(self._config.journal, self._config.retention)
        sleeper = plan.deletion.sleeper

        def delete() -> None:
            # Looked up again: a file may have been added or closed meanwhile.
            delete_files(raw_files(store, sleeper, nights))

        try:
            await self._raw.forget(sleeper, nights, delete)
        except OSError as error:
            raise NotDeletedError(
                f"{store.folder}: the raw signal cannot be deleted ({error}); give the bridge's"
                " user write permission for it"
            ) from error

    def _forget(self, plan: DeletionPlan, night: date | None) -> None:
        """Forget the nights in memory, so that nothing of them is written again."""
        monitor = self._monitors.get(plan.deletion.sleeper)
        if monitor is None:
            return
        monitor.replace_nights(dict.fromkeys(plan.deletion.nights), plan.history)
        monitor.trials.forget(night)
        # These changes are not written: the rows of the journal are deleted.
        # One that was added since the plan was made stays, so the memory says which there are.
        monitor.add_to_diary(DiaryEntry(night=one) for one in plan.deletion.nights)
        kept = [label for label in monitor.labels if not self._is_of(label, night)]
        monitor.reset_labels()
        for label in kept:
            monitor.add_label(label)

    def _publish(self, sleeper: str, history: ImportHistory) -> None:
        """Publish the state without these nights, and that past nights have changed."""
        monitor = self._monitors.get(sleeper)
        if monitor is not None:
            monitor.replace_nights({}, history)
            self._publisher.publish_history(monitor)

    def _is_of(self, label: Label, night: date | None) -> bool:
        return night is None or self._config.calendar.night_of(label.time) == night
