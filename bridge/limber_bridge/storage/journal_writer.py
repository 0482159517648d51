"""Write to the journal from an event loop, and hold what the disk does not accept.

Invariant: a batch is in the journal when `write` returns, or the status says that nothing is
recorded. A disk that is full, read-only or slow stops neither detection nor publishing: what it did
not accept waits in memory, up to a limit, and is written as soon as possible.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from limber_bridge.detection.events import event_id
from limber_bridge.domain.nights import Night
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage.disk_faults import REMEDIES, DiskFault
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_errors import JournalError, JournalWriteError
from limber_bridge.storage.journal_upkeep import UpkeepResult, run_upkeep

LOG: Final = logging.getLogger(__name__)

SLOW_AFTER_S: Final = 2.0
"""s that a write may take before those who wait for it continue. chosen: an event should be
published within a second or two."""
RETRY_AFTER_S: Final = 2.0
"""s until a disk that failed is tried again. chosen."""
MAX_PENDING_EVENTS: Final = 50_000
"""Events that wait in memory, of all sleepers together. chosen: one or two weeks of one sleeper,
about 50 MB."""
CLOSE_TIMEOUT_S: Final = 5.0
"""s that the last write gets when the bridge stops. chosen."""


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """Whether what happens is recorded."""

    healthy: bool = True
    fault: DiskFault | None = None
    """Why not."""
    detail: str | None = None
    """The same for a person, with a remedy."""
    pending: int = 0
    """Events that wait in memory."""
    lost: int = 0
    """Events that are in no journal, because more waited than fit in memory."""


class JournalWriter:
    """Writes batches in a thread, one after the other. For use from one event loop only."""

    def __init__(
        self, journal: Journal, known_batches: Callable[[], Iterable[JournalBatch]] = tuple
    ) -> None:
        """Start without anything pending.

        `known_batches` returns everything that is still known of the current nights. It is written
        again after a damaged journal was set aside while the bridge runs.
        """
        self._journal = journal
        self._known_batches = known_batches
        self._thread = ThreadPoolExecutor(1, "journal")
        self._pending: dict[str, JournalBatch] = {}
        """By sleeper."""
        self._in_progress: dict[str, JournalBatch] = {}
        self._topics: tuple[str, ...] | None = None
        self._task: asyncio.Task[None] | None = None
        self._fault: DiskFault | None = None
        self._detail: str | None = None
        self._lost = 0
        self._seen_notices = len(journal.notices)
        self.upkeep_problem = ""
        """Why the journal is not kept within its limits or backed up; empty where it is."""
        self._upkeep = asyncio.Lock()
        self._closing = asyncio.Event()
        self._failed = asyncio.Event()
        """Set while it is known that nothing is recorded."""

    @property
    def status(self) -> RecordingStatus:
        """Whether what happens is recorded."""
        if self._fault is None:
            return RecordingStatus(lost=self._lost)
        pending = sum(
            len(batch.events)
            for batches in (self._pending, self._in_progress)
            for batch in batches.values()
        )
        return RecordingStatus(
            healthy=False, fault=self._fault, detail=self._detail, pending=pending, lost=self._lost
        )

    async def write(self, *batches: JournalBatch) -> None:
        """Return when some batches are in the journal, or when they wait as nothing is recorded.

        They are written together, with one fsync. Raises JournalError where trying again would not
        help.
        """
        self._add_pending(batches)
        await self._wait_written()

    async def write_topics(self, topics: Iterable[str]) -> None:
        """Replace the list of retained topics, now or as soon as possible."""
        self._topics = tuple(topics)
        await self._wait_written()

    def pending_nights(self, sleeper: str) -> list[Night]:
        """Return the finished nights of a sleeper that are not in the journal yet."""
        batches = (
            batches[sleeper] for batches in (self._in_progress, self._pending) if sleeper in batches
        )
        return list({night.date: night for batch in batches for night in batch.nights}.values())

    @contextlib.asynccontextmanager
    async def without_upkeep(self) -> AsyncIterator[None]:
        """Begin no upkeep while the context is entered; one that is under way ends before."""
        async with self._upkeep:
            yield

    async def run_upkeep(self, today: date, limits: RetentionLimits) -> bool:
        """Keep the journal within its limits and back it up; return whether nothing failed.

        Logs what was dropped and, once, what failed.
        """
        try:
            async with self._upkeep:
                done = await asyncio.to_thread(run_upkeep, self._journal, today, limits)
        except JournalError as error:
            done = UpkeepResult((), f"the journal could not be maintained: {error}")
        for night in done.dropped:
            LOG.warning(
                "journal limits reached: the events of %s were deleted; its measures stay", night
            )
        problem = done.problem or ""
        before = self.upkeep_problem
        self.upkeep_problem = problem
        if problem and problem != before:
            LOG.error("%s", problem)
        return not problem

    async def close(self) -> None:
        """Write what is pending if the disk accepts it, and log what is lost."""
        self._closing.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=CLOSE_TIMEOUT_S)
            self._task.cancel()
        if pending := self.status.pending:
            LOG.error(
                "stopped with %d events that could not be written; they become a gap", pending
            )
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _wait_written(self) -> None:
        """Wait until everything is written, or until it is known that it cannot be."""
        if self._task is not None and self._task.done():
            self._task.result()
            self._task = None
        if self._task is None:
            self._task = asyncio.create_task(self._write_pending())
        if self._fault is None:
            failed = asyncio.ensure_future(self._failed.wait())
            await asyncio.wait(
                {self._task, failed}, timeout=SLOW_AFTER_S, return_when=asyncio.FIRST_COMPLETED
            )
            failed.cancel()
        if self._task.done():
            self._task.result()
        elif self._fault is None:
            detail = f"a write took more than {SLOW_AFTER_S:g} s; {REMEDIES[DiskFault.SLOW]}"
            self._set_fault(DiskFault.SLOW, detail)

    async def _write_pending(self) -> None:
        """Write until nothing is pending; try again while the disk fails."""
        while self._pending or self._topics is not None:
            self._in_progress = self._pending
            self._pending = {}
            topics = self._topics
            self._topics = None
            try:
                await asyncio.wrap_future(
                    self._thread.submit(
                        self._write_in_thread, tuple(self._in_progress.values()), topics
                    )
                )
            except JournalWriteError as error:
                self._put_back(topics)
                self._set_fault(error.fault, str(error))
                if self._closing.is_set():
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), RETRY_AFTER_S)
            else:
                self._in_progress = {}
                self._handle_notices()
        if self._fault is not None:
            LOG.warning("recording again: everything that was pending is in the journal")
        self._fault = None
        self._detail = None
        self._failed.clear()

    def _handle_notices(self) -> None:
        """After the journal was set aside, log it, and add everything known for the new one."""
        notices = self._journal.notices[self._seen_notices :]
        self._seen_notices += len(notices)
        for notice in notices:
            LOG.error("%s", notice)
        if notices:
            self._add_pending(self._known_batches())

    def _write_in_thread(
        self, batches: tuple[JournalBatch, ...], topics: tuple[str, ...] | None
    ) -> None:
        if batches:
            self._journal.write(batches)
        if topics is not None:
            self._journal.save_topics(topics)

    def _put_back(self, topics: tuple[str, ...] | None) -> None:
        """Make pending again what was not written, before what was added meanwhile."""
        later = self._pending
        self._pending = self._in_progress
        self._in_progress = {}
        self._add_pending(later.values())
        self._topics = topics if self._topics is None else self._topics

    def _set_fault(self, fault: DiskFault, detail: str) -> None:
        if fault is not self._fault:
            LOG.error("NOT RECORDING: %s", detail)
        self._fault = fault
        self._detail = detail
        self._failed.set()

    def _add_pending(self, batches: Iterable[JournalBatch]) -> None:
        """Add batches; the oldest events are lost where there are more than fit in memory."""
        for batch in batches:
            before = self._pending.get(batch.sleeper)
            self._pending[batch.sleeper] = batch if before is None else before.merged_with(batch)
        while (surplus := self._count_pending() - MAX_PENDING_EVENTS) > 0:
            self._lose_oldest(surplus)

    def _count_pending(self) -> int:
        return sum(len(batch.events) for batch in self._pending.values())

    def _lose_oldest(self, surplus: int) -> None:
        """Drop up to `surplus` of the oldest events of the sleeper with the most of them."""
        if not self._lost:
            LOG.error(
                "more than %d events could not be written: the oldest are lost", MAX_PENDING_EVENTS
            )
        batch = max(self._pending.values(), key=lambda batch: len(batch.events))
        lost = batch.events[:surplus]
        self._lost += len({event_id(event) for _, event in lost})
        self._pending[batch.sleeper] = replace(batch, events=batch.events[len(lost) :])
