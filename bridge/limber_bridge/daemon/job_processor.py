"""Takes jobs from the queue and processes one at a time, each to its end."""

import logging
from typing import Final

from limber_bridge.daemon.arrival_processor import ArrivalProcessor
from limber_bridge.daemon.failure_log import is_cancelled
from limber_bridge.daemon.import_inbox import ImportProcessor
from limber_bridge.daemon.job_queue import (
    ChangeReceived,
    ConfigChanged,
    Job,
    JobQueue,
    OrderReceived,
    PageRequest,
    Tick,
)
from limber_bridge.daemon.publisher import Republisher
from limber_bridge.daemon.requests import DetectionFailedError, RequestHandler
from limber_bridge.daemon.tick_processor import TickProcessor
from limber_bridge.sources.source_api import Ended, FrameError, Resent, Samples

LOG: Final = logging.getLogger(__name__)


class JobProcessor:
    """Run the detection.

    What cannot be handled ends the process. The service manager starts it again, and the journal
    says where to continue. The error of a request goes to the client that sent it.
    """

    def __init__(
        self,
        jobs: JobQueue,
        arrivals: ArrivalProcessor,
        ticks: TickProcessor,
        requests: RequestHandler,
        republisher: Republisher,
        imports: ImportProcessor,
    ) -> None:
        """Start; nothing is processed before `run`."""
        self._jobs = jobs
        self._arrivals = arrivals
        self._ticks = ticks
        self._requests = requests
        self._republisher = republisher
        self._imports = imports

    async def run(self) -> None:
        """Process jobs until cancelled."""
        await self._ticks.process_start()
        while True:
            job = await self._jobs.next()
            if self._jobs.take_republish_request():
                await self._republisher.publish_all()
            await self._process(job)

    async def _process(self, job: Job) -> None:
        match job:
            case Tick():
                await self._ticks.process_tick()
                await self._arrivals.process_tick()
            case ChangeReceived() | PageRequest():
                await self._answer(job)
            case ConfigChanged(follow=follow, done=done):
                await follow()
                if not done.done():
                    done.set_result(None)
            case OrderReceived(path=path):
                await self._imports.process(path)
            case Samples() | FrameError() | Resent() | Ended():
                # The arrivals behind it come along, so that all wait for the disk once.
                await self._arrivals.process(self._jobs.with_following_arrivals(job))

    async def _answer(self, asked: ChangeReceived | PageRequest) -> None:
        """Answer a request, unless nothing waits for the answer any more."""
        if asked.answer.done():
            return
        try:
            answer = await self._requests.answer(asked.request)
        except DetectionFailedError:
            # As in a tick: after a new start, the journal says what has to be done again.
            raise
        except Exception as error:
            # The detection goes on after a request that cannot be answered, as it does after an
            # import that fails. The client gets the error.
            if is_cancelled():
                raise
            if asked.answer.done():
                LOG.exception("a request failed after its client stopped waiting; please report it")
            else:
                asked.answer.set_exception(error)
            return
        if not asked.answer.done():
            asked.answer.set_result(answer)
