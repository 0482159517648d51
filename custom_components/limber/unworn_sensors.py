"""Measures for how long each sensor has not been worn. Pure."""

from datetime import datetime, timedelta
from typing import Final

from .wire_state import State

NOT_WORN: Final = "not_worn"
"""Problem of a sensor that is connected, but not on a leg: docs/protocol.md#3-state."""


class UnwornSensors:
    """Remembers when each sensor was first reported as not worn."""

    def __init__(self) -> None:
        """Start without sensors."""
        self._since: dict[tuple[str, int], datetime] = {}

    def update(self, sleeper: str, state: State, now: datetime) -> None:
        """Process a new state of a sleeper."""
        for sensor, health in state.sensors.items():
            if health.problem == NOT_WORN:
                self._since.setdefault((sleeper, sensor), now)
            elif health.connected:
                # A sensor that is not connected may still be unworn.
                self._since.pop((sleeper, sensor), None)

    def duration(self, sleeper: str, sensor: int, now: datetime) -> timedelta:
        """Return for how long a sensor has not been worn; zero if it is worn."""
        return now - self._since.get((sleeper, sensor), now)
