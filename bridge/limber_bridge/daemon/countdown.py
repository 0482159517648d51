"""Show on a terminal how much of a wait is over; nothing in a pipe."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final, Never

from tqdm import tqdm

TICK_S: Final = 0.5
"""Time between two updates of the bar."""


@contextlib.asynccontextmanager
async def countdown(text: str, seconds: float) -> AsyncIterator[None]:
    """Show a bar that is full after a number of seconds, while the context is entered."""
    bar = tqdm(
        total=round(seconds, 1),
        desc=text,
        disable=None,
        leave=False,
        bar_format="{desc} |{bar:30}| {n:.0f} of {total:.0f} s",
    )
    advancing = asyncio.create_task(_advance(bar, seconds))
    try:
        yield
    finally:
        advancing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await advancing
        bar.close()


async def _advance(bar: tqdm[Never], seconds: float) -> None:
    """Move the bar with the clock until it is full."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    while (elapsed := loop.time() - begin) < seconds:
        bar.update(elapsed - bar.n)
        await asyncio.sleep(TICK_S)
