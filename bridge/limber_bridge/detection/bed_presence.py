"""Breath and heart beat in the frames of an accelerometer at the bed: somebody lies in it, even if
nothing else moves.

Law: a verdict rests on the whole minute before the end of an epoch, never on where a block happened
to end; without frames there is none, and what is missing is never taken out of time.
"""

import math
from collections import deque
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np

from limber_bridge.detection.binning import Pieces
from limber_bridge.detection.envelope import moving_mean, squares
from limber_bridge.detection.signal import SECOND, Flags, Floats


class Presence(StrEnum):
    """What a minute shows of somebody in the bed."""

    FELT = "felt"
    """A breath or a heart beat."""
    ABSENT = "absent"
    """Neither: nobody is there, or the sensor is too noisy."""
    COVERED = "covered"
    """Most of it is movement, or it is not complete: nothing can be said, of somebody or of nobody.
    """


AXES: Final = 3
MINUTE: Final = 60 * SECOND
LACKING: Final = 0.1
"""Share of a piece that may be missing, at most [D]: breath shows in the rest as well, if it stays
where it was in time."""
BROKEN: Final = 0.5
"""s from one frame to the next from which on some are missing: shorter holes are bridged (see
`continuity`)."""
BREATHING: Final = (0.12, 0.5)
"""Hz (science reference 6.3: 0.1 to 0.5 Hz; the lowest bins are drift's)."""
ABOVE: Final = (0.6, 1.9)
"""Hz; what the noise beside the breath is measured in."""
FOLDED: Final = 4.0
"""Hz, about: breath is looked for at this rate."""
BINS: Final = 3
"""Neighbouring frequencies (1/60 Hz each) that are taken together: no breath is quite even."""
PEAK: Final = 6.5
"""Times the mean power of noise that a breath has on one axis..."""
PEAKS: Final = 3.7
"""... or on average over three: of white noise one minute in a thousand reaches as much [D]."""
PULSE: Final = (1.5, 10.0)
"""Hz; where the push of the heart is, without its rate itself (science reference 6.3: 1 to 15 Hz).
"""
PACE: Final = (0.5, 1.5)
"""s from beat to beat: 40 to 120 a minute."""
BEAT: Final = 0.12
"""s; about as long as a heart pushes."""
STRONGEST: Final = 6.0
"""Times its mean to which what a heart may have pushed is cut: a knock is no heart."""
BEATS: Final = 0.2
"""How much the minute is like itself one beat later, at least (autocorrelation); noise reaches 0.15
[D]."""
RESTLESS: Final = 2.0
"""Level against what three quarters of the stillest ten seconds of the last minutes do not reach,
from which on something moves: a heart is stronger with each beat [D]."""
RISES: Final = 1.05
"""Times the same that it may be 10 s later: noise that grew is known after two or three minutes
[D]."""
STILLEST: Final = 0.0001
"""g; no level of somebody who lies still is taken for less: a sensor that gave the same value for
most of ten seconds would make of everything after it a movement [D]."""
SHORTEST: Final = 8.0
"""s without movement, two breaths, that are worth a look..."""
ENOUGH: Final = 30.0
"""... and of the minute in all."""


