"""Find the heartbeat in the EMG of a leg, and remove it from the resting signal.

The heart shows as spikes of about 0.1 s. Once enough spikes at an even pace were seen, spikes in a
resting muscle are replaced by what surrounds them. Within a movement nothing is changed. Values
and sources: docs/science.md#ecg-artifact.

Each frame is judged from itself, the frames before it and `LOOKAHEAD_FRAMES` after it, so cutting
the signal into blocks changes nothing.
"""

from collections import deque
from statistics import median
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Flags, Floats

LOOKAHEAD_FRAMES: Final = 4
"""Frames after a frame that are needed to judge it. A spike is at most as long, 0.2 s or less."""
SPIKE_MIN_RATIO: Final = 4.0
"""Energy of a spike relative to its surroundings. Chosen: twice the amplitude."""
SPIKE_MIN_EXCESS_UV2: Final = 9.0
"""Energy that a spike must have beyond that. Chosen: less does no harm, as movements begin 8 uV
above rest."""
RESTING_MAX_UV2: Final = 64.0
"""Energy around a spike from which the muscle works. WASM 2016: a movement begins 8 uV above
rest."""
INTERVALS_KEPT: Final = 12
"""Number of last intervals between spikes by which a heart is recognized."""
EVEN_INTERVALS_MIN: Final = 8
"""Number of them that must be even."""
EVEN_INTERVALS_KEEP: Final = 4
"""Number that is enough for a heart that is already known."""
EVEN_MAX_DEVIATION: Final = 0.25
"""Largest deviation of an even interval from their median, as a share of it. Chosen: a resting
heart varies by less than a tenth."""
USUAL_INTERVAL_S: Final = (0.4, 1.6)
"""Shortest and longest median interval (37 to 150 beats per minute). Chosen: hearts in bed."""
LOST_AFTER_S: Final = 20.0
"""Time without a beat after which no heart is known."""

type HeartChange = tuple[int, bool]
"""A frame, and whether a heart is known from then on."""


class EcgArtifactFilter:
    """Removes heartbeats from the energy (uV squared) of one EMG sensor, frame by frame."""

    def __init__(self, rate: float) -> None:
        """Start without frames; `rate` is in frames per second."""
        self._pace = HeartPace(rate)
        self._past: Floats | None = None
        self._frame_count = 0
        self._in_spike = False
        self._spike_removed = False

    def process_frames(self, energy: Floats) -> tuple[Floats, list[HeartChange]]:
        """Return the next frames without heartbeats, and when a heart was found or lost.

        `energy` has shape (1, n). The frames returned lag behind by `LOOKAHEAD_FRAMES`.
        """
        if not energy.shape[1]:
            return energy, []
        if self._past is None:
            # As if the signal had always been like its first frame.
            self._past = np.repeat(energy[:, :1], LOOKAHEAD_FRAMES, axis=1)
        joined: Floats = np.concatenate([self._past, energy], axis=1)
        self._past = joined[:, -2 * LOOKAHEAD_FRAMES :].copy()
        if joined.shape[1] <= 2 * LOOKAHEAD_FRAMES:
            return energy[:, :0], []
        # Frames are judged once the ones after them are known.
        surroundings = remove_spikes(joined[0])
        frames: Floats = joined[:, LOOKAHEAD_FRAMES:-LOOKAHEAD_FRAMES].copy()
        # Only spikes out of a resting muscle: within a movement a beat cannot be distinguished.
        is_high = frames[0] > SPIKE_MIN_RATIO * surroundings + SPIKE_MIN_EXCESS_UV2
        is_spike = is_high & (surroundings < RESTING_MAX_UV2)
        changes = self._replace_spikes(frames[0], surroundings, is_spike)
        self._frame_count += frames.shape[1]
        changes += self._pace.advance_to(self._frame_count)
        return frames, changes

    def _replace_spikes(
        self, frames: Floats, surroundings: Floats, is_spike: Flags
    ) -> list[HeartChange]:
        """Replace the spikes in `frames` by their surroundings while a heart is known."""
        changes: list[HeartChange] = []
        # The frames at which a spike begins or ends, and the end of the block.
        edges = np.flatnonzero(
            np.diff(is_spike, prepend=self._in_spike, append=not is_spike[-1])
        ).tolist()
        begin = 0
        for end in edges:
            if self._in_spike and self._spike_removed:
                frames[begin:end] = surroundings[begin:end]
            begin = end
            # A spike begins here: decide for its whole length whether it is removed.
            if end < len(frames) and is_spike[end]:
                changes += self._pace.add_beat(self._frame_count + end)
                self._spike_removed = self._pace.is_known
            self._in_spike = bool(is_spike[min(end, len(frames) - 1)])
        return changes


class HeartPace:
    """Decides from the times of spikes whether they are the beats of a heart."""

    def __init__(self, rate: float) -> None:
        """Start without beats; `rate` is in frames per second."""
        self._rate = rate
        self._beats: deque[int] = deque(maxlen=INTERVALS_KEPT + 1)
        self.is_known = False
        """Whether a heart is known now."""

    def add_beat(self, frame: int) -> list[HeartChange]:
        """Add a spike at a frame and return what it changes."""
        changes = self.advance_to(frame)
        self._beats.append(frame)
        intervals = (np.diff(self._beats) / self._rate).tolist()
        if len(intervals) < EVEN_INTERVALS_MIN:
            return changes
        # A median is not affected by a beat that was missed or by a jerk in between.
        usual = median(intervals)
        even = sum(abs(interval - usual) <= EVEN_MAX_DEVIATION * usual for interval in intervals)
        # A known heart is kept through a few disturbances.
        needed = EVEN_INTERVALS_KEEP if self.is_known else EVEN_INTERVALS_MIN
        is_heart = USUAL_INTERVAL_S[0] <= usual <= USUAL_INTERVAL_S[1] and even >= needed
        return changes + self._change_to(frame, known=is_heart)

    def advance_to(self, frame: int) -> list[HeartChange]:
        """Return the loss of the heart if there was no beat for long before a frame."""
        longest = LOST_AFTER_S * self._rate
        if not self._beats or frame - self._beats[-1] <= longest:
            return []
        lost_at = self._beats[-1] + int(longest) + 1
        self._beats.clear()
        return self._change_to(lost_at, known=False)

    def _change_to(self, frame: int, *, known: bool) -> list[HeartChange]:
        """Return the change, if it is one."""
        if known is self.is_known:
            return []
        self.is_known = known
        return [(frame, known)]


def remove_spikes(energy: Floats) -> Floats:
    """Return energy (n,) with spikes cut off, for the n - 2 * `LOOKAHEAD_FRAMES` inner frames.

    This is a morphological opening: the minimum and then the maximum over a window. What is
    narrower than the window is removed, what is wider keeps its shape.
    """
    # Comparing shifted copies is faster than sliding windows for such a short one.
    width = LOOKAHEAD_FRAMES + 1
    lowest = energy[: len(energy) - LOOKAHEAD_FRAMES].copy()
    for shift in range(1, width):
        np.minimum(lowest, energy[shift : shift + len(lowest)], out=lowest)
    opened = lowest[: len(lowest) - LOOKAHEAD_FRAMES].copy()
    for shift in range(1, width):
        np.maximum(opened, lowest[shift : shift + len(opened)], out=opened)
    return opened
