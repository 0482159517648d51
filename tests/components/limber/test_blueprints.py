"""The blueprints: which messages are sent when, to which devices, and what an answer does."""

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
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from .conftest import Bridge, golden

SOURCE = Path(__file__).parents[3] / "blueprints/automation/limber"
EVENING = "2026-11-21T20:00:00+00:00"
MORNING = "2026-11-22T07:30:00+00:00"
"""8:30 in Berlin."""
PASSES = 200
"""Iterations of the event loop: many times what an event and its effects need."""


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
        mobile = MockConfigEntry(domain="mobile_app")
        mobile.add_to_hass(hass)
        registry = dr.async_get(hass)
        self.phones = [
            registry.async_get_or_create(
                config_entry_id=mobile.entry_id, identifiers={("mobile_app", name)}, name=name
            ).id
            for name in ("Her phone", "His phone")
        ]
        # A watch that cannot receive messages, and a phone that was removed.
        watch = registry.async_get_or_create(
            config_entry_id=mobile.entry_id, identifiers={("mobile_app", "watch")}, name="Watch"
        )
        for one in self.phones:
            er.async_get(hass).async_get_or_create("notify", "mobile_app", one, device_id=one)
        self.phones = [watch.id, "gone", *self.phones]
        ours = dr.async_entries_for_config_entry(registry, entry.entry_id)
        self.anna = next(one.id for one in ours if one.name == "Anna")
        self.her_messages = async_mock_service(hass, "notify", "mobile_app_her_phone")
        self.his_messages = async_mock_service(hass, "notify", "mobile_app_his_phone")
        self.others = async_mock_service(hass, "notify", "send_message")
        self.turned_on = async_mock_service(hass, "light", "turn_on")
        self.turned_off = async_mock_service(hass, "light", "turn_off")
        self.spoken = async_mock_service(hass, "tts", "speak")
        self.state = golden("state")
        """The state that the bridge publishes."""

    async def automate(self, blueprint: str, **inputs: Any) -> None:
        """Create an automation from a blueprint."""
        used = {
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

    async def press(self, call: ServiceCall, title: str) -> None:
        """Press a button of a message."""
        action = next(
            one["action"] for one in call.data["data"]["actions"] if one["title"] == title
        )
        self.hass.bus.async_fire("mobile_app_notification_action", {"action": action})
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
    freezer: FrozenDateTimeFactory,
) -> Home:
    await hass.config.async_set_time_zone("Europe/Berlin")
    shutil.copytree(SOURCE, tmp_path / "blueprints/automation/limber")
    hass.config.config_dir = str(tmp_path)
    freezer.move_to(EVENING)
    built = Home(hass, bridge, loaded, freezer)
    await bridge.publish_state(in_bed=False)
    return built


# --- Evening ---


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


async def test_done_is_logged_and_clears_the_other_phone(home: Home, evening: Any) -> None:
    await evening()
    await home.until("2026-11-21T20:30:00Z")
    assert home.texts_of(home.her_messages) == home.texts_of(home.his_messages)
    await home.press(home.her_messages[0], "Done")
    assert home.his_messages[-1].data["message"] == "clear_notification"
    assert home.his_messages[-1].data["data"]["tag"] == home.his_messages[0].data["data"]["tag"]
    (logged,) = home.bridge.commands()
    assert (logged["command"], logged["factor"]) == ("log", "stretching")


async def test_a_failed_answer_can_be_repeated(home: Home, evening: Any) -> None:
    await evening()
    await home.until("2026-11-21T20:30:00Z")
    home.bridge.silent = True
    await home.press(home.her_messages[0], "Done")
    await home.wait(minutes=1)
    assert [call.data["message"] for call in home.his_messages] == home.texts_of(home.his_messages)
    home.bridge.silent = False
    await home.press(home.her_messages[0], "Done")
    assert home.his_messages[-1].data["message"] == "clear_notification"


async def test_an_answer_only_concerns_the_automation_that_asked(home: Home, evening: Any) -> None:
    await evening()
    await home.until("2026-11-21T20:30:00Z")
    action = (
        home.her_messages[0]
        .data["data"]["actions"][0]["action"]
        .replace("automation.test", "automation.other")
    )
    home.hass.bus.async_fire("mobile_app_notification_action", {"action": action})
    await home.settle()
    assert home.bridge.commands() == []


