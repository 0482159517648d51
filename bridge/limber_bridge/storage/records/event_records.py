"""Events as persisted payloads.

Times are whole microseconds since 1970, UTC; peaks are in the unit of the sensor's quantity (g, uV
or kg).
"""

from collections.abc import Callable, Mapping
from typing import Final, assert_never

import msgspec

from limber_bridge.detection.events import (
    Awakening,
    BedTransition,
    ClockStep,
    Cramp,
    Event,
    Factor,
    Gap,
    Movement,
    PlacementCheck,
    PositionChange,
    RhythmicTrain,
    Series,
    SignalFault,
    Twitch,
    UnilateralMovement,
)
from limber_bridge.storage.records.enum_names import (
    CERTAINTIES,
    FACTORS,
    FAULTS,
    GRADES,
    METHODS,
    PLACEMENT_VERDICTS,
    SIDES,
)
from limber_bridge.storage.records.payload import (
    Count,
    Fields,
    NewerRecordError,
    Number,
    PayloadFormat,
    Time,
    UnreadableRecordError,
    Whole,
    renamed,
    unchanged,
)


class UnilateralMovementRecord(msgspec.Struct, frozen=True):
    """One movement of one leg, as a part of a movement."""

    side: str | None
    onset: Time
    end: Time
    peak: Number
    grade: str
    position_changed: bool


class MovementRecord(msgspec.Struct, frozen=True):
    """A leg movement."""

    onset: Time
    end: Time
    parts: list[UnilateralMovementRecord]
    candidate: bool


class PositionChangeRecord(msgspec.Struct, frozen=True):
    """A change of position."""

    onset: Time
    end: Time


class TwitchRecord(msgspec.Struct, frozen=True):
    """A movement that is too short for a leg movement."""

    side: str | None
    onset: Time
    end: Time
    peak: Number


class RhythmicTrainRecord(msgspec.Struct, frozen=True):
    """A rhythmic train of one leg."""

    side: str | None
    onset: Time
    end: Time
    bursts: Count


class SeriesRecord(msgspec.Struct, frozen=True):
    """A periodic series."""

    onset: Time
    end: Time
    last_onset: Time
    movements: Count
    ended: bool


class BedTransitionRecord(msgspec.Struct, frozen=True):
    """Going to bed or leaving it."""

    onset: Time
    in_bed: bool
    method: str | None


class GapRecord(msgspec.Struct, frozen=True):
    """A time in which one sensor did not measure."""

    sensor: Count
    onset: Time
    end: Time


class ClockStepRecord(msgspec.Struct, frozen=True):
    """A change of the host's clock."""

    onset: Time
    offset: Whole


class SignalFaultRecord(msgspec.Struct, frozen=True):
    """A fault of one sensor's signal."""

    sensor: Count
    onset: Time
    end: Time | None
    fault: str


class CrampRecord(msgspec.Struct, frozen=True):
    """A possible or probable muscle cramp."""

    onset: Time
    end: Time | None
    certainty: str
    reason: str
    strength: Number | None
    features: dict[str, Number]


class AwakeningRecord(msgspec.Struct, frozen=True):
    """A sudden awakening."""

    onset: Time


class FactorRecord(msgspec.Struct, frozen=True):
    """Something that the sleeper did or took."""

    onset: Time
    factor: str
    note: str | None


class PlacementCheckRecord(msgspec.Struct, frozen=True):
    """A guided check of a sensor's placement."""

    onset: Time
    end: Time
    sensor: Count
    verdict: str
    noise: Number | None
    pulls: list[Number]
    position_changed: bool | None
    lost_share: Number


def upgrade_movement_0(fields: Fields) -> Fields:
    """Give `turned` its name; peak, grade and `turned` could be missing."""
    names = {
        "side": "side",
        "onset": "onset",
        "end": "end",
        "peak": "peak",
        "grade": "grade",
        "turned": "position_changed",
    }
    defaults = {"peak": 0.0, "grade": "mild", "turned": False}
    return {**fields, "parts": [renamed(part, names, defaults) for part in fields["parts"]]}


