"""A TCP proxy whose connections can become half-open: both ends believe they are connected."""

import asyncio
import socket
from contextlib import suppress

from devtools.processes import LOOPBACK


class Proxy:
    """Forwards a port until it is stopped."""

    def __init__(self, port: int, target: int) -> None:
        """Prepare; `target`: port of the server behind it."""
        self.port = port
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._links: set[asyncio.StreamWriter] = set()
        self._newest: asyncio.StreamReader | None = None
        self.passed = 0
        """Bytes from the client of the newest connection; 0 once it was cut."""

    async def start(self, listening: socket.socket | None = None) -> None:
        """Listen; with a socket that listens already, perhaps in another network, on that one."""
        listening = listening or socket.create_server((LOOPBACK, self.port))
        self._server = await asyncio.start_server(self._linked, sock=listening)

    def freeze(self) -> None:
        """Stop forwarding without closing the connections."""
        self._open.clear()

    def thaw(self) -> None:
        """Forward again."""
        self._open.set()

    def cut(self) -> None:
        """Close every connection."""
        self._newest = None
        self.passed = 0
        for writer in self._links:
            writer.close()

    async def stop(self) -> None:
        """Close every connection and stop listening."""
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
