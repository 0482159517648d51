"""A request whose answer fails unexpectedly is refused, and everything else goes on."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from devtools.processes import free_port
from limber_bridge.daemon import history_reader, requests
from limber_bridge.daemon.bridge import Bridge
from limber_bridge.daemon.changes import factor_change
from limber_bridge.daemon.relay_requests import RelayHandler
from limber_bridge.daemon.requests import DetectionFailedError
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.daemon.tick_processor import TickProcessor
from limber_bridge.detection.events import Factor, FactorKind
from limber_bridge.domain.nights import Calendar
from limber_bridge.offline.trend import HoursCache, TrendRange, read_trend
from limber_bridge.protocol.request_messages import EndNightRequest, LogRequest
from limber_bridge.protocol.trend_messages import TrendNight
from limber_bridge.protocol.trial_messages import StopTrialRequest
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_errors import JournalError
from limber_bridge.web.serving import serve_bridge
from tests.bridge.conftest import Broker
from tests.bridge.examples import config
from tests.bridge.listener import Listener
from tests.bridge.test_bridge_health import PATIENCE, health, running, until, web_on
from tests.contract.test_golden import CONTRACT

SIMULATED = "{id: 1, source: simulated, placement: ankle, side: left, quantity: acceleration}"
BAD_TREND = {"command": "trend", "last": 13}
BAD_LOG = {"command": "log", "factor": "other", "note": "unlucky " + 100 * "\u2028"}


def fail_for_13_nights(
    config: Any, sleeper: Any, wanted: TrendRange, cache: HoursCache
) -> tuple[list[TrendNight], bool]:
    """Fail for 13 nights, like a case that the code does not handle."""
    if wanted.last == 13:
        raise KeyError(wanted.last)
    return read_trend(config, sleeper, wanted, cache)


def fail_for_unlucky_notes(calendar: Calendar, factor: Factor, now: int) -> Any:
    if factor.note and factor.note.startswith("unlucky"):
        raise IndexError("list index out of range")
    return factor_change(calendar, factor, now)


def asking(listener: Listener) -> Callable[..., Awaitable[Any]]:
    """Return what sends a request and waits for its answer while the bridge runs."""

    async def ask(**fields: Any) -> Any:
        return await asyncio.to_thread(partial(listener.request, **fields))

    return ask


async def failed_and_next(broker: Broker, folder: Path, **fields: Any) -> tuple[str, bool]:
    """Return the error of a request to a running bridge, and whether it answers the next one."""
    settled = config(folder, SIMULATED, port=broker.port)
    with (
        Journal(folder / "limber.db") as journal,
        Listener(broker.port, "limber/bedroom/response/#") as listener,
    ):
        bridge = Bridge(settled, journal, HostClock())
        ask = asking(listener)
        async with running(bridge):
            await until(lambda: bridge.connected)
            refused = await ask(**fields)
            answered = await ask(command="nights")
    return refused["error"], answered["ok"]


async def test_a_request_that_fails_is_refused_and_the_next_one_is_answered(
    broker: Broker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(history_reader, "read_trend", fail_for_13_nights)
    monkeypatch.setattr(requests, "factor_change", fail_for_unlucky_notes)
    port = free_port()
    settled = config(tmp_path, SIMULATED, port=broker.port, more=web_on(port))
    assert settled.web is not None
    serve = partial(serve_bridge, settled.web)
    with (
        Journal(tmp_path / "limber.db") as journal,
        Listener(broker.port, "limber/bedroom/response/#") as listener,
    ):
        bridge = Bridge(settled, journal, HostClock(), http_server=serve)
        ask = asking(listener)
        async with running(bridge):
            await until(lambda: bridge.connected and bridge.sources.end_of(1) > 0)
            refused = [await ask(**one) for one in (BAD_TREND, BAD_TREND, BAD_LOG)]
            answered = [
                await ask(command="trend"),
                await ask(command="log", factor="magnesium"),
                await ask(command="nights"),
            ]
            heard = bridge.sources.end_of(1)
            await until(lambda: bridge.sources.end_of(1) > heard)
            found = await asyncio.to_thread(health, port)
    assert [(one["ok"], one["error"]) for one in refused] == 3 * [(False, "request_failed")]
    assert "unexpected error (KeyError in test_request_failures.py:" in refused[0]["message"]
    assert "please report it" in refused[0]["message"]
    assert [one["ok"] for one in answered] == [True, True, True]
    assert (found["live"], found["bridge"]["failed_requests"]) == (True, 3)
    trend, log = [one for one in caplog.records if one.exc_info]
    assert "request (TrendRequest): unexpected error (KeyError in" in trend.getMessage()
    assert "last=13" in trend.getMessage()
    assert "note='unlucky \\u2028" in log.getMessage()
    assert len(log.getMessage()) < 1000


async def test_an_answer_that_cannot_be_sent_is_refused(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text of the file system may have characters that JSON does not."""

    def fail(*_: Any) -> Any:
        raise JournalError("/media/\udce4/limber.db: cannot be read")

    monkeypatch.setattr(history_reader, "read_trend", fail)
    assert await failed_and_next(broker, tmp_path, command="trend") == ("request_failed", True)


