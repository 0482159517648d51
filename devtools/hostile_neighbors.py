"""Measure what sensors with a key lose, and how late movements are, while a neighbour floods.

Two people wear a sensor each: one over UDP from the address of the flood, one over TCP that
connects again every few seconds. Both kick every four seconds. Nothing may be lost, and a movement
must be published within two seconds after it could be known.

    python -m devtools.hostile_neighbors [--seconds S] [--datagrams HZ] [--only FLOOD]...
"""

import argparse
import http.client
import json
import math
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self, override

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devtools.bridge_settings import SETTINGS
from devtools.broker import start_broker
from devtools.floods import DATAGRAMS_HZ, FLOODS, FloodTarget, start_flood
from devtools.network_sensor import AnkleSensor, TcpSensor, leg
from devtools.processes import LOOPBACK, DevtoolError, Program, free_port, need, start

QUIET: Final = "no flood"
KEY: Final = b"7d0c4be1f83a96525e"
UDP_SENSOR: Final = 1
TCP_SENSOR: Final = 2
SLEEPERS: Final = {"udp": UDP_SENSOR, "tcp": TCP_SENSOR}
SETTLING_S: Final = 15.0
"""s after the start by which the detection knows the noise of a sensor."""
KICK_EVERY_S: Final = 4.0
KICK_S: Final = 1.0
KNOWN_AFTER_S: Final = 0.5
"""s after the end of a movement until the detection can know that it is over."""
FRAME_S: Final = 0.5
PATIENCE_S: Final = 60.0
"""Chosen: a machine may be busy with other things."""
LATEST_S: Final = 2.0
"""Delay within which a movement must be published."""
RECORDED_FRAMES: Final = 20
RECONNECT_FRAMES: Final = 9
"""Frames after which the sensor over TCP connects again, and must get a place."""
SLEEPER: Final = """\
  - id: {name}
    name: {name}
    sensors:
      - {{id: {number}, source: network, placement: ankle, side: left, quantity: acceleration,
          key: {key}}}
"""


@dataclass(frozen=True, slots=True)
class PublishedMovement:
    """A movement and when an MQTT client received it."""

    sleeper: str
    start: float
    """s of Unix time, as the bridge says."""
    received: float
    """s of Unix time."""


