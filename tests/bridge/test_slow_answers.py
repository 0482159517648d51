"""What takes seconds: what helps, and reports. It delays neither samples nor other requests."""

import asyncio
import base64
import csv
import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import free_port
from limber_bridge.daemon.job_queue import JobQueue
from limber_bridge.daemon.log_throttle import LogThrottle
from limber_bridge.daemon.mqtt_events import Delivery
from limber_bridge.daemon.report_store import KEPT_S, MAX_REPORTS, ReportStore
from limber_bridge.daemon.request_failures import RequestFailures
from limber_bridge.daemon.request_queue import WaitingRequest
from limber_bridge.daemon.request_worker import AnsweringParts, RequestWorkers
from limber_bridge.detection.events import Factor, FactorKind
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.diary import DiaryEntry
from limber_bridge.offline import effects
from limber_bridge.offline.report import files
from limber_bridge.offline.report.render import RenderedReport
from limber_bridge.protocol.effect_messages import EffectsRequest, EffectsResponse
from limber_bridge.protocol.messages import DoneResponse, Refusal
from limber_bridge.protocol.page_encoding import MIN_PART_BYTES
from limber_bridge.protocol.report_messages import ReportRequest, ReportResponse
from limber_bridge.protocol.request_messages import EventsRequest, NightsRequest, ReadRequest
from limber_bridge.protocol.trend_messages import TrendRequest
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import local, night
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, EVENT, STATE, listen_on, online
from tests.bridge.test_diary import DiaryBridge
from tests.bridge.test_request_queue import TOPICS, movements

pytestmark = pytest.mark.real_time

LAST = date(2026, 11, 22)
NIGHTS = 60


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[DiaryBridge]:
    with closing(DiaryBridge(tmp_path, local("2026-11-22T12:30"))) as started:
        fill(journal_of(started))
        yield started


def journal_of(bridge: DiaryBridge) -> Journal:
    assert bridge.journal is not None
    return bridge.journal


def fill(journal: Journal) -> None:
    """Write nights with fewer movements and better sleep after magnesium."""
    chosen = Random(5)  # noqa: S311 - the same nights in each run
    for back in range(NIGHTS):
        day = LAST - timedelta(days=back)
        taken = chosen.random() < 0.4
        found = night(day)
        index = (10.0 if taken else 30.0) + back % 3
        found = replace(found, measures=replace(found.measures, plm_index=index))
        at = local(f"{day - timedelta(days=1)}T21:00")
        factors = ((day, Factor(at, FactorKind.MAGNESIUM)),) if taken else ()
        entry = DiaryEntry(night=day, sleep_quality=8 if taken else 3 + back % 2)
        journal.write([JournalBatch("anna", events=factors, nights=(found,), diary=(entry,))])


def ask(bridge: DiaryBridge, request: ReadRequest, page_bytes: int = 32_000) -> Any:
    return asyncio.run(bridge.handler.answer(request, page_bytes))


EFFECTS = EffectsRequest(v=1, id="e", reply_to="x", sleeper="anna")


def report_request(**fields: Any) -> ReportRequest:
    return ReportRequest(v=1, id="r", reply_to="x", sleeper="anna", **fields)


def whole_report(bridge: DiaryBridge, page_bytes: int, **fields: Any) -> tuple[bytes, int]:
    """Return a report from its parts, and the number of parts."""
    part = ask(bridge, report_request(**fields), page_bytes)
    content = b""
    parts = 0
    while True:
        assert isinstance(part, ReportResponse), part
        content += part.report.data
        parts += 1
        if part.next is None:
            assert len(content) == part.report.size
            return content, parts
        following = report_request(report=part.report.id, after=part.next)
        part = ask(bridge, following, page_bytes)


def test_what_helps_is_found_in_measures_and_diary(bridge: DiaryBridge) -> None:
    answer = ask(bridge, EFFECTS)
    assert isinstance(answer, EffectsResponse)
    assert answer.nights == NIGHTS
    found = {one.outcome: one for one in answer.effects}
    assert {one.factor for one in answer.effects} == {"magnesium"}
    assert found["plm_index"].verdict == "lower"
    assert found["sleep_quality"].verdict == "higher"
    assert found["plm_index"].effect == round(found["plm_index"].effect or 0, 4)


