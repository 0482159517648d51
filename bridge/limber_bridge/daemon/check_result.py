"""The result of one check of `limber check`."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of a check; its value is the first word of the line."""

    OK = "ok"
    NOTE = "note"
    """Nothing is broken, and the user should still know."""
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found, as a line for the user."""

    outcome: Outcome
    message: str
    """What was checked and what was found; for a failure also how to fix it."""

    @property
    def failed(self) -> bool:
        """Return whether something does not work."""
        return self.outcome is Outcome.FAILED


def passed(message: str) -> CheckResult:
    """Return the result of a check that found everything in order."""
    return CheckResult(Outcome.OK, message)


def note(message: str) -> CheckResult:
    """Return the result of a check that found something worth knowing."""
    return CheckResult(Outcome.NOTE, message)


def failed(message: str) -> CheckResult:
    """Return the result of a check that found a fault."""
    return CheckResult(Outcome.FAILED, message)
