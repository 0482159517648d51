"""A sleeper with two legs on a mattress that couples them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from devtools.battery.motion import Echo, Limb, Path, Sway
from devtools.battery.truth import Item, Kind, Stretch
from limber_bridge.detection.signal import Floats

SIDES: Final = ("left", "right")


@dataclass(frozen=True, slots=True)
class Mattress:
    """How much of a movement the other leg feels."""

    shake: float
    """Share of the acceleration, 0 to 0.5."""
    tilt: float
    """Share of the angle while the movement lasts."""
    tilt_limit: float
    """rad; the mattress gives way only so far."""
    slide_chance: float
    """How often the other leg slides to another place, and stays."""


def draw_mattress(rng: np.random.Generator) -> Mattress:
    """Return a mattress between stiff and soft."""
    # Two of three mattresses pass on little; soft ones pass on up to half.
    soft = rng.random() < 0.33
    return Mattress(
        shake=0.5 * rng.beta(1, 6) if soft else rng.uniform(0, 0.03),
        tilt=0.1 * rng.beta(1, 4) if soft else rng.uniform(0, 0.01),
        tilt_limit=np.radians(rng.uniform(0.05, 0.5)),
        slide_chance=rng.uniform(0.1, 0.6),
    )


@dataclass(slots=True)
class Sleeper:
    """Two limbs, what they did so far, and when the sleeper was awake or out of bed."""

    rng: np.random.Generator
    mattress: Mattress
    legs: dict[str, Limb]
    items: list[Item] = field(default_factory=list)
    out_of_bed: list[Stretch] = field(default_factory=list)
    awake: list[Stretch] = field(default_factory=list)
    vigour: float = 1.0
    """Factor on the size of this person's leg movements."""

    def note(self, kind: Kind, onset: float, end: float, side: str | None, note: str = "") -> None:
        """Write down what happened."""
        self.items.append(Item(kind, onset, end, side, note=note))

    def other(self, side: str) -> Limb:
        """Return the other leg."""
        return self.legs["right" if side == "left" else "left"]

    def move(self, side: str, path: Path, *, slides: bool = True) -> float:
        """Move one leg; the other feels it. Return by how many degrees the other one slid."""
        rng = self.rng
        limb = self.legs[side]
        other = self.other(side)
        limb.add(path)
        delay = rng.uniform(0.01, 0.15)
        direction = unit_vector(rng)
        share = self.mattress.shake * rng.uniform(0.3, 1.0)
        other.add(Echo(path.moved(delay, 1.0), share, direction, limb.lever))
        # The other leg tilts while the mattress is pressed, and comes back.
        sign = rng.choice((-1.0, 1.0))
        last = path.pitches[-1]
        tilted = Path(
            path.times,
            tuple(
                angle - last * share_of(path.times, time)
                for angle, time in zip(path.pitches, path.times, strict=True)
            ),
            tuple(0.0 for _ in path.times),
        )
        largest = max(1e-9, *(abs(angle) for angle in tilted.pitches))
        part = min(self.mattress.tilt * rng.uniform(0.3, 1.0), self.mattress.tilt_limit / largest)
        other.add(tilted.moved(delay, sign * part))
        if not slides or rng.random() > self.mattress.slide_chance:
            return 0.0
        return self.slide(other, rng.uniform(path.times[0], path.times[-1]))

    def slide(self, limb: Limb, begin: float) -> float:
        """Let a limb slide to another place without a movement of its own; return the degrees."""
        rng = self.rng
        degrees = float(np.exp(rng.uniform(np.log(0.3), np.log(5.0))))
        size = np.radians(degrees)
        mix = rng.uniform(0, 2 * np.pi)
        seconds = rng.uniform(0.3, 1.5)
        pitch = size * np.cos(mix)
        roll = size * np.sin(mix)
        # It slips most of the way, and creeps the rest.
        share = rng.uniform(0.75, 1.0)
        times = (begin, begin + seconds, begin + seconds + rng.uniform(0.5, 3.0))
        limb.add(Path(times, (0.0, share * pitch, pitch), (0.0, share * roll, roll)))
        return degrees


def share_of(times: Sequence[float], time: float) -> float:
    """Return how much of a path's time has passed."""
    return (time - times[0]) / (times[-1] - times[0])


def unit_vector(rng: np.random.Generator) -> tuple[float, float, float]:
    """Return a random direction."""
    values: Floats = rng.standard_normal(3)
    x, y, z = values / np.linalg.norm(values)
    return float(x), float(y), float(z)


def draw_sleeper(rng: np.random.Generator, duration: float) -> Sleeper:
    """Return a sleeper who lies in bed, with breath and pulse in both legs."""
    turned = rng.uniform(-1.6, 1.6)
    legs = {}
    for side in SIDES:
        limb = Limb(
            side,
            pitch=np.radians(rng.uniform(-14, 8)),
            roll=turned + rng.uniform(-0.5, 0.5),
            lever=rng.uniform(0.28, 0.42),
        )
        breath = np.radians(rng.uniform(0.002, 0.02))
        limb.add(Sway(0, duration, breath, breath, (0.18, 0.32), int(rng.integers(2**31))))
        legs[side] = limb
    return Sleeper(rng, draw_mattress(rng), legs, vigour=float(rng.lognormal(0.0, 0.35)))