def upgrade_rhythmic_train_0(fields: Fields) -> Fields:
    """Give `beats` its name."""
    return renamed(fields, {"side": "side", "onset": "onset", "end": "end", "beats": "bursts"})


def upgrade_series_0(fields: Fields) -> Fields:
    """Give `last` its name."""
    names = {
        "onset": "onset",
        "end": "end",
        "last": "last_onset",
        "movements": "movements",
        "ended": "ended",
    }
    return renamed(fields, names)


def upgrade_bed_0(fields: Fields) -> Fields:
    """Fill in `method`, which could be missing."""
    return {"method": None, **fields}


def upgrade_clock_step_0(fields: Fields) -> Fields:
    """Give `by` its name."""
    return renamed(fields, {"onset": "onset", "by": "offset"})


def upgrade_cramp_0(fields: Fields) -> Fields:
    """Fill in `strength` and `features`, which could be missing."""
    return {"strength": None, "features": {}, **fields}


def upgrade_factor_0(fields: Fields) -> Fields:
    """Fill in `note`, which could be missing."""
    return {"note": None, **fields}


MOVEMENT: Final = PayloadFormat("movement", MovementRecord, (upgrade_movement_0,))
POSITION_CHANGE: Final = PayloadFormat("position_change", PositionChangeRecord, (unchanged,))
TWITCH: Final = PayloadFormat("twitch", TwitchRecord, (unchanged,))
RHYTHMIC_TRAIN: Final = PayloadFormat(
    "rhythmic_train", RhythmicTrainRecord, (upgrade_rhythmic_train_0,)
)
SERIES: Final = PayloadFormat("series", SeriesRecord, (upgrade_series_0,))
BED: Final = PayloadFormat("bed", BedTransitionRecord, (upgrade_bed_0,))
GAP: Final = PayloadFormat("gap", GapRecord, (unchanged,))
CLOCK_STEP: Final = PayloadFormat("clock_step", ClockStepRecord, (upgrade_clock_step_0,))
SIGNAL_FAULT: Final = PayloadFormat("signal_fault", SignalFaultRecord, (unchanged,))
CRAMP: Final = PayloadFormat("cramp", CrampRecord, (upgrade_cramp_0,))
AWAKENING: Final = PayloadFormat("awakening", AwakeningRecord, (unchanged,))
FACTOR: Final = PayloadFormat("factor", FactorRecord, (upgrade_factor_0,))
PLACEMENT_CHECK: Final = PayloadFormat("placement_check", PlacementCheckRecord, (unchanged,))

EVENT_FORMATS: Final = (
    MOVEMENT,
    POSITION_CHANGE,
    TWITCH,
    RHYTHMIC_TRAIN,
    SERIES,
    BED,
    GAP,
    CLOCK_STEP,
    SIGNAL_FAULT,
    CRAMP,
    AWAKENING,
    FACTOR,
    PLACEMENT_CHECK,
)
UNSENT_KINDS: Final = (
    "twitch",
    "rhythmic_train",
    "signal_fault",
    "placement_check",
)
"""Kinds of events that are neither published nor in the response to a request."""


