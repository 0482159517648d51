"""`limber check` and `limber scan` as processes, with sensors that send over UDP and TCP."""

import re
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from devtools.processes import LOOPBACK, free_port
from limber_bridge.daemon.scan import ScanResult, describe, free_ids
from limber_bridge.sources.serial_line import found_port
from limber_bridge.sources.source_api import FoundSensor
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.examples import config, settings
from tests.bridge.forked_limber import run_limber
from tests.bridge.listener import Listener
from tests.bridge.sending_devices import (
    ACCELERATION,
    EMG,
    LOAD,
    Counts,
    Device,
    Sender,
    lying,
    sending,
)

pytestmark = pytest.mark.real_time

WATCHED_S = "6"


def waving(count: int, first: int) -> Counts:
    """Counts in mg of a leg that never rests."""
    times = (first + np.arange(count)) / 50
    signal = lying(count, first)
    signal[2] += 500 * np.sin(2 * np.pi * 1.5 * times)
    return signal


def constant(count: int, _: int) -> Counts:
    """Counts of a chip that is not read."""
    return np.full((3, count), 577.0)


def muscle(scale: float) -> Callable[[int, int], Counts]:
    """Counts of 0.1 uV of EMG at rest, 3 uV RMS times `scale`."""
    return lambda count, first: np.random.default_rng(first).normal(0, 30 * scale, (1, count))


DEVICES: dict[int, tuple[Device, str, str]] = {
    1: (Device(), "ok", "acceleration at "),
    2: (Device(sequence_step=1), "FAILED", "sequence numbers? counts? frames"),
    3: (
        Device(counts=lambda count, first: lying(count, first) * 9.81),
        "FAILED",
        "gravity at rest is 9.81 g instead of 1 g; the samples are about 10 times too large",
    ),
    4: (
        Device(counts=lambda count, first: lying(count, first) * 0.1),
        "FAILED",
        "gravity at rest is 0.1 g instead of 1 g; the samples are about 10 times too small",
    ),
    5: (Device(dtype=">i2"), "FAILED", "bytes of (each sample|the samples) are in the wrong order"),
    6: (
        Device(rate=5.0, announced=50.0, samples_in_frame=1),
        "FAILED",
        "announces 50 Hz and delivers 5",
    ),
    7: (Device(skipped_of_five=2), "FAILED", "of the samples were lost"),
    8: (
        Device(counts=constant),
        "FAILED",
        "all samples are the same",
    ),
    9: (
        Device(EMG, 250.0, counts=muscle(100.0), samples_in_frame=50),
        "FAILED",
        "relax the leg and check the electrodes",
    ),
    10: (Device(EMG, 250.0, counts=muscle(1.0), samples_in_frame=50), "ok", "uV at rest"),
    11: (Device(key=b"another key"), "FAILED", "add its `key`"),
    12: (Device(counts=waving), "note", "it moved all the time"),
    13: (Device(battery=10), "note", "the battery is at 10 %"),
    14: (
        Device(counts=lambda count, first: lying(count, first) - [[0], [1000], [0]]),
        "FAILED",
        "there is no gravity in the signal",
    ),
    15: (Device(rate=8.0, samples_in_frame=4), "FAILED", "8 Hz is too slow to detect movements"),
    16: (
        Device(
            LOAD,
            10.0,
            counts=lambda count, first: np.random.default_rng(first).normal(8e6, 50, (1, count)),
            samples_in_frame=5,
        ),
        "FAILED",
        "the samples are raw counts instead of g",
    ),
    17: (
        # An HX711 whose oscillator is fast.
        Device(
            LOAD,
            12.5,
            announced=10.0,
            counts=lambda count, first: np.random.default_rng(first).normal(8e4, 50, (1, count)),
            samples_in_frame=5,
        ),
        "ok",
        "load at 1[0-9.]+ Hz .nominal 10 Hz.",
    ),
    18: (Device(counts=lambda count, first: lying(count, first) * 0.83), "ok", "gravity 0.83 g"),
}
"""Devices, and what `limber check` must print about each: a word, and a regular expression."""
SILENT = 19


