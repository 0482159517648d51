"""What happened: a closed union of frozen records. Times are whole microseconds on the clock of the
samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from limber_bridge.detection.signal import Side


class Grade(StrEnum):
    """How strong a movement was; the limits for each kind of sensor stand in `movement.RULES`."""

    MILD = "mild"
    MODERATE = "moderate"
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class UnilateralMovement:
    """One uninterrupted movement of one leg (or of the bed), before the legs are combined."""

    side: Side | None
    onset: int
    end: int
    peak: float = 0.0
    """Highest level, in the unit of the sensor's quantity; 0 where someone else marked the
    movement."""
    grade: Grade = Grade.MILD
    turned: bool = False
    """The limb rests in another direction afterwards: a change of posture, not a leg movement."""

    @property
    def duration(self) -> int:
        """Us."""
        return self.end - self.onset

    def joined(self, later: Self) -> Self:
        """Return this part and a later one of the same leg as one, as strong as the stronger."""
        stronger = max(self, later, key=lambda part: part.peak)
        return replace(self, end=max(self.end, later.end), peak=stronger.peak, grade=stronger.grade)


@dataclass(frozen=True, slots=True)
class Movement:
    """A leg movement (LM) of one or both legs."""

    onset: int
    end: int
    parts: tuple[UnilateralMovement, ...]
    """In order of onset; what it takes to combine the legs anew under other rules."""
    candidate: bool
    """Whether it is a CLM under the rules that were in force."""

    @property
    def duration(self) -> int:
        """Us."""
        return self.end - self.onset

    @property
    def bilateral(self) -> bool:
        """Whether both legs took part."""
        return len({part.side for part in self.parts}) > 1

    @property
    def side(self) -> str | None:
        """`left`, `right`, `both`, or None where it is not known."""
        return "both" if self.bilateral else self.parts[0].side

    @property
    def peak(self) -> float:
        """Highest level of any part."""
        return max(part.peak for part in self.parts)

    @property
    def grade(self) -> Grade:
        """Grade of the part with the highest level."""
        return max(self.parts, key=lambda part: part.peak).grade


@dataclass(frozen=True, slots=True)
class PositionChange:
    """A change of posture: the limb came to rest in another direction. It is in no count."""

    onset: int
    end: int

    @property
    def duration(self) -> int:
        """Us."""
        return self.end - self.onset


@dataclass(frozen=True, slots=True)
class Twitch:
    """A movement of one leg that is too short for a leg movement: under 0.5 s. It is in no count
    but its own.
    """

    side: Side | None
    onset: int
    end: int
    peak: float
    """Highest level, in the unit of the sensor's quantity."""


@dataclass(frozen=True, slots=True)
class RhythmicTrain:
    """A rhythmic train of one leg (HFT, ALMA, rhythmic feet: science reference 1.6). It is no leg
    movement.
    """

    side: Side | None
    onset: int
    end: int
    beats: int
    """Bursts in it, about."""


@dataclass(frozen=True, slots=True)
class Series:
    """A periodic series: told once when it has enough movements, and once more when it has ended."""

    onset: int
    end: int
    """Offset of its last movement so far."""
    last: int
    """Onset of its last movement so far."""
    movements: int
    ended: bool


class Method(StrEnum):
    """What "in bed" rests on."""

    LOAD = "load"
    """Weight on the cells under the bed."""
    ANKLE = "ankle"
    """A worn sensor that neither walks nor stands: "worn and lying" at best (science reference
    6.3)."""
    BED_MOVEMENT = "bed_movement"
    """Something moves in the bed now and then."""
    RECORDED = "recorded"
    """Electrodes are worn in bed only: as long as there is a signal."""


