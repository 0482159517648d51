"""Sources that fail in a way that was not expected of them: the others go on."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from devtools.network_sensor import leg
from devtools.processes import free_port
from limber_bridge.cli import main
from limber_bridge.daemon import check_sensors, source_runner
from limber_bridge.daemon.bridge import Bridge
from limber_bridge.daemon.find_sensors import search_sensors
from limber_bridge.daemon.scan import scan_source
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.inbox import Delivery, Inbox, Refusal
from limber_bridge.sources.source_api import (
    FoundSensor,
    MissingLibraryError,
    Samples,
    Source,
    SourceEvent,
    SourceRequest,
)
from limber_bridge.storage.journal import Journal
from tests.bridge.examples import config
from tests.bridge.running_bridge import ANKLE, listen_on
from tests.bridge.test_bridge_health import running, until

GOOD = "{id: 2, source: simulated, placement: ankle, side: right, quantity: acceleration}"
ERRORS: list[Exception] = [
    ValueError("could not convert string to float"),
    TimeoutError(),
    AssertionError(),
    KeyError("characteristic"),
    IndexError("list index out of range"),
]

type Run = Callable[[SourceRequest], AsyncGenerator[SourceEvent]]


def block_of(request: SourceRequest) -> Samples:
    clock = SampleClock(0, request.host_clock.now() - SECOND // 2, 50.0)
    return Samples(1, SampleBlock(0, leg(0, 0.5, []), clock, 50.0))


def bridge_with(run: Run, folder: Path, journal: Journal) -> Bridge:
    """A bridge with a sensor of a source that runs so, and another one that works."""
    sources = {
        "network": replace(SOURCES["network"], run=run),
        "simulated": SOURCES["simulated"],
    }
    sensors = config(folder, f"{ANKLE}\n{GOOD}", more=listen_on(free_port()))
    return Bridge(sensors, journal, HostClock(), sources=sources)


def problem(bridge: Bridge, sensor: int) -> str | None:
    monitor = bridge.monitors["anna"]
    return monitor.sensor_health.messages(HostClock().now())[str(sensor)].problem


async def raise_in_task(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_an_unexpected_error_of_a_source_is_reported_and_the_others_go_on(
    error: Exception,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(source_runner, "REOPEN_DELAY_S", 0.05)
    opened: list[SourceRequest] = []

    async def fail(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
        opened.append(request)
        yield block_of(request)
        if isinstance(error, IndexError):
            async with asyncio.TaskGroup() as group:
                group.create_task(raise_in_task(error))
        raise error

    with Journal(tmp_path / "limber.db") as journal:
        bridge = bridge_with(fail, tmp_path, journal)
        async with running(bridge):
            await until(lambda: len(opened) >= 4)
            await until(lambda: problem(bridge, 1) == "source_failed")
            heard = bridge.sources.end_of(2)
            await until(lambda: bridge.sources.end_of(2) > heard)
            assert problem(bridge, 2) is None
            # The samples before each error count, and continue each other's numbers.
            assert bridge.sources.end_of(1) >= 100
    (logged,) = [one for one in caplog.records if one.exc_info]
    assert logged.levelname == "ERROR"
    text = logged.getMessage()
    assert text.startswith("source network (sensors: 1): unexpected error (")
    assert "in test_source_failures.py:" in text
    assert "please report it, with the lines that the log has about it, at https://" in text


async def test_a_source_that_fails_while_it_is_closed_does_not_keep_the_bridge_running(
    tmp_path: Path,
) -> None:
    async def fail_at_the_end(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
        try:
            yield block_of(request)
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("cannot be closed")

    with Journal(tmp_path / "limber.db") as journal:
        bridge = bridge_with(fail_at_the_end, tmp_path, journal)
        async with asyncio.timeout(60), running(bridge):
            await until(lambda: bridge.sources.end_of(1) > 0)


async def test_a_message_that_its_receiver_fails_on_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(delivery: Delivery) -> Refusal | None:
        raise IndexError(delivery.payload.decode())

    async def receive(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
        with request.inbox.receiving(1, fail):
            yield block_of(request)
            await asyncio.Event().wait()

    with Journal(tmp_path / "limber.db") as journal:
        bridge = bridge_with(receive, tmp_path, journal)
        async with running(bridge):
            await until(lambda: bridge.sources.end_of(1) > 0)
            for _ in range(2):
                refusal = bridge.sources.inbox.deliver(1, Delivery(b"hello", 0))
                assert refusal is not None
                assert "unexpected error (IndexError in test_source" in refusal.text
    (logged,) = [one for one in caplog.records if one.exc_info]
    assert logged.getMessage().startswith("sensor 1: unexpected error")
    assert logged.getMessage().endswith("the message was refused")


async def test_check_and_scan_name_a_source_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
        yield block_of(request)
        raise ValueError("bad")

    async def scan(seconds: float) -> list[FoundSensor]:
        raise ValueError(str(seconds))

    failing: Source = replace(SOURCES["network"], run=fail)
    monkeypatch.setattr(check_sensors, "SOURCES", {"network": failing})
    asked = config(tmp_path, ANKLE, more=listen_on(free_port()))
    ((name, request),) = check_sensors.requests(asked, Inbox(), HostClock(), {})
    watch = await check_sensors.watch_source(request, name, 5.0)
    assert "unexpected error (ValueError in test_source_failures.py:" in watch.lost
    found = await scan_source("lsl", scan, 1.0)
    assert "unexpected error (ValueError in test_source_failures.py:" in found.failure


async def test_after_a_missing_library_a_scan_is_repeated_and_a_bridge_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scan(seconds: float) -> list[FoundSensor]:
        raise MissingLibraryError("lsl")

    source = replace(SOURCES["lsl"], scan=scan)
    monkeypatch.setattr("limber_bridge.daemon.scan.SOURCES", {"lsl": source})
    search = await search_sensors("lsl", None, None, 0.1)
    assert search.failure == str(MissingLibraryError("lsl"))
    assert search.failure.endswith("then start the bridge again")
    missing = str(tmp_path / "limber.yaml")
    await asyncio.to_thread(main, ["scan", "--seconds", "0.1", "--config", missing])
    (line,) = [one for one in capsys.readouterr().err.splitlines() if one.startswith("lsl: ")]
    assert line.endswith("then scan again")
    assert "start the bridge" not in line
