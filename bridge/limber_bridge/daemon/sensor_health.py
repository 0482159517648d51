"""How a sensor does: a fold over what arrives from it."""

from collections import Counter, deque
from typing import Final

import numpy as np

from limber_bridge.detection.events import SignalFault
from limber_bridge.detection.signal import SECOND, SampleBlock
from limber_bridge.domain.nights import to_utc
from limber_bridge.protocol.messages import SensorHealth
from limber_bridge.sources.source_api import Ended, FrameError, Reason, Samples, SourceEvent

SILENT: Final = 10 * SECOND
"""us without a sample after which a sensor counts as away; a source that calls it calls again."""
REPORTED: Final = 60 * SECOND
"""us without a sample after which that is a problem: what mends itself sooner is none."""
REMEMBERED: Final = 60 * SECOND
"""us for which trouble is told after it was seen last, and over which the quality is taken."""
PROBLEM_SILENT: Final = "silent"
PROBLEM_ENDED: Final = "ended"
"""What is wrong with a sensor besides the reasons of `FrameError`: nothing comes, or its recording is
over."""


class SensorHealthTracker:
    """Follows one sensor. Times are us on the host's clock."""

    def __init__(self, began: int) -> None:
        """Begin at a time, with nothing heard yet."""
        self._began = began
        self._heard: int | None = None
        self._sampled: int | None = None
        self._end: int | None = None
        self._rate: float | None = None
        self._battery: int | None = None
        self._lost = self._refused = 0
        self._recent: deque[tuple[int, int, int]] = deque()
        self._trouble: tuple[Reason, int] | None = None
        self._troubles: Counter[str] = Counter()
        self._ended = False
        self._flaws: dict[str, SignalFault] = {}

    def take(self, arrival: SourceEvent, now: int) -> None:
        """Take in what arrived."""
        match arrival:
            case Samples():
                self._ended = False
                self._samples(arrival.block, now)
                self._battery = arrival.battery if arrival.battery is not None else self._battery
            case FrameError():
                self._trouble = (arrival.reason, now)
                self._troubles[arrival.reason] += 1
                self._refused += arrival.reason.discards_frame
            case Ended():
                self._heard = None
                self._ended = True

    def take_flaw(self, flaw: SignalFault) -> None:
        """Take in that something began to be wrong with the signal, or is over."""
        if flaw.end is None:
            self._flaws[flaw.fault] = flaw
        else:
            self._flaws.pop(flaw.fault, None)

    def connected(self, now: int) -> bool:
        """Return whether samples came lately."""
        # The clock may have been set back since.
        return self._heard is not None and abs(now - self._heard) < SILENT

    def problem(self, now: int) -> str | None:
        """Return what is wrong, as a word."""
        if self._ended:
            return PROBLEM_ENDED
        if self._trouble is not None and abs(now - self._trouble[1]) < REMEMBERED:
            return str(self._trouble[0])
        heard = self._began if self._heard is None else self._heard
        if not self.connected(now) and abs(now - heard) >= REPORTED:
            return PROBLEM_SILENT
        return next(iter(self._flaws), None)

    def message(self, now: int) -> SensorHealth:
        """Return it as it is told to others."""
        connected = self.connected(now)
        return SensorHealth(
            connected=connected,
            last_sample=None if self._sampled is None else to_utc(self._sampled),
            rate=None if self._rate is None else round(self._rate, 2),
            battery=self._battery,
            quality=self._quality(now) if connected else None,
            lost=self._lost,
            refused=self._refused,
            problem=self.problem(now),
            error_counts=dict(self._troubles),
        )

    def _samples(self, block: SampleBlock, now: int) -> None:
        good = int(np.isfinite(block.samples).all(axis=0).sum())
        expected = block.end - (block.first if self._end is None else min(self._end, block.first))
        self._lost += expected - good
        self._heard = now
        self._end = max(block.end, self._end or 0)
        self._rate = block.clock.rate
        self._sampled = block.clock.time_of(block.end - 1)
        # What was lost in a longer absence than the quality looks back at has no part in it.
        self._recent.append(
            (now, min(expected, good + round(block.rate * REMEMBERED / SECOND)), good)
        )
        self._forget(now)

    def _forget(self, now: int) -> None:
        # What lies ahead is from before the clock was set back.
        while self._recent and abs(now - self._recent[0][0]) > REMEMBERED:
            self._recent.popleft()

    def _quality(self, now: int) -> int | None:
        self._forget(now)
        expected = sum(expected for _, expected, _ in self._recent)
        return (
            round(100 * sum(good for _, _, good in self._recent) / expected) if expected else None
        )
