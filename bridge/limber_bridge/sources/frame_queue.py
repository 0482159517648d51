"""Hold received frames in order of arrival, with room of its own for each standing.

Frames whose sender has proven nothing have few places, and the oldest of them gives way. So they
never take the place of a verified frame.
"""

import asyncio
from collections import deque
from itertools import count
from typing import Final, NamedTuple

from limber_bridge.sources.standing import Claim, Standing

MAX_DATAGRAMS: Final = 4096
"""Waiting datagrams of each standing that some sensor has proven. Chosen: 2 s of two EMG sensors
that send each sample in a frame of its own, ten times over, and at most 6 MB."""
MAX_STREAMED: Final = 2 * MAX_DATAGRAMS
"""The same with frames that arrived over TCP, whose sender can be slowed down."""
MAX_STRANGERS: Final = 256
"""Waiting frames of strangers. Chosen: enough to see what a new device sends, and read in some
ms."""


class ReceivedFrame(NamedTuple):
    """The bytes of a frame, not decoded yet."""

    data: bytes
    arrived: int
    """us on the host's steady clock."""
    sender: str
    """IP address."""
    claim: Claim
    """What its sender has proven."""


class FrameQueue:
    """Hold received frames until they are read."""

    def __init__(self) -> None:
        """Start empty."""
        self._numbers = count()
        self._lanes: dict[Standing, deque[tuple[int, ReceivedFrame]]] = {
            standing: deque() for standing in Standing
        }
        """By standing: frames with their place in the order of arrival."""
        self._filled = asyncio.Event()
        self._room = asyncio.Event()

    def __len__(self) -> int:
        """Return how many frames are waiting."""
        return sum(map(len, self._lanes.values()))

    def offer(self, frame: ReceivedFrame) -> Standing | None:
        """Add a datagram; return the standing of the frame that was discarded for want of room."""
        standing = frame.claim.standing
        lane = self._lanes[standing]
        if standing is Standing.STRANGER:
            is_full = len(lane) >= MAX_STRANGERS
            if is_full:
                lane.popleft()
            self._add(frame)
            return standing if is_full else None
        if len(lane) >= MAX_DATAGRAMS:
            return standing
        self._add(frame)
        return None

    async def put(self, frame: ReceivedFrame) -> None:
        """Add a frame of a stream, after waiting for room; `offer` those of strangers."""
        while len(self._lanes[frame.claim.standing]) >= MAX_STREAMED:
            self._room.clear()
            await self._room.wait()
        self._add(frame)

    async def next(self, timeout_s: float) -> ReceivedFrame | None:
        """Wait for the frame that arrived first; None if none arrives in time."""
        if not len(self):
            self._filled.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._filled.wait()
            except TimeoutError:
                return None
        lane = min((lane for lane in self._lanes.values() if lane), key=lambda lane: lane[0][0])
        self._room.set()
        return lane.popleft()[1]

    def _add(self, frame: ReceivedFrame) -> None:
        self._lanes[frame.claim.standing].append((next(self._numbers), frame))
        self._filled.set()
