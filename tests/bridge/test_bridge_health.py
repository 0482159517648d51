"""The health of the bridge: GET /health, the service manager, and sources that fall silent."""

import asyncio
import configparser
import http.client
import json
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final, override

import pytest

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import LOOPBACK, ROOT, find, free_port
from limber_bridge.cli import USAGE_ERROR, create_parser
from limber_bridge.config.model import HttpEndpoint
from limber_bridge.daemon import bridge as app
from limber_bridge.daemon import bridge_health, change_applier, source_runner
from limber_bridge.daemon.bridge import Bridge
from limber_bridge.daemon.check import check_web_port
from limber_bridge.detection.channel import SensorState
from limber_bridge.detection.events import ClockStep, Event, event_id
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources import SOURCES
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import Samples, SourceEvent, SourceRequest
from limber_bridge.storage.journal import Journal
from limber_bridge.storage.journal_batch import JournalBatch
from limber_bridge.storage.journal_writer import JournalWriter
from limber_bridge.web.serving import serve_bridge
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.damage import damage_table
from tests.bridge.examples import config
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import (
    ANKLE,
    EVENT,
    STATE,
    has_movements,
    listen_on,
    online,
    played,
    wait_for,
    wait_until_listening,
)
from tests.required_programs import need

pytestmark = pytest.mark.real_time

PATIENCE: Final = 30.0


def web_on(port: int) -> str:
    return f"web: {{port: {port}}}\n"


def health(port: int) -> Any:
    """Return the report of `GET /health` and its HTTP status; None without a connection."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
    with closing(connection), suppress(ConnectionError):
        connection.request("GET", "/health")
        response = connection.getresponse()
        return {"status": response.status} | json.loads(response.read())
    return None


def test_health_of_a_bridge_without_problems(broker: Broker, start_bridge: StartBridge) -> None:
    port = free_port()
    web_port = free_port()
    sensor = AnkleSensor()
    with Listener(broker.port) as listener:
        start_bridge(ANKLE, broker.port, web_on(web_port) + listen_on(port))
        listener.wait(online)
        wait_until_listening(port)
        for _ in range(4):
            send(port, sensor.frame(leg(0, 0.5, [])))
        wait_for(lambda: health(web_port)["sleepers"]["anna"]["1"]["connected"])
        found = health(web_port)
    assert (found["status"], found["live"], found["healthy"], found["v"]) == (200, True, True, 1)
    assert found["recording"] is True
    nothing = dict.fromkeys(("problem", "message", "warning"))
    assert found["journal"] == nothing | {
        "pending": 0,
        "dropped": 0,
        "raw_signal_problem": found["journal"]["raw_signal_problem"],
        "unconfigured_sleepers": [],
    }
    ankle = found["sleepers"]["anna"]["1"]
    assert (ankle["battery"], ankle["quality"], ankle["lost"], ankle["refused"]) == (80, 100, 0, 0)
    bridge = found["bridge"]
    assert (bridge["broker"]["connected"], bridge["broker"]["protocol"]) == (True, "MQTT 5")
    assert bridge["process"]["memory"] > 20
    assert bridge["process"]["descriptors"] > 5
    assert set(bridge["queues"]) == {"jobs", "network", "requests"}


def test_health_without_a_broker(start_bridge: StartBridge) -> None:
    web_port = free_port()
    start_bridge(ANKLE, free_port(), web_on(web_port) + listen_on(free_port()))
    wait_for(lambda: health(web_port) is not None)
    wait_for(lambda: "no broker at" in health(web_port)["bridge"]["problems"][0]["message"])
    found = health(web_port)
    assert (found["status"], found["live"], found["healthy"]) == (200, True, False)
    assert found["bridge"]["problems"][0]["key"] == "broker_disconnected"


def test_a_port_in_use_is_a_problem_and_the_bridge_runs_without_it(
    broker: Broker, start_bridge: StartBridge
) -> None:
    with closing(socket.create_server((LOOPBACK, 0))) as taken, Listener(broker.port) as listener:
        bridge = start_bridge(
            ANKLE, broker.port, web_on(taken.getsockname()[1]) + listen_on(free_port())
        )
        listener.wait(online)
        (problem,) = listener.on(STATE).json["bridge"]["problems"]
    assert problem["key"] == "web_server"
    assert "choose another address or port under `web`" in bridge.log.read_text()


class Manager:
    """Receives the notifications that systemd would receive."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(PATIENCE)

    def close(self) -> None:
        self._socket.close()

    def until(self, word: str) -> list[str]:
        """Return all lines up to one that starts with a text."""
        heard: list[str] = []
        while not heard or not heard[-1].startswith(word):
            heard += self._socket.recv(4096).decode().splitlines()
        return heard

    def hears_within(self, seconds: float, word: str) -> bool:
        self._socket.settimeout(seconds)
        with suppress(TimeoutError):
            return word in self.until(word)
        return False


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Manager]:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    heard = Manager(tmp_path / "notify")
    yield heard
    heard.close()


