"""The one door: blocks of a sleeper's sensors in, events out.

Law: any split of the signals into blocks gives the same events, bit for bit; only when they are
told may differ. A detector that resumes from the memory and the events of an earlier one goes on as
that one would have, but for the gap.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from limber_bridge.detection.bed_state import BedState
from limber_bridge.detection.bilateral import BilateralCombiner
from limber_bridge.detection.continuity import Continuity, Hole, Run
from limber_bridge.detection.cramps import (
    WORN,
    Bin,
    Bins,
    PossibleCrampDetector,
    ProbableCrampDetector,
)
from limber_bridge.detection.envelope import ENVELOPE_RULES, EnvelopeFilter, Frames
from limber_bridge.detection.epochs import EPOCH_US, Epoch, EpochBuilder
from limber_bridge.detection.events import (
    BedTransition,
    Certainty,
    Cramp,
    Event,
    Gap,
    Method,
    Movement,
    PositionChange,
    SignalFault,
    UnilateralMovement,
    event_id,
)
from limber_bridge.detection.in_bed import IN_BED_METHODS, process_epoch
from limber_bridge.detection.movement import Found, MovementDetector
from limber_bridge.detection.night_score import Coverage
from limber_bridge.detection.noise_floor import Noise
from limber_bridge.detection.rules import WASM_2016, RuleSet
from limber_bridge.detection.series import SeriesScorer
from limber_bridge.detection.signal import (
    EARLIEST_TIME,
    LATEST_TIME,
    SECOND,
    Placement,
    Quantity,
    SampleBlock,
    Sensor,
    Side,
)
from limber_bridge.detection.signal_quality import SignalQualityMonitor


@dataclass(frozen=True, slots=True)
class SensorState:
    """What a detector knows of one sensor that no event tells."""

    since: int | None = None
    """us; time of the first sample ever; None where there was none."""
    until: int | None = None
    """us; time of the last sample that it has taken in, or of the onset of what was still open
    there: from then on nothing is told, so an earlier life has measured up to here."""
    rate: float | None = None
    """Hz, nominal."""
    noise: tuple[Noise, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineState:
    """What must outlive a restart, besides the events."""

    sensors: Mapping[int, SensorState]
    bed: BedState = field(default_factory=BedState)
    calf: tuple[float, ...] = ()
    """uV; the calf at rest (`ProbableCrampDetector.baseline`)."""


PRECEDENCE: Final = (
    (Quantity.EMG, Placement.TIBIALIS),
    (Quantity.ACCELERATION, Placement.ANKLE),
    (Quantity.ACCELERATION, Placement.BED),
    (Quantity.LOAD, Placement.BED),
)
"""Whose movements count where several sensors see the same leg: EMG is what the rules are written
for, and a bed feels everybody in it."""


SET_BACK: Final = 10 * SECOND
"""us; when the time of a sensor goes back by more, somebody has set the clock."""
LATE: Final = SECOND
"""us for which a live sensor that misses its time may hold the others back."""
LONGEST_BLOCK: Final = 10 * SECOND
"""us; a longer block is a stored one and says nothing of how often the sensor sends."""


def movement_sensors(sensors: Iterable[Sensor]) -> set[int]:
    """Return whose movements count: for each leg the first kind of `PRECEDENCE`; a bed only where
    there is no leg.

    The calf's never do: the rules are about the tibialis.
    """
    counted = [sensor for sensor in sensors if (sensor.quantity, sensor.placement) in PRECEDENCE]
    ranked = sorted(
        counted, key=lambda sensor: PRECEDENCE.index((sensor.quantity, sensor.placement))
    )
    legs = [sensor for sensor in ranked if sensor.placement is not Placement.BED] or ranked[:1]
    best = {sensor.side: sensor.quantity for sensor in reversed(legs)}
    return {sensor.id for sensor in legs if best[sensor.side] is sensor.quantity}


BITE: Final = 2**18
"""Values that are worked on at once: more would not stay in a processor's cache."""


