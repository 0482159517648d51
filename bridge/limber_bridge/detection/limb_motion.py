"""How a limb moved, frame by frame, so that two legs can be compared.

Only the combination of the legs needs it (docs/science.md#shaken-legs). It is not stored with
events.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from limber_bridge.detection.averaging import moving_mean
from limber_bridge.detection.geometry import angle_degrees, distance_between, squared_lengths
from limber_bridge.detection.signal import SECOND, Floats

TILT_WINDOW_US: Final = SECOND // 2
"""Window over which a tilt is averaged. Chosen: a shaking limb swings at 2 Hz or faster, and the
mean of a whole swing is zero."""
TILT_NOISE_SPREADS: Final = 2.0
"""Multiple of the standard deviation of the noise that the largest of many windows reaches by
chance. Chosen: one window in twenty exceeds it."""


COMPARED_MIN_FRAMES: Final = 12
"""Fewest frames for a comparison of two motions. Chosen: a map of three axes fits fewer frames by
chance."""


@dataclass(frozen=True, slots=True, eq=False)
class LimbMotion:
    """One movement of one limb; accelerations in g."""

    begin: int
    """us; start of the first frame."""
    frame_us: int
    """us; length of a frame."""
    blocks: Sequence[Floats]
    """Means of the frames, shape (3, n) each, in order of time."""
    rest: Floats
    """Where the limb rested before, shape (3,)."""
    final_rest: Floats
    """Where it rested afterwards, shape (3,)."""
    shaking: float
    """Highest shaking, noise included: RMS distance from the mean of a window of the envelope."""
    noise: float
    """Noise floor of the envelope."""
    lacks_tilt: bool = False
    """Whether it is weak and tilts less than the limb's own movements, as if shaken from outside
    (docs/science.md#shaken-from-outside)."""

    @property
    def turn_degrees(self) -> float:
        """Angle between the directions of gravity before and after the movement."""
        return angle_degrees(self.rest.tolist(), self.final_rest.tolist())

    @property
    def displacement(self) -> float:
        """Distance between the positions before and after the movement."""
        return distance_between(self.rest, self.final_rest)

    @property
    def own_shaking(self) -> float:
        """Highest shaking without the noise; their squares add up."""
        return math.sqrt(max(0.0, self.shaking**2 - self.noise**2))

    @property
    def tilt(self) -> float:
        """Furthest tilt from which the limb came back.

        It is the distance from the straight line between the positions before and after, so a limb
        that only settles elsewhere has none.
        """
        frames = np.concatenate(self.blocks, axis=1)
        width = min(frames.shape[1], max(1, TILT_WINDOW_US // self.frame_us))
        away = moving_mean(frames, width) - self.rest[:, None]
        way = self.final_rest - self.rest
        length = float(np.dot(way, way))
        if length:
            # The nearest point of the line, but not beyond its ends.
            covered = np.clip(np.dot(way, away) / length, 0.0, 1.0)
            away = away - way[:, None] * covered
        noise = TILT_NOISE_SPREADS * self.noise / math.sqrt(width)
        return math.sqrt(max(0.0, float(squared_lengths(away).max()) - noise**2))

    def joined(self, later: Self) -> Self:
        """Return this motion and a later one of the same limb as one."""
        length = sum(block.shape[1] for block in self.blocks)
        # The limb rested in the pause between them.
        pause = max(0, round((later.begin - self.begin) / self.frame_us) - length)
        resting = np.repeat(later.rest[:, None], pause, axis=1)
        return replace(
            self,
            blocks=(*self.blocks, resting, *later.blocks),
            final_rest=later.final_rest,
            shaking=max(self.shaking, later.shaking),
            lacks_tilt=self.lacks_tilt and later.lacks_tilt,
        )

    def frames_at(self, times: Floats) -> Floats:
        """Return the distance from rest, shape (3, n), at some times (us)."""
        frames = np.concatenate(self.blocks, axis=1)
        own_times = self.begin + self.frame_us * np.arange(frames.shape[1])
        # Before its first and after its last frame the limb rested.
        return np.stack(
            [
                np.interp(times, own_times, axis - before, left=0.0, right=after - before)
                for axis, before, after in zip(frames, self.rest, self.final_rest, strict=True)
            ]
        )


def similarity(sources: Sequence[LimbMotion], other: LimbMotion, delays: Sequence[int]) -> float:
    """Return how well the motions of one limb predict that of another, 0 to 1.

    It is the largest share of the variance of `other` that a linear map of the sources, delayed by
    one of `delays` (us), explains (R squared). The map allows for any position of both sensors on
    the legs. Changes from frame to frame are compared, because a lasting tilt is no shaking.
    """
    count = sum(block.shape[1] for block in other.blocks)
    times = other.begin + other.frame_us * np.arange(count, dtype=np.float64)
    changes = centered_changes([other], times)
    total = float(np.sum(np.square(changes)))
    if not total or count < COMPARED_MIN_FRAMES:
        return 0.0
    best = 0.0
    for delay in delays:
        shifted = centered_changes(sources, times - delay)
        mapped = np.linalg.lstsq(shifted.T, changes.T, rcond=None)[0]
        left = changes.T - shifted.T @ mapped
        best = max(best, 1.0 - float(np.sum(np.square(left))) / total)
    return best


def centered_changes(motions: Sequence[LimbMotion], times: Floats) -> Floats:
    """Return the changes (3, n - 1) of a limb from one time (us) to the next, minus their mean."""
    changes = np.diff(sum(motion.frames_at(times) for motion in motions), axis=1)
    centered: Floats = changes - changes.mean(axis=1, keepdims=True)
    return centered
