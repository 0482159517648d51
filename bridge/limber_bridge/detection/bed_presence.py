"""Find the breath or the heartbeat of a person in the frames of an accelerometer at the bed.

Each epoch is judged together with the rest of the minute before its end. What moves in that minute
is left out. Missing frames keep their place in time, so that breath stays periodic. Without a
complete minute there is no verdict. Values and sources: docs/science.md#breath-and-heartbeat.
"""

import math
from collections import deque
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np

from limber_bridge.detection.averaging import moving_mean
from limber_bridge.detection.bed_departure import QUIET_RATIO, DepartureDetector
from limber_bridge.detection.binning import Bins
from limber_bridge.detection.geometry import squared_lengths
from limber_bridge.detection.signal import MINUTE, SECOND, Flags, Floats


class Presence(StrEnum):
    """What a minute shows of a person in the bed."""

    FELT = "felt"
    """Breath or heartbeat."""
    ABSENT = "absent"
    """Neither: no person is there, or the sensor is too noisy."""
    COVERED = "covered"
    """Mostly movement, or not complete: it shows nothing."""
    LEFT = "left"
    """Neither in the last half minute, after a movement, although this sensor always felt them."""


AXES: Final = 3
WINDOW_US: Final = MINUTE
"""Length of the signal that each verdict looks at."""
HALF_MINUTE_US: Final = 30 * SECOND
"""Shortest quiet time in which leaving shows."""

MISSING_MAX_SHARE: Final = 0.1
"""Share of an epoch that may be missing. Chosen: breath shows in the rest."""
MISSING_FROM_S: Final = 0.5
"""Time between two frames above which frames are missing; shorter holes in the signal are bridged
(`continuity`)."""

BREATH_HZ: Final = (0.12, 0.5)
"""Frequencies of breath. Usual limits are 0.1 and 0.5 Hz; chosen: the lowest part is drift."""
BREATH_NOISE_HZ: Final = (0.6, 1.9)
"""Frequencies beside the breath in which the noise is measured. Chosen: they hold no breath."""
BREATH_RATE_HZ: Final = 4.0
"""Approximate rate at which breath is looked for."""
BREATH_BINS: Final = 3
"""Neighboring frequencies (1/60 Hz each) that are averaged. Chosen: no breath is quite even."""
BREATH_MIN_RATIO_ONE_AXIS: Final = 6.5
"""Power of breath relative to noise on one axis. Measured: white noise reaches this or the next
limit in one minute of a thousand."""
BREATH_MIN_RATIO_MEAN: Final = 3.7
"""The same on average over the three axes."""

HEART_HZ: Final = (1.5, 10.0)
"""Frequencies of the push of the heart. Usual limits are 1 and 15 Hz; chosen: above the heart rate
itself."""
HEART_INTERVAL_S: Final = (0.5, 1.5)
"""Shortest and longest time between two beats (40 to 120 per minute). Chosen: a resting heart."""
HEART_PUSH_S: Final = 0.12
"""Length of one push of the heart, about. Chosen."""
HEART_MAX_RATIO: Final = 6.0
"""Limit for pushes, relative to their mean. Chosen: a knock is not a heartbeat."""
HEART_MIN_CORRELATION: Final = 0.2
"""Autocorrelation of the pushes one beat later. Chosen: noise reaches 0.15 (measured)."""

MOVING_RATIO: Final = 2.0
"""Envelope of a movement, relative to that of stillness. Chosen: a
heartbeat is stronger than the stillness between two beats, but not twice as strong."""
STILL_LEVEL_GROWTH: Final = 1.05
"""Factor by which the still level may grow in each epoch. Chosen: noise that has grown is known
after two or three minutes."""
STILL_LEVEL_MIN_G: Final = 0.0001
"""Lowest still level. Chosen: a sensor that repeats one value would turn all that follows into
movement."""
STILL_QUANTILE: Final = (3, 4)
"""Share of an epoch, as a fraction, below whose envelope a person lies still."""
STRETCH_MIN_S: Final = 8.0
"""Shortest stretch without movement that is used. Chosen: two breaths."""
CALM_MIN_S: Final = 30.0
"""Time without movement that a minute needs. Chosen: half a minute."""


