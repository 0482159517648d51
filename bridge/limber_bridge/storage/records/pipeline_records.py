"""The state of a detection pipeline as a persisted payload.

Each part is decoded on its own: one that cannot be read costs only itself. Times are us, UTC;
directions are unit vectors of gravity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from limber_bridge.detection.noise_floor import Noise
from limber_bridge.detection.pipeline import PipelineState, SensorState
from limber_bridge.detection.sleep import BedState
from limber_bridge.storage.records.enum_names import METHODS
from limber_bridge.storage.records.payload import (
    Fields,
    PayloadFormat,
    UnreadableRecordError,
    convert,
    renamed,
)

type Direction = Annotated[tuple[float, ...], msgspec.Meta(min_length=3, max_length=3)]
"""A unit vector."""


class NoiseRecord(msgspec.Struct, frozen=True):
    """The noise of a sensor in one interval, in the unit of its quantity."""

    median: float
    spread: float


class SensorStateRecord(msgspec.Struct, frozen=True):
    """What is known of one sensor."""

    first_sample: int | None
    measured_until: int | None
    rate_hz: float | None
    noise: list[NoiseRecord]


class BedStateRecord(msgspec.Struct, frozen=True):
    """What is known of the sleeper's being in bed."""

    in_bed: bool | None
    method: str | None
    tentative_in_bed: bool | None
    tentative_since: int
    tentative_until: int
    tentative_movements: int
    last_epoch: int | None
    earliest_transition: int
    standing_gravity: dict[int, Direction]
    resting_gravity: dict[int, Direction]
    previous_resting_gravity: dict[int, Direction]
    still_gravity: Direction | None
    still_since: int
    walking_half_epochs: int
    walking_since: int | None
    walking_gravity: Direction | None
    walked_until: int | None
    standing_since: int | None
    transition_onset: int | None
    transition_certain: bool
    bed_movements: list[tuple[int, int, float]]
    presence_confidence: int
    epochs_without_presence: int
    presence_run: int
    empty_load_kg: float | None
    load_range_kg: tuple[float, float] | None
    tare_from: int | None


class PipelineStateRecord(msgspec.Struct, frozen=True):
    """The state of a pipeline, by parts."""

    sensors: dict[str, Fields]
    """`SensorStateRecord`, by sensor id."""
    bed: Fields
    """`BedStateRecord`."""
    calf_baseline_uv: tuple[float, ...]


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
BED_NAMES_0: Final = {
    "in_bed": "in_bed",
    "method": "method",
    "leaning": "tentative_in_bed",
    "since": "tentative_since",
    "seen": "tentative_until",
    "onsets": "tentative_movements",
    "epoch": "last_epoch",
    "earliest": "earliest_transition",
    "standing": "standing_gravity",
    "resting": "resting_gravity",
    "turned": "previous_resting_gravity",
    "lately": "still_gravity",
    "still": "still_since",
    "restless": "walking_half_epochs",
    "shaken": "walking_since",
    "way": "walking_gravity",
    "walked": "walked_until",
    "stood": "standing_since",
    "began": "transition_onset",
    "certain": "transition_certain",
    "moves": "bed_movements",
    "felt": "presence_confidence",
    "missed": "epochs_without_presence",
    "life": "presence_run",
    "empty": "empty_load_kg",
    "loads": "load_range_kg",
    "tare": "tare_from",
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
    "began": None,
    "certain": False,
    "moves": [],
    "felt": 0,
    "missed": 0,
    "life": 0,
    "empty": None,
    "loads": None,
    "tare": None,
}


def upgrade_pipeline_state_0(fields: Fields) -> Fields:
    """Give every field its name; every field could be missing, as could the parts of the bed."""
    sensors = fields["sensors"]
    return {
        "sensors": {
            number: upgrade_part(sensor, SENSOR_NAMES_0, SENSOR_DEFAULTS_0)
            for number, sensor in sensors.items()
        },
        "bed": upgrade_part(fields.get("bed", {}), BED_NAMES_0, BED_DEFAULTS_0),
        "calf_baseline_uv": fields.get("calf", []),
    }


def upgrade_part(part: object, names: Mapping[str, str], defaults: Mapping[str, object]) -> object:
    """Return a part under new names; one that is no JSON object is left for the decoder to name."""
    return renamed(part, names, defaults) if isinstance(part, dict) else part


PIPELINE_STATE: Final = PayloadFormat(
    "pipeline state", PipelineStateRecord, (upgrade_pipeline_state_0,)
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
            calf_baseline_uv=state.calf,
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
        PipelineState(sensors=sensors, bed=bed, calf=calf),
        tuple(unreadable),
        bed_unreadable=bed_unreadable,
        sensors_unreadable=frozenset(lost),
    )


def sensor_record(sensor: SensorState) -> SensorStateRecord:
    """Return the state of a sensor as its record."""
    return SensorStateRecord(
        first_sample=sensor.since,
        measured_until=sensor.until,
        rate_hz=sensor.rate,
        noise=[NoiseRecord(median=one.median, spread=one.spread) for one in sensor.noise],
    )


def sensor_state(record: SensorStateRecord) -> SensorState:
    """Return the state of a sensor in a record."""
    return SensorState(
        since=record.first_sample,
        until=record.measured_until,
        rate=record.rate_hz,
        noise=tuple(Noise(median=one.median, spread=one.spread) for one in record.noise),
    )


def bed_record(bed: BedState) -> BedStateRecord:
    """Return the state of the bed as its record."""
    return BedStateRecord(
        in_bed=bed.in_bed,
        method=METHODS.optional_name(bed.method),
        tentative_in_bed=bed.leaning,
        tentative_since=bed.since,
        tentative_until=bed.seen,
        tentative_movements=bed.onsets,
        last_epoch=bed.epoch,
        earliest_transition=bed.earliest,
        standing_gravity=dict(bed.standing),
        resting_gravity=dict(bed.resting),
        previous_resting_gravity=dict(bed.turned),
        still_gravity=bed.lately,
        still_since=bed.still,
        walking_half_epochs=bed.restless,
        walking_since=bed.shaken,
        walking_gravity=bed.way,
        walked_until=bed.walked,
        standing_since=bed.stood,
        transition_onset=bed.began,
        transition_certain=bed.certain,
        bed_movements=list(bed.moves),
        presence_confidence=bed.felt,
        epochs_without_presence=bed.missed,
        presence_run=bed.life,
        empty_load_kg=bed.empty,
        load_range_kg=bed.loads,
        tare_from=bed.tare,
    )


def bed_state(record: BedStateRecord) -> BedState:
    """Return the state of the bed in a record; UnreadableRecordError."""
    return BedState(
        in_bed=record.in_bed,
        method=METHODS.optional_member(record.method),
        leaning=record.tentative_in_bed,
        since=record.tentative_since,
        seen=record.tentative_until,
        onsets=record.tentative_movements,
        epoch=record.last_epoch,
        earliest=record.earliest_transition,
        standing=record.standing_gravity,
        resting=record.resting_gravity,
        turned=record.previous_resting_gravity,
        lately=record.still_gravity,
        still=record.still_since,
        restless=record.walking_half_epochs,
        shaken=record.walking_since,
        way=record.walking_gravity,
        walked=record.walked_until,
        stood=record.standing_since,
        began=record.transition_onset,
        certain=record.transition_certain,
        moves=tuple(record.bed_movements),
        felt=record.presence_confidence,
        missed=record.epochs_without_presence,
        life=record.presence_run,
        empty=record.empty_load_kg,
        loads=record.load_range_kg,
        tare=record.tare_from,
    )
