"""Nights that share nothing with `limber simulate`: the detector is not judged by its own model.

Movements are drawn without regard to how a limb moves: bursts of four shapes and any size, on a
sensor's noise, with twitches, position changes, a partner's movements and a pulse in between.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats

KINDS: Final = (("movement", 0.8), ("twitch", 0.12), ("partner", 0.08))
"""What happens, and how often."""


@dataclass(frozen=True, slots=True)
class Burst:
    """One burst of movement. Times in s."""

    onset: float
    duration: float
    size: float
    """RMS of the vector, in multiples of the noise of one axis."""
    side: str
    """left, right or both."""
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Properties of a night."""

    seed: int
    hours: float
    rate: float
    noise: float
    """g, standard deviation of one axis."""
    legs: Sequence[str] = ("left",)
    an_hour: float = 30.0
    """Bursts of every kind."""


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticNight:
    """The signals of a night, and what is in it."""

    signals: Mapping[str, Floats]
    """By leg: g, shape (3, n)."""
    bursts: tuple[Burst, ...]

    @property
    def movements(self) -> list[Burst]:
        """The movements that a detector should find."""
        return [burst for burst in self.bursts if burst.kind == "movement"]


def night(scene: Scene) -> SyntheticNight:
    """Return a night."""
    rng = np.random.default_rng(scene.seed)
    count = round(scene.hours * 3600 * scene.rate)
    turns = list(postures(rng, scene.hours * 3600))
    bursts = tuple(happenings(rng, scene, [begin for begin, _ in turns]))
    signals = {leg: lying(rng, count, scene.rate, turns) for leg in scene.legs}
    for burst in bursts:
        for leg in scene.legs if burst.side == "both" else (burst.side,):
            add(rng, signals[leg], burst, scene)
    times = np.arange(count) / scene.rate
    for leg, signal in signals.items():
        pulse = 0.0006 * np.sin(2 * np.pi * 1.1 * times + rng.uniform(0, 6)) ** 8
        noise = rng.normal(0, scene.noise, signal.shape)
        signals[leg] = np.round(signal + pulse * direction(rng)[:, None] + noise, 3)
    return SyntheticNight(signals, bursts)


def postures(rng: np.random.Generator, length: float) -> Iterator[tuple[float, float]]:
    """Yield when the sleeper turns over, and for how long."""
    time = rng.uniform(200, 600)
    while time < length - 60:
        yield float(time), float(rng.uniform(1, 6))
        time += rng.exponential(900) + 120


def happenings(rng: np.random.Generator, scene: Scene, turns: Sequence[float]) -> Iterator[Burst]:
    """Yield the bursts, none of them close to a position change."""
    time = 30.0 + float(rng.exponential(3600 / scene.an_hour))
    while time < scene.hours * 3600 - 30:
        if all(abs(turn - time) > 25 for turn in turns):
            yield drawn(rng, scene, time)
        time += float(rng.lognormal(np.log(3600 / scene.an_hour) - 0.1, 0.5)) + 10


def drawn(rng: np.random.Generator, scene: Scene, onset: float) -> Burst:
    """Return one burst."""
    kind = str(rng.choice([name for name, _ in KINDS], p=[share for _, share in KINDS]))
    size = float(np.exp(rng.uniform(np.log(3), np.log(40))))
    duration = float(np.clip(rng.lognormal(0.85, 0.45), 0.55, 9))
    both = len(scene.legs) > 1 and (kind == "partner" or rng.random() < 0.3)
    side = "both" if both else str(rng.choice(list(scene.legs)))
    match kind:
        case "twitch":
            return Burst(onset, float(rng.uniform(0.08, 0.3)), size, side, kind)
        case "partner":
            return Burst(onset, duration, float(rng.uniform(0.3, 0.8)), side, kind)
        case _:
            return Burst(onset, duration, size, side, kind)


def lying(
    rng: np.random.Generator, count: int, rate: float, turns: Sequence[tuple[float, float]]
) -> Floats:
    """Return gravity at a leg that turns from time to time, shape (3, n)."""
    here = direction(rng)
    signal = np.repeat(here[:, None], count, axis=1)
    for onset, duration in turns:
        begin = round(onset * rate)
        end = round((onset + duration) * rate)
        there = direction(rng)
        way = np.linspace(0, 1, end - begin)
        mixed = np.outer(here, 1 - way) + np.outer(there, way)
        shaken = 0.05 * rng.normal(0, 1, mixed.shape) * np.sin(np.pi * way)
        signal[:, begin:end] = mixed / (np.linalg.norm(mixed, axis=0) + 1e-9) + shaken
        signal[:, end:] = there[:, None]
        here = there
    return signal


def direction(rng: np.random.Generator) -> Floats:
    """Return a vector of length 1 in a random direction."""
    vector: Floats = rng.normal(0, 1, 3)
    return vector / float(np.linalg.norm(vector))


def add(rng: np.random.Generator, signal: Floats, burst: Burst, scene: Scene) -> None:
    """Add a burst to the signal of one leg, in a random direction."""
    begin = round(burst.onset * scene.rate)
    length = int(np.ceil(burst.duration * scene.rate))
    shape = SHAPES[int(rng.integers(len(SHAPES)))] if burst.kind != "partner" else swinging
    wave = shape(rng, np.arange(length) / scene.rate, burst.duration)
    signal[:, begin : begin + length] += np.outer(direction(rng), wave * burst.size * scene.noise)


def edges(times: Floats, duration: float) -> Floats:
    """Return 1 inside, with a short ramp to 0 at both ends."""
    rise = min(0.15, duration / 4)
    return np.clip(times / rise, 0, 1) * np.clip((duration - times) / rise, 0, 1)


def swinging(rng: np.random.Generator, times: Floats, duration: float) -> Floats:
    """Return an oscillation of 1.5 to 6 Hz."""
    wave = np.sin(2 * np.pi * rng.uniform(1.5, 6) * times + rng.uniform(0, 6))
    return even(wave) * edges(times, duration)


def jerking(rng: np.random.Generator, times: Floats, duration: float) -> Floats:
    """Return random jerks up to about 10 Hz."""
    width = max(1, round(0.1 / max(1e-3, float(times[1]) if len(times) > 1 else 0.1)))
    noise = np.convolve(rng.normal(0, 1, len(times) + width), np.ones(width) / width, "same")[
        : len(times)
    ]
    return even(noise - noise.mean()) * edges(times, duration)


def ebbing(rng: np.random.Generator, times: Floats, duration: float) -> Floats:
    """Return a damped oscillation."""
    wave = np.sin(2 * np.pi * rng.uniform(2, 5) * times) * np.exp(-times / (0.6 * duration))
    return even(wave) * edges(times, duration)


def holding(rng: np.random.Generator, times: Floats, duration: float) -> Floats:
    """Return a bend that is held with a tremor and released."""
    held = np.clip(times / 0.3, 0, 1) * np.clip((duration - times) / 0.3, 0, 1)
    return held + 0.25 * np.sin(2 * np.pi * 7 * times + rng.uniform(0, 6)) * edges(times, duration)


def even(wave: Floats) -> Floats:
    """Return a wave with an RMS of 1."""
    return wave / (float(np.sqrt(np.mean(np.square(wave)))) + 1e-9)


SHAPES: Final[tuple[Callable[[np.random.Generator, Floats, float], Floats], ...]] = (
    swinging,
    jerking,
    ebbing,
    holding,
)