class PresenceDetector:
    """Judges the last minute of one sensor at the end of each epoch."""

    def __init__(self, epoch_length: int) -> None:
        """Start without frames; an epoch is `epoch_length` us long."""
        self._epoch_length = epoch_length
        self._epochs_needed = WINDOW_US // epoch_length
        self._epochs: deque[tuple[int, Floats]] = deque(maxlen=self._epochs_needed)
        self._still_level = math.inf
        """g; the envelope of the stillest recent epoch."""
        self._departure = DepartureDetector()
        self._rate = 0.0
        self._rate_since = 0

    def set_frame_rate(self, rate: float, since: int) -> None:
        """Set the nominal rate (Hz) of the frames from a time (us) on."""
        if rate != self._rate:
            self._rate = rate
            self._rate_since = since

    def process_bins(self, bins: Bins) -> list[Presence]:
        """Return what each epoch shows, together with the rest of its minute.

        The rows are acceleration on three axes, the time in us and the envelope in g. The rate of
        these frames must have been set before.
        """
        bounds = [*bins.bounds.tolist(), bins.rows.shape[1]]
        pieces = [bins.rows[:, begin:end] for begin, end in pairwise(bounds)]
        return [
            self._process_epoch(start, rows)
            for start, rows in zip(bins.starts, pieces, strict=True)
        ]

    def _process_epoch(self, start: int, rows: Floats) -> Presence:
        rows, missing = fill_missing_frames(rows, start, start + self._epoch_length, self._rate)
        frozen = not np.ptp(rows[:AXES], axis=1).any()
        # A sensor that always gives the same value measures nothing.
        if start < self._rate_since or missing > MISSING_MAX_SHARE or frozen:
            self._forget_epochs()
            return Presence.COVERED
        if self._epochs and start - self._epochs[-1][0] != self._epoch_length:
            self._forget_epochs()
        self._epochs.append((start, rows))

        # The still level follows the stillest epoch at once, and louder ones only slowly.
        numerator, denominator = STILL_QUANTILE
        place = numerator * rows.shape[1] // denominator
        level = float(np.partition(rows[-1], place)[place])
        self._still_level = min(
            max(STILL_LEVEL_MIN_G, level), self._still_level * STILL_LEVEL_GROWTH
        )
        if len(self._epochs) < self._epochs_needed:
            return Presence.COVERED
        if self._has_left():
            return Presence.LEFT
        minute = np.concatenate([rows for _, rows in self._epochs], axis=1)
        return judge_minute(minute, self._still_level)

    def _forget_epochs(self) -> None:
        """Begin again after missing frames."""
        self._epochs.clear()
        self._departure.restart()

    def _has_left(self) -> bool:
        """Return whether the last half minute shows that the person has left."""
        self._departure.note_peak(float(self._epochs[-1][1][-1].max()) / self._still_level)
        count = HALF_MINUTE_US // self._epoch_length
        rows = np.concatenate([rows for _, rows in list(self._epochs)[-count:]], axis=1)
        if rows[-1].max() > QUIET_RATIO * self._still_level:
            return False
        calm = detrend(rows[:AXES])
        rate = calm.shape[1] * SECOND / HALF_MINUTE_US
        felt = has_breath(calm, rate) or has_heartbeat(calm, rate)
        return self._departure.has_left(felt=felt, level=breath_level(calm, rate))


def fill_missing_frames(rows: Floats, begin: int, end: int, rate: float) -> tuple[Floats, float]:
    """Return rows without the row of times, and the share of the time that had no frames.

    Missing frames between `begin` and `end` (us) are inserted, at `rate` Hz, as zeros with an
    infinite envelope, so that they count as movement.
    """
    times = rows[-2]
    known = np.delete(rows, -2, axis=0)
    steps = np.diff(times, prepend=begin, append=end)
    holes = np.flatnonzero(np.abs(steps) > MISSING_FROM_S * SECOND)
    if not holes.size:
        return known, 0.0
    durations = np.abs(steps[holes])
    counts = np.rint(durations * rate / SECOND).astype(np.int64)
    missing_frame = np.zeros((len(known), 1))
    missing_frame[-1] = math.inf
    filled: Floats = np.insert(known, np.repeat(holes, counts), missing_frame, axis=1)
    return filled, float(durations.sum()) / (end - begin)


def judge_minute(minute: Floats, still_level: float) -> Presence:
    """Return what a minute shows: rows of acceleration (g) and the envelope (g)."""
    rate = minute.shape[1] * SECOND / WINDOW_US
    calm, share = keep_calm_stretches(minute[:AXES], minute[-1] < MOVING_RATIO * still_level, rate)
    if share < CALM_MIN_S * SECOND / WINDOW_US or not calm.any():
        return Presence.COVERED
    if has_breath(calm, rate) or has_heartbeat(longest_stretch(calm), rate):
        return Presence.FELT
    return Presence.ABSENT


def keep_calm_stretches(minute: Floats, still: Flags, rate: float) -> tuple[Floats, float]:
    """Return acceleration with zeros where something moves, and the share that is calm.

    `still` marks the frames without movement. Each stretch loses its mean and its slope, because a
    person who has moved lies differently.
    """
    calm = np.zeros(minute.shape)
    kept = 0
    edges = np.flatnonzero(np.diff(still, prepend=False, append=False)).tolist()
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin >= STRETCH_MIN_S * rate:
            calm[:, begin:end] = detrend(minute[:, begin:end])
            kept += end - begin
    return calm, kept / minute.shape[1]


