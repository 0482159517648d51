"""Sentences for Assist: "How did my legs do last night?", "Log that I stretched".

Law: the only module that knows of the conversation integration, whose way to register sentences is
internal: where it is missing or different, Limber is there without a voice. It is heard for as long
as an entry is loaded.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import intent
from homeassistant.setup import async_when_setup
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .intent import CRAMP, LAST_NIGHT, LOG

_LOGGER: Final = logging.getLogger(__name__)

SENTENCES: Final = Path(__file__).with_name("sentences.json")
"""What is understood, as hassil reads it: by language, sentences for the last night, a cramp, and
each factor."""
HEARD: Final[HassKey[list[Callable[[], None]]]] = HassKey(f"{DOMAIN}_sentences")
"""What ends that the sentences are understood."""

type Slots = dict[str, str]
type Answer = Callable[[Any, Any], Awaitable[str | None]]


@callback
def async_listen(hass: HomeAssistant) -> None:
    """Have the sentences understood as soon as there is somebody who listens."""
    if HEARD not in hass.data:
        hass.data[HEARD] = []
        async_when_setup(hass, "conversation", _register)


@callback
def async_fall_silent(hass: HomeAssistant) -> None:
    """Have the sentences no longer understood."""
    for end in hass.data.pop(HEARD, ()):
        end()


async def _register(hass: HomeAssistant, _component: str) -> None:
    try:
        from homeassistant.components.conversation import get_agent_manager  # noqa: PLC0415 - may be missing

        register = get_agent_manager(hass).register_trigger
    except (ImportError, AttributeError) as error:
        _LOGGER.info(
            "Assist understands no sentences of Limber in this version of Home Assistant: %s", error
        )
        return
    known = await hass.async_add_executor_job(read)
    if HEARD in hass.data:
        hass.data[HEARD] += [
            register(sentences, answering(hass, language, name, slots))
            for language, sentences, name, slots in wanted(known)
        ]


@cache
def read() -> dict[str, Any]:
    """Return what is understood."""
    found: dict[str, Any] = json.loads(SENTENCES.read_text("utf-8"))
    return found


def wanted(known: dict[str, Any]) -> Iterator[tuple[str, list[str], str, Slots]]:
    """Yield language, sentences, intent and slots of everything that is understood."""
    for language, intents in known.items():
        yield language, intents["last_night"], LAST_NIGHT, {}
        yield language, intents["cramp"], CRAMP, {}
        for factor, sentences in intents["log"].items():
            yield language, sentences, LOG, {"factor": factor}


def answering(hass: HomeAssistant, language: str, name: str, slots: Slots) -> Answer:
    """Return what answers some sentences in their language."""

    async def answer(_said: Any, result: Any) -> str | None:  # noqa: ANN401 - of the conversation integration
        heard = {key: str(entity.value) for key, entity in result.entities.items()}
        together = {key: {"value": value} for key, value in (slots | heard).items()}
        response = await intent.async_handle(hass, DOMAIN, name, together, language=language)
        speech: str | None = response.speech.get("plain", {}).get("speech")
        return speech

    return answer
