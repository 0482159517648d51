"""Figures of tonight, of the last night and of many nights; what is usual; battery and quality of
each sensor.
"""

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

from .coordinator import LimberConfigEntry, LimberCoordinator
from .entity import (
    SensorDeviceEntity,
    SleeperEntity,
    async_add_for_sleepers,
    sensors_with_battery,
)
from .night_summary import zone_of
from .trends import following, restless_in_a_row, stands_for_last_night, usual_bedtime
from .wire import Measures, Methods, SensorHealth, Sleeper, Spread, State

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MeasureDescription(SensorEntityDescription):
    """A measure of a night."""

    measure: str
    """Field of `Measures`, and key of `Spread`."""
    method: Callable[[Methods], str | None] = lambda _: None
    """What an estimate rests on."""
    shown_averages: tuple[int, ...] = ()
    """Days whose mean is shown from the beginning; the others are there for those who want them."""

    def value(self, measures: Measures) -> StateType:
        """Return it, of a night."""
        found: StateType = getattr(measures, self.measure)
        return found


@dataclass(frozen=True, kw_only=True)
class MomentDescription(SensorEntityDescription):
    """A time of a night."""

    moment: Callable[[State], datetime | None]


@dataclass(frozen=True, kw_only=True)
class HealthDescription(SensorEntityDescription):
    """A figure of a sensor's health."""

    value: Callable[[SensorHealth], StateType]


def in_bed(methods: Methods) -> str | None:
    """Return what the time in bed rests on."""
    return methods.in_bed


def asleep(methods: Methods) -> str | None:
    """Return what the sleep rests on."""
    return methods.asleep


def hours(key: str, measure: str, **more: Any) -> MeasureDescription:  # noqa: ANN401 - fields of a description
    """Return the description of a duration."""
    return MeasureDescription(
        key=key,
        measure=measure,
        device_class=SensorDeviceClass.DURATION,
        suggested_display_precision=1,
        native_unit_of_measurement=UnitOfTime.HOURS,
        **more,
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
        method=in_bed,
        shown_averages=(7, 30),
    ),
    MeasureDescription(
        key="plms_index",
        measure="plms_index",
        native_unit_of_measurement="/h",
        suggested_display_precision=1,
        method=asleep,
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
    hours("longest_quiet", "longest_quiet_h", entity_registry_enabled_default=False),
    MeasureDescription(key="cramps_possible", measure="cramps_possible", shown_averages=(30,)),
    MeasureDescription(key="cramps_probable", measure="cramps_probable"),
    hours("time_in_bed", "time_in_bed_h", method=in_bed),
    hours("sleep", "sleep_h", method=asleep, shown_averages=(7, 30)),
)
"""Each of them for tonight and for the last night."""
AVERAGING_PERIODS = (7, 30)
"""Days over which nights are seen together."""

