"""Exit statuses of `limber`, and how it reports an error."""

import sys
from typing import Final

from limber_bridge.domain.foreign_text import printable

DONE: Final = 0
FAILED: Final = 1
"""Some input could not be processed; the others were."""
USAGE_ERROR: Final = 2
"""Wrong usage or configuration."""
INTERRUPTED: Final = 130
"""As of a program that SIGINT ends."""
BROKEN_PIPE: Final = 141
"""As of a program that SIGPIPE ends."""


def report_error(message: str, status: int) -> int:
    """Print an error on stderr as one line and return the exit status.

    A message may quote a file, and a file may contain anything.
    """
    print(printable(message, None), file=sys.stderr)  # noqa: T201 - an error for the user
    return status
