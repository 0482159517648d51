"""Find where a movement began to rise, before its envelope reached the upper threshold.

Small movements would begin late otherwise; docs/science.md#onset-and-end.
"""

import numpy as np

from limber_bridge.detection.envelope import Frames
from limber_bridge.detection.signal import Floats, Times


class OnsetFinder:
    """Remembers the last frames, as far back as the onset of a movement may lie."""

    def __init__(self, max_frames: int) -> None:
        """Start without frames; an onset lies at most `max_frames` back."""
        self._max_frames = max_frames
        self._times: Times = np.empty(0, np.int64)
        self._shaking: Floats = np.empty(0)
        self.rising_since: int | None = None
        """us; since when the shaking has been above the lower threshold up to the last frame. A
        movement that begins with the next frame begins there."""

    def onset_at(self, frames: Frames, position: int, lower: float) -> int:
        """Return the onset (us) of a movement that reaches the upper threshold at a frame."""
        # Shaking only: the distance from the resting position changes slowly and rises too early.
        times, shaking = self._before(frames, position)
        rising = rising_frames(shaking, lower)
        return int(times[-rising] if rising else frames.times[position])

    def remember(self, frames: Frames, lower: float) -> None:
        """Remember the last ones of some frames."""
        self._times, self._shaking = self._before(frames, len(frames.times))
        rising = rising_frames(self._shaking, lower)
        self.rising_since = int(self._times[-rising]) if rising else None

    def _before(self, frames: Frames, position: int) -> tuple[Times, Floats]:
        """Return times and shaking of the frames before one, remembered ones included."""
        # All of them lie in these frames, or some in the ones before.
        begin = max(0, position - self._max_frames)
        times = frames.times[begin:position]
        shaking = frames.shaking[begin:position]
        if begin or not len(self._times):
            return times.copy(), shaking.copy()
        kept = slice(max(0, len(self._times) + position - self._max_frames), None)
        return (
            np.concatenate([self._times[kept], times]),
            np.concatenate([self._shaking[kept], shaking]),
        )


def rising_frames(shaking: Floats, lower: float) -> int:
    """Return how many of the last frames in a row shake above the lower threshold."""
    # Few frames are looked at, as most of them are quiet: the loop ends with the first quiet one.
    count = 0
    for value in reversed(shaking.tolist()):
        if value <= lower:
            break
        count += 1
    return count
