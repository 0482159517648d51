"""A stored night is detected in large blocks, with the events of the small ones."""

import numpy as np

from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import (
    SECOND,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)
from limber_bridge.offline.joined_blocks import join_blocks

ANKLE = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
RATE = 50.0


def live_blocks(seconds: int = 900) -> list[SampleBlock]:
    """Return frames of 25 samples with a clock each, some lost, some with a missing value."""
    rng = np.random.default_rng(4)
    times = np.arange(round(seconds * RATE)) / RATE
    kick = 0.3 * np.sin(2 * np.pi * 6 * times) * ((times % 21) < 1.7)
    signal = np.array([[0.9], [0.3], [0.3]]) + kick + rng.normal(0, 0.003, (3, len(times)))
    signal[0, 7777] = np.nan
    blocks = []
    for first in range(0, len(times), 25):
        jitter = int(rng.integers(-900, 900))
        rate = RATE * (1 + 1e-5 * rng.normal())
        clock = SampleClock(first, round(first * SECOND / RATE) + jitter, rate)
        if not 5000 <= first < 5500 and first != 20_000:
            blocks.append(SampleBlock(first, signal[:, first : first + 25], clock, RATE))
    return blocks


def test_joined_blocks_give_the_same_events() -> None:
    blocks = live_blocks()
    joined = list(join_blocks(blocks))
    assert len(joined) < len(blocks) / 50
    found = []
    for parts in (blocks, joined):
        detector = Pipeline([ANKLE])
        events = [event for block in parts for event in detector.process(1, block)]
        found.append([*events, *detector.finish()])
    assert len(found[0]) > 40
    assert sorted(map(repr, found[0])) == sorted(map(repr, found[1]))


def test_every_sample_keeps_its_time() -> None:
    blocks = live_blocks(400)
    times = {
        number: block.clock.time_of(number)
        for block in blocks
        for number in range(block.first, block.end)
    }
    for block in join_blocks(blocks):
        numbers = np.arange(block.first, block.end)
        assert block.clock.times_of(numbers).tolist() == [times[one] for one in numbers.tolist()]
        assert block.clock.time_of(block.end - 1) == times[block.end - 1]
