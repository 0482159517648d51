"""Collect what a sensor sends while `limber check` watches it. Pure."""

from dataclasses import dataclass, field

import numpy as np

from limber_bridge.daemon.arrival_figures import Arrival, ArrivalFigures, arrival_figures
from limber_bridge.daemon.signal_figures import SignalFigures, signal_figures
from limber_bridge.detection.signal import SECOND, Quantity
from limber_bridge.sources.source_api import Ended, FrameError, Reason, Resent, Samples, SourceEvent


@dataclass(slots=True)
class SensorWatch:
    """Everything that one sensor sent."""

    arrivals: list[Arrival] = field(default_factory=list)
    errors: dict[Reason, tuple[int, FrameError]] = field(default_factory=dict)
    """By reason: how often, and the last one."""
    battery: int | None = None
    signal_strength: int | None = None
    ended: bool = False
    """Whether a recording was played to its end."""

    def process(self, event: SourceEvent, arrived: int) -> None:
        """Take in what the source delivered for this sensor; `arrived` is in us UTC."""
        match event:
            case Samples(block=block, battery=battery, signal_strength=strength):
                self.arrivals.append(Arrival(block, arrived))
                self.battery = self.battery if battery is None else battery
                self.signal_strength = self.signal_strength if strength is None else strength
            case FrameError(reason=reason):
                count, _ = self.errors.get(reason, (0, event))
                self.errors[reason] = (count + 1, event)
            case Resent():
                pass  # It was counted when it arrived first.
            case Ended():
                self.ended = True

    @property
    def signal_s(self) -> float:
        """Return the length of the signal that arrived, in s."""
        if not self.arrivals:
            return 0.0
        first = self.arrivals[0].block
        last = self.arrivals[-1].block
        return (last.clock.time_of(last.end) - first.clock.time_of(first.first)) / SECOND

    def arrival_figures(self) -> ArrivalFigures | None:
        """Return how the samples arrived; None if nothing did."""
        return arrival_figures(self.arrivals)

    def signal_figures(self, quantity: Quantity) -> SignalFigures | None:
        """Return the level of the signal; None if too little arrived."""
        if not self.arrivals:
            return None
        samples = np.concatenate([one.block.samples for one in self.arrivals], axis=1)
        return signal_figures(quantity, samples, self.arrivals[-1].block.rate)