@dataclass(frozen=True, slots=True)
class BedTransition:
    """Went to bed or left it."""

    onset: int
    """When it began; it may be known some minutes later only."""
    in_bed: bool
    method: Method | None = None
    """What it rests on."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing was measured by one sensor: never to be read as "nothing moved"."""

    sensor: int
    onset: int
    """Time of the last good sample before it."""
    end: int
    """Time of the first good sample after it."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """Somebody set the clock of the host: times before and after it do not belong together."""

    onset: int
    """The time that it was set to."""
    by: int
    """us; negative: it was set back."""


class FaultKind(StrEnum):
    """What may be wrong with a signal that is there."""

    HEART_BEAT = "heart_beat"
    """The heart is in the EMG; it is taken out of the resting signal."""
    MAINS_HUM = "mains_hum"
    """50 or 60 Hz in the EMG: an electrode is loose, or something electric is near. Weak movements
    drown in it."""
    NOT_WORN = "not_worn"
    """Nothing ever moves, or the amplifier shows less than its own noise: the sensor lies
    somewhere, or is off."""
    STRAP_LOOSE = "strap_loose"
    """The sensor turns while nothing moves."""


@dataclass(frozen=True, slots=True)
class SignalFault:
    """Something was wrong with the signal of one sensor for a while."""

    sensor: int
    onset: int
    end: int | None
    """None while it lasts."""
    fault: FaultKind


class Certainty(StrEnum):
    """What the signals allow to say of a cramp."""

    POSSIBLE = "possible"
    PROBABLE = "probable"


@dataclass(frozen=True, slots=True)
class Cramp:
    """Something like a muscle cramp."""

    onset: int
    end: int | None
    """None while it lasts."""
    certainty: Certainty
    reason: str
    """In words for a person."""
    strength: float | None = None
    """How far beyond the rule it lies: the threshold up to which it would be told, 1.0 being the
    rule as it is written. None where nobody measured it."""
    features: Mapping[str, float] = field(default_factory=dict)
    """What the signals showed, by name (docs/cramps.md); what could not be told is left out."""


class FactorKind(StrEnum):
    """What may bear on a night."""

    STRETCHING = "stretching"
    MAGNESIUM = "magnesium"
    ALCOHOL = "alcohol"
    CAFFEINE = "caffeine"
    EXERCISE = "exercise"
    WARM_BATH = "warm_bath"
    WATER = "water"
    MEDICINE = "medicine"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Factor:
    """Somebody said that the sleeper did or took something. No sensor saw it, and it is in no
    measure.
    """

    onset: int
    factor: FactorKind
    note: str | None = None
    """In that person's words."""


type Event = (
    Movement
    | PositionChange
    | Twitch
    | RhythmicTrain
    | Series
    | BedTransition
    | Gap
    | SignalFault
    | Cramp
    | ClockStep
    | Factor
)


KINDS: Final[Mapping[type[Event], str]] = {
    Movement: "movement",
    PositionChange: "position_change",
    Twitch: "twitch",
    RhythmicTrain: "rhythmic_train",
    Series: "series",
    BedTransition: "bed",
    Gap: "gap",
    ClockStep: "clock_step",
    SignalFault: "signal_fault",
    Cramp: "cramp",
    Factor: "factor",
}
"""The name of each kind of event in the journal and in exports."""


def event_kind(event: Event) -> str:
    """Return the name of an event's kind."""
    return KINDS[type(event)]


def event_id(event: Event) -> str:
    """Return an id made from what the event is, unique for a sleeper: found again after a crash, it
    counts once.

    A series, a flaw and a cramp keep theirs while they last.
    """
    match event:
        case Movement() | Twitch() | RhythmicTrain():
            return f"{event_kind(event)}-{event.onset}-{event.side or 'any'}"
        case Gap():
            return f"gap-{event.onset}-{event.sensor}"
        case SignalFault():
            return f"signal_fault-{event.onset}-{event.sensor}-{event.fault}"
        case Factor():
            return f"factor-{event.onset}-{event.factor}"
        case _:
            return f"{event_kind(event)}-{event.onset}"
