"""The heart beat in the EMG of a leg: seen, and taken out of the resting signal.

A beat is a spike of a tenth of a second. Eight or so at an even pace are a heart; from then on,
spikes out of a resting muscle are replaced by what lies around them. Within a movement nothing is
touched: there a beat cannot be told from it.

Law: what becomes of a frame rests on it, on those before it and on the `AHEAD` after it, never on
the blocks.
"""

from collections import deque
from statistics import median
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Flags, Floats

AHEAD: Final = 4
"""Frames after a frame that are looked at; a spike is at most as many frames long, 0.2 s or less.
"""
STEEP: Final = 4.0
"""A spike has so many times the energy of its surroundings, twice the amplitude [D]..."""
LEAST: Final = 9.0
"""... and so much more of it (uV squared): less disturbs nobody, as movements begin 8 uV above
rest."""
RESTING: Final = 64.0
"""uV squared; more around a spike is muscle. A movement begins 8 uV above rest (WASM 2016)."""
BEATS: Final = 12
"""Intervals between spikes by which a heart is known..."""
EVEN_BEATS: Final = 8
"""... if so many of them..."""
UNEVEN: Final = 0.25
"""... differ by no more than this share from their median [D]: a resting heart varies by less than
a tenth."""
PACE: Final = (0.4, 1.6)
"""s from beat to beat: 37 to 150 a minute."""
LOST: Final = 20.0
"""s without a beat after which there is no heart any more."""


class EcgArtifactFilter:
    """Follows the energy frames (uV squared) of one EMG sensor."""

    def __init__(self, rate: float) -> None:
        """Begin; there are `rate` frames a second."""
        self._rate = rate
        self._past: Floats | None = None
        self._count = 0
        self._spike = self._taken = False
        self._beats: deque[int] = deque(maxlen=BEATS + 1)
        self._beating = False
        self.changes: list[tuple[int, bool]] = []
        """From which frame on there is a heart, or none any more. Whoever reads them clears them.
        """

    def feed(self, energy: Floats) -> Floats:
        """Return the next frames (1, n) without heart beats; they lag by `AHEAD` frames."""
        if not energy.shape[1]:
            return energy
        if self._past is None:
            # Before the first frame all was like it.
            self._past = np.repeat(energy[:, :1], AHEAD, axis=1)
        joined: Floats = np.concatenate([self._past, energy], axis=1)
        self._past = joined[:, -2 * AHEAD :].copy()
        if joined.shape[1] <= 2 * AHEAD:
            return energy[:, :0]
        around = opened(joined[0])
        here: Floats = joined[:, AHEAD:-AHEAD].copy()
        self._clear(here[0], around, (here[0] > STEEP * around + LEAST) & (around < RESTING))
        self._count += here.shape[1]
        self._forget(self._count)
        return here

    def _clear(self, here: Floats, around: Floats, spikes: Flags) -> None:
        """Look at each spike, and take it out where there is a heart."""
        edges = np.flatnonzero(np.diff(spikes, prepend=self._spike, append=not spikes[-1])).tolist()
        begin = 0
        for end in edges:
            if self._spike and self._taken:
                here[begin:end] = around[begin:end]
            begin = end
            if end < len(here) and spikes[end]:
                self._forget(self._count + end)
                self._beat(self._count + end)
                self._taken = self._beating
            self._spike = bool(spikes[min(end, len(here) - 1)])

    def _beat(self, frame: int) -> None:
        self._beats.append(frame)
        intervals = (np.diff(self._beats) / self._rate).tolist()
        if len(intervals) < EVEN_BEATS:
            return
        usual = median(intervals)
        even = sum(abs(interval - usual) <= UNEVEN * usual for interval in intervals)
        steady = PACE[0] <= usual <= PACE[1] and even >= (
            EVEN_BEATS // 2 if self._beating else EVEN_BEATS
        )
        self._turn(frame, beating=steady)

    def _forget(self, frame: int) -> None:
        """Take it that the heart is lost if no beat was seen for long before a frame."""
        if self._beats and frame - self._beats[-1] > LOST * self._rate:
            self._turn(self._beats[-1] + int(LOST * self._rate) + 1, beating=False)
            self._beats.clear()

    def _turn(self, frame: int, *, beating: bool) -> None:
        if beating is not self._beating:
            self._beating = beating
            self.changes.append((frame, beating))


def opened(energy: Floats) -> Floats:
    """Return, for each frame with `AHEAD` others on both sides, what remains when spikes are cut
    off (an opening).
    """
    width = AHEAD + 1
    lowest = energy[: len(energy) - AHEAD].copy()
    for shift in range(1, width):
        np.minimum(lowest, energy[shift : shift + len(lowest)], out=lowest)
    highest = lowest[: len(lowest) - AHEAD].copy()
    for shift in range(1, width):
        np.maximum(highest, lowest[shift : shift + len(highest)], out=highest)
    return highest
