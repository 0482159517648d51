"""Recognize the units in which devices and programs describe their signals. Pure."""

from typing import Final

from limber_bridge.detection.signal import Quantity

STANDARD_GRAVITY: Final = 9.80665
"""m/s2 per g (BIPM, The International System of Units, 9th edition)."""
SCALES: Final = {
    Quantity.ACCELERATION: {
        "g": 1.0,
        "mg": 1e-3,
        "m/s2": 1 / STANDARD_GRAVITY,
        "m/s^2": 1 / STANDARD_GRAVITY,
        "m/s²": 1 / STANDARD_GRAVITY,
    },
    Quantity.EMG: {
        "v": 1e6,
        "volt": 1e6,
        "volts": 1e6,
        "mv": 1e3,
        "millivolt": 1e3,
        "millivolts": 1e3,
        "uv": 1.0,
        "µv": 1.0,
        "μv": 1.0,
        "microvolt": 1.0,
        "microvolts": 1.0,
        "nv": 1e-3,
    },
    Quantity.LOAD: {"kg": 1.0, "g": 1e-3},
}
"""By quantity and unit in small letters: the value of one of it, in the unit of the quantity."""
EXAMPLES: Final = {
    Quantity.ACCELERATION: "g, mg or m/s2",
    Quantity.EMG: "uV, mV or V",
    Quantity.LOAD: "kg or g",
}
"""Units to write, by quantity."""


def unit_scale(quantity: Quantity, unit: str) -> float | None:
    """Return the value of one `unit`, in the unit of the quantity; None if it is not known."""
    return SCALES[quantity].get(unit.strip().lower())
