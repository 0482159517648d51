"""Takes jobs from the queue and processes one at a time, each to its end."""

from limber_bridge.daemon.arrival_processor import ArrivalProcessor
from limber_bridge.daemon.import_inbox import ImportProcessor
from limber_bridge.daemon.job_queue import JobQueue, OrderReceived, RequestReceived, Tick
from limber_bridge.daemon.publisher import Republisher
from limber_bridge.daemon.requests import RequestResponder
from limber_bridge.daemon.tick_processor import TickProcessor
from limber_bridge.sources.source_api import Ended, FrameError, Resent, Samples


class JobProcessor:
    """Run the detection.

    What cannot be handled ends the process. The service manager starts it again, and the journal
    says where to continue.
    """

    def __init__(
        self,
        jobs: JobQueue,
        arrivals: ArrivalProcessor,
        ticks: TickProcessor,
        responder: RequestResponder,
        republisher: Republisher,
        imports: ImportProcessor,
    ) -> None:
        """Start; nothing is processed before `run`."""
        self._jobs = jobs
        self._arrivals = arrivals
        self._ticks = ticks
        self._responder = responder
        self._republisher = republisher
        self._imports = imports

    async def run(self) -> None:
        """Process jobs until cancelled."""
        await self._ticks.process_start()
        while True:
            job = await self._jobs.next()
            if self._jobs.take_republish_request():
                await self._republisher.publish_all()
            match job:
                case Tick():
                    await self._ticks.process_tick()
                case RequestReceived(payload=payload, arrived=arrived):
                    await self._responder.respond(payload, arrived)
                case OrderReceived(path=path):
                    await self._imports.process(path)
                case Samples() | FrameError() | Resent() | Ended():
                    # The arrivals behind it come along, so that all wait for the disk once.
                    await self._arrivals.process(self._jobs.with_following_arrivals(job))
