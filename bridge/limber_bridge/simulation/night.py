"""The plan of a simulated night: everything that happens in it.

The signals and the truth are both made from the plan alone. Times are s from the start of the
night, durations are in s.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from limber_bridge.detection.signal import Side

type Direction = tuple[float, float, float]
"""A unit vector in the axes of the sensor."""
type TimeRange = tuple[float, float]
"""Start and end."""

UPRIGHT_GRAVITY: Final[Direction] = (0.05, 0.1, 0.9937303457175895)
"""Direction of gravity at the ankle of a standing person."""


@dataclass(frozen=True, slots=True)
class Kick:
    """A leg bends and returns, or twitches."""

    side: Side
    onset: float
    duration: float
    strength: float
    """1: a typical leg movement, with 6 degrees at the ankle and 60 uV of EMG."""
    rise: float = 0.35
    """s that the bending takes at most; the return takes as long."""
    swings: int = 1
    """How often the leg bends before it returns to rest."""
    reach: float = 1.0
    """Share of the angle that the bedclothes allow; the muscle works as hard as without them."""

    @property
    def end(self) -> float:
        """Time at which the leg is at rest again."""
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class GrossMovement:
    """Both legs move for a while and return to the position they had before."""

    onset: float
    duration: float


@dataclass(frozen=True, slots=True)
class Turn:
    """The sleeper turns over, lies down or gets up."""

    onset: float
    duration: float
    before: Direction
    """Direction of gravity at the ankle before the turn."""
    after: Direction
    """The same after it."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The sleeper is out of bed."""

    onset: float
    end: float


@dataclass(frozen=True, slots=True)
class SimulatedCramp:
    """A cramp: tension that rises without movement, then rubbing and stretching."""

    onset: float
    response: float
    """Time at which the leg begins to move."""
    end: float
    gets_up: bool = True
    """True: the sleeper gets up. False: the sleeper rubs the leg in bed."""
    ratio: float = 4.0
    """Activity of the calf at the response, as a multiple of its activity at rest."""


@dataclass(frozen=True, slots=True)
class RhythmicMovement:
    """Rhythmic feet, high-frequency leg movement, or one leg's part of alternating movements."""

    side: Side
    onset: float
    duration: float
    rate: float
    """Beats per second."""
    beat_duration: float
    strength: float

    def beats(self) -> Iterator[Kick]:
        """Yield each beat; on its own it would be a twitch."""
        for beat in range(int(self.duration * self.rate)):
            yield Kick(self.side, self.onset + beat / self.rate, self.beat_duration, self.strength)


@dataclass(frozen=True, slots=True)
class PartnerMovement:
    """Another person in the bed moves."""

    onset: float
    duration: float
    strength: float


@dataclass(frozen=True, slots=True)
class CarriedKick:
    """A leg is shaken through the mattress by a kick of the other leg or of another person."""

    side: Side
    """The leg that is shaken."""
    onset: float
    """The kick itself begins earlier by the delay."""
    kick: Kick
    share: float
    """Acceleration of the leg, relative to that of the kicking leg."""
    direction: Direction
    """Of the acceleration."""
    pressed_angle: float = 0.0
    """Radians by which the leg is tilted while the mattress is pressed down."""
    settled_angle: float = 0.0
    """Radians by which the leg comes to rest elsewhere; it stays there until the next turn."""
    settling_time: float = 1.0
    """s that this takes."""
    from_partner: bool = False
    """True: another person kicked. False: the other leg did."""

    @property
    def duration(self) -> float:
        """Length of the kick."""
        return self.kick.duration

    def settling(self, angle: float, time: float) -> CarriedKick:
        """Return the same where the leg comes to rest elsewhere."""
        return replace(self, settled_angle=angle, settling_time=time)


@dataclass(frozen=True, slots=True)
class StrapSlip:
    """The strap turns about the leg and stays there."""

    side: Side
    onset: float
    duration: float
    angle: float
    """Radians."""


@dataclass(frozen=True, slots=True)
class StrapKnock:
    """A sensor in a loose strap knocks against the leg after a kick."""

    side: Side
    onset: float
    duration: float
    amplitude: float
    """g."""


@dataclass(frozen=True, slots=True)
class ElectrodePop:
    """An electrode loses contact for a moment."""

    side: Side
    onset: float
    duration: float
    amplitude: float
    """uV, positive or negative."""


@dataclass(frozen=True, slots=True)
class MainsHum:
    """Mains hum in EMG, while an electrode has poor contact."""

    onset: float
    duration: float
    amplitude: float
    """uV RMS."""


@dataclass(frozen=True, slots=True)
class TonicTension:
    """The calf is tense without a cramp, and the sleeper does not wake up."""

    onset: float
    duration: float
    ratio: float
    """Activity of the muscle as a multiple of its activity at rest."""


type Distractor = (
    RhythmicMovement
    | PartnerMovement
    | CarriedKick
    | StrapSlip
    | StrapKnock
    | ElectrodePop
    | MainsHum
    | TonicTension
)
"""Something that appears in the signals of a sensor but is not a leg movement."""


@dataclass(frozen=True, slots=True)
class ClockError:
    """How the clock of a sensor deviates from its nominal rate."""

    rate_error: float
    """Share by which each sample interval is too long."""
    temperature_drift: float
    """Largest share by which the interval changes with the temperature of the room."""
    jitter: float
    """Standard deviation of the recorded times, in sample intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightPlan:
    """What happens in a night; each kind in order of time."""

    seed: int
    duration: float
    kicks: tuple[Kick, ...]
    gross_movements: tuple[GrossMovement, ...]
    turns: tuple[Turn, ...]
    walks: tuple[Walk, ...]
    cramps: tuple[SimulatedCramp, ...]
    awake: tuple[TimeRange, ...]
    """In bed or out of it; in order, and they may overlap."""
    distractors: tuple[Distractor, ...] = ()
    gaps: tuple[TimeRange, ...] = ()
    """No samples are recorded."""
    clock_error: ClockError | None = None
    """None: the clock is exact."""
    ecg_amplitude: float = 0.0
    """uV of the ECG at the electrodes on the leg."""
    strap_wander: float = 0.0
    """Radians by which the strap turns slowly about the leg, to either side."""

    @property
    def in_bed(self) -> list[TimeRange]:
        """Times in bed: those between the walks."""
        walks = [(walk.onset, walk.end) for walk in self.walks]
        return list(remaining_ranges(0.0, self.duration, walks))

    @property
    def asleep(self) -> list[TimeRange]:
        """Times in bed and not awake."""
        return [
            asleep
            for begin, end in self.in_bed
            for asleep in remaining_ranges(begin, end, self.awake)
        ]


def remaining_ranges(
    begin: float, end: float, excluded: Sequence[TimeRange]
) -> Iterator[TimeRange]:
    """Yield what remains of a time range without the excluded ones, which are in order."""
    for start, stop in excluded:
        if stop <= begin or start >= end:
            continue
        if start > begin:
            yield begin, start
        begin = max(begin, stop)
    if begin < end:
        yield begin, end
