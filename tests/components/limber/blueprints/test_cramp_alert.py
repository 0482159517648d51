"""The blueprint of the cramp alert: light, sound, messages, and the question in the morning."""

from typing import Any

import pytest

from tests.components.limber.blueprints.conftest import MORNING, Home, ends, nights
from tests.components.limber.conftest import golden


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


async def test_a_light_turns_off_also_after_a_restart(home: Home, alert: Any) -> None:
    await alert(light_minutes=15)
    await home.publish("event_cramp_started", certainty="probable", id="one")
    await home.end_run()
    home.hass.states.async_set("light.hall", "unavailable")
    await home.wait(minutes=18)
    assert home.turned_off == []
    home.hass.states.async_set("light.hall", "on")
    await home.wait(minutes=1)
    assert [call.data["entity_id"] for call in home.turned_off] == [["light.hall"]]
    await home.wait(minutes=5)
    assert len(home.turned_off) == 1


async def test_a_second_cramp_after_a_restart_keeps_the_light_on(home: Home, alert: Any) -> None:
    await alert(light_minutes=15, cooldown=5)
    await home.publish("event_cramp_started", certainty="probable", id="one")
    home.hass.states.async_set("light.hall", "on")
    await home.end_run()
    await home.wait(minutes=10)
    await home.publish("event_cramp_started", certainty="probable", id="two")
    await home.end_run()
    await home.wait(minutes=10)
    assert home.turned_off == []
    await home.wait(minutes=8)
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
