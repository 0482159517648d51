"""A movement that has begun and is not over.

It lasts until the limb is quiet at its resting position, or stays elsewhere;
docs/science.md#held-limb.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from limber_bridge.detection.envelope import Frames
from limber_bridge.detection.frame_timing import FrameTiming
from limber_bridge.detection.geometry import distances_to
from limber_bridge.detection.movement_rules import HOLD_MAX_US
from limber_bridge.detection.segments import Segment
from limber_bridge.detection.signal import Floats

NEAR_SHARE: Final = 0.2
"""Share of its furthest excursion within which a limb is back near its resting position. Chosen: no
limb returns to within the noise; docs/science.md#held-limb."""


@dataclass(slots=True)
class Stillness:
    """Counts the frames in a row, up to now, without shaking."""

    frames: int = 0
    since: int = 0
    """us; start of the first of these frames."""
    near_frames: int = 0
    """Those in a row in which the limb is near its resting position too."""
    near_since: int = 0
    """us; start of the first of those."""
    resting_frames: int = 0
    """Those in a row in which the limb is at its resting position, within the noise."""

    def add_frame(self, time: int, *, near: bool, resting: bool) -> None:
        """Count a frame without shaking that starts at a time (us)."""
        if not self.frames:
            self.since = time
        self.frames += 1
        if not near:
            self.near_frames = 0
            self.resting_frames = 0
            return
        if not self.near_frames:
            self.near_since = time
        self.near_frames += 1
        self.resting_frames = self.resting_frames + 1 if resting else 0

    def reset(self) -> None:
        """Start counting again after a frame with shaking."""
        self.frames = 0
        self.near_frames = 0
        self.resting_frames = 0


@dataclass(slots=True)
class OpenMovement:
    """A movement that still lasts."""

    rest: Floats | None
    """Resting position before it, shape (axes,). None if it is not known or not shown."""
    lower: float
    """Lower threshold at the onset."""
    upper_distance: float
    """Distance from the resting position up to which a quiet limb is back."""
    near_max: float
    """Largest distance at which it may be back after a far excursion."""
    segments: list[Segment]
    peak: float = 0.0
    """Highest envelope so far of a frame with shaking."""
    is_noise: bool = False
    """Whether it turned out that only the noise has grown."""
    stillness: Stillness = field(default_factory=Stillness)

    @property
    def onset(self) -> int:
        """Onset in us."""
        return self.segments[0].onset

    @property
    def near(self) -> float:
        """Distance from the resting position up to which the limb is near it."""
        return max(self.upper_distance, min(NEAR_SHARE * self.peak, self.near_max))

    def has_returned(self, timing: FrameTiming) -> bool:
        """Return whether the limb is back at its resting position for good."""
        return (
            self.stillness.resting_frames == timing.still_seen_frames
            or self.stillness.near_frames == timing.near_seen_frames
        )

    def process_frames(
        self, frames: Frames, begin: int, end: int, lower: float, timing: FrameTiming
    ) -> tuple[int, bool]:
        """Process frames `begin` to `end`, and return the position reached and whether it is over.

        `lower` is the current lower threshold. The larger of it and that at the onset counts: a
        floor that falls must not prolong a movement.
        """
        shaking = frames.shaking[begin:end]
        displacement, envelope = displacement_from(self.rest, frames.center[:, begin:end], shaking)
        lower = max(self.lower, lower)
        # The segments that these frames belong to, each with its first frame here.
        parts = [(self.segments[-1], 0)]
        # Plain Python numbers: each is looked at once, which NumPy would make slower.
        times = frames.times[begin:end].tolist()
        rows = zip(shaking.tolist(), displacement.tolist(), envelope.tolist(), strict=True)
        count = len(times)
        stillness = self.stillness
        is_over = False
        peak = self.peak
        for index, (shaken, distance, level) in enumerate(rows):
            if shaken > lower:
                if level > peak:
                    peak = level
                    self.peak = level
                # Most frames of a movement shake, so nothing is called for them.
                if stillness.frames and self._shake_again(times[index]):
                    parts.append((self.segments[-1], index))
                continue
            is_over = self._process_quiet_frame(times[index], distance, timing)
            segment = self.segments[-1]
            if segment.end is not None and segment.held_at is None:
                segment.held_at = frames.center[:, begin + index].copy()
            if is_over:
                count = index + 1
                break
        means = frames.mean[:, begin:end]
        bounds = [*(first for _, first in parts), count]
        for (segment, _), (first, last) in zip(parts, pairwise(bounds), strict=True):
            segment.add_frames(envelope[first:last], shaking[first:last], means[:, first:last])
        return begin + count, is_over

    def _shake_again(self, time: int) -> bool:
        """End the stillness at a time (us), and return whether a new segment begins there."""
        self.stillness.reset()
        if self.segments[-1].end is None:
            return False
        # The limb was held, and moves again.
        self.segments.append(Segment(time, time))
        return True

    def _process_quiet_frame(self, time: int, distance: float, timing: FrameTiming) -> bool:
        """Process a frame without shaking, and return whether the movement is over.

        The frame starts at a time (us), with the limb at a distance from its resting position.
        """
        stillness = self.stillness
        stillness.add_frame(
            time, near=distance <= self.near, resting=distance <= self.upper_distance
        )
        # 0.5 s without shaking end a segment.
        if stillness.frames < timing.quiet_seen_frames:
            return False
        segment = self.segments[-1]
        if segment.end is None:
            segment.end = max(stillness.since - timing.end_delay_us, segment.onset)
        # Back near the resting position for as long: what comes next is another movement.
        if stillness.near_frames == timing.quiet_seen_frames:
            segment.near_since = stillness.near_since
        # After 10 s away the limb has a new resting position.
        is_held_long = time > self.onset + HOLD_MAX_US + timing.end_delay_us
        stays_elsewhere = is_held_long and stillness.frames >= timing.still_seen_frames
        return stays_elsewhere or self.has_returned(timing)

    def end_here(self, until: int, end_delay_us: int) -> None:
        """End the last segment, as the signal ends at a time (us)."""
        last = self.segments[-1]
        if last.end is None:
            last.end = self.stillness.since - end_delay_us if self.stillness.frames else until


def displacement_from(
    rest: Floats | None, center: Floats, shaking: Floats
) -> tuple[Floats, Floats]:
    """Return how far a limb is from its resting position, and the envelope.

    EMG has no position: its displacement is 0.
    """
    if rest is None:
        return np.zeros(len(shaking)), shaking
    # Shaking and displacement add up as squares, as in `envelope`.
    displacement = distances_to(rest, center)
    envelope: Floats = np.sqrt(np.square(shaking) + np.square(displacement))
    return displacement, envelope
