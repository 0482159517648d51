"""Check the unit of surface EMG by its level at rest, which physics limits from both sides."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from limber_bridge.detection.signal import Floats, Quantity
from limber_bridge.domain.foreign_text import printable
from limber_bridge.domain.recording import UnreadableRecordingError
from limber_bridge.recordings.units import UNITS, unit_factor

MAX_REST_UV: Final = 200.0
"""uV. chosen: a resting muscle has a few uV, and a full contraction of the tibialis anterior about
1,000 uV; a fifth of that cannot be held through most of a night."""
MIN_REST_UV: Final = 0.05
"""uV. chosen: less than the noise of any amplifier with its electrodes."""
USUAL_REST_UV: Final = (0.2, 60.0)
"""uV. chosen: from a very good amplifier and a relaxed muscle to a bad one and a tense muscle."""
BAND_HZ: Final = (10.0, 100.0)
"""Band of the EMG that both rule sets use."""
MAINS_HZ: Final = (50.0, 60.0)
MAINS_WIDTH_HZ: Final = 2.0
"""Hum may be stronger than the muscle, and says nothing about the unit."""
WINDOW_S: Final = 2.0
MAX_WINDOWS: Final = 200
MIN_WINDOWS: Final = 20
"""chosen: less than 40 s may contain no rest."""
MIN_RATE_HZ: Final = 50.0
"""Slower signals do not contain the band; movements in them are unknown anyway."""
REST_QUANTILE: Final = 0.2
"""Share of the windows that are at rest, at least."""


def check_emg_level(
    path: Path, label: str, samples: Iterable[Floats], rate: float, unit: str
) -> None:
    """Raise UnreadableRecordingError if EMG cannot be in its unit.

    `samples` are parts of the signal, spread over it, shape (n,), in uV if its `unit` is right;
    `rate` is in Hz.
    """
    levels = np.array([level for level in window_levels(samples, rate) if level > 0])
    if len(levels) < MIN_WINDOWS:
        return
    quiet = float(np.quantile(levels, REST_QUANTILE))
    usual = float(np.median(levels))
    if quiet <= MAX_REST_UV and usual >= MIN_REST_UV:
        return
    level = quiet if quiet > MAX_REST_UV else usual
    fitting = fitting_unit(level, unit)
    remedy = (
        "no unit fits; check the export"
        if fitting is None
        else f"{fitting} would fit: write --unit '{printable(label)}={fitting}'"
    )
    raise UnreadableRecordingError(
        f"{path}: `{printable(label)}` reads {level:.3g} uV at rest, where a muscle has "
        f"{USUAL_REST_UV[0]:g} to {USUAL_REST_UV[1]:g} uV, so its unit is not "
        f"{printable(unit)}; {remedy}"
    )


def fitting_unit(level: float, unit: str) -> str | None:
    """Return the unit in which a level, in uV if `unit` were right, is usual; None for none."""
    stated = unit_factor(Quantity.EMG, unit) or 1.0
    low, high = USUAL_REST_UV
    return next(
        (
            name
            for name, factor in UNITS[Quantity.EMG].items()
            if low <= level / stated * factor <= high
        ),
        None,
    )


def window_levels(samples: Iterable[Floats], rate: float) -> Iterator[float]:
    """Yield the RMS in the EMG band of windows of 2 s; windows with a NaN are left out."""
    if rate < MIN_RATE_HZ:
        return
    size = round(WINDOW_S * rate)
    # A taper, so that an offset or a slow drift does not leak into the band.
    taper = np.hanning(size)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    in_band = (frequencies >= BAND_HZ[0]) & (frequencies <= min(BAND_HZ[1], 0.45 * rate))
    for mains in MAINS_HZ:
        in_band &= np.abs(frequencies - mains) > MAINS_WIDTH_HZ
    for part in samples:
        if len(part) < size or not np.isfinite(part[:size]).all():
            continue
        window = part[:size] - part[:size].mean()
        spectrum = np.fft.rfft(window * taper)
        power = 2 * np.square(np.abs(spectrum[in_band])).sum() / np.square(taper).sum() / size
        yield float(np.sqrt(power))
