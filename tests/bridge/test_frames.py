"""Frames of network sensors: any bytes give a frame or an error, and frames give placed samples."""

import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devtools.network_sensor import AnkleSensor, leg
from limber_bridge.detection.signal import Placement, Quantity, Sensor, Side
from limber_bridge.sources.clock_sync import ClockSync
from limber_bridge.sources.frames import (
    HEADER,
    MAX_FRAME_BYTES,
    ClockFrame,
    Frame,
    InvalidFrameError,
    has_valid_signature,
    parse_frame,
)
from limber_bridge.sources.source_api import FrameError, Reason, Samples

ANKLE = Sensor(7, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
SECOND = 1_000_000


def sensor(**more: object) -> AnkleSensor:
    return AnkleSensor(id=7, **more)  # type: ignore[arg-type]


def raw(code: int, samples: bytes, count: int) -> bytes:
    return (
        struct.pack("<2sBBIIIIHBB8s", b"LB", 1, code, 7, 1, 0, 0, 500, count, 255, bytes(8))
        + samples
    )


def parse_samples(data: bytes) -> Frame:
    """Decode a frame that must have samples."""
    frame = parse_frame(data)
    assert isinstance(frame, Frame)
    return frame


def test_a_frame_is_decoded_as_documented() -> None:
    frame = parse_samples(raw(0, struct.pack("<6h", 1000, -500, 0, 1, 2, 3), 2))
    assert (frame.sensor, frame.rate, frame.battery, frame.quantity) == (
        7,
        50.0,
        None,
        Quantity.ACCELERATION,
    )
    assert frame.samples.T.tolist() == [[1.0, -0.5, 0.0], [0.001, 0.002, 0.003]]


@pytest.mark.parametrize(
    ("code", "samples", "quantity", "value"),
    [
        (1, struct.pack("<h", -125), Quantity.EMG, -12.5),
        (2, struct.pack("<i", 74_250), Quantity.LOAD, 74.25),
        (3, struct.pack("<3h", 10_000, 0, 0), Quantity.ACCELERATION, 1.0),
    ],
    ids=["EMG in 0.1 uV", "load in g", "fine acceleration in 0.1 mg"],
)
def test_samples_are_converted_to_the_unit_of_the_quantity(
    code: int, samples: bytes, quantity: Quantity, value: float
) -> None:
    frame = parse_samples(raw(code, samples, 1))
    assert frame.quantity is quantity
    assert frame.samples[0, 0] == pytest.approx(value)


def test_a_sample_at_the_end_of_the_range_is_nan() -> None:
    frame = parse_samples(raw(0, struct.pack("<6h", 0, -32768, 0, 0, 1000, 0), 2))
    assert np.isnan(frame.samples).any(axis=0).tolist() == [True, False]
    assert frame.saturated == 1


GOOD = raw(0, struct.pack("<3h", 0, 1000, 0), 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.MALFORMED),
        (GOOD[:-1], Reason.MALFORMED),
        (GOOD + b"x", Reason.MALFORMED),
        (b"XX" + GOOD[2:], Reason.MALFORMED),
        (GOOD[:2] + b"\x02" + GOOD[3:], Reason.MALFORMED),
        (GOOD[:3] + b"\x09" + GOOD[4:], Reason.UNKNOWN_QUANTITY),
        (GOOD[:20] + b"\0\0" + GOOD[22:], Reason.MALFORMED),
        (raw(0, b"", 0), Reason.MALFORMED),
        (GOOD + bytes(70_000), Reason.MALFORMED),
    ],
    ids=[
        "empty",
        "short",
        "long",
        "no magic",
        "version",
        "quantity",
        "rate 0",
        "no samples",
        "oversized",
    ],
)
def test_an_invalid_frame_has_a_reason(data: bytes, reason: Reason) -> None:
    with pytest.raises(InvalidFrameError) as error:
        parse_frame(data)
    assert error.value.reason is reason


@settings(max_examples=500)
@given(
    st.binary(max_size=200) | st.binary(max_size=MAX_FRAME_BYTES).map(lambda rest: b"LB\x01" + rest)
)
def test_any_bytes_give_a_frame_or_an_error(data: bytes) -> None:
    try:
        frame = parse_frame(data)
    except InvalidFrameError as error:
        assert str(error)  # noqa: PT017 - some bytes raise it, some do not
        return
    if isinstance(frame, ClockFrame):
        assert len(data) == HEADER.size
    else:
        assert len(data) > HEADER.size
        assert frame.samples.shape == (frame.quantity.axes, frame.count)


def test_only_the_right_key_gives_a_valid_signature() -> None:
    data = sensor(key=b"secret-key").frame(leg(0, 0.5, []))
    frame = parse_frame(data)
    assert has_valid_signature(data, frame, b"secret-key")
    assert not has_valid_signature(data, frame, b"other-key")
    assert not has_valid_signature(data, frame, None)
    changed = data[:-1] + bytes([data[-1] ^ 1])
    assert not has_valid_signature(changed, parse_frame(changed), b"secret-key")


