"""Numbers and times of devices that send a time without a counter, or neither."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor
from limber_bridge.sources.bluetooth.decoder import rate_check_time
from limber_bridge.sources.bluetooth.notifications import SampleBatch
from limber_bridge.sources.bluetooth.profiles import PROFILES, StampedStream
from limber_bridge.sources.bluetooth.stamped_samples import SampleNumbering
from limber_bridge.sources.clock_sync import ClockSync
from limber_bridge.sources.frame_check import FrameCheck
from limber_bridge.sources.source_api import FrameError, Reason, Samples, SourceEvent

SENSOR = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE)
AT_REST = np.array([[0.0], [0.0], [1.0]])


def stream_of(device: str) -> StampedStream:
    stream = PROFILES[device].stream
    assert isinstance(stream, StampedStream)
    return stream


class Receiver:
    """Numbers notifications and places them, as the source does."""

    def __init__(self, device: str) -> None:
        self.numbering = SampleNumbering(1, stream_of(device))
        self.clock = ClockSync(SENSOR)
        self.check = FrameCheck(Quantity.ACCELERATION)
        self.events: list[SourceEvent] = []

    def receive(self, count: int, stamp: int | None, arrived: int) -> None:
        batch = SampleBatch(np.repeat(AT_REST, count, axis=1), stamp)
        frame = self.numbering.number(batch, arrived)
        checked_at = rate_check_time(frame, batch, arrived)
        assert self.check.process_frame(frame, checked_at) is None
        self.events += self.clock.process_frame(frame, arrived)

    @property
    def samples(self) -> list[Samples]:
        return [one for one in self.events if isinstance(one, Samples)]

    @property
    def reasons(self) -> list[Reason]:
        return [one.reason for one in self.events if isinstance(one, FrameError)]


@given(
    st.floats(0.98, 1.02),
    st.lists(st.tuples(st.integers(10, 80), st.integers(0, SECOND)), min_size=5, max_size=60),
)
def test_bursts_of_a_polar_are_placed_by_its_clock(
    error: float, bursts: list[tuple[int, int]]
) -> None:
    """Its rate is a little wrong, and each burst arrives with another delay: nothing is lost."""
    receiver = Receiver("polar_verity_sense")
    rate = 52.0 * error
    taken = 0
    arrived = 0
    truth = []
    delays = []
    for count, delay in bursts:
        truth.append(round(taken * SECOND / rate))
        taken += count
        last = round((taken - 1) * SECOND / rate)
        arrived = max(arrived, last + delay)
        delays.append(arrived - last)
        receiver.receive(count, last + 5_000_000, arrived)
    assert receiver.reasons == []
    firsts = [one.block.first for one in receiver.samples]
    assert firsts == list(np.cumsum([0, *(count for count, _ in bursts[:-1])]))
    last_block = receiver.samples[-1].block
    placed = last_block.clock.time_of(last_block.first)
    # The delay of the fastest burst cannot be known; the rest is the interpolation of the rate.
    assert placed - truth[-1] == pytest.approx(min(delays), abs=0.1 * SECOND)


def test_a_lost_notification_is_a_gap_of_its_length() -> None:
    receiver = Receiver("polar_h10")
    for number in range(20):
        if number != 10:
            last = (36 * number + 35) * SECOND // 50
            receiver.receive(36, last, last + 10_000)
    assert [one.block.first for one in receiver.samples] == [
        36 * number for number in range(20) if number != 10
    ]
    assert receiver.reasons == []


def test_a_clock_that_is_set_back_is_a_restart() -> None:
    receiver = Receiver("polar_h10")
    receiver.receive(36, 100 * SECOND, 200 * SECOND)
    receiver.receive(36, 1 * SECOND, 201 * SECOND)
    assert receiver.reasons == [Reason.RESTARTED]
    firsts = [one.block.first for one in receiver.samples]
    assert firsts == sorted(set(firsts))


def test_a_clock_in_ms_that_wraps() -> None:
    """The clock of a Movesense wraps after 49.7 days: 2**32 ms."""
    receiver = Receiver("movesense")
    start_ms = 2**32 - 1000
    for number in range(40):
        last_ms = start_ms + round((8 * number + 7) * 1000 / 52)
        arrived = round((8 * number + 7) * SECOND / 52)
        receiver.receive(8, last_ms % 2**32 * 1000, arrived)
    assert receiver.reasons in ([], [Reason.RESTARTED])
    firsts = [one.block.first for one in receiver.samples]
    assert firsts == sorted(set(firsts))


def test_samples_without_a_clock_are_evenly_spaced() -> None:
    """A WitMotion at 49 Hz instead of 50, in pairs for each connection event."""
    rng = random.Random(1)  # noqa: S311 - the delays need no secrecy
    receiver = Receiver("witmotion")
    for number in range(49 * 120):
        taken = number * SECOND / 49
        event = (taken // 30_000 + 1) * 30_000
        if number % 10 == 9:
            receiver.receive(10, None, round(event) + rng.randint(0, 5_000))
    assert receiver.reasons == []
    late = receiver.samples[-6 * 49 :]
    times = np.array([one.block.clock.time_of(one.block.first) for one in late]) / SECOND
    truth = np.arange(49 * 60, 49 * 120, 10) / 49
    errors = times - truth
    assert np.abs(errors - errors.mean()).max() < 0.06
    assert [one.block.first for one in late] == list(range(49 * 60, 49 * 120, 10))


def test_a_pause_without_a_clock_is_a_gap() -> None:
    receiver = Receiver("witmotion")
    for number in range(100):
        receiver.receive(1, None, number * SECOND // 50)
    for number in range(100):
        receiver.receive(1, None, 10 * SECOND + number * SECOND // 50)
    firsts = [one.block.first for one in receiver.samples]
    assert firsts[100] - firsts[99] == pytest.approx(8 * 50, abs=3)


def test_saturated_and_empty_samples_are_left_out() -> None:
    numbering = SampleNumbering(1, stream_of("witmotion"))
    values = np.array([[0.0, 16.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    frame = numbering.number(SampleBatch(values, None), 0)
    assert np.isnan(frame.samples).all(axis=0).tolist() == [False, True, True]
