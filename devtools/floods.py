"""What a hostile neighbour on the network sends to a bridge, each kind as a process of its own.

Run as `python -m devtools.floods KIND --sensor-port P --web-port P [--recorded FILE]`; it sends
until it is stopped. Frames follow docs/protocol.md, not the bridge's parser.
"""

import argparse
import contextlib
import itertools
import json
import random
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devtools.network_sensor import AnkleSensor, leg
from devtools.processes import LOOPBACK, Program, start

DATAGRAMS_HZ: Final = 2000
"""Datagrams per second. Chosen: one byte each, this is 58 kB/s with their headers, which an ESP32
sends easily."""
TURN_S: Final = 0.01
"""Time between two bursts of datagrams."""
ADDRESSES: Final = 32
"""Addresses from which connections come."""
CONNECTIONS_PER_ADDRESS: Final = 4
HEADERS_S: Final = 2.0
"""Time between two frames without proof on a connection."""
POSTING_THREADS: Final = 8
REQUESTS_HZ: Final = 300
"""Requests per second over the broker. Chosen: more than anyone needs."""
CLIENTS: Final = 50
"""Clients in whose name they are sent."""


@dataclass(frozen=True, slots=True)
class FloodTarget:
    """What a flood is sent to."""

    sensor_port: int
    web_port: int
    sensor: int
    """Id of a sensor with a key."""
    datagrams_hz: int = DATAGRAMS_HZ
    """Datagrams per second, of floods over UDP."""
    recorded: Path | None = None
    """A file of frames that this sensor has sent, each preceded by its length as u16."""
    broker_port: int = 0
    """Of the broker to which requests go."""

    def recorded_frames(self) -> list[bytes]:
        """Return the recorded frames; none without a file."""
        data = b"" if self.recorded is None else self.recorded.read_bytes()
        frames = []
        while data:
            size = int.from_bytes(data[:2], "little")
            frames.append(data[2 : 2 + size])
            data = data[2 + size :]
        return frames


def send_datagrams(target: FloodTarget, frames: Iterator[bytes]) -> None:
    """Send datagrams from this machine's address, which is that of the sensors too."""
    with socket.socket(type=socket.SOCK_DGRAM) as out:
        out.connect((LOOPBACK, target.sensor_port))
        due = time.monotonic()
        while True:
            for _ in range(round(target.datagrams_hz * TURN_S)):
                with contextlib.suppress(ConnectionError):
                    out.send(next(frames))
            due += TURN_S
            time.sleep(max(0.0, due - time.monotonic()))


def send_bytes(target: FloodTarget) -> None:
    """Send datagrams of one byte."""
    send_datagrams(target, itertools.repeat(b"x"))


def send_unknown(target: FloodTarget) -> None:
    """Send well-formed frames, each of another sensor that is not configured."""
    samples = leg(0, 0.5, [])
    ids = itertools.count(1_000_000)
    send_datagrams(target, (AnkleSensor(id=number).frame(samples) for number in ids))


def send_forged(target: FloodTarget) -> None:
    """Send frames of the sensor with a wrong signature, each of another start of the device."""
    samples = leg(0, 0.5, [])
    boots = itertools.count(1)
    send_datagrams(
        target,
        (
            AnkleSensor(id=target.sensor, key=b"not the key of it", boot=boot).frame(samples)
            for boot in boots
        ),
    )


def send_recorded(target: FloodTarget) -> None:
    """Send frames again that the sensor has sent, over UDP and over connections that stay."""
    frames = target.recorded_frames()
    thread = threading.Thread(target=hold_connections, args=(target, frames), daemon=True)
    thread.start()
    send_datagrams(target, itertools.cycle(frames))


def send_headers(target: FloodTarget) -> None:
    """Hold more connections than the bridge has places, with frames that lack a signature."""
    hold_connections(target, [AnkleSensor(id=target.sensor).frame(leg(0, 0.02, []))])


