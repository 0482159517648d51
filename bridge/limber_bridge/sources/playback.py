"""Plays a recorded signal as if it came from a sensor, at its own pace or faster."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import chain
from typing import Final

import voluptuous as vol

from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.domain.nights import Calendar
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.source_api import Arrival, Ended, Samples

LIVE: Final = 0.5
"""s of signal in a block at its own pace, as sensors send it."""
LONGEST: Final = 60.0
"""s of signal in a block at the most."""

speed: Final = vol.All(
    vol.Coerce(float),
    vol.Range(0.1, 1e6),
    msg="write how many times faster than life, 0.1 to 1000000",
)
"""Checks how fast to play."""


def begins(begun: int, duration: float, pace: float, calendar: Calendar) -> int:
    """Return when (us) a signal without a date begins.

    At its own pace it begins with the bridge. Played faster it lies in the past: as late as it can
    without reaching from one night into the next, so that it is one night as it was.
    """
    if pace <= 1.0:
        return begun
    lasts = round(duration * SECOND)
    tonight = calendar.begin(calendar.night_of(begun))
    end = begun if begun - lasts >= tonight else tonight - SECOND
    return end - lasts


async def play(
    sensor: int, blocks: Iterable[SampleBlock], pace: float, begun: int, host: HostClock
) -> AsyncIterator[Arrival]:
    """Deliver blocks at `pace` times their own, as if the first had begun at `begun` (us); then
    tell that it is over.

    What is overdue comes at once.
    """
    origin: int | None = None
    for block in chain.from_iterable(pieces(block, pace) for block in blocks):
        origin = block.clock.time_of(block.first) if origin is None else origin
        due = begun + round((block.clock.time_of(block.end) - origin) / pace)
        # Zero as well: whoever plays at full speed must let others run in between.
        await asyncio.sleep(max(0, due - host.now()) / SECOND)
        yield Samples(sensor, block)
    yield Ended(sensor)


def pieces(block: SampleBlock, pace: float) -> Iterable[SampleBlock]:
    """Yield a block cut as a sensor would send it."""
    size = max(1, round(min(LIVE * pace, LONGEST) * block.rate))
    while block.samples.shape[1] > size:
        piece, block = block.split(size)
        yield piece
    yield block


def shifted(block: SampleBlock, by: int) -> SampleBlock:
    """Return a block whose times lie `by` us later."""
    clock = SampleClock(block.clock.index, block.clock.time + by, block.clock.rate)
    return SampleBlock(block.first, block.samples, clock, block.rate)
