"""The fault of `script/chaos` in which a neighbour floods the port of the sensors."""

import asyncio
from typing import Final

from devtools.chaos_faults import BASIC_FAULTS, Chaos, Fault
from devtools.chaos_verdict import SIDES
from devtools.floods import FloodTarget, start_flood

FLOODS: Final = ("one-byte datagrams", "unknown sensors", "forged frames", "idle connections")
"""Floods of the port of the sensors (devtools.floods). The bridges of chaos serve no HTTP of their
own, and the recorded frames of a night at ten times real speed would be those of another sensor."""


async def flood_port(chaos: Chaos) -> None:
    """Flood the disturbed bridge while another fault happens, and while the bridge starts again."""
    stack = chaos.stack
    name = chaos.rng.choice(FLOODS)
    target = FloodTarget(stack.sensor_port, 0, chaos.rng.choice(list(SIDES)))
    flood = await asyncio.to_thread(start_flood, name, target, stack.folder / "flood.log")
    try:
        await chaos.pause(0.5, 2.0)
        other = chaos.rng.choice(BASIC_FAULTS)
        await other.inject(chaos)
        chaos.done[other.name] += 1
        stack.revive()
        await chaos.up()
        await chaos.pause(0.5, 2.0)
    finally:
        await asyncio.to_thread(flood.stop)


NEIGHBOR_FAULTS: Final = (Fault("hostile neighbour (network)", flood_port),)
"""Rows of `devtools.chaos.FAULTS`."""
