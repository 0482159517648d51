"""Receives requests and has them answered, few at a time and behind samples.

No request delays the detection: what only reads the journal is answered beside it, and what changes
something is done while no sample waits.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.daemon import broker_problems as problems
from limber_bridge.daemon.job_queue import ChangeReceived, JobQueue
from limber_bridge.daemon.log_throttle import LogThrottle
from limber_bridge.daemon.mqtt_client import MqttClient
from limber_bridge.daemon.mqtt_events import Delivery
from limber_bridge.daemon.request_failures import RequestFailures
from limber_bridge.daemon.request_queue import (
    PATIENCE_US,
    Outcome,
    RequestQueue,
    WaitingRequest,
)
from limber_bridge.daemon.requests import JOURNAL_UNREADABLE, RequestHandler
from limber_bridge.protocol.effect_messages import EffectsRequest
from limber_bridge.protocol.encoding import MalformedMessageError, Topics, encode, parse_request
from limber_bridge.protocol.messages import Refusal, Response
from limber_bridge.protocol.report_messages import ReportRequest
from limber_bridge.protocol.request_messages import (
    READ_REQUESTS,
    ReadRequest,
    RelayRequest,
    Request,
)
from limber_bridge.protocol.trend_messages import TrendRequest

MAX_WAIT_FOR_SAMPLES_S: Final = 1.0
"""Time that a request waits for the detection to have nothing to do. Chosen: under a load that
never ends, one request a second is answered all the same."""
MAX_REST_S: Final = 0.25
"""Longest pause after an answer. Chosen: see `RequestWorker.run`."""
SMALLEST_PAGE_BYTES: Final = 300
"""Below this, a page holds one night or event, as every page holds one."""
SLOW_PATIENCE_US: Final = 60_000_000
"""Time after which a request is dropped that waits for slow answers before it. Chosen: as long as
one of these may take; clients wait longer for them."""
TOO_LARGE: Final = "too_large"
"""Error of a request whose answer the broker does not accept in any size."""


@dataclass(frozen=True, slots=True)
class AnsweringParts:
    """What a worker needs to answer requests."""

    jobs: JobQueue
    handler: RequestHandler
    mqtt: MqttClient
    log: LogThrottle
    failures: RequestFailures


class RequestWorker:
    """Answer requests, one at a time."""

    def __init__(self, parts: AnsweringParts, patience_us: int = PATIENCE_US) -> None:
        """Start; nothing is answered before `run`, nor what has waited for `patience_us`."""
        self._queue = RequestQueue(patience_us)
        self._arrival = asyncio.Event()
        self._jobs = parts.jobs
        self._handler = parts.handler
        self._mqtt = parts.mqtt
        self._log = parts.log
        self._failures = parts.failures

    def add(self, request: WaitingRequest) -> Outcome:
        """Let a request wait for its answer; return what became of it."""
        self._arrival.set()
        return self._queue.offer(request)

    def waiting(self) -> int:
        """Return how many requests wait."""
        return len(self._queue)

    async def run(self, steady: Callable[[], int]) -> None:
        """Answer requests until cancelled; `steady` returns the steady clock in us.

        The worker rests after each answer for as long as it took: so a client that asks without end
        takes half of a processor core at most, and requests that wait meanwhile are merged.
        """
        while True:
            await self._arrival.wait()
            request = self._queue.take(steady())
            if request is None:
                self._arrival.clear()
                continue
            await self._jobs.wait_idle(MAX_WAIT_FOR_SAMPLES_S)
            began = time.monotonic()
            await self._respond_or_refuse(request)
            await asyncio.sleep(min(time.monotonic() - began, MAX_REST_S))

    async def _respond_or_refuse(self, waiting: WaitingRequest) -> None:
        """Answer one request; refuse it if that fails."""
        try:
            await self._respond(waiting)
        except Exception as error:  # noqa: BLE001 - one request must not prevent others
            # Not every request can be foreseen: an unexpected error would end the bridge for all
            # sleepers, and again each time the request is repeated.
            refusal = self._failures.refuse(waiting.request, error)
            for id_ in waiting.ids or (None,):
                payload = encode(replace(refusal, id=id_))
                self._mqtt.publish(waiting.reply_to, payload, retain=False)

    async def _respond(self, waiting: WaitingRequest) -> None:
        """Answer one request."""
        request = waiting.request
        if isinstance(request, READ_REQUESTS):
            await self._respond_in_pages(waiting, request)
            return
        if isinstance(request, Refusal):
            answer: Response = request
        elif isinstance(request, RelayRequest):
            raise TypeError("relayed samples do not wait")
        else:
            change = ChangeReceived(request, asyncio.get_running_loop().create_future())
            await self._jobs.put(change)
            answer = await change.answer
        self._log_unreadable(answer)
        self._mqtt.publish(waiting.reply_to, encode(answer), retain=False)

    async def _respond_in_pages(self, waiting: WaitingRequest, request: ReadRequest) -> None:
        """Answer with a page that the broker accepts: with a smaller one if it does not."""
        page_bytes = self._mqtt.page_bytes
        while True:
            answer = await self._handler.answer(request, page_bytes)
            self._log_unreadable(answer)
            if await self._deliver(waiting, answer) is not Delivery.TOO_LARGE:
                return
            size = len(encode(answer))
            if page_bytes < SMALLEST_PAGE_BYTES:
                break
            page_bytes = min(page_bytes, size) // 2
        text = problems.answer_too_large(size)
        await self._deliver(waiting, Refusal(id=request.id, error=TOO_LARGE, message=text))

    async def _deliver(self, waiting: WaitingRequest, answer: Response) -> Delivery:
        """Publish an answer for each of the ids that wait for it, until one is too large."""
        for id_ in reversed(waiting.ids):
            payload = encode(replace(answer, id=id_))
            delivered = await self._mqtt.deliver(waiting.reply_to, payload)
            if delivered is not Delivery.ACCEPTED:
                return delivered
        return Delivery.ACCEPTED

    def _log_unreadable(self, answer: Response) -> None:
        if isinstance(answer, Refusal) and answer.error == JOURNAL_UNREADABLE:
            self._log.warn(None, JOURNAL_UNREADABLE, answer.message)


class RequestWorkers:
    """Answer requests in several lines, so that a slow answer delays only those behind it.

    New reports, what helps, and trends each have a line of their own; one has everything else.
    """

    def __init__(self, parts: AnsweringParts) -> None:
        """Start; nothing is answered before `run`."""
        self._quick = RequestWorker(parts)
        self._trends = RequestWorker(parts, SLOW_PATIENCE_US)
        self._effects = RequestWorker(parts, SLOW_PATIENCE_US)
        self._reports = RequestWorker(parts, SLOW_PATIENCE_US)
        self._lines = (self._quick, self._trends, self._effects, self._reports)

    def add(self, request: WaitingRequest) -> Outcome:
        """Let a request wait for its answer; return what became of it."""
        return self._line_of(request.request).add(request)

    def waiting(self) -> int:
        """Return how many requests wait."""
        return sum(line.waiting() for line in self._lines)

    async def run(self, steady: Callable[[], int]) -> None:
        """Answer requests until cancelled; `steady` returns the steady clock in us."""
        async with asyncio.TaskGroup() as group:
            for line in self._lines:
                group.create_task(line.run(steady))

    def _line_of(self, request: Request | Refusal) -> RequestWorker:
        match request:
            case ReportRequest(report=None):
                return self._reports
            case TrendRequest():
                return self._trends
            case EffectsRequest():
                return self._effects
            case _:
                return self._quick


class RequestReceiver:
    """Parse requests as they arrive, and let them wait for their answer."""

    def __init__(self, worker: RequestWorkers, parts: AnsweringParts) -> None:
        """Start."""
        self._worker = worker
        self._handler = parts.handler
        self._mqtt = parts.mqtt
        self._log = parts.log
        self._failures = parts.failures

    def receive(self, payload: bytes, arrived: int, topics: Topics) -> None:
        """Queue a request, received at `arrived` (us on the steady clock); relayed samples pass."""
        try:
            reply_to, request = parse_request(payload, topics)
        except MalformedMessageError as error:
            self._log.warn(None, "malformed request", str(error))
            return
        if isinstance(request, RelayRequest):
            # These are samples, so they do not wait behind requests.
            answer = self._relay_or_refuse(request, arrived)
            self._mqtt.publish(reply_to, encode(answer), retain=False)
            return
        ids = () if request.id is None else (request.id,)
        outcome = self._worker.add(WaitingRequest(reply_to, request, arrived, ids))
        if outcome is Outcome.SURPLUS:
            self._log.warn(
                None,
                "requests",
                "more requests arrive than can be answered, and some were dropped; look for a "
                f"client that sends too many (the last one: {reply_to})",
            )

    def _relay_or_refuse(self, request: RelayRequest, arrived: int) -> Response:
        """Pass on what a client relays; refuse it if that fails."""
        try:
            return self._handler.answer_relay(request, arrived)
        except Exception as error:  # noqa: BLE001 - without a response, the client would wait
            return self._failures.refuse(request, error)
