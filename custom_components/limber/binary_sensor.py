"""In bed, asleep, a cramp; whether anything is measured; whether the bridge and each sensor are
there and well.
"""

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

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import BridgeEntity, SensorDeviceEntity, SleeperEntity, async_add_for_sleepers
from .night_summary import zone_of
from .trends import is_restless, stands_for_last_night
from .wire import BridgeHealth, Sleeper, State

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SleeperBinarySensorDescription(BinarySensorEntityDescription):
    """What is true or not of a sleeper now."""

    on: Callable[[State], bool | None]
    more: Callable[[State], Mapping[str, Any]] = lambda _: {}
    """Its attributes."""


def has_cramp(state: State) -> bool | None:
    """Return whether a cramp is in progress; None where none could be seen: it takes EMG of the
    calf.
    """
    return state.cramp is not None if state.tonight.measures.cramps_probable is not None else None


def cramp_of(state: State) -> Mapping[str, Any]:
    """Return what is known of a cramp in progress."""
    cramp = state.cramp
    return (
        {}
        if cramp is None
        else {"start": cramp.start, "certainty": cramp.certainty, "reason": cramp.reason}
    )


NOW = (
    SleeperBinarySensorDescription(
        key="in_bed",
        device_class=BinarySensorDeviceClass.OCCUPANCY,
        on=lambda state: state.in_bed,
        more=lambda state: {"method": state.methods.in_bed},
    ),
    SleeperBinarySensorDescription(
        key="asleep",
        on=lambda state: state.asleep,
        more=lambda state: {"method": state.methods.asleep},
    ),
    SleeperBinarySensorDescription(
        key="cramp",
        on=has_cramp,
        more=cramp_of,
    ),
)
"""Unknown as long as no sensor could tell, unavailable while none measures."""
MONITORING = BinarySensorEntityDescription(
    key="monitoring",
    device_class=BinarySensorDeviceClass.RUNNING,
    entity_category=EntityCategory.DIAGNOSTIC,
)
RESTLESS = BinarySensorEntityDescription(key="restless_last_night")
BRIDGE = BinarySensorEntityDescription(
    key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
PROBLEM = BinarySensorEntityDescription(
    key="problem",
    translation_key="bridge_problem",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
)
SENSOR = BinarySensorEntityDescription(
    key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
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
    """Add the bridge and what every sleeper has."""
    async_add_entities(
        [BridgeConnected(entry.runtime_data, BRIDGE), BridgeProblem(entry.runtime_data, PROBLEM)]
    )
    async_add_for_sleepers(entry, async_add_entities, binary_sensors_of)


def binary_sensors_of(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield what a sleeper has."""
    for description in NOW:
        yield SleeperBinarySensor(coordinator, sleeper, description)
    yield Monitoring(coordinator, sleeper, MONITORING)
    yield RestlessLastNight(coordinator, sleeper, RESTLESS)
    for one in sleeper.sensors:
        yield SensorConnected(coordinator, sleeper, one, SENSOR)
        yield SensorProblem(coordinator, sleeper, one, SENSOR_PROBLEM)


class SleeperBinarySensor(SleeperEntity, BinarySensorEntity):
    """What is true or not of a sleeper now."""

    entity_description: SleeperBinarySensorDescription
    _needs_live_sensor = True

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._state is None else self.entity_description.on(self._state)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return None if self._state is None else self.entity_description.more(self._state)


class Monitoring(SleeperEntity, BinarySensorEntity):
    """Whether anything is measured of a sleeper just now."""

    @property
    @override
    def is_on(self) -> bool | None:
        if self._state is None:
            return None
        return not self._state.paused and any(one.connected for one in self._state.sensors.values())

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
    """Whether the PLM index of the last night lies above the limit of the options."""

    @property
    @override
    def is_on(self) -> bool | None:
        night = None if self._state is None else self._state.last_night
        today = dt_util.now(zone_of(self.coordinator)).date()
        # An older night does not stand for one that was not measured.
        if night is None or not stands_for_last_night(night.night, today):
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


class BridgeConnected(BridgeEntity, BinarySensorEntity):
    """Whether the bridge is there."""

    @property
    @override
    def available(self) -> bool:
        return True

    @property
    @override
    def is_on(self) -> bool:
        return self.coordinator.data.online


class BridgeProblem(BridgeEntity, BinarySensorEntity):
    """Whether something is wrong with the bridge itself; its attributes say what, and what to do."""

    _unrecorded_attributes = frozenset({"problems"})

    @property
    def _health(self) -> BridgeHealth | None:
        found = (state.bridge for state in self.coordinator.data.states.values())
        return next((health for health in found if health is not None), None)

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
        absence = health.last_disconnect
        return {
            "problems": [problem.message for problem in health.problems],
            "away_from": None if absence is None else absence.start,
            "away_until": None if absence is None else absence.end,
            "away_because": None if absence is None else absence.reason,
        }


class SensorConnected(SensorDeviceEntity, BinarySensorEntity):
    """Whether a sensor delivers. What is counted of it is in the diagnostics: here each frame would
    be a new state.
    """

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
        # While samples arrive, their time changes with every state, and each change would be recorded.
        return {"last_sample": None if health.connected else health.last_sample}


class SensorProblem(SensorDeviceEntity, BinarySensorEntity):
    """Whether something is wrong with a sensor or its signal; the attribute says what."""

    @property
    @override
    def is_on(self) -> bool | None:
        # A recording that is over is no problem: that is what recordings come to.
        return None if self._health is None else self._health.problem not in (None, "ended")

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return None if self._health is None else {"problem": self._health.problem}
