"""Join the small blocks of a live sensor, so that a stored night is detected in large ones.

A network sensor sends two frames a second, each with a clock of its own. Any split of a signal
gives the same events, and every sample keeps its time here, so the events are the same bit for bit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, override

import numpy as np

from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock, Times

JOINED_S: Final = 60.0
"""s of signal in a joined block. chosen: long enough that the work per block is negligible."""
MAX_JUMP_US: Final = SECOND // 10
"""us; blocks whose clocks are further apart are not joined. chosen: well below what the detection
takes as an interruption (docs/science.md#sampling-and-gaps)."""


@dataclass(frozen=True, slots=True)
class JoinedClock(SampleClock):
    """The clocks of joined blocks; each sample has the time of its own clock."""

    starts: tuple[int, ...] = ()
    """Number of the first sample of each clock."""
    clocks: tuple[SampleClock, ...] = ()

    @override
    def time_of(self, index: int) -> int:
        """Return the time of one sample in us."""
        place = int(np.searchsorted(self.starts, index, side="right")) - 1
        return self.clocks[max(0, place)].time_of(index)

    @override
    def times_of(self, indexes: Times) -> Times:
        """Return the times of many samples in us, each the same as `time_of` returns."""
        places = np.maximum(np.searchsorted(self.starts, indexes, side="right") - 1, 0)
        numbers = np.array([clock.index for clock in self.clocks])[places]
        times: Times = np.array([clock.time for clock in self.clocks], np.int64)[places]
        rates = np.array([clock.rate for clock in self.clocks])[places]
        offsets: Times = np.rint((indexes - numbers) * SECOND / rates).astype(np.int64)
        moments: Times = times + offsets
        return moments


def join_blocks(blocks: Iterable[SampleBlock]) -> Iterator[SampleBlock]:
    """Yield blocks, those that follow each other without a gap joined to about a minute."""
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


def joined(group: list[SampleBlock]) -> SampleBlock:
    """Return the samples of consecutive blocks as one block."""
    first = group[0]
    if len(group) == 1:
        return first
    clock = JoinedClock(
        first.clock.index,
        first.clock.time,
        first.clock.rate,
        tuple(block.first for block in group),
        tuple(block.clock for block in group),
    )
    samples = np.concatenate([block.samples for block in group], axis=1)
    return SampleBlock(first.first, samples, clock, first.rate)
