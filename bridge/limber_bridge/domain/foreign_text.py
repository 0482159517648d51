"""Show texts that strangers can choose: names of devices, streams and sensors. Pure."""

from typing import Final

NAME_LENGTH: Final = 80
"""Characters of a name that are shown. Chosen: more than the name of any real device."""


def printable(text: str, limit: int | None = NAME_LENGTH) -> str:
    r"""Return a text without characters that could control a terminal or begin a new line.

    They are replaced by their codes, such as \x1b, in a form that is the same in Python and in YAML
    between double quotes. A text longer than `limit` is cut; None: it is not.
    """
    shown = text if limit is None or len(text) <= limit else f"{text[:limit]}..."
    return "".join(one if one.isprintable() else escape(one) for one in shown)


def escape(character: str) -> str:
    """Return the code of a character."""
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
