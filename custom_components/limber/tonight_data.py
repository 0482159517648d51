"""The state of a sleeper as the cards show it, and whether a periodic series is going on. Pure.

frontend/src/types.ts has the same description for the cards.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from .night_data import rounded
from .trend_data import describe_trial
from .wire_diary import Diary, RecentDiary
from .wire_events import Event, MovementEvent, SeriesEvent
from .wire_info import Sensor
from .wire_nights import Night, Tonight
from .wire_state import SensorHealth, State
from .wire_trials import RunningTrial

SERIES_ENDS_AFTER: Final = timedelta(seconds=120)
"""Without a movement for so long, a series is over even if its end was not received. Chosen: its
end is known 90 s after the last movement (docs/protocol.md#4-events)."""


class RunningSeries:
    """Follows the events of a sleeper: whether a periodic series is going on."""

    def __init__(self) -> None:
        """Start without one: what happened before is not known."""
        self._start: datetime | None = None
        self._last_movement: datetime | None = None

    def process(self, event: Event) -> bool:
        """Take an event; return whether it may have changed what is going on."""
        match event:
            case SeriesEvent(ended=True):
                self._start = None
            case SeriesEvent():
                self._start = event.start
                self._last_movement = event.end
            case MovementEvent() if self._start is not None:
                self._last_movement = event.end
            case _:
                return False
        return True

    def start(self, now: datetime) -> datetime | None:
        """Return when the series began that is going on; `now`: by the clock of the bridge."""
        if self._start is None or self._last_movement is None:
            return None
        return self._start if now - self._last_movement <= SERIES_ENDS_AFTER else None


def describe_tonight(tonight: Tonight, series_start: datetime | None) -> dict[str, Any]:
    """Return the night that is not finished."""
    measures = rounded(asdict(tonight.measures))
    return {
        "night": tonight.night.isoformat(),
        "start": unix(tonight.start),
        "movements": measures["movements"],
        "plm": measures["plm"],
        "plm_index": measures["plm_index"],
        "cramps": tonight.measures.cramps,
        "series_running": None if series_start is None else {"start": unix(series_start)},
    }


def describe_last_night(night: Night) -> dict[str, Any]:
    """Return the last finished night."""
    measures = rounded(asdict(night.measures))
    return {
        "night": night.night.isoformat(),
        "revision": night.revision,
        "plm_index": measures["plm_index"],
        "movements": measures["movements"],
        "cramps": night.measures.cramps,
    }


def describe_sensors(sensors: Iterable[Sensor], state: State) -> list[dict[str, Any]]:
    """Return the configured sensors of a sleeper with their health."""
    return [describe_sensor(sensor, state.sensors.get(sensor.id)) for sensor in sensors]


def describe_sensor(sensor: Sensor, health: SensorHealth | None) -> dict[str, Any]:
    """Return a sensor; before its first message it is not connected."""
    return {
        "id": sensor.id,
        "placement": sensor.placement,
        "side": sensor.side if sensor.side in ("left", "right") else None,
        "connected": health is not None and health.connected,
        "battery": None if health is None else health.battery,
        "problem": None if health is None else health.problem,
    }


def describe_recent_diary(diary: RecentDiary | None) -> dict[str, Any] | None:
    """Return the diary of the two nights that are asked about."""
    if diary is None:
        return None
    return {"tonight": as_json(diary.tonight), "last_night": as_json(diary.last_night)}


def as_json(diary: Diary) -> dict[str, Any]:
    """Return the diary of a night, also if nothing was answered."""
    return asdict(diary) | {"night": diary.night.isoformat()}


def describe_running_trial(trial: RunningTrial | None) -> dict[str, Any] | None:
    """Return what a sleeper needs to know of a trial this evening."""
    if trial is None:
        return None
    dates = {"start": trial.start, "end": trial.end, "question": trial.question}
    return asdict(trial) | {key: day and day.isoformat() for key, day in dates.items()}


def describe_state(state: State, series_start: datetime | None) -> dict[str, Any]:
    """Return what the state of a sleeper says."""
    return {
        "in_bed": state.in_bed,
        "asleep": state.asleep,
        "paused": state.paused,
        "cramp": None if state.cramp is None else {"start": unix(state.cramp.start)},
        "tonight": describe_tonight(state.tonight, series_start),
        "last_night": None if state.last_night is None else describe_last_night(state.last_night),
        "diary": describe_recent_diary(state.diary),
        "trial": describe_running_trial(state.trial),
        "last_trial": None if state.last_trial is None else describe_trial(state.last_trial),
    }


def unix(moment: datetime | None) -> int | None:
    """Return a moment in Unix seconds."""
    return None if moment is None else int(moment.timestamp())
