"""Detect the events of a recording."""

from dataclasses import dataclass

from limber_bridge.detection.events import Event, event_id
from limber_bridge.detection.night_score import NightScore, score_night
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.rules import RuleSet
from limber_bridge.detection.signal import SECOND, Sensor
from limber_bridge.domain.recording import Recording


@dataclass(frozen=True, slots=True)
class DetectedRecording:
    """A recording and what was detected in it."""

    recording: Recording
    sensors: tuple[Sensor, ...]
    events: tuple[Event, ...]
    rules: RuleSet
    night: NightScore


def detect_recording(recording: Recording, rules: RuleSet) -> DetectedRecording:
    """Detect the events in all signals of a recording, and score the night."""
    sensors = tuple(
        Sensor(number, signal.quantity, signal.placement, signal.side, signal.has_gravity)
        for number, signal in enumerate(recording.signals, 1)
    )
    detector = Pipeline(sensors, rules)
    events: list[Event] = []
    for sensor, signal in zip(sensors, recording.signals, strict=True):
        for block in signal.blocks:
            events += detector.process(sensor.id, block)
    events += detector.finish()
    # An event that is reported at its start and at its end has one id: keep the last report.
    events = list({event_id(event): event for event in events}.values())
    until = (recording.start or 0) + round(recording.duration * SECOND)
    night = score_night(events, rules, detector.coverage(recording.start or 0, until))
    return DetectedRecording(recording, sensors, tuple(events), rules, night)
