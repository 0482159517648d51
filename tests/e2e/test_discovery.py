"""Home Assistant offers the bridges that exist, and only those."""

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from devtools.home_assistant import HomeAssistant
from tests.e2e.stack import Stack, card_of
from tests.required_programs import need


async def test_the_card_of_a_bridge_disappears_when_it_is_removed_for_good(
    shared_stack: Callable[[str, str], Stack],
) -> None:
    """It comes back with the bridge."""
    stack = replace(shared_stack("gallery", "Frida"), base_topic="limber")
    card = card_of("gallery")

    async def is_gone(home: HomeAssistant) -> bool:
        return await card(home) is None

    async with stack.running_home() as home:
        for _ in range(2):
            bridge = stack.start_bridge()
            assert await home.until(card, 30)
            bridge.stop()
            # It may only be off for a while.
            assert not await home.until(is_gone, 1)
            await asyncio.to_thread(forget, stack.settings())
            assert await home.until(is_gone, 30)


def forget(settings: Path) -> None:
    """Clear what the broker has kept of a bridge."""
    command: list[str | Path] = [need("limber"), "run", "--forget", "--config", settings]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
