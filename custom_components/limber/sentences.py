"""Sentences for Assist, such as "How were my legs last night?" and "I slept seven out of ten".

This is the only module that uses the conversation integration. Its function that registers
sentences is internal, so Limber also works if that is missing or has changed.
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import intent
from homeassistant.setup import async_when_setup
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .intent import CRAMP_INTENT, FULL_DETAIL, LAST_NIGHT_INTENT, LOG_INTENT
from .trial_intents import DIARY_INTENT, TRIAL_INTENT

_LOGGER: Final = logging.getLogger(__name__)

SENTENCES_FILE: Final = Path(__file__).with_name("sentences.json")
"""By language: templates of hassil for the last night, a cramp, each factor, each question of the
diary and a trial, and the words for numbers."""
RATING_SLOT: Final = "rating"
UNREGISTER_KEY: Final[HassKey[list[Callable[[], None]]]] = HassKey(f"{DOMAIN}_sentences")
"""Functions that unregister the sentences; exists while the sentences are wanted."""

NUMBER: Final = re.compile(r"\w+")
"""The first word of an answer, or its first digits."""

type Slots = dict[str, str]
type SentenceHandler = Callable[[Any, Any], Awaitable[str | None]]


@callback
def async_start(hass: HomeAssistant) -> None:
    """Register the sentences once the conversation integration is set up."""
    if UNREGISTER_KEY not in hass.data:
        hass.data[UNREGISTER_KEY] = []
        async_when_setup(hass, "conversation", _register)


@callback
def async_stop(hass: HomeAssistant) -> None:
    """Unregister the sentences."""
    for unregister in hass.data.pop(UNREGISTER_KEY, ()):
        unregister()


async def _register(hass: HomeAssistant, _component: str) -> None:
    try:
        from homeassistant.components.conversation import get_agent_manager  # noqa: PLC0415 - may be missing

        register = get_agent_manager(hass).register_trigger
    except (ImportError, AttributeError) as error:
        _LOGGER.info("Assist cannot use Limber's sentences in this version: %s", error)
        return
    by_language = await hass.async_add_executor_job(load_sentences)
    # The last bridge may have been unloaded meanwhile.
    if UNREGISTER_KEY in hass.data:
        hass.data[UNREGISTER_KEY] += [
            register(
                sentences,
                _handler(hass, language, (intent_type, slots), by_language[language]["numbers"]),
            )
            for language, sentences, intent_type, slots in sentence_groups(by_language)
        ]


@cache
def load_sentences() -> dict[str, Any]:
    """Return the sentences by language."""
    found: dict[str, Any] = json.loads(SENTENCES_FILE.read_text("utf-8"))
    return found


def sentence_groups(
    by_language: dict[str, Any],
) -> Iterator[tuple[str, list[str], str, Slots]]:
    """Yield language, sentences, intent and slots of each group of sentences."""
    for language, groups in by_language.items():
        yield language, groups["last_night"], LAST_NIGHT_INTENT, {}
        yield language, groups["more"], LAST_NIGHT_INTENT, {"detail": FULL_DETAIL}
        yield language, groups["cramp"], CRAMP_INTENT, {}
        for factor, sentences in groups["log"].items():
            yield language, sentences, LOG_INTENT, {"factor": factor}
        for question, sentences in groups["diary"].items():
            yield language, sentences, DIARY_INTENT, {"question": question}
        yield language, groups["trial"], TRIAL_INTENT, {}


def read_number(text: str, words: Mapping[str, int]) -> str:
    """Return the number with which a text begins, in digits; other texts stay as they are.

    What follows, as in "four out of ten tonight", may be part of the text.
    """
    first = NUMBER.match(text.casefold())
    if first is None:
        return text
    return str(words.get(first[0], first[0]))


def _handler(
    hass: HomeAssistant, language: str, wanted: tuple[str, Slots], numbers: Mapping[str, int]
) -> SentenceHandler:
    """Return the function that answers sentences in their language.

    `wanted`: type and slots of the intent; `numbers`: by word.
    """
    intent_type, slots = wanted

    async def handle(said: Any, result: Any) -> str | None:  # noqa: ANN401 - of the conversation integration
        matched = {name: str(entity.value) for name, entity in result.entities.items()}
        if RATING_SLOT in matched:
            matched[RATING_SLOT] = read_number(matched[RATING_SLOT], numbers)
        all_slots = {name: {"value": value} for name, value in (slots | matched).items()}
        response = await intent.async_handle(
            hass, DOMAIN, intent_type, all_slots, context=said.context, language=language
        )
        speech: str | None = response.speech.get("plain", {}).get("speech")
        return speech

    return handle
