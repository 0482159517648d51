"""Run a thousand sensors on one core, then an overload: what is lost and how it recovers."""

import http.client
import itertools
import json
import os
import secrets
import socket
import struct
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from devtools.broker import start_broker
from devtools.network_sensor import leg
from devtools.processes import LOOPBACK, DevtoolError, Program, free_port, need, start

SENSORS: Final = 1000
RATE: Final = 50
WARD: Final = """\
bridge: {{id: ward, time_zone: Europe/Berlin}}
broker: {{host: 127.0.0.1, port: {broker}}}
network: {{address: 127.0.0.1, port: {sensors}}}
web: {{port: {page}}}
sleepers:
"""
SLEEPER: Final = """\
  - id: sleeper_{number}
    name: Sleeper {number}
    sensors:
      - {{id: {number}, source: network, placement: ankle, side: left, quantity: acceleration}}
"""
HEAD: Final = struct.Struct("<2sBBIIIIHBB8s")


@dataclass(frozen=True, slots=True)
class LoadedBridge:
    """A bridge with many sleepers, and how to reach it."""

    program: Program
    port: int
    page: int

    def health(self) -> dict[str, Any]:
        """Return the response of `GET /health`."""
        with closing(http.client.HTTPConnection(LOOPBACK, self.page, timeout=60)) as connection:
            connection.request("GET", "/health", headers={"Host": "localhost"})
            found: dict[str, Any] = json.loads(connection.getresponse().read())
            return found

    def sensors(self) -> list[dict[str, Any]]:
        """Return the health of each sensor."""
        return [one for them in self.health()["sleepers"].values() for one in them.values()]

    def cpu(self) -> float:
        """Return the CPU time that the bridge has used, in s."""
        fields = (
            Path(f"/proc/{self.program.process.pid}/stat").read_text().rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class SensorCrowd:
    """Sensors that send continuously, with their frames evenly spread over time."""

    def __init__(self, port: int, samples: int) -> None:
        """Start to send `samples` per frame."""
        self.samples = samples
        self.sent = 0
        self.late = 0.0
        """Largest delay of the sender, in s; beyond one second the sender is the bottleneck."""
        self._port = port
        self._ends = False
        self._boot = secrets.randbits(32)
        # A minute of signal with one movement in it, which each sensor reads from another place on.
        signal = leg(0, 60, [(30.0, 2.0)], rate=RATE)
        self._body = np.rint(np.concatenate([signal, signal], axis=1).T * 1000).astype("<i2")
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> SensorCrowd:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends = True
        self._thread.join()

    def _send(self) -> None:
        numbers = [0] * SENSORS
        began = time.monotonic()
        with socket.socket(type=socket.SOCK_DGRAM) as out:
            out.connect((LOOPBACK, self._port))
            for turn in itertools.count():
                for sensor in range(SENSORS):
                    due = began + numbers[sensor] / RATE + sensor / SENSORS * self.samples / RATE
                    wait = due - time.monotonic()
                    self.late = max(self.late, -wait) if turn > 1 else 0.0
                    if wait > 0:
                        time.sleep(wait)
                    if self._ends:
                        return
                    out.send(self._frame(sensor, numbers[sensor]))
                    numbers[sensor] += self.samples
                    self.sent += 1

    def _frame(self, sensor: int, number: int) -> bytes:
        clock = number * 1_000_000 // RATE % 2**32
        head = HEAD.pack(
            b"LB", 1, 0, sensor, self._boot, number, clock, RATE * 10, self.samples, 255, bytes(8)
        )
        begin = (number + sensor * 3) % (60 * RATE)
        body: bytes = self._body[begin : begin + self.samples].tobytes()
        return head + body


def load(folder: Path, seconds: float = 60.0) -> dict[str, float]:
    """Return what a thousand sensors lose in a minute, and how an overload is handled."""
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as ends:
        ward = begin(folder, cores, ends)
        with SensorCrowd(ward.port, 25) as crowd:
            wait_until_all_are_there(ward)
            used = ward.cpu()
            sent = crowd.sent
            at = time.monotonic()
            time.sleep(seconds)
            passed = time.monotonic() - at
            share = (ward.cpu() - used) / passed
            rate = (crowd.sent - sent) / passed
            lost = sum(one["lost"] for one in ward.sensors())
        found = {
            "load_lost": lost,
            "load_cpu": 100 * share,
            "load_frames": rate,
            "load_late_s": crowd.late,
        }
        return found | overload(ward)


def begin(folder: Path, cores: list[int], ends: ExitStack) -> LoadedBridge:
    """Start a broker, and a bridge that is pinned to one core."""
    ward_ports = free_port(), free_port(), free_port()
    settings = folder / "limber.yaml"
    text = WARD.format(broker=ward_ports[0], sensors=ward_ports[1], page=ward_ports[2])
    settings.write_text(text + "".join(SLEEPER.format(number=number) for number in range(SENSORS)))
    os.sched_setaffinity(0, cores[1:] or cores)
    ends.callback(os.sched_setaffinity, 0, cores)
    broker = start_broker(folder / "broker", ward_ports[0])
    ends.callback(broker.stop)
    command: list[str | Path] = [
        "taskset",
        "-c",
        str(cores[0]),
        need("limber"),
        "run",
        "--config",
        settings,
    ]
    program = start("bridge", command, folder / "bridge.log")
    ends.callback(program.stop)
    ward = LoadedBridge(program, ward_ports[1], ward_ports[2])
    wait_until_it_answers(ward)
    return ward


def overload(ward: LoadedBridge, seconds: float = 20.0) -> dict[str, float]:
    """Return what happens with frames of one sample: fifty thousand per second."""
    before = sum(one["lost"] for one in ward.sensors())
    with SensorCrowd(ward.port, 1):
        time.sleep(seconds)
        told = {problem["key"] for problem in ward.health()["bridge"]["problems"]}
    shed = sum(one["lost"] for one in ward.sensors()) - before
    with SensorCrowd(ward.port, 25):
        began = time.monotonic()
        wait_until_all_are_there(ward)
        recovered = time.monotonic() - began
        time.sleep(5)
        settled = sum(one["lost"] for one in ward.sensors())
        time.sleep(15)
        lost_after = sum(one["lost"] for one in ward.sensors()) - settled
    return {
        "overload_shed": shed,
        "overload_told": float("overloaded" in told),
        "overload_recovered_s": recovered,
        "overload_lost_after": lost_after,
    }


def wait_until_it_answers(ward: LoadedBridge, patience: float = 60.0) -> None:
    """Wait until the bridge is online; DevtoolError if it does not start."""
    until = time.monotonic() + patience
    while time.monotonic() < until and ward.program.runs:
        try:
            ward.health()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise DevtoolError(f"the bridge does not answer:\n{ward.program.tail()}")


def wait_until_all_are_there(ward: LoadedBridge, patience: float = 90.0) -> None:
    """Wait until every sensor is connected and the queues are empty; DevtoolError if that fails."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        time.sleep(0.5)
        found = ward.health()
        sensors = [one for them in found["sleepers"].values() for one in them.values()]
        if (
            all(one["connected"] for one in sensors)
            and sum(found["bridge"]["queues"].values()) < SENSORS
        ):
            return
    raise DevtoolError(f"not all sensors came:\n{ward.program.tail()}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(load(Path(name)), indent=2))
