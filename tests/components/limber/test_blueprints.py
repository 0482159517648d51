"""The blueprints, path by path: what is said, when, to whom, and what comes of an answer."""

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
"""Half past eight in Berlin."""
PASSES = 200
"""Of the event loop: many times what one thing and what it sets off need."""


class House:
    """What a person has: two phones, lights, and whatever else the blueprints may use."""

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
        # A watch that nobody can send anything to; a phone that is no longer there.
        watch = registry.async_get_or_create(
            config_entry_id=mobile.entry_id, identifiers={("mobile_app", "watch")}, name="Watch"
        )
        for one in self.phones:
            er.async_get(hass).async_get_or_create("notify", "mobile_app", one, device_id=one)
        self.phones = [watch.id, "gone", *self.phones]
        ours = dr.async_entries_for_config_entry(registry, entry.entry_id)
        self.anna = next(one.id for one in ours if one.name == "Anna")
        self.hers = async_mock_service(hass, "notify", "mobile_app_her_phone")
        self.his = async_mock_service(hass, "notify", "mobile_app_his_phone")
        self.others = async_mock_service(hass, "notify", "send_message")
        self.lit = async_mock_service(hass, "light", "turn_on")
        self.dark = async_mock_service(hass, "light", "turn_off")
        self.spoken = async_mock_service(hass, "tts", "speak")

    async def automate(self, blueprint: str, **inputs: Any) -> None:
        """Make an automation of a blueprint."""
        used = {
            "alias": "test",
            "use_blueprint": {"path": f"limber/{blueprint}.yaml", "input": inputs},
        }
        assert await async_setup_component(self.hass, "automation", {"automation": [used]})
        await self.hass.async_block_till_done(wait_background_tasks=True)
        state = self.hass.states.get("automation.test")
        assert state is not None
        assert state.state == "on"

    async def settled(self) -> None:
        """Let everything run that can; an automation that waits for a time is never done."""
        for _ in range(PASSES):
            await asyncio.sleep(0)

    async def wait(self, **time: float) -> None:
        """Let time pass."""
        self.freezer.tick(timedelta(**time))
        async_fire_time_changed(self.hass)
        await self.settled()

    async def until(self, moment: str) -> None:
        """Let time pass until a moment."""
        self.freezer.move_to(moment)
        async_fire_time_changed(self.hass)
        await self.settled()

    async def say(self, name: str, **more: Any) -> None:
        """Have the bridge tell of something that happens just now."""
        now = dt_util.utcnow().isoformat()
        self.bridge.say("anna/event", golden(name) | {"start": now, "known_at": now} | more)
        await self.settled()

    async def tell(self, **state: object) -> None:
        """Have the bridge tell a state."""
        self.bridge.say("anna/state", golden("state") | state)
        await self.settled()

    async def press(self, call: ServiceCall, title: str) -> None:
        """Press a button of a message."""
        action = next(
            one["action"] for one in call.data["data"]["actions"] if one["title"] == title
        )
        self.hass.bus.async_fire("mobile_app_notification_action", {"action": action})
        await self.settled()

    def told(self, calls: list[ServiceCall]) -> list[str]:
        """What was told, but for messages that are taken back."""
        return [
            call.data["message"] for call in calls if call.data["message"] != "clear_notification"
        ]


@pytest.fixture
async def house(
    hass: HomeAssistant,
    bridge: Bridge,
    loaded: MockConfigEntry,
    tmp_path: Path,
    freezer: FrozenDateTimeFactory,
) -> House:
    await hass.config.async_set_time_zone("Europe/Berlin")
    shutil.copytree(SOURCE, tmp_path / "blueprints/automation/limber")
    hass.config.config_dir = str(tmp_path)
    freezer.move_to(EVENING)
    built = House(hass, bridge, loaded, freezer)
    await bridge.tell(in_bed=False)
    return built


# --- Evening ---


@pytest.fixture
def evening(house: House) -> Callable[..., Awaitable[None]]:
    """Makes the stretch reminder, at half past nine in the evening."""

    async def make(**inputs: Any) -> None:
        usual = {
            "sleeper": house.anna,
            "phones": house.phones,
            "bedtime": "sensor.anna_usual_bedtime",
        }
        await house.automate(
            "evening_stretch_reminder", **usual | {"at": "21:30:00", "learned": False} | inputs
        )

    return make


