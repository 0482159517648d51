"""A device with a ring, the real bridge over TCP, a real broker, and a bridge that is killed."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from devtools.network_sensor import AnkleSensor, TcpSensor, leg
from devtools.processes import free_port
from limber_bridge.detection.events import Event, Gap, Movement
from limber_bridge.storage.journal import Journal
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.listener import Listener, Message
from tests.bridge.running_bridge import ANKLE, STATE, listen_on, online

pytestmark = pytest.mark.real_time

KEY = b"a secret key 5e1f"
SIGNED = ANKLE.replace("}", ", key: a secret key 5e1f}")
BEFORE_S = 60.0
"""Time that the ring holds when the bridge starts for the first time."""
KICKS = [(10.0 + 12.0 * number, 2.0) for number in range(7)]
"""Onset and duration in s since the start of the device: five before the bridge, one while it is
killed, one after it."""
LENGTH_S = 92.0


class LiveDevice:
    """A device that has been running for `BEFORE_S`, and takes samples in real time."""

    def __init__(self, sender: TcpSensor) -> None:
        self._sender = sender
        self._signal = leg(0, LENGTH_S, KICKS)
        self._taken = 0.0
        self._started = time.monotonic() - BEFORE_S
        self.started_utc = time.time() - BEFORE_S

    def connect(self) -> None:
        """Connect; the bridge may be online before its port is open."""
        while True:
            self._sender.connect(round((time.monotonic() - self._started) * 1e6))
            if self._sender.connected:
                return
            time.sleep(0.05)

    def take_until(self, end: float) -> None:
        """Take samples, half a second at a time, as soon as that is over."""
        while self._taken < end:
            self._taken += 0.5
            # The pace of a real device, whatever the test does.
            time.sleep(max(0.0, self._started + self._taken - time.monotonic()))
            begin = self._taken - 0.5
            samples = self._signal[:, round(50 * begin) : round(50 * self._taken)]
            self._sender.take(samples, round(begin * 1e6))


def movements_tonight(message: Message) -> int:
    return int(message.json["tonight"]["measures"]["movements"] or 0)


def journal_events(path: Path) -> list[Event]:
    with Journal(path) as journal:
        nights = journal.unfinished_nights("anna")
        return [event for night in nights for event in journal.events("anna", night)]


@pytest.mark.takes(32)
def test_a_bridge_that_is_killed_in_a_movement_loses_nothing(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    with (
        Listener(broker.port) as listener,
        TcpSensor(AnkleSensor(key=KEY), port, ring_seconds=120.0) as sender,
    ):
        bridge = start_bridge(SIGNED, broker.port, listen_on(port))
        listener.wait(online)
        device = LiveDevice(sender)
        device.take_until(BEFORE_S)
        device.connect()
        device.take_until(71.0)
        bridge.kill()
        sender.disconnect()
        device.take_until(75.0)
        since = len(listener.heard)
        bridge = start_bridge(SIGNED, broker.port, listen_on(port))
        listener.wait(online, since=since)
        device.connect()
        device.take_until(LENGTH_S)
        state = listener.wait(
            lambda one: one.topic == STATE and movements_tonight(one) >= len(KICKS), since=since
        ).json
        bridge.stop()
    found = journal_events(tmp_path / "limber.db")
    onsets = sorted(event.onset for event in found if isinstance(event, Movement))
    expected = [round((device.started_utc + onset) * 1e6) for onset, _ in KICKS]
    # The bridge and the device share a machine: what differs is the time to send a clock frame.
    assert onsets == pytest.approx(
        expected, abs=timedelta(seconds=0.25) / timedelta(microseconds=1)
    )
    assert not [event for event in found if isinstance(event, Gap)]
    health = state["sensors"]["1"]
    assert (health["refused"], health["problem"]) == (0, None)
    assert health["resent"] > 0
