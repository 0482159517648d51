"""Figures of tonight and of the last night; battery and signal quality of each sensor."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components import sensor
from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import SensorEntity, SleeperEntity, follow_sleepers
from .wire import Health, Measures, Methods, Sleeper

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MeasureDescription(SensorEntityDescription):
    """A measure of a night."""

    value: Callable[[Measures], StateType]
    method: Callable[[Methods], str | None] = lambda _: None
    """What an estimate rests on."""


@dataclass(frozen=True, kw_only=True)
class HealthDescription(SensorEntityDescription):
    """A figure of a sensor's health."""

    value: Callable[[Health], StateType]


MEASURES: tuple[MeasureDescription, ...] = (
    MeasureDescription(key="movements", value=lambda night: night.movements),
    MeasureDescription(key="candidates", value=lambda night: night.candidates),
    MeasureDescription(key="plm", value=lambda night: night.plm),
    MeasureDescription(
        key="plm_index",
        suggested_display_precision=1,
        value=lambda night: night.plm_index,
        method=lambda methods: methods.in_bed,
    ),
    MeasureDescription(
        key="time_in_bed",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.HOURS,
        suggested_display_precision=1,
        value=lambda night: night.time_in_bed_h,
        method=lambda methods: methods.in_bed,
    ),
    MeasureDescription(
        key="sleep",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.HOURS,
        suggested_display_precision=1,
        value=lambda night: night.sleep_h,
        method=lambda methods: methods.asleep,
    ),
)
"""Each of them for tonight and for the last night."""

HEALTH: tuple[HealthDescription, ...] = (
    HealthDescription(
        key="battery",
        device_class=SensorDeviceClass.BATTERY,
        entity_category=EntityCategory.DIAGNOSTIC,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda health: health.battery,
    ),
    HealthDescription(
        key="signal_quality",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda health: health.quality,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: LimberConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of every sleeper."""
    follow_sleepers(entry, async_add_entities, sensors_of)


def sensors_of(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield what a sleeper has."""
    for description in MEASURES:
        yield TonightSensor(coordinator, sleeper, description)
        yield LastNightSensor(coordinator, sleeper, description)
    for one in sleeper.sensors:
        for health in HEALTH:
            yield HealthSensor(coordinator, sleeper, one, health)


class TonightSensor(SleeperEntity, sensor.SensorEntity):
    """A measure of the night that is not over yet; not there while nothing is measured."""

    entity_description: MeasureDescription
    _attr_state_class = SensorStateClass.MEASUREMENT
    _is_of_now = True

    def __init__(self, coordinator: LimberCoordinator, sleeper: Sleeper, description: MeasureDescription) -> None:
        """Belong to tonight."""
        super().__init__(coordinator, sleeper, description)
        self._attr_unique_id = f"{coordinator.bridge}_{sleeper.id}_tonight_{description.key}"
        self._attr_translation_key = f"tonight_{description.key}"

    @property
    @override
    def native_value(self) -> StateType:
        return None if self._state is None else self.entity_description.value(self._state.tonight.measures)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return None if self._state is None else attributes(self.entity_description, self._state.methods)


class LastNightSensor(SleeperEntity, sensor.SensorEntity):
    """A measure of the last finished night.

    It has no state class: a day of such a sensor spans two nights. History is in the statistics, a row a night.
    """

    entity_description: MeasureDescription

    def __init__(self, coordinator: LimberCoordinator, sleeper: Sleeper, description: MeasureDescription) -> None:
        """Belong to the last night."""
        super().__init__(coordinator, sleeper, description)
        self._attr_unique_id = f"{coordinator.bridge}_{sleeper.id}_last_night_{description.key}"
        self._attr_translation_key = f"last_night_{description.key}"

    @property
    @override
    def native_value(self) -> StateType:
        night = None if self._state is None else self._state.last_night
        return None if night is None else self.entity_description.value(night.measures)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        night = None if self._state is None else self._state.last_night
        if night is None:
            return None
        return {"night": night.night.isoformat()} | attributes(self.entity_description, night.methods)


def attributes(description: MeasureDescription, methods: Methods) -> dict[str, Any]:
    """Return what a figure rests on, where it is an estimate."""
    method = description.method(methods)
    return {} if method is None else {"method": method}


class HealthSensor(SensorEntity, sensor.SensorEntity):
    """A figure of a sensor's health; not there while the sensor is away."""

    entity_description: HealthDescription

    @property
    @override
    def available(self) -> bool:
        return super().available and self._health is not None and self._health.connected

    @property
    @override
    def native_value(self) -> StateType:
        return None if self._health is None else self.entity_description.value(self._health)