def test_the_service_manager_is_notified(
    manager: Manager, broker: Broker, start_bridge: StartBridge
) -> None:
    bridge = start_bridge(ANKLE, broker.port, listen_on(free_port()))
    *before, ready = manager.until("READY=1")
    assert ready == "READY=1"
    # The time for the start is extended at least once, while the journal is opened.
    assert set(before) == {"EXTEND_TIMEOUT_USEC=300000000"}
    assert "WATCHDOG=1" in manager.until("STATUS=0 of 1 sensors connected")
    manager.until("WATCHDOG=1")
    bridge.stop()
    manager.until("STOPPING=1")


class HungWriter(JournalWriter):
    """Waits for ever, unlike the real writer, which limits each wait for the disk."""

    resume = asyncio.Event()

    @override
    async def write(self, *batches: JournalBatch) -> None:
        await self.resume.wait()
        await super().write(*batches)


@asynccontextmanager
async def running(bridge: Bridge) -> AsyncIterator[None]:
    """Run a bridge in this process."""
    task = asyncio.create_task(bridge.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(met: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(met):
        assert time.monotonic() < end, "not in time"
        await asyncio.sleep(0.02)


async def test_a_stalled_detection_does_not_reset_the_watchdog(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_applier, "PROGRESS_INTERVAL_US", 0)
    monkeypatch.setattr(bridge_health, "STALLED_AFTER_S", 1.5)
    web_port = free_port()
    simulated = ANKLE.replace("network", "simulated")
    monkeypatch.setattr(app, "JournalWriter", HungWriter)
    HungWriter.resume = asyncio.Event()
    HungWriter.resume.set()
    with Journal(tmp_path / "limber.db") as journal:
        settled = config(tmp_path, simulated, more=web_on(web_port))
        assert settled.web is not None
        http_server = partial(serve_bridge, settled.web)
        async with running(Bridge(settled, journal, HostClock(), http_server=http_server)):
            await asyncio.to_thread(manager.until, "WATCHDOG=1")
            HungWriter.resume.clear()
            await until(lambda: health(web_port)["status"] == 503)
            await asyncio.to_thread(manager.hears_within, 0.1, "nothing")
            assert not await asyncio.to_thread(manager.hears_within, 1.5, "WATCHDOG=1")
            HungWriter.resume.set()
            await until(lambda: health(web_port)["status"] == 200)


async def test_a_silent_source_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers start at 0 each time, and none of its samples counts as a repeated one."""
    opened: list[SourceRequest] = []

    async def hangs_after_two_seconds(request: SourceRequest) -> AsyncGenerator[SourceEvent]:
        opened.append(request)
        for number in range(4):
            clock = SampleClock(25 * number, request.host_clock.now() - SECOND // 2, 50.0)
            yield Samples(1, SampleBlock(25 * number, leg(0, 0.5, []), clock, 50.0))
            await asyncio.sleep(0.05)
        await asyncio.Event().wait()

    silent = replace(SOURCES["network"], run=hangs_after_two_seconds, listens=False)
    monkeypatch.setattr(source_runner, "DISCONNECTED_AFTER_US", SECOND // 2)
    with Journal(tmp_path / "limber.db") as journal:
        bridge = Bridge(
            config(tmp_path, ANKLE, more=listen_on(free_port())),
            journal,
            HostClock(),
            sources={"network": silent},
        )
        async with running(bridge):
            await until(lambda: len(opened) == 3)
            first = bridge.monitors["anna"].clock.measured_until
            await until(lambda: bridge.monitors["anna"].clock.measured_until > first)
            assert bridge.monitors["anna"].sensor_health.messages(first)["1"].lost == 0
            assert bridge.sources.end_of(1) >= 200


async def test_the_network_port_stays_open_while_sensors_are_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Before the first frame and after the last: UDP frames and TCP connections are accepted."""
    monkeypatch.setattr(source_runner, "DISCONNECTED_AFTER_US", SECOND // 10)
    port = free_port()
    sensor = AnkleSensor(id=1)
    with Journal(tmp_path / "limber.db") as journal:
        bridge = Bridge(config(tmp_path, ANKLE, more=listen_on(port)), journal, HostClock())
        async with running(bridge):
            await asyncio.sleep(0.5)
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            send(port, sensor.frame(leg(0, 0.5, [])))
            await until(lambda: bridge.sources.end_of(1) == 25)
            await asyncio.sleep(0.5)
            send(port, sensor.frame(leg(0.5, 0.5, [])))
            await until(lambda: bridge.sources.end_of(1) == 50)
            frame = sensor.frame(leg(1.0, 0.5, []))
            writer.write(len(frame).to_bytes(2, "little") + frame)
            await until(lambda: bridge.sources.end_of(1) == 75)
            assert not reader.at_eof()
            writer.close()
            assert bridge.monitors["anna"].sensor_health.messages(0)["1"].lost == 0
    assert "cannot listen" not in caplog.text


def test_read_positions_survive_in_the_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db") as journal:
        journal.write(
            [
                JournalBatch(
                    "anna",
                    pipeline_state=PipelineState({}),
                    read_positions=(
                        (1, ReadPosition(7, 100)),
                        (1, ReadPosition(9, 50)),
                        (2, ReadPosition(7, 3)),
                    ),
                )
            ]
        )
        journal.write([JournalBatch("anna", read_positions=((1, ReadPosition(7, 125)),))])
    with Journal(tmp_path / "j.db") as journal:
        assert journal.read_positions() == {
            1: [ReadPosition(9, 50), ReadPosition(7, 125)],
            2: [ReadPosition(7, 3)],
        }


async def test_a_clock_step_is_logged_published_and_stored(
    tmp_path: Path, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    ahead = 0
    host = HostClock(wall=lambda: time.time_ns() + ahead)
    sensors = config(tmp_path, ANKLE, port=broker.port, more=listen_on(free_port()))
    with Journal(tmp_path / "limber.db") as journal, Listener(broker.port) as listener:
        async with running(Bridge(sensors, journal, host)):
            await asyncio.to_thread(listener.wait, online)
            ahead = -3600 * 10**9
            live = await asyncio.to_thread(
                listener.wait, lambda one: one.topic == EVENT and one.json["kind"] == "clock_step"
            )
            state = await asyncio.to_thread(
                listener.wait,
                lambda one: one.topic == STATE and one.json["bridge"]["last_clock_step"],
            )
        stored = [
            event
            for night in journal.unfinished_nights("anna")
            for event in journal.events("anna", night)
        ]
    assert live.json["kind"] == "clock_step"
    assert live.json["offset"] == pytest.approx(-3600, abs=1)
    assert state.json["bridge"]["last_clock_step"]["offset"] == live.json["offset"]
    assert [type(event) for event in stored] == [ClockStep]
    assert caplog.text.count("the clock of this machine was set by -3600.0 s") == 1


async def test_a_journal_damaged_at_runtime_is_written_again(
    tmp_path: Path, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """With everything in memory: events, and how far signed frames were read."""
    playing = config(tmp_path, played(tmp_path, seconds=1200, speed=20), port=broker.port)
    with Journal(tmp_path / "limber.db") as journal, Listener(broker.port) as listener:
        bridge = Bridge(playing, journal, HostClock())
        bridge.sources.note_read(
            Samples(
                1,
                SampleBlock(0, leg(0, 0.5, []), SampleClock(0, 0, 50.0), 50.0),
                read_position=ReadPosition(7, 25),
            )
        )
        async with running(bridge):
            night = (await asyncio.to_thread(listener.wait, has_movements(4))).json["tonight"][
                "night"
            ]
            before = {
                event_id(event) for event in journal.events("anna", date.fromisoformat(night))
            }
            with journal._turn:
                assert journal._database is not None
                journal._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                # As after an error of the disk: the next write opens the file again.
                journal._disconnect()
                damage_table(tmp_path / "limber.db")
            await asyncio.to_thread(
                listener.wait,
                lambda one: (
                    one.topic == STATE and "DAMAGED" in (one.json["journal"]["warning"] or "")
                ),
            )
            await until(lambda: bridge.writer.status.healthy and journal.read_positions())
        assert before <= {
            event_id(event) for event in journal.events("anna", date.fromisoformat(night))
        }
        assert journal.read_positions() == {1: [ReadPosition(7, 25)]}
    assert caplog.text.count("was DAMAGED") == 1


async def test_a_clock_set_back_while_the_bridge_was_off_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a machine without a battery for its clock, after a power cut."""
    host = HostClock()
    settled = config(tmp_path, ANKLE, more=listen_on(free_port()))
    ahead = host.now() + 3600 * SECOND
    with Journal(tmp_path / "limber.db") as journal:
        journal.append("anna", [], PipelineState({1: SensorState(ahead - SECOND, ahead, 50.0)}))

        def stored() -> list[Event]:
            return [
                event
                for night in journal.unfinished_nights("anna")
                for event in journal.events("anna", night)
            ]

        bridge = Bridge(settled, journal, host)
        async with running(bridge):
            await until(stored)
            clock = bridge.health.bridge(host.now()).last_clock_step
        (step,) = stored()
    assert isinstance(step, ClockStep)
    assert step.by / SECOND == pytest.approx(-3600, abs=10)
    assert clock is not None
    assert clock.offset == step.by / SECOND
    assert caplog.text.count("s or more while no bridge ran") == 1


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """With the path of limber on this machine; skipped where there is no systemd."""
    analyze = find("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd on this machine: the unit is not verified here")
    text = (ROOT / "bridge/limber_bridge/service/limber.service").read_text()
    (tmp_path / "limber.service").write_text(
        text.replace("/opt/limber/.venv/bin/limber", need("limber"))
    )
    command = [analyze, "verify", "--man=no", str(tmp_path / "limber.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_starts_a_known_command() -> None:
    """Its command is one that the command line accepts."""
    unit = configparser.RawConfigParser(strict=False)
    unit.read(ROOT / "bridge/limber_bridge/service/limber.service")
    service = unit["Service"]
    program, *words = service["ExecStart"].split()
    assert Path(program).name == "limber"
    assert create_parser().parse_args(words).command == "run"
    assert (service["Type"], int(service["WatchdogSec"])) == ("notify", 60)
    # Exit status 2: the configuration is wrong.
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("always", str(USAGE_ERROR))


def test_check_opens_the_port_of_the_web_server() -> None:
    with closing(socket.create_server((LOOPBACK, 0))) as taken:
        port = taken.getsockname()[1]
        result = check_web_port(HttpEndpoint(LOOPBACK, port))
    assert result.failed
    assert result.message == (
        f"web 127.0.0.1:{port}: Address already in use; another bridge may be running, or choose "
        "another address or port under `web`"
    )
    assert not check_web_port(HttpEndpoint(LOOPBACK, free_port())).failed