async def test_done_is_logged_and_the_other_phone_asks_no_more(house: House, evening: Any) -> None:
    await evening()
    await house.until("2026-11-21T20:30:00Z")
    assert house.told(house.hers) == house.told(house.his)
    await house.press(house.hers[0], "Done")
    assert house.his[-1].data["message"] == "clear_notification"
    assert house.his[-1].data["data"]["tag"] == house.his[0].data["data"]["tag"]
    (logged,) = house.bridge.commands()
    assert (logged["command"], logged["factor"]) == ("log", "stretching")


async def test_what_could_not_be_logged_stays_a_question(house: House, evening: Any) -> None:
    await evening()
    await house.until("2026-11-21T20:30:00Z")
    house.bridge.silent = True
    await house.press(house.hers[0], "Done")
    await house.wait(minutes=1)
    assert [call.data["message"] for call in house.his] == house.told(house.his)
    house.bridge.silent = False
    await house.press(house.hers[0], "Done")
    assert house.his[-1].data["message"] == "clear_notification"


async def test_an_answer_is_for_the_automation_that_asked(house: House, evening: Any) -> None:
    await evening()
    await house.until("2026-11-21T20:30:00Z")
    action = (
        house.hers[0]
        .data["data"]["actions"][0]["action"]
        .replace("automation.test", "automation.other")
    )
    house.hass.bus.async_fire("mobile_app_notification_action", {"action": action})
    await house.settled()
    assert house.bridge.commands() == []


async def test_done_that_is_pressed_in_the_morning_was_done_in_the_evening(
    house: House, evening: Any
) -> None:
    await evening()
    await house.until("2026-11-21T20:30:00Z")
    await house.until(MORNING)
    await house.press(house.hers[0], "Done")
    assert house.bridge.commands()[0]["time"] == "2026-11-21T20:30:00+00:00"


async def test_later_comes_again_and_not_tonight_does_not(house: House, evening: Any) -> None:
    await evening(minutes=20)
    await house.until("2026-11-21T20:30:00Z")
    await house.press(house.hers[0], "Later")
    await house.wait(minutes=19)
    assert len(house.told(house.hers)) == 1
    await house.wait(minutes=2)
    assert len(house.told(house.hers)) == 2
    await house.press(house.hers[-1], "Not tonight")
    await house.wait(hours=2)
    assert len(house.told(house.hers)) == 2
    assert house.bridge.commands() == []


OTHERS = ["LIMBER_CRAMP_MAYBE:automation.test:cramp-1", "DOOR:a:b", "OPEN", "LIMBER_DONE:a", None]


