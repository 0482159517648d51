"""The detection pipeline of one sleeper, which starts again after a pause and for late samples."""

from collections.abc import Iterable, Mapping, Sequence

from limber_bridge.daemon.late_data import Detected, LateData, SensorBlock
from limber_bridge.detection.bed_state import BedReport
from limber_bridge.detection.events import Certainty, Event
from limber_bridge.detection.night_score import Coverage
from limber_bridge.detection.pipeline import Pipeline, PipelineState
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import Sensor


class SleeperDetection:
    """Hold the pipeline of one sleeper."""

    def __init__(
        self,
        sensors: Sequence[Sensor],
        rules: RuleSet,
        state: PipelineState | None,
        events: Iterable[Event],
        *,
        thresholds: Mapping[Certainty, float],
        sensitivity: float,
    ) -> None:
        """Continue from a state and the events in memory; see `restart`."""
        self._sensors = sensors
        self._rules = rules
        self.pipeline = self._resumed(state, events, thresholds, sensitivity)
        """The pipeline; `restart` and late samples replace it."""
        self._late = LateData()
        self.watched: frozenset[int] = frozenset()
        """Ids of the sensors whose output is kept for `Pipeline.take_output`."""

    def restart(
        self,
        events: Iterable[Event],
        *,
        thresholds: Mapping[Certainty, float],
        sensitivity: float,
    ) -> None:
        """Replace the pipeline with one that continues from its state, as a start does.

        `events` are those in memory, in order. `thresholds` are those of cramps; `sensitivity`
        divides the threshold of movement. To be called after `settle`.
        """
        self._late.give_up()
        self.pipeline = self._resumed(self.pipeline.state, events, thresholds, sensitivity)

    def set_sensors(self, sensors: Sequence[Sensor], *, sensitivity: float) -> list[Event] | None:
        """Go on with other sensors; return what those that go have left open.

        None where not one of them stays: nothing is changed, and `replace_sensors` is needed. To
        be called after `settle`.
        """
        if not self.pipeline.has_any(sensors):
            return None
        self._sensors = sensors
        events = self.pipeline.set_sensors(sensors)
        self._late.note_events(events)
        self._late.set_sensors(sensors)
        self.pipeline.set_sensitivity(sensitivity)
        return events

    def replace_sensors(
        self,
        sensors: Sequence[Sensor],
        events: Iterable[Event],
        *,
        thresholds: Mapping[Certainty, float],
        sensitivity: float,
    ) -> None:
        """Go on with sensors that are all new, as a start does; see `restart`."""
        self._sensors = sensors
        self.restart(events, thresholds=thresholds, sensitivity=sensitivity)

    def process(self, block: SensorBlock, now: int) -> Detected:
        """Process a block that arrives at `now` (us)."""
        # Here, because a restart or late samples replace the pipeline.
        self.pipeline.watch(self.watched)
        if self._late.process_late(self.pipeline, block, now):
            return self.settle(now) if self._late.is_due(now) else Detected()
        return self._noted(block.process_in(self.pipeline))

    def advance_to(self, now: int) -> Detected:
        """Let time pass up to `now` (us)."""
        if self._late.is_due(now):
            return self.settle(now)
        self._late.prepare_advance(self.pipeline, now)
        return self._noted(self.pipeline.advance_to(now))

    def add_bed_report(self, report: BedReport) -> None:
        """Take a report on being in bed from outside of the bridge."""
        self.pipeline.add_bed_report(report)
        self._late.add_bed_report(report)

    def set_cramp_thresholds(self, thresholds: Mapping[Certainty, float]) -> None:
        """Report only cramps of these strengths or more from now on."""
        self.pipeline.set_cramp_thresholds(thresholds)
        self._late.set_cramp_thresholds(thresholds)

    def set_sensitivity(self, sensitivity: float) -> None:
        """Divide the movement thresholds by a factor from now on; to be called after `settle`."""
        # What is waited for was taken with other thresholds.
        self._late.give_up()
        self.pipeline.set_sensitivity(sensitivity)

    def settle(self, now: int) -> Detected:
        """Process late blocks that wait for more of them, before something changes.

        So the samples that came before the change are detected before it, and in order.
        """
        taken_over = self._late.take_over(now)
        if taken_over is None:
            return Detected()
        self.pipeline, detected = taken_over
        return detected

    def give_up_late(self) -> None:
        """Put late samples in their place no more, as the clock was set.

        To be called after `settle`.
        """
        self._late.give_up()

    def calibrate(self) -> list[Event]:
        """Learn the noise again from now on; return what was open.

        To be called after `settle`.
        """
        self._late.give_up()
        return self.pipeline.calibrate()

    def coverage(self, begin: int, until: int) -> Coverage:
        """Return what was measured in a night from its begin to a time (us)."""
        return self.pipeline.coverage(begin, until)

    def _noted(self, events: list[Event]) -> Detected:
        self._late.note_events(events)
        return Detected(events)

    def _resumed(
        self,
        state: PipelineState | None,
        events: Iterable[Event],
        thresholds: Mapping[Certainty, float],
        sensitivity: float,
    ) -> Pipeline:
        pipeline = Pipeline(
            self._sensors, self._rules, state=state, events=events, thresholds=thresholds
        )
        pipeline.set_sensitivity(sensitivity)
        return pipeline
