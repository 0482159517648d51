"""Measure how long and how slowly a bed moves: a turn of the body differs from a leg movement.

A leg pushes the bed when it is lifted and when it is put down, and in between the bed is almost
still. A body that turns over pushes it all the time, and more slowly, as it is heavier. Neither
depends on how strongly the bed passes on movement; docs/science.md#turns-in-bed.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.frame_timing import FrameTiming
from limber_bridge.detection.geometry import squared_lengths
from limber_bridge.detection.segments import Segment
from limber_bridge.detection.signal import SECOND, Flags, Floats

BODY_MIN_SLOWNESS_S2: Final = 0.5
"""Time at full strength, divided by the frequency, from which a body moves. Chosen: a turn of 2 to
7 s at 1 to 2 Hz reaches 0.6 to 1.5, and a leg movement of two pushes at 2 to 4 Hz 0.1 to 0.3."""
BODY_MIN_MOVING_US: Final = 3 * SECOND
"""Shortest time in which a body turns over. Gross movements of adults last 3 to 45 s (IRLSSG 2021).
"""
BODY_MAX_HZ: Final = 3.0
"""Highest mean frequency of a body that turns. Chosen: a trunk moves at 0.5 to 2.5 Hz, and noise
and the ringing of the bed add to it."""
LEG_MAX_STRENGTH_S: Final = 1.0
"""Time at full strength up to which a movement is that of a limb, however large it is. Chosen: two
pushes of a leg of a quarter to half a second, each with the ringing of the bed."""


@dataclass(frozen=True, slots=True)
class BedMotion:
    """How a bed moved in one movement."""

    moving_us: int
    """us; time in which it shook."""
    strength_s: float
    """s; time at full strength: energy of the movement, divided by that of its peak."""
    frequency: float
    """Hz; mean frequency of the motion, weighted by energy. 0 without motion."""

    @property
    def is_of_body(self) -> bool:
        """Return whether the bed moved for as long and as slowly as under a body that turns."""
        if self.moving_us < BODY_MIN_MOVING_US or self.frequency > BODY_MAX_HZ:
            return False
        return self.strength_s >= BODY_MIN_SLOWNESS_S2 * self.frequency

    @property
    def is_of_limb(self) -> bool:
        """Return whether the bed moved in short pushes only, as under a limb."""
        return self.strength_s < LEG_MAX_STRENGTH_S


def bed_motion_of(
    segment: Segment, rest: Floats | None, limits: tuple[float, float], timing: FrameTiming
) -> BedMotion:
    """Return how a bed moved in a segment.

    `rest` is its resting position before, shape (axes,); `limits` are the noise floor and the lower
    threshold of the envelope.
    """
    if not segment.kept_frames:
        return BedMotion(0, 0.0, 0.0)
    noise, lower = limits
    # A segment ends with a pause, and several that were joined have pauses within.
    moving = np.concatenate(segment.shaking) > lower
    envelope = np.concatenate(segment.envelope)[moving]
    energy = np.maximum(np.square(envelope) - noise**2, 0.0)
    peak = float(energy.max(initial=0.0))
    if not peak:
        return BedMotion(0, 0.0, 0.0)
    means = np.concatenate(segment.means, axis=1)
    away = means - (np.median(means, axis=1) if rest is None else rest)[:, None]
    return BedMotion(
        # Each stretch of motion is longer by the window of the envelope.
        moving_us=len(envelope) * timing.frame_us - timing.end_delay_us,
        strength_s=float(energy.sum()) / peak / timing.rate,
        frequency=mean_frequency(away, moving) * timing.rate,
    )


def mean_frequency(away: Floats, moving: Flags) -> float:
    """Return the mean frequency, in periods per frame, of motion (axes, n) about its rest.

    Only steps between two frames that are both marked as `moving` count.
    """
    both = moving[1:] & moving[:-1]
    steps = float(squared_lengths(np.diff(away, axis=1)[:, both]).sum())
    sizes = float(squared_lengths(away[:, 1:][:, both]).sum())
    # The rate of change of a swing is its size times its angular frequency.
    return math.sqrt(steps / sizes) / math.tau if sizes else 0.0
