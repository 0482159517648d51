"""Sends what the chosen in-bed sensors show to the bridge.

Each sleeper may have one: any `binary_sensor` that is on while the sleeper is in bed. The bridge
forgets a value after five minutes. An unknown or unavailable sensor is therefore not sent.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event, async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import BED_COMMAND
from .coordinator import LimberConfigEntry, LimberCoordinator

_LOGGER: Final = logging.getLogger(__name__)

REPEAT_INTERVAL: Final = timedelta(minutes=1)
"""How often a value is repeated. Chosen: several times before the bridge forgets it."""
IN_BED: Final[Mapping[str, bool]] = {STATE_ON: True, STATE_OFF: False}


class BedReporter:
    """Sends the state of one in-bed sensor: at once, when it changes, and every minute."""

    def __init__(self, coordinator: LimberCoordinator, sleeper: str, entity_id: str) -> None:
        """Prepare to send; `run` sends."""
        self._coordinator = coordinator
        self._sleeper = sleeper
        self._entity_id = entity_id
        self._due = asyncio.Event()
        self._due.set()
        self._failed = False

    @callback
    def request_report(self, _reason: object = None) -> None:
        """Send the state as soon as the request before it is answered."""
        self._due.set()

    async def run(self) -> None:
        """Send until cancelled: one request at a time, so that they arrive in order."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self._report()

    async def _report(self) -> None:
        """Send the state if it is known and the bridge can take it; log the first failure."""
        coordinator = self._coordinator
        state = coordinator.hass.states.get(self._entity_id)
        if state is None or state.state not in IN_BED:
            return
        if not coordinator.data.online or not coordinator.supports(BED_COMMAND):
            return
        try:
            await coordinator.requests.send(BED_COMMAND, self._sleeper, **bed_arguments(state))
        except HomeAssistantError as error:
            if not self._failed:
                _LOGGER.warning(
                    "%s: could not send the state of %s: %s",
                    coordinator.name,
                    self._entity_id,
                    error,
                )
            self._failed = True
        else:
            self._failed = False


def bed_arguments(state: State) -> dict[str, bool | str]:
    """Return the arguments of the request about a state that is on or off.

    Both times are of the same clock, so the bridge's clock need not agree with it.
    """
    return {
        "in_bed": IN_BED[state.state],
        "since": state.last_changed.isoformat(),
        "time": dt_util.utcnow().isoformat(),
    }


@callback
def async_start(hass: HomeAssistant, entry: LimberConfigEntry) -> None:
    """Send the states of the entry's in-bed sensors until it is unloaded."""
    coordinator = entry.runtime_data
    for sleeper, entity_id in coordinator.bed_sensors.items():
        reporter = BedReporter(coordinator, sleeper, entity_id)
        _ = entry.async_create_background_task(
            hass, reporter.run(), f"{coordinator.name} in-bed sensor of {sleeper}"
        )
        for stop in (
            async_track_state_change_event(hass, entity_id, reporter.request_report),
            async_track_time_interval(hass, reporter.request_report, REPEAT_INTERVAL),
            coordinator.async_listen_to_start(reporter.request_report),
        ):
            entry.async_on_unload(stop)
