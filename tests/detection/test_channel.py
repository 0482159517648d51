"""What the channel of one sensor returns."""

import numpy as np
import pytest

from limber_bridge.detection.channel import ChannelOutput, SensorChannel, split_large_block
from limber_bridge.detection.events import Gap, UnilateralMovement
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from tests.detection.signals import LEFT, RATE, ankle, block


def test_a_channel_returns_what_a_block_completes() -> None:
    signal = ankle((20.0, 2.0), length=60.0)
    signal[:, round(40 * RATE) : round(45 * RATE)] = np.nan
    output = SensorChannel(LEFT).process(block(signal))
    (movement,) = output.found
    assert isinstance(movement, UnilateralMovement)
    assert movement.onset / SECOND == pytest.approx(20.0, abs=0.1)
    assert output.gaps == (Gap(LEFT.id, 39_980_000, 45 * SECOND),)
    assert [epoch.start // SECOND for epoch in output.epochs] == [0, 10, 20, 30, 40]
    assert (output.interrupted, output.bins, output.trace) == (None, (), ())


def test_an_open_movement_is_returned_when_the_clock_is_set_back() -> None:
    channel = SensorChannel(LEFT)
    first = block(ankle((27.0, 5.0), length=30.0))
    assert channel.process(first).found == ()
    clock = SampleClock(first.end, 0, RATE)
    again = SampleBlock(first.end, ankle(length=10.0), clock, RATE)
    (movement,) = channel.process(again).interrupted or ()
    assert movement.onset / SECOND == pytest.approx(27.0, abs=0.1)


def test_the_trace_has_the_envelope_and_the_movement_threshold() -> None:
    channel = SensorChannel(LEFT, with_trace=True)
    (before_noise,) = channel.process(block(ankle(length=0.5))).trace
    assert before_noise.movement_threshold == float("inf")
    later = block(ankle((20.0, 2.0), length=30.0), first=25)
    (trace,) = channel.process(later).trace
    assert trace.frames.envelope is not None
    above = trace.frames.times[trace.frames.envelope >= trace.movement_threshold] / SECOND
    assert above.min() == pytest.approx(20.5, abs=0.1)


def test_a_large_block_is_processed_in_pieces_with_the_same_result() -> None:
    whole = block(np.tile(ankle((20.0, 2.0), length=60.0), 30))
    pieces = list(split_large_block(whole))
    assert len(pieces) > 1
    channel = SensorChannel(LEFT)
    outputs = [channel.process(piece) for piece in pieces]
    assert SensorChannel(LEFT).process(whole) == ChannelOutput(
        found=tuple(found for output in outputs for found in output.found),
        epochs=tuple(epoch for output in outputs for epoch in output.epochs),
        faults=tuple(fault for output in outputs for fault in output.faults),
        vigorous=tuple(slot for output in outputs for slot in output.vigorous),
    )