def test_effects_are_remembered_until_the_journal_changes(
    bridge: DiaryBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = []
    find = effects.find_effects

    def counted(*arguments: Any) -> effects.Effects:
        computed.append(1)
        return find(*arguments)

    monkeypatch.setattr(effects, "find_effects", counted)
    first = ask(bridge, EFFECTS)
    assert ask(bridge, EFFECTS) == first
    # What is written every few seconds changes nothing that is compared.
    journal_of(bridge).append("anna", [], PipelineState({}))
    assert ask(bridge, EFFECTS) == first
    assert len(computed) == 1
    bridge.say(night=LAST, sleep_quality=0)
    assert ask(bridge, EFFECTS) != first
    assert len(computed) == 2


def test_every_change_of_what_is_compared_is_noticed(bridge: DiaryBridge) -> None:
    journal = journal_of(bridge)
    marks = {journal.history_mark("anna")}
    factor = Factor(local("2026-11-21T22:00"), FactorKind.WATER)
    for batch in (
        JournalBatch("anna", nights=(night(LAST, 2),)),
        JournalBatch("anna", events=((LAST, factor),)),
        JournalBatch("anna", events=((LAST, replace(factor, note="two glasses")),)),
        JournalBatch("anna", diary=(DiaryEntry(night=LAST, cramp=True),)),
        JournalBatch("anna", withdrawn=(f"factor-{factor.onset}-water",)),
    ):
        journal.write([batch])
        mark = journal.history_mark("anna")
        assert mark not in marks
        marks.add(mark)
    assert journal.history_mark("bert") not in marks


def test_as_many_factors_as_fit_are_returned(bridge: DiaryBridge) -> None:
    factor = Factor(local("2026-11-20T21:00"), FactorKind.ALCOHOL)
    journal_of(bridge).append("anna", [(date(2026, 11, 21), factor)], PipelineState({}))
    assert {one.factor for one in ask(bridge, EFFECTS).effects} == {"alcohol", "magnesium"}
    assert {one.factor for one in ask(bridge, EFFECTS, 500).effects} == {"magnesium"}


def test_without_nights_there_are_no_effects(tmp_path: Path) -> None:
    with closing(DiaryBridge(tmp_path, local("2026-11-22T12:30"))) as empty:
        answer = ask(empty, EFFECTS)
    assert (answer.effects, answer.nights) == ((), 0)


@pytest.mark.parametrize("page_bytes", [1, 5_000, 10**6])
def test_a_table_comes_in_parts_that_fit(bridge: DiaryBridge, page_bytes: int) -> None:
    content, parts = whole_report(bridge, page_bytes, kind="csv", nights=30)
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert len(rows) == 30
    assert rows[-1]["night"] == str(LAST)
    assert (parts > 1) == (page_bytes < len(content))


def test_a_report_is_a_pdf_with_the_name_of_its_last_night(bridge: DiaryBridge) -> None:
    pytest.importorskip("typst")
    content, parts = whole_report(bridge, 32_000, language="de", paper="letter")
    assert content.startswith(b"%PDF")
    assert parts > 1
    part = ask(bridge, report_request(first=LAST - timedelta(days=9), last=LAST))
    assert part.report.file_name == "limber-anna-2026-11-22.pdf"
    assert part.report.media_type == "application/pdf"


def test_the_smallest_part_has_some_bytes(bridge: DiaryBridge) -> None:
    part = ask(bridge, report_request(kind="csv"), 0)
    assert len(part.report.data) == part.next == MIN_PART_BYTES


def test_a_report_that_is_asked_for_again_is_made_once(bridge: DiaryBridge) -> None:
    first = ask(bridge, report_request(kind="csv"))
    assert ask(bridge, report_request(kind="csv")).report.id == first.report.id
    assert ask(bridge, report_request(kind="csv", nights=7)).report.id != first.report.id
    bridge.say(night=LAST, evening_symptoms=1)
    assert ask(bridge, report_request(kind="csv")).report.id != first.report.id


def test_a_report_that_is_gone_has_to_be_asked_for_again(bridge: DiaryBridge) -> None:
    first = ask(bridge, report_request(kind="csv"))
    assert isinstance(ask(bridge, report_request(report=first.report.id)), ReportResponse)
    refused = ask(bridge, report_request(report="0123"))
    assert isinstance(refused, Refusal)
    assert refused.error == "unknown_report"


def test_reports_are_held_for_minutes_and_few_at_once() -> None:
    now = [0.0]
    store = ReportStore(lambda: now[0])
    made = RenderedReport(file_name="a.csv", media_type="text/csv", content=b"x")
    stored = [store.get("anna", key, lambda: made) for key in range(MAX_REPORTS + 1)]
    assert [store.find("anna", one.id) for one in stored] == [None, *stored[1:]]
    assert store.find("bert", stored[-1].id) is None
    now[0] = KEPT_S
    assert store.find("anna", stored[-1].id) is None


@pytest.mark.parametrize("day", [date.min, date.max])
def test_dates_at_the_ends_of_the_calendar_have_no_events_and_no_trend(
    bridge: DiaryBridge, day: date
) -> None:
    common: dict[str, Any] = {"v": 1, "id": "d", "reply_to": "x", "sleeper": "anna"}
    assert ask(bridge, EventsRequest(**common, night=day)).events == ()
    trend = ask(bridge, TrendRequest(**common, after=day)).trend
    assert bool(trend) is (day == date.min)


def test_a_report_without_nights_or_typesetter_is_refused(
    bridge: DiaryBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (date.min, date(2024, 1, 1), date.max):
        refused = ask(bridge, report_request(first=day, last=day))
        assert (refused.ok, refused.error) == (False, "no_nights")

    def missing() -> Any:
        raise files.MissingPackageError("install `limber-bridge[report]`")

    monkeypatch.setattr(files, "_typesetter", missing)
    refused = ask(bridge, report_request())
    assert (refused.error, refused.message) == (
        "report_unavailable",
        "install `limber-bridge[report]`",
    )


class SlowHandler:
    """Answers at once, except what a test holds back."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.answered: asyncio.Queue[str] = asyncio.Queue()

    async def answer(self, request: ReadRequest, _page_bytes: int = 0) -> DoneResponse:
        if isinstance(request, ReportRequest) and request.report is None:
            await asyncio.to_thread(self.released.wait, 30.0)
        self.answered.put_nowait(request.id)
        return DoneResponse(id=request.id)


class AcceptingClient:
    """Takes every answer."""

    page_bytes = 32_000

    async def deliver(self, _topic: str, _payload: bytes) -> Delivery:
        return Delivery.ACCEPTED


@contextmanager
def workers(handler: SlowHandler) -> Iterator[RequestWorkers]:
    log = LogThrottle(lambda: 0)
    failures = RequestFailures(lambda: None)
    parts = AnsweringParts(JobQueue(), handler, AcceptingClient(), log, failures)  # type: ignore[arg-type]
    try:
        yield RequestWorkers(parts)
    finally:
        handler.released.set()


async def test_a_slow_report_delays_no_other_request() -> None:
    handler = SlowHandler()
    with workers(handler) as answering:
        running = asyncio.create_task(answering.run(lambda: time.monotonic_ns() // 1000))
        common = {"v": 1, "reply_to": "x", "sleeper": "anna"}
        requests: list[ReadRequest] = [
            ReportRequest(id="slow", **common),  # type: ignore[arg-type]
            ReportRequest(id="behind it", nights=7, **common),  # type: ignore[arg-type]
            ReportRequest(id="part", report="9f", **common),  # type: ignore[arg-type]
            TrendRequest(id="trend", **common),  # type: ignore[arg-type]
            EffectsRequest(id="effects", **common),  # type: ignore[arg-type]
            NightsRequest(id="nights", **common),  # type: ignore[arg-type]
        ]
        for request in requests:
            arrived = time.monotonic_ns() // 1000
            answering.add(WaitingRequest("x", request, arrived, (request.id,)))
        async with asyncio.timeout(60):
            quick = {await handler.answered.get() for _ in range(4)}
        assert quick == {"part", "trend", "effects", "nights"}
        assert answering.waiting() == 1
        handler.released.set()
        async with asyncio.timeout(60):
            slow = [await handler.answered.get() for _ in range(2)]
        running.cancel()
        await asyncio.wait([running])
    assert slow == ["slow", "behind it"]


@pytest.mark.takes(18)
def test_a_report_arrives_over_a_real_broker_while_a_leg_moves(
    broker: Broker, start_bridge: StartBridge, tmp_path: Path
) -> None:
    """Every kick during the request is published, and no sample is lost or late."""
    with closing(DiaryBridge(tmp_path, local("2026-11-22T12:30"))) as filled:
        fill(journal_of(filled))
    port = free_port()
    sensor = AnkleSensor()
    kicks = [(2.0 + 3.0 * number, 1.0) for number in range(5)]
    answers = f"{TOPICS.responses}#"
    with Listener(broker.port, EVENT, STATE, "limber/bedroom/status", answers) as listener:
        start_bridge(ANKLE, broker.port, listen_on(port))
        listener.wait(online)
        with ThreadPoolExecutor(1) as sending:
            sent = sending.submit(send_in_time, port, sensor, kicks)
            answer = listener.request(command="report", nights=60, language="fr")
            content = base64.b64decode(answer["report"]["data"])
            while answer["next"] is not None:
                part = {"report": answer["report"]["id"], "after": answer["next"]}
                answer = listener.request(command="report", **part)
                content += base64.b64decode(answer["report"]["data"])
            effects_answer = listener.request(command="effects")
            sent.result()
        listener.wait(lambda _: len(movements(listener)) >= len(kicks))
        state = listener.fresh_state()
        found = movements(listener)
    assert content.startswith(b"%PDF")
    assert len(content) == answer["report"]["size"]
    assert effects_answer["nights"] == NIGHTS
    assert len(found) == len(kicks)
    assert state["sensors"]["1"]["lost"] == state["sensors"]["1"]["late"] == 0


def send_in_time(port: int, sensor: AnkleSensor, kicks: list[tuple[float, float]]) -> None:
    """Send the samples of a leg as they are taken, for 18 s."""
    began = time.monotonic()
    for half in range(36):
        time.sleep(max(0.0, began + half / 2 - time.monotonic()))
        send(port, sensor.frame(leg(half / 2, 0.5, kicks)))
