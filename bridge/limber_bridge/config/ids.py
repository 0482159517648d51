"""Suggest ids for sleepers from their names."""

import re
import unicodedata
from typing import Final

MAX_ID_LENGTH: Final = 32
TRANSLITERATION: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ħ": "h",
        "ŋ": "n",
        "ĸ": "k",
        "ŧ": "t",
    }
)
"""Latin letters that Unicode does not decompose into an ASCII letter and a mark."""


def suggest_id(name: str) -> str:
    """Return an id for a name, with letters beyond ASCII transliterated; empty if none is left."""
    return _slug_of(name.lower().translate(TRANSLITERATION))


def missing_id_message(name: str) -> str:
    """Return what to write for a sleeper without an `id`.

    Ids used to be made from the name without transliteration. Where that gives another id, the
    nights recorded so far are stored under it, so the message names both.
    """
    suggested = suggest_id(name)
    previous = _slug_of(name)
    if not suggested:
        return "add an `id` of small letters and digits next to this name, for example `anna`"
    if not previous or previous == suggested:
        return f"add `id: {suggested}`; it must stay the same when the name is corrected"
    return (
        f"add `id: {suggested}`, or `id: {previous}` to keep nights that were recorded without an"
        " `id`; it must stay the same when the name is corrected"
    )


def _slug_of(name: str) -> str:
    """Return the letters and digits of a name that ASCII can write, joined by underscores."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", ascii_name).strip("_")[:MAX_ID_LENGTH].strip("_")
