"""What the actions that concern a sleeper have in common."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import HomeAssistant, ServiceResponse, SupportsResponse
from homeassistant.util import dt as dt_util

from .sleepers import TargetSleeper

type Arguments = dict[str, Any]
type Perform = Callable[[HomeAssistant, TargetSleeper, Arguments], Awaitable[ServiceResponse]]


@dataclass(frozen=True, slots=True)
class Action:
    """An action of the integration."""

    name: str
    fields: dict[Any, Any]
    """Schema of its fields, without `sleeper`, which every action has."""
    perform: Perform
    response: SupportsResponse
    policy: str = POLICY_CONTROL
    """Permission on the entities of the sleeper that a user needs."""


def given_arguments(arguments: Arguments, *names: str) -> Arguments:
    """Return those arguments that are given, as the bridge reads them."""
    return {name: encode_argument(arguments[name]) for name in names if name in arguments}


def encode_argument(value: object) -> object:
    """Return a value as JSON has it; a time without a zone is in Home Assistant's."""
    match value:
        case datetime():
            return dt_util.as_utc(value).isoformat()
        case date():
            return value.isoformat()
        case _:
            return value
