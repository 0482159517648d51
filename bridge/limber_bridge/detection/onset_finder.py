"""Find where a movement began to rise, before its envelope reached the upper threshold.

Small movements would begin late otherwise; docs/science.md#onset-and-end.
"""

from collections import deque
from collections.abc import Sequence

from limber_bridge.detection.envelope import Frames


class OnsetFinder:
    """Remembers the last frames, as far back as the onset of a movement may lie."""

    def __init__(self, max_frames: int) -> None:
        """Start without frames; an onset lies at most `max_frames` back."""
        self._max_frames = max_frames
        # Plain numbers: a live sensor adds a few at a time.
        self._times: deque[int] = deque(maxlen=max_frames)
        self._shaking: deque[float] = deque(maxlen=max_frames)
        self.rising_since: int | None = None
        """us; since when the shaking has been above the lower threshold up to the last frame. A
        movement that begins with the next frame begins there."""

    def onset_at(self, frames: Frames, position: int, lower: float) -> int:
        """Return the onset (us) of a movement that reaches the upper threshold at a frame."""
        begin = max(0, position - self._max_frames)
        # Shaking only: the distance from the resting position changes slowly and rises too early.
        shaking = [*self._shaking, *frames.shaking[begin:position].tolist()]
        rising = rising_frames(shaking[-self._max_frames :], lower)
        times = [*self._times, *frames.times[begin : position + 1].tolist()]
        onset: int = times[-1 - rising]
        return onset

    def remember(self, frames: Frames, lower: float) -> None:
        """Remember the last ones of some frames."""
        self._times.extend(frames.times[-self._max_frames :].tolist())
        self._shaking.extend(frames.shaking[-self._max_frames :].tolist())
        rising = rising_frames(self._shaking, lower)
        self.rising_since = self._times[-rising] if rising else None


def rising_frames(shaking: Sequence[float], lower: float) -> int:
    """Return how many of the last frames in a row shake above the lower threshold."""
    # Few frames are looked at, as most of them are quiet: the loop ends with the first quiet one.
    count = 0
    for value in reversed(shaking):
        if value <= lower:
            break
        count += 1
    return count
