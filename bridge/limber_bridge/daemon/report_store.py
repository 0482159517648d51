"""Holds reports for the minutes in which a client gets their parts."""

import secrets
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from limber_bridge.offline.report.render import RenderedReport

KEPT_S: Final = 300.0
"""s for which a report is held. Chosen: long enough to get all of its parts, also after a lost
connection, and short enough that a report that is asked for again is up to date."""
MAX_REPORTS: Final = 4
"""Reports that are held. Chosen: two people and both kinds; a report has some 100 kB."""
ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report with its id."""

    id: str
    sleeper: str
    key: Hashable
    """What it was made from: an equal order gets the same report."""
    made_at: float
    """s on the clock of the store."""
    report: RenderedReport


class ReportStore:
    """Make reports, one at a time, and hold the last ones. To be used from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start empty; `clock` returns s and never goes back."""
        self._clock = clock
        self._making = threading.Lock()
        self._reports: tuple[StoredReport, ...] = ()

    def find(self, sleeper: str, id_: str) -> StoredReport | None:
        """Return the report of a sleeper with an id; None if it is not held any more."""
        return next(
            (one for one in self._current() if (one.sleeper, one.id) == (sleeper, id_)), None
        )

    def get(self, sleeper: str, key: Hashable, make: Callable[[], RenderedReport]) -> StoredReport:
        """Return the report that is held under a key, or what `make` returns, which may raise."""
        with self._making:
            current = self._current()
            known = next((one for one in current if (one.sleeper, one.key) == (sleeper, key)), None)
            if known is not None:
                return known
            report = make()
            made = StoredReport(secrets.token_hex(ID_BYTES), sleeper, key, self._clock(), report)
            self._reports = (*current, made)[-MAX_REPORTS:]
            return made

    def _current(self) -> tuple[StoredReport, ...]:
        now = self._clock()
        return tuple(one for one in self._reports if now - one.made_at < KEPT_S)