def longest_stretch(calm: Floats) -> Floats:
    """Return the longest stretch that is not zero."""
    edges = np.flatnonzero(np.diff(calm.any(axis=0), prepend=False, append=False))
    longest = int((edges[1::2] - edges[::2]).argmax())
    return calm[:, edges[2 * longest] : edges[2 * longest + 1]]


def has_breath(minute: Floats, rate: float) -> bool:
    """Return whether a calm minute of acceleration (axes, n) at `rate` Hz swings like a chest."""
    # Fewer samples make the spectrum cheaper; averaging them suppresses noise above the breath.
    width = max(1, round(rate / BREATH_RATE_HZ))
    count = minute.shape[1] // width
    averaged = minute[:, : count * width].reshape(len(minute), count, width).mean(axis=2)
    power, frequencies = power_spectrum(averaged, rate / width)

    # The noise is the larger of that beside the breath and that around it: drift has more power the
    # slower it is, and breath must stand out from drift as well.
    beside = np.median(power[:, in_band(frequencies, BREATH_NOISE_HZ)], axis=1)
    surroundings_hz = (BREATH_HZ[0], BREATH_NOISE_HZ[0])
    around = np.median(power[:, in_band(frequencies, surroundings_hz)], axis=1)
    # The power of noise is distributed exponentially: its median is ln 2 of its mean.
    noise = np.maximum(beside, around) / np.log(2)

    breath = power[:, in_band(frequencies, BREATH_HZ)]
    ratios = breath / np.maximum(noise, np.finfo(float).tiny)[:, None]
    ratios = moving_mean(ratios, BREATH_BINS)
    one_axis = ratios.max() >= BREATH_MIN_RATIO_ONE_AXIS
    all_axes = ratios.mean(axis=0).max() >= BREATH_MIN_RATIO_MEAN
    return bool(one_axis or all_axes)


def breath_level(rows: Floats, rate: float) -> float:
    """Return the strength (g) of calm acceleration (axes, n) at `rate` Hz as breath has it."""
    power, frequencies = power_spectrum(rows, rate)
    breath = float(power[:, in_band(frequencies, BREATH_HZ)].sum())
    return math.sqrt(breath) / int(rows.shape[1])


def has_heartbeat(stretch: Floats, rate: float) -> bool:
    """Return whether calm acceleration (axes, n) at `rate` Hz is pushed evenly, as by a heart."""
    shortest, longest = (round(interval * rate) for interval in HEART_INTERVAL_S)
    if longest >= stretch.shape[1]:
        return False

    # Keep the positive frequencies of the push only. The length of this analytic signal is its
    # amplitude at each moment: a steady tone, as that of a fan, is equally strong all the time.
    spectrum = np.fft.fft(stretch, axis=1)
    frequencies = np.fft.fftfreq(stretch.shape[1], 1 / rate).astype(np.float64)
    spectrum[:, ~in_band(frequencies, HEART_HZ)] = 0.0
    analytic = np.fft.ifft(spectrum, axis=1)
    strength = squared_lengths(analytic.real) + squared_lengths(analytic.imag)

    # One push is about as long as the window; single knocks are cut off.
    pushes = moving_mean(strength[None], max(1, round(HEART_PUSH_S * rate)))[0]
    pushes = np.minimum(pushes, HEART_MAX_RATIO * pushes.mean())
    varying = pushes - pushes.mean()

    # Autocorrelation by way of the spectrum. The padding keeps the end from being compared with the
    # beginning.
    correlation = np.fft.irfft(np.square(np.abs(np.fft.rfft(varying, 2 * len(varying)))))
    if not correlation[0]:
        return False
    best = shortest + int(correlation[shortest : longest + 1].argmax())
    # A signal that only grows and shrinks resembles itself at every short lag, so the correlation
    # must have fallen before it rises to that of the next beat.
    lowest_before = max(0.0, correlation[: best // 2 + 1].min())
    return bool(correlation[best] - lowest_before >= HEART_MIN_CORRELATION * correlation[0])


def detrend(rows: Floats) -> Floats:
    """Return rows without their mean and their slope."""
    times = np.arange(rows.shape[1]) - (rows.shape[1] - 1) / 2
    slope = (rows * times).sum(axis=1) / (times * times).sum()
    detrended: Floats = rows - rows.mean(axis=1)[:, None] - slope[:, None] * times
    return detrended


def power_spectrum(rows: Floats, rate: float) -> tuple[Floats, Floats]:
    """Return the power of each row under a Hann window, and the frequencies in Hz."""
    spectrum = np.fft.rfft(rows * np.hanning(rows.shape[1]), axis=1)
    power: Floats = np.square(spectrum.real) + np.square(spectrum.imag)
    return power, np.fft.rfftfreq(rows.shape[1], 1 / rate).astype(np.float64)


def in_band(frequencies: Floats, band: tuple[float, float]) -> Flags:
    """Return which frequencies lie in a band; its limits are included."""
    inside: Flags = (frequencies >= band[0]) & (frequencies <= band[1])
    return inside
