"""A real accelerometer: mounting, scale error, offset, noise, steps and range."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from limber_bridge.detection.signal import Floats


@dataclass(frozen=True, slots=True)
class Accelerometer:
    """The properties of one device."""

    rate: float
    """Hz."""
    noise: float
    """g, standard deviation of one axis."""
    gain: float
    """1 shows 1 g at rest as 1 g."""
    offset: tuple[float, float, float]
    """g."""
    drift: float
    """g over the night, with the temperature of the skin."""
    step: float
    """g of one count."""
    reach: float
    """g; larger values are cut."""


def draw_accelerometer(rng: np.random.Generator) -> Accelerometer:
    """Return one of the devices that people own (docs/science.md#noise-floor)."""
    x, y, z = rng.uniform(-0.012, 0.012, 3)
    noise = float(rng.choice([0.001, 0.0015, 0.002, 0.003, 0.004, 0.006, 0.008]))
    # Noisy devices have coarse counts: finer ones would only resolve the noise.
    steps = [0.000122, 0.000244, 0.001] if noise < 0.003 else [0.000244, 0.001, 0.0039]
    return Accelerometer(
        rate=float(rng.choice([25.0, 26.0, 50.0, 52.0, 100.0], p=[0.2, 0.1, 0.35, 0.2, 0.15])),
        noise=noise,
        gain=float(rng.uniform(0.96, 1.04)),
        offset=(float(x), float(y), float(z)),
        drift=float(rng.uniform(0.0, 0.006)),
        step=float(rng.choice(steps)),
        reach=float(rng.choice([2.0, 4.0, 8.0])),
    )


def record(rng: np.random.Generator, device: Accelerometer, force: Floats) -> Floats:
    """Return what a device shows of a force (g), in an arbitrary orientation on the limb."""
    count = force.shape[1]
    mounting = Rotation.random(rng=rng).as_matrix()
    warm = np.linspace(0, 1, count) ** 0.5
    samples = device.gain * (mounting @ force)
    samples += np.array(device.offset)[:, None]
    samples += device.drift * rng.uniform(-1, 1, (3, 1)) * warm
    samples += device.noise * rng.standard_normal((3, count))
    samples = np.clip(samples, -device.reach, device.reach)
    result: Floats = np.round(samples / device.step) * device.step
    return result
