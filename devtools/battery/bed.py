"""Sensors under a bed: an accelerometer at the frame, and load cells.

The bed passes on a share of what the limbs and the trunk do, through a damped resonance; the trunk
moves in turns and large movements, not in leg movements. Breath and heart beat are there while
a sleeper lies in the bed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.signal import bilinear, butter, lfilter, sosfiltfilt

from devtools.battery.motion import band_noise, level_of
from devtools.battery.sensors import draw_accelerometer, record
from devtools.battery.sleeper import SIDES, Sleeper
from devtools.battery.truth import Item, Kind, Recorded, Stretch
from limber_bridge.detection.signal import Floats, Placement, Quantity, Sensor

TRUNK: Final = {
    Kind.TURN: (0.02, 0.09),
    Kind.LONG: (0.008, 0.03),
    Kind.AWAKENING: (0.02, 0.08),
    Kind.RESTLESS: (0.004, 0.02),
    Kind.AROUSAL: (0.006, 0.03),
}
"""g RMS of the trunk's acceleration in each kind of movement. Chosen: a turn lifts and drops the
trunk by some centimetres within a second or two."""
LEG_MASS: Final = 4.5
"""kg of lower leg and foot with a share of the thigh."""
DAMPING: Final = 0.12
"""Share of critical damping of a body on a mattress. Chosen: a bed that is pushed rings two or
three times."""
TRUNK_MASS: Final = 45.0
"""kg."""


@dataclass(frozen=True, slots=True)
class Bed:
    """How a bed passes on movement."""

    resonance: float
    """Hz."""
    legs: float
    """Share of a leg's acceleration that reaches the frame."""
    trunk: float
    breath: float
    """g."""
    heart: float
    """g, peak."""


def draw_bed(rng: np.random.Generator) -> Bed:
    """Return a bed between heavy and light."""
    return Bed(
        resonance=float(rng.uniform(2.5, 7)),
        legs=float(np.exp(rng.uniform(np.log(0.04), np.log(0.3)))),
        trunk=float(rng.uniform(0.3, 1.2)),
        breath=float(rng.uniform(0.0004, 0.002)),
        heart=float(rng.uniform(0.0006, 0.003)),
    )


@dataclass(frozen=True, slots=True)
class BedMotion:
    """What happens in the bed, as accelerations in g, shape (n,) or (3, n)."""

    legs: Floats
    trunk: Floats
    life: Floats
    """Breath and heart beat, shape (2, n)."""
    present: Floats
    """Share of the body that lies in the bed, 0 to 1."""


def presence(grid: Floats, out_of_bed: Sequence[Stretch]) -> Floats:
    """Return 1 in bed and 0 out of bed, with 2 s of getting up and lying down."""
    present = np.ones(len(grid))
    for begin, end in out_of_bed:
        # A recording that begins or ends out of bed has no edge there.
        rises = np.clip((grid - begin + 1) / 2, 0, 1) if begin > 0 else np.ones(len(grid))
        falls = np.clip((end + 1 - grid) / 2, 0, 1) if end < grid[-1] - 1 else np.ones(len(grid))
        present *= 1 - np.minimum(rises, falls)
    return present


def life_signs(rng: np.random.Generator, grid: Floats, rate: float) -> Floats:
    """Return breath (0.2 to 0.3 Hz) and heart beat (about 1 Hz, ringing), with peaks of 1."""
    step = 1 / rate
    pace = rng.uniform(0.2, 0.3) * (
        1 + 0.08 * band_noise(rng, (1, len(grid)), (0.005, 0.05), rate)[0]
    )
    breath = np.sin(2 * np.pi * np.cumsum(pace) * step)
    gaps = np.maximum(rng.normal(rng.uniform(0.8, 1.2), 0.04, round(grid[-1] * 1.4) + 10), 0.5)
    beats = np.zeros(len(grid))
    index = (np.cumsum(gaps) * rate).astype(np.int64)
    beats[index[index < len(grid)]] = 1.0
    since = np.arange(0, 0.5, step)
    shape = np.exp(-since / 0.12) * np.sin(2 * np.pi * rng.uniform(4, 7) * since)
    heart = np.convolve(beats, shape)[: len(grid)]
    return np.stack([breath, heart])


def trunk_motion(rng: np.random.Generator, grid: Floats, items: Sequence[Item]) -> Floats:
    """Return the acceleration of the trunk in g, shape (3, n)."""
    rate = 1 / (grid[1] - grid[0])
    trunk = np.zeros((3, len(grid)))
    for item in items:
        if item.kind not in TRUNK:
            continue
        first, last = np.searchsorted(grid, (item.onset, item.end))
        count = int(last - first)
        if count < 16:
            continue
        size = rng.uniform(*TRUNK[item.kind])
        waves = band_noise(rng, (3, count), (0.3, 2.5), rate)
        fade = np.minimum(1, 6 * np.minimum(np.arange(count), np.arange(count)[::-1]) / count)
        trunk[:, first:last] += size * waves * fade
    return trunk


def bed_motion(sleeper: Sleeper, grid: Floats) -> BedMotion:
    """Return what a sleeper does in the bed."""
    rng = sleeper.rng
    rate = float(1 / (grid[1] - grid[0]))
    legs = np.zeros((3, len(grid)))
    for side in SIDES:
        legs += sleeper.legs[side].pushes(grid)
    return BedMotion(
        legs=legs,
        trunk=trunk_motion(rng, grid, sleeper.items),
        life=life_signs(rng, grid, rate),
        present=presence(grid, sleeper.out_of_bed),
    )