async def test_samples_whose_relaying_fails_are_refused(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise KeyError("a channel")

    monkeypatch.setattr(RelayHandler, "answer", fail)
    relayed = json.loads((CONTRACT / "request_relay.json").read_text())
    fields = {name: relayed[name] for name in relayed.keys() - {"v", "id", "reply_to", "sleeper"}}
    assert await failed_and_next(broker, tmp_path, **fields) == ("request_failed", True)


@pytest.mark.parametrize(
    "request_of", [EndNightRequest, StopTrialRequest], ids=lambda kind: kind.__name__
)
async def test_a_night_that_cannot_be_finished_ends_the_process_also_when_a_request_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_of: Any
) -> None:
    """Refused, it would leave the night unfinished until someone starts the bridge again."""

    def fail(*_: Any) -> Any:
        raise KeyError("a night")

    monkeypatch.setattr(SleeperMonitor, "advance_to", fail)
    monkeypatch.setattr(TickProcessor, "process_tick", no_tick)
    asked = request_of(v=1, id="r", reply_to="", sleeper="anna")
    with Journal(tmp_path / "limber.db") as journal:
        bridge = Bridge(config(tmp_path, SIMULATED), journal, HostClock())
        answer = asyncio.create_task(bridge._access.requests.ask(asked))
        with pytest.raises(ExceptionGroup) as ended:
            await asyncio.wait_for(bridge.run(), PATIENCE)
        answer.cancel()
    assert ended.group_contains(DetectionFailedError)


async def no_tick(_: TickProcessor) -> None:
    """As if the request came before the next tick."""


class LateFailure:
    """Fails after the page that asked was closed."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.closed = asyncio.Event()

    async def answer(self, *_: Any) -> Any:
        self.asked.set()
        await self.closed.wait()
        raise ValueError("too late")


async def test_a_page_gets_the_error_of_its_own_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(requests, "factor_change", fail_for_unlucky_notes)
    common = {"v": 1, "id": "p", "reply_to": "", "sleeper": "anna"}
    bad = LogRequest(factor=FactorKind.OTHER, note="unlucky", **common)  # type: ignore[arg-type]
    good = LogRequest(factor=FactorKind.MAGNESIUM, **common)  # type: ignore[arg-type]
    with Journal(tmp_path / "limber.db") as journal:
        bridge = Bridge(config(tmp_path, SIMULATED), journal, HostClock())
        pages = bridge._access.requests
        late = LateFailure()
        async with running(bridge):
            with pytest.raises(IndexError):
                await pages.ask(bad)
            monkeypatch.setattr(requests.RequestHandler, "answer", late.answer)
            closed = asyncio.create_task(pages.ask(bad))
            await late.asked.wait()
            closed.cancel()
            await asyncio.wait([closed])
            late.closed.set()
            await until(lambda: "a request failed after its client" in caplog.text)
            monkeypatch.undo()
            assert (await pages.ask(good)).ok