class MovementListener:
    """Collects the movements that a bridge publishes."""

    def __init__(self, port: int) -> None:
        """Connect to a broker."""
        self.movements: list[PublishedMovement] = []
        """In order of arrival."""
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._receive
        self._client.on_connect = lambda client, *_: client.subscribe("limber/bedroom/+/event", 1)
        self._client.connect(LOOPBACK, port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _receive(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        event = json.loads(message.payload)
        if event["kind"] == "movement":
            start = datetime.fromisoformat(event["start"]).timestamp()
            sleeper = message.topic.split("/")[2]
            self.movements.append(PublishedMovement(sleeper, start, time.time()))


class TwoLegs:
    """Two sensors that send the same signal in real time, one over UDP and one over TCP."""

    def __init__(self, port: int, recorded: Path) -> None:
        """Start; the first frames of the sensor over UDP are written to a file."""
        self.began = 0.0
        """s of Unix time of the first sample."""
        self._port = port
        self._recorded = recorded
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> Self:
        self.began = time.time()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def kicks_between(self, begin: float, end: float) -> list[float]:
        """Return the onsets of the kicks between two times (s of Unix time), whole ones only."""
        first = max(0, math.ceil((begin - self.began - SETTLING_S) / KICK_EVERY_S))
        onsets = (self.began + SETTLING_S + KICK_EVERY_S * number for number in range(first, 10**6))
        return list(iter_until(onsets, end - KICK_S))

    def _send(self) -> None:
        device = AnkleSensor(UDP_SENSOR, key=KEY)
        other = AnkleSensor(TCP_SENSOR, key=KEY)
        steady = time.monotonic()
        with (
            socket.socket(type=socket.SOCK_DGRAM) as out,
            TcpSensor(other, self._port) as streaming,
            self._recorded.open("wb", buffering=0) as record,
        ):
            number = 0
            while not self._ended.wait(
                max(0.0, steady + (number + 1) * FRAME_S - time.monotonic())
            ):
                clock = round(number * FRAME_S * 1e6)
                samples = leg(number * FRAME_S, FRAME_S, kicks_near(number * FRAME_S))
                if not streaming.connected or not number % RECONNECT_FRAMES:
                    streaming.connect(clock)
                streaming.take(samples, clock)
                frame = device.frame(samples, clock=clock)
                if number < RECORDED_FRAMES:
                    record.write(len(frame).to_bytes(2, "little") + frame)
                out.sendto(frame, (LOOPBACK, self._port))
                number += 1


def iter_until(values: Iterator[float], end: float) -> Iterator[float]:
    """Yield values up to the first one that is larger than `end`."""
    for value in values:
        if value > end:
            return
        yield value


def kicks_near(begin: float) -> list[tuple[float, float]]:
    """Return the kicks (onset, duration in s) that a frame may contain."""
    number = round((begin - SETTLING_S) / KICK_EVERY_S)
    onsets = (SETTLING_S + KICK_EVERY_S * one for one in range(max(0, number - 1), number + 2))
    return [(onset, KICK_S) for onset in onsets]


@dataclass(frozen=True, slots=True)
class FloodResult:
    """What the sensors lost during one flood, and how late movements were."""

    flood: str
    kicks: int
    """Kicks of both people."""
    published: int
    """Movements of these that were published."""
    lost: int
    """Samples that did not arrive."""
    latest_s: float
    """Largest delay of a movement."""
    log_lines: int
    """Lines that the bridge has logged."""
    problems: tuple[str, ...]
    """Problems of the sensors that were shown."""

    @property
    def well(self) -> bool:
        """Whether nothing was lost, and no problem of a sensor was shown that it does not have."""
        return not self.lost and self.published == self.kicks and not self.problems

    @override
    def __str__(self) -> str:
        shown = f"; shown: {', '.join(self.problems)}" if self.problems else ""
        return (
            f"{self.flood:20} {self.published:3d} of {self.kicks:3d} movements  "
            f"{self.lost:4d} samples lost  latest {self.latest_s:5.2f} s  "
            f"{self.log_lines:3d} log lines{shown}"
        )


@dataclass(frozen=True, slots=True)
class FloodedBridge:
    """A bridge with two sensors that send, and what is heard of it."""

    program: Program
    target: FloodTarget
    legs: TwoLegs
    listener: MovementListener
    folder: Path

    def sensors(self) -> dict[str, dict[str, Any]]:
        """Return the health of each sensor by its id; waits until the bridge answers."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                return self._ask()
            except OSError, http.client.HTTPException, ValueError:
                time.sleep(0.1)
        raise DevtoolError(f"the bridge does not answer:\n{self.program.tail()}")

    def _ask(self) -> dict[str, dict[str, Any]]:
        page = http.client.HTTPConnection(LOOPBACK, self.target.web_port, timeout=PATIENCE_S)
        with closing(page) as connection:
            connection.request("GET", "/health", headers={"Host": "localhost"})
            report = json.loads(connection.getresponse().read())
        return {
            id_: health for found in report["sleepers"].values() for id_, health in found.items()
        }

    def lost(self) -> int:
        """Return how many samples were lost since the bridge started."""
        return sum(int(health["lost"]) for health in self.sensors().values())

    def log_lines(self) -> int:
        """Return how many lines the log has."""
        return len(self.program.log.read_text(errors="replace").splitlines())


def flooded(bridge: FloodedBridge, name: str, seconds: float) -> FloodResult:
    """Return what happens in some seconds of a flood, or without one (`QUIET`)."""
    lost = bridge.lost()
    lines = bridge.log_lines()
    begin = time.time()
    with ExitStack() as ends:
        if name != QUIET:
            flood = start_flood(name, bridge.target, bridge.folder / "flood.log")
            ends.callback(flood.stop)
        time.sleep(seconds)
        kicks = bridge.legs.kicks_between(begin, time.time())
        # Those that were made under the flood have to arrive under it.
        found = wait_for_movements(bridge, kicks)
        problems = tuple(
            str(health["problem"])
            for health in (bridge.sensors().values() if name != "HTTP posts" else ())
            if health["problem"] is not None
        )
    # A loss is known when the next frame has arrived.
    time.sleep(2 * FRAME_S)
    return FloodResult(
        name,
        len(kicks) * len(SLEEPERS),
        len(found),
        bridge.lost() - lost,
        max((delay(one, kicks) for one in found), default=math.nan),
        bridge.log_lines() - lines,
        problems,
    )


def wait_for_movements(bridge: FloodedBridge, kicks: Sequence[float]) -> list[PublishedMovement]:
    """Return the movements of some kicks, after waiting for them."""
    until = time.monotonic() + PATIENCE_S
    while True:
        found = [
            one for one in bridge.listener.movements if any(is_of(one, onset) for onset in kicks)
        ]
        if len(found) >= len(kicks) * len(SLEEPERS) or time.monotonic() > until:
            return found
        time.sleep(0.1)


def is_of(movement: PublishedMovement, onset: float) -> bool:
    """Return whether a movement is the one that began at `onset` (s of Unix time)."""
    return abs(movement.start - onset) < KICK_EVERY_S / 2


def delay(movement: PublishedMovement, kicks: Sequence[float]) -> float:
    """Return the s from when a movement could be known until it was received."""
    onset = min(kicks, key=lambda onset: abs(movement.start - onset))
    return movement.received - (onset + KICK_S + KNOWN_AFTER_S)


@contextmanager
def flooded_bridge(folder: Path, datagrams_hz: int) -> Iterator[FloodedBridge]:
    """Run a broker, a bridge and two sensors that know their noise."""
    broker_port = free_port()
    recorded = folder / "recorded"
    target = FloodTarget(free_port(), free_port(), UDP_SENSOR, datagrams_hz, recorded, broker_port)
    settings = folder / "limber.yaml"
    sleepers = "".join(
        SLEEPER.format(name=name, number=number, key=KEY.decode())
        for name, number in SLEEPERS.items()
    )
    settings.write_text(
        SETTINGS.format(
            broker=broker_port, sensor=target.sensor_port, web=target.web_port, sleepers=sleepers
        )
    )
    with ExitStack() as ends:
        ends.callback(start_broker(folder / "broker", broker_port).stop)
        listener = ends.enter_context(MovementListener(broker_port))
        program = start(
            "bridge", [need("limber"), "run", "--config", settings], folder / "bridge.log"
        )
        ends.callback(program.stop)
        assert target.recorded is not None  # noqa: S101 - given above
        legs = TwoLegs(target.sensor_port, target.recorded)
        bridge = FloodedBridge(program, target, legs, listener, folder)
        bridge.sensors()
        ends.enter_context(legs)
        time.sleep(SETTLING_S)
        yield bridge


def measure(
    folder: Path, floods: Sequence[str], seconds: float, datagrams_hz: int = DATAGRAMS_HZ
) -> Iterator[FloodResult]:
    """Yield the result of each flood, with a number of datagrams per second."""
    with flooded_bridge(folder, datagrams_hz) as bridge:
        for name in floods:
            yield flooded(bridge, name, seconds)


def main() -> int:
    """Print what happens under each flood; return 0 if nothing was lost or late."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each flood")
    parser.add_argument(
        "--datagrams", type=int, default=DATAGRAMS_HZ, help="per second, of floods over UDP"
    )
    parser.add_argument(
        "--only", action="append", choices=FLOODS, help="may be given several times"
    )
    chosen = parser.parse_args()
    well = True
    with tempfile.TemporaryDirectory(prefix="limber-floods-") as name:
        for result in measure(
            Path(name), [QUIET, *(chosen.only or FLOODS)], chosen.seconds, chosen.datagrams
        ):
            print(result, flush=True)
            well = well and result.well and result.latest_s <= LATEST_S
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
