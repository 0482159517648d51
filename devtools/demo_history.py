"""Past nights for the demo, simulated and scored by the real pipeline into a journal."""

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.config.loader import load_config
from limber_bridge.config.model import Config, Sleeper
from limber_bridge.detection.events import Event, Factor, FactorKind
from limber_bridge.detection.night_score import score_night
from limber_bridge.detection.pipeline import Pipeline, PipelineState
from limber_bridge.detection.signal import Sensor, Side
from limber_bridge.domain.movement_hours import movement_hours
from limber_bridge.domain.nights import Night, to_us
from limber_bridge.simulation.plan import NightSpec, plan_night
from limber_bridge.simulation.signals import signal_blocks
from limber_bridge.storage.journal import Journal

NIGHTS: Final = 30
RATE: Final = 25.0
"""Hz; half of the live night's rate, so that a month takes only seconds."""

STRETCHING_EFFECT: Final = 0.3
"""By how much stretching lowers the index of the simulated sleeper; no person was measured."""


def missing(config: Config, sleeper: Sleeper, now: datetime, nights: int) -> list[date]:
    """Return the last nights that are missing in the journal of a sleeper."""
    tonight = config.calendar.night_of(to_us(now))
    wanted = [tonight - timedelta(days=days) for days in range(nights, 0, -1)]
    with Journal(config.journal) as journal:
        known = {night.date for night in journal.nights(sleeper.id, wanted[0] - timedelta(days=1))}
    return [night for night in wanted if night not in known]


def fill(settings: Path, nights: int = NIGHTS, *, workers: int = 2) -> int:
    """Add the missing past nights to the journal of a configuration; return how many."""
    config = load_config(settings)
    sleeper = config.sleepers[0]
    lacking = missing(config, sleeper, datetime.now(UTC), nights)
    if not lacking:
        return 0
    with ProcessPoolExecutor(workers) as pool, Journal(config.journal) as journal:
        for night, events, memory in pool.map(past_night, [settings] * len(lacking), lacking):
            journal.append(sleeper.id, [(night.date, event) for event in events], memory)
            journal.save_night(night)
    return len(lacking)


def past_night(settings: Path, night: date) -> tuple[Night, Sequence[Event], PipelineState]:
    """Return one night as the bridge would finish it, its events, and the pipeline's state."""
    config = load_config(settings)
    sleeper = config.sleepers[0]
    sensors = [watched.sensor for watched in sleeper.sensors]
    rng = np.random.default_rng(night.toordinal())
    # The index of one person differs by 25 per hour between nights on average in one study:
    # docs/science.md#reference-values.
    index = float(np.clip(rng.normal(24, 13), 2, 70))
    logged = evening_log(night, rng, config)
    if any(factor.factor is FactorKind.STRETCHING for factor in logged):
        index *= 1 - STRETCHING_EFFECT
    wishes = NightSpec(
        hours=float(rng.uniform(6.5, 8.5)),
        plm_index=index,
        cramps=int(rng.random() < 0.1),
        legs=measured_legs(sensors),
    )
    start = to_us(datetime.combine(night - timedelta(days=1), time(22, 30), config.calendar.zone))
    start += round(float(rng.uniform(0, 75)) * 60e6)
    happens = plan_night(night.toordinal(), wishes)
    detector = Pipeline(sensors, config.rules)
    signals = [
        (sensor.id, block)
        for sensor in sensors
        for block in signal_blocks(happens, sensor, RATE, start)
    ]
    events = [event for sensor, block in signals for event in detector.process(sensor, block)] + [
        *detector.finish(),
        *logged,
    ]
    until = start + round(happens.duration * 1e6)
    score = score_night(events, config.rules, detector.coverage(start, until))
    spans = score.in_bed or ()
    summary = Night(
        sleeper=sleeper.id,
        date=night,
        revision=1,
        start=spans[0][0] if spans else None,
        end=spans[-1][1] if spans else None,
        rules=config.rules.name,
        in_bed_method=detector.in_bed_method,
        measures=score.measures,
        hours=movement_hours(score, config.calendar.zone),
    )
    return summary, events, detector.state


def measured_legs(sensors: Sequence[Sensor]) -> tuple[Side, ...]:
    """Return the legs that move in a night: those that a sensor measures, else the left one."""
    sides = {sensor.side for sensor in sensors}
    return tuple(side for side in (Side.LEFT, Side.RIGHT) if side in sides) or (Side.LEFT,)


def evening_log(night: date, rng: np.random.Generator, config: Config) -> list[Factor]:
    """Return what the simulated sleeper logged on the evening before a night."""
    evening = night - timedelta(days=1)

    def logged(kind: FactorKind, hour: int, note: str | None = None) -> Factor:
        return Factor(
            to_us(datetime.combine(evening, time(hour), config.calendar.zone)), kind, note
        )

    found = []
    if rng.random() < 0.5:
        found.append(logged(FactorKind.STRETCHING, 21))
    if rng.random() < 0.3:
        found.append(logged(FactorKind.CAFFEINE, 17, "coffee"))
    if evening.day > 15:
        found.append(logged(FactorKind.MAGNESIUM, 19, "300 mg"))
    return found


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