def resonate(signal: Floats, frequency: float, rate: float) -> Floats:
    """Return a signal that passed a bed: a mass on a spring, which rings for some tenths of a s."""
    angular = 2 * np.pi * min(frequency, 0.3 * rate)
    above, below = bilinear([angular**2], [1, 2 * DAMPING * angular, angular**2], fs=rate)
    result: Floats = lfilter(above, below, signal, axis=-1)
    return result


def bed_acceleration(
    sleeper: Sleeper, duration: float, other: Sleeper | None = None
) -> tuple[Recorded, list[Item]]:
    """Return what an accelerometer at the bed records, and the items with their sizes there."""
    rng = sleeper.rng
    noise = float(rng.choice([0.0003, 0.0005, 0.001, 0.002, 0.0032]))
    device = replace(draw_accelerometer(rng), reach=2.0, noise=noise, step=0.000244)
    bed = draw_bed(rng)
    grid = np.arange(round(duration * device.rate)) / device.rate
    moved = np.zeros((3, len(grid)))
    force = np.zeros((3, len(grid)))
    for number, one in enumerate([sleeper] if other is None else [sleeper, other]):
        motion = bed_motion(one, grid)
        share = 1.0 if number == 0 else rng.uniform(0.3, 0.9)
        own = share * motion.present * (bed.legs * motion.legs + bed.trunk * motion.trunk)
        if number == 0:
            moved = resonate(own, bed.resonance, device.rate)
        direction = np.array([[0.3], [0.3], [0.9]])
        life = bed.breath * motion.life[0] + bed.heart * motion.life[1]
        force += resonate(own, bed.resonance, device.rate)
        force += share * direction * (motion.present * life)
    force += static_tilt(sleeper, grid)
    sensor = Sensor(20, Quantity.ACCELERATION, Placement.BED)
    rest = np.hypot(device.noise, 0.3 * bed.heart)
    items = sized(sleeper.items, level_of(moved, device.rate), device.rate, float(rest))
    return Recorded(sensor, device.rate, record(rng, device, force)), items


def static_tilt(sleeper: Sleeper, grid: Floats) -> Floats:
    """Return gravity at the frame, which tilts a little when the weight moves."""
    rng = sleeper.rng
    tilt = np.zeros((2, len(grid)))
    for item in sleeper.items:
        if item.kind in {Kind.TURN, Kind.TRIP}:
            first = int(np.searchsorted(grid, item.onset))
            tilt[:, first:] += np.radians(rng.normal(0, 0.1, (2, 1)))
    rate = float(1 / (grid[1] - grid[0]))
    tilt = sosfiltfilt(butter(1, 0.3, fs=rate, output="sos"), tilt, axis=1)
    return np.stack([np.sin(tilt[0]), np.sin(tilt[1]), np.ones(len(grid))])


def sized(items: Sequence[Item], level: Floats, rate: float, rest: float) -> list[Item]:
    """Return the items, in order, with their sizes at a bed sensor, which shows no side."""
    result = []
    for item in sorted(items, key=lambda one: one.onset):
        piece = level[round(item.onset * rate) : round(item.end * rate) + 1]
        size = float(piece.max(initial=0))
        result.append(replace(item, size=size, times_noise=size / rest))
    return result


def bed_load(
    sleeper: Sleeper, duration: float, other: Sleeper | None = None
) -> tuple[Recorded, list[Item]]:
    """Return what load cells under the bed record (kg), and the items with their sizes there."""
    rng = sleeper.rng
    rate = float(rng.choice([10.0, 20.0, 25.0, 50.0, 80.0]))
    noise = float(np.exp(rng.uniform(np.log(0.004), np.log(0.04))))
    grid = np.arange(round(duration * rate)) / rate
    empty = rng.uniform(20, 60)
    load = np.full(len(grid), empty) + rng.uniform(-0.4, 0.4) * grid / 3600
    moved = np.zeros((1, len(grid)))
    resonance = rng.uniform(2.5, 7)
    for number, one in enumerate([sleeper] if other is None else [sleeper, other]):
        motion = bed_motion(one, grid)
        weight = rng.uniform(50, 95)
        vertical = LEG_MASS * motion.legs[2] + TRUNK_MASS * motion.trunk[2]
        dynamic = resonate(motion.present * vertical, resonance, rate)
        if number == 0:
            moved[0] = dynamic
        life = rng.uniform(0.01, 0.06) * motion.life[0] + rng.uniform(0.02, 0.1) * motion.life[1]
        load += weight * motion.present + dynamic + motion.present * life
        load += shifts(rng, grid, one.items)
    samples = np.round((load + noise * rng.standard_normal(len(grid))) / 0.005) * 0.005
    sensor = Sensor(21, Quantity.LOAD, Placement.BED)
    items = sized(sleeper.items, level_of(moved, rate), rate, float(np.hypot(noise, 0.03)))
    return Recorded(sensor, rate, samples[None, :]), items


def shifts(rng: np.random.Generator, grid: Floats, items: Sequence[Item]) -> Floats:
    """Return what the load cells show less or more after a turn: blankets, friction in the legs."""
    load = np.zeros(len(grid))
    for item in items:
        if item.kind is Kind.TURN:
            load[int(np.searchsorted(grid, item.onset + 0.5 * item.duration)) :] += rng.normal(
                0, 0.3
            )
    return load
