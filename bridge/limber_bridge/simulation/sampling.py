"""When the samples of a simulated sensor are taken, which of them get lost, and what time is
written beside each.

Law: a minute of a sensor depends on the plan, the sensor, the rate and its number, and on nothing
that came before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, SampleClock, Sensor, Times
from limber_bridge.simulation.night import Plan, Stretch

LASTS: Final = 60
"""s of a minute, by the sensor's own clock."""
WARMTH: Final = 7200.0
"""s in which the room, and a quartz in it, warms and cools again."""
NOTICED: Final = 0.5
"""s between two samples from which on, excluded, there is a gap (contracts, section 1.1) ..."""
NOTICED_STEPS: Final = 3
"""... if it is also longer than so many sample intervals."""


@dataclass(frozen=True, slots=True, eq=False)
class Minute:
    """A minute of one sensor."""

    plan: Plan
    sensor: Sensor
    rate: float
    """Hz, as the sensor claims."""
    number: int
    times: Floats
    """s; when each sample is taken."""

    @property
    def first(self) -> int:
        """Number of its first sample."""
        return self.number * samples_a_minute(self.rate)

    def white(self, stream: int, axes: int, *, lead: int = 0) -> Floats:
        """Return white noise (axes, lead + n) of size 1: the last `lead` values of the minute
        before, then its own.
        """
        own = self._white(stream, axes, self.number)[:, : len(self.times)]
        return (
            np.concatenate([self._white(stream, axes, self.number - 1)[:, -lead:], own], axis=1)
            if lead
            else own
        )

    def _white(self, stream: int, axes: int, number: int) -> Floats:
        key = [self.plan.seed, self.sensor.id, stream, number + 1]
        return np.random.default_rng(key).normal(0.0, 1.0, (axes, samples_a_minute(self.rate)))


def samples_a_minute(rate: float) -> int:
    """Return how many samples make a minute."""
    return round(LASTS * rate)


def minutes(plan: Plan, sensor: Sensor, rate: float) -> Iterator[Minute]:
    """Yield the whole night."""
    total = sample_count(plan, rate)
    length = samples_a_minute(rate)
    for first in range(0, total, length):
        times = taken(plan, np.arange(first, min(first + length, total)), rate)
        yield Minute(plan, sensor, rate, first // length, times)


def sample_count(plan: Plan, rate: float) -> int:
    """Return how many samples a night has."""
    slow = 0.0 if plan.quartz is None else plan.quartz.off + plan.quartz.sway
    return int(round(plan.duration * rate) / (1 + max(slow, 0.0)))


def taken(plan: Plan, indexes: Times, rate: float) -> Floats:
    """Return when samples are really taken, s."""
    claimed = indexes / rate
    if plan.quartz is None:
        return claimed
    sway = plan.quartz.sway * WARMTH / (2 * np.pi) * np.sin(2 * np.pi * claimed / WARMTH)
    return claimed * (1 + plan.quartz.off) + sway


def written(plan: Plan, block: SampleBlock) -> Floats:
    """Return the times (s) that a file shows for a block of `blocks`: with jitter, and never
    running back.
    """
    times = taken(plan, np.arange(block.first, block.end), block.rate)
    if plan.quartz is None:
        return times
    length = samples_a_minute(block.rate)
    number, begin = divmod(block.first, length)
    noise = np.random.default_rng([plan.seed, number, length]).normal(
        0.0, plan.quartz.jitter, length
    )
    late: Floats = np.clip(noise, -0.4, 0.4)[begin : begin + len(times)] / block.rate
    return times + late


def pieces(minute: Minute, samples: Floats, start: int) -> Iterator[SampleBlock]:
    """Yield what is recorded of a minute's samples; `start` (us) is the time of the night's
    beginning.
    """
    times = minute.times
    kept = ~np.logical_or.reduce(
        [np.zeros(len(times), bool), *(lost(gap, times) for gap in minute.plan.gaps)]
    )
    edges = np.flatnonzero(np.diff(kept, prepend=False, append=False))
    real = minute.rate if len(times) < 2 else (len(times) - 1) / float(times[-1] - times[0])
    rate = minute.rate if minute.plan.quartz is None else real
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        clock = SampleClock(minute.first + begin, start + round(float(times[begin]) * SECOND), rate)
        yield SampleBlock(minute.first + begin, samples[:, begin:end], clock, minute.rate)


def lost(gap: Stretch, times: Floats) -> npt.NDArray[np.bool_]:
    """Return which samples lie in a gap."""
    inside: npt.NDArray[np.bool_] = (times >= gap[0]) & (times < gap[1])
    return inside


def gaps_of(plan: Plan, rate: float) -> list[Stretch]:
    """Return the gaps (s) that a recording shows: from the last sample before to the first after."""
    times = taken(plan, np.arange(sample_count(plan, rate)), rate)
    found = []
    for begin, end in plan.gaps:
        before, after = np.searchsorted(times, [begin, end])
        if before < after < len(times) and before:
            found.append((float(times[before - 1]), float(times[after])))
    return [(a, b) for a, b in found if b - a > NOTICED and (b - a) * rate > NOTICED_STEPS + 0.5]
