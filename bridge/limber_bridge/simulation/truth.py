"""The truth of a simulated night: what a perfect scorer would find, and what it would not count."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.events import Certainty, Cramp, UnilateralMovement
from limber_bridge.detection.measures import compute_measures
from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.rules import WASM_2016, RuleSet
from limber_bridge.detection.scoring import score_movements
from limber_bridge.detection.scoring_input import ScoringInput
from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor
from limber_bridge.detection.spans import Span
from limber_bridge.simulation.night import (
    CarriedKick,
    Distractor,
    ElectrodePop,
    MainsHum,
    NightPlan,
    PartnerMovement,
    RhythmicMovement,
    StrapKnock,
    StrapSlip,
    TimeRange,
    TonicTension,
    remaining_ranges,
)
from limber_bridge.simulation.sampling import visible_gaps

MIN_MOVEMENT_S: Final = 0.5
"""Shorter movements are twitches; WASM 2016 and AASM, docs/science.md#twitches."""
KIND_TWITCH: Final = "twitch"
KIND_TURN: Final = "posture"
KIND_WALK: Final = "walk"
KIND_TRAIN: Final = "train"
KIND_PARTNER: Final = "partner"
DISTRACTOR_KINDS: Final[Mapping[type[Distractor], str]] = {
    RhythmicMovement: KIND_TRAIN,
    PartnerMovement: KIND_PARTNER,
    CarriedKick: "coupling",
    StrapSlip: "slip",
    StrapKnock: "jolt",
    ElectrodePop: "pop",
    MainsHum: "hum",
    TonicTension: "tone",
}
"""`kind` in the file NIGHT.truth.json: part of the file format, independent of the class names."""

type GradeMovement = Callable[[Sensor, UnilateralMovement], UnilateralMovement]
"""Returns a movement of a sensor with its peak and its grade."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a perfect scorer would find."""

    night: NightScore
    cramps: tuple[Cramp, ...]
    gaps: tuple[Span, ...]
    """us."""


@dataclass(frozen=True, slots=True)
class NonMovement:
    """Something that appears in the signals but is not a leg movement; times in s."""

    kind: str
    onset: float
    duration: float


def find_truth(
    plan: NightPlan,
    sensors: Sequence[Sensor],
    rate: float = 50.0,
    grade_movement: GradeMovement | None = None,
    rules: RuleSet = WASM_2016,
) -> Truth:
    """Return the truth of a night for sensors that record at `rate` Hz.

    The rate decides which losses of samples are gaps.
    """
    in_bed = to_spans(plan.in_bed)
    asleep = to_spans(plan.asleep)
    gaps = to_spans(visible_gaps(plan, rate))
    movements = [
        movement if grade_movement is None else grade_movement(sensor, movement)
        for sensor in sensors
        for movement in true_movements(plan, sensor)
    ]
    scoring = score_movements(movements, rules, asleep=asleep)
    cramps = tuple(
        Cramp(to_us(cramp.onset), to_us(cramp.end), Certainty.PROBABLE, "planned")
        for cramp in plan.cramps
    )
    kinds = [one.kind for sensor in sensors for one in non_movements(plan, sensor)]
    night_measures = compute_measures(
        ScoringInput(
            scoring=scoring,
            rules=rules,
            in_bed=in_bed,
            asleep=asleep,
            gaps=gaps,
            movement_gaps=gaps,
            sides={
                sensor.side
                for sensor in sensors
                if sensor.side is not None and sensor.placement is not Placement.CALF
            },
            cramps=cramps,
            certainties=tuple(Certainty),
            twitches=kinds.count(KIND_TWITCH),
            rhythmic_trains=kinds.count(KIND_TRAIN),
        )
    )
    return Truth(NightScore(scoring, in_bed, asleep, gaps, night_measures), cramps, gaps)


def true_movements(plan: NightPlan, sensor: Sensor) -> Iterator[UnilateralMovement]:
    """Yield the movements at a sensor; of one that a gap cuts, the recorded pieces.

    Turning over is a change of position for a sensor at the ankle or in the bed; for EMG it is a
    movement like any other. A sensor at the calf has no movements: it is used for cramps only.
    """
    if sensor.placement is Placement.CALF:
        return
    sees_turns = sensor.quantity is not Quantity.EMG
    for onset, end, turned in _moving_ranges(plan, sensor):
        for begin, until in remaining_ranges(onset, end, plan.gaps):
            if turned or until - begin >= MIN_MOVEMENT_S:
                yield UnilateralMovement(
                    sensor.side, to_us(begin), to_us(until), turned=turned and sees_turns
                )


def _moving_ranges(plan: NightPlan, sensor: Sensor) -> Iterator[tuple[float, float, bool]]:
    """Yield onset and end of every movement, and whether it changes the position of the limb.

    In the bed every gross movement of more than 10 s counts as a change of position.
    """
    in_bed = sensor.placement is Placement.BED
    for kick in plan.kicks:
        if sensor.side in (None, kick.side) and kick.duration >= MIN_MOVEMENT_S:
            yield kick.onset, kick.end, False
    for movement in plan.gross_movements:
        yield movement.onset, movement.onset + movement.duration, in_bed
    for turn in plan.turns:
        yield turn.onset, turn.onset + turn.duration, True
    for cramp in plan.cramps:
        yield cramp.response, cramp.end, cramp.gets_up or in_bed
    # For EMG, getting up, walking and lying down is one long movement.
    for walk in plan.walks if sensor.quantity is Quantity.EMG else ():
        yield walk.onset, walk.end, False


def non_movements(plan: NightPlan, sensor: Sensor) -> Iterator[NonMovement]:
    """Yield what a sensor shows besides movements of the sleeper's leg, in no order."""
    for kick in plan.kicks:
        if sensor.side in (None, kick.side) and kick.duration < MIN_MOVEMENT_S:
            yield NonMovement(KIND_TWITCH, kick.onset, kick.duration)
    for turn in plan.turns if sensor.quantity is not Quantity.EMG else ():
        yield NonMovement(KIND_TURN, turn.onset, turn.duration)
    for walk in plan.walks:
        yield NonMovement(KIND_WALK, walk.onset, walk.end - walk.onset)
    for distractor in plan.distractors:
        if reaches(distractor, sensor):
            yield NonMovement(kind_of(distractor), distractor.onset, distractor.duration)


def kind_of(distractor: Distractor) -> str:
    """Return the `kind` of a distractor in the file."""
    if isinstance(distractor, CarriedKick) and distractor.from_partner:
        return KIND_PARTNER
    return DISTRACTOR_KINDS[type(distractor)]


def reaches(distractor: Distractor, sensor: Sensor) -> bool:
    """Return whether a distractor shows at a sensor."""
    match distractor:
        case RhythmicMovement(side):
            return sensor.side in (None, side) and sensor.placement is not Placement.CALF
        case PartnerMovement():
            return sensor.quantity is not Quantity.EMG
        case CarriedKick(side) | StrapSlip(side) | StrapKnock(side):
            return (sensor.placement, sensor.side) == (Placement.ANKLE, side)
        case ElectrodePop(side):
            return (sensor.quantity, sensor.side) == (Quantity.EMG, side)
        case MainsHum():
            return sensor.quantity is Quantity.EMG
        case TonicTension():
            return sensor.placement is Placement.CALF


def to_spans(ranges: Iterable[TimeRange]) -> tuple[Span, ...]:
    """Return ranges in s as spans in us."""
    return tuple((to_us(begin), to_us(end)) for begin, end in ranges)


def to_us(seconds: float) -> int:
    """Return s as whole us."""
    return round(seconds * SECOND)
