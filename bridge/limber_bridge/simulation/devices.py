"""What a device makes of the quantity it measures: offset, scale, drift, noise, rails and steps.

Noise is white in the recorded band. Where a device was measured for this project its row says so
(science reference 3.1 and 4.4); the others are the figures of usual data sheets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats, Placement, Quantity, Sensor
from limber_bridge.simulation.sampling import Minute

NOISE: Final = 9
"""Which of a minute's streams of random numbers is the device's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A kind of sensor. All sizes are in the unit of the quantity."""

    quantity: Quantity
    noise: tuple[float, ...]
    """Standard deviation of each axis."""
    step: float
    rail: float
    """It shows nothing beyond this, either way."""
    offset: tuple[float, float] = (0.0, 0.0)
    """Between these lies its size at 0, on each axis either way; EMG: never the other way."""
    scale: float = 0.0
    """Share by which it shows too much or too little, at the most."""
    drift: tuple[float, float] = (0.0, 0.0)
    """Between these lies the standard deviation of its slow wandering."""
    drift_rates: tuple[float, ...] = (0.0002, 0.0007)
    """Hz of what it wanders with."""
    decimals: int = 4
    """That it takes to write a sample."""


DEVICES: Final[Mapping[str, Device]] = {
    "low-noise": Device(
        quantity=Quantity.ACCELERATION, noise=(0.0007, 0.0007, 0.0008), step=1 / 4096, rail=2.0, offset=(0.0, 0.02),
        scale=0.005, drift=(0.0, 0.001), decimals=6,
    ),
    "common": Device(
        quantity=Quantity.ACCELERATION, noise=(0.002, 0.002, 0.002), step=0.001, rail=4.0, offset=(0.0, 0.03),
        scale=0.01, drift=(0.0, 0.001),
    ),
    # As measured at a bed: noise, steps, and lengths of gravity from 0.93 to 1.11 g.
    "mpu6050": Device(
        quantity=Quantity.ACCELERATION, noise=(0.0032, 0.0031, 0.0049), step=1 / 4096, rail=2.0, offset=(0.02, 0.07),
        scale=0.03, drift=(0.001, 0.004), decimals=6,
    ),
    "laboratory": Device(
        quantity=Quantity.EMG, noise=(0.7,), step=0.1, rail=3276.7, offset=(0.0, 2.0), scale=0.01, drift=(0.1, 0.5),
        drift_rates=(0.03, 0.11), decimals=1,
    ),
    # As measured: 1.4 uV in 20 to 450 Hz, drift of 2.5 to 7.5 uV, an offset of 10 to 25 uV, steps
    # of 2.44 uV.
    "amplifier": Device(
        quantity=Quantity.EMG, noise=(1.4,), step=2.44, rail=5000.0, offset=(10.0, 25.0), scale=0.03, drift=(2.5, 7.0),
        drift_rates=(0.02, 0.05, 0.13, 0.31), decimals=2,
    ),
    "load-cells": Device(
        quantity=Quantity.LOAD, noise=(0.03,), step=0.001, rail=500.0, scale=0.005, drift=(0.05, 0.2), decimals=3
    ),
}  # fmt: skip
USUAL: Final[Mapping[tuple[Quantity, Placement], str]] = {
    (Quantity.ACCELERATION, Placement.ANKLE): "common",
    (Quantity.ACCELERATION, Placement.BED): "low-noise",
    (Quantity.EMG, Placement.TIBIALIS): "laboratory",
    (Quantity.EMG, Placement.CALF): "laboratory",
    (Quantity.LOAD, Placement.BED): "load-cells",
}
"""What is there where nothing else is wished for."""


def device_of(sensor: Sensor, wished: str | None) -> Device:
    """Return the device wished for if it measures what the sensor does, else the usual one."""
    if wished is not None and DEVICES[wished].quantity is sensor.quantity:
        return DEVICES[wished]
    return DEVICES[USUAL[sensor.quantity, sensor.placement]]


def measured(device: Device, minute: Minute, real: Floats) -> Floats:
    """Return what a device shows of real values (axes, n)."""
    rng = np.random.default_rng([minute.plan.seed, minute.sensor.id, NOISE])
    axes = len(real)
    ways = np.ones(axes) if device.quantity is Quantity.EMG else rng.choice([-1.0, 1.0], axes)
    offset = rng.uniform(*device.offset, axes) * ways
    scale = 1 + rng.uniform(-device.scale, device.scale, axes)
    size = rng.uniform(*device.drift, axes) * np.sqrt(2 / len(device.drift_rates))
    shown = (
        real * scale[:, None]
        + offset[:, None]
        + minute.white(NOISE, axes) * np.array(device.noise)[:, None]
    )
    for rate in device.drift_rates:
        phases = rng.uniform(0, 2 * np.pi, axes)
        shown += size[:, None] * np.sin(2 * np.pi * rate * minute.times + phases[:, None])
    steps: Floats = np.round(np.clip(shown, -device.rail, device.rail) / device.step) * device.step
    return np.round(steps, device.decimals)
