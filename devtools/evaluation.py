"""Compare what was detected with what is known to be there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from limber_bridge.detection.events import Event, Movement, event_id
from limber_bridge.detection.night_score import NightScore, score_night
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)
from limber_bridge.simulation.night import NightPlan
from limber_bridge.simulation.signals import signal_blocks

ANKLE: Final = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
CALF: Final = Sensor(2, Quantity.EMG, Placement.CALF, Side.LEFT)
TIBIALIS: Final = Sensor(1, Quantity.EMG, Placement.TIBIALIS, Side.LEFT)

type Known = tuple[float, float]
"""Onset and duration, in s."""


@dataclass(slots=True)
class MatchCounts:
    """How many known items were detected, and how well."""

    found: int = 0
    missed: int = 0
    false: int = 0
    onsets: list[float] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)

    @property
    def sensitivity(self) -> float:
        """Sensitivity: share of the known items that were detected."""
        return self.found / max(1, self.found + self.missed)

    @property
    def precision(self) -> float:
        """Precision: share of the detected items that are known."""
        return self.found / max(1, self.found + self.false)

    @property
    def f1(self) -> float:
        """F1: harmonic mean of sensitivity and precision."""
        return 2 * self.found / max(1, 2 * self.found + self.missed + self.false)

    def row(self, name: str) -> str:
        """Return a row of a table."""
        onset = np.median(self.onsets)
        duration = np.median(self.durations)
        spread = np.percentile(np.abs(self.durations), 90)
        rates = f"{self.sensitivity:.3f} | {self.precision:.3f} | {self.f1:.3f}"
        errors = f"{1000 * onset:+.0f} | {1000 * duration:+.0f} | {1000 * spread:.0f}"
        return f"| {name} | {rates} | {errors} |"


HEAD: Final = (
    "| | sensitivity | precision | F1 | onset, median error (ms) "
    "| duration, median error (ms) | 90 % within (ms) |\n"
    "|---|---|---|---|---|---|---|"
)


def matched(known: Sequence[Known], found: Sequence[Known]) -> list[tuple[int, int]]:
    """Return pairs of overlapping items, each used once.

    The longest overlap wins; ties go by time.
    """
    free = set(range(len(found)))
    pairs = []
    for index, (onset, duration) in enumerate(known):
        shared = {
            other: min(onset + duration, sum(found[other])) - max(onset, found[other][0])
            for other in free
            if found[other][0] < onset + duration + 1 and sum(found[other]) > onset - 1
        }
        best = max(shared, key=lambda other: shared[other], default=None)
        if best is not None and shared[best] > 0:
            pairs.append((index, best))
            free.discard(best)
    return pairs


def tallied(tally: MatchCounts, known: Sequence[Known], found: Sequence[Known]) -> set[int]:
    """Add a night to the counts; return which known items were detected."""
    pairs = matched(known, found)
    tally.found += len(pairs)
    tally.missed += len(known) - len(pairs)
    tally.false += len(found) - len(pairs)
    tally.onsets += [found[other][0] - known[index][0] for index, other in pairs]
    tally.durations += [found[other][1] - known[index][1] for index, other in pairs]
    return {index for index, _ in pairs}


def run(
    signals: Iterable[tuple[Sensor, Iterable[SampleBlock]]], sensitivity: float = 1.0
) -> tuple[list[Event], Pipeline]:
    """Return what the pipeline detects."""
    given = [(sensor, list(found)) for sensor, found in signals]
    detector = Pipeline([sensor for sensor, _ in given])
    detector.set_sensitivity(sensitivity)
    events = [
        event
        for sensor, found in given
        for block in found
        for event in detector.process(sensor.id, block)
    ]
    return list({event_id(event): event for event in events + detector.finish()}.values()), detector


def whole(samples: Floats, rate: float) -> list[SampleBlock]:
    """Return samples as a block."""
    return [SampleBlock(0, samples, SampleClock(0, 0, rate), rate)]


def moves(events: Iterable[Event]) -> list[Known]:
    """Return the movements among events."""
    return [
        (event.onset / SECOND, event.duration / SECOND)
        for event in events
        if isinstance(event, Movement)
    ]


def simulated(
    night: NightPlan, sensors: Sequence[tuple[Sensor, float]], device: str | None = None
) -> tuple[list[Event], NightScore]:
    """Return what the pipeline detects in a night of `limber simulate`."""
    events, detector = run(
        (sensor, signal_blocks(night, sensor, rate, device=device)) for sensor, rate in sensors
    )
    return events, score_night(
        events, WASM_2016, detector.coverage(0, round(night.duration * SECOND))
    )


def agreement(told: NightScore, found: NightScore, duration: float) -> float:
    """Return the share of minutes on which both agree about sleep."""
    middles = [round((minute + 0.5) * 60 * SECOND) for minute in range(int(duration // 60))]
    both = [
        any(begin <= at < end for begin, end in told.asleep or ())
        == any(begin <= at < end for begin, end in found.asleep or ())
        for at in middles
    ]
    return sum(both) / len(both)


def icc(one: Floats, other: Floats) -> float:
    """Return ICC(2,1).

    Two-way random effects, absolute agreement, single measurement (Shrout and Fleiss 1979).
    """
    table = np.stack([one, other], axis=1)
    rows, columns = table.shape
    grand = table.mean()
    between = columns * ((table.mean(axis=1) - grand) ** 2).sum() / (rows - 1)
    raters = rows * ((table.mean(axis=0) - grand) ** 2).sum() / (columns - 1)
    rest = ((table - table.mean(axis=1)[:, None] - table.mean(axis=0)[None, :] + grand) ** 2).sum()
    error = rest / ((rows - 1) * (columns - 1))
    return float(
        (between - error) / (between + (columns - 1) * error + columns * (raters - error) / rows)
    )
