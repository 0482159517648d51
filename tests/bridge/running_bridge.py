"""What tests of a running bridge share: its sensors and topics, and waiting for what it does."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

from devtools.network_sensor import leg
from limber_bridge.detection.signal import Placement, Quantity, SampleBlock, SampleClock, Side
from limber_bridge.domain.recording import column_names
from limber_bridge.recordings.csv import write_csv
from tests.bridge.listener import PATIENCE_S, Message

ANKLE = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
PLAYED = (
    "{{id: 1, source: recording, path: {path}, speed: {speed}, placement: ankle, side: left, "
    "quantity: acceleration}}"
)
STATUS, INFO, STATE, EVENT = (
    f"limber/bedroom/{name}" for name in ("status", "info", "anna/state", "anna/event")
)


def listen_on(port: int) -> str:
    return f"network: {{address: 127.0.0.1, port: {port}}}\n"


def online(message: Message) -> bool:
    return message.topic == STATUS and message.payload == b"online"


def recorded(folder: Path, seconds: float) -> Path:
    """Write a recording of a leg that kicks for 2 s every 12 s, first after 4 s."""
    kicks = [(4.0 + 12.0 * number, 2.0) for number in range(round(seconds / 12))]
    block = SampleBlock(0, leg(0, seconds, kicks), SampleClock(0, 0, 50.0), 50.0)
    names = column_names(Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
    write_csv(folder / "kicks.csv", Quantity.ACCELERATION, names, [block])
    return folder / "kicks.csv"


def played(folder: Path, *, seconds: float, speed: float) -> str:
    """Return the settings of a sensor that plays such a recording."""
    return PLAYED.format(path=recorded(folder, seconds), speed=speed)


def has_movements(count: int) -> Callable[[Message], bool]:
    """Return a check for a state with at least this number of movements tonight."""
    return lambda one: (
        one.topic == STATE and (one.json["tonight"]["measures"]["movements"] or 0) >= count
    )


def wait_for(met: Callable[[], bool], patience: float = 30.0) -> None:
    """Wait until a condition is met."""
    until = time.monotonic() + patience
    while not met():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)


def wait_until_listening(port: int) -> None:
    """Wait until the bridge reads frames at a port; it may be connected to the broker before."""

    def is_open() -> bool:
        try:
            # It opens UDP before TCP.
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    wait_for(is_open, PATIENCE_S)
