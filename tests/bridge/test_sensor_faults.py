"""A sensor whose frames do not fit what it measures has a named fault and gives no figures."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pytest

from devtools.network_sensor import AnkleSensor, leg
from devtools.processes import LOOPBACK
from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)
from limber_bridge.domain.nights import Calendar
from limber_bridge.sources.frame_router import FrameRouter
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.network import ListenAddress, NetworkOptions
from limber_bridge.sources.rest_gravity import GravityCheck
from limber_bridge.sources.source_api import (
    FrameError,
    Reason,
    Samples,
    SensorRequest,
    SourceEvent,
    SourceRequest,
)
from limber_bridge.sources.units import STANDARD_GRAVITY
from tests.bridge.sending_devices import LOAD, Device

SENSOR = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)


LOAD_SENSOR = Sensor(1, Quantity.LOAD, Placement.BED)


def new_router(key: bytes | None = None, sensor: Sensor = SENSOR) -> FrameRouter:
    host = HostClock()
    return FrameRouter(
        SourceRequest(
            (SensorRequest(sensor, NetworkOptions(key)),),
            ListenAddress(LOOPBACK, 1),
            Calendar(ZoneInfo("UTC")),
            host,
            host.now(),
        )
    )


def as_sent(device: AnkleSensor, number: int) -> bytes:
    """Return a correct frame of half a second."""
    return device.frame(leg(number / 2, 0.5, []))


def counting_frames(device: AnkleSensor, number: int) -> bytes:
    device.sequence = number
    return device.frame(leg(number / 2, 0.5, []), clock=number * SECOND // 2)


def at_a_tenth_of_the_rate(device: AnkleSensor, number: int) -> bytes:
    """Return 25 samples whose clock says that they took 5 s."""
    return device.frame(leg(number / 2, 0.5, []), clock=number * 5 * SECOND)


def with_a_clock_that_stands(device: AnkleSensor, number: int) -> bytes:
    return device.frame(leg(number / 2, 0.5, []), clock=7 * SECOND)


def with_a_clock_in_ms(device: AnkleSensor, number: int) -> bytes:
    return device.frame(leg(number / 2, 0.5, []), clock=number * 500)


def big_endian(device: AnkleSensor, number: int) -> bytes:
    data = device.frame(leg(number / 2, 0.5, []))
    return data[:32] + np.frombuffer(data[32:], "<i2").byteswap().tobytes()


def play(
    make_frame: Callable[[AnkleSensor, int], bytes],
    frames: int,
    interval: float,
    router: FrameRouter | None = None,
) -> list[SourceEvent]:
    """Return the events of frames that arrive at this interval (s)."""
    router = router or new_router()
    device = AnkleSensor()
    return [
        event
        for number in range(frames)
        for event in router.route_frame(
            make_frame(device, number), round((1000 + number * interval) * SECOND)
        )
    ]


@pytest.mark.parametrize(
    ("make_frame", "interval", "reason", "remedy"),
    [
        (counting_frames, 0.5, Reason.COUNTS_FRAMES, "must count samples"),
        (at_a_tenth_of_the_rate, 5.0, Reason.WRONG_RATE, "announces 50 Hz and delivers 5 Hz"),
        (as_sent, 5.0, Reason.WRONG_RATE, "announces 50 Hz and delivers 5 Hz"),
        (with_a_clock_that_stands, 0.5, Reason.WRONG_CLOCK_SPEED, "never stops"),
        (with_a_clock_in_ms, 0.5, Reason.WRONG_CLOCK_SPEED, "a clock in us"),
        (big_endian, 0.5, Reason.WRONG_BYTE_ORDER, "little endian"),
    ],
    ids=[
        "counts frames",
        "5 Hz by the clock",
        "5 Hz by the arrival",
        "clock stands",
        "clock in ms",
        "big endian",
    ],
)
def test_frames_are_refused_from_the_moment_that_the_fault_is_known(
    make_frame: Callable[[AnkleSensor, int], bytes], interval: float, reason: Reason, remedy: str
) -> None:
    found = play(make_frame, 60, interval)
    last = found[-1]
    assert isinstance(last, FrameError)
    assert last.reason is reason
    assert last.reason.discards_frame
    assert remedy in last.detail
    first = next(
        index
        for index, event in enumerate(found)
        if isinstance(event, FrameError) and event.reason is reason
    )
    assert not [event for event in found[first:] if isinstance(event, Samples)]
    assert len([event for event in found[:first] if isinstance(event, Samples)]) <= 12


def test_frames_are_used_again_after_the_fault() -> None:
    router = new_router()
    assert isinstance(play(big_endian, 30, 0.5, router)[-1], FrameError)
    device = AnkleSensor(boot=2)
    found = [
        event
        for number in range(30)
        for event in router.route_frame(as_sent(device, number), (1100 + number // 2) * SECOND)
    ]
    assert isinstance(found[-1], Samples)


def test_a_backlog_is_no_fault() -> None:
    router = new_router()
    device = AnkleSensor()
    found = []
    for number in range(200):
        # Nothing arrives for 40 s, then everything at once.
        arrived = 1060.0 if 40 <= number < 120 else 1000 + number / 2
        found += list(router.route_frame(as_sent(device, number), round(arrived * SECOND)))
    assert all(isinstance(event, Samples) for event in found)


def rest(scale: float) -> Floats:
    return scale * leg(0, 12.0, [])


def verdict(samples: Floats) -> FrameError | None:
    check = GravityCheck(1)
    error = None
    for begin in range(0, samples.shape[1], 25):
        block = SampleBlock(begin, samples[:, begin : begin + 25], SampleClock(0, 0, 50.0), 50.0)
        error = check.process_block(block)
    return error


@pytest.mark.parametrize(
    ("scale", "remedy"),
    [
        (STANDARD_GRAVITY, "divide by 9.80665"),
        (10.0, "divide by 9.80665"),
        (1 / STANDARD_GRAVITY, "once too often"),
        (0.5, "check the measuring range"),
        (2.0, "check the measuring range"),
        (0.001, "no gravity"),
    ],
)
def test_gravity_at_rest_names_a_wrong_unit(scale: float, remedy: str) -> None:
    error = verdict(rest(scale))
    assert error is not None
    assert error.reason is Reason.WRONG_GRAVITY
    assert remedy in error.detail


@pytest.mark.parametrize("scale", [0.83, 0.92, 1.0, 1.08, 1.18])
def test_an_offset_of_a_cheap_sensor_is_no_fault(scale: float) -> None:
    assert verdict(rest(scale)) is None


def test_a_sensor_that_moves_is_not_judged() -> None:
    assert verdict(3.0 * leg(0, 12.0, [(0.0, 12.0)]) * np.linspace(0.2, 3, 600)) is None


@pytest.mark.parametrize(("rate", "announced", "accepted"), [(12.5, 10, True), (10.7, 80, False)])
def test_the_rate_of_a_load_cell_may_differ_by_its_oscillator(
    rate: float, announced: float, accepted: bool
) -> None:
    def counts(count: int, _: int) -> npt.NDArray[np.float64]:
        return np.full((1, count), 8e4)

    device = Device(LOAD, rate, announced=announced, counts=counts, samples_in_frame=5)
    router = new_router(sensor=LOAD_SENSOR)
    events = [
        event
        for number in range(40)
        for event in router.route_frame(
            device.frame(1, number), round((1000 + number * 5 / rate) * SECOND), 0, LOOPBACK
        )
    ]
    wrong = [one for one in events if isinstance(one, FrameError)]
    assert (not wrong) is accepted
