"""Actions about the diary and about personal trials."""

from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceResponse, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv

from .const import (
    ANSWER_TRIAL_COMMAND,
    DIARY_COMMAND,
    DOMAIN,
    FACTORS,
    START_TRIAL_COMMAND,
    STOP_TRIAL_COMMAND,
    TRIAL_OUTCOMES,
)
from .limits import MAX_RATING
from .sleeper_action import Action, Arguments, given_arguments
from .sleepers import TargetSleeper
from .wire import DiaryResponse, Done, TrialResponse
from .wire_diary import Diary

OTHER: Final = "other"
"""Factor that needs a name."""
NAME_MAX_CHARACTERS: Final = 40
"""As the bridge accepts it: docs/protocol.md#5-requests."""
DIARY_FIELDS: Final = ("evening_symptoms", "sleep_quality", "cramp", "cramp_pain")


async def keep_diary(
    _hass: HomeAssistant, sleeper: TargetSleeper, arguments: Arguments
) -> ServiceResponse:
    """Write answers into the diary of a night; return what the diary of that night has then."""
    given = given_arguments(arguments, "night", *DIARY_FIELDS)
    if not set(given) & set(DIARY_FIELDS):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="empty_diary")
    response = await sleeper.coordinator.requests.send(DIARY_COMMAND, sleeper.id, **given)
    return diary_as_json(response.diary) if isinstance(response, DiaryResponse) else {}


def diary_as_json(diary: Diary) -> dict[str, Any]:
    """Return the diary of a night for a response."""
    answers = {name: getattr(diary, name) for name in DIARY_FIELDS}
    return {"night": diary.night.isoformat()} | answers


async def start_trial(
    _hass: HomeAssistant, sleeper: TargetSleeper, arguments: Arguments
) -> ServiceResponse:
    """Start a personal trial; return its id, its first and its last night."""
    if (arguments["factor"] == OTHER) != ("name" in arguments):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="trial_name")
    given = given_arguments(
        arguments, "factor", "name", "weeks", "outcome", "washout_nights", "early_look"
    )
    response = await sleeper.coordinator.requests.send(START_TRIAL_COMMAND, sleeper.id, **given)
    if not isinstance(response, TrialResponse):
        return {}
    trial = response.trial
    return {
        "trial": trial.id,
        "start": trial.start.isoformat(),
        "end": trial.end.isoformat(),
        "nights": trial.nights,
    }


async def stop_trial(
    _hass: HomeAssistant, sleeper: TargetSleeper, _arguments: Arguments
) -> ServiceResponse:
    """Stop the running trial."""
    await sleeper.coordinator.requests.send(STOP_TRIAL_COMMAND, sleeper.id)
    return None


async def answer_trial(
    _hass: HomeAssistant, sleeper: TargetSleeper, arguments: Arguments
) -> ServiceResponse:
    """Say whether the sleeper did what is tried; return the night that this is about."""
    given = given_arguments(arguments, "done", "night")
    response = await sleeper.coordinator.requests.send(ANSWER_TRIAL_COMMAND, sleeper.id, **given)
    night = response.night if isinstance(response, Done) else None
    return {"night": None if night is None else night.isoformat()}


def whole_number(low: int, high: int) -> vol.All:
    """Return the schema of a whole number within limits."""
    return vol.All(vol.Coerce(float), vol.Range(min=low, max=high), as_whole_number)


def as_whole_number(value: float) -> int:
    """Return a number without a fraction; raise vol.Invalid for others."""
    if not value.is_integer():
        raise vol.Invalid("expected a whole number")
    return int(value)


RATING: Final = vol.Any(None, whole_number(0, MAX_RATING))
"""None deletes the answer."""

TRIAL_ACTIONS: Final = (
    Action(
        "diary",
        {
            vol.Optional("night"): cv.date,
            vol.Optional("evening_symptoms"): RATING,
            vol.Optional("sleep_quality"): RATING,
            vol.Optional("cramp"): vol.Any(None, cv.boolean),
            vol.Optional("cramp_pain"): RATING,
        },
        keep_diary,
        SupportsResponse.OPTIONAL,
    ),
    Action(
        "start_trial",
        {
            vol.Required("factor"): vol.In(FACTORS),
            vol.Optional("name"): vol.All(cv.string, vol.Length(min=1, max=NAME_MAX_CHARACTERS)),
            vol.Required("weeks"): whole_number(2, 8),
            vol.Optional("outcome"): vol.In(TRIAL_OUTCOMES),
            vol.Optional("washout_nights"): whole_number(0, 7),
            vol.Optional("early_look"): cv.boolean,
        },
        start_trial,
        SupportsResponse.OPTIONAL,
    ),
    Action("stop_trial", {}, stop_trial, SupportsResponse.NONE),
    Action(
        "answer_trial",
        {vol.Required("done"): cv.boolean, vol.Optional("night"): cv.date},
        answer_trial,
        SupportsResponse.OPTIONAL,
    ),
)
