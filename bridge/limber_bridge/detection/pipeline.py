"""The detection of one sleeper: blocks of samples in, events out.

Invariant: any split of the signals into blocks gives the same events, bit for bit; only the call
that returns an event may differ. A pipeline that resumes from the state and the events of an
earlier one continues as that one would have, except for the gap.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from limber_bridge.detection.awakenings import vigorous_level
from limber_bridge.detection.bed_state import BedReport, BedState
from limber_bridge.detection.bed_tracker import BedTracker
from limber_bridge.detection.channel import ChannelOutput, SensorChannel, SensorState
from limber_bridge.detection.events import (
    BedTransition,
    Certainty,
    Cramp,
    Event,
    Gap,
    Method,
    Movement,
    PositionChange,
    RhythmicTrain,
    SignalFault,
    Twitch,
    UnilateralMovement,
    event_id,
)
from limber_bridge.detection.movement_classifier import Found
from limber_bridge.detection.night_score import Coverage
from limber_bridge.detection.possible_cramps import PossibleCrampDetector
from limber_bridge.detection.rules import WASM_2016, RuleSet
from limber_bridge.detection.scoring import MovementScorer
from limber_bridge.detection.sensor_roles import (
    awakening_detector,
    cramp_sensors,
    detectable_cramps,
    in_bed_methods,
    movement_sensors,
    probable_cramp_detector,
)
from limber_bridge.detection.signal import (
    EARLIEST_TIME,
    MINUTE,
    SampleBlock,
    Sensor,
    Side,
)

RESENT_US: Final = 10 * MINUTE
"""us before a restart whose samples a device may send again. Chosen: more than a ring holds."""


@dataclass(frozen=True, slots=True)
class PipelineState:
    """What a pipeline must keep over a restart, besides its events."""

    sensors: Mapping[int, SensorState]
    """By the id of the sensor."""
    bed: BedState = field(default_factory=BedState)
    calf_baseline: tuple[float, ...] = ()
    """uV; levels of the calf at rest, oldest first (`ProbableCrampDetector.baseline`)."""


class Pipeline:
    """Detects everything that the sensors of one sleeper show."""

    def __init__(
        self,
        sensors: Sequence[Sensor],
        rules: RuleSet = WASM_2016,
        *,
        state: PipelineState | None = None,
        events: Iterable[Event] = (),
        thresholds: Mapping[Certainty, float] = MappingProxyType({}),
    ) -> None:
        """Start, or go on from the state and the events before a restart.

        `events` are those of the last hours, in order of onset. `thresholds` are those of cramps,
        as in `set_cramp_thresholds`.
        """
        state = state or PipelineState({})
        self._movement_sensors = movement_sensors(sensors)
        self._bed = BedTracker(state.bed)
        self._possible_cramps = PossibleCrampDetector()
        self._awakenings = awakening_detector(
            self._movement_sensors, state.sensors, in_bed=state.bed.in_bed
        )
        self._probable_cramps = probable_cramp_detector(
            sensors, self._movement_sensors, state.sensors, state.calf_baseline
        )
        self.set_cramp_thresholds(thresholds)
        self._channels = {
            sensor.id: SensorChannel(
                sensor,
                state.sensors.get(sensor.id),
                with_bins=sensor.id in self._probable_cramps.sensors,
            )
            for sensor in sensors
        }
        self._legs = channels_by_leg(self._channels, self._movement_sensors)
        self._scorer = MovementScorer(rules, self._legs)
        self._watched: frozenset[int] = frozenset()
        self._outputs: dict[int, ChannelOutput] = {}
        """The output of the last block of each watched sensor, until it is taken."""
        self._ended_by_restart: tuple[Cramp | SignalFault, ...] = ()
        self._restore_events(list(events))

    @property
    def state(self) -> PipelineState:
        """What must be kept over a restart, besides the events returned so far."""
        sensors = {number: self._sensor_state(number) for number in self._channels}
        return PipelineState(sensors, self._bed.state, self._probable_cramps.baseline)

    @property
    def in_bed(self) -> bool | None:
        """Whether the sleeper is in bed; None if no sensor has shown it yet."""
        return self._bed.state.in_bed

    @property
    def in_bed_method(self) -> Method | None:
        """The method by which that is known."""
        return self._bed.state.method

    @property
    def bed_report_valid_until(self) -> int:
        """Time (us) up to which a report says whether the sleeper is in bed; 0 without one."""
        return self._bed.report_valid_until

    @property
    def bed_judged_until(self) -> int:
        """Time (us) up to which reports were judged; 0 where there was none."""
        reported = self._bed.state.reported
        return reported[-1][1] if reported else 0

    def set_sensors(self, sensors: Sequence[Sensor]) -> list[Event]:
        """Go on with other sensors, at least one of which was there before.

        The channels of those that stay go on as if nothing had happened. One that is there with
        another placement, side or quantity is a new one. Returns what the sensors that go have
        left open.
        """
        kept = {one.id for one in sensors if self._has(one)}
        events: list[Event] = []
        for number in [number for number in self._channels if number not in kept]:
            events += self.finish(number)
            del self._channels[number]
        self._movement_sensors = movement_sensors(sensors)
        until = self._complete_until()
        calves, limbs = cramp_sensors(sensors, self._movement_sensors)
        events += self._probable_cramps.set_sensors(calves, limbs, until)
        with_bins = self._probable_cramps.sensors
        # In the order of the configuration, as after a start.
        self._channels = {
            one.id: self._channels.get(one.id) or SensorChannel(one) for one in sensors
        }
        for number, channel in self._channels.items():
            channel.set_bins(enabled=number in with_bins)
        self._legs = channels_by_leg(self._channels, self._movement_sensors)
        self._scorer.set_legs(self._legs)
        return events

    def _has(self, sensor: Sensor) -> bool:
        """Return whether the pipeline has this sensor, with the same placement and quantity."""
        channel = self._channels.get(sensor.id)
        return channel is not None and channel.sensor == sensor

    def has_any(self, sensors: Iterable[Sensor]) -> bool:
        """Return whether the pipeline has any of these sensors, so that `set_sensors` can go on."""
        return any(self._has(sensor) for sensor in sensors)

    def coverage(self, begin: int, until: int) -> Coverage:
        """Return which sensors measured what in a night from `begin` to `until` (us)."""
        seen = {
            number: (
                None
                if one.first_sample is None or one.measured_until is None
                else (one.first_sample, one.measured_until)
            )
            for number, one in self._channel_states().items()
        }
        return Coverage(
            begin=begin,
            until=until,
            seen=seen,
            movement_sensors={
                number
                for number in self._movement_sensors
                if self._channels[number].supports_movements
            },
            sides={number: self._channels[number].sensor.side for number in self._movement_sensors},
            certainties=detectable_cramps(
                self._channels.values(), self._movement_sensors, self._bed_methods_since(begin)
            ),
            reported=self._bed.state.reported,
        )

    def set_cramp_thresholds(self, thresholds: Mapping[Certainty, float]) -> None:
        """Report only cramps of these strengths or more from now on.

        A certainty that is missing has the threshold 1.0, that of the rule itself.
        """
        self._probable_cramps.threshold = thresholds.get(Certainty.PROBABLE, 1.0)
        self._possible_cramps.threshold = thresholds.get(Certainty.POSSIBLE, 1.0)

    def set_sensitivity(self, sensitivity: float) -> None:
        """Divide the movement thresholds by a factor; 1.0 gives those of the rules.

        The thresholds of EMG are part of the scoring rules and do not change
        (docs/science.md#sensitivity).
        """
        for channel in self._channels.values():
            channel.set_sensitivity(sensitivity)

    def add_bed_report(self, report: BedReport) -> None:
        """Add what a sensor outside of the bridge shows about being in bed, in order of time.

        It counts for the epochs that end after its time. What follows from it is returned by the
        next calls.
        """
        self._bed.add_report(report)

    def forget_bed_reports(self) -> None:
        """Let the sensors of the bridge decide again; whether the sleeper is in bed is kept."""
        self._bed.forget_reports()

    def watch(self, sensors: frozenset[int]) -> None:
        """Keep what the next blocks of these sensors show for `take_output`, and of no others."""
        if sensors != self._watched:
            self._watched = sensors
            self._outputs.clear()
        for number, channel in self._channels.items():
            channel.with_trace = number in sensors

    def take_output(self, sensor_id: int) -> ChannelOutput | None:
        """Return what the last block of a watched sensor has shown, once.

        It holds the envelope, and what this sensor alone has found. Nothing waits for it: of
        several blocks, only the last one is kept.
        """
        return self._outputs.pop(sensor_id, None)

    def open_onset(self, sensor_id: int) -> int | None:
        """Return the onset (us) of the movement of one sensor that has not ended."""
        return self._channels[sensor_id].open_onset

    def process(self, sensor_id: int, block: SampleBlock) -> list[Event]:
        """Process a block of one sensor and return the events that it completes.

        Raises KeyError for a sensor that the pipeline does not have.
        """
        output = self._channels[sensor_id].process(block)
        if sensor_id in self._watched:
            self._outputs[sensor_id] = output
        events: list[Event] = []
        outputs = {sensor_id: output}
        if sensor_id in self._movement_sensors:
            self._awakenings.note_measured(block.clock.time_of(block.first))
        if output.interrupted is not None:
            events += self._restart_clock(sensor_id, output.interrupted)
            # The faults that ended with the clock of the other sensors, in the order of sensors.
            outputs = {
                number: output if number == sensor_id else channel.restart_clock()
                for number, channel in self._channels.items()
            }
        return [*events, *output.gaps, *self._derive_events(outputs)]

    def process_again(self, sensor_id: int, block: SampleBlock) -> list[Event]:
        """Process a block that a previous run has read, and return the events that are new.

        A device sends it again after a reconnect. It brings the filters to where they were, so
        that a restart makes no gap.
        """
        output = self._channels[sensor_id].process_again(block)
        found = tuple(one for one in output.found if not self._was_reported(one))
        output = replace(output, found=found)
        return [*output.gaps, *self._derive_events({sensor_id: output})]

    def advance_to(self, now: int) -> list[Event]:
        """Let time pass up to `now` (us), and return the events that this completes.

        A sensor that is late or gone then no longer delays the others. What it delivers later is
        processed nevertheless.
        """
        for channel in self._channels.values():
            channel.advance_to(now)
        return list(self._derive_events({}))

    def overdue(self, now: int) -> set[int]:
        """Return the ids of the sensors that `advance_to(now)` would no longer wait for."""
        return {number for number, one in self._channels.items() if one.is_overdue(now)}

    def is_late(self, sensor_id: int, time: int) -> bool:
        """Return whether a sample that a sensor took at `time` (us) was assumed not to arrive."""
        return self._channels[sensor_id].is_late(time)

    def calibrate(self) -> list[Event]:
        """Learn the noise again, given that everything is quiet for a minute from now on.

        Where load cells measure, the bed must be empty. Returns what was open, with the duration
        seen so far.
        """
        ended = list(self._probable_cramps.calibrate(self._complete_until()))
        outputs = {number: channel.calibrate() for number, channel in self._channels.items()}
        read_until = [
            one.measured_until
            for one in self._channel_states().values()
            if one.measured_until is not None
        ]
        if read_until and Method.LOAD in in_bed_methods(self._channels.values()):
            self._bed.set_tare_time(max(read_until))
        return [*ended, *self._derive_events(outputs)]

    def interrupt(self, sensors: Collection[int] | None = None) -> list[Event]:
        """Return the movements that are open, with the duration seen so far, before a stop.

        `sensors`: ids of those whose movements end; None: all. The others deliver the rest of their
        movements to the pipeline that resumes, which finds them whole. A series stays open, as it
        may continue with the pipeline that resumes. This one must not be used any more.
        """
        events: list[Event] = []
        for number, channel in self._channels.items():
            if sensors is None or number in sensors:
                events += self._add_movements(number, channel.interrupt().found)
        return [*events, *self._scorer.emit_movements()]

    def finish(self, sensor_id: int | None = None) -> list[Event]:
        """Return everything that is open, as the signal of one sensor, or of all, has ended."""
        outputs = {
            number: channel.finish()
            for number, channel in self._channels.items()
            if sensor_id in (None, number)
        }
        return list(self._derive_events(outputs))

    def _restore_events(self, events: Sequence[Event]) -> None:
        """Bring the detectors to where they were after these events."""
        self._restore_movements(
            [event for event in events if isinstance(event, Movement | PositionChange)]
        )
        self._awakenings.add_gaps(
            event
            for event in events
            if isinstance(event, Gap) and event.sensor in self._movement_sensors
        )
        for event in events:
            if isinstance(event, BedTransition):
                self._possible_cramps.on_bed_change(event, event.onset)
            else:
                self._possible_cramps.add_event(event)
        self._probable_cramps.add_previous_cramps(
            event for event in events if isinstance(event, Cramp)
        )
        until = max(
            (one.measured_until or EARLIEST_TIME for one in self._channel_states().values()),
            default=EARLIEST_TIME,
        )
        self._reported = [
            event
            for event in events
            if isinstance(event, Twitch | RhythmicTrain) and event.end > until - RESENT_US
        ]
        # The last report of each; what lasted at the stop has ended at some time in the gap.
        latest = {
            event_id(event): event for event in events if isinstance(event, Cramp | SignalFault)
        }
        self._ended_by_restart = tuple(
            replace(event, end=max(event.onset, until))
            for event in latest.values()
            if event.end is None
        )
        # Cramps that follow from these events were reported before the restart.
        for _ in self._possible_cramps.advance_to(until):
            pass

    def _restore_movements(self, movements: Sequence[Movement | PositionChange]) -> None:
        """Bring everything that movements decide to where it was after these movements."""
        levels = {
            side: min(vigorous_level(channel.sensor) for channel in channels)
            for side, channels in self._legs.items()
        }
        for movement in movements:
            self._scorer.restore_event(movement)
            self._awakenings.restore_movement(movement, levels)
        for side, channels in self._legs.items():
            parts = [part for movement in movements for part in parts_of(movement, side)]
            for channel in channels:
                channel.restore_movements(parts)

    def _was_reported(self, found: Found) -> bool:
        """Return whether the previous run reported this twitch or rhythmic train.

        These do not wait for other sensors, which may hold back the time from which movements are
        detected again.
        """
        return any(
            type(event) is type(found)
            and event.side is found.side
            and event.onset <= found.end
            and found.onset <= event.end
            for event in self._reported
        )

    def _sensor_state(self, number: int) -> SensorState:
        """Return what must be kept of a sensor.

        A movement that is not reported yet is forgotten with a restart, so its onset is the time
        up to which the sensor counts as read.
        """
        channel = self._channels[number]
        state = channel.state
        if state.measured_until is None or number not in self._movement_sensors:
            return state
        onsets = [state.measured_until, self._scorer.pending_onset]
        if channel.open_onset is not None:
            onsets.append(channel.open_onset)
        return replace(state, measured_until=min(onsets))

    def _channel_states(self) -> dict[int, SensorState]:
        return {number: channel.state for number, channel in self._channels.items()}

    def _restart_clock(self, sensor_id: int, interrupted: Iterable[Found]) -> list[Event]:
        """Start again with everything that depends on time, as a clock was set back.

        Returns what was open.
        """
        events: list[Event] = [
            *self._add_movements(sensor_id, interrupted),
            *self._scorer.finish(),
        ]
        self._scorer.restart()
        self._probable_cramps = self._probable_cramps.after_clock_step()
        self._possible_cramps = self._possible_cramps.after_clock_step()
        self._awakenings = self._awakenings.after_clock_step()
        self._bed.restart_clock()
        return events

    def _derive_events(self, outputs: Mapping[int, ChannelOutput]) -> Iterator[Event]:
        """Yield the events that follow from outputs of channels, by sensor in their order."""
        complete_until = self._complete_until()
        for event in self._signal_events(outputs, complete_until):
            self._possible_cramps.add_event(event)
            yield event
        # Possible cramps are found in the other events, so these must be complete.
        yield from self._possible_cramps.advance_to(min(self._scorer.emitted_until, complete_until))

    def _signal_events(
        self, outputs: Mapping[int, ChannelOutput], complete_until: int
    ) -> Iterator[Event]:
        """Yield the events that follow from the signals themselves."""
        ended = self._ended_by_restart
        self._ended_by_restart = ()
        yield from ended
        # Movements first: they decide what the scorer can emit below.
        for number, output in outputs.items():
            yield from self._add_movements(number, output.found)
            sensor = self._channels[number].sensor
            # Without gravity, nothing shows whether the sleeper lies or stands.
            if sensor.has_gravity:
                self._bed.add_epochs(sensor, output.epochs)
            self._probable_cramps.add_bins(number, output.bins)
            self._add_activity(number, output)
            yield from output.faults
        # A leg is complete up to the slowest of its sensors.
        yield from self._scorer.advance_legs(
            {
                side: min(channel.movements_complete_until for channel in channels)
                for side, channels in self._legs.items()
            }
        )
        # Epochs and bins of several sensors are compared, so all sensors must have reached them.
        for transition, known_at in self._bed.advance_to(complete_until):
            self._possible_cramps.on_bed_change(transition, known_at)
            self._awakenings.on_bed_change(transition, known_at)
            yield transition
        yield from self._awakenings.advance_to(complete_until)
        yield from self._probable_cramps.advance_to(complete_until)

    def _add_activity(self, number: int, output: ChannelOutput) -> None:
        """Hand the gaps and the vigorous movement of a sensor to the detector of awakenings."""
        if number in self._movement_sensors:
            self._awakenings.add_gaps(output.gaps)
            self._awakenings.add_slots(output.vigorous)

    def _add_movements(self, number: int, found: Iterable[Found]) -> Iterator[Event]:
        """Hand the movements of a sensor to the scorer; yield what is not combined over legs."""
        if number not in self._movement_sensors:
            return
        side = self._channels[number].sensor.side
        for one in found:
            if isinstance(one, UnilateralMovement):
                self._scorer.add_movement(side, one)
            else:
                yield one

    def _bed_methods_since(self, begin: int) -> set[Method]:
        """Return the methods by which being in bed was or could be known since a time (us)."""
        methods = in_bed_methods(self._channels.values())
        if any(end > begin for _, end in self._bed.state.reported):
            methods.add(Method.EXTERNAL)
        return methods

    def _complete_until(self) -> int:
        """Return the time (us) up to which every sensor has been read."""
        return min(channel.epochs_complete_until for channel in self._channels.values())


def channels_by_leg(
    channels: Mapping[int, SensorChannel], movement_ids: Collection[int]
) -> dict[Side | None, list[SensorChannel]]:
    """Return the channels whose movements count, by leg.

    Sensors of the same leg share a key; those of unknown side share None.
    """
    found: dict[Side | None, list[SensorChannel]] = {}
    for number in movement_ids:
        found.setdefault(channels[number].sensor.side, []).append(channels[number])
    return found


def parts_of(movement: Movement | PositionChange, side: Side | None) -> list[UnilateralMovement]:
    """Return what a sensor at one side contributed to a movement; a position change is of all."""
    if isinstance(movement, PositionChange):
        return [UnilateralMovement(side, movement.onset, movement.end, turned=True)]
    return [part for part in movement.parts if part.side is side]
