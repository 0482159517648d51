"""Signed frames count once: repeated ones are refused, also after a restart of the bridge."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import LOOPBACK, free_port
from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.network import ListenAddress, NetworkOptions
from limber_bridge.sources.replay_guard import MAX_BOOTS, ReplayGuard
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Samples,
    SensorRequest,
    SourceRequest,
)
from limber_bridge.storage.journal import Journal
from tests.bridge.conftest import Broker, StartBridge
from tests.bridge.listener import Listener
from tests.bridge.running_bridge import ANKLE, STATE, listen_on, online

pytestmark = pytest.mark.real_time

KEY = b"a secret key 5e1f"
SIGNED = ANKLE.replace("}", ", key: a secret key 5e1f}")
SENSOR = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)


def new_router(read: tuple[ReadPosition, ...] = ()) -> FrameRouter:
    host = HostClock()
    wanted = (SensorRequest(SENSOR, NetworkOptions(KEY)),)
    return FrameRouter(
        SourceRequest(
            wanted,
            ListenAddress(LOOPBACK, 1),
            Calendar(ZoneInfo("UTC")),
            host,
            host.now(),
            {1: read},
        )
    )


def frame(boot: int, number: int) -> bytes:
    """Return the frame with this number since the start of the device; it has five samples."""
    return AnkleSensor(key=KEY, boot=boot, sequence=5 * number).frame(np.zeros((3, 5)))


def accepted(router: FrameRouter, data: bytes) -> Iterator[Samples]:
    return (event for event in router.route_frame(data, 0) if isinstance(event, Samples))


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6), st.booleans()), max_size=60))
def test_no_frame_counts_twice_whatever_is_sent_and_whenever_the_bridge_restarts(
    sent: list[tuple[int, int, bool]],
) -> None:
    """Send frames of four boots in any order, repeatedly, with restarts of the bridge."""
    router = new_router()
    guard = ReplayGuard()
    counted = []
    for boot, number, restarted in sent:
        router = new_router(tuple(guard)) if restarted else router
        for samples in accepted(router, frame(boot, number)):
            assert samples.read_position is not None
            guard.add_position(samples.read_position)
            counted.append((boot, number))
    assert len(counted) == len(set(counted))
    for start in range(5):
        order = [number for boot, number in counted if boot == start]
        assert order == sorted(order)


@given(st.lists(st.integers(0, 40), unique=True))
def test_frames_in_order_are_never_refused(numbers: list[int]) -> None:
    router = new_router()
    assert all(
        list(accepted(router, frame(boot, number))) for boot in (1, 2) for number in sorted(numbers)
    )


def test_frames_of_an_earlier_boot_do_not_lock_the_sensor_out() -> None:
    """Frames that were intercepted and held back are accepted once, late."""
    router = new_router()
    assert list(accepted(router, frame(2, 0)))
    assert list(accepted(router, frame(1, 0)))
    assert list(accepted(router, frame(2, 1)))
    (refused,) = router.route_frame(frame(1, 0), 0)
    assert isinstance(refused, FrameError)
    assert (refused.sensor, refused.reason) == (1, Reason.REPEATED)


def test_frames_are_accepted_after_their_counter_wraps() -> None:
    router = new_router()
    device = AnkleSensor(key=KEY, sequence=2**32 - 7)
    assert all(list(accepted(router, device.frame(np.zeros((3, 5))))) for _ in range(4))


def test_the_number_of_remembered_boots_is_limited() -> None:
    seen = ReplayGuard()
    for boot in range(MAX_BOOTS + 10):
        seen.add_position(ReadPosition(boot, 5))
    assert len(list(seen)) == MAX_BOOTS


def test_replayed_frames_are_refused_after_a_restart(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    sensor = AnkleSensor(key=KEY)
    recorded = [sensor.frame(leg(number / 2, 0.5, [])) for number in range(10)]
    with Listener(broker.port) as listener:
        bridge = start_bridge(SIGNED, broker.port, listen_on(port))
        listener.wait(online)
        send(port, *recorded)
        listener.wait(lambda one: one.topic == STATE and one.json["sensors"]["1"]["connected"])
        bridge.stop()
        with Journal(tmp_path / "limber.db") as journal:
            (position,) = journal.read_positions()[1]
            assert (position.boot, position.end) == (1, 250)
        since = len(listener.heard)
        start_bridge(SIGNED, broker.port, listen_on(port))
        listener.wait(online, since=since)
        send(port, *recorded)
        refused = listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["1"]["refused"] == 10,
            since=since,
        ).json["sensors"]["1"]
        assert (refused["connected"], refused["problem"]) == (False, "repeated")
        send(port, sensor.frame(leg(5, 0.5, [])))
        listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["1"]["connected"], since=since
        )


def stored_end(path: Path) -> int:
    """Return how far the frames of the device are read according to a journal in use."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
        row = journal.execute("SELECT max(next_sample) FROM read_position").fetchone()
    return int(row[0] or 0)


def test_frames_that_were_read_in_a_pause_are_refused_after_a_kill(
    tmp_path: Path, broker: Broker, start_bridge: StartBridge
) -> None:
    port = free_port()
    sensor = AnkleSensor(key=KEY)
    with Listener(broker.port) as listener:
        bridge = start_bridge(SIGNED, broker.port, listen_on(port))
        listener.wait(online)
        assert listener.request(command="pause", paused=True)["ok"] is True
        recorded = [sensor.frame(leg(number / 2, 0.5, [])) for number in range(200)]
        send(port, *recorded)
        until = time.monotonic() + 60.0
        while stored_end(tmp_path / "limber.db") < 5000:
            assert time.monotonic() < until, "what was read in the pause is not in the journal"
            time.sleep(0.2)
        bridge.kill()
        since = len(listener.heard)
        start_bridge(SIGNED, broker.port, listen_on(port))
        listener.wait(online, since=since)
        send(port, *recorded)
        listener.wait(
            lambda one: one.topic == STATE and one.json["sensors"]["1"]["refused"] == 200,
            since=since,
        )
