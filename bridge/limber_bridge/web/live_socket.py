"""The WebSocket of a live page: messages on one sensor out, the buttons of the guided check in."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final, Literal

import msgspec
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from limber_bridge.daemon.live_readers import LiveReader
from limber_bridge.daemon.live_view import LiveView

COMMAND_MAX_BYTES: Final = 256
"""Largest message of a page. Chosen: several times what the page sends."""
COMMAND_INTERVAL_S: Final = 0.2
"""Shortest time between two commands. Chosen: faster than a person presses a button, and slow
enough that a client cannot keep the detection busy with new checks."""
HEARTBEAT_S: Final = 10.0
"""Time between two pings; a browser that does not answer within half of it is dropped."""
SEND_BUFFER_BYTES: Final = 16 * 1024
"""What may wait in the kernel, and again in the bridge, for a page that does not read. Chosen: some
seconds of messages, so that a slow reader is noticed soon."""

LINGER_NOT: Final = struct.pack("ii", 1, 0)
"""Value of SO_LINGER: a connection that is closed is reset. Before that, both sides of a WebSocket
have said that they close it, unless one of them does not answer."""


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message of a page."""

    do: Literal["start", "stop"]
    """Begin the guided check, or end it."""


class LiveSocket:
    """One connection of a page that watches a sensor."""

    def __init__(self, live: LiveView, reader: LiveReader, is_admitted: Callable[[], bool]) -> None:
        """Start; nothing is sent before `run`.

        `is_admitted` returns whether the visitor may still see the page: a session may end.
        """
        self._live = live
        self._reader = reader
        self._is_admitted = is_admitted
        self._next_command = 0.0

    async def run(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Serve the connection until one side ends it."""
        response = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=COMMAND_MAX_BYTES, compress=False, timeout=1.0
        )
        await response.prepare(request)
        limit_buffers(request.transport)
        sending = asyncio.create_task(self._send(response, request.transport))
        try:
            await self._receive(response)
        finally:
            self._live.close_reader(self._reader)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            # A browser that answers no ping may also not read.
            if response.close_code == WSCloseCode.ABNORMAL_CLOSURE and request.transport:
                request.transport.abort()
        return response

    async def _send(
        self, response: web.WebSocketResponse, transport: asyncio.Transport | None
    ) -> None:
        """Send messages until the reader is dropped; then end the connection at once."""
        writing = asyncio.create_task(self._write(response))
        try:
            await self._reader.dropped.wait()
        finally:
            # It may wait for a client that does not read.
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        if transport is not None:
            transport.abort()

    async def _write(self, response: web.WebSocketResponse) -> None:
        try:
            async for message in self._reader.messages():
                if not self._is_admitted():
                    self._live.close_reader(self._reader)
                    return
                await response.send_frame(message, WSMsgType.TEXT)
        except ConnectionError:
            self._live.close_reader(self._reader)

    async def _receive(self, response: web.WebSocketResponse) -> None:
        """Carry out commands; end the connection of a client that sends anything else."""
        async for message in response:
            command = parse_command(message)
            if command is None or not self._is_in_time() or not self._is_admitted():
                await response.close(code=WSCloseCode.POLICY_VIOLATION)
                return
            self._carry_out(command)

    def _carry_out(self, command: Command) -> None:
        match command.do:
            case "start":
                self._live.start_check(self._reader.sensor)
            case "stop":
                self._live.stop_check(self._reader.sensor)

    def _is_in_time(self) -> bool:
        """Return whether a command comes late enough after the last one."""
        now = asyncio.get_running_loop().time()
        if now < self._next_command:
            return False
        self._next_command = now + COMMAND_INTERVAL_S
        return True


def parse_command(message: WSMessage) -> Command | None:
    """Return the command in a message; None for anything else."""
    if message.type is not WSMsgType.TEXT:
        return None
    try:
        return msgspec.json.decode(message.data, type=Command)
    except msgspec.DecodeError, RecursionError:
        return None


def limit_buffers(transport: asyncio.Transport | None) -> None:
    """Let little wait for a client that does not read."""
    if transport is None:
        return
    transport.set_write_buffer_limits(high=SEND_BUFFER_BYTES)
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        # Else the kernel would keep what a client has not read after the connection was closed.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
