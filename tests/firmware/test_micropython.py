"""The sender for MicroPython in MicroPython for Linux, with simulated chips and a real bridge."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from devtools.processes import LOOPBACK, ROOT, Program, free_port, start
from limber_bridge.sources.frames import AnyFrame, ClockFrame, Frame, parse_frame
from tests.bridge.conftest import Broker
from tests.bridge.examples import settings
from tests.bridge.forked_limber import start_limber
from tests.bridge.listener import Listener, Message
from tests.required_programs import need

pytestmark = pytest.mark.real_time

SENDER = ROOT / "firmware" / "micropython"
SIMULATED = SENDER / "tests"
MODULES = f"{SIMULATED}:{SENDER}:.frozen"
SETTINGS = {"BRIDGE": LOOPBACK, "PORT": 0, "PROTOCOL": "tcp", "KEY": ""}
"""What a test changes in main.py, as a person does."""
KEY = "a key of the ankle"
HEAP = "heapsize=144k"
"""Memory for the sender. An ESP32 has more than 100 kB for programs after Wi-Fi is connected; here
integers and pointers take twice the space of those on a board."""
type StartSender = Callable[..., Program]


def micropython(script: Path, text: str = "") -> str:
    """Run a script and return what it prints."""
    ended = subprocess.run(
        [need("micropython"), script],
        input=text,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={"MICROPYPATH": MODULES},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    need("mosquitto")
    started = Broker(tmp_path / "broker")
    yield started
    started.program.stop()


def write_sender(folder: Path, **changed: str | int) -> None:
    """Write main.py with these settings, and a battery that is measured, into a folder."""
    text = (SENDER / "main.py").read_text()
    for name, value in (SETTINGS | changed).items():
        text, count = re.subn(f"(?m)^{name} = .*$", f"{name} = {value!r}", text)
        assert count == 1, name
    (folder / "main.py").write_text(text.replace("return 255", "return 77"))


@pytest.fixture
def start_sender(tmp_path: Path) -> Iterator[StartSender]:
    """Return a function that starts the sender with settings, and an environment for its chip."""
    with ExitStack() as stack:

        def begin(port: int, chip: str = "", **changed: str | int) -> Program:
            write_sender(tmp_path, PORT=port, **changed)
            command: list[str] = [
                *("env", f"MICROPYPATH={tmp_path}:{MODULES}", *chip.split()),
                *(need("micropython"), "-X", HEAP, "-c", "import main"),
            ]
            program = start("sender", command, tmp_path / "sender.log")
            stack.callback(program.kill)
            return program

        yield begin


@pytest.fixture
def run_bridge(tmp_path: Path) -> Iterator[Callable[[int, int, str], Program]]:
    """Return a function that starts a bridge with one network sensor."""
    with ExitStack() as stack:

        def begin(broker: int, port: int, key: str) -> Program:
            sensor = "id: 1, source: network, placement: ankle, side: left, quantity: acceleration"
            signed = f", key: '{key}'" if key else ""
            listen = f"network: {{address: 127.0.0.1, port: {port}}}\n"
            path = tmp_path / "limber.yaml"
            path.write_text(settings(f"{{{sensor}{signed}}}", port=broker, more=listen))
            program = start_limber("run", "--config", path, log=tmp_path / "bridge.log")
            stack.callback(program.stop)
            return program

        yield begin


def has_health(check: Callable[[dict[str, Any]], bool]) -> Callable[[Message], bool]:
    """Return a check for a state in which the health of the sensor passes `check`."""
    return lambda one: one.topic.endswith("/state") and check(one.json["sensors"]["1"])


def health_of(message: Message) -> dict[str, Any]:
    health: dict[str, Any] = message.json["sensors"]["1"]
    return health


def settled_health(listener: Listener, check: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the health of the sensor as soon as it passes `check`."""
    health: dict[str, Any] = {}
    for _ in range(60):
        since = len(listener.heard)
        # The bridge publishes its state again when Home Assistant starts.
        listener.publish("homeassistant/status", "online")
        health = health_of(listener.wait(has_health(lambda _: True), since=since))
        if check(health):
            return health
        time.sleep(0.5)
    raise AssertionError(health)


def test_frames_are_those_of_the_contract() -> None:
    document = json.loads((ROOT / "contract" / "frames.json").read_text())
    rows = [
        row
        for row in document["frames"]
        if row["quantity"] in ("acceleration", "clock") and "fine" not in row["name"]
    ]
    written = [
        row["hex"]
        for row in rows
        if all(abs(axis) < 32.767 for sample in row.get("samples", []) for axis in sample)
    ]
    kept = [row | {"samples": row.get("samples", [])} for row in rows if row["hex"] in written]
    assert len(kept) >= 5
    assert json.loads(micropython(SIMULATED / "frames.py", json.dumps(kept))) == written


