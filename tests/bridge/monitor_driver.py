"""The monitor of one sleeper, driven without a broker and with a time that the test sets."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from limber_bridge.config.model import Config
from limber_bridge.daemon.changes import Change, FiledEvent
from limber_bridge.daemon.sleeper_monitor import SleeperMonitor
from limber_bridge.detection.cramp_thresholds import Label
from limber_bridge.detection.events import Event
from limber_bridge.detection.signal import SECOND, SampleBlock, SampleClock
from limber_bridge.domain.nights import Night
from limber_bridge.sources.source_api import FrameError, Reason, Samples
from limber_bridge.storage.restore import RestoredState

MINUTE = 60 * SECOND
LIVE = "{id: 1, source: network, placement: ankle, side: left, quantity: acceleration}"
CELLS = "{id: 2, source: network, placement: bed, quantity: load}"
PLAYED = (
    "{id: 1, source: recording, path: x.csv, placement: ankle, side: left, quantity: acceleration}"
)
LISTEN = "network: {address: 127.0.0.1, port: 1}\n"
KICKS = [(5.0 + 12 * number, 2.0) for number in range(6)]


@dataclass
class Driver:
    """Drives the monitor of one sleeper, with a time that the test sets."""

    config: Config
    now: int
    restored: RestoredState = field(default_factory=RestoredState)
    events: list[FiledEvent] = field(default_factory=list)
    finished: list[Night] = field(default_factory=list)
    number: int = 0
    labels: list[Label] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.monitor = SleeperMonitor(self.config.sleepers[0], self.config, self.restored, self.now)

    def apply(self, change: Change) -> None:
        self.events += change.events
        self.finished += change.finished
        self.labels += change.labels

    def send_ankle(self, signal: np.ndarray, block_s: float = 0.5) -> None:
        """Deliver the signal of an ankle sensor of 50 Hz in blocks, each as soon as it is full."""
        size = round(50 * block_s)
        for begin in range(0, signal.shape[1], size):
            samples = signal[:, begin : begin + size]
            clock = SampleClock(self.number, self.now, 50.0)
            self.now += round(samples.shape[1] / 50 * SECOND)
            self.apply(
                self.monitor.process_arrival(
                    1, Samples(1, SampleBlock(self.number, samples, clock, 50.0)), self.now
                )
            )
            self.number += samples.shape[1]
            self.apply(self.monitor.advance_to(self.now))

    def send_load(self, kilograms: float, minutes: float) -> None:
        """Deliver a constant load from bed of 1 Hz, a minute at a time."""
        for _ in range(round(minutes)):
            clock = SampleClock(self.number, self.now, 1.0)
            self.now += MINUTE
            samples = np.full((1, 60), kilograms)
            self.apply(
                self.monitor.process_arrival(
                    2, Samples(2, SampleBlock(self.number, samples, clock, 1.0)), self.now
                )
            )
            self.number += 60
            self.apply(self.monitor.advance_to(self.now))

    def send_error(self, reason: Reason) -> None:
        """Deliver the error of a frame."""
        self.apply(self.monitor.process_arrival(1, FrameError(1, reason, "x"), self.now))

    def pass_time(self, minutes: float) -> None:
        """Let time pass without a sample."""
        for _ in range(round(minutes)):
            self.now += MINUTE
            self.apply(self.monitor.advance_to(self.now))

    def report_bed(self, minutes: float, *, in_bed: bool) -> None:
        """Report each minute what a sensor in Home Assistant has shown from now on."""
        since = self.now
        for _ in range(round(minutes)):
            self.apply(self.monitor.add_bed_report(self.now, self.now - since, in_bed=in_bed))
            for _ in range(6):
                self.now += 10 * SECOND
                self.apply(self.monitor.advance_to(self.now))

    def live_events[E: Event](self, kind: type[E]) -> list[E]:
        return [
            filed.event for filed in self.events if filed.live and isinstance(filed.event, kind)
        ]

    def restart(self) -> Driver:
        """Continue with what the journal would hold."""
        nights: dict[date, dict[str, Event]] = {}
        for filed in self.events:
            nights.setdefault(filed.night, {})[
                str(filed.event.onset) + type(filed.event).__name__
            ] = filed.event
        done = {night.date: night for night in self.finished}
        restored = RestoredState(
            self.monitor.pipeline_state,
            {day: list(events.values()) for day, events in nights.items()},
            done,
        )
        return Driver(self.config, self.now, restored, self.events, self.finished)
