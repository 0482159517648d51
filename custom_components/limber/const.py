"""Names that more than one module needs."""

from typing import Final

DOMAIN: Final = "limber"
CONF_BASE: Final = "base_topic"
CONF_BRIDGE: Final = "bridge"
DEFAULT_BASE: Final = "limber"
