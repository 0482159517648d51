"""Measure the noise in the envelope of one sensor, and update its noise floor."""

from typing import Final

import numpy as np

from limber_bridge.detection.noise_floor import LOOK_S, NoiseFloor, noise_of, noise_of_looks
from limber_bridge.detection.signal import Floats

QUIET_MIN_S: Final = 2.0
"""Quiet that a look needs. Chosen: about 50 frames are enough for two order statistics;
docs/science.md#noise-floor."""
LOOKS_AT_ONCE_MAX: Final = 8
"""Looks that are processed together. Chosen: about a minute, as movements are seldom further apart;
docs/science.md#processing-limits."""


class NoiseTracker:
    """Collects the envelope of one look after the other."""

    def __init__(self, floor: NoiseFloor) -> None:
        """Start without frames."""
        self.floor = floor
        self._rate = 0.0
        self._envelope: list[Floats] = []
        self._quiet: list[Floats] = []
        self.start_look()

    def start(self, rate: float) -> None:
        """Start with a signal of `rate` frames per second."""
        self._rate = rate
        self.start_look()

    def start_look(self) -> None:
        """Start the next look."""
        self._look_frames = round(self.floor.look_s * self._rate)
        self.frames_missing = self._look_frames
        """Frames that the current look still needs."""
        self._envelope = []
        self._quiet = []

    def skip_quiet_looks(self, envelope: Floats, position: int) -> int:
        """Learn from whole looks in which nothing begins, and return the position after them.

        Most of a recorded night is like that. It must be called between two movements only.
        """
        length = self._look_frames
        count = (len(envelope) - position) // length
        if self.frames_missing < length or not count:
            return position
        # While looks are short, each one changes the thresholds for the next.
        count = min(count, LOOKS_AT_ONCE_MAX) if self.floor.look_s == LOOK_S else 1
        looks = envelope[position : position + count * length].reshape(count, length)
        for noise, peak in zip(*noise_of_looks(looks), strict=True):
            if peak >= self.floor.upper:
                # A movement begins in this look, which is processed frame by frame.
                break
            self.floor.add_quiet_look(noise)
            position += length
        self.start_look()
        return position

    def add_quiet(self, envelope: Floats) -> None:
        """Add a part of the current look in which nothing moved."""
        # Copies, here and below: a view would keep the signal of the whole night in memory.
        self._quiet.append(envelope.copy())

    def add_frames(self, envelope: Floats) -> bool:
        """Add the next frames of the current look, and return whether the noise has grown.

        There must be no more of them than `frames_missing`. A look that is complete is learned
        from.
        """
        self._envelope.append(envelope.copy())
        self.frames_missing -= len(envelope)
        if self.frames_missing:
            return False
        has_grown = self._learn()
        self.start_look()
        return has_grown

    def _learn(self) -> bool:
        """Learn from the quiet of a look; without any, return whether the noise has grown."""
        quiet = sum(map(len, self._quiet))
        # A look in which little was quiet says nothing; one without any may be louder noise.
        if quiet >= min(self._look_frames, QUIET_MIN_S * self._rate):
            whole = self._quiet[0] if len(self._quiet) == 1 else np.concatenate(self._quiet)
            self.floor.add_quiet_look(noise_of(whole))
            return False
        return not quiet and self.floor.add_restless_look(np.concatenate(self._envelope))
