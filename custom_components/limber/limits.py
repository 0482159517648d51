"""Limits of what is accepted from a broker, and texts without control characters. Pure.

Every client that may publish below the topic of a bridge can send anything. The limits are far
above what a bridge sends.
"""

import re
import unicodedata
from typing import Final

from yarl import URL

MAX_PAYLOAD: Final = 2_000_000
"""Characters of a message. Chosen: a page of events has at most some hundred thousand."""
MAX_TEXT: Final = 2_000
"""Characters of one text."""
MAX_ITEMS: Final = 20_000
"""Items of a list or an object."""
MAX_PAGES: Final = 1_000
"""Pages of one answer. Chosen: ten years of nights are some hundred pages."""
MAX_PAGED_ITEMS: Final = 100_000
"""Nights or events of all pages of one answer."""
MAX_HOURS: Final = 48
"""Hours of one night. Chosen: a night is part of a day and its following one."""
MAX_EFFECTS: Final = 1_000
"""Chosen: a bridge compares 30 factors in some ten figures."""
MAX_TRIALS: Final = 1_000
"""Trials of a sleeper. Chosen: decades of trials of two weeks."""
MAX_REPORT_BYTES: Final = 20_000_000
"""Chosen: a report of two pages has some hundred thousand."""
MAX_RATING: Final = 10
"""Of the numerical rating scale from 0."""
MAX_SHOWN: Final = 20
"""Problems of one kind that are shown at a time. Chosen: more repairs hide each other."""
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
APP_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
"""Slugs of apps of the Supervisor, such as `0a1b2c3d_limber`; they become part of a path."""
INSTANCE: Final = re.compile(r"[0-9a-f]{32}")
"""Instance ids of bridges: docs/protocol.md."""
PAGE_URL: Final = re.compile(
    r"https?://(?:[A-Za-z0-9.-]{1,100}|\[[0-9A-Fa-f:]{2,45}\])(?::\d{1,5})?/[A-Za-z0-9/_-]{0,100}"
)
"""Address of a bridge's pages: a host and perhaps a path, with nothing that a script could use."""
TIME_ZONE: Final = re.compile(r"[A-Za-z][\w+-]{0,31}(?:/[A-Za-z][\w+-]{0,31}){0,2}", re.ASCII)
"""Names of time zones: words of the IANA database, and no path that leaves it."""
UNSAFE_CATEGORIES: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode categories of characters that control a line, its direction, or are half a character."""

NAME_LENGTH: Final = 60
"""Characters of a name that are shown. Chosen: longer ones fill a line of a phone."""
DETAIL_LENGTH: Final = 400
"""Characters of an explanation that are shown. Chosen: a few sentences."""
LOOKALIKES: Final = str.maketrans("<>[]`*\\|#~", "‹›()'∗/¦＃∼")  # noqa: RUF001 - on purpose
WWW: Final = re.compile(r"(?i)\b(www)\.")
PUNCTUATION: Final = re.compile(r"[!-/:-@\[-`{-~]")
"""All of ASCII."""


def is_page_url(text: str) -> bool:
    """Return whether a text is the address of a bridge's pages.

    The device registry refuses other addresses with an error, as with a port beyond 65535, and the
    bridge would have no entities.
    """
    try:
        return PAGE_URL.fullmatch(text) is not None and bool(URL(text).host)
    except ValueError:
        return False


def is_instance(text: str) -> bool:
    """Return whether a text is the instance id of a bridge."""
    return INSTANCE.fullmatch(text) is not None


def clean_text(text: str) -> str:
    """Return a text in which a space stands for every run of control characters."""
    if text.isprintable():
        return text
    cleaned = "".join(
        " " if unicodedata.category(one) in UNSAFE_CATEGORIES else one for one in text
    )
    return " ".join(cleaned.split())


def shorten(text: str, length: int) -> str:
    """Return a text of at most `length` characters; an ellipsis stands for what is missing."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def plain_text(text: str, length: int) -> str:
    """Return a short text that means the same as plain text, Markdown and HTML.

    For names and notes, which also appear in titles and notifications: other characters stand for
    those that make links, images, code and tags.
    """
    shown = text.translate(LOOKALIKES).replace("://", ": //")
    return shorten(WWW.sub(r"\1 .", shown), length)


def escape_markdown(text: str, length: int) -> str:
    """Return a short text that Home Assistant's Markdown shows as it is.

    A backslash before any ASCII punctuation takes its meaning away (CommonMark 0.31, 2.4), and
    keeps addresses from becoming links.
    """
    return PUNCTUATION.sub(r"\\\g<0>", shorten(text.strip(), length))
