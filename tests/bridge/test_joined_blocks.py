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
from limber_bridge.domain.joined_blocks import join_blocks
from limber_bridge.storage.raw_format import pack, unpack, unpack_joined

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


def test_stored_blocks_are_joined_with_their_times() -> None:
    """Where frames are missing in a stored block, its frames stay apart."""
    blocks = live_blocks(400)
    for begin in range(0, len(blocks), 20):
        data = pack(blocks[begin : begin + 20])
        apart = list(unpack(data))
        together = list(unpack_joined(data))
        assert len(together) == (1 if apart[-1].end - apart[0].first == 25 * len(apart) else 20)
        for number in range(apart[0].first, apart[-1].end):
            owner = [one for one in apart if one.first <= number < one.end]
            joined = [one for one in together if one.first <= number < one.end]
            assert [one.clock.time_of(number) for one in owner] == [
                one.clock.time_of(number) for one in joined
            ]
        samples = np.concatenate([one.samples for one in apart], axis=1)
        assert np.array_equal(
            samples, np.concatenate([one.samples for one in together], axis=1), equal_nan=True
        )


def test_joined_blocks_can_be_joined_again() -> None:
    blocks = live_blocks()
    stored = [
        one
        for begin in range(0, len(blocks), 20)
        for one in unpack_joined(pack(blocks[begin : begin + 20]))
    ]
    twice = list(join_blocks(stored))
    once = list(join_blocks(blocks))
    assert [one.first for one in twice] == [one.first for one in once]
    for first, second in zip(once, twice, strict=True):
        numbers = np.arange(first.first, first.end)
        assert np.array_equal(first.clock.times_of(numbers), second.clock.times_of(numbers))
