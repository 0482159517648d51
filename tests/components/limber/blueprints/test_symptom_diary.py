"""The blueprint of the diary: which questions come, and where the answers go."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.components.limber.blueprints.conftest import Home, ends
from tests.components.limber.trial_examples import DIARY

EVENING_TITLE = "How much do your legs bother you this evening?"
SLEEP_TITLE = "How well did you sleep?"
CRAMP_TITLE = "Did you have a cramp last night?"
EMPTY = dict.fromkeys(DIARY)


def diary(**answers: object) -> dict[str, Any]:
    """Return the diary of tonight and of last night, both with these answers."""
    return {
        "tonight": EMPTY | {"night": "2026-11-22"} | answers,
        "last_night": EMPTY | {"night": "2026-11-21"} | answers,
    }


@pytest.fixture
def questions(home: Home) -> Callable[..., Awaitable[None]]:
    """Returns a function that creates the automation."""

    async def make(**inputs: Any) -> None:
        await home.publish_state(in_bed=False, diary=diary())
        usual = {
            "sleeper": home.anna,
            "phones": home.phones,
            "symptoms": "number.anna_evening_symptoms",
            "sleep": "number.anna_sleep_quality",
            "cramp": "select.anna_cramp_last_night",
            "night": "event.anna_night",
            "evening_at": "21:30:00",
        }
        await home.automate("symptom_diary", **usual | inputs)

    return make


def titles(home: Home) -> list[str]:
    """Return the titles of the questions on her phone."""
    return [call.data["title"] for call in home.her_messages if "title" in call.data]


def answers(home: Home) -> list[dict[str, Any]]:
    """Return the answers that the bridge received."""
    assert {one["command"] for one in home.bridge.commands()} <= {"diary"}
    return [
        {key: one[key] for key in one if key not in ("command", "sleeper")}
        for one in home.bridge.commands()
    ]


async def ask_in_the_evening(home: Home) -> None:
    home.state |= {"diary": diary()}
    await home.until("2026-11-21T20:30:00Z")


async def test_the_evening_is_answered_with_a_number(home: Home, questions: Any) -> None:
    await questions()
    await ask_in_the_evening(home)
    assert titles(home) == [EVENING_TITLE]
    await home.press(home.her_messages[0], "Answer", reply=" 4 ")
    assert answers(home) == [{"evening_symptoms": 4, "night": "2026-11-22"}]
    assert home.his_messages[-1].data["message"] == "clear_notification"
    assert home.his_messages[-1].data["data"]["tag"] == home.his_messages[0].data["data"]["tag"]


async def test_an_answer_belongs_to_its_night_although_the_bridge_was_offline(
    home: Home, questions: Any
) -> None:
    await questions()
    home.bridge.publish("status", "offline")
    await ask_in_the_evening(home)
    home.bridge.publish("status", "online")
    await home.until("2026-11-22T07:00:00Z")
    await home.press(home.her_messages[0], "Answer", reply="4")
    assert {"evening_symptoms": 4, "night": "2026-11-22"} in answers(home)


async def test_no_symptoms_are_one_tap_even_on_the_next_morning(home: Home, questions: Any) -> None:
    await questions()
    await ask_in_the_evening(home)
    await home.until("2026-11-22T07:00:00Z")
    await home.press(home.his_messages[0], "Not at all")
    assert answers(home) == [{"evening_symptoms": 0, "night": "2026-11-22"}]


@pytest.mark.parametrize("reply", ["quite bad", "11", "-1", "4.5", ""])
async def test_an_answer_that_is_not_understood_is_asked_again(
    home: Home, questions: Any, reply: str
) -> None:
    await questions()
    await ask_in_the_evening(home)
    await home.press(home.her_messages[0], "Answer", reply=reply)
    assert answers(home) == []
    assert titles(home) == [EVENING_TITLE] * 2
    assert home.her_messages[1].data["message"].startswith("Please answer with a whole number")
    await home.press(home.her_messages[1], "Answer", reply="7/10")
    assert answers(home) == [{"evening_symptoms": 7, "night": "2026-11-22"}]


async def test_the_morning_asks_about_sleep_and_cramps_once_the_night_is_finished(
    home: Home, questions: Any
) -> None:
    await questions(symptoms=[])
    await home.until("2026-11-22T06:00:00Z")
    await ends(home, diary=diary())
    assert titles(home) == [SLEEP_TITLE, CRAMP_TITLE]
    await home.press(home.her_messages[0], "Answer", reply="10")
    await home.press(home.her_messages[1], "Yes", reply="6")
    assert [set(one) - {"night"} for one in answers(home)] == [
        {"sleep_quality"},
        {"cramp", "cramp_pain"},
    ]
    assert answers(home)[1]["cramp_pain"] == 6
    await home.until("2026-11-22T09:00:00Z")
    assert len(titles(home)) == 2


@pytest.mark.parametrize(
    ("button", "reply", "expected"),
    [
        ("Yes", "it hurt", {"cramp": True}),
        ("Yes", "0", {"cramp": True, "cramp_pain": 0}),
        ("No", None, {"cramp": False}),
    ],
)
async def test_the_morning_question_comes_at_the_latest_time_without_a_finished_night(
    home: Home, questions: Any, button: str, reply: str | None, expected: dict[str, object]
) -> None:
    await questions(symptoms=[], sleep=[])
    home.state |= {"diary": diary()}
    await home.until("2026-11-22T09:00:00Z")
    assert titles(home) == [CRAMP_TITLE]
    await home.press(home.her_messages[0], button, reply=reply)
    assert answers(home) == [expected | {"night": "2026-11-21"}]


async def test_what_was_answered_is_not_asked(home: Home, questions: Any) -> None:
    await questions()
    home.state |= {"diary": diary(evening_symptoms=0, sleep_quality=5, cramp=False)}
    await home.until("2026-11-21T20:30:00Z")
    await home.until("2026-11-22T09:00:00Z")
    assert titles(home) == []


async def test_only_wanted_questions_are_asked(home: Home, questions: Any) -> None:
    await questions(symptoms=[], cramp=[])
    await ask_in_the_evening(home)
    await home.until("2026-11-22T09:00:00Z")
    assert titles(home) == [SLEEP_TITLE]


async def test_a_failed_answer_can_be_repeated(home: Home, questions: Any) -> None:
    await questions()
    await ask_in_the_evening(home)
    home.bridge.silent = True
    await home.press(home.her_messages[0], "Answer", reply="3")
    await home.wait(minutes=1)
    assert [call.data["message"] for call in home.his_messages] == home.texts_of(home.his_messages)
    home.bridge.silent = False
    await home.press(home.her_messages[0], "Answer", reply="3")
    assert home.his_messages[-1].data["message"] == "clear_notification"


async def test_an_answer_of_another_automation_is_ignored(home: Home, questions: Any) -> None:
    await questions()
    home.hass.bus.async_fire(
        "mobile_app_notification_action",
        {"action": "LIMBER_DIARY_NO:limber_other:cramp_pain:2026-11-21"},
    )
    await home.settle()
    assert home.bridge.commands() == []
