"""The history of a clock that was set several times, and the true times that it showed."""

from dataclasses import dataclass, field, replace
from typing import Final

from limber_bridge.detection.events import UnilateralMovement
from limber_bridge.detection.signal import SECOND

LAG: Final = 3 * SECOND
"""us until every program has noticed a clock step; in between, events may use either clock."""


@dataclass(slots=True)
class ClockSteps:
    """By how much a clock was ahead, and since when. Times in us."""

    _since: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
    """True times of the clock steps, and by how much the clock was ahead afterwards."""
    _over: int = 2**62
    """True time of the end of the run."""

    def note(self, now: float, ahead: float) -> None:
        """Record that the clock is ahead by an amount from a true time on, both in s."""
        moment = (round(now * SECOND), round(ahead * SECOND))
        if moment[1] != self._since[-1][1]:
            self._since.append(moment)

    def finish(self, now: float) -> None:
        """Record that the clock showed nothing after a true time, in s."""
        self._over = round(now * SECOND)

    @property
    def ahead(self) -> float:
        """By how much the clock is ahead now, in s."""
        return self._since[-1][1] / SECOND

    @property
    def moments(self) -> list[tuple[int, int]]:
        """The spans around clock steps in which a movement may be detected differently."""
        return [(since - LAG, since + LAG) for since, _ in self._since[1:]]

    def truths(self, shown: int) -> list[tuple[int, int]]:
        """Return the true times that a clock time may stand for, with their offsets."""
        ends = [since for since, _ in self._since[1:]] + [self._over]
        return [
            (shown - ahead, ahead)
            for (since, ahead), end in zip(self._since, ends, strict=True)
            if since - LAG <= shown - ahead <= end + LAG
        ]

    def parts(self, part: UnilateralMovement) -> list[UnilateralMovement]:
        """Return the movements in true time that a movement in clock time may stand for."""
        return [
            replace(part, onset=onset, end=part.end - ahead)
            for onset, ahead in self.truths(part.onset)
        ]

    def spans(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return the shortest span in true time for each possible end of a span."""
        found = []
        for last, _ in self.truths(end):
            firsts = [first for first, _ in self.truths(begin) if first <= last + LAG]
            found += [(max(firsts), max(last, *firsts))] if firsts else []
        return found
