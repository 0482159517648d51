"""A browser whose cards ask for nights, and a bridge that also knows trends and trials."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, override

import pytest
from freezegun import freeze_time
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from tests.components.limber.conftest import COMMANDS, Bridge, golden, night, play_bridges, set_up
from tests.components.limber.trial_examples import EFFECT, TREND_NIGHT, TRIAL

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
BEDTIME = datetime(2026, 11, 20, 22, tzinfo=UTC)
OLDER = [one for one in COMMANDS if one not in ("trend", "effects", "trials")]
EVERYTHING = [*OLDER, "trend", "effects", "trials"]
NOTHING_ASKED = {"diary": None, "trial": None, "last_trial": None}
MOVEMENT = golden("event_movement") | {"known_at": None}
NUMBERS = count(1000)
"""Of the messages of a browser: each is higher than the one before."""


class TrendBridge(Bridge):
    """A bridge that also knows trends, effects and trials."""

    trend: list[dict[str, Any]]
    slow_command = ""
    """Requests with this command wait in `waiting`."""
    waiting: Any = None

    @callback
    @override
    def handle_request(self, message: Any) -> None:
        if self.slow_command and self.slow_command in message.payload:
            self.waiting = message
        else:
            super().handle_request(message)

    @override
    def respond(self, request: dict[str, Any]) -> dict[str, Any]:
        base = {"v": 1, "ok": True}
        match request["command"]:
            case "trend":
                after = request.get("after", "")
                rows = [row for row in self.trend if row["night"] > after]
                return base | {"trend": rows, "next": None}
            case "effects":
                return base | {"effects": [EFFECT], "nights": 42}
            case "trials":
                return base | {"trials": [TRIAL]}
            case _:
                return super().respond(request)

    def fetched(self) -> list[str]:
        """The commands of all requests since the last call."""
        commands = [one["command"] for one in self.requests]
        self.requests.clear()
        return commands


@pytest.fixture
async def bridge(hass: HomeAssistant, mqtt_mock: Any, enable_custom_integrations: None) -> Bridge:
    """A bridge with all commands of the cards."""
    made = TrendBridge(hass)
    made.trend = [TREND_NIGHT]
    made.info |= {"commands": EVERYTHING}
    play_bridges(hass, mqtt_mock, made)
    return made


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    """The time of the golden messages, which goes on."""
    with freeze_time(NOW, tick=True):
        yield


@pytest.fixture
async def client(
    hass: HomeAssistant,
    bridge: TrendBridge,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> MockHAClientWebSocket:
    """A browser; the bridge has three nights and the events of the last one."""
    bridge.nights = [
        night("2026-11-19", 10.0),
        night("2026-11-20", 20.0),
        night("2026-11-21", 24.0, 2),
    ]
    bridge.events["2026-11-21"] = [movement(number) for number in range(3)]
    await set_up(hass, bridge, entry)
    await bridge.publish_state(**NOTHING_ASKED)
    bridge.requests.clear()
    return await hass_ws_client(hass)


def movement(number: int, day: str = "2026-11-21", since: datetime = BEDTIME) -> dict[str, Any]:
    """A movement, one every 14 s."""
    start = since + timedelta(seconds=14 * number, milliseconds=137 * (number % 7))
    return MOVEMENT | {
        "id": f"movement-{number}",
        "night": day,
        "start": start.isoformat(),
        "end": (start + timedelta(seconds=2)).isoformat(),
    }


def device_of(hass: HomeAssistant, name: str = "bedroom/sleeper/anna") -> str:
    """The id of a device."""
    devices = dr.async_get(hass).devices
    return next(one.id for one in devices if ("limber", name) in one.identifiers)


async def ask(client: MockHAClientWebSocket, command: str, **values: object) -> dict[str, Any]:
    """Send a command and return its response."""
    number = next(NUMBERS)
    await client.send_json({"id": number, "type": f"limber/{command}", **values})
    while True:
        answer: dict[str, Any] = await client.receive_json(timeout=30)
        if answer["id"] == number and answer["type"] == "result":
            return answer


async def get(
    hass: HomeAssistant, client: MockHAClientWebSocket, command: str, **values: object
) -> dict[str, Any]:
    """Return the result of a command about Anna."""
    answer = await ask(client, command, device_id=device_of(hass), **values)
    assert answer["success"], answer
    result: dict[str, Any] = answer["result"]
    return result


async def error_of(client: MockHAClientWebSocket, command: str, **values: object) -> str:
    """Return the code of the error of a command."""
    answer = await ask(client, command, **values)
    assert not answer["success"]
    return str(answer["error"]["code"])


async def subscribed(
    hass: HomeAssistant, client: MockHAClientWebSocket
) -> tuple[int, dict[str, Any]]:
    """Subscribe; return the number of the subscription and the first message."""
    number = next(NUMBERS)
    command = {"id": number, "type": "limber/subscribe", "device_id": device_of(hass)}
    await client.send_json(command)
    assert (await client.receive_json())["success"]
    return number, await pushed(client)


async def pushed(client: MockHAClientWebSocket) -> dict[str, Any]:
    """The next message of a subscription."""
    message = await client.receive_json(timeout=30)
    event: dict[str, Any] = message["event"]
    return event
