"""Triggers of our own for the automation editor: thin rows over the event entities, which anyone
can use as well.
"""

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

from .const import DEFAULT_RESTLESS
from .targets import ours

CONF_ABOVE: Final = "above"


class BridgeEvent(StatelessEntityTriggerBase):
    """Something that one of our event entities tells."""

    _domain_specs = {"event": DomainSpec()}  # noqa: RUF012 - as Home Assistant declares it
    _key: ClassVar[str]
    """Translation key of the entities."""
    _types: ClassVar[Collection[str]]
    """Event types."""

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave out what is not ours: a target such as an area holds other event entities, too."""
        return ours(self._hass, super().entity_filter(entities), self._key)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        return state.attributes.get("event_type") in self._types


class CrampStarted(BridgeEvent):
    """A probable cramp begins."""

    _key = "cramp"
    _types = ("started",)


class CrampConfirmed(BridgeEvent):
    """A probable cramp is over."""

    _key = "cramp"
    _types = ("ended",)


class CrampNoticed(BridgeEvent):
    """A possible cramp was noticed, some minutes afterwards."""

    _key = "cramp"
    _types = ("possible",)


class SeriesStarted(BridgeEvent):
    """A periodic series is confirmed."""

    _key = "series"
    _types = ("confirmed",)


class NightFinished(BridgeEvent):
    """A night is finished."""

    _key = "night"
    _types = ("finished",)


class WentToBed(BridgeEvent):
    """Somebody went to bed."""

    _key = "bed"
    _types = ("went_to_bed",)


class GotUp(BridgeEvent):
    """Somebody got up."""

    _key = "bed"
    _types = ("got_up",)


class RestlessNight(NightFinished):
    """A night is finished whose PLM index lies above a limit."""

    _schema = ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {
            vol.Required(CONF_OPTIONS, default={}): {
                vol.Required(CONF_ABOVE, default=DEFAULT_RESTLESS): vol.All(
                    vol.Coerce(float), vol.Range(min=0)
                )
            }
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Note the limit."""
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
    "cramp_confirmed": CrampConfirmed,
    "cramp_noticed": CrampNoticed,
    "series_started": SeriesStarted,
    "night_finished": NightFinished,
    "went_to_bed": WentToBed,
    "got_up": GotUp,
    "restless_night": RestlessNight,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
