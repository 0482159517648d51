"""Follows one sleeper: samples go in; events, nights and the current state come out.

This module and what it is made of read no clock and touch no file or network. Time is an argument,
so a night can be played at any speed. The caller writes each change to the journal before it
publishes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from limber_bridge.config.model import Config, Sleeper
from limber_bridge.daemon.changes import (
    Change,
    FiledEvent,
    NothingToCalibrateError,
    PlayedRecordingError,
)
from limber_bridge.daemon.cramp_labels import find_labelled_cramps
from limber_bridge.daemon.event_filer import LIVE_MAX_LATENESS_US, EventFiler, SetBack
from limber_bridge.daemon.finished_nights import FinishedNights
from limber_bridge.daemon.late_data import Detected, SensorBlock
from limber_bridge.daemon.night_closer import NightCloser, NightScorer
from limber_bridge.daemon.open_nights import known_since, restored_nights
from limber_bridge.daemon.pauses import Pauses
from limber_bridge.daemon.sensor_health import SensorHealthSet
from limber_bridge.daemon.sleeper_clock import CLOCK_SET_BACK_US, SleeperClock
from limber_bridge.daemon.sleeper_detection import SleeperDetection
from limber_bridge.daemon.sleeper_state import SleeperSnapshot, build_state, describe_sleeper
from limber_bridge.daemon.sleeper_trials import SleeperTrials
from limber_bridge.detection.bed_state import BedReport
from limber_bridge.detection.channel import ChannelOutput
from limber_bridge.detection.cramp_thresholds import Label, Labels
from limber_bridge.detection.events import ClockStep, Event, SignalFault
from limber_bridge.detection.pipeline import PipelineState
from limber_bridge.detection.signal import SECOND, Sensor
from limber_bridge.domain.diary import Diary, DiaryEntry
from limber_bridge.domain.nights import ImportHistory, Night
from limber_bridge.protocol.diary_messages import NightDiaries
from limber_bridge.protocol.messages import SleeperInfo, State
from limber_bridge.sources.source_api import Ended, FrameError, Resent, Samples, SourceEvent
from limber_bridge.storage.restore import RestoredState

CALIBRATION_US: Final = 60 * SECOND
"""Time for which everything must be at rest after a calibration was requested. Chosen: as long as
the noise floor looks back, so that nothing from before is left in it."""


class SleeperMonitor:
    """Detect, file and score what the sensors of one sleeper measure.

    `now` is always the host's time in us. A sleeper whose sensors play recordings has their time
    instead.
    """

    def __init__(self, sleeper: Sleeper, config: Config, restored: RestoredState, now: int) -> None:
        """Continue from what the journal holds."""
        self._sleeper = sleeper
        self.calendar = config.calendar
        """The calendar by which nights begin and end."""
        self.settings = restored.settings
        """What was set for the sleeper; only changed by this class."""
        self.pauses = Pauses(paused_since=now if restored.settings.paused else None)
        """When the detection was paused; only changed by this class."""
        self.labels = Labels(restored.labels)
        """What was said of cramps; only changed by `add_label` and `reset_labels`."""
        self.diary = Diary(restored.diary)
        """What was said of nights; only changed by `add_to_diary`."""
        self.trials = SleeperTrials(restored.trials, config.calendar)
        """The personal trials; only changed by their own methods."""
        sensors = [configured.sensor.id for configured in sleeper.sensors]
        self.sensor_health = SensorHealthSet(sensors, now, live=sleeper.live)
        """The health of the sleeper's sensors."""
        memory = restored.pipeline_state
        self._nights = restored_nights(
            config.calendar,
            restored.events_by_night,
            restored.finished,
            measured_since=None if memory is None else known_since(sensors, memory.sensors),
            tonight=config.calendar.night_of(now) if sleeper.live else None,
            imported=[
                day for day, night in restored.finished.items() if night.imported is not None
            ],
        )
        self._history = restored.history
        events = self._nights.ordered_events()
        self._detection = SleeperDetection(
            [configured.sensor for configured in sleeper.sensors],
            config.rules,
            memory,
            events,
            thresholds=self.labels.thresholds,
            sensitivity=self.settings.sensitivity,
        )
        read_until = {
            sensor: one.measured_until
            for sensor, one in self._detection.pipeline.state.sensors.items()
            if one.measured_until is not None
        }
        last = max((event.onset for event in events), default=0)
        self.clock = SleeperClock(now, live=sleeper.live, read_until=read_until, last=last)
        """The sleeper's time, and how far the sensors have been read."""
        self._filer = EventFiler(
            config.calendar,
            self._nights,
            self.clock,
            in_bed_known=self._detection.pipeline.in_bed is not None,
        )
        for step in restored.set_back:
            self._filer.note_set_back(SetBack(step.onset, step.onset - step.by))
        self._closer = NightCloser(
            sleeper.id,
            config.calendar,
            self.clock,
            NightScorer(
                config.rules, config.calendar, self.clock, self._nights, self._detection.coverage
            ),
            self._nights,
            FinishedNights(restored.finished, self.counts),
        )

    @property
    def id(self) -> str:
        """The sleeper's id."""
        return self._sleeper.id

    @property
    def sleeper(self) -> Sleeper:
        """The sleeper as configured now."""
        return self._sleeper

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """The sleeper's sensors."""
        return tuple(configured.sensor for configured in self._sleeper.sensors)

    @property
    def sensor_ids(self) -> tuple[int, ...]:
        """The ids of the sleeper's sensors."""
        return tuple(sensor.id for sensor in self.sensors)

    @property
    def pipeline_state(self) -> PipelineState:
        """What the journal stores of the detection besides its events."""
        return self._detection.pipeline.state

    def watch(self, sensors: frozenset[int]) -> None:
        """Keep what the blocks of these sensors show for `take_output`; the detection goes on."""
        self._detection.watched = sensors

    def take_output(self, sensor: int) -> tuple[ChannelOutput | None, int | None]:
        """Return what a block of a watched sensor has shown, and the onset (us) of what is open.

        The first is None where the block was late, or in a pause.
        """
        pipeline = self._detection.pipeline
        return pipeline.take_output(sensor), pipeline.open_onset(sensor)

    @property
    def calibrating(self) -> bool:
        """Whether everything is taken to be at rest because a calibration was requested."""
        since = self.settings.calibrated
        return since is not None and 0 <= self.clock.time - since < CALIBRATION_US

    def process_arrival(self, sensor: int, arrival: SourceEvent, now: int) -> Change:
        """Process what the source of one of the sleeper's sensors delivered."""
        self.sensor_health.process(sensor, arrival, now)
        match arrival:
            case Samples(block=block) if self.pauses.covers(block):
                # The time of a recording advances with its samples, whether they are measured or
                # not.
                self.clock.note_skipped(block.clock.time_of(block.end - 1))
                return self._apply([], now)
            case Samples(block=block, read_before=read_before):
                return self._process_block(SensorBlock(sensor, block, read_before), now)
            case Ended():
                return self._end_recording(sensor, now)
            case FrameError() | Resent():
                return Change()

    def advance_to(self, now: int) -> Change:
        """Let the time pass; to be called about once a second."""
        self.clock.note_tick(now)
        if not self.clock.live:
            return self._apply([], now)
        return self._apply_detected(self._detection.advance_to(now), now)

    def resume_at(self, now: int) -> Change:
        """Report a clock that was set back while no bridge ran.

        How long the bridge was off is then unknown, so the clock was set back by at least the time
        that is reported.
        """
        back = self.clock.measured_until - now
        if not self.clock.live or back <= CLOCK_SET_BACK_US:
            return Change()
        self._filer.note_set_back(SetBack(now, self.clock.measured_until))
        self.clock.set_back_to(now)
        return self.apply_clock_step(now, -back)

    def apply_clock_step(self, at: int, by: int) -> Change:
        """Note that the host's clock was set to `at`, by `by` us; recordings have their own."""
        if not self.clock.live:
            return Change()
        settled = self._settle(self.clock.time)
        self._detection.give_up_late()
        self.pauses.forget_past()
        if by >= 0:
            return settled.followed_by(self._apply([ClockStep(at, by)], at))
        self._filer.note_set_back(SetBack(at, self.clock.measured_until))
        ended = tuple(self._filer.end_gaps(at))
        change = self._apply([ClockStep(at, by)], at)
        return settled.followed_by(replace(change, events=(*ended, *change.events)))

    def interrupt(self, now: int) -> Change:
        """End the movements in progress before the bridge stops; the last call of this object.

        Recordings are played from the start after a restart, so nothing of them is stored now. A
        device that resends shows the whole movement to the next run; so only the movements of the
        other sensors end.
        """
        if not self.clock.live:
            return Change()
        settled = self._settle(now)
        sensors = self.sensor_health.not_resending()
        if not sensors:
            return settled
        return settled.followed_by(self._apply(self._detection.pipeline.interrupt(sensors), now))

    def set_sleeper(self, sleeper: Sleeper, now: int) -> Change:
        """Go on with another name or other sensors of the same sleeper.

        Sensors that stay go on as if nothing had happened. A live sleeper stays a live one.
        """
        before = {one.sensor.id: one for one in self._sleeper.sensors}
        same_sensors = sleeper.sensors == self._sleeper.sensors
        self._sleeper = sleeper
        if same_sensors:
            return Change()
        settled = self._settle(now)
        kept = {one.sensor.id for one in sleeper.sensors if before.get(one.sensor.id) == one}
        self.sensor_health.set_sensors(self.sensor_ids, kept, now)
        sensors = [configured.sensor for configured in sleeper.sensors]
        events = self._detection.set_sensors(sensors, sensitivity=self.settings.sensitivity)
        if events is not None:
            return settled.followed_by(self._apply(events, now))
        change = self._apply(self._detection.pipeline.interrupt(), now)
        self._detection.replace_sensors(
            sensors,
            self._nights.ordered_events(),
            thresholds=self.labels.thresholds,
            sensitivity=self.settings.sensitivity,
        )
        return settled.followed_by(change)

    def end_night(self) -> Change:
        """Finish tonight now; NothingToEndError where there is nothing new to finish.

        To be called right after `advance_to`.
        """
        return Change(finished=(self._closer.finish_tonight(self.settings.sensitivity),))

    def set_paused(self, now: int, *, paused: bool) -> Change:
        """Pause or resume the detection, as if the bridge were stopped and started again."""
        if paused is self.settings.paused:
            return Change()
        settled = Change()
        ended: list[FiledEvent] = []
        events: list[Event] = []
        if paused:
            settled = self._settle(now)
            ended = self._file(self._detection.pipeline.interrupt())
            self._detection.pipeline.forget_bed_reports()
            self._detection.restart(
                self._nights.ordered_events(),
                thresholds=self.labels.thresholds,
                sensitivity=self.settings.sensitivity,
            )
            # A cramp in progress ends here, as no more samples of it will arrive.
            events = self._detection.pipeline.advance_to(self.clock.time)
            self.pauses.begin(self.clock.time)
        else:
            self.pauses.end(self.clock.time)
        self.clock.clear_skipped()
        self.settings = replace(self.settings, paused=paused)
        change = self._apply(events, now)
        change = replace(change, events=(*ended, *change.events), settings=self.settings)
        return settled.followed_by(change)

    def add_bed_report(self, now: int, age: int, *, in_bed: bool) -> Change:
        """Note that a sensor outside of the bridge has shown `in_bed` for `age` us.

        During a pause it counts as little as a sample. Raises PlayedRecordingError.
        """
        if not self.clock.live:
            raise PlayedRecordingError(
                f"the sensors of {self.id} play recordings, so a report about the present "
                "does not apply; remove the in-bed sensor"
            )
        if not self.settings.paused:
            self._detection.add_bed_report(BedReport(now, in_bed, max(0, now - age)))
        return Change()

    def calibrate(self, now: int) -> Change:
        """Take everything to be at rest for a minute; NothingToCalibrateError if it cannot be."""
        if self.settings.paused:
            raise NothingToCalibrateError("the detection is paused; end the pause, then calibrate")
        if not self.sensor_health.any_connected(now):
            raise NothingToCalibrateError(
                f"no sensor of {self.id} delivers samples; put it on, check its power and its "
                "network, then calibrate"
            )
        settled = self._settle(now)
        change = self._apply(self._detection.calibrate(), now)
        self.settings = replace(self.settings, calibrated=self.clock.time)
        return settled.followed_by(replace(change, settings=self.settings))

    def set_sensitivity(self, sensitivity: float) -> Change:
        """Divide the threshold of movement by this from now on; 1.0 leaves it as it is."""
        if sensitivity == self.settings.sensitivity:
            return Change()
        settled = self._settle(self.clock.time)
        self.settings = replace(self.settings, sensitivity=sensitivity)
        self._detection.set_sensitivity(sensitivity)
        return settled.followed_by(Change(settings=self.settings))

    def add_label(self, label: Label) -> Change:
        """Add what was said of a cramp; the thresholds follow at once."""
        self.labels.add(label)
        self._detection.set_cramp_thresholds(self.labels.thresholds)
        return Change(labels=(label,))

    def reset_labels(self) -> Change:
        """Remove all labels, so that the thresholds are those of the rules again."""
        self.labels = Labels()
        self._detection.set_cramp_thresholds(self.labels.thresholds)
        return Change(resets_labels=True)

    def add_to_diary(self, entries: Iterable[DiaryEntry]) -> Change:
        """Add what was said of nights, instead of what was said of them before."""
        added = tuple(entries)
        for entry in added:
            self.diary.add(entry)
        return Change(diary=added)

    def replace_nights(self, nights: Mapping[date, Night | None], history: ImportHistory) -> None:
        """Take over nights that were imported, or whose import was undone, from the journal.

        None: the night no longer exists. `history`: how past nights have changed.
        """
        for day, night in nights.items():
            self._nights.replace_night(day, imported=night is not None and bool(night.imported))
            self._closer.finished.replace_night(day, night)
        self._history = history
        self.trials.note_change()

    def describe(self) -> SleeperInfo:
        """Return the sleeper and the sensors as they are published."""
        sensors = self._detection.pipeline.state.sensors
        rates = {sensor: state.rate for sensor, state in sensors.items()}
        return describe_sleeper(self._sleeper, rates, self._history)

    def state(self, now: int) -> State:
        """Return everything that is true now, without the health of the bridge."""
        reported = now <= self._detection.pipeline.bed_report_valid_until
        measuring = not self.settings.paused and (reported or self.sensor_health.any_connected(now))
        tonight = self.calendar.night_of(self.time(now))
        return build_state(
            SleeperSnapshot(
                now=now,
                in_bed=self._detection.pipeline.in_bed if measuring else None,
                in_bed_method=self._detection.pipeline.in_bed_method,
                tonight=self._closer.scorer.score(tonight),
                events_tonight=self._nights.events_of(tonight),
                last_night=self._closer.finished.last,
                averages=self._closer.finished.averages(),
                cramp_thresholds=self.labels.thresholds,
                cramp_labels=len(self.labels),
                sensors=self.sensor_health.messages(now),
                settings=self.settings,
                calibrating=self.calibrating,
                diary=NightDiaries(
                    tonight=self.diary.of(tonight),
                    last_night=self.diary.of(self.calendar.night_that_ended_last(self.time(now))),
                ),
                trial=self.trials.encode_running(self.time(now)),
                last_trial=self.trials.encode_last(self.time(now)),
            )
        )

    def time(self, now: int) -> int:
        """Return the sleeper's time (us): that of a recording that is played, else the host's."""
        return self.clock.time or now

    def latest_night(self, now: int) -> date:
        """Return the last date that a night of the sleeper can have now."""
        return self.calendar.latest_night(now) if self.clock.live else date.max

    def counts(self, night: Night) -> bool:
        """Return whether a night can be the last one: its date is not that of a wrong clock."""
        if not self.clock.live:
            return True
        if night.imported is not None:
            return night.date <= self.calendar.latest_night(self.clock.time)
        return self.calendar.is_possible(night.date, self.clock.time)

    def everything(self) -> Change:
        """Return all that is in memory as one change, for a journal that has lost it."""
        known_at = self.clock.known_at
        return Change(
            events=tuple(
                FiledEvent(night, event, live=False, known_at=known_at)
                for night, event in self._nights.events_by_night()
            ),
            finished=tuple(self._closer.finished),
            labels=tuple(self.labels),
            resets_labels=True,
            settings=self.settings,
            diary=tuple(self.diary),
            trials=self.trials.all,
        )

    def _process_block(self, arrived: SensorBlock, now: int) -> Change:
        """Detect in a block of samples; file the start of a night that begins with it in bed."""
        detected = self._detection.process(arrived, now)
        before = self.clock.measured_until
        block = arrived.block
        if not arrived.read_before:
            self.clock.note_samples(arrived.sensor, block.clock.time_of(block.end - 1))
        night_start = self._filer.file_night_start(
            before,
            block.clock.time_of(block.first),
            in_bed=self._detection.pipeline.in_bed,
            method=self._detection.pipeline.in_bed_method,
        )
        if self.clock.live and not detected.lateness:
            detected = replace(detected, lateness=late_by(arrived, now))
        change = self._apply_detected(detected, now)
        return replace(change, events=(*night_start, *change.events)) if night_start else change

    def _settle(self, now: int) -> Change:
        """Process late samples that wait for more of them."""
        return self._apply_detected(self._detection.settle(now), now)

    def _apply_detected(self, detected: Detected, now: int) -> Change:
        """Withdraw what is no longer found, and apply what is."""
        if not detected.lateness:
            return self._apply(detected.events, now)
        self.clock.note_tick(now)
        withdrawn = [id_ for event in detected.withdrawn for id_ in self._filer.withdraw(event)]
        for event in detected.withdrawn:
            if isinstance(event, SignalFault):
                self.sensor_health.process_fault(replace(event, end=event.onset))
        change = self._apply(detected.events, now)
        events = tuple(self._filer.without_late_triggers(change.events, now, detected.lateness))
        return replace(change, events=events, withdrawn=tuple(withdrawn))

    def _end_recording(self, sensor: int, now: int) -> Change:
        """Process the end of a recording; the end of the last one finishes the night."""
        change = self._apply(self._detection.pipeline.finish(sensor), now)
        if not self.sensor_health.all_ended():
            return change
        finished = self._closer.finish_all(self.settings.sensitivity)
        return replace(change, finished=(*change.finished, *finished))

    def _apply(self, events: Iterable[Event], now: int) -> Change:
        """File events, let the time pass, and finish the nights that are over."""
        self.clock.advance_to(now)
        self.clock.note_reported(self._detection.pipeline.bed_judged_until)
        filed = self._file(events)
        finished = self._closer.finish_over(self.settings.sensitivity)
        labels: list[Label] = []
        for label in find_labelled_cramps(
            self.labels, self.calendar, self._nights, self.clock.time
        ):
            labels += self.add_label(label).labels
        return Change(events=tuple(filed), finished=finished, labels=tuple(labels))

    def _file(self, events: Iterable[Event]) -> list[FiledEvent]:
        """Assign events to their nights."""
        filed: list[FiledEvent] = []
        for event in events:
            if isinstance(event, SignalFault):
                self.sensor_health.process_fault(event)
            filed += self._filer.file(event, in_bed=self._detection.pipeline.in_bed)
        return filed


def late_by(arrived: SensorBlock, now: int) -> int:
    """Return by how many us a block is late that arrives at `now` (us); 0 if it is in time.

    That is known of a block even where no detection waits for it, as after a start.
    """
    age = now - arrived.last
    return age if age > LIVE_MAX_LATENESS_US else 0
