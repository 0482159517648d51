"""Limits that the rules for probable and for possible cramps share.

Cramp detection is experimental and has not been validated; docs/science.md#cramps.
"""

from typing import Final

from limber_bridge.detection.signal import MINUTE

CRAMP_MAX_US: Final = 20 * MINUTE
"""Longest cramp. Chosen: cramps last up to about 10 min (Hallegraeff 2017); what lasts longer is a
fault of the sensor."""
ALERT_REFRACTORY_US: Final = 15 * MINUTE
"""Shortest time from one alert to the next. Chosen."""
