"""The jobs that wait for the detection, in order."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from limber_bridge.protocol.messages import Response
from limber_bridge.protocol.request_messages import ChangeRequest, ReadRequest
from limber_bridge.sources.source_api import Ended, FrameError, Resent, Samples, SourceEvent

MAX_JOBS: Final = 1000
"""Jobs that may wait; everything else waits for room. Chosen: some seconds
of the samples of a hundred sensors."""
MAX_BATCH_ARRIVALS: Final = 256
"""Arrivals that are processed together, with one wait for the disk. Chosen: enough that a slow
disk keeps up, few enough that live events are not delayed."""

TICK_INTERVAL_S: Final = 1.0
"""Time between two ticks. Chosen: nothing that a person sees may be later by more."""


@dataclass(frozen=True, slots=True)
class ChangeReceived:
    """A request that changes something, of which there is one at a time."""

    request: ChangeRequest
    answer: asyncio.Future[Response]
    """Receives the answer."""


@dataclass(frozen=True, slots=True, eq=False)
class PageRequest:
    """A request of a web page."""

    request: ReadRequest | ChangeRequest
    answer: asyncio.Future[Response]
    """Gets the answer, unless it was cancelled before."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A second has passed."""


@dataclass(frozen=True, slots=True)
class OrderReceived:
    """An order of `limber import` in its folder."""

    path: Path


@dataclass(frozen=True, slots=True, eq=False)
class ConfigChanged:
    """A configuration to follow from here on: what was queued before belongs to the old one."""

    follow: Callable[[], Awaitable[None]]
    """Makes the sleepers and their sensors those of the configuration."""
    done: asyncio.Future[None]
    """Done after that."""


type Job = SourceEvent | ChangeReceived | PageRequest | OrderReceived | Tick | ConfigChanged


class JobQueue:
    """Hold jobs in order of arrival, and whether all retained messages have to be published."""

    def __init__(self) -> None:
        """Start empty."""
        self._queue: asyncio.Queue[Job] = asyncio.Queue(MAX_JOBS)
        self._next: Job | None = None
        self._idle = asyncio.Event()
        """Set while the detection waits for a job."""
        self.republish_requested = False
        """Whether everything retained is to be published before the next job."""

    async def put(self, job: Job) -> None:
        """Add a job, after waiting for room."""
        await self._queue.put(job)

    def offer(self, job: Job) -> bool:
        """Add a job if there is room; return whether there was."""
        if self._queue.full():
            return False
        self._queue.put_nowait(job)
        return True

    async def tick(self) -> None:
        """Add a tick every second, until cancelled."""
        while True:
            await asyncio.sleep(TICK_INTERVAL_S)
            await self.put(Tick())

    def waiting(self) -> int:
        """Return how many jobs wait."""
        return self._queue.qsize()

    def is_busy(self) -> bool:
        """Return whether at least half of the places are taken: samples may soon be delayed."""
        return self.waiting() >= MAX_JOBS // 2

    def request_republish(self) -> None:
        """Have everything retained published before the next job.

        Only the task that processes jobs publishes state, as nothing else may use the journal then.
        """
        self.republish_requested = True
        # If the queue is full there is a next job anyway.
        self.offer(Tick())

    def take_republish_request(self) -> bool:
        """Return whether everything retained is to be published now, and reset the request."""
        requested = self.republish_requested
        self.republish_requested = False
        return requested

    async def next(self) -> Job:
        """Wait for the next job."""
        job = self._next
        self._next = None
        if job is None:
            if self._queue.empty():
                self._idle.set()
            job = await self._queue.get()
        self._idle.clear()
        return job

    async def wait_idle(self, timeout_s: float) -> None:
        """Wait until no job waits or is processed, but not longer than this."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), timeout_s)

    def with_following_arrivals(self, arrival: SourceEvent) -> Iterator[SourceEvent]:
        """Yield an arrival and the arrivals that wait right behind it."""
        yield arrival
        for _ in range(MAX_BATCH_ARRIVALS - 1):
            if self._next is None and not self._queue.empty():
                self._next = self._queue.get_nowait()
            if not isinstance(self._next, Samples | FrameError | Resent | Ended):
                return
            following = self._next
            self._next = None
            yield following
