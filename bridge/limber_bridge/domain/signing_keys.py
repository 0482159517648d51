"""Keys that sign frames: which are too weak, and how to make one.

A device that records one signed frame can try keys on it for any time, and the bridge does not
notice. One core tries hundreds of thousands a second (docs/security.md#sensors): all words of a
dictionary in seconds, and all keys of 8 small letters and digits in weeks. 16 random hexadecimal
digits are 64 bits, as many as a signature has, and take hundreds of thousands of years.

A check cannot see whether a text is random. It refuses what certainly is not.
"""

import re
import secrets
from itertools import pairwise
from typing import Final

from limber_bridge.domain.counted import counted

MIN_CHARACTERS: Final = 16
"""Characters of a key at least: as many hexadecimal digits as a signature of 64 bits has."""
MIN_DISTINCT: Final = 6
"""Different characters of a key at least. Chosen: of 100,000 keys of 16 random hexadecimal
digits, four have fewer."""
LONGEST_REPEATED: Final = 8
"""A text of at most this length that is repeated is not a longer key than the text itself."""
MAX_EXPECTED_SHARE: Final = 0.7
"""Share of characters that may follow from the one before. Chosen: random hexadecimal digits have
0.2, and of a million keys of 16 six have more than 0.7; a row of letters or digits has 0.9."""
ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
)
"""Characters that lie side by side in the alphabet and on keyboards."""
COMMON_WORDS: Final = (
    "password",
    "passwort",
    "qwerty",
    "qwertz",
    "azerty",
    "welcome",
    "letmein",
    "default",
    "changeme",
    "secret",
    "admin",
    "administrator",
    "master",
    "limber",
    "sensor",
    "bridge",
    "homeassistant",
    "iloveyou",
    "test",
    "key",
)
"""Words that people write with digits behind them. Chosen: the usual first guesses, and the words
that this project uses."""
COMMON_WORD: Final = re.compile("|".join(sorted(COMMON_WORDS, key=len, reverse=True)))
NEIGHBORS: Final = frozenset(
    pair for row in ROWS for order in (row, row[::-1]) for pair in pairwise(order)
)
NEW_KEY_BYTES: Final = 16
"""Random bytes of a new key, each two characters. Chosen: twice of what is needed, to be copied
rather than typed."""


def new_key() -> str:
    """Return a random key: hexadecimal digits, which every file and every sensor can hold."""
    return secrets.token_hex(NEW_KEY_BYTES)


def find_weakness(key: str) -> str | None:
    """Return why a key is too weak; None if nothing is known against it."""
    if len(key) < MIN_CHARACTERS:
        return f"it has {len(key)} characters"
    if len(set(key)) < MIN_DISTINCT:
        return f"it has only {counted(len(set(key)), 'different character')}"
    if any(is_repeated(key, length) for length in range(1, LONGEST_REPEATED + 1)):
        return "it repeats a short text"
    lowered = key.lower()
    expected = sum(one == other or (one, other) in NEIGHBORS for one, other in pairwise(lowered))
    if expected > MAX_EXPECTED_SHARE * (len(key) - 1):
        return "its characters follow the alphabet or a keyboard"
    if is_common(lowered):
        return "it is a common word with digits"
    return None


def is_common(lowered: str) -> bool:
    """Return whether a key in small letters is common words with digits and signs around them.

    As many other characters as a key needs are enough by themselves.
    """
    rest, words = COMMON_WORD.subn("", lowered)
    return words > 0 and len(rest) < MIN_CHARACTERS and not any(one.isalpha() for one in rest)


def is_repeated(key: str, length: int) -> bool:
    """Return whether a key is its first characters again and again."""
    return all(key[at] == key[at % length] for at in range(len(key)))
