"""Conditions for the automation editor. Each is a thin row over an entity."""

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

from .const import DEFAULT_RESTLESS_PLM_INDEX
from .targets import select_entities
from .trends import count_in_a_row, is_last_night

CONF_ABOVE: Final = "above"
CONF_NIGHTS: Final = "nights"


class LimberCondition(EntityConditionBase):
    """A condition on one kind of entity."""

    _key: ClassVar[str]
    """Translation key of the entities."""

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Select the entities of a target, such as an area, that this condition is about."""
        return select_entities(self._hass, super().entity_filter(entities), self._key)


class IsOn(LimberCondition):
    """A binary sensor is on."""

    _domain_specs = {"binary_sensor": DomainSpec()}  # noqa: RUF012 - as Home Assistant declares it

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        return entity_state.state == STATE_ON


class IsInBed(IsOn):
    """A sleeper is in bed."""

    _key = "in_bed"


class IsAsleep(IsOn):
    """A sleeper is asleep."""

    _key = "asleep"


def limit_schema(**further: Any) -> Any:  # noqa: ANN401 - checks of further options; a schema
    """Return the schema of a condition with a limit for the PLM index."""
    options: dict[Any, Any] = {
        **ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.schema[CONF_OPTIONS],
        vol.Required(CONF_ABOVE, default=DEFAULT_RESTLESS_PLM_INDEX): vol.All(
            vol.Coerce(float), vol.Range(min=0)
        ),
    }
    options |= {vol.Required(name, default=2): check for name, check in further.items()}
    return ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.extend({vol.Required(CONF_OPTIONS): options})


class WasRestless(LimberCondition):
    """The PLM index of last night exceeds a limit."""

    _domain_specs = {"sensor": DomainSpec()}  # noqa: RUF012 - as Home Assistant declares it
    _key = "last_night_plm_index"
    _schema = limit_schema()

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Read the limit from the options."""
        super().__init__(hass, config)
        options = config.options or {}
        self._above: float = options[CONF_ABOVE]

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        return shows_last_night(entity_state) and exceeds(entity_state.state, self._above)


class RestlessNights(WasRestless):
    """The last nights were all restless, without a night missing in between."""

    _schema = limit_schema(**{CONF_NIGHTS: vol.All(vol.Coerce(int), vol.Range(min=2, max=14))})

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Read the number of nights from the options."""
        super().__init__(hass, config)
        options = config.options or {}
        self._nights: int = options[CONF_NIGHTS]

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        recent: dict[str, Any] = entity_state.attributes.get("recent") or {}
        nights = {date.fromisoformat(day): index for day, index in recent.items()}
        if not shows_last_night(entity_state):
            return False
        return count_in_a_row(nights, self._above) >= self._nights


def shows_last_night(entity_state: State) -> bool:
    """Return whether an entity shows last night, and not an older one."""
    night = entity_state.attributes.get("night")
    if night is None:
        return False
    return is_last_night(date.fromisoformat(night), dt_util.now().date())


def exceeds(value: str, limit: float) -> bool:
    """Return whether a state is a number above a limit; it may be `unknown`."""
    try:
        return float(value) > limit
    except ValueError:
        return False


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "is_in_bed": IsInBed,
    "is_asleep": IsAsleep,
    "last_night_was_restless": WasRestless,
    "restless_nights_in_a_row": RestlessNights,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
