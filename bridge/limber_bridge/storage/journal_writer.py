"""Writes to the journal, and holds what the disk does not take.

Law: what is handed over is in the journal when `keep` returns, or it is said that nothing is
recorded. A disk that is full, read-only or slow stops neither the detection nor what is told live;
what it did not take waits in memory, bounded, and is written as soon as it can be.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from limber_bridge.detection.events import event_id
from limber_bridge.domain.nights import Night
from limber_bridge.domain.retention import RetentionLimits
from limber_bridge.storage.journal import Journal, Upkeep
from limber_bridge.storage.journal_reader import JournalError, UnwritableError
from limber_bridge.storage.schema import JournalBatch
from limber_bridge.storage.sqlite import REMEDIES, DiskFault

LOG: Final = logging.getLogger(__name__)

SLOW: Final = 2.0
"""s that a disk may take before those who wait go on without it: an event is to be told within a
second or two [D]."""
AGAIN: Final = 2.0
"""s until a disk that refused is tried again."""
HELD: Final = 50_000
"""Events that are held at the most, of all sleepers together: a week or two of one, some 50 MB."""
PARTING: Final = 5.0
"""s that the disk gets to take the last of it when the bridge is stopped."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Whether what happens is kept."""

    well: bool = True
    reason: DiskFault | None = None
    """Why not."""
    detail: str | None = None
    """The same for a person, with what to do."""
    held: int = 0
    """Events that wait in memory."""
    lost: int = 0
    """Events that are in no journal, as more waited than can be held."""


