"""Faults of `script/chaos`: what a fault is, and those of programs, links, disk, clock and sensors.

A fault is a row: a name and a function that injects it into a `Chaos` and returns when it is over.
Other modules add rows of their own (`devtools.chaos.FAULTS`).
"""

import asyncio
import os
import random
import resource
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from devtools.chaos_answers import PersonAnswers
from devtools.chaos_stack import NO_RIGHTS, RIGHTS, ChaosStack, is_bound
from devtools.processes import DevtoolError
from devtools.random_sleepers import SimulatedLeg
from devtools.tcp_proxy import Proxy

WRONG: Final = (2.0, 90.0)
"""s by which the clock is set forwards or back, smallest and largest."""
BEFORE: Final = (120.0, 180.0)
"""s by which the clock is set back while no bridge runs: more than the bridge is away, because a
smaller step cannot be detected."""

MIN_FREE_BYTES: Final = 1_000_000
"""Bytes that the disk of the journal must have when it is not filled on purpose."""


@dataclass(frozen=True, slots=True)
class Chaos:
    """What a fault can disturb, and what it found."""

    stack: ChaosStack
    proxy: Proxy
    """Between the disturbed bridge and the broker."""
    legs: Sequence[SimulatedLeg]
    rng: random.Random
    done: Counter[str] = field(default_factory=Counter)
    """How often each fault was injected, by its name."""
    answers: PersonAnswers = field(default_factory=PersonAnswers)
    problems: list[str] = field(default_factory=list)
    """What a fault itself found to be wrong; each fails the run."""

    async def up(self) -> None:
        """Wait until the disturbed bridge receives samples, but not long."""
        for _ in range(100):
            if is_bound(self.stack.sensor_port):
                return
            await asyncio.sleep(0.05)

    async def pause(self, least: float, most: float) -> None:
        """Wait for a random number of real seconds."""
        await asyncio.sleep(self.rng.uniform(least, most))


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault."""

    name: str
    inject: Callable[[Chaos], Awaitable[None]]
    """Returns when the fault is over; programs that do not run then are started again."""


async def kill_bridge(chaos: Chaos) -> None:
    """Kill the disturbed bridge."""
    chaos.stack.running["bridge"].kill()
    await chaos.pause(0.0, 1.0)


async def stop_bridge(chaos: Chaos) -> None:
    """Terminate the disturbed bridge."""
    await asyncio.to_thread(chaos.stack.running["bridge"].stop)


async def kill_consumer(chaos: Chaos) -> None:
    """Kill the client."""
    chaos.stack.running["consumer"].kill()
    await chaos.pause(0.0, 2.0)


async def keep_consumer_away(chaos: Chaos) -> None:
    """Kill the client, which stands for Home Assistant, for minutes of the night."""
    chaos.stack.running["consumer"].kill()
    await chaos.pause(8.0, 20.0)


async def kill_broker(chaos: Chaos) -> None:
    """Kill the broker, which forgets all retained messages."""
    chaos.stack.running["broker"].kill()
    await chaos.pause(0.0, 2.0)


async def freeze_link(chaos: Chaos) -> None:
    """Let the connection to the broker become half-open."""
    chaos.proxy.freeze()
    await chaos.pause(1.0, 4.0)
    if chaos.rng.random() < 0.5:
        chaos.proxy.cut()
    chaos.proxy.thaw()


async def cut_link(chaos: Chaos) -> None:
    """Close the connection to the broker."""
    chaos.proxy.cut()


async def refuse_messages(chaos: Chaos) -> None:
    """Let the broker refuse what is published."""
    chaos.stack.rights(NO_RIGHTS)
    await chaos.pause(0.5, 3.0)
    chaos.stack.rights(RIGHTS)


async def fill_disk(chaos: Chaos) -> None:
    """Fill the disk of the journal."""
    with full_disk(chaos.stack):
        await chaos.pause(1.0, 4.0)
        if chaos.rng.random() < 0.3:
            # A bridge that dies with events in memory must report a gap.
            chaos.stack.running["bridge"].kill()
    if shutil.disk_usage(chaos.stack.disk).free < MIN_FREE_BYTES:
        raise DevtoolError("the disk of the journal stays full without the fault; enlarge it")


@contextmanager
def full_disk(stack: ChaosStack) -> Iterator[None]:
    """Fill the journal's disk, or limit the file size of the process on a shared disk."""
    if os.path.ismount(stack.disk):
        filler = stack.disk / "filler"
        with filler.open("wb", buffering=0) as out, suppress(OSError):
            while True:
                out.write(bytes(4096))
        try:
            yield
        finally:
            filler.unlink()
        return
    process = stack.running["bridge"].process
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    yield
    with suppress(ProcessLookupError):
        resource.prlimit(
            process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )


async def set_clock(chaos: Chaos) -> None:
    """Set the clock of the disturbed bridge by seconds, also while the bridge is killed."""
    await chaos.up()
    if chaos.rng.random() < 0.3:
        await set_clock_unseen(chaos)
        return
    chaos.stack.set_clock(chaos.rng.choice((-1, 1)) * chaos.rng.uniform(*WRONG))
    await chaos.pause(1.0, 3.0)
    if chaos.rng.random() < 0.5:
        chaos.stack.set_clock(0.0)


async def set_clock_unseen(chaos: Chaos) -> None:
    """Set the clock while no bridge runs, as on a machine without a real-time clock."""
    chaos.stack.running["bridge"].kill()
    rng = chaos.rng
    by = rng.uniform(*WRONG) if rng.random() < 0.5 else -rng.uniform(*BEFORE)
    chaos.stack.set_clock(chaos.stack.shifts.ahead + by)
    await chaos.pause(0.0, 1.0)


async def restart_sensor(chaos: Chaos) -> None:
    """Switch a sensor off and on again."""
    chaos.rng.choice(chaos.legs).restart(chaos.rng.uniform(2, 15))


BASIC_FAULTS: Final = (
    Fault("bridge killed", kill_bridge),
    Fault("bridge stopped", stop_bridge),
    Fault("consumer killed", kill_consumer),
    Fault("consumer kept away", keep_consumer_away),
    Fault("broker killed, memory wiped", kill_broker),
    Fault("link half-open", freeze_link),
    Fault("link cut", cut_link),
    Fault("permission refused", refuse_messages),
    Fault("disk full", fill_disk),
    Fault("clock set", set_clock),
    Fault("sensor restarted", restart_sensor),
)
