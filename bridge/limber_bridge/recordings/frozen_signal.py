"""Find where a sensor repeats the same values because it measures nothing.

That shows only in a sensor with noise; one that is still to the last digit may be at rest.
"""

from typing import Final

import numpy as np

from limber_bridge.detection.signal import Flags, Floats

MIN_FROZEN_S: Final = 10.0
"""Time for which a sensor that is never still to the last digit repeats the same values when it
measures nothing (chosen)."""
MIN_CHANGING_SHARE: Final = 0.5
"""Share of samples that differ from the one before, outside of such times (chosen)."""


def frozen_samples(samples: Floats, rate: float) -> Flags:
    """Return which samples (axes, n) repeat for so long that the sensor measured nothing."""
    frozen = long_repeats(samples, rate)
    if not frozen.any():
        return frozen
    changing = int((~repeats(samples) & ~frozen).sum())
    live = int((~frozen).sum())
    if changing < max(MIN_FROZEN_S * rate, MIN_CHANGING_SHARE * live):
        return np.zeros(samples.shape[1], bool)
    return frozen


def long_repeats(samples: Floats, rate: float) -> Flags:
    """Return which samples (axes, n) belong to a long run of the same values."""
    count = samples.shape[1]
    same = repeats(samples)
    frozen = np.zeros(count, bool)
    if np.count_nonzero(same) < MIN_FROZEN_S * rate:
        return frozen
    edges = np.flatnonzero(np.diff(same, prepend=False, append=False))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - begin >= MIN_FROZEN_S * rate:
            frozen[begin:end] = True
    return frozen


def repeats(samples: Floats) -> Flags:
    """Return which samples (axes, n) equal the one before on all axes."""
    same = np.zeros(samples.shape[1], bool)
    np.logical_and.reduce(samples[:, 1:] == samples[:, :-1], out=same[1:])
    return same
