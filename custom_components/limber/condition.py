"""Conditions of our own for the automation editor: thin rows over our entities, which anyone can
use as well.
"""

from datetime import date
from typing import Any, ClassVar, Final, override

import voluptuous as vol
from homeassistant.const import CONF_OPTIONS, STATE_ON
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL,
    Condition,
    ConditionConfig,
    EntityConditionBase,
)
from homeassistant.util import dt as dt_util

from .const import DEFAULT_RESTLESS
from .targets import ours
from .trends import in_a_row, stands_for_last_night

CONF_ABOVE: Final = "above"
CONF_NIGHTS: Final = "nights"


class LimberCondition(EntityConditionBase):
    """Something about one kind of our entities."""

    _key: ClassVar[str]
    """Their translation key."""

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave out what is not ours."""
        return ours(self._hass, super().entity_filter(entities), self._key)


class IsOn(LimberCondition):
    """One of our binary sensors is on."""

    _domain_specs = {"binary_sensor": DomainSpec()}  # noqa: RUF012 - as Home Assistant declares it

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        return entity_state.state == STATE_ON


class IsInBed(IsOn):
    """Somebody is in bed."""

    _key = "in_bed"


class IsAsleep(IsOn):
    """Somebody is asleep."""

    _key = "asleep"


def with_limit(**more: Any) -> Any:  # noqa: ANN401 - checks of further fields; a schema
    """Return the schema of a condition with a limit of the PLM index."""
    fields = {
        vol.Required(CONF_ABOVE, default=DEFAULT_RESTLESS): vol.All(
            vol.Coerce(float), vol.Range(min=0)
        )
    }
    further = {vol.Required(key, default=2): check for key, check in more.items()}
    base = ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.schema[CONF_OPTIONS]
    return ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.extend(
        {vol.Required(CONF_OPTIONS): base | fields | further}
    )


class WasRestless(LimberCondition):
    """The PLM index of the last night lies above a limit."""

    _domain_specs = {"sensor": DomainSpec()}  # noqa: RUF012 - as Home Assistant declares it
    _key = "last_night_plm_index"
    _schema = with_limit()

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Note the limit."""
        super().__init__(hass, config)
        options = config.options or {}
        self._above: float = options[CONF_ABOVE]

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        return is_of_last_night(entity_state) and above(entity_state.state, self._above)


class RestlessNights(WasRestless):
    """The last nights were all restless, one directly after the other."""

    _schema = with_limit(nights=vol.All(vol.Coerce(int), vol.Range(min=2, max=14)))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Note how many."""
        super().__init__(hass, config)
        options = config.options or {}
        self._nights: int = options[CONF_NIGHTS]

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        recent: dict[str, Any] = entity_state.attributes.get("recent") or {}
        nights = {date.fromisoformat(day): index for day, index in recent.items()}
        return is_of_last_night(entity_state) and in_a_row(nights, self._above) >= self._nights


def is_of_last_night(entity_state: State) -> bool:
    """Return whether a figure is of last night: an older night does not stand for one that was not
    measured.
    """
    night = entity_state.attributes.get("night")
    return night is not None and stands_for_last_night(
        date.fromisoformat(night), dt_util.now().date()
    )


def above(value: object, limit: float) -> bool:
    """Return whether a state is a number above a limit."""
    try:
        return float(str(value)) > limit
    except ValueError:
        return False


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "is_in_bed": IsInBed,
    "is_asleep": IsAsleep,
    "last_night_was_restless": WasRestless,
    "bad_nights_in_a_row": RestlessNights,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
