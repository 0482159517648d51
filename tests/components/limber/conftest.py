"""Home Assistant of the test plugin, with a bridge that the test plays."""

import asyncio
import json
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_mqtt_message
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

# Imported before the plugin looks for integrations, because its own folder has the same name.
import custom_components.limber  # noqa: F401
from custom_components.limber.const import CONF_BASE_TOPIC, CONF_BRIDGE, DOMAIN

CONTRACT = Path(__file__).parents[3] / "contract"


def golden(name: str) -> dict[str, Any]:
    """A message of the contract."""
    found: dict[str, Any] = json.loads((CONTRACT / f"{name}.json").read_text())
    return found


COMMANDS = [
    "nights", "events", "end_night", "label", "reset_labels", "pause", "calibrate", "set", "log",
    "bed", "trend", "effects", "diary", "report", "start_trial", "stop_trial", "answer_trial",
    "trials",
]  # fmt: skip
KEPT_FRAMES = 1
INFO = golden("info") | {"commands": COMMANDS}


@pytest.fixture(autouse=True)
def quick_subscriptions() -> Iterator[None]:
    """Subscriptions wait in real time otherwise."""
    client = "homeassistant.components.mqtt.client"
    with patch(f"{client}.INITIAL_SUBSCRIBE_COOLDOWN", 0), patch(f"{client}.SUBSCRIBE_COOLDOWN", 0):
        yield


@pytest.fixture(autouse=True, scope="session")
def shallow_stacks() -> Iterator[None]:
    """The plugin turns on the debug mode of asyncio, which keeps the whole stack that made each
    future and callback: a third of the time of these tests. Its innermost frame is enough."""
    walk_stack = traceback.walk_stack
    with patch("traceback.walk_stack", lambda frame: islice(walk_stack(frame), KEPT_FRAMES)):
        yield


class Bridge:
    """A bridge that the test plays, with one sleeper."""

    def __init__(self, hass: HomeAssistant, bridge: str = "bedroom", sleeper: str = "anna") -> None:
        self.hass = hass
        self.topic = f"limber/{bridge}"
        self.sleeper = sleeper
        described = INFO["sleepers"][0] | {"id": sleeper, "name": sleeper.capitalize()}
        self.info = INFO | {"bridge": bridge, "name": bridge.capitalize(), "sleepers": [described]}
        self.requests: list[dict[str, Any]] = []
        self.prepared_responses: dict[str, list[dict[str, Any]]] = {}
        """Responses by command; they are sent before those that the bridge makes itself."""
        self.nights: list[dict[str, Any]] = []
        """Finished nights, oldest first."""
        self.events: dict[str, list[dict[str, Any]]] = {}
        """By night."""
        self.silent = False

    def publish(self, topic: str, payload: object, *, retain: bool = False) -> None:
        """Publish a message under the topic of the bridge."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        async_fire_mqtt_message(self.hass, f"{self.topic}/{topic}", text, 1, retain)

    def publish_retained(self, **state: object) -> None:
        """Publish the retained messages."""
        self.publish("info", self.info, retain=True)
        fresh = {"time": dt_util.utcnow().isoformat()}
        self.publish(f"{self.sleeper}/state", golden("state") | fresh | state, retain=True)
        self.publish("status", "online", retain=True)

    async def publish_state(self, **state: object) -> None:
        """Publish a new state and wait until it is processed."""
        self.publish(f"{self.sleeper}/state", golden("state") | state)
        await self.hass.async_block_till_done()

    @callback
    def handle_request(self, message: Any) -> None:
        """Respond to a request, with a prepared response if there is one."""
        request = json.loads(message.payload)
        self.requests.append(request)
        if self.silent:
            return
        prepared = self.prepared_responses.get(request["command"])
        answer = prepared.pop(0) if prepared else self.respond(request)
        async_fire_mqtt_message(
            self.hass, request["reply_to"], json.dumps(answer | {"id": request["id"]})
        )

    def respond(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the response of a bridge without prepared ones."""
        match request["command"]:
            case "nights":
                nights = [night for night in self.nights if night["night"] > request["after"]]
                return golden("response_nights") | {"nights": nights, "next": None}
            case "events":
                return golden("response_events") | {
                    "events": self.events.get(request["night"], []),
                    "next": None,
                }
            case "label" | "log":
                return golden("response_label")
            case _:
                return golden("response_done")

    def commands(self) -> list[dict[str, Any]]:
        """Return the commands that the bridge received, without ids and requests for data."""
        received = [one for one in self.requests if one["command"] not in ("nights", "events")]
        return [
            {key: one[key] for key in one if key not in ("v", "id", "reply_to")} for one in received
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
                hass.loop.call_soon(bridge.handle_request, Published(payload))

    mqtt_mock.async_publish.side_effect = publish
    return bridges


class Published:
    """A message that the integration published."""

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
    """The entry, set up and subscribed."""
    await set_up(hass, bridge, entry)
    return entry


async def set_up(hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry) -> None:
    """Set up the entry while the bridge publishes its retained messages."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    setting_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    while not setting_up.done():
        bridge.publish_retained()
        await asyncio.sleep(0.01)
    await hass.async_block_till_done()


def night(day: str, index: float | None, revision: int = 1) -> dict[str, Any]:
    """Return a finished night, as the bridge describes it."""
    one: dict[str, Any] = golden("state")["last_night"]
    return one | {
        "night": day,
        "revision": revision,
        "measures": one["measures"] | {"plm_index": index},
    }


async def rows(
    hass: HomeAssistant, measure: str, since: int = 2026
) -> list[tuple[datetime, float]]:
    """Return the rows of a measure in the long-term statistics, with local times."""
    name = f"limber:7_4_bedroom_anna_{measure}"
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        datetime(since, 1, 1, tzinfo=UTC),
        None,
        {name},
        "hour",
        None,
        {"mean"},
    )
    return [
        (datetime.fromtimestamp(row["start"], ZoneInfo("Europe/Berlin")), row["mean"] or 0.0)
        for row in found.get(name, [])
    ]


async def settle(hass: HomeAssistant) -> None:
    """Wait until everything is done and recorded."""
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_wait_recording_done(hass)