@pytest.mark.parametrize("action", OTHERS)
@pytest.mark.parametrize("blueprint", ["evening", "alert"])
async def test_answers_to_others_are_nothing_to_it(
    house: House,
    evening: Any,
    alert: Any,
    blueprint: str,
    action: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await (evening if blueprint == "evening" else alert)()
    data = {} if action is None else {"action": action}
    house.hass.bus.async_fire("mobile_app_notification_action", data)
    await house.settled()
    assert (house.hers, house.bridge.commands()) == ([], [])
    assert "Error" not in caplog.text


async def test_the_learned_time_comes_before_the_usual_bedtime(house: House, evening: Any) -> None:
    nights = []
    for day in (19, 20, 21):
        one = golden("state")["last_night"]
        nights.append(
            one | {"night": f"2026-11-{day}", "start": f"2026-11-{day - 1}T22:00:00Z", "end": None}
        )
    house.bridge.nights = nights
    house.bridge.say("status", "offline")
    house.bridge.say("status", "online")
    await house.settled()
    await evening(learned=True, before="-00:30:00")
    await house.until("2026-11-21T20:30:00Z")
    assert house.hers == []
    await house.until("2026-11-21T21:30:00Z")
    assert len(house.hers) == 1


async def test_the_learned_reminder_comes_once_though_the_bridge_comes_and_goes(
    hass: HomeAssistant, house: House, evening: Any
) -> None:
    hass.states.async_set(
        "sensor.bedtime", "2026-11-21T21:15:00+00:00", {"device_class": "timestamp"}
    )
    await evening(learned=True, before="-01:00:00", bedtime="sensor.bedtime")
    await house.until("2026-11-21T20:15:00Z")
    assert len(house.hers) == 1
    hass.states.async_set("sensor.bedtime", "unavailable")
    await house.until("2026-11-21T20:30:00Z")
    assert len(house.hers) == 1


async def test_a_learned_moment_that_nobody_knew_of_in_time_is_made_up_for(
    hass: HomeAssistant, house: House, evening: Any
) -> None:
    hass.states.async_set("sensor.bedtime", "unavailable")
    await evening(learned=True, before="-01:00:00", bedtime="sensor.bedtime")
    await house.until("2026-11-21T20:20:00Z")
    hass.states.async_set(
        "sensor.bedtime", "2026-11-21T21:15:00+00:00", {"device_class": "timestamp"}
    )
    await house.until("2026-11-21T20:30:00Z")
    assert len(house.hers) == 1


async def test_until_the_bedtime_is_known_the_time_of_day_holds(house: House, evening: Any) -> None:
    await evening(learned=True)
    await house.until("2026-11-21T20:30:00Z")
    assert len(house.hers) == 1


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
async def test_the_evenings_on_which_it_comes(
    hass: HomeAssistant, house: House, evening: Any, inputs: dict[str, Any], comes: bool
) -> None:
    hass.states.async_set("sensor.seven", "20")
    hass.states.async_set("sensor.thirty", "15")
    hass.states.async_set("sensor.steps", "15000")
    hass.states.async_set("binary_sensor.lying", "on")
    hass.states.async_set(
        "event.logged", "x", {"last": {"stretching": "2026-11-21T19:00:00+00:00"}}
    )
    await evening(**inputs)
    await house.until("2026-11-21T20:30:00Z")
    assert bool(house.hers) is comes


async def test_who_drank_too_little_is_told_so(
    hass: HomeAssistant, house: House, evening: Any
) -> None:
    hass.states.async_set("sensor.water", "0.4")
    await evening(which="restless", drinking=["sensor.water"], others=["notify.tablet"])
    await house.until("2026-11-21T20:30:00Z")
    assert house.hers[0].data["message"].endswith("Also drink a glass of water.")
    assert house.others[0].data["message"] == house.hers[0].data["message"]


# --- Morning ---


@pytest.fixture
async def summary(house: House) -> House:
    """The summary, before the night is over."""
    await house.automate(
        "morning_summary",
        sleeper=house.anna,
        night="event.anna_night",
        in_bed="binary_sensor.anna_in_bed",
        phones=house.phones[:3],
        others=["notify.tablet"],
    )
    await house.until(MORNING)
    return house


def nights(*days: str) -> list[dict[str, Any]]:
    last = golden("state")["last_night"]
    return [last | {"night": day, "end": f"{day}T06:30:00Z"} for day in days]


async def ends(house: House, *, in_bed: bool = False) -> None:
    """The night ends."""
    house.bridge.nights = nights("2026-11-22")
    await house.tell(in_bed=in_bed, last_night=house.bridge.nights[-1])
    await house.say("event_night", night="2026-11-22", revision=1)


async def test_the_night_is_told_when_it_is_finished_and_not_again(summary: House) -> None:
    await ends(summary)
    assert summary.told(summary.hers)[0].startswith("Last night: 312 leg movements")
    assert summary.told(summary.others) == summary.told(summary.hers)
    await summary.until("2026-11-22T11:15:00Z")
    assert len(summary.hers) == 1


@pytest.mark.parametrize(
    "then", [{"in_bed": False}, {"sensors": {}}], ids=["gets up", "takes the sensor off"]
)
async def test_it_waits_until_the_sleeper_is_up(summary: House, then: dict[str, Any]) -> None:
    await ends(summary, in_bed=True)
    assert summary.hers == []
    await summary.wait(minutes=40)
    await summary.tell(**{"in_bed": True, "last_night": summary.bridge.nights[-1]} | then)
    await summary.wait(minutes=11)
    assert len(summary.hers) == 1


async def test_a_connection_that_is_lost_for_a_moment_gets_nobody_up(summary: House) -> None:
    await ends(summary, in_bed=True)
    for status in ("offline", "online"):
        summary.bridge.say("status", status)
        await summary.wait(minutes=8)
    assert summary.hers == []


async def test_a_night_that_is_revised_is_told_once(summary: House) -> None:
    await ends(summary)
    await summary.wait(minutes=60)
    await summary.say("event_night", night="2026-11-22", revision=2)
    for in_bed in (True, False):
        await summary.tell(in_bed=in_bed, last_night=summary.bridge.nights[-1])
        await summary.wait(minutes=30)
    await summary.until("2026-11-22T17:00:00Z")
    await summary.say("event_night", night="2026-11-22", revision=3)
    await summary.until("2026-11-23T00:30:00Z")
    for in_bed in (True, False):
        await summary.tell(in_bed=in_bed, last_night=summary.bridge.nights[-1])
        await summary.wait(minutes=30)
    assert len(summary.hers) == 1


async def test_what_was_told_is_not_taken_back_by_a_bridge_that_is_away_at_noon(
    summary: House,
) -> None:
    await ends(summary)
    summary.bridge.silent = True
    await summary.until("2026-11-22T11:15:00Z")
    await summary.wait(minutes=1)
    assert len(summary.hers) == 1


async def test_a_bridge_that_is_away_for_a_while_is_asked_again(summary: House) -> None:
    summary.bridge.nights = nights("2026-11-22")
    await summary.tell(in_bed=True, last_night=summary.bridge.nights[-1])
    await summary.say("event_night", night="2026-11-22", revision=1)
    summary.bridge.silent = True
    await summary.tell(in_bed=False, last_night=summary.bridge.nights[-1])
    await summary.wait(seconds=30)
    assert summary.hers == []
    summary.bridge.silent = False
    await summary.wait(minutes=3)
    assert summary.told(summary.hers)[0].startswith("Last night: 312 leg movements")


async def test_a_night_that_ended_while_home_assistant_was_away_is_told_later(
    summary: House,
) -> None:
    summary.bridge.nights = nights("2026-11-22")
    await summary.tell(last_night=summary.bridge.nights[-1])
    await summary.until("2026-11-22T11:15:00Z")
    assert summary.told(summary.hers)[0].startswith("Last night: 312 leg movements")


async def test_what_was_not_measured_is_said(summary: House) -> None:
    tonight = golden("state")["tonight"] | {"start": None}
    await summary.tell(tonight=tonight)
    await summary.until("2026-11-22T11:15:00Z")
    assert "not" in summary.told(summary.hers)[0]
    assert "leg movements" not in summary.told(summary.hers)[0]


async def test_a_bridge_that_is_away_is_said(summary: House) -> None:
    summary.bridge.silent = True
    await summary.until("2026-11-22T11:15:00Z")
    await summary.wait(minutes=1)
    assert summary.told(summary.hers) == [
        "The Limber bridge does not respond, so there is no summary of last night."
    ]


async def test_who_does_not_want_it_hears_nothing_of_nothing(house: House) -> None:
    await house.automate(
        "morning_summary",
        sleeper=house.anna,
        night="event.anna_night",
        in_bed="binary_sensor.anna_in_bed",
        phones=house.phones,
        say_so=False,
    )
    await house.until("2026-11-22T11:15:00Z")
    assert house.hers == []


# --- Cramp ---


@pytest.fixture
def alert(house: House) -> Callable[..., Awaitable[None]]:
    """Makes the cramp alert."""

    async def make(**inputs: Any) -> None:
        usual = {
            "sleeper": house.anna,
            "cramp": "event.anna_cramp",
            "night": "event.anna_night",
            "phones": house.phones,
            "lights": ["light.hall"],
            "receivers": ["notify.partner"],
            "speaker": "media_player.bed",
            "voice": "tts.voice",
            "quiet_from": "22:00:00",
            "quiet_until": "07:00:00",
        }
        house.hass.states.async_set("light.hall", "off")
        await house.automate("cramp_alert", **usual | inputs)

    return make


async def test_in_the_quiet_hours_there_is_light_and_no_sound(house: House, alert: Any) -> None:
    await alert()
    await house.until("2026-11-22T02:00:00Z")
    await house.say("event_cramp_started", certainty="probable", id="one")
    assert [call.data["entity_id"] for call in house.lit] == [["light.hall"]]
    assert (house.others, house.spoken) == ([], [])


async def test_outside_of_them_somebody_is_told_and_it_is_said_how_to_stretch(
    house: House, alert: Any
) -> None:
    await alert()
    await house.say("event_cramp_started", certainty="probable", id="one")
    assert house.others[0].data["entity_id"] == ["notify.partner"]
    assert house.spoken[0].data["media_player_entity_id"] == "media_player.bed"


async def test_the_light_goes_off_again_and_one_that_was_on_stays(house: House, alert: Any) -> None:
    await alert(lights=["light.hall", "light.bath"], light_minutes=15)
    house.hass.states.async_set("light.bath", "on")
    await house.say("event_cramp_started", certainty="probable", id="one")
    await house.wait(minutes=16)
    assert [call.data["entity_id"] for call in house.dark] == [["light.hall"]]


async def test_a_second_cramp_keeps_the_light_on_as_long(house: House, alert: Any) -> None:
    await alert(light_minutes=15, cooldown=5)
    await house.say("event_cramp_started", certainty="probable", id="one")
    house.hass.states.async_set("light.hall", "on")
    await house.wait(minutes=10)
    await house.say("event_cramp_started", certainty="probable", id="two")
    await house.wait(minutes=6)
    assert house.dark == []
    await house.wait(minutes=10)
    assert [call.data["entity_id"] for call in house.dark] == [["light.hall"]]


async def test_lights_that_were_on_stay_as_they_are_also_in_a_second_alert(
    house: House, alert: Any
) -> None:
    await alert(lights=["light.hall", "light.bath"], light_minutes=15, cooldown=5)
    house.hass.states.async_set("light.bath", "on")
    await house.say("event_cramp_started", certainty="probable", id="one")
    house.hass.states.async_set("light.hall", "on")
    await house.wait(minutes=10)
    await house.say("event_cramp_started", certainty="probable", id="two")
    await house.wait(minutes=16)
    assert [call.data["entity_id"] for call in (*house.lit, *house.dark)] == [
        ["light.hall"],
        ["light.hall"],
    ]


async def test_neither_a_night_that_ends_nor_an_answer_is_an_alert(
    house: House, alert: Any
) -> None:
    await alert(light_minutes=15)
    await house.until(MORNING)
    await house.say("event_cramp_started", certainty="probable", id="one")
    await ends(house)
    await house.wait(minutes=16)
    assert [call.data["entity_id"] for call in house.dark] == [["light.hall"]]
    await house.say("event_night", night="2026-11-23", revision=1)
    await house.wait(minutes=3)
    await house.say("event_cramp_started", certainty="probable", id="two")
    assert len(house.lit) == 2


async def test_the_cooldown_counts_from_the_last_alert(house: House, alert: Any) -> None:
    await alert(cooldown=15)
    for minute, count in ((0, 1), (10, 1), (10, 2), (10, 2), (10, 3)):
        await house.wait(minutes=minute)
        await house.say("event_cramp_ended", certainty="possible", id=f"p{house.freezer()}")
        await house.say("event_cramp_started", certainty="probable", id=f"c{house.freezer()}")
        assert len(house.spoken) == count


@pytest.mark.parametrize(("possible", "count"), [(True, 1), (False, 0)])
async def test_possible_cramps_light_the_way_for_who_wants_it(
    house: House, alert: Any, possible: bool, count: int
) -> None:
    await alert(possible=possible)
    await house.say("event_cramp_ended", certainty="possible", id="one")
    assert len(house.lit) == count


@pytest.mark.parametrize(("answer", "cramp"), [("It was a cramp", True), ("Not a cramp", False)])
async def test_in_the_morning_each_cramp_without_a_word_is_asked_about(
    house: House, alert: Any, answer: str, cramp: bool
) -> None:
    await alert()
    await house.until(MORNING)
    told = golden("event_cramp_ended") | {"start": "2026-11-22T02:12:00Z", "label": None}
    house.bridge.events["2026-11-22"] = [
        told | {"id": "open"},
        told | {"id": "known", "label": True},
    ]
    await ends(house)
    assert house.told(house.hers) == house.told(house.his) == ["03:12"]
    await house.press(house.his[0], answer)
    assert house.bridge.commands() == [
        {"command": "label", "sleeper": "anna", "cramp": cramp, "event": "open"}
    ]
    assert house.hers[-1].data["message"] == "clear_notification"


async def test_cramps_of_a_night_that_ended_while_home_assistant_was_away_are_asked_about_later(
    house: House, alert: Any
) -> None:
    await alert()
    told = golden("event_cramp_ended") | {
        "start": "2026-11-22T02:12:00Z",
        "label": None,
        "id": "open",
    }
    house.bridge.nights = nights("2026-11-22")
    house.bridge.events["2026-11-22"] = [told]
    await house.tell(last_night=house.bridge.nights[-1])
    await house.until("2026-11-22T11:15:00Z")
    assert house.told(house.hers) == ["03:12"]
