"""A home with two phones, in which the blueprints run."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from tests.components.limber.conftest import Bridge, golden

SOURCE = Path(__file__).parents[4] / "blueprints/automation/limber"
EVENING = "2026-11-21T20:00:00+00:00"
MORNING = "2026-11-22T07:30:00+00:00"
"""8:30 in Berlin."""
PASSES = 200
"""Iterations of the event loop: many times what an event and its effects need."""


def add_phone(hass: HomeAssistant, name: str) -> str:
    """Add a phone with the app; return the id of its device."""
    entry = MockConfigEntry(domain="mobile_app", title=name, data={"device_name": name})
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("mobile_app", entry.entry_id)}, name=name
    )
    return device.id


class Home:
    """Two phones, and the actions that the blueprints call."""

    def __init__(
        self,
        hass: HomeAssistant,
        bridge: Bridge,
        entry: MockConfigEntry,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        self.hass = hass
        self.bridge = bridge
        self.freezer = freezer
        registry = dr.async_get(hass)
        # A watch that cannot receive messages, and a phone that was removed.
        self.phones = [
            add_phone(hass, "Watch"),
            "gone",
            add_phone(hass, "Her phone"),
            add_phone(hass, "His phone"),
        ]
        ours = dr.async_entries_for_config_entry(registry, entry.entry_id)
        self.anna = next(one.id for one in ours if one.name == "Anna")
        self.her_messages = async_mock_service(hass, "notify", "mobile_app_her_phone")
        self.his_messages = async_mock_service(hass, "notify", "mobile_app_his_phone")
        self.others = async_mock_service(hass, "notify", "send_message")
        for entity in ("notify.tablet", "notify.partner"):
            hass.states.async_set(entity, "unknown")
        self.turned_on = async_mock_service(hass, "light", "turn_on")
        self.turned_off = async_mock_service(hass, "light", "turn_off")
        self.spoken = async_mock_service(hass, "tts", "speak")
        self.state = golden("state")
        """The state that the bridge publishes."""

    async def automate(self, blueprint: str, **inputs: Any) -> None:
        """Create an automation from a blueprint."""
        used = {
            # As the editor writes it: it looks like a number.
            "id": "1700000000000",
            "alias": "test",
            "use_blueprint": {"path": f"limber/{blueprint}.yaml", "input": inputs},
        }
        assert await async_setup_component(self.hass, "automation", {"automation": [used]})
        await self.hass.async_block_till_done(wait_background_tasks=True)
        state = self.hass.states.get("automation.test")
        assert state is not None
        assert state.state == "on"

    async def settle(self) -> None:
        """Run the event loop for a while; async_block_till_done would wait for delays."""
        for _ in range(PASSES):
            await asyncio.sleep(0)

    async def end_run(self) -> None:
        """End what the automation is doing, as a restart of Home Assistant does."""
        for action in ("turn_off", "turn_on"):
            await self.hass.services.async_call(
                "automation", action, {"entity_id": "automation.test"}, blocking=True
            )
        await self.settle()

    async def wait(self, **time: float) -> None:
        """Advance the time."""
        self.freezer.tick(timedelta(**time))
        async_fire_time_changed(self.hass)
        await self.settle()

    async def until(self, moment: str) -> None:
        """Advance the time to a moment; the bridge has published its state shortly before."""
        self.freezer.move_to(moment)
        self.bridge.publish("anna/state", self.state)
        async_fire_time_changed(self.hass)
        await self.settle()

    async def publish(self, name: str, **more: Any) -> None:
        """Publish an event that happens now."""
        now = dt_util.utcnow().isoformat()
        self.bridge.publish("anna/event", golden(name) | {"start": now, "known_at": now} | more)
        await self.settle()

    async def publish_state(self, **state: object) -> None:
        """Publish a state."""
        self.state = golden("state") | state
        self.bridge.publish("anna/state", self.state)
        await self.settle()

    async def press(self, call: ServiceCall, title: str, reply: str | None = None) -> None:
        """Press a button of a message, and type a reply into its field."""
        button = next(one for one in call.data["data"]["actions"] if one["title"] == title)
        assert ("textInputPlaceholder" in button) is (reply is not None)
        answer = {"action": button["action"]} | ({} if reply is None else {"reply_text": reply})
        self.hass.bus.async_fire("mobile_app_notification_action", answer)
        await self.settle()

    def texts_of(self, calls: list[ServiceCall]) -> list[str]:
        """Return the texts of messages, without those that clear one."""
        return [
            call.data["message"] for call in calls if call.data["message"] != "clear_notification"
        ]


@pytest.fixture
async def home(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    tmp_path: Path,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> Home:
    await hass.config.async_set_time_zone("Europe/Berlin")
    shutil.copytree(SOURCE, tmp_path / "blueprints/automation/limber")
    hass.config.config_dir = str(tmp_path)
    freezer.move_to(EVENING)
    built = Home(hass, bridge, loaded, freezer)
    await bridge.publish_state(in_bed=False)
    return built


@pytest.fixture
def evening(home: Home) -> Callable[..., Awaitable[None]]:
    """Returns a function that creates the stretch reminder, at 21:30."""

    async def make(**inputs: Any) -> None:
        usual = {
            "sleeper": home.anna,
            "phones": home.phones,
            "bedtime": "sensor.anna_usual_bedtime",
        }
        await home.automate(
            "evening_stretch_reminder", **usual | {"at": "21:30:00", "learned": False} | inputs
        )

    return make


def nights(*days: str) -> list[dict[str, Any]]:
    """Return finished nights of these dates."""
    last = golden("state")["last_night"]
    return [last | {"night": day, "end": f"{day}T06:30:00Z"} for day in days]


async def ends(home: Home, *, in_bed: bool = False, **state: object) -> None:
    """Let the night end: the bridge publishes it."""
    home.bridge.nights = nights("2026-11-22")
    await home.publish_state(in_bed=in_bed, last_night=home.bridge.nights[-1], **state)
    await home.publish("event_night", night="2026-11-22", revision=1)


@pytest.fixture
def alert(home: Home) -> Callable[..., Awaitable[None]]:
    """Returns a function that creates the cramp alert."""

    async def make(**inputs: Any) -> None:
        usual = {
            "sleeper": home.anna,
            "cramp": "event.anna_cramp",
            "night": "event.anna_night",
            "phones": home.phones,
            "lights": ["light.hall"],
            "receivers": ["notify.partner"],
            "speaker": "media_player.bed",
            "voice": "tts.voice",
            "quiet_from": "22:00:00",
            "quiet_until": "07:00:00",
        }
        home.hass.states.async_set("light.hall", "off")
        await home.automate("cramp_alert", **usual | inputs)

    return make
