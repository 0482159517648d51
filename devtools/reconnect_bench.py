"""Break the link of a device many times, and measure what the device and the bridge keep.

`watch_reconnects` serves any device whose link goes through a `Proxy`.
"""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from devtools.chaos_firmware import CLOCK_FRAME_BYTES, CONFIGURATION, SensorBridge
from devtools.firmware import Device, build
from devtools.processes import DevtoolError, Program, free_port
from devtools.soak import ResourceUse, growth, held
from devtools.tcp_proxy import Proxy

RECONNECTS: Final = 1000
PATIENCE_S: Final = 30.0
"""s until a device must be connected again."""


async def watch_reconnects(
    proxy: Proxy, programs: Mapping[str, Program], times: int = RECONNECTS
) -> dict[str, ResourceUse]:
    """Cut the link of a device that many times; return what each program has grown by.

    DevtoolError if the device does not come back.
    """
    found: dict[str, list[ResourceUse]] = {name: [] for name in programs}
    for _ in range(times):
        await connected(proxy, programs)
        for name, program in programs.items():
            found[name].append(held(program.process.pid))
        proxy.cut()
    return {name: growth(uses) for name, uses in found.items()}


async def connected(proxy: Proxy, programs: Mapping[str, Program]) -> None:
    """Wait until a device has connected and sent something; DevtoolError if it does not."""
    until = time.monotonic() + PATIENCE_S
    while proxy.passed < CLOCK_FRAME_BYTES:
        silent = [one for one in programs.values() if not one.runs]
        if silent or time.monotonic() > until:
            first = next(iter([*silent, *programs.values()]))
            raise DevtoolError(f"the link does not come back:\n{first.tail()}")
        await asyncio.sleep(0.005)


async def firmware_reconnects(folder: Path, times: int = RECONNECTS) -> dict[str, ResourceUse]:
    """Return what a bridge and a firmware over TCP grow by, by `bridge` and `firmware`."""
    await asyncio.to_thread(build, CONFIGURATION)
    bridge = SensorBridge(folder / "bridge")
    proxy = Proxy(free_port(), bridge.port)
    device = Device(CONFIGURATION, folder / "device", {"LIMBER_PORT": str(proxy.port)})
    bridge.start()
    await proxy.start()
    device.start()
    try:
        return await watch_reconnects(
            proxy, {"bridge": bridge.program, "firmware": device.program}, times
        )
    finally:
        device.stop()
        await proxy.stop()
        await asyncio.to_thread(bridge.stop)
