"""Break the links of compiled firmware many times, and measure what the firmware keeps.

A device waits up to 5 s before it connects again, so several run side by side. What the bridge
keeps is measured by `devtools.soak`.
"""

import asyncio
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from devtools.chaos_firmware import CLOCK_FRAME_BYTES, CONFIGURATION
from devtools.firmware import Device, build
from devtools.processes import LOOPBACK, DevtoolError
from devtools.soak import ResourceUse, growth, held

RECONNECTS: Final = 1000
DEVICES: Final = 20
SLOWEST_S: Final = 15.0
"""s that a reconnect of one device may take."""
SAMPLED_EVERY_S: Final = 1.0
WARM_RECONNECTS: Final = 2
"""Reconnects of each device before its memory is measured: it allocates its buffers then."""


class ClosingServer:
    """Accepts connections, and closes each once a device has sent its clock."""

    def __init__(self) -> None:
        """Start without a connection."""
        self.closed = 0
        """Number of connections."""

    async def start(self) -> int:
        """Listen and return the port."""
        self._server = await asyncio.start_server(self._close, LOOPBACK, 0)
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Stop listening."""
        self._server.close()

    async def _close(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(CLOCK_FRAME_BYTES)
            self.closed += 1
        writer.close()


async def firmware_reconnects(
    folder: Path, times: int = RECONNECTS, count: int = DEVICES
) -> ResourceUse:
    """Return the largest growth of a device; DevtoolError if devices do not connect again."""
    await asyncio.to_thread(build, CONFIGURATION)
    server = ClosingServer()
    port = await server.start()
    with ExitStack() as ends:
        ends.callback(server.stop)
        devices = [
            Device(CONFIGURATION, folder / str(number), {"LIMBER_PORT": str(port)})
            for number in range(count)
        ]
        for device in devices:
            device.start()
            ends.callback(device.stop)
        grown = await watch(server, devices, times)
    return ResourceUse(
        max(one.rss for one in grown),
        max(one.descriptors for one in grown),
        max(one.threads for one in grown),
    )


async def watch(server: ClosingServer, devices: list[Device], times: int) -> list[ResourceUse]:
    """Return the growth of each device while all of them connect that many times."""
    found: list[list[ResourceUse]] = [[] for _ in devices]
    until = time.monotonic() + SLOWEST_S * (times / len(devices) + WARM_RECONNECTS)
    while server.closed < times:
        if time.monotonic() > until:
            raise DevtoolError(
                f"{len(devices)} devices connected only {server.closed} of {times} times:\n"
                f"{devices[0].program.tail()}"
            )
        await asyncio.sleep(SAMPLED_EVERY_S)
        if server.closed >= WARM_RECONNECTS * len(devices):
            for uses, device in zip(found, devices, strict=True):
                uses.append(held(device.program.process.pid))
    return [growth(uses) for uses in found]
