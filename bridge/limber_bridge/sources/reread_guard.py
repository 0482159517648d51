"""Let a restarted bridge read again what brings its detection to where it was.

The state in the journal is some seconds old when a bridge is killed, and filters start again with
each run. So the last two minutes before the stored read position may be read once more, from a
device that resends them. Such samples must lie where they lay before, by their number: a recording
of them that is sent later is refused. Pure.
"""

from collections.abc import Iterable
from typing import Final

from limber_bridge.detection.signal import SECOND, SampleBlock
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.frames import Frame, signed_difference

REREAD_S: Final = 120
"""Time before the stored position that is read again, as far as the ring holds it. Chosen: the
minute over which the noise is known, and the movement that was open."""
TIME_TOLERANCE_US: Final = 2 * SECOND
"""Largest difference between where a sample lies now and where it lay before. Chosen: more than the
delay of a clock frame in a busy network, less than the pause between two movements."""


class RereadGuard:
    """Decides which frames of one device are read again after a start of the bridge."""

    def __init__(self, positions: Iterable[ReadPosition]) -> None:
        """Start with the positions of the previous run."""
        self._by_boot = {one.boot: one for one in positions if one.time is not None}

    def is_expected(self, frame: Frame) -> bool:
        """Return whether a frame is one of the last that the previous run has read."""
        position = self._by_boot.get(frame.boot)
        if position is None:
            return False
        behind = signed_difference(position.end - frame.sequence)
        return frame.count <= behind <= REREAD_S * frame.rate

    def is_in_place(self, frame: Frame, block: SampleBlock) -> bool:
        """Return whether the samples of an expected frame lie where they lay before."""
        position = self._by_boot[frame.boot]
        behind = signed_difference(position.end - frame.sequence) - frame.count
        expected = (position.time or 0) - round(behind * SECOND / block.clock.rate)
        return abs(block.clock.time_of(block.end - 1) - expected) <= TIME_TOLERANCE_US
