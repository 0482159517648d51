"""Recognize the swing of a walking leg in the acceleration at the ankle.

A walking leg repeats the same motion with every stride. The shank swings by 30 degrees or more, so
gravity at the sensor swings once a stride, and the foot is carried forward and put down within it.
The direction of the axes does not matter. Values and sources: docs/science.md#in-bed-at-the-ankle.
"""

from enum import IntEnum
from typing import Final

import numpy as np

from limber_bridge.detection.averaging import moving_mean
from limber_bridge.detection.geometry import squared_lengths
from limber_bridge.detection.signal import Floats

STRIDE_S: Final = (0.7, 2.0)
"""Shortest and longest stride, from one step of a foot to its next.

Chosen: a quick walk has one a second, and a person who has just woken up steps slowly.
"""
STRIDE_HZ: Final = (0.3, 1.15)
"""Frequencies of the stride itself. Chosen: a leg that is rubbed moves faster, mostly."""
SWING_HZ: Final = (1.15, 4.0)
"""Frequencies within a stride: push-off, swing and heel strike. Chosen: the next harmonics of a
stride."""
STRIDE_MIN_G: Final = 0.1
"""Smallest RMS of clear gait in each of the two bands.

Chosen: a shank that swings evenly by 30 degrees tilts gravity by 0.18 g RMS; half of it remains in
an epoch in which a walk begins or ends.
"""
VIGOROUS_MIN_G: Final = 0.3
"""Smallest RMS of clear gait without a swing at the frequency of the stride. Chosen: rubbing shakes
a leg less.
"""
FAINT_MIN_G: Final = 0.09
"""RMS of faint gait. Chosen: in a shuffling leg the tilt of gravity and the acceleration of the
swing cancel each other in part, as in a pendulum."""
FAINT_STRIDE_MIN_G: Final = 0.027
"""Smallest RMS of faint gait at the frequency of the stride. The next value is its ratio to the RMS
within a stride. Chosen: rubbing moves a leg at a single, higher frequency."""
FAINT_STRIDE_MIN_RATIO: Final = 0.15
MIN_SIMILARITY: Final = 0.4
"""Autocorrelation of the motion one stride later.

Chosen: model and real walks kept 0.46 or more, and irregular movement reached 0.29 (measured).
"""
STEP_WINDOW_S: Final = 0.3
"""Length of the window in which a step shakes the ankle. Chosen: as for the envelope."""
STEP_MIN_G: Final = 0.3
"""RMS that a step reaches in that window. Chosen: rubbing shakes a leg less."""
STANCE_MAX_G: Final = 0.15
"""RMS below which it falls between two steps. Chosen: half of it, because the foot stands on the
floor."""
MIN_STEPS: Final = 5
"""Number of steps in an epoch that are walking even without a regular rhythm. Chosen: a slow walk
that fills three quarters of an epoch has that many. Movements in bed pause less often.
"""
MIN_FRAMES_SHARE: Final = 0.9
"""Smallest share of frames that were received. Chosen: missing frames would break the rhythm."""


class Gait(IntEnum):
    """How an ankle moves, compared with that of a walking leg."""

    NONE = 0
    FAINT = 1
    """It repeats itself as in walking, as a leg that is rubbed evenly also does."""
    CLEAR = 2
    """It swings as far as a walking leg, or is put down step by step."""


def gait_of(frames: Floats, rate: float, duration: float) -> Gait:
    """Return how an ankle moves.

    `frames` is acceleration in g, shape (3, n), at `rate` Hz; `duration` (s) is how long they
    should last.
    """
    count = frames.shape[1]
    if count < MIN_FRAMES_SHARE * rate * duration:
        return Gait.NONE
    motion = np.ascontiguousarray(frames - frames.mean(axis=1)[:, None])
    level = float(np.sqrt(np.square(motion).sum() / count))
    if level >= FAINT_MIN_G and is_regular(motion, rate):
        stride, swing = stride_levels(motion, rate)
        if level >= VIGOROUS_MIN_G or min(stride, swing) >= STRIDE_MIN_G:
            return Gait.CLEAR
        if stride >= max(FAINT_STRIDE_MIN_G, FAINT_STRIDE_MIN_RATIO * swing):
            return Gait.FAINT
    return Gait.CLEAR if count_steps(motion, rate) >= MIN_STEPS else Gait.NONE


def is_regular(motion: Floats, rate: float) -> bool:
    """Return whether motion (3, n) at `rate` Hz repeats itself one stride later."""
    count = motion.shape[1]
    # Autocorrelation by way of the spectrum; the padding keeps the ends apart.
    power = np.square(np.abs(np.fft.rfft(motion, 2 * count, axis=1))).sum(axis=0)
    correlation = np.fft.irfft(power)[:count]
    shortest, longest = (round(stride * rate) for stride in STRIDE_S)
    lags = np.arange(shortest, min(longest, count - 1) + 1)
    # Fewer frames overlap at a longer lag.
    similarity = correlation[lags] * (count / (count - lags))
    best = int(similarity.argmax())
    # A leg that only turns correlates with itself at every short lag. So the correlation must fall
    # before it rises again at the next stride.
    lowest_before = max(0.0, correlation[: lags[best]].min())
    return bool(similarity[best] - lowest_before >= MIN_SIMILARITY * correlation[0])


def stride_levels(motion: Floats, rate: float) -> tuple[float, float]:
    """Return the RMS of motion (3, n) at `rate` Hz in the bands of stride and swing."""
    count = motion.shape[1]
    window = np.hanning(count)
    power = np.square(np.abs(np.fft.rfft(motion * window, axis=1))).sum(axis=0)
    frequencies = np.fft.rfftfreq(count, 1 / rate)
    # Mean square of a band: twice the one-sided power, without the loss by the window.
    scale = 2 / (count * np.square(window).sum())

    def level_in(band: tuple[float, float]) -> float:
        inside = (frequencies >= band[0]) & (frequencies < band[1])
        return float(np.sqrt(scale * power[inside].sum()))

    return level_in(STRIDE_HZ), level_in(SWING_HZ)


def count_steps(motion: Floats, rate: float) -> int:
    """Return how often motion (3, n) in g at `rate` Hz is strong after it was weak."""
    squares = squared_lengths(motion)
    # Half of the frames' largest energy leaves room for rounding: below it no window is strong.
    if squares.max() < STEP_MIN_G**2 / 2:
        return 0
    width = max(2, round(STEP_WINDOW_S * rate))
    center = moving_mean(motion, width)
    variance = moving_mean(squares[None], width)[0] - squared_lengths(center)
    shaking = np.sqrt(np.maximum(variance, 0.0))
    # Nothing changes between the two levels, so only frames beyond one of them are examined.
    strong = shaking[(shaking >= STEP_MIN_G) | (shaking < STANCE_MAX_G)] >= STEP_MIN_G
    return int(np.count_nonzero(np.diff(strong, prepend=False) & strong))
