"""Where a limb rested a short time before each frame; docs/science.md#resting-position."""

from typing import Final

import numpy as np

from limber_bridge.detection.averaging import BlockAverager
from limber_bridge.detection.signal import Floats

STEP_S: Final = 0.5
"""Step in which the resting position is computed. Chosen: twice a second is enough for a limb that
lies still."""
OLDEST_STEPS_AGO: Final = 6
NEWEST_STEPS_AGO: Final = 3
"""The resting position is the mean of the steps from 6 to 3 before the current one, so of 2 s that
ended 1 to 1.5 s ago. Chosen: long enough to average the noise away, and old enough not to contain
the movement that is just beginning."""
SETTLING_S: Final = 3.5
"""Time after a change until the resting position no longer contains what was before it: seven
steps."""


class RestingPosition:
    """Computes the resting position of one limb, frame by frame."""

    def __init__(self, frames_per_step: int) -> None:
        """Start without frames."""
        self._frames_per_step = frames_per_step
        self._averager = BlockAverager(frames_per_step)
        self._steps = np.empty((0, 0))
        """Shape (axes, n): means of the known steps."""
        self._first_step = 0
        """Number of the first of them."""
        self._frame_count = 0
        self._current = (-1, np.empty(0))
        """The last step and its position: for a live sensor the same one is needed several
        times."""

    def process_frames(self, frames: Floats, center: Floats) -> tuple[Floats, int]:
        """Return the resting position at each frame, and for how many of them it is not known.

        `frames` has shape (axes, n). In the first step nothing is known yet: there the position is
        `center`, which has the same shape.
        """
        steps = self._averager.process_samples(frames)
        if not self._steps.size:
            self._steps = steps
        elif steps.shape[1]:
            self._steps = np.concatenate((self._steps, steps), axis=1)
        begin = self._frame_count
        end = begin + frames.shape[1]
        first = begin // self._frames_per_step
        last = (end - 1) // self._frames_per_step
        self._frame_count = end
        if first and last - first <= 1:
            # The usual case of a live sensor: all frames lie in one step or two.
            return self._rest_in_two_steps(begin, end), 0

        # Early steps have fewer steps before them and are computed one by one.
        early_end = min(last + 1, OLDEST_STEPS_AGO)
        early = [self._position_in(step)[:, None] for step in range(first, early_end)]
        later = self._positions_in(first + len(early), last)
        positions = np.concatenate([*early, later], axis=1)

        # Each frame has the position of its step.
        step_starts = range((first + 1) * self._frames_per_step, end, self._frames_per_step)
        counts = np.diff([begin, *step_starts, end])
        rest = np.repeat(positions, counts, axis=1)
        unknown = 0 if first else int(counts[0])
        rest[:, :unknown] = center[:, :unknown]
        self._forget_steps_before(last - OLDEST_STEPS_AGO)
        return rest, unknown

    def _rest_in_two_steps(self, begin: int, end: int) -> Floats:
        """Return the resting position of the frames from `begin` to `end`, in one step or two."""
        step = begin // self._frames_per_step
        boundary = min(end, (step + 1) * self._frames_per_step)
        rest = np.empty((len(self._steps), end - begin))
        if self._current[0] != step:
            self._current = (step, self._position_in(step))
        rest[:, : boundary - begin] = self._current[1][:, None]
        if boundary < end:
            self._current = (step + 1, self._position_in(step + 1))
            rest[:, boundary - begin :] = self._current[1][:, None]
            self._forget_steps_before(step + 1 - OLDEST_STEPS_AGO)
        return rest

    def _positions_in(self, first: int, last: int) -> Floats:
        """Return the resting position in each of the steps from `first` to `last`."""
        oldest = first - OLDEST_STEPS_AGO - self._first_step
        newest = first - NEWEST_STEPS_AGO - self._first_step
        count = last - first + 1
        # Shifted sums, in the same order as `_position_in` adds up one step.
        total = self._steps[:, oldest : oldest + count].copy()
        for start in range(oldest + 1, newest + 1):
            total += self._steps[:, start : start + count]
        total /= newest - oldest + 1
        return total

    def _position_in(self, step: int) -> Floats:
        """Return the resting position in one step; early ones use what there is."""
        if not step:
            return np.zeros(len(self._steps))
        oldest = max(0, step - OLDEST_STEPS_AGO) - self._first_step
        newest = max(0, step - NEWEST_STEPS_AGO) - self._first_step
        total = self._steps[:, oldest].copy()
        for index in range(oldest + 1, newest + 1):
            total += self._steps[:, index]
        total /= newest - oldest + 1
        return total

    def _forget_steps_before(self, step: int) -> None:
        """Drop the steps that no later position needs."""
        if step > self._first_step:
            self._steps = self._steps[:, step - self._first_step :].copy()
            self._first_step = step