def bites(block: SampleBlock) -> Iterator[SampleBlock]:
    """Yield a block in pieces of at most `BITE` values."""
    axes = len(block.samples)
    while block.samples.size > BITE:
        piece, block = block.split(BITE // axes)
        yield piece
    yield block


@dataclass(frozen=True, slots=True)
class Rewound:
    """Time has gone back."""


class SensorChannel:
    """The way of one sensor's samples up to movements of one leg and epochs."""

    def __init__(self, sensor: Sensor, memory: SensorState, *, binned: bool) -> None:
        """Begin, with what an earlier life knew; `binned`: cramps are looked for, so bins are
        wanted.
        """
        self.sensor = sensor
        self._continuity = Continuity(memory.until)
        self._level = EnvelopeFilter(sensor.quantity)
        self._movements = MovementDetector(sensor.quantity, sensor.side, memory.noise)
        self._epochs = EpochBuilder(self.sensor)
        self._bins = Bins(sensor.quantity) if binned else None
        self._quality = SignalQualityMonitor(sensor)
        self._since = memory.since
        self._last = memory.until
        self._rate = memory.rate
        self._longest = 0
        self._frame = self._frames_until = EARLIEST_TIME
        self._promised = EARLIEST_TIME
        self.parts: list[Found] = []
        """Found and not yet fetched."""
        self.epochs: list[Epoch] = []
        """Likewise."""
        self.bins: list[Bin] = []
        """Likewise."""
        self.flaws: list[SignalFault] = []
        """Likewise."""

    @property
    def state(self) -> SensorState:
        """What must outlive a restart."""
        return SensorState(self._since, self._last, self._rate, self._movements.noise)

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

    def process(self, block: SampleBlock) -> Iterator[Gap | Rewound]:
        """Take in a block; yield the gaps before and in it, and where time goes back, before going
        on.
        """
        for part in bites(block):
            for piece in self._continuity.feed(part):
                match piece:
                    case Hole():
                        yield Gap(self.sensor.id, piece.onset, piece.end)
                    case Run():
                        if (
                            self._last is not None
                            and piece.clock.time_of(piece.first) < self._last - SET_BACK
                        ):
                            self.parts += self._movements.finish()
                            yield Rewound()
                        self._run(piece)

    def set_sensitivity(self, sensitivity: float) -> None:
        """Take over how sensitive this is to be from here on."""
        self._movements.sense(sensitivity)

    def calibrate(self) -> None:
        """Forget the noise; what was open is found, with the duration that was seen."""
        self.parts += self._movements.calibrate()

    @property
    def pending(self) -> int:
        """Onset (us) of what is open or found and not fetched; LATEST_TIME where there is nothing."""
        opened = self._movements.open_onset
        return min(
            [part.onset for part in self.parts] + [LATEST_TIME if opened is None else opened]
        )

    def interrupt(self) -> list[Found]:
        """Return what is open, with the duration that was seen."""
        return self._movements.finish()

    def promise(self, now: int) -> None:
        """Take it that it is `now` (us): what should have come by now is not to come.

        A sensor that sends seldom is late only when it misses its time.
        """
        self._promised = max(self._promised, now - max(LATE, self._longest + LATE // 2))

    def rewind(self) -> None:
        """Forget how far time had come."""
        self.flaws += self._quality.finish(self._last or 0)
        self._epochs = EpochBuilder(self.sensor)
        self._bins = None if self._bins is None else Bins(self.sensor.quantity)
        self._frame = self._frames_until = self._promised = EARLIEST_TIME

    def finish(self) -> None:
        """Close what is open: the signal ends here."""
        self.parts += self._movements.finish()
        self.epochs += self._epochs.finish()
        self.flaws += self._quality.finish(self._last or 0)
        self.bins += self._bins.finish() if self._bins is not None else []
        self._promised = LATEST_TIME

    def _run(self, run: Run) -> None:
        if run.fresh and self._last is not None:
            self.flaws += self._quality.finish(self._last)
        begin = run.clock.time_of(run.first)
        end = run.clock.time_of(run.first + run.samples.shape[1] - 1)
        self._longest = max(self._longest, min(end - begin, LONGEST_BLOCK))
        self._since = begin if self._since is None else min(self._since, begin)
        self._last = end
        self._rate = run.rate
        self.flaws += self._quality.look(run)
        self._take(self._level.process_run(run))

    def _take(self, frames: Frames) -> None:
        self.parts += self._movements.feed(frames)
        epochs = self._epochs.process_frames(frames, self._movements.onsets)
        self._movements.onsets.clear()
        self.epochs += epochs
        self.flaws += [*self._quality.hear(frames.heart_changes), *self._quality.take(epochs)]
        if self._bins is not None:
            # What hums is not measured: it would pass for a muscle that is tense.
            self.bins += [
                one for one in self._bins.feed(frames) if not self._quality.hums(one.start)
            ]
        if len(frames.times):
            self._frame = int(frames.times[-1])
            self._frames_until = self._frame + round(SECOND / frames.rate)


class Pipeline:
    """Follows the sensors of one sleeper."""

    def __init__(
        self,
        sensors: Sequence[Sensor],
        rules: RuleSet = WASM_2016,
        *,
        state: PipelineState | None = None,
        events: Iterable[Event] = (),
        thresholds: Mapping[Certainty, float] = MappingProxyType({}),
    ) -> None:
        """Begin, or go on from the memory and the events (of the last hours, in order) of an
        earlier life.

        `thresholds`: as in `set_cramp_thresholds`.
        """
        state = state or PipelineState({})
        self._moving = movement_sensors(sensors)
        calves = {sensor.id for sensor in sensors if sensor.placement is Placement.CALF}
        limbs = [(one.id, one.quantity) for one in sensors if one.id in self._moving]
        self._calf = ProbableCrampDetector(
            calves, limbs, state.calf if calves <= set(state.sensors) else ()
        )
        self._possible = PossibleCrampDetector()
        self.set_cramp_thresholds(thresholds)
        self._channels = {
            sensor.id: SensorChannel(
                sensor,
                state.sensors.get(sensor.id, SensorState()),
                binned=sensor.id in self._calf.wants,
            )
            for sensor in sensors
        }
        self._rules = rules
        self._legs = BilateralCombiner(rules, self._sides())
        self._series = SeriesScorer(rules)
        self._bed = state.bed
        self._epochs: dict[int, list[tuple[int, Method, Epoch]]] = {}
        self._slow: set[int] = set()
        for number, known in state.sensors.items():
            if number in self._channels and known.rate is not None:
                self._note_rate(number, known.rate)
        self._resume(events)

    def _resume(self, events: Iterable[Event]) -> None:
        """Take in the events of an earlier life."""
        events = list(events)
        for event in events:
            if isinstance(event, Movement | PositionChange):
                list(self._series.feed(event))
            if isinstance(event, BedTransition):
                self._possible.went(event, event.onset)
            else:
                self._possible.take(event)
        self._calf.resume(event for event in events if isinstance(event, Cramp))
        until = max(
            (one.until or EARLIEST_TIME for one in self._seen().values()),
            default=EARLIEST_TIME,
        )
        lasting = {
            event_id(event): event for event in events if isinstance(event, Cramp | SignalFault)
        }.values()
        # What lasted when we were stopped has ended somewhen in the gap.
        self._broken = [
            replace(one, end=max(one.onset, until)) for one in lasting if one.end is None
        ]
        list(self._possible.reach(until))

    @property
    def state(self) -> PipelineState:
        """What must outlive a restart, besides the events told so far."""
        sensors = {number: self._remembered(number) for number in self._channels}
        return PipelineState(sensors, self._bed, self._calf.baseline)

    def set_cramp_thresholds(self, thresholds: Mapping[Certainty, float]) -> None:
        """Tell cramps of these strengths and more from here on; 1.0, the rule as it is written,
        where none is named.
        """
        self._calf.threshold = thresholds.get(Certainty.PROBABLE, 1.0)
        self._possible.threshold = thresholds.get(Certainty.POSSIBLE, 1.0)

    def set_sensitivity(self, sensitivity: float) -> None:
        """Divide by this the threshold from which on something moves, but in EMG; 1.0: the rule as
        it is written.
        """
        for channel in self._channels.values():
            channel.set_sensitivity(sensitivity)

    def calibrate(self) -> list[Event]:
        """Take it that from here on all is quiet for a minute and, where cells weigh it, the bed is
        empty.

        What was learnt of noise and of resting muscles is forgotten and learnt anew. Returns what
        was open, with the duration that was seen.
        """
        ended = list(self._calf.calibrate(self._measured()))
        for channel in self._channels.values():
            channel.calibrate()
        read = [one.until for one in self._seen().values() if one.until is not None]
        sensors = (channel.sensor for channel in self._channels.values())
        if read and any(
            IN_BED_METHODS[one.quantity, one.placement] is Method.LOAD for one in sensors
        ):
            self._bed = self._bed.with_tare_at(max(read))
        return [*ended, *self._told()]

    def coverage(self, begin: int, until: int) -> Coverage:
        """Return what was measured by whom in a night that began at `begin` and was read up to
        `until` (us).
        """
        seen = {
            number: (None if one.since is None or one.until is None else (one.since, one.until))
            for number, one in self._seen().items()
        }
        return Coverage(
            begin=begin,
            until=until,
            seen=seen,
            movers=self._moving - self._slow,
            certainties=self._certainties(),
        )

    @property
    def in_bed(self) -> bool | None:
        """Whether the sleeper is in bed; None where no sensor could tell yet."""
        return self._bed.in_bed

    @property
    def in_bed_method(self) -> Method | None:
        """What that rests on."""
        return self._bed.method

    def process(self, sensor: int, block: SampleBlock) -> list[Event]:
        """Take in a block of one sensor and return what it makes known. KeyError for a sensor that
        is not ours.
        """
        channel = self._channels[sensor]
        self._note_rate(sensor, block.rate)
        events: list[Event] = []
        for found in channel.process(block):
            events += self._rewind() if isinstance(found, Rewound) else [found]
        return events + list(self._told())

    def advance_to(self, now: int) -> list[Event]:
        """Take it that it is `now` (us), and return what follows.

        So a sensor that is late or away does not hold the others back. What it brings later counts
        all the same.
        """
        for channel in self._channels.values():
            channel.promise(now)
        return list(self._told())

    def interrupt(self) -> list[Event]:
        """Return the movements that are open, with the duration that was seen: we are about to be
        stopped.

        A series stays open, as it may go on with the detector that resumes. This one is of no
        further use.
        """
        events: list[Event] = []
        for number, channel in self._channels.items():
            channel.parts += channel.interrupt()
            events += self._fetch(number, channel)
        return events + list(self._settled())

    def finish(self, sensor: int | None = None) -> list[Event]:
        """Take it that the signal of one sensor, or all, has ended for good, and return what was
        still open.
        """
        for number, channel in self._channels.items():
            if sensor in (None, number):
                channel.finish()
        return list(self._told())

    def _remembered(self, number: int) -> SensorState:
        """Return what must be kept of a sensor: measured up to what is not told yet."""
        channel = self._channels[number]
        known = channel.state
        if known.until is None or number not in self._moving:
            return known
        return replace(known, until=min(known.until, channel.pending, self._legs.pending))

    def _settled(self) -> Iterator[Event]:
        """Yield what is left in the legs, whatever might still come."""
        for side in self._sides():
            self._legs.reach(side, LATEST_TIME)
        for event in self._legs.settle():
            yield event
            yield from self._series.feed(event)

    def _rewind(self) -> list[Event]:
        """Begin anew with what goes by time, as somebody has set the clock back; return what was
        open.
        """
        events: list[Event] = []
        for number, channel in self._channels.items():
            events += self._fetch(number, channel)
        events += [*self._settled(), *self._series.advance(LATEST_TIME)]
        self._legs = BilateralCombiner(self._rules, self._sides())
        self._series = SeriesScorer(self._rules)
        self._calf = self._calf.anew()
        self._possible = self._possible.anew()
        self._bed = self._bed.without_times().with_tare_at(None)
        self._epochs.clear()
        for channel in self._channels.values():
            channel.rewind()
        return events

    def _sides(self) -> set[Side | None]:
        return {self._channels[number].sensor.side for number in self._moving}

    def _seen(self) -> dict[int, SensorState]:
        return {number: channel.state for number, channel in self._channels.items()}

    def _certainties(self) -> frozenset[Certainty]:
        """Return what can be said of cramps: by a calf and limbs, or by limbs and somebody who
        knows of getting up.
        """
        sensors = [channel.sensor for channel in self._channels.values()]
        fast = {sensor.id for sensor in sensors} - self._slow
        found: set[Certainty] = set()
        if self._moving & fast and any(
            sensor.placement is Placement.CALF and sensor.id in fast for sensor in sensors
        ):
            found.add(Certainty.PROBABLE)
        if self._moving & fast and any(
            IN_BED_METHODS[sensor.quantity, sensor.placement] in WORN for sensor in sensors
        ):
            found.add(Certainty.POSSIBLE)
        return frozenset(found)

    def _note_rate(self, sensor: int, rate: float) -> None:
        """Note whether a sensor is fast enough for leg movements."""
        slow = rate < ENVELOPE_RULES[self._channels[sensor].sensor.quantity].min_rate
        (self._slow.add if slow else self._slow.discard)(sensor)

    def _told(self) -> Iterator[Event]:
        for event in self._found():
            self._possible.take(event)
            yield event
        yield from self._possible.reach(min(self._legs.horizon, self._measured()))

    def _measured(self) -> int:
        """Return the time (us) up to which every sensor has been read."""
        return min(channel.measured_until for channel in self._channels.values())

    def _found(self) -> Iterator[Event]:
        """Yield what rests on the signals themselves."""
        broken = self._broken
        self._broken = []
        yield from broken
        for number, channel in self._channels.items():
            yield from self._fetch(number, channel)
        for side in self._sides():
            self._legs.reach(side, self._frontier(side))
        for event in self._legs.settle():
            yield event
            yield from self._series.feed(event)
        yield from self._series.advance(self._legs.horizon)
        yield from self._beds(self._measured())
        yield from self._calf.reach(self._measured())

    def _fetch(self, number: int, channel: SensorChannel) -> Iterator[Event]:
        for found in channel.parts if number in self._moving else ():
            if isinstance(found, UnilateralMovement):
                self._legs.mark(channel.sensor.side, found)
            else:
                yield found
        method = IN_BED_METHODS[channel.sensor.quantity, channel.sensor.placement]
        rank = list(IN_BED_METHODS.values()).index(method)
        for epoch in channel.epochs:
            self._epochs.setdefault(epoch.start, []).append((rank, method, epoch))
        self._calf.take(number, channel.bins)
        yield from channel.flaws
        channel.flaws.clear()
        channel.parts.clear()
        channel.epochs.clear()
        channel.bins.clear()

    def _frontier(self, side: object) -> int:
        channels = (self._channels[number] for number in self._moving)
        return min(channel.frontier for channel in channels if channel.sensor.side is side)

    def _beds(self, until: int) -> Iterator[Event]:
        """Yield what the epochs that have ended for every sensor tell; the most reliable sensor
        speaks for each.
        """
        for start in sorted(start for start in self._epochs if start + EPOCH_US <= until):
            # Of two ankles always the same one speaks, whichever was heard first.
            _, method, epoch = min(
                self._epochs.pop(start), key=lambda entry: (entry[0], entry[2].sensor)
            )
            if self._bed.last_epoch is not None and start <= self._bed.last_epoch:
                continue  # From a sensor that was too late.
            self._bed, event = process_epoch(self._bed, method, epoch)
            if event is not None:
                self._possible.went(event, start + EPOCH_US)
                yield event
