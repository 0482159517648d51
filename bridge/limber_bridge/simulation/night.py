"""A simulated night: what happens in it. Times are seconds from its beginning.

Law: a plan says everything there is to know of a night; the signals and the truth are both made
from it alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from limber_bridge.detection.signal import Side

type Direction = tuple[float, float, float]
"""Of length 1."""
type Stretch = tuple[float, float]
"""From, until."""

UPRIGHT: Final[Direction] = (0.05, 0.1, 0.9937303457175895)
"""Gravity at a standing ankle, in the sensor's axes."""


@dataclass(frozen=True, slots=True)
class Kick:
    """A leg bends and comes back, or twitches."""

    side: Side
    onset: float
    duration: float
    strength: float
    """1 is a usual one: 6 degrees at the ankle, 60 uV of EMG."""
    rise: float = 0.35
    """s that the bending takes at the most; coming back is as fast."""
    swings: int = 1
    """How often it bends before it comes back for good."""
    reach: float = 1.0
    """Share of the way that bedclothes let it go: the muscle works as hard."""

    @property
    def end(self) -> float:
        """When the leg is back."""
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class GrossMovement:
    """Both legs move about for a while and rest where they rested before: a large movement."""

    onset: float
    duration: float


@dataclass(frozen=True, slots=True)
class Turn:
    """The sleeper turns over, lies down or gets up."""

    onset: float
    duration: float
    before: Direction
    after: Direction
    """Of gravity at the ankle."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The sleeper is out of bed."""

    onset: float
    end: float


@dataclass(frozen=True, slots=True)
class SimulatedCramp:
    """A cramp: tension without movement, then rubbing and stretching."""

    onset: float
    response: float
    """When the leg begins to move."""
    end: float
    up: bool = True
    """The sleeper gets up from it; else it is rubbed away in bed."""


@dataclass(frozen=True, slots=True)
class Train:
    """Rhythmic movement of one leg: rhythmic feet, high-frequency movements, or its part of
    alternating ones.
    """

    side: Side
    onset: float
    duration: float
    rate: float
    """Hz."""
    burst: float
    """s that each beat lasts."""
    strength: float

    def beats(self) -> Iterator[Kick]:
        """Yield each beat as what it is: a twitch."""
        for beat in range(int(self.duration * self.rate)):
            yield Kick(self.side, self.onset + beat / self.rate, self.burst, self.strength)


@dataclass(frozen=True, slots=True)
class Partner:
    """The other one in the bed moves."""

    onset: float
    duration: float
    strength: float


@dataclass(frozen=True, slots=True)
class Slip:
    """The strap turns about the leg, and stays there."""

    side: Side
    onset: float
    duration: float
    turn: float
    """Radians."""


@dataclass(frozen=True, slots=True)
class Jolt:
    """A sensor that hangs in its strap knocks after a kick."""

    side: Side
    onset: float
    duration: float
    size: float
    """g."""


@dataclass(frozen=True, slots=True)
class Pop:
    """An electrode loses its hold for a moment."""

    side: Side
    onset: float
    duration: float
    size: float
    """uV, either way."""


@dataclass(frozen=True, slots=True)
class Hum:
    """The mains come in while an electrode holds badly."""

    onset: float
    duration: float
    size: float
    """uV RMS."""


@dataclass(frozen=True, slots=True)
class Tone:
    """The calf is tense, and nobody wakes of it."""

    onset: float
    duration: float
    times: float
    """How many times its usual activity."""


type Decoy = Train | Partner | Slip | Jolt | Pop | Hum | Tone
"""What a sensor may show and what is no leg movement, whatever it looks like."""


@dataclass(frozen=True, slots=True)
class Quartz:
    """How a sensor's clock strays from what it claims."""

    off: float
    """Share by which each interval is too long."""
    sway: float
    """Share by which that changes, at the most, with the warmth of the room."""
    jitter: float
    """Standard deviation of the times written, in sample intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens in a night, each kind in order of time."""

    seed: int
    duration: float
    kicks: tuple[Kick, ...]
    unrests: tuple[GrossMovement, ...]
    turns: tuple[Turn, ...]
    walks: tuple[Walk, ...]
    spasms: tuple[SimulatedCramp, ...]
    wakes: tuple[Stretch, ...]
    """Awake, in bed or not; in order, and they may overlap."""
    decoys: tuple[Decoy, ...] = ()
    gaps: tuple[Stretch, ...] = ()
    """Nothing is recorded."""
    quartz: Quartz | None = None
    """None: the clock is right."""
    heart: float = 0.0
    """uV of the heart beat at the leg's electrodes."""
    wander: float = 0.0
    """Radians by which the strap turns slowly about the leg, either way."""

    @property
    def in_bed(self) -> list[Stretch]:
        """Stretches between the walks."""
        return list(between(0.0, self.duration, [(walk.onset, walk.end) for walk in self.walks]))

    @property
    def asleep(self) -> list[Stretch]:
        """Stretches in bed and not awake."""
        return [
            stretch for begin, end in self.in_bed for stretch in between(begin, end, self.wakes)
        ]


def between(
    begin: float, end: float, taken: list[Stretch] | tuple[Stretch, ...]
) -> Iterator[Stretch]:
    """Yield what is left between two times without the stretches taken, which are in order."""
    for start, stop in taken:
        if stop <= begin or start >= end:
            continue
        if start > begin:
            yield begin, start
        begin = max(begin, stop)
    if begin < end:
        yield begin, end
