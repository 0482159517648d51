"""Know which samples were taken during a pause, however late they arrive. Pure."""

from collections import deque
from typing import Final

from limber_bridge.detection.signal import SampleBlock

REMEMBERED_PAUSES: Final = 16
"""Pauses that are remembered. Chosen: late samples are ten minutes old at most, and a person does
not press a switch more often in that time."""


class Pauses:
    """Remember the last pauses of one sleeper. Times are us, UTC.

    They are not stored: after a restart of the bridge, a pause counts from the restart on.
    """

    def __init__(self, *, paused_since: int | None) -> None:
        """Start; `paused_since` is when the pause began that lasts now, None without one."""
        self._since = paused_since
        self._past: deque[tuple[int, int]] = deque(maxlen=REMEMBERED_PAUSES)

    def begin(self, time: int) -> None:
        """Note that a pause began."""
        self._since = time

    def end(self, time: int) -> None:
        """Note that the pause ended."""
        if self._since is not None:
            self._past.append((self._since, time))
        self._since = None

    def forget_past(self) -> None:
        """Forget the pauses that are over, as the clock was set: their times come again."""
        self._past.clear()

    def covers(self, block: SampleBlock) -> bool:
        """Return whether a block belongs to a pause: it arrives in one, or was taken in one.

        A block that was taken only partly in a past pause does not.
        """
        if self._since is not None:
            return True
        begin = block.clock.time_of(block.first)
        last = block.clock.time_of(block.end - 1)
        return any(since <= begin and last <= until for since, until in self._past)