# --- Sample numbers and clocks ---


def received(frames: list[bytes], arrivals: list[float]) -> list[Samples | FrameError]:
    """Return the events of frames that arrive at these times (s)."""
    clock_sync = ClockSync(ANKLE)
    found = [
        event
        for data, time in zip(frames, arrivals, strict=True)
        for event in clock_sync.process_frame(parse_samples(data), round(time * SECOND))
    ]
    return [event for event in found if isinstance(event, Samples | FrameError)]


def start_time(samples: Samples) -> float:
    return samples.block.clock.time_of(samples.block.first) / SECOND


def half_seconds(device: AnkleSensor, count: int) -> list[bytes]:
    return [device.frame(leg(number / 2, 0.5, [])) for number in range(count)]


def test_consecutive_frames_have_consecutive_sample_numbers() -> None:
    found = received(half_seconds(sensor(), 4), [100.5, 101.0, 101.5, 102.0])
    assert [event.block.first for event in found if isinstance(event, Samples)] == [
        0,
        25,
        50,
        75,
    ]


def test_the_numbers_of_a_lost_frame_are_skipped() -> None:
    frames = half_seconds(sensor(), 4)
    found = received([frames[0], frames[2], frames[3]], [100.5, 101.5, 102.0])
    assert [event.block.first for event in found if isinstance(event, Samples)] == [0, 50, 75]


def test_a_repeated_frame_is_refused() -> None:
    frames = half_seconds(sensor(), 2)
    found = received([frames[0], frames[1], frames[0]], [100.5, 101.0, 101.1])
    assert isinstance(found[-1], FrameError)
    assert found[-1].reason is Reason.REPEATED


def test_counters_may_wrap() -> None:
    device = sensor(sequence=2**32 - 30)
    frames = [
        device.frame(leg(0, 0.5, []), clock=2**32 - 500_000 + number * 500_000)
        for number in range(3)
    ]
    found = received(frames, [100.5, 101.0, 101.5])
    firsts = [event.block.first for event in found if isinstance(event, Samples)]
    assert [first - firsts[0] for first in firsts] == [0, 25, 50]


def test_a_restart_is_reported_and_its_duration_becomes_a_gap() -> None:
    first = sensor(boot=1)
    second = sensor(boot=2)
    found = received(
        [*half_seconds(first, 2), *half_seconds(second, 2)], [100.5, 101.0, 111.5, 112.0]
    )
    assert [event.reason for event in found if isinstance(event, FrameError)] == [Reason.RESTARTED]
    blocks = [event.block for event in found if isinstance(event, Samples)]
    assert blocks[2].first - blocks[1].end == pytest.approx(10 * 50, abs=2)
    assert blocks[2].clock.time_of(blocks[2].first) / SECOND == pytest.approx(111.0, abs=0.05)


def test_a_clock_jump_is_reported_and_the_times_stay_correct() -> None:
    device = sensor()
    frames = half_seconds(device, 4)
    frames += [
        device.frame(leg(0, 0.5, []), clock=900_000_000 + number * 500_000) for number in range(4)
    ]
    found = received(frames, [100.5 + number / 2 for number in range(8)])
    assert [event.reason for event in found if isinstance(event, FrameError)] == [
        Reason.CLOCK_JUMPED
    ]
    samples = [event for event in found if isinstance(event, Samples)]
    assert start_time(samples[-1]) == pytest.approx(103.5, abs=0.05)


@settings(max_examples=20, deadline=None)
@example(-0.00012848878276773998, 52.0, 0, 0)
@given(
    st.floats(-200e-6, 200e-6), st.floats(48.0, 52.0), st.integers(0, 2**32 - 1), st.integers(0, 99)
)
def test_a_drifting_clock_and_a_wrong_rate_are_corrected(
    drift: float, rate: float, started: int, seed: int
) -> None:
    """Over 10 minutes, with 2 to 200 ms in the network, times are correct within 20 ms."""
    device = sensor()
    clock_sync = ClockSync(ANKLE)
    worst = 0.0
    delays = 0.002 + 0.198 * np.random.default_rng(seed).random(1200) ** 8
    for number in range(1200):
        true = number * 25 / rate
        clock = started + round(true * (1 + drift) * SECOND)
        frame = parse_samples(device.frame(np.zeros((3, 25)), clock=clock))
        arrived = 1000 + true + 24 / rate + float(delays[number])
        for event in clock_sync.process_frame(frame, round(arrived * SECOND)):
            assert isinstance(event, Samples)
            if number > 60:
                worst = max(worst, abs(start_time(event) - 1000 - true))
    assert worst < 0.02


def test_a_device_that_sends_single_samples_needs_no_more_memory() -> None:
    device = sensor()
    clock_sync = ClockSync(ANKLE)
    for number in range(6000):
        for event in clock_sync.process_frame(
            parse_samples(device.frame(np.zeros((3, 1)))), 1000 * SECOND + number * SECOND // 50
        ):
            assert isinstance(event, Samples)
    assert len(clock_sync._marks) <= 122
