"""Frames of a sensor that signs count once: sent again, at once or after a restart of the bridge,
they are refused."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from devtools.network_sensor import AnkleSensor, leg, send
from devtools.processes import LOOPBACK, free_port
from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.network import FrameRouter, Listen, Options
from limber_bridge.sources.replay_guard import STARTS, ReplayGuard
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
from tests.bridge.test_daemon import ANKLE, STATE, listen_on, online

KEY = b"a secret key"
SIGNED = ANKLE.replace("}", ", key: a secret key}")
SENSOR = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)


def desk(read: tuple[ReadPosition, ...] = ()) -> FrameRouter:
    host = HostClock()
    wanted = (SensorRequest(SENSOR, Options(KEY)),)
    return FrameRouter(
        SourceRequest(
            wanted, Listen(LOOPBACK, 1), Calendar(ZoneInfo("UTC")), host, host.now(), {1: read}
        )
    )


def frame(boot: int, number: int) -> bytes:
    """The number-th frame, of five samples, after a start."""
    return AnkleSensor(key=KEY, boot=boot, sequence=5 * number).frame(np.zeros((3, 5)))


def taken(one: FrameRouter, data: bytes) -> Iterator[Samples]:
    return (arrival for arrival in one.take(data, 0) if isinstance(arrival, Samples))


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6), st.booleans()), max_size=60))
def test_no_frame_counts_twice_whatever_is_sent_and_whenever_the_bridge_restarts(
    sent: list[tuple[int, int, bool]],
) -> None:
    """Frames of four starts in any order, repeated at will; before some of them the bridge begins
    anew."""
    ours = desk()
    kept = ReplayGuard()
    counted = []
    for boot, number, restarted in sent:
        ours = desk(tuple(kept)) if restarted else ours
        for samples in taken(ours, frame(boot, number)):
            assert samples.read is not None
            kept.note(samples.read)
            counted.append((boot, number))
    assert len(counted) == len(set(counted))
    for start in range(5):
        order = [number for boot, number in counted if boot == start]
        assert order == sorted(order)


@given(st.lists(st.integers(0, 40), unique=True))
def test_what_comes_in_order_is_never_refused(numbers: list[int]) -> None:
    ours = desk()
    assert all(
        list(taken(ours, frame(boot, number))) for boot in (1, 2) for number in sorted(numbers)
    )


def test_the_real_sensor_goes_on_after_somebody_sent_frames_of_an_earlier_start() -> None:
    """Frames that were held back still come through once; they do not lock the sensor out."""
    ours = desk()
    assert list(taken(ours, frame(2, 0)))
    assert list(taken(ours, frame(1, 0)))
    assert list(taken(ours, frame(2, 1)))
    (refused,) = ours.take(frame(1, 0), 0)
    assert isinstance(refused, FrameError)
    assert (refused.sensor, refused.reason) == (1, Reason.REPEATED)


def test_counters_that_wrap_go_on() -> None:
    ours = desk()
    device = AnkleSensor(key=KEY, sequence=2**32 - 7)
    assert all(list(taken(ours, device.frame(np.zeros((3, 5))))) for _ in range(4))


def test_starts_are_remembered_up_to_a_limit() -> None:
    seen = ReplayGuard()
    for boot in range(STARTS + 10):
        seen.note(ReadPosition(boot, 5))
    assert len(list(seen)) == STARTS


def test_a_recorded_night_of_frames_is_nothing_to_a_bridge_that_was_restarted(
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
            assert journal.read_positions() == {1: [ReadPosition(1, 250)]}
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