class JournalWriter:
    """The one that writes. To be used from one event loop only."""

    def __init__(
        self, journal: Journal, everything: Callable[[], Iterable[JournalBatch]] = tuple
    ) -> None:
        """Start with nothing waiting.

        `everything` returns all that is in memory: it is written once more where a damaged journal
        was set aside at runtime.
        """
        self._journal = journal
        self._everything = everything
        self._thread = ThreadPoolExecutor(1, "journal")
        self._held: dict[str, JournalBatch] = {}
        self._flying: dict[str, JournalBatch] = {}
        self._topics: tuple[str, ...] | None = None
        self._task: asyncio.Task[None] | None = None
        self._trouble: DiskFault | None = None
        self._detail: str | None = None
        self._lost = 0
        self._noticed = len(journal.notices)
        self._upkeep_failed = ""
        self._leaving = asyncio.Event()
        self._told = asyncio.Event()
        """It is known that nothing is recorded."""

    @property
    def now(self) -> Recording:
        """Whether what happens is kept."""
        if self._trouble is None:
            return Recording(lost=self._lost)
        held = sum(
            len(page.events) for pages in (self._held, self._flying) for page in pages.values()
        )
        return Recording(
            well=False, reason=self._trouble, detail=self._detail, held=held, lost=self._lost
        )

    async def keep(self, *pages: JournalBatch) -> None:
        """Return when some pages are in the journal, or when nothing is recorded and they are held.

        They are written with one wait for the disk. Raises JournalError where no waiting would
        help.
        """
        self._hold(pages)
        await self._written()

    async def keep_topics(self, topics: Iterable[str]) -> None:
        """Note which retained topics are ours, now or as soon as it can be."""
        self._topics = tuple(topics)
        await self._written()

    def nights(self, sleeper: str) -> list[Night]:
        """Return the finished nights of a sleeper that are not in the journal yet."""
        pages = (pages[sleeper] for pages in (self._flying, self._held) if sleeper in pages)
        return list({night.date: night for page in pages for night in page.nights}.values())

    async def upkeep(self, today: date, limits: RetentionLimits) -> bool:
        """Keep the journal within its limits and make the backup of a day; say what was dropped
        and, once, what failed.

        Return whether nothing failed.
        """
        try:
            done = await asyncio.to_thread(self._journal.upkeep, today, limits)
        except JournalError as error:
            done = Upkeep((), f"no upkeep of the journal: {error}")
        for night in done.dropped:
            LOG.warning(
                "the journal is at its limits: the events of %s were dropped, its figures stay",
                night,
            )
        problem = done.problem or ""
        before = self._upkeep_failed
        self._upkeep_failed = problem
        if problem and problem != before:
            LOG.error("%s", problem)
        return not problem

    async def close(self) -> None:
        """Give the disk a last chance, then say what is lost."""
        self._leaving.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=PARTING)
            self._task.cancel()
        if held := self.now.held:
            LOG.error(
                "stopped with %d events that the disk did not take; they will be missing, as a gap",
                held,
            )
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _written(self) -> None:
        """Wait until everything is written, or it is known that it cannot be."""
        if self._task is not None and self._task.done():
            self._task.result()
            self._task = None
        if self._task is None:
            self._task = asyncio.create_task(self._write())
        if self._trouble is None:
            told = asyncio.ensure_future(self._told.wait())
            await asyncio.wait(
                {self._task, told}, timeout=SLOW, return_when=asyncio.FIRST_COMPLETED
            )
            told.cancel()
        if self._task.done():
            self._task.result()
        elif self._trouble is None:
            self._refused(
                DiskFault.SLOW, f"the disk took more than {SLOW:g} s; {REMEDIES[DiskFault.SLOW]}"
            )

    async def _write(self) -> None:
        """Write until nothing is held; a disk that refuses is tried again and again."""
        while self._held or self._topics is not None:
            self._flying = self._held
            self._held = {}
            topics = self._topics
            self._topics = None
            try:
                work = self._thread.submit(self._put, tuple(self._flying.values()), topics)
                await asyncio.wrap_future(work)
            except UnwritableError as error:
                self._back(topics)
                self._refused(error.reason, str(error))
                if self._leaving.is_set():
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._leaving.wait(), AGAIN)
            else:
                self._flying = {}
                self._notice()
        if self._trouble is not None:
            LOG.warning("recording again; what had to wait is in the journal")
        self._trouble = self._detail = None
        self._told.clear()

    def _notice(self) -> None:
        """Where the journal was set aside meanwhile, say so, and hold all that is known for the new
        one.
        """
        notices = self._journal.notices[self._noticed :]
        self._noticed += len(notices)
        for notice in notices:
            LOG.error("%s", notice)
        if notices:
            self._hold(self._everything())

    def _put(self, pages: tuple[JournalBatch, ...], topics: tuple[str, ...] | None) -> None:
        if pages:
            self._journal.write(pages)
        if topics is not None:
            self._journal.keep_topics(topics)

    def _back(self, topics: tuple[str, ...] | None) -> None:
        """Hold again what was not taken, before what came meanwhile."""
        later = self._held
        self._held = self._flying
        self._flying = {}
        self._hold(later.values())
        self._topics = topics if self._topics is None else self._topics

    def _refused(self, reason: DiskFault, detail: str) -> None:
        if reason is not self._trouble:
            LOG.error("NOT RECORDING: %s", detail)
        self._trouble = reason
        self._detail = detail
        self._told.set()

    def _hold(self, pages: Iterable[JournalBatch]) -> None:
        """Hold pages behind what is held, the oldest events left out where they are too many."""
        for page in pages:
            held = self._held.get(page.sleeper)
            self._held[page.sleeper] = page if held is None else held.joined(page)
        while (over := sum(len(page.events) for page in self._held.values()) - HELD) > 0:
            self._lose(max(self._held.values(), key=lambda page: len(page.events)), over)

    def _lose(self, page: JournalBatch, over: int) -> None:
        """Leave out so many of the oldest events of a page, as far as it has them."""
        if not self._lost:
            LOG.error("more than %d events wait for the disk: the oldest are lost", HELD)
        lost = page.events[:over]
        self._lost += len({event_id(event) for _, event in lost})
        self._held[page.sleeper] = replace(page, events=page.events[len(lost) :])
