"""Binary sensors: in bed, asleep, cramp, monitoring; health of the bridge and of sensors."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import ANSWER_TRIAL_COMMAND
from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import BridgeEntity, SensorDeviceEntity, SleeperEntity, async_add_for_sleepers
from .limits import MAX_SHOWN
from .trends import is_last_night, is_restless
from .wire_info import Sleeper
from .wire_state import BridgeHealth, State
from .wire_trials import RunningTrial

PARALLEL_UPDATES = 0


ENDED = "ended"
"""Problem of a recording that has been played to its end: docs/protocol.md#3-state."""


@dataclass(frozen=True, kw_only=True)
class SleeperBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of a sleeper's current state."""

    get_value: Callable[[State], bool | None]
    get_attributes: Callable[[State], Mapping[str, Any]] = lambda _: {}


def has_cramp(state: State) -> bool | None:
    """Return whether a cramp is in progress; None without EMG of the calf, which it takes."""
    if state.tonight.measures.cramps_probable is None:
        return None
    return state.cramp is not None


def describe_cramp(state: State) -> Mapping[str, Any]:
    """Return the attributes of a cramp in progress."""
    cramp = state.cramp
    if cramp is None:
        return {}
    return {"start": cramp.start, "certainty": cramp.certainty, "reason": cramp.reason}


SLEEPER_STATES = (
    SleeperBinarySensorDescription(
        key="in_bed",
        device_class=BinarySensorDeviceClass.OCCUPANCY,
        get_value=lambda state: state.in_bed,
        get_attributes=lambda state: {"method": state.methods.in_bed},
    ),
    SleeperBinarySensorDescription(
        key="asleep",
        get_value=lambda state: state.asleep,
        get_attributes=lambda state: {"method": state.methods.asleep},
    ),
    SleeperBinarySensorDescription(
        key="cramp",
        get_value=has_cramp,
        get_attributes=describe_cramp,
    ),
)
"""Unavailable while no sensor is connected."""
MONITORING = BinarySensorEntityDescription(
    key="monitoring",
    device_class=BinarySensorDeviceClass.RUNNING,
    entity_category=EntityCategory.DIAGNOSTIC,
)
RESTLESS = BinarySensorEntityDescription(key="restless_last_night")
TRIAL_QUESTION = BinarySensorEntityDescription(key="trial_question")
CONNECTED = BinarySensorEntityDescription(
    key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
"""Of the bridge. Home Assistant names it after its device class."""
SENSOR_CONNECTED = BinarySensorEntityDescription(
    key="connected",
    translation_key="sensor_connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
BRIDGE_PROBLEM = BinarySensorEntityDescription(
    key="problem",
    translation_key="bridge_problem",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
)
SENSOR_PROBLEM = BinarySensorEntityDescription(
    key="problem",
    translation_key="sensor_problem",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of the bridge, and of every sleeper and sensor."""
    coordinator = entry.runtime_data
    async_add_entities(
        [BridgeConnected(coordinator, CONNECTED), BridgeProblem(coordinator, BRIDGE_PROBLEM)]
    )
    async_add_for_sleepers(entry, async_add_entities, create_binary_sensors)


def create_binary_sensors(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield the binary sensors of a sleeper and their sensors."""
    for description in SLEEPER_STATES:
        yield SleeperBinarySensor(coordinator, sleeper, description)
    yield Monitoring(coordinator, sleeper, MONITORING)
    yield RestlessLastNight(coordinator, sleeper, RESTLESS)
    if coordinator.supports(ANSWER_TRIAL_COMMAND):
        yield TrialQuestion(coordinator, sleeper, TRIAL_QUESTION)
    for one in sleeper.sensors:
        yield SensorConnected(coordinator, sleeper, one, CONNECTED)
        yield SensorProblem(coordinator, sleeper, one, SENSOR_PROBLEM)


class SleeperBinarySensor(SleeperEntity, BinarySensorEntity):
    """Part of a sleeper's current state."""

    entity_description: SleeperBinarySensorDescription
    _needs_live_sensor = True

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._state is None else self.entity_description.get_value(self._state)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return None if self._state is None else self.entity_description.get_attributes(self._state)


class Monitoring(SleeperEntity, BinarySensorEntity):
    """Whether a sleeper is measured at the moment."""

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._state is None else self._state.is_live and not self._state.paused

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        state = self._state
        if state is None:
            return None
        return {
            "paused": state.paused,
            "calibrating": state.calibrating,
            "recording": state.recording,
        }


class RestlessLastNight(SleeperEntity, BinarySensorEntity):
    """Whether the PLM index of last night exceeds the limit of the options."""

    @property
    @override
    def is_on(self) -> bool | None:
        night = None if self._state is None else self._state.last_night
        today = dt_util.now(self.coordinator.time_zone).date()
        # An older night does not replace one that was not measured.
        if night is None or not is_last_night(night.night, today):
            return None
        return is_restless(night, self.coordinator.restless_above)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        night = None if self._state is None else self._state.last_night
        return {
            "above": self.coordinator.restless_above,
            "night": None if night is None else night.night.isoformat(),
        }


class TrialQuestion(SleeperEntity, BinarySensorEntity):
    """Whether the sleeper is still to say what was done on a past night of a trial."""

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.supports(ANSWER_TRIAL_COMMAND)

    @property
    def _trial(self) -> RunningTrial | None:
        return None if self._state is None else self._state.trial

    @property
    @override
    def is_on(self) -> bool:
        return self._trial is not None and self._trial.question is not None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        trial = self._trial
        if trial is None or trial.question is None:
            return {}
        return {"night": trial.question.isoformat(), "factor": trial.factor, "name": trial.name}


class BridgeConnected(BridgeEntity, BinarySensorEntity):
    """Whether the bridge is online."""

    @property
    @override
    def available(self) -> bool:
        return True

    @property
    @override
    def is_on(self) -> bool:
        return self.coordinator.data.online


class BridgeProblem(BridgeEntity, BinarySensorEntity):
    """Whether the bridge has a problem; the attributes explain it."""

    _unrecorded_attributes = frozenset({"problems"})

    @property
    def _health(self) -> BridgeHealth | None:
        # Every sleeper's state has the same health of the bridge.
        reports = (state.bridge for state in self.coordinator.data.states.values())
        return next((report for report in reports if report is not None), None)

    @property
    @override
    def available(self) -> bool:
        return self.coordinator.data.online and self._health is not None

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._health is None else bool(self._health.problems)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        health = self._health
        if health is None:
            return None
        last = health.broker.last_disconnect
        return {
            "problems": [problem.message for problem in health.problems[:MAX_SHOWN]],
            "last_disconnect_start": None if last is None else last.start,
            "last_disconnect_end": None if last is None else last.end,
            "last_disconnect_reason": None if last is None else last.reason,
        }


class SensorConnected(SensorDeviceEntity, BinarySensorEntity):
    """Whether a sensor delivers samples."""

    _unrecorded_attributes = frozenset({"last_sample"})

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._health is None else self._health.connected

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        health = self._health
        if health is None:
            return None
        # While samples arrive, their time would make every state a new one.
        attributes = {"last_sample": None if health.connected else health.last_sample}
        link = self.coordinator.links.get(self._sensor)
        return attributes if link is None else {**attributes, "bluetooth": link.state}


class SensorProblem(SensorDeviceEntity, BinarySensorEntity):
    """Whether a sensor or its signal has a problem; the attribute says which."""

    @property
    @override
    def is_on(self) -> bool | None:
        # That a recording ends is expected.
        return None if self._health is None else self._health.problem not in (None, ENDED)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return None if self._health is None else {"problem": self._health.problem}