def hold_connections(target: FloodTarget, frames: list[bytes]) -> None:
    """Keep connections from many addresses open, and send a frame over each now and then."""
    streamed = [len(frame).to_bytes(2, "little") + frame for frame in frames]
    held: dict[socket.socket, str] = {}
    with selectors.DefaultSelector() as ended:
        while True:
            turn = time.monotonic() + HEADERS_S
            for address in free_places(held):
                with contextlib.suppress(OSError):
                    opened = socket.create_connection(
                        (LOOPBACK, target.sensor_port), 1.0, source_address=(address, 0)
                    )
                    opened.setblocking(False)
                    held[opened] = address
                    ended.register(opened, selectors.EVENT_READ)
            for connection in list(held):
                with contextlib.suppress(OSError):
                    connection.send(random.choice(streamed))  # noqa: S311 - not a secret
            while (left := turn - time.monotonic()) > 0:
                # The bridge sends nothing: what can be read is the end of a connection.
                for key, _ in ended.select(left):
                    closed = key.fileobj
                    assert isinstance(closed, socket.socket)  # noqa: S101 - registered above
                    ended.unregister(closed)
                    closed.close()
                    del held[closed]


def free_places(held: dict[socket.socket, str]) -> Iterator[str]:
    """Yield the address of each connection that is missing."""
    taken = list(held.values())
    for number in range(ADDRESSES):
        address = f"127.0.1.{number + 1}"
        yield from [address] * (CONNECTIONS_PER_ADDRESS - taken.count(address))


def send_posts(target: FloodTarget) -> None:
    """Post to the address of phones with a wrong secret, as fast as it is answered."""
    for number in range(POSTING_THREADS):
        threading.Thread(target=post, args=(target, f"127.0.2.{number + 1}"), daemon=True).start()
    threading.Event().wait()


def post(target: FloodTarget, address: str) -> None:
    """Post from one address, one request after the other."""
    request = (
        f"POST /ingest/{target.sensor}/not-the-secret HTTP/1.1\r\n"
        "Host: localhost\r\nContent-Length: 100\r\n\r\n"
    ).encode() + bytes(100)
    while True:
        try:
            with socket.create_connection(
                (LOOPBACK, target.web_port), 1.0, source_address=(address, 0)
            ) as connection:
                connection.sendall(request)
                while connection.recv(4096):
                    pass
        except OSError:
            time.sleep(TURN_S)


def send_requests(target: FloodTarget) -> None:
    """Ask for events and log factors, as many clients that do not wait for their answers."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(LOOPBACK, target.broker_port)
    client.loop_start()
    night = f"{datetime.now(UTC):%Y-%m-%d}"
    began = time.monotonic()
    for number in itertools.count():
        fields: dict[str, object] = {"v": 1, "id": f"flood-{number}", "sleeper": "udp"}
        fields["reply_to"] = f"limber/bedroom/response/flood{number % CLIENTS}"
        if number % 4:
            fields |= {"command": "events", "night": night, "after": number}
        else:
            fields |= {"command": "log", "factor": "other", "note": str(number)}
        client.publish("limber/bedroom/request", json.dumps(fields))
        time.sleep(max(0.0, began + number / REQUESTS_HZ - time.monotonic()))


FLOODS: Final[dict[str, Callable[[FloodTarget], None]]] = {
    "one-byte datagrams": send_bytes,
    "unknown sensors": send_unknown,
    "forged frames": send_forged,
    "recorded frames": send_recorded,
    "idle connections": send_headers,
    "HTTP posts": send_posts,
    "requests": send_requests,
}
"""By name; each sends until the process is stopped."""


def start_flood(name: str, target: FloodTarget, log: Path) -> Program:
    """Start a flood."""
    command = [sys.executable, "-m", "devtools.floods", name]
    command += ["--sensor-port", str(target.sensor_port), "--web-port", str(target.web_port)]
    command += ["--sensor", str(target.sensor), "--datagrams", str(target.datagrams_hz)]
    command += ["--broker-port", str(target.broker_port)]
    if target.recorded is not None:
        command += ["--recorded", str(target.recorded)]
    root = str(Path(__file__).resolve().parents[1])
    return start("flood", command, log, environment={"PYTHONPATH": root})


def main() -> None:
    """Send one flood."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("flood", choices=FLOODS)
    parser.add_argument("--sensor-port", type=int, required=True)
    parser.add_argument("--web-port", type=int, required=True)
    parser.add_argument("--sensor", type=int, default=1)
    parser.add_argument("--datagrams", type=int, default=DATAGRAMS_HZ)
    parser.add_argument("--recorded", type=Path)
    parser.add_argument("--broker-port", type=int, default=0)
    chosen = parser.parse_args()
    FLOODS[chosen.flood](
        FloodTarget(
            chosen.sensor_port,
            chosen.web_port,
            chosen.sensor,
            chosen.datagrams,
            chosen.recorded,
            chosen.broker_port,
        )
    )


if __name__ == "__main__":
    main()
