"""Log unexpected errors: each once, with what a report of the fault needs."""

import asyncio
import logging
import traceback
from pathlib import Path
from typing import Final

LOG: Final = logging.getLogger(__name__)

REPORT_HELP: Final = (
    "this is a fault of the bridge: please report it, with the lines that the log has about it, at "
    "https://github.com/limber-home/limber/issues"
)


class FailureLog:
    """Log each unexpected error once, by the place in the program that raised it."""

    def __init__(self) -> None:
        """Start with nothing logged."""
        self._logged: set[tuple[str, str]] = set()

    def log(self, subject: str, error: Exception, consequence: str) -> str:
        """Log an error with its traceback unless the same was logged before; return its text.

        `subject` names what failed, `consequence` says what the bridge does now.
        """
        text = f"unexpected error ({describe(error)}); {REPORT_HELP}"
        key = (subject, place_of(error))
        if key not in self._logged:
            self._logged.add(key)
            LOG.error("%s: %s; %s", subject, text, consequence, exc_info=error)
        return text


def describe(error: Exception) -> str:
    """Return the class of an error and the place that raised it."""
    return f"{type(root_of(error)).__name__} in {place_of(error)}"


def place_of(error: Exception) -> str:
    """Return the file and the line that raised an error."""
    frames = traceback.extract_tb(root_of(error).__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"


def root_of(error: Exception) -> Exception:
    """Return an error, or the first one of a group of errors."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def is_cancelled() -> bool:
    """Return whether the current task is being cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
