"""The version of the protocol."""

from typing import Final

PROTOCOL: Final = 1
"""Value of `v` in every message."""
