"""Surface EMG of one muscle: motor units, a level over time, the amplifier and the heart."""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.signal import butter, sosfilt

from devtools.battery.truth import Stretch
from limber_bridge.detection.signal import Floats

GRID: Final = 20.0
"""Hz of the level over time."""


@dataclass(slots=True)
class Muscle:
    """The level of a muscle over a night, in uV RMS."""

    rest: float
    """uV RMS between all activity, without the amplifier."""
    duration: float
    level: Floats = field(init=False)
    cramp: Floats = field(init=False)
    """uV RMS of the units that cramp; they fire faster and less evenly."""

    def __post_init__(self) -> None:
        count = round(self.duration * GRID) + 1
        self.level = np.full(count, self.rest)
        self.cramp = np.zeros(count)

    def burst(self, onset: float, end: float, size: float, edge: float = 0.15) -> None:
        """Add activity of a size (uV RMS) with short edges (s)."""
        first = max(0, math.ceil(onset * GRID))
        last = min(len(self.level), math.ceil(end * GRID))
        piece = np.arange(first, last) / GRID
        shape = np.clip(np.minimum(piece - onset, end - piece) / edge, 0, 1)
        self.level[first:last] = np.hypot(self.level[first:last], size * shape)

    def tension(self, times: Floats, sizes: Floats, *, cramping: bool) -> None:
        """Add a slow course of tension: sizes (uV RMS beyond rest) at some times."""
        grid = np.arange(len(self.level)) / GRID
        course = np.interp(grid, times, sizes, left=0, right=0)
        if cramping:
            self.cramp = np.hypot(self.cramp, course)
        else:
            self.level = np.hypot(self.level, course)


def motor_units(rng: np.random.Generator, count: int, rate: float, firing: Stretch) -> Floats:
    """Return the sum of trains of motor unit potentials, with an RMS of 1.

    `firing` is the range of the mean firing rates in Hz.
    """
    signal = np.zeros(count)
    for _ in range(5):
        # Each group of units shares the shape of its potential: 6 to 14 ms, two or three phases.
        pulses = np.zeros(count)
        for _ in range(4):
            mean = rng.uniform(*firing)
            number = int(count / rate * mean * 1.3) + 10
            gaps = rng.normal(1 / mean, rng.uniform(0.12, 0.3) / mean, number)
            at = np.cumsum(np.maximum(gaps, 0.012)) * rate
            index = at[at < count].astype(np.int64)
            np.add.at(pulses, index, rng.lognormal(0, 0.5))
        width = rng.uniform(0.0015, 0.0035)
        since = np.arange(-0.012, 0.012, 1 / rate)
        # The second derivative of a bell: what a potential looks like to two electrodes.
        shape = (1 - (since / width) ** 2) * np.exp(-0.5 * (since / width) ** 2)
        signal += np.convolve(pulses, shape, mode="same") / max(1e-9, float(np.std(shape)))
    signal += 1.0 * np.std(signal) * rng.standard_normal(count)
    result: Floats = signal / np.std(signal)
    return result


@dataclass(frozen=True, slots=True)
class Electrodes:
    """How a muscle is recorded."""

    rate: float
    noise: float
    """uV RMS of the amplifier in its band."""
    heart: float
    """uV, peak of the heart beat."""
    step: float
    """uV of one count."""
    offset: float
    """uV."""


def draw_electrodes(rng: np.random.Generator, rates: tuple[float, ...]) -> Electrodes:
    """Return electrodes with an amplifier like that of docs/science.md#emg-signal."""
    return Electrodes(
        rate=float(rng.choice(rates)),
        noise=float(rng.uniform(0.5, 1.6)),
        heart=float(rng.choice([0.0, 0.0, rng.uniform(2, 25)])),
        step=float(rng.choice([0.05, 0.1, 0.5])),
        offset=float(rng.uniform(-25, 25)),
    )


def record_emg(
    rng: np.random.Generator, electrodes: Electrodes, muscle: Muscle, extra: Floats | None = None
) -> Floats:
    """Return one channel, shape (1, n), uV; `extra` is laid over the muscle's own signal."""
    rate = electrodes.rate
    count = round(muscle.duration * rate)
    times = np.arange(count) / rate
    grid = np.arange(len(muscle.level)) / GRID
    signal = motor_units(rng, count, rate, (6, 13)) * np.interp(times, grid, muscle.level)
    if muscle.cramp.any():
        tense = np.flatnonzero(muscle.cramp) / GRID
        first = max(0, round((tense[0] - 1) * rate))
        last = min(count, round((tense[-1] + 1) * rate))
        fast = motor_units(rng, last - first, rate, (14, 26))
        signal[first:last] += fast * np.interp(times[first:last], grid, muscle.cramp)
    if extra is not None:
        signal += extra
    signal += heart_beats(rng, times, electrodes.heart)
    high = min(220.0, 0.45 * rate)
    band = butter(2, (12.0, high), "bandpass", fs=rate, output="sos")
    signal = sosfilt(band, signal)
    signal += electrodes.noise * rng.standard_normal(count)
    slow = np.cumsum(rng.standard_normal(count // round(rate) + 2)) * 0.05
    signal += electrodes.offset + np.interp(times, np.arange(len(slow)), slow)
    result: Floats = (np.round(signal / electrodes.step) * electrodes.step)[None, :]
    return result


def heart_beats(rng: np.random.Generator, times: Floats, size: float) -> Floats:
    """Return the heart beat as it reaches a leg: a sharp complex at about 1 Hz."""
    signal: Floats = np.zeros(len(times))
    if not size:
        return signal
    rate = 1 / (times[1] - times[0])
    gaps = rng.normal(1.0, 0.05, round(times[-1] * 1.2) + 5)
    index = (np.cumsum(np.maximum(gaps, 0.6)) * rate).astype(np.int64)
    signal[index[index < len(times)]] = 1.0
    since = np.arange(-0.06, 0.06, 1 / rate)
    shape = np.exp(-0.5 * (since / 0.009) ** 2) - 0.3 * np.exp(
        -0.5 * ((since - 0.028) / 0.012) ** 2
    )
    result: Floats = np.convolve(signal, size * shape, mode="same").astype(np.float64)
    return result