def test_the_ring_keeps_the_last_frames_and_the_clock_does_not_wrap() -> None:
    assert micropython(SIMULATED / "ring.py").strip() == "ok"


@pytest.mark.takes(20)
def test_nothing_is_lost_over_tcp_while_the_bridge_is_killed_for_15_s(
    broker: Broker, start_sender: StartSender, run_bridge: Callable[[int, int, str], Program]
) -> None:
    port = free_port()
    with Listener(broker.port) as listener:
        bridge = run_bridge(broker.port, port, KEY)
        sender = start_sender(port, KEY=KEY)
        first = listener.wait(has_health(lambda one: one["connected"] and one["battery"] == 77))
        assert health_of(first)["problem"] is None
        bridge.kill()
        with pytest.raises(subprocess.TimeoutExpired):
            sender.process.wait(15)
        run_bridge(broker.port, port, KEY)
        # Ten seconds late and more count; the rest of the outage depends on how fast both start.
        health = settled_health(listener, lambda one: one["connected"] and one["late"] >= 5 * 52)
        assert (health["lost"], health["refused"], health["quality"]) == (0, 0, 100)
        assert abs(health["rate"] - 52) < 1
    assert sender.runs
    log = sender.log.read_text()
    assert "MemoryError" not in log
    assert "Traceback" not in log


def test_frames_are_sent_over_udp_from_an_mpu6050(
    broker: Broker, start_sender: StartSender, run_bridge: Callable[[int, int, str], Program]
) -> None:
    port = free_port()
    with Listener(broker.port) as listener:
        run_bridge(broker.port, port, "")
        start_sender(port, "CHIP=mpu6050", PROTOCOL="udp")
        state = listener.wait(has_health(lambda one: one["connected"]))
        health = health_of(state)
        assert (health["rate"], health["lost"], health["refused"]) == (50.0, 0, 0)


def test_samples_that_the_chip_lost_are_counted(
    broker: Broker, start_sender: StartSender, run_bridge: Callable[[int, int, str], Program]
) -> None:
    port = free_port()
    with Listener(broker.port) as listener:
        run_bridge(broker.port, port, KEY)
        sender = start_sender(port, "STALL_AT_MS=3000", KEY=KEY)
        state = listener.wait(has_health(lambda one: one["lost"] > 0))
        assert health_of(state)["refused"] == 0
    assert "the memory of the accelerometer was full" in sender.log.read_text()


def received_frames(connection: socket.socket) -> Iterator[AnyFrame]:
    """Return the frames of a sender; each is preceded by its length as u16."""
    with connection.makefile("rb") as stream:
        while True:
            length = int.from_bytes(stream.read(2), "little")
            yield parse_frame(stream.read(length))


@pytest.mark.takes(17)
def test_a_chip_that_goes_silent_does_not_end_the_connection(start_sender: StartSender) -> None:
    """The bridge closes a connection after 10 s without a frame."""
    with socket.create_server((LOOPBACK, 0)) as server:
        server.settimeout(20)
        start_sender(server.getsockname()[1], "SILENT_AT_MS=2000")
        connection, _ = server.accept()
    with connection:
        connection.settimeout(9)
        frames = received_frames(connection)
        assert isinstance(next(frames), ClockFrame)
        measured = list(takewhile(lambda frame: isinstance(frame, Frame), frames))
        first = next(frames)
        second = next(frames)
    assert len(measured) >= 2
    assert isinstance(first, ClockFrame)
    assert isinstance(second, ClockFrame)
    assert (second.clock - first.clock) / 1e6 == pytest.approx(5, abs=1)
    assert first.sequence == second.sequence


def test_a_wrong_key_is_named(
    broker: Broker, start_sender: StartSender, run_bridge: Callable[[int, int, str], Program]
) -> None:
    port = free_port()
    with Listener(broker.port) as listener:
        run_bridge(broker.port, port, KEY)
        start_sender(port, KEY="another key")
        listener.wait(has_health(lambda one: one["problem"] == "wrong_key"))


def test_a_board_without_a_chip_says_what_to_check(tmp_path: Path) -> None:
    (tmp_path / "machine.py").write_text(
        (SIMULATED / "machine.py").read_text().replace("ADDRESS = 0x6A", "ADDRESS = 0x11")
    )
    write_sender(tmp_path)
    log = tmp_path / "sender.log"
    environment = ["env", f"MICROPYPATH={tmp_path}:{SENDER}:.frozen"]
    program = start("sender", [*environment, need("micropython"), "-c", "import main"], log)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            program.process.wait(3)
        assert "check the wires and the pins in main.py" in log.read_text()
    finally:
        program.kill()
    assert os.environ.get("MICROPYPATH") is None
