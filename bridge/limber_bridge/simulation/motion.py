"""How a limb moves: with the least jerk, held with a tremor, or swinging."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats
from limber_bridge.simulation.night import Kick

STANDARD_GRAVITY: Final = 9.80665
"""m/s2."""
JOINT_TO_SENSOR_M: Final = 0.35
"""Distance from the joint to the sensor."""
KICK_ANGLE_RAD: Final = np.radians(6.0)
"""Angle by which a typical kick turns the ankle."""
TREMOR_HZ: Final = 7.0
"""Of a leg held against gravity."""


@dataclass(frozen=True, slots=True)
class Bend:
    """How a sensor on a leg moves in a kick, at each time."""

    progress: Floats
    """How far the leg is bent; 0 to 1."""
    angle: Floats
    """Radians."""
    tangential: Floats
    """Acceleration across the leg in g."""


def bend_of(kick: Kick, elapsed: Floats) -> Bend:
    """Return the motion of the kicking leg at s since its onset."""
    progress, second_derivative = bend_progress(kick, elapsed)
    angle = KICK_ANGLE_RAD * kick.strength * kick.reach
    # Second derivative of a tremor of 0.6 % of the angle.
    tremor = (
        -0.006 * progress * (2 * np.pi * TREMOR_HZ) ** 2 * np.sin(2 * np.pi * TREMOR_HZ * elapsed)
    )
    # Tangential acceleration: lever times angular acceleration.
    tangential = JOINT_TO_SENSOR_M / STANDARD_GRAVITY * angle * (second_derivative + tremor)
    return Bend(progress, angle * progress, tangential)


def turned_at_joint(resting: Floats, angle: Floats) -> Floats:
    """Return gravity, shape (3, n), after the joint has turned by an angle in radians.

    It turns about the sensor's x axis, so gravity turns in the plane of y and z.
    """
    across = np.stack([np.zeros(resting.shape[1]), -resting[2], resting[1]])
    turned: Floats = resting * np.cos(angle) + across * np.sin(angle)
    return turned


def bend_progress(kick: Kick, elapsed: Floats) -> tuple[Floats, Floats]:
    """Return how far a leg is bent (0 to 1) and the second derivative, at s since its onset."""
    rise = min(kick.rise, 0.4 * kick.duration)
    bending = elapsed / rise
    returning = (elapsed - kick.duration + rise) / rise
    progress = minimum_jerk(bending) - minimum_jerk(returning)
    second_derivative = (
        minimum_jerk_second_derivative(bending) - minimum_jerk_second_derivative(returning)
    ) / rise**2
    held = kick.duration - 2 * rise
    if kick.swings < 2 or held <= 0:
        return progress, second_derivative
    # While held it returns half way, once for each swing after the first.
    angular_rate = 2 * np.pi * (kick.swings - 1) / held
    phase = np.clip(elapsed - rise, 0, held) * angular_rate
    inside = (elapsed > rise) & (elapsed < kick.duration - rise)
    swing_second_derivative = 0.25 * angular_rate**2 * np.cos(phase) * inside
    return progress - 0.25 * (1 - np.cos(phase)), second_derivative - swing_second_derivative


def minimum_jerk(phase: Floats) -> Floats:
    """Return the position, 0 to 1, of a limb that moves with the least jerk; phase is 0 to 1."""
    bounded = np.clip(phase, 0.0, 1.0)
    return bounded**3 * (10 - 15 * bounded + 6 * bounded**2)


def minimum_jerk_second_derivative(phase: Floats) -> Floats:
    """Return the second derivative of `minimum_jerk`, 0 outside of the movement."""
    inside = (phase > 0) & (phase < 1)
    return np.where(inside, 60 * phase - 180 * phase**2 + 120 * phase**3, 0.0)


def smooth_window(onset: float, duration: float, rise: float, times: Floats) -> Floats:
    """Return 1 inside and 0 outside of a time range, smooth within `rise` s of both ends."""
    return minimum_jerk((times - onset) / rise) * minimum_jerk((onset + duration - times) / rise)
