"""The noise floor of one sensor, and the two thresholds of a movement above it.

The floor follows the noise of the sensor within a minute and learns nothing from movements. Fixed
thresholds failed where they were tested on the leg (Yang 2014); docs/science.md#noise-floor.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats

LOOKS_KEPT: Final = 6
"""Looks at the noise that make the floor, so one minute of quiet. Chosen: long enough for a stable
figure, short enough to follow a sensor that has moved."""
LOOK_S: Final = 10.0
"""Length of one look at the noise."""
FIRST_LOOK_S: Final = 1.0
"""Length of a look until `LOOKS_KEPT` are known. Chosen: gives a threshold within a second or
two."""
STEADY_MIN_SHARE: Final = 0.5
"""Steadiness of noise that has grown.

Within a look its 10th percentile is at least this share of its median, and the medians of the looks
differ by less than this share of the largest. Chosen: movement comes and goes within seconds.
"""
STEADY_LOOKS: Final = 5
"""Looks in a row without any quiet that may be noise that has grown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How far above the noise floor the envelope of a movement lies, in the unit of the quantity.

    For each threshold the larger of a fixed distance and a multiple of the spread of the noise
    counts; docs/science.md#movement-thresholds.
    """

    upper: float
    """Smallest distance of the upper threshold, at which a movement begins."""
    lower: float
    """Smallest distance of the lower threshold, up to which it is quiet."""
    upper_spreads: float
    lower_spreads: float
    highest_noise: float
    """Highest possible noise: a steady envelope above it is movement."""


@dataclass(frozen=True, slots=True)
class Noise:
    """One measurement of the noise in the envelope."""

    median: float
    spread: float
    """90th percentile minus median."""


def noise_of(envelope: Floats) -> Noise:
    """Return the noise of one look.

    Order statistics are little affected by single jerks, and equal to the last bit however they are
    computed.
    """
    ordered = np.sort(envelope)
    median = float(ordered[len(ordered) // 2])
    return Noise(median, float(ordered[9 * len(ordered) // 10]) - median)


def noise_of_looks(looks: Floats) -> tuple[list[Noise], list[float]]:
    """Return the noise of each row, one look long, and its highest value.

    The same as `noise_of`, but for all looks at once.
    """
    # One sort for all looks is much faster than one call for each.
    ordered = np.sort(looks, axis=1)
    length = ordered.shape[1]
    medians, high, peaks = ordered[:, [length // 2, 9 * length // 10, -1]].T.tolist()
    noises = [Noise(median, other - median) for median, other in zip(medians, high, strict=True)]
    return noises, peaks


class NoiseFloor:
    """The noise floor of one sensor and its thresholds."""

    __slots__ = (
        "_looks",
        "_sensitivity",
        "_steady_looks",
        "_thresholds",
        "lower",
        "upper",
        "upper_distance",
    )

    def __init__(self, thresholds: Thresholds, known: Sequence[Noise] = ()) -> None:
        """Start with the looks that a previous run knew, the oldest first."""
        self._thresholds = thresholds
        self._sensitivity = 1.0
        self._looks = deque(known, LOOKS_KEPT)
        self._steady_looks: deque[Noise] = deque(maxlen=STEADY_LOOKS)
        self.lower = math.inf
        """Lower threshold of the envelope; infinite until the noise is known."""
        self.upper = math.inf
        """Upper threshold."""
        self.upper_distance = math.inf
        """Distance of the upper threshold from the noise floor."""
        self._update_thresholds()

    @property
    def known(self) -> tuple[Noise, ...]:
        """The looks that make the floor, the oldest first."""
        return tuple(self._looks)

    @property
    def level(self) -> float:
        """The noise floor itself."""
        return self.upper - self.upper_distance

    @property
    def look_s(self) -> float:
        """Length (s) of the next look."""
        return LOOK_S if len(self._looks) == LOOKS_KEPT else FIRST_LOOK_S

    def set_sensitivity(self, sensitivity: float) -> None:
        """Divide the distance of the upper threshold from the floor by a number.

        1.0 is the rule. The lower threshold stays where it is, as long as it lies below the upper
        one: a lower one would lie within the noise, and no movement would end;
        docs/science.md#sensitivity.
        """
        self._sensitivity = sensitivity
        self._update_thresholds()

    def forget(self) -> None:
        """Forget everything that was learned."""
        self._looks.clear()
        self._steady_looks.clear()
        self.lower = math.inf
        self.upper = math.inf
        self.upper_distance = math.inf

    def add_quiet_look(self, noise: Noise) -> None:
        """Learn from a look at quiet."""
        if not self._looks and noise.median > self._thresholds.highest_noise:
            # The recording begins with movement, so nothing is known of the noise yet.
            return
        if self._steady_looks:
            self._steady_looks.clear()
        self._looks.append(noise)
        self._update_thresholds()

    def add_restless_look(self, envelope: Floats) -> bool:
        """Look at an envelope without any quiet, and return whether it is noise that has grown.

        It is, after some steady looks in a row. The floor is then learned from them.
        """
        noise = noise_of(envelope)
        # Noise has no quiet moments: even its lowest tenth is near its median.
        tenth = len(envelope) // 10
        if np.partition(envelope, tenth)[tenth] < STEADY_MIN_SHARE * noise.median:
            # It comes and goes within the look, like the movements of restless legs.
            self._steady_looks.clear()
            return False
        self._steady_looks.append(noise)
        if not self._has_grown():
            return False
        self._looks.clear()
        self._looks.extend(self._steady_looks)
        self._update_thresholds()
        return True

    def _has_grown(self) -> bool:
        """Return whether the steady looks are alike and not too loud for noise."""
        # Movement that lasts as long varies from look to look.
        medians = [look.median for look in self._steady_looks]
        highest = max(medians)
        if len(medians) < STEADY_LOOKS or highest > self._thresholds.highest_noise:
            return False
        return highest - min(medians) < STEADY_MIN_SHARE * highest

    def _update_thresholds(self) -> None:
        """Compute the thresholds from the medians over the looks."""
        if not self._looks:
            return
        # A median over the looks: one disturbed look changes nothing.
        middle = len(self._looks) // 2
        floor = sorted([look.median for look in self._looks])[middle]
        spread = sorted([look.spread for look in self._looks])[middle]
        rule = self._thresholds
        upper_distance = max(rule.upper, rule.upper_spreads * spread) / self._sensitivity
        lower_distance = max(rule.lower, rule.lower_spreads * spread)
        self.upper_distance = upper_distance
        self.upper = floor + upper_distance
        # Never above the upper threshold, which a person may lower.
        self.lower = floor + min(upper_distance, lower_distance)
