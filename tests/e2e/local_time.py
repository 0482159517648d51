"""The time zone of the tests on a real Home Assistant: one in which it is evening when they start.

Which night is tonight's and which is the last one depends on the time of day, and so do the
sentences about them. A test would pass in the afternoon and fail in the morning.
"""

import os
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

EVENING: Final = 22
"""Hour of the local time."""


def zone_of_the_evening() -> str:
    """Return a time zone in which it is evening now, on the day of UTC or the one before."""
    offset = EVENING - datetime.now(UTC).hour
    offset -= 24 if offset > 12 else 0
    # The names have the opposite sign.
    return f"Etc/GMT{-offset:+d}" if offset else "Etc/GMT"


ZONE_NAME: Final = os.environ.setdefault("LIMBER_TEST_ZONE", zone_of_the_evening())
"""The same in all processes of a run, which inherit the environment of the first one."""
ZONE: Final = ZoneInfo(ZONE_NAME)
