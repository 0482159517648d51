"""The content of a generated night: its signals, and the true events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from limber_bridge.detection.signal import (
    SECOND,
    Floats,
    SampleBlock,
    SampleClock,
    Sensor,
)

type Stretch = tuple[float, float]
"""Start and end, in s."""


class Kind(StrEnum):
    """What happened."""

    KICK = "kick"
    """A leg movement of 0.6 to 10 s."""
    OTHER_LEG = "kick of the other leg"
    """A leg movement of the leg without a sensor. It is one under the rules, so it may be found."""
    LONG = "long movement"
    """A movement of the legs of more than 10 s: no candidate."""
    TWITCH = "twitch"
    TURN = "turn"
    """The sleeper comes to lie in another position."""
    RESETTLE = "resettling"
    """One leg comes to lie elsewhere."""
    PARTNER = "partner"
    """Another sleeper moves in the same bed."""
    RHYTHM = "rhythmic feet"
    TRIP = "trip out of bed"
    CRAMP = "cramp"
    AWAKENING = "awakening"
    """A sudden awakening with vigorous movement, without a cramp."""
    TENSION = "tension without response"
    """The calf is tense for a while, and the sleeper does not wake."""
    AROUSAL = "arousal"
    """A movement of 3 to 15 s at the end of a pause in breathing."""
    RESTLESS = "restless wake"
    """Awake in bed, with many movements: position, rubbing, stretching."""
    KNEES = "knees bent"
    """In bed with the feet on the mattress and the shanks steep."""
    SPIKE = "electrode artifact"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened."""

    kind: Kind
    onset: float
    """s."""
    end: float
    """s."""
    side: str | None = None
    """`left`, `right` or `both`; None: no leg in particular."""
    size: float = 0.0
    """Peak of the 0.2 s RMS without gravity and noise, in the unit of the sensor (g, uV, kg)."""
    times_noise: float = 0.0
    """`size` in multiples of the noise of one axis of the sensor."""
    note: str = ""

    @property
    def duration(self) -> float:
        """Duration in s."""
        return self.end - self.onset


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one sensor recorded."""

    sensor: Sensor
    rate: float
    """Nominal rate, Hz."""
    samples: Floats
    """Shape (axes, n)."""

    def blocks(self, seconds: float | None = None) -> Iterable[SampleBlock]:
        """Yield the samples as blocks of a length, or as a single block."""
        clock = SampleClock(0, 0, self.rate)
        total = self.samples.shape[1]
        size = total if seconds is None else round(seconds * self.rate)
        for first in range(0, total, size):
            yield SampleBlock(first, self.samples[:, first : first + size], clock, self.rate)


@dataclass(frozen=True, slots=True)
class Night:
    """A generated night."""

    name: str
    """Part and seed, and what is special about it."""
    duration: float
    """s."""
    recorded: Sequence[Recorded]
    items: Sequence[Item]
    """In order of onset."""
    out_of_bed: Sequence[Stretch] = ()
    awake: Sequence[Stretch] = ()

    def kinds(self, *kinds: Kind) -> list[Item]:
        """Return the items of some kinds."""
        return [item for item in self.items if item.kind in kinds]

    @property
    def duration_us(self) -> int:
        """Duration in us."""
        return round(self.duration * SECOND)


def clock_text(seconds: float) -> str:
    """Return a time of the recording as `h:mm:ss.s`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}"
