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

    def restart(
        self,
        events: Iterable[Event],
        *,
        thresholds: Mapping[Certainty, float],
        sensitivity: float,
    ) -> None:
        """Replace the pipeline with one that continues from its state, as a start does.

        `events` are those in memory, in order. `thresholds` are those of cramps; `sensitivity`
        divides the threshold of movement.
        """
        self._late.give_up()
        self._late.take_held()
        self.pipeline = self._resumed(self.pipeline.state, events, thresholds, sensitivity)

    def process(self, block: SensorBlock, now: int) -> Detected:
        """Process a block that arrives at `now` (us)."""
        if self._late.must_hold(self.pipeline, block, now):
            return self._detect_again(now) if self._late.is_due(now) else Detected()
        return self._noted(block.process_in(self.pipeline))

    def advance_to(self, now: int) -> Detected:
        """Let time pass up to `now` (us)."""
        if self._late.is_due(now):
            return self._detect_again(now)
        self._late.prepare_advance(self.pipeline, now)
        return self._noted(self.pipeline.advance_to(now))

    def add_bed_report(self, report: BedReport) -> None:
        """Take a report on being in bed from outside of the bridge."""
        self.pipeline.add_bed_report(report)
        self._late.note_bed_report(report)

    def set_cramp_thresholds(self, thresholds: Mapping[Certainty, float]) -> None:
        """Report only cramps of these strengths or more from now on."""
        self.pipeline.set_cramp_thresholds(thresholds)
        self._late.set_cramp_thresholds(thresholds)

    def set_sensitivity(self, sensitivity: float) -> None:
        """Divide the movement thresholds by a factor from now on."""
        # Samples from before must not be detected again with other thresholds.
        self._late.give_up()
        self.pipeline.set_sensitivity(sensitivity)

    def settle(self, now: int) -> Detected:
        """Process late blocks that wait for more of them, as the bridge stops."""
        return self._detect_again(now)

    def give_up_late(self) -> None:
        """Put late samples in their place no more, as the clock was set."""
        self._late.give_up()

    def calibrate(self) -> list[Event]:
        """Learn the noise again from now on; return what was open."""
        self._late.give_up()
        return self.pipeline.calibrate()

    def coverage(self, begin: int, until: int) -> Coverage:
        """Return what was measured in a night from its begin to a time (us)."""
        return self.pipeline.coverage(begin, until)

    def _detect_again(self, now: int) -> Detected:
        """Process the held blocks in their place, or at the end without a checkpoint."""
        again = self._late.detect_again(now)
        if again is not None:
            self.pipeline, detected = again
            return detected
        held = self._late.take_held()
        events = [event for block in held for event in block.process_in(self.pipeline)]
        return Detected(events, late=True)

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
