"""Signals of limbs that tilt, shake or go elsewhere, for tests of the legs."""

import numpy as np

from limber_bridge.detection.signal import Floats
from tests.detection.signals import RATE

LEVER_M = 0.25
"""From the joint to the sensor."""


def bending(length: float, onset: float, duration: float, degrees: float) -> tuple[Floats, Floats]:
    """Return the angle (rad) of a limb that bends, is held and returns, and its acceleration (g).

    `length`, `onset` and `duration` are in s.
    """
    times = np.arange(round(length * RATE)) / RATE
    rise = min(0.4, duration / 3)
    bent_by = np.clip((times - onset) / rise, 0, 1)
    phase = bent_by - np.clip((times - onset - duration + rise) / rise, 0, 1)
    angle: Floats = np.radians(degrees) * (1 - np.cos(np.pi * phase)) / 2
    tremor = 0.01 * degrees * phase * np.sin(2 * np.pi * 7 * times)
    turning = np.gradient(np.gradient(angle, 1 / RATE), 1 / RATE)
    return angle, LEVER_M / 9.81 * turning + tremor


def bent(signal: Floats, onset: float, duration: float, degrees: float) -> Floats:
    """Return an ankle that also kicks."""
    angle, acceleration = bending(signal.shape[1] / RATE, onset, duration, degrees)
    result = signal.copy()
    result[0] = signal[0] * np.cos(angle) - signal[1] * np.sin(angle) + acceleration
    result[1] = signal[0] * np.sin(angle) + signal[1] * np.cos(angle)
    return result


def shaken(signal: Floats, onset: float, duration: float, size: float) -> Floats:
    """Return an ankle that also shakes on the spot, with an amplitude of `size` g."""
    times = np.arange(signal.shape[1]) / RATE - onset
    inside = (times >= 0) & (times < duration)
    wave = size * np.sin(2 * np.pi * 4 * times) * np.sin(np.pi * times / duration) * inside
    result: Floats = signal + np.outer([0.5, 0.5, 0.7], wave)
    return result
