"""Find the unit of a stream from the gravity that it shows at rest; pure.

The app sends g or m/s2, by platform and setting. A sensor at rest measures 1 g whatever its
position, so anything else is a wrong unit or another quantity, and is refused by name.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from limber_bridge.detection.signal import SECOND
from limber_bridge.sources.phone.readings import Points
from limber_bridge.sources.rest_gravity import is_plausible
from limber_bridge.sources.source_api import Reason
from limber_bridge.sources.units import STANDARD_GRAVITY

FACTORS: Final = (1.0, 1 / STANDARD_GRAVITY)
"""Factors to g of the units that the app sends: g and m/s2 (UNITS.md of Sensor Logger)."""
REST_S: Final = 1.0
"""Length of the stretch at rest that is looked for. Chosen: a sleeper is still for longer."""
REST_SPREAD: Final = 0.05
"""Largest spread (from the 10th to the 90th percentile) of the norm at rest, relative to its
median. Chosen: several times the noise of a phone, a fraction of walking."""
NO_GRAVITY_BELOW: Final = 0.5
"""Norm at rest below which a stream has no gravity, in any unit. Chosen: half of the smallest that
has it."""
MILLI_G: Final = 1e-3
"""Factor to g of a stream in mg."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a stream."""

    factor: float
    """Multiplies the values to give g."""


@dataclass(frozen=True, slots=True)
class UnitFault:
    """A stream cannot be used."""

    reason: Reason
    text: str
    """One sentence for the person."""


NO_GRAVITY: Final = UnitFault(
    Reason.NO_GRAVITY,
    "This stream has no gravity: switch on Gravity next to Accelerometer, or the uncalibrated "
    "accelerometer, then start the recording again.",
)


def find_unit(points: Points) -> Unit | UnitFault | None:
    """Return the unit of a stream, why it has none, or None if it was never at rest."""
    norm = norm_at_rest(points)
    if norm is None:
        return None
    for factor in FACTORS:
        if is_plausible(norm * factor):
            return Unit(factor)
    if norm < NO_GRAVITY_BELOW:
        return NO_GRAVITY
    hint = "it seems to be in mg" if is_plausible(norm * MILLI_G) else "the unit is unknown"
    return UnitFault(
        Reason.WRONG_UNIT,
        f"This stream reads {norm:.4g} at rest, where gravity is 1 g or 9.81 m/s2; {hint}: choose "
        "another acceleration sensor in the app, or calibrate the phone.",
    )


def norm_at_rest(points: Points) -> float | None:
    """Return the median norm of the calmest stretch, if the sensor was at rest in it."""
    norms = np.sqrt(np.square(points.values).sum(axis=0))
    known = np.isfinite(norms)
    norms = norms[known]
    times = points.times[known]
    if not len(norms):
        return None
    stretches = (times - times[0]) // round(REST_S * SECOND)
    calmest: tuple[float, float] | None = None
    for stretch in np.unique(stretches):
        inside = norms[stretches == stretch]
        low, middle, high = np.percentile(inside, [10, 50, 90])
        # A stream without gravity is noise around zero: any spread is at rest there.
        spread = 0.0 if middle < NO_GRAVITY_BELOW / 5 else (high - low) / middle
        if len(inside) > 3 and (calmest is None or spread < calmest[0]):
            calmest = (float(spread), float(middle))
    if calmest is None or calmest[0] > REST_SPREAD:
        return None
    return calmest[1]
