"""The blueprint that asks what was really done on a night of a personal trial."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from homeassistant.helpers.translation import async_get_translations

from tests.components.limber.blueprints.conftest import Home
from tests.components.limber.trial_examples import RUNNING


@pytest.fixture
def asked(home: Home) -> Callable[..., Awaitable[None]]:
    """Returns a function that creates the automation during a trial."""

    async def make(**trial: object) -> None:
        await home.publish_state(in_bed=False, trial=RUNNING | trial)
        inputs = {
            "sleeper": home.anna,
            "question": "binary_sensor.anna_trial_question",
            "phones": home.phones,
        }
        await home.automate("trial_question", **inputs)
        await home.until("2026-11-22T08:30:00Z")

    return make


@pytest.mark.parametrize(("button", "done"), [("Yes", True), ("No", False)])
async def test_the_answer_reaches_the_trial(
    home: Home, asked: Any, button: str, done: bool
) -> None:
    await asked()
    assert home.her_messages[0].data["title"] == "Your trial: Stretching"
    assert home.her_messages[0].data["message"] == (
        "Did you do it on the evening of November 20, 2026?"
    )
    await home.press(home.her_messages[0], button)
    assert home.bridge.commands() == [
        {"command": "answer_trial", "sleeper": "anna", "done": done, "night": "2026-11-21"}
    ]
    assert home.his_messages[-1].data["message"] == "clear_notification"


async def test_a_trial_of_something_else_is_called_by_its_name(home: Home, asked: Any) -> None:
    await asked(factor="other", name="Wool socks")
    assert home.her_messages[0].data["title"] == "Your trial: Wool socks"


@pytest.mark.parametrize(
    ("language", "title", "evening"),
    [
        ("en", "Your trial: Warm bath", "November 20, 2026"),
        ("de", "Your trial: Warmes Bad", "20.\N{NO-BREAK SPACE}November 2026"),
    ],
)
async def test_factor_and_date_are_in_the_language_of_home_assistant(
    home: Home, asked: Any, language: str, title: str, evening: str
) -> None:
    home.hass.config.language = language
    await async_get_translations(home.hass, language, "entity", {"limber"})
    await asked(factor="warm_bath")
    assert home.her_messages[0].data["title"] == title
    assert evening in home.her_messages[0].data["message"]


async def test_nothing_is_asked_without_an_open_question(home: Home, asked: Any) -> None:
    await asked(question=None)
    assert home.her_messages == []


async def test_a_failed_answer_can_be_repeated(home: Home, asked: Any) -> None:
    await asked()
    home.bridge.silent = True
    await home.press(home.her_messages[0], "Yes")
    await home.wait(minutes=1)
    assert [call.data["message"] for call in home.his_messages] == home.texts_of(home.his_messages)
    home.bridge.silent = False
    await home.press(home.her_messages[0], "Yes")
    assert home.his_messages[-1].data["message"] == "clear_notification"


async def test_the_answer_to_another_automation_is_ignored(home: Home, asked: Any) -> None:
    await asked()
    home.hass.bus.async_fire(
        "mobile_app_notification_action",
        {"action": "LIMBER_TRIAL_YES:limber_other:2026-11-21"},
    )
    await home.settle()
    assert home.bridge.commands() == []
