"""Motion out of bed, from sitting up to lying down again, and similar motion in bed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from devtools.battery.motion import Path, Ring, Sway, Swing, Tremor
from devtools.battery.sleeper import SIDES, Sleeper, unit_vector
from devtools.battery.truth import Kind

STANDING: Final = np.radians(-86)
"""rad; the shank leans a little to the front."""


@dataclass(frozen=True, slots=True)
class Gait:
    """How a person walks at night: slower and softer than by day."""

    stride: float
    """Hz; one step of the same leg after the other, half the step rate."""
    swing: float
    """rad to either side of the vertical."""
    strike: float
    """g at a heel strike."""


def draw_gait(rng: np.random.Generator) -> Gait:
    """Return a gait between shuffling (0.5 m/s) and brisk (1.3 m/s)."""
    return Gait(
        stride=float(rng.uniform(0.6, 0.98)),
        swing=float(np.radians(rng.uniform(10, 27))),
        strike=float(np.exp(rng.uniform(np.log(0.15), np.log(1.5)))),
    )


def jumble(sleeper: Sleeper, begin: float, end: float, degrees: float, shake: float) -> None:
    """Move both legs without a pattern: sitting up, rubbing, searching for a place to lie."""
    rng = sleeper.rng
    for side in SIDES:
        steps = np.cumsum(rng.uniform(0.25, 0.9, 400)) + begin
        steps = np.concatenate([[begin], steps[steps < end - 0.2], [end]])
        pitches = np.radians(rng.normal(0, degrees, len(steps)))
        rolls = np.radians(rng.normal(0, 1.5 * degrees, len(steps)))
        for angles in (pitches, rolls):
            angles[[0, -1]] = 0.0
        limb = sleeper.legs[side]
        limb.add(
            Path(tuple(map(float, steps)), tuple(map(float, pitches)), tuple(map(float, rolls)))
        )
        x, y, z = (shake * part for part in unit_vector(rng))
        limb.add(Tremor(begin, end, (x, y, z), (0.7, 6.0), int(rng.integers(2**31))))


def get_up(sleeper: Sleeper, at: float) -> float:
    """Sit up, let the legs down, sit for a moment and stand up; return when standing."""
    rng = sleeper.rng
    seconds = rng.uniform(1.5, 4.0)
    jumble(sleeper, at, at + seconds, 5, 0.03)
    down = at + seconds
    sits = rng.uniform(0.5, 6.0)
    for side in SIDES:
        limb = sleeper.legs[side]
        lag = rng.uniform(0, 0.8)
        begin = down - 1.0 + lag
        hanging = np.radians(rng.uniform(-88, -65))
        limb.move_to((begin, begin + rng.uniform(0.8, 1.6)), hanging, rng.normal(0, 0.15))
        rises = down + 0.6 + lag + sits
        limb.move_to((rises, rises + rng.uniform(0.8, 1.6)), STANDING, rng.normal(0, 0.1))
    return float(down + 0.6 + sits + 2.4)


def walk(sleeper: Sleeper, at: float, seconds: float, gait: Gait) -> float:
    """Walk; return the end."""
    rng = sleeper.rng
    for index, side in enumerate(SIDES):
        limb = sleeper.legs[side]
        phase = np.pi * index
        limb.add(Swing(at, at + seconds, gait.swing, 0.1 * gait.swing, gait.stride, phase, 0.35))
        strike = at + (0.75 + 0.5 * index) / gait.stride
        while strike < at + seconds:
            size = gait.strike * rng.uniform(0.6, 1.4)
            direction = (-size, 0.3 * size * rng.normal(), 0.4 * size * rng.normal())
            limb.add(Ring(strike, direction, rng.uniform(8, 14), rng.uniform(0.03, 0.07)))
            strike += rng.normal(1, 0.03) / gait.stride
        x, y, z = (0.05 * part for part in unit_vector(rng))
        limb.add(Tremor(at, at + seconds, (x, y, z), (1.0, 8.0), int(rng.integers(2**31))))
    return at + seconds


def stand(sleeper: Sleeper, at: float, seconds: float, *, stretching: bool) -> float:
    """Stand still, or lean against a wall to stretch a calf; return the end."""
    rng = sleeper.rng
    end = at + seconds
    stretched = str(rng.choice(SIDES))
    for side in SIDES:
        limb = sleeper.legs[side]
        lean = np.radians(rng.uniform(8, 28)) if stretching and side == stretched else 0.0
        if lean and seconds > 6:
            limb.add(
                Path((at, at + 1.5, end - 1.5, end), (0.0, lean, lean * 0.95, 0.0), (0.0,) * 4)
            )
        small = np.radians(rng.uniform(0.1, 0.7))
        limb.add(Sway(at, end, small, small, (0.1, 1.2), int(rng.integers(2**31))))
    shift = at + rng.uniform(4, 25)
    while shift < end - 3:
        # The weight goes from one leg to the other.
        angle = np.radians(rng.normal(0, 4))
        side = str(rng.choice(SIDES))
        path = Path((shift, shift + 0.5, shift + 1.2), (0.0, angle, 0.4 * angle), (0.0, angle, 0.0))
        sleeper.legs[side].add(path)
        shift += rng.uniform(5, 30)
    return end


def lie_down(sleeper: Sleeper, at: float) -> float:
    """Sit down, lie down and settle; return when lying."""
    rng = sleeper.rng
    sits = rng.uniform(0.5, 4.0)
    up = at + 1.5 + sits
    roll = rng.uniform(-1.6, 1.6)
    for side in SIDES:
        limb = sleeper.legs[side]
        lag = rng.uniform(0, 0.6)
        limb.move_to((at + lag, at + lag + 1.2), np.radians(rng.uniform(-88, -65)), limb.roll)
        pitch = np.radians(rng.uniform(-14, 8))
        limb.move_to((up + lag, up + lag + 1.5), pitch, roll + rng.uniform(-0.5, 0.5))
    lying = up + 2.1
    seconds = rng.uniform(2, 8)
    jumble(sleeper, lying, lying + seconds, 4, 0.02)
    return float(lying)


def trip(sleeper: Sleeper, at: float, walks: Sequence[float], stands: float, note: str) -> float:
    """Leave the bed: walks (s), with a time (s) of standing between them; return when lying.

    Out of bed lasts from the feet on the floor to the legs on the mattress.
    """
    rng = sleeper.rng
    gait = draw_gait(rng)
    standing = get_up(sleeper, at)
    now = standing
    for number, seconds in enumerate(walks):
        if number:
            now = stand(sleeper, now, stands / (len(walks) - 1), stretching="stretch" in note)
        now = walk(sleeper, now, seconds, gait)
    lying = lie_down(sleeper, now)
    sleeper.out_of_bed.append((standing - 2.4, lying - 2.1))
    sleeper.note(Kind.TRIP, standing - 2.4, lying - 2.1, None, note)
    return lying + 8


def short_trip(sleeper: Sleeper, at: float, note: str = "short, stretching") -> float:
    """Leave the bed for 45 to 120 s, with two walks of 15 to 25 s; return when lying."""
    rng = sleeper.rng
    first, second = rng.uniform(15, 25, 2)
    total = rng.uniform(45, 120)
    stands = max(4.0, total - first - second - 6)
    return trip(sleeper, at, (first, second), stands, note)


def knees_bent(sleeper: Sleeper, at: float, seconds: float) -> float:
    """Lie with the feet on the mattress and the shanks steep, less than on feet; return the end."""
    rng = sleeper.rng
    for side in SIDES:
        limb = sleeper.legs[side]
        back = limb.pitch, limb.roll
        steep = np.radians(rng.uniform(-62, -40))
        lag = rng.uniform(0, 0.5)
        limb.move_to((at + lag, at + lag + 1.5), steep, rng.normal(0, 0.2))
        end = at + seconds
        limb.move_to((end + lag, end + lag + 1.5), *back)
        small = np.radians(rng.uniform(0.02, 0.15))
        limb.add(Sway(at + 2, end, small, small, (0.1, 0.6), int(rng.integers(2**31))))
    sleeper.note(Kind.KNEES, at, at + seconds + 2, "both")
    return at + seconds + 2


def rub(sleeper: Sleeper, at: float, seconds: float, side: str) -> float:
    """Rub a calf in bed, sitting with the legs stretched out; return the end."""
    rng = sleeper.rng
    limb = sleeper.legs[side]
    bend = np.radians(rng.uniform(-35, -8))
    limb.add(
        Path((at, at + 1.2, at + seconds - 1.2, at + seconds), (0.0, bend, bend, 0.0), (0.0,) * 4)
    )
    now = at + 1.0
    while now < at + seconds - 2:
        length = min(rng.uniform(4, 12), at + seconds - 1 - now)
        amplitude = np.radians(rng.uniform(0.8, 4))
        frequency = rng.uniform(1.0, 2.8)
        limb.add(Swing(now, now + length, amplitude, 1.2 * amplitude, frequency, 0.0, 0.4))
        size = rng.uniform(0.01, 0.06)
        x, y, z = (size * part for part in unit_vector(rng))
        limb.add(Tremor(now, now + length, (x, y, z), (1.0, 6.0), int(rng.integers(2**31))))
        now += length + rng.uniform(0.3, 2.5)
    return at + seconds


def start_of_night(sleeper: Sleeper, at: float) -> float:
    """Walk to the bed and lie down; call it first. Return when lying.

    The sensors start on legs that stand.
    """
    rng = sleeper.rng
    for side in SIDES:
        limb = sleeper.legs[side]
        limb.pitch = STANDING
        limb.roll = rng.normal(0, 0.1)
        limb.start = (limb.pitch, limb.roll)
    now = stand(sleeper, at, rng.uniform(20, 60), stretching=False)
    now = walk(sleeper, now, rng.uniform(15, 60), draw_gait(rng))
    lying = lie_down(sleeper, now)
    sleeper.out_of_bed.append((at, lying - 2.1))
    return lying + 8


def end_of_night(sleeper: Sleeper, at: float, until: float) -> None:
    """Get up and stay up until the end of the recording."""
    rng = sleeper.rng
    now = get_up(sleeper, at)
    sleeper.out_of_bed.append((now - 2.4, until))
    while now < until - 70:
        now = walk(sleeper, now, rng.uniform(10, 40), draw_gait(rng))
        now = stand(sleeper, now, rng.uniform(5, 30), stretching=False)
