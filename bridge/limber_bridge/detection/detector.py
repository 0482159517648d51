"""The one door: blocks of a sleeper's sensors in, events out.

Law: any split of the signals into blocks gives the same events, bit for bit; only when they are told may differ. A
detector that resumes from the memory and the events of an earlier one goes on as that one would have, but for the gap.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from limber_bridge.detection.continuity import Continuity, Hole, Run
from limber_bridge.detection.events import Event, Gap, Method, Movement, Part, Posture
from limber_bridge.detection.legs import FOREVER, NEVER, Legs
from limber_bridge.detection.level import LEVELS, Frames, Level
from limber_bridge.detection.movement import Movements
from limber_bridge.detection.noise import Noise
from limber_bridge.detection.rules import WASM_2016, RuleSet
from limber_bridge.detection.series import SeriesScorer
from limber_bridge.detection.signal import SECOND, Block, Place, Quantity, Sensor
from limber_bridge.detection.sleep import EPOCH, METHODS, BedState, Epoch, Epochs, step


@dataclass(frozen=True, slots=True)
class SensorMemory:
    """What a detector knows of one sensor that no event tells."""

    until: int | None = None
    """us; time of the last sample that it has taken in."""
    rate: float | None = None
    """Hz, nominal."""
    noise: tuple[Noise, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """What must outlive a restart, besides the events."""

    sensors: Mapping[int, SensorMemory]
    bed: BedState = field(default_factory=BedState)


PRECEDENCE: Final = (
    (Quantity.EMG, Place.TIBIALIS),
    (Quantity.ACCELERATION, Place.ANKLE),
    (Quantity.ACCELERATION, Place.BED),
    (Quantity.LOAD, Place.BED),
)
"""Whose movements count where several sensors see the same leg: EMG is what the rules are written for, and a bed feels
everybody in it."""


def moving(sensors: Iterable[Sensor]) -> set[int]:
    """Return whose movements count: for each leg the first kind of `PRECEDENCE`; a bed only where there is no leg."""
    ranked = sorted(sensors, key=lambda sensor: PRECEDENCE.index((sensor.quantity, sensor.place)))
    legs = [sensor for sensor in ranked if sensor.place is not Place.BED] or ranked[:1]
    best = {sensor.side: sensor.quantity for sensor in reversed(legs)}
    return {sensor.id for sensor in legs if best[sensor.side] is sensor.quantity}


class Channel:
    """The way of one sensor's samples up to movements of one leg and epochs."""

    def __init__(self, sensor: Sensor, memory: SensorMemory) -> None:
        """Begin, with what an earlier life knew."""
        self.sensor = sensor
        self._continuity = Continuity(memory.until)
        self._level = Level(sensor.quantity)
        self._movements = Movements(sensor.quantity, sensor.side, memory.noise)
        self._epochs = Epochs()
        self._last, self._rate = memory.until, memory.rate
        self._frame = self._frames_until = NEVER
        self._promised = NEVER
        self.parts: list[Part] = []
        """Found and not yet fetched."""
        self.epochs: list[Epoch] = []
        """Likewise."""

    @property
    def memory(self) -> SensorMemory:
        """What must outlive a restart."""
        return SensorMemory(self._last, self._rate, self._movements.noise)

    @property
    def measured_until(self) -> int:
        """Time (us) up to which all epochs of this sensor are there."""
        return max(self._frame, self._promised)

    @property
    def frontier(self) -> int:
        """Time (us) before which no further movement of this sensor begins.

        What is still open holds it back as long as the sensor delivers, and no longer.
        """
        opened = self._movements.open_onset
        if opened is None or self._frames_until < self._promised:
            return max(self._frames_until, self._promised)
        return opened

    def feed(self, block: Block) -> Iterator[Gap]:
        """Take in a block; yield the gaps before and in it."""
        for piece in self._continuity.feed(block):
            match piece:
                case Hole():
                    yield Gap(self.sensor.id, piece.onset, piece.end)
                case Run():
                    self._take(self._level.feed(piece))
                    self._rate = piece.rate
                    self._last = piece.clock.at(piece.first + piece.samples.shape[1] - 1)

    def promise(self, until: int) -> None:
        """Take it that no sample before `until` (us) is to come."""
        self._promised = max(self._promised, until)

    def finish(self) -> None:
        """Close what is open: the signal ends here."""
        self.parts += self._movements.finish()
        self.epochs += self._epochs.finish()
        self._promised = FOREVER

    def _take(self, frames: Frames) -> None:
        self.parts += self._movements.feed(frames)
        self.epochs += self._epochs.feed(frames, self._movements.onsets)
        self._movements.onsets.clear()
        if len(frames.times):
            self._frame = int(frames.times[-1])
            self._frames_until = self._frame + round(SECOND / frames.rate)