def encode_event(event: Event) -> tuple[str, str]:  # noqa: C901, PLR0911, PLR0912 - a case a kind
    """Return the name of an event's kind in the journal, and its payload."""
    match event:
        case Movement():
            return MOVEMENT.name, MOVEMENT.encode(movement_record(event))
        case PositionChange():
            position = PositionChangeRecord(onset=event.onset, end=event.end)
            return POSITION_CHANGE.name, POSITION_CHANGE.encode(position)
        case Twitch():
            twitch = TwitchRecord(
                side=SIDES.optional_name(event.side),
                onset=event.onset,
                end=event.end,
                peak=event.peak,
            )
            return TWITCH.name, TWITCH.encode(twitch)
        case RhythmicTrain():
            train = RhythmicTrainRecord(
                side=SIDES.optional_name(event.side),
                onset=event.onset,
                end=event.end,
                bursts=event.beats,
            )
            return RHYTHMIC_TRAIN.name, RHYTHMIC_TRAIN.encode(train)
        case Series():
            series = SeriesRecord(
                onset=event.onset,
                end=event.end,
                last_onset=event.last,
                movements=event.movements,
                ended=event.ended,
            )
            return SERIES.name, SERIES.encode(series)
        case BedTransition():
            bed = BedTransitionRecord(
                onset=event.onset,
                in_bed=event.in_bed,
                method=METHODS.optional_name(event.method),
            )
            return BED.name, BED.encode(bed)
        case Gap():
            gap = GapRecord(sensor=event.sensor, onset=event.onset, end=event.end)
            return GAP.name, GAP.encode(gap)
        case ClockStep():
            step = ClockStepRecord(onset=event.onset, offset=event.by)
            return CLOCK_STEP.name, CLOCK_STEP.encode(step)
        case SignalFault():
            fault = SignalFaultRecord(
                sensor=event.sensor,
                onset=event.onset,
                end=event.end,
                fault=FAULTS.name(event.fault),
            )
            return SIGNAL_FAULT.name, SIGNAL_FAULT.encode(fault)
        case Cramp():
            return CRAMP.name, CRAMP.encode(cramp_record(event))
        case Awakening():
            return AWAKENING.name, AWAKENING.encode(AwakeningRecord(onset=event.onset))
        case Factor():
            factor = FactorRecord(
                onset=event.onset, factor=FACTORS.name(event.factor), note=event.note
            )
            return FACTOR.name, FACTOR.encode(factor)
        case PlacementCheck():
            return PLACEMENT_CHECK.name, PLACEMENT_CHECK.encode(placement_check_record(event))
        case _:
            assert_never(event)


def movement_record(event: Movement) -> MovementRecord:
    """Return a movement as its record."""
    parts = [
        UnilateralMovementRecord(
            side=SIDES.optional_name(part.side),
            onset=part.onset,
            end=part.end,
            peak=part.peak,
            grade=GRADES.name(part.grade),
            position_changed=part.turned,
        )
        for part in event.parts
    ]
    return MovementRecord(onset=event.onset, end=event.end, parts=parts, candidate=event.candidate)


def cramp_record(event: Cramp) -> CrampRecord:
    """Return a cramp as its record."""
    return CrampRecord(
        onset=event.onset,
        end=event.end,
        certainty=CERTAINTIES.name(event.certainty),
        reason=event.reason,
        strength=event.strength,
        features=dict(event.features),
    )


def placement_check_record(event: PlacementCheck) -> PlacementCheckRecord:
    """Return a guided check as its record."""
    return PlacementCheckRecord(
        onset=event.onset,
        end=event.end,
        sensor=event.sensor,
        verdict=PLACEMENT_VERDICTS.name(event.verdict),
        noise=event.noise,
        pulls=list(event.pulls),
        position_changed=event.position_changed,
        lost_share=event.lost_share,
    )


def decode_event(kind: str, payload: str) -> Event:
    """Return the event in a row of the journal.

    Raises UnreadableRecordError; NewerRecordError for a kind that this version does not know.
    """
    decoder = DECODERS.get(kind)
    if decoder is None:
        raise NewerRecordError(f"unknown kind of event {kind!r}; update the bridge")
    return decoder(payload)


def decode_movement(payload: str | Fields) -> Movement:
    """Return a movement; UnreadableRecordError."""
    record = MOVEMENT.decode(payload)
    if not record.parts:
        raise UnreadableRecordError("movement: it has no parts")
    parts = tuple(
        UnilateralMovement(
            side=SIDES.optional_member(part.side),
            onset=part.onset,
            end=part.end,
            peak=part.peak,
            grade=GRADES.member(part.grade),
            turned=part.position_changed,
        )
        for part in record.parts
    )
    return Movement(onset=record.onset, end=record.end, parts=parts, candidate=record.candidate)


def decode_position_change(payload: str | Fields) -> PositionChange:
    """Return a change of position; UnreadableRecordError."""
    record = POSITION_CHANGE.decode(payload)
    return PositionChange(onset=record.onset, end=record.end)


