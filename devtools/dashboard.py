"""Adds the dashboard that Limber's strategy makes to Home Assistant."""

from collections.abc import Mapping
from typing import Any, Final

from devtools.home_assistant import HomeAssistant

PATH: Final = "limber-demo"
FIRST_VIEW: Final = f"/{PATH}/bedroom-anna"
"""Of the sleeper `anna` of the bridge `bedroom`: frontend/src/strategy/dashboard.ts."""
CONFIG: Final[Mapping[str, Any]] = {"strategy": {"type": "custom:limber"}}


async def add_dashboard(home: HomeAssistant) -> None:
    """Add the dashboard to the sidebar, as "Add dashboard" does, unless it is there."""
    boards = await home.command(type="lovelace/dashboards/list")
    if PATH not in [one["url_path"] for one in boards]:
        await home.command(
            type="lovelace/dashboards/create",
            url_path=PATH,
            title="Limber",
            icon="mdi:foot-print",
            mode="storage",
            show_in_sidebar=True,
            require_admin=False,
        )
    await home.command(type="lovelace/config/save", url_path=PATH, config=CONFIG)
