"""The blueprint of the evening stretch reminder: when it asks, and what an answer does."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from tests.components.limber.blueprints.conftest import MORNING, Home
from tests.components.limber.conftest import golden
from tests.components.limber.trial_examples import RUNNING

PLAN = "sensor.anna_trial_plan_tonight"
TONIGHT = "2026-11-22"
"""Date of the night that begins in the evening of the tests."""


async def in_trial(home: Home, **trial: object) -> None:
    """Publish the state during a trial."""
    tonight = golden("state")["tonight"] | {"night": TONIGHT}
    await home.publish_state(in_bed=False, tonight=tonight, trial=RUNNING | trial)


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
        .replace("limber_1700000000000", "limber_1700000000001")
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


async def test_a_reminder_that_was_put_off_survives_a_restart(home: Home, evening: Any) -> None:
    await evening(minutes=20)
    await home.until("2026-11-21T20:30:00Z")
    await home.press(home.her_messages[0], "Later")
    await home.end_run()
    await home.wait(minutes=21)
    assert len(home.texts_of(home.her_messages)) == 2
    await home.wait(hours=2)
    assert len(home.texts_of(home.her_messages)) == 2
    await home.press(home.her_messages[-1], "Done")
    assert home.bridge.commands()[0]["factor"] == "stretching"


@pytest.mark.parametrize("answer", ["Done", "Not tonight"])
async def test_another_answer_ends_a_reminder_that_was_put_off(
    home: Home, evening: Any, answer: str
) -> None:
    await evening(minutes=20)
    await home.until("2026-11-21T20:30:00Z")
    await home.press(home.her_messages[0], "Later")
    await home.press(home.his_messages[0], answer)
    await home.wait(hours=1)
    assert len(home.texts_of(home.her_messages)) == 1


async def test_no_reminder_comes_hours_later_when_home_assistant_was_off(
    home: Home, evening: Any
) -> None:
    await evening(minutes=20)
    await home.until("2026-11-21T20:30:00Z")
    await home.press(home.her_messages[0], "Later")
    await home.wait(hours=8)
    assert len(home.texts_of(home.her_messages)) == 1


async def test_an_answer_survives_a_renamed_automation(home: Home, evening: Any) -> None:
    await evening()
    await home.until("2026-11-21T20:30:00Z")
    er.async_get(home.hass).async_update_entity(
        "automation.test", new_entity_id="automation.stretch_with_a_new_name"
    )
    await home.settle()
    await home.press(home.her_messages[0], "Done")
    assert home.bridge.commands()[0]["factor"] == "stretching"


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


# --- Personal trials ---


@pytest.mark.parametrize("planned", ["without", "washout"])
async def test_the_reminder_is_silent_on_nights_without_stretching(
    hass: HomeAssistant, home: Home, evening: Any, planned: str
) -> None:
    # Nor does anything else that would be a reason.
    hass.states.async_set("sensor.steps", "15000")
    await in_trial(home, tonight=planned)
    await evening(plan=PLAN, exertion=["sensor.steps"])
    await home.until("2026-11-21T20:30:00Z")
    await home.wait(hours=3)
    assert home.her_messages == home.his_messages == []
    assert home.bridge.commands() == []


@pytest.mark.parametrize(("answer", "done"), [("Done", True), ("Not tonight", False)])
async def test_the_reminder_speaks_on_nights_with_stretching_and_the_answer_reaches_the_trial(
    home: Home, evening: Any, answer: str, done: bool
) -> None:
    await in_trial(home, tonight="with")
    # Last night was not restless: the plan alone is the reason.
    await evening(plan=PLAN, which="restless", restless="binary_sensor.anna_asleep")
    await home.until("2026-11-21T20:30:00Z")
    assert home.texts_of(home.her_messages) == home.texts_of(home.his_messages)
    await home.press(home.her_messages[0], answer)
    answered = {"command": "answer_trial", "sleeper": "anna", "done": done, "night": TONIGHT}
    assert home.bridge.commands()[-1] == answered
    assert [one["command"] for one in home.bridge.commands()[:-1]] == ["log"] * done
    assert home.his_messages[-1].data["message"] == "clear_notification"


async def test_an_answer_in_the_morning_is_about_the_night_of_the_reminder(
    home: Home, evening: Any
) -> None:
    await in_trial(home, tonight="with")
    await evening(plan=PLAN, minutes=20)
    await home.until("2026-11-21T20:30:00Z")
    await home.press(home.her_messages[0], "Later")
    await home.wait(minutes=21)
    await home.until("2026-11-22T12:00:00Z")
    tonight = golden("state")["tonight"] | {"night": "2026-11-23"}
    await home.publish_state(tonight=tonight, trial=RUNNING | {"tonight": "without"})
    await home.press(home.his_messages[-1], "Done")
    assert home.bridge.commands()[-1]["night"] == TONIGHT


async def test_an_answer_to_a_trial_can_be_repeated_when_the_bridge_was_offline(
    home: Home, evening: Any
) -> None:
    await in_trial(home, tonight="with")
    await evening(plan=PLAN)
    await home.until("2026-11-21T20:30:00Z")
    home.bridge.publish("status", "offline")
    home.bridge.silent = True
    await home.settle()
    await home.press(home.her_messages[0], "Not tonight")
    await home.wait(minutes=1)
    assert [call.data["message"] for call in home.his_messages] == home.texts_of(home.his_messages)
    home.bridge.silent = False
    home.bridge.publish("status", "online")
    await home.settle()
    await home.press(home.her_messages[0], "Not tonight")
    assert home.his_messages[-1].data["message"] == "clear_notification"


async def test_a_trial_that_has_ended_gets_no_answer(home: Home, evening: Any) -> None:
    await in_trial(home, tonight="with")
    await evening(plan=PLAN)
    await home.until("2026-11-21T20:30:00Z")
    await home.publish_state(trial=None)
    await home.press(home.her_messages[0], "Done")
    assert [one["command"] for one in home.bridge.commands()] == ["log"]
    assert home.his_messages[-1].data["message"] == "clear_notification"


@pytest.mark.parametrize(
    "trial", [{"factor": "magnesium", "tonight": "without"}, {"tonight": None}]
)
async def test_another_trial_does_not_concern_the_reminder(
    home: Home, evening: Any, trial: dict[str, object]
) -> None:
    await in_trial(home, **trial)
    await evening(plan=PLAN)
    await home.until("2026-11-21T20:30:00Z")
    await home.press(home.her_messages[0], "Done")
    assert [one["command"] for one in home.bridge.commands()] == ["log"]
