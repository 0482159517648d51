"""What a perfect scorer would say of a simulated night, and what it would not take for a movement."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.events import Certainty, Cramp, UnilateralMovement
from limber_bridge.detection.measures import ScoringInput, measures
from limber_bridge.detection.night_score import NightScore
from limber_bridge.detection.rules import WASM_2016, RuleSet
from limber_bridge.detection.scoring import score
from limber_bridge.detection.signal import SECOND, Placement, Quantity, Sensor
from limber_bridge.detection.sleep import Span
from limber_bridge.simulation.night import (
    Decoy,
    Hum,
    Jolt,
    Partner,
    Plan,
    Pop,
    Slip,
    Stretch,
    Tone,
    Train,
    between,
)
from limber_bridge.simulation.sampling import gaps_of

SHORTEST: Final = 0.5
"""s; what moves for less is a twitch (WASM 2016 and AASM alike)."""

type Grading = Callable[[Sensor, UnilateralMovement], UnilateralMovement]
"""Gives a part its peak and its grade."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a perfect scorer would say."""

    night: NightScore
    cramps: tuple[Cramp, ...]
    gaps: tuple[Span, ...]
    """us."""


@dataclass(frozen=True, slots=True)
class Distractor:
    """Something that shows in the signals and is no leg movement."""

    kind: str
    onset: float
    duration: float


def truth(
    night: Plan,
    sensors: Sequence[Sensor],
    rate: float = 50.0,
    grading: Grading | None = None,
    rules: RuleSet = WASM_2016,
) -> Truth:
    """Return the truth of a plan for sensors that record at `rate` Hz (it decides which losses are
    gaps).
    """
    in_bed = spans(night.in_bed)
    asleep = spans(night.asleep)
    gaps = spans(gaps_of(night, rate))
    marks = [
        part if grading is None else grading(sensor, part)
        for sensor in sensors
        for part in parts(night, sensor)
    ]
    scoring = score(marks, rules, asleep=asleep)
    cramps = tuple(
        Cramp(micros(spasm.onset), micros(spasm.end), Certainty.PROBABLE, "planned")
        for spasm in night.spasms
    )
    others = [other.kind for sensor in sensors for other in not_movements(night, sensor)]
    figures = measures(
        ScoringInput(
            scoring=scoring,
            rules=rules,
            in_bed=in_bed,
            asleep=asleep,
            gaps=gaps,
            blind=gaps,
            cramps=cramps,
            certainties=tuple(Certainty),
            twitches=others.count("twitch"),
            rhythmic=others.count("train"),
        )
    )
    return Truth(NightScore(scoring, in_bed, asleep, gaps, figures), cramps, gaps)


def parts(night: Plan, sensor: Sensor) -> Iterator[UnilateralMovement]:
    """Yield what moves where a sensor is, as marks; of what a gap cuts, the pieces that were
    recorded.

    Turning over is a change of posture to a sensor at the ankle. To EMG and in the bed it is
    movement like any other. A calf marks nothing: its muscle is for cramps.
    """
    if sensor.placement is Placement.CALF:
        return
    turned = sensor.placement is Placement.ANKLE
    for onset, end, turns in happening(night, sensor):
        for begin, until in between(onset, end, night.gaps):
            if turns or until - begin >= SHORTEST:
                yield UnilateralMovement(
                    sensor.side, micros(begin), micros(until), turned=turns and turned
                )


def happening(night: Plan, sensor: Sensor) -> Iterator[tuple[float, float, bool]]:
    """Yield onset and end of all that moves, and whether the limb rests in another direction
    afterwards.
    """
    for kick in night.kicks:
        if sensor.side in (None, kick.side) and kick.duration >= SHORTEST:
            yield kick.onset, kick.end, False
    for unrest in night.unrests:
        yield unrest.onset, unrest.onset + unrest.duration, False
    for turn in night.turns:
        yield turn.onset, turn.onset + turn.duration, True
    for spasm in night.spasms:
        yield spasm.response, spasm.end, spasm.up
    # To EMG getting up, walking and lying down are one long movement.
    for walk in night.walks if sensor.quantity is Quantity.EMG else ():
        yield walk.onset, walk.end, False


def not_movements(night: Plan, sensor: Sensor) -> Iterator[Distractor]:
    """Yield what a sensor shows and what is no movement of the sleeper's leg, in no order."""
    for kick in night.kicks:
        if sensor.side in (None, kick.side) and kick.duration < SHORTEST:
            yield Distractor("twitch", kick.onset, kick.duration)
    if sensor.placement is Placement.ANKLE:
        yield from (Distractor("posture", turn.onset, turn.duration) for turn in night.turns)
    yield from (Distractor("walk", walk.onset, walk.end - walk.onset) for walk in night.walks)
    for decoy in night.decoys:
        if feels(sensor, decoy):
            yield Distractor(type(decoy).__name__.lower(), decoy.onset, decoy.duration)


def feels(sensor: Sensor, decoy: Decoy) -> bool:
    """Return whether a decoy reaches a sensor."""
    match decoy:
        case Train(side):
            return sensor.side in (None, side) and sensor.placement is not Placement.CALF
        case Partner():
            return sensor.quantity is not Quantity.EMG
        case Slip(side) | Jolt(side):
            return (sensor.placement, sensor.side) == (Placement.ANKLE, side)
        case Pop(side):
            return (sensor.quantity, sensor.side) == (Quantity.EMG, side)
        case Hum():
            return sensor.quantity is Quantity.EMG
        case Tone():
            return sensor.placement is Placement.CALF


def spans(seconds: Iterable[Stretch]) -> tuple[Span, ...]:
    """Return spans in whole microseconds."""
    return tuple((micros(begin), micros(end)) for begin, end in seconds)


def micros(seconds: float) -> int:
    """Return seconds as whole microseconds."""
    return round(seconds * SECOND)
