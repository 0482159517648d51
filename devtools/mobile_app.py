"""A phone with the Home Assistant app: it registers, receives notifications and answers them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from devtools.home_assistant import HomeAssistant
from devtools.processes import DevtoolError

NAME: Final = "Phone"
TAKEN_BACK: Final = "clear_notification"
PATIENCE: Final = 30.0
"""s."""


APP: Final = {
    "app_data": {"push_websocket_channel": True},
    "app_id": "limber.test",
    "app_name": "Test",
    "app_version": "1",
    "device_id": "phone",
    "device_name": NAME,
    "manufacturer": "Limber",
    "model": "Test",
    "os_name": "Test",
    "os_version": "1",
    "supports_encryption": False,
}


@dataclass(slots=True)
class Phone:
    """Received notifications."""

    home: HomeAssistant
    webhook: str
    device: str
    """Its device in Home Assistant."""
    inbox: asyncio.Queue[dict[str, Any]]

    async def message(self, tag: str, patience: float = PATIENCE) -> dict[str, Any]:
        """Wait for the next notification with a tag, ignoring removals.

        Raises DevtoolError with what came instead.
        """
        others = []
        try:
            async with asyncio.timeout(patience):
                while True:
                    told = await self.inbox.get()
                    if told["message"] != TAKEN_BACK and told.get("data", {}).get(
                        "tag", ""
                    ).startswith(tag):
                        return told
                    others.append(told)
        except TimeoutError as error:
            raise DevtoolError(f"the phone got no message {tag}, but {others}") from error

    async def press(self, message: dict[str, Any], title: str) -> None:
        """Press a button of a notification."""
        action = next(one["action"] for one in message["data"]["actions"] if one["title"] == title)
        event = {"event_type": "mobile_app_notification_action", "event_data": {"action": action}}
        async with self.home.http.post(
            f"/api/webhook/{self.webhook}", json={"type": "fire_event", "data": event}
        ) as reply:
            if reply.status != 200:
                raise DevtoolError(f"the answer was refused: {reply.status}")


@asynccontextmanager
async def phone(home: HomeAssistant) -> AsyncIterator[Phone]:
    """Register a phone and receive notifications for as long as the context lasts."""
    registered = await home.post("/api/mobile_app/registrations", APP)
    devices = await home.command(type="config/device_registry/list")
    device = next(one["id"] for one in devices if one["name"] == NAME)
    webhook = registered["webhook_id"]
    async with home.subscribed(
        type="mobile_app/push_notification_channel", webhook_id=webhook
    ) as inbox:
        yield Phone(home, webhook, device, inbox)
