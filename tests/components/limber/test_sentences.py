"""Assist and language models: asked in words, answered in words."""

from typing import Any

import pytest
from homeassistant.components import conversation
from homeassistant.components.conversation.agent_manager import AgentManager
from homeassistant.components.llm import async_get_tools
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, ToolInput
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

import custom_components.limber.requests as requests_module
from custom_components.limber.summary_text import quote

from .conftest import INFO, Bridge, golden, set_up
from .test_report import allow, device_of
from .trial_examples import DIARY, RUNNING, TRIAL

NOT_PERMITTED = "You do not have permission for this sleeper"


@pytest.fixture
async def assist(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """Set up the conversation integration, after Limber."""
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()


async def say(
    hass: HomeAssistant, text: str, language: str = "en", context: Context | None = None
) -> str:
    result = await conversation.async_converse(
        hass, text, None, context or Context(), language=language
    )
    return str(result.response.speech["plain"]["speech"])


@pytest.mark.parametrize(
    ("language", "sentence", "answer"),
    [
        ("en", "How did my legs do last night?", "312 leg movements"),
        ("en", "how did the legs of Anna do", "312 leg movements"),
        ("en", "Did I have a cramp last night?", "312 leg movements"),
        ("de", "Hatte ich letzte Nacht einen Krampf?", "312"),
        ("de", "Wie waren meine Beine letzte Nacht?", "312"),
        ("fr", "Comment étaient mes jambes la nuit dernière ?", "312"),
        ("es", "¿Cómo estuvieron mis piernas anoche?", "312"),
        ("nl", "Hoe waren mijn benen afgelopen nacht?", "312"),
        ("it", "Come stavano le mie gambe stanotte?", "312"),
        ("en", "Tell me more about last night", "to say what is usual"),
        ("en", "tell me more about the night of Anna", "to say what is usual"),
        ("de", "Erzähl mir mehr über meine Nacht", "was üblich ist"),
        ("fr", "Dis-m'en plus sur ma nuit", "ce qui est habituel"),
        ("es", "Cuéntame más sobre anoche", "qué es lo habitual"),
        ("nl", "Vertel meer over mijn nacht", "wat gewoon is"),
        ("it", "Dimmi di più sulla mia notte", "che cosa è abituale"),
    ],
)
async def test_assist_answers_in_the_language_of_the_question(
    hass: HomeAssistant, bridge: Bridge, assist: None, language: str, sentence: str, answer: str
) -> None:
    assert answer in await say(hass, sentence, language)


@pytest.mark.parametrize(
    ("language", "sentence", "factor"),
    [
        ("en", "Log that I stretched", "stretching"),
        ("en", "log that I took magnesium", "magnesium"),
        ("de", "Notiere, dass ich Wasser getrunken habe", "water"),
        ("fr", "note que j'ai pris un bain chaud", "warm_bath"),
        ("es", "anota que he bebido alcohol", "alcohol"),
        ("nl", "noteer dat ik heb gesport", "exercise"),
        ("it", "annota che ho fatto stretching", "stretching"),
    ],
)
async def test_factors_are_logged_by_voice(
    hass: HomeAssistant, bridge: Bridge, assist: None, language: str, sentence: str, factor: str
) -> None:
    assert await say(hass, sentence, language)
    assert bridge.commands() == [{"command": "log", "sleeper": "anna", "factor": factor}]


@pytest.mark.parametrize(
    ("language", "sentence", "answer"),
    [
        ("en", "I have a cramp", "Noted"),
        ("en", "that was a leg cramp", "Noted"),
        ("en", "log a cramp for Anna", "Noted"),
        ("de", "Ich habe einen Wadenkrampf", "Notiert"),
        ("fr", "j'ai eu une crampe", "C'est noté"),
        ("es", "tengo un calambre", "Anotado"),
        ("nl", "ik heb kramp", "Genoteerd"),
        ("it", "ho avuto un crampo", "Annotato"),
    ],
)
async def test_a_cramp_is_labeled_by_voice(
    hass: HomeAssistant, bridge: Bridge, assist: None, language: str, sentence: str, answer: str
) -> None:
    assert (await say(hass, sentence, language)).startswith(answer)
    assert bridge.commands() == [{"command": "label", "sleeper": "anna", "cramp": True}]


@pytest.mark.parametrize(
    ("language", "sentence", "answers"),
    [
        ("en", "My legs bother me four out of ten tonight", {"evening_symptoms": 4}),
        ("en", "my legs are bothering me 10 out of 10", {"evening_symptoms": 10}),
        ("en", "I slept seven out of ten", {"sleep_quality": 7}),
        ("en", "log sleep quality 3 out of 10 for Anna", {"sleep_quality": 3}),
        ("en", "I had a cramp, pain six", {"cramp_pain": 6, "cramp": True}),
        (
            "en",
            "I had a leg cramp with a pain of zero",
            {"cramp_pain": 0, "cramp": True},
        ),
        ("de", "Meine Beine stören mich heute Abend vier von zehn", {"evening_symptoms": 4}),
        ("de", "Ich habe sieben von zehn geschlafen", {"sleep_quality": 7}),
        ("de", "Ich hatte einen Wadenkrampf, Schmerz sechs", {"cramp_pain": 6, "cramp": True}),
        ("fr", "mes jambes me gênent ce soir à quatre sur dix", {"evening_symptoms": 4}),
        ("fr", "j'ai dormi à sept sur dix", {"sleep_quality": 7}),
        ("fr", "j'ai eu une crampe, douleur six", {"cramp_pain": 6, "cramp": True}),
        ("es", "me molestan las piernas un cuatro de diez", {"evening_symptoms": 4}),
        ("es", "he dormido un siete sobre diez", {"sleep_quality": 7}),
        ("es", "he tenido un calambre, dolor seis", {"cramp_pain": 6, "cramp": True}),
        ("nl", "mijn benen zijn vanavond een vier op tien", {"evening_symptoms": 4}),
        ("nl", "ik heb een zeven op tien geslapen", {"sleep_quality": 7}),
        ("nl", "ik had vannacht kramp, pijn zes", {"cramp_pain": 6, "cramp": True}),
        ("it", "le gambe mi danno fastidio quattro su dieci", {"evening_symptoms": 4}),
        ("it", "ho dormito sette su dieci", {"sleep_quality": 7}),
        ("it", "ho avuto un crampo, dolore sei", {"cramp_pain": 6, "cramp": True}),
    ],
)
async def test_the_diary_is_kept_by_voice(
    hass: HomeAssistant,
    bridge: Bridge,
    assist: None,
    language: str,
    sentence: str,
    answers: dict[str, object],
) -> None:
    answer = await say(hass, sentence, language)
    assert bridge.commands() == [{"command": "diary", "sleeper": "anna"} | answers], answer
    rating = next(value for value in answers.values() if value is not True)
    assert str(rating) in answer


@pytest.mark.parametrize("rating", ["eleven", "11", "quite badly", "²"])
async def test_an_answer_that_is_no_number_is_asked_again(
    hass: HomeAssistant, bridge: Bridge, assist: None, rating: str
) -> None:
    answer = await say(hass, f"I slept {rating} out of ten")
    assert answer == "Please say a whole number from zero to ten."
    assert bridge.commands() == []


@pytest.mark.parametrize(
    ("language", "sentence", "plan", "result"),
    [
        ("en", "How is the trial going?", "Plan for tonight: do it.", "PLM index: lower on nights"),
        ("de", "Wie läuft mein Selbstversuch?", "heute Nacht: tu es.", "PLM-Index: niedriger in"),
        (
            "fr",
            "où en est mon essai",
            "cette nuit\N{NO-BREAK SPACE}: à faire.",
            "Indice PLM\N{NO-BREAK SPACE}: plus bas les nuits",
        ),
        ("es", "¿Cómo va mi prueba?", "esta noche: hazlo.", "Índice PLM: más bajo en las noches"),
        ("nl", "hoe gaat de proef", "vannacht: wel doen.", "PLM-index: lager in nachten"),
        ("it", "come va la prova", "stanotte: fallo.", "Indice PLM: più basso nelle notti"),
    ],
)
async def test_assist_says_the_plan_and_the_result_only_afterwards(
    hass: HomeAssistant,
    bridge: Bridge,
    assist: None,
    language: str,
    sentence: str,
    plan: str,
    result: str,
) -> None:
    lower = TRIAL["result"] | {"verdict": "lower"}
    ended = TRIAL | {"outcome": "plm_index", "result": lower}
    await bridge.publish_state(trial=RUNNING, last_trial=ended)
    running = await say(hass, sentence, language)
    assert plan in running
    assert "28" in running
    assert result not in running
    await bridge.publish_state(trial=None, last_trial=ended)
    assert result in await say(hass, sentence, language)


async def test_assist_says_when_a_trial_begins_and_that_there_is_none(
    hass: HomeAssistant, bridge: Bridge, assist: None
) -> None:
    future = RUNNING | {"tonight": None, "night_number": None, "question": None}
    await bridge.publish_state(trial=future | {"factor": "other", "name": "[Socks](http://x)"})
    assert await say(hass, "how is the trial of Anna going") == (
        "Trial: (Socks)(http: //x). It starts with the night of November 14, 2026."
    )
    await bridge.publish_state(trial=None, last_trial=TRIAL | {"result": None})
    assert "Nights with a cramp: too few nights." in await say(hass, "what did my trial show")
    await bridge.publish_state(trial=None, last_trial=TRIAL | {"outcome": "mood"})
    assert await say(hass, "how is my trial going") == "No trial is running."
    await bridge.publish_state(trial=None, last_trial=None)
    assert await say(hass, "how is my trial going") == "No trial is running."
    bridge.publish("anna/state", "")
    await hass.async_block_till_done()
    assert await say(hass, "how is my trial going") == "The bridge has not sent any data yet."


async def test_assist_needs_an_unambiguous_sleeper(
    hass: HomeAssistant, bridge: Bridge, assist: None
) -> None:
    bridge.publish(
        "info", INFO | {"sleepers": [*INFO["sleepers"], {"id": "bo", "name": "Bo", "sensors": []}]}
    )
    await hass.async_block_till_done()
    assert "More than one sleeper" in await say(hass, "how did my legs do")
    assert await say(hass, "how did the legs of Carl do") == "There is no sleeper named Carl."
    assert "More than one sleeper" in await say(hass, "log that I stretched")
    assert "312 leg movements" in await say(hass, "how did the legs of anna do last night")
    assert await say(hass, "log stretching for Bo") == "Logged: Stretching."
    assert bridge.commands() == [{"command": "log", "sleeper": "bo", "factor": "stretching"}]
    bridge.publish(
        "info",
        INFO | {"sleepers": [*INFO["sleepers"], {"id": "bo", "name": "Anna", "sensors": []}]},
    )
    await hass.async_block_till_done()
    assert "more than one sleeper named anna" in await say(hass, "how did the legs of anna do")


async def test_assist_says_that_the_bridge_does_not_respond(
    hass: HomeAssistant, bridge: Bridge, assist: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "RESPONSE_TIMEOUT_S", 0.05)
    bridge.silent = True
    assert (
        await say(hass, "log water") == "The bridge did not respond. Make sure that it is running."
    )
    assert "Bridge hat nicht" in await say(hass, "notiere wasser", "de")
    bridge.publish("info", INFO | {"commands": ["nights", "events"]})
    await hass.async_block_till_done()
    assert await say(hass, "log water") == (
        "This bridge does not support the command log. Update the bridge."
    )


async def test_sentences_are_unregistered_with_the_last_bridge(
    hass: HomeAssistant, bridge: Bridge, assist: None, loaded: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    assert "312" not in await say(hass, "how did my legs do")
    await set_up(hass, bridge, loaded)
    await hass.async_block_till_done()
    assert "312" in await say(hass, "how did my legs do")


async def test_limber_works_without_a_way_to_register_sentences(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(AgentManager, "register_trigger")
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()
    assert hass.states.get("sensor.anna_plm_index_last_night") is not None


# --- Permissions ---


@pytest.mark.parametrize(
    ("policy", "sentence", "answer"),
    [
        ({}, "How did my legs do last night?", NOT_PERMITTED),
        ({}, "how is the trial of Anna going", NOT_PERMITTED),
        ({"read": True}, "How did my legs do last night?", "312 leg movements"),
        ({"read": True}, "I have a cramp", NOT_PERMITTED),
        ({"read": True}, "I slept seven out of ten", NOT_PERMITTED),
        ({"read": True}, "Log that I stretched", NOT_PERMITTED),
        ({"read": True, "control": True}, "Log that I stretched", "Logged"),
    ],
)
async def test_assist_asks_for_the_permission_that_the_action_does(
    hass: HomeAssistant,
    bridge: Bridge,
    assist: None,
    hass_admin_user: MockUser,
    policy: dict[str, bool],
    sentence: str,
    answer: str,
) -> None:
    allow(hass, hass_admin_user, device_ids={device_of(hass): policy})
    said = await say(hass, sentence, context=Context(user_id=hass_admin_user.id))
    assert answer in said
    assert (bridge.commands() == []) is (answer != "Logged")
    # A voice satellite has no user, as an automation.
    assert NOT_PERMITTED not in await say(hass, sentence)


async def test_the_llm_tools_ask_for_the_permission_to_read(
    hass: HomeAssistant, bridge: Bridge, assist: None, hass_admin_user: MockUser
) -> None:
    allow(hass, hass_admin_user)
    context = Context(user_id=hass_admin_user.id)
    for name in ("last_night", "nights", "diary_and_trial"):
        with pytest.raises(Unauthorized):
            await use(hass, f"limber__{name}", context)
    allow(hass, hass_admin_user, device_ids={device_of(hass): {"read": True}})
    assert "diary" in await use(hass, "limber__diary_and_trial", context)


# --- Language models ---


def asked(language: str = "en", context: Context | None = None) -> LLMContext:
    return LLMContext(
        platform="test",
        context=context,
        language=language,
        assistant="conversation",
        device_id=None,
    )


async def use(
    hass: HomeAssistant, name: str, context: Context | None = None, **arguments: Any
) -> Any:
    tools = (await async_get_tools(hass, asked(), LLM_API_ASSIST)).tools
    tool = next(tool for tool in tools if tool.name == name)
    result = await tool.async_call(
        hass, ToolInput(tool_name=name, tool_args=arguments), asked(context=context)
    )
    return result.data  # type: ignore[union-attr]


async def test_the_llm_tools_are_read_only(
    hass: HomeAssistant, bridge: Bridge, assist: None
) -> None:
    tools = (await async_get_tools(hass, asked(), LLM_API_ASSIST)).tools
    ours = [tool for tool in tools if tool.integration == "limber"]
    assert {tool.name for tool in ours} == {
        "limber__last_night",
        "limber__nights",
        "limber__diary_and_trial",
    }
    assert all(tool.annotations.read_only and not tool.annotations.destructive for tool in ours)
    assert all("never diagnose" in str(tool.description) for tool in ours)


async def test_the_llm_tools_return_nights(
    hass: HomeAssistant, bridge: Bridge, assist: None
) -> None:
    bridge.nights = [golden("state")["last_night"] | {"night": "2999-01-01"}]
    assert (await use(hass, "limber__last_night"))["movements"] == 312
    assert [night["night"] for night in (await use(hass, "limber__nights", days=3))["nights"]] == [
        "2999-01-01"
    ]


async def test_the_llm_tools_return_the_diary_and_no_result_of_a_running_trial(
    hass: HomeAssistant, bridge: Bridge, assist: None
) -> None:
    nights = {"tonight": DIARY, "last_night": DIARY | {"night": "2026-11-21"}}
    await bridge.publish_state(diary=nights, trial=RUNNING, last_trial=TRIAL)
    assert await use(hass, "limber__diary_and_trial") == {
        "diary": nights,
        "trial": RUNNING,
        "last_trial": TRIAL | {"name": quote("Wool socks")},
    }
    bridge.publish("anna/state", "")
    await hass.async_block_till_done()
    nothing = {"diary": None, "trial": None, "last_trial": None}
    assert await use(hass, "limber__diary_and_trial", sleeper="Anna") == nothing


async def test_there_are_no_llm_tools_without_a_sleeper(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "llm", {})
    await hass.config_entries.async_unload(loaded.entry_id)
    tools = (await async_get_tools(hass, asked(), LLM_API_ASSIST)).tools
    assert not [tool for tool in tools if tool.integration == "limber"]
