"""Base classes of Limber's entities: one for each kind of device."""

from collections.abc import Callable, Iterable
from typing import Final, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from . import identity
from .coordinator import LimberConfigEntry, LimberCoordinator
from .devices import bridge_device_info, sensor_device_info, sleeper_device_info
from .wire_info import Sensor, Sleeper
from .wire_nights import Night
from .wire_state import SensorHealth, State

VALUE_PROPERTIES: Final = ("native_value", "is_on", "current_option", "event")
"""Properties of Home Assistant's entity classes that hold the state of an entity."""


class LimberEntity(CoordinatorEntity[LimberCoordinator]):
    """An entity of a bridge.

    The bridge publishes a state up to four times a second, and most entities have not changed then.
    So an entity is written only when something that it shows has changed.
    """

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: LimberCoordinator,
        description: EntityDescription,
        unique_id: str,
        device_info: DeviceInfo,
    ) -> None:
        """Set the ids; the name comes from the translation key of the description."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = unique_id
        self._attr_device_info = device_info
        self._written: object = None
        self._value_properties = tuple(
            name for name in VALUE_PROPERTIES if hasattr(type(self), name)
        )

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        shown = (
            self.available,
            self.extra_state_attributes,
            *(getattr(self, name) for name in self._value_properties),
        )
        if shown != self._written:
            self._written = shown
            self.async_write_ha_state()

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Accept a new entity id; nothing depends on it."""


class BridgeEntity(LimberEntity):
    """An entity of the bridge itself."""

    def __init__(self, coordinator: LimberCoordinator, description: EntityDescription) -> None:
        """Attach to the device of the bridge."""
        super().__init__(
            coordinator,
            description,
            identity.bridge_key(coordinator.bridge, description.key),
            bridge_device_info(coordinator),
        )


class SleeperEntity(LimberEntity):
    """An entity of a sleeper; available once the bridge is online and has published their state."""

    _needs_live_sensor = False
    """Whether the entity is unavailable while none of the sleeper's sensors is connected."""

    def __init__(
        self,
        coordinator: LimberCoordinator,
        sleeper: Sleeper,
        description: EntityDescription,
        key: str | None = None,
    ) -> None:
        """Attach to the device of a sleeper; `key` replaces that of the description."""
        key = key or description.key
        super().__init__(
            coordinator,
            description,
            identity.sleeper_key(coordinator.bridge, sleeper.id, key),
            sleeper_device_info(coordinator, sleeper),
        )
        self._sleeper = sleeper.id
        self._attr_translation_key = key

    @property
    def _state(self) -> State | None:
        return self.coordinator.data.states.get(self._sleeper)

    @property
    def _recent_nights(self) -> tuple[Night, ...]:
        return self.coordinator.data.recent_nights.get(self._sleeper, ())

    @property
    @override
    def available(self) -> bool:
        if not self.coordinator.data.online or self._state is None:
            return False
        return not self._needs_live_sensor or self._state.is_live


class SensorDeviceEntity(LimberEntity):
    """An entity of one sensor; available once the bridge has published the sensor's health."""

    def __init__(
        self,
        coordinator: LimberCoordinator,
        sleeper: Sleeper,
        sensor: Sensor,
        description: EntityDescription,
    ) -> None:
        """Attach to the device of a sensor."""
        super().__init__(
            coordinator,
            description,
            identity.sensor_key(coordinator.bridge, sensor.id, description.key),
            sensor_device_info(coordinator, sleeper, sensor),
        )
        self._sensor = sensor.id

    @property
    def _health(self) -> SensorHealth | None:
        # A sensor may be given to another sleeper while the entity exists.
        return self.coordinator.data.sensor_health(self._sensor)

    @property
    @override
    def available(self) -> bool:
        return self.coordinator.data.online and self._health is not None


@callback
def async_add_for_sleepers(
    entry: LimberConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    entities_of: Callable[[LimberCoordinator, Sleeper], Iterable[Entity]],
) -> None:
    """Add the entities of every sleeper now, and those that appear later, without a reload.

    `entities_of` returns the entities that a sleeper has at the moment. They change when the bridge
    publishes another configuration, and when a sensor reports its battery for the first time.
    """
    coordinator = entry.runtime_data
    added: set[str | None] = set()
    known: object = None

    @callback
    def add_new() -> None:
        nonlocal known
        inputs = (coordinator.data.info, coordinator.data.battery_sensors)
        if inputs == known:
            return
        known = inputs
        current = [
            entity
            for sleeper in coordinator.data.sleepers
            for entity in entities_of(coordinator, sleeper)
        ]
        async_add_entities([entity for entity in current if entity.unique_id not in added])
        # An entity that disappears may come back later.
        added.clear()
        added.update(entity.unique_id for entity in current)

    add_new()
    entry.async_on_unload(coordinator.async_add_listener(add_new))
