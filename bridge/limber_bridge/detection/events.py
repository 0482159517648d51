"""What the detection reports: a closed union of frozen records.

Times and durations are whole microseconds on the clock of the samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from limber_bridge.detection.limb_motion import LimbMotion
from limber_bridge.detection.signal import Side


class Grade(StrEnum):
    """How strong a movement was (docs/science.md#grades)."""

    MILD = "mild"
    MODERATE = "moderate"
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class UnilateralMovement:
    """An uninterrupted movement of one leg (or of the bed), before the legs are combined."""

    side: Side | None
    onset: int
    end: int
    peak: float = 0.0
    """Highest level, in the unit of the sensor's quantity; 0 if it was marked by hand."""
    grade: Grade = Grade.MILD
    turned: bool = False
    """Whether the limb rests in another direction afterwards: a position change and no leg
    movement."""
    motion: LimbMotion | None = field(default=None, compare=False, repr=False)
    """Motion of the leg, for the comparison with the other leg; None after that, and for EMG."""

    @property
    def duration(self) -> int:
        """Duration in us."""
        return self.end - self.onset

    def joined(self, later: Self) -> Self:
        """Return this movement and a later one of the same leg as one with the higher peak."""
        stronger = max(self, later, key=lambda part: part.peak)
        motion = stronger.motion
        if self.turned and self.motion is not None and later.motion is not None:
            # A leg may turn in two steps, each of which is small.
            whole = self.motion.joined(later.motion)
            motion = max(stronger.motion or whole, whole, key=lambda one: one.turn_degrees)
        return replace(stronger, onset=self.onset, end=max(self.end, later.end), motion=motion)


@dataclass(frozen=True, slots=True)
class Movement:
    """A leg movement (LM) of one or both legs."""

    onset: int
    end: int
    parts: tuple[UnilateralMovement, ...]
    """The movements of single legs, in order of onset. With them, the legs can be combined again
    under other rules."""
    candidate: bool
    """Whether it was a candidate (CLM) under the rules with which it was detected."""

    @property
    def duration(self) -> int:
        """Duration in us."""
        return self.end - self.onset

    @property
    def bilateral(self) -> bool:
        """Whether both legs took part."""
        return len({part.side for part in self.parts}) > 1

    @property
    def side(self) -> str | None:
        """`left`, `right` or `both`; None if it is not known."""
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
    """The limb came to rest in another direction; it is not a leg movement.

    See docs/science.md#position-changes.
    """

    onset: int
    end: int

    @property
    def duration(self) -> int:
        """Duration in us."""
        return self.end - self.onset


@dataclass(frozen=True, slots=True)
class Twitch:
    """A movement of one leg that is shorter than a leg movement: less than 0.5 s.

    It counts as a twitch only (docs/science.md#twitches).
    """

    side: Side | None
    onset: int
    end: int
    peak: float
    """Highest level, in the unit of the sensor's quantity."""


@dataclass(frozen=True, slots=True)
class RhythmicTrain:
    """A series of fast, even beats of one leg, such as ALMA or HFT; not a leg movement.

    See docs/science.md#rhythmic-trains.
    """

    side: Side | None
    onset: int
    end: int
    beats: int
    """Number of beats, approximately."""


@dataclass(frozen=True, slots=True)
class Series:
    """A periodic series of leg movements (docs/science.md#periodic-series).

    It is reported when it has enough movements, and again when it has ended.
    """

    onset: int
    end: int
    """Offset of its last movement so far."""
    last: int
    """Onset of its last movement so far."""
    movements: int
    ended: bool


class Method(StrEnum):
    """How it is known whether the sleeper is in bed (docs/science.md#in-bed)."""

    EXTERNAL = "external"
    """What a sensor outside of the bridge reports, such as one of Home Assistant."""
    LOAD = "load"
    """The weight on load cells under the bed."""
    ANKLE = "ankle"
    """The direction of a worn ankle sensor, and whether it walks. It shows "worn and lying" at best
    (docs/science.md#in-bed-at-the-ankle)."""
    BED_MOVEMENT = "bed_movement"
    """Movement, breath and heartbeat in the bed."""
    RECORDED = "recorded"
    """There is an EMG signal: electrodes are worn only in bed."""


@dataclass(frozen=True, slots=True)
class BedTransition:
    """The sleeper went to bed or got up."""

    onset: int
    """When it happened; it may become known minutes later."""
    in_bed: bool
    method: Method | None = None
    """How it is known."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which one sensor measured nothing; it does not mean that nothing moved."""

    sensor: int
    onset: int
    """Time of the last good sample before it."""
    end: int
    """Time of the first good sample after it."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The clock of the host was set; times before and after it cannot be compared."""

    onset: int
    """The time to which it was set."""
    by: int
    """us; negative if it was set back."""


class FaultKind(StrEnum):
    """What can be wrong with a signal (docs/science.md#signal-quality)."""

    HEART_BEAT = "heart_beat"
    """The EMG shows the heartbeat; it is removed from the signal at rest."""
    MAINS_HUM = "mains_hum"
    """50 or 60 Hz in the EMG, from a loose electrode or an electrical device nearby. It hides weak
    movements."""
    NOT_WORN = "not_worn"
    """Nothing moves for hours, or the amplifier shows less than its own noise: the sensor is not
    worn, or switched off."""
    STRAP_LOOSE = "strap_loose"
    """The sensor turns while the limb does not move."""


@dataclass(frozen=True, slots=True)
class SignalFault:
    """Something was wrong with the signal of one sensor.

    It is reported when it begins, and again when it has ended.
    """

    sensor: int
    onset: int
    end: int | None
    """None while it lasts."""
    fault: FaultKind


class Certainty(StrEnum):
    """How certain it is that there was a cramp (docs/science.md#cramps)."""

    POSSIBLE = "possible"
    PROBABLE = "probable"


@dataclass(frozen=True, slots=True)
class Cramp:
    """What looks like a muscle cramp.

    It is reported when it is recognized, and again when it has ended.
    """

    onset: int
    end: int | None
    """None while it lasts."""
    certainty: Certainty
    reason: str
    """For the user, in English."""
    strength: float | None = None
    """The highest threshold at which it would be reported; 1.0 is that of the rule itself
    (docs/science.md#cramp-strength). None if it was not measured."""
    features: Mapping[str, float] = field(default_factory=dict)
    """What the signals showed, by name (docs/cramps.md), without what they could not show."""


@dataclass(frozen=True, slots=True)
class Awakening:
    """Sudden vigorous movement after quiet sleep: a hint, which counts in no measure.

    See docs/science.md#awakenings.
    """

    onset: int


class FactorKind(StrEnum):
    """What may influence a night."""

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
    """What the sleeper did or took, as a person reported it; it affects no measure."""

    onset: int
    factor: FactorKind
    note: str | None = None
    """Free text of that person."""


class PlacementVerdict(StrEnum):
    """What a guided check of a sensor's placement has shown; persisted.

    The rules are in `domain.placement_verdicts`.
    """

    GOOD = "good"
    LOSES_SAMPLES = "loses_samples"
    WRONG_UNIT = "wrong_unit"
    WRONG_AXIS = "wrong_axis"
    TOO_NOISY = "too_noisy"
    MOVES_WHEN_STILL = "moves_when_still"
    LOOSE = "loose"
    NOT_WORN = "not_worn"
    NO_MOVEMENT = "no_movement"
    PULLS_TOO_SHORT = "pulls_too_short"
    TOO_FEW_PULLS = "too_few_pulls"
    TOO_MANY_PULLS = "too_many_pulls"
    TURN_COUNTED = "turn_counted"
    TURN_NOT_SEEN = "turn_not_seen"


@dataclass(frozen=True, slots=True)
class PlacementCheck:
    """A guided check of where and how a sensor is worn; it affects no measure."""

    onset: int
    end: int
    sensor: int
    verdict: PlacementVerdict
    noise: float | None
    """Median of the envelope while the person lay still, in the unit of the sensor's quantity; None
    if it was not measured."""
    pulls: tuple[float, ...]
    """Highest level of each movement that was seen while the person pulled the toes up."""
    position_changed: bool | None
    """Whether the turn was seen; None if the sensor shows no position, or the check ended before.
    """
    lost_share: float
    """Share of the samples that did not arrive; 0 to 1."""


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
    | Awakening
    | ClockStep
    | Factor
    | PlacementCheck
)


NOT_DETECTED: Final = (Factor, PlacementCheck)
"""Kinds of events that a person brings about. The detection of a night neither needs nor replaces
them."""


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
    Awakening: "awakening",
    Factor: "factor",
    PlacementCheck: "placement_check",
}
"""Name of each kind of event in the journal and in exports; persisted."""


def event_kind(event: Event) -> str:
    """Return the name of the kind of an event."""
    return KINDS[type(event)]


def event_id(event: Event) -> str:
    """Return an id that is unique among the events of a sleeper.

    It depends only on what the event is, so an event that is found again after a crash counts once.
    A series, a fault and a cramp have the same id in all of their reports.
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
        case PlacementCheck():
            return f"placement_check-{event.onset}-{event.sensor}"
        case _:
            return f"{event_kind(event)}-{event.onset}"