async def test_done_pressed_in_the_morning_means_the_evening(home: Home, evening: Any) -> None:
    await evening()
    await home.until("2026-11-21T20:30:00Z")
    await home.until(MORNING)
    await home.press(home.her_messages[0], "Done")
    assert home.bridge.commands()[0]["time"] == "2026-11-21T20:30:00+00:00"


async def test_later_repeats_the_reminder_and_not_tonight_does_not(
    home: Home, evening: Any
) -> None:
    await evening(minutes=20)
    await home.until("2026-11-21T20:30:00Z")
    await home.press(home.her_messages[0], "Later")
    await home.wait(minutes=19)
    assert len(home.texts_of(home.her_messages)) == 1
    await home.wait(minutes=2)
    assert len(home.texts_of(home.her_messages)) == 2
    await home.press(home.her_messages[-1], "Not tonight")
    await home.wait(hours=2)
    assert len(home.texts_of(home.her_messages)) == 2
    assert home.bridge.commands() == []


OTHERS = ["LIMBER_CRAMP_MAYBE:automation.test:cramp-1", "DOOR:a:b", "OPEN", "LIMBER_DONE:a", None]


@pytest.mark.parametrize("action", OTHERS)
@pytest.mark.parametrize("blueprint", ["evening", "alert"])
async def test_answers_to_other_automations_are_ignored(
    home: Home,
    evening: Any,
    alert: Any,
    blueprint: str,
    action: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await (evening if blueprint == "evening" else alert)()
    data = {} if action is None else {"action": action}
    home.hass.bus.async_fire("mobile_app_notification_action", data)
    await home.settle()
    assert (home.her_messages, home.bridge.commands()) == ([], [])
    assert "Error" not in caplog.text


async def test_the_reminder_comes_before_the_usual_bedtime(home: Home, evening: Any) -> None:
    nights = []
    for day in (19, 20, 21):
        one = golden("state")["last_night"]
        nights.append(
            one | {"night": f"2026-11-{day}", "start": f"2026-11-{day - 1}T22:00:00Z", "end": None}
        )
    home.bridge.nights = nights
    home.bridge.publish("status", "offline")
    home.bridge.publish("status", "online")
    await home.settle()
    await evening(learned=True, before="-00:30:00")
    await home.until("2026-11-21T20:30:00Z")
    assert home.her_messages == []
    await home.until("2026-11-21T21:30:00Z")
    assert len(home.her_messages) == 1


async def test_the_reminder_comes_once_although_the_bridge_reconnects(
    hass: HomeAssistant, home: Home, evening: Any
) -> None:
    hass.states.async_set(
        "sensor.bedtime", "2026-11-21T21:15:00+00:00", {"device_class": "timestamp"}
    )
    await evening(learned=True, before="-01:00:00", bedtime="sensor.bedtime")
    await home.until("2026-11-21T20:15:00Z")
    assert len(home.her_messages) == 1
    hass.states.async_set("sensor.bedtime", "unavailable")
    await home.until("2026-11-21T20:30:00Z")
    assert len(home.her_messages) == 1


async def test_the_fixed_time_replaces_a_bedtime_that_became_known_too_late(
    hass: HomeAssistant, home: Home, evening: Any
) -> None:
    hass.states.async_set("sensor.bedtime", "unavailable")
    await evening(learned=True, before="-01:00:00", bedtime="sensor.bedtime")
    await home.until("2026-11-21T20:20:00Z")
    hass.states.async_set(
        "sensor.bedtime", "2026-11-21T21:15:00+00:00", {"device_class": "timestamp"}
    )
    await home.until("2026-11-21T20:30:00Z")
    assert len(home.her_messages) == 1


async def test_the_fixed_time_applies_until_the_bedtime_is_known(home: Home, evening: Any) -> None:
    await evening(learned=True)
    await home.until("2026-11-21T20:30:00Z")
    assert len(home.her_messages) == 1


@pytest.mark.parametrize(
    ("inputs", "comes"),
    [
        ({"which": "restless", "restless": "binary_sensor.anna_restless_last_night"}, True),
        ({"which": "restless", "restless": "binary_sensor.anna_asleep"}, False),
        ({"which": "restless"}, False),
        ({"which": "rising", "week": "sensor.seven", "month": "sensor.thirty"}, True),
        ({"which": "rising", "week": "sensor.thirty", "month": "sensor.seven"}, False),
        ({"which": "rising", "week": "sensor.nothing", "month": "sensor.thirty"}, False),
        ({"which": "restless", "exertion": ["sensor.steps"], "exertion_above": 12000}, True),
        ({"which": "restless", "exertion": ["sensor.nothing"]}, False),
        ({"in_bed": "binary_sensor.lying"}, False),
        ({"logged": "event.logged"}, False),
    ],
)
async def test_reminders_come_on_the_selected_days(
    hass: HomeAssistant, home: Home, evening: Any, inputs: dict[str, Any], comes: bool
) -> None:
    hass.states.async_set("sensor.seven", "20")
    hass.states.async_set("sensor.thirty", "15")
    hass.states.async_set("sensor.steps", "15000")
    hass.states.async_set("binary_sensor.lying", "on")
    hass.states.async_set(
        "event.logged", "x", {"last": {"stretching": "2026-11-21T19:00:00+00:00"}}
    )
    await evening(**inputs)
    await home.until("2026-11-21T20:30:00Z")
    assert bool(home.her_messages) is comes


async def test_the_reminder_mentions_drinking_too_little(
    hass: HomeAssistant, home: Home, evening: Any
) -> None:
    hass.states.async_set("sensor.water", "0.4")
    await evening(which="restless", drinking=["sensor.water"], others=["notify.tablet"])
    await home.until("2026-11-21T20:30:00Z")
    assert home.her_messages[0].data["message"].endswith("Also drink a glass of water.")
    assert home.others[0].data["message"] == home.her_messages[0].data["message"]


# --- Morning ---


@pytest.fixture
async def summary(home: Home) -> Home:
    """The summary, before the night is finished."""
    await home.automate(
        "morning_summary",
        sleeper=home.anna,
        night="event.anna_night",
        in_bed="binary_sensor.anna_in_bed",
        phones=home.phones[:3],
        others=["notify.tablet"],
    )
    await home.until(MORNING)
    return home


def nights(*days: str) -> list[dict[str, Any]]:
    last = golden("state")["last_night"]
    return [last | {"night": day, "end": f"{day}T06:30:00Z"} for day in days]


async def ends(home: Home, *, in_bed: bool = False) -> None:
    """Finish the night."""
    home.bridge.nights = nights("2026-11-22")
    await home.publish_state(in_bed=in_bed, last_night=home.bridge.nights[-1])
    await home.publish("event_night", night="2026-11-22", revision=1)


async def test_the_summary_is_sent_once_when_the_night_is_finished(summary: Home) -> None:
    await ends(summary)
    assert summary.texts_of(summary.her_messages)[0].startswith("Last night: 312 leg movements")
    assert summary.texts_of(summary.others) == summary.texts_of(summary.her_messages)
    await summary.until("2026-11-22T11:15:00Z")
    assert len(summary.her_messages) == 1


@pytest.mark.parametrize(
    "then", [{"in_bed": False}, {"sensors": {}}], ids=["gets up", "takes the sensor off"]
)
async def test_the_summary_waits_until_the_sleeper_is_up(
    summary: Home, then: dict[str, Any]
) -> None:
    await ends(summary, in_bed=True)
    assert summary.her_messages == []
    await summary.wait(minutes=40)
    await summary.publish_state(**{"in_bed": True, "last_night": summary.bridge.nights[-1]} | then)
    await summary.wait(minutes=11)
    assert len(summary.her_messages) == 1


async def test_a_short_loss_of_the_connection_does_not_count_as_getting_up(summary: Home) -> None:
    await ends(summary, in_bed=True)
    for status in ("offline", "online"):
        summary.bridge.publish("status", status)
        await summary.wait(minutes=8)
    assert summary.her_messages == []


async def test_a_revised_night_is_summarized_once(summary: Home) -> None:
    await ends(summary)
    await summary.wait(minutes=60)
    await summary.publish("event_night", night="2026-11-22", revision=2)
    for in_bed in (True, False):
        await summary.publish_state(in_bed=in_bed, last_night=summary.bridge.nights[-1])
        await summary.wait(minutes=30)
    await summary.until("2026-11-22T17:00:00Z")
    await summary.publish("event_night", night="2026-11-22", revision=3)
    await summary.until("2026-11-23T00:30:00Z")
    for in_bed in (True, False):
        await summary.publish_state(in_bed=in_bed, last_night=summary.bridge.nights[-1])
        await summary.wait(minutes=30)
    assert len(summary.her_messages) == 1


async def test_a_sent_summary_is_not_replaced_when_the_bridge_is_offline_at_noon(
    summary: Home,
) -> None:
    await ends(summary)
    summary.bridge.silent = True
    await summary.until("2026-11-22T11:15:00Z")
    await summary.wait(minutes=1)
    assert len(summary.her_messages) == 1


async def test_summary_is_requested_again_while_the_bridge_is_offline(summary: Home) -> None:
    summary.bridge.nights = nights("2026-11-22")
    await summary.publish_state(in_bed=True, last_night=summary.bridge.nights[-1])
    await summary.publish("event_night", night="2026-11-22", revision=1)
    summary.bridge.silent = True
    await summary.publish_state(in_bed=False, last_night=summary.bridge.nights[-1])
    await summary.wait(seconds=30)
    assert summary.her_messages == []
    summary.bridge.silent = False
    await summary.wait(minutes=3)
    assert summary.texts_of(summary.her_messages)[0].startswith("Last night: 312 leg movements")


async def test_a_night_that_ended_while_home_assistant_was_off_is_summarized_later(
    summary: Home,
) -> None:
    summary.bridge.nights = nights("2026-11-22")
    await summary.publish_state(last_night=summary.bridge.nights[-1])
    await summary.until("2026-11-22T11:15:00Z")
    assert summary.texts_of(summary.her_messages)[0].startswith("Last night: 312 leg movements")


async def test_the_summary_says_that_nothing_was_measured(summary: Home) -> None:
    tonight = golden("state")["tonight"] | {"start": None}
    await summary.publish_state(tonight=tonight)
    await summary.until("2026-11-22T11:15:00Z")
    assert "not" in summary.texts_of(summary.her_messages)[0]
    assert "leg movements" not in summary.texts_of(summary.her_messages)[0]


async def test_summary_says_that_the_bridge_does_not_respond(summary: Home) -> None:
    summary.bridge.silent = True
    await summary.until("2026-11-22T11:15:00Z")
    await summary.wait(minutes=1)
    assert summary.texts_of(summary.her_messages) == [
        "The Limber bridge does not respond, so there is no summary of last night."
    ]


async def test_the_message_about_a_missing_night_can_be_turned_off(home: Home) -> None:
    await home.automate(
        "morning_summary",
        sleeper=home.anna,
        night="event.anna_night",
        in_bed="binary_sensor.anna_in_bed",
        phones=home.phones,
        say_so=False,
    )
    await home.until("2026-11-22T11:15:00Z")
    assert home.her_messages == []


# --- Cramp ---


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


async def test_quiet_hours_allow_light_but_no_sound(home: Home, alert: Any) -> None:
    await alert()
    await home.until("2026-11-22T02:00:00Z")
    await home.publish("event_cramp_started", certainty="probable", id="one")
    assert [call.data["entity_id"] for call in home.turned_on] == [["light.hall"]]
    assert (home.others, home.spoken) == ([], [])


async def test_outside_the_quiet_hours_others_are_notified_and_instructions_are_read_aloud(
    home: Home, alert: Any
) -> None:
    await alert()
    await home.publish("event_cramp_started", certainty="probable", id="one")
    assert home.others[0].data["entity_id"] == ["notify.partner"]
    assert home.spoken[0].data["media_player_entity_id"] == "media_player.bed"


async def test_lights_turn_off_again_unless_they_were_on(home: Home, alert: Any) -> None:
    await alert(lights=["light.hall", "light.bath"], light_minutes=15)
    home.hass.states.async_set("light.bath", "on")
    await home.publish("event_cramp_started", certainty="probable", id="one")
    await home.wait(minutes=16)
    assert [call.data["entity_id"] for call in home.turned_off] == [["light.hall"]]


async def test_a_second_cramp_keeps_the_lights_on(home: Home, alert: Any) -> None:
    await alert(light_minutes=15, cooldown=5)
    await home.publish("event_cramp_started", certainty="probable", id="one")
    home.hass.states.async_set("light.hall", "on")
    await home.wait(minutes=10)
    await home.publish("event_cramp_started", certainty="probable", id="two")
    await home.wait(minutes=6)
    assert home.turned_off == []
    await home.wait(minutes=10)
    assert [call.data["entity_id"] for call in home.turned_off] == [["light.hall"]]


async def test_lights_that_were_on_stay_as_they_are_also_in_a_second_alert(
    home: Home, alert: Any
) -> None:
    await alert(lights=["light.hall", "light.bath"], light_minutes=15, cooldown=5)
    home.hass.states.async_set("light.bath", "on")
    await home.publish("event_cramp_started", certainty="probable", id="one")
    home.hass.states.async_set("light.hall", "on")
    await home.wait(minutes=10)
    await home.publish("event_cramp_started", certainty="probable", id="two")
    await home.wait(minutes=16)
    assert [call.data["entity_id"] for call in (*home.turned_on, *home.turned_off)] == [
        ["light.hall"],
        ["light.hall"],
    ]


async def test_a_finished_night_and_an_answer_raise_no_alert(home: Home, alert: Any) -> None:
    await alert(light_minutes=15)
    await home.until(MORNING)
    await home.publish("event_cramp_started", certainty="probable", id="one")
    await ends(home)
    await home.wait(minutes=16)
    assert [call.data["entity_id"] for call in home.turned_off] == [["light.hall"]]
    await home.publish("event_night", night="2026-11-23", revision=1)
    await home.wait(minutes=3)
    await home.publish("event_cramp_started", certainty="probable", id="two")
    assert len(home.turned_on) == 2


async def test_the_cooldown_starts_with_the_last_alert(home: Home, alert: Any) -> None:
    await alert(cooldown=15)
    for minute, count in ((0, 1), (10, 1), (10, 2), (10, 2), (10, 3)):
        await home.wait(minutes=minute)
        await home.publish("event_cramp_ended", certainty="possible", id=f"p{home.freezer()}")
        await home.publish("event_cramp_started", certainty="probable", id=f"c{home.freezer()}")
        assert len(home.spoken) == count


@pytest.mark.parametrize(("possible", "count"), [(True, 1), (False, 0)])
async def test_possible_cramps_raise_an_alert_if_included(
    home: Home, alert: Any, possible: bool, count: int
) -> None:
    await alert(possible=possible)
    await home.publish("event_cramp_ended", certainty="possible", id="one")
    assert len(home.turned_on) == count


@pytest.mark.parametrize(
    ("awakening", "count"), [({}, 0), ({"awakening": "event.anna_awakening"}, 1)]
)
async def test_an_awakening_turns_on_the_lights_only_if_selected(
    home: Home, alert: Any, awakening: dict[str, str], count: int
) -> None:
    await alert(**awakening)
    await home.publish("event_awakening", id="one")
    assert len(home.turned_on) == count
    assert (home.others, home.spoken) == ([], [])


async def test_a_cramp_right_after_an_awakening_raises_an_alert(home: Home, alert: Any) -> None:
    await alert(awakening="event.anna_awakening")
    await home.publish("event_awakening", id="one")
    await home.publish("event_cramp_started", certainty="probable", id="two")
    assert len(home.spoken) == 1


@pytest.mark.parametrize(("answer", "cramp"), [("It was a cramp", True), ("Not a cramp", False)])
async def test_cramps_without_a_label_are_asked_about_in_the_morning(
    home: Home, alert: Any, answer: str, cramp: bool
) -> None:
    await alert()
    await home.until(MORNING)
    detected = golden("event_cramp_ended") | {"start": "2026-11-22T02:12:00Z", "label": None}
    home.bridge.events["2026-11-22"] = [
        detected | {"id": "open"},
        detected | {"id": "known", "label": True},
    ]
    await ends(home)
    assert home.texts_of(home.her_messages) == home.texts_of(home.his_messages) == ["03:12"]
    await home.press(home.his_messages[0], answer)
    assert home.bridge.commands() == [
        {"command": "label", "sleeper": "anna", "cramp": cramp, "event": "open"}
    ]
    assert home.her_messages[-1].data["message"] == "clear_notification"


async def test_cramps_of_a_night_that_ended_while_home_assistant_was_off_are_asked_about_later(
    home: Home, alert: Any
) -> None:
    await alert()
    cramp = golden("event_cramp_ended") | {
        "start": "2026-11-22T02:12:00Z",
        "label": None,
        "id": "open",
    }
    home.bridge.nights = nights("2026-11-22")
    home.bridge.events["2026-11-22"] = [cramp]
    await home.publish_state(last_night=home.bridge.nights[-1])
    await home.until("2026-11-22T11:15:00Z")
    assert home.texts_of(home.her_messages) == ["03:12"]
