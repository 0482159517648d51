"""Who watches a sensor: each reader has a short queue, and one that falls behind is dropped."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

QUEUED_MAX: Final = 20
"""Messages that may wait for a reader. Chosen: two seconds at ten a second; a page that is further
behind is not live, and opens the connection again."""


class LiveReader:
    """Receives the messages on one sensor."""

    def __init__(self, sensor: int) -> None:
        """Start with nothing waiting."""
        self.sensor = sensor
        """Id of the sensor."""
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUED_MAX)
        self.dropped = asyncio.Event()
        """Set once the reader was too slow, or the bridge stops: it receives nothing more."""

    def offer(self, message: bytes) -> None:
        """Queue a message; drop the reader where there is no room for it."""
        if self.dropped.is_set():
            return
        if self._queue.full():
            self.drop()
            return
        self._queue.put_nowait(message)

    def drop(self) -> None:
        """Send nothing more, and forget what waits."""
        self.dropped.set()
        while not self._queue.empty():
            self._queue.get_nowait()

    @property
    def waiting(self) -> int:
        """Number of messages that wait."""
        return self._queue.qsize()

    def take(self) -> bytes:
        """Return the next message that waits; asyncio.QueueEmpty."""
        return self._queue.get_nowait()

    async def messages(self) -> AsyncGenerator[bytes]:
        """Yield messages as they come, until the reader is dropped."""
        while not self.dropped.is_set():
            message = await self._next()
            if message is not None:
                yield message

    async def _next(self) -> bytes | None:
        """Return the next message; None if the reader was dropped meanwhile."""
        message = asyncio.ensure_future(self._queue.get())
        dropped = asyncio.ensure_future(self.dropped.wait())
        try:
            await asyncio.wait((message, dropped), return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else None
        finally:
            message.cancel()
            dropped.cancel()
