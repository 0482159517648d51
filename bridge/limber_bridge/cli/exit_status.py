"""Exit statuses of `limber`, and how it reports an error."""

import sys
from typing import TYPE_CHECKING, Final

from limber_bridge.domain.foreign_text import printable

if TYPE_CHECKING:
    from limber_bridge.config.yaml_loader import ConfigError

DONE: Final = 0
FAILED: Final = 1
"""Some input could not be processed; the others were."""
USAGE_ERROR: Final = 2
"""Wrong usage or configuration."""
INTERRUPTED: Final = 130
"""Same status as a program that SIGINT has terminated."""
BROKEN_PIPE: Final = 141
"""Same status as a program that SIGPIPE has terminated."""


def report_error(message: str, status: int) -> int:
    """Print an error on stderr as one line and return the exit status.

    A message may quote a file, and a file may contain anything.
    """
    warn(message)
    return status


def warn(message: str) -> None:
    """Print one line for the user on stderr."""
    print(printable(message, None), file=sys.stderr)  # noqa: T201 - for the user


def report_config_error(error: ConfigError) -> int:
    """Print each error of a configuration on stderr as one line and return the exit status."""
    for line in error.lines:
        warn(line)
    return USAGE_ERROR
