"""How much clients may change, so that no flood of requests fills the journal; pure.

The limits hold at once. Nights are never deleted for what a person logged or labelled.
"""

from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.signal import SECOND

CHANGES_AT_ONCE: Final = 30
"""Changes of a sleeper in a row. Chosen: a person who logs a whole evening at once."""
CHANGE_INTERVAL_US: Final = 2 * SECOND
"""Time after which one more change is allowed. Chosen: 30 a minute, more than anyone types."""
FACTORS_PER_NIGHT: Final = 50
"""Different factors of a night. Chosen: every factor several times."""
LABELS_PER_NIGHT: Final = 50
"""Labels for moments of a night. Chosen: a cramp every ten minutes."""
FACTORS_MAX: Final = 20_000
"""Factors of a sleeper. Chosen: ten a night for five years; at most about 15 MB."""
LABELS_MAX: Final = 5_000
"""Labels of a sleeper. Chosen: three a night for five years."""
TOO_MANY: Final = "too_many"
"""Error of a request beyond these limits."""


class TooManyError(Exception):
    """A limit is reached; the text says which, and what to do."""


@dataclass(frozen=True, slots=True)
class EntryCounts:
    """What a sleeper has logged, or labelled, already."""

    of_night: int
    in_all: int


def check_factors(counts: EntryCounts) -> None:
    """Raise TooManyError where a factor cannot be added."""
    if counts.of_night >= FACTORS_PER_NIGHT:
        raise TooManyError(
            f"this night has {counts.of_night} factors already, which is the most that are stored"
        )
    if counts.in_all >= FACTORS_MAX:
        raise TooManyError(
            f"{counts.in_all:,} factors are stored already, which is the most; look for an "
            "automation that logs too often"
        )


def check_labels(counts: EntryCounts) -> None:
    """Raise TooManyError where a label for a moment cannot be added."""
    if counts.of_night >= LABELS_PER_NIGHT:
        raise TooManyError(
            f"this night has {counts.of_night} labels already, which is the most that are stored"
        )
    if counts.in_all >= LABELS_MAX:
        raise TooManyError(
            f"{counts.in_all:,} labels are stored already, which is the most; delete them with "
            "`reset_labels`"
        )


class ChangeRate:
    """Limit the changes of each sleeper in time."""

    def __init__(self) -> None:
        """Start with everything allowed."""
        self._used: dict[str, tuple[int, int]] = {}
        """By sleeper: how much of the time of `CHANGES_AT_ONCE` changes was used, and when."""

    def note(self, sleeper: str, now: int) -> None:
        """Count a change at a time (us, of any clock); TooManyError beyond the limit."""
        used, since = self._used.get(sleeper, (0, now))
        # A clock that was set back gives nothing back.
        used = max(0, used - max(0, now - since))
        if used > (CHANGES_AT_ONCE - 1) * CHANGE_INTERVAL_US:
            self._used[sleeper] = (used, now)
            raise TooManyError(
                f"more than {CHANGES_AT_ONCE} changes in a minute; wait, and look for an "
                "automation that runs too often"
            )
        self._used[sleeper] = (used + CHANGE_INTERVAL_US, now)
