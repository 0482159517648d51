"""The running noise floor of one sensor, and the thresholds that rest on it.

Law: it follows the sensor's own noise within a minute and learns nothing from movements (fixed
thresholds failed where they were tried on the leg: Yang 2014, science reference 4.1).
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats

MEMORY: Final = 6
"""Quiet ticks that make the floor. At `TICK` that is one minute of quiet."""
TICK: Final = 10.0
"""s between two looks at the noise."""
FIRST_TICKS: Final = 1.0
"""s, until `MEMORY` ticks are known."""
STEADY: Final = 0.5
"""A level that varies by less than this share of itself within a tick, and over `STEADY_TICKS` of
them, is noise that grew, not movement [D]."""
STEADY_TICKS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How far above the noise a level must rise. Levels are in the unit of the quantity."""

    on: float
    """A movement begins this far above the floor, at least."""
    off: float
    """It ends where the level stays no higher than this above the floor, at least."""
    on_spreads: float
    off_spreads: float
    """The same in spreads of the noise; the larger of the two counts."""
    noisiest: float
    """No sensor's noise is larger: a steady level above it is motion."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What one tick showed of the level."""

    median: float
    spread: float
    """90th percentile less median."""


def noise_of(levels: Floats) -> Noise:
    """Return the noise in one tick. Order statistics: the same to the last bit, however they are
    computed.
    """
    ordered = np.sort(levels)
    median = float(ordered[len(ordered) // 2])
    return Noise(median, float(ordered[9 * len(ordered) // 10]) - median)


def noises_of(ticks: Floats) -> tuple[list[Noise], list[float]]:
    """Return the noise in each row, a tick long, and the highest level in it: as `noise_of`, but
    all at once.
    """
    ordered = np.sort(ticks, axis=1)
    length = ordered.shape[1]
    medians, high, top = ordered[:, [length // 2, 9 * length // 10, -1]].T.tolist()
    return [Noise(median, other - median) for median, other in zip(medians, high, strict=True)], top


class NoiseFloor:
    """What is known of the noise of one sensor."""

    __slots__ = ("_restless", "_sensitivity", "_ticks", "_wanted", "off", "on", "reach")

    def __init__(self, wanted: Thresholds, known: Sequence[Noise] = ()) -> None:
        """Begin, with what an earlier life knew."""
        self._wanted = wanted
        self._sensitivity = 1.0
        self._ticks = deque(known, MEMORY)
        self._restless: deque[Noise] = deque(maxlen=STEADY_TICKS)
        self.on = self.off = self.reach = float("inf")
        """Thresholds now, and how far the first lies above the floor; infinite until something is
        known."""
        self._settle()

    @property
    def known(self) -> tuple[Noise, ...]:
        """What the floor rests on, oldest first."""
        return tuple(self._ticks)

    @property
    def tick(self) -> float:
        """How many seconds of level `learn` wants next."""
        return TICK if len(self._ticks) == MEMORY else FIRST_TICKS

    def sense(self, sensitivity: float) -> None:
        """Divide by this how far above the floor a movement begins; 1.0: the rule as it is written.

        What counts as still stays as it is, as long as that lies below: a lower limit would lie
        within the noise, and every movement would go on in it.
        """
        self._sensitivity = sensitivity
        self._settle()

    def forget(self) -> None:
        """Begin anew, as if nothing had been learnt."""
        self._ticks.clear()
        self._restless.clear()
        self.on = self.off = self.reach = float("inf")

    def learn(self, noise: Noise) -> None:
        """Take in the noise of what was quiet within a tick."""
        if not self._ticks and noise.median > self._wanted.noisiest:
            return  # It begins with movement: nothing is known yet.
        if self._restless:
            self._restless.clear()
        self._ticks.append(noise)
        self._settle()

    def stirred(self, levels: Floats) -> bool:
        """Take in a tick that was all movement, and return whether it was none: so many steady ones
        in a row are noise.

        Then the floor is the new one.
        """
        noise = noise_of(levels)
        if np.partition(levels, len(levels) // 10)[len(levels) // 10] < STEADY * noise.median:
            # It comes and goes within the tick, as restless legs do.
            self._restless.clear()
            return False
        self._restless.append(noise)
        if not self._grew():
            return False
        self._ticks.clear()
        self._ticks.extend(self._restless)
        self._settle()
        return True

    def _grew(self) -> bool:
        medians = [tick.median for tick in self._restless]
        highest = max(medians)
        if len(medians) < STEADY_TICKS or highest > self._wanted.noisiest:
            return False
        return highest - min(medians) < STEADY * highest

    def _settle(self) -> None:
        if not self._ticks:
            return
        middle = len(self._ticks) // 2
        floor = sorted([tick.median for tick in self._ticks])[middle]
        spread = sorted([tick.spread for tick in self._ticks])[middle]
        wanted = self._wanted
        self.reach = max(wanted.on, wanted.on_spreads * spread) / self._sensitivity
        self.on = floor + self.reach
        self.off = floor + min(self.reach, max(wanted.off, wanted.off_spreads * spread))
