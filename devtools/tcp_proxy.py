"""A TCP proxy whose links can be cut half-open: both ends think that they are connected, and
nothing comes through.
"""

import asyncio
from contextlib import suppress

from devtools.processes import LOOPBACK


class Proxy:
    """Hands on what comes to its port, as long as it is told to."""

    def __init__(self, port: int, target: int) -> None:
        """Prepare; `target` is the port of the server behind it."""
        self._port = port
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._links: set[asyncio.StreamWriter] = set()
        self._newest: asyncio.StreamReader | None = None
        self.passed = 0
        """Bytes that came from the client of the newest link; 0 once that was cut."""

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._linked, LOOPBACK, self._port)

    def freeze(self) -> None:
        """Let nothing through any more; nobody is told."""
        self._open.clear()

    def thaw(self) -> None:
        """Let everything through again."""
        self._open.set()

    def cut(self) -> None:
        """Close every link."""
        self._newest = None
        self.passed = 0
        for writer in self._links:
            writer.close()

    async def stop(self) -> None:
        """Close every link, and listen no more."""
        self.thaw()
        self._server.close()
        self.cut()

    async def _linked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            writer.close()
            return
        self._links |= {writer, back}
        self._newest = reader
        self.passed = 0
        with suppress(OSError):
            await asyncio.gather(self._hand_on(reader, back), self._hand_on(there, writer))
        for end in (writer, back):
            self._links.discard(end)
            end.close()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            self.passed += len(data) if reader is self._newest else 0
            writer.write(data)
            await writer.drain()
        writer.close()
