"""Decide which received frames are read: first what they prove, then whose budget they spend.

A verified frame spends the budget of its sensor. Everything else spends the budget of the address
it seems to come from, which limits work and log lines, and never a verified frame.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from limber_bridge.sources.frame_queue import FrameQueue, ReceivedFrame
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.rate_limiter import RateLimiter
from limber_bridge.sources.source_api import FrameError, Reason
from limber_bridge.sources.standing import Judge, LatestFrames, Standing

FRAMES_PER_SENSOR_HZ: Final = 250
"""Frames per second of a sensor; of one without a key, from one address. Chosen: the fastest EMG,
one sample a frame."""
STRANGERS_PER_ADDRESS_HZ: Final = 25
"""Frames per second of an address that has proven nothing. Chosen: what a sensor with a wrong key
sends, so that its frames are counted."""
STRANGERS_HZ: Final = 250
"""The same for all addresses together: anyone can give a datagram any address. Chosen: reading them
takes a few percent of a core."""
ALL: Final = "all"
"""Sender that stands for all addresses together."""


class FrameBudgets:
    """Decides whether a frame is within the budget that it spends."""

    def __init__(self) -> None:
        """Start with full budgets."""
        self._sensors = RateLimiter(FRAMES_PER_SENSOR_HZ)
        self._claims = RateLimiter(FRAMES_PER_SENSOR_HZ)
        self._strangers = RateLimiter(STRANGERS_PER_ADDRESS_HZ)
        self._all_strangers = RateLimiter(STRANGERS_HZ)

    def allow(self, frame: ReceivedFrame) -> bool:
        """Return whether a frame may be read, and count it."""
        now = frame.arrived
        match frame.claim.standing:
            case Standing.VERIFIED:
                return self._sensors.allow(frame.claim.sensor, now)
            case Standing.CLAIMED:
                # Another address must not spend what a sensor without a key needs.
                return self._claims.allow((frame.claim.sensor, frame.sender), now)
            case Standing.STRANGER:
                # The address first: one address must not spend what all others may.
                return self._strangers.allow(frame.sender, now) and self._all_strangers.allow(
                    ALL, now
                )


class FrameIntake:
    """Queues the frames that are within their budgets, and counts the others."""

    def __init__(self, host_clock: HostClock, judge: Judge) -> None:
        """Start with an empty queue."""
        self._host_clock = host_clock
        self._judge = judge
        self._latest = LatestFrames()
        self._queue = FrameQueue()
        self._budgets = FrameBudgets()
        self._discarded: Counter[bool] = Counter()
        """Number of discarded frames: of sensors (True), of strangers (False)."""

    def __len__(self) -> int:
        """Return how many frames are waiting."""
        return len(self._queue)

    def receive(self, data: bytes, address: str) -> ReceivedFrame:
        """Return a frame that arrives now, with what it proves."""
        claim = self._latest.claim_of(data, self._judge(data))
        return ReceivedFrame(data, self._host_clock.steady(), address, claim)

    def take_datagram(self, frame: ReceivedFrame) -> None:
        """Queue a datagram, which is one frame, if it is within its budget and there is room."""
        if self._budgets.allow(frame):
            self._note_discarded(self._queue.offer(frame))
        else:
            self._note_discarded(frame.claim.standing)

    async def take_streamed(self, frame: ReceivedFrame) -> bool:
        """Queue a frame of a TCP connection, which may wait for room.

        Return whether it was within its budget: else the sender must be slowed down. Those of
        strangers are discarded then; others never are.
        """
        allowed = self._budgets.allow(frame)
        if frame.claim.standing is not Standing.STRANGER:
            await self._queue.put(frame)
        elif allowed:
            self._note_discarded(self._queue.offer(frame))
        else:
            self._note_discarded(frame.claim.standing)
        return allowed

    async def next_frame(self, timeout_s: float) -> ReceivedFrame | None:
        """Wait for the next frame; None if none arrives in time."""
        return await self._queue.next(timeout_s)

    def take_errors(self) -> Iterator[FrameError]:
        """Yield what was discarded since the last call."""
        of_sensors = self._discarded.pop(True, 0)
        if of_sensors:
            detail = f"{of_sensors} frames discarded: more arrived than can be processed"
            yield FrameError(None, Reason.OVERLOADED, detail)
        of_strangers = self._discarded.pop(False, 0)
        if of_strangers:
            detail = (
                f"{of_strangers} frames discarded that no configured sensor has signed; those of "
                "sensors with a key are not affected; find the device that sends them"
            )
            yield FrameError(None, Reason.UNKNOWN_SENDERS, detail)

    def _note_discarded(self, standing: Standing | None) -> None:
        if standing is not None:
            self._discarded[standing is not Standing.STRANGER] += 1
