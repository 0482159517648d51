"""Sensors: measures of tonight, of last night and of several nights; health of each sensor."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components import sensor
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .const import START_TRIAL_COMMAND
from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import (
    SensorDeviceEntity,
    SleeperEntity,
    async_add_for_sleepers,
)
from .trends import is_last_night, next_time, restless_in_a_row, usual_bedtime
from .trial_sensors import TRIAL_PLAN, TRIAL_RESULT, TrialPlanSensor, TrialResultSensor
from .wire_info import Sleeper
from .wire_nights import Measures, Methods, Night, Spread
from .wire_state import SensorHealth, State

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MeasureDescription(SensorEntityDescription):
    """A measure of a night."""

    measure: str
    """Field of `Measures`, and key of `Spread`."""
    get_method: Callable[[Methods], str | None] = lambda _: None
    """Returns how an estimated measure is determined."""
    shown_averages: tuple[int, ...] = ()
    """Periods (days) whose average is enabled by default."""

    def get_value(self, measures: Measures) -> StateType:
        """Return the measure of a night."""
        found: StateType = getattr(measures, self.measure)
        return found


@dataclass(frozen=True, kw_only=True)
class TimeDescription(SensorEntityDescription):
    """A time of a night."""

    get_time: Callable[[State], datetime | None]


@dataclass(frozen=True, kw_only=True)
class HealthDescription(SensorEntityDescription):
    """A measure of a sensor's health."""

    get_value: Callable[[SensorHealth], StateType]


def in_bed_method(methods: Methods) -> str | None:
    """Return how the time in bed is determined."""
    return methods.in_bed


def asleep_method(methods: Methods) -> str | None:
    """Return how sleep is estimated."""
    return methods.asleep


def duration_in_hours(key: str, measure: str, **fields: Any) -> MeasureDescription:  # noqa: ANN401 - of a description
    """Return the description of a duration in hours."""
    return MeasureDescription(
        key=key,
        measure=measure,
        device_class=SensorDeviceClass.DURATION,
        # Home Assistant shows hours and minutes of the rounded value: 8.34 h as "8h 20m", 8.3 h as
        # "8h 18m".
        suggested_display_precision=2,
        native_unit_of_measurement=UnitOfTime.HOURS,
        **fields,
    )


MEASURES: tuple[MeasureDescription, ...] = (
    MeasureDescription(key="movements", measure="movements", shown_averages=(7, 30)),
    MeasureDescription(key="candidates", measure="candidates"),
    MeasureDescription(key="plm", measure="plm"),
    MeasureDescription(key="plm_left", measure="plm_left", entity_registry_enabled_default=False),
    MeasureDescription(key="plm_right", measure="plm_right", entity_registry_enabled_default=False),
    MeasureDescription(
        key="plm_index",
        measure="plm_index",
        native_unit_of_measurement="/h",
        suggested_display_precision=1,
        get_method=in_bed_method,
        shown_averages=(7, 30),
    ),
    MeasureDescription(
        key="plms_index",
        measure="plms_index",
        native_unit_of_measurement="/h",
        suggested_display_precision=1,
        get_method=asleep_method,
        shown_averages=(7,),
    ),
    MeasureDescription(
        key="periodicity_index",
        measure="periodicity_index",
        suggested_display_precision=2,
        entity_registry_enabled_default=False,
    ),
    MeasureDescription(key="series_count", measure="series_count"),
    MeasureDescription(
        key="mean_interval",
        measure="imi_mean",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
    ),
    duration_in_hours("longest_quiet", "longest_quiet_h", entity_registry_enabled_default=False),
    MeasureDescription(key="cramps_possible", measure="cramps_possible", shown_averages=(30,)),
    MeasureDescription(key="cramps_probable", measure="cramps_probable"),
    duration_in_hours("time_in_bed", "time_in_bed_h", get_method=in_bed_method),
    duration_in_hours("sleep", "sleep_h", get_method=asleep_method, shown_averages=(7, 30)),
)
"""Each exists for tonight, for last night and for every averaging period."""
AVERAGING_PERIODS_DAYS = (7, 30)
"""The bridge publishes averages of these periods: docs/protocol.md#3-state."""

