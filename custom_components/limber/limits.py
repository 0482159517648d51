"""Limits of what is accepted from a broker, and texts without control characters. Pure.

Every client that may publish below the topic of a bridge can send anything. The limits are far
above what a bridge sends.
"""

import re
import unicodedata
from typing import Final

MAX_PAYLOAD: Final = 2_000_000
"""Characters of a message. Chosen: a page of events has at most some hundred thousand."""
MAX_TEXT: Final = 2_000
"""Characters of one text."""
MAX_ITEMS: Final = 20_000
"""Items of a list or an object."""
MAX_SLEEPERS: Final = 50
MAX_SENSORS: Final = 50
"""Of one sleeper."""
MAX_STATES: Final = 2 * MAX_SLEEPERS
"""Sleepers whose states are kept, before the bridge has described itself."""
MAX_NUMBER: Final = 2**53
"""Absolute value. Larger numbers are not exact in JSON (RFC 8259, 6)."""
MIN_YEAR: Final = 1970
"""A bridge whose clock was never set begins here."""
MAX_YEAR: Final = 9000
"""Adding days, or another time zone, fails close to the year 10000."""
ID: Final = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
"""Ids of sleepers: docs/protocol.md."""
TIME_ZONE: Final = re.compile(r"[A-Za-z][\w+-]{0,31}(?:/[A-Za-z][\w+-]{0,31}){0,2}", re.ASCII)
"""Names of time zones: words of the IANA database, and no path that leaves it."""
UNSAFE_CATEGORIES: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode categories of characters that control a line, its direction, or are half a character."""


def clean_text(text: str) -> str:
    """Return a text in which a space stands for every run of control characters."""
    if text.isprintable():
        return text
    cleaned = "".join(
        " " if unicodedata.category(one) in UNSAFE_CATEGORIES else one for one in text
    )
    return " ".join(cleaned.split())