class PresenceDetector:
    """Looks at the last minute of one sensor, without what moved in it."""

    def __init__(self, length: int) -> None:
        """Begin; pieces are `length` us long."""
        self._length = length
        self._pieces: deque[tuple[int, Floats]] = deque(maxlen=MINUTE // length)
        self._still = math.inf
        self._rate = 0.0
        self._since = 0

    def pace(self, rate: float, since: int) -> None:
        """Take it that frames come at `rate` Hz (nominal) from a time (us) on, and not as they did
        before.
        """
        if rate != self._rate:
            self._rate = rate
            self._since = since

    def feed(self, pieces: Pieces) -> list[Presence]:
        """Return what each piece makes known: rows of acceleration, others, and as the last ones
        time (us) and level.

        `pace` must have been called for their frames.
        """
        bounds = [*pieces.bounds.tolist(), pieces.rows.shape[1]]
        cuts = [pieces.rows[:, begin:end] for begin, end in pairwise(bounds)]
        return [self._next(start, rows) for start, rows in zip(pieces.starts, cuts, strict=True)]

    def _next(self, start: int, rows: Floats) -> Presence:
        rows, lack = completed(rows, start, start + self._length, self._rate)
        # What never changes at all is measured by nothing.
        if start < self._since or lack > LACKING or not np.ptp(rows[:AXES], axis=1).any():
            self._pieces.clear()
            return Presence.COVERED
        if self._pieces and start - self._pieces[-1][0] != self._length:
            self._pieces.clear()
        self._pieces.append((start, rows))
        place = 3 * rows.shape[1] // 4
        usual = np.partition(rows[-1], place)[place]
        self._still = min(max(STILLEST, float(usual)), self._still * RISES)
        if len(self._pieces) < (self._pieces.maxlen or 0):
            return Presence.COVERED
        return judged(np.concatenate([known for _, known in self._pieces], axis=1), self._still)


def completed(rows: Floats, begin: int, end: int, rate: float) -> tuple[Floats, float]:
    """Return rows without that of time, and what share of the time (`begin` to `end`, us) had no
    frames.

    There, at `rate` Hz, they are 0 with a level above any other.
    """
    times = rows[-2]
    kept = np.delete(rows, -2, axis=0)
    steps = np.diff(times, prepend=begin, append=end)
    holes = np.flatnonzero(np.abs(steps) > BROKEN * SECOND)
    if not holes.size:
        return kept, 0.0
    counts = np.rint(np.abs(steps[holes]) * rate / SECOND).astype(np.int64)
    nothing = np.zeros((len(kept), 1))
    nothing[-1] = math.inf
    filled: Floats = np.insert(kept, np.repeat(holes, counts), nothing, axis=1)
    return filled, float(np.abs(steps[holes]).sum()) / (end - begin)


def judged(minute: Floats, still: float) -> Presence:
    """Return what a minute of acceleration and level shows; `still`: the level of somebody who lies
    still.
    """
    rate = minute.shape[1] * SECOND / MINUTE
    calm, share = calmed(minute[:AXES], minute[-1] < RESTLESS * still, rate)
    if share < ENOUGH * SECOND / MINUTE or not calm.any():
        return Presence.COVERED
    return Presence.FELT if breathes(calm, rate) or pulses(longest(calm), rate) else Presence.ABSENT


def calmed(minute: Floats, still: Flags, rate: float) -> tuple[Floats, float]:
    """Return acceleration without the stretches in which something moves, and the share that is
    left.

    Each stretch without movement is without its mean and slope: somebody who has moved lies
    otherwise.
    """
    calm = np.zeros(minute.shape)
    left = 0
    edges = np.flatnonzero(np.diff(still, prepend=False, append=False)).tolist()
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin >= SHORTEST * rate:
            calm[:, begin:end] = straightened(minute[:, begin:end])
            left += end - begin
    return calm, left / minute.shape[1]


def longest(calm: Floats) -> Floats:
    """Return the longest stretch in which nothing moves."""
    edges = np.flatnonzero(np.diff(calm.any(axis=0), prepend=False, append=False))
    most = int((edges[1::2] - edges[::2]).argmax())
    return calm[:, edges[2 * most] : edges[2 * most + 1]]


def breathes(minute: Floats, rate: float) -> bool:
    """Return whether a calm minute of acceleration (axes, n; `rate` Hz) swings as a chest does."""
    width = max(1, round(rate / FOLDED))
    count = minute.shape[1] // width
    folded = minute[:, : count * width].reshape(len(minute), count, width).mean(axis=2)
    power, frequencies = spectrum(folded, rate / width)
    # Drift has more power the slower it is: the breath must stand out of what lies around it as
    # well.
    beside = np.median(power[:, within(frequencies, ABOVE)], axis=1)
    around = np.median(power[:, within(frequencies, (BREATHING[0], ABOVE[0]))], axis=1)
    noise = np.maximum(beside, around) / np.log(2)
    swings = (
        power[:, within(frequencies, BREATHING)] / np.maximum(noise, np.finfo(float).tiny)[:, None]
    )
    joined = moving_mean(swings, BINS)
    return bool(joined.max() >= PEAK or joined.mean(axis=0).max() >= PEAKS)


def pulses(minute: Floats, rate: float) -> bool:
    """Return whether a calm minute of acceleration (axes, n; `rate` Hz) is shaken evenly, as by a
    heart.
    """
    earliest, latest = (round(lag * rate) for lag in PACE)
    if latest >= minute.shape[1]:
        return False
    # Without the negative frequencies a steady tone, as a fan's, is equally strong all the time.
    shown = np.fft.fft(minute, axis=1)
    shown[:, ~within(np.fft.fftfreq(minute.shape[1], 1 / rate).astype(np.float64), PULSE)] = 0.0
    turning = np.fft.ifft(shown, axis=1)
    shaken = squares(turning.real) + squares(turning.imag)
    pushed = moving_mean(shaken[None], max(1, round(BEAT * rate)))[0]
    pushed = np.minimum(pushed, STRONGEST * pushed.mean())
    varied = pushed - pushed.mean()
    # As long again of nothing, so that the end is not compared with the beginning.
    alike = np.fft.irfft(np.square(np.abs(np.fft.rfft(varied, 2 * len(varied)))))
    if not alike[0]:
        return False
    best = earliest + int(alike[earliest : latest + 1].argmax())
    # What only grows and shrinks is like itself at every short lag.
    return bool(alike[best] - max(0.0, alike[: best // 2 + 1].min()) >= BEATS * alike[0])


def straightened(rows: Floats) -> Floats:
    """Return rows without their mean and their slope."""
    times = np.arange(rows.shape[1]) - (rows.shape[1] - 1) / 2
    slope = (rows * times).sum(axis=1) / (times * times).sum()
    straight: Floats = rows - rows.mean(axis=1)[:, None] - slope[:, None] * times
    return straight


def spectrum(rows: Floats, rate: float) -> tuple[Floats, Floats]:
    """Return the power of each row at each frequency (Hz), under a Hann window."""
    shown = np.fft.rfft(rows * np.hanning(rows.shape[1]), axis=1)
    power: Floats = np.square(shown.real) + np.square(shown.imag)
    return power, np.fft.rfftfreq(rows.shape[1], 1 / rate).astype(np.float64)


def within(frequencies: Floats, band: tuple[float, float]) -> np.ndarray:
    """Return which of the frequencies lie in a band."""
    return (frequencies >= band[0]) & (frequencies <= band[1])
