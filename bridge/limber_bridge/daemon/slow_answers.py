"""The answers that take seconds: what helps, and reports. Each is computed in a thread."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from limber_bridge.config.model import Config
from limber_bridge.daemon.report_store import ReportStore, StoredReport
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.offline.effects import EffectsCache
from limber_bridge.offline.report.facts import DateRange, NoNightError
from limber_bridge.offline.report.files import MissingPackageError
from limber_bridge.offline.report.render import ReportOrder, render_report
from limber_bridge.protocol.effect_messages import EffectsRequest
from limber_bridge.protocol.messages import Refusal, Response
from limber_bridge.protocol.page_encoding import effects_response, report_response
from limber_bridge.protocol.report_messages import ReportRequest
from limber_bridge.storage.journal_reader import open_journal_reader

SLOW_TIMEOUT_S: Final = 60.0
"""Time that such an answer may take. Chosen: a small computer typesets a report in some seconds,
and compares a year of nights in half a minute."""
TOO_SLOW: Final = "too_slow"
"""Error of a request whose answer takes longer."""


class SlowAnswers:
    """Answer the requests that take seconds.

    What takes too long goes on, and is remembered for those who ask again.
    """

    def __init__(self, config: Config, now: Callable[[], int]) -> None:
        """Start; `now` returns UTC in us."""
        self._config = config
        self._now = now
        self._effects = EffectsCache()
        self._reports = ReportStore(time.monotonic)

    async def answer(
        self, monitor: SleeperMonitor, request: EffectsRequest | ReportRequest, page_bytes: int
    ) -> Response:
        """Return the answer to a request; JournalError."""
        try:
            async with asyncio.timeout(SLOW_TIMEOUT_S):
                match request:
                    case EffectsRequest():
                        return await self._effects_answer(monitor, request, page_bytes)
                    case ReportRequest():
                        return await self._report_answer(monitor, request, page_bytes)
        except TimeoutError:
            text = f"this took more than {SLOW_TIMEOUT_S:g} s and goes on; ask again in a minute"
            return Refusal(id=request.id, error=TOO_SLOW, message=text)

    async def _effects_answer(
        self, monitor: SleeperMonitor, request: EffectsRequest, page_bytes: int
    ) -> Response:
        """Return how nights with and without each factor differ, as far as it fits."""
        latest = monitor.latest_night(self._now())
        found = await asyncio.to_thread(self._effects.read, self._config, monitor.id, latest)
        return effects_response(request, found.effects, found.nights, page_bytes)

    async def _report_answer(
        self, monitor: SleeperMonitor, request: ReportRequest, page_bytes: int
    ) -> Response:
        """Return a part of a report, which is made with the first part."""
        if request.report is not None:
            stored = self._reports.find(monitor.id, request.report)
            if stored is None:
                text = "this report is not held any more; request it again, without `report`"
                return Refusal(id=request.id, error="unknown_report", message=text)
            return as_response(request, stored, page_bytes)
        try:
            made = await asyncio.to_thread(self._make, monitor, request)
        except NoNightError as error:
            return Refusal(id=request.id, error="no_nights", message=str(error))
        except MissingPackageError as error:
            return Refusal(id=request.id, error="report_unavailable", message=str(error))
        return as_response(request, made, page_bytes)

    def _make(self, monitor: SleeperMonitor, request: ReportRequest) -> StoredReport:
        order = ReportOrder(
            range=DateRange(request.nights, request.first, request.last),
            kind=request.kind,
            language=request.language,
            paper=request.paper,
        )
        with open_journal_reader(self._config.journal) as record:
            key = (order, record.history_mark(monitor.id))
        return self._reports.get(
            monitor.id, key, lambda: render_report(self._config, monitor.sleeper, order)
        )


def as_response(request: ReportRequest, stored: StoredReport, page_bytes: int) -> Response:
    """Return the part of a report that a request asks for."""
    report = stored.report
    return report_response(
        request,
        stored.id,
        (report.file_name, report.media_type),
        report.content,
        page_bytes,
    )
