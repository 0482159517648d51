"""The errors of devices: offset, gain, drift, noise, range and resolution.

The noise is white in the recorded band. A device that was measured for this project says so in its
row; the others have the figures of typical data sheets; docs/science.md#simulated-signals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats, Placement, Quantity, Sensor
from limber_bridge.simulation.sampling import Minute

DEVICE_NOISE_STREAM: Final = 9
"""Number of the device's stream of random numbers (`Minute.white_noise`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A kind of sensor. All amplitudes are in the unit of its quantity."""

    quantity: Quantity
    noise: tuple[float, ...]
    """Standard deviation on each axis."""
    resolution: float
    full_scale: float
    """Values are limited to plus and minus this."""
    offset: tuple[float, float] = (0.0, 0.0)
    """Smallest and largest magnitude of the reading at 0. The sign is random on each axis; for EMG
    it is positive."""
    gain_error: float = 0.0
    """Largest share by which readings are too large or too small."""
    drift: tuple[float, float] = (0.0, 0.0)
    """Smallest and largest standard deviation of the slow drift."""
    drift_rates: tuple[float, ...] = (0.0002, 0.0007)
    """Frequencies of the drift in Hz."""
    decimals: int = 4
    """Decimals needed to write a sample."""


DEVICES: Final[Mapping[str, Device]] = {
    "low-noise": Device(
        quantity=Quantity.ACCELERATION, noise=(0.0007, 0.0007, 0.0008), resolution=1 / 4096,
        full_scale=2.0, offset=(0.0, 0.02), gain_error=0.005, drift=(0.0, 0.001), decimals=6,
    ),
    "common": Device(
        quantity=Quantity.ACCELERATION, noise=(0.002, 0.002, 0.002), resolution=0.001,
        full_scale=4.0, offset=(0.0, 0.03), gain_error=0.01, drift=(0.0, 0.001),
    ),
    # Measured at a bed: noise, resolution, and norms of gravity from 0.93 to 1.11 g.
    "mpu6050": Device(
        quantity=Quantity.ACCELERATION, noise=(0.0032, 0.0031, 0.0049), resolution=1 / 4096,
        full_scale=2.0, offset=(0.02, 0.07), gain_error=0.03, drift=(0.001, 0.004), decimals=6,
    ),
    "laboratory": Device(
        quantity=Quantity.EMG, noise=(0.7,), resolution=0.1, full_scale=3276.7, offset=(0.0, 2.0),
        gain_error=0.01, drift=(0.1, 0.5), drift_rates=(0.03, 0.11), decimals=1,
    ),
    # Measured: 1.4 uV of noise in 20 to 450 Hz, a drift of 2.5 to 7.5 uV, an offset of 10 to 25 uV
    # and a resolution of 2.44 uV.
    "amplifier": Device(
        quantity=Quantity.EMG, noise=(1.4,), resolution=2.44, full_scale=5000.0,
        offset=(10.0, 25.0), gain_error=0.03, drift=(2.5, 7.0),
        drift_rates=(0.02, 0.05, 0.13, 0.31), decimals=2,
    ),
    "load-cells": Device(
        quantity=Quantity.LOAD, noise=(0.03,), resolution=0.001, full_scale=500.0,
        gain_error=0.005, drift=(0.05, 0.2), decimals=3,
    ),
}  # fmt: skip
DEFAULT_DEVICES: Final[Mapping[tuple[Quantity, Placement], str]] = {
    (Quantity.ACCELERATION, Placement.ANKLE): "common",
    (Quantity.ACCELERATION, Placement.BED): "low-noise",
    (Quantity.EMG, Placement.TIBIALIS): "laboratory",
    (Quantity.EMG, Placement.CALF): "laboratory",
    (Quantity.LOAD, Placement.BED): "load-cells",
}
"""The device at each placement unless another one is requested."""


def choose_device(sensor: Sensor, requested: str | None) -> Device:
    """Return the requested device if it measures the sensor's quantity, else the default one."""
    if requested is not None and DEVICES[requested].quantity is sensor.quantity:
        return DEVICES[requested]
    return DEVICES[DEFAULT_DEVICES[sensor.quantity, sensor.placement]]


def device_reading(device: Device, minute: Minute, true_values: Floats) -> Floats:
    """Return what a device reads of true values, both of shape (axes, n)."""
    # Offset, gain and drift belong to the device: they depend on seed and sensor alone.
    rng = np.random.default_rng([minute.plan.seed, minute.sensor.id, DEVICE_NOISE_STREAM])
    axes = len(true_values)
    is_emg = device.quantity is Quantity.EMG
    signs = np.ones(axes) if is_emg else rng.choice([-1.0, 1.0], axes)
    offset = rng.uniform(*device.offset, axes) * signs
    gain = 1 + rng.uniform(-device.gain_error, device.gain_error, axes)
    drift_amplitude = rng.uniform(*device.drift, axes) * np.sqrt(2 / len(device.drift_rates))
    noise = minute.white_noise(DEVICE_NOISE_STREAM, axes) * np.array(device.noise)[:, None]
    reading = true_values * gain[:, None] + offset[:, None] + noise
    for rate in device.drift_rates:
        phases = rng.uniform(0, 2 * np.pi, axes)
        wave = np.sin(2 * np.pi * rate * minute.times + phases[:, None])
        reading += drift_amplitude[:, None] * wave
    limited = np.clip(reading, -device.full_scale, device.full_scale)
    quantized: Floats = np.round(limited / device.resolution) * device.resolution
    return np.round(quantized, device.decimals)
