"""Find mains hum in the samples of an EMG sensor; docs/science.md#mains-hum.

One second in every few is looked at, at fixed places in the signal, so cutting the signal into
blocks changes nothing.
"""

from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np

from limber_bridge.detection.continuity import Run
from limber_bridge.detection.signal import SECOND, Flags, Floats

LOOK_EVERY_S: Final = 60
"""Time from one look to the next. Chosen: hum lasts for minutes."""
LOOK_EVERY_S_CALF: Final = 5
"""The same at a calf. Chosen: hum must be known before it passes for a tense muscle."""
MAINS_HZ: Final = (50, 60)
"""Frequencies of the mains."""
BESIDE_HZ: Final = 5
"""Distance of the frequencies to compare with: a muscle is about as strong there, and hum is not.
"""
HUM_MIN_UV: Final = 3.0
"""Amplitude from which hum is reported. Chosen: the thresholds of leg movements are 8 and 2 uV."""
HUM_MIN_RATIO: Final = 4.0
"""Ratio to the amplitude beside it. Chosen: noise and muscle reach 2 by chance (measured)."""
LOOKS_NEEDED: Final = 2
"""Looks in a row that begin or end hum. Chosen: one second may mislead."""
CHANGES_KEPT: Final = 256
"""Changes that are remembered: as many as a block of recorded signal can hold;
docs/science.md#processing-limits."""

type HumChange = tuple[int, bool]
"""A time (us), and whether there is hum from then on."""


class MainsHumDetector:
    """Looks for mains hum in one EMG sensor."""

    def __init__(self, look_every_s: int) -> None:
        """Start without samples; the rate comes with the first run, which is fresh."""
        self._look_every_s = look_every_s
        self._look_start = 0
        """Number of the first sample of the next look."""
        self._look_samples = np.empty(0)
        """What is known of the next look."""
        self._state = HumState()

    def process_run(self, run: Run) -> Iterator[HumChange]:
        """Yield the changes that a run makes certain, with the times at which they happened."""
        length = round(run.rate)
        if run.fresh:
            self._look_samples = np.empty(0)
            self._look_start = run.first
            self._state.restart()
        if length < 2 * (max(MAINS_HZ) + BESIDE_HZ) + BESIDE_HZ:
            # Too slow to measure the frequencies beside the mains.
            return
        looks = []
        starts = []
        # All looks in a run are judged at once: a recorded run may hold hundreds.
        while (look := self._complete_look(run, length)) is not None:
            looks.append(look)
            starts.append(self._look_start)
            self._look_start += self._look_every_s * length
        if not looks:
            return
        for start, hums in zip(starts, has_hum(np.stack(looks)).tolist(), strict=True):
            yield from self._state.add_look(run.clock.time_of(start), hums=hums)

    def had_hum_at(self, time: int) -> bool:
        """Return whether hum was known at a time (us) among the last seconds."""
        return self._state.had_hum_at(time)

    def _complete_look(self, run: Run, length: int) -> Floats | None:
        """Return the next look if a run completes it; otherwise keep what the run has of it."""
        # The part of the run that the look lacks.
        begin = self._look_start + len(self._look_samples) - run.first
        end = self._look_start + length - run.first
        piece = run.samples[0, max(0, begin) : max(0, end)]
        look = np.concatenate([self._look_samples, piece]) if len(self._look_samples) else piece
        is_complete = len(look) == length
        self._look_samples = np.empty(0) if is_complete else look.copy()
        return look if is_complete else None


class HumState:
    """Decides from single looks when hum begins and ends."""

    def __init__(self) -> None:
        """Start without hum."""
        self._has_hum = False
        self._looks_in_row = 0
        """Looks in a row that contradict `_has_hum`."""
        self._since = 0
        """us; time of the first of them."""
        self._changes: deque[HumChange] = deque(maxlen=CHANGES_KEPT)
        """Changes with the times at which they became known."""

    def restart(self) -> None:
        """Start counting looks again, after a break of the signal."""
        self._looks_in_row = 0

    def add_look(self, time: int, *, hums: bool) -> Iterator[HumChange]:
        """Add a look that began at a time (us), and yield the change that it makes certain."""
        if hums is self._has_hum:
            self._looks_in_row = 0
            return
        if not self._looks_in_row:
            # If the next looks agree, the change happened here.
            self._since = time
        self._looks_in_row += 1
        if self._looks_in_row == LOOKS_NEEDED:
            self._has_hum = hums
            self._looks_in_row = 0
            self._changes.append((time + SECOND, hums))
            yield self._since, hums

    def had_hum_at(self, time: int) -> bool:
        """Return whether hum was known at a time (us)."""
        return next((hums for since, hums in reversed(self._changes) if since <= time), False)


def has_hum(looks: Floats) -> Flags:
    """Return which rows, each a second of EMG in uV, contain hum."""
    found = np.zeros(len(looks), bool)
    for mains in MAINS_HZ:
        # Hum is a line in the spectrum, muscle and noise are broad.
        hum = amplitude_at(looks, mains)
        below = amplitude_at(looks, mains - BESIDE_HZ)
        above = amplitude_at(looks, mains + BESIDE_HZ)
        found |= (hum >= HUM_MIN_UV) & (hum >= HUM_MIN_RATIO * ((below + above) / 2))
    return found


def amplitude_at(looks: Floats, frequency: int) -> Floats:
    """Return the amplitude of one frequency (Hz) in each row, a second long."""
    # One line of the spectrum is cheaper than all of it.
    cosine, sine = windowed_waves(looks.shape[1], frequency)
    # Sums along a row do not depend on how many rows there are; a product of matrices might.
    in_phase = (looks * cosine).sum(axis=1)
    out_of_phase = (looks * sine).sum(axis=1)
    amplitude: Floats = np.hypot(in_phase, out_of_phase)
    return amplitude


@cache
def windowed_waves(length: int, frequency: int) -> tuple[Floats, Floats]:
    """Return a second of cosine and sine, under a Hann window, with `length` samples.

    They are scaled so that their products with a tone of that frequency (Hz) give its amplitude.
    """
    phase = 2 * np.pi * frequency * np.arange(length) / length
    # The window keeps strong neighboring frequencies from leaking into the result.
    window = np.hanning(length) * 2 / np.hanning(length).sum()
    return np.cos(phase) * window, np.sin(phase) * window
