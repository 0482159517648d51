"""The state of a detection pipeline as a persisted payload.

Each part is decoded on its own: only a part that cannot be read is lost. Times are us, UTC;
directions are unit vectors of gravity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from limber_bridge.detection.bed_state import (
    AnkleState,
    BedMovement,
    BedMovementState,
    BedReport,
    BedState,
    LoadState,
    PendingChange,
)
from limber_bridge.detection.channel import SensorState
from limber_bridge.detection.noise_floor import Noise
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.tilt_reference import StrongTilt
from limber_bridge.storage.records.enum_names import METHODS
from limber_bridge.storage.records.payload import (
    Count,
    Fields,
    Number,
    PayloadFormat,
    Time,
    UnreadableRecordError,
    Whole,
    convert,
    renamed,
)

type Direction = Annotated[tuple[Number, ...], msgspec.Meta(min_length=3, max_length=3)]
"""A unit vector."""


class NoiseRecord(msgspec.Struct, frozen=True):
    """The noise of a sensor in one interval, in the unit of its quantity."""

    median: Number
    spread: Number


class StrongTiltRecord(msgspec.Struct, frozen=True):
    """How far a leg tilted in a strong movement."""

    onset: Time
    tilt_g: Number
    shaking_g: Number


class SensorStateRecord(msgspec.Struct, frozen=True):
    """What is known of one sensor."""

    first_sample: Time | None
    measured_until: Time | None
    rate_hz: Number | None
    noise: list[NoiseRecord]
    tilts: list[StrongTiltRecord]


class PendingChangeRecord(msgspec.Struct, frozen=True):
    """A change of being in bed that is not certain yet."""

    in_bed: bool
    since: Time
    until: Time
    onsets: Count


class LoadRecord(msgspec.Struct, frozen=True):
    """What load cells have shown."""

    empty_kg: Number | None
    range_kg: tuple[Number, Number] | None
    tare_at: Time | None


class AnkleRecord(msgspec.Struct, frozen=True):
    """What sensors at the ankles have shown; mappings are by sensor id."""

    standing: dict[int, Direction]
    lying: dict[int, Direction]
    lying_before: dict[int, Direction]
    recent_direction: Direction | None
    still_since: Time
    shaken_half_epochs: Whole
    shaking_since: Time | None
    shaking_direction: Direction | None
    last_step: Time | None
    standing_since: Time | None


class BedMovementRecord(msgspec.Struct, frozen=True):
    """A movement at the bed."""

    start: Time
    end: Time
    peak: Number


class BedAccelerationRecord(msgspec.Struct, frozen=True):
    """What an accelerometer at the bed has shown."""

    movements: list[BedMovementRecord]
    reliability: Whole
    missed_epochs: Whole
    streak: Whole


class BedReportRecord(msgspec.Struct, frozen=True):
    """What a sensor outside of the bridge showed."""

    time: Time
    in_bed: bool
    since: Time


class BedStateRecord(msgspec.Struct, frozen=True):
    """What is known about being in bed."""

    in_bed: bool | None
    method: str | None
    last_epoch: Time | None
    earliest_change: Time
    pending: PendingChangeRecord | None
    last_since: Time | None
    load: LoadRecord
    ankle: AnkleRecord
    bed_movement: BedAccelerationRecord
    reports: list[BedReportRecord]
    reported: list[tuple[Time, Time]]


class PipelineStateRecord(msgspec.Struct, frozen=True):
    """The state of a pipeline, by parts."""

    sensors: dict[str, Fields]
    """`SensorStateRecord`, by sensor id."""
    bed: Fields
    """`BedStateRecord`."""
    calf_baseline_uv: tuple[Number, ...]


SENSOR_NAMES_0: Final = {
    "since": "first_sample",
    "until": "measured_until",
    "rate": "rate_hz",
    "noise": "noise",
}
SENSOR_DEFAULTS_0: Final[Mapping[str, object]] = {
    "since": None,
    "until": None,
    "rate": None,
    "noise": [],
}
BED_DEFAULTS_0: Final[Mapping[str, object]] = {
    "in_bed": None,
    "method": None,
    "leaning": None,
    "since": 0,
    "seen": 0,
    "onsets": 0,
    "epoch": None,
    "earliest": 0,
    "standing": {},
    "resting": {},
    "turned": {},
    "lately": None,
    "still": 0,
    "restless": 0,
    "shaken": None,
    "way": None,
    "walked": None,
    "stood": None,
    "moves": [],
    "felt": 0,
    "missed": 0,
    "life": 0,
    "empty": None,
    "loads": None,
    "tare": None,
    "began": None,
}


def upgrade_pipeline_state_0(fields: Fields) -> Fields:
    """Give every field its name; every field could be missing, as could the parts of the bed."""
    sensors = fields["sensors"]
    return {
        "sensors": {number: upgrade_sensor_0(sensor) for number, sensor in sensors.items()},
        "bed": upgrade_bed_0(fields.get("bed", {})),
        "calf_baseline_uv": fields.get("calf", []),
    }


def upgrade_sensor_0(sensor: object) -> object:
    """Give every field its name. The decoder reports anything that is not an object."""
    if not isinstance(sensor, dict):
        return sensor
    return renamed(sensor, SENSOR_NAMES_0, SENSOR_DEFAULTS_0)


def upgrade_bed_0(bed: object) -> object:
    """Group the fields by sensor. The decoder reports anything that is not an object.

    `certain` is left out, as it was about the last epoch only.
    """
    if not isinstance(bed, dict):
        return bed
    old = {**BED_DEFAULTS_0, **bed}
    pending = {
        "in_bed": old["leaning"],
        "since": old["since"],
        "until": old["seen"],
        "onsets": old["onsets"],
    }
    ankle = {
        "standing": old["standing"],
        "lying": old["resting"],
        "lying_before": old["turned"],
        "recent_direction": old["lately"],
        "still_since": old["still"],
        "shaken_half_epochs": old["restless"],
        "shaking_since": old["shaken"],
        "shaking_direction": old["way"],
        "last_step": old["walked"],
        "standing_since": old["stood"],
    }
    return {
        "in_bed": old["in_bed"],
        "method": old["method"],
        "last_epoch": old["epoch"],
        "earliest_change": old["earliest"],
        "pending": None if old["leaning"] is None else pending,
        "last_since": old["began"],
        "load": {"empty_kg": old["empty"], "range_kg": old["loads"], "tare_at": old["tare"]},
        "ankle": ankle,
        "bed_movement": {
            "movements": upgrade_bed_movements_0(old["moves"]),
            "reliability": old["felt"],
            "missed_epochs": old["missed"],
            "streak": old["life"],
        },
    }


def upgrade_bed_movements_0(movements: object) -> object:
    """Name the fields of movements at the bed; what is not a list of triples stays as it is."""
    try:
        return [
            {"start": start, "end": end, "peak": peak}
            for start, end, peak in movements  # type: ignore[attr-defined]
        ]
    except TypeError, ValueError:
        return movements


def upgrade_pipeline_state_1(fields: Fields) -> Fields:
    """Add that there was no report. The decoder reports a bed that is not an object."""
    bed = fields["bed"]
    if not isinstance(bed, dict):
        return fields
    return {**fields, "bed": {**bed, "reports": [], "reported": []}}


def upgrade_pipeline_state_2(fields: Fields) -> Fields:
    """Add that no tilt was known. The decoder reports a sensor that is not an object."""
    sensors = {
        number: {**sensor, "tilts": []} if isinstance(sensor, dict) else sensor
        for number, sensor in fields["sensors"].items()
    }
    return {**fields, "sensors": sensors}


PIPELINE_STATE: Final = PayloadFormat(
    "pipeline state",
    PipelineStateRecord,
    (upgrade_pipeline_state_0, upgrade_pipeline_state_1, upgrade_pipeline_state_2),
)


@dataclass(frozen=True, slots=True)
class SavedPipelineState:
    """A pipeline state as far as it could be read."""

    state: PipelineState
    unreadable: tuple[str, ...] = ()
    """What could not be read, and why, for the log."""
    bed_unreadable: bool = False
    """The state of the bed is not what was saved."""
    sensors_unreadable: frozenset[int] | None = frozenset()
    """Ids of the sensors whose state is missing from `state`; None: of all sensors."""


UNREADABLE_STATE: Final = SavedPipelineState(
    PipelineState({}), bed_unreadable=True, sensors_unreadable=None
)


def encode_pipeline_state(state: PipelineState) -> str:
    """Return a pipeline state as its payload."""
    sensors = {
        str(number): msgspec.to_builtins(sensor_record(sensor))
        for number, sensor in state.sensors.items()
    }
    return PIPELINE_STATE.encode(
        PipelineStateRecord(
            sensors=sensors,
            bed=msgspec.to_builtins(bed_record(state.bed), str_keys=True),
            calf_baseline_uv=state.calf_baseline,
        )
    )


def decode_pipeline_state(payload: str) -> SavedPipelineState:
    """Return a pipeline state as far as it can be read. Raises nothing."""
    try:
        fields = PIPELINE_STATE.current_fields(payload)
        sensor_parts = convert("pipeline state", fields.get("sensors"), dict[int, object])
    except UnreadableRecordError as error:
        return SavedPipelineState(
            UNREADABLE_STATE.state,
            (str(error),),
            bed_unreadable=True,
            sensors_unreadable=None,
        )
    unreadable: list[str] = []
    lost: set[int] = set()
    sensors: dict[int, SensorState] = {}
    for number, part in sensor_parts.items():
        try:
            sensors[number] = sensor_state(convert(f"sensor {number}", part, SensorStateRecord))
        except UnreadableRecordError as error:
            unreadable.append(str(error))
            lost.add(number)
    bed = BedState()
    bed_unreadable = False
    try:
        bed = bed_state(convert("bed", fields.get("bed"), BedStateRecord))
    except UnreadableRecordError as error:
        unreadable.append(str(error))
        bed_unreadable = True
    calf: tuple[float, ...] = ()
    try:
        calf = convert("calf baseline", fields.get("calf_baseline_uv"), tuple[float, ...])
    except UnreadableRecordError as error:
        unreadable.append(str(error))
    return SavedPipelineState(
        PipelineState(sensors=sensors, bed=bed, calf_baseline=calf),
        tuple(unreadable),
        bed_unreadable=bed_unreadable,
        sensors_unreadable=frozenset(lost),
    )


def sensor_record(sensor: SensorState) -> SensorStateRecord:
    """Return the state of a sensor as its record."""
    return SensorStateRecord(
        first_sample=sensor.first_sample,
        measured_until=sensor.measured_until,
        rate_hz=sensor.rate,
        noise=[NoiseRecord(median=one.median, spread=one.spread) for one in sensor.noise],
        tilts=[
            StrongTiltRecord(onset=one.onset, tilt_g=one.tilt, shaking_g=one.shaking)
            for one in sensor.tilts
        ],
    )


def sensor_state(record: SensorStateRecord) -> SensorState:
    """Return the state of a sensor in a record."""
    return SensorState(
        first_sample=record.first_sample,
        measured_until=record.measured_until,
        rate=record.rate_hz,
        noise=tuple(Noise(median=one.median, spread=one.spread) for one in record.noise),
        tilts=tuple(
            StrongTilt(onset=one.onset, tilt=one.tilt_g, shaking=one.shaking_g)
            for one in record.tilts
        ),
    )


def bed_record(bed: BedState) -> BedStateRecord:
    """Return the state of the bed as its record."""
    return BedStateRecord(
        in_bed=bed.in_bed,
        method=METHODS.optional_name(bed.method),
        last_epoch=bed.last_epoch,
        earliest_change=bed.earliest_change,
        pending=None if bed.pending is None else pending_record(bed.pending),
        last_since=bed.last_since,
        load=LoadRecord(
            empty_kg=bed.load.empty_kg,
            range_kg=bed.load.range_kg,
            tare_at=bed.load.tare_at,
        ),
        ankle=ankle_record(bed.ankle),
        bed_movement=BedAccelerationRecord(
            movements=[
                BedMovementRecord(start=one.start, end=one.end, peak=one.peak)
                for one in bed.bed_movement.movements
            ],
            reliability=bed.bed_movement.reliability,
            missed_epochs=bed.bed_movement.missed_epochs,
            streak=bed.bed_movement.streak,
        ),
        reports=[
            BedReportRecord(time=one.time, in_bed=one.in_bed, since=one.since)
            for one in bed.reports
        ],
        reported=list(bed.reported),
    )


def pending_record(pending: PendingChange) -> PendingChangeRecord:
    """Return a pending change as its record."""
    return PendingChangeRecord(
        in_bed=pending.in_bed,
        since=pending.since,
        until=pending.until,
        onsets=pending.onsets,
    )


def ankle_record(ankle: AnkleState) -> AnkleRecord:
    """Return what the ankles have shown as its record."""
    return AnkleRecord(
        standing=dict(ankle.standing),
        lying=dict(ankle.lying),
        lying_before=dict(ankle.lying_before),
        recent_direction=ankle.recent_direction,
        still_since=ankle.still_since,
        shaken_half_epochs=ankle.shaken_half_epochs,
        shaking_since=ankle.shaking_since,
        shaking_direction=ankle.shaking_direction,
        last_step=ankle.last_step,
        standing_since=ankle.standing_since,
    )


def bed_state(record: BedStateRecord) -> BedState:
    """Return the state of the bed in a record; UnreadableRecordError."""
    return BedState(
        in_bed=record.in_bed,
        method=METHODS.optional_member(record.method),
        last_epoch=record.last_epoch,
        earliest_change=record.earliest_change,
        pending=None if record.pending is None else pending_change(record.pending),
        last_since=record.last_since,
        load=LoadState(
            empty_kg=record.load.empty_kg,
            range_kg=record.load.range_kg,
            tare_at=record.load.tare_at,
        ),
        ankle=ankle_state(record.ankle),
        bed_movement=BedMovementState(
            movements=tuple(
                BedMovement(start=one.start, end=one.end, peak=one.peak)
                for one in record.bed_movement.movements
            ),
            reliability=record.bed_movement.reliability,
            missed_epochs=record.bed_movement.missed_epochs,
            streak=record.bed_movement.streak,
        ),
        reports=tuple(
            BedReport(time=one.time, in_bed=one.in_bed, since=one.since) for one in record.reports
        ),
        reported=tuple(record.reported),
    )


def pending_change(record: PendingChangeRecord) -> PendingChange:
    """Return the pending change in a record."""
    return PendingChange(
        in_bed=record.in_bed,
        since=record.since,
        until=record.until,
        onsets=record.onsets,
    )


def ankle_state(record: AnkleRecord) -> AnkleState:
    """Return what the ankles have shown in a record."""
    return AnkleState(
        standing=record.standing,
        lying=record.lying,
        lying_before=record.lying_before,
        recent_direction=record.recent_direction,
        still_since=record.still_since,
        shaken_half_epochs=record.shaken_half_epochs,
        shaking_since=record.shaking_since,
        shaking_direction=record.shaking_direction,
        last_step=record.last_step,
        standing_since=record.standing_since,
    )
