"""In bed; whether the bridge and each sensor are there."""

from collections.abc import Iterator, Mapping
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

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import LimberEntity, SensorEntity, SleeperEntity, follow_sleepers
from .wire import BridgeHealth, Sleeper

PARALLEL_UPDATES = 0

IN_BED = BinarySensorEntityDescription(
    key="in_bed", translation_key="in_bed", device_class=BinarySensorDeviceClass.OCCUPANCY
)
BRIDGE = BinarySensorEntityDescription(
    key="connected",
    translation_key="bridge",
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


async def async_setup_entry(
    hass: HomeAssistant, entry: LimberConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the bridge and what every sleeper has."""
    async_add_entities([BridgeConnected(entry.runtime_data, BRIDGE), BridgeProblem(entry.runtime_data, PROBLEM)])
    follow_sleepers(entry, async_add_entities, binary_sensors_of)


def binary_sensors_of(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield what a sleeper has."""
    yield InBed(coordinator, sleeper, IN_BED)
    for one in sleeper.sensors:
        yield SensorConnected(coordinator, sleeper, one, SENSOR)


class InBed(SleeperEntity, BinarySensorEntity):
    """Whether a sleeper is in bed: unknown as long as no sensor could tell, unavailable while none measures."""

    _is_of_now = True

    @property
    @override
    def is_on(self) -> bool | None:
        return None if self._state is None else self._state.in_bed

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return None if self._state is None else {"method": self._state.methods.in_bed}


class BridgeConnected(LimberEntity, BinarySensorEntity):
    """Whether the bridge is there."""

    @property
    @override
    def available(self) -> bool:
        return True

    @property
    @override
    def is_on(self) -> bool:
        return self.coordinator.data.online


class BridgeProblem(LimberEntity, BinarySensorEntity):
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
        absence = health.absence
        return {
            "problems": [problem.text for problem in health.problems],
            "away_from": None if absence is None else absence.start,
            "away_until": None if absence is None else absence.end,
            "away_because": None if absence is None else absence.reason,
        }


class SensorConnected(SensorEntity, BinarySensorEntity):
    """Whether a sensor delivers, and how it does."""

    _unrecorded_attributes = frozenset({"last_sample", "lost", "rate", "refused", "trouble"})

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
        return {
            "problem": health.problem,
            "last_sample": health.last_sample,
            "rate": health.rate,
            "lost": health.lost,
            "refused": health.refused,
            "trouble": dict(health.trouble),
        }
