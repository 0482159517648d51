"""Play a recorded or simulated signal in real time, or faster."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import chain
from typing import Final

import voluptuous as vol

from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.domain.nights import Calendar
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import Ended, Samples, SourceEvent

REAL_TIME_BLOCK_S: Final = 0.5
"""Signal in one block when played in real time, like the blocks of real sensors."""
MAX_BLOCK_S: Final = 60.0
"""Signal in one block at most, when played faster."""

playback_speed: Final = vol.All(
    vol.Coerce(float),
    vol.Range(0.1, 1e6),
    msg="write how many times faster than real time, from 0.1 to 1000000",
)
"""Checks `speed` in limber.yaml."""


def playback_start(started_at: int, duration: float, speed: float, calendar: Calendar) -> int:
    """Return when (us UTC) a signal of `duration` s without a date begins.

    In real time it begins when the bridge started (`started_at`, us UTC). Played faster it lies in
    the past: as late as possible without crossing a night boundary, so that it remains one night.
    """
    if speed <= 1.0:
        return started_at
    length = round(duration * SECOND)
    tonight = calendar.begin(calendar.night_of(started_at))
    end = started_at if started_at - length >= tonight else tonight - SECOND
    return end - length


async def play_blocks(
    sensor: int, blocks: Iterable[SampleBlock], speed: float, started_at: int, host_clock: HostClock
) -> AsyncIterator[SourceEvent]:
    """Yield blocks when they are due, then `Ended`.

    The first sample is due at `started_at` (us UTC), the others `speed` times faster than they were
    taken. Overdue blocks follow each other without delay.
    """
    origin: int | None = None
    for block in chain.from_iterable(split_block(block, speed) for block in blocks):
        if origin is None:
            origin = block.clock.time_of(block.first)
        due = started_at + round((block.clock.time_of(block.end) - origin) / speed)
        # Sleep even if the block is overdue: other tasks must run in between.
        await asyncio.sleep(max(0, due - host_clock.now()) / SECOND)
        yield Samples(sensor, block)
    yield Ended(sensor)


def split_block(block: SampleBlock, speed: float) -> Iterable[SampleBlock]:
    """Yield a block in pieces of about the length that a sensor sends."""
    size = max(1, round(min(REAL_TIME_BLOCK_S * speed, MAX_BLOCK_S) * block.rate))
    while block.samples.shape[1] > size:
        piece, block = block.split(size)
        yield piece
    yield block


def shift_block(block: SampleBlock, offset: int) -> SampleBlock:
    """Return a block with `offset` us added to its times."""
    clock = SampleClock(block.clock.index, block.clock.time + offset, block.clock.rate)
    return SampleBlock(block.first, block.samples, clock, block.rate)