def sleepers(sensors: dict[int, Device]) -> str:
    """Return the sleepers of limber.yaml, one for each sensor."""
    names = {
        ACCELERATION: "placement: ankle, quantity: acceleration",
        EMG: "placement: tibialis, quantity: emg",
        LOAD: "placement: bed, quantity: load",
    }
    return "\n".join(
        f"  - {{id: p{number}, name: P{number}, sensors: [{{id: {number}, source: network, "
        f"{names[device.quantity]}}}]}}"
        for number, device in sensors.items()
    )


def write_settings(folder: Path, broker: int, port: int, sensors: dict[int, Device]) -> None:
    (folder / "limber.yaml").write_text(
        "bridge: {id: bedroom, time_zone: Europe/Berlin}\n"
        f"broker: {{host: 127.0.0.1, port: {broker}}}\n"
        f"web: false\nnetwork: {{address: 127.0.0.1, port: {port}}}\n"
        f"sleepers:\n{sleepers(sensors)}\n"
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of one check that watches all devices."""
    folder = tmp_path_factory.mktemp("check")
    broker = Broker(folder / "broker")
    port = free_port()
    devices = {number: row[0] for number, row in DEVICES.items()}
    write_settings(folder, broker.port, port, devices | {SILENT: Device()})
    with sending(port, devices):
        ended = run_limber("check", "--seconds", WATCHED_S, cwd=folder)
    broker.program.stop()
    assert ended.returncode == 1
    assert not ended.stderr
    return ended.stdout.splitlines()


@pytest.mark.parametrize("sensor", DEVICES)
def test_each_fault_is_named_with_its_remedy(report: list[str], sensor: int) -> None:
    _, outcome, text = DEVICES[sensor]
    lines = [line for line in report if f"sensor {sensor} (" in line]
    assert any(line.startswith(outcome) and re.search(text, line) for line in lines), lines
    if outcome != "FAILED":
        assert not any(line.startswith("FAILED") for line in lines), lines
    else:
        assert not any(line.startswith("ok") for line in lines), lines


def test_a_silent_sensor_fails(report: list[str]) -> None:
    (line,) = [line for line in report if f"sensor {SILENT} (" in line]
    assert line.startswith("FAILED")
    assert f"no samples in {WATCHED_S} s; check its power" in line


def test_all_sensors_are_watched_at_the_same_time_and_measured(report: list[str]) -> None:
    (line,) = [line for line in report if "sensor 1 (" in line]
    assert "(nominal 50 Hz), gravity 1.00 g, no loss, jitter " in line
    assert "battery 80 %" in line
    assert line.endswith("lies still, its y axis is vertical")


def test_a_relayed_sensor_is_a_note_as_nothing_can_arrive_without_the_bridge(
    tmp_path: Path, broker: Broker
) -> None:
    (tmp_path / "limber.yaml").write_text(
        "bridge: {id: bedroom, time_zone: Europe/Berlin}\n"
        f"broker: {{host: 127.0.0.1, port: {broker.port}}}\nweb: false\n"
        "sleepers:\n  - {id: anna, name: Anna, sensors: [{id: 1, source: bluetooth, "
        "device: limber, via: home_assistant, placement: ankle, quantity: acceleration}]}\n"
    )
    ended = run_limber("check", "--seconds", "1", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    keyless, line = [line for line in ended.stdout.splitlines() if "sensor 1 (" in line]
    assert keyless.startswith("note")
    assert "any device in range can send for it" in keyless
    assert line.startswith("note")
    assert "only to a running bridge; start the bridge" in line


class TcpLink:
    """A connection that is made as soon as the bridge, or the check, listens."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: socket.socket | None = None
        self.greeting: Callable[[], bytes] = bytes
        """Returns what is sent first after each connect."""

    def send(self, data: bytes) -> None:
        try:
            if self._connection is None:
                self._connection = socket.create_connection((LOOPBACK, self._port), 1)
                self._connection.sendall(self.greeting())
            self._connection.sendall(framed(data))
        except OSError:
            self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def framed(data: bytes) -> bytes:
    return struct.pack("<H", len(data)) + data if data else b""


def check_over_tcp(
    folder: Path, broker: Broker, greeting: Callable[[float], bytes], started_before_s: float = 0.0
) -> subprocess.CompletedProcess[str]:
    """Check a good sensor that connects over TCP; `greeting` gets its time since the start in s."""
    device = Device(backlog_s=started_before_s)
    return run_over_tcp("check", folder, broker, greeting, device)


def run_over_tcp(
    command: str,
    folder: Path,
    broker: Broker,
    greeting: Callable[[float], bytes],
    device: Device,
) -> subprocess.CompletedProcess[str]:
    """Run `limber check` or `limber scan` with a good sensor that connects over TCP."""
    port = free_port()
    write_settings(folder, broker.port, port, {1: device})
    link = TcpLink(port)
    begin = time.monotonic()
    link.greeting = lambda: greeting(time.monotonic() - begin + device.backlog_s)
    sender = Sender(link.send, {1: device})
    thread = threading.Thread(target=sender.run)
    thread.start()
    try:
        return run_limber(command, "--seconds", "5", cwd=folder)
    finally:
        sender.stopping.set()
        thread.join()
        link.close()


def backlog(elapsed: float) -> bytes:
    """Frames that a device took before it could connect, from its start."""
    frames = int(elapsed * 50 / 25) - 1
    return b"".join(framed(Device().frame(1, number)) for number in range(frames))


def clock_frame(elapsed: float) -> bytes:
    """A frame that says what the clock of a device shows now."""
    head = struct.pack("<2sBBIIIIHBB", *(b"LB", 1, 255, 1, 7, 0, round(elapsed * 1e6), 500, 0, 80))
    return framed(head + bytes(8))


def test_a_check_of_a_good_sensor_over_tcp_exits_with_0(tmp_path: Path, broker: Broker) -> None:
    ended = check_over_tcp(tmp_path, broker, lambda _: b"")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "acceleration at" in ended.stdout


def test_a_backlog_after_a_clock_frame_is_in_order(tmp_path: Path, broker: Broker) -> None:
    ended = check_over_tcp(
        tmp_path, broker, lambda elapsed: clock_frame(elapsed) + backlog(elapsed)
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "no loss" in ended.stdout


def test_a_backlog_without_a_clock_frame_is_named(tmp_path: Path, broker: Broker) -> None:
    ended = check_over_tcp(tmp_path, broker, backlog, started_before_s=10.0)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "could not be placed in time; update the sensor: it must send its clock" in ended.stdout


def test_a_scan_without_limber_yaml_lists_what_to_write(tmp_path: Path) -> None:
    signed = Device(EMG, 250.0, counts=muscle(1.0), samples_in_frame=50, key=b"a secret key 5e1f")
    port = free_port()
    (tmp_path / "limber.yaml").write_text(f"network: {{address: 127.0.0.1, port: {port}}}\n")
    with sending(47800, {41: Device(), 42: signed}):
        ended = run_limber("scan", "--seconds", "5", cwd=tmp_path)
    lines = ended.stdout.splitlines()
    (first,) = [number for number, line in enumerate(lines) if "sensor 41" in line]
    assert lines[first].startswith("network: sensor 41: from 127.0.0.1, acceleration at 50 Hz")
    assert "(measured " in lines[first]
    assert lines[first + 1 : first + 6] == [
        "      - id: 41",
        "        source: network",
        "        quantity: acceleration",
        "        placement: ankle  # or bed",
        "        side: left  # or right; leave it out for a bed",
    ]
    assert '        key: "the key that is set in the sensor"' in lines
    assert "limber.yaml has errors and is not used" in ended.stderr


def test_a_scan_knows_the_sensors_of_limber_yaml_and_its_port(
    tmp_path: Path, broker: Broker
) -> None:
    port = free_port()
    write_settings(tmp_path, broker.port, port, {1: Device()})
    with sending(port, {1: Device(), 2: Device()}):
        lines = run_limber("scan", "--seconds", "5", cwd=tmp_path).stdout.splitlines()
    known = next(number for number, line in enumerate(lines) if "network: sensor 1:" in line)
    assert lines[known + 1] == "  is in limber.yaml as sensor 1"
    assert "      - id: 2" in lines


def test_a_scan_leaves_what_a_sensor_kept_out_of_its_rate(tmp_path: Path, broker: Broker) -> None:
    kept = Device(backlog_s=60)
    ended = run_over_tcp(
        "scan", tmp_path, broker, lambda elapsed: backlog(kept.backlog_s + elapsed), kept
    )
    measured = re.search(r"acceleration at 50 Hz \(measured (.+) Hz\)", ended.stdout)
    assert measured, ended.stdout + ended.stderr
    assert float(measured[1]) == pytest.approx(50, rel=0.15)


def test_a_scan_names_what_sends_no_frames(tmp_path: Path, broker: Broker) -> None:
    port = free_port()
    write_settings(tmp_path, broker.port, port, {1: Device()})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        stop = threading.Event()

        def send() -> None:
            while not stop.wait(0.05):
                sender.sendto(b"no frame", (LOOPBACK, port))

        sending_garbage = threading.Thread(target=send)
        sending_garbage.start()
        try:
            ended = run_limber("scan", "--seconds", "2", cwd=tmp_path)
        finally:
            stop.set()
            sending_garbage.join()
    assert ended.returncode == 1
    assert "127.0.0.1 sends 8 bytes that are not a Limber frame: correct what" in ended.stderr


def test_a_scan_beside_a_running_bridge_says_where_to_look(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    sensor = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
    with Listener(broker.port) as listener:
        start_bridge(
            settings(
                sensor, port=broker.port, more=f"network: {{address: 127.0.0.1, port: {port}}}"
            )
        )
        listener.wait(lambda one: one.topic.endswith("/status") and one.payload == b"online")
        ended = run_limber("scan", "--seconds", "1", cwd=tmp_path)
    assert ended.returncode == 1
    assert "A running bridge uses the port: its log names each sensor" in ended.stderr


RELAYED = (
    "{id: 1, source: bluetooth, device: polar_h10, via: home_assistant, "
    "placement: ankle, side: left, quantity: acceleration}"
)


def test_the_remedy_for_a_silent_relayed_sensor_is_in_home_assistant(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    (tmp_path / "limber.yaml").write_text(settings(RELAYED, port=broker.port))
    with Listener(broker.port) as listener:
        start_bridge(RELAYED, broker.port)
        listener.wait(lambda one: one.topic.endswith("/status") and one.payload == b"online")
        ended = run_limber("check", "--seconds", "1", cwd=tmp_path)
    (line,) = [line for line in ended.stdout.splitlines() if "sensor 1 (" in line]
    assert "a Bluetooth adapter or proxy of Home Assistant is in range of it" in line, ended.stdout


CONFIGURED = {
    "bluetooth": (
        '{id: 5, source: bluetooth, device: polar_h10, address: "A0:9E:1A:00:00:01", ',
        {"device": "polar_h10", "address": "A0:9E:1A:00:00:01"},
    ),
    "serial": ("{id: 5, source: serial, device: /dev/null, ", {"device": "/dev/null"}),
    "lsl": ("{id: 5, source: lsl, name: leg, unit: g, ", {"name": "leg"}),
}
"""By source: the begin of a sensor in limber.yaml, and what a scan knows of it."""


@pytest.mark.parametrize("source", CONFIGURED)
def test_a_scan_recognizes_a_sensor_of_limber_yaml(tmp_path: Path, source: str) -> None:
    begin, known = CONFIGURED[source]
    loaded = config(tmp_path, begin + "placement: ankle, side: left, quantity: acceleration}")
    same = FoundSensor("found", "near", {"source": source, **known})
    other = FoundSensor("other", "near", {"source": source, **dict.fromkeys(known, "new")})
    result = ScanResult(source, [same, other])
    lines = list(describe(result, loaded, free_ids(loaded, [result])))
    assert lines[:3] == [
        f"{source}: found: near",
        "  is in limber.yaml as sensor 5",
        f"{source}: other: near",
    ]
    assert lines[3] == "      - id: 1"


def test_a_scan_proposes_no_id_for_a_sensor_that_sends_its_own() -> None:
    port = SimpleNamespace(
        product="ESP32",
        interface_description=None,
        resolved_device="/dev/ttyUSB0",
        manufacturer=None,
        device="/dev/serial/by-id/esp32",
    )
    result = ScanResult("serial", [found_port(port)])
    lines = list(describe(result, None, free_ids(None, [result])))
    assert lines[1] == "      - id: ...  # the id that is set in the program of the sensor"
