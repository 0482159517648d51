"""Faults of `script/chaos` by `fault_shim.c`: calls on the disk that fail, and wrong clocks."""

import errno
from typing import Final

from devtools.chaos_faults import Chaos, Fault

FAILING_CALLS: Final = (
    ("read", errno.EIO),
    ("write", errno.EIO),
    ("write", errno.ENOSPC),
    ("fsync", errno.EIO),
    ("open", errno.EIO),
    ("open", errno.EMFILE),
)
"""Kind of call, and its error."""
ONE_IN: Final = (1, 2, 7, 30)
"""Share of the calls that fail: all, half of them, ..."""
YEAR_S: Final = 365.25 * 86_400
YEARS: Final = (1.0, 50.0)
"""Years by which the clock is wrong, least and most: from before 1980 to after 2070."""


async def fail_calls(chaos: Chaos) -> None:
    """Let system calls on the journal fail for some seconds; the bridge may be killed meanwhile."""
    shim = chaos.stack.shim
    if shim is None:
        return
    kind, error = chaos.rng.choice(FAILING_CALLS)
    shim.fail(kind, chaos.rng.choice(ONE_IN), error)
    try:
        await chaos.pause(0.5, 3.0)
        if chaos.rng.random() < 0.4:
            chaos.stack.running["bridge"].kill()
            chaos.stack.revive()
            await chaos.pause(0.5, 4.0)
    finally:
        shim.heal()


async def set_clock_years(chaos: Chaos) -> None:
    """Set the clock years ahead or back, at runtime or while no bridge runs, and correct it."""
    if chaos.stack.shim is None:
        return
    await chaos.up()
    years = chaos.rng.choice((-1, 1)) * chaos.rng.uniform(*YEARS)
    for ahead in (years * YEAR_S, 0.0):
        if chaos.rng.random() < 0.5:
            # As on a machine without a clock of its own, which starts again.
            chaos.stack.running["bridge"].kill()
        chaos.stack.set_clock(ahead)
        chaos.stack.revive()
        await chaos.up()
        await chaos.pause(1.0, 3.0)


SHIM_FAULTS: Final = (
    Fault("calls on the disk fail", fail_calls),
    Fault("clock years off", set_clock_years),
)
