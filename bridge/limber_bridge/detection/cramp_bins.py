"""Summarize the frames of one sensor in bins of half a second, for the rule of probable cramps."""

from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.binning import Binner, Bins
from limber_bridge.detection.envelope import Frames
from limber_bridge.detection.signal import SECOND, Quantity

BIN_US: Final = SECOND // 2
"""Length of a bin. Chosen: long enough for a stable figure; docs/science.md#probable-cramps."""


@dataclass(frozen=True, slots=True)
class CrampBin:
    """Half a second of one sensor."""

    start: int
    """us, a multiple of `BIN_US`."""
    level: float
    """RMS for EMG, otherwise the highest envelope; in the unit of the quantity."""
    center: tuple[float, ...]
    """Mean of each axis."""


class CrampBinner:
    """Builds the bins of one sensor."""

    def __init__(self, quantity: Quantity) -> None:
        """Start without frames."""
        self._quantity = quantity
        self._binner = Binner(BIN_US)

    def process_frames(self, frames: Frames) -> list[CrampBin]:
        """Return the bins that the frames complete."""
        if frames.envelope is None:
            return []
        rows = [frames.mean, frames.envelope[None]]
        return self._build(self._binner.process_frames(frames.times, rows))

    def finish(self) -> list[CrampBin]:
        """Return the bin that has begun, if any."""
        return self._build(self._binner.finish())

    def _build(self, bins: Bins | None) -> list[CrampBin]:
        """Return bins with what the rule needs."""
        if bins is None:
            return []
        means = bins.means()
        levels = bins.peaks(-1)
        if self._quantity is Quantity.EMG:
            # The mean of EMG is its energy. Removing heartbeats may leave a tiny negative one.
            levels = [max(mean[0], 0.0) ** 0.5 for mean in means]
        return [
            CrampBin(start, level, tuple(mean[:-1]))
            for start, level, mean in zip(bins.starts, levels, means, strict=True)
        ]
