"""Small hand-made signals, and the events in them."""

from collections.abc import Iterable, Sequence

import numpy as np

from limber_bridge.detection.events import Event, Movement
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import WASM_2016, RuleSet
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

LEFT = Sensor(1, Quantity.ACCELERATION, Placement.ANKLE, Side.LEFT)
RIGHT = Sensor(2, Quantity.ACCELERATION, Placement.ANKLE, Side.RIGHT)
TIBIALIS = Sensor(3, Quantity.EMG, Placement.TIBIALIS, Side.LEFT)
BED = Sensor(4, Quantity.ACCELERATION, Placement.BED)
LOAD = Sensor(5, Quantity.LOAD, Placement.BED)
RATE = 50.0


def ankle(
    *kicks: tuple[float, float],
    length: float,
    noise: float = 0.002,
    size: float = 0.2,
    seed: int = 0,
) -> Floats:
    """Return an ankle that rests, and shakes for each (onset, duration) in s.

    `length` is in s, `noise` and `size` (amplitude) in g.
    """
    times = np.arange(round(length * RATE)) / RATE
    signal = np.random.default_rng(seed).normal(0.0, noise, (3, len(times)))
    signal[1] += 1.0
    for onset, duration in kicks:
        moving = (times >= onset) & (times < onset + duration)
        signal[2, moving] += size * np.sin(2 * np.pi * 3.0 * (times[moving] - onset))
    return signal


def emg(
    *bursts: tuple[float, float], length: float, size: float = 60.0, rate: float = 250.0
) -> Floats:
    """Return tibialis EMG with bursts of `size` uV RMS on 1 uV of noise."""
    rng = np.random.default_rng(1)
    times = np.arange(round(length * rate)) / rate
    envelope = np.ones(len(times))
    for onset, duration in bursts:
        envelope[(times >= onset) & (times < onset + duration)] = size
    signal: Floats = rng.normal(0.0, 1.0, (1, len(times))) * envelope + 15.0
    return signal


def turned(signal: Floats, at: float, degrees: float, *, back: float | None = None) -> Floats:
    """Return a signal with a turn of 0.5 s at a time (s), and a turn back at another."""
    there = slipped(signal, at, degrees, lasts=0.5)
    return there if back is None else slipped(there, back, -degrees, lasts=0.5)


def slipped(signal: Floats, at: float, degrees: float, *, lasts: float = 0.15) -> Floats:
    """Return a signal with a turn at constant speed from a time (s), which takes `lasts` s."""
    way = np.clip((np.arange(signal.shape[1]) / RATE - at) / lasts, 0, 1)
    angle = np.radians(degrees) * way
    result = signal.copy()
    result[0] = signal[0] * np.cos(angle) - signal[1] * np.sin(angle)
    result[1] = signal[0] * np.sin(angle) + signal[1] * np.cos(angle)
    return result


def block(samples: Floats, first: int = 0, start: int = 0, rate: float = RATE) -> SampleBlock:
    """Return samples as one block; sample 0 was taken at `start` us."""
    return SampleBlock(first, samples, SampleClock(0, start, rate), rate)


def cut(whole: SampleBlock, at: Iterable[int]) -> list[SampleBlock]:
    """Return a block, split at these sample numbers."""
    pieces = []
    rest = whole
    for place in sorted(set(at)):
        if whole.first < place < whole.end:
            piece, rest = rest.split(place - rest.first)
            pieces.append(piece)
    return [*pieces, rest]


def detect(*signals: tuple[Sensor, SampleBlock], rules: RuleSet = WASM_2016) -> list[Event]:
    """Return all events of signals, processed one after the other."""
    pipeline = Pipeline([sensor for sensor, _ in signals], rules)
    events = [event for sensor, whole in signals for event in pipeline.process(sensor.id, whole)]
    return events + pipeline.finish()


def movements(events: Sequence[Event]) -> list[Movement]:
    """Return the movements among events."""
    return [event for event in events if isinstance(event, Movement)]


def seconds(time: int) -> float:
    """Return us as s."""
    return time / SECOND