class Detector:
    """Follows the sensors of one sleeper."""

    def __init__(
        self,
        sensors: Sequence[Sensor],
        rules: RuleSet = WASM_2016,
        *,
        memory: Memory | None = None,
        events: Iterable[Event] = (),
    ) -> None:
        """Begin, or go on from the memory and the events (of the last hours, in order) of an earlier life."""
        memory = memory or Memory({})
        self._channels = {
            sensor.id: Channel(sensor, memory.sensors.get(sensor.id, SensorMemory())) for sensor in sensors
        }
        self._moving = moving(sensors)
        self._legs = Legs(rules, {sensor.side for sensor in sensors if sensor.id in self._moving})
        self._series = SeriesScorer(rules)
        self._bed = memory.bed
        self._epochs: dict[int, list[tuple[int, Method, Epoch]]] = {}
        self._slow: set[int] = set()
        for number, known in memory.sensors.items():
            if number in self._channels and known.rate is not None:
                self._note_rate(number, known.rate)
        for event in events:
            if isinstance(event, Movement | Posture):
                list(self._series.feed(event))

    @property
    def memory(self) -> Memory:
        """What must outlive a restart, besides the events told so far."""
        return Memory({number: channel.memory for number, channel in self._channels.items()}, self._bed)

    @property
    def in_bed(self) -> bool | None:
        """Whether the sleeper is in bed; None where no sensor could tell yet."""
        return self._bed.in_bed

    @property
    def in_bed_method(self) -> Method | None:
        """What that rests on."""
        return self._bed.method

    @property
    def moves(self) -> bool:
        """Whether any sensor is fast enough for leg movements, as far as is known."""
        return not self._moving <= self._slow

    def feed(self, sensor: int, block: Block) -> list[Event]:
        """Take in a block of one sensor and return what it makes known. KeyError for a sensor that is not ours."""
        channel = self._channels[sensor]
        self._note_rate(sensor, block.rate)
        gaps: list[Event] = list(channel.feed(block))
        return gaps + list(self._told())

    def advance(self, until: int) -> list[Event]:
        """Take it that no sample before `until` (us) is to come from any sensor, and return what follows.

        So a sensor that is late or away does not hold the others back. What it brings later counts all the same.
        """
        for channel in self._channels.values():
            channel.promise(until)
        return list(self._told())

    def finish(self, sensor: int | None = None) -> list[Event]:
        """Take it that the signal of one sensor, or all, has ended for good, and return what was still open."""
        for number, channel in self._channels.items():
            if sensor in (None, number):
                channel.finish()
        return list(self._told())

    def _note_rate(self, sensor: int, rate: float) -> None:
        """Note whether a sensor is fast enough for leg movements."""
        slow = rate < LEVELS[self._channels[sensor].sensor.quantity].slowest
        (self._slow.add if slow else self._slow.discard)(sensor)

    def _told(self) -> Iterator[Event]:
        for number, channel in self._channels.items():
            self._fetch(number, channel)
        for side in {self._channels[number].sensor.side for number in self._moving}:
            self._legs.reach(side, self._frontier(side))
        for event in self._legs.settle():
            yield event
            yield from self._series.feed(event)
        yield from self._series.advance(self._legs.horizon)
        yield from self._beds(min(channel.measured_until for channel in self._channels.values()))

    def _fetch(self, number: int, channel: Channel) -> None:
        if number in self._moving:
            for part in channel.parts:
                self._legs.mark(channel.sensor.side, part)
        method = METHODS[channel.sensor.quantity, channel.sensor.place]
        rank = list(METHODS.values()).index(method)
        for epoch in channel.epochs:
            self._epochs.setdefault(epoch.start, []).append((rank, method, epoch))
        channel.parts.clear()
        channel.epochs.clear()

    def _frontier(self, side: object) -> int:
        channels = (self._channels[number] for number in self._moving)
        return min(channel.frontier for channel in channels if channel.sensor.side is side)

    def _beds(self, until: int) -> Iterator[Event]:
        """Yield what the epochs that have ended for every sensor tell; the most reliable sensor speaks for each."""
        for start in sorted(start for start in self._epochs if start + EPOCH <= until):
            _, method, epoch = min(self._epochs.pop(start), key=lambda entry: entry[0])
            if self._bed.epoch is not None and start <= self._bed.epoch:
                continue  # From a sensor that was too late.
            self._bed, event = step(self._bed, method, epoch)
            if event is not None:
                yield event
