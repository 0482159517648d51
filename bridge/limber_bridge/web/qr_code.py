"""Draws an address as a QR code."""

import io
from dataclasses import dataclass
from typing import Final

import segno

BORDER: Final = 4
"""Modules of the quiet zone (ISO/IEC 18004, 9.1)."""


@dataclass(frozen=True, slots=True)
class QrCode:
    """The parts of an SVG."""

    size: int
    """Width and height in modules, with the quiet zone."""
    path: str
    """`d` of the dark modules, a stroke of one module."""


def qr_code(text: str) -> QrCode:
    """Return a QR code of a text."""
    code = segno.make(text, error="m", micro=False)
    runs = io.StringIO()
    for y, row in enumerate(code.matrix):
        for x, dark in enumerate(row):
            if dark:
                runs.write(f"M{x + BORDER} {y + BORDER}h1v1h-1z")
    return QrCode(len(code.matrix) + 2 * BORDER, runs.getvalue())
