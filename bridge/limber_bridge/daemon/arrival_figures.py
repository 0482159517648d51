"""Measure how the samples of one sensor arrive: rate, loss, jitter, numbers and times. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, SampleBlock

SETTLING_MAX_US: Final = 3 * SECOND
"""Time after the first arrival that the rate leaves out. Chosen: a device that connects again first
sends what it kept, within this time."""
SETTLING_SHARE: Final = 0.2
"""The same as a share of the time that was watched, for a short one."""
RATE_MIN_SPAN_US: Final = SECOND
"""Shortest time over which a rate is measured."""
JITTER_PERCENTILE: Final = 95.0
"""Share of the blocks in percent that arrive within the jitter."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A block of samples and when it arrived."""

    block: SampleBlock
    arrived: int
    """us UTC."""

    @property
    def delay(self) -> int:
        """Return the time in us from the last sample to the arrival."""
        return self.arrived - self.block.clock.time_of(self.block.end - 1)


@dataclass(frozen=True, slots=True)
class ArrivalFigures:
    """What was measured of the arrival of the samples of one sensor."""

    nominal_rate: float
    """Hz, as the sensor announces it."""
    measured_rate: float | None
    """Hz, counted in samples on the host's clock; None if too little arrived."""
    rate_uncertainty: float
    """Relative error that the length of the blocks allows."""
    received: int
    """Samples that arrived."""
    lost: int
    """Samples whose numbers were left out."""
    unusable: int
    """Samples that arrived and are not a number: saturated or unreadable."""
    overlapping: int
    """Samples with numbers that had arrived before."""
    blocks: int
    jitter_s: float
    """Spread of the time from the last sample of a block to its arrival."""
    moved_s: float
    """Time by which samples were placed earlier than the samples before them allow."""

    @property
    def lost_share(self) -> float:
        """Return which share of the expected samples did not arrive."""
        return self.lost / max(1, self.received + self.lost)

    @property
    def unusable_share(self) -> float:
        """Return which share of the received samples is not a number."""
        return self.unusable / max(1, self.received)


def arrival_figures(arrivals: Sequence[Arrival]) -> ArrivalFigures | None:
    """Return the figures of one sensor; None if nothing arrived."""
    if not arrivals:
        return None
    measured, uncertainty = measure_rate(arrivals)
    lost, overlapping, moved = compare_neighbors(arrivals)
    counts = [one.block.end - one.block.first for one in arrivals]
    usable = sum(int(np.isfinite(one.block.samples).all(axis=0).sum()) for one in arrivals)
    delays = np.array([one.delay for one in settled_arrivals(arrivals)], dtype=np.float64)
    jitter = np.percentile(delays, JITTER_PERCENTILE) - delays.min() if len(delays) else 0.0
    return ArrivalFigures(
        nominal_rate=arrivals[-1].block.rate,
        measured_rate=measured,
        rate_uncertainty=uncertainty,
        received=sum(counts),
        lost=lost,
        unusable=sum(counts) - usable,
        overlapping=overlapping,
        blocks=len(arrivals),
        jitter_s=float(jitter) / SECOND,
        moved_s=moved / SECOND,
    )


def settled_arrivals(arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
    """Return the arrivals after what a device sends at once when it connects."""
    begin = arrivals[0].arrived
    settling = min(SETTLING_MAX_US, SETTLING_SHARE * (arrivals[-1].arrived - begin))
    return [one for one in arrivals if one.arrived - begin >= settling]


def measure_rate(arrivals: Sequence[Arrival]) -> tuple[float | None, float]:
    """Return the rate in Hz by the sample numbers and the host's clock, and its relative error.

    Lost samples count: the rate says how fast the sensor measures, not how much arrives.
    """
    settled = settled_arrivals(arrivals)
    span = settled[-1].arrived - settled[0].arrived if settled else 0
    if span < RATE_MIN_SPAN_US:
        return None, 0.0
    longest_us = max((one.block.end - one.block.first) / one.block.rate for one in settled) * SECOND
    return (settled[-1].block.end - settled[0].block.end) * SECOND / span, longest_us / span


def compare_neighbors(arrivals: Sequence[Arrival]) -> tuple[int, int, int]:
    """Return lost samples, samples numbered twice, and us by which times were moved back."""
    lost = 0
    overlapping = 0
    moved = 0
    end = arrivals[0].block.first
    for before, after in zip((None, *arrivals), arrivals, strict=False):
        lost += max(0, after.block.first - end)
        overlapping += max(0, min(end, after.block.end) - after.block.first)
        end = max(end, after.block.end)
        if before is not None:
            # Both clocks give the first sample of the later block a time; they should agree.
            number = after.block.first
            shift = before.block.clock.time_of(number) - after.block.clock.time_of(number)
            moved += max(0, shift)
    return lost, overlapping, moved
