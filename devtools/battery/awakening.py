"""Whether sudden awakenings are reported within seconds.

Nights are processed second by second, all sensors in step, to know when each event was reported.
"""

from dataclasses import dataclass
from typing import Final

from devtools.battery.judge import Mistake, Tally, near
from devtools.battery.truth import Kind, Night
from limber_bridge.detection.events import Event, event_kind
from limber_bridge.detection.pipeline import Pipeline
from limber_bridge.detection.signal import SECOND

EVENT: Final = "awakening"
"""Kind of the event, as the journal names it."""


@dataclass(frozen=True, slots=True)
class Reported:
    """An event and when it was known."""

    event: Event
    at: float
    """s of the recording."""


def detect_live(night: Night) -> list[Reported]:
    """Return the awakenings, each with the time at which it was reported."""
    detector = Pipeline([one.sensor for one in night.recorded])
    streams = [(one.sensor.id, iter(one.blocks(1.0))) for one in night.recorded]
    reported = []
    for second in range(int(night.duration)):
        for sensor, blocks in streams:
            block = next(blocks, None)
            if block is None:
                continue
            reported += [
                Reported(event, second + 1.0)
                for event in detector.process(sensor, block)
                if event_kind(event) == EVENT
            ]
    return reported


def judge_awakenings(night: Night, tally: Tally) -> list[float]:
    """Compare awakenings with those that were there; return their delays in s."""
    reported = detect_live(night)
    delays = []
    used: set[int] = set()
    for item in night.kinds(Kind.AWAKENING):
        hits = {
            index: one.at - item.onset
            for index, one in enumerate(reported)
            if item.onset - 1 <= one.at <= item.end + 30
        }
        used |= set(hits)
        tally.found += bool(hits)
        tally.missed += not hits
        delays += [min(hits.values())] if hits else []
        if not hits:
            text = f"{item.duration:.0f} s {item.note}"
            tally.mistakes.append(Mistake(night.name, "missed", item.onset, text))
    for index, one in enumerate(reported):
        if index not in used:
            tally.false += 1
            there = near(night.items, one.event.onset / SECOND, one.at)
            tally.mistakes.append(Mistake(night.name, "false", one.at, f"there: {there}"))
    tally.nights += 1
    tally.hours += night.duration / 3600
    return delays
