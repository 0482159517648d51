"""A band-pass filter that runs at the rate of the sensor.

A signal that is filtered block by block is filtered the same, to the last bit, as in one piece.
This is the only module that needs SciPy.
"""

from functools import cache
from typing import Final

from scipy.signal import butter, lfilter, lfilter_zi

from limber_bridge.detection.signal import Floats

ORDER: Final = 2
"""Order of the Butterworth filter. Chosen: a steeper one rings longer after each burst;
docs/science.md#emg-signal."""
HIGHEST_EDGE_SHARE: Final = 0.45
"""Share of the sampling rate to which the upper edge is limited. Chosen: a filter of this order
loses its shape above that; docs/science.md#emg-signal."""


class Bandpass:
    """Filters one signal block by block."""

    def __init__(self, band: tuple[float, float], rate: float, first: Floats) -> None:
        """Start as if the signal had always had the value of its first column (axes, 1).

        `band` and `rate` are in Hz. Starting from zero, the offset of the electrodes would ring.
        """
        self._coefficients = design_bandpass(band, rate)
        self._state = lfilter_zi(*self._coefficients)[None] * first

    def process_samples(self, samples: Floats) -> Floats:
        """Return the next samples (axes, n) filtered; n must not be 0."""
        filtered, self._state = lfilter(*self._coefficients, samples, zi=self._state)
        return filtered


@cache
def design_bandpass(band: tuple[float, float], rate: float) -> tuple[Floats, Floats]:
    """Return numerator and denominator of the filter for a signal of `rate` Hz.

    At this order the single fraction agrees with second-order sections to eight digits at 5 kHz,
    and filters a quarter faster.
    """
    # A slow sensor may not reach the upper edge.
    low, high = band
    edges = (low, min(high, HIGHEST_EDGE_SHARE * rate))
    numerator, denominator = butter(ORDER, edges, "bandpass", fs=rate, output="ba")
    return numerator, denominator
