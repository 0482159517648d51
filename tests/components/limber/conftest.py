"""A Home Assistant of the test plugin, with a bridge that is played by the test."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant, callback
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_mqtt_message
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

# Imported before the plugin looks for integrations, or its own folder of this name would hide ours.
import custom_components.limber  # noqa: F401
from custom_components.limber.const import CONF_BASE_TOPIC, CONF_BRIDGE, DOMAIN

CONTRACT = Path(__file__).parents[3] / "contract"


def golden(name: str) -> dict[str, Any]:
    """A message of the contract."""
    found: dict[str, Any] = json.loads((CONTRACT / f"{name}.json").read_text())
    return found


COMMANDS = [
    "nights", "events", "end_night", "label", "reset_labels", "pause", "calibrate", "set", "log",
]  # fmt: skip
INFO = golden("info") | {"commands": COMMANDS}


@pytest.fixture(autouse=True)
def quick_subscriptions() -> Iterator[None]:
    """Subscriptions wait in real time otherwise."""
    client = "homeassistant.components.mqtt.client"
    with patch(f"{client}.INITIAL_SUBSCRIBE_COOLDOWN", 0), patch(f"{client}.SUBSCRIBE_COOLDOWN", 0):
        yield


class Bridge:
    """A bridge that the test plays, with one sleeper."""

    def __init__(self, hass: HomeAssistant, bridge: str = "bedroom", sleeper: str = "anna") -> None:
        self.hass = hass
        self.topic = f"limber/{bridge}"
        self.sleeper = sleeper
        described = INFO["sleepers"][0] | {"id": sleeper, "name": sleeper.capitalize()}
        self.info = INFO | {"bridge": bridge, "name": bridge.capitalize(), "sleepers": [described]}
        self.asked: list[dict[str, Any]] = []
        self.answers: dict[str, list[dict[str, Any]]] = {}
        """Prepared ones, by question; they come before those that the bridge makes itself."""
        self.nights: list[dict[str, Any]] = []
        """What it has, oldest first."""
        self.events: dict[str, list[dict[str, Any]]] = {}
        """By night."""
        self.silent = False

    def say(self, topic: str, payload: object, *, retain: bool = False) -> None:
        """Publish a message under the topic of the bridge."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        async_fire_mqtt_message(self.hass, f"{self.topic}/{topic}", text, 1, retain)

    def tell_all(self, **state: object) -> None:
        """Publish what is retained."""
        self.say("info", self.info, retain=True)
        self.say(f"{self.sleeper}/state", golden("state") | state, retain=True)
        self.say("status", "online", retain=True)

    async def tell(self, **state: object) -> None:
        """Publish a new state and wait until it has arrived."""
        self.say(f"{self.sleeper}/state", golden("state") | state)
        await self.hass.async_block_till_done()

    @callback
    def hear(self, message: Any) -> None:
        """Answer a question with the next prepared answer to it."""
        question = json.loads(message.payload)
        self.asked.append(question)
        if self.silent:
            return
        prepared = self.answers.get(question["command"])
        answer = prepared.pop(0) if prepared else self.answer(question)
        async_fire_mqtt_message(
            self.hass, question["reply_to"], json.dumps(answer | {"id": question["id"]})
        )

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer as a bridge does."""
        match question["command"]:
            case "nights":
                nights = [night for night in self.nights if night["night"] > question["after"]]
                return golden("response_nights") | {"nights": nights, "next": None}
            case "events":
                return golden("response_events") | {
                    "events": self.events.get(question["night"], []),
                    "next": None,
                }
            case "label" | "log":
                return golden("response_label")
            case _:
                return golden("response_done")

    def commands(self) -> list[dict[str, Any]]:
        """What it was told, without what says who asked."""
        told = [one for one in self.asked if one["command"] not in ("nights", "events")]
        return [
            {key: one[key] for key in one if key not in ("v", "id", "reply_to")} for one in told
        ]


@pytest.fixture
async def bridge(
    hass: HomeAssistant, mqtt_mock: MqttMockHAClient, enable_custom_integrations: None
) -> Bridge:
    """A bridge on the broker of the test."""
    return play_bridges(hass, mqtt_mock, Bridge(hass))[0]


def play_bridges(
    hass: HomeAssistant, mqtt_mock: MqttMockHAClient, *bridges: Bridge
) -> tuple[Bridge, ...]:
    """Pass the requests of the integration on to the bridges that they are for."""

    async def publish(topic: str, payload: str, *_: object, **__: object) -> None:
        for bridge in bridges:
            if topic == f"{bridge.topic}/request":
                hass.loop.call_soon(bridge.hear, Published(payload))

    mqtt_mock.async_publish.side_effect = publish
    return bridges


class Published:
    """What the integration published."""

    def __init__(self, payload: str) -> None:
        self.payload = payload


@pytest.fixture
def entry() -> MockConfigEntry:
    """The entry of the bridge."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Bedroom",
        unique_id="bedroom",
        data={CONF_BRIDGE: "bedroom", CONF_BASE_TOPIC: "limber"},
    )


@pytest.fixture
async def loaded(hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry) -> MockConfigEntry:
    """The entry, set up and hearing everything."""
    await set_up(hass, bridge, entry)
    return entry


async def set_up(hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry) -> None:
    """Set up the entry while the bridge tells what it retains."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    setting_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    while not setting_up.done():
        bridge.tell_all()
        await asyncio.sleep(0.01)
    await hass.async_block_till_done()
