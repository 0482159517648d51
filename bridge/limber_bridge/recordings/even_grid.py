"""Lay samples with uneven times on the even grid that the detection expects."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND, Floats, SampleBlock, SampleClock, Times

BLOCK_S: Final = 60.0
"""Length of a block, for which one line fits the clock: times jitter, and rates are wrong by a
percent."""
GAP_SAMPLE_INTERVALS: Final = 2.5
"""Samples further apart than this have missing samples between them."""


def measure_rate(stamps: Times) -> float:
    """Return the rate in Hz of samples at increasing times (us), over everything but the gaps."""
    steps = np.diff(stamps)
    regular = steps[steps < GAP_SAMPLE_INTERVALS * np.median(steps)]
    return float(len(regular) * SECOND / regular.sum())


def sample_steps(stamps: Times, rate: float) -> Times:
    """Return by how much the sample number grows from each time (us) to the next.

    Times may jitter: a distance of up to 2.5 intervals counts as one.
    """
    distances = np.diff(stamps) * rate / SECOND
    steps = np.where(distances < GAP_SAMPLE_INTERVALS, 1, np.rint(distances))
    return steps.astype(np.int64)


def split_into_blocks(
    indexes: Times, samples: Floats, stamps: Times, rate: float, *, nominal: float | None = None
) -> Iterator[SampleBlock]:
    """Yield consecutive samples in blocks of about `BLOCK_S`, each with its best-fitting clock.

    `samples` has the shape (axes, n), `stamps` are in us, `rate` is the measured one in Hz, and
    `nominal` the one for which filters are designed (default: the measured one).
    """
    count = min(len(indexes), max(1, round(len(indexes) / (BLOCK_S * rate))))
    for part in np.array_split(np.arange(len(indexes)), count):
        begin = int(part[0])
        end = int(part[-1]) + 1
        first = int(indexes[begin])
        elapsed = np.rint((indexes[begin:end] - first) * SECOND / rate).astype(np.int64)
        # The median is not affected by single late samples.
        time = int(np.median(stamps[begin:end] - elapsed))
        yield SampleBlock(
            first, samples[:, begin:end], SampleClock(first, time, rate), nominal or rate
        )
