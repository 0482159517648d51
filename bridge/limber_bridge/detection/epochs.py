"""Summarize the frames of one sensor in epochs of ten seconds.

Whether a person is in bed and whether a sensor works are judged from epochs.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from limber_bridge.detection.bed_presence import Presence, PresenceDetector
from limber_bridge.detection.binning import Binner, Bins
from limber_bridge.detection.envelope import Frames
from limber_bridge.detection.gait import Gait, gait_of
from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor

EPOCH_US: Final = 10 * SECOND
"""Length of an epoch. Epochs begin at whole multiples of it; docs/science.md#in-bed."""

WALKING_LEVEL: Final = {Quantity.ACCELERATION: 0.12, Quantity.EMG: 20.0, Quantity.LOAD: math.inf}
"""Envelope (g, uV, kg) from which a leg may be walking.

Chosen: in a recording of walking the foot was above 0.5 g for 99 % of the time; kicks of a resting
leg reach 0.12 g for a second or two. docs/science.md#in-bed-at-the-ankle and #in-bed-from-emg.
"""
STRIDING_LEVEL_G: Final = 0.35
"""Envelope that no leg keeps up in bed.

Chosen: rubbing and stretching shake a leg less, and a kick does not last;
docs/science.md#in-bed-at-the-ankle.
"""
GAIT_MIN_SHARE: Final = 0.15
"""An epoch is examined for gait if at least this share of it reaches the level of walking. Chosen:
a foot stands still for two thirds of a slow stride, and a walk may fill half of an epoch."""
AXES: Final = 3


@dataclass(frozen=True, slots=True)
class Epoch:
    """Ten seconds of one sensor."""

    start: int
    """us, a multiple of `EPOCH_US`."""
    mean: tuple[float, ...]
    """Mean of each axis, in the unit of the sensor."""
    walking_share: float
    """Share of the frames at or above `WALKING_LEVEL`; 0 if the signal is too slow."""
    onsets: int
    """Number of movements that began, of any duration."""
    sensor: int = 0
    """Id of the sensor."""
    peak: float = 0.0
    """Highest envelope, in the unit of the sensor."""
    presence: Presence | None = None
    """What a bed sensor feels of a person. None: no bed sensor, or one that is too slow."""
    striding_share: float = 0.0
    """Share of the frames at or above `STRIDING_LEVEL_G`."""
    gait: Gait = Gait.NONE
    """How the leg swings, compared with a walking leg."""


class EpochBuilder:
    """Builds the epochs of one sensor."""

    __slots__ = ("_binner", "_frame_rate", "_has_envelope", "_onsets", "_presence", "_sensor")

    def __init__(self, sensor: Sensor) -> None:
        """Start without frames."""
        feels_presence = (
            sensor.quantity is Quantity.ACCELERATION and sensor.placement is Placement.BED
        )
        self._sensor = sensor
        self._binner = Binner(EPOCH_US)
        self._onsets: deque[int] = deque()
        self._presence = PresenceDetector(EPOCH_US) if feels_presence else None
        self._has_envelope = True
        self._frame_rate = 0.0
        """Hz; nominal rate of the latest frames."""

    def process_frames(self, frames: Frames, onsets: Sequence[int]) -> list[Epoch]:
        """Return the epochs that the frames complete.

        `onsets` are the times (us) at which movements began within these frames.
        """
        self._onsets += onsets
        self._has_envelope = frames.envelope is not None
        self._frame_rate = frames.rate
        # A signal that is too slow for an envelope shows no walking.
        envelope = np.zeros(len(frames.times)) if frames.envelope is None else frames.envelope
        rows = [frames.mean, envelope[None]]
        if self._presence is not None and len(frames.times):
            self._presence.set_frame_rate(frames.rate, int(frames.times[0]))
            # Breath is judged on evenly spaced frames, so their times are needed as well.
            rows.insert(1, frames.times[None].astype(np.float64))
        return self._build(self._binner.process_frames(frames.times, rows))

    def finish(self) -> list[Epoch]:
        """Return the epoch that has begun, if any."""
        return self._build(self._binner.finish())

    def _build(self, bins: Bins | None) -> list[Epoch]:
        """Return bins as epochs."""
        if bins is None:
            return []
        onsets = [self._take_onsets(start + EPOCH_US) for start in bins.starts]
        presence: Sequence[Presence | None] = [None] * len(onsets)
        if self._presence is not None and self._has_envelope:
            presence = self._presence.process_bins(bins)
        peaks = bins.peaks(-1)
        walking_level = WALKING_LEVEL[self._sensor.quantity]
        walking = bins.shares_at_least(walking_level, peaks)
        striding = walking
        if walking_level < STRIDING_LEVEL_G:
            striding = bins.shares_at_least(STRIDING_LEVEL_G, peaks)
        # The rows after the axes: the level, and before it the times for a bed sensor.
        axes = len(bins.rows) - (1 if self._presence is None else 2)
        gait = self._find_gait(bins, walking)
        columns = zip(
            bins.starts, bins.means(), walking, onsets, peaks, presence, striding, gait, strict=True
        )
        return [
            Epoch(
                start, tuple(mean[:axes]), walked, begun, self._sensor.id, peak, felt, strode, gaits
            )
            for start, mean, walked, begun, peak, felt, strode, gaits in columns
        ]

    def _find_gait(self, bins: Bins, walking: Sequence[float]) -> list[Gait]:
        """Return how an ankle swings in each bin, given their walking shares; others do not."""
        if self._sensor.placement is not Placement.ANKLE:
            return [Gait.NONE] * len(walking)
        bounds = [*bins.bounds.tolist(), bins.rows.shape[1]]
        # Most epochs are quiet, so few are looked at more closely.
        return [
            gait_of(bins.rows[:AXES, begin:end], self._frame_rate, EPOCH_US / SECOND)
            if share >= GAIT_MIN_SHARE
            else Gait.NONE
            for share, (begin, end) in zip(walking, pairwise(bounds), strict=True)
        ]

    def _take_onsets(self, until: int) -> int:
        """Remove the onsets before a time (us) and return how many there were."""
        count = 0
        while self._onsets and self._onsets[0] < until:
            self._onsets.popleft()
            count += 1
        return count
