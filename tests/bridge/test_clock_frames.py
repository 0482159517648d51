"""Clock frames: what arrives late is placed by the clock of the device, and counts once."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from devtools.network_sensor import AnkleSensor, FrameRing, leg
from devtools.processes import LOOPBACK
from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor, Side
from limber_bridge.domain.nights import Calendar
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.network import ListenAddress, NetworkOptions
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Resent,
    Samples,
    SensorRequest,
    SourceEvent,
    SourceRequest,
)

KEY = b"a secret key 5e1f"
SENSOR = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
HOST_START = 5_000.0
"""s on the host's clock when the device's clock shows 0."""


def new_router(key: bytes | None = KEY, positions: tuple[ReadPosition, ...] = ()) -> FrameRouter:
    host = HostClock()
    return FrameRouter(
        SourceRequest(
            (SensorRequest(SENSOR, NetworkOptions(key)),),
            ListenAddress(LOOPBACK, 1),
            Calendar(ZoneInfo("UTC")),
            host,
            host.now(),
            {1: positions},
        )
    )


class Device:
    """A device whose clock starts at `clock_start` us, with its ring."""

    def __init__(self, clock_start: int = 0, key: bytes | None = KEY, boot: int = 1) -> None:
        self.ankle = AnkleSensor(key=key, boot=boot)
        self.clock_start = clock_start
        self.ring = FrameRing(600.0)

    def clock(self, seconds: float) -> int:
        return self.clock_start + round(seconds * SECOND)

    def take_frame(self, seconds: float) -> bytes:
        """Take half a second of samples that ends at a time since the start of the device."""
        frame = self.ankle.frame(leg(seconds - 0.5, 0.5, []), clock=self.clock(seconds - 0.5))
        self.ring.add(seconds, frame)
        return frame

    def reconnected(self, seconds: float) -> list[bytes]:
        """Return what the device sends when it connects again."""
        return [self.ankle.clock_frame(self.clock(seconds)), *self.ring]


def route(router: FrameRouter, frames: Iterable[bytes], seconds: float) -> list[SourceEvent]:
    """Return the events of frames that arrive at a time since the start of the device."""
    arrived = round((HOST_START + seconds) * SECOND)
    return [event for frame in frames for event in router.route_frame(frame, arrived)]


def start_times(events: Iterable[SourceEvent]) -> list[float]:
    """Return when each block begins, in s since the start of the device."""
    return [
        event.block.clock.time_of(event.block.first) / SECOND - HOST_START
        for event in events
        if isinstance(event, Samples)
    ]


@pytest.mark.parametrize("clock_start", [0, 2**32 - 10 * SECOND], ids=["clock 0", "clock wraps"])
@pytest.mark.parametrize("key", [None, KEY], ids=["not signed", "signed"])
def test_a_backlog_is_placed_by_the_device_clock_after_a_restart_of_the_bridge(
    clock_start: int, key: bytes | None
) -> None:
    device = Device(clock_start, key)
    times = [number / 2 for number in range(1, 61)]
    for seconds in times:
        device.take_frame(seconds)
    found = route(new_router(key), device.reconnected(30.1), 30.1)
    assert start_times(found) == pytest.approx([seconds - 0.5 for seconds in times], abs=0.001)


def test_without_a_clock_frame_a_backlog_is_placed_by_its_arrival() -> None:
    device = Device()
    frames = [device.take_frame(number / 2) for number in range(1, 41)]
    found = start_times(route(new_router(), frames, 20.1))
    assert found[-1] == pytest.approx(20.1 - 0.48, abs=0.01)


def test_a_new_start_of_the_device_is_placed_by_its_clock() -> None:
    router = new_router()
    first = Device()
    for number in range(1, 21):
        route(router, [first.take_frame(number / 2)], number / 2)
    # The device starts again at 15 s, and reaches the bridge at 45 s.
    second = Device(-15 * SECOND % 2**32, boot=2)
    times = [15.5 + number / 2 for number in range(60)]
    for seconds in times:
        second.take_frame(seconds)
    found = route(router, second.reconnected(45.0), 45.0)
    errors = [event.reason for event in found if isinstance(event, FrameError)]
    assert errors == [Reason.RESTARTED]
    assert start_times(found) == pytest.approx([seconds - 0.5 for seconds in times], abs=0.03)
    blocks = [event.block for event in found if isinstance(event, Samples)]
    assert blocks[0].first == pytest.approx(15 * 50, abs=2)


@pytest.mark.parametrize("key", [None, KEY], ids=["not signed", "signed"])
def test_samples_that_come_again_are_skipped_and_no_error(key: bytes | None) -> None:
    router = new_router(key)
    device = Device(key=key)
    live = [device.take_frame(number / 2) for number in range(1, 61)]
    for number, frame in enumerate(live, 1):
        route(router, [frame], number / 2)
    for number in range(61, 81):
        device.take_frame(number / 2)
    found = route(router, device.reconnected(40.1), 40.1)
    assert [event.samples for event in found if isinstance(event, Resent)] == [25] * 60
    assert start_times(found) == pytest.approx([29.5 + number / 2 for number in range(1, 21)])
    assert not [event for event in found if isinstance(event, FrameError)]


def test_samples_read_by_an_earlier_run_are_skipped() -> None:
    device = Device()
    for number in range(1, 41):
        device.take_frame(number / 2)
    router = new_router(positions=(ReadPosition(1, 500),))
    found = route(router, device.reconnected(20.1), 20.1)
    assert len([event for event in found if isinstance(event, Resent)]) == 20
    assert start_times(found) == pytest.approx([10.0 + number / 2 for number in range(20)])


def test_a_device_without_a_key_may_start_again_with_the_same_boot_id() -> None:
    router = new_router(None)
    first = Device(key=None)
    for number in range(1, 61):
        route(router, [first.take_frame(number / 2)], number / 2)
    second = Device(-40 * SECOND % 2**32, key=None)
    for number in range(1, 21):
        second.take_frame(40 + number / 2)
    found = route(router, second.reconnected(50.0), 50.0)
    assert [event.reason for event in found if isinstance(event, FrameError)] == [Reason.RESTARTED]
    assert start_times(found) == pytest.approx([40 + number / 2 for number in range(20)], abs=0.03)


def test_a_repeated_clock_frame_of_a_device_with_a_key_has_no_effect() -> None:
    router = new_router()
    device = Device()
    old = device.ankle.clock_frame(0)
    route(router, [old], 0.0)
    for number in range(1, 61):
        route(router, [device.take_frame(number / 2)], number / 2)
    (refused,) = route(router, [old], 30.0)
    assert isinstance(refused, FrameError)
    assert refused.reason is Reason.REPEATED
    found = route(router, [device.take_frame(30.5)], 30.5)
    assert start_times(found) == pytest.approx([30.0], abs=0.001)


def test_a_clock_that_jumps_makes_earlier_clock_frames_void() -> None:
    router = new_router()
    device = Device()
    route(router, [device.ankle.clock_frame(0)], 0.0)
    for number in range(1, 21):
        route(router, [device.take_frame(number / 2)], number / 2)
    device.clock_start = 900 * SECOND
    found = route(router, [device.take_frame(10.5)], 10.5)
    assert [event.reason for event in found if isinstance(event, FrameError)] == [
        Reason.CLOCK_JUMPED
    ]
    assert start_times(found) == pytest.approx([10.0], abs=0.03)


def test_a_clock_frame_has_no_samples_and_a_rate() -> None:
    router = new_router(None)
    frame = AnkleSensor().clock_frame(0)
    for wrong in (
        frame + bytes(6),
        frame[:20] + bytes(2) + frame[22:],
        frame[:22] + b"\x01" + frame[23:],
    ):
        (refused,) = route(router, [wrong], 0.0)
        assert isinstance(refused, FrameError)
        assert refused.reason is Reason.MALFORMED


def test_the_measured_rate_outlasts_a_pause_of_the_link() -> None:
    """Backlogs are placed with the measured rate, so that a slow crystal shifts nothing."""
    router = new_router()
    device = Device()
    true_rate = 49.0
    blocks = []
    for number in range(600):
        begin = number * 25 / true_rate
        frame = device.ankle.frame(np.zeros((3, 25)), clock=device.clock(begin))
        end = begin + 24 / true_rate
        if number < 100:
            blocks += route(router, [frame], end)
        elif number < 500:
            device.ring.add(begin, frame)
    blocks += route(router, device.reconnected(500 * 25 / true_rate), 500 * 25 / true_rate)
    rates = [event.block.clock.rate for event in blocks if isinstance(event, Samples)]
    assert rates[50:] == pytest.approx([true_rate] * len(rates[50:]), abs=0.001)


def test_one_clock_frame_sent_many_times_takes_no_memory() -> None:
    """An attacker may have recorded a signed one, and the sensor may be switched off."""
    router = new_router()
    device = Device()
    recorded = device.ankle.clock_frame(device.clock(2.0))
    for step in range(20_000):
        route(router, [recorded], 2.0 + step / 20)
    assert len(router._clocks[1]._readings) < 300
