"""Which signed frames have been seen, so that none counts twice.

Law: pure. Of every start of a device each sample counts at most once, and in order only: whoever
records frames and sends them again, at once or after a restart of the bridge, gets nothing. (Frames
that were held back and never came can still come late; only a device that is asked could prove when
it sends.)
"""

from collections.abc import Iterable, Iterator
from typing import Final

from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.frames import WRAP, Frame, near

STARTS: Final = 1000
"""Starts of a device that are remembered, as in the journal."""


class ReplayGuard:
    """Follows one device."""

    def __init__(self, read: Iterable[ReadPosition] = ()) -> None:
        """Begin with what was read in an earlier life, the latest start last."""
        self._ends = {one.boot: one.end for one in read}

    def admits(self, frame: Frame) -> bool:
        """Return whether nothing in a frame was seen before."""
        end = self._ends.get(frame.boot)
        return end is None or near(frame.sequence - end) >= 0

    def note(self, read: ReadPosition) -> None:
        """Take it that so much was read."""
        self._ends.pop(read.boot, None)
        self._ends[read.boot] = read.end
        if len(self._ends) > STARTS:
            del self._ends[next(iter(self._ends))]

    def __iter__(self) -> Iterator[ReadPosition]:
        """Yield how far each start was read, the latest last."""
        return (ReadPosition(boot, end) for boot, end in self._ends.items())


def read_of(frame: Frame) -> ReadPosition:
    """Return how far its start has been read with a frame."""
    return ReadPosition(frame.boot, (frame.sequence + frame.count) % WRAP)
