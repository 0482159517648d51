"""Home Assistant is away for nights and events, or killed: afterwards it has each of them once."""

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import paho.mqtt.publish as mqtt_publish
import paho.mqtt.subscribe as mqtt_subscribe
import pytest

from devtools.home_assistant import HomeAssistant, add_limber
from devtools.processes import LOOPBACK, free_port
from limber_bridge.config.loader import load_config
from limber_bridge.domain.nights import to_us
from limber_bridge.storage.journal import Journal
from tests.bridge.examples import night
from tests.e2e.local_time import ZONE
from tests.e2e.stack import Stack, attributes, kicking

KICKS: Final = [(5.0 + 12.0 * number, 2.0) for number in range(40)]
POLL_S: Final = 0.5
AUTOMATION: Final = """
automation counted:
  - alias: Counted
    triggers:
      - trigger: state
        entity_id: [event.anna_night, event.anna_periodic_series, event.anna_bed]
        not_from: [unavailable]
        not_to: [unavailable, unknown]
    actions: []
"""


def finish(stack: Stack, indices: dict[date, float], revision: int = 1) -> None:
    """Save finished nights in the journal of a bridge that is stopped."""
    with Journal(load_config(stack.settings()).journal) as journal:
        for day, index in indices.items():
            one = night(day, revision, stack.sleeper.lower())
            journal.save_night(replace(one, measures=replace(one.measures, plm_index=index)))


async def rows(home: HomeAssistant, measure: str) -> list[tuple[date, float]]:
    """All rows of a measure, with the date on which they lie."""
    name = f"limber:7_4_bedroom_anna_{measure}"
    found = await home.command(
        type="recorder/statistics_during_period",
        start_time="2020-01-01T00:00:00+00:00",
        statistic_ids=[name],
        period="hour",
        types=["mean"],
    )
    return [
        (datetime.fromtimestamp(row["start"] / 1000, ZONE).date(), row["mean"])
        for row in found.get(name, [])
    ]


async def comes(home: HomeAssistant, measure: str, wanted: list[tuple[date, float]]) -> None:
    """Wait until the rows of a measure are these."""

    async def has(home: HomeAssistant) -> bool:
        return await rows(home, measure) == wanted

    assert await home.until(has, 60), await rows(home, measure)


def state(stack: Stack) -> dict[str, Any]:
    """The newest state of the sleeper."""
    topic = f"{stack.base_topic}/{stack.bridge}/{stack.sleeper.lower()}/state"
    message = mqtt_subscribe.simple(  # type: ignore[no-untyped-call]
        topic, hostname=LOOPBACK, port=stack.broker_port
    )
    found: dict[str, Any] = json.loads(message.payload)
    return found


def request(stack: Stack, command: str) -> None:
    """Send a request of another client than Home Assistant."""
    topic = f"{stack.base_topic}/{stack.bridge}"
    asked = {"v": 1, "id": "x", "reply_to": f"{topic}/response/test", "sleeper": "anna"}
    payload = json.dumps(asked | {"command": command})
    mqtt_publish.single(f"{topic}/request", payload, 1, hostname=LOOPBACK, port=stack.broker_port)


def live_night(stack: Stack, tonight: date) -> dict[str, Any]:
    """Measure movements, end the night, and return it as the bridge publishes it."""
    with kicking(stack.sensor_port, KICKS):
        while not (state(stack)["tonight"]["measures"]["movements"] or 0) >= 4:
            time.sleep(POLL_S)
        request(stack, "end_night")
        while (last := state(stack)["last_night"])["night"] != tonight.isoformat():
            time.sleep(POLL_S)
    found: dict[str, Any] = last
    return found


@pytest.mark.takes(75)
async def test_what_happens_while_home_assistant_is_away_is_fetched_once(stack: Stack) -> None:
    stack.start_broker()
    config = load_config(stack.settings())
    tonight = config.calendar.night_of(to_us(datetime.now(UTC)))
    days = [tonight - timedelta(days=number) for number in range(6, 0, -1)]
    indices = {day: 10.0 + number for number, day in enumerate(days)}
    finish(stack, {day: indices[day] for day in days[:2]})
    bridge = stack.start_bridge()
    program = stack.start_home(AUTOMATION)
    async with stack.home(program) as home:
        await add_limber(home)
        await comes(home, "plm_index", sorted(indices.items())[:2])
    program.stop()
    bridge.stop()
    indices[days[1]] = 99.5
    finish(stack, {days[1]: 99.5}, revision=2)
    finish(stack, {day: indices[day] for day in days[2:]})
    stack.start_bridge()
    last = live_night(stack, tonight)
    # Meanwhile another program may use the port.
    stack.home_port = free_port()
    program = stack.start_home(AUTOMATION)
    async with stack.home(program) as home:
        movements = [(day, 312.0) for day in days]
        await comes(home, "movements", [*movements, (tonight, last["measures"]["movements"])])
        known = [(day, index) for day, index in await rows(home, "plm_index") if day in indices]
        assert known == sorted(indices.items())
        # What is past triggers nothing.
        assert (await attributes(home, "automation.counted"))["last_triggered"] is None
        await every_movement_is_there_once(home, tonight, last)


async def every_movement_is_there_once(
    home: HomeAssistant, tonight: date, last: dict[str, Any]
) -> None:
    """The events of the night, which the calendar shows, are those of the journal."""
    nights = await home.post("/api/services/limber/get_nights?return_response", {"days": 10})
    listed = Counter(one["night"] for one in nights["service_response"]["nights"])
    assert set(listed.values()) == {1}
    assert len(listed) == 7
    newest = nights["service_response"]["nights"][-1]
    assert (newest["night"], newest["movements"]) == (
        tonight.isoformat(),
        last["measures"]["movements"],
    )


FOLLOWED: Final = """
automation followed:
  - alias: Followed
    triggers:
      - trigger: event
        event_type: limber_follow_up
        event_data:
          id: light
    actions:
      - action: limber.complete_follow_up
        data:
          id: light
"""


@pytest.mark.takes(25)
async def test_a_follow_up_survives_a_kill_of_home_assistant(stack: Stack) -> None:
    stack.start_broker()
    stack.start_bridge()
    program = stack.start_home(FOLLOWED)
    async with stack.home(program) as home:
        await add_limber(home)
        entries = stack.folder / "config/.storage/core.config_entries"

        async def saved(_home: HomeAssistant) -> bool:
            return entries.exists() and '"limber"' in entries.read_text()

        # Home Assistant saves a new entry a second later.
        assert await home.until(saved, 30)
        scheduled = {"id": "light", "after": 1}
        await home.post("/api/services/limber/schedule_follow_up", scheduled)
        program.kill()
    stack.home_port = free_port()
    async with stack.home(stack.start_home(FOLLOWED)) as home:

        async def followed(home: HomeAssistant) -> bool:
            found = await attributes(home, "automation.followed")
            return found["last_triggered"] is not None

        assert await home.until(followed, 90)
        stored = json.loads((stack.folder / "config/.storage/limber.follow_ups").read_text())
        assert stored["data"] == {"follow_ups": []}
