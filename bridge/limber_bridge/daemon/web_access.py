"""What the web pages may use of a running bridge."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.daemon.deleter import Deleter
from limber_bridge.daemon.job_queue import JobQueue, PageRequest
from limber_bridge.daemon.live_view import LiveView
from limber_bridge.protocol.health_messages import HealthReport
from limber_bridge.protocol.messages import Refusal, Response
from limber_bridge.protocol.request_messages import ChangeRequest, ReadRequest
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.inbox import Inbox
from limber_bridge.sources.network_scan import HeardSensors

ANSWER_TIMEOUT_S: Final = 10.0
"""Time after which a request of a page is given up; chosen: as clients of the broker do."""


class PageRequests:
    """Pass requests of the pages to the task that answers those of the broker."""

    def __init__(self, jobs: JobQueue) -> None:
        """Start; `jobs` are those of the task that answers."""
        self._jobs = jobs

    async def ask(self, request: ReadRequest | ChangeRequest) -> Response:
        """Return the answer to a request, or why it is refused.

        Requests of pages and of the broker are answered one after another, so that both change the
        same record.
        """
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        if not self._jobs.offer(PageRequest(request, answer)):
            return Refusal(
                id=request.id, error="overloaded", message="the bridge is busy; try again later"
            )
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await answer
        except TimeoutError:
            return Refusal(
                id=request.id,
                error="overloaded",
                message=f"the bridge did not answer within {ANSWER_TIMEOUT_S:g} s; try again later",
            )


@dataclass(frozen=True, slots=True)
class BridgeAccess:
    """The parts of a running bridge that the web server uses."""

    config: Config
    report: Callable[[], HealthReport]
    """Returns the health of the bridge."""
    requests: PageRequests
    deleter: Deleter
    """Deletes nights for good."""
    inbox: Inbox
    """Takes what phones post."""
    host_clock: HostClock
    live: LiveView
    """The signals of the sensors, for those who watch them."""
    unknown: HeardSensors
    """Sensors that send frames and are not configured."""
