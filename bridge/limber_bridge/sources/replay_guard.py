"""Recognize frames that have been read before.

For each boot of a device, every sample counts at most once, and only in order. So frames that were
recorded and sent again have no effect, neither at once nor after a restart of the bridge; and a
device may send again, after each reconnect, everything that its memory holds. (Frames that were
intercepted and held back can still arrive late; only a challenge to the device could prove when it
sent them.)
"""

from collections.abc import Iterable, Iterator
from typing import Final

from limber_bridge.detection.signal import SampleBlock
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.frames import COUNTER_MODULUS, AnyFrame, Frame, signed_difference

MAX_BOOTS: Final = 1000
"""Boots of a device that are remembered, the same number as in the journal."""


class ReplayGuard:
    """Remembers how far the frames of one device have been read, for each of its boots."""

    def __init__(self, positions: Iterable[ReadPosition] = ()) -> None:
        """Start with the positions of previous runs, the latest boot last."""
        self._by_boot = {position.boot: position for position in positions}

    def is_new(self, frame: Frame) -> bool:
        """Return whether no sample of a frame has been read before."""
        return not self.has_read(frame.boot, frame.sequence)

    def has_read(self, boot: int, sequence: int) -> bool:
        """Return whether the sample with a number has been read before."""
        position = self._by_boot.get(boot)
        return position is not None and signed_difference(position.end - sequence) > 0

    def samples_behind(self, frame: AnyFrame) -> int:
        """Return how far a frame begins before the position of its boot; 0 for an unknown boot.

        Negative where samples are missing between the two.
        """
        position = self._by_boot.get(frame.boot)
        return 0 if position is None else signed_difference(position.end - frame.sequence)

    def forget_boot(self, boot: int) -> None:
        """Forget how far a boot was read, because the device started again with the same id."""
        self._by_boot.pop(boot, None)

    def add_position(self, position: ReadPosition) -> None:
        """Record that the frames of a boot were read up to a position."""
        # Inserted again at the end, so that the boot that was silent longest comes first.
        self._by_boot.pop(position.boot, None)
        self._by_boot[position.boot] = position
        if len(self._by_boot) > MAX_BOOTS:
            del self._by_boot[next(iter(self._by_boot))]

    def __iter__(self) -> Iterator[ReadPosition]:
        """Yield the position of each boot, the latest last."""
        return iter(self._by_boot.values())


def position_after(frame: Frame, block: SampleBlock) -> ReadPosition:
    """Return the position up to which a boot has been read after this frame.

    `block`: the samples of the frame, placed in time.
    """
    end = (frame.sequence + frame.count) % COUNTER_MODULUS
    return ReadPosition(frame.boot, end, block.clock.time_of(block.end - 1))
