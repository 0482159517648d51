"""When a simulated sensor takes its samples, which of them get lost, and which times are recorded.

A minute of a sensor depends on the plan, the sensor, the rate and the number of the minute, and not
on the minutes before it. So any part of a night can be computed alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import (
    SECOND,
    Flags,
    Floats,
    SampleBlock,
    SampleClock,
    Sensor,
    Times,
)
from limber_bridge.simulation.night import NightPlan, TimeRange

MINUTE_S: Final = 60
"""By the sensor's own clock."""
TEMPERATURE_PERIOD_S: Final = 7200.0
"""Time in which the room, and the sensor's crystal with it, warms up and cools down again."""
MIN_GAP_S: Final = 0.5
"""Samples further apart than this have a gap between them; docs/science.md#sampling-and-gaps ..."""
MIN_GAP_SAMPLE_INTERVALS: Final = 3
"""... if they are also more than this many sample intervals apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Minute:
    """One minute of one sensor."""

    plan: NightPlan
    sensor: Sensor
    rate: float
    """Nominal rate in Hz."""
    number: int
    times: Floats
    """Time of each sample in s."""

    @property
    def first(self) -> int:
        """Number of its first sample."""
        return self.number * samples_per_minute(self.rate)

    def white_noise(self, stream: int, axes: int, *, lead: int = 0) -> Floats:
        """Return white noise with standard deviation 1, shape (axes, lead + n).

        The first `lead` values are the last ones of the previous minute, so that a filter can start
        before the minute does. Each stream of random numbers is independent of the others.
        """
        own = self._draw_noise(stream, axes, self.number)[:, : len(self.times)]
        if not lead:
            return own
        previous = self._draw_noise(stream, axes, self.number - 1)
        return np.concatenate([previous[:, -lead:], own], axis=1)

    def _draw_noise(self, stream: int, axes: int, number: int) -> Floats:
        key = [self.plan.seed, self.sensor.id, stream, number + 1]
        return np.random.default_rng(key).normal(0.0, 1.0, (axes, samples_per_minute(self.rate)))


def samples_per_minute(rate: float) -> int:
    """Return the number of samples in a minute."""
    return round(MINUTE_S * rate)


def minutes_of(plan: NightPlan, sensor: Sensor, rate: float) -> Iterator[Minute]:
    """Yield the minutes of a whole night."""
    total = sample_count(plan, rate)
    length = samples_per_minute(rate)
    for first in range(0, total, length):
        times = sample_times(plan, np.arange(first, min(first + length, total)), rate)
        yield Minute(plan, sensor, rate, first // length, times)


def sample_count(plan: NightPlan, rate: float) -> int:
    """Return the number of samples in a night."""
    error = plan.clock_error
    slowest = 0.0 if error is None else error.rate_error + error.temperature_drift
    return int(round(plan.duration * rate) / (1 + max(slowest, 0.0)))


def sample_times(plan: NightPlan, indexes: Times, rate: float) -> Floats:
    """Return when samples are really taken, in s."""
    nominal = indexes / rate
    error = plan.clock_error
    if error is None:
        return nominal
    # The integral of a rate that swings with the temperature.
    phase = 2 * np.pi * nominal / TEMPERATURE_PERIOD_S
    drift = error.temperature_drift * TEMPERATURE_PERIOD_S / (2 * np.pi) * np.sin(phase)
    return nominal * (1 + error.rate_error) + drift


def recorded_times(plan: NightPlan, block: SampleBlock) -> Floats:
    """Return the times (s) that a file has for a block: with jitter, but never going back."""
    times = sample_times(plan, np.arange(block.first, block.end), block.rate)
    if plan.clock_error is None:
        return times
    length = samples_per_minute(block.rate)
    number, begin = divmod(block.first, length)
    rng = np.random.default_rng([plan.seed, number, length])
    noise = rng.normal(0.0, plan.clock_error.jitter, length)
    # Less than half an interval: neighbours cannot change places.
    delays: Floats = np.clip(noise, -0.4, 0.4)[begin : begin + len(times)] / block.rate
    return times + delays


def recorded_blocks(minute: Minute, samples: Floats, start: int) -> Iterator[SampleBlock]:
    """Yield the samples of a minute outside of gaps; the night starts at `start` (us)."""
    times = minute.times
    kept = ~np.logical_or.reduce(
        [np.zeros(len(times), bool), *(is_within(gap, times) for gap in minute.plan.gaps)]
    )
    edges = np.flatnonzero(np.diff(kept, prepend=False, append=False))
    rate = minute.rate
    if minute.plan.clock_error is not None and len(times) >= 2:
        rate = (len(times) - 1) / float(times[-1] - times[0])
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        time = start + round(float(times[begin]) * SECOND)
        clock = SampleClock(minute.first + begin, time, rate)
        yield SampleBlock(minute.first + begin, samples[:, begin:end], clock, minute.rate)


def is_within(time_range: TimeRange, times: Floats) -> Flags:
    """Return which times lie in a range."""
    inside: Flags = (times >= time_range[0]) & (times < time_range[1])
    return inside


def visible_gaps(plan: NightPlan, rate: float) -> list[TimeRange]:
    """Return the gaps (s) in a recording: each from the last sample before to the first after it.

    Losses that are too short to count as a gap are left out.
    """
    times = sample_times(plan, np.arange(sample_count(plan, rate)), rate)
    gaps = []
    for begin, end in plan.gaps:
        before, after = np.searchsorted(times, [begin, end])
        if before < after < len(times) and before:
            gaps.append((float(times[before - 1]), float(times[after])))
    return [
        (begin, end)
        for begin, end in gaps
        if end - begin > MIN_GAP_S and (end - begin) * rate > MIN_GAP_SAMPLE_INTERVALS + 0.5
    ]
