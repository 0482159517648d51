"""Measure how many times faster than psgscoring the bridge finds leg movements in EMG.

It runs in its own environment. Both get the same two channels of eight hours at 256 Hz. psgscoring
is a scoring program for sleep laboratories by another project.
"""

import json
import sys
import time

import numpy as np
from psgscoring.plm import analyze_plm  # type: ignore[import-not-found]

from limber_bridge.detection.night_score import score_night
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import WASM_2016
from limber_bridge.detection.signal import (
    Floats,
    Placement,
    Quantity,
    SampleBlock,
    SampleClock,
    Sensor,
    Side,
)

RATE = 256.0
HOURS = 8
SENSORS = [
    Sensor(number, Quantity.EMG, Placement.TIBIALIS, side) for number, side in enumerate(Side)
]


def channels() -> list[Floats]:
    """Return two channels of EMG (uV) with 288 bursts of two seconds each, 36 per hour."""
    rng = np.random.default_rng(1)
    times = np.arange(round(HOURS * 3600 * RATE)) / RATE
    envelope = np.where(times % 100 < 2, 60.0, 1.0)
    return [rng.normal(0.0, 1.0, len(times)) * envelope for _ in SENSORS]


def ours(signals: list[Floats]) -> None:
    """Score a night with the bridge."""
    detector = Pipeline(SENSORS)
    events = []
    for sensor, signal in zip(SENSORS, signals, strict=True):
        events += detector.process(
            sensor.id, SampleBlock(0, signal[None, :], SampleClock(0, 0, RATE), RATE)
        )
    events += detector.finish()
    score_night(events, WASM_2016, detector.coverage(0, HOURS * 3600 * 1_000_000))


def theirs(signals: list[Floats]) -> None:
    """Score a night with psgscoring."""
    analyze_plm(signals[0], signals[1], RATE, ["N2"] * (HOURS * 120), leg_unit="uV")


def main() -> None:
    """Print the median ratio of three rounds; in each, both run directly after each other."""
    signals = channels()
    ours(signals)
    ratios = []
    for _ in range(3):
        began = time.perf_counter()
        ours(signals)
        middle = time.perf_counter()
        theirs(signals)
        ratios.append((time.perf_counter() - middle) / (middle - began))
    json.dump(sorted(ratios)[1], sys.stdout)


if __name__ == "__main__":
    main()
