"""Units of recordings, in the spellings of many programs."""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from limber_bridge.detection.signal import Quantity

STANDARD_GRAVITY: Final = 9.80665
"""m/s2 in 1 g."""
UNITS: Final[Mapping[Quantity, Mapping[str, float]]] = MappingProxyType(
    {
        Quantity.ACCELERATION: {
            "g": 1.0,
            "mg": 1e-3,
            "ug": 1e-6,
            "m/s2": 1 / STANDARD_GRAVITY,
            "cm/s2": 0.01 / STANDARD_GRAVITY,
            "mm/s2": 0.001 / STANDARD_GRAVITY,
        },
        Quantity.EMG: {"uV": 1.0, "nV": 1e-3, "mV": 1e3, "V": 1e6},
        Quantity.LOAD: {"kg": 1.0, "g": 1e-3, "N": 1 / STANDARD_GRAVITY},
    }
)
"""Value of a unit in the unit of the quantity (g, uV, kg), by the spelling that Limber writes."""
TIME_UNITS: Final = {
    "s": 1_000_000.0,
    "sec": 1_000_000.0,
    "secs": 1_000_000.0,
    "second": 1_000_000.0,
    "seconds": 1_000_000.0,
    "ms": 1_000.0,
    "msec": 1_000.0,
    "millis": 1_000.0,
    "milliseconds": 1_000.0,
    "us": 1.0,
    "usec": 1.0,
    "micros": 1.0,
    "microseconds": 1.0,
    "ns": 0.001,
    "nanos": 0.001,
    "nanoseconds": 0.001,
    "min": 60_000_000.0,
    "minutes": 60_000_000.0,
    "h": 3_600_000_000.0,
    "days": 86_400_000_000.0,
}
"""us in a unit of time."""
SPELLINGS: Final = {
    "ms-2": "m/s2",
    "m/sec2": "m/s2",
    "m/s/s": "m/s2",
    "mps2": "m/s2",
    "gn": "g",
    "g-force": "g",
    # A micro sign in another encoding: code page 437, ISO 8859-7, UTF-8 that was encoded twice.
    "\u00e6v": "uv",
    "\u00ecv": "uv",
    "\u00e2uv": "uv",
    "mcv": "uv",
    "uvolt": "uv",
    "uvolts": "uv",
    "microvol": "uv",
    "microv": "uv",
    "microvolt": "uv",
    "microvolts": "uv",
    "millivolt": "mv",
    "millivolts": "mv",
    "volt": "v",
    "volts": "v",
    "newton": "n",
    "newtons": "n",
}
"""Other spellings by which a unit is written, in the form of `normal_unit`."""


def normal_unit(text: str) -> str:
    """Return a unit in the form in which units are compared.

    Case, spaces, dots, carets, brackets and the way in which a micro sign or a superscript is
    written do not matter: `\u00b5V`, `\u03bcV` and `uV` are one unit, and so are `m/s\u00b2`,
    `m.s^-2` and `m/s2`.
    """
    # NFKC turns a superscript into a digit and the micro sign into the Greek letter.
    plain = unicodedata.normalize("NFKC", text).replace("\u03bc", "u").replace("\u2212", "-")
    letters = "".join(one for one in plain.casefold() if one not in " .^*\u00b7()[]{}\0")
    return SPELLINGS.get(letters, letters)


KNOWN_UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {normal_unit(unit): unit for units in UNITS.values() for unit in units}
)
"""Units of any quantity as Limber writes them, by their normal form."""


def unit_factor(quantity: Quantity, unit: str) -> float | None:
    """Return the value of a unit in the unit of a quantity; None if it is no unit of it."""
    factors = {normal_unit(name): factor for name, factor in UNITS[quantity].items()}
    return factors.get(normal_unit(unit))


def split_counts(unit: str) -> tuple[str, int]:
    """Return a unit and the number of counts in it: `1/4096 g` is g and 4096, `g` is g and 1."""
    counts = re.fullmatch(r"\s*1\s*/\s*([1-9]\d*)\s*(.+)", unit)
    return (unit, 1) if counts is None else (counts[2], int(counts[1]))


def is_known_unit(unit: str) -> bool:
    """Return whether a unit is one of time, or one of a quantity, in counts or not."""
    return unit.strip().lower() in TIME_UNITS or normal_unit(split_counts(unit)[0]) in KNOWN_UNITS
