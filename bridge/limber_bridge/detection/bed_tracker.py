"""Follow whether the sleeper is in bed, by the most reliable of several sensors."""

from collections.abc import Iterable, Iterator
from typing import Final

from limber_bridge.detection.bed_state import BedState
from limber_bridge.detection.epochs import EPOCH_US, Epoch
from limber_bridge.detection.events import BedTransition, Method
from limber_bridge.detection.in_bed import IN_BED_METHODS, process_epoch
from limber_bridge.detection.signal import Sensor

RELIABILITY: Final = {
    method: rank for rank, method in enumerate(dict.fromkeys(IN_BED_METHODS.values()))
}
"""0 for the most reliable method (docs/science.md#in-bed)."""


class BedTracker:
    """Chooses the sensor that counts in each epoch, and reports going to bed and getting up."""

    def __init__(self, state: BedState | None = None) -> None:
        """Start, or go on from the state before a restart."""
        self._state = state or BedState()
        self._waiting: dict[int, list[tuple[Method, Epoch]]] = {}
        """Epochs that other sensors may still report, by their start in us."""

    @property
    def state(self) -> BedState:
        """What must be kept over a restart."""
        return self._state

    def add_epochs(self, sensor: Sensor, epochs: Iterable[Epoch]) -> None:
        """Add epochs of one sensor, in order of time."""
        method = IN_BED_METHODS[sensor.quantity, sensor.placement]
        for epoch in epochs:
            self._waiting.setdefault(epoch.start, []).append((method, epoch))

    def advance_to(self, complete_until: int) -> Iterator[tuple[BedTransition, int]]:
        """Yield going to bed and getting up, each with the time (us) at which it became known.

        `complete_until` (us): no sensor reports a further epoch that ends by then.
        """
        for start in sorted(start for start in self._waiting if start + EPOCH_US <= complete_until):
            # Of two sensors with the same method always the same one counts, whichever was first
            # to report.
            method, epoch = min(
                self._waiting.pop(start), key=lambda entry: (RELIABILITY[entry[0]], entry[1].sensor)
            )
            if self._state.last_epoch is not None and start <= self._state.last_epoch:
                continue  # A sensor that delivered too late.
            self._state, transition = process_epoch(self._state, method, epoch)
            if transition is not None:
                yield transition, start + EPOCH_US

    def set_tare_time(self, time: int) -> None:
        """Take the load measured after `time` (us) as that of the empty bed."""
        self._state = self._state.with_tare_at(time)

    def restart_clock(self) -> None:
        """Forget all times, as the clock was set back; whether the sleeper is in bed is kept."""
        self._state = self._state.without_times().with_tare_at(None)
        self._waiting.clear()