MOMENTS: tuple[MomentDescription, ...] = (
    MomentDescription(key="tonight_bedtime", moment=lambda state: state.tonight.start),
    MomentDescription(
        key="last_night_bedtime",
        moment=lambda state: None if state.last_night is None else state.last_night.start,
    ),
    MomentDescription(
        key="last_night_wake_up",
        moment=lambda state: None if state.last_night is None else state.last_night.end,
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
    value=lambda health: health.battery,
)
"""Home Assistant names it after its device class. It exists only for sensors that report a battery."""
SIGNAL_QUALITY = HealthDescription(
    key="signal_quality",
    translation_key="signal_quality",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    value=lambda health: health.quality,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of every sleeper."""
    async_add_for_sleepers(entry, async_add_entities, sensors_of)


def sensors_of(coordinator: LimberCoordinator, sleeper: Sleeper) -> Iterator[Entity]:
    """Yield what a sleeper has."""
    for description in MEASURES:
        yield TonightSensor(coordinator, sleeper, description)
        yield LastNightSensor(coordinator, sleeper, description)
        yield from (
            AverageSensor(coordinator, sleeper, description, days) for days in AVERAGING_PERIODS
        )
    yield from (MomentSensor(coordinator, sleeper, moment) for moment in MOMENTS)
    yield UsualBedtime(coordinator, sleeper, USUAL_BEDTIME)
    yield RestlessNightsSensor(coordinator, sleeper, RESTLESS_NIGHTS)
    with_battery = sensors_with_battery(coordinator)
    for one in sleeper.sensors:
        if one.id in with_battery:
            yield HealthSensor(coordinator, sleeper, one, BATTERY)
        yield HealthSensor(coordinator, sleeper, one, SIGNAL_QUALITY)


class TonightSensor(SleeperEntity, sensor.SensorEntity):
    """A measure of the night that is not over yet; not there while nothing is measured."""

    entity_description: MeasureDescription
    _attr_state_class = SensorStateClass.MEASUREMENT
    _needs_live_sensor = True

    def __init__(
        self, coordinator: LimberCoordinator, sleeper: Sleeper, description: MeasureDescription
    ) -> None:
        """Attach to a sleeper."""
        super().__init__(coordinator, sleeper, description, f"tonight_{description.key}")

    @property
    @override
    def native_value(self) -> StateType:
        return (
            None
            if self._state is None
            else self.entity_description.value(self._state.tonight.measures)
        )

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return (
            None
            if self._state is None
            else attributes(self.entity_description, self._state.methods)
        )


class LastNightSensor(SleeperEntity, sensor.SensorEntity):
    """A measure of the last finished night.

    It has no state class: a day of such a sensor spans two nights. History is in the statistics, a
    row a night.
    """

    entity_description: MeasureDescription
    _unrecorded_attributes = frozenset({"recent"})

    def __init__(
        self, coordinator: LimberCoordinator, sleeper: Sleeper, description: MeasureDescription
    ) -> None:
        """Attach to a sleeper."""
        super().__init__(coordinator, sleeper, description, f"last_night_{description.key}")
        self._recent_values: tuple[object, dict[str, StateType]] = (None, {})

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
        # Nights come once a day, and states all the time.
        if self._recent_values[0] is not self._recent_nights:
            values = {
                one.night.isoformat(): self.entity_description.value(one.measures)
                for one in self._recent_nights[-SHOWN:]
            }
            self._recent_values = (self._recent_nights, values)
        resting = attributes(self.entity_description, night.methods)
        return {"night": night.night.isoformat(), "recent": self._recent_values[1]} | resting


SHOWN = 14
"""Nights in the attribute `recent`, for templates."""


def attributes(description: MeasureDescription, methods: Methods) -> dict[str, Any]:
    """Return what a figure rests on, where it is an estimate."""
    method = description.method(methods)
    return {} if method is None else {"method": method}


class AverageSensor(SleeperEntity, sensor.SensorEntity):
    """The mean of a measure over the nights of some days, with its spread: one night says little.

    No state class, as for the last night: each day is in six others.
    """

    entity_description: MeasureDescription

    def __init__(
        self,
        coordinator: LimberCoordinator,
        sleeper: Sleeper,
        description: MeasureDescription,
        days: int,
    ) -> None:
        """Attach to a sleeper; `days`: length of the period."""
        super().__init__(coordinator, sleeper, description, f"average_{days}_{description.key}")
        self._attr_translation_key = f"average_{description.key}"
        self._attr_translation_placeholders = {"days": str(days)}
        self._days = days
        self._attr_suggested_display_precision = 1
        self._attr_entity_registry_enabled_default = days in description.shown_averages

    @property
    def _spread(self) -> Spread | None:
        return None if self._state is None else self._state.averages.get(self._days)

    @property
    @override
    def native_value(self) -> StateType:
        return (
            None if self._spread is None else self._spread.mean.get(self.entity_description.measure)
        )

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


class MomentSensor(SleeperEntity, sensor.SensorEntity):
    """A time of a night."""

    entity_description: MomentDescription
    _attr_device_class = SensorDeviceClass.TIMESTAMP

    @property
    @override
    def native_value(self) -> datetime | None:
        return None if self._state is None else self.entity_description.moment(self._state)


class UsualBedtime(SleeperEntity, sensor.SensorEntity):
    """When the sleeper usually goes to bed, the next time: what automations of the evening go by."""

    _learnt: tuple[object, datetime | None] = (None, None)

    @property
    @override
    def native_value(self) -> datetime | None:
        nights, bedtime = self._learnt
        # Nights come once a day, and states all the time.
        if nights is not self._recent_nights or (
            bedtime is not None and bedtime <= dt_util.utcnow()
        ):
            self._learnt = (self._recent_nights, self._next())
        return self._learnt[1]

    def _next(self) -> datetime | None:
        zone = zone_of(self.coordinator)
        usual = usual_bedtime(self._recent_nights, zone)
        return None if usual is None else following(usual, dt_util.utcnow(), zone)


class RestlessNightsSensor(SleeperEntity, sensor.SensorEntity):
    """How many of the last nights were restless, one directly after the other; unknown without a
    night.
    """

    @property
    @override
    def native_value(self) -> int | None:
        today = dt_util.now(zone_of(self.coordinator)).date()
        # An older night does not stand for one that was not measured.
        if not self._recent_nights or not stands_for_last_night(
            self._recent_nights[-1].night, today
        ):
            return None
        return restless_in_a_row(self._recent_nights, self.coordinator.restless_above)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        return {"above": self.coordinator.restless_above}


class HealthSensor(SensorDeviceEntity, sensor.SensorEntity):
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
