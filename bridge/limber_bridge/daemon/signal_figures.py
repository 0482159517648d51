"""Measure the level of the signal of one sensor: gravity at rest, EMG at rest, load. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats, Quantity
from limber_bridge.sources.rest_gravity import is_plausible

WINDOW_S: Final = 1.0
"""Length of the windows in which the signal is still or moves. Chosen: shorter than the pauses
between the movements of a person who is awake."""
STILL_MAX_SPREAD: Final = 0.03
"""Largest standard deviation of a still window, relative to its mean norm, so that it holds for a
signal in a wrong unit. Chosen: three times the noise of the noisiest common chip, an MPU6050
(docs/science.md#simulated-signals)."""
STILL_MAX_SPREAD_G: Final = 0.01
"""The same without gravity. Chosen: twice the noise of an MPU6050, added over its axes."""
REST_PERCENTILE: Final = 10.0
"""The quietest windows, in percent, that show the EMG at rest. Chosen: a person who is awake
contracts the muscle now and then."""
COUNTS_PER_G: Final = (1e3, 1e4)
"""Counts of the frames for one g: mg and 0.1 mg (docs/protocol.md)."""
UPRIGHT_MIN_SHARE: Final = 0.94
"""Share of gravity along an axis from which that axis is vertical: within 20 degrees. Chosen."""


@dataclass(frozen=True, slots=True)
class SignalFigures:
    """What was measured of the level of one signal, in the unit of its quantity."""

    at_rest: float | None
    """Acceleration: median norm of still windows. EMG: RMS of the quietest windows. Load: median.
    None: it was never at rest, or nothing was usable."""
    still_share: float
    """Share of the windows in which nothing moved; 1 for quantities other than acceleration."""
    vertical_axis: str | None = None
    """`x`, `y` or `z`: the axis of acceleration that was vertical while it was still."""
    constant: bool = False
    """Whether all samples were the same."""
    swapped_bytes: bool = False
    """Whether the samples show gravity only after their two bytes are swapped."""


def signal_figures(quantity: Quantity, samples: Floats, rate: float) -> SignalFigures | None:
    """Return the figures of samples of shape (axes, n) at `rate` Hz; None if there are too few."""
    usable = samples[:, np.isfinite(samples).all(axis=0)]
    size = max(2, round(WINDOW_S * rate))
    if usable.shape[1] < size:
        return None
    windows = usable[:, : usable.shape[1] // size * size].reshape(len(usable), -1, size)
    constant = bool((usable == usable[:, :1]).all())
    match quantity:
        case Quantity.ACCELERATION:
            return acceleration_figures(windows, constant=constant)
        case Quantity.EMG:
            rms = windows[0].std(axis=1)
            return SignalFigures(float(np.percentile(rms, REST_PERCENTILE)), 1.0, constant=constant)
        case Quantity.LOAD:
            return SignalFigures(float(np.median(usable)), 1.0, constant=constant)


def acceleration_figures(windows: Floats, *, constant: bool) -> SignalFigures:
    """Return the figures of acceleration in windows, shape (3, windows, samples), in g."""
    gravity, still_share = gravity_at_rest(windows)
    swapped = False
    if gravity is None or not is_plausible(gravity):
        swapped = any(shows_gravity(swap_bytes(windows, scale)) for scale in COUNTS_PER_G)
    direction = np.median(windows.reshape(3, -1), axis=1)
    share = np.abs(direction) / max(1e-9, float(np.linalg.norm(direction)))
    axis = "xyz"[int(share.argmax())] if share.max() >= UPRIGHT_MIN_SHARE else None
    return SignalFigures(
        gravity, still_share, axis if still_share > 0.5 else None, constant, swapped
    )


def gravity_at_rest(windows: Floats) -> tuple[float | None, float]:
    """Return the median norm of the still windows, None without any, and their share."""
    norms = np.linalg.norm(windows.mean(axis=2), axis=0)
    spread = np.sqrt(windows.var(axis=2).sum(axis=0))
    # A signal without gravity has no norm to compare with.
    still = spread <= np.maximum(STILL_MAX_SPREAD * norms, STILL_MAX_SPREAD_G)
    return (float(np.median(norms[still])) if still.any() else None), float(still.mean())


def shows_gravity(windows: Floats) -> bool:
    """Return whether most windows are still and have the norm of gravity."""
    gravity, still_share = gravity_at_rest(windows)
    return gravity is not None and is_plausible(gravity) and still_share > 0.5


def swap_bytes(windows: Floats, counts_per_g: float) -> Floats:
    """Return samples as if the two bytes of each count had been exchanged."""
    counts = np.clip(np.rint(windows * counts_per_g), -(2**15), 2**15 - 1).astype("<i2")
    swapped: Floats = counts.byteswap().astype(np.float64) / counts_per_g
    return swapped
