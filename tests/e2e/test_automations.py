"""Blueprints as running automations, triggers and conditions through the editor, a
question to Assist.

The test publishes the cramp in place of the bridge. Everything else is real: the night, its end,
the answers, the journal.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import paho.mqtt.publish as mqtt_publish
import pytest

from devtools.home_assistant import BLUEPRINTS as BLUEPRINT_FILES
from devtools.home_assistant import HomeAssistant, add_limber
from devtools.mobile_app import Phone, phone
from devtools.processes import LOOPBACK
from limber_bridge.config.loader import load_config
from limber_bridge.detection.events import Certainty, Cramp
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.domain.nights import Night, to_us
from limber_bridge.storage.journal import Journal
from tests.bridge.examples import night
from tests.e2e.local_time import ZONE
from tests.e2e.shared_home import CONFIGURATION
from tests.e2e.stack import Stack, attributes, kicking, shows

KICKS: Final = [(5.0 + 12.0 * number, 2.0) for number in range(40)]
BLUEPRINTS: Final = "imported"
REMINDED_IN: Final = timedelta(seconds=25)
"""From then on two automations must be saved. Chosen: takes two seconds on an idle machine."""


def fill(stack: Stack, bedtime: datetime, cramp: datetime) -> None:
    """Have a journal with nights that began at this time of day, and a cramp in the night that is
    not over."""
    config = load_config(stack.settings())
    tonight = config.calendar.night_of(to_us(datetime.now(UTC)))
    with Journal(config.journal) as journal:
        for days in range(6, 0, -1):
            journal.save_night(
                begun(
                    night(tonight - timedelta(days=days), sleeper=stack.sleeper.lower()),
                    bedtime - timedelta(days=days + 1),
                )
            )
        event = Cramp(
            to_us(cramp),
            to_us(cramp) + 90_000_000,
            Certainty.PROBABLE,
            "tense calf, then movement",
            1.9,
            {},
        )
        journal.append(stack.sleeper.lower(), [(tonight, event)], PipelineState({}))


def begun(one: Night, start: datetime) -> Night:
    """A night that began then."""
    return replace(one, start=to_us(start), end=to_us(start) + 7 * 3600 * 1_000_000)


async def device(home: HomeAssistant, name: str) -> str:
    """The id of a device."""
    found = await home.command(type="config/device_registry/list")
    return str(next(one["id"] for one in found if one["name"] == name))


async def automate(home: HomeAssistant, name: str, body: dict[str, Any]) -> None:
    """Save an automation as the editor does, and see that it is on."""
    await home.post(
        f"/api/config/automation/config/{name}", {"alias": name, "description": ""} | body
    )
    await shows(home, f"automation.{name}", "on")


def blueprint(name: str, **inputs: object) -> dict[str, Any]:
    """An automation from a Limber blueprint."""
    return {"use_blueprint": {"path": f"{BLUEPRINTS}/{name}.yaml", "input": inputs}}


async def called(home: HomeAssistant, action: str, **data: object) -> Any:
    """Call an action and return its response."""
    domain, name = action.split(".")
    answer = await home.post(f"/api/services/{domain}/{name}?return_response", data)
    return answer["service_response"]


@pytest.mark.takes(95)
async def test_blueprints_run_from_trigger_to_notification_and_the_answers_come_back(
    shared_stack: Callable[[str, str], Stack],
) -> None:
    stack = shared_stack("attic", "Berta")
    now = datetime.now(ZONE)
    bedtime = now + timedelta(minutes=15)
    fill(stack, bedtime, now - timedelta(minutes=30))
    stack.start_bridge()
    async with stack.running_home() as home:
        with kicking(stack.sensor_port, KICKS):
            await add_limber(home, stack.base_topic)
            await imported(home)
            berta = await device(home, "Berta")
            await shows(home, "binary_sensor.attic_connectivity", "on")
            shown = datetime.fromisoformat(str(await home.state("sensor.berta_usual_bedtime")))
            assert abs(shown - bedtime) <= timedelta(minutes=1)
            async with phone(home) as told:
                # Neither needs the other, and both mostly wait.
                async with asyncio.TaskGroup() as both:
                    both.create_task(evening(home, told, berta))
                    both.create_task(alert(stack, home, told, berta))
                assert await home.until(some_movements, 60)
                await morning(home, told, berta)


async def some_movements(home: HomeAssistant) -> bool:
    """Return whether a movement has been counted tonight."""
    return await home.state("sensor.berta_leg_movements_tonight") not in ("unavailable", "0", None)


async def imported(home: HomeAssistant) -> None:
    """The blueprints are saved as Home Assistant saves what it has fetched by a link."""
    for path in BLUEPRINT_FILES.glob("*.yaml"):
        await home.command(
            type="blueprint/save",
            domain="automation",
            path=f"{BLUEPRINTS}/{path.stem}",
            yaml=path.read_text(),
            source_url=f"https://github.com/limber-home/limber/blob/main/blueprints/automation/limber/{path.name}",
        )


async def evening(home: HomeAssistant, told: Phone, berta: str) -> None:
    """The reminder comes by itself, later again, and what is done is in the journal."""
    bedtime = datetime.fromisoformat(str(await home.state("sensor.berta_usual_bedtime")))
    reminder = datetime.now(ZONE) + REMINDED_IN
    before = round((bedtime - reminder).total_seconds())
    inputs = {
        "sleeper": berta,
        "phones": [told.device],
        "bedtime": "sensor.berta_usual_bedtime",
        "before": f"-00:{before // 60:02}:{before % 60:02}",
    }
    await automate(home, "stretch", blueprint("evening_stretch_reminder", **inputs, minutes=1))
    await automate(
        home,
        "never",
        blueprint(
            "evening_stretch_reminder", **inputs, which="restless", restless="binary_sensor.none"
        ),
    )
    assert datetime.now(ZONE) < reminder, "this machine is too slow for REMINDED_IN"
    message = await told.message("limber-stretch", 90)
    assert message["title"] == "Time to stretch"
    assert [one["title"] for one in message["data"]["actions"]] == ["Done", "Later", "Not tonight"]
    await told.press(message, "Later")
    again = await told.message("limber-stretch", 90)
    await told.press(again, "Done")
    await shows_type(home, "event.berta_logged", "stretching")
    assert (await attributes(home, "automation.never"))["last_triggered"] is None


async def shows_type(home: HomeAssistant, entity: str, wanted: str) -> None:
    """Wait until an event entity shows an event type."""

    async def told(home: HomeAssistant) -> bool:
        return bool((await attributes(home, entity)).get("event_type") == wanted)

    assert await home.until(told, 30), await attributes(home, entity)


async def alert(stack: Stack, home: HomeAssistant, told: Phone, berta: str) -> None:
    """A cramp lights the way and has the stretch instruction said, once within the cooldown."""
    inputs = {
        "sleeper": berta,
        "cramp": "event.berta_cramp",
        "night": "event.berta_night",
        "phones": [told.device],
        "lights": ["light.hall"],
        "light_minutes": 1,
        "speaker": "media_player.bed",
        "voice": "tts.voice",
        "quiet_from": "00:00:00",
        "quiet_until": "00:00:00",
    }
    await automate(home, "cramp", blueprint("cramp_alert", **inputs))
    async with home.subscribed(type="subscribe_events", event_type="call_service") as calls:
        publish_cramp(stack, "first")
        spoken = await call_of(calls, "tts", "speak")
        assert "pull your toes toward your shin" in spoken["message"]
        await shows(home, "light.hall", "on")
        publish_cramp(stack, "second")
        # The light goes off a minute later: until then a second alert would have spoken.
        assert await call_of(calls, "light", "turn_off", but_not="speak") == {
            "entity_id": ["light.hall"]
        }
        assert (await attributes(home, "event.berta_cramp"))["event"] == "cramp-second"


async def call_of(
    calls: asyncio.Queue[dict[str, Any]], domain: str, action: str, but_not: str = ""
) -> dict[str, Any]:
    """Wait for the call of an action and return its data; another one must not come before it."""
    async with asyncio.timeout(90):
        while True:
            call = (await calls.get())["data"]
            assert call["service"] != but_not
            if (call["domain"], call["service"]) == (domain, action):
                data: dict[str, Any] = call["service_data"]
                return data


def publish_cramp(stack: Stack, name: str) -> None:
    """Publish a cramp as the bridge does."""
    moment = datetime.now(UTC)
    now = moment.isoformat()
    event = {
        "v": 1,
        "id": f"cramp-{name}",
        "kind": "cramp",
        "night": f"{moment:%Y-%m-%d}",
        "start": now,
        "known_at": now,
        "end": None,
        "certainty": "probable",
        "reason": "tense calf",
        "strength": 1.5,
        "label": None,
    }
    topic = f"{stack.base_topic}/{stack.bridge}/{stack.sleeper.lower()}/event"
    mqtt_publish.single(topic, json.dumps(event), 1, hostname=LOOPBACK, port=stack.broker_port)


async def morning(home: HomeAssistant, told: Phone, berta: str) -> None:
    """The night ends: it is summed up in words, the cramp is asked about, and the answer is in the
    journal."""
    inputs = {
        "sleeper": berta,
        "night": "event.berta_night",
        "in_bed": "binary_sensor.berta_in_bed",
        "phones": [told.device],
    }
    await automate(home, "summary", blueprint("morning_summary", **inputs))
    await home.post("/api/services/button/press", {"entity_id": "button.berta_end_the_night"})
    messages = [await told.message("limber-"), await told.message("limber-")]
    summary = next(one for one in messages if one["data"]["tag"].startswith("limber-morning"))
    asked = next(one for one in messages if one["data"]["tag"].startswith("limber-cramp"))
    assert "leg movements" in summary["message"]
    assert "(probable)" in summary["message"]
    assert "Logged: Stretching" in summary["message"]
    # One cramp is no reason to mention a doctor.
    assert "doctor" not in summary["message"]
    assert asked["title"] == "Was this a cramp?"
    await told.press(asked, "It was a cramp")

    async def labelled(home: HomeAssistant) -> bool:
        found = await called(home, "limber.get_night", sleeper=berta)
        return bool([one["label"] for one in found["cramp_events"]] == [True])

    assert await home.until(labelled, 30)


@pytest.mark.takes(60)
async def test_triggers_conditions_assist_and_a_removal_without_a_trace(stack: Stack) -> None:
    stack.start_broker()
    fill(stack, datetime.now(ZONE) - timedelta(hours=3), datetime.now(ZONE) - timedelta(minutes=30))
    stack.start_bridge()
    program = stack.start_home(CONFIGURATION)
    async with stack.home(program) as home:
        await add_limber(home)
        await shows(home, "sensor.anna_restless_nights_in_a_row", "6")
        await in_the_editor(home)
        asked = {"text": "How did my legs do last night?", "language": "en"}
        answer = await home.post("/api/conversation/process", asked)
        said = answer["response"]["speech"]["plain"]["speech"]
        assert "24.1 periodic leg movements per hour in bed" in said
        with kicking(stack.sensor_port, KICKS):

            async def triggered(home: HomeAssistant) -> Any:
                return (await attributes(home, "automation.ours"))["last_triggered"]

            assert await home.until(triggered, 90)
            assert await home.state("event.anna_periodic_series") not in (None, "unknown")
        await removed(stack, home)


async def in_the_editor(home: HomeAssistant) -> None:
    """What the automation editor offers, and an automation made of it."""
    async with home.subscribed(type="trigger_platforms/subscribe") as described:
        assert "limber.series_started" in await described.get()
    async with home.subscribed(type="condition_platforms/subscribe") as described:
        assert "limber.restless_nights_in_a_row" in await described.get()
    index = {"entity_id": "sensor.anna_plm_index_last_night"}
    bad = {
        "condition": "limber.restless_nights_in_a_row",
        "target": index,
        "options": {"nights": 3, "above": 20},
    }
    ours = {
        "triggers": [
            {
                "trigger": "limber.series_started",
                "target": {"entity_id": "event.anna_periodic_series"},
            }
        ],
        "conditions": [
            bad,
            {"condition": "not", "conditions": [bad | {"options": {"nights": 3, "above": 30}}]},
        ],
        "actions": [{"event": "limber_test"}],
    }
    await automate(home, "ours", ours)
    await automate(home, "all", all_of_ours(index))


def all_of_ours(index: dict[str, str]) -> dict[str, Any]:
    """An automation with every trigger and every condition that there is."""
    restless = {"above": 15}
    events = {
        "cramp_started": "cramp",
        "cramp_ended": "cramp",
        "possible_cramp_detected": "cramp",
        "awakening_detected": "awakening",
        "night_finished": "night",
        "restless_night": "night",
        "series_started": "periodic_series",
        "went_to_bed": "bed",
        "got_up": "bed",
    }
    triggers = [
        {"trigger": f"limber.{name}", "target": {"entity_id": f"event.anna_{event}"}}
        for name, event in events.items()
    ]
    states = [
        {"condition": f"limber.is_{name}", "target": {"entity_id": f"binary_sensor.anna_{name}"}}
        for name in ("in_bed", "asleep")
    ]
    nights = [
        {"condition": "limber.last_night_was_restless", "target": index, "options": restless},
        {
            "condition": "limber.restless_nights_in_a_row",
            "target": index,
            "options": restless | {"nights": 2},
        },
    ]
    return {
        "triggers": triggers,
        "conditions": states + nights,
        "actions": [{"event": "limber_test"}],
    }


async def removed(stack: Stack, home: HomeAssistant) -> None:
    """The entry is removed: nothing of it is left in Home Assistant."""
    (entry,) = await home.entries("limber")
    async with home.http.delete(f"/api/config/config_entries/entry/{entry['entry_id']}") as reply:
        assert reply.status == 200
    entities = await home.command(type="config/entity_registry/list")
    devices = await home.command(type="config/device_registry/list")
    assert [one["entity_id"] for one in entities if one["platform"] == "limber"] == []
    assert [
        one["name"]
        for one in devices
        if any(domain == "limber" for domain, *_ in one["identifiers"])
    ] == []
    states = await home.get("/api/states")
    ours = [
        one["entity_id"]
        for one in states
        if one["entity_id"].split(".")[1].startswith(("anna_", "bedroom_"))
    ]
    assert ours == []
    issues = (await home.command(type="repairs/list_issues"))["issues"]
    assert [one["issue_id"] for one in issues if one["domain"] == "limber"] == []
    assert list((stack.folder / "config/.storage").glob("limber*")) == []
