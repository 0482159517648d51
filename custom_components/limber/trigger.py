"""Triggers for the automation editor. Each is a thin row over an event entity."""

from collections.abc import Collection
from typing import Any, ClassVar, Final, override

import voluptuous as vol
from homeassistant.const import CONF_OPTIONS
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerConfig,
)

from .const import DEFAULT_RESTLESS_PLM_INDEX
from .targets import select_entities

CONF_ABOVE: Final = "above"


class LimberTrigger(StatelessEntityTriggerBase):
    """Triggers on events of some types of one kind of event entity."""

    _domain_specs = {"event": DomainSpec()}  # noqa: RUF012 - as Home Assistant declares it
    _key: ClassVar[str]
    """Translation key of the event entities."""
    _event_types: ClassVar[Collection[str]]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Select the entities of a target, such as an area, that this trigger is about."""
        return select_entities(self._hass, super().entity_filter(entities), self._key)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        return state.attributes.get("event_type") in self._event_types


class CrampStarted(LimberTrigger):
    """A probable cramp began."""

    _key = "cramp"
    _event_types = ("started",)


class CrampEnded(LimberTrigger):
    """A probable cramp ended."""

    _key = "cramp"
    _event_types = ("ended",)


class PossibleCrampDetected(LimberTrigger):
    """A possible cramp was detected, some minutes after its end."""

    _key = "cramp"
    _event_types = ("possible",)


class AwakeningDetected(LimberTrigger):
    """A sleeper has suddenly woken up."""

    _key = "awakening"
    _event_types = ("detected",)


class SeriesStarted(LimberTrigger):
    """A periodic series was confirmed."""

    _key = "series"
    _event_types = ("confirmed",)


class NightFinished(LimberTrigger):
    """A night was finished."""

    _key = "night"
    _event_types = ("finished",)


class WentToBed(LimberTrigger):
    """A sleeper went to bed."""

    _key = "bed"
    _event_types = ("went_to_bed",)


class GotUp(LimberTrigger):
    """A sleeper got up."""

    _key = "bed"
    _event_types = ("got_up",)


class RestlessNight(NightFinished):
    """A night was finished whose PLM index exceeds a limit."""

    _schema = ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {
            vol.Required(CONF_OPTIONS, default={}): {
                vol.Required(CONF_ABOVE, default=DEFAULT_RESTLESS_PLM_INDEX): vol.All(
                    vol.Coerce(float), vol.Range(min=0)
                )
            }
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Read the limit from the options."""
        super().__init__(hass, config)
        options: dict[str, Any] = self._options
        self._above: float = options[CONF_ABOVE]

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        if not super().is_valid_state(state, report_not_triggered):
            return False
        index = state.attributes.get("plm_index")
        return index is not None and index > self._above


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "cramp_started": CrampStarted,
    "cramp_ended": CrampEnded,
    "possible_cramp_detected": PossibleCrampDetected,
    "awakening_detected": AwakeningDetected,
    "series_started": SeriesStarted,
    "night_finished": NightFinished,
    "went_to_bed": WentToBed,
    "got_up": GotUp,
    "restless_night": RestlessNight,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
