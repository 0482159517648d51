"""Intents of Assist about the diary and about personal trials."""

import re
from collections.abc import Mapping
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant

from .const import DIARY_COMMAND
from .limber_intent import LimberIntent
from .limits import MAX_RATING
from .night_summary import async_get_texts
from .sleepers import TargetSleeper
from .trial_text import describe_trials
from .words import Words

DIARY_INTENT: Final = "LimberDiary"
TRIAL_INTENT: Final = "LimberTrial"

CRAMP_PAIN: Final = "cramp_pain"
CONFIRMATIONS: Final[Mapping[str, str]] = {
    "evening_symptoms": "symptoms_noted",
    "sleep_quality": "sleep_noted",
    CRAMP_PAIN: "pain_noted",
}
"""Text that confirms an answer, by its field in the diary."""


class DiaryIntent(LimberIntent):
    """Write an answer from 0 to 10 into the diary."""

    intent_type = DIARY_INTENT
    description = (
        "Writes into a person's diary, as a whole number from 0 to 10, how much the legs bother "
        "them this evening, how well they slept last night, or how much a cramp hurt."
    )

    @property
    @override
    def slot_schema(self) -> Any:
        return {
            vol.Required("question"): vol.In(tuple(CONFIRMATIONS)),
            vol.Required("rating"): vol.Any(int, str),
            **super().slot_schema,
        }

    @override
    async def answer(
        self, hass: HomeAssistant, language: str, sleeper: TargetSleeper, slots: Mapping[str, Any]
    ) -> str:
        texts = await async_get_texts(hass, language)
        rating = as_rating(slots["rating"])
        if rating is None:
            return texts["rating_unclear"]
        question: str = slots["question"]
        answers: dict[str, int | bool] = {question: rating}
        if question == CRAMP_PAIN:
            # There was one, even if it did not hurt.
            answers["cramp"] = True
        await sleeper.coordinator.requests.send(DIARY_COMMAND, sleeper.id, **answers)
        return texts[CONFIRMATIONS[question]].format(rating=rating)


class TrialIntent(LimberIntent):
    """Say what the plan of the running trial is, or what the last one has shown."""

    intent_type = TRIAL_INTENT
    policy = POLICY_READ
    description = (
        "Says what a person's trial of something, such as stretching, plans for tonight, or what "
        "the last trial has shown. While it is running, its result is not known."
    )

    @override
    async def answer(
        self, hass: HomeAssistant, language: str, sleeper: TargetSleeper, slots: Mapping[str, Any]
    ) -> str:
        texts = await async_get_texts(hass, language)
        state = sleeper.coordinator.data.states.get(sleeper.id)
        if state is None:
            return texts["nothing_known"]
        return describe_trials(Words(texts, sleeper.coordinator.time_zone), state)


def as_rating(value: int | str) -> int | None:
    """Return an answer from 0 to 10; None for everything else."""
    text = str(value).strip()
    if re.fullmatch(r"\d{1,2}", text, re.ASCII) is None or int(text) > MAX_RATING:
        return None
    return int(text)
