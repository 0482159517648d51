"""Follow whether the sleeper is in bed, by the most reliable of several sensors."""

from collections.abc import Iterable, Iterator
from typing import Final

from limber_bridge.detection.bed_state import BedReport, BedState
from limber_bridge.detection.epochs import EPOCH_US, Epoch
from limber_bridge.detection.events import BedTransition, Method
from limber_bridge.detection.in_bed import IN_BED_METHODS, last_judged, process_epoch
from limber_bridge.detection.in_bed_external import (
    REPORT_VALID_US,
    add_report,
    process_reported_epoch,
    report_at,
    reported_epochs,
    without_report,
)
from limber_bridge.detection.signal import Sensor

RELIABILITY: Final = {
    method: rank for rank, method in enumerate(dict.fromkeys(IN_BED_METHODS.values()))
}
"""0 for the most reliable of the bridge's own methods (docs/science.md#in-bed)."""


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

    def add_report(self, report: BedReport) -> None:
        """Add what a sensor outside of the bridge shows, in order of time."""
        self._state = add_report(self._state, report)

    def forget_reports(self) -> None:
        """Forget all reports; whether the sleeper is in bed is kept."""
        self._state = self._state.without_reports()

    @property
    def report_valid_until(self) -> int:
        """Time (us) up to which the last report is valid; 0 where there is none."""
        reports = self._state.reports
        return reports[-1].time + REPORT_VALID_US if reports else 0

    def advance_to(self, complete_until: int) -> Iterator[tuple[BedTransition, int]]:
        """Yield going to bed and getting up, each with the time (us) at which it became known.

        `complete_until` (us): no sensor reports a further epoch that ends by then.
        """
        if not self._waiting and not self._state.reports:
            return
        measured = (start for start in self._waiting if start + EPOCH_US <= complete_until)
        for start in sorted({*measured, *reported_epochs(self._state, complete_until)}):
            # Of two sensors with the same method always the same one counts, whichever was first
            # to report.
            best = min(
                self._waiting.pop(start, ()),
                key=lambda entry: (RELIABILITY[entry[0]], entry[1].sensor),
                default=None,
            )
            last = last_judged(self._state)
            if last is not None and start <= last:
                continue  # A sensor that delivered too late.
            transition = self._process_epoch(start, best)
            if transition is not None:
                yield transition, start + EPOCH_US

    def _process_epoch(
        self, start: int, measured: tuple[Method, Epoch] | None
    ) -> BedTransition | None:
        """Process the epoch that starts at a time (us), with what a sensor measured in it."""
        report = report_at(self._state.reports, start + EPOCH_US)
        if report is not None:
            self._state, transition = process_reported_epoch(self._state, start, report, measured)
            return transition
        if measured is None:
            return None
        self._state, transition = process_epoch(without_report(self._state, start), *measured)
        return transition

    def set_tare_time(self, time: int) -> None:
        """Take the load measured after `time` (us) as that of the empty bed."""
        self._state = self._state.with_tare_at(time)

    def restart_clock(self) -> None:
        """Forget all times, as the clock was set back; whether the sleeper is in bed is kept."""
        self._state = self._state.without_times().without_reports().with_tare_at(None)
        self._waiting.clear()
