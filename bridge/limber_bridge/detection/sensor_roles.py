"""The role of each sensor of a sleeper: which movements count, and which cramps it can show."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from limber_bridge.detection.awakenings import AwakeningDetector
from limber_bridge.detection.channel import SensorChannel, SensorState
from limber_bridge.detection.events import Certainty, Method
from limber_bridge.detection.in_bed import IN_BED_METHODS
from limber_bridge.detection.possible_cramps import BED_METHODS
from limber_bridge.detection.probable_cramps import ProbableCrampDetector
from limber_bridge.detection.signal import Placement, Quantity, Sensor

MOVEMENT_SENSOR_PREFERENCE: Final = (
    (Quantity.EMG, Placement.TIBIALIS),
    (Quantity.ACCELERATION, Placement.ANKLE),
    (Quantity.ACCELERATION, Placement.BED),
    (Quantity.LOAD, Placement.BED),
)
"""Sensors whose movements count, the preferred first. Chosen: the scoring rules define leg
movements in the tibialis EMG, and a bed sensor shows everyone in the bed
(docs/science.md#which-sensor-counts)."""


def movement_sensors(sensors: Iterable[Sensor]) -> set[int]:
    """Return the ids of the sensors whose movements count.

    For each leg these are the sensors of the preferred kind; a bed sensor counts only where no leg
    has a sensor. The calf never counts: the rules are about the tibialis.
    """
    order = MOVEMENT_SENSOR_PREFERENCE
    candidates = [sensor for sensor in sensors if (sensor.quantity, sensor.placement) in order]
    candidates.sort(key=lambda sensor: order.index((sensor.quantity, sensor.placement)))
    on_legs = [sensor for sensor in candidates if sensor.placement is not Placement.BED]
    counted = on_legs or candidates[:1]
    # The first sensor of each side, in order of preference, decides the kind for that side.
    preferred = {sensor.side: sensor.quantity for sensor in reversed(counted)}
    return {sensor.id for sensor in counted if preferred[sensor.side] is sensor.quantity}


def probable_cramp_detector(
    sensors: Iterable[Sensor],
    movement_ids: Collection[int],
    known: Collection[int],
    baseline: tuple[float, ...],
) -> ProbableCrampDetector:
    """Return the detector of probable cramps for some sensors.

    `known` are the ids of the sensors before a restart, `baseline` (uV) that of their calves, which
    is used only if it comes from the same calves.
    """
    calves, limbs = cramp_sensors(sensors, movement_ids)
    return ProbableCrampDetector(calves, limbs, baseline if calves <= set(known) else ())


def cramp_sensors(
    sensors: Iterable[Sensor], movement_ids: Collection[int]
) -> tuple[set[int], list[tuple[int, Quantity]]]:
    """Return the ids of the sensors at the calves, and ids and quantities of those at the limbs."""
    by_id = {sensor.id: sensor for sensor in sensors}
    calves = {number for number, one in by_id.items() if one.placement is Placement.CALF}
    limbs = [(number, by_id[number].quantity) for number in by_id if number in movement_ids]
    return calves, limbs


def awakening_detector(
    movement_ids: Collection[int], states: Mapping[int, SensorState], *, in_bed: bool | None
) -> AwakeningDetector:
    """Return the detector of awakenings, which goes on from the state before a restart.

    `states` are those of the sensors by id, `in_bed` is whether the sleeper was in bed.
    """
    begins = [
        one.first_sample
        for number, one in states.items()
        if number in movement_ids and one.first_sample is not None
    ]
    return AwakeningDetector(in_bed=in_bed, measured_since=min(begins) if begins else None)


def in_bed_methods(channels: Iterable[SensorChannel]) -> set[Method]:
    """Return the methods by which sensors can show whether the sleeper is in bed."""
    sensors = (channel.sensor for channel in channels if channel.sensor.has_gravity)
    return {IN_BED_METHODS[sensor.quantity, sensor.placement] for sensor in sensors}


def detectable_cramps(
    channels: Collection[SensorChannel],
    movement_ids: Collection[int],
    bed_methods: Collection[Method],
) -> frozenset[Certainty]:
    """Return which cramps sensors can show (docs/science.md#cramps)."""
    fast = [channel for channel in channels if channel.supports_movements]
    if not any(channel.sensor.id in movement_ids for channel in fast):
        return frozenset()
    found: set[Certainty] = set()
    # Tension of a calf, and the movement of a limb that answers it.
    if any(channel.sensor.placement is Placement.CALF for channel in fast):
        found.add(Certainty.PROBABLE)
    # Movements, and a sensor that shows within a minute that the sleeper got up.
    if not set(bed_methods).isdisjoint(BED_METHODS):
        found.add(Certainty.POSSIBLE)
    return frozenset(found)
