"""Take pictures of the demo, for phone and desktop, light and dark.

They show the dashboard, a device, the automation editor and statistics.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Final

from devtools.browser import WIDTHS, BrowserSession, browsing, picture
from devtools.dashboard import FIRST_VIEW
from devtools.demo import FOLDER, check, demonstration, say
from devtools.home_assistant import HomeAssistant
from devtools.processes import ROOT, DevtoolError

PICTURES: Final = FOLDER / "pictures"
SHOWN: Final = ROOT / "docs/images"
"""Pictures for the documentation: desktop, light."""
EDITED: Final = "limber_restless"
STATISTICS: Final = "limber-statistics"

GRAPH: Final = {
    "type": "statistics-graph",
    "title": "Periodic movements per hour in bed",
    "entities": [
        {
            "entity": "limber:7_4_bedroom_anna_plm_index",
            "name": "Periodic movements per hour in bed",
        }
    ],
    "chart_type": "bar",
    "days_to_show": 31,
    "period": "day",
    "stat_types": ["mean"],
    "hide_legend": True,
}
"""One bar per night."""

type Way = Callable[[HomeAssistant, BrowserSession], Awaitable[None]]


async def to_dashboard(home: HomeAssistant, sight: BrowserSession) -> None:
    """Open the dashboard. It scrolls inside of itself, so that only a tall window shows it."""
    width = (sight.page.viewport_size or {"width": 1500})["width"]
    await sight.page.set_viewport_size(
        {"width": width, "height": 4000 if width < WIDTHS["desktop"] else 1900}
    )
    await sight.page.goto(f"{home.url}{FIRST_VIEW}")
    await sight.page.locator("limber-night-card").first.wait_for(timeout=30_000)


async def to_device(home: HomeAssistant, sight: BrowserSession) -> None:
    """Open the device page of the sleeper."""
    devices = await home.command(type="config/device_registry/list")
    anna = next(one["id"] for one in devices if one["name"] == "Anna")
    # All of its cards; the page scrolls inside of itself, so that only a tall window shows them.
    width = (sight.page.viewport_size or {"width": 1500})["width"]
    await sight.page.set_viewport_size(
        {"width": width, "height": 4400 if width < WIDTHS["desktop"] else 3300}
    )
    await sight.page.goto(f"{home.url}/config/devices/device/{anna}")
    await sight.page.locator("ha-device-entities-card").first.wait_for(timeout=30_000)


async def to_editor(home: HomeAssistant, sight: BrowserSession) -> None:
    """Open an automation with a Limber trigger and condition."""
    await sight.page.goto(f"{home.url}/config/automation/edit/{EDITED}")
    await sight.page.locator("ha-automation-trigger-row").first.wait_for(timeout=30_000)


async def to_statistics(home: HomeAssistant, sight: BrowserSession) -> None:
    """Open a graph of a month of nights."""
    await sight.page.goto(f"{home.url}/{STATISTICS}/nights")
    await sight.page.locator("hui-statistics-graph-card").first.wait_for(timeout=30_000)


PAGES: Final[dict[str, Way]] = {
    "dashboard": to_dashboard,
    "device": to_device,
    "editor": to_editor,
    "statistics": to_statistics,
}


async def furnish(home: HomeAssistant) -> None:
    """Create an automation and a page with one graph for the pictures."""
    target = {"entity_id": "event.anna_night"}
    index = {"entity_id": "sensor.anna_plm_index_last_night"}
    automation = {
        "alias": "Two restless nights",
        "description": "",
        "triggers": [
            {"trigger": "limber.restless_night", "target": target, "options": {"above": 15}}
        ],
        "conditions": [
            {
                "condition": "limber.restless_nights_in_a_row",
                "target": index,
                "options": {"nights": 2, "above": 15},
            }
        ],
        "actions": [
            {
                "action": "persistent_notification.create",
                "data": {"message": "Two restless nights in a row"},
            }
        ],
    }
    await home.post(f"/api/config/automation/config/{EDITED}", automation)
    boards = await home.command(type="lovelace/dashboards/list")
    if STATISTICS not in [one["url_path"] for one in boards]:
        await home.command(
            type="lovelace/dashboards/create",
            url_path=STATISTICS,
            title="Nights",
            icon="mdi:chart-bar",
            mode="storage",
            show_in_sidebar=False,
            require_admin=False,
        )
    view = {"title": "Nights", "path": "nights", "type": "panel", "cards": [GRAPH]}
    await home.command(
        type="lovelace/config/save",
        url_path=STATISTICS,
        config={"title": "Nights", "views": [view]},
    )


def wanted() -> Iterator[tuple[str, int, bool, Path]]:
    """Yield every page in every width, light and dark, with the path of its picture."""
    for name, (width_name, width), dark in product(PAGES, WIDTHS.items(), (False, True)):
        shown = width_name == "desktop" and not dark
        other = PICTURES / f"{name}-{width_name}-{'dark' if dark else 'light'}.png"
        yield name, width, dark, SHOWN / f"{name}.png" if shown else other


async def run() -> None:
    """Wait until the demo shows data, and take the pictures."""
    async with demonstration() as demo:
        if not await check(demo):
            raise DevtoolError("there is nothing to see")
        await furnish(demo.home)
        PICTURES.mkdir(exist_ok=True)
        SHOWN.mkdir(exist_ok=True)
        for name, width, dark, path in wanted():
            async with browsing(demo.home, width=width, dark=dark) as sight:
                await PAGES[name](demo.home, sight)
                await picture(sight, path)
                say(f"{path}{''.join(f'\n  console: {error}' for error in sight.errors)}")


def main() -> int:
    """Take the pictures."""
    try:
        asyncio.run(run())
    except DevtoolError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
