"""Diary and personal trials: entities, actions, and what a person sees at a refusal."""

from typing import Any

import pytest
import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .conftest import INFO, Bridge, golden, set_up
from .trial_examples import DIARY, RUNNING, TRIAL, respond

PLAN = "sensor.anna_trial_plan_tonight"
RESULT = "sensor.anna_trial_result"
QUESTION = "binary_sensor.anna_trial_question"
CRAMP = "select.anna_cramp_last_night"


def state_of(hass: HomeAssistant, entity: str) -> str:
    """Return the state of an entity."""
    state = hass.states.get(entity)
    assert state is not None, entity
    return state.state


def attribute(hass: HomeAssistant, entity: str, name: str) -> object:
    """Return an attribute of an entity."""
    state = hass.states.get(entity)
    assert state is not None, entity
    return state.attributes[name]


async def act(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Call an action of Limber that has a response."""
    return await hass.services.async_call(
        "limber", action, data, blocking=True, return_response=True
    )


def diary(**answers: object) -> dict[str, Any]:
    """Return the diary of tonight, and of a last night without answers."""
    empty = dict.fromkeys(DIARY) | {"night": "2026-11-21"}
    return {"tonight": DIARY, "last_night": empty | answers}


# --- Diary ---


async def test_the_diary_of_the_two_nights_is_shown(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await bridge.publish_state(diary=diary(sleep_quality=0, cramp=False))
    assert state_of(hass, "number.anna_evening_symptoms") == "4"
    assert state_of(hass, "number.anna_sleep_quality") == "0"
    assert state_of(hass, "number.anna_cramp_pain") == "unknown"
    assert state_of(hass, CRAMP) == "no"
    await bridge.publish_state(diary=diary(cramp=True, cramp_pain=6))
    assert state_of(hass, "number.anna_sleep_quality") == "unknown"
    assert state_of(hass, "number.anna_cramp_pain") == "6"
    assert state_of(hass, CRAMP) == "yes"
    await bridge.publish_state(diary=diary())
    assert state_of(hass, CRAMP) == "not_answered"
    await bridge.publish_state(diary=None)
    assert state_of(hass, CRAMP) == "unknown"
    assert state_of(hass, "number.anna_evening_symptoms") == "unknown"


async def test_answers_are_sent(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    for name in ("evening_symptoms", "sleep_quality", "cramp_pain"):
        await hass.services.async_call(
            "number",
            "set_value",
            {"entity_id": f"number.anna_{name}", "value": 7},
            blocking=True,
        )
    for option in ("yes", "no", "not_answered"):
        await hass.services.async_call(
            "select", "select_option", {"entity_id": CRAMP, "option": option}, blocking=True
        )
    sent = [
        {key: one[key] for key in one if key not in ("command", "sleeper")}
        for one in bridge.commands()
    ]
    assert {one["command"] for one in bridge.commands()} == {"diary"}
    assert sent == [
        {"evening_symptoms": 7},
        {"sleep_quality": 7},
        {"cramp_pain": 7},
        {"cramp": True},
        {"cramp": False},
        {"cramp": None},
    ]


async def test_the_diary_is_kept_by_an_action(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    bridge.prepared_responses["diary"] = [respond(night="2026-11-22", diary=DIARY)]
    response = await act(
        hass, "diary", night="2026-11-22", evening_symptoms="4", cramp="yes", cramp_pain=None
    )
    assert response == DIARY
    assert bridge.commands() == [
        {
            "command": "diary",
            "sleeper": "anna",
            "night": "2026-11-22",
            "evening_symptoms": 4,
            "cramp": True,
            "cramp_pain": None,
        }
    ]
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "diary", night="2026-11-22")
    assert error.value.translation_key == "empty_diary"
    # A bridge that answers something else.
    assert await act(hass, "diary", cramp=False) == {}


@pytest.mark.parametrize("value", [-1, 11, 3.5, "much"])
async def test_an_answer_is_a_whole_number_from_0_to_10(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, value: object
) -> None:
    with pytest.raises(vol.Invalid):
        await act(hass, "diary", sleep_quality=value)
    assert bridge.commands() == []


# --- Trials ---


async def test_the_plan_for_tonight_is_shown_and_nothing_of_a_result(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await bridge.publish_state(trial=RUNNING, last_trial=None)
    assert state_of(hass, PLAN) == "with"
    assert attribute(hass, PLAN, "factor") == "stretching"
    assert attribute(hass, PLAN, "night_number") == 9
    assert attribute(hass, PLAN, "end") == "2026-12-11"
    assert state_of(hass, RESULT) == "none"
    assert state_of(hass, QUESTION) == "on"
    assert attribute(hass, QUESTION, "night") == "2026-11-21"
    await bridge.publish_state(trial=RUNNING | {"question": None, "tonight": "washout"})
    assert state_of(hass, PLAN) == "washout"
    assert state_of(hass, QUESTION) == "off"
    await bridge.publish_state(trial=RUNNING | {"tonight": None, "night_number": None})
    assert state_of(hass, PLAN) == "no_trial"
    assert attribute(hass, PLAN, "start") == "2026-11-14"
    await bridge.publish_state(trial=None)
    assert state_of(hass, PLAN) == "no_trial"
    assert state_of(hass, QUESTION) == "off"
    assert state_of(hass, "button.anna_trial_done") == "unavailable"


async def test_the_result_of_the_last_trial_is_shown(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    await bridge.publish_state(trial=None, last_trial=TRIAL)
    assert state_of(hass, RESULT) == "no_difference"
    assert attribute(hass, RESULT, "name") == "Wool socks"
    assert attribute(hass, RESULT, "p") == 0.42
    await bridge.publish_state(last_trial=TRIAL | {"status": "stopped", "result": None})
    assert state_of(hass, RESULT) == "none"
    assert attribute(hass, RESULT, "status") == "stopped"
    newer = TRIAL["result"] | {"verdict": "sometimes"}
    await bridge.publish_state(last_trial=TRIAL | {"result": newer})
    assert state_of(hass, RESULT) == "unknown"


@pytest.mark.parametrize("done", [True, False])
async def test_the_question_of_a_trial_is_answered_by_a_button(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, done: bool
) -> None:
    await bridge.publish_state(trial=RUNNING)
    button = "button.anna_trial_done" if done else "button.anna_trial_not_done"
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    assert bridge.commands() == [{"command": "answer_trial", "sleeper": "anna", "done": done}]


async def test_a_trial_is_started_answered_and_stopped(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    bridge.prepared_responses["start_trial"] = [golden("response_trial")]
    bridge.prepared_responses["answer_trial"] = [golden("response_answer_trial")]
    started = await act(hass, "start_trial", factor="stretching", weeks="8", early_look=True)
    assert started == {
        key: golden("response_trial")["trial"][key if key != "trial" else "id"]
        for key in ("trial", "start", "end", "nights")
    }
    answered = await act(hass, "answer_trial", done=True, night="2026-11-19")
    assert answered == {"night": "2026-11-19"}
    await hass.services.async_call("limber", "stop_trial", {}, blocking=True)
    sent = {"sleeper": "anna"}
    assert bridge.commands() == [
        sent | {"command": "start_trial", "factor": "stretching", "weeks": 8, "early_look": True},
        sent | {"command": "answer_trial", "done": True, "night": "2026-11-19"},
        sent | {"command": "stop_trial"},
    ]


async def test_other_responses_are_not_taken_for_a_trial(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    assert await act(hass, "start_trial", factor="other", name="Socks", weeks=2) == {}
    assert await act(hass, "answer_trial", done=False) == {"night": None}


@pytest.mark.parametrize("data", [{"factor": "other"}, {"factor": "stretching", "name": "my way"}])
async def test_only_something_else_has_a_name(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, data: dict[str, str]
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "start_trial", weeks=4, **data)
    assert error.value.translation_key == "trial_name"
    assert bridge.commands() == []


@pytest.mark.parametrize(
    ("code", "key", "text"),
    [
        ("no_trial", "refused_no_trial", "No trial is running"),
        (
            "malformed",
            "refused_malformed",
            "The bridge cannot process this request: “too few nights”",
        ),
        (
            "unknown_sleeper",
            "refused_unknown_sleeper",
            "The bridge has no sleeper with the ID anna. Check the configuration of the bridge",
        ),
        # Of a bridge that is newer than the integration.
        ("full_moon", "refused", "The bridge refused the request: “too few nights”"),
    ],
)
async def test_a_refusal_is_explained_and_quoted_only_where_its_code_says_too_little(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, code: str, key: str, text: str
) -> None:
    refusal = golden("response_refusal") | {"error": code, "message": "too few nights"}
    bridge.prepared_responses["stop_trial"] = [refusal]
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call("limber", "stop_trial", {}, blocking=True)
    assert error.value.translation_key == key
    # Home Assistant leaves out the last period.
    assert str(error.value) == text


async def test_the_start_of_a_trial_is_an_event(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry
) -> None:
    now = dt_util.utcnow().isoformat()
    bridge.publish("anna/event", golden("event_trial") | {"start": now, "known_at": now})
    await hass.async_block_till_done()
    assert attribute(hass, "event.anna_trial", "event_type") == "started"
    assert attribute(hass, "event.anna_trial", "factor") == "stretching"


# --- Older bridges ---


async def test_a_bridge_without_the_commands_has_no_such_entities(
    hass: HomeAssistant, bridge: Bridge, entry: MockConfigEntry
) -> None:
    bridge.info = bridge.info | {"commands": ["nights", "events", "log"]}
    await set_up(hass, bridge, entry)
    new = (PLAN, RESULT, QUESTION, CRAMP, "number.anna_sleep_quality", "event.anna_trial")
    assert not any(hass.states.get(entity) for entity in new)
    # After an update of the bridge they appear without a reload, and can go away again.
    bridge.publish("info", bridge.info | {"commands": INFO["commands"]})
    await hass.async_block_till_done()
    await bridge.publish_state(trial=RUNNING, diary=diary())
    assert state_of(hass, PLAN) == "with"
    bridge.publish("info", bridge.info)
    await hass.async_block_till_done()
    unavailable = (*new[:5], "button.anna_trial_done")
    assert {state_of(hass, entity) for entity in unavailable} == {"unavailable"}


# --- The contract with the bridge ---


@pytest.mark.parametrize(
    "name",
    [
        "request_diary",
        "request_diary_delete",
        "request_diary_evening",
        "request_start_trial",
        "request_start_trial_other",
        "request_stop_trial",
        "request_answer_trial",
        "request_answer_trial_night",
    ],
)
async def test_actions_send_the_golden_requests(
    hass: HomeAssistant, bridge: Bridge, loaded: MockConfigEntry, name: str
) -> None:
    wanted = golden(name)
    # An answer of null is deleted; other fields of null are left out.
    absent = {key for key in ("night", "name", "washout_nights") if wanted.get(key) is None}
    unsent = {"v", "id", "reply_to"} | absent
    sent = {key: wanted[key] for key in wanted if key not in unsent}
    data = {key: sent[key] for key in sent if key not in ("command", "sleeper")}
    await hass.services.async_call("limber", sent["command"], data, blocking=True)
    assert bridge.commands() == [sent]
