"""Names that more than one module needs."""

from typing import Final

DOMAIN: Final = "limber"
CONF_BASE: Final = "base_topic"
CONF_BRIDGE: Final = "bridge"
DEFAULT_BASE: Final = "limber"
CONF_RESTLESS: Final = "restless_above"
DEFAULT_RESTLESS: Final = 15.0
"""Periodic movements per hour in bed. From there on sleep medicine speaks of periodic limb movement
disorder in adults, where there are complaints (PMC8662505); 18 % of healthy sleepers lie above it,
too (Frauscher)."""
CONF_BATTERY: Final = "battery_below"
DEFAULT_BATTERY: Final = 15
"""Percent: a night or more of most sensors [D]."""
FACTORS: Final = (
    "stretching", "magnesium", "alcohol", "caffeine", "exercise", "warm_bath", "water", "medicine", "other",
)  # fmt: skip
"""What can be logged: docs/protocol.md, section 5."""
