"""The detection pipeline of one sleeper, which a pause ends and starts again."""

from collections.abc import Iterable, Mapping, Sequence

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
        """The pipeline; `restart` replaces it."""

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
        self.pipeline = self._resumed(self.pipeline.state, events, thresholds, sensitivity)

    def coverage(self, begin: int, until: int) -> Coverage:
        """Return what was measured in a night from its begin to a time (us)."""
        return self.pipeline.coverage(begin, until)

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