def decode_twitch(payload: str | Fields) -> Twitch:
    """Return a twitch; UnreadableRecordError."""
    record = TWITCH.decode(payload)
    return Twitch(
        side=SIDES.optional_member(record.side),
        onset=record.onset,
        end=record.end,
        peak=record.peak,
    )


def decode_rhythmic_train(payload: str | Fields) -> RhythmicTrain:
    """Return a rhythmic train; UnreadableRecordError."""
    record = RHYTHMIC_TRAIN.decode(payload)
    return RhythmicTrain(
        side=SIDES.optional_member(record.side),
        onset=record.onset,
        end=record.end,
        beats=record.bursts,
    )


def decode_series(payload: str | Fields) -> Series:
    """Return a series; UnreadableRecordError."""
    record = SERIES.decode(payload)
    return Series(
        onset=record.onset,
        end=record.end,
        last=record.last_onset,
        movements=record.movements,
        ended=record.ended,
    )


def decode_bed(payload: str | Fields) -> BedTransition:
    """Return a bed transition; UnreadableRecordError."""
    record = BED.decode(payload)
    return BedTransition(
        onset=record.onset,
        in_bed=record.in_bed,
        method=METHODS.optional_member(record.method),
    )


def decode_gap(payload: str | Fields) -> Gap:
    """Return a gap; UnreadableRecordError."""
    record = GAP.decode(payload)
    return Gap(sensor=record.sensor, onset=record.onset, end=record.end)


def decode_clock_step(payload: str | Fields) -> ClockStep:
    """Return a clock step; UnreadableRecordError."""
    record = CLOCK_STEP.decode(payload)
    return ClockStep(onset=record.onset, by=record.offset)


def decode_signal_fault(payload: str | Fields) -> SignalFault:
    """Return a signal fault; UnreadableRecordError."""
    record = SIGNAL_FAULT.decode(payload)
    return SignalFault(
        sensor=record.sensor,
        onset=record.onset,
        end=record.end,
        fault=FAULTS.member(record.fault),
    )


def decode_cramp(payload: str | Fields) -> Cramp:
    """Return a cramp; UnreadableRecordError."""
    record = CRAMP.decode(payload)
    return Cramp(
        onset=record.onset,
        end=record.end,
        certainty=CERTAINTIES.member(record.certainty),
        reason=record.reason,
        strength=record.strength,
        features=record.features,
    )


def decode_awakening(payload: str | Fields) -> Awakening:
    """Return an awakening; UnreadableRecordError."""
    return Awakening(onset=AWAKENING.decode(payload).onset)


def decode_factor(payload: str | Fields) -> Factor:
    """Return a factor; UnreadableRecordError."""
    record = FACTOR.decode(payload)
    return Factor(onset=record.onset, factor=FACTORS.member(record.factor), note=record.note)


def decode_placement_check(payload: str | Fields) -> PlacementCheck:
    """Return a guided check; UnreadableRecordError."""
    record = PLACEMENT_CHECK.decode(payload)
    return PlacementCheck(
        onset=record.onset,
        end=record.end,
        sensor=record.sensor,
        verdict=PLACEMENT_VERDICTS.member(record.verdict),
        noise=record.noise,
        pulls=tuple(record.pulls),
        position_changed=record.position_changed,
        lost_share=record.lost_share,
    )


DECODERS: Final[Mapping[str, Callable[[str], Event]]] = {
    MOVEMENT.name: decode_movement,
    POSITION_CHANGE.name: decode_position_change,
    TWITCH.name: decode_twitch,
    RHYTHMIC_TRAIN.name: decode_rhythmic_train,
    SERIES.name: decode_series,
    BED.name: decode_bed,
    GAP.name: decode_gap,
    CLOCK_STEP.name: decode_clock_step,
    SIGNAL_FAULT.name: decode_signal_fault,
    CRAMP.name: decode_cramp,
    AWAKENING.name: decode_awakening,
    FACTOR.name: decode_factor,
    PLACEMENT_CHECK.name: decode_placement_check,
}
