"""Assist and language models: asked in words, answered in words."""

from typing import Any

import pytest
from homeassistant.components import conversation
from homeassistant.components.conversation.agent_manager import AgentManager
from homeassistant.components.llm import async_get_tools
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, ToolInput
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.limber.requests as requests_module

from .conftest import INFO, Bridge, golden, set_up


@pytest.fixture
async def assist(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """Set up the conversation integration, after Limber."""
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()


async def say(hass: HomeAssistant, text: str, language: str = "en") -> str:
    result = await conversation.async_converse(hass, text, None, Context(), language=language)
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


# --- Language models ---


def asked(language: str = "en") -> LLMContext:
    return LLMContext(
        platform="test",
        context=Context(),
        language=language,
        assistant="conversation",
        device_id=None,
    )


async def use(hass: HomeAssistant, name: str, **arguments: Any) -> Any:
    tools = (await async_get_tools(hass, asked(), LLM_API_ASSIST)).tools
    tool = next(tool for tool in tools if tool.name == name)
    result = await tool.async_call(hass, ToolInput(tool_name=name, tool_args=arguments), asked())
    return result.data  # type: ignore[union-attr]


async def test_the_llm_tools_are_read_only(
    hass: HomeAssistant, bridge: Bridge, assist: None
) -> None:
    tools = (await async_get_tools(hass, asked(), LLM_API_ASSIST)).tools
    ours = [tool for tool in tools if tool.integration == "limber"]
    assert {tool.name for tool in ours} == {"limber__last_night", "limber__nights"}
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


async def test_there_are_no_llm_tools_without_a_sleeper(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "llm", {})
    await hass.config_entries.async_unload(loaded.entry_id)
    tools = (await async_get_tools(hass, asked(), LLM_API_ASSIST)).tools
    assert not [tool for tool in tools if tool.integration == "limber"]
