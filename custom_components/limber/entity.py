"""What all entities of Limber share."""

from collections.abc import Callable, Iterable
from typing import Final, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import LimberConfigEntry, LimberCoordinator, StateSlice
from .wire import Night, Sensor, SensorHealth, Sleeper, State

VALUES: Final = ("native_value", "is_on", "event")
"""Properties of Home Assistant's entities that hold what they show, besides their attributes."""


class LimberEntity(CoordinatorEntity[LimberCoordinator]):
    """An entity of a bridge. It is written only when what it shows has changed: most of a state is
    as it was before.
    """

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: LimberCoordinator,
        description: EntityDescription,
        part: StateSlice | None = None,
    ) -> None:
        """Belong to the bridge itself, or rest on a part of what it tells."""
        super().__init__(coordinator, part)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.bridge}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, coordinator.bridge)})
        self._shown: object = None
        self._values = tuple(name for name in VALUES if hasattr(type(self), name))

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        shown = (
            self.available,
            self.extra_state_attributes,
            *(getattr(self, name) for name in self._values),
        )
        if shown != self._shown:
            self._shown = shown
            self.async_write_ha_state()

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Nothing of ours depends on it."""


class SleeperEntity(LimberEntity):
    """An entity of a sleeper; there as long as the bridge is and has said something of them."""

    _is_of_now = False
    """It tells of now: it is not there while no sensor of the sleeper delivers."""
    _rests_on: tuple[str, ...] | None = ()
    """Names of what it shows of a state: while they are the same, so is it. None: it also goes by
    the time of day."""

    def __init__(
        self, coordinator: LimberCoordinator, sleeper: Sleeper, description: EntityDescription
    ) -> None:
        """Belong to a sleeper."""
        super().__init__(coordinator, description, self._part(sleeper))
        self._sleeper = sleeper.id
        self._attr_unique_id = f"{coordinator.bridge}_{sleeper.id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, f"{coordinator.bridge}_{sleeper.id}")},
            manufacturer="Limber",
            model="Sleeper",
            name=sleeper.name,
            via_device_id=coordinator.device_id,
        )

    def _part(self, sleeper: Sleeper) -> StateSlice | None:
        if self._rests_on is None:
            return None
        return StateSlice(
            sleeper.id, (*self._rests_on, "delivers") if self._is_of_now else self._rests_on
        )

    @property
    def _state(self) -> State | None:
        return self.coordinator.data.states.get(self._sleeper)

    @property
    def _recent(self) -> tuple[Night, ...]:
        return self.coordinator.data.recent.get(self._sleeper, ())

    @property
    @override
    def available(self) -> bool:
        if not self.coordinator.data.online or self._state is None:
            return False
        return not self._is_of_now or self._state.delivers


class PerSensorEntity(SleeperEntity):
    """An entity of one of a sleeper's sensors."""

    _rests_on = ("sensors",)

    def __init__(
        self,
        coordinator: LimberCoordinator,
        sleeper: Sleeper,
        sensor: Sensor,
        description: EntityDescription,
    ) -> None:
        """Belong to a sensor; its place is part of the name."""
        super().__init__(coordinator, sleeper, description)
        self._sensor = sensor.id
        self._attr_unique_id = f"{coordinator.bridge}_{sleeper.id}_{sensor.id}_{description.key}"
        self._attr_translation_key = f"{description.key}_{spot(sensor)}"

    @property
    def _health(self) -> SensorHealth | None:
        return None if self._state is None else self._state.sensors.get(self._sensor)

    @property
    @override
    def available(self) -> bool:
        return super().available and self._health is not None


def spot(sensor: Sensor) -> str:
    """Return where a sensor is, as the end of a translation key."""
    place = "bed_load" if sensor.quantity == "load" else sensor.placement
    return f"{sensor.side}_{place}" if sensor.side else place


@callback
def follow_sleepers(
    entry: LimberConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    entities: Callable[[LimberCoordinator, Sleeper], Iterable[Entity]],
) -> None:
    """Add the entities of every sleeper, and of those who come later without a reload."""
    coordinator = entry.runtime_data
    known: set[str | None] = set()
    looked_at: object = None

    @callback
    def look() -> None:
        nonlocal looked_at
        if looked_at is coordinator.data.info:
            return
        looked_at = coordinator.data.info
        found = [
            entity
            for sleeper in coordinator.data.sleepers
            for entity in entities(coordinator, sleeper)
        ]
        add([entity for entity in found if entity.unique_id not in known])
        # What is gone may come back.
        known.clear()
        known.update(entity.unique_id for entity in found)

    look()
    entry.async_on_unload(coordinator.async_add_listener(look))
