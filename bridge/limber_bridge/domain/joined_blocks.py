"""Join the small blocks of a live sensor, so that a stored night is detected in large ones.

A network sensor sends two frames a second, each with a clock of its own. Any split of a signal
gives the same events, and every sample keeps its time here, so the events are the same bit for bit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self, override

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, SampleClock, Times

JOINED_S: Final = 1800.0
"""s of signal in a joined block. chosen: long enough that the work per block is negligible, and
still only a few MB."""
MAX_JUMP_US: Final = SECOND // 10
"""us; blocks whose clocks are further apart are not joined. chosen: well below what the detection
takes as an interruption (docs/science.md#sampling-and-gaps)."""


@dataclass(frozen=True, slots=True, eq=False)
class Clocks:
    """The clocks of n consecutive blocks."""

    starts: Times
    """Shape (n,): number of the first sample of each block."""
    indexes: Times
    """Shape (n,), as the three below: `SampleClock.index`."""
    times: Times
    """us."""
    rates: Floats
    """Hz."""

    @classmethod
    def of_blocks(cls, blocks: Sequence[SampleBlock]) -> Self:
        """Return the clocks of some blocks."""
        parts = [clocks_of(block) for block in blocks]
        return cls(
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.indexes for part in parts]),
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.rates for part in parts]),
        )

    def times_of(self, numbers: Times, places: Times) -> Times:
        """Return the times (us) of samples, each by the clock at its place."""
        steps = (numbers - self.indexes[places]) * SECOND / self.rates[places]
        times: Times = self.times[places] + np.rint(steps).astype(np.int64)
        return times


@dataclass(frozen=True, slots=True, eq=False)
class JoinedClock(SampleClock):
    """The clocks of joined blocks; each sample has the time of its own clock."""

    clocks: Clocks

    @override
    def time_of(self, index: int) -> int:
        """Return the time of one sample in us."""
        clocks = self.clocks
        place = max(0, int(clocks.starts.searchsorted(index, side="right")) - 1)
        step = (index - int(clocks.indexes[place])) * SECOND / float(clocks.rates[place])
        return int(clocks.times[place]) + round(step)

    @override
    def times_of(self, indexes: Times) -> Times:
        """Return the times of many samples in us, each the same as `time_of` returns."""
        places = np.maximum(self.clocks.starts.searchsorted(indexes, side="right") - 1, 0)
        return self.clocks.times_of(indexes, places)


def clocks_of(block: SampleBlock) -> Clocks:
    """Return the clocks of a block, joined or not."""
    clock = block.clock
    if isinstance(clock, JoinedClock):
        return clock.clocks
    return Clocks(
        np.array([block.first], np.int64),
        np.array([clock.index], np.int64),
        np.array([clock.time], np.int64),
        np.array([clock.rate]),
    )


def join_blocks(blocks: Iterable[SampleBlock]) -> Iterator[SampleBlock]:
    """Yield blocks, those that follow each other without a gap joined to about half an hour."""
    group: list[SampleBlock] = []
    count = 0
    for block in blocks:
        if group and (count >= JOINED_S * block.rate or not follows(group[-1], block)):
            yield joined(group)
            group = []
            count = 0
        group.append(block)
        count += block.samples.shape[1]
    if group:
        yield joined(group)


def follows(earlier: SampleBlock, later: SampleBlock) -> bool:
    """Return whether a block continues another one in number, rate and time."""
    if later.first != earlier.end or later.rate != earlier.rate or not earlier.samples.shape[1]:
        return False
    step = later.clock.time_of(later.first) - earlier.clock.time_of(earlier.end - 1)
    return abs(step - SECOND / later.rate) < MAX_JUMP_US


def joined(group: Sequence[SampleBlock]) -> SampleBlock:
    """Return the samples of consecutive blocks as one block."""
    if len(group) == 1:
        return group[0]
    samples = np.concatenate([block.samples for block in group], axis=1)
    return with_clocks(samples, Clocks.of_blocks(group), group[0].rate)


def with_clocks(samples: Floats, clocks: Clocks, rate: float) -> SampleBlock:
    """Return samples (axes, n) of consecutive blocks as one block of a nominal rate (Hz)."""
    first = int(clocks.starts[0])
    clock = JoinedClock(
        int(clocks.indexes[0]), int(clocks.times[0]), float(clocks.rates[0]), clocks
    )
    return SampleBlock(first, samples, clock, rate)


def are_consecutive(clocks: Clocks, counts: Times, rate: float) -> bool:
    """Return whether blocks with these clocks follow each other, as `follows` says of each pair.

    `counts` are their numbers of samples, shape (n,); `rate` is their nominal rate in Hz.
    """
    ends = clocks.starts + counts
    if not counts.all() or (clocks.starts[1:] != ends[:-1]).any():
        return False
    # Fractions of a us do not matter here, so nothing is rounded.
    scale = SECOND / clocks.rates
    begins = clocks.times + (clocks.starts - clocks.indexes) * scale
    lasts = clocks.times + (ends - 1 - clocks.indexes) * scale
    steps = begins[1:] - lasts[:-1] - SECOND / rate
    return bool((np.abs(steps) < MAX_JUMP_US).all())


def renumbered_block(block: SampleBlock, shift: int) -> SampleBlock:
    """Return a block whose samples have numbers that are larger by `shift`, and the same times."""
    clock = replace(block.clock, index=block.clock.index + shift)
    if isinstance(clock, JoinedClock):
        clocks = clock.clocks
        moved = replace(clocks, starts=clocks.starts + shift, indexes=clocks.indexes + shift)
        clock = replace(clock, clocks=moved)
    return SampleBlock(block.first + shift, block.samples, clock, block.rate)
