"""A clock that was set now and then, and what a time that it showed was in truth."""

from dataclasses import dataclass, field, replace
from typing import Final

from limber_bridge.detection.events import UnilateralMovement
from limber_bridge.detection.signal import SECOND

LAG: Final = 3 * SECOND
"""us until everybody goes by a clock that was set; what is filed meanwhile may go by either."""


@dataclass(slots=True)
class ClockSteps:
    """By how much a clock was ahead, and since when. Times are us."""

    _since: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
    """True times, and by how much it was ahead from then on."""

    def note(self, now: float, ahead: float) -> None:
        """Take note that the clock is ahead by so much from a true time on (s)."""
        moment = (round(now * SECOND), round(ahead * SECOND))
        if moment[1] != self._since[-1][1]:
            self._since.append(moment)

    @property
    def ahead(self) -> float:
        """By how much (s) it is ahead now."""
        return self._since[-1][1] / SECOND

    @property
    def moments(self) -> list[tuple[int, int]]:
        """The spans around each setting in which a movement may look otherwise."""
        return [(since - LAG, since + LAG) for since, _ in self._since[1:]]

    def truths(self, shown: int) -> list[tuple[int, int]]:
        """Return the true times that a time may stand for, and by how much the clock was ahead
        then.
        """
        ends = [since for since, _ in self._since[1:]] + [2**62]
        return [
            (shown - ahead, ahead)
            for (since, ahead), end in zip(self._since, ends, strict=True)
            if since - LAG <= shown - ahead <= end + LAG
        ]

    def parts(self, part: UnilateralMovement) -> list[UnilateralMovement]:
        """Return the movements in true time that one may stand for."""
        return [
            replace(part, onset=onset, end=part.end - ahead)
            for onset, ahead in self.truths(part.onset)
        ]

    def spans(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return the spans in true time that one may stand for: of each possible end the shortest."""
        found = []
        for last, _ in self.truths(end):
            firsts = [first for first, _ in self.truths(begin) if first <= last + LAG]
            found += [(max(firsts), max(last, *firsts))] if firsts else []
        return found
