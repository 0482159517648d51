"""Limit how often something may happen, for each sender. Pure."""

from collections.abc import Hashable
from typing import Final

from limber_bridge.detection.signal import SECOND

BURST_CAPACITY_S: Final = 4
"""Time at the rate whose frames may arrive at once, after a pause of the network."""
MAX_TRACKED_SENDERS: Final = 1024
"""Senders with a rate limit of their own; all others share one."""
OTHERS: Final = "others"
"""The sender that stands for all that are not tracked."""


class RateLimiter:
    """Limits each sender: a token bucket that fills at a rate and holds a burst."""

    def __init__(self, rate: float) -> None:
        """Start with full buckets; `rate` is per second."""
        self._rate = rate
        self._capacity = rate * BURST_CAPACITY_S
        self._buckets: dict[Hashable, tuple[float, int]] = {}
        """By sender, the one that was silent longest first: what is left, and when (us) that was
        computed."""

    def __len__(self) -> int:
        """Return how many senders are tracked."""
        return len(self._buckets)

    def allow(self, sender: Hashable, now: int) -> bool:
        """Return whether a sender may send once more at `now` (us), and count it."""
        if sender not in self._buckets and not self._has_room(now):
            sender = OTHERS
        left, updated = self._buckets.pop(sender, (self._capacity, now))
        left = min(self._capacity, left + (now - updated) * self._rate / SECOND)
        self._buckets[sender] = (max(0.0, left - 1), now)
        return left >= 1

    def _has_room(self, now: int) -> bool:
        """Make room for another sender, if one was silent until its bucket was full again."""
        if len(self._buckets) < MAX_TRACKED_SENDERS:
            return True
        silent = next(iter(self._buckets))
        if now - self._buckets[silent][1] < BURST_CAPACITY_S * SECOND:
            return False
        del self._buckets[silent]
        return True