RECENT_ATTRIBUTE_NIGHTS = 14
"""Number of nights in the attribute `recent`, for templates and conditions."""

TIMES: tuple[TimeDescription, ...] = (
    TimeDescription(key="tonight_bedtime", get_time=lambda state: state.tonight.start),
    TimeDescription(
        key="last_night_bedtime",
        get_time=lambda state: None if state.last_night is None else state.last_night.start,
    ),
    TimeDescription(
        key="last_night_wake_up",
        get_time=lambda state: None if state.last_night is None else state.last_night.end,
    ),
)
USUAL_BEDTIME = SensorEntityDescription(
    key="usual_bedtime", device_class=SensorDeviceClass.TIMESTAMP
)
RESTLESS_NIGHTS = SensorEntityDescription(key="restless_nights")

BATTERY = HealthDescription(
    key="battery",
    device_class=SensorDeviceClass.BATTERY,
    entity_category=EntityCategory.DIAGNOSTIC,
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    get_value=lambda health: health.battery,
)
"""Named after its device class. It exists only for sensors that report a battery level."""
SIGNAL_QUALITY = HealthDescription(
    key="signal_quality",
    translation_key="signal_quality",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    get_value=lambda health: health.quality,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, create_sensors)


def create_sensors(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield the sensors of a sleeper and the health of their sensor devices."""
    for measure in MEASURES:
        yield TonightSensor(coordinator, sleeper, measure)
        yield LastNightSensor(coordinator, sleeper, measure)
        for days in AVERAGING_PERIODS_DAYS:
            yield AverageSensor(coordinator, sleeper, measure, days)
    for time in TIMES:
        yield TimeSensor(coordinator, sleeper, time)
    yield UsualBedtimeSensor(coordinator, sleeper, USUAL_BEDTIME)
    yield RestlessNightsSensor(coordinator, sleeper, RESTLESS_NIGHTS)
    if coordinator.supports(START_TRIAL_COMMAND):
        yield TrialPlanSensor(coordinator, sleeper, TRIAL_PLAN)
        yield TrialResultSensor(coordinator, sleeper, TRIAL_RESULT)
    for one in sleeper.sensors:
        if one.id in coordinator.data.battery_sensors:
            yield HealthSensor(coordinator, sleeper, one, BATTERY)
        yield HealthSensor(coordinator, sleeper, one, SIGNAL_QUALITY)


def method_attribute(description: MeasureDescription, methods: Methods) -> dict[str, Any]:
    """Return the attribute that says how an estimated measure is determined."""
    method = description.get_method(methods)
    return {} if method is None else {"method": method}


class TonightSensor(SleeperEntity, sensor.SensorEntity):
    """A measure of the unfinished night."""

    entity_description: MeasureDescription
    _attr_state_class = SensorStateClass.MEASUREMENT
    _needs_live_sensor = True

    def __init__(
        self, coordinator: LimberCoordinator, sleeper: Sleeper, description: MeasureDescription
    ) -> None:
        """Attach to the device of a sleeper."""
        super().__init__(coordinator, sleeper, description, f"tonight_{description.key}")

    @property
    @override
    def native_value(self) -> StateType:
        if self._state is None:
            return None
        return self.entity_description.get_value(self._state.tonight.measures)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        if self._state is None:
            return None
        return method_attribute(self.entity_description, self._state.methods)


class LastNightSensor(SleeperEntity, sensor.SensorEntity):
    """A measure of the last finished night.

    It has no state class, because a calendar day of this sensor covers two nights. The long-term
    statistics of nights are written by `statistics.py`.
    """

    entity_description: MeasureDescription
    _unrecorded_attributes = frozenset({"recent"})

    def __init__(
        self, coordinator: LimberCoordinator, sleeper: Sleeper, description: MeasureDescription
    ) -> None:
        """Attach to the device of a sleeper."""
        super().__init__(coordinator, sleeper, description, f"last_night_{description.key}")
        self._recent_values: dict[str, StateType] = {}
        self._computed_from: tuple[Night, ...] | None = None

    @property
    @override
    def native_value(self) -> StateType:
        night = None if self._state is None else self._state.last_night
        return None if night is None else self.entity_description.get_value(night.measures)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        night = None if self._state is None else self._state.last_night
        if night is None:
            return None
        # States arrive several times a second, nights once a day.
        if self._computed_from is not self._recent_nights:
            self._computed_from = self._recent_nights
            self._recent_values = {
                one.night.isoformat(): self.entity_description.get_value(one.measures)
                for one in self._recent_nights[-RECENT_ATTRIBUTE_NIGHTS:]
            }
        attributes = {"night": night.night.isoformat(), "recent": self._recent_values}
        return attributes | method_attribute(self.entity_description, night.methods)


class AverageSensor(SleeperEntity, sensor.SensorEntity):
    """Average of a measure over several days, with its standard deviation.

    It has no state class, because the periods of neighboring days overlap.
    """

    entity_description: MeasureDescription

    def __init__(
        self,
        coordinator: LimberCoordinator,
        sleeper: Sleeper,
        description: MeasureDescription,
        days: int,
    ) -> None:
        """Attach to the device of a sleeper; `days`: length of the period."""
        super().__init__(coordinator, sleeper, description, f"average_{days}_{description.key}")
        self._days = days
        self._attr_translation_key = f"average_{description.key}"
        self._attr_translation_placeholders = {"days": str(days)}
        self._attr_suggested_display_precision = max(
            1, description.suggested_display_precision or 0
        )
        self._attr_entity_registry_enabled_default = days in description.shown_averages

    @property
    def _spread(self) -> Spread | None:
        return None if self._state is None else self._state.averages.get(self._days)

    @property
    @override
    def native_value(self) -> StateType:
        spread = self._spread
        return None if spread is None else spread.mean.get(self.entity_description.measure)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        spread = self._spread
        if spread is None:
            return None
        last = None if self._state is None else self._state.last_night
        return {
            "nights": spread.nights,
            "standard_deviation": spread.sd.get(self.entity_description.measure),
            "until": None if last is None else last.night.isoformat(),
        }


class TimeSensor(SleeperEntity, sensor.SensorEntity):
    """A time of a night."""

    entity_description: TimeDescription
    _attr_device_class = SensorDeviceClass.TIMESTAMP

    @property
    @override
    def native_value(self) -> datetime | None:
        return None if self._state is None else self.entity_description.get_time(self._state)


class UsualBedtimeSensor(SleeperEntity, sensor.SensorEntity):
    """The next time at which the sleeper usually goes to bed, for automations in the evening."""

    _bedtime: datetime | None = None
    _computed_from: tuple[Night, ...] | None = None

    @property
    @override
    def native_value(self) -> datetime | None:
        # States arrive several times a second, nights once a day.
        changed = self._computed_from is not self._recent_nights
        passed = self._bedtime is not None and self._bedtime <= dt_util.utcnow()
        if changed or passed:
            self._computed_from = self._recent_nights
            self._bedtime = self._next_bedtime()
        return self._bedtime

    def _next_bedtime(self) -> datetime | None:
        zone = self.coordinator.time_zone
        usual = usual_bedtime(self._recent_nights, zone)
        return None if usual is None else next_time(usual, dt_util.utcnow(), zone)


class RestlessNightsSensor(SleeperEntity, sensor.SensorEntity):
    """Number of restless nights in a row up to last night; unknown if that was not measured."""

    @property
    @override
    def native_value(self) -> int | None:
        nights = self._recent_nights
        today = dt_util.now(self.coordinator.time_zone).date()
        # An older night does not replace one that was not measured.
        if not nights or not is_last_night(nights[-1].night, today):
            return None
        return restless_in_a_row(nights, self.coordinator.restless_above)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        return {"above": self.coordinator.restless_above}


class HealthSensor(SensorDeviceEntity, sensor.SensorEntity):
    """A measure of a sensor's health; unavailable while the sensor is not connected."""

    entity_description: HealthDescription

    @property
    @override
    def available(self) -> bool:
        return super().available and self._health is not None and self._health.connected

    @property
    @override
    def native_value(self) -> StateType:
        return None if self._health is None else self.entity_description.get_value(self._health)
